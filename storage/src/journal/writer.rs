//! The appender of one log.
//!
//! Invariants:
//!
//! * The bytes behind the last frame are zero, room for an end marker is always left, and a frame's
//!   length is published only after everything else of it, and of all frames before it, is in
//!   place.
//! * A roll publishes in this order: the next segment's start mark, then the end marker here. A
//!   reader that sees the end finds the next segment started.
//! * Frames are published in order, each behind a complete one: whenever the process dies, what is
//!   visible is a prefix of what was written, and what is not visible has no length.
//! * An append that fails has changed nothing.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, TryRecvError};

use super::active::{Active, Placed};
use super::create::NewSegment;
use super::format::{FRAME_HEADER_BYTES, LogKind, Mark};
use super::prepare::{AHEAD, Made, Request, Why};
use super::status::LogCounters;
use super::sync::Notice;
use crate::error::AppendError;

/// What a writer is connected to.
#[derive(Debug)]
pub(crate) struct Links {
    pub(crate) kind: LogKind,
    pub(crate) made: Receiver<Made>,
    pub(crate) requests: Sender<Request>,
    pub(crate) notices: Sender<Notice>,
    pub(crate) counters: Arc<LogCounters>,
}

/// Appends to one log of an open [`crate::Journal`]. There is one per log; it may move between
/// threads.
#[derive(Debug)]
pub struct LogWriter {
    active: Active,
    seq: u64,
    ts_max: i64,
    /// Why the last try to make a segment failed, until one succeeds.
    failing: Option<i32>,
    /// What [`LogWriter::is_ready`] found made.
    found: Option<Made>,
    links: Links,
}

impl LogWriter {
    /// Starts `segment` as the first of this run.
    pub(crate) fn new(segment: NewSegment, seq: u64, ts_max: i64, links: Links) -> Self {
        let active = Active::start(segment, seq, ts_max);
        let writer = Self {
            active,
            seq,
            ts_max,
            failing: None,
            found: None,
            links,
        };
        (0..AHEAD).for_each(|_| writer.request(Why::Start));
        writer
    }

    /// Appends one frame made of `parts` in order, and returns its sequence number. Once this
    /// returns, every reader can see the frame, and it survives the death of this process.
    ///
    /// `ts_recv` is the frame's receive stamp in nanoseconds; it is what [`crate::Start::Time`]
    /// seeks by and need not grow.
    ///
    /// # Errors
    ///
    /// [`AppendError::TooLarge`] for a payload beyond [`Self::payload_limit`];
    /// [`AppendError::Roll`] when the next segment cannot be made (try again later);
    /// [`AppendError::Poisoned`] after a failed sync. Nothing of the frame is written then.
    ///
    /// # Hot path
    ///
    /// No allocation, lock or system call, except where a segment ends; there, too, only when the
    /// next segment is not ready yet or to wake the threads that prepare and seal.
    #[inline(always)]
    pub fn append(&mut self, ts_recv: i64, parts: &[&[u8]]) -> Result<u64, AppendError> {
        let placed = self.place(ts_recv, parts)?;
        self.active.append_now(&placed, parts);
        Ok(placed.seq)
    }

