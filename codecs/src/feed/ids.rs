//! Ids without order: the last ones of a stream, to tell what was taken already.

use std::hash::BuildHasher;

use crate::record::Trade;

/// Ids that are remembered: four times what a REST answer about the past holds (Bybit: 1,000), and
/// more than a burst in which one line is ahead of another (one order can match thousands).
const REMEMBERED: usize = 4096;
/// Slots of the table: a power of two that leaves half of them empty.
const SLOTS: usize = 2 * REMEMBERED;

/// The last [`REMEMBERED`] ids of one stream, as hashes of 64 bits.
#[derive(Clone, Debug, Default)]
pub(super) struct Ids {
    /// In order of arrival; 0 = not used.
    ring: Vec<u64>,
    /// Open addressing by linear probing; 0 = empty.
    slots: Vec<u64>,
    next: usize,
}

impl Ids {
    /// The id of a trade, never 0.
    pub(super) fn of(trade: &Trade) -> u64 {
        foldhash::fast::FixedState::default()
            .hash_one((trade.id_bytes, trade.id_kind.0))
            .max(1)
    }

    pub(super) fn knows(&self, id: u64) -> bool {
        !self.slots.is_empty() && self.slots[self.place(id)] == id
    }

    /// Remembers an id that is not known.
    pub(super) fn add(&mut self, id: u64) {
        if self.slots.is_empty() {
            self.ring = vec![0; REMEMBERED];
            self.slots = vec![0; SLOTS];
        }
        let oldest = std::mem::replace(&mut self.ring[self.next], id);
        self.next = (self.next + 1) % REMEMBERED;
        if oldest != 0 {
            self.forget(oldest);
        }
        let place = self.place(id);
        self.slots[place] = id;
    }

    /// Where `id` stands, or would.
    fn place(&self, id: u64) -> usize {
        let mut at = slot(id);
        while self.slots[at] != 0 && self.slots[at] != id {
            at = (at + 1) % SLOTS;
        }
        at
    }

    /// Removes an id and moves up those that had to make way for it.
    fn forget(&mut self, id: u64) {
        let mut hole = self.place(id);
        let mut at = hole;
        loop {
            at = (at + 1) % SLOTS;
            let held = self.slots[at];
            if held == 0 {
                break;
            }
            let home = slot(held);
            let reaches = (at + SLOTS - home) % SLOTS >= (at + SLOTS - hole) % SLOTS;
            if reaches {
                self.slots[hole] = held;
                hole = at;
            }
        }
        self.slots[hole] = 0;
    }
}

const fn slot(id: u64) -> usize {
    (id % SLOTS as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    #[test]
    fn the_table_knows_exactly_the_last_ids() {
        let mut ids = Ids::default();
        let mut model = VecDeque::new();
        let mut state = 1_u64;
        for _ in 0..20_000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            // Few homes, so that probing has work to do.
            let id = (state >> 40) % 6_000 * 7 + 1;
            assert_eq!(ids.knows(id), model.contains(&id), "{id}");
            if !ids.knows(id) {
                ids.add(id);
                model.push_back(id);
                if model.len() > REMEMBERED {
                    model.pop_front();
                }
            }
        }
    }
}
