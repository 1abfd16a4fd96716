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

use feedd_ringbuf::Frame;

use crate::exit::{Code, Failure};

/// Longest [`Run`]: with so many a publication costs each of them little, and the first does not
/// wait long for the last.
const RUN_MAX: usize = 16;

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

/// A ring frame taken apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) what: What,
    /// Number of the feed.
    pub(super) feed: usize,
    pub(super) published: i64,
    pub(super) ts_recv: i64,
    /// The record, or raw head and frame.
    pub(super) body: &'a [u8],
}

impl<'a> Entry<'a> {
    pub(super) fn open(frame: Frame<'a>) -> Result<Self, Failure> {
        Self::parse(frame).ok_or_else(|| {
            let tag = frame.tag;
            Failure::new(
                Code::Software,
                format!("the ring holds an entry with the unknown tag {tag:#x}"),
            )
        })
    }

    fn parse(frame: Frame<'a>) -> Option<Self> {
        let what = match frame.tag & 0xFF {
            1 => What::Record,
            2 => What::Raw,
            3 => What::Quarantine,
            _ => return None,
        };
        let (published, rest) = frame.payload.split_first_chunk()?;
        let (ts_recv, body) = rest.split_first_chunk()?;
        Some(Self {
            what,
            feed: usize::try_from(frame.tag >> 8).ok()?,
            published: i64::from_le_bytes(*published),
            ts_recv: i64::from_le_bytes(*ts_recv),
            body,
        })
    }
}

/// Entries that lie behind each other and belong to one log: they are published together.
pub(super) struct Run<'a> {
    entries: [Entry<'a>; RUN_MAX],
    length: usize,
}

impl<'a> Run<'a> {
    pub(super) const fn of(first: Entry<'a>) -> Self {
        Self {
            entries: [first; RUN_MAX],
            length: 1,
        }
    }

    /// Takes `entry` in, or hands it back to begin the next run.
    pub(super) fn add(&mut self, entry: Entry<'a>) -> Option<Entry<'a>> {
        let same = self.entries[0].what == entry.what;
        let Some(slot) = self.entries.get_mut(self.length).filter(|_| same) else {
            return Some(entry);
        };
        *slot = entry;
        self.length += 1;
        None
    }

    pub(super) fn entries(&self) -> &[Entry<'a>] {
        &self.entries[..self.length]
    }
}
