//! Durations and probabilities as a scenario writes them, read without floats.

use std::time::Duration;

/// Units of time and their length in ns. Longer names first: `ms` is not `m` with an `s`.
const UNITS: [(&str, u64); 6] = [
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Longest duration: more than any simulation runs.
const HOURS_MAX: u64 = 24 * 366;

/// `1500ms`, `1.5s`, `2m`, `24h`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = UNITS
        .iter()
        .find_map(|(name, unit)| Some((text.strip_suffix(name)?, *unit)))?;
    let nanos = scaled(number.trim(), unit)?;
    let duration = Duration::from_nanos(nanos);
    (duration <= Duration::from_secs(HOURS_MAX * 3_600)).then_some(duration)
}

/// `+5s`, `-250ms`, in ms.
pub(super) fn signed_ms(text: &str) -> Option<i64> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let ms = i64::try_from(duration(rest)?.as_millis()).ok()?;
    Some(sign * ms)
}

/// `1%`, `0.5%`, `200ppm`, in parts per million up to a million.
pub(super) fn chance(text: &str) -> Option<u32> {
    let ppm = match text.strip_suffix('%') {
        Some(number) => scaled(number.trim(), 10_000)?,
        None => text.strip_suffix("ppm")?.trim().parse().ok()?,
    };
    u32::try_from(ppm).ok().filter(|ppm| *ppm <= 1_000_000)
}

/// A decimal number times a unit, if that is whole.
fn scaled(text: &str, unit: u64) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(part) {
        return None;
    }
    let scale = 10_u64.checked_pow(u32::try_from(part.len()).ok()?)?;
    let digits: u64 = format!("{whole}{part}").parse().ok()?;
    let product = digits.checked_mul(unit)?;
    product.is_multiple_of(scale).then_some(product / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_exact_or_refused() {
        assert_eq!(duration("3s"), Some(Duration::from_secs(3)));
        assert_eq!(duration("1.25s"), Some(Duration::from_millis(1_250)));
        assert_eq!(duration("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(duration("24h"), Some(Duration::from_secs(86_400)));
        assert_eq!(signed_ms("-2m"), Some(-120_000));
        for text in [
            "",
            "3",
            "s",
            "-3s",
            "1e3s",
            "3 days",
            "0.1ns",
            "99999999h",
            "1.2.3s",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn chances_are_exact_or_refused() {
        assert_eq!(chance("1%"), Some(10_000));
        assert_eq!(chance("0.05%"), Some(500));
        assert_eq!(chance("200ppm"), Some(200));
        assert_eq!(chance("100%"), Some(1_000_000));
        for text in ["", "1", "101%", "-1%", "0.00001%"] {
            assert_eq!(chance(text), None, "{text}");
        }
    }
}
