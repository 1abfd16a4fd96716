//! The single orders behind a pair's book.
//!
//! The market knows levels only. Here every level is a queue of orders whose quantities add up to
//! it: trades take from the front, cancellations from the back, and what is added is a new order
//! at the end. So an order keeps its place as long as it only shrinks.

use std::collections::{BTreeMap, VecDeque};

use crate::clock::Nanos;
use crate::market::{Book, Side, Step};

/// Orders of one level at most. Beyond it the newest is replaced by one for both quantities.
const QUEUE_MAX: usize = 64;

/// Orders that an opening level is split into at most.
const OPENING_MAX: i64 = 3;

/// One resting order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Order {
    /// Number within the pair.
    pub(super) number: u64,
    /// What is left of it, above zero.
    pub(super) qty: i64,
    /// When it last changed.
    pub(super) at: Nanos,
}

/// What happened to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Add,
    Modify,
    Delete,
}

/// One order's change. A deleted order has quantity 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) kind: Kind,
    pub(super) side: Side,
    pub(super) px: i64,
    pub(super) order: Order,
}

type Queue = VecDeque<Order>;

/// All orders of a pair.
#[derive(Debug, Default)]
pub(super) struct Orders {
    bids: BTreeMap<i64, Queue>,
    asks: BTreeMap<i64, Queue>,
    last_number: u64,
}

impl Orders {
    /// Splits the levels of a book into orders.
    pub(super) fn open(book: &Book, lot: i64, at: Nanos) -> Self {
        let mut orders = Self::default();
        for side in [Side::Bid, Side::Ask] {
            for (px, qty) in book.top(side, book.len(side)) {
                let lots = (qty / lot.max(1)).max(1);
                let count = (1 + px.rem_euclid(OPENING_MAX)).min(lots);
                let part = lots / count * lot;
                let mut queue: Queue = (1..count).map(|_| orders.order(part, at)).collect();
                queue.push_back(orders.order(qty - part * (count - 1), at));
                orders.side_mut(side).insert(px, queue);
            }
        }
        orders
    }

    fn order(&mut self, qty: i64, at: Nanos) -> Order {
        self.last_number += 1;
        Order {
            number: self.last_number,
            qty,
            at,
        }
    }

    fn side(&self, side: Side) -> &BTreeMap<i64, Queue> {
        match side {
            Side::Bid => &self.bids,
            Side::Ask => &self.asks,
        }
    }

    fn side_mut(&mut self, side: Side) -> &mut BTreeMap<i64, Queue> {
        match side {
            Side::Bid => &mut self.bids,
            Side::Ask => &mut self.asks,
        }
    }

    /// The orders of a level in queue order; empty if there is no such level.
    pub(super) fn level(&self, side: Side, px: i64) -> impl Iterator<Item = &Order> {
        self.side(side).get(&px).into_iter().flatten()
    }

    /// Follows an event of the market. Returns what happened to which order, in order.
    pub(super) fn follow(&mut self, step: &Step) -> Vec<Event> {
        let traded = !step.fills.is_empty();
        let mut events = Vec::new();
        for change in &step.changes {
            let mut queue = self
                .side_mut(change.side)
                .remove(&change.px)
                .unwrap_or_default();
            let was: i64 = queue.iter().map(|order| order.qty).sum();
            let mut emit = |kind, order| {
                events.push(Event {
                    kind,
                    side: change.side,
                    px: change.px,
                    order,
                });
            };
            if change.qty > was {
                self.grow(&mut queue, change.qty - was, step.at, &mut emit);
            } else {
                shrink(&mut queue, was - change.qty, traded, step.at, &mut emit);
            }
            if !queue.is_empty() {
                self.side_mut(change.side).insert(change.px, queue);
            }
        }
        events
    }

    fn grow(&mut self, queue: &mut Queue, qty: i64, at: Nanos, emit: &mut impl FnMut(Kind, Order)) {
        let mut qty = qty;
        if queue.len() >= QUEUE_MAX
            && let Some(newest) = queue.pop_back()
        {
            qty += newest.qty;
            emit(
                Kind::Delete,
                Order {
                    qty: 0,
                    at,
                    ..newest
                },
            );
        }
        let order = self.order(qty, at);
        queue.push_back(order);
        emit(Kind::Add, order);
    }
}

/// Takes `qty` off the orders: from the front if they traded, from the back if they were cancelled.
fn shrink(
    queue: &mut Queue,
    qty: i64,
    traded: bool,
    at: Nanos,
    emit: &mut impl FnMut(Kind, Order),
) {
    let mut left = qty;
    while left > 0 {
        let end = if traded {
            queue.front_mut()
        } else {
            queue.back_mut()
        };
        let Some(order) = end else { return };
        order.at = at;
        if order.qty > left {
            order.qty -= left;
            emit(Kind::Modify, *order);
            return;
        }
        left -= order.qty;
        emit(Kind::Delete, Order { qty: 0, ..*order });
        if traded {
            queue.pop_front();
        } else {
            queue.pop_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Product;
    use crate::instrument::default_instruments;
    use crate::market::Market;

    fn totals(orders: &Orders, side: Side) -> Vec<(i64, i64)> {
        let total = |(px, queue): (&i64, &Queue)| (*px, queue.iter().map(|o| o.qty).sum());
        let mut totals: Vec<(i64, i64)> = orders.side(side).iter().map(total).collect();
        if side == Side::Bid {
            totals.reverse();
        }
        totals
    }

    #[test]
    fn orders_add_up_to_the_book_after_every_event() {
        let config = default_instruments(Product::KrakenSpot).remove(0);
        let mut market = Market::new(config, 100, 1, 5);
        let mut orders = Orders::open(&market.book, market.config.lot, 0);
        let mut kinds = [0; 3];
        for event in 1..5_000 {
            let step = market.step(event);
            for event in orders.follow(&step) {
                kinds[event.kind as usize] += 1;
                assert!((event.order.qty > 0) == (event.kind != Kind::Delete));
            }
            for side in [Side::Bid, Side::Ask] {
                assert_eq!(totals(&orders, side), market.book.top(side, 1_000));
            }
        }
        assert!(kinds.iter().all(|count| *count > 100), "{kinds:?}");
    }

    #[test]
    fn trades_take_the_oldest_order_first_and_cancellations_the_newest() {
        let mut queue: Queue = (1..=3)
            .map(|number| Order {
                number,
                qty: 5,
                at: 0,
            })
            .collect();
        let mut seen = Vec::new();
        let mut note = |kind, order: Order| seen.push((kind, order.number, order.qty));
        shrink(&mut queue, 7, true, 1, &mut note);
        shrink(&mut queue, 5, false, 2, &mut note);
        let expected = [
            (Kind::Delete, 1, 0),
            (Kind::Modify, 2, 3),
            (Kind::Delete, 3, 0),
        ];
        assert_eq!(seen, expected);
        assert_eq!(queue.len(), 1);
    }

    #[test]
    fn full_queue_replaces_its_newest_order() {
        let mut orders = Orders::default();
        let mut queue = Queue::new();
        for _ in 0..QUEUE_MAX {
            orders.grow(&mut queue, 2, 0, &mut |_, _| {});
        }
        let mut kinds = Vec::new();
        orders.grow(&mut queue, 5, 1, &mut |kind, order| {
            kinds.push((kind, order.qty))
        });
        assert_eq!(kinds, [(Kind::Delete, 0), (Kind::Add, 7)]);
        assert_eq!(queue.len(), QUEUE_MAX);
    }
}
