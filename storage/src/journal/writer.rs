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
use zerocopy::IntoBytes;

use super::create::{NewSegment, SharedSegment};
use super::format::{
    DATA_ALIGN, END_MARKER_BYTES, END_OF_SEGMENT, FRAME_CRC_AT, FRAME_HEADER_BYTES, LogKind, Mark,
    START_MARK_AT, fill_frame, padded, payload_limit,
};
use super::index::IndexPlan;
use super::map::WriteMap;
use super::prepare::{Made, Request};
use super::status::LogCounters;
use super::sync::Notice;
use crate::error::AppendError;

/// Frames written before they are published, at most: a reader waits for no more than about a
/// microsecond of writing.
const BATCH_MAX: usize = 64;

/// Cache lines behind the newest frame that are asked for ahead of the next one, in which they will
/// be written: what a trade takes.
const PREFETCH_LINES: usize = 3;

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
    links: Links,
}

/// The segment being written.
#[derive(Debug)]
struct Active {
    map: WriteMap,
    shared: Arc<SharedSegment>,
    number: u64,
    seed: u32,
    /// Where the next frame goes.
    at: usize,
    /// Where the end marker must stand at the latest.
    limit: usize,
    payload_limit: usize,
    index: IndexPlan,
    pending: Pending,
}

/// Frames that are written but not published.
#[derive(Debug)]
struct Pending {
    /// Offset and length.
    frames: [(u32, u32); BATCH_MAX],
    count: usize,
}

impl Pending {
    const fn new() -> Self {
        Self {
            frames: [(0, 0); BATCH_MAX],
            count: 0,
        }
    }

    #[inline]
    fn push(&mut self, at: u32, length: u32) {
        if let Some(free) = self.frames.get_mut(self.count) {
            *free = (at, length);
            self.count += 1;
        }
    }

    #[inline]
    fn is_full(&self) -> bool {
        self.count == BATCH_MAX
    }

    #[inline]
    fn frames(&self) -> &[(u32, u32)] {
        self.frames.get(..self.count).unwrap_or_default()
    }

