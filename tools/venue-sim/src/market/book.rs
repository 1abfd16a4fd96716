//! A price-level book of scaled integers.

use std::collections::BTreeMap;

/// Price and quantity pairs, best first.
pub(crate) type Levels = Vec<(i64, i64)>;

/// A side of the book, or of the taker: bid buys, ask sells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Bid,
    Ask,
}

impl Side {
    pub(crate) fn opposite(self) -> Side {
        match self {
            Side::Bid => Side::Ask,
            Side::Ask => Side::Bid,
        }
    }
}

/// Both sides of one instrument.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    bids: BTreeMap<i64, i64>,
    asks: BTreeMap<i64, i64>,
}

impl Book {
    /// Sets the quantity at a price; zero removes the level.
    pub(crate) fn set(&mut self, side: Side, px: i64, qty: i64) {
        let levels = match side {
            Side::Bid => &mut self.bids,
            Side::Ask => &mut self.asks,
        };
        if qty == 0 {
            levels.remove(&px);
        } else {
            levels.insert(px, qty);
        }
    }

    pub(crate) fn len(&self, side: Side) -> usize {
        self.side(side).len()
    }

    /// The `n`-th level from the best, counted from 0.
    pub(crate) fn nth(&self, side: Side, n: usize) -> Option<(i64, i64)> {
        let level = match side {
            Side::Bid => self.bids.iter().nth_back(n),
            Side::Ask => self.asks.iter().nth(n),
        };
        level.map(|(px, qty)| (*px, *qty))
    }

    pub(crate) fn best(&self, side: Side) -> Option<(i64, i64)> {
        self.nth(side, 0)
    }

    pub(crate) fn worst(&self, side: Side) -> Option<(i64, i64)> {
        let level = match side {
            Side::Bid => self.bids.first_key_value(),
            Side::Ask => self.asks.last_key_value(),
        };
        level.map(|(px, qty)| (*px, *qty))
    }

    /// The best `n` levels, best first.
    pub(crate) fn top(&self, side: Side, n: usize) -> Levels {
        match side {
            Side::Bid => self
                .bids
                .iter()
                .rev()
                .take(n)
                .map(|(px, qty)| (*px, *qty))
                .collect(),
            Side::Ask => self
                .asks
                .iter()
                .take(n)
                .map(|(px, qty)| (*px, *qty))
                .collect(),
        }
    }

    fn side(&self, side: Side) -> &BTreeMap<i64, i64> {
        match side {
            Side::Bid => &self.bids,
            Side::Ask => &self.asks,
        }
    }
}
