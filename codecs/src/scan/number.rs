//! Digits on the wire to mantissas.
//!
//! The fast way covers numbers of at most 16 digits that need no finer exponent than the
//! instrument's; all others take the parser of [`crate::fixed`]. Both give the same value, so which
//! way a number goes cannot be seen.

use super::padded::Frame;
use super::simd::{Digits, Isa};
use crate::fixed::{self, Fixed};
use crate::venue::levels::{self, Found, Number};

/// Where a value stands in the frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// Digits behind the point; 0 = there is no point.
    pub(crate) fraction: u32,
}

impl Span {
    #[inline(always)]
    pub(crate) const fn len(self) -> usize {
        (self.end - self.start) as usize
    }
}

const POW10: [u64; 19] = {
    let mut powers = [1; 19];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// Digits behind the point at an exponent; more than any number has where it is above zero, which
/// sends all numbers the general way.
#[inline(always)]
pub(crate) const fn places(exp: i8) -> usize {
    if exp > 0 {
        usize::MAX
    } else {
        exp.unsigned_abs() as usize
    }
}

/// A number that the fast way takes: its digits and what they are multiplied with.
#[derive(Clone, Copy)]
pub(crate) struct Ready<'a> {
    pub(crate) digits: Digits<'a>,
    factor: u64,
}

/// Bytes that end with a number: as many as two windows of digits.
pub(crate) type Tail = [u8; 32];

impl<'a> Ready<'a> {
    /// Finds the digits of a number of `len` bytes that `tail` ends with, at an exponent of `places`;
    /// `None` where the fast way ends.
    #[inline(always)]
    pub(crate) fn of<I: Isa>(
        isa: I,
        tail: &'a Tail,
        (len, fraction): (u32, u32),
        places: usize,
        keep_zeros: bool,
    ) -> Option<Self> {
        let (len, fraction) = (len as usize, fraction as usize);
        let (window, cut, point, factor) = if fraction <= places {
            (
                tail.last_chunk()?,
                0,
                fraction,
                *POW10.get(places - fraction)?,
            )
        } else {
            let surplus = fraction - places;
            let zeros = isa.zeros(tail.last_chunk()?) as usize;
            // The point goes with the whole fraction.
            let cut = surplus + usize::from(places == 0);
            if keep_zeros || zeros < surplus || cut > 16 {
                return None;
            }
            let window = tail.get((16 - cut) & 15..)?.first_chunk()?;
            (window, cut, places, 1)
        };
        let bytes = len - cut;
        let digits = Digits {
            window,
            point,
            count: bytes - usize::from(point > 0),
        };
        (bytes <= 16).then_some(Self { digits, factor })
    }

    /// The mantissa that `digits` stand for.
    #[inline(always)]
    pub(crate) fn scaled(self, digits: u64) -> Option<i64> {
        let value = digits.checked_mul(self.factor)?;
        i64::try_from(value).ok()
    }
}

/// A number in a frame.
#[derive(Clone, Copy)]
pub(crate) struct Scanned<'a, I> {
    pub(crate) isa: I,
    pub(crate) frame: Frame<'a>,
    pub(crate) span: Span,
}

impl<I: Isa> Scanned<'_, I> {
    #[inline(always)]
    fn fast(self, exp: i8, keep_zeros: bool) -> Option<i64> {
        let tail = self.frame.ending(self.span.end as usize)?;
        let size = (self.span.end - self.span.start, self.span.fraction);
        let ready = Ready::of(self.isa, tail, size, places(exp), keep_zeros)?;
        ready.scaled(self.isa.digits(ready.digits))
    }

    /// The value at the exponent that it is spelled with, with its sign; `None` where no mantissa holds
    /// it.
    #[inline(always)]
    pub(crate) fn fixed(self) -> Option<Fixed> {
        let negative = self.frame.byte(self.span.start as usize) == b'-';
        let span = Span {
            start: self.span.start + u32::from(negative),
            ..self.span
        };
        let exp = -i8::try_from(self.span.fraction).ok()?;
        match (Scanned { span, ..self }).fast(exp, true) {
            Some(mantissa) if negative => Some(Fixed::new(-mantissa, exp)),
            Some(mantissa) => Some(Fixed::new(mantissa, exp)),
            None => self.long_fixed(),
        }
    }

    #[cold]
    #[inline(never)]
    fn long_fixed(self) -> Option<Fixed> {
        let (start, end) = (self.span.start as usize, self.span.end as usize);
        Fixed::parse(self.frame.slice(start, end)).ok()
    }

    /// More digits than one window holds, as a whole and a fraction.
    fn wide(self, exp: i8) -> Option<i64> {
        let (end, fraction) = (self.span.end as usize, self.span.fraction as usize);
        let whole_end = end - fraction - usize::from(fraction > 0);
        let whole = whole_end - self.span.start as usize;
        let missing = places(exp).checked_sub(fraction)?;
        if whole > 16 || fraction > 16 {
            return None;
        }
        let sum = plain(self.isa, self.frame, whole_end, whole)?
            .checked_mul(POW10[fraction])?
            .checked_add(plain(self.isa, self.frame, end, fraction)?)?;
        i64::try_from(sum.checked_mul(*POW10.get(missing)?)?).ok()
    }
}

