//! Binance: Spot, USD-M and COIN-M. Three dialects of one protocol.
//!
//! The books publish differences only. Spot ids count every change, so `U` is the previous `u`
//! plus one; futures ids are shared by the whole exchange and skip, so `pu` names the previous
//! `u`. A subscription is acknowledged whatever it names: unknown or misrouted streams are silent.

mod control;
mod diff;
mod feed;
mod gate;
mod info;
mod meter;
mod numbers;
mod payload;
mod rest;
mod sbe;
mod stream;
mod timed;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::clock::Nanos;
use crate::config::{Product, SimConfig};
use crate::decimal::padded;
use crate::fault::Fault;
use crate::hub::Span;
use crate::instrument::InstrumentConfig;
use crate::market::{Fill, Levels, Market, Side, Step};
use crate::truth::{LevelTexts, ViewTruth};
use crate::venue::stale::StaleBooks;
use crate::venue::{Desk, Handshake, RestReply, RestRequest, Venue};
use control::Route;
use feed::Feed;
use gate::Gate;
pub(crate) use meter::Meters;
use payload::{Face, contract};
use timed::Timed;

/// Which of the three products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Spot,
    Usdm,
    Coinm,
}

impl Dialect {
    fn of(product: Product) -> Self {
        match product {
            Product::BinanceUsdm => Dialect::Usdm,
            Product::BinanceCoinm => Dialect::Coinm,
            _ => Dialect::Spot,
        }
    }

    /// Path prefix of the REST endpoints.
    fn rest_prefix(self) -> &'static str {
        match self {
            Dialect::Spot => "/api/v3/",
            Dialect::Usdm => "/fapi/v1/",
            Dialect::Coinm => "/dapi/v1/",
        }
    }
}

/// One Binance product.
#[derive(Debug)]
pub(crate) struct Binance {
    dialect: Dialect,
    feeds: Vec<Feed>,
    routes: BTreeMap<u64, Route>,
    /// The unrouted path carries the public streams.
    unrouted: bool,
    /// Streams that follow the clock and have listeners.
    timed: BTreeMap<Arc<str>, Timed>,
    /// The market stands still for good: what follows the clock has had its last word.
    flushed: bool,
    gate: Gate,
    /// What the binary port's clients must know.
    api_key: Option<String>,
    /// REST weight per minute.
    weight_limit: u32,
    first_id: u64,
    /// Contract announcements so far.
    announcements: u64,
    stale: StaleBooks,
    /// The REST snapshot last reached in a replay, or the first one ahead.
    recorded: Option<String>,
}

impl Binance {
    pub(crate) fn new(product: Product, markets: &[Market], config: &SimConfig) -> Self {
        let dialect = Dialect::of(product);
        let first_id = config.market.first_id;
        let feed = |market: &Market| {
            Feed::new(
                dialect,
                &market.config.symbol,
                first_id,
                config.sbe.is_some(),
            )
        };
        Self {
            dialect,
            feeds: markets.iter().map(feed).collect(),
            routes: BTreeMap::new(),
            unrouted: config.usdm_unrouted,
            timed: BTreeMap::new(),
            flushed: false,
            gate: Gate::new(config.limits.connects_per_five_minutes),
            api_key: config.sbe.as_ref().map(|sbe| sbe.api_key.clone()),
            weight_limit: meter::limit(dialect, config.limits.rest_weight_per_minute),
            first_id,
            announcements: 0,
            stale: StaleBooks::default(),
            recorded: None,
        }
    }

    /// Publishes what is due on every stream that is not driven by events.
    fn publish_due(&mut self, desk: &mut Desk<'_>, all: bool) {
        for (index, feed) in self.feeds.iter_mut().enumerate() {
            feed.publish_due(desk, index, all);
        }
        if !self.flushed {
            let (dialect, feeds) = (self.dialect, &self.feeds);
            self.timed
                .retain(|_, timed| timed.publish_due(dialect, desk, feeds, all));
        }
    }

    /// Futures: announces a contract's listing, settlement or end.
    fn announce(&mut self, desk: &mut Desk<'_>, index: usize) {
        if self.dialect == Dialect::Spot {
            return;
        }
        let (dialect, now, market) = (self.dialect, desk.now, &desk.markets[index]);
        let key = Arc::from("!contractInfo");
        self.announcements += 1;
        let span = Span::one(self.announcements);
        desk.hub.publish(desk.product, &key, span, |variant| {
            let face = Face {
                dialect,
                now,
                variant,
            };
            payload::in_stream(variant, &key, contract::info(face, market))
        });
    }

    /// Book and update id for a REST snapshot: a frozen one if ordered, else the true one.
    fn snapshot(&mut self, desk: &Desk<'_>, index: usize, limit: usize) -> (u64, Levels, Levels) {
        let market = &desk.markets[index];
        let (update_id, book) = match self.stale.take(&market.config.symbol) {
            Some(frozen) => (frozen.update_id, &frozen.book),
            None => (self.feeds[index].update_id, &market.book),
        };
        (
            update_id,
            book.top(Side::Bid, limit),
            book.top(Side::Ask, limit),
        )
    }
}

