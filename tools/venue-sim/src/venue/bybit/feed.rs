//! The topics of one instrument.

use std::sync::Arc;

use super::ticker::Ticker;
use super::{Category, payload};
use crate::clock::{MILLI, Nanos, SECOND};
use crate::fault::Target;
use crate::hub::Span;
use crate::instrument::InstrumentConfig;
use crate::market::{Fill, Step};
use crate::truth::ViewTruth;
use crate::venue::Desk;
use crate::venue::view::View;

/// Depth and push interval in ms (spot since 2026-03-19, futures since 2025-11-25).
const DEPTHS: [(usize, Nanos); 4] = [(1, 10), (50, 20), (200, 100), (1_000, 200)];

/// Silence after which level 1 repeats its snapshot with the same `u`.
const REPEAT: Nanos = 3 * SECOND;

/// Topics of one instrument.
#[derive(Debug)]
pub(super) struct Feed {
    category: Category,
    trades: Arc<str>,
    tickers: Arc<str>,
    books: Vec<BookTopic>,
    /// Cross sequence: one number per event, shared by all topics.
    pub(super) sequence: u64,
    pub(super) changed_at: Nanos,
    direction: payload::Direction,
    ticker_slot: Nanos,
    ticker: Option<Ticker>,
}

/// One `orderbook.<depth>` topic.
#[derive(Debug)]
struct BookTopic {
    key: Arc<str>,
    depth: usize,
    every: Nanos,
    slot: Nanos,
    view: View,
    update_id: u64,
    /// Somebody is subscribed and the view is what was last published.
    live: bool,
    /// The book changed within the view since then.
    stirred: bool,
    sent_at: Nanos,
}

impl Feed {
    pub(super) fn new(category: Category, symbol: &str, first_id: u64) -> Self {
        let topic = |&(depth, pause): &(usize, Nanos)| BookTopic {
            key: Arc::from(format!("orderbook.{depth}.{symbol}")),
            depth,
            every: pause * MILLI,
            slot: 0,
            view: View::new(depth),
            // Every depth counts for itself.
            update_id: first_id / 512 + depth as u64,
            live: false,
            stirred: false,
            sent_at: 0,
        };
        Self {
            category,
            trades: Arc::from(format!("publicTrade.{symbol}")),
            tickers: Arc::from(format!("tickers.{symbol}")),
            books: DEPTHS.iter().map(topic).collect(),
            sequence: first_id.saturating_mul(100),
            changed_at: 0,
            direction: payload::Direction::default(),
            ticker_slot: 0,
            ticker: None,
        }
    }

    /// Whether `topic` is one of this instrument's.
    pub(super) fn serves(&self, topic: &str) -> bool {
        let quiet = ["kline.", "allLiquidation.", "priceLimit."];
        *self.trades == *topic
            || *self.tickers == *topic
            || self.books.iter().any(|book| *book.key == *topic)
            || (quiet.iter().any(|channel| topic.starts_with(channel)) && self.names(topic))
    }

    /// Whether `topic` ends in this instrument's symbol.
    pub(super) fn names(&self, topic: &str) -> bool {
        topic.rsplit('.').next() == self.trades.rsplit('.').next()
    }

    /// Update id of the deepest topic, which REST snapshots carry.
    pub(super) fn deepest_id(&self) -> u64 {
        self.books.last().map_or(0, |book| book.update_id)
    }

    /// Notes an event's changes and publishes its trades.
    pub(super) fn stepped(&mut self, desk: &mut Desk<'_>, index: usize, step: &Step) {
        self.sequence += 1 + step.changes.len() as u64;
        self.changed_at = step.at;
        for book in &mut self.books {
            book.stirred |= step.changes.iter().any(|change| book.view.shows(change));
        }
        self.publish_trades(desk, index, &step.fills);
    }

    fn publish_trades(&mut self, desk: &mut Desk<'_>, index: usize, fills: &[Fill]) {
        let (Some(first), Some(last)) = (fills.first(), fills.last()) else {
            return;
        };
        let config = &desk.markets[index].config;
        let stamp = (self.sequence, desk.now / MILLI);
        let text = payload::trades(self.category, config, fills, &mut self.direction, stamp);
        let span = Span {
            first: first.id,
            last: last.id,
        };
        desk.hub
            .publish(desk.product, &self.trades, span, |_| text.clone());
    }

    /// Publishes the topics whose interval is over, or all that have something to say.
    pub(super) fn publish_due(&mut self, desk: &mut Desk<'_>, index: usize, all: bool) {
        let stamp = (self.sequence, self.changed_at);
        for book in &mut self.books {
            book.live &= desk.hub.wanted(desk.product, &book.key);
            let slot = desk.now / book.every;
            if book.live && (all || slot > book.slot) {
                book.slot = slot;
                book.publish(self.category, desk, index, stamp);
            }
        }
        self.publish_ticker(desk, index);
    }

