//! The tape over REST: single trades and aggregates, forwards or the newest.

use std::collections::VecDeque;
use std::ops::Range;

use super::{list, symbol};
use crate::clock::MILLI;
use crate::decimal::padded;
use crate::market::{Fill, Market, Side};
use crate::venue::binance::numbers::{px, qty, rescaled};
use crate::venue::binance::{Dialect, info};
use crate::venue::{Desk, RestReply, RestRequest};

/// Most rows of one answer, and how many come without a limit.
const ROWS: (u64, u64) = (1_000, 500);

/// The newest trades or, as history, those from `fromId` on, oldest first.
pub(super) fn trades(
    dialect: Dialect,
    desk: &Desk<'_>,
    request: &RestRequest,
    history: bool,
) -> RestReply {
    let market = match symbol(desk, request) {
        Ok(index) => &desk.markets[index],
        Err(refusal) => return refusal,
    };
    let limit = limit(request);
    let from = request.get("fromId").filter(|_| history);
    let start = match from.and_then(|id| id.parse::<u64>().ok()) {
        Some(id) => market.tape.partition_point(|fill| fill.id < id),
        None => market.tape.len().saturating_sub(limit),
    };
    let rows = market.tape.iter().skip(start).take(limit);
    list(rows.map(|fill| trade_row(dialect, market, fill)))
}

fn limit(request: &RestRequest) -> usize {
    request.number("limit", ROWS.1).clamp(1, ROWS.0) as usize
}

fn trade_row(dialect: Dialect, market: &Market, fill: &Fill) -> String {
    let config = &market.config;
    let (id, time, maker) = (fill.id, fill.at / MILLI, fill.taker == Side::Ask);
    let product = i128::from(fill.px) * i128::from(fill.qty);
    let digits = config.px_digits + config.qty_digits;
    let (name, value, last) = match dialect {
        // Spot keeps eight decimals; tick times lot leaves nothing below them.
        Dialect::Spot => (
            "quoteQty",
            rescaled(product, digits, 8),
            r#","isBestMatch":true"#,
        ),
        Dialect::Usdm => (
            "quoteQty",
            padded(product, digits),
            r#","isRPITrade":false"#,
        ),
        Dialect::Coinm => {
            let size = i128::from(info::contract_size(&config.base));
            let unit = 10_i128.pow(8 + u32::from(config.px_digits));
            let value = i128::from(fill.qty) * size * unit;
            let value = value.checked_div(fill.px.into()).unwrap_or(0);
            ("baseQty", rescaled(value, config.qty_digits + 8, 8), "")
        }
    };
    format!(
        r#"{{"id":{id},"price":"{}","qty":"{}","{name}":"{value}","time":{time},"isBuyerMaker":{maker}{last}}}"#,
        px(config, fill.px),
        qty(config, fill.qty)
    )
}

/// Aggregate trades: the newest, from `fromId` on, or within `startTime..=endTime`.
pub(super) fn aggregates(dialect: Dialect, desk: &Desk<'_>, request: &RestRequest) -> RestReply {
    let market = match symbol(desk, request) {
        Ok(index) => &desk.markets[index],
        Err(refusal) => return refusal,
    };
    let fills: Vec<&Fill> = market.tape.range(wanted(&market.tape, request)).collect();
    let groups = fills.chunk_by(|a, b| a.aggregate == b.aggregate);
    list(groups.map(|group| aggregate_row(dialect, market, group)))
}

/// Places of the fills of the wanted aggregates. An aggregate's time is its first fill's, so none
/// is ever cut in two; aggregates are numbered without holes, which tells where a limit is reached.
fn wanted(tape: &VecDeque<Fill>, request: &RestRequest) -> Range<usize> {
    let limit = limit(request) as u64;
    let starts_of = |aggregate: u64| tape.partition_point(|fill| fill.aggregate < aggregate);
    let whole = |at: usize| match at.checked_sub(1).and_then(|before| tape.get(before)) {
        Some(before) => starts_of(before.aggregate + 1),
        None => at,
    };
    let end = match request.get("endTime") {
        Some(_) => {
            let end = request.number("endTime", u64::MAX);
            whole(tape.partition_point(|fill| fill.at / MILLI <= end))
        }
        None => tape.len(),
    };
    let from = request.get("fromId").map(|_| request.number("fromId", 0));
    let start = match (from, request.get("startTime")) {
        (Some(id), _) => starts_of(id),
        (None, Some(_)) => {
            let start = request.number("startTime", 0);
            whole(tape.partition_point(|fill| fill.at / MILLI < start))
        }
        (None, None) => {
            let last = end.checked_sub(1).and_then(|last| tape.get(last));
            starts_of(last.map_or(0, |last| (last.aggregate + 1).saturating_sub(limit)))
        }
    };
    let limited = tape.get(start).map_or(start, |first| {
        starts_of(first.aggregate.saturating_add(limit))
    });
    start..limited.min(end).max(start)
}

fn aggregate_row(dialect: Dialect, market: &Market, fills: &[&Fill]) -> String {
    let (config, quantity) = (
        &market.config,
        fills.iter().map(|fill| fill.qty).sum::<i64>(),
    );
    let (Some(first), Some(last)) = (fills.first(), fills.last()) else {
        return String::new();
    };
    let (time, maker) = (first.at / MILLI, first.taker == Side::Ask);
    let quantity = qty(config, quantity);
    let (nq, tail) = match dialect {
        Dialect::Spot => (String::new(), r#","M":true"#),
        Dialect::Usdm => (format!(r#""nq":"{quantity}","#), ""),
        Dialect::Coinm => (String::new(), ""),
    };
    format!(
        r#"{{"a":{},"p":"{}","q":"{quantity}",{nq}"f":{},"l":{},"T":{time},"m":{maker}{tail}}}"#,
        first.aggregate,
        px(config, first.px),
        first.id,
        last.id
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Aggregates 5 (fills 1 and 2, across a millisecond), 6 and 7.
    fn tape() -> VecDeque<Fill> {
        let fill = |id, aggregate, ms: u64| Fill {
            id,
            aggregate,
            px: 1,
            qty: 1,
            taker: Side::Bid,
            at: ms * MILLI,
        };
        VecDeque::from([
            fill(1, 5, 10),
            fill(2, 5, 11),
            fill(3, 6, 12),
            fill(4, 7, 13),
        ])
    }

    #[test]
    fn aggregates_are_found_whole_by_id_by_time_and_from_the_end() {
        let cases = [
            ("", 0..4),
            ("limit=2", 2..4),
            ("fromId=5&limit=1", 0..2),
            ("fromId=6", 2..4),
            ("fromId=8", 4..4),
            ("startTime=11", 2..4),
            ("startTime=10&limit=2", 0..3),
            ("endTime=10", 0..2),
            ("endTime=12&limit=1", 2..3),
            ("startTime=12&endTime=12", 2..3),
            ("startTime=13&endTime=9", 3..3),
            ("endTime=9", 0..0),
        ];
        for (query, expected) in cases {
            let request = RestRequest::parse(&format!("/aggTrades?{query}"));
            assert_eq!(wanted(&tape(), &request), expected, "{query}");
        }
    }
}
