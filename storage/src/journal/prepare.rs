//! The thread that makes the next segments while the current one fills.
//!
//! [`AHEAD`] requests per log are under way at most, and only this thread makes segments once the
//! journal is open, in the order of their numbers: a roll that comes too early waits for it instead
//! of making a second file of the same number.
//!
//! A log that fills a segment within seconds gets huge pages: one translation for 2 MiB instead of
//! 512, in the appender and in every reader. A slow one does not, because a sync writes whole pages:
//! 2 MiB for each little bit appended since the last.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use super::create::{self, NewSegment, SharedSegment};
use super::format::{Identity, LogKind};
use super::status::LogCounters;
use super::sync::PREFAULT_WINDOW;
use crate::error::Error;

/// Pause before a segment that could not be made is tried again: a full disk stays full for a
/// while, and every try allocates and frees blocks.
const RETRY_PAUSE: Duration = Duration::from_millis(50);
/// Segments made ahead. While the medium is busy with a sync, making one takes as long as that
/// sync: the appender must have enough in hand for so long.
pub(crate) const AHEAD: usize = 2;
/// Time between two looks at the segments that wait; half a minute is what the kernel gives them.
const REFRESH_EVERY: Duration = Duration::from_secs(5);
/// A log that fills a segment faster than this gets huge pages: with segments of 64 MiB, more than
/// 6 MB/s, so that a sync writes several huge pages in any case.
const FAST_ROLL: Duration = Duration::from_secs(10);

/// A new segment, or the error number of why not.
pub(crate) type Made = Result<NewSegment, i32>;

/// What the writers ask for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Request {
    /// Make the next segment of this log.
    Make { kind: LogKind, why: Why },
    /// End the thread.
    Stop,
}

/// Why a segment is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// The log has just been opened.
    Start,
    /// A segment was taken.
    Roll,
    /// Making one failed, a moment ago: slowly.
    Retry,
}

/// Which log, and which segment comes next.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) log_dir: PathBuf,
    pub(crate) kind: LogKind,
    pub(crate) run: u32,
    pub(crate) segment_bytes: u32,
    pub(crate) next_number: u64,
}

/// Makes the segments of one log.
#[derive(Debug)]
pub(crate) struct SegmentMaker {
    place: Place,
    wall_clock: fn() -> i64,
    counters: Arc<LogCounters>,
    /// Segments made and not begun yet, as far as known.
    waiting: Vec<Arc<SharedSegment>>,
    rolled: Option<Instant>,
    /// Whether the log fills its segments fast.
    fast: bool,
}

impl SegmentMaker {
    pub(crate) fn new(place: Place, wall_clock: fn() -> i64, counters: Arc<LogCounters>) -> Self {
        Self {
            place,
            wall_clock,
            counters,
            waiting: Vec::new(),
            rolled: None,
            fast: false,
        }
    }

    /// Makes the next segment, ready to be written without a page fault.
    pub(crate) fn make(&mut self) -> Result<NewSegment, Error> {
        let id = Identity {
            kind: self.place.kind,
            number: self.place.next_number,
            run: self.place.run,
            segment_bytes: self.place.segment_bytes,
            created_wall_ns: (self.wall_clock)(),
        };
        let segment = create::create(&self.place.log_dir, &id)?;
        self.place.next_number += 1;
        if self.fast {
            segment.shared.map.prefer_huge_pages();
        }
        self.prefault(&segment.shared, self.place.segment_bytes as usize);
        self.waiting.push(Arc::clone(&segment.shared));
        Ok(segment)
    }

    fn prefault(&self, segment: &SharedSegment, bytes: usize) {
        if segment.map.prefault(0..bytes).is_err() {
            self.counters.prefault_failures.add_one();
        }
    }

    /// Notes that a segment was taken, and so how fast the log is.
    fn note_roll(&mut self) {
        let now = Instant::now();
        let last = self.rolled.replace(now);
        self.fast = last.is_some_and(|last| now - last < FAST_ROLL);
    }

    /// Faults the beginnings of the waiting segments in again: the kernel writes back pages that
    /// have been dirty for half a minute, and the appender must not find them clean.
    fn refresh(&mut self) {
        self.waiting.retain(|segment| !segment.is_begun());
        for segment in &self.waiting {
            self.prefault(segment, PREFAULT_WINDOW);
        }
    }
}

/// Serves requests until told to stop.
pub(crate) fn run(mut makers: [(SegmentMaker, Sender<Made>); 3], requests: &Receiver<Request>) {
    loop {
        match requests.recv_timeout(REFRESH_EVERY) {
            Ok(Request::Make { kind, why }) => {
                if why == Why::Retry {
                    thread::park_timeout(RETRY_PAUSE);
                }
                for (maker, reply) in makers
                    .iter_mut()
                    .filter(|(maker, _)| maker.place.kind == kind)
                {
                    if why == Why::Roll {
                        maker.note_roll();
                    }
                    // A requester that has gone needs no answer; recovery removes the file.
                    let _ = reply.send(maker.make().map_err(|error| error.errno()));
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                makers.iter_mut().for_each(|(maker, _)| maker.refresh());
            }
            Ok(Request::Stop) | Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}
