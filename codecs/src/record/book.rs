//! Book deltas and snapshots: one record per venue event, with all its levels.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::{Header, Kind};
use crate::instrument::InstrumentId;
use crate::venue::Channel;

/// [`BookHead::first_seq`] and [`BookHead::prev_seq`] where the venue gives no such number.
pub const SEQ_NONE: u64 = 0;

/// One price level: 16 bytes. A quantity of 0 in a delta removes the level.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct Level {
    /// Price mantissa at the event's `px_exp`.
    pub px: i64,
    /// Absolute quantity now resting at `px`, mantissa at the event's `qty_exp`; never negative.
    pub qty: i64,
}

/// Fixed part of a book record: 104 bytes, followed by two SBE groups of [`Level`], bids then asks.
///
/// ```text
/// 64            72           80            88          92      94       95        96        97     104
///  | first_seq   | prev_seq   | cross_seq   | checksum  | depth | px_exp | qty_exp | channel | zero |
/// then twice:  u16 16 (entry bytes) | u16 0 | u32 count | count × (i64 px, i64 qty)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct BookHead {
    /// Common fields; `seq` is the id of the last update the event covers (0: venue numbers none).
    pub header: Header,
    /// First update id that the event covers, or [`SEQ_NONE`]. In a snapshot that was joined from a
    /// REST body: the body's own update id (`seq` then counts the buffered updates applied on top).
    pub first_seq: u64,
    /// Last update id of the event before, as the venue tells it (Binance futures `pu`), or
    /// [`SEQ_NONE`].
    pub prev_seq: u64,
    /// The venue's sequence across channels (Bybit `seq`); 0 where it has none.
    pub cross_seq: u64,
    /// The venue's checksum of the book after this event; meaningful with flag `CHECKSUM`.
    pub checksum: u32,
    /// Levels a side of the subscribed view; 0 = all. A book is cut to it after every event.
    pub depth: u16,
    /// Power of ten of the level prices.
    pub px_exp: i8,
    /// Power of ten of the level quantities.
    pub qty_exp: i8,
    /// Which of the instrument's books.
    pub channel: Channel,
    /// Always zero.
    pub reserved: [u8; 7],
}

impl BookHead {
    /// A head of `kind` (delta or snapshot) of the main book, without sequence, stamps and lineage.
    #[must_use]
    pub const fn new(kind: Kind, instrument: InstrumentId, px_exp: i8, qty_exp: i8) -> Self {
        Self {
            header: Header::new(kind, size_of::<Self>(), instrument),
            first_seq: SEQ_NONE,
            prev_seq: SEQ_NONE,
            cross_seq: 0,
            checksum: 0,
            depth: 0,
            px_exp,
            qty_exp,
            channel: Channel::BOOK,
            reserved: [0; 7],
        }
    }
}

/// A book record with its levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookEvent<'a> {
    /// Fixed part.
    pub head: &'a BookHead,
    /// Bid levels, in the venue's order (snapshots: best first).
    pub bids: &'a [Level],
    /// Ask levels, in the venue's order (snapshots: best first).
    pub asks: &'a [Level],
}
