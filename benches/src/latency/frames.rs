//! WebSocket frames (RFC 6455), as far as the harness needs them.

/// First byte of a whole text message.
const TEXT: u8 = 0x81;
/// Lengths up to this stand in the second byte.
const SHORT_MAX: usize = 125;

/// Appends a server's text frame.
pub fn text(payload: &str, out: &mut Vec<u8>) {
    out.push(TEXT);
    match u16::try_from(payload.len()) {
        Ok(length) if payload.len() <= SHORT_MAX => out.push(length as u8),
        Ok(length) => {
            out.push(126);
            out.extend_from_slice(&length.to_be_bytes());
        }
        Err(_) => {
            out.push(127);
            out.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload.as_bytes());
}

/// The payload and the whole length of the server's frame at the start of `bytes`, if it is all
/// there.
#[inline]
#[must_use]
pub fn split(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let (head, length) = match *bytes.get(1)? {
        126 => (
            4,
            u64::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?)),
        ),
        127 => (10, u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?)),
        length => (2, u64::from(length)),
    };
    let end = usize::try_from(length).ok()?.checked_add(head)?;
    Some((bytes.get(head..end)?, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_length_is_split_again_and_never_early() {
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            let payload = "x".repeat(length);
            let mut bytes = Vec::new();
            text(&payload, &mut bytes);
            assert_eq!(split(&bytes), Some((payload.as_bytes(), bytes.len())));
            let unfinished = &bytes[..bytes.len() - 1];
            assert_eq!(split(unfinished), None, "{length}");
        }
    }
}
