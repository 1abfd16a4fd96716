//! The whole simulation's state behind one lock, and the calls that enter it.

mod burst;
mod crossed;
mod inject;
mod reference;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::capture::Recording;
use crate::clock::{self, Nanos, SECOND};
use crate::config::{Product, SimConfig, Source};
use crate::fault::RestAnswer;
use crate::hub::{Hub, Requests, Session};
use crate::instrument::InstrumentConfig;
use crate::market::{Fill, Market, Side, State, Step};
use crate::reference::ReferenceChange;
use crate::tape::{Mark, Tape, Trade};
use crate::truth::{InstrumentTruth, TradeTruth, Truth};
use crate::venue::{Desk, Handshake, RestReply, RestRequest, Venue, venue};
use crossed::Crossed;
use reference::Opening;

/// Events generated per instrument and tick at most; what is due beyond is skipped, so that a
/// machine that stood still does not answer with a burst of minutes.
const EVENTS_PER_TICK_MAX: u64 = 5_000;

/// The state, shared between the simulator's thread and its handle.
pub(crate) type Shared = Arc<Mutex<World>>;

/// Locks the state. A panic elsewhere must not hide the truth from the test that asks for it.
pub(crate) fn lock(shared: &Shared) -> MutexGuard<'_, World> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One product's venue and markets.
#[derive(Debug)]
struct Floor {
    product: Product,
    markets: Vec<Market>,
    venue: Box<dyn Venue>,
    /// Stream keys of the capture this product replays.
    recorded: Option<BTreeSet<String>>,
    /// Events generated (or skipped) per instrument since the start.
    done: u64,
    opening: Opening,
    /// Books that a fault has crossed.
    crossed: Vec<Crossed>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) hub: Hub,
    floors: Vec<Floor>,
    events_per_second: u32,
    started: Nanos,
    pub(crate) halted: bool,
}

impl World {
    /// Builds every floor. `recording` is what the captured product replays.
    pub(crate) fn new(config: &SimConfig, recording: Option<Recording>, tape: Tape) -> Self {
        let captured = match &config.source {
            Source::Generated => None,
            Source::Capture { product, .. } => Some(*product),
        };
        let floor = |product: &Product| {
            Floor::new(
                config,
                *product,
                recording.as_ref().filter(|_| captured == Some(*product)),
            )
        };
        Self {
            hub: Hub::new(tape),
            floors: config.products.iter().map(floor).collect(),
            events_per_second: config.market.events_per_second,
            started: clock::now(),
            halted: false,
        }
    }

