//! The 64 bytes that every record begins with.

use core::fmt;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::instrument::InstrumentId;
use crate::time::Nanos;

/// SBE schema id of this project's records (`codecs/schema/feedd.xml`).
pub const SCHEMA_ID: u16 = 0xFEED;
/// Version of the record schema; rises when fields are appended.
pub const SCHEMA_VERSION: u16 = 1;

/// What a record is; the value is the SBE template id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u16)]
#[non_exhaustive]
pub enum Kind {
    /// [`crate::record::Trade`].
    Trade = 1,
    /// [`crate::record::Bbo`].
    Bbo = 2,
    /// [`crate::record::Record::BookDelta`].
    BookDelta = 3,
    /// [`crate::record::Record::BookSnapshot`].
    BookSnapshot = 4,
    /// [`crate::record::TickerHead`].
    Ticker = 5,
    /// [`crate::record::Candle`].
    Candle = 6,
    /// [`crate::record::Liquidation`].
    Liquidation = 7,
    /// [`crate::record::Record::OrdersDelta`].
    OrdersDelta = 8,
    /// [`crate::record::Record::OrdersSnapshot`].
    OrdersSnapshot = 9,
    /// [`crate::record::InstrumentHead`].
    Instrument = 16,
    /// [`crate::record::StatusHead`].
    Status = 17,
    /// [`crate::record::Gap`].
    Gap = 18,
}

impl Kind {
    /// Every kind, in template order.
    pub const ALL: [Self; 12] = [
        Self::Trade,
        Self::Bbo,
        Self::BookDelta,
        Self::BookSnapshot,
        Self::Ticker,
        Self::Candle,
        Self::Liquidation,
        Self::OrdersDelta,
        Self::OrdersSnapshot,
        Self::Instrument,
        Self::Status,
        Self::Gap,
    ];

    /// The kind of an SBE template id, if this version knows it.
    #[must_use]
    pub fn of_template(template_id: u16) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| *kind as u16 == template_id)
    }

    /// The kind's name in tools and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trade => "trade",
            Self::Bbo => "bbo",
            Self::BookDelta => "book_delta",
            Self::BookSnapshot => "book_snapshot",
            Self::Ticker => "ticker",
            Self::Candle => "candle",
            Self::Liquidation => "liquidation",
            Self::OrdersDelta => "orders_delta",
            Self::OrdersSnapshot => "orders_snapshot",
            Self::Instrument => "instrument",
            Self::Status => "status",
            Self::Gap => "gap",
        }
    }
}

/// Quality and position of a record, as a set of bits.
#[derive(Clone, Copy, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct Flags(pub u16);

impl Flags {
    /// Nothing to say.
    pub const NONE: Self = Self(0);
    /// Last record of the venue event (one frame may carry several).
    pub const LAST: Self = Self(1);
    /// Full state, not a change.
    pub const SNAPSHOT: Self = Self(1 << 1);
    /// The instrument's book is not known to be right: it waits for a snapshot or broke continuity.
    pub const MAYBE_BAD_BOOK: Self = Self(1 << 2);
    /// The receive stamp is not trustworthy (the wall clock stepped).
    pub const BAD_TS_RECV: Self = Self(1 << 3);
    /// Fetched later to fill a gap, not received live.
    pub const BACKFILL: Self = Self(1 << 4);
    /// The venue sent a checksum; it stands in the record.
    pub const CHECKSUM: Self = Self(1 << 5);
    /// Repetition of known state so that a journal segment can be read alone.
    pub const CHECKPOINT: Self = Self(1 << 6);
    /// It came after a later message of its stream had been taken: its place is earlier.
    pub const LATE: Self = Self(1 << 7);
    /// A quality rule objects to it; the counters name the rule.
    pub const SUSPECT: Self = Self(1 << 8);

    const NAMES: [(Self, &'static str); 9] = [
        (Self::LAST, "last"),
        (Self::SNAPSHOT, "snapshot"),
        (Self::MAYBE_BAD_BOOK, "maybe_bad_book"),
        (Self::BAD_TS_RECV, "bad_ts_recv"),
        (Self::BACKFILL, "backfill"),
        (Self::CHECKSUM, "checksum"),
        (Self::CHECKPOINT, "checkpoint"),
        (Self::LATE, "late"),
        (Self::SUSPECT, "suspect"),
    ];

    /// Whether all bits of `other` are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// These bits and those of `other`.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The names of the set bits, in bit order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES
            .into_iter()
            .filter(move |(bit, _)| self.contains(*bit))
            .map(|(_, name)| name)
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

/// Common fields of all records.
///
/// ```text
///  0       2       4       6       8               12      14      16
///  | block | templ | schema| versn | instrument    | flags | line  |
/// 16                              24                              32
///  | frame                         | seq                           |
/// 32                              40                              48
///  | ts_venue                      | ts_send                       |
/// 48                              56                              64
///  | ts_recv                       | ts_kernel                     |
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Header {
    /// SBE: bytes of the fixed block behind the first 8 bytes.
    pub block_length: u16,
    /// SBE: the record's [`Kind`].
    pub template_id: u16,
    /// SBE: [`SCHEMA_ID`].
    pub schema_id: u16,
    /// SBE: [`SCHEMA_VERSION`] of the writer.
    pub version: u16,
    /// The instrument; [`InstrumentId::NONE`] for records about a line or a venue.
    pub instrument: InstrumentId,
    /// Quality and position.
    pub flags: Flags,
    /// Lineage: the line (connection) that delivered the frame.
    pub line: u16,
    /// Lineage: the frame's number on that line, unique over restarts; names the raw frame.
    pub frame: u64,
    /// The venue's own sequence: update id, trade id or cross sequence; 0 where it has none.
    pub seq: u64,
    /// When it happened by the venue's clock (matching engine where given, else the venue's only
    /// stamp); 0 where the venue gave none.
    pub ts_venue: Nanos,
    /// When the venue's gateway sent it, where that is a second stamp; 0 where it gave none.
    pub ts_send: Nanos,
    /// When user space had the frame, before decoding.
    pub ts_recv: Nanos,
    /// When the kernel received the frame's last segment; 0 where the kernel gave no stamp.
    pub ts_kernel: Nanos,
}

impl Header {
    /// A header of `kind` whose fixed record (header included) is `bytes` long.
    #[must_use]
    pub const fn new(kind: Kind, bytes: usize, instrument: InstrumentId) -> Self {
        assert!(bytes >= 64 && bytes < 1024);
        Self {
            block_length: (bytes - 8) as u16,
            template_id: kind as u16,
            schema_id: SCHEMA_ID,
            version: SCHEMA_VERSION,
            instrument,
            flags: Flags::NONE,
            line: 0,
            frame: 0,
            seq: 0,
            ts_venue: 0,
            ts_send: 0,
            ts_recv: 0,
            ts_kernel: 0,
        }
    }
}
