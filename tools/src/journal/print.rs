//! Frames of a log as JSON lines.

use std::path::Path;

use feedd_codecs::Record;
use feedd_codecs::raw::RawHead;
use feedd_codecs::record::{Kind, WireError};
use feedd_storage::export::JsonLines;
use feedd_storage::{Frame, LogKind, LogReader, Start, segments};

use super::walk::Walk;
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

    /// Prints the next frame, or names what stands in its place; false if the walk is at its end.
    pub(super) fn step(&mut self, walk: &mut Walk) -> Result<bool, Failure> {
        walk.step(|frame| self.frame(frame))
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

    /// Ends the output; [`Exit::PROBLEMS`] if the walk named any.
    pub(super) fn finish(self, walk: &Walk) -> Result<Exit, Failure> {
        self.out.finish()?;
        if self.unknown > 0 {
            talk(format_args!(
                "{}: {} records of kinds that this version does not know were left out",
                self.log.name(),
                self.unknown
            ));
        }
        Ok(walk.exit())
    }

    fn frame(&mut self, frame: &Frame<'_>) -> Result<(), String> {
        match self.log {
            LogKind::Records => match Record::parse(frame.payload) {
                Ok(record) => self.record(&record, frame.seq),
                Err(WireError::Template(_)) => self.unknown += 1,
                Err(error) => return Err(format!("journal_seq {}: {error}", frame.seq)),
            },
            LogKind::Raw | LogKind::Quarantine => {
                let (head, bytes) = split(frame)?;
                self.out.text(self.json.raw(head, bytes, Some(frame.seq)));
                self.printed += 1;
            }
        }
        Ok(())
    }

    fn record(&mut self, record: &Record<'_>, seq: u64) {
        if self.kind.is_none_or(|kind| kind == record.kind()) {
            self.out.text(self.json.record(record, Some(seq)));
            self.printed += 1;
        } else {
            self.json.learn(record);
        }
    }
}

/// The parts of an entry of `raw/` or `quarantine/`, or why it has none.
pub(crate) fn split<'a>(frame: &Frame<'a>) -> Result<(&'a RawHead, &'a [u8]), String> {
    RawHead::split(frame.payload)
        .ok_or_else(|| format!("journal_seq {}: no head of a frame", frame.seq))
}
