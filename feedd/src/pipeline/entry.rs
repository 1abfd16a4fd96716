//! What lies in a ring frame between a reader and the journal.
//!
//! ```text
//! tag      bits 0..8: what it is; bits 8..32: number of the feed
//!  0          8          16
//!  | published | ts_recv  | record, or raw head and frame
//! ```
//!
//! `published` is monotonic nanoseconds of this process and is not journaled: the same frames and
//! stamps make the same journal.

/// What a ring frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A record.
    Record,
    /// A frame as received.
    Raw,
    /// A frame that was refused.
    Quarantine,
}

/// Bytes before the record or raw head; a multiple of 8, so that records stay aligned.
const HEAD_BYTES: usize = 16;

/// The head of a ring frame.
pub(super) fn head(published: i64, ts_recv: i64) -> [u8; HEAD_BYTES] {
    let mut bytes = [0; HEAD_BYTES];
    bytes[..8].copy_from_slice(&published.to_le_bytes());
    bytes[8..].copy_from_slice(&ts_recv.to_le_bytes());
    bytes
}

/// The tag of a ring frame.
pub(super) const fn tag(what: What, feed: u32) -> u32 {
    let what = match what {
        What::Record => 1,
        What::Raw => 2,
        What::Quarantine => 3,
    };
    what | feed << 8
}

/// A ring frame taken apart: what, feed, `published`, `ts_recv`, body.
pub(super) fn open(tag: u32, payload: &[u8]) -> Option<(What, usize, i64, i64, &[u8])> {
    let what = match tag & 0xFF {
        1 => What::Record,
        2 => What::Raw,
        3 => What::Quarantine,
        _ => return None,
    };
    let (published, rest) = payload.split_first_chunk()?;
    let (ts_recv, body) = rest.split_first_chunk()?;
    let feed = usize::try_from(tag >> 8).ok()?;
    Some((
        what,
        feed,
        i64::from_le_bytes(*published),
        i64::from_le_bytes(*ts_recv),
        body,
    ))
}
