//! What was told against what was recorded, both ways.
//!
//! A reader of the records keeps books of its own. After each record that is not flagged they must
//! equal what the venue had at that update; every message that any line delivered stands in the
//! records once; and every gap is one that all lines share.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use feedd_codecs::record::{Flags, GapEnd, Kind};
use feedd_codecs::venue::Channel;
use feedd_codecs::{Book, Fixed, Record, Venue};

use super::net::Net;
use super::rig::Taken;
use super::script::Script;
use super::truth::Truth;

/// How long an update without a number waits for what it follows, and a market's pause, in ms.
const RIGHTED_MS: u64 = 4_000;

/// What a day came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// Messages that the venue told.
    pub(crate) messages: u64,
    /// Copies lost on single lines.
    pub(crate) lost: u64,
    /// Messages that no line delivered.
    pub(crate) shared: u64,
    /// Of those, what the venue numbers: book updates and numbered trades.
    pub(crate) provable: u64,
    /// Gaps told.
    pub(crate) gaps: u64,
    /// Trades fetched from the venue's history.
    pub(crate) recovered: u64,
    /// Lines replaced.
    pub(crate) rotations: u64,
}

/// One instrument's reader.
#[derive(Default)]
struct Reader {
    book: Book,
    /// The last update that is known to be right.
    good: u64,
    /// Updates recorded since the last snapshot.
    since: HashSet<u64>,
    recorded: HashSet<u64>,
    /// From the last good update before a gap to the snapshot that ended it.
    bad: Vec<(u64, u64)>,
    /// From an update to the snapshot of a line that began, which told what came between.
    leaps: Vec<(u64, u64)>,
    broken: bool,
}

/// What the venue did with one instrument.
#[derive(Default)]
struct Past {
    /// The book after each update, hashed.
    states: BTreeMap<u64, u64>,
    /// Updates that no line delivered.
    lost: BTreeSet<u64>,
}

/// Both sides of the comparison.
pub(crate) struct Ledger {
    past: Vec<Past>,
    readers: Vec<Reader>,
    /// By instrument and channel: what was recorded, and how often.
    taken: BTreeMap<(usize, u8), BTreeMap<u64, u32>>,
    /// Where the books broke: instrument and last good update.
    breaks: Vec<(usize, u64)>,
    /// Numbers that gaps of trades name.
    holes: BTreeSet<(usize, u64)>,
    pub(crate) sums: Sums,
}

fn hash_of(levels: impl Iterator<Item = (i64, i64)>) -> u64 {
    let mut hasher = DefaultHasher::new();
    levels.for_each(|level| level.hash(&mut hasher));
    hasher.finish()
}

