//! The streams of one instrument.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Dialect, payload, span_of};
use crate::clock::{MILLI, Nanos};
use crate::hub::Span;
use crate::market::{Fill, Side, Step};
use crate::venue::Desk;

/// Streams of one instrument and the update id they count by.
#[derive(Debug)]
pub(super) struct Feed {
    dialect: Dialect,
    trade: Arc<str>,
    aggregate: Arc<str>,
    ticker: Arc<str>,
    depths: Vec<Depth>,
    pub(super) update_id: u64,
    touch: [Option<(i64, i64)>; 2],
}

/// One diff stream: what changed since its last message.
#[derive(Debug)]
struct Depth {
    key: Arc<str>,
    /// Pause between messages; zero publishes every event at once.
    every: Nanos,
    /// Number of the interval that was last published.
    slot: Nanos,
    pending: BTreeMap<(Side, i64), i64>,
    first: u64,
    /// `u` of the message before, `pu` of the next one.
    previous: u64,
    changed_at: Nanos,
}

/// Suffix and pause in ms of the diff streams.
fn depth_speeds(dialect: Dialect) -> &'static [(&'static str, Nanos)] {
    match dialect {
        Dialect::Spot => &[("@depth", 1_000), ("@depth@100ms", 100)],
        Dialect::Usdm | Dialect::Coinm => &[
            ("@depth", 250),
            ("@depth@500ms", 500),
            ("@depth@100ms", 100),
            ("@depth@0ms", 0),
        ],
    }
}

impl Feed {
    pub(super) fn new(dialect: Dialect, symbol: &str, first_id: u64) -> Self {
        let lower = symbol.to_lowercase();
        let key = |suffix: &str| Arc::from(format!("{lower}{suffix}"));
        let depth = |&(suffix, pause): &(&str, Nanos)| Depth {
            key: key(suffix),
            every: pause * MILLI,
            slot: 0,
            pending: BTreeMap::new(),
            first: first_id,
            previous: first_id,
            changed_at: 0,
        };
        Self {
            dialect,
            trade: key("@trade"),
            aggregate: key("@aggTrade"),
            ticker: key("@bookTicker"),
            depths: depth_speeds(dialect).iter().map(depth).collect(),
            update_id: first_id,
            touch: [None; 2],
        }
    }

    /// Publishes the trades and the best prices of an event and notes its changes.
    pub(super) fn stepped(&mut self, desk: &mut Desk<'_>, index: usize, step: &Step) {
        self.publish_trades(desk, index, &step.fills);
        self.count_changes(desk, step);
        self.publish_touch(desk, index, step.at);
        for depth in self.depths.iter_mut().filter(|depth| depth.every == 0) {
            depth.publish(self.dialect, desk, index, self.update_id);
        }
    }

    fn count_changes(&mut self, desk: &Desk<'_>, step: &Step) {
        for depth in &mut self.depths {
            depth.rest_if_unwanted(desk, self.update_id);
        }
        for change in &step.changes {
            self.update_id += id_step(self.dialect, self.update_id);
            for depth in &mut self.depths {
                if depth.pending.is_empty() {
                    depth.first = self.update_id;
                }
                depth.pending.insert((change.side, change.px), change.qty);
                depth.changed_at = step.at;
            }
        }
    }

    fn publish_trades(&self, desk: &mut Desk<'_>, index: usize, fills: &[Fill]) {
        let market = &desk.markets[index].config;
        let (product, now) = (desk.product, desk.now);
        if self.dialect == Dialect::Spot && desk.hub.wanted(product, &self.trade) {
            for fill in fills {
                desk.hub
                    .publish(product, &self.trade, Span::one(fill.id), |variant| {
                        payload::in_stream(
                            variant,
                            &self.trade,
                            payload::trade(market, fill, now, variant),
                        )
                    });
            }
        }
        if !desk.hub.wanted(product, &self.aggregate) {
            return;
        }
        for group in fills.chunk_by(|a, b| a.aggregate == b.aggregate) {
            let span = Span::one(group[0].aggregate);
            desk.hub.publish(product, &self.aggregate, span, |variant| {
                let ids = span_of(group);
                let body = payload::aggregate(self.dialect, market, group, ids, now, variant);
                payload::in_stream(variant, &self.aggregate, body)
            });
        }
    }

    /// Publishes the best bid and ask if either changed.
    fn publish_touch(&mut self, desk: &mut Desk<'_>, index: usize, at: Nanos) {
        let market = &desk.markets[index];
        let touch = [market.book.best(Side::Bid), market.book.best(Side::Ask)];
        if touch == self.touch {
            return;
        }
        self.touch = touch;
        let [Some(bid), Some(ask)] = touch else {
            return;
        };
        let quote = payload::Quote {
            update_id: self.update_id,
            bid,
            ask,
            at,
            now: desk.now,
        };
        let span = Span::one(self.update_id);
        desk.hub
            .publish(desk.product, &self.ticker, span, |variant| {
                let body = payload::book_ticker(self.dialect, &market.config, &quote);
                payload::in_stream(variant, &self.ticker, body)
            });
    }

    /// Publishes the diff streams whose interval is over, or all of them.
    pub(super) fn publish_due(&mut self, desk: &mut Desk<'_>, index: usize, all: bool) {
        for depth in &mut self.depths {
            let slot = desk.now.checked_div(depth.every).unwrap_or(0);
            if all || slot > depth.slot {
                depth.slot = slot;
                depth.publish(self.dialect, desk, index, self.update_id);
            }
        }
    }
}

impl Depth {
    /// A stream nobody listens to has nothing pending and continues from the current id.
    fn rest_if_unwanted(&mut self, desk: &Desk<'_>, update_id: u64) {
        if !desk.hub.wanted(desk.product, &self.key) {
            self.pending.clear();
            self.previous = update_id;
        }
    }

    fn publish(&mut self, dialect: Dialect, desk: &mut Desk<'_>, index: usize, update_id: u64) {
        if self.pending.is_empty() {
            return;
        }
        let pending = std::mem::take(&mut self.pending);
        let side = |wanted: Side| -> Vec<(i64, i64)> {
            let levels = pending.iter().filter(|((side, _), _)| *side == wanted);
            levels.map(|((_, px), qty)| (*px, *qty)).collect()
        };
        let diff = payload::Diff {
            first: self.first,
            last: update_id,
            previous: self.previous,
            bids: side(Side::Bid),
            asks: side(Side::Ask),
            at: self.changed_at,
            now: desk.now,
        };
        self.previous = update_id;
        let config = &desk.markets[index].config;
        let span = Span {
            first: diff.first,
            last: diff.last,
        };
        desk.hub.publish(desk.product, &self.key, span, |variant| {
            payload::in_stream(
                variant,
                &self.key,
                payload::depth(dialect, config, &diff, variant),
            )
        });
    }
}

/// How far the next update id is away: 1 on spot, 2 to 41 on futures, where other instruments
/// use up ids. A function of the id itself, so that the ids depend on nothing but the seed.
fn id_step(dialect: Dialect, update_id: u64) -> u64 {
    match dialect {
        Dialect::Spot => 1,
        Dialect::Usdm | Dialect::Coinm => {
            2 + (update_id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % 40
        }
    }
}
