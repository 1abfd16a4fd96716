//! Reading a log to its end: what is missing or damaged is named once and passed over.

use std::path::Path;

use feedd_storage::{Error, Frame, LogKind, LogReader, ReadError, Start};

use crate::exit::{Exit, Failure};
use crate::output::talk;

/// A reader of one log that names problems and goes on behind them.
#[derive(Debug)]
pub(crate) struct Walk {
    log: LogKind,
    reader: LogReader,
    /// What was told last: a reader that waits at bad bytes finds the same again and again.
    told: Option<String>,
}

impl Walk {
    /// A walk through the log of kind `log` in the directory `dir`.
    pub(crate) fn open(dir: &Path, log: LogKind, start: Start) -> Result<Self, Failure> {
        Ok(Self {
            log,
            reader: LogReader::open(dir, start).map_err(failure)?,
            told: None,
        })
    }

    /// Hands the next frame to `take`, or names what stands in its place, as what `take` has to say
    /// against a frame; false if the reader has caught up or cannot go on.
    pub(crate) fn step(
        &mut self,
        take: impl FnOnce(&Frame<'_>) -> Result<(), String>,
    ) -> Result<bool, Failure> {
        match self.reader.next() {
            Ok(Some(frame)) => {
                if let Err(problem) = take(&frame) {
                    self.tell(problem);
                }
                Ok(true)
            }
            Ok(None) => Ok(false),
            Err(missed @ ReadError::Missed { .. }) => {
                self.tell(missed.to_string());
                Ok(true)
            }
            Err(
                bad @ (ReadError::Damaged { .. } | ReadError::Segment(Error::TornHeader { .. })),
            ) => {
                self.tell(bad.to_string());
                self.reader.skip_damage().map_err(failure)
            }
            Err(error) => Err(failure(error)),
        }
    }

    /// [`Exit::PROBLEMS`] if anything was named so far.
    pub(crate) const fn exit(&self) -> Exit {
        match self.told {
            Some(_) => Exit::PROBLEMS,
            None => Exit::OK,
        }
    }

    fn tell(&mut self, what: String) {
        if self.told.as_ref() != Some(&what) {
            talk(format_args!("{}: {what}", self.log.name()));
            self.told = Some(what);
        }
    }
}

/// A log that cannot be read on.
pub(crate) fn failure(error: ReadError) -> Failure {
    match error {
        ReadError::Segment(error) => Failure::Journal(error),
        other => Failure::Usage(other.to_string()),
    }
}
