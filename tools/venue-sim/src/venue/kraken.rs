//! Kraken Spot WebSocket v2.
//!
//! Books have no sequence number; a CRC32 over the ten best levels of each side is the only check.
//! A subscriber truncates to its depth by itself, so levels pushed out are not deleted, and a level
//! that becomes visible is published with the change that made it so.

mod checksum;
mod control;
mod feed;
mod payload;
mod rest;

use crate::clock::{Nanos, SECOND};
use crate::fault::Fault;
use crate::instrument::InstrumentConfig;
use crate::market::{Market, Side, Step};
use crate::truth::{LevelTexts, ViewTruth};
use crate::venue::{Desk, RestReply, RestRequest, Venue};
use feed::Feed;

/// Pause after the last stream message before a subscribed connection gets a heartbeat.
const HEARTBEAT: Nanos = SECOND;

/// The spot product.
#[derive(Debug)]
pub(crate) struct Kraken {
    feeds: Vec<Feed>,
    /// State of the `status` channel.
    system: String,
}

impl Kraken {
    pub(crate) fn new(markets: &[Market]) -> Self {
        let feed = |market: &Market| Feed::new(&market.config);
        Self {
            feeds: markets.iter().map(feed).collect(),
            system: "online".into(),
        }
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

    fn closed(&mut self, _line: u64) {}

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
        rest::answer(&self.system, desk, request)
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
