//! Texts of the channels. Numbers are JSON numbers, padded to the pair's precision.

use std::fmt::Write;

use super::orders::{Event, Kind};
use crate::clock::{Nanos, rfc3339_micros, rfc3339_nanos};
use crate::decimal::{padded, push_padded};
use crate::instrument::InstrumentConfig;
use crate::market::{Candle, Fill, Market, Side};
use crate::truth::LevelTexts;
use crate::venue::uuid::uuid;

/// Minutes of the rolling statistics.
pub(super) const DAY_MINUTES: u64 = 24 * 60;

/// First connection id: above 2^63, as the venue's are.
const CONNECTION_ID: u64 = 18_125_794_168_470_749_000;

pub(super) fn status(system: &str, line: u64) -> String {
    let id = CONNECTION_ID.wrapping_add(line);
    let system = serde_json::Value::from(system);
    format!(
        r#"{{"channel":"status","type":"update","data":[{{"version":"2.0.10","system":{system},"api_version":"v2","connection_id":{id},"upcoming_maintenance":[],"emergency":[]}}]}}"#
    )
}

/// Taker side.
pub(super) fn side(taker: Side) -> &'static str {
    match taker {
        Side::Bid => "buy",
        Side::Ask => "sell",
    }
}

/// Taker's order type: every third taker order is a market order.
pub(super) fn order_type(fill: &Fill) -> &'static str {
    if fill.aggregate.is_multiple_of(3) {
        "market"
    } else {
        "limit"
    }
}

/// Price and quantity texts of levels.
pub(super) fn texts(config: &InstrumentConfig, levels: &[(i64, i64)]) -> LevelTexts {
    let text = |level: &(i64, i64)| {
        (
            padded(level.0, config.px_digits),
            padded(level.1, config.qty_digits),
        )
    };
    levels.iter().map(text).collect()
}

/// `[{"price":…,"qty":…},…]`
fn levels(config: &InstrumentConfig, levels: &[(i64, i64)]) -> String {
    let mut out = String::with_capacity(2 + levels.len() * 40);
    out.push('[');
    for (index, (px, qty)) in levels.iter().enumerate() {
        out.push_str(if index == 0 {
            "{\"price\":"
        } else {
            ",{\"price\":"
        });
        push_padded(&mut out, *px, config.px_digits);
        out.push_str(",\"qty\":");
        push_padded(&mut out, *qty, config.qty_digits);
        out.push('}');
    }
    out.push(']');
    out
}

/// A book message.
#[derive(Clone, Copy, Debug)]
pub(super) struct BookMessage<'a> {
    /// `snapshot` or `update`.
    pub(super) kind: &'static str,
    pub(super) bids: &'a [(i64, i64)],
    pub(super) asks: &'a [(i64, i64)],
    pub(super) checksum: u32,
    pub(super) at: Nanos,
}

pub(super) fn book(config: &InstrumentConfig, message: &BookMessage<'_>) -> String {
    let BookMessage { kind, checksum, .. } = message;
    let (bids, asks) = (levels(config, message.bids), levels(config, message.asks));
    let (symbol, at) = (&config.symbol, rfc3339_micros(message.at));
    format!(
        r#"{{"channel":"book","type":"{kind}","data":[{{"symbol":"{symbol}","bids":{bids},"asks":{asks},"checksum":{checksum},"timestamp":"{at}"}}]}}"#
    )
}

/// A trade message, oldest first.
pub(super) fn trades(config: &InstrumentConfig, kind: &str, fills: &[Fill]) -> String {
    let row = |fill: &Fill| {
        let (px, qty) = (
            padded(fill.px, config.px_digits),
            padded(fill.qty, config.qty_digits),
        );
        let order = order_type(fill);
        format!(
            r#"{{"symbol":"{}","side":"{}","price":{px},"qty":{qty},"ord_type":"{order}","trade_id":{},"timestamp":"{}"}}"#,
            config.symbol,
            side(fill.taker),
            fill.id,
            rfc3339_micros(fill.at)
        )
    };
    let rows: Vec<String> = fills.iter().map(row).collect();
    format!(
        r#"{{"channel":"trade","type":"{kind}","data":[{}]}}"#,
        rows.join(",")
    )
}

