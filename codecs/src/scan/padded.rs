//! The padding contract of wide loads, as a type.
//!
//! A scanner reads 16 or 32 bytes at a time without asking where the message ends. A [`Frame`] can
//! only be had from a [`PaddedBuf`], which owns readable bytes on both sides of it, so such a load
//! is a checked slice of memory that is there: reading past the end is a value (`None`, or the zeros
//! behind the frame), never undefined behaviour.

use std::ops::Range;

/// Readable bytes before a frame: digits are loaded by the window that *ends* with them.
pub(crate) const BEFORE: usize = 64;
/// Readable bytes after a frame: the longest run of loads between two checks of the end.
pub(crate) const AFTER: usize = 576;
/// Zeros directly behind a frame: they end every number, text and literal there.
const ZEROS: usize = 64;

/// A reused buffer that holds one frame between its paddings.
#[derive(Debug, Default)]
pub(crate) struct PaddedBuf {
    bytes: Vec<u8>,
}

impl PaddedBuf {
    /// Copies `frame` in; allocates only for a frame longer than all before it.
    #[inline(always)]
    pub(crate) fn fill(&mut self, frame: &[u8]) -> Frame<'_> {
        let need = BEFORE + frame.len() + AFTER;
        if self.bytes.len() < need {
            self.grow(need);
        }
        let end = BEFORE + frame.len();
        if let Some(inside) = self.bytes.get_mut(BEFORE..end) {
            inside.copy_from_slice(frame);
        }
        if let Some(behind) = self.bytes.get_mut(end..end + ZEROS) {
            behind.fill(0);
        }
        Frame {
            bytes: &self.bytes,
            len: frame.len(),
        }
    }

    #[cold]
    fn grow(&mut self, need: usize) {
        self.bytes.resize(need.next_power_of_two(), 0);
    }
}

/// One message with readable bytes on both sides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    /// The whole buffer: [`BEFORE`] bytes, the message, at least [`AFTER`] bytes.
    bytes: &'a [u8],
    len: usize,
}

impl<'a> Frame<'a> {
    /// Bytes of the message.
    #[inline(always)]
    pub(crate) const fn len(self) -> usize {
        self.len
    }

    /// A part of the message; what is around it stays readable. All of it where the part does not lie in it.
    pub(super) fn part(self, part: Range<usize>) -> Self {
        if part.end > self.len {
            return self;
        }
        self.bytes.get(part.start..).map_or(self, |bytes| Self {
            bytes,
            len: part.end.saturating_sub(part.start),
        })
    }

    /// The `N` bytes that begin at `at`; `None` beyond the padding.
    #[inline(always)]
    pub(crate) fn window<const N: usize>(self, at: usize) -> Option<&'a [u8; N]> {
        self.chunk(BEFORE, at)
    }

    /// The `N` bytes that end before `end`; `None` beyond the padding.
    #[inline(always)]
    pub(crate) fn ending<const N: usize>(self, end: usize) -> Option<&'a [u8; N]> {
        const { assert!(N <= BEFORE) };
        self.chunk(BEFORE - N, end)
    }

    /// The `N` bytes of which the one at `at` has `before` of them before it.
    #[inline(always)]
    pub(crate) fn around<const N: usize>(self, before: usize, at: usize) -> Option<&'a [u8; N]> {
        self.chunk(BEFORE.checked_sub(before)?, at)
    }

    /// Places are 32 bits wide, so the sums below cannot overflow and one comparison is enough.
    #[inline(always)]
    fn chunk<const N: usize>(self, offset: usize, at: usize) -> Option<&'a [u8; N]> {
        let start = offset + at as u32 as usize;
        self.bytes.get(start..start + N)?.first_chunk()
    }

    /// The byte at `at`; 0 beyond the padding.
    #[inline(always)]
    pub(crate) fn byte(self, at: usize) -> u8 {
        self.bytes.get(BEFORE + at).copied().unwrap_or(0)
    }

    /// The bytes from `start` to `end` of the message; nothing where they are not in it.
    #[inline(always)]
    pub(crate) fn slice(self, start: usize, end: usize) -> &'a [u8] {
        self.bytes.get(BEFORE + start..BEFORE + end).unwrap_or(&[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_reach_over_both_ends_and_no_further() {
        let mut buffer = PaddedBuf::default();
        buffer.fill(&[b'x'; 500]);
        let frame = buffer.fill(b"abc");
        assert_eq!(frame.len(), 3);
        assert_eq!(frame.window::<4>(1), Some(b"bc\0\0"));
        assert_eq!(
            frame.ending::<4>(3).map(|bytes| &bytes[1..]),
            Some(&b"abc"[..])
        );
        assert_eq!(
            frame.window::<32>(3),
            Some(&[0; 32]),
            "no byte of an older frame"
        );
        assert!(frame.window::<32>(3 + AFTER - 32).is_some());
        assert_eq!(frame.window::<32>(1 << 20), None);
        assert_eq!(frame.ending::<32>(1 << 20), None);
        assert_eq!(frame.around::<4>(2, 2), Some(b"abc\0"));
        assert_eq!(frame.byte(1 << 20), 0);
        assert_eq!(frame.slice(1, 3), b"bc");
        assert_eq!(frame.slice(2, 1), b"");
    }
}
