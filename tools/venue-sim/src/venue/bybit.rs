//! Bybit v5: spot, linear, inverse and options, each with a socket of its own.
//!
//! Each `orderbook.<depth>` topic is a view of its own with its own update id: a snapshot first,
//! then deltas that keep exactly `depth` levels. Level 1 is snapshots only and is repeated after
//! three seconds without change. One bad topic fails the whole subscribe request. The cross
//! sequence counts the events of the whole product.

mod book;
mod category;
mod contract;
mod control;
mod derivative;
mod feed;
mod instruments;
mod kline;
mod meter;
mod payload;
mod pool;
mod rest;
mod rpi;
mod status;
mod ticker;
mod topic;
mod trades;

use crate::clock::Nanos;
use crate::config::{Product, SimConfig};
use crate::fault::{Fault, Target};
use crate::instrument::InstrumentConfig;
use crate::market::{Market, Side, Step};
use crate::truth::{LevelTexts, ViewTruth};
use crate::venue::stale::StaleBooks;
use crate::venue::{Desk, Handshake, RestReply, RestRequest, Venue};
use category::Category;
use feed::Feed;
use meter::Meter;
use pool::Pool;
use status::Status;

/// Market data connections at once (v5 "Connect": per address, each product counted for itself).
const CONNECTIONS_MAX: usize = 1_000;

/// One Bybit product.
#[derive(Debug)]
pub(crate) struct Bybit {
    category: Category,
    first_id: u64,
    feeds: Vec<Feed>,
    pools: Vec<Pool>,
    status: Status,
    /// Cross sequence: grows with every event of the product.
    sequence: u64,
    stale: StaleBooks,
    requests: Meter,
    connects: Meter,
    /// Most instruments on one page of the reference data.
    page_max: usize,
}

impl Bybit {
    pub(crate) fn new(product: Product, markets: &[Market], config: &SimConfig) -> Self {
        let category = Category::of(product);
        let first_id = config.market.first_id;
        let feed = |market: &Market| Feed::new(category, market, first_id);
        let limits = &config.limits;
        Self {
            category,
            first_id,
            feeds: markets.iter().map(feed).collect(),
            pools: Pool::all(category),
            status: Status::default(),
            sequence: first_id.saturating_mul(100),
            stale: StaleBooks::default(),
            requests: Meter::of_requests(limits.rest_requests_per_five_seconds),
            connects: Meter::of_connects(limits.connects_per_five_minutes),
            page_max: limits.instruments_per_page.unwrap_or(instruments::PAGE_MAX),
        }
    }

    fn publish_due(&mut self, desk: &mut Desk<'_>, all: bool) {
        if desk.recorded.is_some() {
            return;
        }
        for (index, feed) in self.feeds.iter_mut().enumerate() {
            feed.publish_due(desk, index, all);
        }
        for pool in &mut self.pools {
            pool.publish_due(desk, &self.feeds, all);
        }
    }
}

impl Venue for Bybit {
    fn accepts(&self, path: &str) -> bool {
        let path = RestRequest::parse(path).path;
        let name = path.strip_prefix("/v5/public/");
        name == Some(self.category.name()) || name == Some(status::PATH)
    }

    fn turns_away(&mut self, desk: &mut Desk<'_>, handshake: &Handshake) -> Option<RestReply> {
        let room = desk.hub.lines(desk.product).len() < CONNECTIONS_MAX;
        let allowed = room && self.connects.allows(handshake.address, desk.now);
        (!allowed).then(|| RestReply::new(403, self.rest_error(403, desk.now)))
    }

    fn opened(&mut self, _desk: &mut Desk<'_>, _line: u64) {}

    fn closed(&mut self, _line: u64) {}

    fn expiring(&mut self, _desk: &mut Desk<'_>, _line: u64) {}

    fn text(&mut self, desk: &mut Desk<'_>, line: u64, text: &str) {
        self.request(desk, line, text);
    }

    fn stepped(&mut self, desk: &mut Desk<'_>, index: usize, step: &Step) {
        self.sequence += 1 + step.changes.len() as u64;
        self.feeds[index].stepped(desk, index, step, self.sequence);
    }

    fn tick(&mut self, desk: &mut Desk<'_>) {
        self.publish_due(desk, false);
    }

    fn flush(&mut self, desk: &mut Desk<'_>) {
        self.publish_due(desk, true);
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

    fn lists(&self, _instrument: &InstrumentConfig) -> bool {
        true
    }

    fn reference_changed(&mut self, desk: &mut Desk<'_>, index: usize) {
        if let Some(feed) = self.feeds.get_mut(index) {
            return feed.follow(desk, index);
        }
        let feed = Feed::new(self.category, &desk.markets[index], self.first_id);
        self.feeds.push(feed);
    }

    fn inject(&mut self, desk: &mut Desk<'_>, fault: &Fault) {
        match fault {
            Fault::Resnapshot { target } | Fault::Restart { target }
                if target.product == desk.product =>
            {
                let restart = matches!(fault, Fault::Restart { .. });
                for (index, feed) in self.feeds.iter_mut().enumerate() {
                    feed.resnapshot(desk, index, target, restart);
                }
            }
            Fault::SequenceReset { product, symbol } if *product == desk.product => {
                let target = Target::product(*product).stream(symbol.as_str());
                self.inject(desk, &Fault::Restart { target });
            }
            Fault::PlatformStatus { product, state } if *product == desk.product => {
                self.status.announce(desk, self.category, state);
            }
            Fault::StaleSnapshot {
                product,
                symbol,
                count,
            } if *product == desk.product => {
                let Some(index) = desk.find(symbol) else {
                    return;
                };
                let deepest = self.feeds[index].deepest();
                let update_id = deepest.map_or(0, |book| book.update_id);
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
