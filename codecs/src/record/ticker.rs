//! Tickers and other statistics: a channel and its figures.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::{Figure, Header, Kind};
use crate::instrument::InstrumentId;
use crate::venue::Channel;

/// Fixed part of a ticker record: 72 bytes, followed by one SBE group of [`Figure`].
///
/// ```text
/// 64        65     72
///  | channel | zero |
/// then:  u16 16 (entry bytes) | u16 0 | u32 count | count x figure
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct TickerHead {
    /// Common fields; `seq` is the venue's sequence across channels where it gives one.
    pub header: Header,
    /// Which statistics: ticker, mark price, price limits, ….
    pub channel: Channel,
    /// Always zero.
    pub reserved: [u8; 7],
}

impl TickerHead {
    /// A head without sequence, stamps and lineage.
    #[must_use]
    pub const fn new(instrument: InstrumentId, channel: Channel) -> Self {
        Self {
            header: Header::new(Kind::Ticker, size_of::<Self>(), instrument),
            channel,
            reserved: [0; 7],
        }
    }
}

/// A ticker record: the full state of its channel, whether the venue sent it whole or as a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TickerEvent<'a> {
    /// Fixed part.
    pub head: &'a TickerHead,
    /// The figures, in the order of their names' codes.
    pub figures: &'a [Figure],
}
