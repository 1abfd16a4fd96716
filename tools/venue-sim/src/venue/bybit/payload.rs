//! Texts of the topics. Spot drops trailing zeros, linear pads; both delete with `"0"`.

use std::fmt::Write;

use super::Category;
use crate::clock::{MILLI, Nanos};
use crate::decimal::{padded, trimmed};
use crate::instrument::InstrumentConfig;
use crate::market::{Fill, Side};
use crate::truth::LevelTexts;
use crate::venue::uuid::uuid;

/// Envelope of a book message.
pub(super) struct Head<'a> {
    pub(super) topic: &'a str,
    pub(super) kind: &'static str,
    pub(super) level_one: bool,
    pub(super) update_id: u64,
    pub(super) sequence: u64,
    pub(super) sent: Nanos,
    pub(super) at: Nanos,
}

pub(super) fn px(category: Category, config: &InstrumentConfig, px: i64) -> String {
    match category {
        Category::Spot => trimmed(px, config.px_digits),
        Category::Linear => padded(px, config.px_digits),
    }
}

pub(super) fn qty(category: Category, config: &InstrumentConfig, qty: i64) -> String {
    match category {
        Category::Linear if qty != 0 => padded(qty, config.qty_digits),
        _ => trimmed(qty, config.qty_digits),
    }
}

/// Taker side.
pub(super) fn side(taker: Side) -> &'static str {
    match taker {
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
    levels
        .iter()
        .map(|level| {
            (
                px(category, config, level.0),
                qty(category, config, level.1),
            )
        })
        .collect()
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

/// A book message. Spot and level 1 put `ts` before `type`, deeper linear topics after it.
pub(super) fn book(
    category: Category,
    config: &InstrumentConfig,
    head: &Head<'_>,
    bids: &[(i64, i64)],
    asks: &[(i64, i64)],
) -> String {
    let Head {
        topic,
        kind,
        sent,
        at,
        update_id,
        sequence,
        ..
    } = head;
    let order = if category == Category::Spot || head.level_one {
        format!(r#""ts":{sent},"type":"{kind}""#)
    } else {
        format!(r#""type":"{kind}","ts":{sent}"#)
    };
    let (bids, asks) = (
        levels(category, config, bids),
        levels(category, config, asks),
    );
    format!(
        r#"{{"topic":"{topic}",{order},"data":{{"s":"{}","b":{bids},"a":{asks},"u":{update_id},"seq":{sequence}}},"cts":{at}}}"#,
        config.symbol
    )
}

/// Tick direction of the last trade.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Direction {
    px: i64,
    down: bool,
}

impl Direction {
    fn of(&mut self, px: i64) -> &'static str {
        let same = px == self.px;
        if !same {
            self.down = px < self.px;
        }
        self.px = px;
        match (same, self.down) {
            (false, false) => "PlusTick",
            (false, true) => "MinusTick",
            (true, false) => "ZeroPlusTick",
            (true, true) => "ZeroMinusTick",
        }
    }
}

/// A trades message: fills of one taker order, oldest first. `stamp` is sequence and ms.
pub(super) fn trades(
    category: Category,
    config: &InstrumentConfig,
    fills: &[Fill],
    direction: &mut Direction,
    stamp: (u64, Nanos),
) -> String {
    let (sequence, sent) = stamp;
    let symbol = &config.symbol;
    let mut out = match category {
        Category::Spot => {
            format!(r#"{{"topic":"publicTrade.{symbol}","ts":{sent},"type":"snapshot","data":["#)
        }
        Category::Linear => {
            format!(r#"{{"topic":"publicTrade.{symbol}","type":"snapshot","ts":{sent},"data":["#)
        }
    };
    for (index, fill) in fills.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let (at, side, id) = (
            fill.at / MILLI,
            side(fill.taker),
            trade_id(category, config, fill.id),
        );
        let (px, qty) = (
            px(category, config, fill.px),
            qty(category, config, fill.qty),
        );
        let tick = direction.of(fill.px);
        // Writing to a string cannot fail.
        let _infallible = match category {
            Category::Spot => write!(
                out,
                r#"{comma}{{"i":"{id}","T":{at},"p":"{px}","v":"{qty}","S":"{side}","seq":{sequence},"s":"{symbol}","BT":false,"RPI":false}}"#
            ),
            Category::Linear => write!(
                out,
                r#"{comma}{{"T":{at},"s":"{symbol}","S":"{side}","v":"{qty}","p":"{px}","L":"{tick}","i":"{id}","BT":false,"RPI":false,"seq":{sequence}}}"#
            ),
        };
    }
    out.push_str("]}");
    out
}

/// Spot: 19 decimal digits. Linear: a UUID.
pub(super) fn trade_id(category: Category, config: &InstrumentConfig, number: u64) -> String {
    if category == Category::Spot {
        return (2_290_000_000_000_000_000 + u128::from(number)).to_string();
    }
    uuid(&config.symbol, number)
}
