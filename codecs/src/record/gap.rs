//! Gaps: what was missed stands in the journal like everything else.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::{Header, Kind};
use crate::instrument::InstrumentId;
use crate::time::Nanos;
use crate::venue::Channel;

/// Why messages are missing or a book is no longer known to be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct GapCause(pub u8);

impl GapCause {
    /// The venue's sequence jumped.
    pub const SEQUENCE: Self = Self(1);
    /// The venue's checksum does not match the book.
    pub const CHECKSUM: Self = Self(2);
    /// The line was lost.
    pub const DISCONNECT: Self = Self(3);
    /// The ring stayed full for longer than configured: frames were read and dropped.
    pub const BACKPRESSURE: Self = Self(4);
    /// A level no longer fits the book's mantissas.
    pub const RANGE: Self = Self(5);
    /// The run before this one ended unannounced (killed, power lost): what came until this line
    /// was up again is missing.
    pub const RESTART: Self = Self(6);
    /// The stream was acknowledged and then silent for longer than it ever is.
    pub const SILENCE: Self = Self(7);
    /// A comparison with a fresh snapshot showed another book.
    pub const AUDIT: Self = Self(8);
    /// The book stayed crossed for longer than configured.
    pub const CROSSED: Self = Self(9);
    /// The venue began its numbering anew.
    pub const RESET: Self = Self(10);
    /// The journal that a relay copies no longer has the records; the bounds are its numbers.
    pub const SOURCE: Self = Self(11);

    const NAMES: [&'static str; 11] = [
        "sequence",
        "checksum",
        "disconnect",
        "backpressure",
        "range",
        "restart",
        "silence",
        "audit",
        "crossed",
        "reset",
        "source",
    ];

    /// The cause's name in tools and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        usize::from(self.0)
            .checked_sub(1)
            .and_then(|at| Self::NAMES.get(at))
            .copied()
            .unwrap_or("unknown")
    }
}

/// How a gap ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct GapEnd(pub u8);

impl GapEnd {
    /// It is open: this record tells of its begin.
    pub const OPEN: Self = Self(0);
    /// Another line delivered what was missing.
    pub const OTHER_LINE: Self = Self(1);
    /// REST delivered what was missing; those records carry the flag `BACKFILL`.
    pub const REST: Self = Self(2);
    /// A snapshot made the book right again; the updates in between are lost.
    pub const SNAPSHOT: Self = Self(3);
    /// What is still missing stays so.
    pub const LOST: Self = Self(4);
    /// The venue's numbering proved that nothing was missing.
    pub const NOTHING: Self = Self(5);

    const NAMES: [&'static str; 6] = ["open", "other_line", "rest", "snapshot", "lost", "nothing"];

    /// The end's name in tools and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES
            .get(usize::from(self.0))
            .copied()
            .unwrap_or("unknown")
    }
}

/// A hole in one stream, or (instrument [`InstrumentId::NONE`]) in a whole line: 112 bytes.
///
/// A gap has two records: one when it is found (`end` open) and one when it ends, with the same
/// instrument, channel and `ts_open`. The second one has the bounds as they are known by then. Gaps
/// of one stream that were found at the same time differ in `first_seq`.
///
/// ```text
/// 64          72         80        88        96        104     105       106   107    112
///  | first_seq | last_seq | ts_open | ts_good | missing | cause | channel | end | zero |
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Gap {
    /// Common fields; `seq` is the last update that was still good, `ts_recv` when it was found.
    pub header: Header,
    /// First missing sequence; 0 where the venue does not number the stream.
    pub first_seq: u64,
    /// Last missing sequence; 0 where unknown (the stream has not resumed, or is not numbered).
    pub last_seq: u64,
    /// When the gap was found, as `ts_recv` of its first record: names the gap.
    pub ts_open: Nanos,
    /// `ts_recv` of the stream's last good record before the gap; 0 where there was none.
    pub ts_good: Nanos,
    /// Numbered messages known to be missing still; 0 where the venue does not number the stream.
    pub missing: u64,
    /// Why.
    pub cause: GapCause,
    /// Which channel of the instrument.
    pub channel: Channel,
    /// How it ended.
    pub end: GapEnd,
    /// Always zero.
    pub reserved: [u8; 5],
}

impl Gap {
    /// A gap with unknown bounds.
    #[must_use]
    pub const fn new(instrument: InstrumentId, channel: Channel, cause: GapCause) -> Self {
        Self {
            header: Header::new(Kind::Gap, size_of::<Self>(), instrument),
            first_seq: 0,
            last_seq: 0,
            ts_open: 0,
            ts_good: 0,
            missing: 0,
            cause,
            channel,
            end: GapEnd::OPEN,
            reserved: [0; 5],
        }
    }
}
