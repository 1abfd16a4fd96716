//! One book topic: its view, its own update id, and when it speaks.
//!
//! `u` counts the messages of one topic and symbol, +1 each; depths count for themselves. What a
//! REST snapshot shows is always a state that the topic has published or would have, so that its
//! `u` and `seq` can be found in the stream.

use super::category::Category;
use super::payload::{self, Head};
use super::rpi::RpiView;
use super::topic::{Pace, Stamp};
use crate::clock::{MILLI, Nanos, SECOND};
use crate::hub::Span;
use crate::instrument::InstrumentConfig;
use crate::market::{Change, Market, State};
use crate::truth::ViewTruth;
use crate::venue::Desk;
use crate::venue::view::View;

/// Silence after which level 1 repeats its snapshot with the same `u`.
const REPEAT: Nanos = 3 * SECOND;

/// Push intervals of `orderbook.rpi` and `orderbook.full` in ms.
const RPI_PAUSE: Nanos = 100;
const FULL_PAUSE: Nanos = 200;

/// Most levels per side of the REST snapshot behind `orderbook.full`.
const FULL_LEVELS: usize = 10_000;

/// Which kind of book topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Snapshots only, repeated after three seconds without change.
    Best,
    /// A snapshot, then deltas that keep exactly this many levels.
    Depth(usize),
    /// As a depth of 50, with the quantity of RPI orders beside each level's own.
    Rpi,
    /// The whole book, deltas only: the snapshot comes over REST.
    Full,
}

/// What a topic shows.
#[derive(Debug)]
enum Look {
    Plain(View),
    Rpi(RpiView),
}

/// Texts of both sides: `[["price","size"],…]`.
#[derive(Clone, Debug)]
pub(super) struct Sides {
    pub(super) bids: String,
    pub(super) asks: String,
}

/// See the module.
#[derive(Debug)]
pub(super) struct BookTopic {
    category: Category,
    pub(super) pace: Pace,
    pub(super) kind: Kind,
    look: Look,
    pub(super) update_id: u64,
    /// Somebody is subscribed and the view is what was last published.
    live: bool,
    /// The book changed within the view since then.
    stirred: bool,
    /// When the view was last published; 0 if it never was.
    sent_at: Nanos,
    /// Of the state that the view shows.
    pub(super) stamp: Stamp,
}

impl BookTopic {
    /// Every book topic of a symbol.
    pub(super) fn all(category: Category, symbol: &str, first_id: u64) -> Vec<Self> {
        let depth = |&(depth, pause): &(usize, Nanos)| {
            let kind = if depth == 1 {
                Kind::Best
            } else {
                Kind::Depth(depth)
            };
            let key = format!("orderbook.{depth}.{symbol}");
            // Every depth counts for itself.
            Self::new(category, key, pause, kind, first_id / 512 + depth as u64)
        };
        let mut topics: Vec<Self> = category.depths().iter().map(depth).collect();
        if category != Category::Option {
            let id = first_id / 640;
            let key = format!("orderbook.rpi.{symbol}");
            topics.push(Self::new(category, key, RPI_PAUSE, Kind::Rpi, id));
            let key = format!("orderbook.full.{symbol}");
            topics.push(Self::new(category, key, FULL_PAUSE, Kind::Full, id / 2));
        }
        topics
    }

    fn new(category: Category, key: String, pause: Nanos, kind: Kind, update_id: u64) -> Self {
        let look = match kind {
            Kind::Best => Look::Plain(View::new(1)),
            Kind::Depth(depth) => Look::Plain(View::new(depth)),
            Kind::Full => Look::Plain(View::new(FULL_LEVELS)),
            Kind::Rpi => Look::Rpi(RpiView::default()),
        };
        Self {
            category,
            pace: Pace::new(key, pause),
            kind,
            look,
            update_id,
            live: false,
            stirred: false,
            sent_at: 0,
            stamp: Stamp::default(),
        }
    }

    /// Notes whether an event can show here.
    pub(super) fn stir(&mut self, changes: &[Change]) {
        self.stirred |= match &self.look {
            Look::Plain(view) => changes.iter().any(|change| view.shows(change)),
            Look::Rpi(_) => !changes.is_empty(),
        };
    }

    /// Publishes what changed if the interval is over.
    pub(super) fn publish_due(
        &mut self,
        desk: &mut Desk<'_>,
        index: usize,
        stamp: Stamp,
        all: bool,
    ) {
        self.live &= self.pace.wanted(desk);
        if !self.live || !self.pace.due(desk.now, all) {
            return;
        }
        let market = &desk.markets[index];
        let changed = self.refresh(market, stamp);
        let quiet = desk.now.saturating_sub(self.sent_at) >= REPEAT;
        let text = match changed {
            Some(sides) if self.kind != Kind::Best => {
                self.message(market, "delta", desk.now, &sides)
            }
            Some(_) => self.snapshot(market, desk.now),
            None if self.kind == Kind::Best && quiet => self.snapshot(market, desk.now),
            None => return,
        };
        self.send(desk, &text);
    }

