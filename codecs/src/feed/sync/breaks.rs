//! How a book stops being right, and the gap that this opens.

use super::{BookSync, Levels, State, Verdict};
use crate::feed::gaps::OpenGap;
use crate::record::{BookHead, GapCause};

impl BookSync {
    /// The gap that a snapshot shows which replaces a live book and is not its next state: what
    /// lies between was never seen.
    pub(in crate::feed) fn skipped_by(
        &mut self,
        head: &BookHead,
        levels: Levels<'_>,
    ) -> Option<OpenGap> {
        let held = self.held.seq.filter(|_| self.state == State::Live)?;
        let seq = head.header.seq;
        let skips = if seq == 0 {
            !self.book.holds(levels, head.px_exp, head.qty_exp)
        } else {
            seq > held.saturating_add(1)
        };
        if !skips {
            return None;
        }
        let Verdict::Broken(gap) = self.broke(GapCause::SEQUENCE, None) else {
            return None;
        };
        let bound = |number: u64| if seq == 0 { 0 } else { number };
        Some(OpenGap {
            first_seq: bound(held.saturating_add(1)),
            last_seq: bound(seq.saturating_sub(1)),
            ..gap
        })
    }

    /// The gap that ends now, if the book is right again.
    pub(in crate::feed) fn heal(&mut self) -> Option<OpenGap> {
        self.gap.take_if(|_| self.state == State::Live)
    }

    /// Marks the book as bad for a reason outside its own updates; `None` if it was not live.
    pub(in crate::feed) fn lose(&mut self, cause: GapCause) -> Option<OpenGap> {
        self.buffer.clear();
        for early in std::mem::take(&mut self.early) {
            self.left_out(&early.head, early.at());
        }
        self.arrivals.clear();
        self.attempts = 0;
        self.due = 0;
        match self.state {
            State::Live => match self.broke(cause, None) {
                Verdict::Broken(found) => Some(found),
                _ => None,
            },
            State::Unsynced | State::Bad => None,
        }
    }

    pub(in crate::feed) fn widen(&mut self, px_exp: i8, qty_exp: i8) -> Option<OpenGap> {
        match self.book.widen(px_exp, qty_exp) {
            Ok(()) => None,
            Err(_) => self.lose(GapCause::RANGE),
        }
    }

    /// The book is bad. A book that breaks again before an update was applied keeps its pause, so
    /// that a venue whose snapshots do not hold is not asked in a circle.
    pub(super) fn broke(&mut self, cause: GapCause, head: Option<&BookHead>) -> Verdict {
        let good_seq = self.held.seq.unwrap_or(0);
        let numbered = head.filter(|head| head.first_seq > good_seq.saturating_add(1));
        let known = |bound: u64| numbered.map_or(0, |_| bound);
        let last = numbered.map_or(0, |head| head.first_seq - 1);
        if std::mem::replace(&mut self.state, State::Bad) == State::Bad {
            return Verdict::StillBad;
        }
        self.counts.gaps += 1;
        self.crossed_since = None;
        if self.attempts == 0 {
            self.due = 0;
        }
        Verdict::Broken(OpenGap {
            good_seq,
            first_seq: known(good_seq.saturating_add(1)),
            last_seq: last,
            ts_good: self.ts_good,
            ..OpenGap::new(cause)
        })
    }
}