    /// Runs `call` with the product's venue and its surroundings.
    fn on<T>(
        &mut self,
        product: Product,
        call: impl FnOnce(&mut dyn Venue, &mut Desk<'_>) -> T,
    ) -> Option<T> {
        let floor = self
            .floors
            .iter_mut()
            .find(|floor| floor.product == product)?;
        let (venue, mut desk) = floor.desk(&mut self.hub);
        Some(call(venue, &mut desk))
    }

    /// The answer to a WebSocket handshake that is not accepted.
    pub(crate) fn refusal(&mut self, product: Product, handshake: &Handshake) -> Option<RestReply> {
        let path = handshake.path.as_str();
        if let Some(answer) = self.hub.board.requests.handshake_answer(product, path) {
            return self.ordered(product, answer);
        }
        let verdict = self.on(product, |venue, desk| {
            let turned_away = venue.turns_away(desk, handshake);
            turned_away.or_else(|| (!venue.accepts(path)).then(|| RestReply::new(404, "")))
        });
        verdict.unwrap_or_else(|| Some(RestReply::new(404, "")))
    }

    pub(crate) fn open(&mut self, product: Product, make: impl FnOnce(u64) -> Session) -> u64 {
        let line = self.hub.open(make);
        self.on(product, |venue, desk| venue.opened(desk, line));
        line
    }

    pub(crate) fn close(&mut self, product: Product, line: u64, why: &str) {
        self.hub.close(line, why);
        self.on(product, |venue, _| venue.closed(line));
    }

    pub(crate) fn text(&mut self, product: Product, line: u64, text: &str) {
        if self.hub.board.requests.ignores(product, line) {
            return;
        }
        let lost = self.hub.board.requests.loses(product, line);
        self.hub.lost_answers = lost.then_some(line);
        self.on(product, |venue, desk| venue.text(desk, line, text));
        self.hub.lost_answers = None;
    }

    pub(crate) fn expiring(&mut self, product: Product, line: u64) {
        self.on(product, |venue, desk| venue.expiring(desk, line));
    }

    /// The answer to a REST request and how long to hold it back.
    pub(crate) fn rest(&mut self, product: Product, target: &str) -> (RestReply, Duration) {
        let request = RestRequest::parse(target);
        let answer = self.hub.board.requests.rest_answer(product, &request.path);
        let delay = match &answer {
            Some(RestAnswer::Delay(wait)) => Requests::DELAY_MAX.min(*wait),
            _ => Duration::ZERO,
        };
        let ordered = answer.is_some();
        let cut = match answer {
            Some(RestAnswer::Truncated(at)) => at,
            _ => usize::MAX,
        };
        let reply = match answer.and_then(|answer| self.ordered(product, answer)) {
            Some(ordered) => Some(ordered),
            None => self.on(product, |venue, desk| venue.rest(desk, &request)),
        };
        let mut reply = reply.unwrap_or_else(|| RestReply::new(404, ""));
        reply.body.truncate(reply.body.floor_char_boundary(cut));
        if request.path.to_lowercase().ends_with("time") {
            reply.body = self.hub.skews.shifted(product, reply.body);
        }
        let mark = Mark::Rest {
            path: target,
            status: reply.status,
            ordered,
        };
        self.hub.log.tape.mark(product, &mark);
        (reply, delay)
    }

    /// The reply a fault asks for; `None` if that is the right one.
    fn ordered(&mut self, product: Product, answer: RestAnswer) -> Option<RestReply> {
        match answer {
            RestAnswer::Delay(_) | RestAnswer::Truncated(_) => None,
            RestAnswer::Body(body) => Some(RestReply::ok(body)),
            RestAnswer::Html => Some(html()),
            RestAnswer::Status { code, retry_after } => {
                let now = clock::now();
                let body = self.on(product, |venue, _| venue.rest_error(code, now))?;
                let mut reply = RestReply::new(code, body);
                reply
                    .headers
                    .extend(retry_after.map(|s| ("retry-after", s.to_string())));
                Some(reply)
            }
        }
    }

    /// Generates what is due and lets time pass for every venue.
    pub(crate) fn tick(&mut self) {
        let now = clock::now();
        let elapsed = u128::from(now.saturating_sub(self.started));
        let due = elapsed * u128::from(self.events_per_second) / u128::from(SECOND);
        let due = u64::try_from(due).unwrap_or(u64::MAX);
        for floor in &mut self.floors {
            if !self.halted && floor.recorded.is_none() {
                floor.generate(&mut self.hub, due, now);
            }
            floor.uncross(&mut self.hub, now);
            let (venue, mut desk) = floor.desk(&mut self.hub);
            venue.tick(&mut desk);
        }
    }

    /// Stops the market and queues everything that conflation or a fault held back.
    pub(crate) fn halt(&mut self) {
        if self.halted {
            return;
        }
        self.halted = true;
        for floor in &mut self.floors {
            let (venue, mut desk) = floor.desk(&mut self.hub);
            venue.flush(&mut desk);
        }
        self.hub.release_held();
    }

    pub(crate) fn truth(&self) -> Truth {
        let generated = self.floors.iter().filter(|floor| floor.recorded.is_none());
        let instruments = generated.flat_map(Floor::truth).collect();
        let lines = self.hub.log.lines(&self.hub.sessions);
        Truth {
            instruments,
            lines,
            faults: self.hub.log.faults(),
        }
    }

    /// A recorded REST snapshot was reached in the replay.
    pub(crate) fn recorded_snapshot(&mut self, product: Product, body: &str) {
        self.on(product, |venue, _| venue.recorded_snapshot(body));
    }

    fn change_reference(&mut self, product: Product, change: &ReferenceChange) {
        let mut floors = self.floors.iter_mut();
        if let Some(floor) = floors.find(|floor| floor.product == product) {
            floor.change(&mut self.hub, change);
        }
    }
}

impl Floor {
    fn new(config: &SimConfig, product: Product, recording: Option<&Recording>) -> Self {
        let opening = Opening {
            seed: config.seed,
            levels: config.market.levels,
            first_id: config.market.first_id,
        };
        let market = |(index, instrument)| opening.market(product, index, instrument);
        let instruments = config.instruments(product);
        let markets: Vec<Market> = instruments.into_iter().enumerate().map(market).collect();
        let mut venue = venue(product, &markets, config);
        if let Some(body) = recording.and_then(|recording| recording.first_snapshot.as_ref()) {
            venue.recorded_snapshot(body);
        }
        let recorded = recording.map(|recording| recording.keys.clone());
        Self {
            product,
            markets,
            venue,
            recorded,
            done: 0,
            opening,
            crossed: Vec::new(),
        }
    }

