//! Wall-clock stamps as the venues print them.
//!
//! The simulator stamps messages with the real time, so that a client's latency figures mean
//! something. Only the stamps depend on the clock: the market's content depends on the seed.

use std::time::{SystemTime, UNIX_EPOCH};

/// Nanoseconds since the Unix epoch.
pub(crate) type Nanos = u64;

/// Nanoseconds in one millisecond.
pub(crate) const MILLI: Nanos = 1_000_000;

/// Nanoseconds in one second.
pub(crate) const SECOND: Nanos = 1_000_000_000;

/// Reads the wall clock; a clock before 1970 reads as zero.
pub(crate) fn now() -> Nanos {
    let elapsed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX)
}

/// `YYYY-MM-DDTHH:MM:SS.ffffffZ`, the stamp of Kraken's messages (RFC 3339, microseconds).
pub(crate) fn rfc3339_micros(at: Nanos) -> String {
    let micros = at % SECOND / 1_000;
    format!("{}.{micros:06}Z", civil(at))
}

/// `YYYY-MM-DDTHH:MM:SS.nnnnnnnnnZ`, the interval stamps of Kraken's candles.
pub(crate) fn rfc3339_nanos(at: Nanos) -> String {
    format!("{}.{:09}Z", civil(at), at % SECOND)
}

/// `YYYY-MM-DDTHH:MM:SS.mmmZ`, the stamp of Kraken's futures REST.
pub(crate) fn rfc3339_millis(at: Nanos) -> String {
    format!("{}.{:03}Z", civil(at), at % SECOND / MILLI)
}

/// `YYYY-MM-DDTHH:MM:SSZ`, the stamp of Kraken's REST status.
pub(crate) fn rfc3339_seconds(at: Nanos) -> String {
    format!("{}Z", civil(at))
}

/// Reads a stamp as [`rfc3339_micros`] prints it, with any number of decimals up to nine.
pub(crate) fn from_rfc3339(text: &str) -> Option<Nanos> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let parts = |text: &str, sep| -> Option<[u64; 3]> {
        let parts: Option<Vec<u64>> = text.split(sep).map(|part| part.parse().ok()).collect();
        parts?.try_into().ok()
    };
    let (whole, decimals) = time.split_once('.').unwrap_or((time, ""));
    let ([year, month, day], [hour, minute, second]) = (parts(date, '-')?, parts(whole, ':')?);
    let fraction: u64 = format!("{decimals:0<9}").get(..9)?.parse().ok()?;
    if year > 9_999 || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Days by Hinnant's `days_from_civil`, for years after 1970.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year.checked_sub(1)?, month + 9)
    };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
    let seconds = days.checked_sub(719_469)? * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(seconds * SECOND + fraction)
}

/// Date and time of day to the second. The date follows Hinnant's `civil_from_days`, counted in
/// 400-year eras of 146,097 days that start on 1 March of year 0.
fn civil(at: Nanos) -> String {
    let seconds = at / SECOND;
    let (day, second) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let date = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_stamps_read_back() {
        for at in [
            0,
            951_782_400 * SECOND,
            1_690_730_998_343_415_000,
            1_795_365_536_000_001_000,
        ] {
            assert_eq!(from_rfc3339(&rfc3339_micros(at)), Some(at));
            assert_eq!(from_rfc3339(&rfc3339_nanos(at)), Some(at));
            let millis = Some(at / MILLI * MILLI);
            assert_eq!(from_rfc3339(&rfc3339_millis(at)), millis);
        }
        for text in [
            "",
            "2026-11-22",
            "2026-11-22T10:00Z",
            "yesterdayTnoonZ",
            "99999999999999999-01-01T00:00:00Z",
        ] {
            assert_eq!(from_rfc3339(text), None);
        }
    }

    #[test]
    fn stamps_match_known_dates() {
        assert_eq!(rfc3339_micros(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(
            rfc3339_micros(1_690_730_998_343_415_000),
            "2023-07-30T15:29:58.343415Z"
        );
        assert_eq!(
            rfc3339_seconds(1_709_164_800 * SECOND),
            "2024-02-29T00:00:00Z"
        );
        assert_eq!(
            rfc3339_seconds(4_102_444_799 * SECOND),
            "2099-12-31T23:59:59Z"
        );
    }
}
