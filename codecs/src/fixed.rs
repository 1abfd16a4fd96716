//! Exact decimal numbers: a mantissa and a power of ten.
//!
//! Wire text goes straight to an integer; nothing passes through a binary fraction. One parser
//! serves every path, so a number that one decoder refuses is refused by all:
//!
//! ```text
//! number   = [ "-" ] digits [ "." digits ] [ ( "e" | "E" ) [ "+" | "-" ] digits ]
//!          | [ "-" ] "." digits …                        (no integer part: some venues omit it)
//! ```
//!
//! Trailing zeros of the fraction never cause an overflow: they carry no value.

use core::fmt;

use rust_decimal::Decimal;

mod lexeme;

use lexeme::Lexeme;
pub(crate) use lexeme::split_digits;

/// Finest exponent that a record may carry: an `i64` mantissa has at most 19 digits.
pub const EXP_MIN: i8 = -18;
/// Coarsest exponent that a record may carry.
pub const EXP_MAX: i8 = 18;

/// Longest number text that is looked at, in bytes. Venues send at most 25; a longer one is noise.
pub const TEXT_MAX: usize = 64;

/// Why a decimal text did not become a mantissa.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberError {
    /// The text is not a decimal number (empty, `NaN`, stray characters, two points, …).
    Malformed,
    /// The value is a number, but needs more than an `i64` mantissa at any permitted exponent.
    Range,
    /// The value is exact only at this finer exponent (always lower than the one asked for).
    Finer(i8),
}

/// A decimal value: `mantissa × 10^exp`.
///
/// Equality is of the representation (`1.0` and `1` differ); [`Fixed::normalized`] gives the one
/// with the shortest text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fixed {
    /// Significant digits with sign.
    pub mantissa: i64,
    /// Power of ten, normally in [`EXP_MIN`]`..=0`.
    pub exp: i8,
}

impl Fixed {
    /// `mantissa × 10^exp`.
    #[must_use]
    pub const fn new(mantissa: i64, exp: i8) -> Self {
        Self { mantissa, exp }
    }

    /// Parses decimal text, keeping the digits as written: `"0.100"` is `100 × 10^-3`.
    ///
    /// # Errors
    ///
    /// [`NumberError::Malformed`] or [`NumberError::Range`].
    pub fn parse(text: &[u8]) -> Result<Self, NumberError> {
        let lexeme = Lexeme::scan(text)?;
        // Zeros at the end are kept where they fit, and given up before the value is.
        lexeme
            .kept()
            .or_else(|| lexeme.trimmed().kept())
            .ok_or(NumberError::Range)
    }

    /// The mantissa at `exp` of a value that came with an exponent of its own (binary encodings);
    /// the rules are those of [`mantissa_at`].
    ///
    /// # Errors
    ///
    /// [`NumberError::Finer`] or [`NumberError::Range`].
    pub fn mantissa_at(self, exp: i8, keep_zeros: bool) -> Result<i64, NumberError> {
        if !(EXP_MIN..=EXP_MAX).contains(&self.exp) {
            return Err(NumberError::Range);
        }
        if !(keep_zeros && self.exp < exp)
            && let Some(mantissa) = self.at(exp)
        {
            return Ok(mantissa);
        }
        let wanted = if keep_zeros { self } else { self.normalized() };
        if wanted.exp < exp {
            Err(NumberError::Finer(wanted.exp))
        } else {
            Err(NumberError::Range)
        }
    }

    /// The same value with trailing zeros of the mantissa moved into the exponent, up to `exp` 0.
    #[must_use]
    pub const fn normalized(mut self) -> Self {
        if self.mantissa == 0 {
            return Self::new(0, 0);
        }
        while self.exp < 0 && self.mantissa % 10 == 0 {
            self.mantissa /= 10;
            self.exp += 1;
        }
        self
    }

    /// The mantissa of this value at exponent `exp`, if it is exact and fits.
    #[must_use]
    pub fn at(self, exp: i8) -> Option<i64> {
        rescale(self.mantissa, self.exp, exp)
    }