    /// Starts a batch: frames that are written one by one and published together.
    ///
    /// Saves what a publication costs, above all the cache line that readers take away while the
    /// next frame is being written into it.
    ///
    /// ```
    /// # use feedd_storage::{Journal, JournalOptions};
    /// # let dir = tempfile::tempdir()?;
    /// # let (mut journal, _) = Journal::open(dir.path(), JournalOptions::default())?;
    /// let mut batch = journal.records().batch();
    /// for ts_recv in 0..100 {
    ///     batch.append(ts_recv, &[b"record"])?;
    /// }
    /// batch.publish();
    /// # journal.close()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn batch(&mut self) -> Batch<'_> {
        Batch { log: self }
    }

    /// Numbers one frame and finds it a segment with room; the caller has to write it.
    #[inline(always)]
    fn place(&mut self, ts_recv: i64, parts: &[&[u8]]) -> Result<Placed, AppendError> {
        let length = self.admit(parts)?;
        if !self.active.fits(length) {
            self.active.publish(self.seq);
            self.roll()?;
        }
        let (seq, ts_max) = (self.seq, self.ts_max);
        self.seq += 1;
        self.ts_max = ts_max.max(ts_recv);
        Ok(Placed {
            length,
            seq,
            ts_recv,
            ts_max,
        })
    }

    /// Whether a frame with this many bytes of payload can be appended without waiting for another
    /// thread: it has room in the segment, or the next one is at hand.
    ///
    /// Where the next segment could not be made (the disk is full) it stays `false` until an append
    /// has been refused with [`AppendError::Roll`], which has it tried again, and the try succeeds.
    /// Nothing else is looked at: [`Self::append`] still refuses, at once, a payload that is too long
    /// and all after a failed sync.
    #[inline]
    pub fn is_ready(&mut self, bytes: usize) -> bool {
        self.active.fits(FRAME_HEADER_BYTES + bytes) || self.can_roll()
    }

    #[cold]
    fn can_roll(&mut self) -> bool {
        if self.found.is_none() {
            self.found = self.links.made.try_recv().ok();
        }
        matches!(self.found, Some(Ok(_))) && !self.links.notices.is_full()
    }

    /// Sequence number the next frame will get.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.seq
    }

    /// Longest payload a frame may have, in bytes.
    #[must_use]
    pub fn payload_limit(&self) -> usize {
        self.active.payload_limit()
    }

    /// The counters of this log, to be read from any thread.
    #[must_use]
    pub fn counters(&self) -> &Arc<LogCounters> {
        &self.links.counters
    }

    /// Length of the frame that holds `parts`.
    #[inline(always)]
    fn admit(&self, parts: &[&[u8]]) -> Result<usize, AppendError> {
        self.links.counters.check()?;
        let bytes = parts
            .iter()
            .fold(0_usize, |sum, part| sum.saturating_add(part.len()));
        if bytes > self.active.payload_limit() {
            return Err(self.too_large(bytes));
        }
        Ok(FRAME_HEADER_BYTES + bytes)
    }

    #[cold]
    fn too_large(&self, bytes: usize) -> AppendError {
        AppendError::TooLarge {
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
            limit: self.active.payload_limit() as u32,
        }
    }

    /// Goes on in the next segment.
    #[cold]
    fn roll(&mut self) -> Result<(), AppendError> {
        let segment = self.next_segment().inspect_err(|_| {
            self.links.counters.failed_rolls.add_one();
        })?;
        let next = Active::start(segment, self.seq, self.ts_max);
        let end = self.end_segment();
        self.active = next;
        let next = Arc::clone(self.active.shared());
        self.notify(Notice::Rolled {
            kind: self.links.kind,
            end,
            next,
        });
        self.links.counters.rolls.add_one();
        self.request(Why::Roll);
        Ok(())
    }

    /// Takes the segment that was made ahead. If making it failed, it is asked for once more,
    /// because the reason may be long gone; while it keeps failing nothing waits.
    fn next_segment(&mut self) -> Result<NewSegment, AppendError> {
        let found = self.found.take();
        let made = found.map_or_else(|| self.links.made.try_recv(), Ok);
        let made = match (made, self.failing) {
            (Ok(made), _) => made,
            (Err(TryRecvError::Empty), Some(errno)) => return Err(AppendError::Roll { errno }),
            (Err(_), _) => self.wait_for_segment(),
        };
        let made = match made {
            Err(_) if self.failing.is_none() => {
                self.request(Why::Start);
                self.wait_for_segment()
            }
            other => other,
        };
        self.failing = made.as_ref().err().copied();
        made.map_err(|errno| {
            self.request(Why::Retry);
            AppendError::Roll { errno }
        })
    }

    fn wait_for_segment(&self) -> Made {
        self.links.counters.late_rolls.add_one();
        self.links
            .made
            .recv()
            .unwrap_or(Err(rustix::io::Errno::IO.raw_os_error()))
    }

    fn request(&self, why: Why) {
        let kind = self.links.kind;
        // If the thread is gone, waiting for its answer fails, and that is reported.
        let _ = self.links.requests.send(Request::Make { kind, why });
    }

    /// Ends the log for this run; no append may follow.
    pub(crate) fn end_log(&mut self) {
        let end = self.end_segment();
        self.notify(Notice::Closed {
            kind: self.links.kind,
            end,
        });
    }

    /// Removes the segments that were made ahead, once the thread that makes them is gone.
    pub(crate) fn remove_unused(&mut self) {
        let found = self.found.take();
        for unused in found
            .into_iter()
            .chain(self.links.made.try_iter())
            .flatten()
        {
            // What stays behind is removed by the next recovery.
            let _ = super::dir::remove(&unused.shared.path);
        }
    }

    /// Publishes the end marker and tells where it stands.
    fn end_segment(&mut self) -> Mark {
        Mark {
            offset: self.active.end(),
            seq: self.seq,
            ts_max: self.ts_max,
        }
    }

    fn notify(&self, notice: Notice) {
        let Err(refused) = self.links.notices.try_send(notice) else {
            return;
        };
        self.links.counters.sync_waits.add_one();
        if self.links.notices.send(refused.into_inner()).is_err() {
            self.links
                .counters
                .poison(rustix::io::Errno::IO.raw_os_error());
        }
    }
}

/// Frames of one log that become visible together; see [`LogWriter::batch`]. Dropping it publishes
/// them.
#[derive(Debug)]
pub struct Batch<'a> {
    log: &'a mut LogWriter,
}

impl Batch<'_> {
    /// Appends one frame as [`LogWriter::append`] does, except that it may stay invisible until the
    /// batch is published. A batch of more than 64 frames is published in parts.
    ///
    /// # Errors
    ///
    /// As for [`LogWriter::append`]. The frames before stay in the batch.
    ///
    /// # Hot path
    ///
    /// As for [`LogWriter::append`].
    #[inline(always)]
    pub fn append(&mut self, ts_recv: i64, parts: &[&[u8]]) -> Result<u64, AppendError> {
        let placed = self.log.place(ts_recv, parts)?;
        self.log.active.append(&placed, parts);
        Ok(placed.seq)
    }

    /// As [`LogWriter::is_ready`].
    #[inline]
    pub fn is_ready(&mut self, bytes: usize) -> bool {
        self.log.is_ready(bytes)
    }

    /// Makes the frames visible: from now on they survive the death of this process. Dropping the
    /// batch does the same.
    pub fn publish(self) {}
}

impl Drop for Batch<'_> {
    #[inline]
    fn drop(&mut self) {
        let seq = self.log.seq;
        self.log.active.publish(seq);
    }
}
