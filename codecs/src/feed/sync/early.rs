//! Book updates that came before what they follow: they wait for it.

use super::{BookSync, Levels, Rules, Verdict};
use crate::feed::clock::Moment;
use crate::record::{BookHead, GapCause, Level};
use crate::venue::{Follow, Venue};

/// Most updates that wait for one that is missing: 1 s of the busiest book streams.
const EARLY_MAX: usize = 100;

/// An update that came before what it follows.
#[derive(Debug)]
pub(in crate::feed) struct Early {
    pub(in crate::feed) head: BookHead,
    at: Moment,
    levels: Vec<Level>,
    bids: usize,
}

impl Early {
    pub(in crate::feed) fn levels(&self) -> Levels<'_> {
        self.levels.split_at(self.bids)
    }
}

impl BookSync {
    pub(super) const fn may_wait(&self, rules: Rules) -> bool {
        rules.wait > 0 && self.early.len() < EARLY_MAX
    }

    #[cold]
    pub(super) fn wait(
        &mut self,
        head: &BookHead,
        (bids, asks): Levels<'_>,
        at: Moment,
        now: i64,
    ) -> Verdict {
        if self.early.is_empty() {
            self.early_since = now;
        }
        self.early.push(Early {
            head: *head,
            at,
            levels: [bids, asks].concat(),
            bids: bids.len(),
        });
        Verdict::Early
    }

    /// The early update whose turn it is now; it has been applied.
    #[inline]
    pub(in crate::feed) fn next_early<V: Venue>(
        &mut self,
        venue: &V,
        rules: Rules,
    ) -> Option<Early> {
        if self.early.is_empty() {
            return None;
        }
        let mut early = std::mem::take(&mut self.early);
        let newest = self.mark.0;
        early.retain(|update| {
            let head = &update.head;
            // Without numbers, what is not later than the book is another copy of what it holds.
            let past = head.header.seq == 0 && update.at.is_stamped() && update.at <= newest;
            !past && venue.follow(self.held, head) != Follow::Stale
        });
        let turn = early.iter().position(|update| {
            venue.follow(self.held, &update.head) == Follow::Apply
                && self
                    .attempt(venue, &update.head, update.levels(), update.at, rules)
                    .is_ok()
        });
        let turn = turn.map(|at| early.remove(at));
        self.early = early;
        turn
    }

    /// Whether early updates have waited for too long.
    pub(in crate::feed) fn is_overdue(&self, now: i64, wait: i64) -> bool {
        !self.early.is_empty() && now - self.early_since >= wait
    }

    /// What is missing will not come: the book breaks. The updates that waited are handed out.
    pub(in crate::feed) fn give_up_waiting(&mut self, joins: bool) -> (Verdict, Vec<Early>) {
        let mut early = std::mem::take(&mut self.early);
        early.sort_by_key(|update| update.head.first_seq);
        let first = early.first().map(|update| update.head);
        let numbered = first.is_some_and(|head| head.header.seq != 0);
        let cause = if numbered {
            GapCause::SEQUENCE
        } else {
            GapCause::CHECKSUM
        };
        let verdict = self.broke(cause, first.as_ref());
        for update in &early {
            self.hold(&update.head, update.levels(), joins);
        }
        (verdict, early)
    }
}
