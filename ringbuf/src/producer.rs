//! The writing end.
//!
//! A push, in order: check the space, claim it, make sure that the line behind the frame is marked
//! empty, write the header and the payload, publish by storing the mark. Two invariants:
//!
//! * *No reader waits at a line with an old mark.* A reader that has read a frame waits at the line
//!   behind it. That line may hold a payload of an older lap, and any bytes can be a payload, so
//!   they could pass for a mark. The producer therefore clears that line's first word before it
//!   publishes the frame. This costs one spare line which is always free.
//! * *No line is written to that was not claimed before.* `claimed` rises before the first write
//!   that could tear what a tap is reading. Claims are made an eighth of the ring ahead: the line
//!   `claimed` is in is read by every tap on every poll, and a store to it on each push would put
//!   its transfer on the way of each frame.
//!
//! Clearing runs a few lines ahead when the space is there, after the frame is out: the next push
//! then finds its lines in this core's cache, ready to be written, and the clear already done.

use std::fmt;

use crate::lines::{Header, MARK_CLOSED, MARK_NONE, lines_for};
use crate::shared::Ring;
use crate::sync::{Ordering, fence};
use crate::words::gather;

/// Lines cleared ahead of need: two of the usual small frames.
const CLEAR_AHEAD_LINES: u64 = 4;

/// Claims are made this fraction of the ring ahead.
const CLAIM_AHEAD_FRACTION: u64 = 8;

/// A batch takes at most this fraction of the ring.
const BATCH_FRACTION: u64 = 4;

/// Why a frame was not pushed. Nothing of it is visible to anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// The slowest cursor has not released enough space yet, or the batch is as long as a batch may
    /// be. Trying again later, or in another batch, can help.
    #[error("ring full: the frame needs {needed} free lines of 64 bytes, {free} are free")]
    Full {
        /// Lines needed: the frame's, the spare line, and a padding where the memory ends.
        needed: u32,
        /// Lines free now.
        free: u32,
    },
    /// The frame fits into no ring of this capacity. Trying again cannot help.
    #[error("frame too large: {len} bytes, this ring takes at most {max}")]
    TooLarge {
        /// Bytes of all parts together, or `u32::MAX` for even more.
        len: u32,
        /// The ring's [`max_frame_bytes`](Ring::max_frame_bytes).
        max: u32,
    },
}

const _: () = assert!(size_of::<PushError>() <= 16);

/// The writing end of a ring. There is one; dropping it closes the ring.
///
/// It has cache lines of its own, so that it may lie beside what other threads write.
#[repr(align(128))]
pub struct Producer {
    ring: Ring,
    /// Position of the next frame or padding; the line there is marked empty.
    head: u64,
    /// Ordinal of the next frame, and so the number of frames published.
    ordinal: u64,
    /// Positions below this are free as far as known: the slowest gate seen plus the capacity.
    free_until: u64,
    /// Copy of the shared `claimed`.
    claimed: u64,
    /// Lines from `head` to below this are marked empty.
    clear_until: u64,
    /// Position of the frame written last.
    newest: u64,
}

impl Producer {
    pub(crate) fn new(ring: Ring) -> Self {
        let capacity = ring.shared.lines.capacity();
        Self {
            ring,
            head: 0,
            ordinal: 0,
            free_until: capacity,
            claimed: 0,
            clear_until: capacity,
            newest: 0,
        }
    }

    /// Publishes one frame whose payload is `parts` one behind the other, `tag` beside it.
    ///
    /// # Errors
    ///
    /// [`PushError::Full`] when the slowest cursor has to release space first,
    /// [`PushError::TooLarge`] when no state of this ring could take the frame.
    ///
    /// # Hot path
    ///
    /// Wait-free; copies the payload once; no allocation, lock or system call. Looks at the
    /// cursors' positions only when the space known to be free does not suffice.
    #[inline(always)]
    pub fn try_push(&mut self, tag: u32, parts: &[&[u8]]) -> Result<(), PushError> {
        self.write(tag, parts, None)?;
        self.tell();
        Ok(())
    }

