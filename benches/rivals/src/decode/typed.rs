//! Typed deserialisation: sonic-rs with integers, serde_json with `Decimal`.

use feedd_codecs::Instruments;
use serde::Deserialize;

use super::Decoder;
use super::record::Records;
use super::values::{Decimals, Integers, Numbers};
use super::wire::{
    BybitBook, BybitLevels, BybitTrades, Combined, Depth, Kraken, KrakenBook, KrakenLevel,
    KrakenTrade, Ticker, Trade,
};
use super::writer::{Pair, Writer};
use crate::messages::Class;

/// One library that fills structures.
trait Library {
    const NAME: &'static str;

    type Numbers: Numbers;

    /// A bare number that is kept as it is written.
    type Raw<'de>: Deserialize<'de>;

    fn parse<'de, T: Deserialize<'de>>(message: &'de [u8]) -> Option<T>;

    fn text<'r>(raw: &'r Self::Raw<'_>) -> &'r str;
}

struct Sonic;

impl Library for Sonic {
    const NAME: &'static str = "sonic";

    type Numbers = Integers;

    type Raw<'de> = sonic_rs::LazyValue<'de>;

    fn parse<'de, T: Deserialize<'de>>(message: &'de [u8]) -> Option<T> {
        sonic_rs::from_slice(message).ok()
    }

    fn text<'r>(raw: &'r Self::Raw<'_>) -> &'r str {
        raw.as_raw_str()
    }
}

struct Serde;

impl Library for Serde {
    const NAME: &'static str = "serde";

    type Numbers = Decimals;

    type Raw<'de> = &'de serde_json::value::RawValue;

    fn parse<'de, T: Deserialize<'de>>(message: &'de [u8]) -> Option<T> {
        serde_json::from_slice(message).ok()
    }

    fn text<'r>(raw: &'r Self::Raw<'_>) -> &'r str {
        raw.get()
    }
}

struct Typed<L: Library> {
    class: Class,
    writer: Writer<L::Numbers>,
}

impl<L: Library> Decoder for Typed<L> {
    fn name(&self) -> &'static str {
        L::NAME
    }

    fn decode(&mut self, message: &[u8]) -> bool {
        self.writer.records.clear();
        self.read(message).is_some()
    }

    fn said(&self) -> Option<Records> {
        Some(self.writer.records.clone())
    }
}

/// Levels as the libraries return them.
type Levels<'a> = Vec<(&'a str, &'a str)>;

impl<L: Library> Typed<L> {
    fn read(&mut self, message: &[u8]) -> Option<()> {
        match self.class {
            Class::BookTicker => {
                let found: Combined<'_, Ticker<'_>> = L::parse(message)?;
                self.writer.ticker(&found.data)
            }
            Class::Trade => {
                let found: Combined<'_, Trade<'_>> = L::parse(message)?;
                self.writer.trade(&found.data)
            }
            Class::Depth20 | Class::Depth175 => self.depth(message),
            Class::BybitTrade | Class::BybitTrades => {
                let found: BybitTrades<'_> = L::parse(message)?;
                let mut trades = found.data.iter();
                trades.try_for_each(|trade| self.writer.bybit_trade(found.ts, trade))
            }
            Class::BybitDelta | Class::BybitSnapshot => self.bybit_book(message),
            Class::KrakenTrade => self.kraken_trades(message),
            Class::KrakenBook => self.kraken_books(message),
            // Not compared.
            Class::BybitRpi | Class::FuturesTicker | Class::FuturesTickerLite => None,
        }
    }

    fn depth(&mut self, message: &[u8]) -> Option<()> {
        let found: Combined<'_, Depth<'_, Levels<'_>>> = L::parse(message)?;
        let Depth {
            sent,
            s,
            first,
            u,
            b,
            a,
        } = &found.data;
        self.writer.depth(Depth {
            sent: *sent,
            s,
            first: *first,
            u: *u,
            b: pairs(b),
            a: pairs(a),
        })
    }

    fn bybit_book(&mut self, message: &[u8]) -> Option<()> {
        let found: BybitBook<'_, Levels<'_>> = L::parse(message)?;
        let BybitLevels { s, b, a, u, seq } = &found.data;
        let levels = BybitLevels {
            s,
            b: pairs(b),
            a: pairs(a),
            u: *u,
            seq: *seq,
        };
        self.writer
            .bybit_book(found.kind, found.ts, found.cts, levels)
    }

    fn kraken_trades<'de>(&mut self, message: &'de [u8]) -> Option<()> {
        let found: Kraken<'de, KrakenTrade<'de, L::Raw<'de>>> = L::parse(message)?;
        found.data.iter().try_for_each(|trade| {
            let trade = KrakenTrade {
                symbol: trade.symbol,
                side: trade.side,
                price: L::text(&trade.price),
                qty: L::text(&trade.qty),
                trade_id: trade.trade_id,
                timestamp: trade.timestamp,
            };
            self.writer.kraken_trade(found.kind, &trade)
        })
    }

    fn kraken_books<'de>(&mut self, message: &'de [u8]) -> Option<()> {
        type RawLevels<N> = Vec<KrakenLevel<N>>;
        let found: Kraken<'de, KrakenBook<'de, RawLevels<L::Raw<'de>>>> = L::parse(message)?;
        found.data.iter().try_for_each(|book| {
            let book = KrakenBook {
                symbol: book.symbol,
                bids: raw_pairs::<L>(&book.bids),
                asks: raw_pairs::<L>(&book.asks),
                checksum: book.checksum,
                timestamp: book.timestamp,
            };
            self.writer.kraken_book(found.kind, book)
        })
    }
}

fn raw_pairs<'l, L: Library>(
    levels: &'l [KrakenLevel<L::Raw<'_>>],
) -> impl Iterator<Item = Pair<'l>> {
    let pair = |level: &'l KrakenLevel<_>| Some((L::text(&level.price), L::text(&level.qty)));
    levels.iter().map(pair)
}

fn pairs<'l>(levels: &[(&'l str, &'l str)]) -> impl Iterator<Item = Pair<'l>> {
    levels.iter().copied().map(Some)
}

/// Both libraries.
pub fn decoders(class: Class, instruments: &Instruments) -> [Box<dyn Decoder>; 2] {
    [
        Box::new(Typed::<Sonic> {
            class,
            writer: Writer::new(instruments),
        }),
        Box::new(Typed::<Serde> {
            class,
            writer: Writer::new(instruments),
        }),
    ]
}
