//! What a venue must tell, and the three that do.
//!
//! A venue is a folder below this file: facts, subscription texts, a decoder and a book rule. It
//! does no I/O and keeps no connection; the [`crate::Feed`] drives it and owns all state that the
//! venues have in common. A fourth venue implements [`Venue`] and adds one line to
//! [`with_venue!`](crate::with_venue); `feedd/docs/adding-a-venue.md` walks through it.

pub mod binance;
pub mod bybit;
mod channel;
pub(crate) mod figures;
pub mod kraken;
pub mod kraken_futures;
pub(crate) mod levels;
#[cfg(test)]
mod workbench;

use std::fmt;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::batch::Batch;
use crate::book::{Book, OrderBook};
use crate::fixed::Fixed;
use crate::instrument::{Instrument, InstrumentId, Instruments};
use crate::record::{BookHead, OrdersHead, Trade};
use crate::reject::Reject;

pub use channel::{Channel, Channels};

/// An exchange and one product family with its own API: `binance-spot`, `bybit-linear`, ….
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(transparent)]
pub struct VenueId(pub u8);

impl VenueId {
    /// Binance Spot.
    pub const BINANCE_SPOT: Self = Self(0x11);
    /// Binance USD-M futures.
    pub const BINANCE_USDM: Self = Self(0x12);
    /// Binance COIN-M futures.
    pub const BINANCE_COINM: Self = Self(0x13);
    /// Bybit v5 spot.
    pub const BYBIT_SPOT: Self = Self(0x21);
    /// Bybit v5 linear (USDT and USDC perpetuals and futures).
    pub const BYBIT_LINEAR: Self = Self(0x22);
    /// Bybit v5 inverse: same protocol as linear.
    pub const BYBIT_INVERSE: Self = Self(0x23);
    /// Bybit v5 options: same protocol as linear, other control messages.
    pub const BYBIT_OPTION: Self = Self(0x24);
    /// Kraken Spot, WebSocket v2.
    pub const KRAKEN_SPOT: Self = Self(0x31);
    /// Kraken Futures, WebSocket v1.
    pub const KRAKEN_FUTURES: Self = Self(0x32);

    const TABLE: [(Self, &'static str, &'static str); 9] = [
        (Self::BINANCE_SPOT, "binance", "spot"),
        (Self::BINANCE_USDM, "binance", "usdm"),
        (Self::BINANCE_COINM, "binance", "coinm"),
        (Self::BYBIT_SPOT, "bybit", "spot"),
        (Self::BYBIT_LINEAR, "bybit", "linear"),
        (Self::BYBIT_INVERSE, "bybit", "inverse"),
        (Self::BYBIT_OPTION, "bybit", "option"),
        (Self::KRAKEN_SPOT, "kraken", "spot"),
        (Self::KRAKEN_FUTURES, "kraken", "futures"),
    ];

    /// Every venue that this version decodes.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::TABLE.into_iter().map(|(id, ..)| id)
    }

    /// The venue of an exchange's and a product's name as configuration and tools spell them.
    #[must_use]
    pub fn from_names(exchange: &str, product: &str) -> Option<Self> {
        Self::TABLE
            .into_iter()
            .find(|row| (row.1, row.2) == (exchange, product))
            .map(|row| row.0)
    }

    fn row(self) -> (&'static str, &'static str) {
        Self::TABLE
            .into_iter()
            .find(|row| row.0 == self)
            .map_or(("unknown", "unknown"), |row| (row.1, row.2))
    }

    /// `binance`, `bybit` or `kraken`.
    #[must_use]
    pub fn exchange(self) -> &'static str {
        self.row().0
    }

    /// `spot`, `usdm`, `coinm`, `linear`, `inverse`, `option` or `futures`.
    #[must_use]
    pub fn product(self) -> &'static str {
        self.row().1
    }
}

impl fmt::Display for VenueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.exchange(), self.product())
    }
}

impl fmt::Debug for VenueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

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

/// What configuration says about the form of a feed's streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamOptions {
    /// Levels a side of the book view, where the venue offers several; 0 = the venue's default.
    pub book_depth: u16,
    /// Milliseconds between book deltas, where the venue offers several.
    pub book_interval_ms: u16,
    /// Levels a side of [`Channel::BOOK_TOP`]; 0 = the venue's default.
    pub top_depth: u16,
    /// How the venue encodes data messages.
    pub encoding: Encoding,
    /// Whether times come in microseconds where the venue offers it (Binance Spot `timeUnit`).
    pub microseconds: bool,
    /// The channels that the feed carries.
    pub channels: Channels,
}

impl Default for StreamOptions {
    fn default() -> Self {
        Self {
            book_depth: 0,
            book_interval_ms: 100,
            top_depth: 0,
            encoding: Encoding::Json,
            microseconds: false,
            channels: Channels::default(),
        }
    }
}

/// How data messages are encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// JSON in text frames.
    #[default]
    Json,
    /// SBE in binary frames (Binance Spot, behind an API key); control stays JSON.
    Sbe,
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
}

/// How a venue numbers the messages of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbering {
    /// Not at all: redundant copies are told by their content.
    None,
    /// By ids without order or continuity (UUIDs): copies are told by their id.
    Ids,
    /// By numbers that rise but may skip: what is not above the last was seen.
    Rising,
    /// By numbers of which each is one more than the last.
    Consecutive,
}

/// How often a live stream has something to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cadence {
    /// At least this often (ns), whether anything happened or not.
    Periodic(i64),
    /// When something happens: a quiet instrument may be silent for hours.
    OnChange,
}

/// Fixed facts of a venue: limits and habits, with their source in the venue's `README.md`.
///
/// Durations are nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// WebSocket base URL of the real venue.
    pub ws_url: &'static str,
    /// REST base URL of the real venue.
    pub rest_url: &'static str,
    /// Least time between two of our messages on one line.
    pub request_spacing: i64,
    /// Most streams in one subscription request.
    pub streams_per_request: usize,
    /// Most streams on one line.
    pub streams_per_line: usize,
    /// Most characters of all stream names on one line.
    pub name_chars_per_line: usize,
    /// How often we must send a ping message of the venue's own; 0 = never (the venue pings).
    pub ping_every: i64,
    /// A line that is silent for longer is dead.
    pub silence_max: i64,
    /// Most connection attempts in [`Facts::connect_window`] from one address.
    pub connects_max: u32,
    /// The window of [`Facts::connects_max`].
    pub connect_window: i64,
    /// Where book snapshots come from.
    pub snapshots: Snapshots,
    /// The venue closes a connection after this long; 0 = it has no such rule.
    pub line_life: i64,
    /// REST weight that one address may use in a window: (weight, ns).
    pub rest_limit: (u32, i64),
    /// Whether data messages of a stream may come before its subscription is answered; the answer
    /// deadline starts when the request is sent.
    pub answer_max: i64,
}

/// Limits of the lines of one path: the [`Facts`], where the path has none of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathLimits {
    /// Least time between two of our messages on one line, ns.
    pub request_spacing: i64,
    /// Most streams in one subscription request.
    pub streams_per_request: usize,
    /// Most streams on one line.
    pub streams_per_line: usize,
}

/// Where a venue's book snapshots come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Snapshots {
    /// In the stream, after each subscription.
    InBand,
    /// By a REST request per instrument, at least this many nanoseconds apart.
    Rest {
        /// Least time between two snapshot requests of one feed.
        spacing: i64,
    },
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
