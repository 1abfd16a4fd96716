//! Frames of a log as JSON lines; what cannot be read is named and passed over.

use std::path::Path;

use feedd_codecs::Record;
use feedd_codecs::raw::RawHead;
use feedd_codecs::record::{Kind, WireError};
use feedd_storage::export::JsonLines;
use feedd_storage::{Error, Frame, LogKind, LogReader, ReadError, Start, segments};

use crate::exit::{Exit, Failure};
use crate::output::{Output, talk};

/// Prints the frames of one log.
#[derive(Debug)]
pub(super) struct Printer {
    log: LogKind,
    /// Only records of this kind.
    kind: Option<Kind>,
    json: JsonLines,
    out: Output,
    printed: u64,
    /// Records of kinds that a later version added.
    unknown: u64,
    /// What was told last: a reader that waits at bad bytes finds the same again and again.
    told: Option<String>,
}

impl Printer {
    pub(super) fn new(log: LogKind, kind: Option<Kind>) -> Self {
        Self {
            log,
            kind,
            json: JsonLines::new(),
            out: Output::stdout(),
            printed: 0,
            unknown: 0,
            told: None,
        }
    }

    /// Learns the symbols that were introduced before `seq`. The daemon repeats them at the start
    /// of each segment; a log whose segment does not is read from its beginning.
    pub(super) fn learn_before(&mut self, dir: &Path, seq: u64) {
        if self.log != LogKind::Records {
            return;
        }
        let all = segments(dir).unwrap_or_default();
        let near = all.iter().rfind(|segment| segment.first_seq <= seq);
        let learned = near.is_some_and(|near| self.learn(dir, Start::Seq(near.first_seq), seq));
        if !learned {
            self.learn(dir, Start::Oldest, seq);
        }
    }

    /// Learns from the frames between `start` and `until`; whether any introduced an instrument.
    /// Bad bytes there end it: they concern nobody who asks for later frames.
    fn learn(&mut self, dir: &Path, start: Start, until: u64) -> bool {
        let mut learned = false;
        let Ok(mut reader) = LogReader::open(dir, start) else {
            return learned;
        };
        while let Ok(Some(frame)) = reader.next() {
            if frame.seq >= until {
                break;
            }
            if let Ok(record @ Record::Instrument(..)) = Record::parse(frame.payload) {
                self.json.learn(&record);
                learned = true;
            }
        }
        learned
    }

    /// Prints the next frame, or names what stands in its place; false if the reader has caught up
    /// or cannot go on.
    pub(super) fn step(&mut self, reader: &mut LogReader) -> Result<bool, Failure> {
        match reader.next() {
            Ok(Some(frame)) => {
                self.frame(&frame);
                Ok(true)
            }
            Ok(None) => Ok(false),
            Err(missed @ ReadError::Missed { .. }) => {
                self.problem(missed.to_string());
                Ok(true)
            }
            Err(
                bad @ (ReadError::Damaged { .. } | ReadError::Segment(Error::TornHeader { .. })),
            ) => {
                self.problem(bad.to_string());
                reader.skip_damage().map_err(failure)
            }
            Err(error) => Err(failure(error)),
        }
    }

    /// Lines printed so far.
    pub(super) const fn printed(&self) -> u64 {
        self.printed
    }

    /// Whether nobody reads any more.
    pub(super) const fn is_ended(&self) -> bool {
        self.out.is_ended()
    }

    /// Hands on what was printed.
    pub(super) fn flush(&mut self) {
        self.out.flush();
    }

    /// Ends the output; [`Exit::PROBLEMS`] if anything was passed over.
    pub(super) fn finish(self) -> Result<Exit, Failure> {
        self.out.finish()?;
        if self.unknown > 0 {
            talk(format_args!(
                "{}: {} records of kinds that this version does not know were left out",
                self.log.name(),
                self.unknown
            ));
        }
        Ok(match self.told {
            Some(_) => Exit::PROBLEMS,
            None => Exit::OK,
        })
    }

    fn frame(&mut self, frame: &Frame<'_>) {
        match self.log {
            LogKind::Records => match Record::parse(frame.payload) {
                Ok(record) => self.record(&record, frame.seq),
                Err(WireError::Template(_)) => self.unknown += 1,
                Err(error) => self.problem(format!("journal_seq {}: {error}", frame.seq)),
            },
            LogKind::Raw | LogKind::Quarantine => match RawHead::split(frame.payload) {
                Some((head, bytes)) => {
                    self.out.text(self.json.raw(head, bytes, Some(frame.seq)));
                    self.printed += 1;
                }
                None => self.problem(format!("journal_seq {}: no head of a frame", frame.seq)),
            },
        }
    }

    fn record(&mut self, record: &Record<'_>, seq: u64) {
        if self.kind.is_none_or(|kind| kind == record.kind()) {
            self.out.text(self.json.record(record, Some(seq)));
            self.printed += 1;
        } else {
            self.json.learn(record);
        }
    }

    fn problem(&mut self, what: String) {
        if self.told.as_ref() != Some(&what) {
            talk(format_args!("{}: {what}", self.log.name()));
            self.told = Some(what);
        }
    }
}

/// A log that cannot be read on.
pub(super) fn failure(error: ReadError) -> Failure {
    match error {
        ReadError::Segment(error) => Failure::Journal(error),
        other => Failure::Usage(other.to_string()),
    }
}
