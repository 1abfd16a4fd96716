//! Numbers as the venue prints them: a decimal point always, an exponent when small.

use crate::decimal::{small, trimmed};

/// Decimals up to which a number below one is printed without exponent.
const PLAIN_MAX: usize = 5;

/// Shortest text of a number: `83999.0`, `0.0371`, `9.98e-6`, `1e-10`.
///
/// # Source
/// Messages recorded from the venue: `docs.futures.kraken.com` samples and captures, 2021 to 2026.
pub(super) fn number(mantissa: impl Into<i128>, digits: u8) -> String {
    let mantissa: i128 = mantissa.into();
    if let Some((figures, exponent)) = small(mantissa, digits, PLAIN_MAX) {
        return format!("{figures}e-{exponent}");
    }
    let text = trimmed(mantissa, digits);
    if text.contains('.') {
        text
    } else {
        text + ".0"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_a_point_or_an_exponent() {
        assert_eq!(number(83_999, 0), "83999.0");
        assert_eq!(number(371, 4), "0.0371");
        assert_eq!(number(1_089_345, 11), "0.00001089345");
        assert_eq!(number(99_800, 10), "9.98e-6");
        assert_eq!(number(1, 10), "1e-10");
        assert_eq!(number(-62_604_214, 18), "-6.2604214e-11");
        assert_eq!(number(0, 10), "0.0");
    }
}
