//! REST: what has been traded, as single trades, candles and figures of the day.

use super::ohlc::{INTERVALS, interval, recent};
use super::payload::{self, DAY_MINUTES};
use super::rest::{px, result_key};
use crate::clock::{Nanos, SECOND};
use crate::decimal::padded;
use crate::market::{Candle, Fill, Market, Side};
use crate::venue::RestRequest;

/// Rows of a candle answer at most.
const CANDLES: u64 = 720;

/// Trades after `since` (ns, exclusive; seconds are understood too), oldest first.
pub(super) fn trades(market: &Market, request: &RestRequest) -> String {
    let config = &market.config;
    let since = match request.number("since", 0) {
        // A number this small can only be seconds.
        seconds @ 0..=99_999_999_999 => seconds * SECOND,
        nanos => nanos,
    };
    let count = request.number("count", 1_000).clamp(1, 1_000) as usize;
    let row = |fill: &&Fill| {
        let (seconds, fraction) = (fill.at / SECOND, fill.at % SECOND / 100);
        let side = &payload::side(fill.taker)[..1];
        let order = &payload::order_type(fill)[..1];
        let qty = padded(fill.qty, config.qty_digits);
        format!(
            r#"["{}","{qty}",{seconds}.{fraction:07},"{side}","{order}","",{}]"#,
            px(config, fill.px),
            fill.id
        )
    };
    let from = market.tape.partition_point(|fill| fill.at <= since);
    let rows: Vec<&Fill> = market.tape.range(from..).take(count).collect();
    let last = rows.last().map_or(since, |fill| fill.at);
    let (key, rows) = (
        result_key(config, request),
        rows.iter().map(row).collect::<Vec<_>>().join(","),
    );
    format!(r#"{{"{key}":[{rows}],"last":"{last}"}}"#)
}

/// The interval a candle request asks for; `None` if the venue has no such one.
pub(super) fn minutes(request: &RestRequest) -> Option<u64> {
    let minutes = request.number("interval", 1);
    INTERVALS.contains(&minutes).then_some(minutes)
}

/// Candles after `since` (seconds, exclusive), the newest 720. The last row is still forming;
/// `last` names the one before it.
pub(super) fn ohlc(market: &Market, minutes: u64, request: &RestRequest, now: Nanos) -> String {
    let config = &market.config;
    let since = request.number("since", 0);
    let mut candles = recent(market, minutes, CANDLES, now);
    let last = interval(minutes).start(now).saturating_sub(1);
    let last = interval(minutes).start(last) / SECOND;
    candles.retain(|candle| candle.start / SECOND > since);
    let px = |px: i128| padded(px, config.px_digits);
    let row = |candle: &Candle| {
        let volume = &candle.volume;
        let vwap = volume.quote.checked_div(volume.qty).unwrap_or(0);
        format!(
            r#"[{},"{}","{}","{}","{}","{}","{}",{}]"#,
            candle.start / SECOND,
            px(candle.open.into()),
            px(candle.high.into()),
            px(candle.low.into()),
            px(candle.close.into()),
            px(vwap),
            padded(volume.qty, config.qty_digits),
            candle.trades
        )
    };
    let rows = candles.iter().map(row).collect::<Vec<_>>().join(",");
    let key = result_key(config, request);
    format!(r#"{{"{key}":[{rows}],"last":{last}}}"#)
}

/// A pair's row of the ticker: figures of today (UTC), then of the last 24 hours.
pub(super) fn ticker(market: &Market, request: &RestRequest, now: Nanos) -> String {
    let config = &market.config;
    let mut today = market.candles(interval(DAY_MINUTES), now);
    today.advance(&market.tape, now);
    let (today, day) = (today.current(), market.minutes.window(now, DAY_MINUTES));
    let qty = |qty: i128| padded(qty, config.qty_digits);
    let best = |side| {
        let (level, size) = market.book.best(side).unwrap_or_default();
        let whole = size / 10_i64.pow(u32::from(config.qty_digits));
        format!(
            r#"["{}","{whole}","{}"]"#,
            px(config, level),
            qty(size.into())
        )
    };
    let average = |candle: &Candle| {
        let volume = &candle.volume;
        volume.quote.checked_div(volume.qty).unwrap_or(0)
    };
    let last = market.tape.back().map_or(0, |fill| fill.qty);
    let candle = &day.candle;
    let pair = |of: &dyn Fn(&Candle) -> String| format!(r#"["{}","{}"]"#, of(today), of(candle));
    format!(
        r#""{}":{{"a":{},"b":{},"c":["{}","{}"],"v":{},"p":{},"t":[{},{}],"l":{},"h":{},"o":"{}"}}"#,
        result_key(config, request),
        best(Side::Ask),
        best(Side::Bid),
        px(config, candle.close),
        qty(last.into()),
        pair(&|candle| qty(candle.volume.qty)),
        pair(&|candle| px(config, average(candle))),
        today.trades,
        candle.trades,
        pair(&|candle| px(config, candle.low)),
        pair(&|candle| px(config, candle.high)),
        px(config, today.open)
    )
}
