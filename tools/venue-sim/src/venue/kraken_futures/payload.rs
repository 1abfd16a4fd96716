//! Texts of the feeds.

use super::number::number;
use crate::clock::{MILLI, Nanos};
use crate::instrument::InstrumentConfig;
use crate::market::{Change, Fill, Market, Side};
use crate::truth::LevelTexts;
use crate::venue::uuid::uuid;

/// Side of a level or of a taker.
pub(super) fn side(side: Side) -> &'static str {
    match side {
        Side::Bid => "buy",
        Side::Ask => "sell",
    }
}

pub(super) fn px(config: &InstrumentConfig, px: impl Into<i128>) -> String {
    number(px, config.px_digits)
}

pub(super) fn qty(config: &InstrumentConfig, qty: impl Into<i128>) -> String {
    number(qty, config.qty_digits)
}

/// Price and quantity texts of levels.
pub(super) fn texts(config: &InstrumentConfig, levels: &[(i64, i64)]) -> LevelTexts {
    let text = |level: &(i64, i64)| (px(config, level.0), qty(config, level.1));
    levels.iter().map(text).collect()
}

/// The whole book after message `sequence`.
pub(super) fn snapshot(market: &Market, sequence: u64, at: Nanos) -> String {
    let levels = |side| {
        let levels = market.book.top(side, market.book.len(side));
        let row = |(px, qty): (String, String)| format!(r#"{{"price":{px},"qty":{qty}}}"#);
        let rows = texts(&market.config, &levels).into_iter().map(row);
        rows.collect::<Vec<_>>().join(",")
    };
    let (symbol, at) = (&market.config.symbol, at / MILLI);
    let (bids, asks) = (levels(Side::Bid), levels(Side::Ask));
    format!(
        r#"{{"feed":"book_snapshot","product_id":"{symbol}","timestamp":{at},"seq":{sequence},"tickSize":null,"bids":[{bids}],"asks":[{asks}]}}"#
    )
}

/// One level; quantity 0 removes it.
pub(super) fn level(
    config: &InstrumentConfig,
    change: &Change,
    sequence: u64,
    at: Nanos,
) -> String {
    let (symbol, side, at) = (&config.symbol, side(change.side), at / MILLI);
    let (px, qty) = (px(config, change.px), qty(config, change.qty));
    format!(
        r#"{{"feed":"book","product_id":"{symbol}","side":"{side}","seq":{sequence},"price":{px},"qty":{qty},"timestamp":{at}}}"#
    )
}

/// A trade; `kind` is `fill` or `liquidation`.
pub(super) fn trade(config: &InstrumentConfig, fill: &Fill, kind: &str) -> String {
    let (symbol, side, at) = (&config.symbol, side(fill.taker), fill.at / MILLI);
    let (uid, sequence) = (uuid(symbol, fill.id), fill.id);
    let (px, qty) = (px(config, fill.px), qty(config, fill.qty));
    format!(
        r#"{{"product_id":"{symbol}","feed":"trade","uid":"{uid}","side":"{side}","type":"{kind}","time":{at},"qty":{qty},"price":{px},"seq":{sequence}}}"#
    )
}

/// Trades that are on the tape already, newest first; each with its kind.
pub(super) fn trade_snapshot(config: &InstrumentConfig, fills: &[(Fill, &str)]) -> String {
    let symbol = &config.symbol;
    let row = |(fill, kind): &(Fill, &str)| trade(config, fill, kind);
    let rows = fills.iter().map(row).collect::<Vec<_>>().join(",");
    format!(r#"{{"feed":"trade_snapshot","product_id":"{symbol}","trades":[{rows}]}}"#)
}
