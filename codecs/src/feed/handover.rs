//! From one line to another: whether they overlapped.
//!
//! When one of two lines ends, the other carries its streams on. When that one ends too, the first
//! may be back; but that is no proof that nothing is missing: the line that stayed may have been
//! behind, and what it still owed from before the other's new beginning is gone. Numbers tell.
//! Where there are none, a message of any stream that both lines brought since all subscriptions of
//! the new one were acknowledged proves that they overlapped: a line is behind with all its streams
//! alike. So does a time in which no living line can be behind. Else there is a gap.

use super::gaps::OpenGap;
use super::gate::Gate;
use super::stream::Wanted;
use super::{Feed, Meta};
use crate::record::{GapCause, GapEnd, RecordSink};
use crate::time::Nanos;
use crate::venue::{Numbering, StreamKey, Venue};

/// Pairs of lines that are remembered: every two of three replicas with their successors.
const PAIRS_MAX: usize = 15;

/// When two lines last brought the same message: when the first of them did (monotonic).
#[derive(Debug, Default)]
pub(super) struct Meetings(Vec<((u16, u16), i64)>);

impl Meetings {
    #[inline]
    pub(super) fn met(&mut self, one: u16, other: u16, at: i64) {
        let pair = (one.min(other), one.max(other));
        if let Some((_, last)) = self.0.iter_mut().find(|(known, _)| *known == pair) {
            *last = at;
        } else {
            self.meet(pair, at);
        }
    }

    #[cold]
    fn meet(&mut self, pair: (u16, u16), at: i64) {
        if self.0.len() >= PAIRS_MAX {
            self.0.remove(0);
        }
        self.0.push((pair, at));
    }

    fn last(&self, one: u16, other: u16) -> Option<i64> {
        let pair = (one.min(other), one.max(other));
        let held = self.0.iter().find(|(known, _)| *known == pair)?;
        Some(held.1)
    }
}

/// A stream that one line carries alone, or might as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Handover {
    /// The line that ended.
    away: u16,
    /// Venue time of the newest message then.
    after: Nanos,
    /// Our stamp of the last message then.
    ts_good: Nanos,
}

impl<V: Venue> Feed<V> {
    /// A line ended whose stream is carried on by others.
    pub(super) fn hand_over(&mut self, key: StreamKey, meta: Meta, sink: &mut impl RecordSink) {
        if !self.is_unproven(key) {
            return;
        }
        let before = self.streams.of(key).handover;
        let stayed = before.filter(|before| before.away != meta.line);
        if let Some(before) = stayed
            && !self.is_carried_on(key, before, meta)
        {
            self.gate(meta, sink).lost_between_lines(key, before);
        }
        let state = self.streams.of(key);
        let now = Handover {
            away: meta.line,
            after: state.ts_venue,
            ts_good: state.ts_recv,
        };
        state.handover = before
            .filter(|before| before.away == meta.line)
            .or(Some(now));
    }

    /// Whether a line carries on that was there all the time, or that overlapped with the one that
    /// ended, or that has been back for so long that a line which was behind by more would have been
    /// given up as silent.
    fn is_carried_on(&self, key: StreamKey, before: Handover, meta: Meta) -> bool {
        let patience = self.venue.facts().silence_max;
        let mut others = self.lines.iter().filter(|line| line.id() != meta.line);
        others.any(|line| {
            let met = self.meetings.last(line.id(), meta.line);
            let overlapped = met.is_some_and(|at| at >= line.settled);
            let back = meta.now - line.since > patience;
            line.covers(key) && (line.id() != before.away || overlapped || back)
        })
    }
}

impl<V: Venue, S: RecordSink> Gate<'_, V, S> {
    /// What was sent between two lines may be missing: REST is asked, if it knows.
    fn lost_between_lines(&mut self, key: StreamKey, before: Handover) {
        let (ts_open, now) = (self.meta.ts_recv, self.meta.now);
        let gap = OpenGap {
            ts_open,
            ts_good: before.ts_good,
            ..OpenGap::new(GapCause::DISCONNECT)
        };
        self.tell(key, &gap, GapEnd::OPEN, 0);
        let by_ids = self.venue.numbering(key.channel) == Numbering::Ids;
        if !by_ids || self.recovery(key).is_none() {
            return self.tell(key, &gap, GapEnd::LOST, 0);
        }
        let given_up = self.streams.of(key).want(Wanted {
            gap,
            after: before.after,
            until: Nanos::MAX,
            asked: false,
            attempts: 0,
            due: now,
        });
        if let Some(older) = given_up {
            self.tell(key, &older.gap, GapEnd::LOST, 0);
        }
    }
}
