//! What a venue must tell, and the three that do.
//!
//! A venue is a folder below this file: facts, subscription texts, a decoder and a book rule. It
//! does no I/O and keeps no connection; the [`crate::Feed`] drives it and owns all state that the
//! venues have in common. A fourth venue implements [`Venue`] and adds one line to
//! [`with_venue!`](crate::with_venue); `feedd/docs/adding-a-venue.md` walks through it.

pub mod binance;
pub mod bybit;
pub mod kraken;
pub(crate) mod levels;
#[cfg(test)]
mod workbench;

use std::fmt;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::batch::Batch;
use crate::book::Book;
use crate::instrument::{InstrumentId, Instruments};
use crate::record::BookHead;
use crate::reject::Reject;

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
    /// Kraken Spot, WebSocket v2.
    pub const KRAKEN_SPOT: Self = Self(0x31);

    const TABLE: [(Self, &'static str, &'static str); 7] = [
        (Self::BINANCE_SPOT, "binance", "spot"),
        (Self::BINANCE_USDM, "binance", "usdm"),
        (Self::BINANCE_COINM, "binance", "coinm"),
        (Self::BYBIT_SPOT, "bybit", "spot"),
        (Self::BYBIT_LINEAR, "bybit", "linear"),
        (Self::BYBIT_INVERSE, "bybit", "inverse"),
        (Self::KRAKEN_SPOT, "kraken", "spot"),
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

    /// `spot`, `usdm`, `coinm`, `linear` or `inverse`.
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

/// A kind of stream.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(transparent)]
pub struct Channel(pub u8);

impl Channel {
    /// No channel: about a line or a venue.
    pub const NONE: Self = Self(0);
    /// Every fill.
    pub const TRADE: Self = Self(1);
    /// Fills of one taker order at one price, merged (Binance).
    pub const AGG_TRADE: Self = Self(2);
    /// Best bid and offer.
    pub const BBO: Self = Self(3);
    /// Order book: snapshot and deltas.
    pub const BOOK: Self = Self(4);
    /// Reference data.
    pub const REFERENCE: Self = Self(5);

    const NAMES: [(Self, &'static str); 6] = [
        (Self::NONE, "none"),
        (Self::TRADE, "trade"),
        (Self::AGG_TRADE, "agg_trade"),
        (Self::BBO, "bbo"),
        (Self::BOOK, "book"),
        (Self::REFERENCE, "reference"),
    ];

    /// The channel's name in configuration, metrics and tools.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES
            .into_iter()
            .find(|row| row.0 == self)
            .map_or("unknown", |row| row.1)
    }

    /// The channel of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .into_iter()
            .skip(1)
            .find(|row| row.1 == name)
            .map(|row| row.0)
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
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

/// What configuration says about the book streams of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamOptions {
    /// Levels a side of the book view, where the venue offers several; 0 = the venue's default.
    pub book_depth: u16,
    /// Milliseconds between book deltas, where the venue offers several.
    pub book_interval_ms: u16,
}

impl Default for StreamOptions {
    fn default() -> Self {
        Self {
            book_depth: 0,
            book_interval_ms: 100,
        }
    }
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
    /// Whether data messages of a stream may come before its subscription is answered; the answer
    /// deadline starts when the request is sent.
    pub answer_max: i64,
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

    /// The venue's own ping text.
    fn ping(&self, number: u64) -> Option<String>;

    /// REST path of (the next page of) the reference data; `None` where it comes in the stream.
    fn reference_path(&self, _page: Option<&str>) -> Option<String> {
        None
    }

    /// REST path of a book snapshot; `None` where snapshots come in the stream.
    fn snapshot_path(&self, _symbol: &str) -> Option<String> {
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

    /// Decodes a REST answer to a snapshot request for `instrument`.
    ///
    /// # Errors
    ///
    /// The rule that the body broke; a venue with snapshots in the stream has no such body.
    fn decode_snapshot(
        &mut self,
        _body: &[u8],
        _instrument: InstrumentId,
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

    /// The venue's continuity rule.
    fn follow(&self, held: Held, update: &BookHead) -> Follow;

    /// Whether the venue's checksum confirms the book; `None` where the update carries none.
    fn verify(&self, _book: &Book, _update: &BookHead) -> Option<bool> {
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
        match $id.exchange() {
            "binance" => {
                type $venue = $crate::venue::binance::Binance;
                $body
            }
            "bybit" => {
                type $venue = $crate::venue::bybit::Bybit;
                $body
            }
            _ => {
                type $venue = $crate::venue::kraken::Kraken;
                $body
            }
        }
    };
}
