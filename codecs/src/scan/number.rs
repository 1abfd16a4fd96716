//! Digits on the wire to mantissas.
//!
//! The fast way covers numbers of at most 16 digits that need no finer exponent than the
//! instrument's; all others take the parser of [`crate::fixed`]. Both give the same value, so which
//! way a number goes cannot be seen.

use super::message::Reason;
use super::padded::Frame;
use super::plan::{Goal, POW10, Plan};
use super::simd::{Digits, Isa};
use crate::fixed::{self, Fixed};
use crate::venue::levels::{self, Found, Number};

/// Where a value stands in the frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) end: u32,
    pub(crate) len: u16,
    /// Digits behind the point; 0 = there is no point.
    /// [`Span::POWER`] = it has an exponent.
    pub(crate) fraction: u16,
}

impl Span {
    /// Stands for the digits behind the point of a number with an exponent.
    pub(crate) const POWER: u16 = u16::MAX;

    #[inline(always)]
    pub(crate) const fn start(self) -> usize {
        self.end as usize - self.len as usize
    }

    /// As it stands in what begins `base` bytes later; far away where it stands before that.
    pub(super) const fn behind(self, base: u32) -> Self {
        Self {
            end: self.end.wrapping_sub(base),
            ..self
        }
    }

    #[inline(always)]
    pub(crate) const fn end(self) -> usize {
        self.end as usize
    }

    #[inline(always)]
    pub(crate) const fn len(self) -> usize {
        self.len as usize
    }
}

/// Digits behind the point of a number of `len` bytes, fewer than 64, that is digits with at most one
/// point between two of them. One that has to be spelled by JSON's grammar and begins with a zero has
/// no second digit before the point.
#[inline(always)]
pub(super) fn fraction_of(len: u32, dots: u64, bare_zero: bool) -> Result<u32, Reason> {
    let dots = dots & ((1 << len) - 1);
    let whole = dots.trailing_zeros().min(len);
    // With the point, if there is one: then it is not alone.
    let behind = len - whole;
    let several = dots & dots.wrapping_sub(1) != 0;
    if whole == 0 || behind == 1 || several || (bare_zero && whole > 1) {
        return Err(Reason::Number);
    }
    Ok(behind.saturating_sub(1))
}

/// A number in a frame.
#[derive(Clone, Copy)]
pub(crate) struct Scanned<'a, I> {
    pub(crate) isa: I,
    pub(crate) frame: Frame<'a>,
    pub(crate) span: Span,
}

/// Bytes around the end of a number, and how many of them stand before it.
type Tail = [u8; 96];
const TAIL_BEFORE: usize = 64;

impl<'a, I: Isa> Scanned<'a, I> {
    #[inline(always)]
    fn digits(self, plan: &Plan) -> Option<Digits<'a>> {
        let tail: &Tail = self.frame.around(TAIL_BEFORE, self.span.end())?;
        let window = |cut: usize| {
            let at = TAIL_BEFORE - 16 - (cut & 31);
            tail[at..].first_chunk().unwrap_or(&[0; 16])
        };
        plan.digits(self.isa, window, u32::from(self.span.len))
    }

    #[inline(always)]
    pub(super) fn fast(self, exp: i8, keep_zeros: bool) -> Option<i64> {
        let plan = Plan::of(u32::from(self.span.fraction), Goal::of(exp, keep_zeros))?;
        plan.scaled(self.isa.digits(self.digits(&plan)?))
    }

    /// The value at the exponent that it is spelled with, with its sign; `None` where no mantissa holds
    /// it.
    #[inline(always)]
    pub(crate) fn fixed(self) -> Option<Fixed> {
        let (negative, digits) = self.sign();
        let Ok(places) = i8::try_from(self.span.fraction) else {
            return self.long_fixed();
        };
        match digits.fast(-places, true) {
            Some(mantissa) if negative => Some(Fixed::new(-mantissa, -places)),
            Some(mantissa) => Some(Fixed::new(mantissa, -places)),
            None => self.long_fixed(),
        }
    }

    /// Whether it is below zero, and what stands behind the sign.
    #[inline(always)]
    fn sign(self) -> (bool, Self) {
        let negative = self.frame.byte(self.span.start()) == b'-';
        let span = Span {
            len: self.span.len - u16::from(negative),
            ..self.span
        };
        (negative, Scanned { span, ..self })
    }

    /// As [`Scanned::fixed`], for numbers with an exponent or more digits than one window holds.
    #[inline(never)]
    fn long_fixed(self) -> Option<Fixed> {
        let (negative, digits) = self.sign();
        if let Ok(places) = i8::try_from(self.span.fraction)
            && let Some(mantissa) = digits.wide(-places)
        {
            let mantissa = if negative { -mantissa } else { mantissa };
            return Some(Fixed::new(mantissa, -places));
        }
        let text = self.frame.slice(self.span.start(), self.span.end());
        Fixed::parse(text).ok()
    }

    /// More digits than one window holds, as a whole and a fraction.
    fn wide(self, exp: i8) -> Option<i64> {
        let (end, fraction) = (self.span.end(), usize::from(self.span.fraction));
        let missing = usize::try_from(-isize::from(exp))
            .ok()?
            .checked_sub(fraction)?;
        let whole_end = end - fraction - usize::from(fraction > 0);
        let whole = whole_end - self.span.start();
        if whole > 16 || fraction > 16 {
            return None;
        }
        let value = |end, count| Some(plain(self.isa, self.frame, end, count)?.cast_signed());
        let sum = value(whole_end, whole)?
            .checked_mul(POW10[fraction])?
            .checked_add(value(end, fraction)?)?;
        sum.checked_mul(*POW10.get(missing)?)
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
    let text = frame.slice(span.start(), span.end());
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
    let (end, len) = (span.end(), span.len());
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
    let high = plain(isa, frame, end - 16, len - 16)?;
    Some(high * POW10[16].cast_unsigned() + plain(isa, frame, end, 16)?)
}

#[cfg(test)]
mod tests {
    use super::super::padded::PaddedBuf;
    use super::super::simd::{Proven, Target, Task};
    use super::*;
    use proptest::prelude::*;

    struct Read<'a>(Frame<'a>, Span, i8, bool);

    impl Task for Read<'_> {
        type Output = (Found, Option<Fixed>);

        #[inline(always)]
        fn run<I: Isa>(self, isa: I) -> Self::Output {
            let Self(frame, span, exp, keep_zeros) = self;
            let number = Scanned { isa, frame, span };
            (number.mantissa("field", exp, keep_zeros), number.fixed())
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
                end: (before.len() + text.len()) as u32,
                len: text.len() as u16,
                fraction: fraction as u16,
            };
            let spelled = Fixed::parse(text.as_bytes()).ok();
            let expected = (general(frame, span, "field", exp, keep_zeros), spelled);
            for target in Target::ALL {
                let read = Proven::of(target).run(Read(frame, span, exp, keep_zeros));
                prop_assert_eq!(read, expected, "{} at {} on {:?}", text, exp, target);
            }
        }
    }
}
