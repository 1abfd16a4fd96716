//! What futures publish beside their book and trades: liquidations, price limits, and the
//! insurance fund that liquidations fill.

use super::category::Category;
use super::payload;
use super::topic::Pace;
use crate::clock::{MILLI, Nanos};
use crate::decimal::trimmed;
use crate::hub::Span;
use crate::market::{Liquidation, Market};
use crate::venue::Desk;

/// Push intervals of `allLiquidation` and `priceLimit` in ms.
const LIQUIDATION_PAUSE: Nanos = 500;
const LIMIT_PAUSE: Nanos = 300;

/// Liquidations one message holds at most; an interval has far fewer.
const LIQUIDATIONS_MAX: usize = 1_024;

/// Price limits around the mark price in percent: `priceLimitRatioX` of the instrument.
const LIMIT_PERCENT: i64 = 1;

/// Digits of an insurance fund's balance.
pub(super) const FUND_DIGITS: u8 = 8;

/// Balance of a fund at the start: a million.
const FUND_START: i128 = 1_000_000 * 10_i128.pow(FUND_DIGITS as u32);

/// `allLiquidation`: every liquidation, gathered over the interval.
#[derive(Debug)]
pub(super) struct Liquidations {
    category: Category,
    pub(super) pace: Pace,
    pending: Vec<Liquidation>,
}

impl Liquidations {
    pub(super) fn new(category: Category, symbol: &str) -> Self {
        Self {
            category,
            pace: Pace::new(format!("allLiquidation.{symbol}"), LIQUIDATION_PAUSE),
            pending: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, liquidation: Liquidation) {
        if self.pending.len() < LIQUIDATIONS_MAX {
            self.pending.push(liquidation);
        }
    }

    pub(super) fn publish_due(&mut self, desk: &mut Desk<'_>, index: usize, all: bool) {
        if self.pending.is_empty() || !self.pace.due(desk.now, all) {
            return;
        }
        let pending = std::mem::take(&mut self.pending);
        let span = match (pending.first(), pending.last()) {
            (Some(first), Some(last)) if self.pace.wanted(desk) => Span {
                first: first.trade,
                last: last.trade,
            },
            _ => return,
        };
        let market = &desk.markets[index];
        let rows: Vec<String> = pending
            .iter()
            .map(|liquidation| row(self.category, market, liquidation))
            .collect();
        let (topic, sent, rows) = (&self.pace.key, desk.now / MILLI, rows.join(","));
        let text =
            format!(r#"{{"topic":"{topic}","type":"snapshot","ts":{sent},"data":[{rows}]}}"#);
        desk.hub
            .publish(desk.product, topic, span, |_| text.clone());
    }
}

/// `S` is the side of the position, opposite to the order that closed it; `p` is the bankruptcy
/// price.
fn row(category: Category, market: &Market, liquidation: &Liquidation) -> String {
    let config = &market.config;
    format!(
        r#"{{"T":{},"s":"{}","S":"{}","v":"{}","p":"{}"}}"#,
        liquidation.at / MILLI,
        config.symbol,
        payload::side(liquidation.side.opposite()),
        payload::qty(category, config, liquidation.qty),
        payload::px(category, config, liquidation.px),
    )
}

/// `priceLimit`: the highest price of a buy and the lowest of a sell.
#[derive(Debug)]
pub(super) struct PriceLimit {
    category: Category,
    pub(super) pace: Pace,
    shown: Option<(i64, i64)>,
}

impl PriceLimit {
    pub(super) fn new(category: Category, symbol: &str) -> Self {
        Self {
            category,
            pace: Pace::new(format!("priceLimit.{symbol}"), LIMIT_PAUSE),
            shown: None,
        }
    }

    pub(super) fn publish_due(&mut self, desk: &mut Desk<'_>, index: usize, all: bool) {
        if !self.pace.wanted(desk) {
            self.shown = None;
            return;
        }
        let limits = limits(&desk.markets[index]);
        if self.shown == Some(limits) || !self.pace.due(desk.now, all) {
            return;
        }
        self.shown = Some(limits);
        let text = self.text(&desk.markets[index], desk.now);
        desk.hub
            .publish(desk.product, &self.pace.key, Span::one(0), |_| text.clone());
    }

    pub(super) fn greet(&mut self, desk: &mut Desk<'_>, index: usize, line: u64) {
        let text = self.text(&desk.markets[index], desk.now);
        desk.hub
            .publish_to(line, &self.pace.key, Span::one(0), text);
    }

    fn text(&self, market: &Market, now: Nanos) -> String {
        let (buy, sell) = limits(market);
        let [buy, sell] = [buy, sell].map(|px| payload::px(self.category, &market.config, px));
        let (topic, symbol, sent) = (&self.pace.key, &market.config.symbol, now / MILLI);
        format!(
            r#"{{"topic":"{topic}","data":{{"symbol":"{symbol}","buyLmt":"{buy}","sellLmt":"{sell}"}},"ts":{sent}}}"#
        )
    }
}

/// Both limits, on the tick.
fn limits(market: &Market) -> (i64, i64) {
    let (mark, tick) = (market.marks.mark, market.config.tick);
    let on_tick = |px: i64| px - px % tick;
    let away = mark / 100 * LIMIT_PERCENT;
    (on_tick(mark + away), on_tick(mark - away))
}

/// The insurance fund of one contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fund {
    /// In units of 10^-8 of the settlement coin.
    pub(super) balance: i128,
    pub(super) updated: Nanos,
}

impl Default for Fund {
    fn default() -> Self {
        Self {
            balance: FUND_START,
            updated: 0,
        }
    }
}

impl Fund {
    /// Adds what a liquidation brought in above the bankruptcy price.
    pub(super) fn add(&mut self, category: Category, market: &Market, order: &Liquidation) {
        let config = &market.config;
        let unit = |digits: u8| 10_i128.pow(u32::from(digits));
        let better = i128::from((order.average - order.px).abs()) * i128::from(order.qty);
        let gain = if category == Category::Inverse {
            let prices = i128::from(order.average) * i128::from(order.px);
            (better * unit(FUND_DIGITS + config.px_digits)).checked_div(prices)
        } else {
            (better * unit(FUND_DIGITS)).checked_div(unit(config.px_digits))
        };
        let gain = gain.unwrap_or(0) / unit(config.qty_digits);
        self.balance += gain;
        self.updated = order.at;
    }

    pub(super) fn text(&self) -> String {
        trimmed(self.balance, FUND_DIGITS)
    }
}
