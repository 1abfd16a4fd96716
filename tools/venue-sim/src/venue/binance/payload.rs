//! Texts of the stream events. Key order is the wire order of the dialect.

pub(super) mod contract;
pub(super) mod kline;
pub(super) mod ticker;

use std::fmt::Write;

use super::Dialect;
use super::diff::Diff;
use crate::clock::{MILLI, Nanos};
use crate::decimal::{padded, push_padded};
use crate::hub::{Span, Variant};
use crate::instrument::InstrumentConfig;
use crate::market::{Fill, Side};

/// Best bid and ask, price and quantity each.
pub(super) struct Quote {
    pub(super) update_id: u64,
    pub(super) bid: (i64, i64),
    pub(super) ask: (i64, i64),
    pub(super) at: Nanos,
    pub(super) now: Nanos,
}

/// For whom an event is rendered: the product's dialect, the moment, the connection's form.
#[derive(Clone, Copy, Debug)]
pub(super) struct Face {
    pub(super) dialect: Dialect,
    pub(super) now: Nanos,
    pub(super) variant: Variant,
}

impl Face {
    /// Nanoseconds in the connection's unit of time.
    pub(super) fn unit(self) -> Nanos {
        if self.variant.micros { 1_000 } else { MILLI }
    }

    /// A time field.
    pub(super) fn stamp(self, at: Nanos) -> Nanos {
        stamp(at, self.variant)
    }

    /// The time of sending.
    pub(super) fn sent(self) -> Nanos {
        self.stamp(self.now)
    }
}

/// A time field: ms, or us where the connection asked for it.
pub(super) fn stamp(at: Nanos, variant: Variant) -> Nanos {
    at / if variant.micros { 1_000 } else { MILLI }
}

/// The payload as this connection wants it: bare or with its stream's name.
pub(super) fn in_stream(variant: Variant, key: &str, payload: String) -> String {
    if variant.combined {
        wrapped(key, &payload)
    } else {
        payload
    }
}

