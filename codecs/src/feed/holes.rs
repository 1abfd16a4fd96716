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

/// Holes of one stream that are told apart; with more, the oldest is given up.
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
    /// Venue time of the first message behind it.
    pub(super) until: i64,
    /// Our stamp of the last message before it.
    pub(super) ts_good: i64,
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

/// What a number that was missing leaves of its hole.
#[derive(Debug, Default)]
pub(super) struct Filled {
    /// The hole, once nothing is missing in it any more.
    pub(super) ended: Option<Hole>,
    /// The hole that is given up because there are too many parts.
    pub(super) given_up: Option<Hole>,
}

/// The holes of one stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Holes {
    next: Option<u64>,
    list: Vec<Hole>,
    /// The bounds that REST was asked about.
    asked: Option<(u64, u64)>,
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

    /// Opens the hole before `number`, which the venue stamped `until`; the one that is given up for it, if there are too many.
    pub(super) fn open(
        &mut self,
        (number, until): (u64, i64),
        (after, ts_good): (i64, i64),
        (line, now): (u16, i64),
        gap: Option<OpenGap>,
    ) -> Option<Hole> {
        let first = self.next.unwrap_or(number);
        let given_up = (self.list.len() >= HOLES_MAX).then(|| self.list.remove(0));
        self.list.push(Hole {
            first,
            last: number.saturating_sub(1).max(first),
            after,
            until,
            ts_good,
            found: now,
            line,
            gap,
            attempts: 0,
            due: now,
        });
        given_up
    }

    /// Takes `number`, which the venue stamped `ts`, out of its hole.
    pub(super) fn fill(&mut self, number: u64, ts: i64) -> Filled {
        let mut filled = Filled::default();
        let Some(at) = self.list.iter().position(|hole| holds(hole, number)) else {
            return filled;
        };
        let hole = &mut self.list[at];
        if hole.first == hole.last {
            filled.ended = Some(self.list.remove(at));
        } else if number == hole.first {
            (hole.first, hole.after) = (number + 1, ts);
        } else if number == hole.last {
            (hole.last, hole.until) = (number - 1, ts);
        } else {
            let mut behind = hole.clone();
            (hole.last, hole.until) = (number - 1, ts);
            (behind.first, behind.after) = (number + 1, ts);
            // What is lost of the gap stays with one of its parts.
            behind.gap.iter_mut().for_each(|gap| gap.lost = 0);
            self.list.insert(at + 1, behind);
            filled.given_up = (self.list.len() > HOLES_MAX).then(|| self.list.remove(0));
        }
        filled
    }

    /// A hole is no more, with `lost` numbers still missing in it. The gap that it was the last part
    /// of, with all that is lost of it; while other parts are open, one of them keeps the count.
    pub(super) fn close(&mut self, hole: &Hole, lost: u64) -> Option<OpenGap> {
        let mut gap = hole.gap?;
        gap.lost = gap.lost.saturating_add(lost);
        let mut open = self.list.iter_mut().filter_map(|part| part.gap.as_mut());
        match open.find(|part| part.is(&gap)) {
            Some(part) => {
                part.lost = part.lost.saturating_add(gap.lost);
                None
            }
            None => Some(gap),
        }
    }

    /// The hole that begins with `first` was told as `gap`.
    pub(super) fn told(&mut self, first: u64, gap: OpenGap) {
        let hole = self.list.iter_mut().find(|hole| hole.first == first);
        hole.into_iter().for_each(|hole| hole.gap = Some(gap));
    }

    /// Holes that waited long enough without a gap record.
    pub(super) fn overdue(&self, now: i64, wait: i64) -> Vec<Hole> {
        let overdue = |hole: &&Hole| hole.gap.is_none() && now - hole.found >= wait;
        self.list.iter().filter(overdue).cloned().collect()
    }

    /// The hole that REST should be asked about now.
    pub(super) fn next_ask(&mut self, now: i64) -> Option<&Hole> {
        let due = |hole: &&Hole| hole.gap.is_some() && now >= hole.due;
        let hole = self
            .list
            .iter()
            .find(due)
            .filter(|_| self.asked.is_none())?;
        self.asked = Some((hole.first, hole.last));
        Some(hole)
    }

    /// An answer came, or none will: with `progress` the next page is asked for at once, else later.
    /// It says nothing about holes that were not asked about.
    pub(super) fn answered(&mut self, now: i64, progress: bool) -> Vec<Hole> {
        let Some((first, last)) = self.asked.take() else {
            return Vec::new();
        };
        let within = |hole: &&mut Hole| hole.first >= first && hole.last <= last;
        for hole in self.list.iter_mut().filter(within) {
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

    /// Gives up the oldest hole.
    pub(super) fn pop(&mut self) -> Option<Hole> {
        (!self.list.is_empty()).then(|| self.list.remove(0))
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
        holes.open((14, 0), (0, 0), (1, 0), None);
        holes.advance(14);
        assert_eq!(holes.place(12), Place::Filling);
        assert_eq!(holes.place(15), Place::Next);
    }

    #[test]
    fn a_hole_is_filled_from_any_side_and_only_once() {
        let mut holes = at(10);
        holes.open((16, 0), (0, 0), (1, 0), None);
        holes.advance(16);
        for (number, ends) in [
            (13, false),
            (11, false),
            (15, false),
            (12, true),
            (14, true),
        ] {
            assert_eq!(holes.place(number), Place::Filling, "{number}");
            assert_eq!(holes.fill(number, 0).ended.is_some(), ends, "{number}");
            assert_eq!(holes.place(number), Place::Old, "{number}");
        }
        assert!(holes.is_empty());
    }

    #[test]
    fn a_hole_that_rest_does_not_know_is_given_up() {
        let mut holes = at(10);
        let gap = OpenGap::default();
        holes.open((12, 0), (0, 0), (1, 0), Some(gap));
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

    #[test]
    fn an_answer_about_one_hole_says_nothing_about_another() {
        let mut holes = at(10);
        for number in [12, 20] {
            holes.open((number, 0), (0, 0), (1, 0), Some(OpenGap::default()));
            holes.advance(number);
        }
        let mut now = 0;
        let mut given_up = Vec::new();
        while given_up.is_empty() {
            let first = holes.next_ask(now).map(|hole| hole.first);
            given_up = holes.answered(now, first == Some(13));
            now += PAUSE;
        }
        assert_eq!((given_up[0].first, given_up.len()), (11, 1));
    }

    #[test]
    fn a_gap_in_parts_ends_once_with_the_sum_of_what_is_lost() {
        let mut holes = at(10);
        holes.open((20, 0), (0, 0), (1, 0), Some(OpenGap::default()));
        holes.advance(20);
        holes.fill(13, 7);
        let parts = holes.reset();
        holes.list = parts[1..].to_vec();
        assert_eq!(holes.close(&parts[0], parts[0].missing()), None);
        let second = holes.list.remove(0);
        assert_eq!((second.first, second.after), (14, 7));
        let gap = holes.close(&second, second.missing());
        assert_eq!(gap.map(|gap| gap.lost), Some(2 + 6));
    }

    #[test]
    fn parts_are_bounded() {
        let mut holes = at(0);
        holes.open((1_000_000, 0), (0, 0), (1, 0), Some(OpenGap::default()));
        holes.advance(1_000_000);
        let many = (2..1000).step_by(2);
        let given_up: Vec<Hole> = many
            .filter_map(|number| holes.fill(number, 0).given_up)
            .collect();
        assert_eq!(holes.list.len(), HOLES_MAX);
        assert_eq!(given_up.len(), 499 + 1 - HOLES_MAX);
        assert_eq!((given_up[0].first, given_up[0].last), (1, 1));
    }
}
