//! The rows of the range in the making, each with the file it will go to.

use std::collections::{BTreeMap, HashMap};

use feedd_codecs::{InstrumentId, Record, VenueId};
use foldhash::fast::RandomState;
use zerocopy::IntoBytes;

use super::super::Row;
use super::super::batch::append_words;
use super::columns::Item;
use super::table::{Found, Table};

const WORD: usize = size_of::<u64>();
const NANOS_A_DAY: i64 = 86_400_000_000_000;

/// Which directory a row goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) table: Table,
    /// Days since 1970, by the receive stamp in UTC.
    pub(super) day: i64,
    pub(super) venue: VenueId,
}

impl Place {
    fn of(row: &Row<'_>) -> Self {
        Self {
            table: Table::of(row.record.kind()),
            day: row.record.header().ts_recv.div_euclid(NANOS_A_DAY),
            venue: row.venue,
        }
    }
}

/// Where a row's bytes are.
#[derive(Clone, Copy, Debug)]
struct Stored {
    seq: u64,
    instrument: InstrumentId,
    length: u32,
    word: usize,
}

/// Rows in memory.
#[derive(Debug, Default)]
pub(super) struct Held {
    words: Vec<u64>,
    count: usize,
    last_seq: Option<u64>,
    runs: Option<(u32, u32)>,
    parts: BTreeMap<Place, Vec<Stored>>,
    symbols: HashMap<InstrumentId, Box<str>, RandomState>,
    /// The instrument met last, so that the map is asked once for a run of its rows.
    met: Option<InstrumentId>,
}

/// The rows of one file, in the order of the journal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    pub(super) place: Place,
    rows: &'a [Stored],
}

impl Held {
    pub(super) fn clear(&mut self) {
        self.words.clear();
        self.parts.retain(|_, rows| {
            let used = !rows.is_empty();
            rows.clear();
            used
        });
        (self.count, self.last_seq, self.runs) = (0, None, None);
    }

    pub(super) const fn len(&self) -> usize {
        self.count
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn bytes(&self) -> usize {
        self.words.len() * WORD
    }

    pub(super) const fn last_seq(&self) -> Option<u64> {
        self.last_seq
    }

    /// First and last run of the daemon that journaled these rows.
    pub(super) fn runs(&self) -> (u32, u32) {
        self.runs.unwrap_or_default()
    }

    pub(super) fn push(&mut self, row: &Row<'_>) {
        let word = self.words.len();
        append_words(&mut self.words, row.bytes);
        let instrument = row.record.header().instrument;
        if self.met != Some(instrument) {
            self.met = Some(instrument);
            if let Some(symbol) = row.symbol {
                self.symbols
                    .entry(instrument)
                    .or_insert_with(|| symbol.into());
            }
        }
        self.parts.entry(Place::of(row)).or_default().push(Stored {
            seq: row.seq,
            instrument,
            length: u32::try_from(row.bytes.len()).unwrap_or(u32::MAX),
            word,
        });
        self.count += 1;
        self.last_seq = Some(row.seq);
        let first = self.runs.map_or(row.run, |(first, _)| first);
        self.runs = Some((first, row.run));
    }

    /// The files that the rows go to.
    pub(super) fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        let filled = self.parts.iter().filter(|(_, rows)| !rows.is_empty());
        filled.map(|(place, rows)| Part {
            place: *place,
            rows,
        })
    }

    fn record(&self, stored: &Stored) -> Option<Record<'_>> {
        let bytes = self.words.get(stored.word..)?.as_bytes();
        Record::parse(bytes.get(..stored.length as usize)?).ok()
    }
}

/// The rows of a part, sorted by symbol and sequence, and the symbols in that order.
#[derive(Debug)]
pub(super) struct Sorted<'a> {
    held: &'a Held,
    pub(super) symbols: Vec<&'a str>,
    rows: Vec<(Option<i32>, &'a Stored)>,
}

impl<'a> Part<'a> {
    /// First and last sequence, and how many rows.
    pub(super) fn extent(&self) -> (u64, u64, usize) {
        let seq = |row: Option<&Stored>| row.map_or(0, |row| row.seq);
        (
            seq(self.rows.first()),
            seq(self.rows.last()),
            self.rows.len(),
        )
    }

    pub(super) fn sorted(&self, held: &'a Held) -> Sorted<'a> {
        let mut ranks: HashMap<InstrumentId, Option<i32>, RandomState> = HashMap::default();
        for row in self.rows {
            ranks.entry(row.instrument).or_default();
        }
        let of = |id: &InstrumentId| held.symbols.get(id).map(|symbol| &**symbol);
        let mut symbols: Vec<&str> = ranks.keys().filter_map(of).collect();
        symbols.sort_unstable();
        symbols.dedup();
        for (id, rank) in &mut ranks {
            let at = of(id).and_then(|symbol| symbols.binary_search(&symbol).ok());
            *rank = at.and_then(|at| i32::try_from(at).ok());
        }
        // Rows without symbol come first, as nulls do; sequences stay in order.
        let mut by_rank = vec![Vec::new(); symbols.len() + 1];
        for row in self.rows {
            let rank = ranks.get(&row.instrument).copied().flatten();
            let at = rank.map_or(0, |rank| usize::try_from(rank).unwrap_or(0) + 1);
            if let Some(rows) = by_rank.get_mut(at) {
                rows.push((rank, row));
            }
        }
        Sorted {
            held,
            symbols,
            rows: by_rank.concat(),
        }
    }
}

impl<'a> Sorted<'a> {
    /// The rows, some at a time.
    pub(super) fn chunks(&self, rows: usize) -> impl Iterator<Item = Vec<Found<'a>>> {
        let held = self.held;
        let found = move |(symbol, stored): &(Option<i32>, &'a Stored)| {
            Some(Item {
                seq: stored.seq,
                symbol: *symbol,
                row: held.record(stored)?,
            })
        };
        self.rows
            .chunks(rows)
            .map(move |chunk| chunk.iter().filter_map(found).collect())
    }
}
