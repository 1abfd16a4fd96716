//! A feed on redundant lines: every line has a delay and loses messages, and intents take time.
//!
//! The venue tells each message to every connection that asked for its stream; each copy has a fate
//! of its own. A line delivers in order, as TCP does. What was told, and how many lines delivered
//! it, stands in [`Net::told`].

mod market;
mod venue;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use feedd_codecs::feed::{FeedOptions, Intent, Line, Meta, Outbox, Pick, State, Want};
use feedd_codecs::venue::{Channel, StreamKey};
use feedd_codecs::{Feed, InstrumentId, Record};

use super::rig::{Sink, Taken, equals};
use super::script::{Fill, Script};
use super::truth::{Dice, Truth};

const MS: i64 = 1_000_000;
/// Wall clock at the start; the truths' clocks begin with it.
const WALL: i64 = 1_700_000_000_000_000_000;

/// How one replica's lines behave.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    /// Least and most delay of a message, in ms.
    pub(crate) delay: (u64, u64),
    /// Messages lost, of 10,000.
    pub(crate) loss: u64,
    /// Whether connections succeed.
    pub(crate) connects: bool,
    /// Streams that are acknowledged and tell nothing.
    pub(crate) mute: BTreeSet<(usize, u8)>,
}

/// One message that the venue told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub(crate) at: usize,
    pub(crate) channel: Channel,
    /// What names it: the book's number (its stamp where the venue does not number), a fill's
    /// number, a best price's quantity.
    pub(crate) key: u64,
    /// When, in ms of the venue's clock.
    pub(crate) time_ms: u64,
    /// Connections that it was told to.
    pub(crate) copies: u8,
    /// Copies that arrived.
    pub(crate) arrived: u8,
}

/// A connection as the venue has it.
#[derive(Debug)]
struct Link {
    replica: usize,
    born: u64,
    open: bool,
    streams: BTreeSet<(String, u8)>,
    /// When the last message to us arrives: none overtakes it.
    last: i64,
    /// When our last message arrives.
    last_up: i64,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Connect(u16, u64),
    Request(u16, u64, String),
    Frame(u16, u64, String, Option<usize>),
    Serve(Want),
    Body(Want, Option<String>),
}

/// A feed of the script's three instruments, and its venue.
pub(crate) struct Net<S: Script> {
    pub(crate) feed: Feed<S::V>,
    pub(crate) truths: Vec<Truth>,
    pub(crate) now: i64,
    /// What came out since the last [`Net::take`].
    pub(crate) records: Vec<Taken>,
    pub(crate) ways: Vec<Way>,
    pub(crate) told: Vec<Told>,
    /// Whether REST has trades of the past.
    pub(crate) remembers: bool,
    /// Time between two ticks.
    pub(crate) step: i64,
    /// All intents, with their times.
    pub(crate) intents: Vec<(i64, Intent)>,
    pub(crate) dice: Dice,
    fills: Vec<Vec<(Fill, u64)>>,
    links: BTreeMap<u16, Link>,
    queue: BinaryHeap<Reverse<(i64, u64, Event)>>,
    out: Outbox,
    frames: u64,
    events: u64,
    next_tick: i64,
}

impl<S: Script> Net<S> {
    /// A feed that has not started, on `lines` lines, with what `adjust` changes of its options.
    pub(crate) fn idle(lines: u8, adjust: impl FnOnce(&mut FeedOptions)) -> Self {
        let mut options = FeedOptions {
            instruments: S::SYMBOLS
                .map(|symbol| Pick::Symbol(symbol.to_owned()))
                .to_vec(),
            channels: vec![S::TRADES, Channel::BBO, Channel::BOOK],
            first_line: 3,
            lines,
            gap_wait: 500 * MS,
            ..FeedOptions::default()
        };
        adjust(&mut options);
        options.stream.channels = options.channels.iter().copied().collect();
        let way = |replica: u64| Way {
            delay: (5 + 10 * replica, 40),
            loss: 0,
            connects: true,
            mute: BTreeSet::new(),
        };
        Self {
            feed: Feed::new(S::ID, options).unwrap(),
            truths: S::SYMBOLS
                .map(|symbol| Truth::new(symbol, S::PLACES, S::VIEW))
                .to_vec(),
            now: 1_000 * MS,
            records: Vec::new(),
            ways: (0..u64::from(lines)).map(way).collect(),
            told: Vec::new(),
            remembers: true,
            step: 50 * MS,
            intents: Vec::new(),
            dice: Dice(11),
            fills: vec![Vec::new(); 3],
            links: BTreeMap::new(),
            queue: BinaryHeap::new(),
            out: Outbox::default(),
            frames: 0,
            events: 0,
            next_tick: 1_000 * MS,
        }
    }

    /// A feed whose books are live on all lines and whose streams all had data.
    pub(crate) fn live(lines: u8, adjust: impl FnOnce(&mut FeedOptions)) -> Self {
        let mut net = Self::idle(lines, adjust);
        net.start();
        net.pass(3_000);
        for _ in 0..20 {
            for at in 0..3 {
                net.trade(at);
                net.book(at);
            }
            net.pass(500);
        }
        for at in 0..3 {
            assert_eq!(
                net.state(at),
                Some(State::Live),
                "{}",
                net.truths[at].symbol
            );
        }
        net.told.clear();
        net.records.clear();
        net
    }

