//! Quotes around bare numbers, so that the tape keeps the digits as the venue wrote them.

use crate::fixed::split_digits;

/// Copies `frame`, putting quotes around bare numbers. Strings are copied as they are, so text that
/// is no JSON stays no JSON.
pub(super) fn numbers(frame: &[u8], quoted: &mut Vec<u8>) {
    quoted.clear();
    let mut rest = frame;
    while let Some(&byte) = rest.first() {
        let taken = match byte {
            b'"' => string_len(rest),
            b'-' | b'0'..=b'9' => number_len(rest),
            _ => rest
                .iter()
                .position(|byte| matches!(byte, b'"' | b'-' | b'0'..=b'9'))
                .unwrap_or(rest.len()),
        };
        let (piece, tail) = rest.split_at(taken);
        if byte != b'"' && is_number(piece) && !is_key(tail) {
            quoted.push(b'"');
            quoted.extend_from_slice(piece);
            quoted.push(b'"');
        } else {
            quoted.extend_from_slice(piece);
        }
        rest = tail;
    }
}

/// Whether `text` is a number by the grammar of JSON; what is none stays bare for the parser to
/// refuse.
fn is_number(text: &[u8]) -> bool {
    let rest = text.strip_prefix(b"-").unwrap_or(text);
    let (whole, rest) = split_digits(rest);
    let (fraction, rest) = match rest.strip_prefix(b".") {
        Some(rest) => split_digits(rest),
        None => (&b"0"[..], rest),
    };
    let power = match rest.split_first() {
        Some((b'e' | b'E', rest)) => {
            let signed = matches!(rest.first(), Some(b'+' | b'-'));
            let (power, rest) = split_digits(&rest[usize::from(signed)..]);
            !power.is_empty() && rest.is_empty()
        }
        Some(_) => false,
        None => true,
    };
    let leading_zero = whole.len() > 1 && whole[0] == b'0';
    !whole.is_empty() && !leading_zero && !fraction.is_empty() && power
}

/// Whether what stands before `tail` is a key: a bare number must not become one by its quotes.
fn is_key(tail: &[u8]) -> bool {
    tail.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

/// Bytes of the string that `text` begins with, both quotes included.
fn string_len(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

fn number_len(text: &[u8]) -> usize {
    let inside = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E');
    text.iter()
        .position(|byte| !inside(byte))
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str) -> String {
        let mut out = Vec::new();
        numbers(text.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn bare_numbers_are_quoted_and_strings_left_alone() {
        assert_eq!(
            quoted(r#"{"a":1.10,"b":[-2e-8,"3"],"c":"x\"4","d":null}"#),
            r#"{"a":"1.10","b":["-2e-8","3"],"c":"x\"4","d":null}"#
        );
    }
}
