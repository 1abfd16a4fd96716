//! One venue's decoder, asked what a message says.

use feedd_codecs::batch::{Drift, Item};
use feedd_codecs::feed::{FeedOptions, Meta, Outbox};
use feedd_codecs::instrument::Admission;
use feedd_codecs::record::{Figure, Level, Order};
use feedd_codecs::venue::{Channel, Encoding, StreamOptions};
use feedd_codecs::{Batch, Feed, Instruments, Record, Reject, Venue, VenueId};

use super::goldens::{Golden, Way};
use super::meaning::{self, Facts, value};
use super::support::rig::Taken;

/// What a message says, and what of it is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Meaning {
    pub(crate) facts: Facts,
    /// Unknown fields and values, each with its count.
    pub(crate) drift: Vec<(String, u64)>,
    /// The same as the decoder says it, exponents included.
    said: Said,
}

type Said = (Vec<Item>, Vec<Level>, Vec<Figure>, Vec<Order>);

impl Meaning {
    /// Whether records made of both are the same bytes.
    pub(crate) fn is_exactly(&self, other: &Self) -> bool {
        self.said == other.said
    }
}

/// A venue's decoder with the symbols of one golden message.
pub(crate) struct Reader<V> {
    venue: V,
    known: Instruments,
    way: Way,
    /// Bodies that come before and after, of which the message is one part.
    before: Vec<Vec<u8>>,
    after: Vec<Vec<u8>>,
    batch: Batch,
}

fn options(golden: &Golden) -> StreamOptions {
    StreamOptions {
        encoding: if golden.way == Way::Binary {
            Encoding::Sbe
        } else {
            Encoding::Json
        },
        channels: Channel::all().collect(),
        ..StreamOptions::default()
    }
}

impl<V: Venue> Reader<V> {
    pub(crate) fn new(golden: &Golden, all: &[Golden]) -> Self {
        let mut known = Instruments::new(golden.venue, Admission::Any);
        for symbol in &golden.symbols {
            known.add(symbol).unwrap();
        }
        let related = |other: &&Golden| {
            golden.way == Way::Volumes && other.way == Way::Volumes && other.venue == golden.venue
        };
        let parts: Vec<&Golden> = all.iter().filter(related).collect();
        let own = parts.iter().position(|part| part.name == golden.name);
        let bodies = |parts: &[&Golden]| parts.iter().map(|part| part.bytes.clone()).collect();
        Self {
            venue: V::new(golden.venue, options(golden)),
            known,
            way: golden.way,
            before: own.map(|at| bodies(&parts[..at])).unwrap_or_default(),
            after: own.map(|at| bodies(&parts[at + 1..])).unwrap_or_default(),
            batch: Batch::default(),
        }
    }

    /// What `frame` says.
    pub(crate) fn read(&mut self, frame: &[u8]) -> Result<Meaning, Reject> {
        let mut instruments = self.known.clone();
        self.batch.clear();
        self.batch.drift = Drift::default();
        let facts = match self.way {
            Way::Volumes => self.volumes(frame)?,
            Way::Trades(channel) => {
                let (first, mut trades) = (instruments.all()[0].id, Vec::new());
                let venue = &mut self.venue;
                venue.decode_trades(frame, first, channel, &mut instruments, &mut trades)?;
                meaning::of_trades(&trades, &instruments)
            }
            _ => self.batch(frame, &mut instruments)?,
        };
        let fields = self.batch.drift.fields();
        let drift = fields.map(|(_, name, count)| (name.to_owned(), count));
        Ok(Meaning {
            facts,
            drift: drift.collect(),
            said: self.said(),
        })
    }

    fn said(&self) -> Said {
        let batch = &self.batch;
        (
            batch.items.clone(),
            batch.levels.clone(),
            batch.figures.clone(),
            batch.orders.clone(),
        )
    }

