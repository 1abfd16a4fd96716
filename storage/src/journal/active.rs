//! The segment being written: where the next frame goes, and what of it is published.
//!
//! The order in which bytes get there is the whole of the format's crash safety: everything of a
//! frame but its length, then the length with release order, then an index mark that points to it.

use std::sync::Arc;

use zerocopy::IntoBytes;

use super::create::{NewSegment, SharedSegment};
use super::format::{
    END_MARKER_BYTES, END_OF_SEGMENT, FRAME_CRC_AT, LINE_BYTES, Mark, START_MARK_AT, fill_frame,
    padded, payload_limit,
};
use super::index::IndexPlan;
use super::map::WriteMap;

/// Frames written before they are published, at most: a reader waits for no more than about a
/// microsecond of writing.
const BATCH_MAX: usize = 64;

/// How far ahead of the frame being written cache lines are asked for: the memory is new to this
/// core, and a store that has to wait for its line holds up all stores behind it.
const PREFETCH_BYTES: usize = 512;

/// The segment being written.
#[derive(Debug)]
pub(super) struct Active {
    map: WriteMap,
    shared: Arc<SharedSegment>,
    seed: u32,
    /// Where the next frame goes.
    at: usize,
    /// Where the end marker must stand at the latest.
    limit: usize,
    payload_limit: usize,
    index: IndexPlan,
    pending: Pending,
}

/// A frame that is about to be written.
#[derive(Debug)]
pub(super) struct Placed {
    /// Header and payload, in bytes.
    pub(super) length: usize,
    pub(super) seq: u64,
    pub(super) ts_recv: i64,
    /// The latest receive stamp of the frames before.
    pub(super) ts_max: i64,
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

impl Active {
    /// Begins `segment`: publishes its start mark.
    pub(super) fn start(segment: NewSegment, seq: u64, ts_max: i64) -> Self {
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

    /// What the sync thread shares.
    pub(super) fn shared(&self) -> &Arc<SharedSegment> {
        &self.shared
    }

    /// Longest payload a frame may have, in bytes.
    #[inline]
    pub(super) fn payload_limit(&self) -> usize {
        self.payload_limit
    }

    /// Whether a frame of this length has room.
    #[inline]
    pub(super) fn fits(&self, length: usize) -> bool {
        self.at + padded(length) <= self.limit
    }

    /// Writes a frame that fits. It is published with a later call of [`Self::publish`], unless the
    /// index needs it or the batch is full: then it is now.
    #[inline(always)]
    pub(super) fn append(&mut self, frame: &Placed, parts: &[&[u8]]) {
        let offset = self.put(frame, parts);
        self.pending.push(offset as u32, frame.length as u32);
        if let Some(place) = self.index.place(offset) {
            self.publish_and_mark(place, offset, frame);
        } else if self.pending.is_full() {
            self.publish(frame.seq + 1);
        }
    }

    /// Writes a frame that fits and publishes it at once, behind what is pending: the same as
    /// [`Self::append`] and [`Self::publish`], less the way through the list.
    #[inline(always)]
    pub(super) fn append_now(&mut self, frame: &Placed, parts: &[&[u8]]) {
        if self.pending.count > 0 {
            self.publish(frame.seq);
        }
        let offset = self.put(frame, parts);
        self.map.publish(offset, frame.length as u32);
        self.shared.advance(self.at, frame.seq + 1);
        if let Some(place) = self.index.place(offset) {
            self.publish_and_mark(place, offset, frame);
        }
    }

    /// Publishes the end marker and returns where it stands.
    pub(super) fn end(&mut self) -> u32 {
        self.map.publish(self.at, END_OF_SEGMENT);
        self.at as u32
    }

    /// Writes a frame, all but its length, goes behind it, and returns where it begins.
    #[inline(always)]
    fn put(&mut self, frame: &Placed, parts: &[&[u8]]) -> usize {
        let (offset, length) = (self.at, frame.length);
        for line in (0..length).step_by(LINE_BYTES) {
            self.map.prefetch(offset + PREFETCH_BYTES + line);
        }
        let seed = self.seed;
        fill_frame(
            self.map.unpublished(offset + FRAME_CRC_AT..offset + length),
            seed,
            length as u32,
            (frame.seq, frame.ts_recv),
            parts,
        );
        self.at += padded(length);
        offset
    }

    /// Writes the index mark of the frame just written, which is published first: a mark never points
    /// to what a reader may not see.
    #[cold]
    fn publish_and_mark(&mut self, place: usize, offset: usize, frame: &Placed) {
        self.publish(frame.seq + 1);
        self.mark(
            place,
            &Mark {
                offset: offset as u32,
                seq: frame.seq,
                ts_max: frame.ts_max,
            },
        );
    }

    /// Publishes what is pending, in order; `seq` is the number of the frame to come.
    #[inline]
    pub(super) fn publish(&mut self, seq: u64) {
        for &(at, length) in self.pending.frames() {
            self.map.publish(at as usize, length);
        }
        self.pending.clear();
        self.shared.advance(self.at, seq);
    }

    fn mark(&mut self, at: usize, mark: &Mark) {
        let bytes = mark.encode(self.seed);
        self.map
            .write(at + size_of::<u32>(), &bytes.as_bytes()[size_of::<u32>()..]);
        self.map.publish(at, mark.offset);
    }
}
