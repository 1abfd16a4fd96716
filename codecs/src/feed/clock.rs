//! The venue's clock, as the stamps of one stream show it.
//!
//! A stamp that is lower than one that came before can mean two things: the message is late, on a
//! line that is behind another, or the venue's clock went back and the message is news. Its line
//! tells which. A line keeps the order in which the venue sent, however far it is behind; so only a
//! line that brought a stamp later than [`TOLERANCE`] itself has seen the clock go back. From there
//! on its stamps belong to a new *era*, and every moment of an era is after all moments of the one
//! before. Lines see the clock go back one after the other; a line that begins is in the newest era,
//! and so is one that brings a stamp beyond those that the era before had: it went back unseen, or
//! what went back was another line alone.
//!
//! A stamp that is much later than one before can mean two things as well: time went by, or the stamp
//! is wrong. Our own clock tells which. What was sent was sent before it came, so a stamp is not ahead
//! of our clock, unless the clocks differ, and then all are ahead by about as much. A stamp that is
//! ahead of our clock by more than any before is not believed: its message counts as sent with the one
//! before it on its line. So nothing is remembered of wrong stamps, and their end is no era. Only if all
//! lines bring nothing else for [`BELIEF`], the venue's clock was set (or ours), and the stamps hold.
//! The first stamp of a stream is believed: our clock may be wrong by any amount.
//!
//! This is the only place that says how far stamps can be trusted.

use super::arrivals::LINES_A_STREAM;
use crate::time::Nanos;

/// How far stamps of one stream may be out of order without telling anything: venues send messages
/// of the same second in another order now and then (semantics.md section 4: engine times may be
/// non-monotonic), while a clock that is set moves farther or is soon caught up with.
const TOLERANCE: Nanos = 1_000_000_000;
/// For how long stamps are ahead of our clock until they are believed: wrong ones are few, and a clock
/// that is set stays so. What comes in this time is ordered by its line alone.
const BELIEF: Nanos = 10_000_000_000;

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

/// How far one line came.
#[derive(Clone, Copy, Debug)]
struct Way {
    line: u16,
    /// Its newest moment.
    reach: Moment,
    /// Its last stamp, if that is not believed; 0 = it is.
    doubted: Nanos,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock {
    era: u32,
    /// How far lines were when the newest era began.
    left: Nanos,
    /// How far a stamp was ahead of our clock at most.
    lead: Option<Nanos>,
    /// Since when no stamp was believed, by our clock.
    doubts_since: Option<Nanos>,
    ways: Vec<Way>,
}

impl Clock {
    /// Reads the stamp of a message that `line` brought at `ts_recv` of our clock, copies included.
    /// Reading it once more changes nothing.
    #[inline]
    pub(super) fn read(&mut self, line: u16, ts: Nanos, ts_recv: Nanos) -> Reading {
        let believed = ts == 0 || self.believes(ts, ts_recv);
        let Some(at) = self.ways.iter().position(|way| way.line == line) else {
            return if believed {
                self.join(line, ts, 0)
            } else {
                self.join(line, self.guess(ts, ts_recv), ts)
            };
        };
        if !believed {
            self.ways[at].doubted = ts;
        } else if ts != 0 {
            self.advance(at, ts);
        }
        let reach = self.ways[at].reach;
        let ts = if believed { ts } else { reach.ts };
        Reading {
            at: Moment { ts, ..reach },
            reach,
        }
    }

    /// The moment of a stamp that was read before.
    pub(super) fn again(&self, ts: Nanos) -> Moment {
        let reaches = self.ways.iter().map(|way| way.reach);
        let newest = reaches.filter(|reach| reach.era == self.era).max();
        Moment {
            era: self.era,
            ts: newest.map_or(ts, |newest| ts.min(newest.ts)),
        }
    }

    /// Whether a stamp is not ahead of our clock by more than those before, or that has a reason.
    #[inline]
    fn believes(&mut self, ts: Nanos, ts_recv: Nanos) -> bool {
        let lead = ts.saturating_sub(ts_recv).max(0);
        let most = self.lead.unwrap_or(lead);
        if lead > most.saturating_add(TOLERANCE) && self.doubts(ts_recv) {
            return false;
        }
        (self.lead, self.doubts_since) = (Some(most.max(lead)), None);
        true
    }

    #[cold]
    fn doubts(&mut self, ts_recv: Nanos) -> bool {
        let since = *self.doubts_since.get_or_insert(ts_recv);
        if (0..BELIEF).contains(&ts_recv.saturating_sub(since)) {
            return true;
        }
        for way in &mut self.ways {
            way.reach.ts = way.reach.ts.max(way.doubted);
        }
        false
    }

