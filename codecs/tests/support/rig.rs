//! A feed, and the venue that it talks to: intents are answered at once, time passes by hand.

mod venue;

use std::collections::VecDeque;

use feedd_codecs::feed::{CloseReason, Fetch, Intent, Meta, Outbox, Stage, State, Want};
use feedd_codecs::instrument::Admission;
use feedd_codecs::record::Flags;
use feedd_codecs::venue::{Channel, StreamKey, StreamOptions};
use feedd_codecs::{Book, Feed, Fixed, InstrumentId, Record, Reject};
use zerocopy::IntoBytes;

use super::script::{Request, Script};
use super::truth::Truth;

const MS: i64 = 1_000_000;
/// Wall clock at the rig's start.
const WALL: i64 = 1_700_000_000_000_000_000;

/// One record, kept as its bytes.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Taken(Vec<u64>);

impl Taken {
    pub(crate) fn of(record: &Record<'_>) -> Self {
        let mut words = vec![0; record.encoded_len() / 8];
        assert!(record.encode(words.as_mut_bytes()).is_some());
        Self(words)
    }

    pub(crate) fn get(&self) -> Record<'_> {
        Record::parse(self.0.as_bytes()).unwrap()
    }

    /// Whether the record says that its book may be wrong.
    pub(crate) fn is_flagged(&self) -> bool {
        self.get().header().flags.contains(Flags::MAYBE_BAD_BOOK)
    }
}

impl std::fmt::Debug for Taken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.get().fmt(f)
    }
}

/// Where records go.
pub(crate) type Sink<'a> = &'a mut dyn FnMut(&Record<'_>);

/// A message of ours, when it was sent and on which line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) at: i64,
    pub(crate) line: u16,
    pub(crate) text: String,
}

/// A feed of the script's three instruments with all channels, and its venue.
pub(crate) struct Rig<S: Script> {
    pub(crate) feed: Feed<S::V>,
    pub(crate) truths: Vec<Truth>,
    pub(crate) now: i64,
    /// What came out since the last [`Rig::take`].
    pub(crate) records: Vec<Taken>,
    /// What was sent since the start.
    pub(crate) sent: Vec<Sent>,
    /// The snapshots asked for since the start.
    pub(crate) asked: Vec<InstrumentId>,
    /// The other REST requests since the start; nobody answers them.
    pub(crate) fetched: Vec<Fetch>,
    /// The lines retired since the start.
    pub(crate) retired: Vec<u16>,
    /// The lines given up since the start.
    pub(crate) closed: Vec<(u16, CloseReason)>,
    /// Every intent since the start, as text.
    pub(crate) intents: Vec<String>,
    /// Whether requests are answered.
    pub(crate) answering: bool,
    /// Whether snapshots are served, by REST or after a subscription.
    pub(crate) serving: bool,
    /// Whether requests for reference data get an error page.
    pub(crate) unlisted: bool,
    /// Whether reference data and turnovers list nothing.
    pub(crate) blank: bool,
    /// Whether turnovers list nothing.
    pub(crate) untraded: bool,
    /// Requests for reference data since the start.
    pub(crate) references: usize,
    /// Streams that the venue does not have.
    pub(crate) refused: Vec<(String, Channel)>,
    out: Outbox,
    frames: u64,
    coming: VecDeque<(u16, String)>,
    todo: VecDeque<Intent>,
    settling: bool,
}

/// The options with their channels told to the venue, which may have several for one message.
fn told(mut options: feedd_codecs::feed::FeedOptions) -> feedd_codecs::feed::FeedOptions {
    options.stream.channels = options.channels.iter().copied().collect();
    options
}

impl<S: Script> Rig<S> {
    /// A feed that has not started.
    pub(crate) fn idle() -> Self {
        Self::of(&S::SYMBOLS.map(str::to_owned))
    }

    /// A feed of other symbols that has not started.
    pub(crate) fn of(symbols: &[String]) -> Self {
        Self::with(symbols, |_| ())
    }

    /// As [`Rig::of`], with what `adjust` changes of its options.
    pub(crate) fn with(
        symbols: &[String],
        adjust: impl FnOnce(&mut feedd_codecs::feed::FeedOptions),
    ) -> Self {
        Self::resuming(&[], symbols, adjust)
    }

