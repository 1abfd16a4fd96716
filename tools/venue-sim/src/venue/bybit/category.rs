//! The products and what differs between them.

use crate::clock::Nanos;
use crate::config::Product;

/// One of Bybit's products; each has a socket of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Category {
    Spot,
    Linear,
    Inverse,
    Option,
}

impl Category {
    pub(super) fn of(product: Product) -> Self {
        match product {
            Product::BybitLinear => Category::Linear,
            Product::BybitInverse => Category::Inverse,
            Product::BybitOption => Category::Option,
            _ => Category::Spot,
        }
    }

    /// Its name in paths and parameters.
    pub(super) fn name(self) -> &'static str {
        match self {
            Category::Spot => "spot",
            Category::Linear => "linear",
            Category::Inverse => "inverse",
            Category::Option => "option",
        }
    }

    /// Perpetuals and dated futures.
    pub(super) fn is_future(self) -> bool {
        matches!(self, Category::Linear | Category::Inverse)
    }

    /// Whether numbers lose their trailing zeros.
    pub(super) fn trims(self) -> bool {
        !self.is_future()
    }

    /// Depths of `orderbook.<depth>` with their push intervals in ms.
    ///
    /// # Source
    /// v5 "Orderbook" and changelog: spot since 2026-03-19, futures since 2025-11-25.
    pub(super) fn depths(self) -> &'static [(usize, Nanos)] {
        match self {
            Category::Option => &[(25, 20), (100, 100)],
            _ => &[(1, 10), (50, 20), (200, 100), (1_000, 200)],
        }
    }

    /// Push interval of `tickers` in ms (spot since 2025-11-04).
    pub(super) fn ticker_pause(self) -> Nanos {
        if self == Category::Spot { 50 } else { 100 }
    }

    /// Default and most levels per side of the REST book.
    pub(super) fn rest_levels(self) -> (u64, u64) {
        match self {
            Category::Spot => (1, 1_000),
            Category::Option => (1, 25),
            _ => (25, 1_000),
        }
    }

    /// Default and most trades of the REST list.
    pub(super) fn rest_trades(self) -> (u64, u64) {
        if self == Category::Spot {
            (60, 60)
        } else {
            (500, 1_000)
        }
    }
}