    /// The line at `at` comes to a stamp that is believed.
    #[inline]
    fn advance(&mut self, at: usize, ts: Nanos) {
        let way = &mut self.ways[at];
        way.doubted = 0;
        let reach = &mut way.reach;
        if ts < reach.ts.saturating_sub(TOLERANCE) {
            return self.go_back(at, ts);
        }
        if reach.era < self.era && ts > self.left.saturating_add(TOLERANCE) {
            reach.era = self.era;
        }
        reach.ts = reach.ts.max(ts);
    }

    #[cold]
    fn go_back(&mut self, at: usize, ts: Nanos) {
        let old = self.era;
        if self.ways[at].reach.era == old {
            let apart = self.ways.iter().any(|way| way.reach.era != old);
            // Lines that are not there yet may stand beyond where all others stood.
            let behind = if apart { self.left } else { 0 };
            let there = self.ways.iter().filter(|way| way.reach.era == old);
            self.left = there.map(|way| way.reach.ts).fold(behind, Nanos::max);
            self.era = old.saturating_add(1);
        }
        let reach = &mut self.ways[at].reach;
        *reach = Moment {
            era: reach.era.saturating_add(1),
            ts,
        };
    }

    #[cold]
    fn join(&mut self, line: u16, ts: Nanos, doubted: Nanos) -> Reading {
        if self.ways.len() >= LINES_A_STREAM {
            self.ways.remove(0);
        }
        let reach = Moment { era: self.era, ts };
        self.ways.push(Way {
            line,
            reach,
            doubted,
        });
        Reading { at: reach, reach }
    }

    /// Where a line begins whose first stamp is not believed: where our clock says; if the stamps of another
    /// line are not believed either, as far from that line as the stamps are from each other.
    #[cold]
    fn guess(&self, ts: Nanos, ts_recv: Nanos) -> Nanos {
        let doubted = self.ways.iter().filter(|way| way.doubted != 0);
        doubted
            .max_by_key(|way| way.doubted)
            .map_or(ts_recv, |other| {
                let ahead = ts.saturating_sub(other.doubted);
                other.reach.ts.saturating_add(ahead).min(ts_recv)
            })
    }

