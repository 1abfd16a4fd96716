//! Running totals of the tape, for the venues' tickers.

use super::generator::Fill;

/// Totals since the start. The venues roll over 24 hours; a simulation seldom lives that long.
#[derive(Clone, Debug)]
pub(crate) struct Stats {
    pub(crate) open: i64,
    pub(crate) last: i64,
    pub(crate) low: i64,
    pub(crate) high: i64,
    /// Sum of quantities, in units of the instrument's quantity digits.
    pub(crate) volume: i128,
    /// Sum of price times quantity, in units of both digits together.
    pub(crate) notional: i128,
    pub(crate) trades: u64,
}

impl Stats {
    pub(crate) fn new(open: i64) -> Self {
        Self {
            open,
            last: open,
            low: open,
            high: open,
            volume: 0,
            notional: 0,
            trades: 0,
        }
    }

    pub(crate) fn add(&mut self, fill: &Fill) {
        self.last = fill.px;
        self.low = self.low.min(fill.px);
        self.high = self.high.max(fill.px);
        self.volume += i128::from(fill.qty);
        self.notional += i128::from(fill.px) * i128::from(fill.qty);
        self.trades += 1;
    }

    /// Average price weighted by quantity, rounded down; the opening price before any trade.
    pub(crate) fn vwap(&self) -> i128 {
        self.notional
            .checked_div(self.volume)
            .unwrap_or(self.open.into())
    }

    /// Change since the opening in units of `1 / per`, rounded towards zero: 10,000 gives
    /// hundredths of a percent.
    pub(crate) fn change(&self, per: i128) -> i128 {
        i128::from(self.last - self.open) * per / i128::from(self.open.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::Side;

    #[test]
    fn totals_are_exact_and_an_empty_tape_shows_the_opening_price() {
        let mut stats = Stats::new(1_000);
        assert_eq!((stats.vwap(), stats.change(10_000)), (1_000, 0));
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
            (stats.low, stats.high, stats.last, stats.trades),
            (990, 1_020, 1_020, 3)
        );
        assert_eq!(
            (stats.volume, stats.notional, stats.vwap()),
            (6, 6_060, 1_010)
        );
        assert_eq!(stats.change(10_000), 200);
    }
}
