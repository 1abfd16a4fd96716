//! Gaps: what was missed stands in the journal like everything else.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::{Header, Kind};
use crate::instrument::InstrumentId;
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

    const NAMES: [&'static str; 6] = [
        "sequence",
        "checksum",
        "disconnect",
        "backpressure",
        "range",
        "restart",
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

/// A hole in one stream, or (instrument [`InstrumentId::NONE`]) in a whole line: 88 bytes.
///
/// ```text
/// 64            72           80      81        82        88
///  | first_seq   | last_seq   | cause | channel | zero    |
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
    /// Why.
    pub cause: GapCause,
    /// Which channel of the instrument.
    pub channel: Channel,
    /// Always zero.
    pub reserved: [u8; 6],
}

impl Gap {
    /// A gap with unknown bounds.
    #[must_use]
    pub const fn new(instrument: InstrumentId, channel: Channel, cause: GapCause) -> Self {
        Self {
            header: Header::new(Kind::Gap, size_of::<Self>(), instrument),
            first_seq: 0,
            last_seq: 0,
            cause,
            channel,
            reserved: [0; 6],
        }
    }
}
