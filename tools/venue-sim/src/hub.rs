//! Connections and subscriptions, and the one way out for every message.
//!
//! A message goes `venue -> publish -> faults for all -> per subscriber: faults for one -> queue`.
//! The connection's task writes the queue to its socket and reports back, so that
//! [`Truth`](crate::Truth) counts what was written and not what was meant.

mod board;
mod log;
mod orders;
mod parcel;
mod session;
mod skew;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio_tungstenite::tungstenite::Utf8Bytes;

pub(crate) use board::{Chance, Dice, FaultBoard, Requests, Twist};
pub(crate) use log::Log;
pub(crate) use parcel::{Parcel, Span};
pub(crate) use session::{Command, Ends, Out, QUEUE_MAX, Queued, Session, Sub, Variant};

use crate::clock::{self, Nanos};
use crate::config::Product;
use crate::fault::Target;
use crate::tape::{Mark, Published, Tape};
use crate::truth::Touch;
pub(crate) use skew::Skews;

/// All connections of a simulation.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    pub(crate) sessions: BTreeMap<u64, Session>,
    pub(crate) board: FaultBoard,
    pub(crate) log: Log,
    next_line: u64,
    /// When a stream was last subscribed, per product; a replay waits for the quiet after it.
    pub(crate) last_subscribed: BTreeMap<Product, Nanos>,
    /// Products whose replay has been played to its end.
    pub(crate) replayed: BTreeSet<Product>,
    /// Binance's REST weight, which products share.
    pub(crate) meters: crate::venue::Meters,
    /// Messages of the replay so far, which number them in the log.
    recorded: u64,
    /// The connection whose request is being carried out, if the answer is to be lost.
    pub(crate) lost_answers: Option<u64>,
    /// Venues whose clock is wrong.
    pub(crate) skews: Skews,
}

impl Hub {
    pub(crate) fn new(tape: Tape) -> Self {
        let mut hub = Self::default();
        hub.log.tape = tape;
        hub
    }

    /// Registers an accepted connection and returns its number.
    pub(crate) fn open(&mut self, make: impl FnOnce(u64) -> Session) -> u64 {
        self.next_line += 1;
        let session = make(self.next_line);
        self.log.opened(&session);
        self.sessions.insert(self.next_line, session);
        self.next_line
    }

    /// Forgets a connection; the log keeps what it was.
    pub(crate) fn close(&mut self, line: u64, why: &str) {
        if let Some(session) = self.sessions.remove(&line) {
            self.log
                .closed(&session, session.goodbye.as_deref().unwrap_or(why));
        }
    }

    pub(crate) fn session(&mut self, line: u64) -> Option<&mut Session> {
        self.sessions.get_mut(&line)
    }

    /// Numbers of the open connections of a product.
    pub(crate) fn lines(&self, product: Product) -> Vec<u64> {
        let sessions = self
            .sessions
            .values()
            .filter(|session| session.product == product);
        sessions.map(|session| session.line).collect()
    }

    /// Whether anyone of the product listens to the stream; saves rendering for nobody.
    pub(crate) fn wanted(&self, product: Product, key: &str) -> bool {
        self.sessions
            .values()
            .any(|session| session.listens(product, key))
    }

    /// Adds a stream to a connection. Returns whether it was new.
    pub(crate) fn subscribe(&mut self, line: u64, key: Arc<str>, dead: bool, now: Nanos) -> bool {
        let Some(session) = self.sessions.get_mut(&line) else {
            return false;
        };
        let product = session.product;
        if session.subs.contains_key(&key) {
            return false;
        }
        let silent = self.board.requests.silences(product, line, &key);
        let (stream, served) = (&*key, !dead);
        let mark = Mark::Subscribed {
            line,
            stream,
            served,
        };
        self.log.tape.mark(product, &mark);
        session.subs.insert(key, Sub { dead, silent });
        self.last_subscribed.insert(product, now);
        true
    }

    /// Removes a stream from a connection. Returns whether it was there.
    pub(crate) fn unsubscribe(&mut self, line: u64, key: &str) -> bool {
        let Some(session) = self.sessions.get_mut(&line) else {
            return false;
        };
        let found = session.subs.remove(key).is_some();
        if found {
            let mark = Mark::Unsubscribed { line, stream: key };
            self.log.tape.mark(session.product, &mark);
        }
        found
    }

    /// Queues an answer outside any stream.
    pub(crate) fn reply(&mut self, line: u64, text: String) {
        if self.lost_answers == Some(line) {
            return;
        }
        if let Some(session) = self.sessions.get_mut(&line) {
            let body = self.skews.shifted(session.product, text).into();
            session.push(Out::Text { body, key: None });
        }
    }

    /// Sends a stream message to every subscriber.
    pub(crate) fn publish(
        &mut self,
        product: Product,
        key: &Arc<str>,
        span: Span,
        render: impl Fn(Variant) -> String,
    ) {
        let subscribers = self.listeners(product, key);
        self.send(product, &subscribers, None, key, span, render);
    }

    /// Numbers of the connections that get the stream.
    fn listeners(&self, product: Product, key: &str) -> Vec<u64> {
        let sessions = self.sessions.values();
        let listening = sessions.filter(|session| session.listens(product, key));
        listening.map(|session| session.line).collect()
    }

