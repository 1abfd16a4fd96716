//! Until when a certificate is valid.
//!
//! Reads the one field out of X.509 (RFC 5280 section 4.1) that a metric needs; whether the
//! certificate is good is rustls' business.

/// DER tags (X.690).
const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xA0;

/// `notAfter` of a DER certificate, in seconds since the Unix epoch; `None` if it cannot be read.
#[must_use]
pub fn not_after(der: &[u8]) -> Option<i64> {
    let (certificate, _) = expect(der, SEQUENCE)?;
    let (body, _) = expect(certificate, SEQUENCE)?;
    let body = match element(body)? {
        (VERSION, _, rest) => rest,
        _ => body,
    };
    let (_serial, body) = expect(body, INTEGER)?;
    let (_algorithm, body) = expect(body, SEQUENCE)?;
    let (_issuer, body) = expect(body, SEQUENCE)?;
    let (validity, _) = expect(body, SEQUENCE)?;
    let (_, _not_before, validity) = element(validity)?;
    let (tag, text, _) = element(validity)?;
    time(tag, text)
}

/// The first element: tag, content, and what follows.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        // Four bytes of length hold more than any certificate.
        let digits = usize::from(first & 0x7F);
        if !(1..=4).contains(&digits) {
            return None;
        }
        let (digits, rest) = rest.split_at_checked(digits)?;
        let length = digits
            .iter()
            .fold(0, |sum, digit| sum << 8 | usize::from(*digit));
        (length, rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

fn expect(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = element(bytes)?;
    (found == tag).then_some((content, rest))
}

/// `YYMMDDHHMMSSZ` (1950 to 2049) or `YYYYMMDDHHMMSSZ`.
fn time(tag: u8, text: &[u8]) -> Option<i64> {
    let digits = text.strip_suffix(b"Z")?;
    let (year, rest) = match tag {
        UTC_TIME => {
            let (year, rest) = digits.split_at_checked(2)?;
            let year = number(year)?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = digits.split_at_checked(4)?;
            (number(year)?, rest)
        }
        _ => return None,
    };
    if rest.len() != 10 {
        return None;
    }
    let mut parts = rest.chunks(2).map(number);
    let (month, day) = (parts.next()??, parts.next()??);
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let inside = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    inside.then(|| days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second)
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |sum, digit| {
        let value = digit.is_ascii_digit().then(|| i64::from(digit - b'0'))?;
        Some(sum * 10 + value)
    })
}

/// Days since 1970-01-01 of the proleptic Gregorian calendar; years begin in March, so that the
/// leap day is the last.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let in_era = year.rem_euclid(400);
    let in_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    fn certificate(year: i32, month: u8, day: u8) -> Vec<u8> {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, month, day);
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn expiry_is_read_in_both_spellings_of_time() {
        for (year, month, day) in [
            (1999, 12, 31),
            (2024, 2, 29),
            (2049, 12, 31),
            (2050, 1, 1),
            (4096, 1, 1),
        ] {
            let expected = date_time_ymd(year, month, day).unix_timestamp();
            assert_eq!(
                not_after(&certificate(year, month, day)),
                Some(expected),
                "{year}"
            );
        }
    }

    #[test]
    fn a_certificate_cut_anywhere_before_its_validity_has_none() {
        let der = certificate(2030, 1, 1);
        for length in 0..der.len() {
            assert_eq!(not_after(&der[..length]), None);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), at in 0_usize..300, byte: u8) {
            let _ = not_after(&bytes);
            let mut der = certificate(2030, 1, 1);
            let place = at % der.len();
            der[place] = byte;
            let _ = not_after(&der);
        }
    }
}