    fn desk<'a>(&'a mut self, hub: &'a mut Hub) -> (&'a mut dyn Venue, Desk<'a>) {
        let desk = Desk {
            product: self.product,
            hub,
            markets: &self.markets,
            recorded: self.recorded.as_ref(),
            now: clock::now(),
        };
        (self.venue.as_mut(), desk)
    }

    fn generate(&mut self, hub: &mut Hub, due: u64, now: Nanos) {
        self.done = self.done.max(due.saturating_sub(EVENTS_PER_TICK_MAX));
        while self.done < due {
            self.done += 1;
            for index in 0..self.markets.len() {
                if self.markets[index].state != State::Trading {
                    continue;
                }
                let step = self.markets[index].step(now);
                self.stepped(hub, index, &step);
            }
        }
    }

    /// Tells the tape and the venue of an event.
    fn stepped(&mut self, hub: &mut Hub, index: usize, step: &Step) {
        self.tape(hub, index, &step.fills);
        let (venue, mut desk) = self.desk(hub);
        venue.stepped(&mut desk, index, step);
    }

    /// Writes an event's trades down, each and, for Binance, merged per price.
    fn tape(&self, hub: &Hub, index: usize, fills: &[Fill]) {
        if !hub.log.tape.is_on() {
            return;
        }
        for fill in fills {
            self.tape_trade(hub, index, "trade", std::slice::from_ref(fill));
        }
        if self.product.name().starts_with("binance-") {
            for group in fills.chunk_by(|a, b| a.aggregate == b.aggregate) {
                self.tape_trade(hub, index, "agg_trade", group);
            }
        }
    }

    fn tape_trade(&self, hub: &Hub, index: usize, channel: &'static str, fills: &[Fill]) {
        let (Some(fill), Some(last)) = (fills.first(), fills.last()) else {
            return;
        };
        let config = &self.markets[index].config;
        let qty = fills.iter().map(|fill| fill.qty).sum();
        let texts = self.venue.texts(config, &[(fill.px, qty)]).pop();
        let (px, qty) = texts.unwrap_or_default();
        let (seq, id) = match channel {
            "trade" => (fill.id, self.venue.trade_id(config, fill.id)),
            _ => (fill.aggregate, fill.aggregate.to_string()),
        };
        let skew = hub.skews.of(self.product);
        hub.log.tape.trade(&Trade {
            product: self.product,
            symbol: &config.symbol,
            channel,
            seq,
            id: &id,
            px: &px,
            qty: &qty,
            side: match fill.taker {
                Side::Bid => "buy",
                Side::Ask => "sell",
            },
            fills: (fill.id, last.id),
            ts: fill.at.saturating_add_signed(skew),
        });
    }

    fn truth(&self) -> Vec<InstrumentTruth> {
        self.markets
            .iter()
            .enumerate()
            .map(|(index, market)| self.instrument(index, market))
            .collect()
    }

    fn instrument(&self, index: usize, market: &Market) -> InstrumentTruth {
        let config = &market.config;
        let side = |side| {
            self.venue
                .texts(config, &market.book.top(side, market.book.len(side)))
        };
        InstrumentTruth {
            product: self.product,
            symbol: config.symbol.clone(),
            bids: side(Side::Bid),
            asks: side(Side::Ask),
            last_update_id: self.venue.update_id(index),
            views: self.venue.views(index, config),
            trades: market
                .tape
                .iter()
                .map(|fill| self.trade(config, fill))
                .collect(),
            trades_lost: market.tape_lost,
        }
    }

    fn trade(&self, config: &InstrumentConfig, fill: &Fill) -> TradeTruth {
        let (px, qty) = self
            .venue
            .texts(config, &[(fill.px, fill.qty)])
            .pop()
            .unwrap_or_default();
        TradeTruth {
            id: self.venue.trade_id(config, fill.id),
            number: fill.id,
            aggregate: fill.aggregate,
            px,
            qty,
            side: self.venue.side(fill.taker).to_owned(),
            ts_ns: fill.at,
        }
    }
}

fn html() -> RestReply {
    let mut reply = RestReply::ok("<html><head><title>502 Bad Gateway</title></head></html>\n");
    reply.headers.push(("content-type", "text/html".into()));
    reply
}
