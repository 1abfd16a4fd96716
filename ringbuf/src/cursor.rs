//! The reading end that gates the producer: it sees every frame, in place.
//!
//! A cursor's *gate* is the position below which it has released everything. The producer never
//! writes to a line at or behind a gate that belongs to the lap before, so between gate and head
//! the cursor has the memory for itself (and for other readers) and may look at it as plain bytes.

use std::fmt;

use crate::lines::{Header, MARK_CLOSED, lines_for};
use crate::shared::{GATE_OPEN, Shared};
use crate::sync::{Arc, Ordering};

/// One frame, where it lies in the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The tag given to [`try_push`](crate::Producer::try_push).
    pub tag: u32,
    /// The payload, 16-byte aligned.
    pub payload: &'a [u8],
}

/// What a [`Cursor::poll`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polled<'a> {
    /// The next frame.
    Frame(Frame<'a>),
    /// Every frame published so far was read.
    Empty,
    /// Every frame was read and the producer is gone: there will be no more.
    Closed,
}

/// A reading end that sees every frame and holds the producer back until it has released them.
///
/// Dropping it lets the producer go on without it; forgetting it (`mem::forget`) leaves the ring
/// full for ever.
pub struct Cursor {
    shared: Arc<Shared>,
    /// Index into the gates.
    gate: usize,
    /// Position to read next.
    position: u64,
    /// Value of the gate.
    released: u64,
    /// Ordinal of the frame to read next.
    ordinal: u64,
}

impl Cursor {
    pub(crate) fn new(shared: Arc<Shared>, gate: usize) -> Self {
        Self {
            shared,
            gate,
            position: 0,
            released: 0,
            ordinal: 0,
        }
    }

    /// Takes the next frame.
    ///
    /// The space of frames taken before goes back to the producer with the next
    /// [`release`](Self::release), or when this finds no further frame: polling until
    /// [`Polled::Empty`] reads a batch and releases it once.
    ///
    /// # Hot path
    ///
    /// Wait-free, copies nothing. While the ring is empty it reads one cache line, the one the next
    /// frame will start in.
    #[inline]
    pub fn poll(&mut self) -> Polled<'_> {
        loop {
            let mark = self
                .shared
                .lines
                .mark(self.position)
                .load(Ordering::Acquire);
            if mark != self.ordinal + 1 {
                return self.idle(mark);
            }
            // At most two rounds: behind a padding is never another one.
            match Header::unpack(
                self.shared
                    .lines
                    .header(self.position)
                    .load(Ordering::Relaxed),
            ) {
                Header::Padding => self.position += self.shared.lines.room(self.position),
                Header::Frame { len, tag } => return self.take(len as usize, tag),
            }
        }
    }

    /// Gives the space of all frames taken so far back to the producer. Wait-free.
    ///
    /// Worth calling after every some hundred frames when the ring never gets empty.
    #[inline]
    pub fn release(&mut self) {
        if self.released != self.position {
            self.released = self.position;
            self.shared.gates[self.gate].store(self.position, Ordering::Release);
        }
    }

    /// Ordinal of the frame to be read next, which is the number of frames read.
    #[must_use]
    pub fn next_ordinal(&self) -> u64 {
        self.ordinal
    }

    #[inline]
    fn idle(&mut self, mark: u64) -> Polled<'_> {
        self.release();
        if mark == MARK_CLOSED {
            Polled::Closed
        } else {
            Polled::Empty
        }
    }

    #[inline]
    fn take(&mut self, len: usize, tag: u32) -> Polled<'_> {
        let position = self.position;
        self.position += lines_for(len);
        self.ordinal += 1;
        Polled::Frame(Frame {
            tag,
            payload: self.view(position, len),
        })
    }

    /// The payload of the published frame at `position`, which is at or behind this cursor's gate.
    #[cfg(not(loom))]
    #[inline]
    #[allow(
        unsafe_code,
        reason = "the one place where words are looked at as bytes"
    )]
    fn view(&mut self, position: u64, len: usize) -> &[u8] {
        let words = self.shared.lines.payload(position, len).unwrap_or_default();
        let len = len.min(size_of_val(words));
        // SAFETY: `words` are initialised, live as long as `self.shared`, and hold `len` bytes. No
        // store to them can happen while the slice lives: the mark was loaded with acquire order,
        // so the producer's stores of this lap happened before; those of the next lap happen after
        // it has acquired a gate above `position`, which only `release`, `poll` and `drop` store,
        // and they cannot be called while the slice borrows `self` mutably. Taps and other cursors
        // only read.
        unsafe { std::slice::from_raw_parts(words.as_ptr().cast::<u8>(), len) }
    }

    #[cfg(loom)]
    fn view(&mut self, position: u64, len: usize) -> &[u8] {
        let words = self.shared.lines.payload(position, len).unwrap_or_default();
        crate::sync::model_view(words, len)
    }
}

impl Drop for Cursor {
    fn drop(&mut self) {
        self.shared.gates[self.gate].store(GATE_OPEN, Ordering::Release);
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cursor")
            .field("gate", &self.gate)
            .field("next_ordinal", &self.ordinal)
            .finish_non_exhaustive()
    }
}
