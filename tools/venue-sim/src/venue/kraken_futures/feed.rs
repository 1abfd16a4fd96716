//! The feeds of one contract.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{payload, ticker};
use crate::hub::Span;
use crate::instrument::InstrumentConfig;
use crate::market::{Fill, Liquidation, Step};
use crate::venue::Desk;

/// Trades of a trade snapshot.
const TRADES_SNAPSHOT: usize = 100;

/// Liquidations remembered per contract, so that history can name them: one trade in some thirty
/// is one, and the tape holds a million.
const LIQUIDATIONS_MAX: usize = 100_000;

/// Feeds of one contract.
#[derive(Debug)]
pub(super) struct Feed {
    book: Arc<str>,
    trade: Arc<str>,
    ticker: Arc<str>,
    lite: Arc<str>,
    /// Number of the last book message.
    sequence: u64,
    tickers: u64,
    /// First and last trade of each order that was a liquidation, oldest first.
    liquidations: VecDeque<(u64, u64)>,
}

impl Feed {
    pub(super) fn new(config: &InstrumentConfig, first_id: u64) -> Self {
        let key = |feed: &str| Arc::from(format!("{feed}.{}", config.symbol));
        Self {
            book: key("book"),
            trade: key("trade"),
            ticker: key("ticker"),
            lite: key("ticker_lite"),
            sequence: first_id,
            tickers: 0,
            liquidations: VecDeque::new(),
        }
    }

    /// Number of the last book message.
    pub(super) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Numbers the messages of the book from 1 again.
    pub(super) fn restart(&mut self) {
        self.sequence = 0;
    }

    /// Publishes everything an event changed: each trade and each level by itself.
    pub(super) fn stepped(&mut self, desk: &mut Desk<'_>, index: usize, step: &Step) {
        let config = &desk.markets[index].config;
        self.remember(step);
        for fill in &step.fills {
            let kind = kind(step.liquidation.as_ref());
            let text = |_| payload::trade(config, fill, kind);
            let span = Span::one(fill.id);
            desk.hub.publish(desk.product, &self.trade, span, text);
        }
        for change in &step.changes {
            self.sequence += 1;
            let text = |_| payload::level(config, change, self.sequence, step.at);
            let span = Span::one(self.sequence);
            desk.hub.publish(desk.product, &self.book, span, text);
        }
    }

    fn remember(&mut self, step: &Step) {
        let (Some(_), Some(first)) = (step.liquidation, step.fills.first()) else {
            return;
        };
        if self.liquidations.len() == LIQUIDATIONS_MAX {
            self.liquidations.pop_front();
        }
        let last = step.fills.last().map_or(first.id, |fill| fill.id);
        self.liquidations.push_back((first.id, last));
    }

    /// `fill` or `liquidation`, for a trade of the past.
    pub(super) fn kind_of(&self, fill: &Fill) -> &'static str {
        let at = self
            .liquidations
            .partition_point(|(_, last)| *last < fill.id);
        let order = self.liquidations.get(at);
        if order.is_some_and(|(first, _)| *first <= fill.id) {
            LIQUIDATION
        } else {
            FILL
        }
    }

    /// Publishes both tickers to those who want them.
    pub(super) fn publish_tickers(&mut self, desk: &mut Desk<'_>, index: usize) {
        self.tickers += 1;
        let (market, now) = (&desk.markets[index], desk.now);
        let span = Span::one(self.tickers);
        desk.hub.publish(desk.product, &self.ticker, span, |_| {
            ticker::full(market, now)
        });
        desk.hub.publish(desk.product, &self.lite, span, |_| {
            ticker::lite(market, now)
        });
    }

    /// What follows an acknowledgement: the book, the newest trades, the ticker as it stands.
    pub(super) fn greet(&self, desk: &mut Desk<'_>, index: usize, line: u64, key: &str) {
        let market = &desk.markets[index];
        let now = desk.now;
        if *self.book == *key {
            let text = payload::snapshot(market, self.sequence, now);
            let span = Span::one(self.sequence);
            desk.hub.publish_to(line, &self.book, span, text);
        } else if *self.trade == *key {
            let newest = market.tape.iter().rev().take(TRADES_SNAPSHOT);
            let rows: Vec<_> = newest.map(|fill| (*fill, self.kind_of(fill))).collect();
            let span = Span {
                first: rows.last().map_or(0, |(fill, _)| fill.id),
                last: rows.first().map_or(0, |(fill, _)| fill.id),
            };
            let text = payload::trade_snapshot(&market.config, &rows);
            desk.hub.publish_to(line, &self.trade, span, text);
        } else if *self.ticker == *key {
            let text = ticker::full(market, now);
            let span = Span::one(self.tickers);
            desk.hub.publish_to(line, &self.ticker, span, text);
        } else if *self.lite == *key {
            let text = ticker::lite(market, now);
            let span = Span::one(self.tickers);
            desk.hub.publish_to(line, &self.lite, span, text);
        }
    }
}

const FILL: &str = "fill";
const LIQUIDATION: &str = "liquidation";

fn kind(liquidation: Option<&Liquidation>) -> &'static str {
    match liquidation {
        Some(_) => LIQUIDATION,
        None => FILL,
    }
}
