//! The head of a frame that is kept exactly as received.
//!
//! `raw/` and `quarantine/` of the journal hold one entry per frame: this head, then the frame's
//! bytes, untouched. The pair (line, frame) is the lineage that every record carries.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::reject::Reject;
use crate::time::Nanos;
use crate::venue::VenueId;

/// How the bytes came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct Carrier(pub u8);

impl Carrier {
    /// A WebSocket text frame.
    pub const TEXT: Self = Self(1);
    /// A WebSocket binary frame.
    pub const BINARY: Self = Self(2);
    /// The body of a REST answer.
    pub const REST: Self = Self(3);
}

/// Head of a raw frame: 40 bytes, followed by `len` bytes.
///
/// ```text
///  0      2       3         4      5       8       16        24          32        40
///  | line | venue | carrier | rule | zero  | len   | frame   | ts_recv   | ts_kernel |
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct RawHead {
    /// The line that delivered it.
    pub line: u16,
    /// The venue and product.
    pub venue: VenueId,
    /// How it came.
    pub carrier: Carrier,
    /// 0, or in quarantine the [`Reject::code`] of the rule it broke.
    pub rule: u8,
    /// Always zero.
    pub reserved: [u8; 3],
    /// Bytes that follow.
    pub len: u64,
    /// Number of the frame on its line, unique over restarts.
    pub frame: u64,
    /// When user space had it.
    pub ts_recv: Nanos,
    /// When the kernel had its last segment; 0 where the kernel gave no stamp.
    pub ts_kernel: Nanos,
}

impl RawHead {
    /// Splits an entry of `raw/` or `quarantine/` into head and frame.
    #[must_use]
    pub fn split(entry: &[u8]) -> Option<(&Self, &[u8])> {
        let (head, rest) = Self::ref_from_prefix(entry).ok()?;
        Some((head, rest.get(..usize::try_from(head.len).ok()?)?))
    }

    /// The same head with the rule that the frame broke.
    #[must_use]
    pub const fn rejected(mut self, reject: Reject) -> Self {
        self.rule = reject.code();
        self
    }
}
