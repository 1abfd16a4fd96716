//! Best bid and offer.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::{Header, Kind};
use crate::instrument::InstrumentId;

/// Best bid and offer of one instrument: 104 bytes.
///
/// ```text
/// 64         72          80         88          96       97        98        104
///  | bid_px   | bid_qty   | ask_px   | ask_qty   | px_exp | qty_exp | zero    |
/// ```
///
/// A side without orders has price [`crate::record::ABSENT`] and quantity 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Bbo {
    /// Common fields; `seq` is the venue's book update id where it gives one.
    pub header: Header,
    /// Best bid price mantissa at `px_exp`.
    pub bid_px: i64,
    /// Quantity at the best bid, mantissa at `qty_exp`.
    pub bid_qty: i64,
    /// Best offer price mantissa at `px_exp`.
    pub ask_px: i64,
    /// Quantity at the best offer, mantissa at `qty_exp`.
    pub ask_qty: i64,
    /// Power of ten of both prices.
    pub px_exp: i8,
    /// Power of ten of both quantities.
    pub qty_exp: i8,
    /// Always zero.
    pub reserved: [u8; 6],
}

impl Bbo {
    /// An empty BBO of `instrument`: both sides absent.
    #[must_use]
    pub const fn new(instrument: InstrumentId, px_exp: i8, qty_exp: i8) -> Self {
        Self {
            header: Header::new(Kind::Bbo, size_of::<Self>(), instrument),
            bid_px: super::ABSENT,
            bid_qty: 0,
            ask_px: super::ABSENT,
            ask_qty: 0,
            px_exp,
            qty_exp,
            reserved: [0; 6],
        }
    }
}
