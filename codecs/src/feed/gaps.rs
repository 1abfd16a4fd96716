//! Gaps that are open: what their second record will say.

use crate::record::{Gap, GapCause, GapEnd};
use crate::time::Nanos;
use crate::venue::StreamKey;

/// A gap whose end is not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OpenGap {
    pub(super) cause: GapCause,
    pub(super) good_seq: u64,
    pub(super) first_seq: u64,
    pub(super) last_seq: u64,
    pub(super) ts_open: Nanos,
    pub(super) ts_good: Nanos,
    /// Numbers of it that were given up while others were still hoped for.
    pub(super) lost: u64,
}

impl Default for OpenGap {
    fn default() -> Self {
        Self::new(GapCause::SEQUENCE)
    }
}

impl OpenGap {
    /// A gap of which only the cause is known.
    pub(super) const fn new(cause: GapCause) -> Self {
        Self {
            cause,
            good_seq: 0,
            first_seq: 0,
            last_seq: 0,
            ts_open: 0,
            ts_good: 0,
            lost: 0,
        }
    }

    /// Whether both are the same gap, by what names it in the journal.
    pub(super) const fn is(&self, other: &Self) -> bool {
        self.ts_open == other.ts_open && self.first_seq == other.first_seq
    }

    /// Its record, without stamps and lineage.
    pub(super) fn record(&self, key: StreamKey, end: GapEnd, missing: u64) -> Gap {
        let mut gap = Gap::new(key.instrument, key.channel, self.cause);
        gap.header.seq = self.good_seq;
        (gap.first_seq, gap.last_seq) = (self.first_seq, self.last_seq);
        (gap.ts_open, gap.ts_good) = (self.ts_open, self.ts_good);
        (gap.missing, gap.end) = (missing, end);
        gap
    }

    /// Numbers between its bounds.
    pub(super) const fn numbers(&self) -> u64 {
        if self.first_seq == 0 || self.last_seq < self.first_seq {
            0
        } else {
            self.last_seq - self.first_seq + 1
        }
    }
}
