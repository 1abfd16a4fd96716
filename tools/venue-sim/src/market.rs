//! The true market of one instrument: a book, a tape and a seeded event stream.
//!
//! Invariants, after every event:
//! * the book is never crossed or locked, and both sides hold at least one level;
//! * every quantity is a positive multiple of the lot, every price a positive multiple of the tick;
//! * the content depends on the seed and the event's number only, never on the clock.

mod book;
mod candle;
mod generator;
mod interval;
mod liquidation;
mod marks;
mod minutes;
mod stats;

use std::collections::VecDeque;

pub(crate) use book::{Book, Levels, Side};
pub(crate) use candle::{BASE_DIGITS, Candle, Cursor, Volume};
pub(crate) use generator::{Change, Fill, Step};
pub(crate) use interval::{Interval, Length};
pub(crate) use liquidation::Liquidation;
pub(crate) use marks::{FUNDING_DIGITS, Marks};
pub(crate) use minutes::{Minutes, Window};
pub(crate) use stats::Stats;

use crate::clock::Nanos;
use crate::instrument::InstrumentConfig;
use generator::Generator;
use liquidation::Liquidator;

/// Trades kept per instrument: half a day at the default rate. The oldest go first.
pub(crate) const TAPE_MAX: usize = 1_000_000;

/// Whether an instrument trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Trading,
    /// Stands still, stays in the reference data.
    Halted,
    /// Stands still and is gone from the reference data.
    Delisted,
}

/// Trades of one ordered burst at most: ten messages of the venue that splits earliest.
const BURST_MAX: u64 = 10_000;

/// Levels a side must keep when the tick size changes: a taker order may sweep three.
const LEVELS_LEFT_MIN: usize = 8;

/// One instrument with its true state.
#[derive(Debug)]
pub(crate) struct Market {
    pub(crate) config: InstrumentConfig,
    pub(crate) state: State,
    pub(crate) book: Book,
    /// Trades, oldest first.
    pub(crate) tape: VecDeque<Fill>,
    /// Trades that fell out of the tape.
    pub(crate) tape_lost: u64,
    pub(crate) stats: Stats,
    /// The last 24 hours by the minute.
    pub(crate) minutes: Minutes,
    pub(crate) marks: Marks,
    liquidator: Liquidator,
    generator: Generator,
}

impl Market {
    pub(crate) fn new(config: InstrumentConfig, levels: usize, first_id: u64, seed: u64) -> Self {
        let mut generator = Generator::new(levels, first_id, seed);
        let book = generator.opening_book(&config);
        let stats = Stats::new(config.px_start);
        let minutes = Minutes::new(config.px_start, config.px_digits);
        let marks = Marks::new(&config, seed);
        Self {
            config,
            state: State::Trading,
            book,
            tape: VecDeque::new(),
            tape_lost: 0,
            stats,
            minutes,
            marks,
            liquidator: Liquidator::new(seed),
            generator,
        }
    }

    /// Generates the next event, applies it and returns what changed.
    pub(crate) fn step(&mut self, now: Nanos) -> Step {
        let step = self.generator.step(&self.config, &mut self.book, now);
        self.followed(step)
    }

    /// One taker order that matches so many resting orders of one lot at the best price.
    pub(crate) fn burst(&mut self, trades: u64, now: Nanos) -> Step {
        let trades = trades.clamp(1, BURST_MAX);
        let step = self
            .generator
            .burst(&self.config, &mut self.book, trades, now);
        self.followed(step)
    }

    /// Everything else follows what the generator did to the book.
    fn followed(&mut self, mut step: Step) -> Step {
        self.marks.step(&self.config, &self.book, &step.fills);
        step.liquidation = self.liquidator.judge(&self.config, &step.fills);
        for fill in &step.fills {
            self.stats.add(fill);
            self.minutes.add(fill);
            if self.tape.len() == TAPE_MAX {
                self.tape.pop_front();
                self.tape_lost += 1;
            }
            self.tape.push_back(*fill);
        }
        step
    }

    /// Another tick size; returns the cancellation of the orders that are off it. `None` if the
    /// tick is not another one or would leave too little of the book.
    pub(crate) fn retick(&mut self, tick: i64, now: Nanos) -> Option<Step> {
        if tick <= 0 || tick == self.config.tick {
            return None;
        }
        let mut changes = Vec::new();
        for side in [Side::Bid, Side::Ask] {
            let levels = self.book.top(side, self.book.len(side));
            let off = levels.iter().filter(|(px, _)| px % tick != 0);
            let off: Vec<_> = off.map(|(px, _)| (*px, 0)).collect();
            if levels.len() - off.len() < LEVELS_LEFT_MIN {
                return None;
            }
            changes.extend(off.iter().map(|&(px, qty)| Change { side, px, qty }));
        }
        for change in &changes {
            self.book.set(change.side, change.px, change.qty);
        }
        self.config.tick = tick;
        Some(Step {
            at: now,
            changes,
            ..Step::default()
        })
    }

    /// A reader of the tape by intervals, from the one that holds `at`.
    pub(crate) fn candles(&self, interval: Interval, at: Nanos) -> Cursor {
        let (opening, digits) = (self.config.px_start, self.config.px_digits);
        Cursor::at(interval, at, &self.tape, opening, digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Product;
    use crate::instrument::default_instruments;

    fn market() -> Market {
        let config = default_instruments(Product::BinanceUsdm).remove(0);
        Market::new(config, 200, 1, 3)
    }

    #[test]
    fn coarser_tick_cancels_what_is_off_it_and_the_market_goes_on_on_it() {
        let mut market = market();
        let tick = market.config.tick * 5;
        let step = market.retick(tick, 0).unwrap();
        assert!(step.changes.iter().all(|c| c.qty == 0 && c.px % tick != 0));
        assert!(step.changes.len() > 100);
        for event in 0..20_000 {
            market.step(event);
            let (bid, ask) = (market.book.best(Side::Bid), market.book.best(Side::Ask));
            assert!(bid.unwrap().0 < ask.unwrap().0);
        }
        for side in [Side::Bid, Side::Ask] {
            assert!(
                market
                    .book
                    .top(side, 1_000)
                    .iter()
                    .all(|(px, _)| px % tick == 0)
            );
            assert!(market.book.len(side) >= 100);
        }
    }

    #[test]
    fn finer_tick_cancels_nothing_and_an_impossible_one_is_refused() {
        let mut market = market();
        assert_eq!(market.retick(1, 0).unwrap().changes, []);
        assert!(market.retick(1, 0).is_none(), "the same tick is no change");
        assert!(market.retick(1_000_000_007, 0).is_none());
        assert!(market.retick(0, 0).is_none());
    }
}
