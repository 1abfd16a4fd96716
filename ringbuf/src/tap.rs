//! The reading end that never holds the producer back, and knows exactly what it missed.
//!
//! A tap copies a frame out and then asks whether the producer may have been writing there
//! meanwhile (a seqlock: see `Shared::is_intact`). If so it was *lapped*: the copy is void and so is
//! its position. It takes up again at the newest frame; the difference of the two ordinals is the
//! number of frames it missed. Nothing a tap read counts before that question was answered, not
//! even a mark: at a lapped position any bytes may stand.

use std::fmt;

use crate::lines::{Header, MARK_CLOSED, lines_for};
use crate::shared::{Place, Shared};
use crate::sync::{Arc, Ordering};
use crate::words::copy_out;

/// What a [`Tap::poll`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tapped {
    /// The next frame was copied to the start of the buffer.
    Frame {
        /// The tag given to [`try_push`](crate::Producer::try_push).
        tag: u32,
        /// Bytes copied.
        len: usize,
    },
    /// The producer lapped this tap: exactly so many frames, at least one, were missed between the
    /// frame before and the frame to come. The next poll goes on from there.
    Missed(u64),
    /// The next frame does not fit into the buffer. It stays the next one.
    TooSmall {
        /// Bytes needed.
        len: usize,
    },
    /// Nothing to read now.
    Empty,
    /// Every frame was read or reported as missed, and the producer is gone.
    Closed,
}

/// What is at a tap's position, once it is known to be intact.
enum Seen {
    Padding,
    Frame { len: usize, tag: u32, fits: bool },
    None,
    Closed,
}

/// A reading end that gets copies and never gates the producer.
///
/// A tap that stays less than seven eighths of the ring's lines behind the producer misses nothing.
///
/// It has cache lines of its own, so that it may lie beside what other threads write.
#[repr(align(128))]
pub struct Tap {
    shared: Arc<Shared>,
    /// The frame, or the padding before it, to be read next.
    next: Place,
}

impl Tap {
    pub(crate) fn new(shared: Arc<Shared>, next: Place) -> Self {
        Self { shared, next }
    }

    /// Copies the next frame into `out`, or says why not.
    ///
    /// [`max_frame_bytes`](crate::Ring::max_frame_bytes) is enough for any frame. Unless the answer
    /// is [`Tapped::Frame`], the content of `out` is unspecified.
    ///
    /// # Hot path
    ///
    /// Wait-free; no allocation, lock or system call. [`Tapped::Empty`] is also the answer in the
    /// rare case that the producer laps this very call while it takes up again.
    #[inline]
    pub fn poll(&mut self, out: &mut [u8]) -> Tapped {
        loop {
            let seen = self.look(out);
            if !self.shared.is_intact(self.next.position) {
                return self.resume();
            }
            // At most two rounds: behind a padding is never another one.
            match seen {
                Seen::Padding => {
                    self.next.position += self.shared.lines.room(self.next.position);
                }
                Seen::Frame {
                    len, fits: false, ..
                } => return Tapped::TooSmall { len },
                Seen::Frame { len, tag, .. } => {
                    self.next.position += lines_for(len);
                    self.next.ordinal += 1;
                    return Tapped::Frame { tag, len };
                }
                Seen::None => return Tapped::Empty,
                Seen::Closed => return Tapped::Closed,
            }
        }
    }

    /// Ordinal of the frame to be read next: frames received and missed, plus the ordinal this tap
    /// started at.
    #[must_use]
    pub fn next_ordinal(&self) -> u64 {
        self.next.ordinal
    }

    /// Reads what is at the next position, the payload into `out`. All of it may be torn.
    #[inline]
    fn look(&self, out: &mut [u8]) -> Seen {
        let lines = &self.shared.lines;
        let position = self.next.position;
        let mark = lines.mark(position).load(Ordering::Acquire);
        if mark != self.next.ordinal + 1 {
            return if mark == MARK_CLOSED {
                Seen::Closed
            } else {
                Seen::None
            };
        }
        match Header::unpack(lines.header(position).load(Ordering::Relaxed)) {
            Header::Padding => Seen::Padding,
            Header::Frame { len, tag } => {
                let len = len as usize;
                let words = lines.payload(position, len).unwrap_or_default();
                let place = out.get_mut(..len);
                let fits = place.is_some();
                copy_out(words, place.unwrap_or_default());
                Seen::Frame { len, tag, fits }
            }
        }
    }

    /// Goes to the newest frame after the tap was lapped.
    #[cold]
    fn resume(&mut self) -> Tapped {
        let Some(newest) = self.shared.newest_place() else {
            return Tapped::Empty;
        };
        let missed = newest.ordinal - self.next.ordinal;
        self.next = newest;
        // Only a padding was lapped: its frame, the newest one, is still there for the next poll.
        if missed == 0 {
            Tapped::Empty
        } else {
            Tapped::Missed(missed)
        }
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tap")
            .field("next_ordinal", &self.next.ordinal)
            .finish_non_exhaustive()
    }
}
