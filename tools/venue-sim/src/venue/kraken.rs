//! Kraken Spot WebSocket v2.
//!
//! Books have no sequence number; a CRC32 over the ten best levels of each side is the only check.
//! A subscriber truncates to its depth by itself, so levels pushed out are not deleted, and a level
//! that becomes visible is published with the change that made it so.

mod checksum;
mod control;
mod feed;
mod history;
mod instruments;
mod level3;
mod ohlc;
mod orders;
mod payload;
mod rest;

use std::collections::BTreeMap;

use crate::clock::{Nanos, SECOND};
use crate::config::SimConfig;
use crate::fault::Fault;
use crate::hub::Span;
use crate::instrument::InstrumentConfig;
use crate::market::{Market, Side, Step};
use crate::truth::{LevelTexts, ViewTruth};
use crate::venue::pace::{Attempts, Pace};
use crate::venue::{Desk, Handshake, RestReply, RestRequest, Venue};
use feed::Feed;

/// Pause after the last stream message before a subscribed connection gets a heartbeat.
const HEARTBEAT: Nanos = SECOND;

/// Key of the instrument channel, which has no symbols.
const INSTRUMENT: &str = "instrument";

/// Connection attempts per address within [`CONNECTS_WITHIN`], and how long a ban lasts.
const CONNECTS: u32 = 150;
const CONNECTS_WITHIN: Nanos = 600 * SECOND;

/// Requests per second and connection. The venue publishes no figure; clients keep to 20.
const REQUESTS_PER_SECOND: u32 = 100;

/// Symbols of one connection in level3.
const LEVEL3_SYMBOLS: usize = 200;

/// Cost of level3 subscriptions per second: the standard figure; the venue sells more.
const SNAPSHOTS_PER_SECOND: u32 = 200;

/// The spot product.
#[derive(Debug)]
pub(crate) struct Kraken {
    feeds: Vec<Feed>,
    /// State of the `status` channel.
    system: String,
    attempts: Attempts,
    clients: BTreeMap<u64, Client>,
    requests_per_second: u32,
    level3_symbols: usize,
    /// What a level3 subscription must say.
    token: String,
    /// Updates of the instrument channel so far.
    reference_changes: u64,
}

/// What one connection may still ask for.
#[derive(Debug)]
struct Client {
    requests: Pace,
    snapshots: Pace,
}

impl Kraken {
    pub(crate) fn new(markets: &[Market], config: &SimConfig) -> Self {
        let feed = |market: &Market| Feed::new(&market.config);
        let limits = &config.limits;
        let connects = limits.connects_per_ten_minutes.unwrap_or(CONNECTS);
        Self {
            feeds: markets.iter().map(feed).collect(),
            system: "online".into(),
            attempts: Attempts::new(connects, CONNECTS_WITHIN),
            clients: BTreeMap::new(),
            requests_per_second: limits.requests_per_second.unwrap_or(REQUESTS_PER_SECOND),
            level3_symbols: limits.level3_symbols.unwrap_or(LEVEL3_SYMBOLS),
            token: config.kraken_token.clone(),
            reference_changes: 0,
        }
    }

    fn client(&mut self, line: u64) -> &mut Client {
        let requests = self.requests_per_second;
        self.clients.entry(line).or_insert_with(|| Client {
            requests: Pace::new(requests, SECOND),
            snapshots: Pace::new(SNAPSHOTS_PER_SECOND, SECOND),
        })
    }
}

impl Venue for Kraken {
    fn accepts(&self, path: &str) -> bool {
        matches!(RestRequest::parse(path).path.as_str(), "/v2" | "/v2/")
    }

    fn opened(&mut self, desk: &mut Desk<'_>, line: u64) {
        let status = payload::status(&self.system, line);
        desk.hub.reply(line, status);
    }

    fn turns_away(&mut self, desk: &mut Desk<'_>, handshake: &Handshake) -> Option<RestReply> {
        let refused = self.attempts.refuse(handshake.address, desk.now);
        // The answer is the network's in front of the venue, not the venue's.
        refused.then(|| RestReply::new(429, "error code: 1015"))
    }

    fn closed(&mut self, line: u64) {
        self.clients.remove(&line);
    }

    fn lists(&self, instrument: &InstrumentConfig) -> bool {
        instrument.symbol.contains('/')
    }

    fn reference_changed(&mut self, desk: &mut Desk<'_>, index: usize) {
        if index == self.feeds.len() {
            self.feeds.push(Feed::new(&desk.markets[index].config));
        }
        let Some(text) = instruments::update(desk.markets, index) else {
            return;
        };
        self.reference_changes += 1;
        let span = Span::one(self.reference_changes);
        desk.hub
            .publish(desk.product, &INSTRUMENT.into(), span, |_| text.clone());
    }

    fn expiring(&mut self, _desk: &mut Desk<'_>, _line: u64) {}

    fn text(&mut self, desk: &mut Desk<'_>, line: u64, text: &str) {
        self.request(desk, line, text);
    }

    fn stepped(&mut self, desk: &mut Desk<'_>, index: usize, step: &Step) {
        self.feeds[index].stepped(desk, index, step);
    }

    fn tick(&mut self, desk: &mut Desk<'_>) {
        for line in desk.hub.lines(desk.product) {
            let Some(session) = desk.hub.session(line) else {
                continue;
            };
            if !session.subs.is_empty() && desk.now.saturating_sub(session.last_data) >= HEARTBEAT {
                session.last_data = desk.now;
                desk.hub.reply(line, r#"{"channel":"heartbeat"}"#.into());
            }
        }
    }

    /// Nothing is conflated here.
    fn flush(&mut self, _desk: &mut Desk<'_>) {}

    fn rest(&mut self, desk: &mut Desk<'_>, request: &RestRequest) -> RestReply {
        rest::answer(&self.system, &self.token, desk, request)
    }

    fn rest_error(&self, status: u16, _now: Nanos) -> String {
        let text = match status {
            429 => "EGeneral:Too many requests",
            503 => "EService:Unavailable",
            _ => "EGeneral:Internal error",
        };
        rest::failure(text)
    }

    fn recorded_snapshot(&mut self, _body: &str) {}

    fn inject(&mut self, desk: &mut Desk<'_>, fault: &Fault) {
        if let Fault::SystemStatus { system } = fault {
            self.system.clone_from(system);
            for line in desk.hub.lines(desk.product) {
                let status = payload::status(system, line);
                desk.hub.reply(line, status);
            }
        }
    }

    fn texts(&self, config: &InstrumentConfig, levels: &[(i64, i64)]) -> LevelTexts {
        payload::texts(config, levels)
    }

    fn update_id(&self, _index: usize) -> u64 {
        0
    }

    fn views(&self, index: usize, config: &InstrumentConfig) -> Vec<ViewTruth> {
        self.feeds[index].views(config)
    }

    fn trade_id(&self, _config: &InstrumentConfig, number: u64) -> String {
        number.to_string()
    }

    fn side(&self, taker: Side) -> &'static str {
        payload::side(taker)
    }
}
