//! What a feed counts.

use crate::record::{GapEnd, Kind, Record};
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
    /// Copies of messages that were taken before.
    pub duplicates: u64,
    /// Messages that came after a newer one of their stream, and were missing until then.
    pub late: u64,
    /// Messages that came out of order and in time, so that nothing was lost.
    pub reordered: u64,
    /// Book updates that waited for one before them.
    pub early: u64,
    /// Records fetched from REST to fill a gap.
    pub backfilled: u64,
    /// Changes of statistics whose snapshot was missed.
    pub baseless: u64,
    /// Gaps by how they ended, by [`GapEnd`]'s code; the first counts those that were opened.
    pub gap_ends: [u64; 6],
    /// Numbered messages that are lost for good.
    pub missing: u64,
    /// Streams that were found silent.
    pub stale_streams: u64,
    /// Lines replaced before the venue closed them.
    pub rotations: u64,
    /// Audits that found the book right.
    pub audits_ok: u64,
    /// Audits that found another book.
    pub audits_differ: u64,
    /// Messages about instruments that are not picked, or no longer.
    pub unpicked: u64,
    /// Reference data and turnovers that were not believed.
    pub doubted: u64,
}

impl Counts {
    pub(super) fn rejected(&mut self, reject: Reject) {
        self.rejects[usize::from(reject.code()) - 1] += 1;
    }

    pub(super) fn gap_ended(&mut self, end: GapEnd, missing: u64) {
        if let Some(count) = self.gap_ends.get_mut(usize::from(end.0)) {
            *count += 1;
        }
        if end == GapEnd::LOST || end == GapEnd::SNAPSHOT {
            self.missing += missing;
        }
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
