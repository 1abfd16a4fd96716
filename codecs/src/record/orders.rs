//! Order-level books (Kraken `level3`): one record per venue event, with all its orders.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::{Header, Kind};
use crate::instrument::InstrumentId;
use crate::time::Nanos;

/// Longest order id, in bytes; Kraken's have 19.
pub const ORDER_ID_BYTES: usize = 24;

/// What happened to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct OrderAction(pub u8);

impl OrderAction {
    /// It rests in the book now.
    pub const ADD: Self = Self(1);
    /// Its quantity or price changed.
    pub const MODIFY: Self = Self(2);
    /// It is gone.
    pub const DELETE: Self = Self(3);

    /// The action's name in tools.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ADD => "add",
            Self::MODIFY => "modify",
            Self::DELETE => "delete",
            _ => "unknown",
        }
    }
}

/// One order: 56 bytes.
///
/// ```text
/// 0     24   32    40   48       49          50           51     56
///  | id  | px | qty | ts | action | px_digits | qty_digits | zero |
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Order {
    /// The venue's order id, zeros behind it.
    pub id: [u8; ORDER_ID_BYTES],
    /// Limit price, mantissa at the event's `px_exp`.
    pub px: i64,
    /// Quantity left, mantissa at the event's `qty_exp`.
    pub qty: i64,
    /// When the order was placed or changed, ns since the Unix epoch; 0 where not given.
    pub ts: Nanos,
    /// What happened; in a snapshot always [`OrderAction::ADD`].
    pub action: OrderAction,
    /// Fraction digits of the price as the venue wrote it: its checksum is made of the text.
    pub px_digits: u8,
    /// Fraction digits of the quantity as the venue wrote it.
    pub qty_digits: u8,
    /// Always zero.
    pub reserved: [u8; 5],
}

/// Fixed part of an order-level record: 72 bytes, followed by two SBE groups of [`Order`], bids then
/// asks.
///
/// ```text
/// 64         68      70       71        72
///  | checksum | depth | px_exp | qty_exp |
/// then twice:  u16 56 (entry bytes) | u16 0 | u32 count | count x order
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct OrdersHead {
    /// Common fields.
    pub header: Header,
    /// The venue's checksum of the book after this event; meaningful with flag `CHECKSUM`.
    pub checksum: u32,
    /// Price levels a side of the subscribed view.
    pub depth: u16,
    /// Power of ten of the prices.
    pub px_exp: i8,
    /// Power of ten of the quantities.
    pub qty_exp: i8,
}

impl OrdersHead {
    /// A head of `kind` (delta or snapshot) without stamps and lineage.
    #[must_use]
    pub const fn new(kind: Kind, instrument: InstrumentId, px_exp: i8, qty_exp: i8) -> Self {
        Self {
            header: Header::new(kind, size_of::<Self>(), instrument),
            checksum: 0,
            depth: 0,
            px_exp,
            qty_exp,
        }
    }
}

/// An order-level record with its orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrdersEvent<'a> {
    /// Fixed part.
    pub head: &'a OrdersHead,
    /// Orders of the bid side, in the venue's order (snapshots: best price first, then by queue).
    pub bids: &'a [Order],
    /// Orders of the ask side, likewise.
    pub asks: &'a [Order],
}