    /// As [`Rig::with`], of a feed that knows the symbols of an earlier run.
    pub(crate) fn resuming(
        roster: &[String],
        symbols: &[String],
        adjust: impl FnOnce(&mut feedd_codecs::feed::FeedOptions),
    ) -> Self {
        let mut options = feedd_codecs::feed::FeedOptions {
            instruments: symbols
                .iter()
                .cloned()
                .map(feedd_codecs::feed::Pick::Symbol)
                .collect(),
            channels: vec![S::TRADES, Channel::BBO, Channel::BOOK],
            stream: StreamOptions::default(),
            admission: Admission::Named,
            first_line: 3,
            // Scripts are silent for as long as they like; liveness has cases of its own.
            liveness: feedd_codecs::feed::LivenessOptions {
                ceiling: 0,
                ..feedd_codecs::feed::LivenessOptions::default()
            },
            ..feedd_codecs::feed::FeedOptions::default()
        };
        adjust(&mut options);
        let truth = |symbol: &String| Truth::new(symbol, S::PLACES, S::VIEW);
        Self {
            feed: Feed::resume(S::ID, roster, told(options)).unwrap(),
            truths: symbols.iter().map(truth).collect(),
            now: 1_000 * MS,
            records: Vec::new(),
            sent: Vec::new(),
            asked: Vec::new(),
            fetched: Vec::new(),
            retired: Vec::new(),
            closed: Vec::new(),
            intents: Vec::new(),
            answering: true,
            serving: true,
            unlisted: false,
            blank: false,
            untraded: false,
            references: 0,
            refused: Vec::new(),
            out: Outbox::default(),
            frames: 0,
            coming: VecDeque::new(),
            todo: VecDeque::new(),
            settling: false,
        }
    }

    /// A feed whose books are all live and whose streams all had data.
    pub(crate) fn live() -> Self {
        Self::live_with(|_| ())
    }

    /// As [`Rig::live`], with what `adjust` changes of its options.
    pub(crate) fn live_with(adjust: impl FnOnce(&mut feedd_codecs::feed::FeedOptions)) -> Self {
        let mut rig = Self::with(&S::SYMBOLS.map(str::to_owned), adjust);
        rig.start();
        rig.bring_up();
        rig
    }

    pub(crate) fn start(&mut self) {
        let meta = self.meta(u16::MAX);
        self.call(|feed, out, sink| feed.start(meta, out, sink));
        self.settle();
    }

    /// Has every stream send something until all books are live.
    pub(crate) fn bring_up(&mut self) {
        let all: Vec<usize> = (0..self.truths.len()).collect();
        self.bring_up_some(&all);
    }

    /// As [`Rig::bring_up`], for the instruments that are picked.
    pub(crate) fn bring_up_some(&mut self, picked: &[usize]) {
        self.pass(5_000);
        for &at in picked {
            let delta = self.touch(at);
            self.book_frame(at, &delta).unwrap();
            self.data_frame(at, S::TRADES).unwrap();
            self.data_frame(at, Channel::BBO).unwrap();
        }
        self.pass(15_000.max(4_000 * i64::try_from(self.truths.len()).unwrap()));
        for &at in picked {
            assert_eq!(
                self.state(at),
                Some(State::Live),
                "{}",
                self.truths[at].symbol
            );
        }
        self.records.clear();
    }

    pub(crate) fn id(&self, at: usize) -> InstrumentId {
        InstrumentId::new(S::ID, u32::try_from(at).unwrap())
    }

    pub(crate) fn key(&self, at: usize, channel: Channel) -> StreamKey {
        StreamKey {
            instrument: self.id(at),
            channel,
        }
    }

    /// The line that carries a stream.
    pub(crate) fn line_of(&self, key: StreamKey) -> u16 {
        let carries = |line: &&feedd_codecs::feed::Line| line.streams().any(|held| held.0 == key);
        self.feed.lines().iter().find(carries).unwrap().id()
    }

    pub(crate) fn stage(&self, key: StreamKey) -> Stage {
        let mut streams = self.feed.lines().iter().flat_map(|line| line.streams());
        streams.find(|held| held.0 == key).unwrap().1
    }

    pub(crate) fn meta(&mut self, line: u16) -> Meta {
        self.frames += 1;
        self.now += MS;
        Meta {
            line,
            frame: self.frames,
            ts_recv: WALL + self.now,
            ts_kernel: WALL + self.now - 5_000,
            now: self.now,
        }
    }

