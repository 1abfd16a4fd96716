//! Candles, as stream events and as REST rows.

use super::{Face, pair};
use crate::clock::Nanos;
use crate::instrument::InstrumentConfig;
use crate::market::Candle;
use crate::venue::binance::numbers::{px, qty, worth};

/// First and last trade id; -1 without trades.
fn ids(candle: &Candle) -> (i128, i128) {
    candle
        .ids
        .map_or((-1, -1), |(first, last)| (first.into(), last.into()))
}

/// Opening and closing time: the last millisecond or microsecond belongs to the candle.
fn times(candle: &Candle, unit: Nanos) -> (u64, u64) {
    (candle.start / unit, (candle.end / unit).saturating_sub(1))
}

pub(in crate::venue::binance) fn event(
    face: Face,
    config: &InstrumentConfig,
    interval: &str,
    candle: &Candle,
) -> String {
    let symbol = &config.symbol;
    format!(
        r#"{{"e":"kline","E":{},"s":"{symbol}","k":{{{},"s":"{symbol}",{}}}}}"#,
        face.sent(),
        span(face, candle),
        values(face, config, interval, candle)
    )
}

/// The candle of a pair's perpetual contract, which names the pair instead of a symbol.
pub(in crate::venue::binance) fn continuous(
    face: Face,
    config: &InstrumentConfig,
    interval: &str,
    candle: &Candle,
) -> String {
    format!(
        r#"{{"e":"continuous_kline","E":{},"ps":"{}","ct":"PERPETUAL","k":{{{},{}}}}}"#,
        face.sent(),
        pair(config),
        span(face, candle),
        values(face, config, interval, candle)
    )
}

fn span(face: Face, candle: &Candle) -> String {
    let (opened, ends) = times(candle, face.unit());
    format!(r#""t":{opened},"T":{ends}"#)
}

fn values(face: Face, config: &InstrumentConfig, interval: &str, candle: &Candle) -> String {
    let (first, last) = ids(candle);
    let px = |price: i64| px(config, price);
    format!(
        r#""i":"{interval}","f":{first},"L":{last},"o":"{}","c":"{}","h":"{}","l":"{}","v":"{}","n":{},"x":{},"q":"{}","V":"{}","Q":"{}","B":"0""#,
        px(candle.open),
        px(candle.close),
        px(candle.high),
        px(candle.low),
        qty(config, candle.volume.qty),
        candle.trades,
        candle.closed(face.now),
        worth(face.dialect, config, &candle.volume),
        qty(config, candle.bought.qty),
        worth(face.dialect, config, &candle.bought),
    )
}

/// Twelve columns, the last of which means nothing.
pub(in crate::venue::binance) fn row(
    face: Face,
    config: &InstrumentConfig,
    candle: &Candle,
) -> String {
    let (opened, ends) = times(candle, face.unit());
    let px = |price: i64| px(config, price);
    format!(
        r#"[{opened},"{}","{}","{}","{}","{}",{ends},"{}",{},"{}","{}","0"]"#,
        px(candle.open),
        px(candle.high),
        px(candle.low),
        px(candle.close),
        qty(config, candle.volume.qty),
        worth(face.dialect, config, &candle.volume),
        candle.trades,
        qty(config, candle.bought.qty),
        worth(face.dialect, config, &candle.bought),
    )
}
