//! The relay's own journal: what it wrote, and how far each source has come in it.
//!
//! Invariants:
//!
//! * A record and its origin are one frame: how far a source has come is what stands in the log, after
//!   any crash.
//! * The file `positions` only shortens the walk over the log at start: it tells how far the
//!   sources had come at some number of the log, and is written once that number is synced.
//! * A source has its number in the file `sources` before a record of it is written.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use feedd_codecs::instrument::InstrumentId;
use feedd_codecs::record::{Gap, GapCause, GapEnd};
use feedd_codecs::venue::Channel;
use feedd_storage::{AppendError, Journal, JournalOptions, LogReader, ReadError, Start};
use zerocopy::IntoBytes;

use super::merge::{Entry, What};
use super::origin::{self, Origin, SOURCES_MAX, Source};
use super::position::Position;
use crate::exit::{Code, Failure};
use crate::roster::Roster;

/// The file of positions in the journal's directory.
const POSITIONS: &str = "positions";
/// Time between two of them: what a start has to walk over.
const EVERY: Duration = Duration::from_secs(5);
/// Pause between two tries while the disk takes nothing.
const RETRY: Duration = Duration::from_millis(50);
/// Tries while the disk takes nothing; then the relay ends, and loses nothing: the sources keep it.
const TRIES: u32 = 1_200;

/// An open relay's journal.
#[derive(Debug)]
pub struct Ledger {
    dir: PathBuf,
    journal: Journal,
    /// Which id is which symbol here.
    pub roster: Roster,
    sources: Vec<Source>,
    at: Vec<Position>,
    /// Waits for the sync of the number it is about.
    pending: Option<(u64, Vec<Position>)>,
    next_save: Instant,
    records: u64,
}

impl Ledger {
    /// Opens or makes the journal in `dir` and finds out how far each source has come.
    ///
    /// # Errors
    ///
    /// A [`Failure`] with its exit code.
    pub fn open(dir: &Path, options: JournalOptions) -> Result<Self, Failure> {
        let (mut journal, _) = Journal::open(dir, options)?;
        let io =
            |error: std::io::Error| Failure::new(Code::Io, format!("{}: {error}", dir.display()));
        let sources = origin::sources(dir).map_err(io)?;
        let next = journal.records().next_seq();
        let saved = std::fs::read_to_string(dir.join(POSITIONS)).ok();
        let saved = saved
            .and_then(|text| parse(&text))
            .filter(|saved| saved.0 <= next);
        let (from, mut at) = saved.unwrap_or((0, Vec::new()));
        at.resize(sources.len(), Position::START);
        walk(&dir.join("records"), from, &mut at)?;
        let ledger = Self {
            dir: dir.to_owned(),
            roster: Roster::load(dir)?,
            journal,
            sources,
            at,
            pending: None,
            next_save: Instant::now(),
            records: 0,
        };
        ledger.save(next, &ledger.at.clone())?;
        Ok(ledger)
    }

    /// The number of the source whose journal has this identity; a new one is noted.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if it cannot be noted.
    pub fn source(&mut self, journal: u128, name: &str) -> Result<u16, Failure> {
        let known = self
            .sources
            .iter()
            .position(|source| source.journal == journal);
        let number = known.unwrap_or(self.sources.len());
        let short = u16::try_from(number).ok().filter(|_| number < SOURCES_MAX);
        let Some(short) = short else {
            let problem = format!("a relay's journal takes {SOURCES_MAX} sources, begin a new one");
            return Err(Failure::new(Code::CantCreate, problem));
        };
        if known.is_none() {
            let name = name.to_owned();
            self.sources.push(Source { journal, name });
            self.at.push(Position::START);
            origin::save(&self.dir, &self.sources)
                .map_err(|error| Failure::new(Code::CantCreate, error.to_string()))?;
        }
        Ok(short)
    }

    /// The place behind the last frame of the source that is written.
    #[must_use]
    pub fn at(&self, source: u16) -> Position {
        self.at
            .get(usize::from(source))
            .copied()
            .unwrap_or(Position::START)
    }

    /// Records written since it was opened.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// Writes what came from a source.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if the journal takes it neither now nor later.
    pub fn write(&mut self, source: u16, entry: &Entry) -> Result<(), Failure> {
        let at = entry.at;
        let tail = Origin { source, at }.encode();
        match &entry.what {
            What::Record(record) => self.append(entry.ts_recv, &[record, &tail])?,
            What::Missed(from) => {
                let gap = lost(*from, at.seq, entry.ts_recv);
                self.append(entry.ts_recv, &[gap.as_bytes(), &tail])?;
            }
        }
        if let Some(place) = self.at.get_mut(usize::from(source)) {
            *place = at.behind();
        }
        self.records += 1;
        Ok(())
    }

