//! The topics of one instrument.

use super::book::{BookTopic, Kind};
use super::category::Category;
use super::contract::Contract;
use super::derivative::{Fund, Liquidations, PriceLimit};
use super::kline::CandleTopic;
use super::ticker::{Subject, Ticker};
use super::topic::{Channel, Pace, Stamp};
use super::trades::Trades;
use crate::clock::Nanos;
use crate::fault::Target;
use crate::hub::Span;
use crate::instrument::InstrumentConfig;
use crate::market::{Market, State, Step};
use crate::truth::ViewTruth;
use crate::venue::Desk;

/// Topics of one instrument.
#[derive(Debug)]
pub(super) struct Feed {
    category: Category,
    pub(super) symbol: String,
    pub(super) base: String,
    pub(super) quote: String,
    /// Coin that profits and losses are paid in.
    pub(super) settle: String,
    pub(super) contract: Contract,
    pub(super) state: State,
    tick: i64,
    /// Cross sequence and time of the newest event.
    stamp: Stamp,
    pub(super) trades: Trades,
    books: Vec<BookTopic>,
    tickers: Pace,
    /// What the subscribers of the ticker hold, and its stamp.
    ticker: Option<(Ticker, Stamp)>,
    candles: Vec<CandleTopic>,
    liquidations: Liquidations,
    limit: PriceLimit,
    pub(super) fund: Fund,
}

impl Feed {
    pub(super) fn new(category: Category, market: &Market, first_id: u64) -> Self {
        let config = &market.config;
        let symbol = &config.symbol;
        let traded = if category == Category::Option {
            &config.base
        } else {
            symbol
        };
        let settle = if category == Category::Inverse {
            &config.base
        } else {
            &config.quote
        };
        Self {
            category,
            symbol: symbol.clone(),
            base: config.base.clone(),
            quote: config.quote.clone(),
            settle: settle.clone(),
            contract: Contract::of(category, config),
            state: market.state,
            tick: config.tick,
            stamp: Stamp::default(),
            trades: Trades::new(category, traded),
            books: BookTopic::all(category, symbol, first_id),
            tickers: Pace::new(format!("tickers.{symbol}"), category.ticker_pause()),
            ticker: None,
            candles: Vec::new(),
            liquidations: Liquidations::new(category, symbol),
            limit: PriceLimit::new(category, symbol),
            fund: Fund::default(),
        }
    }

    /// Whether the instrument is in the reference data.
    pub(super) fn listed(&self) -> bool {
        self.state != State::Delisted
    }

    /// Whether a topic with this channel and name is one of this instrument's.
    pub(super) fn serves(&self, channel: Channel, name: &str) -> bool {
        let own = match (self.category, channel) {
            (Category::Option, Channel::Trades) => &self.base,
            _ => &self.symbol,
        };
        self.listed() && own == name
    }

    /// The topic that REST books take their ids from: the deepest view.
    pub(super) fn deepest(&mut self) -> Option<&mut BookTopic> {
        let views = self.books.iter_mut();
        views
            .filter(|book| matches!(book.kind, Kind::Depth(_)))
            .last()
    }

    pub(super) fn book(&mut self, kind: Kind) -> Option<&mut BookTopic> {
        self.books.iter_mut().find(|book| book.kind == kind)
    }

    /// Cross sequence and time of the newest event, or of now before the first.
    pub(super) fn stamp(&self, now: Nanos) -> Stamp {
        if self.stamp.matched == 0 {
            return Stamp {
                matched: now,
                ..self.stamp
            };
        }
        self.stamp
    }

    /// Notes an event's changes and publishes its trades.
    pub(super) fn stepped(
        &mut self,
        desk: &mut Desk<'_>,
        index: usize,
        step: &Step,
        sequence: u64,
    ) {
        self.stamp = Stamp {
            sequence,
            matched: step.at,
        };
        for book in &mut self.books {
            book.stir(&step.changes);
        }
        if let Some(order) = step.liquidation {
            self.liquidations.add(order);
            self.fund.add(self.category, &desk.markets[index], &order);
        }
        self.trades
            .publish(desk, index, &self.contract, &step.fills, self.stamp);
    }

    /// Publishes the topics whose interval is over, or all that have something to say.
    pub(super) fn publish_due(&mut self, desk: &mut Desk<'_>, index: usize, all: bool) {
        if !self.listed() {
            return;
        }
        let stamp = self.stamp(desk.now);
        for book in &mut self.books {
            book.publish_due(desk, index, stamp, all);
        }
        self.publish_ticker(desk, index, all);
        self.candles.retain(|candles| candles.pace.wanted(desk));
        for candles in &mut self.candles {
            candles.publish_due(desk, index, all);
        }
        self.liquidations.publish_due(desk, index, all);
        self.limit.publish_due(desk, index, all);
    }

