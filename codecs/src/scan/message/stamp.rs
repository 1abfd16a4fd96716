//! RFC 3339 stamps: the clock is read in words, the calendar once a day.

use super::super::number::{self, Span};
use super::super::padded::Frame;
use super::super::simd::Isa;
use super::{Message, Reason};
use crate::time::{self, Nanos};

/// The last day that a stamp named: calendars are slow, and days are long.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Day {
    /// `YYYY-MM-DDT`.
    text: [u8; 11],
    start: Nanos,
}

impl<I: Isa> Message<'_, I> {
    /// An RFC 3339 stamp.
    #[inline(always)]
    pub(crate) fn rfc3339(&mut self, slot: usize) -> Result<Nanos, Reason> {
        let span = self.span(slot);
        let (start, end) = (span.start(), span.end());
        let day = self.frame.window::<11>(start).ok_or(Reason::End)?;
        if day == &self.kept.day.text
            && let Some(clock) = self.clock(start + 11, end)
        {
            return Ok(self.kept.day.start + clock);
        }
        calendar(self.frame, &mut self.kept.day, start, end)
    }

    /// Nanoseconds of the day of `HH:MM:SS.f…Z`.
    #[inline(always)]
    fn clock(&self, at: usize, end: usize) -> Option<Nanos> {
        const SHAPE: u64 = u64::from_le_bytes(*b"00:00:00");
        // Digits become 0 to 9, which six more leave below 16; colons become 0.
        const SIX: u64 = u64::from_le_bytes([6, 6, 0, 6, 6, 0, 6, 6]);
        const WRONG: u64 = u64::from_le_bytes([240, 240, 255, 240, 240, 255, 240, 240]);
        let word = u64::from_le_bytes(*self.frame.window(at)?) ^ SHAPE;
        let wrong = (word | word.wrapping_add(SIX)) & WRONG;
        let text = self.frame.window(at + 9)?;
        let others = self.isa.numeric(text);
        let len = (others.others | others.dots).trailing_zeros() as usize;
        let exact = self.frame.byte(at + 8) == b'.' && self.frame.byte(at + 9 + len) == b'Z';
        if wrong != 0 || !exact || at + 10 + len != end || !(1..=9).contains(&len) {
            return None;
        }
        let pairs = word * 10 + (word >> 8);
        let pair = |at: u32| (pairs >> (8 * at) & 0xFF).cast_signed();
        let (hour, minute, second) = (pair(0), pair(3), pair(6));
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let fraction = number::unsigned(
            self.isa,
            self.frame,
            Span {
                end: (at + 9 + len) as u32,
                len: len as u16,
                fraction: 0,
            },
        )?;
        let scale = crate::fixed::pow10(9 - len as u32)?;
        let seconds = hour * 3_600 + minute * 60 + second;
        Some(seconds * 1_000_000_000 + fraction.cast_signed() * scale)
    }
}

/// A stamp by the calendar; remembers its day.
#[cold]
#[inline(never)]
fn calendar(frame: Frame<'_>, held: &mut Day, start: usize, end: usize) -> Result<Nanos, Reason> {
    let read = |text| time::from_rfc3339(std::str::from_utf8(text).ok()?);
    let stamp = read(frame.slice(start, end)).ok_or(Reason::Time)?;
    let day = frame.window::<11>(start).ok_or(Reason::End)?;
    let midnight = [&day[..], b"00:00:00Z"].concat();
    if let Some(start) = read(&midnight) {
        *held = Day { text: *day, start };
    }
    Ok(stamp)
}
