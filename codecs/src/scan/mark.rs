//! How far a batch was filled before a message.

use std::ops::Range;

use crate::batch::Batch;

/// Lengths of a batch's vectors, to take back what a message that did not fit had added.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    pub(super) items: usize,
    pub(super) levels: usize,
    pub(super) figures: usize,
}

impl Mark {
    #[inline(always)]
    pub(super) fn of(batch: &Batch) -> Self {
        Self {
            items: batch.items.len(),
            levels: batch.levels.len(),
            figures: batch.figures.len(),
        }
    }

    #[inline(always)]
    pub(super) fn undo(self, batch: &mut Batch) {
        batch.items.truncate(self.items);
        batch.levels.truncate(self.levels);
        batch.figures.truncate(self.figures);
    }

    /// Copies what was added.
    pub(super) fn copy(self, batch: &Batch, copy: &mut Batch) {
        copy.clear();
        copy.items.extend_from_slice(&batch.items[self.items..]);
        copy.levels.extend_from_slice(&batch.levels[self.levels..]);
        copy.figures
            .extend_from_slice(&batch.figures[self.figures..]);
    }

    /// Whether these items of the copy were added, with all of its levels and figures.
    pub(super) fn is_copied(self, batch: &Batch, copy: &Batch, items: Range<usize>) -> bool {
        copy.items.get(items) == Some(&batch.items[self.items..])
            && batch.levels[self.levels..] == copy.levels
            && batch.figures[self.figures..] == copy.figures
    }

    /// Adds the copy again.
    pub(super) fn restore(self, batch: &mut Batch, copy: &Batch) {
        batch.items.extend_from_slice(&copy.items);
        batch.levels.extend_from_slice(&copy.levels);
        batch.figures.extend_from_slice(&copy.figures);
    }
}
