//! The reading end that gates the producer: it sees every frame, in place.
//!
//! A cursor's *gate* is the position below which it has released everything. The producer never
//! writes to a line at or behind a gate that belongs to the lap before, so between gate and head
//! the cursor has the memory for itself (and for other readers) and may look at it as plain bytes.
//!
//! A frame of several lines would cost a waiting reader two transfers, one after the other: the line
//! with the mark, then the rest. So an idle cursor asks for the lines behind the mark as well, as
//! many as the last frame had: they then come beside it, not behind it.
//!
//! Several cursors polled in turn on one core get a frame one behind the other, so what a cursor does
//! with a frame it has found is latency of the next one. Therefore the place in memory is worked out
//! when a cursor moves on and not when it looks, bounds are checked by branches and not by selecting
//! between two pointers, and [`Frames`] is inlined by force: its state stays in registers.

use std::fmt;

use crate::lines::{Header, Lines, MARK_CLOSED, lines_for};
use crate::prefetch;
use crate::shared::{GATE_OPEN, Shared};
use crate::sync::{Arc, Ordering};

/// Lines asked for while waiting, at most: what a trade or a best price with its header takes. Of a
/// longer frame the rest comes fast enough, since the hardware sees a stream by then.
const PREFETCH_LINES_MAX: u64 = 4;

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
///
/// It has cache lines of its own, so that it may lie beside the producer or beside a cursor of
/// another thread.
#[repr(align(128))]
pub struct Cursor {
    shared: Arc<Shared>,
    /// Index into the gates.
    gate: usize,
    /// Value of the gate.
    released: u64,
    /// Ordinal of the first frame behind it.
    kept: u64,
    place: Place,
}

/// Where a cursor stands.
struct Place {
    /// Position to read next.
    position: u64,
    /// Index of the first word there.
    at: usize,
    /// Ordinal of the frame to read next.
    ordinal: u64,
    /// Lines of the frame read last.
    lines: u64,
}

/// A frame's place in the memory.
struct Found {
    /// Index of its first word.
    at: usize,
    len: usize,
    tag: u32,
}

impl Place {
    /// Asks for the lines that the frame to come will have behind its first.
    #[inline]
    fn ask_ahead(&self, shared: &Shared) {
        for ahead in 1..self.lines.min(PREFETCH_LINES_MAX) {
            prefetch::to_read(shared.lines.mark(self.position + ahead));
        }
    }

    /// Goes behind the next frame and tells where it is, or the mark found instead.
    #[inline(always)]
    fn next(&mut self, shared: &Shared) -> Result<Found, u64> {
        loop {
            let [mark, header] = shared.lines.head(self.at);
            let mark = mark.load(Ordering::Acquire);
            if mark != self.ordinal + 1 {
                return Err(mark);
            }
            // At most two rounds: behind a padding is never another one.
            match Header::unpack(header.load(Ordering::Relaxed)) {
                Header::Padding => self.skip(&shared.lines),
                Header::Frame { len, tag } => {
                    let (at, len) = (self.at, len as usize);
                    self.lines = lines_for(len);
                    self.ordinal += 1;
                    self.advance(self.lines, &shared.lines);
                    return Ok(Found { at, len, tag });
                }
            }
        }
    }

    #[inline(always)]
    fn advance(&mut self, lines: u64, memory: &Lines) {
        self.position += lines;
        self.at = memory.index(self.position);
    }

    /// Goes behind a padding.
    #[cold]
    fn skip(&mut self, memory: &Lines) {
        self.advance(memory.room(self.position), memory);
    }
}

impl Cursor {
    pub(crate) fn new(shared: Arc<Shared>, gate: usize) -> Self {
        let place = Place {
            position: 0,
            at: shared.lines.index(0),
            ordinal: 0,
            lines: 1,
        };
        Self {
            shared,
            gate,
            released: 0,
            kept: 0,
            place,
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
    /// Wait-free, copies nothing. While the ring is empty it looks at one cache line, the one the
    /// next frame will start in.
    #[inline]
    pub fn poll(&mut self) -> Polled<'_> {
        match self.place.next(&self.shared) {
            Ok(found) => Polled::Frame(self.frame(&found)),
            Err(mark) => self.idle(mark),
        }
    }

    /// Takes up to `limit` frames that are there, to be looked at side by side: all of them stay in
    /// place as long as the cursor is borrowed.
    ///
    /// The space of frames taken before this call goes back to the producer first. When nothing
    /// comes, [`poll`](Self::poll) tells an empty ring from a closed one.
    ///
    /// ```
    /// let (mut producer, [mut journal]) = feedd_ringbuf::ring::<1>(64)?;
    /// for tag in 0..3 {
    ///     producer.try_push(tag, &[b"frame"])?;
    /// }
    /// let batch: Vec<_> = journal.frames(2).collect();
    /// assert_eq!((batch[0].tag, batch[1].tag), (0, 1));
    /// assert_eq!(journal.frames(2).count(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Hot path
    ///
    /// Wait-free, copies nothing.
    #[inline(always)]
    pub fn frames(&mut self, limit: usize) -> Frames<'_> {
        self.release();
        Frames {
            shared: &self.shared,
            place: &mut self.place,
            left: limit,
            idle: true,
        }
    }

