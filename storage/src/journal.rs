//! A journal: three logs, `records/`, `raw/` and `quarantine/`, written by one process and read by
//! any number.
//!
//! ```text
//! <dir>/lock                                 held by the writing process
//! <dir>/records/00000000000000000001.seg     segments of the one ordered log of records
//! <dir>/raw/00000000000000000001.seg         segments of the frames as received
//! <dir>/quarantine/00000000000000000001.seg  segments of the frames that were refused
//! <dir>/cursors/<name>                       how far each consumer is
//! <dir>/id                                   the journal's identity, made when a sink first asks
//! <dir>/dead/<sink>                          what a sink refused for ever, and what it never got
//! ```
//!
//! Three threads share the work: the owner appends, one thread makes the next segments ahead of
//! need, one syncs, seals and deletes. They share nothing but channels, counters and the mapping of
//! the active segment, through which only the owner writes.
//!
//! Invariants:
//!
//! * A sequence number is given to one frame only, over all runs: it continues behind the highest
//!   number that is legible in the log or saved in a cursor.
//! * A run number is higher than all before it in either log.

mod active;
mod create;
mod dir;
mod format;
#[cfg(test)]
mod format_tests;
mod id;
mod index;
mod lock;
mod map;
mod options;
mod prepare;
mod reader;
mod recovery;
mod seek;
mod segment;
mod status;
mod sync;
mod verify;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Sender, bounded};

pub use self::format::LogKind;
pub use self::id::JournalId;
pub use self::options::{JournalOptions, LogOptions};
pub use self::reader::LogReader;
pub use self::recovery::{Cut, LogRecovered};
pub use self::seek::Start;
pub use self::segment::Frame;
pub use self::status::{LogCounters, LogStats};
pub use self::verify::{Problem, SegmentInfo, VerifyReport, segments, verify};
pub use self::writer::{Batch, LogWriter};

pub(crate) use self::dir::{
    CURSORS, create_file, make, open_or_create, remove, rename, sync as sync_dir, temporary_path,
};
pub(crate) use self::format::SEQ_LIMIT;

use self::format::PAGE_BYTES;

use self::lock::DirLock;
use self::prepare::{AHEAD, Made, Place, Request, SegmentMaker};
use self::recovery::LogEnd;
use self::sync::{LogSync, Notice, SYNC_QUEUE, Seen};
use self::writer::Links;
use crate::cursor;
use crate::error::Error;

/// What opening a journal found.
#[derive(Clone, Debug)]
pub struct Recovered {
    /// Number of this run, from 1.
    pub run: u32,
    /// The log of records.
    pub records: LogRecovered,
    /// The log of frames as received.
    pub raw: LogRecovered,
    /// The log of refused frames.
    pub quarantine: LogRecovered,
}

/// An open journal: the right to append to its logs.
///
/// Dropping it closes it, but hides whether the last sync worked; use [`Journal::close`].
#[derive(Debug)]
pub struct Journal {
    run: u32,
    records: LogWriter,
    raw: LogWriter,
    quarantine: LogWriter,
    requests: Sender<Request>,
    notices: Sender<Notice>,
    /// Empty once shut down.
    threads: Vec<JoinHandle<()>>,
    /// Released last, when no thread of this journal is left.
    _lock: DirLock,
}

impl Journal {
    /// Opens or creates the journal in `dir`: takes its lock, recovers the logs, and starts a new
    /// segment in each under a new run number.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`] if another process has it; [`Error::Option`] for an option out of range;
    /// [`Error::NoPreallocation`] on a file system that cannot reserve blocks;
    /// [`Error::NewerFormat`] and [`Error::WrongSegment`] for segments this build must not touch;
    /// [`Error::Io`] for the rest.
    pub fn open(dir: &Path, options: JournalOptions) -> Result<(Self, Recovered), Error> {
        options.check()?;
        dir::make(dir)?;
        let lock = DirLock::take(dir)?;
        let records = Log::recover(dir, LogKind::Records, options.records)?;
        let raw = Log::recover(dir, LogKind::Raw, options.raw)?;
        let quarantine = Log::recover(dir, LogKind::Quarantine, options.quarantine)?;
        let run = records.end.run.max(raw.end.run).max(quarantine.end.run) + 1;
        let recovered = Recovered {
            run,
            records: records.end.report.clone(),
            raw: raw.end.report.clone(),
            quarantine: quarantine.end.report.clone(),
        };
        let (requests, requested) = bounded(REQUEST_QUEUE);
        let (notices, noticed) = bounded(SYNC_QUEUE);
        let wires = Wires {
            run,
            options: &options,
            requests: &requests,
            notices: &notices,
        };
        let (records, raw) = (records.start(&wires)?, raw.start(&wires)?);
        let quarantine = quarantine.start(&wires)?;
        let makers = [records.maker, raw.maker, quarantine.maker];
        let syncs = [records.sync, raw.sync, quarantine.sync];
        let threads = vec![
            spawn("journal-prepare", move || prepare::run(makers, &requested))?,
            spawn("journal-sync", move || {
                sync::run(syncs, &noticed, options.sync_interval)
            })?,
        ];
        Ok((
            Self {
                run,
                records: records.writer,
                raw: raw.writer,
                quarantine: quarantine.writer,
                requests,
                notices,
                threads,
                _lock: lock,
            },
            recovered,
        ))
    }