    /// The value as [`Decimal`], the type of this project's edges (reports, sums, tools).
    #[must_use]
    pub fn to_decimal(self) -> Decimal {
        let magnitude = i128::from(self.mantissa);
        match u32::try_from(-i32::from(self.exp)) {
            Ok(scale) => Decimal::from_i128_with_scale(magnitude, scale),
            Err(_) => Decimal::from(magnitude * 10_i128.pow(u32::from(self.exp.unsigned_abs()))),
        }
    }
}

/// Prints the exact value without an exponent, as short as possible: `2683.8`, `0`, `-0.00000001`.
impl fmt::Display for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mantissa, exp } = self.normalized();
        let sign = if mantissa < 0 { "-" } else { "" };
        let digits = mantissa.unsigned_abs();
        if exp >= 0 {
            let zeros = if mantissa == 0 {
                0
            } else {
                usize::from(exp.unsigned_abs())
            };
            return write!(f, "{sign}{digits}{:0<zeros$}", "");
        }
        let places = usize::from(exp.unsigned_abs());
        let unit = 10_u128.pow(u32::from(exp.unsigned_abs()));
        let digits = u128::from(digits);
        write!(f, "{sign}{}.{:0places$}", digits / unit, digits % unit)
    }
}

/// The mantissa of decimal `text` at exponent `exp`.
///
/// With `keep_zeros`, a surplus of fraction digits is reported even when they are zeros: the way
/// the precision of an instrument without reference data is learned from the wire.
///
/// # Errors
///
/// [`NumberError::Finer`] names the exponent that would hold the value exactly.
pub fn mantissa_at(text: &[u8], exp: i8, keep_zeros: bool) -> Result<i64, NumberError> {
    let lexeme = Lexeme::scan(text)?;
    let target = i32::from(exp);
    if !(keep_zeros && lexeme.exp < target)
        && let Some(mantissa) = lexeme.at(target)
    {
        return Ok(mantissa);
    }
    let wanted = if keep_zeros { lexeme } else { lexeme.trimmed() };
    if wanted.exp >= target {
        return Err(NumberError::Range);
    }
    let finer = wanted.exp.max(i32::from(EXP_MIN));
    wanted.at(finer).ok_or(NumberError::Range)?;
    i8::try_from(finer).map_or(Err(NumberError::Range), |finer| {
        Err(NumberError::Finer(finer))
    })
}

/// `mantissa × 10^from` expressed at exponent `to`; `None` where that is inexact or overflows.
#[must_use]
pub fn rescale(mantissa: i64, from: i8, to: i8) -> Option<i64> {
    let shift = i32::from(from) - i32::from(to);
    if mantissa == 0 || shift == 0 {
        return Some(mantissa);
    }
    let factor = pow10(shift.unsigned_abs())?;
    if shift > 0 {
        mantissa.checked_mul(factor)
    } else if mantissa % factor == 0 {
        Some(mantissa / factor)
    } else {
        None
    }
}

