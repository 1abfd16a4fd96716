//! Counting a sink against its journal: rows and exact sums for each instrument, kind and minute.
//!
//! Sums are of mantissas, kept apart by exponent, or of values in units of 10^-18 where a sink keeps no
//! exponents: both are exact, and any single changed, missing or repeated row shows. Sequences are summed, too: one row lost and another one twice is no balance.

mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use feedd_codecs::record::{ABSENT, BookEvent, Kind, OrdersEvent};
use feedd_codecs::{Record, VenueId};

use super::batch::{Batch, Row};
use super::dead::{DeadLetter, DeadLetters, Fate};
use super::tail::{Found, Tail};
use crate::error::ReadError;

pub use values::{VALUE_EXP, exact, fraction};

const NANOS_A_MINUTE: i64 = 60_000_000_000;

/// What is counted together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Minutes since 1970, by the receive stamp.
    pub minute: i64,
    /// SBE template of the kind of record.
    pub template: u16,
    /// `exchange-product`, `none` for what belongs to no venue.
    pub venue: String,
    /// The venue's spelling; empty for what belongs to no instrument.
    pub symbol: String,
    /// Exponent of the summed prices.
    pub px_exp: i8,
    /// Exponent of the summed quantities.
    pub qty_exp: i8,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Rows.
    pub rows: u64,
    /// Sum of their journal sequences.
    pub seqs: u128,
    /// Sum of the mantissas of all their prices.
    pub px: i128,
    /// Sum of the mantissas of all their quantities.
    pub qty: i128,
}

impl Sums {
    /// Adds one row.
    pub fn add(&mut self, seq: u64, px: i128, qty: i128) {
        let row = Self {
            rows: 1,
            seqs: seq.into(),
            px,
            qty,
        };
        self.join(&row);
    }

    /// Adds what was counted elsewhere. Sums wrap: two that differ by a whole turn do not occur.
    pub const fn join(&mut self, other: &Self) {
        self.rows += other.rows;
        self.seqs += other.seqs;
        self.px = self.px.wrapping_add(other.px);
        self.qty = self.qty.wrapping_add(other.qty);
    }
}

/// What sums are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Terms {
    /// Mantissas, apart by exponent: for sinks that keep both.
    Mantissas,
    /// Values at [`VALUE_EXP`], levels of books as their nearest binary fraction: for sinks that keep
    /// numbers.
    Values,
}

/// Which rows are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// First receive stamp, nanoseconds since 1970.
    pub from: i64,
    /// First receive stamp behind it.
    pub to: i64,
    /// First sequence: the journal has no older ones.
    pub first_seq: u64,
    /// First sequence that the sink has not acknowledged.
    pub acked: u64,
}

impl Extent {
    /// Whether a row is counted.
    #[must_use]
    pub fn has(&self, seq: u64, ts_recv: i64) -> bool {
        (self.first_seq..self.acked).contains(&seq) && (self.from..self.to).contains(&ts_recv)
    }
}

/// Counts by key.
pub type Tally = BTreeMap<Key, Sums>;

/// The minute of a receive stamp.
#[must_use]
pub const fn minute_of(ts_recv: i64) -> i64 {
    ts_recv.div_euclid(NANOS_A_MINUTE)
}

/// The name of a venue in keys and paths: `none` for what belongs to no known one.
#[must_use]
pub fn venue_name(venue: VenueId) -> String {
    if VenueId::all().any(|known| known == venue) {
        venue.to_string()
    } else {
        "none".to_owned()
    }
}

/// The journal's own count, for `sink` up to the sequence `acked`: without the rows that stand in its
/// dead letters and were not replayed. Returns what was counted, too.
/// `terms` is what that sink's own count sums.
///
/// # Errors
///
/// [`ReadError`] if the journal or the dead letters cannot be read.
pub fn journal(
    journal_dir: &Path,
    sink: &str,
    (from, to): (i64, i64),
    acked: u64,
    terms: Terms,
) -> Result<(Tally, Extent), ReadError> {
    let dead = dead_seqs(&DeadLetters::read(journal_dir, sink)?);
    let oldest = crate::journal::segments(&journal_dir.join("records"))?;
    let extent = Extent {
        from,
        to,
        first_seq: oldest.first().map_or(1, |segment| segment.first_seq),
        acked,
    };
    let mut tail = Tail::open(journal_dir, extent.first_seq)?;
    let (mut tally, mut batch) = (Tally::new(), Batch::default());
    while tail.next_seq().is_none_or(|seq| seq < acked) {
        batch.clear();
        match tail.next_into(&mut batch)? {
            Found::Row => {
                let rows = batch.rows(0..1, tail.symbols());
                for row in rows.iter().filter(|row| !dead.contains(&row.seq)) {
                    let ts_recv = row.record.header().ts_recv;
                    if extent.has(row.seq, ts_recv) {
                        let (key, px, qty) = key_of(&row, terms);
                        tally.entry(key).or_default().add(row.seq, px, qty);
                    }
                }
            }
            Found::Nothing => break,
            Found::Lost { .. } | Found::Unreadable { .. } => {}
        }
    }
    Ok((tally, extent))
}

