//! The last day by the minute, for rolling statistics.

use std::collections::VecDeque;

use super::candle::Candle;
use super::generator::Fill;
use super::interval::{Interval, Length};
use crate::clock::{Nanos, SECOND};

const MINUTE: Interval = Interval::utc(Length::minutes(1));

/// Minutes kept: the longest window of any venue is 24 hours, plus the minute it begins in.
const KEPT: usize = 24 * 60 + 1;

/// The minutes that saw trades, oldest first.
#[derive(Debug)]
pub(crate) struct Minutes {
    candles: VecDeque<Candle>,
    /// Price before the oldest of them.
    before: i64,
    px_digits: u8,
}

/// A rolling window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// The trades in the window; `start` is a minute's, so the window is up to 60 s longer than
    /// its name, and `end` is the time it was asked for.
    pub(crate) candle: Candle,
    /// Price of the last trade before the window, or the price the market opened at.
    pub(crate) before: i64,
}

impl Window {
    /// Average price weighted by quantity, rounded down; the last price without trades.
    pub(crate) fn average(&self) -> i128 {
        let volume = &self.candle.volume;
        let last = i128::from(self.candle.close);
        volume.quote.checked_div(volume.qty).unwrap_or(last)
    }

    /// Change over the window in units of `1 / per`, rounded towards zero: 10,000 gives
    /// hundredths of a percent.
    pub(crate) fn change(&self, per: i128) -> i128 {
        let (open, close) = (self.candle.open, self.candle.close);
        i128::from(close - open) * per / i128::from(open.max(1))
    }
}

impl Minutes {
    pub(crate) fn new(opening: i64, px_digits: u8) -> Self {
        Self {
            candles: VecDeque::new(),
            before: opening,
            px_digits,
        }
    }

    pub(crate) fn add(&mut self, fill: &Fill) {
        if self.candles.back().is_none_or(|last| last.closed(fill.at)) {
            if self.candles.len() == KEPT
                && let Some(gone) = self.candles.pop_front()
            {
                self.before = gone.close;
            }
            let start = MINUTE.start(fill.at);
            let candle = Candle::flat(start, MINUTE.end(start), fill.px);
            self.candles.push_back(candle);
        }
        if let Some(last) = self.candles.back_mut() {
            last.add(fill, self.px_digits);
        }
    }

    /// The trades of the last `minutes`, at most 1,440.
    pub(crate) fn window(&self, now: Nanos, minutes: u64) -> Window {
        let start = MINUTE.start(now.saturating_sub(minutes * 60 * SECOND));
        let first = self.candles.partition_point(|candle| candle.start < start);
        let before = first.checked_sub(1).and_then(|at| self.candles.get(at));
        let before = before.map_or(self.before, |candle| candle.close);
        let mut candle = Candle::flat(start, now, before);
        for minute in self.candles.range(first..) {
            candle.merge(minute);
        }
        Window { candle, before }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::Side;

    fn fill(id: u64, minute: u64, px: i64, qty: i64) -> Fill {
        Fill {
            id,
            aggregate: id,
            px,
            qty,
            taker: Side::Bid,
            at: minute * 60 * SECOND + 1,
        }
    }

    #[test]
    fn window_holds_the_trades_since_its_first_minute_and_the_price_before() {
        let mut minutes = Minutes::new(1_000, 0);
        for fill in [
            fill(1, 10, 990, 1),
            fill(2, 70, 1_010, 3),
            fill(3, 71, 1_020, 2),
        ] {
            minutes.add(&fill);
        }
        let hour = minutes.window(72 * 60 * SECOND, 60);
        assert_eq!(hour.before, 990);
        assert_eq!((hour.candle.trades, hour.candle.ids), (2, Some((2, 3))));
        assert_eq!(
            (hour.candle.open, hour.candle.high, hour.candle.close),
            (1_010, 1_020, 1_020)
        );
        assert_eq!((hour.average(), hour.change(10_000)), (1_014, 99));
        let day = minutes.window(72 * 60 * SECOND, 1_440);
        assert_eq!(
            (day.before, day.candle.trades, day.candle.low),
            (1_000, 3, 990)
        );
    }

    #[test]
    fn window_after_a_quiet_time_is_flat_at_the_last_price() {
        let mut minutes = Minutes::new(1_000, 0);
        minutes.add(&fill(1, 10, 990, 1));
        let hour = minutes.window(500 * 60 * SECOND, 60);
        assert_eq!(
            (hour.candle.open, hour.candle.trades, hour.average()),
            (990, 0, 990)
        );
    }

    #[test]
    fn minutes_older_than_a_day_are_forgotten_but_for_their_last_price() {
        let mut minutes = Minutes::new(1_000, 0);
        for minute in 0..2_000 {
            minutes.add(&fill(minute, minute, 1 + minute as i64, 1));
        }
        assert_eq!(minutes.candles.len(), KEPT);
        assert_eq!(minutes.before, 2_000 - KEPT as i64);
    }
}
