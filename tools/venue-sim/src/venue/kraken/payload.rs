//! Texts of the channels. Numbers are JSON numbers, padded to the pair's precision.

use std::fmt::Write;

use crate::clock::{Nanos, rfc3339_micros};
use crate::decimal::{padded, push_padded, small, trimmed};
use crate::instrument::InstrumentConfig;
use crate::market::{Fill, Market, Side};
use crate::truth::LevelTexts;

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
    let (config, stats) = (&market.config, &market.stats);
    let px = |px: i128| padded(px, config.px_digits);
    let qty = |qty: i128| padded(qty, config.qty_digits);
    let side = |side| market.book.best(side).unwrap_or_default();
    let (bid, ask) = (side(Side::Bid), side(Side::Ask));
    let change = i128::from(stats.last - stats.open);
    let mut out = format!(
        r#"{{"channel":"ticker","type":"{kind}","data":[{{"symbol":"{}","bid":{},"bid_qty":{},"ask":{},"ask_qty":{},"last":{},"#,
        config.symbol,
        px(bid.0.into()),
        qty(bid.1.into()),
        px(ask.0.into()),
        qty(ask.1.into()),
        px(stats.last.into())
    );
    // Writing to a string cannot fail.
    let _infallible = write!(
        out,
        r#""volume":{},"vwap":{},"low":{},"high":{},"change":{},"change_pct":{},"trades":{},"timestamp":"{}"}}]}}"#,
        qty(stats.volume),
        px(stats.vwap()),
        px(stats.low.into()),
        px(stats.high.into()),
        px(change),
        padded(stats.change(10_000), 2),
        stats.trades,
        rfc3339_micros(at)
    );
    out
}

/// The instrument snapshot: all assets and pairs.
pub(super) fn instruments(markets: &[Market]) -> String {
    let mut names: Vec<&str> = markets
        .iter()
        .flat_map(|market| [market.config.base.as_str(), market.config.quote.as_str()])
        .collect();
    names.sort_unstable();
    names.dedup();
    let asset = |name: &&str| {
        format!(
            r#"{{"id":"{name}","status":"enabled","precision":10,"precision_display":5,"borrowable":true,"collateral_value":1.00,"margin_rate":0.010000}}"#
        )
    };
    let assets: Vec<String> = names.iter().map(asset).collect();
    let pairs: Vec<String> = markets.iter().map(|market| pair(&market.config)).collect();
    format!(
        r#"{{"channel":"instrument","type":"snapshot","data":{{"assets":[{}],"pairs":[{}]}}}}"#,
        assets.join(","),
        pairs.join(",")
    )
}

fn pair(config: &InstrumentConfig) -> String {
    let InstrumentConfig {
        symbol,
        base,
        quote,
        px_digits,
        qty_digits,
        ..
    } = config;
    let (tick, lot) = (
        increment(config.tick, *px_digits),
        increment(config.lot, *qty_digits),
    );
    format!(
        r#"{{"symbol":"{symbol}","base":"{base}","quote":"{quote}","status":"online","qty_precision":{qty_digits},"qty_increment":{lot},"qty_min":{lot},"price_precision":{px_digits},"price_increment":{tick},"tick_size":{tick},"cost_precision":5,"cost_min":0.50,"marginable":false,"has_index":true}}"#
    )
}

/// Decimals up to which an increment is printed without exponent.
const PLAIN_MAX: usize = 4;

/// An increment as the venue's encoder prints it: `0.1`, but `1e-08` from the fifth decimal on.
fn increment(mantissa: i64, digits: u8) -> String {
    match small(mantissa.into(), digits, PLAIN_MAX) {
        Some((figures, exponent)) => format!("{figures}e-{exponent:02}"),
        None => trimmed(mantissa, digits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_increments_use_an_exponent_as_the_venue_does() {
        assert_eq!(increment(1, 8), "1e-08");
        assert_eq!(increment(1, 1), "0.1");
        assert_eq!(increment(1, 4), "0.0001");
        assert_eq!(increment(25, 6), "2.5e-05");
        assert_eq!(increment(5, 0), "5");
    }
}
