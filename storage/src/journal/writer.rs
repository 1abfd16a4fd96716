//! The appender of one log.
//!
//! Invariants:
//!
//! * The bytes behind the last frame are zero, room for an end marker is always left, and a frame's
//!   length is published only after everything else of it, and of all frames before it, is in
//!   place.
//! * A roll publishes in this order: the next segment's start mark, then the end marker here. A
//!   reader that sees the end finds the next segment started.
//! * An append that fails has changed nothing.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, TryRecvError};
use zerocopy::IntoBytes;

use super::create::{NewSegment, SharedSegment};
use super::format::{
    END_MARKER_BYTES, END_OF_SEGMENT, FRAME_BODY_AT, FRAME_CRC_AT, FRAME_HEADER_BYTES, LogKind,
    Mark, START_MARK_AT, frame_checksum, padded, payload_limit,
};
use super::index::IndexPlan;
use super::map::WriteMap;
use super::prepare::{Made, Request};
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
        let length = self.admit(parts)?;
        if self.active.at + padded(length) > self.active.limit {
            self.roll()?;
        }
        let seq = self.seq;
        self.active.put(length, seq, ts_recv, parts);
        self.active.note(length, seq, self.ts_max);
        self.seq += 1;
        self.ts_max = self.ts_max.max(ts_recv);
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

    /// Writes a frame and publishes it.
    #[inline]
    fn put(&mut self, length: usize, seq: u64, ts_recv: i64, parts: &[&[u8]]) {
        let at = self.at;
        let mut stamp = [0; FRAME_HEADER_BYTES - FRAME_BODY_AT];
        stamp[..8].copy_from_slice(&seq.to_le_bytes());
        stamp[8..].copy_from_slice(&ts_recv.to_le_bytes());
        self.map.write(at + FRAME_BODY_AT, &stamp);
        let mut to = at + FRAME_HEADER_BYTES;
        for part in parts {
            self.map.write(to, part);
            to += part.len();
        }
        // One pass over the bytes as they stand, aligned and in the nearest cache.
        let body = self.map.written(at + FRAME_BODY_AT..at + length);
        let crc = frame_checksum(self.seed, length as u32, body);
        self.map.write(at + FRAME_CRC_AT, &crc.to_le_bytes());
        self.map.publish(at, length as u32);
    }

    /// Accounts for the frame just published: index, progress, place of the next.
    #[inline]
    fn note(&mut self, length: usize, seq: u64, ts_max: i64) {
        let offset = self.at;
        if let Some(place) = self.index.place(offset) {
            self.mark(
                place,
                &Mark {
                    offset: offset as u32,
                    seq,
                    ts_max,
                },
            );
        }
        self.at += padded(length);
        self.shared.advance(self.at, seq + 1);
    }

    fn mark(&mut self, at: usize, mark: &Mark) {
        let bytes = mark.encode(self.seed);
        self.map
            .write(at + size_of::<u32>(), &bytes.as_bytes()[size_of::<u32>()..]);
        self.map.publish(at, mark.offset);
    }
}
