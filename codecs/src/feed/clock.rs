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
mod tests;
