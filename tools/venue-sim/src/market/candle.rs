//! Candles: what the tape says about one interval.
//!
//! A candle is made of fills and nothing else, so it always equals the trades that were published.
//! An interval without trades has a candle too: flat at the price of the last trade before it.

use std::collections::VecDeque;

use super::generator::Fill;
use super::interval::Interval;
use crate::clock::Nanos;

/// Digits of [`Volume::base`] below the quantity's own.
pub(crate) const BASE_DIGITS: u8 = 12;

/// Candles without trades that one [`Cursor::advance`] closes at most; it goes on from there at
/// the next call. Bounds what a clock that jumps can cost.
const CLOSED_MAX: usize = 10_000;

/// Exact sums over fills.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Volume {
    /// Quantity, in units of the instrument's quantity digits.
    pub(crate) qty: i128,
    /// Price times quantity, in units of both digits together.
    pub(crate) quote: i128,
    /// Quantity over price, in units of the quantity digits and [`BASE_DIGITS`] more, each fill
    /// rounded down: the value of inverse contracts.
    pub(crate) base: i128,
}

impl Volume {
    fn add(&mut self, fill: &Fill, px_digits: u8) {
        let (px, qty) = (i128::from(fill.px), i128::from(fill.qty));
        self.qty += qty;
        self.quote += px * qty;
        let one = 10_i128.pow(u32::from(BASE_DIGITS + px_digits));
        self.base += (qty * one).checked_div(px).unwrap_or(0);
    }

    fn merge(&mut self, other: &Volume) {
        self.qty += other.qty;
        self.quote += other.quote;
        self.base += other.base;
    }
}

/// One interval of the tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candle {
    pub(crate) start: Nanos,
    /// First nanosecond after the interval.
    pub(crate) end: Nanos,
    pub(crate) open: i64,
    pub(crate) high: i64,
    pub(crate) low: i64,
    pub(crate) close: i64,
    pub(crate) volume: Volume,
    /// The part of the volume whose taker bought.
    pub(crate) bought: Volume,
    pub(crate) trades: u64,
    /// Numbers of the first and the last trade; `None` without trades.
    pub(crate) ids: Option<(u64, u64)>,
}

impl Candle {
    /// A candle without trades at the last price before it.
    pub(crate) fn flat(start: Nanos, end: Nanos, px: i64) -> Self {
        Self {
            start,
            end,
            open: px,
            high: px,
            low: px,
            close: px,
            volume: Volume::default(),
            bought: Volume::default(),
            trades: 0,
            ids: None,
        }
    }

    pub(crate) fn add(&mut self, fill: &Fill, px_digits: u8) {
        let single = (fill.id, fill.id);
        self.prices(single, [fill.px; 4]);
        self.volume.add(fill, px_digits);
        if fill.taker == super::Side::Bid {
            self.bought.add(fill, px_digits);
        }
        self.trades += 1;
    }

    /// Adds a later candle's trades.
    pub(crate) fn merge(&mut self, later: &Candle) {
        let Some(ids) = later.ids else { return };
        self.prices(ids, [later.open, later.high, later.low, later.close]);
        self.volume.merge(&later.volume);
        self.bought.merge(&later.bought);
        self.trades += later.trades;
    }

    fn prices(&mut self, (first, last): (u64, u64), [open, high, low, close]: [i64; 4]) {
        match &mut self.ids {
            Some(ids) => {
                ids.1 = last;
                self.high = self.high.max(high);
                self.low = self.low.min(low);
            }
            None => {
                self.ids = Some((first, last));
                (self.open, self.high, self.low) = (open, high, low);
            }
        }
        self.close = close;
    }

    /// Whether the interval is over.
    pub(crate) fn closed(&self, now: Nanos) -> bool {
        now >= self.end
    }
}

/// Reads the tape on from where it last stopped.
#[derive(Debug)]
pub(crate) struct Cursor {
    interval: Interval,
    px_digits: u8,
    current: Candle,
    /// Number of the last trade that was read.
    seen: Option<u64>,
}

