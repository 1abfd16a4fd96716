//! Names of the streams that follow the clock rather than events.
//!
//! A name is `<symbol>@<topic>[@<speed>]`, `<pair>@<topic>` or `!<topic>@arr`. What does not parse
//! is acknowledged and stays silent, as on the venue.

use super::Dialect;
use crate::clock::{MILLI, Nanos, SECOND};
use crate::market::{Interval, Length};

/// Whose values a stream shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// One instrument, by payload symbol. It need not be listed yet.
    Symbol(String),
    /// All contracts of a COIN-M pair.
    Pair(String),
    /// Every instrument of the product.
    All,
}

/// What a stream shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    /// The best so many levels.
    Partial(usize),
    Kline(Interval, &'static str),
    /// The candles of a pair's perpetual contract, under a name that outlives contracts.
    ContinuousKline(Interval, &'static str),
    MiniTicker,
    Ticker,
    /// Rolling statistics over so many minutes, under this name.
    WindowTicker(u64, &'static str),
    AveragePrice,
    ReferencePrice,
    MarkPrice,
    IndexPrice,
}

/// A parsed name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stream {
    pub(super) scope: Scope,
    pub(super) topic: Topic,
    /// Pause between messages.
    pub(super) every: Nanos,
}

const MINUTE: Nanos = 60 * SECOND;
const HOUR: Nanos = 60 * MINUTE;

/// Names and lengths of the candles. Futures have no `1s`.
const INTERVALS: [(&str, Length); 16] = [
    ("1s", Length::Fixed(SECOND)),
    ("1m", Length::Fixed(MINUTE)),
    ("3m", Length::Fixed(3 * MINUTE)),
    ("5m", Length::Fixed(5 * MINUTE)),
    ("15m", Length::Fixed(15 * MINUTE)),
    ("30m", Length::Fixed(30 * MINUTE)),
    ("1h", Length::Fixed(HOUR)),
    ("2h", Length::Fixed(2 * HOUR)),
    ("4h", Length::Fixed(4 * HOUR)),
    ("6h", Length::Fixed(6 * HOUR)),
    ("8h", Length::Fixed(8 * HOUR)),
    ("12h", Length::Fixed(12 * HOUR)),
    ("1d", Length::Fixed(24 * HOUR)),
    ("3d", Length::Fixed(72 * HOUR)),
    ("1w", Length::Week),
    ("1M", Length::Month),
];

/// Windows of the rolling tickers: suffix, minutes, event name.
const WINDOWS: [(&str, u64, &str); 3] = [
    ("1h", 60, "1hTicker"),
    ("4h", 240, "4hTicker"),
    ("1d", 1_440, "1dTicker"),
];

/// The candle length with this name, and the name for messages.
pub(super) fn interval(dialect: Dialect, name: &str) -> Option<(Length, &'static str)> {
    let known = INTERVALS.iter().find(|(known, _)| *known == name);
    let known = known.filter(|(name, _)| dialect == Dialect::Spot || *name != "1s");
    known.map(|(name, length)| (*length, *name))
}

impl Stream {
    /// The stream of that name, if it is one that follows the clock.
    pub(super) fn parse(dialect: Dialect, name: &str) -> Option<Stream> {
        if let Some(rest) = name.strip_prefix('!') {
            return all(dialect, rest);
        }
        let (symbol, topic) = name.split_once('@')?;
        // Symbols in stream names are lower case; others are acknowledged and silent.
        if symbol.is_empty() || symbol != symbol.to_lowercase() {
            return None;
        }
        if let Some(name) = topic.strip_prefix("continuousKline_") {
            return continuous(dialect, symbol, name);
        }
        let (topic, every) = one(dialect, topic)?;
        let symbol = symbol.to_uppercase();
        let of_pair = dialect == Dialect::Coinm && !symbol.contains('_');
        let scope = match topic {
            Topic::IndexPrice => Some(Scope::Pair(symbol)).filter(|_| of_pair),
            Topic::MarkPrice if of_pair => Some(Scope::Pair(symbol)),
            _ => Some(Scope::Symbol(symbol)),
        };
        Some(Stream {
            scope: scope?,
            topic,
            every,
        })
    }
}

/// `<pair>_perpetual@continuousKline_<interval>` of futures.
fn continuous(dialect: Dialect, name: &str, interval: &str) -> Option<Stream> {
    let pair = name.strip_suffix("_perpetual")?;
    match kline(dialect, interval)? {
        (Topic::Kline(interval, name), every) if dialect != Dialect::Spot => Some(Stream {
            scope: Scope::Symbol(perpetual(dialect, pair)),
            topic: Topic::ContinuousKline(interval, name),
            every,
        }),
        _ => None,
    }
}

/// Symbol of a pair's perpetual contract.
fn perpetual(dialect: Dialect, pair: &str) -> String {
    let suffix = if dialect == Dialect::Coinm {
        "_PERP"
    } else {
        ""
    };
    format!("{}{suffix}", pair.to_uppercase())
}

/// The array streams. Spot's `!ticker@arr` was retired on 2026-03-26.
fn all(dialect: Dialect, rest: &str) -> Option<Stream> {
    let (topic, every) = match rest.split_once("@arr")? {
        ("miniTicker", "") => (Topic::MiniTicker, SECOND),
        ("ticker", "") if dialect != Dialect::Spot => (Topic::Ticker, SECOND),
        ("markPrice", speed) if dialect != Dialect::Spot => (Topic::MarkPrice, mark_speed(speed)?),
        (topic, "") if dialect == Dialect::Spot => (window(topic)?, SECOND),
        _ => return None,
    };
    let scope = Scope::All;
    Some(Stream {
        scope,
        topic,
        every,
    })
}

fn one(dialect: Dialect, name: &str) -> Option<(Topic, Nanos)> {
    let spot = dialect == Dialect::Spot;
    if let Some(name) = name.strip_prefix("kline_") {
        return kline(dialect, name);
    }
    if let Some(name) = name.strip_prefix("depth") {
        return partial(dialect, name);
    }
    if let Some(speed) = name.strip_prefix("markPrice").filter(|_| !spot) {
        return Some((Topic::MarkPrice, mark_speed(speed)?));
    }
    if let Some(speed) = name.strip_prefix("indexPrice") {
        return Some((Topic::IndexPrice, mark_speed(speed)?));
    }
    match name {
        "miniTicker" => Some((Topic::MiniTicker, SECOND)),
        "ticker" => Some((Topic::Ticker, SECOND)),
        "avgPrice" if spot => Some((Topic::AveragePrice, SECOND)),
        "referencePrice" if spot => Some((Topic::ReferencePrice, SECOND)),
        _ if spot => Some((window(name)?, SECOND)),
        _ => None,
    }
}

fn window(name: &str) -> Option<Topic> {
    let suffix = name.strip_prefix("ticker_")?;
    let known = WINDOWS.iter().find(|(known, ..)| *known == suffix);
    known.map(|(_, minutes, event)| Topic::WindowTicker(*minutes, event))
}

/// Candles come every 2 s on spot, `1s` ones every second; every 250 ms on futures.
fn kline(dialect: Dialect, name: &str) -> Option<(Topic, Nanos)> {
    let (name, ahead) = match name.strip_suffix("@+08:00") {
        Some(name) if dialect == Dialect::Spot => (name, 8 * HOUR),
        Some(_) => return None,
        None => (name, 0),
    };
    let (length, name) = interval(dialect, name)?;
    let every = match (dialect, name) {
        (Dialect::Spot, "1s") => SECOND,
        (Dialect::Spot, _) => 2 * SECOND,
        _ => 250 * MILLI,
    };
    Some((Topic::Kline(Interval { length, ahead }, name), every))
}

fn partial(dialect: Dialect, name: &str) -> Option<(Topic, Nanos)> {
    let (levels, speed) = name.split_once('@').unwrap_or((name, ""));
    let levels = match levels {
        "5" => 5,
        "10" => 10,
        "20" => 20,
        _ => return None,
    };
    let every = match (dialect, speed) {
        (Dialect::Spot, "") => 1_000,
        (_, "100ms") => 100,
        (Dialect::Spot, _) => return None,
        (_, "") => 250,
        (_, "500ms") => 500,
        _ => return None,
    };
    Some((Topic::Partial(levels), every * MILLI))
}

/// Mark and index prices come every 3 s, or every second if asked.
fn mark_speed(speed: &str) -> Option<Nanos> {
    match speed {
        "" => Some(3 * SECOND),
        "@1s" => Some(SECOND),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pause(dialect: Dialect, name: &str) -> Option<u64> {
        Stream::parse(dialect, name).map(|stream| stream.every / MILLI)
    }

    #[test]
    fn names_have_the_pace_of_their_product() {
        let cases = [
            ("btcusdt@depth5", Some(1_000), Some(250)),
            ("btcusdt@depth20@100ms", Some(100), Some(100)),
            ("btcusdt@depth10@500ms", None, Some(500)),
            ("btcusdt@depth7", None, None),
            ("btcusdt@depth", None, None),
            ("btcusdt@kline_1s", Some(1_000), None),
            ("btcusdt@kline_1M", Some(2_000), Some(250)),
            ("btcusdt@kline_1d@+08:00", Some(2_000), None),
            ("btcusdt@kline_7m", None, None),
            ("btcusdt@markPrice", None, Some(3_000)),
            ("btcusdt@markPrice@1s", None, Some(1_000)),
            ("btcusdt@avgPrice", Some(1_000), None),
            ("btcusdt@referencePrice", Some(1_000), None),
            ("btcusdt_perpetual@continuousKline_1h", None, Some(250)),
            ("btcusdt@continuousKline_1h", None, None),
            ("btcusdt@ticker_4h", Some(1_000), None),
            ("!ticker@arr", None, Some(1_000)),
            ("!miniTicker@arr", Some(1_000), Some(1_000)),
            ("!ticker_1d@arr", Some(1_000), None),
            ("!markPrice@arr@1s", None, Some(1_000)),
            ("BTCUSDT@ticker", None, None),
            ("@ticker", None, None),
            ("btcusdt@indexPrice", None, None),
        ];
        for (name, spot, usdm) in cases {
            assert_eq!(pause(Dialect::Spot, name), spot, "{name}");
            assert_eq!(pause(Dialect::Usdm, name), usdm, "{name}");
        }
    }

    #[test]
    fn coin_margined_pairs_have_mark_prices_of_all_contracts_and_an_index() {
        let scope = |name: &str| Stream::parse(Dialect::Coinm, name).map(|stream| stream.scope);
        let pair = Some(Scope::Pair("BTCUSD".into()));
        assert_eq!(scope("btcusd@markPrice@1s"), pair);
        assert_eq!(scope("btcusd@indexPrice"), pair);
        let symbol = Some(Scope::Symbol("BTCUSD_PERP".into()));
        assert_eq!(scope("btcusd_perp@markPrice"), symbol);
        assert_eq!(scope("btcusd_perp@indexPrice"), None);
    }
}
