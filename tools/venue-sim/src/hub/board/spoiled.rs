//! Wrong checksums.

use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::Parcel;

/// What stands before a checksum.
pub(super) const CHECKSUM: &str = "\"checksum\":";

/// The parcel with the lowest bit of every checksum flipped.
pub(super) fn spoiled(mut parcel: Parcel) -> Parcel {
    for body in parcel.bodies.iter_mut().flatten() {
        if let Some(text) = spoiled_text(body) {
            *body = Utf8Bytes::from(text);
        }
    }
    parcel
}

fn spoiled_text(body: &str) -> Option<String> {
    let (before, rest) = body.split_once(CHECKSUM)?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let checksum: u32 = rest[..digits].parse().ok()?;
    Some(format!(
        "{before}{CHECKSUM}{}{}",
        checksum ^ 1,
        &rest[digits..]
    ))
}
