//! Holes in numbered streams: what is missing, since when, and what fills it.
//!
//! ```text
//!   number jumps ──> Hole (quiet: another line may bring it)
//!                      │ brought in time: nothing was lost, nobody hears of it
//!                      └ the wait is over: one Gap record, REST is asked
//!                           └ filled, or given up: the Gap's end
//! ```
//!
//! Only numbers inside a hole are ever taken late, so whoever repeats himself adds nothing.

use super::gaps::OpenGap;

/// Holes of one stream that are told apart; more are counted lost at once.
const HOLES_MAX: usize = 64;
/// Widest hole that is asked of REST: a hundred pages of the venues' thousand trades. A wider one is
/// an outage of hours, for which the venues have archives.
const RECOVERED_MAX: u64 = 100_000;
/// REST attempts that brought nothing, before a hole is given up.
const ATTEMPTS_MAX: u32 = 5;
/// First pause between two attempts, doubled each time: venues serve trades from a database that
/// lags behind the stream (Binance Spot REST page).
const PAUSE: i64 = 500_000_000;

/// Missing numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hole {
    pub(super) first: u64,
    pub(super) last: u64,
    /// Venue time of the last message before it.
    pub(super) after: i64,
    /// When it was found (monotonic).
    pub(super) found: i64,
    /// The line that showed it.
    pub(super) line: u16,
    /// The gap record that told of it.
    pub(super) gap: Option<OpenGap>,
    attempts: u32,
    due: i64,
}

impl Hole {
    pub(super) const fn missing(&self) -> u64 {
        self.last - self.first + 1
    }
}

/// What a number is to its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The first of all, or after a reset.
    First,
    /// The one after the last.
    Next,
    /// Beyond the next: what is between is missing.
    Ahead,
    /// Missing until now.
    Filling,
    /// Taken before.
    Old,
}

/// The holes of one stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Holes {
    next: Option<u64>,
    list: Vec<Hole>,
    asked: bool,
}

impl Holes {
    /// The number that would continue the stream; `None` before the first.
    pub(super) const fn next(&self) -> Option<u64> {
        self.next
    }

    pub(super) fn place(&self, number: u64) -> Place {
        match self.next {
            None => Place::First,
            Some(next) if number == next => Place::Next,
            Some(next) if number > next => Place::Ahead,
            Some(_) if self.list.iter().any(|hole| holds(hole, number)) => Place::Filling,
            Some(_) => Place::Old,
        }
    }

    /// The stream is at `number` now.
    pub(super) fn advance(&mut self, number: u64) {
        self.next = Some(number.saturating_add(1));
    }

    /// The venue numbers anew: nothing before says anything about what comes.
    pub(super) fn reset(&mut self) -> Vec<Hole> {
        self.next = None;
        std::mem::take(&mut self.list)
    }

    /// Opens the hole before `number`; the one that is given up for it, if there are too many.
    pub(super) fn open(
        &mut self,
        number: u64,
        after: i64,
        (line, now): (u16, i64),
        gap: Option<OpenGap>,
    ) -> Option<Hole> {
        let first = self.next.unwrap_or(number);
        let given_up = (self.list.len() >= HOLES_MAX).then(|| self.list.remove(0));
        self.list.push(Hole {
            first,
            last: number.saturating_sub(1).max(first),
            after,
            found: now,
            line,
            gap,
            attempts: 0,
            due: now,
        });
        given_up
    }

    /// Takes `number` out of its hole; the hole, once nothing is missing in it any more.
    pub(super) fn fill(&mut self, number: u64) -> Option<Hole> {
        let at = self.list.iter().position(|hole| holds(hole, number))?;
        let hole = &mut self.list[at];
        if hole.first == hole.last {
            return Some(self.list.remove(at));
        }
        if number == hole.first {
            hole.first += 1;
        } else if number == hole.last {
            hole.last -= 1;
        } else {
            let mut behind = hole.clone();
            hole.last = number - 1;
            behind.first = number + 1;
            self.list.insert(at + 1, behind);
        }
        None
    }

