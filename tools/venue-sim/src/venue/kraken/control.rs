//! Requests: subscribe, unsubscribe, ping. One acknowledgement per symbol.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::Value;

use super::feed::DEPTHS;
use super::level3::DEPTHS as DEPTHS_OF_ORDERS;
use super::ohlc::INTERVALS;
use super::{INSTRUMENT, Kraken, instruments};
use crate::clock::{self, Nanos, rfc3339_micros};
use crate::hub::Span;
use crate::venue::Desk;

/// What a request names besides its symbols.
struct Wish<'a> {
    method: &'static str,
    id: Option<&'a Value>,
    channel: &'a str,
    depth: u64,
    trigger: &'a str,
    /// Minutes of a candle.
    interval: u64,
    token: Option<&'a str>,
    snapshot: bool,
    came: Nanos,
}

impl Wish<'_> {
    fn key(&self, symbol: &str) -> String {
        match self.channel {
            "book" => format!("book.{}.{symbol}", self.depth),
            "ticker" => format!("ticker.{}.{symbol}", self.trigger),
            "ohlc" => format!("ohlc.{}.{symbol}", self.interval),
            "level3" => format!("level3.{}.{symbol}", self.depth),
            channel => format!("{channel}.{symbol}"),
        }
    }

    /// `"method":…,"req_id":…,`
    fn head(&self) -> String {
        let mut head = format!(r#""method":"{}","#, self.method);
        if let Some(id) = self.id {
            // Writing to a string cannot fail.
            let _infallible = write!(head, r#""req_id":{id},"#);
        }
        head
    }

    /// `"time_in":…,"time_out":…`
    fn times(&self) -> String {
        let (came, goes) = (rfc3339_micros(self.came), rfc3339_micros(clock::now()));
        format!(r#""time_in":"{came}","time_out":"{goes}""#)
    }

    fn accepted(&self, symbol: Option<&str>) -> String {
        let mut result = format!(r#""channel":"{}""#, self.channel);
        // Writing to a string cannot fail.
        let _infallible = match self.channel {
            "book" | "level3" => write!(result, r#","depth":{}"#, self.depth),
            "ticker" => write!(result, r#","event_trigger":"{}""#, self.trigger),
            "ohlc" => write!(result, r#","interval":{}"#, self.interval),
            _ => Ok(()),
        };
        if self.method == "subscribe" {
            let _infallible = write!(result, r#","snapshot":{}"#, self.snapshot);
        }
        if let Some(symbol) = symbol {
            let _infallible = write!(result, r#","symbol":"{symbol}""#);
        }
        if self.channel == "ohlc" {
            result.push_str(r#","warnings":["timestamp is deprecated, use interval_begin"]"#);
        }
        let (head, times) = (self.head(), self.times());
        format!(r#"{{{head}"result":{{{result}}},"success":true,{times}}}"#)
    }

    /// The answer to a token that is not the right one.
    fn unauthorised(&self) -> String {
        let (channel, head, times) = (self.channel, self.head(), self.times());
        format!(
            r#"{{"channel":"{channel}","error":"ESession:Invalid session",{head}"status":"error","success":false,{times}}}"#
        )
    }

    fn refused(&self, text: &str, symbol: Option<&str>) -> String {
        let (head, times, text) = (self.head(), self.times(), Value::from(text));
        let symbol = symbol
            .map(|s| format!(r#","symbol":{}"#, Value::from(s)))
            .unwrap_or_default();
        format!(r#"{{"error":{text},{head}"success":false{symbol},{times}}}"#)
    }
}

impl<'a> Wish<'a> {
    fn read(request: &'a Value, came: Nanos) -> Self {
        let params = request.get("params").unwrap_or(&Value::Null);
        let text = |key: &str| params.get(key).and_then(Value::as_str);
        let number = |key: &str, default| {
            let number = params.get(key).and_then(Value::as_u64);
            number.unwrap_or(default)
        };
        let channel = text("channel").unwrap_or_default();
        let snapshot = params.get("snapshot").and_then(Value::as_bool);
        Self {
            method: match request.get("method").and_then(Value::as_str) {
                Some("subscribe") => "subscribe",
                Some("unsubscribe") => "unsubscribe",
                Some("ping") => "pong",
                _ => "",
            },
            id: request
                .get("req_id")
                .filter(|id| id.is_u64() || id.is_i64()),
            channel,
            depth: number("depth", 10),
            trigger: text("event_trigger").unwrap_or("trades"),
            interval: number("interval", 1),
            token: text("token"),
            snapshot: snapshot.unwrap_or(channel != "trade"),
            came,
        }
    }
}

impl Kraken {
    /// Carries out one request and queues its answers.
    pub(super) fn request(&mut self, desk: &mut Desk<'_>, line: u64, text: &str) {
        if !self.client(line).requests.admits(1, desk.now) {
            let refusal = r#"{"Error":"Exceeded msg rate"}"#;
            return desk.hub.reply(line, refusal.into());
        }
        let request: Value = serde_json::from_str(text).unwrap_or_default();
        let wish = Wish::read(&request, desk.now);
        match wish.method {
            "pong" => {
                desk.hub
                    .reply(line, format!("{{{}{}}}", wish.head(), wish.times()));
            }
            "" => desk
                .hub
                .reply(line, wish.refused("Unsupported method", None)),
            _ => {
                let params = request.get("params").unwrap_or(&Value::Null);
                self.channel(desk, line, &wish, params);
            }
        }
    }

    fn channel(&mut self, desk: &mut Desk<'_>, line: u64, wish: &Wish<'_>, params: &Value) {
        if let Some(text) = channel_error(wish) {
            desk.hub.reply(line, wish.refused(text, None));
            return;
        }
        if wish.channel == INSTRUMENT {
            self.instrument(desk, line, wish);
            return;
        }
        let wrong = wish.token.is_some_and(|token| token != self.token);
        if wish.channel == "level3" && wrong {
            desk.hub.reply(line, wish.unauthorised());
            return;
        }
        let symbols: Vec<&str> = match params.get("symbol").and_then(Value::as_array) {
            Some(symbols) => symbols.iter().filter_map(Value::as_str).collect(),
            None => Vec::new(),
        };
        if symbols.is_empty() {
            desk.hub
                .reply(line, wish.refused("Symbol(s) not found", None));
        }
        for symbol in symbols {
            match wish.method {
                "subscribe" => self.subscribe(desk, line, wish, symbol),
                _ => unsubscribe(desk, line, wish, symbol),
            }
        }
    }

    fn subscribe(&mut self, desk: &mut Desk<'_>, line: u64, wish: &Wish<'_>, symbol: &str) {
        let key = wish.key(symbol);
        if let Some(text) = self.refusal(desk, line, wish, symbol, &key) {
            return desk.hub.reply(line, wish.refused(&text, Some(symbol)));
        }
        if !desk.hub.subscribe(line, Arc::from(&*key), false, desk.now) {
            let reply = wish.refused("Already subscribed", Some(symbol));
            return desk.hub.reply(line, reply);
        }
        desk.hub.reply(line, wish.accepted(Some(symbol)));
        if let (Some(index), None) = (desk.find(symbol), desk.recorded) {
            self.feeds[index].greet(desk, index, line, &key, wish.snapshot);
        }
    }

    /// What is wrong with one symbol of a subscription.
    fn refusal(
        &mut self,
        desk: &mut Desk<'_>,
        line: u64,
        wish: &Wish<'_>,
        symbol: &str,
        key: &str,
    ) -> Option<String> {
        let ending = format!(".{symbol}");
        let recorded = desk
            .recorded
            .is_some_and(|keys| keys.iter().any(|key| key.ends_with(&ending)));
        let unknown = desk.find(symbol).is_none() && !recorded;
        if unknown || desk.hub.board.rejects(desk.product, line, key) {
            return Some(format!("Currency pair not supported {symbol}"));
        }
        let session = desk.hub.session(line)?;
        if wish.channel != "level3" || session.subs.contains_key(key) {
            return None;
        }
        let keys = session.subs.keys();
        if keys.filter(|key| key.starts_with("level3.")).count() >= self.level3_symbols {
            return Some("Maximum number of symbols exceeded".into());
        }
        let costs = DEPTHS_OF_ORDERS.iter();
        let cost = costs
            .filter(|(depth, _)| *depth as u64 == wish.depth)
            .map(|(_, cost)| *cost)
            .sum();
        let admitted = self.client(line).snapshots.admits(cost, desk.now);
        (!admitted).then(|| "Rate limit for snapshot requests exceeded".into())
    }

    fn instrument(&self, desk: &mut Desk<'_>, line: u64, wish: &Wish<'_>) {
        if wish.method == "unsubscribe" {
            desk.hub.unsubscribe(line, INSTRUMENT);
            desk.hub.reply(line, wish.accepted(None));
            return;
        }
        let key: Arc<str> = Arc::from(INSTRUMENT);
        if !desk.hub.subscribe(line, Arc::clone(&key), false, desk.now) {
            desk.hub
                .reply(line, wish.refused("Already subscribed", None));
            return;
        }
        desk.hub.reply(line, wish.accepted(None));
        if wish.snapshot {
            let text = instruments::snapshot(desk.markets);
            let span = Span::one(self.reference_changes);
            desk.hub.publish_to(line, &key, span, text);
        }
    }
}

fn unsubscribe(desk: &mut Desk<'_>, line: u64, wish: &Wish<'_>, symbol: &str) {
    let reply = if desk.hub.unsubscribe(line, &wish.key(symbol)) {
        wish.accepted(Some(symbol))
    } else {
        wish.refused("Subscription Not Found", Some(symbol))
    };
    desk.hub.reply(line, reply);
}

/// What is wrong with a request, whatever its symbols.
fn channel_error(wish: &Wish<'_>) -> Option<&'static str> {
    let known_depth = |depths: &[usize]| depths.iter().any(|d| *d as u64 == wish.depth);
    match wish.channel {
        "executions" | "balances" => Some(PRIVATE),
        // Without a token it is any private channel.
        "level3" if wish.token.is_none() && wish.method == "subscribe" => Some(PRIVATE),
        "level3" if !known_depth(&DEPTHS_OF_ORDERS.map(|(depth, _)| depth)) => {
            Some("Subscription depth not supported")
        }
        "book" if !known_depth(&DEPTHS) => Some("Subscription depth not supported"),
        "ticker" if !["bbo", "trades"].contains(&wish.trigger) => {
            Some("Subscription event trigger not supported")
        }
        "ohlc" if !INTERVALS.contains(&wish.interval) => {
            Some("Subscription ohlc interval not supported")
        }
        "book" | "ticker" | "trade" | "ohlc" | "level3" | INSTRUMENT => None,
        _ => Some("Channel not supported"),
    }
}

const PRIVATE: &str =
    "Private data and trading are unavailable on this endpoint. Try ws-auth.kraken.com";
