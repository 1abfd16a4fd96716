//! Requests: subscribe, unsubscribe, challenge. One answer for each product named.

use std::sync::Arc;

use serde_json::Value;

use super::{HEARTBEAT, KrakenFutures};
use crate::venue::Desk;
use crate::venue::uuid::uuid;

/// Public feeds that name products.
const FEEDS: [&str; 4] = ["book", "trade", "ticker", "ticker_lite"];

/// Feeds that need a signed challenge, which the simulation does not accept.
const PRIVATE: [&str; 9] = [
    "account_balances_and_margins",
    "account_log",
    "balances",
    "fills",
    "notifications_auth",
    "open_orders",
    "open_orders_verbose",
    "open_positions",
    "deposits_withdrawals",
];

impl KrakenFutures {
    /// Carries out one request and queues its answers.
    pub(super) fn request(&mut self, desk: &mut Desk<'_>, line: u64, text: &str) {
        let request: Value = serde_json::from_str(text).unwrap_or_default();
        let field = |key: &str| request.get(key).and_then(Value::as_str);
        match (field("event"), field("feed")) {
            (Some(event @ ("subscribe" | "unsubscribe")), Some(feed)) => {
                self.subscription(desk, line, event, feed, &request);
            }
            (Some("subscribe" | "unsubscribe"), None) => alert(desk, line, "Bad request"),
            (Some("challenge"), _) => challenge(desk, line),
            // The venue knows no ping but the protocol's own.
            _ => alert(desk, line, "Bad websocket message"),
        }
    }

    fn subscription(
        &mut self,
        desk: &mut Desk<'_>,
        line: u64,
        event: &str,
        feed: &str,
        request: &Value,
    ) {
        if PRIVATE.contains(&feed) {
            return alert(desk, line, "Failed to subscribe to authenticated feed");
        }
        if feed == HEARTBEAT {
            let answer = self.answered(desk, line, event, HEARTBEAT, None);
            let text = format!(r#"{{"event":"{answer}","feed":"heartbeat"}}"#);
            return desk.hub.reply(line, text);
        }
        if !FEEDS.contains(&feed) {
            return alert(desk, line, "Couldn't subscribe to invalid feed");
        }
        let products = request.get("product_ids").and_then(Value::as_array);
        let Some(products) = products.filter(|products| !products.is_empty()) else {
            return alert(desk, line, "Bad request");
        };
        for product in products {
            let symbol = product.as_str().unwrap_or_default();
            self.product(desk, line, event, feed, symbol);
        }
    }

    fn product(&mut self, desk: &mut Desk<'_>, line: u64, event: &str, feed: &str, symbol: &str) {
        let key = format!("{feed}.{symbol}");
        let index = desk.find(symbol);
        let recorded = desk.recorded.is_some_and(|keys| keys.contains(&key));
        if index.is_none() && !recorded {
            let text = r#"{"event":"error","message":"Invalid product id"}"#;
            return desk.hub.reply(line, text.into());
        }
        let answer = self.answered(desk, line, event, &key, Some(symbol));
        let text = format!(r#"{{"event":"{answer}","feed":"{feed}","product_ids":["{symbol}"]}}"#);
        desk.hub.reply(line, text);
        if let (Some(index), None, "subscribed") = (index, desk.recorded, answer) {
            self.feeds[index].greet(desk, index, line, &key);
        }
    }

    /// Adds or removes a stream; the event that answers.
    fn answered(
        &self,
        desk: &mut Desk<'_>,
        line: u64,
        event: &str,
        key: &str,
        symbol: Option<&str>,
    ) -> &'static str {
        if event == "unsubscribe" {
            return if desk.hub.unsubscribe(line, key) {
                "unsubscribed"
            } else {
                "unsubscribed_failed"
            };
        }
        let refused = symbol.is_some() && desk.hub.board.rejects(desk.product, line, key);
        if !refused && desk.hub.subscribe(line, Arc::from(key), false, desk.now) {
            "subscribed"
        } else {
            "subscribed_failed"
        }
    }
}

pub(super) fn alert(desk: &mut Desk<'_>, line: u64, text: &str) {
    let text = format!(r#"{{"event":"alert","message":"{text}"}}"#);
    desk.hub.reply(line, text);
}

fn challenge(desk: &mut Desk<'_>, line: u64) {
    let text = uuid("challenge", line);
    let text = format!(r#"{{"event":"challenge","message":"{text}"}}"#);
    desk.hub.reply(line, text);
}
