//! What derivatives have beside trades: mark and index price, funding, open interest.
//!
//! All walk around the market's mid price, a few ticks at most, with a random stream of their own:
//! they depend on the seed and the event's number like everything else.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::book::{Book, Side};
use super::generator::Fill;
use crate::clock::{Nanos, SECOND};
use crate::instrument::InstrumentConfig;

/// Keeps this stream apart from the market's own.
const SALT: u64 = 0x6d61_726b_735f_5f31;

/// Ticks the index may be away from the mid price.
const INDEX_TICKS: i64 = 12;

/// Ticks the mark price may be away from the index.
const MARK_TICKS: i64 = 6;

/// Bounds of the funding rate: 0.375 % either way.
const FUNDING_MAX: i64 = 375_000;

/// Open interest at the start, in lots; it never falls below a hundredth of it.
const OPEN_LOTS: i64 = 1_000_000;

/// Funding is due three times a day, at 0, 8 and 16 hours UTC.
const FUNDING_EVERY: Nanos = 8 * 3_600 * SECOND;

/// Digits of [`Marks::funding`].
pub(crate) const FUNDING_DIGITS: u8 = 8;

/// See the module. Prices are in units of the instrument's price digits and may be off the tick.
#[derive(Debug)]
pub(crate) struct Marks {
    rng: ChaCha8Rng,
    pub(crate) mark: i64,
    /// Mean of the recent mark prices.
    pub(crate) mark_average: i64,
    pub(crate) index: i64,
    /// Funding rate in units of 10^-8: 10,000 is 0.01 %.
    pub(crate) funding: i64,
    /// Open interest in units of the quantity digits.
    pub(crate) open_interest: i64,
    index_off: i64,
    mark_off: i64,
}

impl Marks {
    pub(crate) fn new(config: &InstrumentConfig, seed: u64) -> Self {
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed ^ SALT),
            mark: config.px_start,
            mark_average: config.px_start,
            index: config.px_start,
            funding: 10_000,
            open_interest: config.lot.saturating_mul(OPEN_LOTS),
            index_off: 0,
            mark_off: 0,
        }
    }

    /// Follows the book after one event, and the trades it made.
    pub(crate) fn step(&mut self, config: &InstrumentConfig, book: &Book, fills: &[Fill]) {
        let (Some((bid, _)), Some((ask, _))) = (book.best(Side::Bid), book.best(Side::Ask)) else {
            return;
        };
        self.index_off = self.walked(self.index_off, INDEX_TICKS);
        self.mark_off = self.walked(self.mark_off, MARK_TICKS);
        self.index = (bid.midpoint(ask) + self.index_off * config.tick).max(1);
        self.mark = (self.index + self.mark_off * config.tick).max(1);
        self.mark_average = (self.mark_average * 15 + self.mark) / 16;
        self.funding = self.walked(self.funding / 100, FUNDING_MAX / 100) * 100;
        let least = config.lot.saturating_mul(OPEN_LOTS / 100);
        for fill in fills {
            // Half of the trades open a position, half close one.
            let change = if fill.id % 2 == 0 {
                fill.qty
            } else {
                -fill.qty
            };
            self.open_interest = self.open_interest.saturating_add(change).max(least);
        }
    }

    /// One step of a bounded walk: down, stay or up with equal chance.
    fn walked(&mut self, at: i64, bound: i64) -> i64 {
        let step = ((u64::from(self.rng.next_u32()) * 3) >> 32) as i64 - 1;
        (at + step).clamp(-bound, bound)
    }

    /// When funding is next due.
    pub(crate) fn next_funding(now: Nanos) -> Nanos {
        (now / FUNDING_EVERY + 1) * FUNDING_EVERY
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Product;
    use crate::instrument::default_instruments;
    use crate::market::{Market, Side};

    #[test]
    fn marks_move_stay_near_the_mid_and_repeat_with_the_seed() {
        let market = || {
            let config = default_instruments(Product::BinanceUsdm).remove(0);
            Market::new(config, 200, 1, 11)
        };
        let (mut a, mut b) = (market(), market());
        let mut seen = std::collections::BTreeSet::new();
        for event in 0..5_000 {
            a.step(event);
            b.step(event * 3);
            let mid = a.book.best(Side::Bid).unwrap().0;
            assert!(
                (a.marks.mark - mid).abs() < 10_000,
                "{} at {mid}",
                a.marks.mark
            );
            seen.insert((a.marks.mark, a.marks.index, a.marks.funding));
        }
        assert!(seen.len() > 500);
        assert_eq!(
            (
                a.marks.mark,
                a.marks.index,
                a.marks.funding,
                a.marks.open_interest
            ),
            (
                b.marks.mark,
                b.marks.index,
                b.marks.funding,
                b.marks.open_interest
            )
        );
    }
}
