//! Kraken Spot, WebSocket v2.
//!
//! Facts, rules and their sources: `README.md` in this folder.

mod answer;
mod checksum;
mod decode;
mod orders;
mod reference;
pub(crate) mod rest;
mod scan;
mod subscribe;
#[cfg(test)]
mod tests;
mod ticker;

use crate::batch::Batch;
use crate::book::{Book, OrderBook};
use crate::fixed::Fixed;
use crate::instrument::{InstrumentId, Instruments};
use crate::record::{BookHead, Flags, OrdersHead, Trade};
use crate::reject::Reject;
use crate::scan::{ScanCounts, Target};
use crate::venue::decoder::Decoder;
use crate::venue::{
    Ask, Cadence, Channel, Facts, Follow, Held, Hole, Numbering, PathLimits, Query, Snapshots,
    Stream, StreamKey, StreamOptions, Venue, VenueId,
};
use subscribe::{Terms, Token};

const SECOND: i64 = 1_000_000_000;

/// Book view where the configuration names none: the venue's own default.
const BOOK_DEPTH: u16 = 10;

/// Where `level3` is served (rule K7). The query is ours, so that its lines are its own, and harmless
/// where another server speaks for the venue on one path.
const ORDERS_PATH: &str = "/v2?level3";
const ORDERS_URL: &str = "wss://ws-l3.kraken.com/v2";

/// Price levels that `level3` offers, with the cost of a subscription (rule K8).
const ORDERS_DEPTHS: [(u16, i64); 3] = [(10, 5), (100, 25), (1_000, 100)];
/// What `level3` subscriptions may cost in a second (rule K8).
const ORDERS_COST_A_SECOND: i64 = 200;

/// The protocol of Kraken Spot v2.
#[derive(Debug)]
pub struct Kraken {
    terms: Terms,
    /// Whether one `ticker` stream serves [`Channel::BBO`] and [`Channel::TICKER`].
    shares_ticker: bool,
    names: rest::Names,
    decoder: Decoder<scan::Shapes>,
}

/// Rules K1 to K5.
static SPOT: Facts = Facts {
    ws_url: "wss://ws.kraken.com",
    rest_url: "https://api.kraken.com",
    request_spacing: SECOND / 10,
    streams_per_request: 100,
    streams_per_line: 1000,
    name_chars_per_line: usize::MAX,
    ping_every: 30 * SECOND,
    silence_max: 10 * SECOND,
    connects_max: 150,
    connect_window: 600 * SECOND,
    snapshots: Snapshots::InBand,
    line_life: 0,
    rest_limit: (1, SECOND),
    answer_max: 10 * SECOND,
};

impl Kraken {
    const fn view(&self) -> decode::View {
        decode::View {
            book_depth: self.terms.book_depth,
            orders_depth: self.terms.orders_depth,
            ticker: self.terms.ticker,
        }
    }
}

impl Venue for Kraken {
    fn new(_id: VenueId, options: StreamOptions) -> Self {
        let book_depth = match options.book_depth {
            0 => BOOK_DEPTH,
            depth => depth,
        };
        let offered = ORDERS_DEPTHS.map(|row| row.0);
        let enough = offered.into_iter().find(|depth| *depth >= book_depth);
        let (bbo, ticker) = (
            options.channels.has(Channel::BBO),
            options.channels.has(Channel::TICKER),
        );
        let terms = Terms {
            book_depth,
            orders_depth: enough.unwrap_or(offered[offered.len() - 1]),
            ticker: if ticker && !bbo {
                Channel::TICKER
            } else {
                Channel::BBO
            },
            token: Token::default(),
        };
        Self {
            terms,
            shares_ticker: bbo,
            names: rest::Names::default(),
            decoder: Decoder::new(),
        }
    }