    /// Takes over the book. Returns what changed; the update id counts it.
    fn refresh(&mut self, market: &Market, stamp: Stamp) -> Option<Sides> {
        if !std::mem::take(&mut self.stirred) {
            return None;
        }
        let (category, config) = (self.category, &market.config);
        let sides = match &mut self.look {
            Look::Plain(view) => {
                let delta = view.refresh(&market.book);
                (!delta.is_empty()).then(|| Sides {
                    bids: payload::levels(category, config, &delta.bids),
                    asks: payload::levels(category, config, &delta.asks),
                })
            }
            Look::Rpi(view) => view.refresh(category, market),
        };
        if sides.is_some() {
            self.update_id += 1;
            self.stamp = stamp;
        }
        sides
    }

    /// Brings a topic that nobody listened to up to date, without telling anyone.
    fn awake(&mut self, market: &Market, stamp: Stamp) {
        if !self.live && market.state != State::Delisted {
            self.stirred = true;
            self.refresh(market, stamp);
        }
    }

    /// Starts a subscription: what it begins with, if anything.
    pub(super) fn greet(&mut self, desk: &mut Desk<'_>, index: usize, line: u64, stamp: Stamp) {
        let market = &desk.markets[index];
        self.awake(market, stamp);
        self.live = true;
        if self.kind == Kind::Full {
            return;
        }
        let text = self.snapshot(market, desk.now);
        self.sent_at = desk.now;
        let span = Span::one(self.update_id);
        desk.hub.publish_to(line, &self.pace.key, span, text);
    }

    /// What a REST snapshot with this topic's ids shows, at most `limit` levels per side.
    pub(super) fn rest(&mut self, market: &Market, stamp: Stamp, limit: usize) -> Sides {
        self.awake(market, stamp);
        self.sides(market, limit)
    }

    /// Sends a snapshot in mid-stream: with the id that follows or, after a restart, with 1. A
    /// whole book has no snapshots; after a restart it begins anew.
    pub(super) fn resnapshot(
        &mut self,
        desk: &mut Desk<'_>,
        index: usize,
        stamp: Stamp,
        restart: bool,
    ) {
        if self.kind == Kind::Full && restart {
            return self.begin_anew(desk, index, stamp);
        }
        if self.kind == Kind::Full || !self.live {
            return;
        }
        let market = &desk.markets[index];
        let next = if restart { 1 } else { self.update_id + 1 };
        self.stirred = true;
        self.refresh(market, stamp);
        (self.update_id, self.stamp) = (next, stamp);
        let text = self.snapshot(market, desk.now);
        self.send(desk, &text);
    }

    /// Empties a whole book with `u` = 1: the client is to fetch a snapshot, which has that id and
    /// is empty if the instrument is gone.
    pub(super) fn begin_anew(&mut self, desk: &mut Desk<'_>, index: usize, stamp: Stamp) {
        let market = &desk.markets[index];
        self.look = Look::Plain(View::new(FULL_LEVELS));
        if market.state != State::Delisted {
            self.stirred = true;
            self.refresh(market, stamp);
        }
        (self.update_id, self.stamp) = (1, stamp);
        let empty = Sides {
            bids: "[]".into(),
            asks: "[]".into(),
        };
        if self.live {
            let text = self.message(market, "delta", desk.now, &empty);
            self.send(desk, &text);
        }
    }

    fn send(&mut self, desk: &mut Desk<'_>, text: &str) {
        self.sent_at = desk.now;
        let span = Span::one(self.update_id);
        desk.hub
            .publish(desk.product, &self.pace.key, span, |_| text.to_owned());
    }

    fn sides(&self, market: &Market, limit: usize) -> Sides {
        match &self.look {
            Look::Plain(view) => {
                let side = |levels: &[(i64, i64)]| {
                    let levels = levels.get(..limit).unwrap_or(levels);
                    payload::levels(self.category, &market.config, levels)
                };
                Sides {
                    bids: side(&view.bids),
                    asks: side(&view.asks),
                }
            }
            Look::Rpi(view) => view.sides(self.category, &market.config, limit),
        }
    }

    /// Everything the view shows.
    fn snapshot(&self, market: &Market, now: Nanos) -> String {
        self.message(market, "snapshot", now, &self.sides(market, FULL_LEVELS))
    }

    fn message(&self, market: &Market, kind: &'static str, now: Nanos, sides: &Sides) -> String {
        let head = Head {
            topic: &self.pace.key,
            kind,
            // Spot and the newer topics stamp first, futures' depths beyond the best do not.
            stamp_first: !(self.category.is_future() && matches!(self.kind, Kind::Depth(_))),
            sent: now / MILLI,
            symbol: &market.config.symbol,
            update_id: self.update_id,
            stamp: self.stamp,
        };
        payload::book(&head, sides)
    }

    /// What the topic shows; `None` if it never published.
    pub(super) fn truth(&self, config: &InstrumentConfig) -> Option<ViewTruth> {
        if self.sent_at == 0 {
            return None;
        }
        let texts = |levels: &[(i64, i64)]| payload::texts(self.category, config, levels);
        let mut truth = ViewTruth {
            stream: self.pace.key.to_string(),
            sequence: self.update_id,
            ..ViewTruth::default()
        };
        match &self.look {
            Look::Plain(view) => {
                (truth.bids, truth.asks) = (texts(&view.bids), texts(&view.asks));
            }
            Look::Rpi(view) => {
                let [bids, asks] = view.plain();
                (truth.bids, truth.asks) = (texts(&bids), texts(&asks));
                let [bids, asks] = view.rpi();
                (truth.rpi_bids, truth.rpi_asks) = (texts(&bids), texts(&asks));
            }
        }
        Some(truth)
    }
}
