//! The thread that makes the next segment while the current one fills.
//!
//! One request per log is under way at most, and only this thread makes segments once the journal
//! is open: a roll that comes too early waits for it instead of making a second file of the same
//! number.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};

use super::create::{self, NewSegment};
use super::format::{Identity, LogKind};
use super::status::LogCounters;
use crate::error::Error;

/// Pause before a segment that could not be made is tried again: a full disk stays full for a
/// while, and every try allocates and frees blocks.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// A new segment, or the error number of why not.
pub(crate) type Made = Result<NewSegment, i32>;

/// What the writers ask for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Request {
    /// Make this segment; after a failure (`again`), slowly.
    Make {
        kind: LogKind,
        number: u64,
        again: bool,
    },
    /// End the thread.
    Stop,
}

/// Makes the segments of one log.
#[derive(Debug)]
pub(crate) struct SegmentMaker {
    pub(crate) log_dir: PathBuf,
    pub(crate) kind: LogKind,
    pub(crate) run: u32,
    pub(crate) segment_bytes: u32,
    pub(crate) wall_clock: fn() -> i64,
    pub(crate) counters: Arc<LogCounters>,
}

impl SegmentMaker {
    /// Makes segment `number`, ready to be written without a page fault.
    pub(crate) fn make(&self, number: u64) -> Result<NewSegment, Error> {
        let id = Identity {
            kind: self.kind,
            number,
            run: self.run,
            segment_bytes: self.segment_bytes,
            created_wall_ns: (self.wall_clock)(),
        };
        let segment = create::create(&self.log_dir, &id)?;
        if segment
            .shared
            .map
            .prefault(0..self.segment_bytes as usize)
            .is_err()
        {
            self.counters.prefault_failures.add_one();
        }
        Ok(segment)
    }
}

/// Serves requests until told to stop.
pub(crate) fn run(makers: &[(SegmentMaker, Sender<Made>); 3], requests: &Receiver<Request>) {
    while let Ok(Request::Make {
        kind,
        number,
        again,
    }) = requests.recv()
    {
        if again {
            thread::park_timeout(RETRY_PAUSE);
        }
        for (maker, reply) in makers.iter().filter(|(maker, _)| maker.kind == kind) {
            // A requester that has gone needs no answer; recovery removes the file.
            let _ = reply.send(maker.make(number).map_err(|error| error.errno()));
        }
    }
}
