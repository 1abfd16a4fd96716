//! One order-level book on its way from unsynced to live, and back when its checksum fails.
//!
//! The venue sends its snapshot after the subscription and numbers nothing: the checksum is the only
//! test, and another subscription the only cure. Where more than one line brings the book, an update
//! whose checksum does not hold waits first (`early.rs`).

mod early;

pub(super) use early::Early;

use super::arrivals::Arrivals;
use super::gaps::OpenGap;
use super::sync::State;
use crate::book::OrderBook;
use crate::record::{GapCause, Kind, OrdersHead};
use crate::venue::Venue;

use super::gate::Orders;

const SECOND: i64 = 1_000_000_000;
/// How long a snapshot may take before it is asked for again; doubles with each attempt.
const RETRY_MIN: i64 = 5 * SECOND;
/// Longest pause between two attempts.
const RETRY_MAX: i64 = 60 * SECOND;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// The book took it, with the gap that it opens.
    Now(Option<OpenGap>),
    /// Something before it is missing that may still come.
    Early,
}

/// An order-level book and whether it can be trusted.
#[derive(Debug)]
pub(super) struct OrderSync {
    book: OrderBook,
    /// A copy to go back to when an update turns out not to follow.
    spare: OrderBook,
    state: State,
    early: Vec<Early>,
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
            spare: OrderBook::default(),
            state: State::Unsynced,
            early: Vec::new(),
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

    /// Takes a snapshot or an update. `wait` is how long an update may wait for one before it, in
    /// nanoseconds; 0 = not at all.
    pub(super) fn take<V: Venue>(
        &mut self,
        venue: &V,
        head: &OrdersHead,
        orders: Orders<'_>,
        (wait, now): (i64, i64),
    ) -> Taken {
        if head.header.template_id == Kind::OrdersSnapshot as u16 {
            return Taken::Now(self.replace(venue, head, orders));
        }
        if self.state != State::Live {
            self.state = State::Bad;
            return Taken::Now(None);
        }
        let may_wait = self.may_wait(wait);
        if wait > 0 && self.overtakes(head) {
            return if may_wait {
                self.wait(head, orders, now)
            } else {
                // Taken, it could hide those that wait.
                Taken::Now(self.broke(GapCause::CHECKSUM))
            };
        }
        let outcome = if wait > 0 {
            self.attempt(venue, head, orders)
        } else {
            self.advance(venue, head, orders)
        };
        match outcome {
            Ok(()) => Taken::Now(None),
            Err(GapCause::CHECKSUM) if may_wait => self.wait(head, orders, now),
            Err(cause) => Taken::Now(self.broke(cause)),
        }
    }

    fn replace<V: Venue>(
        &mut self,
        venue: &V,
        head: &OrdersHead,
        (bids, asks): Orders<'_>,
    ) -> Option<OpenGap> {
        self.early.clear();
        let replaced = self.book.replace(bids, asks, head.px_exp, head.qty_exp);
        let outcome = replaced.map_err(|_| GapCause::RANGE);
        match outcome.and_then(|()| self.settle(venue, head)) {
            Ok(()) => None,
            Err(cause) => self.broke(cause),
        }
    }

    /// [`OrderSync::advance`], undone where the checksum does not hold.
    fn attempt<V: Venue>(
        &mut self,
        venue: &V,
        head: &OrdersHead,
        orders: Orders<'_>,
    ) -> Result<(), GapCause> {
        self.spare.copy_from(&self.book);
        let outcome = self.advance(venue, head, orders);
        if outcome == Err(GapCause::CHECKSUM) {
            std::mem::swap(&mut self.book, &mut self.spare);
        }
        outcome
    }

    fn advance<V: Venue>(
        &mut self,
        venue: &V,
        head: &OrdersHead,
        (bids, asks): Orders<'_>,
    ) -> Result<(), GapCause> {
        let applied = self.book.apply(bids, asks, head.px_exp, head.qty_exp);
        applied.map_err(|_| GapCause::RANGE)?;
        self.settle(venue, head)
    }

    /// The book as it is now, judged by the message that made it.
    fn settle<V: Venue>(&mut self, venue: &V, head: &OrdersHead) -> Result<(), GapCause> {
        self.book.cut(head.depth);
        if venue.verify_orders(&self.book, head) == Some(false) {
            return Err(GapCause::CHECKSUM);
        }
        (self.state, self.ts_good, self.attempts) = (State::Live, head.header.ts_recv, 0);
        Ok(())
    }

