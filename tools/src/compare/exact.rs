//! Prices and quantities on one scale, so that a journal's mantissa and a tape's text compare.

use feedd_codecs::Fixed;

/// A value in units of 10^-18: finer than any venue's digits, and every `i64` mantissa fits.
pub(super) type Exact = i128;

/// Power of ten of [`Exact`].
const SCALE: i8 = -18;

/// Mantissa and exponent as a value; `None` if it is finer than the scale or does not fit.
pub(super) fn exact(mantissa: i64, exp: i8) -> Option<Exact> {
    let value = Fixed::new(mantissa, exp).normalized();
    let digits = u32::try_from(i16::from(value.exp) - i16::from(SCALE)).ok()?;
    i128::from(value.mantissa).checked_mul(10_i128.checked_pow(digits)?)
}

/// The value of a decimal text.
pub(super) fn parsed(text: &str) -> Option<Exact> {
    let value = Fixed::parse(text.as_bytes()).ok()?;
    exact(value.mantissa, value.exp)
}

/// The value as a decimal text without trailing zeros.
pub(super) fn shown(value: Exact) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let digits = format!("{:019}", value.unsigned_abs());
    let (whole, part) = digits.split_at(digits.len() - 18);
    let part = part.trim_end_matches('0');
    let point = if part.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{part}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_of_different_digits_are_equal() {
        assert_eq!(parsed("0.00054000"), exact(54, -5));
        assert_eq!(parsed("297249"), exact(297_249, 0));
        assert_ne!(parsed("1.1"), parsed("1.10000000001"));
        assert_eq!(parsed("1e5"), parsed("100000"));
    }

    #[test]
    fn what_is_too_fine_is_no_value() {
        assert_eq!(exact(1, -19), None);
        assert_eq!(exact(10, -19), exact(1, -18));
        assert_eq!(parsed("nonsense"), None);
    }

    #[test]
    fn values_are_shown_as_they_are_read() {
        for text in ["0", "64511.86", "-0.5", "0.000000000000000001"] {
            assert_eq!(parsed(text).map(shown).as_deref(), Some(text));
        }
    }
}
