//! The writing end.
//!
//! A push, in order: check the space, claim it, write the header and the payload, make sure that
//! the line behind the frame is marked empty, publish by storing the mark. Two invariants:
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
use crate::words::Gather;

/// Lines cleared ahead of need: two of the usual small frames.
const CLEAR_AHEAD_LINES: u64 = 4;

/// Claims are made this fraction of the ring ahead.
const CLAIM_AHEAD_FRACTION: u64 = 8;

/// Why a frame was not pushed. Nothing of it is visible to anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// The slowest cursor has not released enough space yet. Trying again later can help.
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
    #[inline]
    pub fn try_push(&mut self, tag: u32, parts: &[&[u8]]) -> Result<(), PushError> {
        let len = parts
            .iter()
            .fold(0_usize, |sum, part| sum.saturating_add(part.len()));
        let max = self.ring.max_frame_bytes();
        if len > max {
            return Err(too_large(len, max));
        }
        let lines = lines_for(len);
        let room = self.ring.shared.lines.room(self.head);
        let padding = if lines > room { room } else { 0 };
        self.reserve(padding + lines + 1)?;
        if padding > 0 {
            self.publish(Header::Padding, &[], padding);
        }
        let position = self.head;
        let header = Header::Frame {
            len: len as u32,
            tag,
        };
        self.publish(header, parts, lines);
        self.ordinal += 1;
        self.show(position);
        self.clear_ahead();
        Ok(())
    }

    /// The ring's handle.
    #[must_use]
    pub fn ring(&self) -> Ring {
        self.ring.clone()
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

    /// Writes and publishes a frame or padding of `lines` lines at `head` and moves on behind it.
    #[inline]
    fn publish(&mut self, header: Header, parts: &[&[u8]], lines: u64) {
        let position = self.head;
        let memory = &self.ring.shared.lines;
        memory
            .header(position)
            .store(header.pack(), Ordering::Relaxed);
        if let Header::Frame { len, .. } = header {
            let words = memory.payload(position, len as usize).unwrap_or_default();
            let mut gather = Gather::new(words);
            parts.iter().for_each(|part| gather.put(part));
            gather.finish();
        }
        self.head += lines;
        self.clear_to(self.head + 1);
        let mark = self.ring.shared.lines.mark(position);
        mark.store(self.ordinal + 1, Ordering::Release);
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

    /// Lets gauges and lapped taps know of the frame just published at `position`.
    #[inline]
    fn show(&self, position: u64) {
        let newest = &self.ring.shared.newest;
        newest.head.store(self.head, Ordering::Relaxed);
        newest.frames.store(self.ordinal, Ordering::Relaxed);
        newest.position.store(position, Ordering::Release);
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
