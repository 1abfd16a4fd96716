//! Moves the stamps of a message, whatever venue and unit they are in.

use crate::clock::{self, Nanos, SECOND, from_rfc3339, rfc3339_micros};

/// A number is a stamp if, in one of the venues' units, it is within so much of now.
const RANGE: Nanos = 3 * 24 * 3_600 * SECOND;

/// The text with every stamp `by` ns later; earlier if negative.
pub(crate) fn shift_stamps(text: &str, by: i64) -> String {
    let now = clock::now();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, found) = rest.split_at(start);
        out.push_str(before);
        let part_of_more = out.ends_with(|c: char| c.is_ascii_alphanumeric() || ".-_".contains(c));
        let (token, shifted) = match stamp(found, now, by) {
            Some(stamp) if !part_of_more => stamp,
            _ => (digits(found), None),
        };
        out.push_str(shifted.as_deref().unwrap_or(token));
        rest = found.get(token.len()..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// The stamp that the text begins with, and what it becomes.
fn stamp(text: &str, now: Nanos, by: i64) -> Option<(&str, Option<String>)> {
    let token = digits(text);
    if text.get(4..5) == Some("-") {
        let token = text.get(..=text.find('Z')?)?;
        let at = from_rfc3339(token)?.checked_add_signed(by)?;
        return Some((token, Some(rfc3339_micros(at))));
    }
    let unit = match token.len() {
        13 => 1_000_000,
        16 => 1_000,
        19 => 1,
        _ => return None,
    };
    let at = token.parse::<Nanos>().ok()?.checked_mul(unit)?;
    let whole = !text.get(token.len()..)?.starts_with(['.', '-']);
    if !whole || at.abs_diff(now) > RANGE {
        return None;
    }
    let shifted = at.checked_add_signed(by)? / unit;
    Some((token, Some(shifted.to_string())))
}

fn digits(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_digit());
    text.get(..end.unwrap_or(text.len())).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_of_every_unit_move_and_nothing_else_does() {
        let now = clock::now() / 1_000 * 1_000;
        let message = |at: Nanos| {
            format!(
                r#"{{"E":{},"T":"{}","n":{},"timestamp":"{}","id":5182005737000,"p":"{}.5","u":"a-{}"}}"#,
                at / 1_000_000,
                at / 1_000,
                at,
                rfc3339_micros(at),
                now / 1_000_000,
                now / 1_000_000,
            )
        };
        for by in [5 * SECOND as i64, -7_200 * SECOND as i64] {
            let expected = message(now.checked_add_signed(by).unwrap());
            assert_eq!(shift_stamps(&message(now), by), expected);
        }
    }

    #[test]
    fn text_without_stamps_stays() {
        for text in ["", "[1,2.50]", "1", r#"{"date":"2026-99-99TxZ"}"#] {
            assert_eq!(shift_stamps(text, 1), text);
        }
    }
}
