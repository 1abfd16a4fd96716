//! The one place where an exact number becomes a binary fraction: at the edge, for readers who want
//! `avg(price)` without thinking. The exact mantissa and exponent stand beside it in every table, and
//! nothing in this project ever reads the fraction.

/// The type of the convenient columns.
pub type Double = f64;

/// Powers of ten that a [`Double`] holds exactly.
const POWERS: [Double; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];
/// Integers up to this one are exact.
const EXACT_MAX: u64 = 1 << 53;

/// The nearest [`Double`] to `mantissa × 10^exp`, ties to even: what a correct parser makes of the
/// decimal text. Where both factors are exact, one division or multiplication rounds just once
/// (W. D. Clinger, "How to read floating point numbers accurately", PLDI 1990); else the text is
/// parsed.
#[must_use]
pub fn double(mantissa: i64, exp: i8) -> Double {
    let power = POWERS.get(usize::from(exp.unsigned_abs()));
    match power {
        Some(power) if mantissa.unsigned_abs() <= EXACT_MAX => {
            if exp < 0 {
                mantissa as Double / power
            } else {
                mantissa as Double * power
            }
        }
        _ => format!("{mantissa}e{exp}").parse().unwrap_or(Double::NAN),
    }
}

/// Digits and power of ten of the shortest decimal that reads as `value`; zero for what is no number.
pub(crate) fn shortest(value: Double) -> (i128, i32) {
    let text = format!("{value:e}");
    let parts = text.split_once('e').and_then(|(digits, power)| {
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let power: i32 = power.parse().ok()?;
        let digits = format!("{whole}{part}").parse().ok()?;
        Some((digits, power - i32::try_from(part.len()).ok()?))
    });
    parts.unwrap_or((0, 0))
}

#[cfg(test)]
mod tests {
    use feedd_codecs::Fixed;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_number_is_what_its_decimal_text_is_parsed_to(mantissa: i64, exp in -18_i8..=18) {
            prop_assume!(mantissa != i64::MIN);
            for mantissa in [mantissa, mantissa >> 11, mantissa >> 30, mantissa >> 50] {
                let text = Fixed::new(mantissa, exp).to_string();
                let parsed: Double = text.parse().unwrap_or(Double::NAN);
                prop_assert_eq!(double(mantissa, exp).to_bits(), parsed.to_bits(), "{}", text);
            }
        }

        #[test]
        fn the_shortest_decimal_of_a_fraction_reads_as_it(mantissa: i64, exp in -18_i8..=18) {
            let value = double(mantissa, exp);
            let (digits, power) = shortest(value);
            let read: Double = format!("{digits}e{power}").parse().unwrap_or(Double::NAN);
            prop_assert_eq!(read.to_bits(), value.to_bits());
            prop_assert!(digits.unsigned_abs() < 10_u128.pow(17));
        }
    }
}
