//! Liquidations.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::{ABSENT, Header, Kind, Side};
use crate::instrument::InstrumentId;

/// A position that the venue closed: 104 bytes.
///
/// ```text
/// 64    72       80    88           96       97        98     99     104
///  | px  | avg_px | qty | filled_qty | px_exp | qty_exp | side | zero |
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Liquidation {
    /// Common fields.
    pub header: Header,
    /// Price of the closing order (Bybit: bankruptcy price, not the fill's), mantissa at `px_exp`.
    pub px: i64,
    /// Average fill price, mantissa at `px_exp`; [`ABSENT`] where the venue gives none.
    pub avg_px: i64,
    /// Quantity, mantissa at `qty_exp`.
    pub qty: i64,
    /// Quantity filled so far, mantissa at `qty_exp`; [`ABSENT`] where the venue gives none.
    pub filled_qty: i64,
    /// Power of ten of the prices.
    pub px_exp: i8,
    /// Power of ten of the quantities.
    pub qty_exp: i8,
    /// Side of the closing *order*: sell = a long position was liquidated. Bybit's field, which names
    /// the position's side, is turned round.
    pub side: Side,
    /// Always zero.
    pub reserved: [u8; 5],
}

impl Liquidation {
    /// A liquidation of price and quantity zero.
    #[must_use]
    pub const fn new(instrument: InstrumentId, side: Side, px_exp: i8, qty_exp: i8) -> Self {
        Self {
            header: Header::new(Kind::Liquidation, size_of::<Self>(), instrument),
            px: 0,
            avg_px: ABSENT,
            qty: 0,
            filled_qty: ABSENT,
            px_exp,
            qty_exp,
            side,
            reserved: [0; 5],
        }
    }
}