    pub(crate) fn start(&mut self) {
        self.call(u16::MAX, |feed, meta, out, sink| {
            feed.start(meta, out, sink)
        });
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, ms: i64) {
        let until = self.now + ms * MS;
        loop {
            let event = self.queue.peek().map_or(i64::MAX, |Reverse(next)| next.0);
            if event.min(self.next_tick) > until {
                self.now = until;
                return;
            }
            if event <= self.next_tick {
                let Some(Reverse((at, _, event))) = self.queue.pop() else {
                    return;
                };
                self.now = at;
                self.happen(event);
            } else {
                self.now = self.next_tick;
                self.next_tick += self.step;
                self.call(u16::MAX, |feed, meta, out, sink| {
                    feed.on_tick(meta, out, sink)
                });
            }
        }
    }

    /// A frame of an instrument's stream that arrives on a replica's line at once.
    pub(crate) fn hand(&mut self, replica: u8, at: usize, channel: Channel, text: &str) {
        let line = self.line_of(replica, at, channel);
        self.frame(line, text);
    }

    /// The line of a replica that carries a stream.
    pub(crate) fn line_of(&self, replica: u8, at: usize, channel: Channel) -> u16 {
        let key = self.key(at, channel);
        let carries =
            |line: &&Line| line.replica() == replica && line.streams().any(|held| held.0 == key);
        self.feed.lines().iter().find(carries).unwrap().id()
    }

    /// The connection of a line breaks, and is opened again after a second.
    pub(crate) fn cut(&mut self, line: u16, reason: &str) {
        let Some(link) = self.links.get_mut(&line) else {
            return;
        };
        (link.open, link.born) = (false, self.events);
        link.streams.clear();
        let born = link.born;
        self.later(1_000, Event::Connect(line, born));
        self.call(line, |feed, meta, out, sink| {
            feed.on_close(meta, reason, out, sink);
        });
    }

    /// Records were dropped on their way out, whichever line they came from.
    pub(crate) fn shed(&mut self) {
        let lines: Vec<u16> = self.feed.lines().iter().map(Line::id).collect();
        for line in lines {
            self.call(line, |feed, meta, _, sink| feed.on_loss(meta, sink));
        }
    }

    /// The lines of a replica that are connected.
    pub(crate) fn open_lines(&self, replica: usize) -> Vec<u16> {
        let open = self
            .links
            .iter()
            .filter(|(_, link)| link.open && link.replica == replica);
        open.map(|(id, _)| *id).collect()
    }

    pub(crate) fn key(&self, at: usize, channel: Channel) -> StreamKey {
        StreamKey {
            instrument: self.id(at),
            channel,
        }
    }

    pub(crate) fn id(&self, at: usize) -> InstrumentId {
        InstrumentId::new(S::ID, u32::try_from(at).unwrap())
    }

    pub(crate) fn state(&self, at: usize) -> Option<State> {
        self.feed.book(self.id(at)).map(|found| found.1)
    }

    pub(crate) fn is_right(&self, at: usize) -> bool {
        let found = self.feed.book(self.id(at));
        found
            .is_some_and(|(book, state, ..)| state == State::Live && equals(book, &self.truths[at]))
    }

    /// Has every live book told again.
    pub(crate) fn checkpoint(&mut self) {
        for at in 0..3 {
            self.call(u16::MAX, |feed, meta, _, sink| {
                feed.checkpoint(at, meta, sink);
            });
        }
    }

    pub(crate) fn take(&mut self) -> Vec<Taken> {
        std::mem::take(&mut self.records)
    }

    pub(crate) const fn time_ms(&self) -> u64 {
        ((WALL + self.now) / MS).cast_unsigned()
    }

    pub(crate) fn frame(&mut self, line: u16, text: &str) {
        self.call(line, |feed, meta, out, sink| {
            let outcome = feed.on_frame(text.as_bytes(), meta, out, sink);
            outcome.unwrap_or_else(|reject| panic!("{reject} in {text}"));
        });
    }

    fn call(
        &mut self,
        line: u16,
        act: impl FnOnce(&mut Feed<S::V>, Meta, &mut Outbox, &mut Sink<'_>),
    ) {
        self.frames += 1;
        let meta = Meta {
            line,
            frame: self.frames,
            ts_recv: WALL + self.now,
            ts_kernel: 0,
            now: self.now,
        };
        let records = &mut self.records;
        let mut sink = |record: &Record<'_>| records.push(Taken::of(record));
        let mut sink: Sink<'_> = &mut sink;
        act(&mut self.feed, meta, &mut self.out, &mut sink);
        let fresh: Vec<Intent> = self.out.drain().collect();
        for intent in fresh {
            self.intents.push((self.now, intent.clone()));
            self.execute(intent);
        }
    }
}