    /// Has the feed do something; its records are kept.
    fn call<T>(&mut self, act: impl FnOnce(&mut Feed<S::V>, &mut Outbox, &mut Sink<'_>) -> T) -> T {
        let records = &mut self.records;
        let mut sink = |record: &Record<'_>| records.push(Taken::of(record));
        let mut sink: Sink<'_> = &mut sink;
        act(&mut self.feed, &mut self.out, &mut sink)
    }

    /// One frame on a line.
    pub(crate) fn frame(&mut self, line: u16, text: impl AsRef<[u8]>) -> Result<(), Reject> {
        let meta = self.meta(line);
        let outcome = self.call(|feed, out, sink| feed.on_frame(text.as_ref(), meta, out, sink));
        self.settle();
        outcome
    }

    /// One frame of an instrument's book stream.
    pub(crate) fn book_frame(&mut self, at: usize, text: &str) -> Result<(), Reject> {
        self.frame(self.line_of(self.key(at, Channel::BOOK)), text)
    }

    /// A trade or BBO of an instrument.
    pub(crate) fn data_frame(&mut self, at: usize, channel: Channel) -> Result<(), Reject> {
        let text = self.data_text(at, channel);
        self.frame(self.line_of(self.key(at, channel)), text)
    }

    /// A REST body of an instrument's book.
    pub(crate) fn body(&mut self, at: usize, body: &str) -> Result<(), Reject> {
        let want = Want::Snapshot {
            instrument: self.id(at),
            channel: Channel::BOOK,
        };
        self.answer(want, body)
    }

    /// A REST body for `want`.
    pub(crate) fn answer(&mut self, want: Want, body: &str) -> Result<(), Reject> {
        let meta = self.meta(u16::MAX);
        let body = body.as_bytes();
        let outcome = self.call(|feed, out, sink| feed.on_body(want, body, meta, out, sink));
        self.settle();
        outcome
    }

    /// A REST request comes to nothing.
    pub(crate) fn fail(&mut self, want: Want) {
        let meta = self.meta(u16::MAX);
        self.call(|feed, _, sink| feed.on_fetch_failed(want, meta, sink));
        self.settle();
    }

    pub(crate) fn open(&mut self, line: u16) {
        let meta = self.meta(line);
        self.call(|feed, out, sink| feed.on_open(meta, out, sink));
        self.settle();
    }

    pub(crate) fn close(&mut self, line: u16, reason: &str) {
        let meta = self.meta(line);
        self.call(|feed, out, sink| feed.on_close(meta, reason, out, sink));
        self.settle();
    }

    pub(crate) fn lose(&mut self, line: u16) {
        let meta = self.meta(line);
        self.call(|feed, _, sink| feed.on_loss(meta, sink));
    }

    pub(crate) fn checkpoint(&mut self) {
        let mut at = 0;
        loop {
            let meta = self.meta(u16::MAX);
            if !self.call(|feed, _, sink| feed.checkpoint(at, meta, sink)) {
                return;
            }
            at += 1;
        }
    }

    /// Lets time pass with a tick every 50 ms.
    pub(crate) fn pass(&mut self, ms: i64) {
        self.pass_in_steps(ms, 50);
    }

    /// Lets time pass with a tick every `step` ms.
    pub(crate) fn pass_in_steps(&mut self, ms: i64, step: i64) {
        let until = self.now + ms * MS;
        while self.now < until {
            self.now += step * MS;
            self.tick();
            self.settle();
        }
    }

    fn tick(&mut self) {
        let now = self.now;
        let meta = Meta {
            now,
            ..self.meta(u16::MAX)
        };
        self.now = now;
        self.call(|feed, out, sink| feed.on_tick(meta, out, sink));
    }

    pub(crate) fn take(&mut self) -> Vec<Taken> {
        std::mem::take(&mut self.records)
    }

    pub(crate) fn state(&self, at: usize) -> Option<State> {
        self.feed.book(self.id(at)).map(|found| found.1)
    }

    /// Whether an instrument's book holds exactly what the venue's view shows.
    pub(crate) fn is_right(&self, at: usize) -> bool {
        let truth = &self.truths[at];
        self.feed
            .book(self.id(at))
            .is_some_and(|(book, ..)| equals(book, truth))
    }

    /// Our requests so far, as the venue reads them.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.sent.iter().map(|sent| S::read(&sent.text)).collect()
    }
}

/// Whether a book holds exactly the levels that the venue's view shows.
pub(crate) fn equals(book: &Book, truth: &Truth) -> bool {
    let places = |places: u32| -i8::try_from(places).unwrap();
    let (px_exp, qty_exp) = (places(truth.px_places), places(truth.qty_places));
    let held = |level: &feedd_codecs::Level| {
        let px = Fixed::new(level.px, book.px_exp()).at(px_exp).unwrap();
        let qty = Fixed::new(level.qty, book.qty_exp()).at(qty_exp).unwrap();
        (px, qty)
    };
    book.bids().map(held).eq(truth.bids()) && book.asks().map(held).eq(truth.asks())
}
