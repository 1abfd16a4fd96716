//! Stamps as people write and read them.

use feedd_codecs::time::{Nanos, from_rfc3339, utc_date};

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// Nanoseconds since 1970, or an RFC 3339 stamp in UTC.
pub(super) fn parse(text: &str) -> Result<Nanos, String> {
    let stamp = text.parse().ok().or_else(|| from_rfc3339(text));
    stamp.ok_or_else(|| {
        "expected nanoseconds since 1970, or a time as 2026-01-31T12:00:00Z".to_owned()
    })
}

/// A stamp in RFC 3339 with all of its nanoseconds.
pub(super) fn show(stamp: Nanos) -> String {
    let (year, month, day) = utc_date(stamp);
    let (seconds, nanos) = (
        stamp.div_euclid(NANOS_PER_SECOND),
        stamp.rem_euclid(NANOS_PER_SECOND),
    );
    let second = seconds.rem_euclid(SECONDS_PER_DAY);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanos:09}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_stamp_parses_to_itself() {
        for stamp in [0, 1, 951_868_799_900_000_000, 1_790_358_506_844_359_566] {
            assert_eq!(parse(&show(stamp)), Ok(stamp));
            assert_eq!(parse(&stamp.to_string()), Ok(stamp));
        }
        assert_eq!(
            show(1_690_730_998_343_415_000),
            "2023-07-30T15:29:58.343415000Z"
        );
        assert!(parse("yesterday").is_err());
    }
}