    /// Gives the space of all frames taken so far back to the producer. Wait-free.
    ///
    /// Worth calling after every some hundred frames when the ring never gets empty.
    #[inline]
    pub fn release(&mut self) {
        if self.released != self.place.position {
            self.released = self.place.position;
            self.kept = self.place.ordinal;
            self.shared.gates[self.gate].store(self.released, Ordering::Release);
        }
    }

    /// Goes back to the first frame that is not released: what was taken since will be taken again,
    /// for a reader that cannot do with a frame what it must. Wait-free.
    ///
    /// ```
    /// # use feedd_ringbuf::{Polled, ring};
    /// let (mut producer, [mut journal]) = ring::<1>(64)?;
    /// for tag in 0..3 {
    ///     producer.try_push(tag, &[b"frame"])?;
    /// }
    /// assert_eq!(journal.frames(1).count(), 1);
    /// journal.release();
    /// assert_eq!(journal.frames(2).count(), 2);
    /// journal.rewind();
    /// let Polled::Frame(frame) = journal.poll() else { panic!("it is there still") };
    /// assert_eq!(frame.tag, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn rewind(&mut self) {
        let place = &mut self.place;
        (place.position, place.ordinal) = (self.released, self.kept);
        place.at = self.shared.lines.index(self.released);
    }

    /// Ordinal of the frame to be read next, which is the number of frames read.
    #[must_use]
    pub fn next_ordinal(&self) -> u64 {
        self.place.ordinal
    }

    #[inline]
    fn idle(&mut self, mark: u64) -> Polled<'_> {
        self.release();
        self.place.ask_ahead(&self.shared);
        if mark == MARK_CLOSED {
            Polled::Closed
        } else {
            Polled::Empty
        }
    }

    #[inline]
    #[allow(unsafe_code, reason = "the promise that `view` asks for is given here")]
    fn frame(&mut self, found: &Found) -> Frame<'_> {
        // SAFETY: `found` lies between gate and head, and the gate moves only with `&mut self`,
        // which the frame borrows.
        unsafe { view(&self.shared, found) }
    }
}

/// Frames taken by [`Cursor::frames`].
pub struct Frames<'a> {
    shared: &'a Shared,
    place: &'a mut Place,
    left: usize,
    /// Whether nothing was taken yet.
    idle: bool,
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    #[inline(always)]
    #[allow(unsafe_code, reason = "the promise that `view` asks for is given here")]
    fn next(&mut self) -> Option<Frame<'a>> {
        self.left = self.left.checked_sub(1)?;
        let Ok(found) = self.place.next(self.shared) else {
            if self.idle {
                self.place.ask_ahead(self.shared);
            }
            self.left = 0;
            return None;
        };
        self.idle = false;
        // SAFETY: `found` lies between gate and head, and the gate moves only with a `&mut Cursor`,
        // which is borrowed for `'a`.
        Some(unsafe { view(self.shared, &found) })
    }
}

/// The published frame at `found`.
///
/// # Safety
///
/// The frame lies between the gate of a cursor and the head, its mark was loaded with acquire
/// order, and the gate stays where it is while the frame is borrowed.
#[cfg(not(loom))]
#[inline(always)]
#[allow(
    unsafe_code,
    reason = "the one place where words are looked at as bytes"
)]
unsafe fn view<'a>(shared: &'a Shared, found: &Found) -> Frame<'a> {
    let Some(words) = shared.lines.payload_at(found.at, found.len) else {
        return outside(found.tag);
    };
    // SAFETY: `words` are initialised, live as long as `shared`, and hold `len` bytes. No store to
    // them can happen while the slice lives: the producer's stores of this lap happened before the
    // mark was loaded; those of the next lap happen after it has acquired a gate above the frame,
    // which the caller rules out. Taps and other cursors only read.
    let payload = unsafe { std::slice::from_raw_parts(words.as_ptr().cast::<u8>(), found.len) };
    Frame {
        tag: found.tag,
        payload,
    }
}

/// Under loom: registers the plain read with the model.
///
/// # Safety
///
/// None is needed; the signature is that of the real one.
#[cfg(loom)]
#[allow(unsafe_code, reason = "stands in for the function above")]
unsafe fn view<'a>(shared: &'a Shared, found: &Found) -> Frame<'a> {
    let Some(words) = shared.lines.payload_at(found.at, found.len) else {
        return outside(found.tag);
    };
    Frame {
        tag: found.tag,
        payload: crate::sync::model_view(words, found.len),
    }
}

/// A frame that would leave the memory. The producer writes none; here it is a branch that costs
/// nothing, where a choice between two pointers would have to be waited for.
#[cold]
fn outside<'a>(tag: u32) -> Frame<'a> {
    Frame { tag, payload: &[] }
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
            .field("next_ordinal", &self.place.ordinal)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Frames<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frames")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}
