//! The venue's clock, as the stamps of one stream show it.
//!
//! A stamp that is lower than one that came before can mean two things: the message is late, on a
//! line that is behind another, or the venue's clock went back and the message is news. Its line
//! tells which. A line keeps the order in which the venue sent, however far it is behind; so only a
//! line that brought a stamp later than [`TOLERANCE`] itself has seen the clock go back. From there
//! on its stamps belong to a new *era*, and every moment of an era is after all moments of the one
//! before. Lines see the clock go back one after the other; a line that begins is in the newest era.
//!
//! This is the only place that says how far stamps can be trusted.

use super::arrivals::LINES_A_STREAM;
use crate::time::Nanos;

/// How far stamps of one stream may be out of order without telling anything: venues send messages
/// of the same second in another order now and then (semantics.md section 4: engine times may be
/// non-monotonic), while a clock that is set moves farther or is soon caught up with.
const TOLERANCE: Nanos = 1_000_000_000;

/// When the venue sent something, by its own clock. Later moments are greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    /// How often the clock went back before.
    era: u32,
    /// The stamp; 0 = none.
    ts: Nanos,
}

impl Moment {
    pub(super) const fn is_stamped(self) -> bool {
        self.ts != 0
    }

    /// Whether it is so much later than `newest` that it is no copy of what came before: a copy is
    /// never newer than the newest message, the tolerance aside.
    pub(super) const fn is_news(self, newest: Self) -> bool {
        let later = self.ts > newest.ts.saturating_add(TOLERANCE);
        self.is_stamped() && (self.era > newest.era || self.era == newest.era && later)
    }

    pub(super) const fn ts(self) -> Nanos {
        self.ts
    }

    /// Its place in the order of its stream.
    pub(super) const fn order(self) -> (u32, u64) {
        (self.era, self.ts.cast_unsigned())
    }
}

/// A message's moment, and how far its line had come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) at: Moment,
    /// The newest moment that the line brought, this one included.
    pub(super) reach: Moment,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock {
    era: u32,
    /// The newest moment of each line.
    lines: Vec<(u16, Moment)>,
}

impl Clock {
    /// Reads the stamp of a message that `line` brought, copies included.
    #[inline]
    pub(super) fn read(&mut self, line: u16, ts: Nanos) -> Reading {
        let now = self.again(ts);
        let Some((_, reach)) = self.lines.iter_mut().find(|(known, _)| *known == line) else {
            return self.join(line, now);
        };
        if ts == 0 {
            return Reading {
                at: Moment { ts, ..*reach },
                reach: *reach,
            };
        }
        if ts < reach.ts.saturating_sub(TOLERANCE) {
            *reach = Moment {
                era: reach.era.saturating_add(1),
                ts,
            };
            self.era = self.era.max(reach.era);
        }
        reach.ts = reach.ts.max(ts);
        Reading {
            at: Moment { ts, ..*reach },
            reach: *reach,
        }
    }

    /// The moment of a stamp that was read before.
    pub(super) const fn again(&self, ts: Nanos) -> Moment {
        Moment { era: self.era, ts }
    }

    #[cold]
    fn join(&mut self, line: u16, now: Moment) -> Reading {
        if self.lines.len() >= LINES_A_STREAM {
            self.lines.remove(0);
        }
        self.lines.push((line, now));
        Reading {
            at: now,
            reach: now,
        }
    }

    /// `line` begins anew.
    pub(super) fn leave(&mut self, line: u16) {
        self.lines.retain(|(known, _)| *known != line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Nanos = 1_000_000_000;

    #[test]
    fn a_line_that_is_behind_is_late_however_far() {
        let mut clock = Clock::default();
        let newest = clock.read(1, 100 * SECOND).at;
        assert!(clock.read(2, 60 * SECOND).at < newest);
        assert!(clock.read(2, 61 * SECOND).at < newest);
        assert!(clock.read(1, 101 * SECOND).at > newest);
    }

    #[test]
    fn a_clock_that_goes_back_begins_an_era_on_each_line_in_its_turn() {
        let mut clock = Clock::default();
        let jumped = clock.read(1, 100 * SECOND).at;
        clock.read(2, 99 * SECOND);
        let back = clock.read(1, 95 * SECOND).at;
        assert!(back > jumped);
        assert!(clock.read(2, 100 * SECOND).at < back, "of the era before");
        let same = clock.read(2, 95 * SECOND).at;
        assert_eq!(same, back);
        assert!(clock.read(2, 96 * SECOND).at > back);
    }

    #[test]
    fn stamps_out_of_order_within_the_tolerance_are_late() {
        let mut clock = Clock::default();
        let newest = clock.read(1, 100 * SECOND).at;
        let late = clock.read(1, 99 * SECOND);
        assert!(late.at < newest);
        assert_eq!(late.reach, newest);
    }

    #[test]
    fn a_line_that_begins_anew_is_in_the_newest_era() {
        let mut clock = Clock::default();
        clock.read(1, 100 * SECOND);
        clock.read(2, 100 * SECOND);
        let back = clock.read(1, 90 * SECOND).at;
        clock.leave(2);
        assert!(clock.read(2, 91 * SECOND).at > back);
    }

    #[test]
    fn messages_without_stamp_move_nothing() {
        let mut clock = Clock::default();
        clock.read(1, 100 * SECOND);
        assert!(!clock.read(1, 0).at.is_stamped());
        assert_eq!(clock.read(1, 100 * SECOND).at.order().0, 0);
    }

    #[test]
    fn news_is_later_than_any_copy() {
        let mut clock = Clock::default();
        let newest = clock.read(1, 10 * SECOND).at;
        clock.read(2, 10 * SECOND);
        assert!(!clock.read(1, 11 * SECOND).at.is_news(newest));
        assert!(clock.read(1, 11 * SECOND + 1).at.is_news(newest));
        let back = clock.read(1, 5 * SECOND).at;
        assert!(back.is_news(newest));
        assert!(
            !clock.read(2, 11 * SECOND).at.is_news(back),
            "a line that is behind"
        );
        assert!(!clock.read(1, 0).at.is_news(newest));
    }
}
