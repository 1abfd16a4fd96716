//! A journal against the tape of the simulated venues, counted both ways.
//!
//! The tape is what the venues published, before any fault (`tools/venue-sim/README.md`, section
//! "Tape"); the journal is what the daemon kept. What must hold:
//!
//! * every trade of the tape, from the first that the journal has of its stream to the end, is in the
//!   journal once with equal price, quantity, side and id, or a `Gap` record tells of it: by its
//!   bounds where the venue numbers trades, by its time elsewhere; and no other trade is;
//! * every book record that is not flagged `MAYBE_BAD_BOOK` makes the tape's book at that update, at
//!   every level in the snapshot's reach; every update of the tape from the first snapshot on is
//!   applied, or lies in a gap that a snapshot ended;
//! * best prices are on the tape, in its order, none twice; and a message of best prices that is in no
//!   record lies in a gap, says what was said, or came after newer ones;
//! * every gap has an end, unless its stream stayed silent.
//!
//! What does not hold is unexplained. Quality flags, late and backfilled records are no
//! differences. Messages that a fault of the simulator spoiled are counted apart:
//! `quarantined` if their frame is kept there, `altered` if a changed message was readable,
//! `untraceable` if a stream without numbers was kept from every living line.

mod bests;
mod books;
mod doubt;
mod exact;
mod gaps;
mod journal;
mod ladder;
mod quarantine;
mod report;
mod tape;
#[cfg(test)]
mod tests;
mod trades;

use std::io;
use std::path::{Path, PathBuf};

use feedd_codecs::VenueId;
use feedd_codecs::venue::Channel;
use thiserror::Error;

pub use report::{Difference, Kind, Report, StreamReport};

/// Venue and the venue's own spelling.
type Instrument = (VenueId, String);

/// What a comparison allows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// How long before the journal's last record, in nanoseconds, a message may have been published
    /// and not be journaled yet: 0 if the market stood still before the daemon stopped.
    pub in_flight: i64,
}

/// Why a comparison could not be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CompareError {
    /// The tape cannot be read.
    #[error("cannot read the tape {}", path.display())]
    Tape {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// A line is no line of a tape.
    #[error("{} line {line}: {what}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Line from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] feedd_storage::ReadError),
    /// The log of records holds something else.
    #[error("journal record {seq}: {what}")]
    Record {
        /// Its sequence.
        seq: u64,
        /// What is wrong.
        what: String,
    },
}

/// Compares a tape with the journal in a directory.
///
/// # Errors
///
/// [`CompareError`] if one of them cannot be read. Differences are no errors.
pub fn compare(tape: &Path, journal: &Path, options: Options) -> Result<Report, CompareError> {
    let tape = tape::Tape::read(tape)?;
    let journal = journal::Journal::read(journal)?;
    let comparison = Comparison {
        tape: &tape,
        journal: &journal,
        end: journal.end.saturating_sub(options.in_flight),
    };
    let mut report = Report {
        streams: Vec::new(),
        tape_lines: tape.lines,
        journal_records: journal.records,
    };
    for (instrument, records) in &journal.instruments {
        comparison.instrument(instrument, records, &mut report);
    }
    Ok(report)
}

struct Comparison<'a> {
    tape: &'a tape::Tape,
    journal: &'a journal::Journal,
    end: i64,
}

