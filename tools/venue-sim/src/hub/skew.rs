//! Venues whose clock is wrong for a while.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::clock::{self, Nanos};
use crate::config::Product;
use crate::fault::shift_stamps;

/// Largest error of a clock, in ms: a day.
const SKEW_MAX: u64 = 24 * 3_600 * 1_000;

/// Error in ns and its end, per product.
#[derive(Debug, Default)]
pub(crate) struct Skews(BTreeMap<Product, (i64, Nanos)>);

impl Skews {
    pub(crate) fn set(&mut self, product: Product, by_ms: i64, lasts: Duration) {
        let lasts = u64::try_from(lasts.as_nanos()).unwrap_or(u64::MAX);
        let by = if by_ms.unsigned_abs() > SKEW_MAX {
            0
        } else {
            by_ms * 1_000_000
        };
        self.0
            .insert(product, (by, clock::now().saturating_add(lasts)));
    }

    /// How far the product's clock is ahead, in ns.
    pub(crate) fn of(&self, product: Product) -> i64 {
        match self.0.get(&product) {
            Some((by, until)) if clock::now() < *until => *by,
            _ => 0,
        }
    }

    /// The text with the stamps that the product's clock makes.
    pub(crate) fn shifted(&self, product: Product, text: String) -> String {
        match self.of(product) {
            0 => text,
            by => shift_stamps(&text, by),
        }
    }
}