    fn publish_ticker(&mut self, desk: &mut Desk<'_>, index: usize) {
        if !desk.hub.wanted(desk.product, &self.tickers) {
            self.ticker = None;
            return;
        }
        let pause = if self.category == Category::Spot {
            50
        } else {
            100
        };
        let slot = desk.now / (pause * MILLI);
        let ticker = Ticker::of(self.category, &desk.markets[index], desk.now);
        if slot == self.ticker_slot || self.ticker.as_ref() == Some(&ticker) {
            return;
        }
        self.ticker_slot = slot;
        let stamp = (self.sequence, desk.now / MILLI);
        let base = self
            .ticker
            .as_ref()
            .filter(|_| self.category == Category::Linear);
        let text = ticker.text(self.category, &self.tickers, base, stamp);
        self.ticker = Some(ticker);
        desk.hub.publish(
            desk.product,
            &self.tickers,
            Span::one(self.sequence),
            |_| text.clone(),
        );
    }

    /// The snapshot that a new subscriber of `topic` gets after its acknowledgement.
    pub(super) fn greet(&mut self, desk: &mut Desk<'_>, index: usize, line: u64, topic: &str) {
        let market = &desk.markets[index];
        if *self.tickers == *topic {
            let ticker = Ticker::of(self.category, market, desk.now);
            let stamp = (self.sequence, desk.now / MILLI);
            let text = ticker.text(self.category, &self.tickers, None, stamp);
            // Other subscribers' next delta counts from what they have.
            self.ticker.get_or_insert(ticker);
            desk.hub
                .publish_to(line, &self.tickers, Span::one(self.sequence), text);
        }
        let stamp = (self.sequence, self.changed_at);
        if let Some(book) = self.books.iter_mut().find(|book| *book.key == *topic) {
            if !book.live {
                book.view.refresh(&market.book);
                book.update_id += 1;
                (book.live, book.stirred) = (true, false);
                book.sent_at = desk.now;
            }
            let text = book.snapshot(self.category, &market.config, desk.now, stamp);
            desk.hub
                .publish_to(line, &book.key, Span::one(book.update_id), text);
        }
    }

    /// Sends a snapshot in mid-stream: with the id that follows or, after a restart, with 1.
    pub(super) fn resnapshot(
        &mut self,
        desk: &mut Desk<'_>,
        index: usize,
        target: &Target,
        restart: bool,
    ) {
        let stamp = (self.sequence, self.changed_at);
        let config = &desk.markets[index].config;
        for book in self
            .books
            .iter_mut()
            .filter(|b| b.live && target.covers_stream(&b.key))
        {
            book.view.refresh(&desk.markets[index].book);
            book.update_id = if restart { 1 } else { book.update_id + 1 };
            let text = book.snapshot(self.category, config, desk.now, stamp);
            let span = Span::one(book.update_id);
            desk.hub
                .publish(desk.product, &book.key, span, |_| text.clone());
        }
    }

    /// What every topic that was ever subscribed shows.
    pub(super) fn views(&self, config: &InstrumentConfig) -> Vec<ViewTruth> {
        let shown = self.books.iter().filter(|book| book.sent_at > 0);
        let truth = |book: &BookTopic| ViewTruth {
            stream: book.key.to_string(),
            sequence: book.update_id,
            checksum: 0,
            bids: payload::texts(self.category, config, &book.view.bids),
            asks: payload::texts(self.category, config, &book.view.asks),
        };
        shown.map(truth).collect()
    }
}

impl BookTopic {
    fn publish(
        &mut self,
        category: Category,
        desk: &mut Desk<'_>,
        index: usize,
        stamp: (u64, Nanos),
    ) {
        let market = &desk.markets[index];
        let stirred = std::mem::take(&mut self.stirred);
        let delta = if stirred {
            self.view.refresh(&market.book)
        } else {
            Default::default()
        };
        let repeat = self.depth == 1 && desk.now.saturating_sub(self.sent_at) >= REPEAT;
        if delta.is_empty() && !repeat {
            return;
        }
        self.update_id += u64::from(!delta.is_empty());
        self.sent_at = desk.now;
        let text = if self.depth == 1 {
            self.snapshot(category, &market.config, desk.now, stamp)
        } else {
            let head = self.head("delta", desk.now, stamp);
            payload::book(category, &market.config, &head, &delta.bids, &delta.asks)
        };
        let span = Span::one(self.update_id);
        desk.hub
            .publish(desk.product, &self.key, span, |_| text.clone());
    }

    fn snapshot(
        &self,
        category: Category,
        config: &InstrumentConfig,
        now: Nanos,
        stamp: (u64, Nanos),
    ) -> String {
        let head = self.head("snapshot", now, stamp);
        payload::book(category, config, &head, &self.view.bids, &self.view.asks)
    }

    fn head(&self, kind: &'static str, now: Nanos, stamp: (u64, Nanos)) -> payload::Head<'_> {
        let (sequence, at) = stamp;
        let at = if at == 0 { now } else { at };
        payload::Head {
            topic: &self.key,
            kind,
            level_one: self.depth == 1,
            update_id: self.update_id,
            sequence,
            sent: now / MILLI,
            at: at / MILLI,
        }
    }
}