    /// Starts a batch: frames that readers see together, when it is published.
    ///
    /// While a batch is written no reader takes its lines away from this core, and what is shared
    /// with gauges and taps is told once. It also ties frames together: a reader that sees the
    /// first finds the last.
    ///
    /// ```
    /// use feedd_ringbuf::{Polled, ring};
    ///
    /// let (mut producer, [mut journal]) = ring::<1>(64)?;
    /// let mut batch = producer.batch();
    /// batch.try_push(1, &[b"first"])?;
    /// batch.try_push(2, &[b"second"])?;
    /// assert_eq!(journal.poll(), Polled::Empty);
    /// batch.publish();
    /// assert_eq!(journal.frames(8).count(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn batch(&mut self) -> Batch<'_> {
        Batch {
            producer: self,
            held: None,
        }
    }

    /// The ring's handle.
    #[must_use]
    pub fn ring(&self) -> Ring {
        self.ring.clone()
    }

    /// Writes one frame, with a padding in front where the memory ends. Without `held` it is
    /// published; with it, the mark of what was written first is kept back there.
    #[inline(always)]
    fn write(
        &mut self,
        tag: u32,
        parts: &[&[u8]],
        mut held: Option<&mut Option<Held>>,
    ) -> Result<(), PushError> {
        let len = parts
            .iter()
            .fold(0_usize, |sum, part| sum.saturating_add(part.len()));
        let memory = &self.ring.shared.lines;
        if len > memory.max_len() {
            return Err(too_large(len, memory.max_len()));
        }
        let (lines, room) = (lines_for(len), memory.room(self.head));
        let padding = if lines > room { room } else { 0 };
        let needed = padding + lines + 1;
        if let Some(Some(held)) = &held {
            self.admit(held, needed)?;
        }
        self.reserve(needed)?;
        if padding > 0 {
            self.pad(padding, held.as_deref_mut());
        }
        self.newest = self.head;
        let len = len as u32;
        self.put(Header::Frame { len, tag }, parts, lines, held);
        self.ordinal += 1;
        Ok(())
    }

    /// Refuses what would make a batch longer than a quarter of the ring, so that the newest
    /// published frame stays where taps can find it.
    #[inline]
    fn admit(&self, held: &Held, needed: u64) -> Result<(), PushError> {
        let limit = held.position + self.ring.shared.lines.capacity() / BATCH_FRACTION;
        if self.head + needed <= limit {
            return Ok(());
        }
        Err(PushError::Full {
            needed: needed as u32,
            free: limit.saturating_sub(self.head) as u32,
        })
    }

    /// Claims `needed` lines from `head` if they are free.
    #[inline]
    fn reserve(&mut self, needed: u64) -> Result<(), PushError> {
        let end = self.head + needed;
        if end > self.free_until {
            self.look_for_space(needed)?;
        }
        if end > self.claimed {
            self.claim(end);
        }
        Ok(())
    }

    #[cold]
    fn look_for_space(&mut self, needed: u64) -> Result<(), PushError> {
        let capacity = self.ring.shared.lines.capacity();
        self.free_until = self.ring.shared.slowest().saturating_add(capacity);
        let free = (self.free_until - self.head).min(capacity);
        if needed > free {
            return Err(PushError::Full {
                needed: needed as u32,
                free: free as u32,
            });
        }
        Ok(())
    }

    /// Tells taps that lines up to `end` and some more are about to be written.
    ///
    /// A frame has at most half the ring, so at rest `claimed` stays within one lap of the newest
    /// frame: that one is always there for a tap to resume at.
    #[cold]
    fn claim(&mut self, end: u64) {
        let shared = &self.ring.shared;
        self.claimed = end + shared.lines.capacity() / CLAIM_AHEAD_FRACTION;
        shared.claimed.store(self.claimed, Ordering::Relaxed);
        // Pairs with the fence of `Shared::is_intact`: no later store is seen before this one.
        fence(Ordering::Release);
    }

    /// Fills the rest of the memory, once a lap at most: kept out of the way of the usual push.
    #[cold]
    #[inline(never)]
    fn pad(&mut self, lines: u64, held: Option<&mut Option<Held>>) {
        self.put(Header::Padding, &[], lines, held);
    }

    /// Writes a frame or padding of `lines` lines at `head`, moves on behind it, and publishes it
    /// unless its mark is the one to be held.
    #[inline(always)]
    fn put(
        &mut self,
        header: Header,
        parts: &[&[u8]],
        lines: u64,
        held: Option<&mut Option<Held>>,
    ) {
        let position = self.head;
        self.head += lines;
        self.clear_to(self.head + 1);
        let words = self.ring.shared.lines.words(position, lines);
        let [mark, head, payload @ ..] = words else {
            return;
        };
        head.store(header.pack(), Ordering::Relaxed);
        gather(payload, parts);
        let value = self.ordinal + 1;
        match held {
            Some(held @ None) => {
                *held = Some(Held {
                    position,
                    mark: value,
                });
            }
            _ => mark.store(value, Ordering::Release),
        }
    }

    /// Marks the lines from `head` to below `end` empty.
    #[inline]
    fn clear_to(&mut self, end: u64) {
        for position in self.clear_until.max(self.head)..end {
            self.ring
                .shared
                .lines
                .mark(position)
                .store(MARK_NONE, Ordering::Relaxed);
        }
        self.clear_until = self.clear_until.max(end);
    }

    #[inline]
    fn clear_ahead(&mut self) {
        let wanted = self.head + 1 + CLEAR_AHEAD_LINES;
        self.clear_to(wanted.min(self.free_until).min(self.claimed));
    }

    /// Lets gauges and lapped taps know of the newest frame, and prepares for the next.
    #[inline]
    fn tell(&mut self) {
        let newest = &self.ring.shared.newest;
        newest.head.store(self.head, Ordering::Relaxed);
        newest.frames.store(self.ordinal, Ordering::Relaxed);
        newest.position.store(self.newest, Ordering::Release);
        self.clear_ahead();
    }
}

