//! The streams of one instrument.

use std::sync::Arc;

use super::diff::{Depth, Diff, last_id};
use super::payload::{self, Face, contract};
use super::sbe::SbeFeed;
use super::{Dialect, span_of};
use crate::clock::{Nanos, SECOND};
use crate::hub::Span;
use crate::market::{Fill, Liquidation, Side, Step};
use crate::venue::Desk;

/// Streams of one instrument and the update id they count by.
#[derive(Debug)]
pub(super) struct Feed {
    dialect: Dialect,
    trade: Arc<str>,
    aggregate: Arc<str>,
    ticker: Arc<str>,
    /// Futures: the best prices of every instrument.
    all_tickers: Option<Arc<str>>,
    forced: [Arc<str>; 2],
    depths: Vec<Depth>,
    /// Spot: the binary streams, if they have a port.
    sbe: Option<SbeFeed>,
    pub(super) update_id: u64,
    /// The newest liquidation that was not published yet.
    liquidation: Option<Liquidation>,
    /// Second in which the last one was published.
    liquidated: Nanos,
    touch: [Option<(i64, i64)>; 2],
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
    pub(super) fn new(dialect: Dialect, symbol: &str, first_id: u64, sbe: bool) -> Self {
        let lower = symbol.to_lowercase();
        let key = |suffix: &str| Arc::from(format!("{lower}{suffix}"));
        let depth = |&(suffix, pause): &(&str, Nanos)| Depth::new(key(suffix), pause, first_id);
        let spot = dialect == Dialect::Spot;
        Self {
            dialect,
            trade: key("@trade"),
            aggregate: key("@aggTrade"),
            ticker: key("@bookTicker"),
            all_tickers: (!spot).then(|| Arc::from("!bookTicker")),
            forced: [key("@forceOrder"), Arc::from("!forceOrder@arr")],
            depths: depth_speeds(dialect).iter().map(depth).collect(),
            sbe: (spot && sbe).then(|| SbeFeed::new(symbol, first_id)),
            update_id: first_id,
            liquidation: None,
            liquidated: 0,
            touch: [None; 2],
        }
    }

    /// Publishes the trades and the best prices of an event and notes its changes.
    pub(super) fn stepped(&mut self, desk: &mut Desk<'_>, index: usize, step: &Step) {
        self.publish_trades(desk, index, &step.fills);
        let before = self.update_id;
        self.update_id = last_id(self.dialect, before, step.changes.len());
        for depth in &mut self.depths {
            depth.note(self.dialect, desk, step, before);
        }
        if let Some(sbe) = &mut self.sbe {
            sbe.stepped(desk, index, step, before);
        }
        self.publish_touch(desk, index, step.at);
        for depth in self.depths.iter_mut().filter(|depth| depth.every == 0) {
            if let Some(diff) = depth.take(desk.now, self.update_id) {
                publish_diff(self.dialect, desk, index, &depth.key, &diff);
            }
        }
        self.liquidation = step.liquidation.or(self.liquidation);
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
        let keys = [Some(&self.ticker), self.all_tickers.as_ref()];
        for key in keys.into_iter().flatten() {
            desk.hub.publish(desk.product, key, span, |variant| {
                let body = payload::book_ticker(self.dialect, &market.config, &quote);
                payload::in_stream(variant, key, body)
            });
        }
        if let Some(sbe) = &self.sbe {
            sbe.touched(desk, index, self.update_id, [bid, ask]);
        }
    }

    /// Publishes the streams whose interval is over, or all of them.
    pub(super) fn publish_due(&mut self, desk: &mut Desk<'_>, index: usize, all: bool) {
        for depth in &mut self.depths {
            if let Some(diff) = depth.due(desk.now, self.update_id, all) {
                publish_diff(self.dialect, desk, index, &depth.key, &diff);
            }
        }
        if let Some(sbe) = &mut self.sbe {
            sbe.publish_due(desk, index, self.update_id, all);
        }
        if self.dialect != Dialect::Spot && (all || desk.now / SECOND > self.liquidated) {
            self.publish_liquidation(desk, index);
        }
    }

    /// Publishes the newest liquidation; the venue shows one per second at most.
    fn publish_liquidation(&mut self, desk: &mut Desk<'_>, index: usize) {
        let Some(order) = self.liquidation.take() else {
            return;
        };
        self.liquidated = desk.now / SECOND;
        let (config, now) = (&desk.markets[index].config, desk.now);
        for (key, array) in self.forced.iter().zip([false, true]) {
            let span = Span::one(order.trade);
            desk.hub.publish(desk.product, key, span, |variant| {
                let face = Face {
                    dialect: self.dialect,
                    now,
                    variant,
                };
                let body = contract::force_order(face, config, &order, array);
                payload::in_stream(variant, key, body)
            });
        }
    }
}

fn publish_diff(dialect: Dialect, desk: &mut Desk<'_>, index: usize, key: &Arc<str>, diff: &Diff) {
    let config = &desk.markets[index].config;
    let span = Span {
        first: diff.first,
        last: diff.last,
    };
    desk.hub.publish(desk.product, key, span, |variant| {
        let body = payload::depth(dialect, config, diff, variant);
        payload::in_stream(variant, key, body)
    });
}
