//! Kraken Futures WebSocket v1 and REST v3.
//!
//! One level a message, numbered without a hole per instrument; trades are numbered by themselves.
//! There is no request id: an answer names feed and product.

mod contract;
mod control;
mod executions;
mod feed;
mod number;
mod payload;
mod rest;
mod ticker;

use std::collections::BTreeMap;

use crate::clock::{MILLI, Nanos, SECOND};
use crate::config::SimConfig;
use crate::fault::Fault;
use crate::hub::Span;
use crate::instrument::InstrumentConfig;
use crate::market::{Market, Side, State, Step};
use crate::truth::{LevelTexts, ViewTruth};
use crate::venue::pace::Pace;
use crate::venue::uuid::uuid;
use crate::venue::{Desk, RestReply, RestRequest, Venue};
use feed::Feed;

/// Pause between heartbeats, and between tickers of one instrument.
const PULSE: Nanos = SECOND;

/// Requests per second and connection.
const REQUESTS_PER_SECOND: u32 = 100;

/// Key of the heartbeat feed, which has no product.
const HEARTBEAT: &str = "heartbeat";

/// The futures product.
#[derive(Debug)]
pub(crate) struct KrakenFutures {
    feeds: Vec<Feed>,
    last_pulse: Nanos,
    heartbeats: u64,
    /// What each connection may still ask for.
    requests: BTreeMap<u64, Pace>,
    requests_per_second: u32,
    first_id: u64,
}

impl KrakenFutures {
    pub(crate) fn new(markets: &[Market], config: &SimConfig) -> Self {
        let (limits, first_id) = (&config.limits, config.market.first_id);
        let feed = |market: &Market| Feed::new(&market.config, first_id);
        Self {
            feeds: markets.iter().map(feed).collect(),
            last_pulse: 0,
            heartbeats: 0,
            requests: BTreeMap::new(),
            requests_per_second: limits.requests_per_second.unwrap_or(REQUESTS_PER_SECOND),
            first_id,
        }
    }
}

impl Venue for KrakenFutures {
    fn accepts(&self, path: &str) -> bool {
        matches!(RestRequest::parse(path).path.as_str(), "/ws/v1" | "/ws/v1/")
    }

    fn opened(&mut self, desk: &mut Desk<'_>, line: u64) {
        desk.hub
            .reply(line, r#"{"event":"info","version":1}"#.into());
    }

    fn closed(&mut self, line: u64) {
        self.requests.remove(&line);
    }

    fn lists(&self, instrument: &InstrumentConfig) -> bool {
        contract::is_named_well(instrument)
    }

    /// Only REST tells of it; a ticker says whether its contract is halted.
    fn reference_changed(&mut self, desk: &mut Desk<'_>, index: usize) {
        if index == self.feeds.len() {
            let config = &desk.markets[index].config;
            self.feeds.push(Feed::new(config, self.first_id));
        }
    }

    fn expiring(&mut self, _desk: &mut Desk<'_>, _line: u64) {}

    fn text(&mut self, desk: &mut Desk<'_>, line: u64, text: &str) {
        let limit = self.requests_per_second;
        let requests = self.requests.entry(line);
        let pace = requests.or_insert_with(|| Pace::new(limit, SECOND));
        if pace.admits(1, desk.now) {
            self.request(desk, line, text);
        } else {
            control::alert(desk, line, "Too many requests");
        }
    }

    fn stepped(&mut self, desk: &mut Desk<'_>, index: usize, step: &Step) {
        self.feeds[index].stepped(desk, index, step);
    }

    fn tick(&mut self, desk: &mut Desk<'_>) {
        if desk.now.saturating_sub(self.last_pulse) < PULSE {
            return;
        }
        self.last_pulse = desk.now;
        self.heartbeats += 1;
        let (key, span) = (HEARTBEAT.into(), Span::one(self.heartbeats));
        let text = format!(r#"{{"feed":"heartbeat","time":{}}}"#, desk.now / MILLI);
        desk.hub.publish(desk.product, &key, span, |_| text.clone());
        if desk.recorded.is_some() {
            return;
        }
        for (index, feed) in self.feeds.iter_mut().enumerate() {
            if desk.markets[index].state != State::Delisted {
                feed.publish_tickers(desk, index);
            }
        }
    }

    /// Tickers are samples: nothing is owed.
    fn flush(&mut self, _desk: &mut Desk<'_>) {}

    fn rest(&mut self, desk: &mut Desk<'_>, request: &RestRequest) -> RestReply {
        self.answer(desk, request)
    }

    fn rest_error(&self, status: u16, now: Nanos) -> String {
        match status {
            429 => rest::failure("apiLimitExceeded", now),
            503 => rest::failure("Unavailable", now),
            _ => rest::failure("Server Error", now),
        }
    }

    fn recorded_snapshot(&mut self, _body: &str) {}

    fn inject(&mut self, desk: &mut Desk<'_>, fault: &Fault) {
        if let Fault::SequenceReset { product, symbol } = fault
            && *product == desk.product
            && let Some(index) = desk.find(symbol)
        {
            self.feeds[index].restart();
        }
    }

    fn texts(&self, config: &InstrumentConfig, levels: &[(i64, i64)]) -> LevelTexts {
        payload::texts(config, levels)
    }

    fn update_id(&self, index: usize) -> u64 {
        self.feeds[index].sequence()
    }

    /// The feed shows the whole book: there is no truncated view.
    fn views(&self, _index: usize, _config: &InstrumentConfig) -> Vec<ViewTruth> {
        Vec::new()
    }

    fn trade_id(&self, config: &InstrumentConfig, number: u64) -> String {
        uuid(&config.symbol, number)
    }

    fn side(&self, taker: Side) -> &'static str {
        payload::side(taker)
    }
}
