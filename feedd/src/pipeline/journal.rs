//! The journal's work: takes frames out of every reader's ring and appends them.
//!
//! The order in which it takes them is the order of the log. A full disk stops this work, not the
//! readers: they go on until their rings are full, then stop reading their sockets.
//!
//! It has a thread of its own, which may wait for the disk ([`Writer::run`]), or is done by a reader
//! that may not ([`Writer::step`], `carry.rs`).

mod step;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use feedd_codecs::VenueId;
use feedd_ringbuf::{Cursor, Polled};
use feedd_storage::{AppendError, Journal};
use tokio::sync::watch;

use super::entry::{Entry, Run, What};
use super::latency::{Interval, Recorder, Stage};
use crate::clock;
use crate::exit::{Code, Failure};

/// Frames taken from one ring before the next is looked at.
const BATCH: usize = 256;
/// Looks at empty rings before the thread sleeps.
const SPINS: u32 = 2_000;
/// How long it sleeps then: bounds the latency after a quiet moment.
const IDLE: Duration = Duration::from_micros(50);
/// Pause between two tries while the disk takes nothing.
const RETRY: Duration = Duration::from_millis(50);
/// How long a stop waits for a disk that takes nothing.
const STOP_PATIENCE: Duration = Duration::from_secs(5);
/// Time between two complaints about it.
const COMPLAIN_EVERY: Duration = Duration::from_secs(10);

/// Counters of the journal thread.
#[derive(Debug, Default)]
pub(super) struct SharedReport {
    records: AtomicU64,
    raw: AtomicU64,
    quarantined: AtomicU64,
    refused: AtomicU64,
    handed_over: AtomicU64,
    last_seq: AtomicU64,
}

/// [`Pipeline`](super::Pipeline) counters of the journal at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JournalReport {
    /// Records appended.
    pub records: u64,
    /// Frames appended to `raw/`.
    pub raw: u64,
    /// Frames appended to `quarantine/`.
    pub quarantined: u64,
    /// Appends refused: frames larger than a segment, and tries on a full disk.
    pub refused: u64,
    /// How often a reader that carries the journal's work left it to the journal thread, because
    /// something would have waited.
    pub handed_over: u64,
    /// Journal sequence of the newest record.
    pub last_seq: u64,
}

impl SharedReport {
    pub(super) fn read(&self) -> JournalReport {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        JournalReport {
            records: load(&self.records),
            raw: load(&self.raw),
            quarantined: load(&self.quarantined),
            refused: load(&self.refused),
            handed_over: load(&self.handed_over),
            last_seq: load(&self.last_seq),
        }
    }
}

/// Is called with each record as soon as it stands in the mapped journal, on the thread that does
/// the journal's work: for measurements, which have to read the clock there. It must not block.
pub type Observer = Box<dyn FnMut(&[u8]) + Send>;

/// The state of the journal's work.
pub(super) struct Writer {
    journal: Journal,
    cursors: Vec<Option<Cursor>>,
    recorders: Vec<Recorder>,
    checkpoints: Arc<AtomicU64>,
    report: Arc<SharedReport>,
    rolls: u64,
    next_complaint: Option<Instant>,
    /// Whether it never sleeps.
    spins: bool,
    /// The stop signal; a sender that is gone is a stop as well.
    stopped: Option<watch::Receiver<bool>>,
    /// When a stop was first seen to wait for the disk.
    stop_waits: Option<Instant>,
    observer: Option<Observer>,
}

impl Writer {
    pub(super) fn new(
        journal: Journal,
        cursors: Vec<Cursor>,
        venues: Vec<VenueId>,
        checkpoints: Arc<AtomicU64>,
        report: Arc<SharedReport>,
        intervals: Sender<Interval>,
    ) -> Self {
        let now = clock::mono();
        let recorders = venues
            .into_iter()
            .map(|venue| Recorder::new(venue, now, intervals.clone()))
            .collect();
        let cursors = cursors.into_iter().map(Some).collect();
        Self {
            journal,
            cursors,
            recorders,
            checkpoints,
            report,
            rolls: 0,
            next_complaint: None,
            spins: false,
            stopped: None,
            stop_waits: None,
            observer: None,
        }
    }

