//! Text to values: prices and quantities by each library's way, stamps by one way for all.

use std::str::FromStr;

use rust_decimal::Decimal;

/// Powers of ten that an `i64` holds.
const POW10: [i64; 19] = {
    let mut powers = [1; 19];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};
/// So many digits are always below 2^64.
const DIGITS_MAX: usize = 19;
const NANOS_PER_MILLI: i64 = 1_000_000;
const NANOS_PER_SECOND: i64 = 1_000_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// How the text of a number becomes an integer with `places` digits behind the point.
///
/// Zeros behind those are dropped; another digit there is refused, since the instruments declare what they trade in.
pub trait Numbers {
    fn mantissa(text: &str, places: u8) -> Option<i64>;
}

/// Integers, a byte at a time.
pub struct Integers;

impl Numbers for Integers {
    fn mantissa(text: &str, places: u8) -> Option<i64> {
        let bytes = text.as_bytes();
        if bytes.len() > DIGITS_MAX {
            return None;
        }
        let (mut value, mut behind) = digits(0, bytes);
        if behind.len() == bytes.len() {
            return None;
        }
        let mut missing = usize::from(places);
        if let [b'.', fraction @ ..] = behind {
            let kept = fraction.len().min(missing);
            let (kept, padding) = fraction.split_at(kept);
            (value, behind) = digits(value, kept);
            missing -= kept.len();
            if !padding.iter().all(|byte| *byte == b'0') {
                return None;
            }
        }
        if !behind.is_empty() {
            return None;
        }
        let value = i64::try_from(value).ok()?;
        value.checked_mul(*POW10.get(missing)?)
    }
}

/// The digits that `bytes` begins with behind those of `value`, and what is behind them.
fn digits(mut value: u64, bytes: &[u8]) -> (u64, &[u8]) {
    for (at, byte) in bytes.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return (value, &bytes[at..]);
        }
        value = value * 10 + u64::from(digit);
    }
    (value, &[])
}

/// `Decimal`, then its integer.
pub struct Decimals;

impl Numbers for Decimals {
    fn mantissa(text: &str, places: u8) -> Option<i64> {
        let value = Decimal::from_str(text).ok()?;
        let mantissa = i64::try_from(value.mantissa()).ok()?;
        let (scale, places) = (value.scale() as usize, usize::from(places));
        if scale <= places {
            return mantissa.checked_mul(*POW10.get(places - scale)?);
        }
        let unit = *POW10.get(scale - places)?;
        (mantissa % unit == 0).then_some(mantissa / unit)
    }
}

/// Milliseconds since the Unix epoch as nanoseconds.
pub fn nanos(millis: u64) -> Option<i64> {
    i64::try_from(millis).ok()?.checked_mul(NANOS_PER_MILLI)
}

/// Reads RFC 3339 stamps; those of one day look up when it began.
#[derive(Default)]
pub struct Days {
    date: [u8; 10],
    began: i64,
}

impl Days {
    /// Nanoseconds since the Unix epoch of `2026-09-25T17:48:26.844359Z`.
    pub fn stamp(&mut self, text: &str) -> Option<i64> {
        let (date, clock) = text.as_bytes().split_first_chunk::<10>()?;
        if *date != self.date {
            self.began = midnight(date)?;
            self.date = *date;
        }
        let [
            b'T',
            h1,
            h2,
            b':',
            m1,
            m2,
            b':',
            s1,
            s2,
            fraction @ ..,
            b'Z',
        ] = clock
        else {
            return None;
        };
        let hour = whole(&[*h1, *h2])?;
        let minute = whole(&[*m1, *m2])?;
        let second = whole(&[*s1, *s2])?;
        let fraction = match fraction {
            [] => 0,
            [b'.', digits @ ..] => {
                whole(digits)? * POW10.get(9_usize.checked_sub(digits.len())?)?
            }
            _ => return None,
        };
        Some(self.began + ((hour * 60 + minute) * 60 + second) * NANOS_PER_SECOND + fraction)
    }
}

/// A number of digits only, at most nine.
fn whole(text: &[u8]) -> Option<i64> {
    let (value, behind) = digits(0, text.get(..text.len().min(9))?);
    (behind.is_empty() && text.len() <= 9)
        .then(|| i64::try_from(value).ok())
        .flatten()
}

/// When a day of the Gregorian calendar began; years are counted from March, so that the leap day ends one.
fn midnight(date: &[u8; 10]) -> Option<i64> {
    let (year, month, day) = (whole(&date[..4])?, whole(&date[5..7])?, whole(&date[8..])?);
    let year = if month > 2 { year } else { year - 1 };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719_468;
    Some(days * SECONDS_PER_DAY * NANOS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_make_the_same_integers_of_a_number() {
        for (text, places, expected) in [
            ("0", 2, Some(0)),
            ("12", 2, Some(1_200)),
            ("12.5", 2, Some(1_250)),
            ("12.50000000", 2, Some(1_250)),
            ("1234567890.12345678", 8, Some(123_456_789_012_345_678)),
            ("12.505", 2, None),
            ("", 2, None),
            ("1.2.3", 4, None),
            ("1x", 2, None),
        ] {
            assert_eq!(Integers::mantissa(text, places), expected, "{text}");
            assert_eq!(Decimals::mantissa(text, places), expected, "{text}");
        }
    }

    #[test]
    fn stamps_are_those_of_the_calendar() {
        let mut days = Days::default();
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T23:59:59.9Z", Some(951_868_799_900_000_000)),
            (
                "2026-09-25T17:48:26.844359Z",
                Some(1_790_358_506_844_359_000),
            ),
            ("2026-09-25 17:48:26Z", None),
            ("2026-09-25T17:48:26.Z5", None),
        ] {
            assert_eq!(days.stamp(text), expected, "{text}");
        }
    }
}
