//! The level3 channel of one pair: single orders instead of levels.
//!
//! As in the book channel a subscriber truncates to its depth in levels by itself: orders of a
//! level that is pushed out are not deleted, and a level that becomes visible is published with
//! all its orders.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::checksum::checksum_of_orders;
use super::orders::{Event, Kind, Order, Orders};
use super::payload;
use crate::clock::Nanos;
use crate::hub::Span;
use crate::instrument::InstrumentConfig;
use crate::market::{Market, Side, Step};
use crate::truth::ViewTruth;
use crate::venue::Desk;

/// Depths of the channel and what each costs of the subscription budget.
pub(super) const DEPTHS: [(usize, u32); 3] = [(10, 5), (100, 25), (1_000, 100)];

/// Level3 of one pair.
#[derive(Debug)]
pub(super) struct Level3 {
    /// Kept from the first subscription on.
    orders: Option<Orders>,
    channels: Vec<Channel>,
}

/// One depth.
#[derive(Debug)]
struct Channel {
    key: Arc<str>,
    depth: usize,
    live: bool,
    shown: bool,
    published: u64,
    /// Prices that subscribers see, best first: bids, asks.
    visible: [Vec<i64>; 2],
}

const SIDES: [Side; 2] = [Side::Bid, Side::Ask];

impl Level3 {
    pub(super) fn new(config: &InstrumentConfig) -> Self {
        let channel = |(depth, _): (usize, u32)| Channel {
            key: Arc::from(format!("level3.{depth}.{}", config.symbol)),
            depth,
            live: false,
            shown: false,
            published: 0,
            visible: Default::default(),
        };
        Self {
            orders: None,
            channels: DEPTHS.into_iter().map(channel).collect(),
        }
    }

    /// Follows the market and publishes what subscribers see of it.
    pub(super) fn stepped(&mut self, desk: &mut Desk<'_>, index: usize, step: &Step) {
        let Some(orders) = &mut self.orders else {
            return;
        };
        let events = orders.follow(step);
        for channel in &mut self.channels {
            channel.live &= desk.hub.wanted(desk.product, &channel.key);
            if channel.live {
                channel.publish(desk, index, orders, &events, step.at);
            }
        }
    }

    /// The snapshot that follows an acknowledgement; `send` is false for those who want none.
    /// Returns whether the key is one of this channel.
    pub(super) fn greet(
        &mut self,
        desk: &mut Desk<'_>,
        index: usize,
        line: u64,
        key: &str,
        send: bool,
    ) -> bool {
        let Some(channel) = self.channels.iter_mut().find(|own| *own.key == *key) else {
            return false;
        };
        let market = &desk.markets[index];
        let open = || Orders::open(&market.book, market.config.lot, desk.now);
        let orders = self.orders.get_or_insert_with(open);
        channel.look(market);
        (channel.live, channel.shown) = (true, true);
        if send {
            let rows = SIDES.map(|side| channel.all(orders, side));
            let checksum = channel.checksum(orders);
            let text = payload::level3(&market.config, false, &rows, checksum, desk.now);
            let span = Span::one(channel.published);
            desk.hub.publish_to(line, &channel.key, span, text);
        }
        true
    }

    /// What every depth that was ever subscribed shows, order by order added up.
    pub(super) fn views(&self, config: &InstrumentConfig) -> Vec<ViewTruth> {
        let Some(orders) = &self.orders else {
            return Vec::new();
        };
        let shown = self.channels.iter().filter(|channel| channel.shown);
        shown.map(|channel| channel.truth(orders, config)).collect()
    }
}

impl Channel {
    /// Takes over which prices are visible. Returns those that were before.
    fn look(&mut self, market: &Market) -> [Vec<i64>; 2] {
        let prices = |side| {
            let levels = market.book.top(side, self.depth);
            levels.into_iter().map(|(px, _)| px).collect()
        };
        std::mem::replace(&mut self.visible, SIDES.map(prices))
    }

    fn publish(
        &mut self,
        desk: &mut Desk<'_>,
        index: usize,
        orders: &Orders,
        events: &[Event],
        at: Nanos,
    ) {
        let market = &desk.markets[index];
        let before = self.look(market);
        let rows = [0, 1].map(|side| self.changes(side, &before[side], orders, events));
        if rows.iter().all(Vec::is_empty) {
            return;
        }
        self.published += 1;
        let checksum = self.checksum(orders);
        let span = Span::one(self.published);
        desk.hub.publish(desk.product, &self.key, span, |_| {
            payload::level3(&market.config, true, &rows, checksum, at)
        });
    }

    /// What happened to visible orders of a side, then the orders of levels that came into view.
    fn changes(
        &self,
        side: usize,
        before: &[i64],
        orders: &Orders,
        events: &[Event],
    ) -> Vec<Event> {
        let old: BTreeSet<i64> = before.iter().copied().collect();
        let new: BTreeSet<i64> = self.visible[side].iter().copied().collect();
        let own = events.iter().filter(|event| event.side == SIDES[side]);
        let pushed_out = |px| !new.contains(&px) && orders.level(SIDES[side], px).next().is_some();
        let mut rows: Vec<Event> = own
            .filter(|event| old.contains(&event.px) && !pushed_out(event.px))
            .copied()
            .collect();
        let came = self.visible[side].iter().filter(|px| !old.contains(px));
        rows.extend(came.flat_map(|px| whole_level(orders, SIDES[side], *px)));
        rows
    }

    fn all(&self, orders: &Orders, side: Side) -> Vec<Event> {
        let prices = &self.visible[side as usize];
        let rows = prices.iter().flat_map(|px| whole_level(orders, side, *px));
        rows.collect()
    }

    fn checksum(&self, orders: &Orders) -> u32 {
        let [bids, asks] = SIDES.map(|side| {
            let levels = self.visible[side as usize].iter();
            levels.map(move |px| (*px, orders.level(side, *px)))
        });
        checksum_of_orders(bids, asks)
    }

    fn truth(&self, orders: &Orders, config: &InstrumentConfig) -> ViewTruth {
        let levels = |side: Side| {
            let total = |px: &i64| {
                let qty = orders.level(side, *px).map(|order| order.qty).sum();
                (*px, qty)
            };
            let levels: Vec<(i64, i64)> = self.visible[side as usize].iter().map(total).collect();
            payload::texts(config, &levels)
        };
        ViewTruth {
            stream: self.key.to_string(),
            sequence: self.published,
            checksum: self.checksum(orders),
            bids: levels(Side::Bid),
            asks: levels(Side::Ask),
            ..ViewTruth::default()
        }
    }
}

/// Every order of a level as an addition.
fn whole_level(orders: &Orders, side: Side, px: i64) -> impl Iterator<Item = Event> {
    let event = move |order: &Order| Event {
        kind: Kind::Add,
        side,
        px,
        order: *order,
    };
    orders.level(side, px).map(event)
}
