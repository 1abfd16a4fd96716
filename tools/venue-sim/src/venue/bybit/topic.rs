//! Names of topics, and what paces one.

use std::sync::Arc;

use super::category::Category;
use crate::clock::{MILLI, Nanos};
use crate::market::{Interval, Length};
use crate::venue::Desk;

/// What a topic is about, its symbol aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    Book(usize),
    RpiBook,
    FullBook,
    Trades,
    Ticker,
    Candles(Interval),
    Liquidations,
    PriceLimit,
}

/// Splits a topic into channel and symbol (options' trades: base coin). `None` if the product has
/// no such channel; the symbol may still be unknown.
pub(super) fn parse(category: Category, topic: &str) -> Option<(Channel, &str)> {
    let (name, rest) = topic.split_once('.')?;
    let option = category == Category::Option;
    match name {
        "publicTrade" => Some((Channel::Trades, rest)),
        "tickers" => Some((Channel::Ticker, rest)),
        "allLiquidation" if category.is_future() => Some((Channel::Liquidations, rest)),
        "priceLimit" if !option => Some((Channel::PriceLimit, rest)),
        "kline" if !option => {
            let (name, symbol) = rest.split_once('.')?;
            Some((Channel::Candles(interval(name)?), symbol))
        }
        "orderbook" => {
            let (depth, symbol) = rest.split_once('.')?;
            Some((book(category, depth)?, symbol))
        }
        _ => None,
    }
}

/// RPI books and whole books exist on all products but options. The venue has announced the whole
/// books of futures for its test net only.
fn book(category: Category, depth: &str) -> Option<Channel> {
    match depth {
        "rpi" if category != Category::Option => Some(Channel::RpiBook),
        "full" if category != Category::Option => Some(Channel::FullBook),
        _ => {
            let mut depths = category.depths().iter().map(|(known, _)| *known);
            let known = depths.find(|known| known.to_string() == depth);
            known.map(Channel::Book)
        }
    }
}

/// A candle interval of that name: minutes, or `D`, `W`, `M`.
pub(super) fn interval(name: &str) -> Option<Interval> {
    const MINUTES: [(&str, u64); 10] = [
        ("1", 1),
        ("3", 3),
        ("5", 5),
        ("15", 15),
        ("30", 30),
        ("60", 60),
        ("120", 120),
        ("240", 240),
        ("360", 360),
        ("720", 720),
    ];
    let length = match name {
        "D" => Length::minutes(24 * 60),
        "W" => Length::Week,
        "M" => Length::Month,
        _ => Length::minutes(MINUTES.iter().find(|row| row.0 == name)?.1),
    };
    Some(Interval::utc(length))
}

/// The key of a topic and when it may speak next.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    pub(super) key: Arc<str>,
    every: Nanos,
    slot: Nanos,
}

impl Pace {
    /// `every` is in ms, above zero.
    pub(super) fn new(key: String, every: Nanos) -> Self {
        Self {
            key: Arc::from(key),
            every: every * MILLI,
            slot: 0,
        }
    }

    /// Whether anyone is subscribed.
    pub(super) fn wanted(&self, desk: &Desk<'_>) -> bool {
        desk.hub.wanted(desk.product, &self.key)
    }

    /// Whether a new interval has begun since this last said yes, or `all` asks for the rest.
    pub(super) fn due(&mut self, now: Nanos, all: bool) -> bool {
        let slot = now / self.every;
        let due = all || slot > self.slot;
        if due {
            self.slot = slot;
        }
        due
    }
}

/// What stands over everything that is published: the product's cross sequence and the time of
/// the state that is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Cross sequence: grows with every event of the product, shared by topics and trades.
    pub(super) sequence: u64,
    /// Time of the matching engine.
    pub(super) matched: Nanos,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_differ_by_product() {
        let cases = [
            (Category::Spot, "orderbook.50.BTCUSDT", true),
            (Category::Spot, "orderbook.500.BTCUSDT", false),
            (Category::Spot, "allLiquidation.BTCUSDT", false),
            (Category::Linear, "allLiquidation.BTCUSDT", true),
            (Category::Linear, "liquidation.BTCUSDT", false),
            (Category::Inverse, "kline.720.BTCUSD", true),
            (Category::Inverse, "kline.7.BTCUSD", false),
            (Category::Option, "orderbook.25.BTC-29MAR30-40000-C", true),
            (Category::Option, "orderbook.50.BTC-29MAR30-40000-C", false),
            (Category::Option, "orderbook.rpi.BTC-29MAR30-40000-C", false),
            (Category::Option, "kline.1.BTC-29MAR30-40000-C", false),
        ];
        for (category, topic, served) in cases {
            assert_eq!(parse(category, topic).is_some(), served, "{topic}");
        }
        let parsed = parse(Category::Option, "publicTrade.BTC");
        assert_eq!(parsed, Some((Channel::Trades, "BTC")));
    }
}