    /// What a ticker is made from.
    pub(super) fn subject<'a>(&'a self, market: &'a Market, now: Nanos) -> Subject<'a> {
        Subject {
            category: self.category,
            market,
            contract: &self.contract,
            direction: self.trades.direction,
            now,
        }
    }

    fn publish_ticker(&mut self, desk: &mut Desk<'_>, index: usize, all: bool) {
        if !self.tickers.wanted(desk) {
            self.ticker = None;
            return;
        }
        if !self.tickers.due(desk.now, all) {
            return;
        }
        let ticker = Ticker::of(&self.subject(&desk.markets[index], desk.now));
        let held = self.ticker.as_ref().map(|(held, _)| held);
        if held == Some(&ticker) {
            return;
        }
        let base = held.filter(|_| self.category.is_future());
        let stamp = self.stamp(desk.now);
        let text = ticker.text(&self.tickers.key, base, stamp, desk.now);
        self.ticker = Some((ticker, stamp));
        let span = Span::one(stamp.sequence);
        desk.hub
            .publish(desk.product, &self.tickers.key, span, |_| text.clone());
    }

    /// What a new subscriber of `topic` gets after its acknowledgement.
    pub(super) fn greet(
        &mut self,
        desk: &mut Desk<'_>,
        index: usize,
        line: u64,
        (channel, topic): (Channel, &str),
    ) {
        let stamp = self.stamp(desk.now);
        let kind = match channel {
            Channel::Book(1) => Kind::Best,
            Channel::Book(depth) => Kind::Depth(depth),
            Channel::RpiBook => Kind::Rpi,
            Channel::FullBook => Kind::Full,
            Channel::Ticker => return self.greet_ticker(desk, index, line),
            Channel::PriceLimit => return self.limit.greet(desk, index, line),
            Channel::Candles(interval) => {
                let known = self.candles.iter().position(|c| *c.pace.key == *topic);
                let at = known.unwrap_or_else(|| {
                    let market = &desk.markets[index];
                    let mut candles =
                        CandleTopic::new(self.category, topic, interval, market, desk.now);
                    candles.catch_up(market, desk.now);
                    self.candles.push(candles);
                    self.candles.len() - 1
                });
                return self.candles[at].greet(desk, index, line);
            }
            Channel::Trades | Channel::Liquidations => return,
        };
        if let Some(book) = self.book(kind) {
            book.greet(desk, index, line, stamp);
        }
    }

    /// A new subscriber gets what the others hold, so that the next delta is right for all.
    fn greet_ticker(&mut self, desk: &mut Desk<'_>, index: usize, line: u64) {
        let stamp = self.stamp(desk.now);
        let fresh = Ticker::of(&self.subject(&desk.markets[index], desk.now));
        let (ticker, stamp) = self.ticker.get_or_insert((fresh, stamp));
        let text = ticker.text(&self.tickers.key, None, *stamp, desk.now);
        let span = Span::one(stamp.sequence);
        desk.hub.publish_to(line, &self.tickers.key, span, text);
    }

    /// Sends a snapshot in mid-stream: with the id that follows or, after a restart, with 1.
    pub(super) fn resnapshot(
        &mut self,
        desk: &mut Desk<'_>,
        index: usize,
        target: &Target,
        restart: bool,
    ) {
        let stamp = self.stamp(desk.now);
        for book in &mut self.books {
            if target.covers_stream(&book.pace.key) {
                book.resnapshot(desk, index, stamp, restart);
            }
        }
    }

    /// Follows the reference data: the whole book begins anew with another tick size, and is
    /// emptied when the instrument is delisted. The other topics of a delisted one fall silent.
    pub(super) fn follow(&mut self, desk: &mut Desk<'_>, index: usize) {
        let market = &desk.markets[index];
        let (gone, finer) = (
            market.state == State::Delisted,
            market.config.tick != self.tick,
        );
        let left = gone && self.listed();
        (self.state, self.tick) = (market.state, market.config.tick);
        let stamp = self.stamp(desk.now);
        if (left || finer)
            && let Some(book) = self.book(Kind::Full)
        {
            book.begin_anew(desk, index, stamp);
        }
    }

    /// What every book topic that was ever subscribed shows.
    pub(super) fn views(&self, config: &InstrumentConfig) -> Vec<ViewTruth> {
        let views = self.books.iter();
        views.filter_map(|book| book.truth(config)).collect()
    }
}