    /// Sends a stream message to one subscriber, as the snapshot that follows an acknowledgement.
    pub(crate) fn publish_to(&mut self, line: u64, key: &Arc<str>, span: Span, text: String) {
        let Some(product) = self.sessions.get(&line).map(|session| session.product) else {
            return;
        };
        self.send(product, &[line], Some(line), key, span, |_| text.clone());
    }

    /// Sends a recorded frame, byte for byte, to everyone who subscribed to its stream.
    pub(crate) fn publish_recorded(&mut self, product: Product, key: &str, text: String) {
        self.recorded += 1;
        let span = Span::one(self.recorded);
        // Several subscribed keys can stand for one recorded key: see `recorded_key`.
        let mut keys = BTreeSet::new();
        for session in self
            .sessions
            .values()
            .filter(|session| session.product == product)
        {
            let own = session.subs.iter().filter(|(own, sub)| {
                !sub.dead && (***own == *key || recorded_key(product, own) == key)
            });
            keys.extend(own.map(|(own, _)| Arc::clone(own)));
        }
        for key in keys {
            self.publish(product, &key, span, |variant| {
                if variant.combined {
                    text.clone()
                } else {
                    bare(product, &text).to_owned()
                }
            });
        }
    }

    fn send(
        &mut self,
        product: Product,
        lines: &[u64],
        only: Option<u64>,
        key: &Arc<str>,
        span: Span,
        render: impl Fn(Variant) -> String,
    ) {
        if lines.is_empty() {
            return;
        }
        let mut bodies: [Option<Utf8Bytes>; Variant::COUNT] = Default::default();
        for session in lines.iter().filter_map(|line| self.sessions.get(line)) {
            let body = &mut bodies[session.variant.index()];
            if body.is_none() {
                let text = render(session.variant);
                *body = Some(self.skews.shifted(product, text).into());
            }
        }
        let parcel = Parcel {
            key: Arc::clone(key),
            span,
            bodies,
            binary: None,
            raw: Default::default(),
        };
        self.pass(product, lines, only, parcel);
    }

    /// Sends a binary message to every subscriber of its stream.
    pub(crate) fn publish_binary(
        &mut self,
        product: Product,
        key: &Arc<str>,
        span: Span,
        body: Vec<u8>,
    ) {
        let lines = self.listeners(product, key);
        if lines.is_empty() {
            return;
        }
        let parcel = Parcel {
            key: Arc::clone(key),
            span,
            bodies: Default::default(),
            binary: Some(body.into()),
            raw: Default::default(),
        };
        self.pass(product, &lines, None, parcel);
    }

    /// Hands a parcel to some connections, through the faults ordered for all of them.
    fn pass(&mut self, product: Product, lines: &[u64], only: Option<u64>, parcel: Parcel) {
        self.tape(product, only, &parcel);
        for parcel in self.board.pass(&mut self.log, product, None, parcel) {
            for line in lines {
                self.deliver(product, *line, parcel.clone());
            }
        }
    }

    /// Writes a message down before any fault sees it.
    fn tape(&self, product: Product, line: Option<u64>, parcel: &Parcel) {
        if self.log.tape.is_on() {
            self.log.tape.published(Published {
                at: clock::now(),
                product,
                key: Arc::clone(&parcel.key),
                span: parcel.span,
                line,
                text: parcel.bodies.iter().flatten().next().cloned(),
                binary: parcel.binary.clone(),
            });
        }
    }

    /// Hands a parcel to one connection, through the faults ordered for that connection.
    fn deliver(&mut self, product: Product, line: u64, parcel: Parcel) {
        let Some(session) = self.sessions.get_mut(&line) else {
            return;
        };
        if session.subs.get(&parcel.key).is_some_and(|sub| sub.silent) {
            self.log
                .touched(Touch::Silenced, product, Some(line), &parcel, None);
            return;
        }
        let now = clock::now();
        for parcel in self.board.pass(&mut self.log, product, Some(line), parcel) {
            let copies = self
                .board
                .copies(&mut self.log, product, line, &parcel, now);
            for _ in 0..copies {
                session.push_parcel(&parcel);
            }
        }
    }

    /// Number of the n-th oldest open connection, from 0, that carries the target's stream.
    pub(crate) fn ranked(&self, target: &Target, rank: usize) -> Option<u64> {
        let open = self.sessions.values();
        let carrying =
            open.filter(|session| session.product == target.product && session.hears(target));
        carrying.map(|session| session.line).nth(rank)
    }

    /// Whether every queue has been written to its socket.
    pub(crate) fn drained(&self) -> bool {
        self.sessions.values().all(Session::drained)
    }
}

/// The key a recording knows a subscription by: Kraken's messages say neither the depth of a book
/// nor the trigger of a ticker.
fn recorded_key(product: Product, key: &str) -> String {
    match (product, key.split_once('.')) {
        (Product::KrakenSpot, Some((channel @ ("book" | "ticker" | "ohlc" | "level3"), rest))) => {
            let symbol = rest.split_once('.').map_or(rest, |(_, symbol)| symbol);
            format!("{channel}.{symbol}")
        }
        _ => key.to_owned(),
    }
}

/// A recorded frame as a connection in raw mode gets it: Binance records the combined form, and
/// the payload is what stands between `"data":` and the last brace.
fn bare(product: Product, text: &str) -> &str {
    let binance = matches!(
        product,
        Product::BinanceSpot | Product::BinanceUsdm | Product::BinanceCoinm
    );
    match text.split_once("\"data\":") {
        Some((_, payload)) if binance => payload.strip_suffix('}').unwrap_or(payload),
        _ => text,
    }
}