    fn facts(&self) -> &'static Facts {
        &SPOT
    }

    fn path(&self, channel: Channel) -> &'static str {
        match channel {
            Channel::ORDERS => ORDERS_PATH,
            _ => "/v2",
        }
    }

    fn own_url(&self, path: &str) -> Option<&'static str> {
        (path == ORDERS_PATH).then_some(ORDERS_URL)
    }

    /// Rules K7 and K8: one subscription a request, so that its cost sets the pace.
    fn limits(&self, path: &str) -> PathLimits {
        let facts = self.facts();
        let depth = self.terms.orders_depth;
        let row = ORDERS_DEPTHS.iter().find(|row| row.0 == depth);
        let cost = row.map_or(ORDERS_COST_A_SECOND, |row| row.1);
        if path == ORDERS_PATH {
            PathLimits {
                request_spacing: facts
                    .request_spacing
                    .max(SECOND / ORDERS_COST_A_SECOND * cost),
                streams_per_request: 1,
                streams_per_line: 200,
            }
        } else {
            PathLimits {
                request_spacing: facts.request_spacing,
                streams_per_request: facts.streams_per_request,
                streams_per_line: facts.streams_per_line,
            }
        }
    }

    fn set_token(&mut self, token: &str) {
        self.terms.token = Token::new(token);
    }

    /// Candles of every length have one channel at the venue; here each is a stream of its own.
    fn stream_name(&self, stream: Stream<'_>) -> String {
        let kind = stream.key.channel;
        let name = match kind {
            candle if candle.is_candle() => candle.name(),
            other => subscribe::channel(other),
        };
        format!("{name}:{}", stream.symbol)
    }

    fn request(&self, ask: Ask, number: u64, streams: &[Stream<'_>]) -> String {
        subscribe::request(&self.terms, ask, number, streams)
    }

    /// One request names one channel.
    fn may_share(&self, first: StreamKey, second: StreamKey) -> bool {
        first.channel == second.channel
    }

    fn channels(&self) -> &'static [Channel] {
        &[
            Channel::TRADE,
            Channel::BBO,
            Channel::BOOK,
            Channel::ORDERS,
            Channel::TICKER,
            Channel::STATUS,
            Channel::CANDLE_1M,
            Channel::CANDLE_5M,
            Channel::CANDLE_15M,
            Channel::CANDLE_30M,
            Channel::CANDLE_1H,
            Channel::CANDLE_4H,
            Channel::CANDLE_1D,
            Channel::CANDLE_1W,
            Channel::CANDLE_15D,
        ]
    }

    /// One `ticker` stream with the finer trigger serves both of its channels; `status` comes on
    /// every line.
    fn carrier(&self, channel: Channel) -> Channel {
        match channel {
            Channel::TICKER if self.shares_ticker => Channel::BBO,
            Channel::STATUS => Channel::NONE,
            other => other,
        }
    }

    fn numbering(&self, channel: Channel) -> Numbering {
        match channel {
            Channel::TRADE => Numbering::Consecutive,
            _ => Numbering::None,
        }
    }

    fn cadence(&self, _channel: Channel) -> Cadence {
        Cadence::OnChange
    }

    fn ping(&self, number: u64) -> Option<String> {
        Some(format!(r#"{{"method":"ping","req_id":{number}}}"#))
    }

    fn volumes_query(&self, page: Option<&str>) -> Option<Query> {
        Some(rest::volumes_query(page))
    }

    fn trades_query(&self, symbol: &str, channel: Channel, hole: Hole) -> Option<Query> {
        (channel == Channel::TRADE).then(|| rest::trades_query(symbol, hole))
    }

    fn scan_on(&mut self, target: Target) {
        self.decoder.scan_on(target);
    }

    fn scan_counts(&self) -> Option<&ScanCounts> {
        Some(self.decoder.scan_counts())
    }

    fn decode_general(
        &mut self,
        frame: &[u8],
        instruments: &mut Instruments,
        batch: &mut Batch,
    ) -> Result<(), Reject> {
        let view = self.view();
        self.decoder.decode_general(frame, view, instruments, batch)
    }

    fn decode(
        &mut self,
        frame: &[u8],
        instruments: &mut Instruments,
        batch: &mut Batch,
    ) -> Result<(), Reject> {
        let view = self.view();
        self.decoder.decode(frame, view, instruments, batch)
    }

    fn decode_volumes(
        &mut self,
        body: &[u8],
        volumes: &mut Vec<(Box<str>, Fixed)>,
    ) -> Result<Option<String>, Reject> {
        let names = &mut self.names;
        self.decoder
            .read(body, |root| rest::volumes(root, names, volumes))
    }

    fn decode_trades(
        &mut self,
        body: &[u8],
        instrument: InstrumentId,
        _channel: Channel,
        instruments: &mut Instruments,
        trades: &mut Vec<Trade>,
    ) -> Result<(), Reject> {
        let known = instruments.get(instrument);
        self.decoder
            .read(body, |root| rest::trades(root, known, trades))
    }

    /// Rule 5: updates are not numbered; the checksum is the only test.
    fn follow(&self, _held: Held, _update: &BookHead) -> Follow {
        Follow::Apply
    }

    fn verify(&self, book: &Book, update: &BookHead) -> Option<bool> {
        let sent = update.header.flags.contains(Flags::CHECKSUM);
        sent.then(|| checksum::holds(book, update.checksum))
    }

    fn verify_orders(&self, book: &OrderBook, update: &OrdersHead) -> Option<bool> {
        let sent = update.header.flags.contains(Flags::CHECKSUM);
        sent.then(|| checksum::of_orders(book) == update.checksum)
    }
}