impl Venue for Binance {
    fn accepts(&self, path: &str) -> bool {
        Route::parse(self.dialect, &RestRequest::parse(path).path).is_some()
    }

    fn turns_away(&mut self, desk: &mut Desk<'_>, handshake: &Handshake) -> Option<RestReply> {
        if let Some(refusal) = self.gate.knock(handshake.address, desk.now) {
            return Some(refusal);
        }
        let known = self.api_key.is_some() && handshake.api_key == self.api_key;
        let text = r#"{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}"#;
        (handshake.sbe && !known).then(|| RestReply::new(401, text))
    }

    fn opened(&mut self, desk: &mut Desk<'_>, line: u64) {
        self.open(desk, line);
    }

    fn closed(&mut self, line: u64) {
        self.routes.remove(&line);
    }

    fn expiring(&mut self, desk: &mut Desk<'_>, line: u64) {
        if self.dialect == Dialect::Spot {
            shut_down(desk, line);
        }
    }

    fn text(&mut self, desk: &mut Desk<'_>, line: u64, text: &str) {
        let reply = self.request(desk, line, text);
        desk.hub.reply(line, reply);
    }

    fn stepped(&mut self, desk: &mut Desk<'_>, index: usize, step: &Step) {
        self.feeds[index].stepped(desk, index, step);
    }

    fn tick(&mut self, desk: &mut Desk<'_>) {
        self.publish_due(desk, false);
    }

    fn flush(&mut self, desk: &mut Desk<'_>) {
        self.publish_due(desk, true);
        self.flushed = true;
    }

    fn rest(&mut self, desk: &mut Desk<'_>, request: &RestRequest) -> RestReply {
        self.answer(desk, request)
    }

    fn rest_error(&self, status: u16, now: Nanos) -> String {
        meter::error_body(status, self.weight_limit, now)
    }

    fn recorded_snapshot(&mut self, body: &str) {
        self.recorded = Some(body.to_owned());
    }

    fn lists(&self, _instrument: &InstrumentConfig) -> bool {
        true
    }

    fn reference_changed(&mut self, desk: &mut Desk<'_>, index: usize) {
        let market = &desk.markets[index];
        if index == self.feeds.len() {
            let (symbol, sbe) = (&market.config.symbol, self.api_key.is_some());
            let feed = Feed::new(self.dialect, symbol, self.first_id, sbe);
            self.feeds.push(feed);
        }
        self.announce(desk, index);
    }

    fn inject(&mut self, desk: &mut Desk<'_>, fault: &Fault) {
        match fault {
            Fault::StaleSnapshot {
                product,
                symbol,
                count,
            } if *product == desk.product => {
                let Some(index) = desk.find(symbol) else {
                    return;
                };
                let update_id = self.feeds[index].update_id;
                self.stale.freeze(desk, index, update_id, *count);
            }
            Fault::SequenceReset { product, symbol } if *product == desk.product => {
                if let Some(index) = desk.find(symbol) {
                    let sbe = self.api_key.is_some();
                    self.feeds[index] = Feed::new(self.dialect, symbol, 0, sbe);
                }
            }
            Fault::ServerShutdown if self.dialect == Dialect::Spot => {
                for line in desk.hub.lines(desk.product) {
                    shut_down(desk, line);
                }
            }
            _ => {}
        }
    }

    fn texts(&self, config: &InstrumentConfig, levels: &[(i64, i64)]) -> LevelTexts {
        let text = |(px, qty): &(i64, i64)| {
            (
                padded(*px, config.px_digits),
                padded(*qty, config.qty_digits),
            )
        };
        levels.iter().map(text).collect()
    }

    fn update_id(&self, index: usize) -> u64 {
        self.feeds[index].update_id
    }

    fn views(&self, _index: usize, _config: &InstrumentConfig) -> Vec<ViewTruth> {
        Vec::new()
    }

    fn trade_id(&self, _config: &InstrumentConfig, number: u64) -> String {
        number.to_string()
    }

    fn side(&self, taker: Side) -> &'static str {
        match taker {
            Side::Bid => "BUY",
            Side::Ask => "SELL",
        }
    }
}

/// Tells one connection that the server goes away, without a subscription.
fn shut_down(desk: &mut Desk<'_>, line: u64) {
    let Some(session) = desk.hub.session(line) else {
        return;
    };
    let combined = session.variant.combined;
    let stamp = payload::stamp(desk.now, session.variant);
    let event = format!(r#"{{"e":"serverShutdown","E":{stamp}}}"#);
    let event = if combined {
        payload::wrapped("!serverShutdown", &event)
    } else {
        event
    };
    desk.hub.reply(line, event);
}

/// Sequence range of trades: from the first id to the last.
fn span_of(fills: &[Fill]) -> Span {
    let first = fills.first().map_or(0, |fill| fill.id);
    Span {
        first,
        last: fills.last().map_or(first, |fill| fill.id),
    }
}
