//! Sums of values instead of mantissas, for sinks that keep numbers and no exponents.
//!
//! A value is counted in units of 10^-18, the finest that a record has, so that sums of numbers with
//! different exponents are still exact. Levels of books stand in such sinks as binary fractions: a
//! level counts as the shortest decimal that reads as its fraction, which is the number itself for
//! up to 15 digits, and for longer ones still the same on both sides.

use feedd_codecs::Record;
use feedd_codecs::record::{BookEvent, Level};

use super::sums_of;
use crate::sink::parquet::double::{double, shortest};

/// Exponent of the units.
pub const VALUE_EXP: i8 = -18;
/// So many significant digits are the same in a decimal, in the nearest binary fraction and in the
/// shortest decimal that reads as it.
const SAFE_DIGITS: usize = 15;
/// Integers below this have at most [`SAFE_DIGITS`] digits.
const SAFE_BELOW: u64 = 10_u64.pow(15);

/// Sums of a record's prices and quantities in units.
pub(super) fn values_of(record: &Record<'_>) -> (i128, i128) {
    if let Record::BookDelta(event) | Record::BookSnapshot(event) = record {
        return levels_of(event);
    }
    let (px_exp, qty_exp, px, qty) = sums_of(record);
    (units(px, px_exp.into()), units(qty, qty_exp.into()))
}

fn levels_of(event: &BookEvent<'_>) -> (i128, i128) {
    let (px_exp, qty_exp) = (event.head.px_exp, event.head.qty_exp);
    let sum = |(px, qty): (i128, i128), level: &Level| {
        (
            px.wrapping_add(near(level.px, px_exp)),
            qty.wrapping_add(near(level.qty, qty_exp)),
        )
    };
    event.bids.iter().chain(event.asks).fold((0, 0), sum)
}

/// A level's number as a sink of fractions has it.
fn near(mantissa: i64, exp: i8) -> i128 {
    if mantissa.unsigned_abs() < SAFE_BELOW {
        units(mantissa.into(), exp.into())
    } else {
        let (digits, exp) = shortest(double(mantissa, exp));
        units(digits, exp)
    }
}

/// `mantissa × 10^exp` in units; what is finer is cut, what is larger is the largest number.
fn units(mantissa: i128, exp: i32) -> i128 {
    let shift = exp.saturating_sub(VALUE_EXP.into());
    let factor = 10_i128.checked_pow(shift.unsigned_abs());
    match factor {
        _ if mantissa == 0 => 0,
        Some(factor) if shift < 0 => mantissa / factor,
        None if shift < 0 => 0,
        Some(factor) => mantissa.saturating_mul(factor),
        None => i128::MAX,
    }
}

/// The value of a decimal text in units; nothing if it is none or is not exact in units.
#[must_use]
pub fn exact(text: &str) -> Option<i128> {
    let (digits, exp) = parse(text)?;
    let shift = exp.checked_sub(VALUE_EXP.into())?;
    let factor = 10_i128.checked_pow(shift.unsigned_abs())?;
    if shift >= 0 {
        digits.checked_mul(factor)
    } else {
        (digits % factor == 0).then(|| digits / factor)
    }
}

/// The value of a text that a binary fraction was written as; nothing if it is none.
#[must_use]
pub fn fraction(text: &str) -> Option<i128> {
    let significant = text.split(['e', 'E']).next().unwrap_or_default();
    let count = significant.bytes().filter(u8::is_ascii_digit).count();
    let (digits, exp) = if count <= SAFE_DIGITS {
        parse(text)?
    } else {
        shortest(text.parse().ok()?)
    };
    Some(units(digits, exp))
}

/// Digits and power of ten of a decimal text.
fn parse(text: &str) -> Option<(i128, i32)> {
    let (number, power) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{whole}{part}").parse().ok()?;
    let power: i32 = power.parse().ok()?;
    Some((digits, power.checked_sub(i32::try_from(part.len()).ok()?)?))
}

#[cfg(test)]
mod tests {
    use feedd_codecs::Fixed;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_of_decimals_and_fractions_have_their_value_in_units() {
        for (text, value) in [
            ("0", 0),
            ("60000.010000000000000000", 60_000_010_000_000_000_000_000),
            ("-0.000000000000000001", -1),
            ("1E-8", 10_000_000_000),
            ("1.25e2", 125_000_000_000_000_000_000),
        ] {
            assert_eq!(exact(text), Some(value), "{text}");
            assert_eq!(fraction(text), Some(value), "{text}");
        }
        for text in [
            "",
            "null",
            "1.2.3",
            "1e",
            "99999999999999999999999999999999",
        ] {
            assert_eq!(exact(text), None, "{text}");
        }
        assert_eq!(exact("0.0000000000000000015"), None, "finer than a unit");
    }

    proptest! {
        #[test]
        fn a_level_counts_the_same_in_the_journal_and_as_any_text_of_its_fraction(
            mantissa: i64, shift in 0_u32..60, exp in -18_i8..=0
        ) {
            prop_assume!(mantissa != i64::MIN);
            let mantissa = mantissa >> shift;
            let ours = near(mantissa, exp);
            let value = double(mantissa, exp);
            for text in [format!("{value}"), format!("{value:e}"), format!("{value:.20e}")] {
                prop_assert_eq!(fraction(&text), Some(ours), "{}", text);
            }
            if mantissa.unsigned_abs() < SAFE_BELOW {
                let text = Fixed::new(mantissa, exp).to_string();
                prop_assert_eq!(exact(&text), Some(ours), "{}", text);
            }
        }
    }
}