fn shown(truth: &Truth) -> u64 {
    hash_of(truth.bids().into_iter().chain(truth.asks()))
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self {
            past: (0..3).map(|_| Past::default()).collect(),
            readers: (0..3).map(|_| Reader::default()).collect(),
            taken: BTreeMap::new(),
            breaks: Vec::new(),
            holes: BTreeSet::new(),
            sums: Sums::default(),
        }
    }

    /// The book of an instrument as the venue has it now.
    pub(crate) fn state<S: Script>(&mut self, net: &Net<S>, at: usize) {
        let key = net.book_key(at);
        self.past[at].states.insert(key, shown(&net.truths[at]));
    }

    /// Reads what came out.
    pub(crate) fn read<S: Script>(&mut self, net: &mut Net<S>) {
        for taken in net.take() {
            self.record::<S>(&taken, net);
        }
    }

    fn record<S: Script>(&mut self, taken: &Taken, net: &Net<S>) {
        let record = taken.get();
        let header = *record.header();
        let at = header.instrument.index();
        let exps = |places: u32| -i8::try_from(places).unwrap();
        let qty_exp = exps(S::PLACES.1);
        let name = |qty: i64, exp: i8| Fixed::new(qty, exp).at(qty_exp).unwrap().cast_unsigned();
        match record {
            Record::Trade(trade) => {
                let key = name(trade.qty, trade.qty_exp);
                self.count(at, S::TRADES, key);
                let fetched = header.flags.contains(Flags::BACKFILL);
                self.sums.recovered += u64::from(fetched);
            }
            Record::Bbo(bbo) => self.count(at, Channel::BBO, name(bbo.bid_qty, bbo.qty_exp)),
            Record::BookDelta(event) | Record::BookSnapshot(event) => {
                let key = if header.flags.contains(Flags::CHECKPOINT) {
                    net.book_key(at)
                } else if S::NUMBERED {
                    header.seq
                } else {
                    (header.ts_venue / 1_000_000).cast_unsigned()
                };
                let whole = header.template_id == Kind::BookSnapshot as u16;
                let reader = &mut self.readers[at];
                let (px_exp, qty_exp) = (event.head.px_exp, event.head.qty_exp);
                if whole {
                    let (bids, asks) = (event.bids, event.asks);
                    reader.book.replace(bids, asks, px_exp, qty_exp).unwrap();
                    reader.since.clear();
                } else {
                    let (bids, asks) = (event.bids, event.asks);
                    reader.book.apply(bids, asks, px_exp, qty_exp).unwrap();
                    reader.book.cut(event.head.depth);
                    assert!(reader.since.insert(key), "{key} of {at} twice");
                    reader.recorded.insert(key);
                }
                if taken.is_flagged() {
                    assert!(reader.broken, "flagged without a gap");
                    return;
                }
                if std::mem::take(&mut reader.broken) {
                    assert!(whole, "a gap that no snapshot ends");
                    reader.bad.push((reader.good, key));
                } else if whole && key > reader.good {
                    reader.leaps.push((reader.good, key));
                }
                reader.good = key;
                self.compare(at, key, net);
            }
            Record::Gap(gap) if gap.end == GapEnd::OPEN => {
                self.sums.gaps += 1;
                if gap.channel == Channel::BOOK {
                    assert!(!self.readers[at].broken, "two gaps at once");
                    self.readers[at].broken = true;
                    self.breaks.push((at, self.readers[at].good));
                } else {
                    assert_eq!(gap.channel, S::TRADES, "{gap:?}");
                    self.holes
                        .extend((gap.first_seq..=gap.last_seq).map(|key| (at, key)));
                }
            }
            _ => {}
        }
    }

    fn compare<S: Script>(&self, at: usize, key: u64, net: &Net<S>) {
        let book = &self.readers[at].book;
        let truth = &net.truths[at];
        let exps = |places: u32| -i8::try_from(places).unwrap();
        let held = |level: &feedd_codecs::Level| {
            let px = Fixed::new(level.px, book.px_exp()).at(exps(truth.px_places));
            let qty = Fixed::new(level.qty, book.qty_exp()).at(exps(truth.qty_places));
            (px.unwrap(), qty.unwrap())
        };
        let found = hash_of(book.bids().map(held).chain(book.asks().map(held)));
        let expected = self.past[at].states.get(&key);
        assert_eq!(Some(&found), expected, "the book of {at} at {key}");
    }

    fn count(&mut self, at: usize, channel: Channel, key: u64) {
        let stream = self.taken.entry((at, channel.0)).or_default();
        *stream.entry(key).or_default() += 1;
    }

    /// Takes over what was told long enough ago to have arrived.
    pub(crate) fn settle<S: Script>(&mut self, net: &mut Net<S>) {
        for told in std::mem::take(&mut net.told) {
            self.sums.messages += 1;
            self.sums.lost += u64::from(told.copies - told.arrived);
            let shared = told.arrived == 0;
            self.sums.shared += u64::from(shared);
            let (at, key) = (told.at, told.key);
            if told.channel == Channel::BOOK {
                self.settle_update(at, key, shared, S::NUMBERED);
            } else {
                self.settle_message(net, told.channel, (at, key), shared);
            }
        }
        self.settle_breaks(S::NUMBERED);
        assert!(
            self.taken.values().all(BTreeMap::is_empty),
            "never told: {:?}",
            self.taken
        );
        let names = self.holes.iter().next();
        assert!(names.is_none(), "a gap names what was delivered: {names:?}");
        let newest: Vec<u64> = self.readers.iter().map(|reader| reader.good).collect();
        for ((past, reader), newest) in self.past.iter_mut().zip(&mut self.readers).zip(newest) {
            past.states = past.states.split_off(&newest);
            past.lost.clear();
            reader.recorded.clear();
            reader.bad.clear();
            reader.leaps.clear();
        }
    }

    fn settle_update(&mut self, at: usize, key: u64, shared: bool, numbered: bool) {
        let reader = &self.readers[at];
        let in_gap = |&(good, end): &(u64, u64)| key > good && key <= end;
        let leapt = reader.leaps.iter().any(in_gap);
        let told = leapt || reader.bad.iter().any(in_gap);
        // Without numbers, what a later update set again is in the book that its checksum proves.
        let again = !numbered && key < reader.good;
        let contained = reader.recorded.contains(&key) || told || again;
        if shared {
            self.sums.provable += u64::from(told && !leapt);
            self.past[at].lost.insert(key);
            // Without numbers, an update whose levels the next one sets again is never missed.
            assert!(told || !numbered, "{key} of {at} is missing without a gap");
        } else {
            assert!(contained, "{key} of {at} was delivered and is not recorded");
        }
    }

    fn settle_message<S: Script>(
        &mut self,
        net: &Net<S>,
        channel: Channel,
        (at, key): (usize, u64),
        shared: bool,
    ) {
        use feedd_codecs::venue::Numbering;
        let stream = self.taken.entry((at, channel.0)).or_default();
        let times = stream.remove(&key).unwrap_or(0);
        let numbered = net.feed.venue().numbering(channel) == Numbering::Consecutive;
        let hole = self.holes.remove(&(at, key));
        match (shared, numbered) {
            (false, _) => assert_eq!((times, hole), (1, false), "{channel:?} {key} of {at}"),
            (true, true) => {
                self.sums.provable += 1;
                assert_eq!(
                    (times, hole),
                    (1, true),
                    "{channel:?} {key} of {at} is missing"
                );
            }
            (true, false) => assert_eq!((times, hole), (0, false)),
        }
    }

    /// Behind the last good update before each gap stands one that no line delivered; without
    /// numbers, it may be a little older.
    fn settle_breaks(&mut self, numbered: bool) {
        for (at, good) in self.breaks.drain(..) {
            let past = &self.past[at];
            let next = *past.states.range(good + 1..).next().unwrap().0;
            let first = if numbered { next } else { good - RIGHTED_MS };
            let lost = past.lost.range(first..=next).next().is_some();
            assert!(
                lost,
                "the book of {at} broke after {good}, and {next} was delivered"
            );
        }
    }
}
