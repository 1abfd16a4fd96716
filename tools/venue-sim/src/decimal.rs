//! Decimal text of scaled integers, in the two forms the venues print.
//!
//! A number is a mantissa `m` and a digit count `d`: its value is `m / 10^d`. Nothing here rounds,
//! so the text and the integer always name the same number.

/// Appends `mantissa` with exactly `digits` decimals: `(1, 3)` becomes `0.001`.
///
/// With no digits there is no decimal point. Binance, Kraken and Bybit's derivatives print so.
pub(crate) fn push_padded(out: &mut String, mantissa: impl Into<i128>, digits: u8) {
    let mantissa: i128 = mantissa.into();
    let text = mantissa.unsigned_abs().to_string();
    let digits = usize::from(digits);
    if mantissa < 0 {
        out.push('-');
    }
    let whole = text.len().saturating_sub(digits);
    out.push_str(if whole == 0 { "0" } else { &text[..whole] });
    if digits == 0 {
        return;
    }
    out.push('.');
    out.extend(std::iter::repeat_n('0', digits.saturating_sub(text.len())));
    out.push_str(&text[whole..]);
}

/// Appends `mantissa` without trailing zeros after the point: `(1_500, 3)` becomes `1.5`.
///
/// Bybit's spot product prints so.
pub(crate) fn push_trimmed(out: &mut String, mantissa: impl Into<i128>, digits: u8) {
    let (mut mantissa, mut digits): (i128, u8) = (mantissa.into(), digits);
    while digits > 0 && mantissa % 10 == 0 {
        mantissa /= 10;
        digits -= 1;
    }
    push_padded(out, mantissa, digits);
}

/// Significant figures and negative exponent of a number whose first figure stands after the
/// `plain_max`-th decimal: `(25, 6)` becomes `2.5` and 5. `None` for zero and for larger numbers.
pub(crate) fn small(mantissa: i128, digits: u8, plain_max: usize) -> Option<(String, usize)> {
    let (mut left, mut digits) = (mantissa.unsigned_abs(), usize::from(digits));
    while left != 0 && left.is_multiple_of(10) && digits > 0 {
        left /= 10;
        digits -= 1;
    }
    let figures = left.to_string();
    let exponent = (digits + 1).checked_sub(figures.len())?;
    if left == 0 || exponent <= plain_max {
        return None;
    }
    let sign = if mantissa < 0 { "-" } else { "" };
    let text = match figures.split_at(1) {
        (first, "") => format!("{sign}{first}"),
        (first, rest) => format!("{sign}{first}.{rest}"),
    };
    Some((text, exponent))
}

/// [`push_padded`] into a new string.
pub(crate) fn padded(mantissa: impl Into<i128>, digits: u8) -> String {
    let mut out = String::new();
    push_padded(&mut out, mantissa, digits);
    out
}

/// [`push_trimmed`] into a new string.
pub(crate) fn trimmed(mantissa: impl Into<i128>, digits: u8) -> String {
    let mut out = String::new();
    push_trimmed(&mut out, mantissa, digits);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padded_text_keeps_every_declared_digit() {
        assert_eq!(padded(6_394_390, 2), "63943.90");
        assert_eq!(padded(1, 8), "0.00000001");
        assert_eq!(padded(0, 3), "0.000");
        assert_eq!(padded(159, 0), "159");
        assert_eq!(padded(-5, 1), "-0.5");
    }

    #[test]
    fn small_numbers_are_told_from_those_with_few_decimals() {
        assert_eq!(small(25, 6, 4), Some(("2.5".into(), 5)));
        assert_eq!(small(-100, 9, 4), Some(("-1".into(), 7)));
        assert_eq!(small(1, 4, 4), None);
        assert_eq!(small(0, 9, 4), None);
        assert_eq!(small(1_000_001, 6, 4), None);
    }

    #[test]
    fn trimmed_text_drops_zeros_after_the_point_only() {
        assert_eq!(trimmed(651_400, 1), "65140");
        assert_eq!(trimmed(885_797, 6), "0.885797");
        assert_eq!(trimmed(14_000, 6), "0.014");
        assert_eq!(trimmed(0, 6), "0");
        assert_eq!(trimmed(1_200, 0), "1200");
    }
}
