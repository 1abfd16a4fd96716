//! What a message's fields become, for every contender but feedd: the part of a program behind its JSON library.

use std::marker::PhantomData;

use feedd_codecs::Instruments;
use uuid_simd::UuidExt as _;

use super::record::{Bbo, Book, Level, Record, Records, Trade};
use super::symbols::{Known, Symbols};
use super::values::{Days, Numbers, nanos};
use super::wire;

/// Price and quantity of a level as they stand in the message; `None` where they do not.
pub type Pair<'a> = Option<(&'a str, &'a str)>;

/// Writes records whose prices and quantities are read by `N`.
pub struct Writer<N> {
    symbols: Symbols,
    days: Days,
    pub records: Records,
    numbers: PhantomData<N>,
}

impl<N: Numbers> Writer<N> {
    pub fn new(instruments: &Instruments) -> Self {
        Self {
            symbols: Symbols::new(instruments),
            days: Days::default(),
            records: Records::default(),
            numbers: PhantomData,
        }
    }

    fn push(&mut self, record: Record) -> Option<()> {
        self.records.list.push(record);
        Some(())
    }

    pub fn ticker(&mut self, wire: &wire::Ticker<'_>) -> Option<()> {
        let known = self.symbols.find(wire.s)?;
        self.push(Record::Bbo(Bbo {
            head: known.head(wire.u, 0, 0),
            bid: level::<N>(known, wire.b, wire.bid_qty)?,
            ask: level::<N>(known, wire.a, wire.ask_qty)?,
        }))
    }

    pub fn trade(&mut self, wire: &wire::Trade<'_>) -> Option<()> {
        let known = self.symbols.find(wire.s)?;
        self.push(Record::Trade(Trade {
            head: known.head(wire.t, nanos(wire.time)?, nanos(wire.sent)?),
            at: level::<N>(known, wire.p, wire.q)?,
            id: u128::from(wire.t),
            buy: !wire.m,
            block: false,
            rpi: false,
            snapshot: false,
        }))
    }

    pub fn depth<'l, L>(&mut self, wire: wire::Depth<'_, L>) -> Option<()>
    where
        L: IntoIterator<Item = Pair<'l>>,
    {
        let known = self.symbols.find(wire.s)?;
        let sent = nanos(wire.sent)?;
        let book = Book {
            head: known.head(wire.u, sent, sent),
            first_seq: wire.first,
            cross_seq: 0,
            checksum: 0,
            snapshot: false,
            bids: self.side(known, wire.b)?,
            asks: self.side(known, wire.a)?,
        };
        self.push(Record::Book(book))
    }

    /// `sent` is the message's stamp, in milliseconds.
    pub fn bybit_trade(&mut self, sent: u64, wire: &wire::BybitTrade<'_>) -> Option<()> {
        let known = self.symbols.find(wire.s)?;
        self.push(Record::Trade(Trade {
            head: known.head(wire.seq, nanos(wire.time)?, nanos(sent)?),
            at: level::<N>(known, wire.p, wire.v)?,
            id: uuid::Uuid::parse_hyphenated(wire.i).ok()?.as_u128(),
            buy: is(wire.side, "Buy", "Sell")?,
            block: wire.block,
            rpi: wire.rpi,
            snapshot: false,
        }))
    }

    /// `sent` and `time` are the message's stamps, in milliseconds.
    pub fn bybit_book<'l, L>(
        &mut self,
        kind: &str,
        sent: u64,
        time: u64,
        wire: wire::BybitLevels<'_, L>,
    ) -> Option<()>
    where
        L: IntoIterator<Item = Pair<'l>>,
    {
        let known = self.symbols.find(wire.s)?;
        let snapshot = is(kind, "snapshot", "delta")?;
        let book = Book {
            head: known.head(wire.u, nanos(time)?, nanos(sent)?),
            first_seq: if snapshot { 0 } else { wire.u },
            cross_seq: wire.seq,
            checksum: 0,
            snapshot,
            bids: self.side(known, wire.b)?,
            asks: self.side(known, wire.a)?,
        };
        self.push(Record::Book(book))
    }

    pub fn kraken_trade(&mut self, kind: &str, wire: &wire::KrakenTrade<'_, &str>) -> Option<()> {
        let known = self.symbols.find(wire.symbol)?;
        let time = self.days.stamp(wire.timestamp)?;
        self.push(Record::Trade(Trade {
            head: known.head(wire.trade_id, time, 0),
            at: level::<N>(known, wire.price, wire.qty)?,
            id: u128::from(wire.trade_id),
            buy: is(wire.side, "buy", "sell")?,
            block: false,
            rpi: false,
            snapshot: is(kind, "snapshot", "update")?,
        }))
    }

    pub fn kraken_book<'l, L>(&mut self, kind: &str, wire: wire::KrakenBook<'_, L>) -> Option<()>
    where
        L: IntoIterator<Item = Pair<'l>>,
    {
        let known = self.symbols.find(wire.symbol)?;
        let time = self.days.stamp(wire.timestamp)?;
        let book = Book {
            head: known.head(0, time, 0),
            first_seq: 0,
            cross_seq: 0,
            checksum: wire.checksum,
            snapshot: is(kind, "snapshot", "update")?,
            bids: self.side(known, wire.bids)?,
            asks: self.side(known, wire.asks)?,
        };
        self.push(Record::Book(book))
    }

    /// Appends the levels of one side; how many there are.
    fn side<'l>(
        &mut self,
        known: Known,
        side: impl IntoIterator<Item = Pair<'l>>,
    ) -> Option<usize> {
        let levels = &mut self.records.levels;
        let first = levels.len();
        for pair in side {
            let (px, qty) = pair?;
            levels.push(level::<N>(known, px, qty)?);
        }
        Some(levels.len() - first)
    }
}

fn level<N: Numbers>(known: Known, px: &str, qty: &str) -> Option<Level> {
    Some(Level {
        px: N::mantissa(px, known.px_places)?,
        qty: N::mantissa(qty, known.qty_places)?,
    })
}

/// Which of two words it is: the first, or the second.
fn is(text: &str, first: &str, second: &str) -> Option<bool> {
    let is_first = text == first;
    (is_first || text == second).then_some(is_first)
}
