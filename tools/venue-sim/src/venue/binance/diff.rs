//! What changed in a book since a stream's last message.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Dialect;
use crate::clock::{MILLI, Nanos};
use crate::market::{Side, Step};
use crate::venue::Desk;

/// The changes of one diff message.
#[derive(Debug)]
pub(super) struct Diff {
    pub(super) first: u64,
    pub(super) last: u64,
    /// `u` of the message before.
    pub(super) previous: u64,
    pub(super) bids: Vec<(i64, i64)>,
    pub(super) asks: Vec<(i64, i64)>,
    pub(super) at: Nanos,
    pub(super) now: Nanos,
}

/// One diff stream.
#[derive(Debug)]
pub(super) struct Depth {
    pub(super) key: Arc<str>,
    /// Pause between messages; zero publishes every event at once.
    pub(super) every: Nanos,
    /// Number of the interval that was last published.
    slot: Nanos,
    pending: BTreeMap<(Side, i64), i64>,
    first: u64,
    previous: u64,
    changed_at: Nanos,
}

impl Depth {
    /// A stream with this pause in ms, before the first change after `first_id`.
    pub(super) fn new(key: Arc<str>, pause: Nanos, first_id: u64) -> Self {
        Self {
            key,
            every: pause * MILLI,
            slot: 0,
            pending: BTreeMap::new(),
            first: first_id,
            previous: first_id,
            changed_at: 0,
        }
    }

    /// Notes the changes of an event, of which the last one got `update_id` before.
    pub(super) fn note(&mut self, dialect: Dialect, desk: &Desk<'_>, step: &Step, before: u64) {
        if !desk.hub.wanted(desk.product, &self.key) {
            // A stream nobody listens to has nothing pending and continues from the current id.
            self.pending.clear();
            self.previous = last_id(dialect, before, step.changes.len());
            return;
        }
        if self.pending.is_empty() && !step.changes.is_empty() {
            self.first = next_id(dialect, before);
        }
        for change in &step.changes {
            self.pending.insert((change.side, change.px), change.qty);
            self.changed_at = step.at;
        }
    }

    /// What is pending, if the pause is over or `all` of it is wanted.
    pub(super) fn due(&mut self, now: Nanos, update_id: u64, all: bool) -> Option<Diff> {
        let slot = now.checked_div(self.every).unwrap_or(0);
        if !all && slot <= self.slot {
            return None;
        }
        self.slot = slot;
        self.take(now, update_id)
    }

    /// What is pending, if anything is.
    pub(super) fn take(&mut self, now: Nanos, update_id: u64) -> Option<Diff> {
        if self.pending.is_empty() {
            return None;
        }
        let pending = std::mem::take(&mut self.pending);
        let side = |wanted: Side| -> Vec<(i64, i64)> {
            let levels = pending.iter().filter(|((side, _), _)| *side == wanted);
            levels.map(|((_, px), qty)| (*px, *qty)).collect()
        };
        let previous = std::mem::replace(&mut self.previous, update_id);
        Some(Diff {
            first: self.first,
            last: update_id,
            previous,
            bids: side(Side::Bid),
            asks: side(Side::Ask),
            at: self.changed_at,
            now,
        })
    }
}

/// The update id after this one: 1 further on spot, 2 to 41 on futures, where other instruments
/// use up ids. A function of the id itself, so that the ids depend on nothing but the seed.
pub(super) fn next_id(dialect: Dialect, update_id: u64) -> u64 {
    match dialect {
        Dialect::Spot => update_id + 1,
        Dialect::Usdm | Dialect::Coinm => {
            update_id + 2 + (update_id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % 40
        }
    }
}

/// The update id so many changes later.
pub(super) fn last_id(dialect: Dialect, update_id: u64, changes: usize) -> u64 {
    (0..changes).fold(update_id, |id, _| next_id(dialect, id))
}
