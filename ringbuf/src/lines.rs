//! The ring's memory: a power-of-two number of 64-byte lines, and what lies in them.
//!
//! A *position* counts lines from the first ever written and never wraps (2^64 lines last for
//! ever); its line is `position % lines`. A frame occupies whole consecutive lines:
//!
//! ```text
//! line   offset  bytes  content
//!   0       0      8    mark: 1 + ordinal of the frame, stored last with release order
//!   0       8      4    length of the payload in bytes
//!   0      12      4    tag, the caller's own
//!   0      16     48    payload, 16-byte aligned, continued in the
//!  1..      0     64    whole of the following lines; unused words keep what they held
//! ```
//!
//! | mark at a position a reader has come to | meaning |
//! |---|---|
//! | 0 | nothing here yet |
//! | 1 + ordinal | the frame, or a padding in front of it, is complete |
//! | `u64::MAX` | the producer is gone and this is the end |
//!
//! A frame never wraps. When it does not fit before the end of the memory, a *padding* takes the
//! rest: a header whose second word is `u64::MAX`. It has the ordinal of the frame that follows, so
//! ordinals count real frames only.

use crate::sync::Word;
use crate::words::WORD_BYTES;

/// Bytes of a line: the unit of transfer between cores on every machine the project targets.
pub const LINE_BYTES: usize = 64;

/// Bytes in front of a payload: mark, length and tag.
pub const HEADER_BYTES: usize = 16;

/// Smallest ring, in lines: room for a frame of one line, a padding and the spare line.
pub const CAPACITY_LINES_MIN: usize = 4;

/// Largest ring, in lines: 4 GiB, so that a frame of half a ring still has a 32-bit length.
pub const CAPACITY_LINES_MAX: usize = 1 << 26;

/// Mark of a line where no frame has been published yet.
pub(crate) const MARK_NONE: u64 = 0;

/// Mark that ends the ring. No ordinal gets there.
pub(crate) const MARK_CLOSED: u64 = u64::MAX;

const LINE_WORDS: usize = LINE_BYTES / WORD_BYTES;
const HEADER_WORDS: usize = HEADER_BYTES / WORD_BYTES;

const _: () = assert!(CAPACITY_LINES_MAX / 2 * LINE_BYTES < u32::MAX as usize);

/// Lines a frame with a payload of `len` bytes occupies.
#[inline]
pub(crate) fn lines_for(len: usize) -> u64 {
    (HEADER_BYTES + len).div_ceil(LINE_BYTES) as u64
}

/// Second word of a frame or padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Header {
    /// The rest of the memory is unused; the frame is at its start.
    Padding,
    /// A payload of `len` bytes follows.
    Frame { len: u32, tag: u32 },
}

impl Header {
    const PADDING: u64 = u64::MAX;

    #[inline]
    pub(crate) fn pack(self) -> u64 {
        match self {
            Self::Padding => Self::PADDING,
            Self::Frame { len, tag } => u64::from(len) | u64::from(tag) << 32,
        }
    }

    #[inline]
    pub(crate) fn unpack(word: u64) -> Self {
        if word == Self::PADDING {
            return Self::Padding;
        }
        Self::Frame {
            len: word as u32,
            tag: (word >> 32) as u32,
        }
    }
}

/// The memory, addressed by position.
pub(crate) struct Lines {
    words: Box<[Word]>,
    /// Index of the first word that starts a cache line.
    base: usize,
    /// Number of lines less one.
    mask: u64,
}

impl Lines {
    /// Zeroed memory of `capacity` lines, a power of two. Writing the zeros faults every page in.
    pub(crate) fn new(capacity: usize) -> Self {
        let words: Box<[Word]> = (0..(capacity + 1) * LINE_WORDS)
            .map(|_| Word::new())
            .collect();
        let base = first_of_a_line(&words);
        Self {
            words,
            base,
            mask: capacity as u64 - 1,
        }
    }

    /// Number of lines.
    #[inline]
    pub(crate) fn capacity(&self) -> u64 {
        self.mask + 1
    }

    /// Largest payload in bytes. Half a ring: a padding, shorter than the frame that did not fit,
    /// the frame and the spare line then fit into an empty ring wherever it stands.
    #[inline]
    pub(crate) fn max_len(&self) -> usize {
        self.capacity() as usize / 2 * LINE_BYTES - HEADER_BYTES
    }

