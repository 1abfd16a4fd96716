//! The lines of stream messages: what each says, read from its text.

use std::fmt::Write;

use super::Published;
use super::lines::scope;
use crate::clock::{MILLI, Nanos};
use crate::json::{Json, quoted};

/// The line of a stream message; `None` for messages of trades, which the market has written.
pub(super) fn published(message: &Published) -> Option<String> {
    let channel = channel(&message.key)?;
    let text = message.text.as_deref().unwrap_or_default();
    let parsed = Json::parse(text);
    let payload = parsed.as_ref().map(unwrapped);
    let ts = payload
        .and_then(stamp)
        .map_or_else(String::new, |ts| format!("\"ts\":{ts},"));
    let mut out = format!(
        "{{\"at\":{},{},\"symbol\":\"{}\",\"channel\":\"{channel}\",\"seq\":{},{ts}\"stream\":{}",
        message.at,
        scope(message.product),
        symbol(&message.key),
        message.span.last,
        quoted(&message.key)
    );
    // Writing to a string cannot fail.
    let _infallible = match message.line {
        Some(line) => write!(out, ",\"line\":{line}"),
        None => Ok(()),
    };
    let body = match (channel, payload) {
        ("book", Some(payload)) => book(message, payload),
        ("bbo", Some(payload)) => bbo(payload),
        _ => None,
    };
    match (body, payload) {
        (Some(body), _) => out.push_str(&body),
        (None, Some(payload)) => {
            let _infallible = write!(out, ",\"payload\":{payload}");
        }
        (None, None) => {
            let _infallible = match &message.binary {
                Some(bytes) => write!(out, ",\"hex\":\"{}\"", hex(bytes)),
                None => write!(out, ",\"text\":{}", quoted(text)),
            };
        }
    }
    out.push_str("}\n");
    Some(out)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The feed's name of a stream's channel, or the venue's own where the feed has none.
fn channel(key: &str) -> Option<&str> {
    if let Some((_, channel)) = key.split_once('@') {
        let name = channel.split('@').next().unwrap_or(channel);
        return match name {
            "trade" | "aggTrade" => None,
            "bookTicker" => Some("bbo"),
            _ if name.starts_with("depth") => Some("book"),
            _ => Some(name),
        };
    }
    let name = key.split('.').next().unwrap_or(key);
    match name {
        "publicTrade" | "trade" => None,
        "orderbook" if key.starts_with("orderbook.1.") => Some("bbo"),
        "orderbook" | "book" => Some("book"),
        "ticker" if key.starts_with("ticker.bbo.") => Some("bbo"),
        _ => Some(name),
    }
}

/// The symbol a stream key names, in payload spelling; empty if it names none.
fn symbol(key: &str) -> String {
    match key.split_once('@') {
        Some((symbol, _)) if !symbol.starts_with('!') => symbol.to_uppercase(),
        Some(_) => String::new(),
        None => key
            .split_once('.')
            .map_or("", |(_, rest)| rest.rsplit('.').next().unwrap_or(rest))
            .to_owned(),
    }
}

/// The payload without the wrapper of Binance's combined form.
fn unwrapped(json: &Json) -> &Json {
    match (json.get("stream"), json.get("data")) {
        (Some(_), Some(data)) => data,
        _ => json,
    }
}

/// Bybit's and Kraken's data object, or the payload itself.
fn data(payload: &Json) -> &Json {
    match payload.get("data") {
        Some(Json::Array(items)) => items.first().unwrap_or(payload),
        Some(data) => data,
        None => payload,
    }
}

/// The message's own time in ns: of matching if it is there, else of sending.
fn stamp(payload: &Json) -> Option<Nanos> {
    let data = data(payload);
    if let Some(text) = data
        .get("timestamp")
        .map(Json::text)
        .filter(|text| text.contains('T'))
    {
        return crate::clock::from_rfc3339(text);
    }
    let found = ["T", "E", "cts", "ts", "timestamp"]
        .into_iter()
        .find_map(|name| payload.get(name).or_else(|| data.get(name)))?;
    let number: Nanos = found.text().parse().ok()?;
    // Milliseconds have 13 digits until the year 2286, microseconds 16.
    Some(
        number
            * if number < 100_000_000_000_000 {
                MILLI
            } else {
                1_000
            },
    )
}

/// Kind, update ids, checksum and levels of a book message.
fn book(message: &Published, payload: &Json) -> Option<String> {
    if let Some(side) = payload.get("side") {
        return one_level(message, payload, side.text() == "buy");
    }
    let data = data(payload);
    let bids = ["b", "bids"].into_iter().find_map(|name| data.get(name))?;
    let asks = ["a", "asks"].into_iter().find_map(|name| data.get(name))?;
    let whole = payload.get("type").map(Json::text) == Some("snapshot")
        || data.get("lastUpdateId").is_some()
        || payload.get("feed").map(Json::text) == Some("book_snapshot");
    let kind = if whole { "snapshot" } else { "delta" };
    let mut out = format!(
        ",\"kind\":\"{kind}\",\"first\":{},\"last\":{}",
        message.span.first, message.span.last
    );
    for (name, field) in [
        ("prev", "pu"),
        ("cross_seq", "seq"),
        ("checksum", "checksum"),
    ] {
        if let Some(value) = data.get(field) {
            // Writing to a string cannot fail.
            let _infallible = write!(out, ",\"{name}\":{value}");
        }
    }
    let _infallible = write!(out, ",\"bids\":{},\"asks\":{}", levels(bids), levels(asks));
    Some(out)
}

/// A book message of Kraken Futures: one level of one side.
fn one_level(message: &Published, payload: &Json, bid: bool) -> Option<String> {
    let [px, qty] = ["price", "qty"].map(|name| payload.get(name).map(Json::text));
    let level = format!("[[\"{}\",\"{}\"]]", px?, qty?);
    let (bids, asks) = if bid {
        (level.as_str(), "[]")
    } else {
        ("[]", level.as_str())
    };
    let last = message.span.last;
    Some(format!(
        ",\"kind\":\"delta\",\"first\":{last},\"last\":{last},\"bids\":{bids},\"asks\":{asks}"
    ))
}

/// `[["price","qty"],…]`, whatever form the venue gives its levels.
fn levels(side: &Json) -> String {
    let texts: Vec<String> = side.items().iter().map(level).collect();
    format!("[{}]", texts.join(","))
}

fn level(level: &Json) -> String {
    let (px, qty) = match level.items() {
        [px, qty, ..] => (px.text(), qty.text()),
        _ => (
            level.get("price").map_or("", Json::text),
            level.get("qty").map_or("", Json::text),
        ),
    };
    format!("[\"{px}\",\"{qty}\"]")
}

/// The best bid and ask; `null` for a side without levels.
fn bbo(payload: &Json) -> Option<String> {
    let data = data(payload);
    let pair = |names: [&str; 2]| {
        let [px, qty] = names.map(|name| data.get(name).map(Json::text));
        Some(format!("[\"{}\",\"{}\"]", px?, qty?))
    };
    let first = |name: &str| {
        let side = data.get(name)?;
        matches!(side, Json::Array(_))
            .then(|| side.items().first().map_or_else(|| "null".into(), level))
    };
    let bid = first("b")
        .or_else(|| pair(["b", "B"]))
        .or_else(|| pair(["bid", "bid_qty"]))?;
    let ask = first("a")
        .or_else(|| pair(["a", "A"]))
        .or_else(|| pair(["ask", "ask_qty"]))?;
    let u = data
        .get("u")
        .map_or_else(|| "null".to_owned(), Json::to_string);
    Some(format!(",\"u\":{u},\"bid\":{bid},\"ask\":{ask}"))
}