impl Comparison<'_> {
    fn instrument(&self, instrument: &Instrument, records: &journal::Records, report: &mut Report) {
        let nothing = tape::Market::default();
        let market = self.tape.markets.get(instrument).unwrap_or(&nothing);
        let lists = [
            (Channel::TRADE, &market.trades, &records.trades),
            (Channel::AGG_TRADE, &market.aggregates, &records.aggregates),
        ];
        for (channel, made, kept) in lists {
            if !kept.is_empty() {
                report
                    .streams
                    .push(self.trades(instrument, channel, (made, kept), records));
            }
        }
        self.bests(instrument, market, records, report);
        self.books(instrument, market, records, report);
    }

    fn trades(
        &self,
        instrument: &Instrument,
        channel: Channel,
        (made, kept): (&[tape::TapeTrade], &[journal::At<journal::Deal>]),
        records: &journal::Records,
    ) -> StreamReport {
        let mut report = StreamReport::new(instrument, channel);
        let spans = gaps::spans(&records.gaps, channel, &mut report);
        let around = trades::Circumstances {
            venue: instrument.0,
            channel,
            fate: self.fate_of_trades(instrument, channel),
            spans: &spans,
            quarantine: self.quarantine(instrument),
            end: self.end,
        };
        trades::compare(made, kept, &around, &mut report);
        report
    }

    fn bests(
        &self,
        instrument: &Instrument,
        market: &tape::Market,
        records: &journal::Records,
        report: &mut Report,
    ) {
        // Prices that come with other statistics are on the tape as those.
        let Some((stream, tape)) = market.bests.iter().next() else {
            return;
        };
        let mut own = StreamReport::new(instrument, Channel::BBO);
        let spans = gaps::spans(&records.gaps, Channel::BBO, &mut own);
        let last = records.bests.last().map(|record| record.seq);
        gaps::check_ends(&spans, last, &mut own);
        let around = bests::Circumstances {
            fate: self.fate(instrument, stream),
            spans: &spans,
            quarantine: self.quarantine(instrument),
            end: self.end,
        };
        bests::compare(tape, &records.bests, &around, &mut own);
        report.streams.push(own);
    }

    fn books(
        &self,
        instrument: &Instrument,
        market: &tape::Market,
        records: &journal::Records,
        report: &mut Report,
    ) {
        let Some((stream, tape)) = main_book(market, records) else {
            return;
        };
        let mut own = StreamReport::new(instrument, Channel::BOOK);
        let spans = gaps::spans(&records.gaps, Channel::BOOK, &mut own);
        let right = records.book.iter().rev().find(|record| is_right(record));
        gaps::check_ends(&spans, right.map(|record| record.seq), &mut own);
        let fate = self.fate(instrument, stream);
        books::compare(
            instrument.0,
            (stream, tape),
            &records.book,
            (fate, self.end),
            &mut own,
        );
        report.streams.push(own);
    }

    fn quarantine(&self, instrument: &Instrument) -> &quarantine::Quarantine {
        const NONE: &quarantine::Quarantine = &quarantine::Quarantine::EMPTY;
        self.journal.quarantine.get(&instrument.0).unwrap_or(NONE)
    }

    fn fate(&self, instrument: &Instrument, stream: &str) -> Option<&tape::Fate> {
        self.tape.fates.get(&(instrument.0, stream.to_owned()))
    }

    /// Trades stand on the tape without the stream that carried them.
    fn fate_of_trades(
        &self,
        (venue, symbol): &Instrument,
        channel: Channel,
    ) -> Option<&tape::Fate> {
        let aggregates = channel == Channel::AGG_TRADE;
        let lower = symbol.to_lowercase();
        let base = symbol.split('-').next().unwrap_or(symbol);
        let keys = [
            format!("{lower}@{}", if aggregates { "aggTrade" } else { "trade" }),
            format!("publicTrade.{symbol}"),
            format!("publicTrade.{base}"),
            format!("trade.{symbol}"),
        ];
        let mut keys = keys.into_iter();
        keys.find_map(|key| self.tape.fates.get(&(*venue, key)))
    }
}

/// The stream of the main book: the one of the journal's depth, or else the deepest.
fn main_book<'a>(
    market: &'a tape::Market,
    records: &journal::Records,
) -> Option<(&'a String, &'a Vec<tape::TapeBook>)> {
    let depths = records.book.iter().filter_map(|record| match &record.what {
        journal::Step::Book { depth, .. } => Some(*depth),
        journal::Step::Gap(_) => None,
    });
    let depth = depths.max()?;
    let known = market.books.iter().filter(|(stream, _)| is_main(stream));
    known.max_by_key(|(stream, _)| {
        let own = books::depth(stream);
        (own == depth, own)
    })
}

/// Whether a stream can be that of the main book: not the best levels, nor another book.
fn is_main(stream: &str) -> bool {
    match stream.split_once('@') {
        Some((_, rest)) => rest == "depth" || rest.starts_with("depth@"),
        None => books::depth(stream) > 0 || stream.split('.').count() == 2,
    }
}

fn is_right(record: &journal::At<journal::Step>) -> bool {
    let flagged = record
        .flags
        .contains(feedd_codecs::record::Flags::MAYBE_BAD_BOOK);
    matches!(record.what, journal::Step::Book { .. }) && !flagged
}
