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

/// One instrument with its true state.
#[derive(Debug)]
pub(crate) struct Market {
    pub(crate) config: InstrumentConfig,
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
        let mut step = self.generator.step(&self.config, &mut self.book, now);
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

    /// A reader of the tape by intervals, from the one that holds `at`.
    pub(crate) fn candles(&self, interval: Interval, at: Nanos) -> Cursor {
        let (opening, digits) = (self.config.px_start, self.config.px_digits);
        Cursor::at(interval, at, &self.tape, opening, digits)
    }
}