pub(super) fn wrapped(key: &str, payload: &str) -> String {
    format!(r#"{{"stream":"{key}","data":{payload}}}"#)
}

/// `[["price","qty"],…]`
pub(super) fn levels(config: &InstrumentConfig, levels: &[(i64, i64)]) -> String {
    let mut out = String::with_capacity(2 + levels.len() * 32);
    out.push('[');
    for (index, (px, qty)) in levels.iter().enumerate() {
        out.push_str(if index == 0 { "[\"" } else { ",[\"" });
        push_padded(&mut out, *px, config.px_digits);
        out.push_str("\",\"");
        push_padded(&mut out, *qty, config.qty_digits);
        out.push_str("\"]");
    }
    out.push(']');
    out
}

pub(super) fn trade(
    config: &InstrumentConfig,
    fill: &Fill,
    now: Nanos,
    variant: Variant,
) -> String {
    let (sent, at) = (stamp(now, variant), stamp(fill.at, variant));
    let (px, qty) = (
        padded(fill.px, config.px_digits),
        padded(fill.qty, config.qty_digits),
    );
    format!(
        r#"{{"e":"trade","E":{sent},"s":"{}","t":{},"p":"{px}","q":"{qty}","T":{at},"m":{},"M":true}}"#,
        config.symbol,
        fill.id,
        fill.taker == Side::Ask
    )
}

/// Fills of one taker order at one price, merged.
pub(super) fn aggregate(
    dialect: Dialect,
    config: &InstrumentConfig,
    fills: &[Fill],
    ids: Span,
    now: Nanos,
    variant: Variant,
) -> String {
    let Some(fill) = fills.first() else {
        return String::new();
    };
    let (sent, at) = (stamp(now, variant), stamp(fill.at, variant));
    let qty: i64 = fills.iter().map(|fill| fill.qty).sum();
    let (px, qty) = (
        padded(fill.px, config.px_digits),
        padded(qty, config.qty_digits),
    );
    let (symbol, id, maker) = (&config.symbol, fill.aggregate, fill.taker == Side::Ask);
    let Span { first, last } = ids;
    match dialect {
        Dialect::Spot => format!(
            r#"{{"e":"aggTrade","E":{sent},"s":"{symbol}","a":{id},"p":"{px}","q":"{qty}","f":{first},"l":{last},"T":{at},"m":{maker},"M":true}}"#
        ),
        Dialect::Usdm => format!(
            r#"{{"e":"aggTrade","E":{sent},"s":"{symbol}","a":{id},"p":"{px}","q":"{qty}","nq":"{qty}","f":{first},"l":{last},"T":{at},"m":{maker},"st":1}}"#
        ),
        Dialect::Coinm => format!(
            r#"{{"e":"aggTrade","E":{sent},"a":{id},"s":"{symbol}","p":"{px}","q":"{qty}","f":{first},"l":{last},"T":{at},"m":{maker},"st":2}}"#
        ),
    }
}

/// Best bid and ask. Spot has neither event type nor time.
pub(super) fn book_ticker(dialect: Dialect, config: &InstrumentConfig, quote: &Quote) -> String {
    let text =
        |(px, qty): (i64, i64)| (padded(px, config.px_digits), padded(qty, config.qty_digits));
    let ((bid, bid_qty), (ask, ask_qty)) = (text(quote.bid), text(quote.ask));
    let (symbol, id) = (&config.symbol, quote.update_id);
    let (sent, at) = (quote.now / MILLI, quote.at / MILLI);
    let prices = format!(r#""b":"{bid}","B":"{bid_qty}","a":"{ask}","A":"{ask_qty}""#);
    let pair = pair(config);
    match dialect {
        Dialect::Spot => format!(r#"{{"u":{id},"s":"{symbol}",{prices}}}"#),
        Dialect::Usdm => format!(
            r#"{{"e":"bookTicker","u":{id},"E":{sent},"T":{at},"s":"{symbol}","ps":"{pair}",{prices},"st":1}}"#
        ),
        Dialect::Coinm => format!(
            r#"{{"u":{id},"e":"bookTicker","s":"{symbol}","ps":"{pair}",{prices},"T":{at},"E":{sent},"st":2}}"#
        ),
    }
}

pub(super) fn depth(
    dialect: Dialect,
    config: &InstrumentConfig,
    diff: &Diff,
    variant: Variant,
) -> String {
    let mut out = String::from(r#"{"e":"depthUpdate","E":"#);
    let (sent, at, symbol) = (stamp(diff.now, variant), diff.at / MILLI, &config.symbol);
    let pair = pair(config);
    // Writing to a string cannot fail.
    let _infallible = match dialect {
        Dialect::Spot => write!(out, r#"{sent},"s":"{symbol}","#),
        Dialect::Usdm => {
            write!(
                out,
                r#"{sent},"T":{at},"s":"{symbol}","ps":"{pair}","st":1,"#
            )
        }
        Dialect::Coinm => write!(out, r#"{sent},"T":{at},"s":"{symbol}","ps":"{pair}","#),
    };
    let _infallible = write!(out, r#""U":{},"u":{},"#, diff.first, diff.last);
    if dialect != Dialect::Spot {
        let _infallible = write!(out, r#""pu":{},"#, diff.previous);
    }
    let (bids, asks) = (levels(config, &diff.bids), levels(config, &diff.asks));
    let _infallible = write!(out, r#""b":{bids},"a":{asks}"#);
    out.push_str(if dialect == Dialect::Coinm {
        ",\"st\":2}"
    } else {
        "}"
    });
    out
}

/// The best levels as spot sends them: without event type, time or symbol.
pub(super) fn partial(config: &InstrumentConfig, top: &Diff) -> String {
    let (bids, asks) = (levels(config, &top.bids), levels(config, &top.asks));
    format!(
        r#"{{"lastUpdateId":{},"bids":{bids},"asks":{asks}}}"#,
        top.last
    )
}

/// The pair of a futures contract: its symbol up to the underscore.
pub(super) fn pair(config: &InstrumentConfig) -> &str {
    config.symbol.split('_').next().unwrap_or_default()
}
