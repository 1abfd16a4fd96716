//! `publicTrade`: every trade once, as it happens, and the REST list of the newest.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::Arc;

use super::category::Category;
use super::contract::{Contract, OptionMarks};
use super::payload;
use super::topic::Stamp;
use crate::clock::MILLI;
use crate::decimal::trimmed;
use crate::hub::Span;
use crate::market::{Fill, Market};
use crate::venue::Desk;

/// Trades in one message; more are split, with the same `seq`.
const MESSAGE_MAX: usize = 1_024;

/// Taker orders whose cross sequence is remembered: each has a trade, and REST lists 1,000.
const REMEMBERED: usize = 1_000;

/// Digits of implied volatilities.
pub(super) const IV_DIGITS: u8 = 4;

/// Tick direction of the last trade.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Direction {
    px: i64,
    name: &'static str,
    down: bool,
}

impl Direction {
    fn follow(&mut self, px: i64) -> &'static str {
        let same = px == self.px;
        if !same {
            self.down = px < self.px;
        }
        self.px = px;
        self.name = match (same, self.down) {
            (false, false) => "PlusTick",
            (false, true) => "MinusTick",
            (true, false) => "ZeroPlusTick",
            (true, true) => "ZeroMinusTick",
        };
        self.name
    }

    /// Of the last trade; `PlusTick` before the first.
    pub(super) fn name(self) -> &'static str {
        if self.name.is_empty() {
            "PlusTick"
        } else {
            self.name
        }
    }
}

/// Whether a trade counts as one with an RPI order: one in seven.
fn is_rpi(number: u64) -> bool {
    number % 7 == 3
}

/// Whether a trade counts as a block trade: one in 97.
fn is_block(number: u64) -> bool {
    number % 97 == 5
}

/// The trades of one instrument.
#[derive(Debug)]
pub(super) struct Trades {
    category: Category,
    /// Options: shared by all of a base coin.
    pub(super) key: Arc<str>,
    pub(super) direction: Direction,
    /// The newest taker orders, oldest first.
    orders: VecDeque<Order>,
}

/// What the trades of one taker order share.
#[derive(Clone, Copy, Debug)]
struct Order {
    /// Number of its first trade.
    first: u64,
    sequence: u64,
    marks: OptionMarks,
}

impl Trades {
    pub(super) fn new(category: Category, name: &str) -> Self {
        Self {
            category,
            key: Arc::from(format!("publicTrade.{name}")),
            direction: Direction::default(),
            orders: VecDeque::new(),
        }
    }

    /// Publishes the fills of one taker order.
    pub(super) fn publish(
        &mut self,
        desk: &mut Desk<'_>,
        index: usize,
        contract: &Contract,
        fills: &[Fill],
        stamp: Stamp,
    ) {
        let Some(first) = fills.first() else { return };
        if self.orders.len() == REMEMBERED {
            self.orders.pop_front();
        }
        let market = &desk.markets[index];
        let order = Order {
            first: first.id,
            sequence: stamp.sequence,
            marks: OptionMarks::of(contract, market),
        };
        self.orders.push_back(order);
        if !desk.hub.wanted(desk.product, &self.key) {
            for fill in fills {
                self.direction.follow(fill.px);
            }
            return;
        }
        let rows: Vec<String> = fills
            .iter()
            .map(|fill| self.row(market, &order, fill))
            .collect();
        let sent = desk.now / MILLI;
        for (rows, fills) in rows.chunks(MESSAGE_MAX).zip(fills.chunks(MESSAGE_MAX)) {
            let (Some(first), Some(last)) = (fills.first(), fills.last()) else {
                return;
            };
            let text = self.message(&rows.join(","), first.id, sent);
            let span = Span {
                first: first.id,
                last: last.id,
            };
            desk.hub
                .publish(desk.product, &self.key, span, |_| text.clone());
        }
    }

    fn message(&self, rows: &str, number: u64, sent: u64) -> String {
        let topic = &self.key;
        match self.category {
            Category::Spot => {
                format!(r#"{{"topic":"{topic}","ts":{sent},"type":"snapshot","data":[{rows}]}}"#)
            }
            Category::Option => format!(
                r#"{{"id":"{topic}-{number}-{sent}","topic":"{topic}","ts":{sent},"data":[{rows}],"type":"snapshot"}}"#
            ),
            _ => format!(r#"{{"topic":"{topic}","type":"snapshot","ts":{sent},"data":[{rows}]}}"#),
        }
    }

    fn row(&mut self, market: &Market, order: &Order, fill: &Fill) -> String {
        let sequence = order.sequence;
        let (category, config) = (self.category, &market.config);
        let symbol = &config.symbol;
        let (at, side) = (fill.at / MILLI, payload::side(fill.taker));
        let id = payload::trade_id(category, config, fill.id);
        let px = payload::px(category, config, fill.px);
        let qty = payload::qty(category, config, fill.qty);
        let tick = self.direction.follow(fill.px);
        let (block, rpi) = (is_block(fill.id), is_rpi(fill.id));
        match category {
            Category::Spot => format!(
                r#"{{"i":"{id}","T":{at},"p":"{px}","v":"{qty}","S":"{side}","seq":{sequence},"s":"{symbol}","BT":{block},"RPI":{rpi}}}"#
            ),
            Category::Option => {
                let marks = option_fields(market, &order.marks);
                format!(
                    r#"{{"T":{at},"s":"{symbol}","S":"{side}","v":"{qty}","p":"{px}","i":"{id}","BT":{block},"RPI":{rpi},{marks},"seq":{sequence}}}"#
                )
            }
            _ => format!(
                r#"{{"T":{at},"s":"{symbol}","S":"{side}","v":"{qty}","p":"{px}","L":"{tick}","i":"{id}","BT":{block},"RPI":{rpi},"seq":{sequence}}}"#
            ),
        }
    }

    /// A row of REST's recent trades: numbers are texts there.
    pub(super) fn rest_row(&self, market: &Market, fill: &Fill) -> String {
        let (category, config) = (self.category, &market.config);
        let order = self.order(fill.id);
        let mut row = format!(
            r#"{{"execId":"{}","symbol":"{}","price":"{}","size":"{}","side":"{}","time":"{}","isBlockTrade":{},"isRPITrade":{}"#,
            payload::trade_id(category, config, fill.id),
            config.symbol,
            payload::px(category, config, fill.px),
            payload::qty(category, config, fill.qty),
            payload::side(fill.taker),
            fill.at / MILLI,
            is_block(fill.id),
            is_rpi(fill.id),
        );
        if let (Category::Option, Some(order)) = (category, order) {
            row.push(',');
            row += &option_fields(market, &order.marks);
        }
        let sequence = order.map_or(0, |order| order.sequence);
        // Writing to a string cannot fail.
        let _infallible = write!(row, r#","seq":"{sequence}"}}"#);
        row
    }

    /// The taker order of a trade; `None` if it is older than what is remembered.
    fn order(&self, number: u64) -> Option<&Order> {
        let after = self.orders.partition_point(|order| order.first <= number);
        self.orders.get(after.checked_sub(1)?)
    }
}

/// Mark price, index price and the volatilities of mark and trade.
fn option_fields(market: &Market, marks: &OptionMarks) -> String {
    let px = |px: i64| trimmed(px, market.config.px_digits);
    let iv = |iv: i64| trimmed(iv, IV_DIGITS);
    format!(
        r#""mP":"{}","iP":"{}","mIv":"{}","iv":"{}""#,
        px(marks.mark),
        px(marks.index),
        iv(marks.mark_iv),
        iv(marks.trade_iv)
    )
}
