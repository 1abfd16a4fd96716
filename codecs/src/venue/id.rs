//! Venues: an exchange and one of its products.

use std::fmt;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// An exchange and one product family with its own API: `binance-spot`, `bybit-linear`, ….
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(transparent)]
pub struct VenueId(pub u8);

impl VenueId {
    /// Binance Spot.
    pub const BINANCE_SPOT: Self = Self(0x11);
    /// Binance USD-M futures.
    pub const BINANCE_USDM: Self = Self(0x12);
    /// Binance COIN-M futures.
    pub const BINANCE_COINM: Self = Self(0x13);
    /// Bybit v5 spot.
    pub const BYBIT_SPOT: Self = Self(0x21);
    /// Bybit v5 linear (USDT and USDC perpetuals and futures).
    pub const BYBIT_LINEAR: Self = Self(0x22);
    /// Bybit v5 inverse: same protocol as linear.
    pub const BYBIT_INVERSE: Self = Self(0x23);
    /// Bybit v5 options: same protocol as linear, other control messages.
    pub const BYBIT_OPTION: Self = Self(0x24);
    /// Kraken Spot, WebSocket v2.
    pub const KRAKEN_SPOT: Self = Self(0x31);
    /// Kraken Futures, WebSocket v1.
    pub const KRAKEN_FUTURES: Self = Self(0x32);

    const TABLE: [(Self, &'static str, &'static str); 9] = [
        (Self::BINANCE_SPOT, "binance", "spot"),
        (Self::BINANCE_USDM, "binance", "usdm"),
        (Self::BINANCE_COINM, "binance", "coinm"),
        (Self::BYBIT_SPOT, "bybit", "spot"),
        (Self::BYBIT_LINEAR, "bybit", "linear"),
        (Self::BYBIT_INVERSE, "bybit", "inverse"),
        (Self::BYBIT_OPTION, "bybit", "option"),
        (Self::KRAKEN_SPOT, "kraken", "spot"),
        (Self::KRAKEN_FUTURES, "kraken", "futures"),
    ];

    /// Every venue that this version decodes.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::TABLE.into_iter().map(|(id, ..)| id)
    }

    /// The venue of an exchange's and a product's name as configuration and tools spell them.
    #[must_use]
    pub fn from_names(exchange: &str, product: &str) -> Option<Self> {
        Self::TABLE
            .into_iter()
            .find(|row| (row.1, row.2) == (exchange, product))
            .map(|row| row.0)
    }

    fn row(self) -> (&'static str, &'static str) {
        Self::TABLE
            .into_iter()
            .find(|row| row.0 == self)
            .map_or(("unknown", "unknown"), |row| (row.1, row.2))
    }

    /// `binance`, `bybit` or `kraken`.
    #[must_use]
    pub fn exchange(self) -> &'static str {
        self.row().0
    }

    /// `spot`, `usdm`, `coinm`, `linear`, `inverse`, `option` or `futures`.
    #[must_use]
    pub fn product(self) -> &'static str {
        self.row().1
    }
}

impl fmt::Display for VenueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.exchange(), self.product())
    }
}

impl fmt::Debug for VenueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
