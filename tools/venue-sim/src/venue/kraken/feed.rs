//! The channels of one pair.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::checksum::checksum;
use super::level3::Level3;
use super::ohlc::Ohlc;
use super::payload;
use crate::hub::Span;
use crate::instrument::InstrumentConfig;
use crate::market::{Market, Side, Step};
use crate::truth::ViewTruth;
use crate::venue::Desk;
use crate::venue::view::View;

/// Depths of the book channel.
pub(super) const DEPTHS: [usize; 5] = [10, 25, 100, 500, 1_000];

/// Trades of a trade snapshot.
const TRADES_SNAPSHOT: usize = 50;

/// Channels of one pair.
#[derive(Debug)]
pub(super) struct Feed {
    trade: Arc<str>,
    on_touch: Arc<str>,
    on_trade: Arc<str>,
    books: BTreeMap<usize, BookChannel>,
    level3: Level3,
    ohlc: Ohlc,
    touch: [Option<(i64, i64)>; 2],
    tickers: u64,
}

/// One depth of the book channel.
#[derive(Debug)]
struct BookChannel {
    key: Arc<str>,
    view: View,
    live: bool,
    /// Messages published so far, snapshots aside.
    published: u64,
    shown: bool,
}

impl Feed {
    pub(super) fn new(config: &InstrumentConfig) -> Self {
        let symbol = &config.symbol;
        let book = |depth: usize| BookChannel {
            key: Arc::from(format!("book.{depth}.{symbol}")),
            view: View::new(depth),
            live: false,
            published: 0,
            shown: false,
        };
        Self {
            trade: Arc::from(format!("trade.{symbol}")),
            on_touch: Arc::from(format!("ticker.bbo.{symbol}")),
            on_trade: Arc::from(format!("ticker.trades.{symbol}")),
            books: DEPTHS
                .into_iter()
                .map(|depth| (depth, book(depth)))
                .collect(),
            level3: Level3::new(config),
            ohlc: Ohlc::new(config),
            touch: [None; 2],
            tickers: 0,
        }
    }

    /// Publishes everything an event changed: trades, books, tickers.
    pub(super) fn stepped(&mut self, desk: &mut Desk<'_>, index: usize, step: &Step) {
        let market = &desk.markets[index];
        if let (Some(first), Some(last)) = (step.fills.first(), step.fills.last()) {
            let span = Span {
                first: first.id,
                last: last.id,
            };
            desk.hub.publish(desk.product, &self.trade, span, |_| {
                payload::trades(&market.config, "update", &step.fills)
            });
        }
        self.publish_books(desk, index, step);
        self.level3.stepped(desk, index, step);
        self.ohlc.stepped(desk, index, step);
        let touch = [market.book.best(Side::Bid), market.book.best(Side::Ask)];
        if touch != self.touch {
            self.touch = touch;
            self.publish_ticker(desk, index, step.at, false);
        }
        if !step.fills.is_empty() {
            self.publish_ticker(desk, index, step.at, true);
        }
    }

    fn publish_books(&mut self, desk: &mut Desk<'_>, index: usize, step: &Step) {
        let market = &desk.markets[index];
        for book in self.books.values_mut() {
            book.live &= desk.hub.wanted(desk.product, &book.key);
            if !book.live || !step.changes.iter().any(|change| book.view.shows(change)) {
                continue;
            }
            let delta = book.view.refresh_truncated(&market.book);
            if delta.is_empty() {
                continue;
            }
            book.published += 1;
            let message = payload::BookMessage {
                kind: "update",
                bids: &delta.bids,
                asks: &delta.asks,
                checksum: checksum(&book.view.bids, &book.view.asks),
                at: step.at,
            };
            let text = payload::book(&market.config, &message);
            let span = Span::one(book.published);
            desk.hub
                .publish(desk.product, &book.key, span, |_| text.clone());
        }
    }

    fn publish_ticker(&mut self, desk: &mut Desk<'_>, index: usize, at: u64, traded: bool) {
        let key = if traded {
            &self.on_trade
        } else {
            &self.on_touch
        };
        self.tickers += 1;
        let market = &desk.markets[index];
        desk.hub
            .publish(desk.product, key, Span::one(self.tickers), |_| {
                payload::ticker(market, "update", at)
            });
    }

    /// Begins a subscription: what it needs is kept up from now on, and the channel's snapshot
    /// follows the acknowledgement if `send` says so.
    pub(super) fn greet(
        &mut self,
        desk: &mut Desk<'_>,
        index: usize,
        line: u64,
        key: &str,
        send: bool,
    ) {
        let others = self.level3.greet(desk, index, line, key, send)
            || self.ohlc.greet(desk, index, line, key, send);
        if others {
            return;
        }
        let market = &desk.markets[index];
        if let Some(book) = self.books.values_mut().find(|book| *book.key == *key) {
            book.wake(market);
        }
        if send && let Some((key, span, text)) = self.snapshot(market, desk.now, key) {
            desk.hub.publish_to(line, &key, span, text);
        }
    }

    /// A snapshot of book, trades or ticker.
    fn snapshot(&self, market: &Market, now: u64, key: &str) -> Option<(Arc<str>, Span, String)> {
        if let Some(book) = self.books.values().find(|book| *book.key == *key) {
            let text = book.snapshot(market, now);
            return Some((Arc::clone(&book.key), Span::one(book.published), text));
        }
        if *self.trade == *key {
            let skip = market.tape.len().saturating_sub(TRADES_SNAPSHOT);
            let fills: Vec<_> = market.tape.range(skip..).copied().collect();
            let text = payload::trades(&market.config, "snapshot", &fills);
            let span = Span {
                first: fills.first().map_or(0, |fill| fill.id),
                last: fills.last().map_or(0, |fill| fill.id),
            };
            return Some((Arc::clone(&self.trade), span, text));
        }
        let own = [&self.on_touch, &self.on_trade];
        let key = own.into_iter().find(|own| ***own == *key)?;
        let text = payload::ticker(market, "snapshot", now);
        Some((Arc::clone(key), Span::one(self.tickers), text))
    }

    /// What every depth of books and orders that was ever subscribed shows.
    pub(super) fn views(&self, config: &InstrumentConfig) -> Vec<ViewTruth> {
        let shown = self.books.values().filter(|book| book.shown);
        let truth = |book: &BookChannel| ViewTruth {
            stream: book.key.to_string(),
            sequence: book.published,
            checksum: checksum(&book.view.bids, &book.view.asks),
            bids: payload::texts(config, &book.view.bids),
            asks: payload::texts(config, &book.view.asks),
            ..ViewTruth::default()
        };
        shown.map(truth).chain(self.level3.views(config)).collect()
    }
}

impl BookChannel {
    fn wake(&mut self, market: &Market) {
        if !self.live {
            self.view.refresh(&market.book);
            (self.live, self.shown) = (true, true);
        }
    }

    fn snapshot(&self, market: &Market, now: u64) -> String {
        let (bids, asks) = (&self.view.bids, &self.view.asks);
        let checksum = checksum(bids, asks);
        let message = payload::BookMessage {
            kind: "snapshot",
            bids,
            asks,
            checksum,
            at: now,
        };
        payload::book(&market.config, &message)
    }
}