    /// Writes the file of positions now and then.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if it cannot be written.
    pub fn look(&mut self, now: Instant) -> Result<(), Failure> {
        if now < self.next_save {
            return Ok(());
        }
        let synced = self.journal.records().counters().read().synced_seq;
        match self.pending.take() {
            Some((next, at)) if next <= synced => self.save(next, &at)?,
            Some(waiting) => self.pending = Some(waiting),
            None => self.pending = Some((self.journal.records().next_seq(), self.at.clone())),
        }
        self.next_save = now + EVERY / 2;
        Ok(())
    }

    /// Closes the journal.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if what was written may not be on the medium.
    pub fn close(mut self) -> Result<(), Failure> {
        let (next, at) = (
            self.journal.records().next_seq(),
            std::mem::take(&mut self.at),
        );
        let dir = self.dir.clone();
        self.journal.close()?;
        save(&dir, next, &at)
    }

    fn save(&self, next: u64, at: &[Position]) -> Result<(), Failure> {
        save(&self.dir, next, at)
    }

    fn append(&mut self, ts_recv: i64, parts: &[&[u8]]) -> Result<(), Failure> {
        for _ in 0..TRIES {
            match self.journal.records().append(ts_recv, parts) {
                Ok(_) => return Ok(()),
                Err(AppendError::Roll { .. }) => thread::sleep(RETRY),
                Err(error @ AppendError::TooLarge { .. }) => {
                    let problem = format!("{error}; raise journal.segment to the sources'");
                    return Err(Failure::new(Code::Config, problem));
                }
                Err(error) => return Err(Failure::new(Code::Io, error.to_string())),
            }
        }
        let problem = "the disk has taken nothing for a minute; the sources keep what is missing";
        Err(Failure::new(Code::Io, problem))
    }
}

/// The record that tells that a source has nothing from one number to another.
fn lost(from: u64, to: u64, ts_recv: i64) -> Gap {
    let mut gap = Gap::new(InstrumentId::NONE, Channel::NONE, GapCause::SOURCE);
    gap.header.ts_recv = ts_recv;
    (gap.first_seq, gap.last_seq) = (from, to);
    (gap.ts_open, gap.missing) = (ts_recv, to - from + 1);
    gap.end = GapEnd::LOST;
    gap
}

/// Notes the last origin of each source in the log from number `from` on.
fn walk(records: &Path, from: u64, at: &mut [Position]) -> Result<(), Failure> {
    let start = if from == 0 {
        Start::Oldest
    } else {
        Start::Seq(from)
    };
    let failed = |error: ReadError| Failure::new(Code::Io, error.to_string());
    let mut reader = LogReader::open(records, start).map_err(failed)?;
    loop {
        let frame = match reader.next() {
            Ok(Some(frame)) => frame,
            Ok(None) => return Ok(()),
            // What recovery cut is asked for again, as far as it was the end.
            Err(ReadError::Missed { .. }) => continue,
            Err(error) => return Err(failed(error)),
        };
        let place = Origin::split(frame.payload)
            .and_then(|(origin, _)| Some((at.get_mut(usize::from(origin.source))?, origin.at)));
        if let Some((place, found)) = place {
            *place = found.behind();
        }
    }
}

/// `LOGNUMBER`, then `RUN SEQ` of each source in order, then a line that ends it.
fn save(dir: &Path, next: u64, at: &[Position]) -> Result<(), Failure> {
    let mut text = format!("{next}\n");
    for place in at {
        text += &format!("{} {}\n", place.run, place.seq);
    }
    text += "end\n";
    origin::replace(dir, POSITIONS, text.as_bytes())
        .map_err(|error| Failure::new(Code::CantCreate, format!("{POSITIONS}: {error}")))
}

fn parse(text: &str) -> Option<(u64, Vec<Position>)> {
    let mut lines = text.strip_suffix("end\n")?.lines();
    let next = lines.next()?.parse().ok()?;
    let place = |line: &str| {
        let (run, seq) = line.split_once(' ')?;
        Some(Position {
            run: run.parse().ok()?,
            seq: seq.parse().ok()?,
        })
    };
    let at = lines.map(place).collect::<Option<Vec<_>>>()?;
    Some((next, at))
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