    /// Number of this run: one more than the highest that ever wrote to this journal.
    #[must_use]
    pub fn run(&self) -> u32 {
        self.run
    }

    /// The appender of the log of records.
    pub fn records(&mut self) -> &mut LogWriter {
        &mut self.records
    }

    /// The appender of the log of frames as received.
    pub fn raw(&mut self) -> &mut LogWriter {
        &mut self.raw
    }

    /// The appender of the log of refused frames.
    pub fn quarantine(&mut self) -> &mut LogWriter {
        &mut self.quarantine
    }

    /// The appenders of records and raw frames at once, records first.
    pub fn logs(&mut self) -> (&mut LogWriter, &mut LogWriter) {
        (&mut self.records, &mut self.raw)
    }

    /// Seals the logs, waits until all of it is on the medium, and gives the lock back.
    ///
    /// # Errors
    ///
    /// [`Error::SyncFailed`] if a sync failed, now or earlier: the frames are there for every
    /// reader, but may not survive power loss.
    pub fn close(mut self) -> Result<(), Error> {
        self.shut_down();
        for (log, writer) in [
            (LogKind::Records, &self.records),
            (LogKind::Raw, &self.raw),
            (LogKind::Quarantine, &self.quarantine),
        ] {
            if let Some(errno) = writer.counters().poisoned() {
                return Err(Error::SyncFailed {
                    log: log.name(),
                    errno,
                });
            }
        }
        Ok(())
    }

    fn shut_down(&mut self) {
        if self.threads.is_empty() {
            return;
        }
        self.records.end_log();
        self.raw.end_log();
        self.quarantine.end_log();
        // A thread that is gone needs no message; that it is gone shows in the counters.
        let _ = self.requests.send(Request::Stop);
        let _ = self.notices.send(Notice::Stop);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
        self.records.remove_unused();
        self.raw.remove_unused();
        self.quarantine.remove_unused();
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.shut_down();
    }
}

/// Room for the requests of each log and the message to stop.
const REQUEST_QUEUE: usize = 3 * AHEAD + 1;

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    let spawned = thread::Builder::new().name(name.to_owned()).spawn(work);
    spawned.map_err(Error::io("start thread", Path::new(name)))
}

/// What all logs of a journal start with.
struct Wires<'a> {
    run: u32,
    options: &'a JournalOptions,
    requests: &'a Sender<Request>,
    notices: &'a Sender<Notice>,
}

/// One log between recovery and its first segment.
struct Log {
    kind: LogKind,
    log_dir: PathBuf,
    options: LogOptions,
    end: LogEnd,
}

/// One log at work.
struct StartedLog {
    writer: LogWriter,
    sync: LogSync,
    maker: (SegmentMaker, Sender<Made>),
}

impl Log {
    fn recover(dir: &Path, kind: LogKind, options: LogOptions) -> Result<Self, Error> {
        let log_dir = dir.join(kind.name());
        dir::make(&log_dir)?;
        let mut end = recovery::recover(&log_dir, kind)?;
        let saved = cursor::highest(dir, kind)?;
        end.report.next_seq = end.report.next_seq.max(saved);
        Ok(Self {
            kind,
            log_dir,
            options,
            end,
        })
    }

    fn start(self, wires: &Wires<'_>) -> Result<StartedLog, Error> {
        let counters = Arc::new(LogCounters::default());
        let (reply, made) = bounded(AHEAD);
        let mut maker = self.maker(wires, &counters);
        let first = maker.make()?;
        let active = Arc::clone(&first.shared);
        let links = Links {
            kind: self.kind,
            made,
            requests: wires.requests.clone(),
            notices: wires.notices.clone(),
            counters: Arc::clone(&counters),
        };
        let writer = LogWriter::new(first, self.end.report.next_seq, self.end.ts_max, links);
        self.remove_empty(&active)?;
        let sync = self.sync(active, counters);
        Ok(StartedLog {
            writer,
            sync,
            maker: (maker, reply),
        })
    }

    fn maker(&self, wires: &Wires<'_>, counters: &Arc<LogCounters>) -> SegmentMaker {
        let place = Place {
            log_dir: self.log_dir.clone(),
            kind: self.kind,
            run: wires.run,
            segment_bytes: self.options.segment_bytes,
            next_number: self.end.next_number,
        };
        SegmentMaker::new(place, wires.options.wall_clock, Arc::clone(counters))
    }

    /// Segments of runs that appended nothing go, once the new one durably knows the next number
    /// and the run.
    fn remove_empty(&self, active: &create::SharedSegment) -> Result<(), Error> {
        active
            .map
            .sync(0..PAGE_BYTES)
            .map_err(Error::io("sync", &active.path))?;
        self.end.empty.iter().try_for_each(|path| dir::remove(path))
    }

    fn sync(self, active: Arc<create::SharedSegment>, counters: Arc<LogCounters>) -> LogSync {
        let unsealed = (1 + AHEAD as u64) * u64::from(self.options.segment_bytes);
        let mut sealed = self.end.sealed;
        sealed.retain(|segment| !self.end.empty.contains(&segment.path));
        LogSync {
            kind: self.kind,
            active,
            seen: Seen::default(),
            synced: 0,
            counters,
            sealed,
            sealed_bytes_max: self.options.retain_bytes.map(|bytes| bytes - unsealed),
        }
    }
}
