//! Candles over REST, made from the tape.

use super::{error, face, list, symbol};
use crate::clock::{MILLI, Nanos};
use crate::market::{Candle, Interval, Length, Market};
use crate::venue::binance::{Dialect, payload, stream};
use crate::venue::{Desk, RestReply, RestRequest};

/// Rows that come without a limit.
const ROWS: u64 = 500;

/// Most rows of one answer.
const fn rows_max(dialect: Dialect) -> u64 {
    match dialect {
        Dialect::Spot => 1_000,
        Dialect::Usdm | Dialect::Coinm => 1_500,
    }
}

/// Candles that begin within `startTime..=endTime`: the first ones if there is a start, else the
/// last ones. There are none before the first trade.
pub(super) fn klines(dialect: Dialect, desk: &Desk<'_>, request: &RestRequest) -> RestReply {
    let market = match symbol(desk, request) {
        Ok(index) => &desk.markets[index],
        Err(refusal) => return refusal,
    };
    let name = request.get("interval").unwrap_or_default();
    let Some((length, _)) = stream::interval(dialect, name) else {
        return error(-1120, "Invalid interval.");
    };
    let candles = candles(market, Interval::utc(length), desk.now, request, dialect);
    let (face, config) = (face(dialect, desk), &market.config);
    list(
        candles
            .iter()
            .map(|candle| payload::kline::row(face, config, candle)),
    )
}

fn candles(
    market: &Market,
    interval: Interval,
    now: Nanos,
    request: &RestRequest,
    dialect: Dialect,
) -> Vec<Candle> {
    let Some(first) = market.tape.front() else {
        return Vec::new();
    };
    let limit = request.number("limit", ROWS).clamp(1, rows_max(dialect));
    let end = request
        .number("endTime", u64::MAX)
        .saturating_mul(MILLI)
        .min(now);
    let asked = request
        .get("startTime")
        .map(|_| request.number("startTime", 0).saturating_mul(MILLI));
    let from = match (asked, interval.length) {
        (Some(start), _) => start.min(now),
        (None, Length::Fixed(length)) => interval.start(end).saturating_sub(length * (limit - 1)),
        (None, Length::Week | Length::Month) => 0,
    };
    let mut cursor = market.candles(interval, from.max(first.at));
    let mut candles = cursor.advance(&market.tape, now);
    candles.push(*cursor.current());
    candles.retain(|candle| (asked.unwrap_or(0)..=end).contains(&candle.start));
    let limit = limit as usize;
    if asked.is_none() {
        candles.drain(..candles.len().saturating_sub(limit));
    }
    candles.truncate(limit);
    candles
}
