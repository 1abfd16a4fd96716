//! One order-level book on its way from unsynced to live, and back when its checksum fails.
//!
//! The venue sends its snapshot after the subscription and numbers nothing: the checksum is the only
//! test, and another subscription the only cure.

use super::arrivals::Arrivals;
use super::gaps::OpenGap;
use super::sync::State;
use crate::book::OrderBook;
use crate::record::{GapCause, OrdersHead};
use crate::venue::Venue;

use super::gate::Orders;

const SECOND: i64 = 1_000_000_000;
/// How long a snapshot may take before it is asked for again; doubles with each attempt.
const RETRY_MIN: i64 = 5 * SECOND;
/// Longest pause between two attempts.
const RETRY_MAX: i64 = 60 * SECOND;

/// An order-level book and whether it can be trusted.
#[derive(Debug)]
pub(super) struct OrderSync {
    book: OrderBook,
    state: State,
    pub(super) arrivals: Arrivals,
    pub(super) gap: Option<OpenGap>,
    ts_good: i64,
    due: i64,
    attempts: u32,
}

impl Default for OrderSync {
    fn default() -> Self {
        Self {
            book: OrderBook::default(),
            state: State::Unsynced,
            arrivals: Arrivals::default(),
            gap: None,
            ts_good: 0,
            due: 0,
            attempts: 0,
        }
    }
}

impl OrderSync {
    pub(super) const fn state(&self) -> State {
        self.state
    }

    /// Takes a snapshot or an update; the gap that it opens.
    pub(super) fn take<V: Venue>(
        &mut self,
        venue: &V,
        head: &OrdersHead,
        orders: Orders<'_>,
        snapshot: bool,
    ) -> Option<OpenGap> {
        if !snapshot && self.state != State::Live {
            self.state = State::Bad;
            return None;
        }
        let (px_exp, qty_exp) = (head.px_exp, head.qty_exp);
        let applied = if snapshot {
            self.book.replace(orders.0, orders.1, px_exp, qty_exp)
        } else {
            self.book.apply(orders.0, orders.1, px_exp, qty_exp)
        };
        if applied.is_err() {
            return self.broke(GapCause::RANGE);
        }
        self.book.cut(head.depth);
        if venue.verify_orders(&self.book, head) == Some(false) {
            return self.broke(GapCause::CHECKSUM);
        }
        (self.state, self.ts_good, self.attempts) = (State::Live, head.header.ts_recv, 0);
        None
    }

    /// The book is lost from outside; `None` if it was not live.
    pub(super) fn lose(&mut self, cause: GapCause) -> Option<OpenGap> {
        self.due = 0;
        if self.state == State::Live {
            self.broke(cause)
        } else {
            None
        }
    }

    fn broke(&mut self, cause: GapCause) -> Option<OpenGap> {
        let was_live = std::mem::replace(&mut self.state, State::Bad) != State::Bad;
        was_live.then(|| OpenGap {
            ts_good: self.ts_good,
            ..OpenGap::new(cause)
        })
    }

    /// Whether a snapshot should be asked for now.
    pub(super) const fn wants_snapshot(&self, now: i64) -> bool {
        matches!(self.state, State::Bad) && now >= self.due
    }

    pub(super) fn snapshot_asked(&mut self, now: i64) {
        self.due = now + (RETRY_MIN << self.attempts.min(8)).min(RETRY_MAX);
        self.attempts += 1;
    }

    /// The venue acknowledged the stream: its snapshot is on the way.
    pub(super) fn snapshot_promised(&mut self, now: i64) {
        self.due = self.due.max(now + RETRY_MIN);
    }
}
