//! Rows of the journal, copied out of the mapping so that they can be kept while a sink is tried.

use std::ops::Range;

use feedd_codecs::{InstrumentId, Record, VenueId};
use zerocopy::{FromBytes, IntoBytes};

use crate::export::{Symbols, venue_of};
use crate::journal::Frame;

/// Words that records are padded to: they must stand at multiples of 8 bytes.
const WORD: usize = size_of::<u64>();

/// Rows in the making: their bytes one behind the other.
#[derive(Debug, Default)]
pub(super) struct Batch {
    words: Vec<u64>,
    rows: Vec<Stored>,
}

#[derive(Clone, Copy, Debug)]
struct Stored {
    seq: u64,
    ts_recv: i64,
    run: u32,
    length: u32,
    word: usize,
}

impl Batch {
    pub(super) fn clear(&mut self) {
        self.words.clear();
        self.rows.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.words.len() * WORD
    }

    pub(super) fn first_seq(&self) -> Option<u64> {
        self.rows.first().map(|row| row.seq)
    }

    pub(super) fn last_seq(&self) -> Option<u64> {
        self.rows.last().map(|row| row.seq)
    }

    /// Takes the last row back.
    pub(super) fn pop(&mut self) {
        if let Some(row) = self.rows.pop() {
            self.words.truncate(row.word);
        }
    }

    /// Adds a row. `record` is at most [`feedd_codecs::record::RECORD_BYTES_MAX`] long.
    pub(super) fn push(&mut self, seq: u64, ts_recv: i64, run: u32, record: &[u8]) {
        let word = self.words.len();
        append_words(&mut self.words, record);
        let length = u32::try_from(record.len()).unwrap_or(u32::MAX);
        self.rows.push(Stored {
            seq,
            ts_recv,
            run,
            length,
            word,
        });
    }

    pub(super) fn push_frame(&mut self, frame: &Frame<'_>) {
        self.push(frame.seq, frame.ts_recv, frame.run, frame.payload);
    }

    pub(super) fn rows<'a>(&'a self, range: Range<usize>, symbols: &'a Symbols) -> Rows<'a> {
        Rows {
            words: &self.words,
            rows: self.rows.get(range).unwrap_or_default(),
            symbols,
        }
    }
}

/// Adds `bytes` and, up to the next word, zeros.
pub(super) fn append_words(words: &mut Vec<u64>, bytes: &[u8]) {
    // The usual case: records are words, and so are their places in the journal.
    if let Ok(whole) = <[u64]>::ref_from_bytes(bytes) {
        words.extend_from_slice(whole);
        return;
    }
    let word = words.len();
    words.resize(word + bytes.len().div_ceil(WORD), 0);
    if let Some(to) = words[word..].as_mut_bytes().get_mut(..bytes.len()) {
        to.copy_from_slice(bytes);
    }
}

/// Consecutive rows of the journal, as a [`super::Sink`] gets them.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    words: &'a [u64],
    rows: &'a [Stored],
    symbols: &'a Symbols,
}

/// One row: a record, and what names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// Its sequence in the journal: with the journal's id the key that makes a repeat harmless.
    pub seq: u64,
    /// Run of the daemon that journaled it.
    pub run: u32,
    /// The record's bytes, as they stand in the journal.
    pub bytes: &'a [u8],
    /// The record.
    pub record: Record<'a>,
    /// The venue and product; not one of [`VenueId::all`] for a gap of a whole line.
    pub venue: VenueId,
    /// The venue's spelling of the instrument; `None` for records about a line or a venue.
    pub symbol: Option<&'a str>,
}

impl<'a> Rows<'a> {
    /// Number of rows, at least one.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Journal sequence of the first row.
    #[must_use]
    pub fn first_seq(&self) -> u64 {
        self.rows.first().map_or(0, |row| row.seq)
    }

    /// Journal sequence of the last row.
    #[must_use]
    pub fn last_seq(&self) -> u64 {
        self.rows.last().map_or(0, |row| row.seq)
    }

    /// Receive stamp of the last row, in nanoseconds.
    #[must_use]
    pub fn last_ts_recv(&self) -> i64 {
        self.rows.last().map_or(0, |row| row.ts_recv)
    }

    /// The symbols of all instruments met so far.
    #[must_use]
    pub const fn symbols(&self) -> &'a Symbols {
        self.symbols
    }

    /// The rows, in the order of the journal.
    pub fn iter(&self) -> impl Iterator<Item = Row<'a>> + use<'a> {
        let (words, symbols) = (self.words, self.symbols);
        self.rows
            .iter()
            .filter_map(move |stored| stored.row(words, symbols))
    }
}

impl Stored {
    /// The row; every record was parsed once before it was stored.
    fn row<'a>(&self, words: &'a [u64], symbols: &'a Symbols) -> Option<Row<'a>> {
        let bytes = words.get(self.word..)?.as_bytes();
        let bytes = bytes.get(..self.length as usize)?;
        let record = Record::parse(bytes).ok()?;
        let instrument = record.header().instrument;
        Some(Row {
            seq: self.seq,
            run: self.run,
            bytes,
            venue: venue_of(&record),
            symbol: symbols
                .of(instrument)
                .filter(|_| instrument != InstrumentId::NONE),
            record,
        })
    }
}
