//! Streams that follow the clock: made when someone subscribes, gone when nobody listens.
//!
//! A message shows the market as it is at that moment. A stream whose values did not change says
//! nothing, except where the venue repeats itself: mark, index and average prices.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::diff::{Diff, next_id};
use super::feed::Feed;
use super::payload::{self, Face, contract, kline, ticker};
use super::stream::{Scope, Stream, Topic};
use super::{Dialect, payload::in_stream};
use crate::clock::Nanos;
use crate::hub::{Span, Variant};
use crate::market::{Candle, Cursor, Interval, Market, Side, State, Window};
use crate::venue::Desk;

/// Minutes of the 24-hour tickers.
const DAY: u64 = 1_440;

/// Minutes of the average price.
const AVERAGE: u64 = 5;

/// What a ticker depends on: trades of the window, best bid and ask.
type Shown = (Option<(u64, u64)>, [Option<(i64, i64)>; 2]);

/// See the module.
#[derive(Debug)]
pub(super) struct Timed {
    key: Arc<str>,
    stream: Stream,
    /// Number of the interval that was last published.
    slot: Nanos,
    /// Messages so far, which number them in the simulator's records.
    count: u64,
    cursor: Option<Cursor>,
    /// The candle last shown.
    candle: Option<Candle>,
    /// What was last shown of each instrument.
    shown: BTreeMap<usize, Shown>,
    /// Update id of the partial book last shown.
    book: Option<u64>,
}

impl Timed {
    pub(super) fn new(key: Arc<str>, stream: Stream, now: Nanos) -> Self {
        let slot = now / stream.every;
        Self {
            key,
            stream,
            slot,
            count: 0,
            cursor: None,
            candle: None,
            shown: BTreeMap::new(),
            book: None,
        }
    }

    /// Publishes what is due, or all there is to say. Returns whether anyone still listens.
    pub(super) fn publish_due(
        &mut self,
        dialect: Dialect,
        desk: &mut Desk<'_>,
        feeds: &[Feed],
        all: bool,
    ) -> bool {
        let slot = desk.now / self.stream.every;
        let due = all || slot > self.slot;
        if due && !desk.hub.wanted(desk.product, &self.key) {
            return false;
        }
        match self.stream.topic {
            Topic::Kline(interval, name) | Topic::ContinuousKline(interval, name) => {
                self.klines(dialect, desk, (interval, name), [due, all]);
            }
            Topic::Partial(levels) if due => self.partial(dialect, desk, feeds, levels),
            _ if due => self.values(dialect, desk),
            _ => {}
        }
        self.slot = if due { slot } else { self.slot };
        true
    }

    /// Indices of the trading instruments in scope. An index price is the pair's: one is enough.
    fn members(&self, markets: &[Market]) -> Vec<usize> {
        let inside = |market: &Market| match &self.stream.scope {
            Scope::Symbol(symbol) => market.config.symbol == *symbol,
            Scope::Pair(pair) => payload::pair(&market.config) == pair,
            Scope::All => true,
        };
        let indices = (0..markets.len())
            .filter(|index| markets[*index].state == State::Trading && inside(&markets[*index]));
        match self.stream.topic {
            Topic::IndexPrice => indices.take(1).collect(),
            _ => indices.collect(),
        }
    }

    /// The open candle if it changed and a message is due; a closed one at once, and then the next
    /// one has time until the message after.
    fn klines(
        &mut self,
        dialect: Dialect,
        desk: &mut Desk<'_>,
        (interval, name): (Interval, &str),
        [due, all]: [bool; 2],
    ) {
        let Some(index) = self.members(desk.markets).pop() else {
            return;
        };
        let (market, now) = (&desk.markets[index], desk.now);
        let cursor = self
            .cursor
            .get_or_insert_with(|| market.candles(interval, now));
        if !due && !cursor.current().closed(now) {
            return;
        }
        let mut candles = cursor.advance(&market.tape, now);
        if all || (due && candles.is_empty()) {
            candles.push(*cursor.current());
        }
        let continuous = matches!(self.stream.topic, Topic::ContinuousKline(..));
        for candle in candles {
            if self.candle == Some(candle) && !candle.closed(now) {
                continue;
            }
            self.candle = Some(candle);
            self.publish(desk, None, |variant| {
                let face = Face {
                    dialect,
                    now,
                    variant,
                };
                if continuous {
                    kline::continuous(face, &market.config, name, &candle)
                } else {
                    kline::event(face, &market.config, name, &candle)
                }
            });
        }
    }

