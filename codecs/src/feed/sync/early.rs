//! Book updates that came before what they follow: they wait for it.
//!
//! Without numbers, only a checksum tells that something is missing. An update whose checksum does not
//! hold waits, and those behind it wait with it: a later one may name the same levels, and its
//! checksum would then hold although the one before was never taken. So does what a line brings that is
//! ahead of the book (`ahead.rs`). What waits ends in the book,
//! as a copy of what another line brought, or in a gap. What may yet prove to be a copy keeps nobody
//! waiting.

use super::{BookSync, Levels, Rules, Verdict};
use crate::feed::arrivals::Likeness;
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
    /// Since when it waits (monotonic).
    since: i64,
    /// Whether its line ended before it told what the update is.
    orphan: bool,
}

impl Early {
    /// Whether what was sent at `at` came behind it: on its own line, or by the venue's clock.
    fn is_before(&self, head: &BookHead, at: Moment) -> bool {
        self.at < at || self.head.header.line == head.header.line && self.at == at
    }

    pub(super) const fn at(&self) -> Moment {
        self.at
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
        self.early.push(Early {
            head: *head,
            at,
            levels: [bids, asks].concat(),
            bids: bids.len(),
            since: now,
            orphan: false,
        });
        Verdict::Early
    }

    fn likeness(&self, early: &Early) -> Likeness {
        let (head, at) = (&early.head.header, early.at);
        if head.seq != 0 || !at.is_stamped() {
            return Likeness::News;
        }
        match self.arrivals.likeness(head.line, at.order()) {
            Likeness::Unknown if early.orphan => Likeness::News,
            likeness => likeness,
        }
    }

    /// Whether others wait for it.
    fn is_news(&self, early: &Early) -> bool {
        self.likeness(early) == Likeness::News
    }

    /// A line ended: what it brought last will not be told from news any more.
    pub(super) fn orphan(&mut self, line: u16) {
        let own = self.early.iter_mut();
        own.filter(|early| early.head.header.line == line)
            .for_each(|early| early.orphan = true);
    }

    /// Whether an update whose checksum does not hold says what the book took from another line.
    pub(super) fn is_spoiled_copy(&self, head: &BookHead, levels: Levels<'_>, at: Moment) -> bool {
        let (line, order) = (head.header.line, at.order());
        let same = head.header.seq == 0 && at.is_stamped() && at == self.mark.0;
        same && self.arrivals.likeness(line, order) != Likeness::News
            && self.book.has(levels, head.px_exp, head.qty_exp)
    }

    /// Whether an update without a number came behind one that waits.
    pub(super) fn overtakes(&self, head: &BookHead, at: Moment) -> bool {
        let mut early = self.early.iter();
        head.header.seq == 0 && early.any(|early| early.is_before(head, at) && self.is_news(early))
    }

    /// Whether an update that could be applied comes before others that are missing.
    pub(super) fn is_too_soon(&mut self, head: &BookHead, at: Moment) -> bool {
        self.overtakes(head, at) || self.is_ahead(head.header.line, at)
    }

    /// Whether updates without numbers wait: a snapshot would hide them.
    pub(in crate::feed) fn hides_early(&self) -> bool {
        let mut early = self.early.iter();
        early.any(|early| early.head.header.seq == 0 && self.likeness(early) != Likeness::Copy)
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
        early.retain(|update| {
            let (head, levels) = (&update.head, update.levels());
            let copy = self.likeness(update) == Likeness::Copy
                || self.is_spoiled_copy(head, levels, update.at);
            !copy && venue.follow(self.held, head) != Follow::Stale
        });
        *copies += (waited - early.len()) as u64;
        let turn = (0..early.len()).find(|turn| {
            let update = &early[*turn];
            !self.is_behind(&early, *turn)
                && !self.is_ahead(update.head.header.line, update.at)
                && venue.follow(self.held, &update.head) == Follow::Apply
                && self
                    .attempt(venue, &update.head, update.levels(), update.at, rules)
                    .is_ok()
        });
        let turn = turn.map(|at| early.remove(at));
        self.early = early;
        turn
    }

    /// Whether an early update without a number came behind another that waits.
    fn is_behind(&self, early: &[Early], turn: usize) -> bool {
        let Early { head, at, .. } = &early[turn];
        let before = |(place, other): (usize, &Early)| {
            let earlier = place < turn || other.at < *at;
            place != turn && earlier && other.is_before(head, *at) && self.is_news(other)
        };
        head.header.seq == 0 && early.iter().enumerate().any(before)
    }

    /// Whether early updates have waited for too long.
    pub(in crate::feed) fn is_overdue(&self, now: i64, wait: i64) -> bool {
        let overdue = |early: &Early| now - early.since >= wait && self.is_news(early);
        self.early.iter().any(overdue)
    }

    /// What is missing will not come: the book breaks. The updates that waited are handed out.
    pub(in crate::feed) fn give_up_waiting(&mut self, joins: bool) -> (Verdict, Vec<Early>) {
        let mut early = std::mem::take(&mut self.early);
        early.retain(|early| self.likeness(early) != Likeness::Copy);
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
            self.left_out(&update.head, update.at);
            self.hold(&update.head, update.levels(), joins);
        }
        (verdict, early)
    }
}