    /// Lines from `position` to the end of the memory, at least one.
    #[inline]
    pub(crate) fn room(&self, position: u64) -> u64 {
        self.capacity() - (position & self.mask)
    }

    /// First word of the line at `position`.
    #[inline]
    pub(crate) fn mark(&self, position: u64) -> &Word {
        &self.words[self.index(position)]
    }

    /// Second word of the line at `position`.
    #[inline]
    pub(crate) fn header(&self, position: u64) -> &Word {
        &self.words[self.index(position) + 1]
    }

    /// Mark and header of the line whose first word has this index.
    #[inline(always)]
    pub(crate) fn head(&self, at: usize) -> [&Word; HEADER_WORDS] {
        let head = &self.words[at..at + HEADER_WORDS];
        [&head[0], &head[1]]
    }

    /// The words of the `lines` lines from `position`; fewer when they would leave the memory.
    #[inline]
    pub(crate) fn words(&self, position: u64, lines: u64) -> &[Word] {
        let start = self.index(position);
        let end = start + lines as usize * LINE_WORDS;
        self.words.get(start..end).unwrap_or_default()
    }

    /// The words that hold a payload of `len` bytes in the frame at `position`; none when such a
    /// frame would leave the memory, so that a torn length read by a tap is harmless.
    #[inline]
    pub(crate) fn payload(&self, position: u64, len: usize) -> Option<&[Word]> {
        if len > self.max_len() || lines_for(len) > self.room(position) {
            return None;
        }
        self.payload_at(self.index(position), len)
    }

    /// The words that hold a payload of `len` bytes in the frame whose first word has the index `at`;
    /// none when they would leave the memory.
    #[inline(always)]
    pub(crate) fn payload_at(&self, at: usize, len: usize) -> Option<&[Word]> {
        let start = at + HEADER_WORDS;
        self.words.get(start..start + len.div_ceil(WORD_BYTES))
    }

    /// Index of the first word of the line at `position`.
    #[inline]
    pub(crate) fn index(&self, position: u64) -> usize {
        self.base + (position & self.mask) as usize * LINE_WORDS
    }
}

#[cfg(not(loom))]
fn first_of_a_line(words: &[Word]) -> usize {
    // Should the platform refuse to say, the ring works unaligned, only slower.
    words.as_ptr().align_offset(LINE_BYTES).min(LINE_WORDS)
}

#[cfg(loom)]
fn first_of_a_line(_: &[Word]) -> usize {
    0
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::ptr::from_ref;

    #[test]
    fn memory_starts_on_a_cache_line_and_wraps_at_its_capacity() {
        let lines = Lines::new(8);
        assert_eq!(from_ref(lines.mark(0)).addr() % LINE_BYTES, 0);
        assert_eq!(
            from_ref(lines.mark(1)).addr() - from_ref(lines.mark(0)).addr(),
            LINE_BYTES
        );
        assert_eq!(from_ref(lines.mark(8)), from_ref(lines.mark(0)));
        assert_eq!((lines.room(0), lines.room(7), lines.room(8)), (8, 1, 8));
    }

    #[test]
    fn layout_is_the_documented_one() {
        let lines = Lines::new(8);
        let start = from_ref(lines.mark(3)).addr();
        assert_eq!(from_ref(lines.header(3)).addr() - start, 8);
        let payload = lines.payload(3, 100).unwrap();
        assert_eq!(payload.as_ptr().addr() - start, HEADER_BYTES);
        assert_eq!(payload.len(), 13);
        assert_eq!(
            Header::Frame {
                len: 0x11,
                tag: 0x22
            }
            .pack(),
            0x0000_0022_0000_0011
        );
    }

    #[test]
    fn frame_takes_a_further_line_from_its_49th_byte() {
        let counts = [0, 48, 49, 112, 113].map(lines_for);
        assert_eq!(counts, [1, 1, 2, 2, 3]);
    }

    #[test]
    fn payload_that_would_leave_the_memory_is_refused() {
        let lines = Lines::new(8);
        assert_eq!(lines.max_len(), 240);
        assert!(lines.payload(4, 240).is_some());
        assert!(lines.payload(5, 240).is_none());
        assert!(lines.payload(0, 241).is_none());
        assert!(lines.payload(0, u32::MAX as usize).is_none());
    }

    #[test]
    fn header_comes_back_from_its_word() {
        for header in [
            Header::Padding,
            Header::Frame {
                len: 7,
                tag: u32::MAX,
            },
        ] {
            assert_eq!(Header::unpack(header.pack()), header);
        }
    }
}
