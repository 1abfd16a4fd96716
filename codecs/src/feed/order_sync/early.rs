//! Order-level updates whose checksum does not hold yet: another line may bring what is missing before
//! them.
//!
//! What comes behind such an update on its line waits with it. What waits ends in the book, as a spoiled
//! copy of what another line brought, or in a gap.

use super::{OrderSync, Orders, Taken};
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
    /// Whether it may be a spoiled copy of what the book took last from another line: nothing need
    /// wait for it.
    doubtful: bool,
}

impl Early {
    pub(in crate::feed) fn orders(&self) -> Orders<'_> {
        self.orders.split_at(self.bids)
    }

    /// Whether what `line` brings came behind it.
    const fn is_before(&self, line: u16) -> bool {
        !self.doubtful && self.head.header.line == line
    }
}

impl OrderSync {
    pub(super) const fn may_wait(&self, wait: i64) -> bool {
        wait > 0 && self.early.len() < EARLY_MAX
    }

    /// Whether an update came behind one that waits.
    pub(super) fn overtakes(&self, head: &OrdersHead) -> bool {
        let mut early = self.early.iter();
        early.any(|early| early.is_before(head.header.line))
    }

    #[cold]
    pub(super) fn wait(&mut self, head: &OrdersHead, (bids, asks): Orders<'_>, now: i64) -> Taken {
        if self.early.is_empty() {
            self.early_since = now;
        }
        let doubtful = self.is_doubtful(head);
        self.early.push(Early {
            head: *head,
            orders: [bids, asks].concat(),
            bids: bids.len(),
            doubtful,
        });
        Taken::Early
    }

    /// Whether an update has the stamp of what the book took last from another line.
    fn is_doubtful(&self, head: &OrdersHead) -> bool {
        let same = head.header.ts_venue != 0 && head.header.ts_venue == self.ts_mark;
        same && head.header.line != self.line
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
        early.retain_mut(|update| {
            let was_doubtful =
                std::mem::replace(&mut update.doubtful, self.is_doubtful(&update.head));
            update.doubtful || !was_doubtful
        });
        *copies += (waited - early.len()) as u64;
        let turn = (0..early.len()).find(|turn| {
            let update = &early[*turn];
            let mut before = early[..*turn].iter();
            !before.any(|other| other.is_before(update.head.header.line))
                && self.attempt(venue, &update.head, update.orders()).is_ok()
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
    pub(in crate::feed) fn give_up_waiting(&mut self) -> (Option<OpenGap>, Vec<Early>) {
        let early = std::mem::take(&mut self.early);
        (self.broke(GapCause::CHECKSUM), early)
    }
}
