//! Bybit v5: spot and linear perpetuals.
//!
//! Each `orderbook.<depth>` topic is a view of its own with its own update id: a snapshot first,
//! then deltas that keep exactly `depth` levels. Level 1 is snapshots only and is repeated after
//! three seconds without change. One bad topic fails the whole subscribe request.

mod control;
mod feed;
mod payload;
mod rest;
mod ticker;

use crate::clock::Nanos;
use crate::config::{Product, SimConfig};
use crate::fault::Fault;
use crate::instrument::InstrumentConfig;
use crate::market::{Market, Side, Step};
use crate::truth::{LevelTexts, ViewTruth};
use crate::venue::stale::StaleBooks;
use crate::venue::{Desk, RestReply, RestRequest, Venue};
use feed::Feed;

/// Which of the two products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Category {
    Spot,
    Linear,
}

impl Category {
    fn name(self) -> &'static str {
        match self {
            Category::Spot => "spot",
            Category::Linear => "linear",
        }
    }
}

/// One Bybit product.
#[derive(Debug)]
pub(crate) struct Bybit {
    category: Category,
    feeds: Vec<Feed>,
    stale: StaleBooks,
}

impl Bybit {
    pub(crate) fn new(product: Product, markets: &[Market], config: &SimConfig) -> Self {
        let category = match product {
            Product::BybitLinear => Category::Linear,
            _ => Category::Spot,
        };
        let first_id = config.market.first_id;
        let feed = |market: &Market| Feed::new(category, &market.config.symbol, first_id);
        Self {
            category,
            feeds: markets.iter().map(feed).collect(),
            stale: StaleBooks::default(),
        }
    }
}

impl Venue for Bybit {
    fn accepts(&self, path: &str) -> bool {
        let path = RestRequest::parse(path).path;
        path.strip_prefix("/v5/public/") == Some(self.category.name())
    }

    fn opened(&mut self, _desk: &mut Desk<'_>, _line: u64) {}

    fn closed(&mut self, _line: u64) {}

    fn expiring(&mut self, _desk: &mut Desk<'_>, _line: u64) {}

    fn text(&mut self, desk: &mut Desk<'_>, line: u64, text: &str) {
        self.request(desk, line, text);
    }

    fn stepped(&mut self, desk: &mut Desk<'_>, index: usize, step: &Step) {
        self.feeds[index].stepped(desk, index, step);
    }

    fn tick(&mut self, desk: &mut Desk<'_>) {
        for (index, feed) in self.feeds.iter_mut().enumerate() {
            feed.publish_due(desk, index, false);
        }
    }

    fn flush(&mut self, desk: &mut Desk<'_>) {
        for (index, feed) in self.feeds.iter_mut().enumerate() {
            feed.publish_due(desk, index, true);
        }
    }

    fn rest(&mut self, desk: &mut Desk<'_>, request: &RestRequest) -> RestReply {
        self.answer(desk, request)
    }

    fn rest_error(&self, status: u16, now: Nanos) -> String {
        match status {
            403 => r#"{"retCode":403,"retMsg":"access too frequent"}"#.into(),
            429 => rest::failure(10_006, "Too many visits!", now),
            _ => rest::failure(10_016, "Internal server error", now),
        }
    }

    fn recorded_snapshot(&mut self, _body: &str) {}

    fn inject(&mut self, desk: &mut Desk<'_>, fault: &Fault) {
        match fault {
            Fault::Resnapshot { target } if target.product == desk.product => {
                for (index, feed) in self.feeds.iter_mut().enumerate() {
                    feed.resnapshot(desk, index, target, false);
                }
            }
            Fault::Restart { target } if target.product == desk.product => {
                for (index, feed) in self.feeds.iter_mut().enumerate() {
                    feed.resnapshot(desk, index, target, true);
                }
            }
            Fault::StaleSnapshot {
                product,
                symbol,
                count,
            } if *product == desk.product => {
                let Some(index) = desk.find(symbol) else {
                    return;
                };
                let update_id = self.feeds[index].deepest_id();
                self.stale.freeze(desk, index, update_id, *count);
            }
            _ => {}
        }
    }

    fn texts(&self, config: &InstrumentConfig, levels: &[(i64, i64)]) -> LevelTexts {
        payload::texts(self.category, config, levels)
    }

    fn update_id(&self, _index: usize) -> u64 {
        0
    }

    fn views(&self, index: usize, config: &InstrumentConfig) -> Vec<ViewTruth> {
        self.feeds[index].views(config)
    }

    fn trade_id(&self, config: &InstrumentConfig, number: u64) -> String {
        payload::trade_id(self.category, config, number)
    }

    fn side(&self, taker: Side) -> &'static str {
        payload::side(taker)
    }
}
