//! What a venue must tell, and the three that do.
//!
//! A venue is a folder below this file: facts, subscription texts, a decoder and a book rule. It
//! does no I/O and keeps no connection; the [`crate::Feed`] drives it and owns all state that the
//! venues have in common. A fourth venue implements [`Venue`] and adds one line to
//! [`with_venue!`](crate::with_venue); `feedd/docs/adding-a-venue.md` walks through it.

pub mod binance;
pub mod bybit;
pub(crate) mod candles;
mod channel;
mod decoder;
mod facts;
pub(crate) mod figures;
mod id;
pub mod kraken;
pub mod kraken_futures;
pub(crate) mod levels;
mod options;
#[cfg(test)]
mod workbench;

use crate::batch::Batch;
use crate::book::{Book, OrderBook};
use crate::fixed::Fixed;
use crate::instrument::{Instrument, InstrumentId, Instruments};
use crate::record::{BookHead, OrdersHead, Trade};
use crate::reject::Reject;
use crate::scan::{ScanCounts, Target};

pub use channel::{Channel, Channels};
pub use facts::{Cadence, Facts, Numbering, PathLimits, Snapshots};
pub use id::VenueId;
pub use options::{Encoding, StreamOptions};

/// One stream: an instrument and a channel. Reference data has [`InstrumentId::NONE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StreamKey {
    /// The instrument.
    pub instrument: InstrumentId,
    /// The channel.
    pub channel: Channel,
}

/// A stream and the venue's spelling of its instrument (empty for reference data).
#[derive(Clone, Copy, Debug)]
pub struct Stream<'a> {
    /// Which stream.
    pub key: StreamKey,
    /// The venue's spelling.
    pub symbol: &'a str,
}

/// A REST request's path with what it costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Path and query, beginning with `/`.
    pub path: String,
    /// What it costs of [`Facts::rest_limit`].
    pub weight: u32,
}

/// Missing trades, to be asked of REST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hole {
    /// First missing id; 0 where the venue does not number.
    pub first: u64,
    /// Last missing id; 0 where the venue does not number, or the stream has not resumed.
    pub last: u64,
    /// Venue time of the last trade before the hole; 0 = unknown.
    pub after: i64,
    /// Venue time of the first trade behind the hole; 0 = unknown.
    pub until: i64,
}

/// Subscribe or unsubscribe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Start the streams.
    Subscribe,
    /// Stop the streams.
    Unsubscribe,
}

/// Where a book stands in its venue's numbering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Last update id that the book contains; `None` = an empty book without an id, which any
    /// first update continues.
    pub seq: Option<u64>,
    /// [`BookHead::cross_seq`] of that update; 0 where the venue has none.
    pub cross_seq: u64,
    /// Whether an update was applied since the snapshot: some venues have a rule of its own for
    /// the first.
    pub joined: bool,
}

/// What a venue's continuity rule says about an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// It continues the book.
    Apply,
    /// The book contains it already.
    Stale,
    /// Something between the book and it is missing.
    Gap,
}

/// One venue's protocol, without I/O.
pub trait Venue: Send + Sized {
    /// The protocol of `id`, with scratch space of its own.
    fn new(id: VenueId, options: StreamOptions) -> Self;

    /// Limits and habits.
    fn facts(&self) -> &'static Facts;

    /// The URL path that carries a stream; streams of one path share lines.
    fn path(&self, channel: Channel) -> &'static str;

