//! Venue time text and numbers to nanoseconds since the Unix epoch.
//!
//! All stamps of this project are `i64` nanoseconds (good until 2262); 0 means "not given".

/// Nanoseconds since the Unix epoch; 0 is "not given", never a substitute.
pub type Nanos = i64;

/// An integer epoch stamp in the unit its magnitude tells: milliseconds below 10^14, microseconds
/// below 10^17, nanoseconds above. Unambiguous for every date from 1973 (in ms) to 5138.
///
/// Binance switches a whole connection between ms and µs (`timeUnit`, spot API page 2024-12-17).
#[must_use]
pub const fn from_epoch(value: u64) -> Option<Nanos> {
    let factor = match value {
        0..100_000_000_000_000 => 1_000_000,
        100_000_000_000_000..100_000_000_000_000_000 => 1_000,
        100_000_000_000_000_000..=0x7FFF_FFFF_FFFF_FFFF => 1,
        _ => return None,
    };
    value.cast_signed().checked_mul(factor)
}

/// An RFC 3339 stamp in UTC (`2023-07-30T15:29:58.343415Z`), up to nine fraction digits.
#[must_use]
pub fn from_rfc3339(text: &str) -> Option<Nanos> {
    let bytes = text.as_bytes();
    let (date, clock) = (bytes.get(..10)?, bytes.get(11..19)?);
    if bytes[10] != b'T'
        || date[4] != b'-'
        || date[7] != b'-'
        || clock[2] != b':'
        || clock[5] != b':'
    {
        return None;
    }
    let fraction = bytes.get(19..)?.strip_suffix(b"Z")?;
    let days = days_from_civil(
        number(&date[..4])?,
        number(&date[5..7])?,
        number(&date[8..])?,
    )?;
    let (hour, minute, second) = (
        number(&clock[..2])?,
        number(&clock[3..5])?,
        number(&clock[6..])?,
    );
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second;
    seconds
        .checked_mul(1_000_000_000)?
        .checked_add(fraction_nanos(fraction)?)
}

/// A stamp as RFC 3339 text in UTC, cut to milliseconds.
#[must_use]
pub fn to_rfc3339(ns: Nanos) -> String {
    let (year, month, day) = utc_date(ns);
    let ms = ns.div_euclid(1_000_000).rem_euclid(86_400_000);
    let (hour, minute) = (ms / 3_600_000, ms / 60_000 % 60);
    let (second, ms) = (ms / 1_000 % 60, ms % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |sum, digit| {
        digit
            .is_ascii_digit()
            .then(|| sum * 10 + i64::from(digit - b'0'))
    })
}

fn fraction_nanos(text: &[u8]) -> Option<i64> {
    let Some((point, digits)) = text.split_first() else {
        return Some(0);
    };
    if *point != b'.' || digits.is_empty() || digits.len() > 9 {
        return None;
    }
    let missing = u32::try_from(9 - digits.len()).ok()?;
    Some(number(digits)? * 10_i64.pow(missing))
}

/// Days since 1970-01-01 of a proleptic Gregorian date, for years 1970 to 2262.
fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [
        31,
        28 + i64::from(leap(year)),
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    let month_index = usize::try_from(month - 1).ok()?;
    if !(1970..=2262).contains(&year) || !(1..=*lengths.get(month_index)?).contains(&day) {
        return None;
    }
    let leaps_before = |year: i64| (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400;
    let years = (year - 1970) * 365 + leaps_before(year) - leaps_before(1970);
    Some(years + lengths[..month_index].iter().sum::<i64>() + day - 1)
}

/// Year, month and day (UTC) of a stamp.
#[must_use]
pub const fn utc_date(ns: Nanos) -> (i64, i64, i64) {
    // Days are counted from 0000-03-01, so that the leap day ends a year.
    let days = ns.div_euclid(86_400_000_000_000) + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, turn) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (era * 400 + year + turn, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_stamp_is_read_back_to_the_millisecond() {
        for text in [
            "1970-01-01T00:00:00.000Z",
            "2026-02-28T23:59:59.999Z",
            "2028-02-29T12:03:04.050Z",
        ] {
            let ns = from_rfc3339(text).unwrap();
            assert_eq!(to_rfc3339(ns + 999_999), text);
        }
    }

    #[test]
    fn rfc3339_stamps_become_nanoseconds() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2023-07-30T15:29:58.343415Z", 1_690_730_998_343_415_000),
            ("2026-09-25T17:48:26.844359566Z", 1_790_358_506_844_359_566),
            ("2000-02-29T23:59:59.9Z", 951_868_799_900_000_000),
        ] {
            assert_eq!(from_rfc3339(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn stamps_that_name_no_instant_are_refused() {
        for text in [
            "",
            "2023-02-29T00:00:00Z",
            "2023-13-01T00:00:00Z",
            "2023-01-01 00:00:00Z",
            "2023-01-01T00:00:00",
            "2023-01-01T24:00:00Z",
            "2023-01-01T00:00:00.Z",
            "2023-01-01T00:00:00.1234567890Z",
            "20230101T000000Z",
            "2023-0é-01T00:00:00Z",
        ] {
            assert_eq!(from_rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn epoch_units_are_told_by_magnitude() {
        assert_eq!(
            from_epoch(1_723_161_255_308),
            Some(1_723_161_255_308_000_000)
        );
        assert_eq!(
            from_epoch(1_723_161_255_308_123),
            Some(1_723_161_255_308_123_000)
        );
        assert_eq!(
            from_epoch(1_723_161_255_308_123_456),
            Some(1_723_161_255_308_123_456)
        );
        assert_eq!(from_epoch(0), Some(0));
        assert_eq!(from_epoch(u64::MAX), None);
    }

    #[test]
    fn dates_of_stamps_are_the_dates_of_their_texts() {
        for text in [
            "1970-01-01",
            "2000-02-29",
            "2024-02-29",
            "2026-12-25",
            "2100-03-01",
            "2262-01-01",
        ] {
            let ns = from_rfc3339(&format!("{text}T23:59:59Z")).unwrap();
            let (year, month, day) = utc_date(ns);
            assert_eq!(format!("{year:04}-{month:02}-{day:02}"), text);
        }
    }
}