    /// The book is lost from outside; `None` if it was not live.
    pub(super) fn lose(&mut self, cause: GapCause) -> Option<OpenGap> {
        self.due = 0;
        self.early.clear();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::arrivals::numbered;
    use crate::instrument::InstrumentId;
    use crate::record::{Order, OrderAction};
    use crate::venue::kraken::Kraken;
    use crate::venue::{StreamOptions, VenueId};

    const WAIT: i64 = 300;

    fn venue() -> Kraken {
        Kraken::new(VenueId::KRAKEN_SPOT, StreamOptions::default())
    }

    /// One bid of a quantity, as the line brings it; the checksum is that of a book of that bid alone.
    struct Message(OrdersHead, Vec<Order>);

    fn message(kind: Kind, line: u16, ts: i64, bids: &[(u8, i64)], checked: &str) -> Message {
        let id = InstrumentId::new(VenueId::KRAKEN_SPOT, 0);
        let mut head = OrdersHead::new(kind, id, 0, 0);
        head.header.flags = crate::record::Flags::CHECKSUM;
        (head.header.line, head.header.ts_venue) = (line, ts);
        head.checksum = crc32fast::hash(checked.as_bytes());
        let order = |(name, qty): &(u8, i64)| Order {
            id: [*name; 24],
            px: 7,
            qty: *qty,
            ts: 0,
            action: OrderAction::ADD,
            px_digits: 0,
            qty_digits: 0,
            reserved: [0; 5],
        };
        Message(head, bids.iter().map(order).collect())
    }

    fn take(book: &mut OrderSync, message: &Message) -> Taken {
        let (header, checksum) = (&message.0.header, message.0.checksum);
        let order = numbered(header.ts_venue.cast_unsigned());
        book.arrivals.took(checksum.into(), order, header.line, 0);
        book.take(&venue(), &message.0, (&message.1, &[]), (WAIT, 0))
    }

    fn drained(book: &mut OrderSync) -> (usize, u64) {
        let mut copies = 0;
        let turns = std::iter::from_fn(|| book.next_early(&venue(), &mut copies)).count();
        (turns, copies)
    }

    fn live() -> OrderSync {
        let mut book = OrderSync::default();
        let snapshot = message(Kind::OrdersSnapshot, 1, 1, &[(1, 5)], "75");
        assert_eq!(take(&mut book, &snapshot), Taken::Now(None));
        assert_eq!(book.state(), State::Live);
        book
    }

    #[test]
    fn an_update_waits_for_the_one_before_it_that_another_line_brings() {
        let mut book = live();
        let second = message(Kind::OrdersDelta, 1, 3, &[(3, 9)], "757879");
        assert_eq!(take(&mut book, &second), Taken::Early);
        let first = message(Kind::OrdersDelta, 2, 2, &[(2, 8)], "7578");
        assert_eq!(take(&mut book, &first), Taken::Now(None));
        assert_eq!(drained(&mut book), (1, 0));
        assert!(!book.is_overdue(WAIT, WAIT));
    }

    #[test]
    fn an_update_that_waits_is_not_hidden_by_the_next_on_its_line() {
        let mut book = live();
        let wrong = message(Kind::OrdersDelta, 1, 2, &[(2, 8)], "wrong");
        let over = message(Kind::OrdersDelta, 1, 3, &[(2, 9)], "7579");
        assert_eq!(take(&mut book, &wrong), Taken::Early);
        assert_eq!(take(&mut book, &over), Taken::Early);
        assert!(book.is_overdue(WAIT, WAIT));
        let (gap, early) = book.give_up_waiting();
        assert_eq!(gap.unwrap().cause, GapCause::CHECKSUM);
        assert_eq!((early.len(), book.state()), (2, State::Bad));
    }

    #[test]
    fn a_spoiled_copy_of_what_another_line_brought_stops_nothing() {
        let mut book = live();
        let right = message(Kind::OrdersDelta, 2, 2, &[(2, 8)], "7578");
        let wrong = message(Kind::OrdersDelta, 1, 2, &[(2, 8)], "wrong");
        assert_eq!(take(&mut book, &right), Taken::Now(None));
        assert_eq!(take(&mut book, &wrong), Taken::Early);
        let next = message(Kind::OrdersDelta, 1, 3, &[(3, 9)], "757879");
        assert_eq!(take(&mut book, &next), Taken::Now(None));
        assert_eq!(drained(&mut book), (0, 1));
        assert!(!book.is_overdue(WAIT, WAIT));
    }
}
