//! How the cost of a message grows with instruments, levels and lines: a feed in memory, without
//! sockets, brought to life as a venue would and fed with book updates.
//!
//! Bybit linear: its books come whole in the stream, so that nothing but frames is needed.

use feedd_codecs::feed::{Feed, Intent, Meta, Outbox, Pick};
use feedd_codecs::venue::bybit::Bybit;
use feedd_codecs::venue::{Channel, StreamOptions};
use feedd_codecs::{Record, Reject, VenueId};

use feedd_codecs::feed::{FeedOptions, LivenessOptions};

use crate::latency::traffic::Market;
use crate::messages::Dice;

/// Time between two looks of the feed at the clock, while it comes to life.
const TICK: i64 = 100_000_000;
/// Looks after which it must live: 5,000 instruments subscribe at ten requests a second and line.
const TICKS_MAX: u32 = 20_000;
/// Levels that an update changes on a side.
const CHANGED: usize = 5;
/// Price of the middle in cents, and the digits behind its point.
const MIDDLE: usize = 6_451_180;

/// A feed with live books.
#[derive(Debug)]
pub struct Rig {
    feed: Feed<Bybit>,
    out: Outbox,
    /// The line of each instrument's book.
    lines: Vec<u16>,
    /// Update number of each book.
    updates: Vec<u64>,
    levels: usize,
    now: i64,
}

/// An update that was made before it is measured.
#[derive(Clone, Debug)]
pub struct Update {
    line: u16,
    frame: String,
}

impl Rig {
    /// A feed of `instruments` whose books have `levels` on each side.
    ///
    /// # Errors
    ///
    /// What the feed refused.
    pub fn live(instruments: usize, levels: usize) -> Result<Self, Reject> {
        let options = FeedOptions {
            instruments: (0..instruments)
                .map(|at| Pick::Symbol(symbol(at)))
                .collect(),
            channels: vec![Channel::BOOK],
            stream: StreamOptions {
                book_depth: 1_000,
                ..StreamOptions::default()
            },
            liveness: LivenessOptions {
                floor: 0,
                ceiling: 0,
            },
            ..FeedOptions::default()
        };
        let mut rig = Self {
            feed: Feed::new(VenueId::BYBIT_LINEAR, options)?,
            out: Outbox::default(),
            lines: vec![0; instruments],
            updates: vec![1; instruments],
            levels,
            now: 0,
        };
        let mut sink = |_: &Record<'_>| {};
        rig.feed.start(rig.meta(0), &mut rig.out, &mut sink);
        for _ in 0..TICKS_MAX {
            rig.serve()?;
            if rig.lines.iter().all(|line| *line > 0) {
                break;
            }
            rig.now += TICK;
            rig.feed.on_tick(rig.meta(0), &mut rig.out, &mut sink);
        }
        rig.snapshots()?;
        Ok(rig)
    }

    /// Books that are live.
    #[must_use]
    pub fn books(&self) -> usize {
        let known = self.feed.instruments().all().iter();
        let books = known.filter_map(|known| self.feed.book(known.id));
        books
            .filter(|(book, ..)| book.bids().count() == self.levels)
            .count()
    }

    /// Prepares `count` updates of instruments drawn at random.
    pub fn updates(&mut self, count: usize, dice: &mut Dice) -> Vec<Update> {
        (0..count).map(|_| self.update(dice)).collect()
    }

    /// Takes prepared updates; the records they made.
    ///
    /// # Errors
    ///
    /// What the feed refused.
    pub fn take(&mut self, updates: &[Update]) -> Result<u64, Reject> {
        let mut records = 0;
        let mut sink = |_: &Record<'_>| records += 1;
        for update in updates {
            let meta = self.meta(update.line);
            self.feed
                .on_frame(update.frame.as_bytes(), meta, &mut self.out, &mut sink)?;
        }
        Ok(records)
    }

    const fn meta(&self, line: u16) -> Meta {
        Meta {
            line,
            frame: 1,
            ts_recv: 1,
            ts_kernel: 0,
            now: self.now,
        }
    }

