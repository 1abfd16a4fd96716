//! What is sent: one cache line, stamped by the sender, and filled so that a torn or stale one shows.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Words of a record.
const WORDS: usize = 8;

/// 64 bytes, aligned to a cache line to be fair to rings that store it as it is.
#[derive(Clone, Copy, Debug, Default, FromBytes, Immutable, IntoBytes, KnownLayout)]
#[repr(C, align(64))]
pub struct Record([u64; WORDS]);

impl Record {
    /// Record number `number`, sent at `stamp`.
    #[inline(always)]
    pub fn new(number: u64, stamp: u64) -> Self {
        let mut words = [number; WORDS];
        words[0] = stamp;
        Self(words)
    }

    /// The stamp, if the record is whole and the one with this number.
    #[inline(always)]
    pub fn stamp(&self, number: u64) -> Option<u64> {
        let wrong = self.0[1..]
            .iter()
            .fold(0, |wrong, word| wrong | (word ^ number));
        (wrong == 0).then_some(self.0[0])
    }

    /// The record in the first bytes of `bytes`, zeros where it is shorter than a record.
    #[inline(always)]
    pub fn from_payload(bytes: &[u8]) -> Self {
        Self::read_from_bytes(bytes).unwrap_or_default()
    }
}
