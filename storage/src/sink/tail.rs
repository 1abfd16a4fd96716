//! The end of the log that a pump reads: rows into a batch, and everything that is no row told by
//! name.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use feedd_codecs::{InstrumentId, Record};

use super::batch::Batch;
use super::status::Mark;
use crate::error::{Error, ReadError};
use crate::export::Symbols;
use crate::journal::{Frame, LogReader, Start, segments};

/// What one look at the log gave.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A row, now in the batch.
    Row,
    /// A frame that is no record of this version.
    Unreadable { letter: Unreadable },
    /// Rows that are gone.
    Lost {
        from: u64,
        to: u64,
        cause: &'static str,
    },
    /// Nothing more yet.
    Nothing,
}

/// A frame that is no record.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub(super) seq: u64,
    pub(super) reason: String,
    pub(super) bytes: Vec<u8>,
}

/// Reads the records log of a journal from some place on.
#[derive(Debug)]
pub(super) struct Tail {
    journal_dir: PathBuf,
    log_dir: PathBuf,
    reader: LogReader,
    symbols: Symbols,
    /// Length and time of the roster when it was read last.
    roster: Option<(u64, SystemTime)>,
    /// Receive stamp of the newest frame read.
    ts_recv: i64,
}

impl Tail {
    /// Begins at `first`, or at the oldest record there is for 0.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if the log cannot be read.
    pub(super) fn open(journal_dir: &Path, first: u64) -> Result<Self, ReadError> {
        let log_dir = journal_dir.join("records");
        let start = match first {
            0 => Start::Oldest,
            seq => Start::Seq(seq),
        };
        let mut symbols = Symbols::default();
        let listed = symbols.read_roster(journal_dir);
        if !listed.map_err(Error::io("read the roster in", journal_dir))? {
            learn(&mut symbols, &log_dir, first)?;
        }
        Ok(Self {
            reader: LogReader::open(&log_dir, start)?,
            roster: stamp(journal_dir),
            journal_dir: journal_dir.to_owned(),
            log_dir,
            symbols,
            ts_recv: 0,
        })
    }

    pub(super) const fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    /// Takes the next frame; a row goes to the end of `batch`.
    pub(super) fn next_into(&mut self, batch: &mut Batch) -> Result<Found, ReadError> {
        let frame = match self.reader.next() {
            Ok(Some(frame)) => frame,
            Ok(None) => return Ok(Found::Nothing),
            Err(error) => return self.past(error),
        };
        self.ts_recv = frame.ts_recv;
        match Record::parse(frame.payload) {
            Ok(record) => {
                self.symbols.learn(&record);
                let instrument = record.header().instrument;
                batch.push_frame(&frame);
                if instrument != InstrumentId::NONE && self.symbols.of(instrument).is_none() {
                    self.ask_roster();
                }
                Ok(Found::Row)
            }
            Err(error) => Ok(Found::Unreadable {
                letter: unreadable(&frame, error.to_string()),
            }),
        }
    }

    /// Where the next frame stands; nothing as long as the log is empty.
    pub(super) fn mark(&self) -> Option<Mark> {
        Some(Mark {
            seq: self.reader.next_seq()?,
            place: (self.reader.segment_number()?, self.reader.offset() as u64),
            ts_recv: self.ts_recv,
        })
    }

    /// Sequence of the next frame; nothing as long as the log is empty.
    pub(super) fn next_seq(&self) -> Option<u64> {
        self.reader.next_seq()
    }

    /// A symbol that is not known was enrolled since the roster was read, if ever.
    #[cold]
    fn ask_roster(&mut self) {
        let now = stamp(&self.journal_dir);
        if now.is_some() && now != self.roster {
            // A roster that cannot be read now is read at the next row without symbol.
            let read = self.symbols.read_roster(&self.journal_dir);
            self.roster = now.filter(|_| read.is_ok());
        }
    }

    #[cold]
    fn past(&mut self, error: ReadError) -> Result<Found, ReadError> {
        match error {
            ReadError::Missed { from, to } => Ok(Found::Lost {
                from,
                to,
                cause: self.cause(from)?,
            }),
            ReadError::Damaged { .. } | ReadError::Segment(Error::TornHeader { .. }) => {
                // What was skipped is told as missed by the next look. Where nothing sound lies
                // behind, recovery has yet to mend the end of the log.
                self.reader.skip_damage()?;
                Ok(Found::Nothing)
            }
            ReadError::Segment(error) => Err(error.into()),
        }
    }

    fn cause(&self, from: u64) -> Result<&'static str, ReadError> {
        let oldest = segments(&self.log_dir)?
            .first()
            .map(|first| first.first_seq);
        Ok(if oldest.is_some_and(|oldest| from < oldest) {
            "retention"
        } else {
            "damage"
        })
    }
}

/// Where the log ends now: the next sequence, and its place.
pub(super) fn head(journal_dir: &Path) -> Result<Option<Mark>, ReadError> {
    let newest = LogReader::open(&journal_dir.join("records"), Start::Newest)?;
    let mark = || {
        Some(Mark {
            seq: newest.next_seq()?,
            place: (newest.segment_number()?, newest.offset() as u64),
            ts_recv: 0,
        })
    };
    Ok(mark())
}

/// Bytes of the log between two places.
pub(super) fn bytes_between(
    journal_dir: &Path,
    from: (u64, u64),
    to: (u64, u64),
) -> Result<u64, Error> {
    if from.0 == to.0 {
        return Ok(to.1.saturating_sub(from.1));
    }
    let whole: u64 = segments(&journal_dir.join("records"))?
        .iter()
        .filter(|segment| (from.0..to.0).contains(&segment.number))
        .map(|segment| segment.file_bytes)
        .sum();
    Ok((whole + to.1).saturating_sub(from.1))
}

/// A journal without roster: every instrument record up to `first` says what it can.
fn learn(symbols: &mut Symbols, log_dir: &Path, first: u64) -> Result<(), ReadError> {
    let mut reader = LogReader::open(log_dir, Start::Oldest)?;
    while reader.next_seq().is_none_or(|seq| seq < first) {
        match reader.next() {
            Ok(Some(frame)) => {
                if let Ok(record) = Record::parse(frame.payload) {
                    symbols.learn(&record);
                }
            }
            Ok(None) => break,
            Err(ReadError::Missed { .. }) => {}
            Err(ReadError::Segment(error)) if !matches!(error, Error::TornHeader { .. }) => {
                return Err(error.into());
            }
            Err(_) => {
                if !reader.skip_damage()? {
                    break;
                }
            }
        }
    }
    Ok(())
}

fn stamp(journal_dir: &Path) -> Option<(u64, SystemTime)> {
    let data = fs::metadata(journal_dir.join("instruments")).ok()?;
    Some((data.len(), data.modified().ok()?))
}

fn unreadable(frame: &Frame<'_>, reason: String) -> Unreadable {
    Unreadable {
        seq: frame.seq,
        reason,
        bytes: frame.payload.to_vec(),
    }
}