/// `10^n` where it fits an `i64` (`n` up to 18).
#[must_use]
pub const fn pow10(n: u32) -> Option<i64> {
    10_i64.checked_pow(n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> String {
        Fixed::parse(text.as_bytes()).unwrap().to_string()
    }

    #[test]
    fn text_keeps_its_value_and_loses_only_trailing_zeros() {
        for (text, expected) in [
            ("0.00000000", "0"),
            ("2683.80000000", "2683.8"),
            ("92233720368.54775807", "92233720368.54775807"),
            ("-0.5", "-0.5"),
            (".5", "0.5"),
            ("1e-08", "0.00000001"),
            ("7.0541503E7", "70541503"),
            ("2.4725004e+11", "247250040000"),
            ("100000000000.00000000000", "100000000000"),
            ("99999999999.00000000", "99999999999"),
            ("9999999999.990000000", "9999999999.99"),
            ("-6.2604214e-11", "-0.000000000062604214"),
            ("0.0", "0"),
            ("0e5", "0"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn text_that_is_no_number_is_malformed() {
        for text in [
            "", "-", ".", "1.", "1.2.3", "NaN", "Infinity", "1e", "1e+", "0x10", " 1", "1 ", "+1",
            "1e1000", "1-2", "--1",
        ] {
            assert_eq!(
                Fixed::parse(text.as_bytes()),
                Err(NumberError::Malformed),
                "{text}"
            );
        }
        assert_eq!(Fixed::parse(&[b'1'; 65]), Err(NumberError::Malformed));
    }

    #[test]
    fn values_beyond_the_mantissa_are_out_of_range() {
        for text in [
            "9223372036854775808",
            "1e19",
            "0.12345678901234567891",
            "99999999999999999999",
        ] {
            assert_eq!(
                Fixed::parse(text.as_bytes()),
                Err(NumberError::Range),
                "{text}"
            );
        }
    }

    #[test]
    fn finer_input_names_the_exponent_it_needs() {
        assert_eq!(mantissa_at(b"1.25", -1, false), Err(NumberError::Finer(-2)));
        assert_eq!(mantissa_at(b"1.2500", -2, false), Ok(125));
        assert_eq!(
            mantissa_at(b"1.2500", -2, true),
            Err(NumberError::Finer(-4))
        );
        assert_eq!(
            mantissa_at(b"1e-08", -4, false),
            Err(NumberError::Finer(-8))
        );
        assert_eq!(
            mantissa_at(b"12345678901.12345678", -1, false),
            Err(NumberError::Finer(-8))
        );
        assert_eq!(
            mantissa_at(b"9223372036854775807", -1, false),
            Err(NumberError::Range)
        );
    }

    #[test]
    fn values_with_an_exponent_follow_the_rules_of_text() {
        for (mantissa, from, exp, keep) in [
            (125, -2, -2, false),
            (125, -2, -1, false),
            (12_500, -4, -2, false),
            (12_500, -4, -2, true),
            (0, -8, 0, true),
            (0, -8, 0, false),
            (1, -18, -8, false),
            (i64::MAX, 0, -1, false),
        ] {
            let value = Fixed::new(mantissa, from);
            let unit = 10_u128.pow(u32::from(from.unsigned_abs()));
            let places = usize::from(from.unsigned_abs());
            let digits = u128::from(mantissa.unsigned_abs());
            let text = if places == 0 {
                digits.to_string()
            } else {
                format!("{}.{:0places$}", digits / unit, digits % unit)
            };
            assert_eq!(
                value.mantissa_at(exp, keep),
                mantissa_at(text.as_bytes(), exp, keep),
                "{text} at {exp}"
            );
        }
        assert_eq!(
            Fixed::new(1, -128).mantissa_at(-8, false),
            Err(NumberError::Range)
        );
        assert_eq!(
            Fixed::new(0, 127).mantissa_at(-8, false),
            Err(NumberError::Range)
        );
    }

    #[test]
    fn rescaling_is_exact_or_refused() {
        assert_eq!(rescale(125, -2, -4), Some(12_500));
        assert_eq!(rescale(12_500, -4, -2), Some(125));
        assert_eq!(rescale(125, -2, -1), None);
        assert_eq!(rescale(i64::MAX, 0, -1), None);
        assert_eq!(rescale(0, -18, 0), Some(0));
    }

    proptest! {
        #[test]
        fn every_mantissa_survives_printing_and_parsing(mantissa: i64, exp in -18_i8..=0) {
            prop_assume!(mantissa != i64::MIN);
            let value = Fixed::new(mantissa, exp);
            let text = value.to_string();
            prop_assert_eq!(mantissa_at(text.as_bytes(), exp, false), Ok(mantissa));
            prop_assert_eq!(text, value.to_decimal().normalize().to_string());
        }

        #[test]
        fn arbitrary_bytes_agree_with_decimal_or_are_refused(text in "[-+0-9.eE]{0,24}") {
            if let Ok(value) = Fixed::parse(text.as_bytes()) {
                let reference = Decimal::from_scientific(&text).or_else(|_| text.parse::<Decimal>());
                if let Ok(reference) = reference {
                    prop_assert_eq!(value.to_decimal().normalize(), reference.normalize());
                }
            }
        }
    }
}