impl<I: Isa> Number for Scanned<'_, I> {
    #[inline(always)]
    fn mantissa(self, field: &'static str, exp: i8, keep_zeros: bool) -> Found {
        match self.fast(exp, keep_zeros) {
            Some(mantissa) => Ok(Ok(mantissa)),
            None => self.slow(field, exp, keep_zeros),
        }
    }
}

impl<I: Isa> Scanned<'_, I> {
    #[inline(never)]
    fn slow(self, field: &'static str, exp: i8, keep_zeros: bool) -> Found {
        match self.wide(exp) {
            Some(mantissa) => Ok(Ok(mantissa)),
            None => general(self.frame, self.span, field, exp, keep_zeros),
        }
    }
}

#[cold]
#[inline(never)]
fn general(frame: Frame<'_>, span: Span, field: &'static str, exp: i8, keep_zeros: bool) -> Found {
    let text = frame.slice(span.start as usize, span.end as usize);
    levels::found(field, fixed::mantissa_at(text, exp, keep_zeros))
}

/// The value of the `count` digits before `end`, at most 16.
#[inline(always)]
fn plain<I: Isa>(isa: I, frame: Frame<'_>, end: usize, count: usize) -> Option<u64> {
    let window = frame.ending(end)?;
    Some(isa.digits(Digits {
        window,
        point: 0,
        count,
    }))
}

/// The value of up to 19 bare digits.
#[inline(always)]
pub(crate) fn unsigned<I: Isa>(isa: I, frame: Frame<'_>, span: Span) -> Option<u64> {
    let (end, len) = (span.end as usize, span.len());
    if len <= 16 {
        return plain(isa, frame, end, len);
    }
    long(isa, frame, end, len)
}

#[inline(never)]
fn long<I: Isa>(isa: I, frame: Frame<'_>, end: usize, len: usize) -> Option<u64> {
    if len > 19 {
        return None;
    }
    Some(plain(isa, frame, end - 16, len - 16)? * POW10[16] + plain(isa, frame, end, 16)?)
}

#[cfg(test)]
mod tests {
    use super::super::padded::PaddedBuf;
    use super::super::simd::{Proven, Target, Task};
    use super::*;
    use proptest::prelude::*;

    struct Read<'a>(Frame<'a>, Span, i8, bool);

    impl Task for Read<'_> {
        type Output = Found;

        #[inline(always)]
        fn run<I: Isa>(self, isa: I) -> Self::Output {
            let Self(frame, span, exp, keep_zeros) = self;
            Scanned { isa, frame, span }.mantissa("field", exp, keep_zeros)
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]
        #[test]
        fn every_target_reads_the_value_that_the_general_parser_reads(
            text in "(0|[0-9]{1,12}|[0-9]{1,25})(\\.[0-9]{1,18}|\\.[0-9]{1,4}0{1,12}|)",
            before in "[0-9x]{0,20}",
            after in "[0-9\"]{0,20}",
            exp in -18_i8..=2,
            keep_zeros: bool,
        ) {
            let whole = format!("{before}{text}{after}");
            let mut buffer = PaddedBuf::default();
            let frame = buffer.fill(whole.as_bytes());
            let fraction = text.split_once('.').map_or(0, |parts| parts.1.len());
            let span = Span {
                start: before.len() as u32,
                end: (before.len() + text.len()) as u32,
                fraction: fraction as u32,
            };
            let expected = general(frame, span, "field", exp, keep_zeros);
            for target in Target::ALL {
                let read = Proven::of(target).run(Read(frame, span, exp, keep_zeros));
                prop_assert_eq!(read, expected, "{} at {} on {:?}", text, exp, target);
            }
        }
    }
}
