//! REST history: every execution of a contract, in pages.
//!
//! The token names the trade at which the next page begins, so pages stay right while the tape
//! grows.

use super::rest;
use crate::clock::{MILLI, Nanos};
use crate::decimal::trimmed;
use crate::market::{Fill, Market, Side};
use crate::venue::uuid::uuid;
use crate::venue::{Desk, RestReply, RestRequest};

/// Executions of a page at most.
const PAGE_MAX: u64 = 1_000;

/// Answers `v2|v3/market/<symbol>/executions`.
pub(super) fn answer(desk: &Desk<'_>, request: &RestRequest, rest: &str) -> RestReply {
    let parts: Vec<&str> = rest.split('/').collect();
    let ["v2" | "v3", "market", symbol, "executions"] = parts[..] else {
        return RestReply::new(404, "");
    };
    let index = desk.find(&symbol.to_uppercase());
    match index.and_then(|index| desk.markets.get(index)) {
        Some(market) => RestReply::ok(page(market, request)),
        None => RestReply::new(400, rest::invalid("tradeable", desk.now)),
    }
}

/// Trades from `since` to `before` (ms, inclusive), newest first unless `sort` is `asc`.
fn page(market: &Market, request: &RestRequest) -> String {
    let nanos = |key, default| request.number(key, default).saturating_mul(MILLI);
    let since = nanos("since", 0);
    let before: Nanos = nanos("before", u64::MAX).saturating_add(MILLI - 1);
    let ascending = request.get("sort") == Some("asc");
    let token = request
        .get("continuationToken")
        .and_then(|token| u64::from_str_radix(token, 16).ok());
    let mut first = market.tape.partition_point(|fill| fill.at < since);
    let mut end = market.tape.partition_point(|fill| fill.at <= before);
    if let Some(number) = token {
        let at = market.tape.partition_point(|fill| fill.id < number);
        if ascending {
            first = first.max(at);
        } else {
            end = end.min(at + 1);
        }
    }
    let count = request.number("count", PAGE_MAX).clamp(1, PAGE_MAX) as usize;
    let range = market.tape.range(first.min(end)..end);
    let mut fills: Vec<&Fill> = if ascending {
        range.take(count + 1).collect()
    } else {
        range.rev().take(count + 1).collect()
    };
    let next = (fills.len() > count).then(|| fills.pop()).flatten();
    rendered(market, &fills, next)
}

fn rendered(market: &Market, fills: &[&Fill], next: Option<&Fill>) -> String {
    let rows: Vec<String> = fills.iter().map(|fill| element(market, fill)).collect();
    let token = next
        .map(|fill| format!(r#","continuationToken":"{:x}""#, fill.id))
        .unwrap_or_default();
    format!(
        r#"{{"elements":[{}],"len":{}{token}}}"#,
        rows.join(","),
        rows.len()
    )
}

fn element(market: &Market, fill: &Fill) -> String {
    let (config, symbol, at) = (&market.config, &market.config.symbol, fill.at / MILLI);
    let (price, size) = (
        trimmed(fill.px, config.px_digits),
        trimmed(fill.qty, config.qty_digits),
    );
    let order = |role: &str, side: Side| {
        let direction = match side {
            Side::Bid => "Buy",
            Side::Ask => "Sell",
        };
        let uid = uuid(&format!("{role} {symbol}"), fill.id);
        format!(
            r#"{{"uid":"{uid}","tradeable":"{symbol}","direction":"{direction}","quantity":"{size}","timestamp":{at},"limitPrice":"{price}","orderType":"Limit","reduceOnly":false,"lastUpdateTimestamp":{at}}}"#
        )
    };
    let maker = order("maker", fill.taker.opposite());
    let taker = order("taker", fill.taker);
    let uid = uuid(symbol, fill.id);
    let event = uuid(&format!("event {symbol}"), fill.id);
    format!(
        r#"{{"uid":"{event}","timestamp":{at},"event":{{"Execution":{{"execution":{{"uid":"{uid}","makerOrder":{maker},"takerOrder":{taker},"timestamp":{at},"quantity":"{size}","price":"{price}","limitFilled":false}},"takerReducedQuantity":""}}}}}}"#
    )
}
