//! What a feed counts.

use crate::record::{Kind, Record};
use crate::reject::{RULE_COUNT, Reject};

/// Counters of one feed; they only rise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// WebSocket frames seen.
    pub frames: u64,
    /// REST bodies seen.
    pub bodies: u64,
    /// Frames and bodies refused, by [`Reject::code`] minus one.
    pub rejects: [u64; RULE_COUNT],
    /// Records emitted, by place in [`Kind::ALL`].
    pub records: [u64; Kind::ALL.len()],
    /// Messages of channels that the feed does not carry.
    pub ignored: u64,
    /// Heartbeats and answers to pings.
    pub heartbeats: u64,
    /// Book updates dropped because the book contained them.
    pub stale: u64,
    /// Instruments whose precision the wire exceeded.
    pub widened: u64,
    /// Snapshots asked for.
    pub resyncs: u64,
    /// Updates after which a live book was crossed.
    pub crossed: u64,
}

impl Counts {
    pub(super) fn rejected(&mut self, reject: Reject) {
        self.rejects[usize::from(reject.code()) - 1] += 1;
    }

    pub(super) fn emitted(&mut self, record: &Record<'_>) {
        let kind = record.kind();
        if let Some(at) = Kind::ALL.iter().position(|other| *other == kind) {
            self.records[at] += 1;
        }
    }

    /// How many records of `kind` were emitted.
    #[must_use]
    pub fn records_of(&self, kind: Kind) -> u64 {
        Kind::ALL
            .iter()
            .position(|other| *other == kind)
            .map_or(0, |at| self.records[at])
    }

    /// How many frames and bodies were refused, with the rule's name.
    pub fn rejects_by_rule(&self) -> impl Iterator<Item = (&'static str, u64)> {
        (1_u8..)
            .zip(self.rejects)
            .filter_map(|(code, count)| Some((Reject::rule_of_code(code)?, count)))
    }
}

/// Counters of one book.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BookCounts {
    /// Breaks of continuity, checksum or range.
    pub gaps: u64,
    /// Checksums that matched.
    pub checksums_ok: u64,
    /// Checksums that did not.
    pub checksums_failed: u64,
}
