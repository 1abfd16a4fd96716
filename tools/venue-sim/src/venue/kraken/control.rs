//! Requests: subscribe, unsubscribe, ping. One acknowledgement per symbol.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::Value;

use super::feed::DEPTHS;
use super::{Kraken, payload};
use crate::clock::{self, Nanos, rfc3339_micros};
use crate::hub::Span;
use crate::venue::Desk;

/// Key of the instrument channel, which has no symbols.
const INSTRUMENT: &str = "instrument";

/// What a request names besides its symbols.
struct Wish<'a> {
    method: &'static str,
    id: Option<&'a Value>,
    channel: &'a str,
    depth: u64,
    trigger: &'a str,
    snapshot: bool,
    came: Nanos,
}

impl Wish<'_> {
    fn key(&self, symbol: &str) -> String {
        match self.channel {
            "book" => format!("book.{}.{symbol}", self.depth),
            "ticker" => format!("ticker.{}.{symbol}", self.trigger),
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
            "book" => write!(result, r#","depth":{}"#, self.depth),
            "ticker" => write!(result, r#","event_trigger":"{}""#, self.trigger),
            _ => Ok(()),
        };
        if self.method == "subscribe" {
            let _infallible = write!(result, r#","snapshot":{}"#, self.snapshot);
        }
        if let Some(symbol) = symbol {
            let _infallible = write!(result, r#","symbol":"{symbol}""#);
        }
        let (head, times) = (self.head(), self.times());
        format!(r#"{{{head}"result":{{{result}}},"success":true,{times}}}"#)
    }

    fn refused(&self, text: &str, symbol: Option<&str>) -> String {
        let (head, times, text) = (self.head(), self.times(), Value::from(text));
        let symbol = symbol
            .map(|s| format!(r#","symbol":{}"#, Value::from(s)))
            .unwrap_or_default();
        format!(r#"{{"error":{text},{head}"success":false{symbol},{times}}}"#)
    }
}

impl Kraken {
    /// Carries out one request and queues its answers.
    pub(super) fn request(&mut self, desk: &mut Desk<'_>, line: u64, text: &str) {
        let request: Value = serde_json::from_str(text).unwrap_or_default();
        let params = request.get("params").unwrap_or(&Value::Null);
        let channel = params
            .get("channel")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let method = request
            .get("method")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let wish = Wish {
            method: match method {
                "subscribe" => "subscribe",
                "unsubscribe" => "unsubscribe",
                "ping" => "pong",
                _ => "",
            },
            id: request
                .get("req_id")
                .filter(|id| id.is_u64() || id.is_i64()),
            channel,
            depth: params.get("depth").and_then(Value::as_u64).unwrap_or(10),
            trigger: params
                .get("event_trigger")
                .and_then(Value::as_str)
                .unwrap_or("trades"),
            snapshot: params
                .get("snapshot")
                .and_then(Value::as_bool)
                .unwrap_or(channel != "trade"),
            came: desk.now,
        };
        match wish.method {
            "pong" => {
                desk.hub
                    .reply(line, format!("{{{}{}}}", wish.head(), wish.times()));
            }
            "" => desk
                .hub
                .reply(line, wish.refused("Unsupported method", None)),
            _ => self.channel(desk, line, &wish, params),
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
        let index = desk.find(symbol);
        let recorded = desk
            .recorded
            .is_some_and(|keys| keys.iter().any(|key| key.ends_with(&format!(".{symbol}"))));
        if (index.is_none() && !recorded) || desk.hub.board.rejects(desk.product, line, &key) {
            let text = format!("Currency pair not supported {symbol}");
            desk.hub.reply(line, wish.refused(&text, Some(symbol)));
            return;
        }
        if !desk
            .hub
            .subscribe(line, Arc::from(key.as_str()), false, desk.now)
        {
            desk.hub
                .reply(line, wish.refused("Already subscribed", Some(symbol)));
            return;
        }
        desk.hub.reply(line, wish.accepted(Some(symbol)));
        if let (Some(index), None) = (index, desk.recorded) {
            if wish.snapshot {
                self.feeds[index].greet(desk, index, line, &key);
            } else {
                self.feeds[index].wake(&desk.markets[index], &key);
            }
        }
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
            desk.hub
                .publish_to(line, &key, Span::one(0), payload::instruments(desk.markets));
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
    match wish.channel {
        "book" if !DEPTHS.iter().any(|depth| *depth as u64 == wish.depth) => {
            Some("Subscription depth not supported")
        }
        "ticker" if !["bbo", "trades"].contains(&wish.trigger) => {
            Some("Subscription event trigger not supported")
        }
        "book" | "ticker" | "trade" | "ohlc" | INSTRUMENT => None,
        "executions" | "balances" | "level3" => Some(
            "Private data and trading are unavailable on this endpoint. Try ws-auth.kraken.com",
        ),
        _ => Some("Channel not supported"),
    }
}
