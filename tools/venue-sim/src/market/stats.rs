//! Running totals of the tape since the market opened; rolling windows are in
//! [`Minutes`](super::Minutes).

use super::generator::Fill;

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Stats {
    /// Price of the last trade, or the price the market opened at.
    pub(crate) last: i64,
    /// Sum of quantities, in units of the instrument's quantity digits.
    pub(crate) volume: i128,
    /// Sum of price times quantity, in units of both digits together.
    pub(crate) notional: i128,
}

impl Stats {
    pub(crate) fn new(open: i64) -> Self {
        Self {
            last: open,
            volume: 0,
            notional: 0,
        }
    }

    pub(crate) fn add(&mut self, fill: &Fill) {
        self.last = fill.px;
        self.volume += i128::from(fill.qty);
        self.notional += i128::from(fill.px) * i128::from(fill.qty);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::Side;

    #[test]
    fn totals_are_exact_and_an_empty_tape_shows_the_opening_price() {
        let mut stats = Stats::new(1_000);
        assert_eq!(stats.last, 1_000);
        for (id, px, qty) in [(1, 1_010, 3), (2, 990, 1), (3, 1_020, 2)] {
            stats.add(&Fill {
                id,
                aggregate: id,
                px,
                qty,
                taker: Side::Bid,
                at: id,
            });
        }
        assert_eq!(
            (stats.last, stats.volume, stats.notional),
            (1_020, 6, 6_060)
        );
    }
}