    /// With someone who is told of each record.
    pub(super) fn observed(mut self, observer: Option<Observer>) -> Self {
        self.observer = observer;
        self
    }

    /// Without ever sleeping, if `spins`.
    pub(super) const fn spinning(mut self, spins: bool) -> Self {
        self.spins = spins;
        self
    }

    /// With the signal after which a disk that takes nothing is waited for only so long.
    pub(super) fn stopped_by(mut self, stopped: watch::Receiver<bool>) -> Self {
        self.stopped = Some(stopped);
        self
    }

    /// Runs until every reader is gone and everything is journaled.
    pub(super) fn run(mut self) -> Result<(), Failure> {
        let mut idle = 0;
        while self.is_open() {
            if self.round()? {
                idle = 0;
                continue;
            }
            idle = if idle < 2 * SPINS {
                idle + 1
            } else {
                SPINS + 1
            };
            if idle > SPINS && !self.spins {
                std::thread::sleep(IDLE);
            } else {
                std::hint::spin_loop();
            }
            if idle == SPINS + 1 {
                self.once_in_a_while();
            }
        }
        self.finish()
    }

    /// Runs until every ring is empty.
    pub(super) fn catch_up(&mut self) -> Result<(), Failure> {
        while self.round()? {}
        Ok(())
    }

    /// Whether a reader is there.
    pub(super) fn is_open(&self) -> bool {
        self.cursors.iter().any(Option::is_some)
    }

