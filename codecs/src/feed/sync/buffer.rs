//! Book updates that are held until a REST snapshot comes to be joined with them.

use super::Levels;
use crate::record::{BookHead, Level};

/// Most updates held while waiting for a REST snapshot: 100 s of Binance's 10 a second, ten-fold.
const HELD_UPDATES_MAX: usize = 10_000;
/// Most levels in them: 16 MiB.
const HELD_LEVELS_MAX: usize = 1 << 20;

/// Updates held until a snapshot comes.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    pub(super) updates: Vec<(BookHead, usize, usize)>,
    levels: Vec<Level>,
}

impl Buffer {
    pub(super) fn push(&mut self, head: &BookHead, (bids, asks): Levels<'_>) -> bool {
        let fits = self.updates.len() < HELD_UPDATES_MAX
            && self.levels.len() + bids.len() + asks.len() <= HELD_LEVELS_MAX;
        if fits {
            self.levels.extend_from_slice(bids);
            self.levels.extend_from_slice(asks);
            self.updates.push((*head, bids.len(), asks.len()));
        }
        fits
    }

    pub(super) fn clear(&mut self) {
        self.updates.clear();
        self.levels.clear();
    }

    /// Heads and levels in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&BookHead, Levels<'_>)> {
        let mut at = 0;
        self.updates.iter().map(move |(head, bids, asks)| {
            let levels = &self.levels[at..at + bids + asks];
            at += bids + asks;
            (head, levels.split_at(*bids))
        })
    }

    /// Forgets the first `count` updates.
    pub(super) fn forget(&mut self, count: usize) {
        let levels: usize = self
            .updates
            .drain(..count)
            .map(|(_, bids, asks)| bids + asks)
            .sum();
        self.levels.drain(..levels);
    }
}
