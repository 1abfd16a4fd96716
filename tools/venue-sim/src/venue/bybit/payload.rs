//! Numbers, levels and book messages. Futures pad numbers to the instrument's digits, the others
//! drop trailing zeros; all delete with `"0"`.

use super::book::Sides;
use super::category::Category;
use super::topic::Stamp;
use crate::clock::{MILLI, Nanos};
use crate::decimal::{padded, trimmed};
use crate::instrument::InstrumentConfig;
use crate::market::Side;
use crate::truth::LevelTexts;
use crate::venue::uuid::uuid;

pub(super) fn px(category: Category, config: &InstrumentConfig, px: i64) -> String {
    if category.trims() {
        trimmed(px, config.px_digits)
    } else {
        padded(px, config.px_digits)
    }
}

pub(super) fn qty(category: Category, config: &InstrumentConfig, qty: i64) -> String {
    if category.trims() || qty == 0 {
        trimmed(qty, config.qty_digits)
    } else {
        padded(qty, config.qty_digits)
    }
}

/// Side of a taker, or of a position.
pub(super) fn side(side: Side) -> &'static str {
    match side {
        Side::Bid => "Buy",
        Side::Ask => "Sell",
    }
}

/// Price and quantity texts of levels.
pub(super) fn texts(
    category: Category,
    config: &InstrumentConfig,
    levels: &[(i64, i64)],
) -> LevelTexts {
    let text = |level: &(i64, i64)| {
        (
            px(category, config, level.0),
            qty(category, config, level.1),
        )
    };
    levels.iter().map(text).collect()
}

/// `[["price","size"],…]`
pub(super) fn levels(
    category: Category,
    config: &InstrumentConfig,
    levels: &[(i64, i64)],
) -> String {
    let texts = texts(category, config, levels);
    let rows: Vec<String> = texts
        .iter()
        .map(|(px, qty)| format!(r#"["{px}","{qty}"]"#))
        .collect();
    format!("[{}]", rows.join(","))
}

/// Envelope of a book message.
#[derive(Debug)]
pub(super) struct Head<'a> {
    pub(super) topic: &'a str,
    pub(super) kind: &'static str,
    /// Whether `ts` stands before `type`.
    pub(super) stamp_first: bool,
    /// ms.
    pub(super) sent: Nanos,
    pub(super) symbol: &'a str,
    pub(super) update_id: u64,
    pub(super) stamp: Stamp,
}

/// A book message.
pub(super) fn book(head: &Head<'_>, sides: &Sides) -> String {
    let Head {
        topic,
        kind,
        sent,
        symbol,
        update_id,
        ..
    } = head;
    let order = if head.stamp_first {
        format!(r#""ts":{sent},"type":"{kind}""#)
    } else {
        format!(r#""type":"{kind}","ts":{sent}"#)
    };
    let Sides { bids, asks } = sides;
    let (sequence, matched) = (head.stamp.sequence, head.stamp.matched / MILLI);
    format!(
        r#"{{"topic":"{topic}",{order},"data":{{"s":"{symbol}","b":{bids},"a":{asks},"u":{update_id},"seq":{sequence}}},"cts":{matched}}}"#
    )
}

/// Spot: 19 decimal digits. Derivatives: a UUID.
pub(super) fn trade_id(category: Category, config: &InstrumentConfig, number: u64) -> String {
    if category == Category::Spot {
        return (2_290_000_000_000_000_000 + u128::from(number)).to_string();
    }
    uuid(&config.symbol, number)
}
