//! The binary streams of one instrument.

use std::sync::Arc;

use super::{PREFIX, best, diff, snapshot, trades};
use crate::clock::{MILLI, Nanos};
use crate::hub::Span;
use crate::market::{Fill, Side, Step};
use crate::venue::Desk;
use crate::venue::binance::diff::{Depth, Diff};
use crate::venue::binance::{Dialect, span_of};

/// Pause of `depth` in ms, since 2026-08-04.
const DEPTH_PAUSE: Nanos = 20;

/// Pause of `depth20`, since 2026-08-04.
const TOP_PAUSE: Nanos = 50 * MILLI;

/// Levels of `depth20`.
const TOP_LEVELS: usize = 20;

/// See the module.
#[derive(Debug)]
pub(in crate::venue::binance) struct SbeFeed {
    trade: Arc<str>,
    best: Arc<str>,
    depth: Depth,
    top: Arc<str>,
    /// Number of the interval of `depth20` that was last published, and the book's id then.
    top_shown: (Nanos, u64),
}

impl SbeFeed {
    pub(in crate::venue::binance) fn new(symbol: &str, first_id: u64) -> Self {
        let lower = symbol.to_lowercase();
        let key = |topic: &str| Arc::from(format!("{PREFIX}{lower}@{topic}"));
        Self {
            trade: key("trade"),
            best: key("bestBidAsk"),
            depth: Depth::new(key("depth"), DEPTH_PAUSE, first_id),
            top: key("depth20"),
            top_shown: (0, 0),
        }
    }

    /// Publishes an event's trades and notes its changes; `before` is the update id before it.
    pub(in crate::venue::binance) fn stepped(
        &mut self,
        desk: &mut Desk<'_>,
        index: usize,
        step: &Step,
        before: u64,
    ) {
        self.depth.note(Dialect::Spot, desk, step, before);
        if !desk.hub.wanted(desk.product, &self.trade) {
            return;
        }
        let config = &desk.markets[index].config;
        let micros = |fill: &Fill| fill.at / 1_000;
        for fills in step.fills.chunk_by(|a, b| micros(a) == micros(b)) {
            let body = trades(config, fills, desk.now);
            desk.hub
                .publish_binary(desk.product, &self.trade, span_of(fills), body);
        }
    }

    /// Publishes new best prices.
    pub(in crate::venue::binance) fn touched(
        &self,
        desk: &mut Desk<'_>,
        index: usize,
        update_id: u64,
        touch: [(i64, i64); 2],
    ) {
        if desk.hub.wanted(desk.product, &self.best) {
            let body = best(&desk.markets[index].config, update_id, touch, desk.now);
            desk.hub
                .publish_binary(desk.product, &self.best, Span::one(update_id), body);
        }
    }

    /// Publishes the streams whose pause is over, or all of them.
    pub(in crate::venue::binance) fn publish_due(
        &mut self,
        desk: &mut Desk<'_>,
        index: usize,
        update_id: u64,
        all: bool,
    ) {
        if let Some(changes) = self.depth.due(desk.now, update_id, all) {
            self.publish_depth(desk, index, &changes);
        }
        let slot = desk.now / TOP_PAUSE;
        let due = (all || slot > self.top_shown.0) && update_id != self.top_shown.1;
        if due && desk.hub.wanted(desk.product, &self.top) {
            self.top_shown = (slot, update_id);
            self.publish_top(desk, index, update_id);
        }
    }

    fn publish_depth(&self, desk: &mut Desk<'_>, index: usize, changes: &Diff) {
        let span = Span {
            first: changes.first,
            last: changes.last,
        };
        let body = diff(&desk.markets[index].config, changes);
        desk.hub
            .publish_binary(desk.product, &self.depth.key, span, body);
    }

    fn publish_top(&self, desk: &mut Desk<'_>, index: usize, update_id: u64) {
        let market = &desk.markets[index];
        let top = [Side::Bid, Side::Ask].map(|side| market.book.top(side, TOP_LEVELS));
        let body = snapshot(&market.config, update_id, top, desk.now);
        desk.hub
            .publish_binary(desk.product, &self.top, Span::one(update_id), body);
    }
}