    #[inline]
    fn clear(&mut self) {
        self.count = 0;
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
    #[inline]
    pub fn append(&mut self, ts_recv: i64, parts: &[&[u8]]) -> Result<u64, AppendError> {
        self.log.write(ts_recv, parts)
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

impl LogWriter {
    /// Starts `segment` as the first of this run.
    pub(crate) fn new(segment: NewSegment, seq: u64, ts_max: i64, links: Links) -> Self {
        let active = Active::start(segment, seq, ts_max);
        let writer = Self {
            active,
            seq,
            ts_max,
            failing: None,
            links,
        };
        writer.request(false);
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
    #[inline]
    pub fn append(&mut self, ts_recv: i64, parts: &[&[u8]]) -> Result<u64, AppendError> {
        let seq = self.write(ts_recv, parts)?;
        self.active.publish(self.seq);
        Ok(seq)
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

    /// Writes one frame behind the others and does not publish it yet, unless the index or the end
    /// of the segment asks for it.
    #[inline]
    fn write(&mut self, ts_recv: i64, parts: &[&[u8]]) -> Result<u64, AppendError> {
        let length = self.admit(parts)?;
        if self.active.at + padded(length) > self.active.limit {
            self.active.publish(self.seq);
            self.roll()?;
        }
        let (seq, ts_max) = (self.seq, self.ts_max);
        self.seq += 1;
        self.ts_max = ts_max.max(ts_recv);
        self.active.put(length, (seq, ts_recv), parts);
        self.active.note(length, seq, ts_max);
        Ok(seq)
    }

    /// Sequence number the next frame will get.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.seq
    }

    /// Longest payload a frame may have, in bytes.
    #[must_use]
    pub fn payload_limit(&self) -> usize {
        self.active.payload_limit
    }

    /// The counters of this log, to be read from any thread.
    #[must_use]
    pub fn counters(&self) -> &Arc<LogCounters> {
        &self.links.counters
    }

    /// Length of the frame that holds `parts`.
    #[inline]
    fn admit(&self, parts: &[&[u8]]) -> Result<usize, AppendError> {
        self.links.counters.check()?;
        let bytes = parts
            .iter()
            .fold(0_usize, |sum, part| sum.saturating_add(part.len()));
        if bytes > self.active.payload_limit {
            return Err(self.too_large(bytes));
        }
        Ok(FRAME_HEADER_BYTES + bytes)
    }

    #[cold]
    fn too_large(&self, bytes: usize) -> AppendError {
        AppendError::TooLarge {
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
            limit: self.active.payload_limit as u32,
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
        let next = Arc::clone(&self.active.shared);
        self.notify(Notice::Rolled {
            kind: self.links.kind,
            end,
            next,
        });
        self.links.counters.rolls.add_one();
        self.request(false);
        Ok(())
    }

    /// Takes the segment that was made ahead. If making it failed, it is asked for once more,
    /// because the reason may be long gone; while it keeps failing nothing waits.
    fn next_segment(&mut self) -> Result<NewSegment, AppendError> {
        let made = match (self.links.made.try_recv(), self.failing) {
            (Ok(made), _) => made,
            (Err(TryRecvError::Empty), Some(errno)) => return Err(AppendError::Roll { errno }),
            (Err(_), _) => self.wait_for_segment(),
        };
        let made = match made {
            Err(_) if self.failing.is_none() => {
                self.request(false);
                self.wait_for_segment()
            }
            other => other,
        };
        self.failing = made.as_ref().err().copied();
        made.map_err(|errno| {
            self.request(true);
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

    fn request(&self, again: bool) {
        let (kind, number) = (self.links.kind, self.active.number + 1);
        let request = Request::Make {
            kind,
            number,
            again,
        };
        // If the thread is gone, waiting for its answer fails, and that is reported.
        let _ = self.links.requests.send(request);
    }

    /// Ends the log for this run; no append may follow.
    pub(crate) fn end_log(&mut self) {
        let end = self.end_segment();
        self.notify(Notice::Closed {
            kind: self.links.kind,
            end,
        });
    }

    /// Removes the segment that was made ahead, once the thread that makes them is gone.
    pub(crate) fn remove_unused(&self) {
        for unused in self.links.made.try_iter().flatten() {
            // What stays behind is removed by the next recovery.
            let _ = super::dir::remove(&unused.shared.path);
        }
    }

    /// Publishes the end marker and tells where it stands.
    fn end_segment(&mut self) -> Mark {
        self.active.map.publish(self.active.at, END_OF_SEGMENT);
        Mark {
            offset: self.active.at as u32,
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

impl Active {
    /// Publishes the start mark of `segment`.
    fn start(segment: NewSegment, seq: u64, ts_max: i64) -> Self {
        let NewSegment {
            header,
            map,
            shared,
        } = segment;
        let at = header.data_offset();
        let bytes = header.segment_bytes.get() as usize;
        let mut active = Self {
            map,
            shared,
            number: header.number.get(),
            seed: header.seed(),
            at,
            limit: bytes - END_MARKER_BYTES,
            payload_limit: payload_limit(bytes),
            index: IndexPlan::new(&header),
            pending: Pending::new(),
        };
        active.mark(
            START_MARK_AT,
            &Mark {
                offset: at as u32,
                seq,
                ts_max,
            },
        );
        active.shared.advance(at, seq);
        active
    }

    /// Writes a frame, all but its length.
    #[inline]
    fn put(&mut self, length: usize, stamp: (u64, i64), parts: &[&[u8]]) {
        let seed = self.seed;
        let range = self.at + FRAME_CRC_AT..self.at + length;
        fill_frame(
            self.map.unpublished(range),
            seed,
            length as u32,
            stamp,
            parts,
        );
    }

    /// Accounts for the frame just written. The one that gets an index mark is published first: a
    /// mark never points to what a reader may not see.
    #[inline]
    fn note(&mut self, length: usize, seq: u64, ts_max: i64) {
        let offset = self.at;
        self.at += padded(length);
        self.pending.push(offset as u32, length as u32);
        if let Some(place) = self.index.place(offset) {
            self.publish(seq + 1);
            self.mark(
                place,
                &Mark {
                    offset: offset as u32,
                    seq,
                    ts_max,
                },
            );
        } else if self.pending.is_full() {
            self.publish(seq + 1);
        }
    }

    /// Publishes what is pending, in order; `seq` is the number of the frame to come.
    #[inline]
    fn publish(&mut self, seq: u64) {
        for &(at, length) in self.pending.frames() {
            self.map.publish(at as usize, length);
        }
        self.pending.clear();
        self.shared.advance(self.at, seq);
        for ahead in 0..PREFETCH_LINES {
            self.map.prefetch(self.at + ahead * DATA_ALIGN);
        }
    }

    fn mark(&mut self, at: usize, mark: &Mark) {
        let bytes = mark.encode(self.seed);
        self.map
            .write(at + size_of::<u32>(), &bytes.as_bytes()[size_of::<u32>()..]);
        self.map.publish(at, mark.offset);
    }
}
