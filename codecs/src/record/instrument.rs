//! Reference data as a change stream.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::{Header, Kind};
use crate::instrument::InstrumentId;
use crate::time::Nanos;
use crate::venue::VenueId;

/// What happened to the instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct Change(pub u8);

impl Change {
    /// First seen.
    pub const ADD: Self = Self(1);
    /// A field changed: precision, tick, lot, trading state.
    pub const CHANGE: Self = Self(2);
    /// No longer listed.
    pub const DELETE: Self = Self(3);

    /// The change's name in tools.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ADD => "add",
            Self::CHANGE => "change",
            Self::DELETE => "delete",
            _ => "unknown",
        }
    }
}

/// Whether the venue trades the instrument now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct TradingState(pub u8);

impl TradingState {
    /// The venue did not say.
    pub const UNKNOWN: Self = Self(0);
    /// Trading.
    pub const TRADING: Self = Self(1);
    /// Listed, not trading (halt, break, maintenance, pre-launch, restricted modes).
    pub const HALTED: Self = Self(2);
    /// Settled, delivered, delisted.
    pub const CLOSED: Self = Self(3);

    /// The state's name in tools.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TRADING => "trading",
            Self::HALTED => "halted",
            Self::CLOSED => "closed",
            _ => "unknown",
        }
    }
}

/// What is traded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct InstrumentType(pub u8);

impl InstrumentType {
    /// The venue did not say.
    pub const UNKNOWN: Self = Self(0);
    /// Spot pair.
    pub const SPOT: Self = Self(1);
    /// Perpetual, quoted and settled in the quote currency.
    pub const PERPETUAL: Self = Self(2);
    /// Dated future, settled in the quote currency.
    pub const FUTURE: Self = Self(3);
    /// Perpetual settled in the base currency; quantities are contracts.
    pub const INVERSE_PERPETUAL: Self = Self(4);
    /// Dated future settled in the base currency; quantities are contracts.
    pub const INVERSE_FUTURE: Self = Self(5);
    /// Option.
    pub const OPTION: Self = Self(6);

    /// The type's name in tools.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SPOT => "spot",
            Self::PERPETUAL => "perpetual",
            Self::FUTURE => "future",
            Self::INVERSE_PERPETUAL => "inverse_perpetual",
            Self::INVERSE_FUTURE => "inverse_future",
            Self::OPTION => "option",
            _ => "unknown",
        }
    }
}

/// What an option gives the right to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct OptionRight(pub u8);

impl OptionRight {
    /// Not an option.
    pub const NONE: Self = Self(0);
    /// To buy.
    pub const CALL: Self = Self(1);
    /// To sell.
    pub const PUT: Self = Self(2);

    /// The right's name in tools.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NONE => "none",
            Self::CALL => "call",
            Self::PUT => "put",
            _ => "unknown",
        }
    }
}

/// Fixed part of an instrument record: 128 bytes, followed by five SBE texts (`u16` length, UTF-8):
/// symbol (the venue's own spelling), base, quote, settle, name (canonical).
///
/// ```text
/// 64     72    80       88              96       104          112          116      117
///  | tick | lot | expiry | contract_size | strike | multiplier | generation | px_exp | qty_exp |
/// 118            119          120              121      122     123    124     125     126    128
///  | contract_exp | strike_exp | multiplier_exp | change | state | type | venue | right | zero |
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct InstrumentHead {
    /// Common fields.
    pub header: Header,
    /// Price increment, mantissa at `px_exp`; 0 = the venue did not say.
    pub tick: i64,
    /// Quantity increment, mantissa at `qty_exp`; 0 = the venue did not say.
    pub lot: i64,
    /// Delivery time; 0 = none.
    pub expiry: Nanos,
    /// Quote or base value of one contract, mantissa at `contract_exp`; 0 = quantities are not
    /// contracts.
    pub contract_size: i64,
    /// Strike price of an option, mantissa at `strike_exp`; 0 = not an option.
    pub strike: i64,
    /// How many units of the base currency one unit of quantity stands for, where the venue's
    /// reference data says so; mantissa at `multiplier_exp`; 0 = not told.
    pub multiplier: i64,
    /// Rises with every change; a symbol listed again or with another precision is a new generation.
    pub generation: u32,
    /// Power of ten of this instrument's prices from now on.
    pub px_exp: i8,
    /// Power of ten of this instrument's quantities from now on.
    pub qty_exp: i8,
    /// Power of ten of `contract_size`.
    pub contract_exp: i8,
    /// Power of ten of `strike`.
    pub strike_exp: i8,
    /// Power of ten of `multiplier`.
    pub multiplier_exp: i8,
    /// What happened.
    pub change: Change,
    /// Whether it trades.
    pub state: TradingState,
    /// What is traded.
    pub instrument_type: InstrumentType,
    /// The venue and product.
    pub venue: VenueId,
    /// Call or put.
    pub right: OptionRight,
    /// Always zero.
    pub reserved: [u8; 2],
}

/// The texts of an instrument record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstrumentText<'a> {
    /// The venue's own spelling.
    pub symbol: &'a str,
    /// Base currency as the venue's reference data gives it; empty = not known.
    pub base: &'a str,
    /// Quote currency as the venue's reference data gives it; empty = not known.
    pub quote: &'a str,
    /// Currency in which profit and loss are paid; empty = not known or the quote currency of spot.
    pub settle: &'a str,
    /// The canonical name, the same for the same thing at every venue
    /// ([`crate::instrument::canonical_name`]); empty = reference data does not tell enough.
    pub name: &'a str,
}

impl InstrumentHead {
    /// A head with everything unknown.
    #[must_use]
    pub const fn new(venue: VenueId, instrument: InstrumentId, change: Change) -> Self {
        Self {
            header: Header::new(Kind::Instrument, size_of::<Self>(), instrument),
            tick: 0,
            lot: 0,
            expiry: 0,
            contract_size: 0,
            strike: 0,
            multiplier: 0,
            generation: 0,
            px_exp: 0,
            qty_exp: 0,
            contract_exp: 0,
            strike_exp: 0,
            multiplier_exp: 0,
            change,
            state: TradingState::UNKNOWN,
            instrument_type: InstrumentType::UNKNOWN,
            venue,
            right: OptionRight::NONE,
            reserved: [0; 2],
        }
    }
}
