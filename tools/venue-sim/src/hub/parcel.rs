//! A message on its way to its subscribers.

use std::sync::Arc;

use tokio_tungstenite::tungstenite::{Bytes, Utf8Bytes};

use super::Variant;

/// Sequence range of a message, in the numbers of its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) first: u64,
    pub(crate) last: u64,
}

impl Span {
    pub(crate) fn one(number: u64) -> Self {
        Self {
            first: number,
            last: number,
        }
    }
}

/// A rendered message: one body per [`Variant`] that some subscriber uses.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    pub(crate) key: Arc<str>,
    pub(crate) span: Span,
    pub(crate) bodies: [Option<Utf8Bytes>; Variant::COUNT],
    /// The body of a binary stream's message, which has no text.
    pub(crate) binary: Option<Bytes>,
    /// Bodies that a fault made and that are no text, in place of `bodies`.
    pub(crate) raw: [Option<Bytes>; Variant::COUNT],
}

impl Parcel {
    /// The body for a record: the text, or the bytes in hexadecimal.
    pub(crate) fn shown(&self) -> String {
        let raw = self.raw.iter().flatten().next();
        match self.binary.as_ref().or(raw) {
            Some(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
            None => self.text().to_owned(),
        }
    }

    /// The parcel with every text changed; one that `change` has nothing for stays.
    pub(super) fn with(&self, mut change: impl FnMut(&str) -> Option<Vec<u8>>) -> Self {
        let mut parcel = self.clone();
        for (body, raw) in parcel.bodies.iter_mut().zip(&mut parcel.raw) {
            let Some(changed) = body.as_ref().and_then(|body| change(body)) else {
                continue;
            };
            match Utf8Bytes::try_from(changed.clone()) {
                Ok(text) => *body = Some(text),
                Err(_) => *raw = Some(changed.into()),
            }
        }
        parcel
    }

    /// The body in the first form that exists.
    pub(crate) fn text(&self) -> &str {
        self.bodies
            .iter()
            .flatten()
            .next()
            .map_or("", |body| body.as_str())
    }
}
