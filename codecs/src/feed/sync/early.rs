//! Book updates that came before what they follow: they wait for it.
//!
//! Without numbers, only a checksum tells that something is missing. An update whose checksum does not
//! hold waits, and those behind it wait with it: a later one may name the same levels, and its
//! checksum would then hold although the one before was never taken. What waits ends in the book,
//! as a copy of what another line brought, or in a gap.

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
    /// Whether it may be a spoiled copy of what the book took last from another line: nothing need
    /// wait for it.
    doubtful: bool,
}

impl Early {
    /// Whether what was sent at `at` came behind it: on its own line, or by the venue's clock.
    fn is_before(&self, head: &BookHead, at: Moment) -> bool {
        let in_line = self.head.header.line == head.header.line && self.at == at;
        !self.doubtful && (self.at < at || in_line)
    }

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
        let doubtful = self.is_doubtful(head, at);
        self.early.push(Early {
            head: *head,
            at,
            levels: [bids, asks].concat(),
            bids: bids.len(),
            doubtful,
        });
        Verdict::Early
    }

    /// Whether an update may be a copy of what the book took last from another line.
    fn is_doubtful(&self, head: &BookHead, at: Moment) -> bool {
        let same = at.is_stamped() && at == self.mark.0;
        head.header.seq == 0 && same && head.header.line != self.line
    }

    /// Whether an update whose checksum does not hold says what the book took from another line.
    pub(super) fn is_spoiled_copy(&self, head: &BookHead, levels: Levels<'_>, at: Moment) -> bool {
        self.is_doubtful(head, at) && self.book.has(levels, head.px_exp, head.qty_exp)
    }

    /// Whether an update without a number came behind one that waits.
    pub(super) fn overtakes(&self, head: &BookHead, at: Moment) -> bool {
        head.header.seq == 0 && self.early.iter().any(|early| early.is_before(head, at))
    }

    /// Whether updates without numbers wait: a snapshot would hide them.
    pub(in crate::feed) fn hides_early(&self) -> bool {
        let mut early = self.early.iter();
        early.any(|early| early.head.header.seq == 0 && !early.doubtful)
    }

    /// The early update whose turn it is now; it has been applied. Copies of what the book holds leave
    /// and are counted.
    #[inline]
    pub(in crate::feed) fn next_early<V: Venue>(
        &mut self,
        venue: &V,
        rules: Rules,
        copies: &mut u64,
    ) -> Option<Early> {
        if self.early.is_empty() {
            return None;
        }
        let mut early = std::mem::take(&mut self.early);
        let waited = early.len();
        early.retain_mut(|update| {
            update.doubtful = self.is_doubtful(&update.head, update.at);
            let (head, levels) = (&update.head, update.levels());
            // Without numbers, what is earlier than the book came on another line.
            let past = head.header.seq == 0 && update.at.is_stamped() && update.at < self.mark.0;
            let copy = past || self.is_spoiled_copy(head, levels, update.at);
            !copy && venue.follow(self.held, head) != Follow::Stale
        });
        *copies += (waited - early.len()) as u64;
        let turn = (0..early.len()).find(|turn| {
            let update = &early[*turn];
            !overtakes(&early, *turn)
                && venue.follow(self.held, &update.head) == Follow::Apply
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

/// Whether an early update without a number came behind another that waits.
fn overtakes(early: &[Early], turn: usize) -> bool {
    let Early { head, at, .. } = &early[turn];
    let before = |(place, other): (usize, &Early)| {
        place != turn && other.is_before(head, *at) && (place < turn || other.at < *at)
    };
    head.header.seq == 0 && early.iter().enumerate().any(before)
}