pub(super) fn ticker(market: &Market, kind: &str, at: Nanos) -> String {
    let (config, day) = (&market.config, market.minutes.window(at, DAY_MINUTES));
    let candle = &day.candle;
    let px = |px: i128| padded(px, config.px_digits);
    let qty = |qty: i128| padded(qty, config.qty_digits);
    let side = |side| market.book.best(side).unwrap_or_default();
    let (bid, ask) = (side(Side::Bid), side(Side::Ask));
    let change = i128::from(candle.close - candle.open);
    let mut out = format!(
        r#"{{"channel":"ticker","type":"{kind}","data":[{{"symbol":"{}","bid":{},"bid_qty":{},"ask":{},"ask_qty":{},"last":{},"#,
        config.symbol,
        px(bid.0.into()),
        qty(bid.1.into()),
        px(ask.0.into()),
        qty(ask.1.into()),
        px(candle.close.into())
    );
    // Writing to a string cannot fail.
    let _infallible = write!(
        out,
        r#""volume":{},"vwap":{},"low":{},"high":{},"change":{},"change_pct":{},"trades":{},"timestamp":"{}"}}]}}"#,
        qty(candle.volume.qty),
        px(day.average()),
        px(candle.low.into()),
        px(candle.high.into()),
        px(change),
        padded(day.change(10_000), 2),
        candle.trades,
        rfc3339_micros(at)
    );
    out
}

/// Candles of one interval, oldest first. Only here times have nine decimals.
pub(super) fn ohlc(
    config: &InstrumentConfig,
    kind: &str,
    minutes: u64,
    candles: &[Candle],
    at: Nanos,
) -> String {
    let px = |px: i64| padded(px, config.px_digits);
    let row = |candle: &Candle| {
        let volume = &candle.volume;
        let vwap = volume.quote.checked_div(volume.qty);
        format!(
            r#"{{"symbol":"{}","open":{},"high":{},"low":{},"close":{},"trades":{},"volume":{},"vwap":{},"interval_begin":"{}","interval":{minutes},"timestamp":"{}"}}"#,
            config.symbol,
            px(candle.open),
            px(candle.high),
            px(candle.low),
            px(candle.close),
            candle.trades,
            padded(volume.qty, config.qty_digits),
            padded(vwap.unwrap_or(candle.close.into()), config.px_digits),
            rfc3339_nanos(candle.start),
            rfc3339_micros(candle.end)
        )
    };
    let rows = candles.iter().map(row).collect::<Vec<_>>().join(",");
    let at = rfc3339_nanos(at);
    format!(r#"{{"channel":"ohlc","type":"{kind}","timestamp":"{at}","data":[{rows}]}}"#)
}

/// Orders of the level3 channel, bids and asks; only updates say what happened to each.
pub(super) fn level3(
    config: &InstrumentConfig,
    update: bool,
    [bids, asks]: &[Vec<Event>; 2],
    checksum: u32,
    at: Nanos,
) -> String {
    let row = |event: &Event| {
        let what = match event.kind {
            _ if !update => "",
            Kind::Add => r#""event":"add","#,
            Kind::Modify => r#""event":"modify","#,
            Kind::Delete => r#""event":"delete","#,
        };
        let (id, at) = (
            order_id(config, event.order.number),
            rfc3339_micros(event.order.at),
        );
        let (px, qty) = (
            padded(event.px, config.px_digits),
            padded(event.order.qty, config.qty_digits),
        );
        format!(
            r#"{{{what}"order_id":"{id}","limit_price":{px},"order_qty":{qty},"timestamp":"{at}"}}"#
        )
    };
    let rows = |events: &[Event]| events.iter().map(row).collect::<Vec<_>>().join(",");
    let (bids, asks, kind) = (
        rows(bids),
        rows(asks),
        if update { "update" } else { "snapshot" },
    );
    let (symbol, at) = (&config.symbol, rfc3339_micros(at));
    format!(
        r#"{{"channel":"level3","type":"{kind}","data":[{{"symbol":"{symbol}","bids":[{bids}],"asks":[{asks}],"checksum":{checksum},"timestamp":"{at}"}}]}}"#
    )
}

/// An order's id in the venue's form: `O`, then groups of 5, 5 and 6 characters.
fn order_id(config: &InstrumentConfig, number: u64) -> String {
    let text = uuid(&config.symbol, number).replace('-', "").to_uppercase();
    let (first, rest) = text.split_at(5);
    let (second, rest) = rest.split_at(5);
    let (_, last) = rest.split_at(rest.len() - 6);
    format!("O{first}-{second}-{last}")
}
