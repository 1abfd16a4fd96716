//! RFC 3339 stamps: the clock is read in words, the calendar once a day.

use super::super::number::{self, Span};
use super::super::padded::Frame;
use super::super::simd::Isa;
use super::Reason;
use crate::time::{self, Nanos};

/// The last day that a stamp named: calendars are slow, and days are long.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::scan) struct Day {
    /// `YYYY-MM-DDT`.
    text: [u8; 11],
    start: Nanos,
}

impl Day {
    /// The beginning of a day, if it is the one that a stamp named last.
    #[inline(always)]
    pub(in crate::scan) fn midnight(&self, text: &[u8; 11]) -> Option<Nanos> {
        (*text == self.text).then_some(self.start)
    }

    /// The RFC 3339 stamp at a place.
    #[inline(always)]
    pub(in crate::scan) fn rfc3339<I: Isa>(
        &mut self,
        isa: I,
        frame: Frame<'_>,
        span: Span,
    ) -> Result<Nanos, Reason> {
        let (start, end) = (span.start(), span.end());
        let day = frame.window::<11>(start).ok_or(Reason::End)?;
        if let Some(midnight) = self.midnight(day)
            && let Some(clock) = read_clock(isa, frame, start + 11, end)
        {
            return Ok(midnight + clock);
        }
        calendar(frame, self, start, end)
    }
}

/// Nanoseconds of the day of `HH:MM:SS.f…Z`.
#[inline(always)]
fn read_clock<I: Isa>(isa: I, frame: Frame<'_>, at: usize, end: usize) -> Option<Nanos> {
    const SHAPE: u64 = u64::from_le_bytes(*b"00:00:00");
    // Digits become 0 to 9, which six more leave below 16; colons become 0.
    const SIX: u64 = u64::from_le_bytes([6, 6, 0, 6, 6, 0, 6, 6]);
    const WRONG: u64 = u64::from_le_bytes([240, 240, 255, 240, 240, 255, 240, 240]);
    let word = u64::from_le_bytes(*frame.window(at)?) ^ SHAPE;
    let wrong = (word | word.wrapping_add(SIX)) & WRONG;
    let text = frame.window(at + 9)?;
    let others = isa.numeric(text);
    let len = (others.others | others.dots).trailing_zeros() as usize;
    let exact = frame.byte(at + 8) == b'.' && frame.byte(at + 9 + len) == b'Z';
    if wrong != 0 || !exact || at + 10 + len != end || !(1..=9).contains(&len) {
        return None;
    }
    let pairs = word * 10 + (word >> 8);
    let pair = |at: u32| (pairs >> (8 * at) & 0xFF).cast_signed();
    let hhmmss = pair(0) * 10_000 + pair(3) * 100 + pair(6);
    let fraction = number::unsigned(
        isa,
        frame,
        Span {
            end: (at + 9 + len) as u32,
            len: len as u16,
            fraction: 0,
        },
    )?;
    let scale = crate::fixed::pow10(9 - len as u32)?;
    clock(hhmmss, fraction.cast_signed() * scale)
}

/// Nanoseconds of the day of `HHMMSS` and nanoseconds behind it; `None` where no clock shows that.
#[inline(always)]
pub(in crate::scan) const fn clock(hhmmss: i64, nanos: i64) -> Option<Nanos> {
    let (hour, minute, second) = (hhmmss / 10_000, hhmmss / 100 % 100, hhmmss % 100);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some((hour * 3_600 + minute * 60 + second) * 1_000_000_000 + nanos)
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