/// The mark that publishes a batch, kept back.
#[derive(Clone, Copy)]
struct Held {
    position: u64,
    mark: u64,
}

/// Frames written but not yet seen by anybody; dropping it publishes them.
pub struct Batch<'a> {
    producer: &'a mut Producer,
    held: Option<Held>,
}

impl Batch<'_> {
    /// Adds one frame, as [`Producer::try_push`] does.
    ///
    /// # Errors
    ///
    /// As for `try_push`; also [`PushError::Full`] when the batch would take more than a quarter of
    /// the ring. The frames added before are still in the batch: publish it and start another.
    ///
    /// # Hot path
    ///
    /// As for `try_push`.
    #[inline]
    pub fn try_push(&mut self, tag: u32, parts: &[&[u8]]) -> Result<(), PushError> {
        self.producer.write(tag, parts, Some(&mut self.held))
    }

    /// Publishes the frames. Dropping the batch does the same.
    pub fn publish(self) {}
}

impl Drop for Batch<'_> {
    /// The frames behind the first have their marks already; nobody gets there before the first
    /// has its own, and whoever does has acquired all that was written before it.
    fn drop(&mut self) {
        if let Some(held) = self.held {
            let mark = self.producer.ring.shared.lines.mark(held.position);
            mark.store(held.mark, Ordering::Release);
            self.producer.tell();
        }
    }
}

impl fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("producer", &self.producer)
            .finish_non_exhaustive()
    }
}

#[cold]
fn too_large(len: usize, max: usize) -> PushError {
    PushError::TooLarge {
        len: u32::try_from(len).unwrap_or(u32::MAX),
        max: max as u32,
    }
}

impl Drop for Producer {
    /// Closes the ring: readers that have read everything find the end mark in the spare line.
    fn drop(&mut self) {
        self.ring
            .shared
            .lines
            .mark(self.head)
            .store(MARK_CLOSED, Ordering::Release);
    }
}

impl fmt::Debug for Producer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer")
            .field("ring", &self.ring)
            .finish()
    }
}
