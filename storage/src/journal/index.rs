//! The sparse time index: one mark per 64 KiB of frames, inside the segment.
//!
//! A mark holds the largest `ts_recv` of all frames *before* it, not its own frame's stamp. Stamps
//! may step back (several lines, clock corrections); the running maximum cannot, so a binary search
//! over it finds exactly what a linear scan for "the first frame received at or after t" finds.

use super::format::{Header, INDEX_AT, INDEX_STEP, MARK_BYTES, Mark};

/// Decides which frames get a mark and where it goes. Writer and recovery share it, so a rebuilt
/// index equals the one that was lost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IndexPlan {
    next_slot: usize,
    slots: usize,
    due_at: usize,
}

impl IndexPlan {
    /// The first frame of a segment always gets a mark.
    pub(crate) fn new(header: &Header) -> Self {
        Self {
            next_slot: 0,
            slots: header.index_slots(),
            due_at: header.data_offset(),
        }
    }

    /// Where in the file the mark of the frame at `offset` goes, if it gets one.
    #[inline]
    pub(crate) fn place(&mut self, offset: usize) -> Option<usize> {
        if offset < self.due_at || self.next_slot == self.slots {
            return None;
        }
        let slot = self.next_slot;
        self.next_slot += 1;
        self.due_at = offset + INDEX_STEP;
        Some(INDEX_AT + slot * MARK_BYTES)
    }
}

/// The last of `count` marks of which `before` is true, provided that marks it is true of come
/// first.
///
/// Unreadable marks (`None`) count as "not before": the answer is then too early, never too late,
/// and the walk from there makes up for it.
pub(crate) fn last_before(
    count: usize,
    mark: impl Fn(usize) -> Option<Mark>,
    before: impl Fn(&Mark) -> bool,
) -> Option<(usize, Mark)> {
    let (mut low, mut high) = (0, count);
    let mut best = None;
    while low < high {
        let middle = low + (high - low) / 2;
        match mark(middle).filter(|mark| before(mark)) {
            Some(found) => {
                best = Some((middle, found));
                low = middle + 1;
            }
            None => high = middle,
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(ts_max: i64) -> Mark {
        Mark {
            offset: 1,
            seq: ts_max.unsigned_abs(),
            ts_max,
        }
    }

    #[test]
    fn last_before_finds_the_last_true_mark_at_every_boundary() {
        let marks: Vec<Mark> = (0..9).map(|ts| mark(ts * 10)).collect();
        for limit in -5..95 {
            let found = last_before(
                marks.len(),
                |slot| marks.get(slot).copied(),
                |m| m.ts_max < limit,
            );
            let linear = marks.iter().rposition(|m| m.ts_max < limit);
            assert_eq!(found.map(|(slot, _)| slot), linear, "limit {limit}");
        }
    }

    #[test]
    fn unreadable_marks_make_the_answer_early_never_late() {
        for broken in 0..9 {
            let read = |slot: usize| (slot != broken).then(|| mark(slot as i64 * 10));
            let (slot, _) = last_before(9, read, |m| m.ts_max < 75).unwrap_or((0, mark(0)));
            assert!(slot <= 7);
        }
    }
}
