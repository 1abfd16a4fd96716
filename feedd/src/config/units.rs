//! Values with units: `"32MiB"`, `"250ms"`.

use std::fmt;
use std::time::Duration;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number of bytes, written with its unit: `B`, `KiB`, `MiB`, `GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

/// A length of time, written with its unit: `us`, `ms`, `s`, `min`, `h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

const BYTE_UNITS: [(&str, u64); 4] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];

/// In microseconds.
const TIME_UNITS: [(&str, u64); 5] = [
    ("h", 3_600_000_000),
    ("min", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
    ("us", 1),
];

impl Span {
    /// So many milliseconds.
    #[must_use]
    pub const fn from_millis(ms: u64) -> Self {
        Self(Duration::from_millis(ms))
    }

    /// In nanoseconds.
    #[must_use]
    pub fn nanos(self) -> i64 {
        i64::try_from(self.0.as_nanos()).unwrap_or(i64::MAX)
    }
}

fn split(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|character: char| !character.is_ascii_digit())?;
    Some((text[..end].parse().ok()?, text[end..].trim_start()))
}

fn parse(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (count, unit) = split(text.trim())?;
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    count.checked_mul(*factor)
}

/// The largest unit that leaves a whole number.
fn show(value: u64, units: &[(&str, u64)], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let exact = |(_, factor): &&(&str, u64)| value >= *factor && value.is_multiple_of(*factor);
    let mut largest_first = units.to_vec();
    largest_first.sort_by_key(|(_, factor)| std::cmp::Reverse(*factor));
    let smallest = largest_first[largest_first.len() - 1];
    let (name, factor) = largest_first
        .iter()
        .find(exact)
        .copied()
        .unwrap_or(smallest);
    write!(f, "{}{name}", value / factor)
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(self.0, &BYTE_UNITS, f)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(
            u64::try_from(self.0.as_micros()).unwrap_or(u64::MAX),
            &TIME_UNITS,
            f,
        )
    }
}

struct Text(&'static str);

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a size with its unit, such as \"32MiB\"";
        let text = deserializer.deserialize_str(Text(expected))?;
        parse(&text, &BYTE_UNITS)
            .map(Self)
            .ok_or_else(|| D::Error::custom(format!("\"{text}\" is not {expected}")))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a time with its unit, such as \"250ms\"";
        let text = deserializer.deserialize_str(Text(expected))?;
        let micros = parse(&text, &TIME_UNITS);
        let span = micros.map(|micros| Self(Duration::from_micros(micros)));
        span.ok_or_else(|| D::Error::custom(format!("\"{text}\" is not {expected}")))
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_survive_text() {
        for text in ["0B", "17B", "32MiB", "1GiB", "1536KiB"] {
            assert_eq!(Bytes(parse(text, &BYTE_UNITS).unwrap()).to_string(), text);
        }
        for text in ["250ms", "1s", "90s", "2min", "3h", "7us"] {
            let micros = parse(text, &TIME_UNITS).unwrap();
            assert_eq!(Span(Duration::from_micros(micros)).to_string(), text);
        }
    }

    #[test]
    fn values_without_a_known_unit_are_refused() {
        for text in [
            "32",
            "MiB",
            "32 mib",
            "1.5s",
            "-1s",
            "99999999999999999999B",
            "18446744073709551615GiB",
        ] {
            assert_eq!(
                (parse(text, &BYTE_UNITS), parse(text, &TIME_UNITS)),
                (None, None),
                "{text}"
            );
        }
    }
}
