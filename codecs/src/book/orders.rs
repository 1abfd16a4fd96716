//! An order-level book: every order of both sides, best price first, by queue within a price.

use crate::record::{Order, OrderAction};

/// Most orders a side that a book holds: Kraken's 1,000 price levels with tens of orders each.
pub const ORDERS_MAX: usize = 262_144;

/// An event that a book cannot follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// More than [`ORDERS_MAX`] orders on one side.
    #[error("the book holds more than {ORDERS_MAX} orders on one side")]
    TooManyOrders,
    /// The event is finer or coarser than the book: a new snapshot is needed.
    #[error("the event's precision is not the book's")]
    Precision,
}

/// One instrument's orders, exact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderBook {
    bids: Vec<Order>,
    asks: Vec<Order>,
    px_exp: i8,
    qty_exp: i8,
}

impl OrderBook {
    /// Power of ten of the prices.
    #[must_use]
    pub const fn px_exp(&self) -> i8 {
        self.px_exp
    }

    /// Power of ten of the quantities.
    #[must_use]
    pub const fn qty_exp(&self) -> i8 {
        self.qty_exp
    }

    /// Bid orders, best price first, by queue.
    #[must_use]
    pub fn bids(&self) -> &[Order] {
        &self.bids
    }

    /// Ask orders, best price first, by queue.
    #[must_use]
    pub fn asks(&self) -> &[Order] {
        &self.asks
    }

    /// Becomes a copy of `other`, in the memory it has.
    pub fn copy_from(&mut self, other: &Self) {
        self.bids.clone_from(&other.bids);
        self.asks.clone_from(&other.asks);
        (self.px_exp, self.qty_exp) = (other.px_exp, other.qty_exp);
    }

    /// Replaces all orders by a snapshot's.
    ///
    /// # Errors
    ///
    /// [`OrderError::TooManyOrders`]; the book is then to be treated as bad.
    pub fn replace(
        &mut self,
        bids: &[Order],
        asks: &[Order],
        px_exp: i8,
        qty_exp: i8,
    ) -> Result<(), OrderError> {
        self.bids.clear();
        self.asks.clear();
        (self.px_exp, self.qty_exp) = (px_exp, qty_exp);
        self.apply(bids, asks, px_exp, qty_exp)
    }

    /// Applies an event's orders in wire order. An order that is added twice takes its new place; one
    /// that is deleted or modified without being known is left alone: the checksum judges.
    ///
    /// # Errors
    ///
    /// [`OrderError`]; the book is then to be treated as bad.
    pub fn apply(
        &mut self,
        bids: &[Order],
        asks: &[Order],
        px_exp: i8,
        qty_exp: i8,
    ) -> Result<(), OrderError> {
        if (px_exp, qty_exp) != (self.px_exp, self.qty_exp) {
            return Err(OrderError::Precision);
        }
        bids.iter()
            .try_for_each(|order| change(&mut self.bids, order, |px| -px))?;
        asks.iter()
            .try_for_each(|order| change(&mut self.asks, order, |px| px))
    }

    /// Drops the price levels beyond the best `depth` of each side; 0 keeps all.
    pub fn cut(&mut self, depth: u16) {
        if depth > 0 {
            cut(&mut self.bids, usize::from(depth));
            cut(&mut self.asks, usize::from(depth));
        }
    }
}

/// `rank` rises from the best price to the worst.
fn change(
    side: &mut Vec<Order>,
    order: &Order,
    rank: impl Fn(i64) -> i64,
) -> Result<(), OrderError> {
    let known = side.iter().position(|held| held.id == order.id);
    if order.action == OrderAction::MODIFY
        && let Some(at) = known
        && side[at].px == order.px
    {
        side[at] = *order;
        return Ok(());
    }
    if let Some(at) = known {
        side.remove(at);
    }
    let removed = order.action == OrderAction::DELETE || order.qty == 0;
    if removed || (order.action == OrderAction::MODIFY && known.is_none()) {
        return Ok(());
    }
    if side.len() >= ORDERS_MAX {
        return Err(OrderError::TooManyOrders);
    }
    let at = side.partition_point(|held| rank(held.px) <= rank(order.px));
    side.insert(at, *order);
    Ok(())
}

fn cut(side: &mut Vec<Order>, depth: usize) {
    let mut levels = 0;
    let mut last = None;
    let keep = side.iter().position(|order| {
        levels += usize::from(last != Some(order.px));
        last = Some(order.px);
        levels > depth
    });
    if let Some(keep) = keep {
        side.truncate(keep);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(id: u8, px: i64, qty: i64, action: OrderAction) -> Order {
        Order {
            id: [id; 24],
            px,
            qty,
            ts: 0,
            action,
            px_digits: 0,
            qty_digits: 0,
            reserved: [0; 5],
        }
    }

    fn ids(side: &[Order]) -> Vec<u8> {
        side.iter().map(|order| order.id[0]).collect()
    }

    #[test]
    fn orders_stand_by_price_and_then_by_queue() {
        let mut book = OrderBook::default();
        let bids = [
            order(1, 10, 1, OrderAction::ADD),
            order(2, 11, 1, OrderAction::ADD),
            order(3, 10, 1, OrderAction::ADD),
        ];
        let asks = bids.map(|bid| Order {
            px: bid.px + 10,
            ..bid
        });
        book.replace(&bids, &asks, 0, 0).unwrap();
        assert_eq!(ids(book.bids()), [2, 1, 3]);
        assert_eq!(ids(book.asks()), [1, 3, 2]);
    }

    #[test]
    fn a_modified_order_keeps_its_place_unless_its_price_moves() {
        let mut book = OrderBook::default();
        let bids = [
            order(1, 10, 1, OrderAction::ADD),
            order(2, 10, 1, OrderAction::ADD),
        ];
        book.replace(&bids, &[], 0, 0).unwrap();
        book.apply(&[order(1, 10, 5, OrderAction::MODIFY)], &[], 0, 0)
            .unwrap();
        assert_eq!(ids(book.bids()), [1, 2]);
        assert_eq!(book.bids()[0].qty, 5);
        book.apply(&[order(1, 9, 5, OrderAction::MODIFY)], &[], 0, 0)
            .unwrap();
        assert_eq!(ids(book.bids()), [2, 1]);
    }

    #[test]
    fn unknown_orders_are_not_deleted_and_a_cut_counts_prices() {
        let mut book = OrderBook::default();
        let asks = [
            order(1, 10, 1, OrderAction::ADD),
            order(2, 10, 1, OrderAction::ADD),
            order(3, 11, 1, OrderAction::ADD),
        ];
        book.replace(&[], &asks, 0, 0).unwrap();
        book.apply(&[], &[order(9, 10, 1, OrderAction::DELETE)], 0, 0)
            .unwrap();
        assert_eq!(ids(book.asks()), [1, 2, 3]);
        book.cut(1);
        assert_eq!(ids(book.asks()), [1, 2]);
    }
}
