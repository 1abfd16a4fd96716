//! Scanning decimal text into digits and a power of ten, before any exponent is asked for.

use super::{EXP_MIN, Fixed, NumberError, TEXT_MAX};

/// A number as scanned: `±digits × 10^exp`, trailing fraction zeros beyond `u64` dropped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lexeme {
    negative: bool,
    digits: u64,
    pub(super) exp: i32,
}

impl Lexeme {
    /// Scans `text` by the grammar of [`super`].
    pub(super) fn scan(text: &[u8]) -> Result<Self, NumberError> {
        if text.len() > TEXT_MAX {
            return Err(NumberError::Malformed);
        }
        let (negative, rest) = match text.split_first() {
            Some((b'-', rest)) => (true, rest),
            _ => (false, text),
        };
        let (whole, rest) = split_digits(rest);
        let (fraction, rest) = match rest.split_first() {
            Some((b'.', rest)) => {
                let (fraction, rest) = split_digits(rest);
                if fraction.is_empty() {
                    return Err(NumberError::Malformed);
                }
                (fraction, rest)
            }
            _ => (&[][..], rest),
        };
        if whole.is_empty() && fraction.is_empty() {
            return Err(NumberError::Malformed);
        }
        let power = scan_exponent(rest)?;
        Self::gather(negative, whole, fraction, power)
    }

    fn gather(
        negative: bool,
        whole: &[u8],
        fraction: &[u8],
        power: i32,
    ) -> Result<Self, NumberError> {
        let mut digits = accumulate(0, whole).ok_or(NumberError::Range)?;
        let mut places = fraction.len();
        if let Some(all) = accumulate(digits, fraction) {
            digits = all;
        } else {
            let kept = fraction.len() - trailing_zeros(fraction);
            digits = accumulate(digits, &fraction[..kept]).ok_or(NumberError::Range)?;
            places = kept;
        }
        let places = i32::try_from(places).map_err(|_| NumberError::Malformed)?;
        Ok(Self {
            negative,
            digits,
            exp: power - places,
        })
    }

    /// The signed mantissa at exponent `exp`, if exact and in range.
    pub(super) fn at(self, exp: i32) -> Option<i64> {
        let shift = self.exp - exp;
        if self.digits == 0 {
            return Some(0);
        }
        let factor = 10_u64.checked_pow(shift.unsigned_abs())?;
        let magnitude = if shift >= 0 {
            self.digits.checked_mul(factor)?
        } else if self.digits.is_multiple_of(factor) {
            self.digits / factor
        } else {
            return None;
        };
        let magnitude = i64::try_from(magnitude).ok()?;
        Some(if self.negative { -magnitude } else { magnitude })
    }

    /// The value with its digits as they are, but for those finer than any record carries.
    pub(super) fn kept(self) -> Option<Fixed> {
        let exp = i8::try_from(self.exp.min(0).max(i32::from(EXP_MIN))).ok()?;
        Some(Fixed::new(self.at(i32::from(exp))?, exp))
    }

    /// The same value without trailing zeros.
    pub(super) const fn trimmed(mut self) -> Self {
        while self.digits != 0 && self.digits.is_multiple_of(10) {
            self.digits /= 10;
            self.exp += 1;
        }
        self
    }
}

/// The digits at the start of `text`, and the rest.
pub(crate) fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

fn trailing_zeros(digits: &[u8]) -> usize {
    digits
        .iter()
        .rev()
        .take_while(|&&digit| digit == b'0')
        .count()
}

fn accumulate(start: u64, digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(start, |sum, digit| {
        sum.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
    })
}

/// The power of ten behind `e`; no venue sends more than two digits, three are enough to refuse.
fn scan_exponent(text: &[u8]) -> Result<i32, NumberError> {
    let Some((marker, rest)) = text.split_first() else {
        return Ok(0);
    };
    if !matches!(marker, b'e' | b'E') {
        return Err(NumberError::Malformed);
    }
    let (negative, rest) = match rest.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, rest),
    };
    let (digits, rest) = split_digits(rest);
    if digits.is_empty() || digits.len() > 3 || !rest.is_empty() {
        return Err(NumberError::Malformed);
    }
    let value = digits
        .iter()
        .fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0'));
    Ok(if negative { -value } else { value })
}