fn dead_seqs(letters: &[DeadLetter]) -> BTreeSet<u64> {
    let of = |fate| letters.iter().filter(move |letter| letter.fate == fate);
    let replayed: BTreeSet<u64> = of(Fate::Replayed).map(|letter| letter.seq).collect();
    let refused = of(Fate::Refused).map(|letter| letter.seq);
    refused.filter(|seq| !replayed.contains(seq)).collect()
}

fn key_of(row: &Row<'_>, terms: Terms) -> (Key, i128, i128) {
    let (px_exp, qty_exp, px, qty) = match terms {
        Terms::Mantissas => sums_of(&row.record),
        Terms::Values => {
            let (px, qty) = values::values_of(&row.record);
            (VALUE_EXP, VALUE_EXP, px, qty)
        }
    };
    let key = Key {
        minute: minute_of(row.record.header().ts_recv),
        template: row.record.kind() as u16,
        venue: venue_name(row.venue),
        symbol: row.symbol.unwrap_or_default().to_owned(),
        px_exp,
        qty_exp,
    };
    (key, px, qty)
}

/// Exponents, and the sums of all prices and quantities of a record.
fn sums_of(record: &Record<'_>) -> (i8, i8, i128, i128) {
    let given = |mantissas: &[i64]| -> i128 {
        let there = mantissas.iter().filter(|mantissa| **mantissa != ABSENT);
        there.map(|mantissa| i128::from(*mantissa)).sum()
    };
    match record {
        Record::Trade(trade) => (
            trade.px_exp,
            trade.qty_exp,
            given(&[trade.px]),
            given(&[trade.qty]),
        ),
        Record::Bbo(bbo) => (
            bbo.px_exp,
            bbo.qty_exp,
            given(&[bbo.bid_px, bbo.ask_px]),
            given(&[bbo.bid_qty, bbo.ask_qty]),
        ),
        Record::BookDelta(event) | Record::BookSnapshot(event) => book_sums(event),
        Record::OrdersDelta(event) | Record::OrdersSnapshot(event) => order_sums(event),
        Record::Candle(candle) => (
            candle.px_exp,
            candle.volume_exp,
            given(&[candle.open, candle.high, candle.low, candle.close]),
            given(&[candle.volume]),
        ),
        Record::Liquidation(found) => (
            found.px_exp,
            found.qty_exp,
            given(&[found.px]),
            given(&[found.qty]),
        ),
        _ => (0, 0, 0, 0),
    }
}

fn book_sums(event: &BookEvent<'_>) -> (i8, i8, i128, i128) {
    let levels = || event.bids.iter().chain(event.asks);
    (
        event.head.px_exp,
        event.head.qty_exp,
        levels().map(|level| i128::from(level.px)).sum(),
        levels().map(|level| i128::from(level.qty)).sum(),
    )
}

fn order_sums(event: &OrdersEvent<'_>) -> (i8, i8, i128, i128) {
    let orders = || event.bids.iter().chain(event.asks);
    (
        event.head.px_exp,
        event.head.qty_exp,
        orders().map(|order| i128::from(order.px)).sum(),
        orders().map(|order| i128::from(order.qty)).sum(),
    )
}

/// A key whose counts differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What was counted.
    pub key: Key,
    /// In the journal.
    pub journal: Sums,
    /// In the sink.
    pub sink: Sums,
}

impl Difference {
    /// The name of the kind of record.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        Kind::of_template(self.key.template).map_or("unknown", Kind::name)
    }
}

/// Every key whose counts differ, in order.
#[must_use]
pub fn differences(journal: &Tally, sink: &Tally) -> Vec<Difference> {
    let keys: BTreeSet<&Key> = journal.keys().chain(sink.keys()).collect();
    let of = |tally: &Tally, key| tally.get(key).copied().unwrap_or_default();
    keys.into_iter()
        .map(|key| Difference {
            key: key.clone(),
            journal: of(journal, key),
            sink: of(sink, key),
        })
        .filter(|found| found.journal != found.sink)
        .collect()
}