    /// The stream's name as it stands in requests.
    fn stream_name(&self, stream: Stream<'_>) -> String;

    /// The text that asks for, or gives up, `streams` (all of one path; at most
    /// [`Facts::streams_per_request`]). The venue may answer with `number`.
    fn request(&self, ask: Ask, number: u64, streams: &[Stream<'_>]) -> String;

    /// Whether two streams may stand in one request.
    fn may_share(&self, first: StreamKey, second: StreamKey) -> bool;

    /// The channels that this venue has.
    fn channels(&self) -> &'static [Channel];

    /// Whether `channel` has a form that carries all instruments in one stream; its name is that of
    /// a [`Stream`] without symbol.
    fn whole_market(&self, _channel: Channel) -> bool {
        false
    }

    /// The channel whose stream carries `channel`, where one stream carries several;
    /// [`Channel::NONE`] where it comes on every line without a subscription.
    fn carrier(&self, channel: Channel) -> Channel {
        channel
    }

    /// The instrument whose name the stream of `symbol` bears, where several share one stream
    /// (Bybit option trades come by base currency).
    fn stream_symbol<'a>(&self, _channel: Channel, instrument: &'a Instrument) -> &'a str {
        &instrument.symbol
    }

    /// How the venue numbers a channel's messages.
    fn numbering(&self, channel: Channel) -> Numbering;

    /// How often a live stream of `channel` speaks.
    fn cadence(&self, channel: Channel) -> Cadence;

    /// Where the snapshots of a book channel come from.
    fn snapshots(&self, _channel: Channel) -> Snapshots {
        self.facts().snapshots
    }

    /// How much one line of `path` may carry and how fast it may be asked.
    fn limits(&self, _path: &str) -> PathLimits {
        let facts = self.facts();
        PathLimits {
            request_spacing: facts.request_spacing,
            streams_per_request: facts.streams_per_request,
            streams_per_line: facts.streams_per_line,
        }
    }

    /// The whole URL of lines of `path`, where the real venue does not serve it below
    /// [`Facts::ws_url`].
    fn own_url(&self, _path: &str) -> Option<&'static str> {
        None
    }

    /// How often we must send a WebSocket ping frame, ns; 0 = never (the venue pings, or has a ping
    /// message of its own). The pong is a sign of life.
    fn frame_ping_every(&self) -> i64 {
        0
    }

    /// Takes the secret that some streams ask for (Kraken `level3` token).
    fn set_token(&mut self, _token: &str) {}

    /// The venue's own ping text.
    fn ping(&self, number: u64) -> Option<String>;

    /// REST request for (the next page of) the reference data; `None` where it comes in the stream.
    fn reference_query(&self, _page: Option<&str>) -> Option<Query> {
        None
    }

    /// REST request for (the next page of) the 24 hour turnover of all instruments.
    fn volumes_query(&self, _page: Option<&str>) -> Option<Query> {
        None
    }

    /// REST request for a book snapshot; `None` where snapshots come in the stream.
    fn snapshot_query(&self, _symbol: &str, _channel: Channel) -> Option<Query> {
        None
    }

    /// REST request for a snapshot to compare a live book with, where the venue has one that can be
    /// joined with the stream.
    fn audit_query(&self, symbol: &str, channel: Channel) -> Option<Query> {
        self.snapshot_query(symbol, channel)
    }

    /// REST request for missing trades; `None` where REST has none.
    fn trades_query(&self, _symbol: &str, _channel: Channel, _hole: Hole) -> Option<Query> {
        None
    }

    /// Decodes one frame into `batch`, or refuses it and leaves `batch` undefined.
    ///
    /// # Errors
    ///
    /// The rule that the frame broke.
    ///
    /// # Hot path
    ///
    /// Allocates nothing after warm-up for data messages.
    fn decode(
        &mut self,
        frame: &[u8],
        instruments: &mut Instruments,
        batch: &mut Batch,
    ) -> Result<(), Reject>;

    /// As [`Venue::decode`], by the general path alone: what the fast path is held against.
    ///
    /// # Errors
    ///
    /// As [`Venue::decode`].
    fn decode_general(
        &mut self,
        frame: &[u8],
        instruments: &mut Instruments,
        batch: &mut Batch,
    ) -> Result<(), Reject> {
        self.decode(frame, instruments, batch)
    }

