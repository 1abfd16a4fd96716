//! Holes in numbered streams on their way into the journal: opened, told, filled or given up.

use std::collections::VecDeque;

use super::Gate;
use super::admit::Sign;
use crate::feed::gaps::OpenGap;
use crate::feed::holes::Hole;
use crate::record::{GapCause, GapEnd, RecordSink};
use crate::venue::{Hole as Range, StreamKey, Venue};

impl<V: Venue, S: RecordSink> Gate<'_, V, S> {
    #[cold]
    pub(super) fn reset(&mut self, key: StreamKey, sign: Sign) {
        let given_up = self.streams.of(key).holes.reset();
        self.lose_holes(key, given_up);
        self.lose_stream(key, GapCause::RESET);
        self.resume(key, sign, GapEnd::LOST);
        self.streams.of(key).holes.advance(sign.seq);
    }

    #[cold]
    pub(super) fn open_hole(&mut self, key: StreamKey, sign: Sign) {
        let (line, now) = (self.meta.line, self.meta.now);
        if let Some(gap) = self.streams.of(key).gap
            && gap.cause == GapCause::BACKPRESSURE
        {
            // That gap is of numbers that were taken; the hole is another.
            self.resume_after_gap(key, sign, GapEnd::LOST);
        }
        let state = self.streams.of(key);
        let good = (state.ts_venue, state.ts_recv);
        let next = state.holes.next().unwrap_or(sign.seq);
        let gap = state.gap.take().map(|gap| OpenGap {
            first_seq: next,
            last_seq: sign.seq - 1,
            ..gap
        });
        let given_up = state
            .holes
            .open((sign.seq, sign.ts), good, (line, now), gap);
        state.holes.advance(sign.seq);
        if let Some(hole) = given_up {
            self.end_hole(key, hole, GapEnd::LOST);
        }
        if self.wait == 0 {
            self.declare_holes(key);
        }
    }

    /// Writes the gap records of holes that nobody filled in time.
    pub(in crate::feed) fn declare_holes(&mut self, key: StreamKey) {
        let (now, wait) = (self.meta.now, self.wait);
        for hole in self.streams.of(key).holes.overdue(now, wait) {
            let gap = self.declare(key, &hole);
            self.streams.of(key).holes.told(hole.first, gap);
        }
        let given_up = if self.recovery(key).is_none() {
            self.streams.of(key).holes.give_up()
        } else {
            self.streams.of(key).holes.give_up_wide()
        };
        self.lose_holes(key, given_up);
    }

    /// Tells of a hole, as of the line that showed it.
    fn declare(&mut self, key: StreamKey, hole: &Hole) -> OpenGap {
        let gap = OpenGap {
            good_seq: hole.first.saturating_sub(1),
            first_seq: hole.first,
            last_seq: hole.last,
            ts_open: self.meta.ts_recv,
            ts_good: hole.ts_good,
            ..OpenGap::new(GapCause::SEQUENCE)
        };
        let line = std::mem::replace(&mut self.meta.line, hole.line);
        self.tell(key, &gap, GapEnd::OPEN, hole.missing());
        self.meta.line = line;
        gap
    }

    /// Whether REST has trades of this stream.
    pub(in crate::feed) fn recovery(&self, key: StreamKey) -> Option<crate::venue::Query> {
        let range = Range {
            first: 1,
            last: 1,
            after: 0,
            until: 0,
        };
        let symbol = &self.instruments.get(key.instrument).symbol;
        self.venue.trades_query(symbol, key.channel, range)
    }

    /// Takes a number out of its hole; `by` is how the gap ends with the last one, by default
    /// through the line that brought it.
    pub(super) fn fill(&mut self, key: StreamKey, sign: Sign, by: Option<GapEnd>) {
        let filled = self.streams.of(key).holes.fill(sign.seq, sign.ts);
        if let Some(hole) = filled.given_up {
            self.end_hole(key, hole, GapEnd::LOST);
        }
        if let Some(hole) = filled.ended {
            let other = hole.line != self.meta.line;
            let by = by.unwrap_or(if other {
                GapEnd::OTHER_LINE
            } else {
                GapEnd::NOTHING
            });
            self.end_hole(key, hole, by);
        }
    }

    /// Holes that were given up together: a gap of which several are parts ends once.
    pub(super) fn lose_holes(&mut self, key: StreamKey, given_up: Vec<Hole>) {
        let mut rest = VecDeque::from(given_up);
        while let Some(hole) = rest.pop_front() {
            let Some(gap) = hole.gap else {
                self.end_hole(key, hole, GapEnd::LOST);
                continue;
            };
            let mut parts = rest.iter_mut().filter_map(|part| part.gap.as_mut());
            match parts.find(|part| part.is(&gap)) {
                Some(part) => part.lost += gap.lost.saturating_add(hole.missing()),
                None => self.end_hole(key, hole, GapEnd::LOST),
            }
        }
    }

    /// Writes how a gap ended, with the last of its parts. A hole that is given up before it was
    /// told is told first.
    pub(super) fn end_hole(&mut self, key: StreamKey, mut hole: Hole, end: GapEnd) {
        let lost = if end == GapEnd::LOST {
            hole.missing()
        } else {
            0
        };
        if hole.gap.is_none() && lost > 0 {
            hole.gap = Some(self.declare(key, &hole));
        }
        let Some(gap) = self.streams.of(key).holes.close(&hole, lost) else {
            return;
        };
        let end = if gap.lost > 0 { GapEnd::LOST } else { end };
        self.tell(key, &gap, end, gap.lost);
    }
}