    /// Whether another part of the gap that began at `ts_open` is still missing.
    pub(super) fn shares(&self, ts_open: i64, first: u64) -> bool {
        let same = |gap: &OpenGap| gap.ts_open == ts_open && gap.first_seq == first;
        self.list
            .iter()
            .any(|hole| hole.gap.as_ref().is_some_and(same))
    }

    /// Holes that waited long enough without a gap record.
    pub(super) fn overdue(&mut self, now: i64, wait: i64) -> impl Iterator<Item = &mut Hole> {
        self.list
            .iter_mut()
            .filter(move |hole| hole.gap.is_none() && now - hole.found >= wait)
    }

    /// The hole that REST should be asked about now.
    pub(super) fn next_ask(&mut self, now: i64) -> Option<&Hole> {
        let due = |hole: &&Hole| hole.gap.is_some() && now >= hole.due;
        let hole = self.list.iter().find(due).filter(|_| !self.asked)?;
        self.asked = true;
        Some(hole)
    }

    /// An answer came, or none will: with `progress` the next page is asked for at once, else later.
    pub(super) fn answered(&mut self, now: i64, progress: bool) -> Vec<Hole> {
        self.asked = false;
        for hole in self.list.iter_mut().filter(|hole| hole.gap.is_some()) {
            hole.attempts = if progress { 0 } else { hole.attempts + 1 };
            let pause = if progress {
                0
            } else {
                PAUSE << hole.attempts.min(6)
            };
            hole.due = now + pause;
        }
        self.list
            .extract_if(.., |hole| hole.attempts >= ATTEMPTS_MAX)
            .collect()
    }

    /// Gives up the declared holes that are too wide to be fetched.
    pub(super) fn give_up_wide(&mut self) -> Vec<Hole> {
        let wide = |hole: &mut Hole| hole.gap.is_some() && hole.missing() > RECOVERED_MAX;
        self.list.extract_if(.., wide).collect()
    }

    /// Gives up the declared holes of a stream whose venue has no REST for them.
    pub(super) fn give_up(&mut self) -> Vec<Hole> {
        self.list
            .extract_if(.., |hole| hole.gap.is_some())
            .collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

fn holds(hole: &Hole, number: u64) -> bool {
    (hole.first..=hole.last).contains(&number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(number: u64) -> Holes {
        let mut holes = Holes::default();
        holes.advance(number);
        holes
    }

    #[test]
    fn numbers_have_their_places() {
        let mut holes = at(10);
        assert_eq!(Holes::default().place(10), Place::First);
        assert_eq!(holes.place(11), Place::Next);
        assert_eq!(holes.place(10), Place::Old);
        assert_eq!(holes.place(14), Place::Ahead);
        holes.open(14, 0, (1, 0), None);
        holes.advance(14);
        assert_eq!(holes.place(12), Place::Filling);
        assert_eq!(holes.place(15), Place::Next);
    }

    #[test]
    fn a_hole_is_filled_from_any_side_and_only_once() {
        let mut holes = at(10);
        holes.open(16, 0, (1, 0), None);
        holes.advance(16);
        for (number, ends) in [
            (13, false),
            (11, false),
            (15, false),
            (12, true),
            (14, true),
        ] {
            assert_eq!(holes.place(number), Place::Filling, "{number}");
            assert_eq!(holes.fill(number).is_some(), ends, "{number}");
            assert_eq!(holes.place(number), Place::Old, "{number}");
        }
        assert!(holes.is_empty());
    }

    #[test]
    fn a_hole_that_rest_does_not_know_is_given_up() {
        let mut holes = at(10);
        let gap = OpenGap::default();
        holes.open(12, 0, (1, 0), Some(gap));
        let mut now = 0;
        for attempt in 1..=ATTEMPTS_MAX {
            while holes.next_ask(now).is_none() {
                now += PAUSE / 10;
            }
            assert!(holes.next_ask(now).is_none(), "one request at a time");
            let given_up = holes.answered(now, false);
            assert_eq!(given_up.len(), usize::from(attempt == ATTEMPTS_MAX));
        }
        assert!(holes.is_empty());
    }
}
