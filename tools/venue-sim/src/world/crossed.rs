//! True books that are locked or crossed for a while.
//!
//! The level is in the market itself, so that every stream, checksum and snapshot agrees about it.

use std::time::Duration;

use super::Floor;
use crate::clock::{self, Nanos};
use crate::hub::Hub;
use crate::market::{Change, Market, Side, State, Step};

/// A bid that does not belong, until then.
#[derive(Debug)]
pub(super) struct Crossed {
    index: usize,
    ticks: i64,
    px: i64,
    until: Nanos,
}

impl Floor {
    /// Puts a bid `ticks` above the best ask.
    pub(super) fn cross(&mut self, hub: &mut Hub, symbol: &str, ticks: u16, lasts: Duration) {
        let found =
            |market: &Market| market.state == State::Trading && market.config.symbol == symbol;
        let Some(index) = self.markets.iter().position(found) else {
            tracing::warn!(symbol, "simulated venue: no such book to cross");
            return;
        };
        let lasts = u64::try_from(lasts.as_nanos()).unwrap_or(u64::MAX);
        let mut crossed = Crossed {
            index,
            ticks: i64::from(ticks),
            px: 0,
            until: clock::now().saturating_add(lasts),
        };
        self.renew(hub, &mut crossed);
        self.crossed.push(crossed);
    }

    /// Takes the bids away whose time is over, and renews those that the market has traded away.
    pub(super) fn uncross(&mut self, hub: &mut Hub, now: Nanos) {
        for mut crossed in std::mem::take(&mut self.crossed) {
            if crossed.until <= now {
                self.set_bid(hub, crossed.index, crossed.px, 0);
                continue;
            }
            let book = &self.markets[crossed.index].book;
            let best = |side| book.best(side).map(|(px, _)| px);
            if best(Side::Bid) < best(Side::Ask) {
                self.renew(hub, &mut crossed);
            }
            self.crossed.push(crossed);
        }
    }

    fn renew(&mut self, hub: &mut Hub, crossed: &mut Crossed) {
        let market = &self.markets[crossed.index];
        let Some((ask, qty)) = market.book.best(Side::Ask) else {
            return;
        };
        crossed.px = ask + crossed.ticks * market.config.tick;
        self.set_bid(hub, crossed.index, crossed.px, qty);
    }

    fn set_bid(&mut self, hub: &mut Hub, index: usize, px: i64, qty: i64) {
        let side = Side::Bid;
        self.markets[index].book.set(side, px, qty);
        let step = Step {
            at: clock::now(),
            changes: vec![Change { side, px, qty }],
            ..Step::default()
        };
        self.stepped(hub, index, &step);
    }
}
