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
use crate::decimal::padded;
use crate::fault::Fault;
use crate::market::{Fill, Market, Side, Step};
use crate::truth::{InstrumentTruth, LevelTexts, TradeTruth};
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

    fn truth(&self, desk: &Desk<'_>, index: usize) -> InstrumentTruth {
        let market = &desk.markets[index];
        let side = |side: Side| -> LevelTexts {
            payload::texts(
                &market.config,
                &market.book.top(side, market.book.len(side)),
            )
        };
        InstrumentTruth {
            product: desk.product,
            symbol: market.config.symbol.clone(),
            bids: side(Side::Bid),
            asks: side(Side::Ask),
            last_update_id: 0,
            views: self.feeds[index].views(&market.config),
            trades: Vec::new(),
            trades_lost: 0,
        }
    }

    fn trade(&self, market: &Market, fill: &Fill) -> TradeTruth {
        let config = &market.config;
        TradeTruth {
            id: fill.id.to_string(),
            number: fill.id,
            aggregate: fill.aggregate,
            px: padded(fill.px, config.px_digits),
            qty: padded(fill.qty, config.qty_digits),
            side: payload::side(fill.taker).into(),
            ts_ns: fill.at,
        }
    }
}