    /// `line` begins anew.
    pub(super) fn leave(&mut self, line: u16) {
        self.ways.retain(|way| way.line != line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Nanos = 1_000_000_000;

    /// The moment of a stamp of a message that took no time to us, both in seconds.
    fn moment(clock: &mut Clock, line: u16, ts: Nanos) -> Moment {
        clock.read(line, ts * SECOND, ts * SECOND).at
    }

    /// The moments of stamps that came at those seconds of our clock.
    fn moments(clock: &mut Clock, stamps: &[(u16, Nanos, Nanos)]) -> Vec<Moment> {
        let read =
            |(line, ts, now): &(u16, Nanos, Nanos)| clock.read(*line, ts * SECOND, now * SECOND).at;
        stamps.iter().map(read).collect()
    }

    #[test]
    fn a_line_that_is_behind_is_late_however_far() {
        let mut clock = Clock::default();
        let newest = moment(&mut clock, 1, 100);
        assert!(moment(&mut clock, 2, 60) < newest);
        assert!(moment(&mut clock, 2, 61) < newest);
        assert!(moment(&mut clock, 1, 101) > newest);
    }

    #[test]
    fn a_clock_that_goes_back_begins_an_era_on_each_line_in_its_turn() {
        let mut clock = Clock::default();
        let jumped = moment(&mut clock, 1, 100);
        moment(&mut clock, 2, 99);
        let back = moment(&mut clock, 1, 95);
        assert!(back > jumped);
        assert!(moment(&mut clock, 2, 100) < back, "of the era before");
        let same = moment(&mut clock, 2, 95);
        assert_eq!(same, back);
        assert!(moment(&mut clock, 2, 96) > back);
    }

    #[test]
    fn stamps_out_of_order_within_the_tolerance_are_late() {
        let mut clock = Clock::default();
        let newest = moment(&mut clock, 1, 100);
        let late = clock.read(1, 99 * SECOND, 100 * SECOND);
        assert!(late.at < newest);
        assert_eq!(late.reach, newest);
    }

    #[test]
    fn a_line_that_begins_anew_is_in_the_newest_era() {
        let mut clock = Clock::default();
        moment(&mut clock, 1, 100);
        moment(&mut clock, 2, 100);
        let back = moment(&mut clock, 1, 90);
        clock.leave(2);
        assert!(moment(&mut clock, 2, 91) > back);
    }

    #[test]
    fn messages_without_stamp_move_nothing() {
        let mut clock = Clock::default();
        moment(&mut clock, 1, 100);
        assert!(!clock.read(1, 0, 100 * SECOND).at.is_stamped());
        assert_eq!(moment(&mut clock, 1, 100).order().0, 0);
    }

    #[test]
    fn news_is_later_than_any_copy() {
        let mut clock = Clock::default();
        let newest = moment(&mut clock, 1, 10);
        moment(&mut clock, 2, 10);
        assert!(!moment(&mut clock, 1, 11).is_news(newest));
        let later = clock.read(1, 11 * SECOND + 1, 12 * SECOND).at;
        assert!(later.is_news(newest));
        let back = moment(&mut clock, 1, 5);
        assert!(back.is_news(newest));
        assert!(
            !moment(&mut clock, 2, 11).is_news(back),
            "a line that is behind"
        );
        assert!(!clock.read(1, 0, 12 * SECOND).at.is_news(newest));
    }

    #[test]
    fn stamps_far_ahead_of_our_clock_move_nothing_and_their_end_is_no_era() {
        let mut clock = Clock::default();
        let stamps = [
            (1, 100, 100),
            (2, 100, 100),
            (2, 3_700, 101),
            (1, 101, 101),
            (2, 3_702, 102),
            (2, 103, 103),
            (1, 103, 103),
        ];
        let seen = moments(&mut clock, &stamps);
        assert_eq!(seen[2], seen[1], "as the one before it");
        assert!(seen[3] > seen[2] && !seen[2].is_news(seen[0]));
        assert_eq!(seen[4], seen[1]);
        assert_eq!(seen[5], seen[6], "of one era");
        assert_eq!(clock.again(4_000 * SECOND), seen[6]);
    }

    #[test]
    fn a_quiet_stream_goes_on_with_the_time_that_went_by() {
        let mut clock = Clock::default();
        let seen = moments(&mut clock, &[(1, 100, 100), (1, 3_700, 3_700)]);
        assert!(seen[1].is_news(seen[0]));
        let behind = moments(&mut clock, &[(2, 50, 3_700), (2, 3_701, 3_701)]);
        assert!(behind[1] > seen[1], "a line that catches up");
    }

    #[test]
    fn a_venue_whose_clock_is_ahead_of_ours_from_the_start_is_believed() {
        let mut clock = Clock::default();
        let stamps = [(1, 500, 100), (1, 502, 101), (1, 504, 103), (1, 900, 104)];
        let seen = moments(&mut clock, &stamps);
        assert!(seen[1] > seen[0] && seen[2] > seen[1]);
        assert_eq!(seen[3], seen[2]);
    }

    #[test]
    fn a_clock_that_was_set_ahead_is_believed_once_no_line_says_otherwise() {
        let mut clock = Clock::default();
        let seen = moments(
            &mut clock,
            &[
                (1, 100, 100),
                (2, 100, 100),
                (1, 161, 101),
                (2, 111, 111),
                (1, 172, 112),
                (2, 172, 112),
                (1, 182, 122),
                (2, 123, 123),
                (1, 183, 123),
                (1, 124, 124),
            ],
        );
        assert_eq!(seen[4], seen[0], "the other line says otherwise");
        assert!(seen[6].is_news(seen[3]));
        assert!(seen[7] > seen[6], "an era of its own");
        assert!(seen[8] < seen[7], "a line that is behind");
        assert!(seen[9] > seen[7] && seen[9].order().0 == 1);
    }

    #[test]
    fn a_line_is_in_the_newest_era_once_its_stamps_can_be_of_no_other() {
        let mut clock = Clock::default();
        let stamps = [
            (1, 100, 100),
            (2, 100, 100),
            (2, 40, 101),
            (1, 101, 101),
            (2, 102, 102),
            (1, 102, 102),
        ];
        let seen = moments(&mut clock, &stamps);
        assert!(seen[2] > seen[1]);
        assert!(seen[3] < seen[2], "it may still go back");
        assert_eq!(seen[4], seen[5]);
        assert!(seen[5] > seen[2]);
    }

    #[test]
    fn lines_that_begin_with_stamps_far_ahead_are_in_the_order_of_their_stamps() {
        let mut clock = Clock::default();
        let first = [(1, 100, 100), (2, 3_710, 110), (3, 3_705, 111)];
        let seen = moments(&mut clock, &first);
        assert!(seen[2] < seen[1], "sent before, came behind");
        assert_eq!(
            moments(&mut clock, &[(4, 3_711, 112)])[0].ts(),
            111 * SECOND
        );
    }

    #[test]
    fn a_line_that_begins_with_a_stamp_far_ahead_is_where_our_clock_says() {
        let mut clock = Clock::default();
        let seen = moments(&mut clock, &[(1, 100, 100), (2, 3_700, 101), (2, 102, 102)]);
        assert_eq!(seen[1].ts(), 101 * SECOND);
        assert!(seen[2] > seen[1] && seen[2].order().0 == 0);
    }
}