    /// Does what the feed wants: opens lines, answers subscriptions. REST gives nothing.
    fn serve(&mut self) -> Result<(), Reject> {
        let mut sink = |_: &Record<'_>| {};
        while !self.out.is_empty() {
            let intents: Vec<Intent> = self.out.drain().collect();
            for intent in intents {
                match intent {
                    Intent::Connect { line, .. } => {
                        self.feed.on_open(self.meta(line), &mut self.out, &mut sink);
                    }
                    Intent::Send { line, text } => self.answer(line, &text)?,
                    Intent::Fetch(fetch) => {
                        self.feed
                            .on_fetch_failed(fetch.want, self.meta(0), &mut sink);
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn answer(&mut self, line: u16, text: &str) -> Result<(), Reject> {
        for topic in text
            .split('"')
            .filter(|part| part.starts_with("orderbook."))
        {
            let at = topic
                .rsplit_once(".S")
                .and_then(|parts| parts.1.strip_suffix("USDT"));
            let slot = at.and_then(|at| self.lines.get_mut(at.parse::<usize>().ok()?));
            if let Some(slot) = slot {
                *slot = line;
            }
        }
        let mut sink = |_: &Record<'_>| {};
        for answer in Market::Bybit.answers(text) {
            let meta = self.meta(line);
            self.feed
                .on_frame(answer.as_bytes(), meta, &mut self.out, &mut sink)?;
        }
        Ok(())
    }

    fn snapshots(&mut self) -> Result<(), Reject> {
        let mut dice = Dice::new(3);
        for at in 0..self.lines.len() {
            let [bids, asks] = [-1, 1].map(|side| levels(side, 0..self.levels, &mut dice));
            let frame = book(at, "snapshot", &bids, &asks, self.updates[at]);
            let update = Update {
                line: self.lines[at],
                frame,
            };
            self.take(&[update])?;
        }
        Ok(())
    }

    fn update(&mut self, dice: &mut Dice) -> Update {
        let at = dice.below(self.lines.len() as u64) as usize;
        self.updates[at] += 1;
        let mut side = |side| {
            let first = dice.below((self.levels - CHANGED) as u64 + 1) as usize;
            levels(side, first..first + CHANGED, dice)
        };
        let (bids, asks) = (side(-1), side(1));
        let frame = book(at, "delta", &bids, &asks, self.updates[at]);
        Update {
            line: self.lines[at],
            frame,
        }
    }
}

fn symbol(at: usize) -> String {
    format!("S{at}USDT")
}

fn levels(side: isize, places: std::ops::Range<usize>, dice: &mut Dice) -> String {
    let level = |at: usize| {
        let cents = MIDDLE.saturating_add_signed(side * (at as isize + 1));
        let qty = 1 + dice.below(90_000);
        format!(
            r#"["{}.{:02}","{}.{:03}"]"#,
            cents / 100,
            cents % 100,
            qty / 1_000,
            qty % 1_000
        )
    };
    places.map(level).collect::<Vec<_>>().join(",")
}

fn book(at: usize, kind: &str, bids: &str, asks: &str, update: u64) -> String {
    let symbol = symbol(at);
    format!(
        r#"{{"topic":"orderbook.1000.{symbol}","type":"{kind}","ts":1790358506000,"data":{{"s":"{symbol}","b":[{bids}],"a":[{asks}],"u":{update},"seq":{}}},"cts":1790358505990}}"#,
        update * 17
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_book_lives_and_every_update_makes_a_record() {
        for (instruments, levels) in [(3, 20), (40, 1_000), (1_200, 20)] {
            let mut rig = Rig::live(instruments, levels).unwrap();
            assert_eq!(rig.books(), instruments);
            let updates = rig.updates(300, &mut Dice::new(1));
            assert_eq!(rig.take(&updates), Ok(300));
            assert_eq!(rig.books(), instruments);
        }
    }
}
