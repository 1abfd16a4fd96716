//! Figures of a contract's day, funding and open interest, as the tickers and REST print them.

use super::contract::{days_left, is_inverse, maturity, pair, tag};
use super::number::number;
use super::payload::{px, qty};
use crate::clock::{MILLI, Nanos, SECOND};
use crate::market::{FUNDING_DIGITS, Market, Side, State, Window};

/// Minutes of the rolling statistics.
const DAY_MINUTES: u64 = 24 * 60;

/// Funding is charged by the hour.
const HOUR: Nanos = 3_600 * SECOND;

/// Digits of an absolute funding rate of an inverse contract, a small amount of base currency.
const INVERSE_DIGITS: u8 = 18;

/// A contract's figures as texts.
pub(super) struct Figures {
    pub(super) bid: [String; 2],
    pub(super) ask: [String; 2],
    pub(super) last: String,
    pub(super) open: String,
    pub(super) high: String,
    pub(super) low: String,
    pub(super) volume: String,
    pub(super) volume_quote: String,
    /// Change over the day in percent.
    pub(super) change: String,
    pub(super) mark: String,
    pub(super) index: String,
    /// How far the mark price is above the index, in percent.
    pub(super) premium: String,
    pub(super) open_interest: String,
}

impl Figures {
    pub(super) fn of(market: &Market, now: Nanos) -> Self {
        let (config, marks) = (&market.config, &market.marks);
        let day = market.minutes.window(now, DAY_MINUTES);
        let best = |side| {
            let (level, size) = market.book.best(side).unwrap_or_default();
            [px(config, level), qty(config, size)]
        };
        let premium = i128::from(marks.mark - marks.index) * 1_000;
        Self {
            bid: best(Side::Bid),
            ask: best(Side::Ask),
            last: px(config, day.candle.close),
            open: px(config, day.candle.open),
            high: px(config, day.candle.high),
            low: px(config, day.candle.low),
            volume: qty(config, day.candle.volume.qty),
            volume_quote: volume_quote(market, &day),
            change: number(day.change(10_000), 2),
            mark: px(config, marks.mark),
            index: px(config, marks.index),
            premium: number(premium / i128::from(marks.index.max(1)), 1),
            open_interest: qty(config, marks.open_interest),
        }
    }
}

/// Value of the day's volume in quote currency: a dollar a contract where they are inverse.
fn volume_quote(market: &Market, day: &Window) -> String {
    let config = &market.config;
    if is_inverse(config) {
        return qty(config, day.candle.volume.qty);
    }
    let digits = config.px_digits + config.qty_digits;
    number(day.candle.volume.quote, digits)
}

/// Relative funding rate, and the absolute one: that share of a contract's value, in quote
/// currency for linear contracts and in base currency for inverse ones.
pub(super) fn funding(market: &Market) -> (String, String) {
    let (config, marks) = (&market.config, &market.marks);
    let relative = i128::from(marks.funding);
    let absolute = if is_inverse(config) {
        let one = 10_i128.pow(u32::from(
            INVERSE_DIGITS - FUNDING_DIGITS + config.px_digits,
        ));
        number(
            relative * one / i128::from(marks.mark.max(1)),
            INVERSE_DIGITS,
        )
    } else {
        let digits = FUNDING_DIGITS + config.px_digits;
        number(relative * i128::from(marks.mark), digits)
    };
    (number(relative, FUNDING_DIGITS), absolute)
}

/// The `ticker` feed. Dated contracts have no funding.
pub(super) fn full(market: &Market, now: Nanos) -> String {
    let (config, figures) = (&market.config, Figures::of(market, now));
    let Figures {
        bid: [bid, bid_size],
        ask: [ask, ask_size],
        ..
    } = &figures;
    let rates = match maturity(config) {
        Some(_) => String::new(),
        None => funding_fields(market, now),
    };
    let (symbol, tag, pair) = (&config.symbol, tag(config), pair(config));
    let (dtm, expiry) = (days_left(config, now), expiry_millis(market));
    let day = day_fields(&figures);
    format!(
        r#"{{"time":{},"product_id":"{symbol}",{rates}"leverage":"50x","premium":{},"feed":"ticker","bid":{bid},"ask":{ask},"bid_size":{bid_size},"ask_size":{ask_size},"dtm":{dtm},"index":{},"suspended":{},"tag":"{tag}","pair":"{pair}","openInterest":{},"markPrice":{},"maturityTime":{expiry},"post_only":false,{day}}}"#,
        now / MILLI,
        figures.premium,
        figures.index,
        market.state == State::Halted,
        figures.open_interest,
        figures.mark,
    )
}

fn funding_fields(market: &Market, now: Nanos) -> String {
    let (relative, absolute) = funding(market);
    let next = (now / HOUR + 1) * HOUR / MILLI;
    format!(
        r#""funding_rate":{absolute},"funding_rate_prediction":{absolute},"relative_funding_rate":{relative},"relative_funding_rate_prediction":{relative},"next_funding_rate_time":{next},"#
    )
}

fn day_fields(figures: &Figures) -> String {
    let Figures {
        last,
        open,
        high,
        low,
        volume,
        volume_quote,
        change,
        ..
    } = figures;
    format!(
        r#""last":{last},"open":{open},"high":{high},"low":{low},"volume":{volume},"volumeQuote":{volume_quote},"change":{change}"#
    )
}

/// The `ticker_lite` feed.
pub(super) fn lite(market: &Market, now: Nanos) -> String {
    let (config, figures) = (&market.config, Figures::of(market, now));
    let (symbol, tag, pair) = (&config.symbol, tag(config), pair(config));
    let (dtm, expiry) = (days_left(config, now), expiry_millis(market));
    format!(
        r#"{{"feed":"ticker_lite","product_id":"{symbol}","bid":{},"ask":{},"change":{},"premium":{},"volume":{},"tag":"{tag}","pair":"{pair}","dtm":{dtm},"maturityTime":{expiry}}}"#,
        figures.bid[0], figures.ask[0], figures.change, figures.premium, figures.volume,
    )
}

fn expiry_millis(market: &Market) -> u64 {
    maturity(&market.config).unwrap_or(0) / MILLI
}