impl Cursor {
    /// A cursor at the beginning of the interval that holds `at`. `opening` is the price before
    /// the first trade of the tape.
    pub(crate) fn at(
        interval: Interval,
        at: Nanos,
        tape: &VecDeque<Fill>,
        opening: i64,
        px_digits: u8,
    ) -> Self {
        let start = interval.start(at);
        let before = tape.partition_point(|fill| fill.at < start).checked_sub(1);
        let before = before.and_then(|index| tape.get(index));
        let px = before.map_or(opening, |fill| fill.px);
        Self {
            interval,
            px_digits,
            current: Candle::flat(start, interval.end(start), px),
            seen: before.map(|fill| fill.id),
        }
    }

    /// Reads new trades up to `now`. Returns the candles that closed, oldest first.
    pub(crate) fn advance(&mut self, tape: &VecDeque<Fill>, now: Nanos) -> Vec<Candle> {
        let mut closed = Vec::new();
        let from = self
            .seen
            .map_or(0, |seen| tape.partition_point(|fill| fill.id <= seen));
        for fill in tape.range(from..) {
            self.close_until(fill.at, &mut closed);
            if fill.at >= self.current.end {
                return closed;
            }
            self.current.add(fill, self.px_digits);
            self.seen = Some(fill.id);
        }
        self.close_until(now, &mut closed);
        closed
    }

    fn close_until(&mut self, at: Nanos, closed: &mut Vec<Candle>) {
        while self.current.closed(at) && closed.len() < CLOSED_MAX {
            let (start, px) = (self.current.end, self.current.close);
            closed.push(self.current);
            self.current = Candle::flat(start, self.interval.end(start), px);
        }
    }

    /// The candle that is still open.
    pub(crate) fn current(&self) -> &Candle {
        &self.current
    }
}

#[cfg(test)]
mod tests {
    use super::super::interval::Length;
    use super::*;
    use crate::market::Side;

    fn fill(id: u64, at: Nanos, px: i64, qty: i64, taker: Side) -> Fill {
        Fill {
            id,
            aggregate: id,
            px,
            qty,
            taker,
            at,
        }
    }

    fn tape() -> VecDeque<Fill> {
        VecDeque::from([
            fill(7, 5, 100, 1, Side::Bid),
            fill(8, 12, 110, 2, Side::Bid),
            fill(9, 13, 90, 4, Side::Ask),
            fill(10, 35, 95, 1, Side::Ask),
        ])
    }

    fn cursor(at: Nanos) -> Cursor {
        Cursor::at(Interval::utc(Length::Fixed(10)), at, &tape(), 50, 0)
    }

    #[test]
    fn candles_equal_the_trades_of_their_interval() {
        let mut cursor = cursor(0);
        let closed = cursor.advance(&tape(), 36);
        assert_eq!(closed.len(), 3);
        let second = closed[1];
        assert_eq!(
            (second.open, second.high, second.low, second.close),
            (110, 110, 90, 90)
        );
        assert_eq!((second.volume.qty, second.volume.quote), (6, 580));
        assert_eq!((second.bought.qty, second.bought.quote), (2, 220));
        assert_eq!((second.trades, second.ids), (2, Some((8, 9))));
        // 2 / 110 + 4 / 90, each cut after twelve digits.
        assert_eq!(second.volume.base, 18_181_818_181 + 44_444_444_444);
        assert_eq!(cursor.current().ids, Some((10, 10)));
    }

    #[test]
    fn interval_without_trades_is_flat_at_the_price_before_it() {
        let flat = cursor(0).advance(&tape(), 36)[2];
        assert_eq!(
            (flat.open, flat.low, flat.close, flat.trades),
            (90, 90, 90, 0)
        );
        assert_eq!(flat.ids, None);
    }

    #[test]
    fn trades_are_read_once_and_a_later_start_knows_the_price_before() {
        let mut cursor = cursor(25);
        assert_eq!(cursor.current().open, 90);
        assert_eq!(cursor.advance(&tape(), 36).len(), 1);
        assert!(cursor.advance(&tape(), 39).is_empty());
        assert_eq!(cursor.current().trades, 1);
    }
}