    /// Scans with the instructions of `target` from now on (or without any, where the processor does
    /// not have them): tests run on each.
    fn scan_on(&mut self, _target: Target) {}

    /// What the fast path took and left; `None` for a venue that has none.
    fn scan_counts(&self) -> Option<&ScanCounts> {
        None
    }

    /// Decodes one binary frame.
    ///
    /// # Errors
    ///
    /// The rule that the frame broke; [`Reject::Binary`] where the protocol has only text.
    fn decode_binary(
        &mut self,
        _frame: &[u8],
        _instruments: &mut Instruments,
        _batch: &mut Batch,
    ) -> Result<(), Reject> {
        Err(Reject::Binary)
    }

    /// Decodes a REST answer to a snapshot or audit request for `instrument`.
    ///
    /// # Errors
    ///
    /// The rule that the body broke; a venue with snapshots in the stream has no such body.
    fn decode_snapshot(
        &mut self,
        _body: &[u8],
        _instrument: InstrumentId,
        _channel: Channel,
        _instruments: &mut Instruments,
        _batch: &mut Batch,
    ) -> Result<(), Reject> {
        Err(Reject::UnknownShape)
    }

    /// Decodes a REST answer to a reference request into listings; the next page, if there is one.
    ///
    /// # Errors
    ///
    /// The rule that the body broke; a venue with reference data in the stream has no such body.
    fn decode_reference(
        &mut self,
        _body: &[u8],
        _batch: &mut Batch,
    ) -> Result<Option<String>, Reject> {
        Err(Reject::UnknownShape)
    }

    /// Decodes a REST answer to a volumes request: symbols with their turnover of 24 hours; the next
    /// page, if there is one.
    ///
    /// # Errors
    ///
    /// The rule that the body broke.
    fn decode_volumes(
        &mut self,
        _body: &[u8],
        _volumes: &mut Vec<(Box<str>, Fixed)>,
    ) -> Result<Option<String>, Reject> {
        Err(Reject::UnknownShape)
    }

    /// Decodes a REST answer to a trades request, oldest first.
    ///
    /// # Errors
    ///
    /// The rule that the body broke.
    fn decode_trades(
        &mut self,
        _body: &[u8],
        _instrument: InstrumentId,
        _channel: Channel,
        _instruments: &mut Instruments,
        _trades: &mut Vec<Trade>,
    ) -> Result<(), Reject> {
        Err(Reject::UnknownShape)
    }

    /// The venue's continuity rule.
    fn follow(&self, held: Held, update: &BookHead) -> Follow;

    /// Whether the venue's checksum confirms the book; `None` where the update carries none.
    fn verify(&self, _book: &Book, _update: &BookHead) -> Option<bool> {
        None
    }

    /// As [`Venue::verify`], for an order-level book.
    fn verify_orders(&self, _book: &OrderBook, _update: &OrdersHead) -> Option<bool> {
        None
    }
}

/// Runs `$body` with `$venue` naming the type that speaks the venue of `$id`; the one place that
/// lists them.
///
/// ```
/// use feedd_codecs::{Venue, VenueId, venue::StreamOptions, with_venue};
/// let id = VenueId::KRAKEN_SPOT;
/// let url = with_venue!(id, V => V::new(id, StreamOptions::default()).facts().ws_url);
/// assert_eq!(url, "wss://ws.kraken.com");
/// ```
#[macro_export]
macro_rules! with_venue {
    ($id:expr, $venue:ident => $body:expr) => {
        match ($id.exchange(), $id.product()) {
            ("binance", _) => {
                type $venue = $crate::venue::binance::Binance;
                $body
            }
            ("bybit", _) => {
                type $venue = $crate::venue::bybit::Bybit;
                $body
            }
            ("kraken", "futures") => {
                type $venue = $crate::venue::kraken_futures::KrakenFutures;
                $body
            }
            _ => {
                type $venue = $crate::venue::kraken::Kraken;
                $body
            }
        }
    };
}
