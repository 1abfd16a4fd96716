//! The lines of the tape: one JSON object each.

use std::fmt::Write;

use super::Published;
use crate::clock::{MILLI, Nanos};
use crate::config::Product;
use crate::json::{Json, quoted};

/// Bytes of a message text that a fault's line repeats; the rest is cut off.
const TEXT_MAX: usize = 4_096;

/// A fill, or the fills of one taker order at one price.
#[derive(Debug)]
pub(crate) struct Trade<'a> {
    pub(crate) product: Product,
    pub(crate) symbol: &'a str,
    /// `trade` or `agg_trade`.
    pub(crate) channel: &'static str,
    /// Number within the instrument and channel.
    pub(crate) seq: u64,
    pub(crate) id: &'a str,
    pub(crate) px: &'a str,
    pub(crate) qty: &'a str,
    /// `buy` or `sell`: the taker's.
    pub(crate) side: &'static str,
    /// Numbers of the first and last fill.
    pub(crate) fills: (u64, u64),
    pub(crate) ts: Nanos,
}

impl Trade<'_> {
    pub(super) fn line(&self, at: Nanos) -> String {
        let Trade {
            symbol,
            channel,
            seq,
            id,
            px,
            qty,
            side,
            ts,
            fills: (first, last),
            ..
        } = self;
        let scope = scope(self.product);
        format!(
            "{{\"at\":{at},{scope},\"symbol\":\"{symbol}\",\"channel\":\"{channel}\",\"seq\":{seq},\"ts\":{ts},\
             \"id\":\"{id}\",\"px\":\"{px}\",\"qty\":\"{qty}\",\"side\":\"{side}\",\"first\":{first},\"last\":{last}}}\n"
        )
    }
}

/// What happened besides the market.
#[derive(Debug)]
pub(crate) enum Mark<'a> {
    Opened {
        line: u64,
        path: &'a str,
    },
    Closed {
        line: u64,
        why: &'a str,
    },
    /// `served` is false where the venue acknowledges a stream that it never serves.
    Subscribed {
        line: u64,
        stream: &'a str,
        served: bool,
    },
    Unsubscribed {
        line: u64,
        stream: &'a str,
    },
    /// A fault was ordered; `line` is the connection that it resolved to.
    Ordered {
        line: Option<u64>,
        fault: &'a str,
    },
    /// A fault touched a message.
    Touched {
        line: Option<u64>,
        touch: &'static str,
        stream: &'a str,
        first: u64,
        last: u64,
        text: &'a str,
        sent: Option<&'a str>,
    },
    /// A REST request was answered.
    Rest {
        path: &'a str,
        status: u16,
        ordered: bool,
    },
}

impl Mark<'_> {
    pub(super) fn line(&self, at: Nanos, product: Product) -> String {
        let scope = scope(product);
        let mut out = format!("{{\"at\":{at},\"mark\":\"{}\",{scope}", self.name());
        // Writing to a string cannot fail.
        let _infallible = match self {
            Mark::Opened { line, path } => {
                write!(out, ",\"line\":{line},\"path\":{}", quoted(path))
            }
            Mark::Closed { line, why } => write!(out, ",\"line\":{line},\"why\":{}", quoted(why)),
            Mark::Subscribed {
                line,
                stream,
                served,
            } => write!(
                out,
                ",\"line\":{line},\"stream\":{},\"served\":{served}",
                quoted(stream)
            ),
            Mark::Unsubscribed { line, stream } => {
                write!(out, ",\"line\":{line},\"stream\":{}", quoted(stream))
            }
            Mark::Ordered { line, fault } => {
                write!(
                    out,
                    ",\"line\":{},\"fault\":{}",
                    number(*line),
                    quoted(fault)
                )
            }
            Mark::Touched { .. } => self.touched(&mut out),
            Mark::Rest {
                path,
                status,
                ordered,
            } => write!(
                out,
                ",\"path\":{},\"status\":{status},\"ordered\":{ordered}",
                quoted(path)
            ),
        };
        out.push_str("}\n");
        out
    }

    fn name(&self) -> &'static str {
        match self {
            Mark::Opened { .. } => "open",
            Mark::Closed { .. } => "close",
            Mark::Subscribed { .. } => "subscribe",
            Mark::Unsubscribed { .. } => "unsubscribe",
            Mark::Ordered { .. } => "order",
            Mark::Touched { .. } => "touch",
            Mark::Rest { .. } => "rest",
        }
    }

    fn touched(&self, out: &mut String) -> std::fmt::Result {
        let Mark::Touched {
            line,
            touch,
            stream,
            first,
            last,
            text,
            sent,
        } = self
        else {
            return Ok(());
        };
        write!(
            out,
            ",\"line\":{},\"touch\":\"{touch}\",\"stream\":{},\"first\":{first},\"last\":{last},\"text\":{}",
            number(*line),
            quoted(stream),
            quoted(cut(text))
        )?;
        match sent {
            Some(sent) => write!(out, ",\"sent\":{}", quoted(cut(sent))),
            None => Ok(()),
        }
    }
}

/// The text up to [`TEXT_MAX`] bytes, ending on a character.
fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(TEXT_MAX))
        .unwrap_or(text)
}

fn number(number: Option<u64>) -> String {
    number.map_or_else(|| "null".to_owned(), |number| number.to_string())
}

/// `"venue":"binance","product":"spot"`
fn scope(product: Product) -> String {
    let (venue, product) = product.name().split_once('-').unwrap_or_default();
    format!("\"venue\":\"{venue}\",\"product\":\"{product}\"")
}

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
