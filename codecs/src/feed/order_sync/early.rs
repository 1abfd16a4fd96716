//! Order-level updates whose checksum does not hold yet: another line may bring what is missing before
//! them.
//!
//! What comes behind such an update on its line waits with it. What waits ends in the book, as a spoiled
//! copy of what another line brought, or in a gap.

use super::{OrderSync, Orders, Taken};
use crate::feed::arrivals::{Likeness, numbered};
use crate::feed::gaps::OpenGap;
use crate::record::{GapCause, Order, OrdersHead};
use crate::venue::Venue;

/// Most updates that wait for one that is missing: 1 s of the busiest streams.
const EARLY_MAX: usize = 100;

/// An update that waits.
#[derive(Debug)]
pub(in crate::feed) struct Early {
    pub(in crate::feed) head: OrdersHead,
    orders: Vec<Order>,
    bids: usize,
    /// Since when it waits (monotonic).
    since: i64,
}

impl Early {
    pub(in crate::feed) fn orders(&self) -> Orders<'_> {
        self.orders.split_at(self.bids)
    }
}

impl OrderSync {
    pub(super) const fn may_wait(&self, wait: i64) -> bool {
        wait > 0 && self.early.len() < EARLY_MAX
    }

    /// Whether an update came behind one that waits.
    pub(super) fn overtakes(&self, head: &OrdersHead) -> bool {
        self.early.iter().any(|early| self.is_before(early, head))
    }

    #[cold]
    pub(super) fn wait(&mut self, head: &OrdersHead, (bids, asks): Orders<'_>, now: i64) -> Taken {
        self.early.push(Early {
            head: *head,
            orders: [bids, asks].concat(),
            bids: bids.len(),
            since: now,
        });
        Taken::Early
    }

    fn likeness(&self, head: &OrdersHead) -> Likeness {
        let (line, ts) = (head.header.line, head.header.ts_venue);
        if ts == 0 {
            return Likeness::News;
        }
        self.arrivals.likeness(line, numbered(ts.cast_unsigned()))
    }

    /// Whether `head` came behind an update on its line that waits and may be news.
    fn is_before(&self, early: &Early, head: &OrdersHead) -> bool {
        early.head.header.line == head.header.line && self.likeness(&early.head) == Likeness::News
    }

    /// The early update whose turn it is now; it has been applied. Spoiled copies leave and are counted
    /// once the book went on without them.
    pub(in crate::feed) fn next_early<V: Venue>(
        &mut self,
        venue: &V,
        copies: &mut u64,
    ) -> Option<Early> {
        if self.early.is_empty() {
            return None;
        }
        let mut early = std::mem::take(&mut self.early);
        let waited = early.len();
        early.retain(|update| self.likeness(&update.head) != Likeness::Copy);
        *copies += (waited - early.len()) as u64;
        let turn = (0..early.len()).find(|turn| {
            let update = &early[*turn];
            let mut before = early[..*turn].iter();
            !before.any(|other| self.is_before(other, &update.head))
                && self.attempt(venue, &update.head, update.orders()).is_ok()
        });
        let turn = turn.map(|at| early.remove(at));
        self.early = early;
        turn
    }

    /// Whether early updates have waited for too long.
    pub(in crate::feed) fn is_overdue(&self, now: i64, wait: i64) -> bool {
        let mut early = self.early.iter();
        early.any(|early| now - early.since >= wait && self.likeness(&early.head) == Likeness::News)
    }

    /// What is missing will not come: the book breaks. The updates that waited are handed out.
    pub(in crate::feed) fn give_up_waiting(&mut self) -> (Option<OpenGap>, Vec<Early>) {
        let mut early = std::mem::take(&mut self.early);
        early.retain(|update| self.likeness(&update.head) != Likeness::Copy);
        (self.broke(GapCause::CHECKSUM), early)
    }
}