    fn batch(&mut self, frame: &[u8], instruments: &mut Instruments) -> Result<Facts, Reject> {
        let (venue, batch) = (&mut self.venue, &mut self.batch);
        let mut page = None;
        match self.way {
            Way::Binary => venue.decode_binary(frame, instruments, batch)?,
            Way::Reference => page = venue.decode_reference(frame, batch)?,
            Way::Snapshot => {
                let first = instruments.all()[0].id;
                venue.decode_snapshot(frame, first, Channel::BOOK, instruments, batch)?;
            }
            _ => venue.decode(frame, instruments, batch)?,
        }
        let mut facts = meaning::of_batch(&self.batch, instruments);
        facts.extend(page.map(|page| ("page".to_owned(), page)));
        Ok(facts)
    }

    /// The turnovers of all bodies, in which `frame` has its place.
    fn volumes(&mut self, frame: &[u8]) -> Result<Facts, Reject> {
        let mut volumes = Vec::new();
        for body in &self.before {
            self.venue.decode_volumes(body, &mut volumes).unwrap();
        }
        let page = self.venue.decode_volumes(frame, &mut volumes)?;
        for body in &self.after {
            self.venue.decode_volumes(body, &mut volumes).unwrap();
        }
        let fact = |(at, (symbol, volume)): (usize, &(Box<str>, feedd_codecs::Fixed))| {
            let number = value(volume.mantissa, volume.exp);
            [
                (format!("{at}.symbol"), symbol.to_string()),
                (format!("{at}.turnover"), number),
            ]
        };
        let mut facts: Facts = volumes.iter().enumerate().flat_map(fact).collect();
        facts.extend(page.map(|page| ("page".to_owned(), page)));
        Ok(facts)
    }
}

/// A feed that takes every symbol, and a good message of it.
pub(crate) struct Live<V> {
    venue: VenueId,
    stream: StreamOptions,
    symbols: Vec<String>,
    way: Way,
    good: Vec<u8>,
    feed: Feed<V>,
    /// The good message's records in a feed that has seen nothing else.
    expected: Vec<Taken>,
}

impl<V: Venue> Live<V> {
    /// `None` for what comes on no stream.
    pub(crate) fn new(golden: &Golden) -> Option<Self> {
        if !matches!(golden.way, Way::Frame | Way::Binary) {
            return None;
        }
        let stream = options(golden);
        let mut live = Self {
            venue: golden.venue,
            stream,
            symbols: golden.symbols.clone(),
            way: golden.way,
            good: golden.bytes.clone(),
            feed: fresh(golden.venue, &golden.symbols, stream),
            expected: Vec::new(),
        };
        live.expected = live.push(&golden.bytes.clone()).unwrap();
        live.renew();
        Some(live)
    }

    /// Gives a frame; its records in a feed that has seen nothing but refused frames. The state that
    /// a frame which is taken leaves behind is forgotten.
    pub(crate) fn push(&mut self, frame: &[u8]) -> Result<Vec<Taken>, Reject> {
        let known = self.feed.instruments().all().len();
        let mut records = Vec::new();
        let mut sink = |record: &Record<'_>| records.push(Taken::of(record));
        let out = &mut Outbox::default();
        let outcome = match self.way {
            Way::Binary => self.feed.decode_binary(frame),
            _ => self.feed.decode(frame),
        };
        match outcome {
            Ok(()) => {
                self.feed.apply(META, out, &mut sink);
                self.renew();
                Ok(records)
            }
            Err(reject) => {
                assert_eq!(self.feed.instruments().all().len(), known, "{reject}");
                Err(reject)
            }
        }
    }

    /// Whether the good message gives what it gives a feed that has seen nothing else.
    pub(crate) fn is_sound(&mut self) -> bool {
        let records = self.push(&self.good.clone());
        records.as_ref() == Ok(&self.expected)
    }

    /// The records of the good message.
    pub(crate) fn expected(&self) -> &[Taken] {
        &self.expected
    }

    fn renew(&mut self) {
        self.feed = fresh(self.venue, &self.symbols, self.stream);
    }
}

fn fresh<V: Venue>(venue: VenueId, symbols: &[String], stream: StreamOptions) -> Feed<V> {
    let options = FeedOptions {
        stream,
        admission: Admission::Any,
        ..FeedOptions::default()
    };
    Feed::resume(venue, symbols, options).unwrap()
}

const META: Meta = Meta {
    line: 0,
    frame: 1,
    ts_recv: 1_790_360_000_000_000_000,
    ts_kernel: 0,
    now: 1,
};
