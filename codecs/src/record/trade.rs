//! Trades.

use core::fmt;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::{Header, Kind};
use crate::fixed::Fixed;
use crate::instrument::InstrumentId;

/// The aggressor: the side of the order that took liquidity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct Side(pub u8);

impl Side {
    /// The venue names no aggressor (auction and block prints).
    pub const NONE: Self = Self(0);
    /// The taker bought.
    pub const BUY: Self = Self(1);
    /// The taker sold.
    pub const SELL: Self = Self(2);

    /// `buy`, `sell` or nothing.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::BUY => Some("buy"),
            Self::SELL => Some("sell"),
            _ => None,
        }
    }
}

/// How the 16 bytes of a trade id are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct IdKind(pub u8);

impl IdKind {
    /// An unsigned integer, little-endian.
    pub const INTEGER: Self = Self(1);
    /// A UUID, bytes in the order of its text.
    pub const UUID: Self = Self(2);
}

/// A venue's trade id: an integer or a UUID (Bybit derivatives).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TradeId {
    /// A number.
    Integer(u128),
    /// A UUID.
    Uuid([u8; 16]),
}

impl TradeId {
    /// Reads a decimal number or a hyphenated UUID.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() == 36 {
            return parse_uuid(text.as_bytes()).map(Self::Uuid);
        }
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits
            .then(|| text.parse().ok().map(Self::Integer))
            .flatten()
    }

    const fn encode(self) -> ([u8; 16], IdKind) {
        match self {
            Self::Integer(id) => (id.to_le_bytes(), IdKind::INTEGER),
            Self::Uuid(bytes) => (bytes, IdKind::UUID),
        }
    }
}

impl fmt::Display for TradeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(id) => write!(f, "{id}"),
            Self::Uuid(bytes) => {
                for (index, byte) in bytes.iter().enumerate() {
                    let hyphen = if matches!(index, 4 | 6 | 8 | 10) {
                        "-"
                    } else {
                        ""
                    };
                    write!(f, "{hyphen}{byte:02x}")?;
                }
                Ok(())
            }
        }
    }
}

fn parse_uuid(text: &[u8]) -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    let mut nibbles = 0;
    for (index, &character) in text.iter().enumerate() {
        if matches!(index, 8 | 13 | 18 | 23) {
            if character != b'-' {
                return None;
            }
            continue;
        }
        let value = u8::try_from(char::from(character).to_digit(16)?).ok()?;
        bytes[nibbles / 2] |= if nibbles % 2 == 0 { value << 4 } else { value };
        nibbles += 1;
    }
    Some(bytes)
}

/// What is special about a trade, as a set of bits.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(transparent)]
pub struct Conditions(pub u16);

impl Conditions {
    /// Several fills of one taker order at one price, merged by the venue (Binance aggTrade).
    pub const AGGREGATE: Self = Self(1);
    /// Negotiated off the book.
    pub const BLOCK: Self = Self(1 << 1);
    /// Against a retail price improvement order.
    pub const RPI: Self = Self(1 << 2);

    const NAMES: [(Self, &'static str); 3] = [
        (Self::AGGREGATE, "aggregate"),
        (Self::BLOCK, "block"),
        (Self::RPI, "rpi"),
    ];

    /// These bits and, if `set`, those of `other`.
    #[must_use]
    pub const fn with(self, other: Self, set: bool) -> Self {
        if set { Self(self.0 | other.0) } else { self }
    }

    /// Whether all bits of `other` are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The names of the set bits.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES
            .into_iter()
            .filter(move |(bit, _)| self.contains(*bit))
            .map(|(_, name)| name)
    }
}

/// One fill, or one aggregate of fills: 120 bytes, two cache lines.
///
/// ```text
/// 64            72            80                        96             104           112
///  | px          | qty         | id                      | first_id     | last_id     |
/// 112       113        114    115       116          118      120
///  | px_exp  | qty_exp  | side | id_kind | conditions | zero |
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Trade {
    /// Common fields; `seq` is the venue's trade number or cross sequence.
    pub header: Header,
    /// Price mantissa at `px_exp`; positive.
    pub px: i64,
    /// Quantity mantissa at `qty_exp`, in the venue's unit (base currency or contracts).
    pub qty: i64,
    /// The venue's trade id; see [`Trade::id`].
    pub id_bytes: [u8; 16],
    /// First raw trade id of an aggregate; 0 where the venue gives none.
    pub first_id: u64,
    /// Last raw trade id of an aggregate; 0 where the venue gives none.
    pub last_id: u64,
    /// Power of ten of `px`.
    pub px_exp: i8,
    /// Power of ten of `qty`.
    pub qty_exp: i8,
    /// The aggressor.
    pub side: Side,
    /// How `id_bytes` is read.
    pub id_kind: IdKind,
    /// What is special about this trade.
    pub conditions: Conditions,
    /// Always zero.
    pub reserved: [u8; 2],
}

impl Trade {
    /// A trade of `instrument`; lineage and stamps are filled in by the feed.
    #[must_use]
    pub const fn new(
        instrument: InstrumentId,
        px: Fixed,
        qty: Fixed,
        side: Side,
        id: TradeId,
    ) -> Self {
        let (id_bytes, id_kind) = id.encode();
        Self {
            header: Header::new(Kind::Trade, size_of::<Self>(), instrument),
            px: px.mantissa,
            qty: qty.mantissa,
            id_bytes,
            first_id: 0,
            last_id: 0,
            px_exp: px.exp,
            qty_exp: qty.exp,
            side,
            id_kind,
            conditions: Conditions(0),
            reserved: [0; 2],
        }
    }

    /// The venue's trade id.
    #[must_use]
    pub fn id(&self) -> TradeId {
        match self.id_kind {
            IdKind::UUID => TradeId::Uuid(self.id_bytes),
            _ => TradeId::Integer(u128::from_le_bytes(self.id_bytes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_both_kinds_survive_text() {
        for text in [
            "0",
            "2290000000090712222",
            "20f43950-d8dd-5b31-9112-a178eb6023af",
        ] {
            assert_eq!(TradeId::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn text_that_is_no_id_is_refused() {
        for text in [
            "",
            "-1",
            "12a",
            "20f43950-d8dd-5b31-9112+a178eb6023af",
            "20f43950-d8dd-5b31-9112-a178eb6023ag",
            "340282366920938463463374607431768211456",
        ] {
            assert_eq!(TradeId::parse(text), None, "{text}");
        }
    }
}