    fn partial(&mut self, dialect: Dialect, desk: &mut Desk<'_>, feeds: &[Feed], levels: usize) {
        let index = self.members(desk.markets).pop();
        let Some((index, feed)) = index.and_then(|index| Some((index, feeds.get(index)?))) else {
            return;
        };
        let last = feed.update_id;
        if self.book == Some(last) {
            return;
        }
        let previous = self.book.replace(last).unwrap_or(last.saturating_sub(2));
        let market = &desk.markets[index];
        let (bids, asks) = (
            market.book.top(Side::Bid, levels),
            market.book.top(Side::Ask, levels),
        );
        let (first, now) = (next_id(dialect, previous).min(last), desk.now);
        let top = Diff {
            first,
            last,
            previous,
            bids,
            asks,
            at: now,
            now,
        };
        self.publish(desk, Some(last), |variant| match dialect {
            Dialect::Spot => payload::partial(&market.config, &top),
            _ => payload::depth(dialect, &market.config, &top, variant),
        });
    }

    /// One message with the values of every member that has something new to say.
    fn values(&mut self, dialect: Dialect, desk: &mut Desk<'_>) {
        let (topic, now) = (self.stream.topic, desk.now);
        let mut news = Vec::new();
        for index in self.members(desk.markets) {
            let market = &desk.markets[index];
            let window = market.minutes.window(now, minutes(topic));
            let shown = signature(topic, market, &window);
            if shown.is_none() || self.shown.get(&index) != shown.as_ref() {
                self.shown.extend(shown.map(|shown| (index, shown)));
                news.push((market, window));
            }
        }
        if news.is_empty() {
            return;
        }
        let single = matches!(self.stream.scope, Scope::Symbol(_)) || topic == Topic::IndexPrice;
        self.publish(desk, None, |variant| {
            let face = Face {
                dialect,
                now,
                variant,
            };
            let text = |(market, window): &(&Market, Window)| value(topic, face, market, window);
            let texts: Vec<String> = news.iter().map(text).collect();
            match single {
                true => texts.concat(),
                false => format!("[{}]", texts.join(",")),
            }
        });
    }

    fn publish(
        &mut self,
        desk: &mut Desk<'_>,
        number: Option<u64>,
        render: impl Fn(Variant) -> String,
    ) {
        self.count += 1;
        let span = Span::one(number.unwrap_or(self.count));
        desk.hub.publish(desk.product, &self.key, span, |variant| {
            in_stream(variant, &self.key, render(variant))
        });
    }
}

fn minutes(topic: Topic) -> u64 {
    match topic {
        Topic::WindowTicker(minutes, _) => minutes,
        Topic::AveragePrice => AVERAGE,
        _ => DAY,
    }
}

/// What the values depend on; `None` for those that are repeated whether they change or not.
fn signature(topic: Topic, market: &Market, window: &Window) -> Option<Shown> {
    let quotes = [Side::Bid, Side::Ask].map(|side| market.book.best(side));
    match topic {
        Topic::Ticker => Some((window.candle.ids, quotes)),
        Topic::MiniTicker | Topic::WindowTicker(..) => Some((window.candle.ids, [None; 2])),
        _ => None,
    }
}

fn value(topic: Topic, face: Face, market: &Market, window: &Window) -> String {
    match topic {
        Topic::MiniTicker => ticker::mini(face, market, window),
        Topic::Ticker => ticker::day(face, market, window),
        Topic::WindowTicker(_, name) => ticker::rolling(face, market, window, name),
        Topic::AveragePrice => ticker::average(face, market, window),
        Topic::ReferencePrice => ticker::reference(face, market),
        Topic::MarkPrice => contract::mark_price(face, market),
        Topic::IndexPrice => contract::index_price(face, market),
        // These have publishers of their own.
        Topic::Kline(..) | Topic::ContinuousKline(..) | Topic::Partial(_) => String::new(),
    }
}