    /// The last histograms, and the journal's end.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        let now = clock::mono();
        self.recorders
            .iter_mut()
            .for_each(|recorder| recorder.send(now));
        Ok(self.journal.close()?)
    }

    /// One batch of every ring; whether there was anything.
    fn round(&mut self) -> Result<bool, Failure> {
        let mut busy = false;
        for at in 0..self.cursors.len() {
            let Some(mut cursor) = self.cursors[at].take() else {
                continue;
            };
            let taken = self.drain(&mut cursor, Self::append)?;
            busy |= taken;
            let open = taken || !self.is_closed(&mut cursor)?;
            self.cursors[at] = open.then_some(cursor);
        }
        if busy {
            self.once_in_a_while();
        }
        Ok(busy)
    }

    /// Hands a batch of one ring to `append`; whether there was anything. The batch's space goes back to the
    /// reader at once: the next round may wait for the disk.
    #[inline]
    fn drain<E: From<Failure>>(
        &mut self,
        cursor: &mut Cursor,
        mut append: impl FnMut(&mut Self, &[Entry<'_>]) -> Result<(), E>,
    ) -> Result<bool, E> {
        let mut frames = cursor.frames(BATCH);
        let mut next = frames.next().map(Entry::open).transpose()?;
        let busy = next.is_some();
        while let Some(first) = next.take() {
            let mut run = Run::of(first);
            for frame in frames.by_ref() {
                next = run.add(Entry::open(frame)?);
                if next.is_some() {
                    break;
                }
            }
            append(self, run.entries())?;
        }
        cursor.release();
        Ok(busy)
    }

    /// Whether nothing will come any more. What came since [`Writer::drain`] looked is appended.
    fn is_closed(&mut self, cursor: &mut Cursor) -> Result<bool, Failure> {
        match cursor.poll() {
            Polled::Closed => return Ok(true),
            Polled::Empty => {}
            Polled::Frame(frame) => self.append(&[Entry::open(frame)?])?,
        }
        Ok(false)
    }

    /// Sends histograms that are due, and has readers begin each segment with what it needs.
    pub(super) fn once_in_a_while(&mut self) {
        let now = clock::mono();
        self.recorders
            .iter_mut()
            .for_each(|recorder| recorder.swap(now));
        let rolls = self.journal.records().counters().read().rolls;
        if rolls != self.rolls {
            self.rolls = rolls;
            self.checkpoints.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Appends entries of one log and publishes them together, waiting for a disk that takes nothing.
    /// What is larger than a segment is left out and counted.
    fn append(&mut self, mut entries: &[Entry<'_>]) -> Result<(), Failure> {
        while !entries.is_empty() {
            let (written, refused) = self.write(entries, false);
            self.written(&entries[..written]);
            entries = &entries[written..];
            let Some(error) = refused else { continue };
            self.report.refused.fetch_add(1, Ordering::Relaxed);
            match error {
                AppendError::TooLarge { .. } => {
                    tracing::warn!(%error, "not journaled; raise journal.segment");
                    entries = entries.get(1..).unwrap_or_default();
                }
                AppendError::Poisoned { .. } => {
                    return Err(Failure::new(Code::Io, error.to_string()));
                }
                AppendError::Roll { .. } => self.pause(error)?,
            }
        }
        Ok(())
    }

    /// One batch of a log: how many of the entries were appended, and what refused the next. At once:
    /// without waiting for the next segment, which then refuses nothing.
    #[inline]
    fn write(&mut self, entries: &[Entry<'_>], at_once: bool) -> (usize, Option<AppendError>) {
        let log = match entries.first().map(|first| first.what) {
            Some(What::Record) => self.journal.records(),
            Some(What::Raw) => self.journal.raw(),
            Some(What::Quarantine) => self.journal.quarantine(),
            None => return (0, None),
        };
        let mut batch = log.batch();
        for (at, entry) in entries.iter().enumerate() {
            if at_once && !batch.is_ready(entry.body.len()) {
                return (at, None);
            }
            if let Err(error) = batch.append(entry.ts_recv, &[entry.body]) {
                return (at, Some(error));
            }
        }
        (entries.len(), None)
    }

    /// Counts what every reader of the journal can see from now on.
    fn written(&mut self, entries: &[Entry<'_>]) {
        let Some(first) = entries.first() else { return };
        let counter = match first.what {
            What::Record => &self.report.records,
            What::Raw => &self.report.raw,
            What::Quarantine => &self.report.quarantined,
        };
        counter.fetch_add(entries.len() as u64, Ordering::Relaxed);
        if first.what != What::Record {
            return;
        }
        if let Some(observer) = &mut self.observer {
            entries.iter().for_each(|entry| observer(entry.body));
        }
        let last_seq = self.journal.records().next_seq().saturating_sub(1);
        self.report.last_seq.store(last_seq, Ordering::Relaxed);
        let now = clock::mono();
        for entry in entries {
            if let Some(recorder) = self.recorders.get_mut(entry.feed) {
                recorder.record(Stage::PublishedJournaled, now - entry.published);
            }
        }
    }

    /// Waits a little for a disk that takes nothing; a stop waits only so long.
    fn pause(&mut self, error: AppendError) -> Result<(), Failure> {
        self.complain(error);
        if self.is_stopping() {
            let since = self.stop_waits.get_or_insert_with(Instant::now);
            if since.elapsed() > STOP_PATIENCE {
                return Err(Failure::new(
                    Code::Io,
                    format!("{error}; captured records are lost"),
                ));
            }
        }
        std::thread::sleep(RETRY);
        Ok(())
    }

    fn is_stopping(&self) -> bool {
        let stopped = self.stopped.as_ref();
        stopped.is_some_and(|signal| *signal.borrow() || signal.has_changed().is_err())
    }

    fn complain(&mut self, error: AppendError) {
        let now = Instant::now();
        if self.next_complaint.is_none_or(|at| now >= at) {
            self.next_complaint = Some(now + COMPLAIN_EVERY);
            tracing::error!(%error, "the journal takes nothing; readers stop when their rings are full");
        }
    }
}
