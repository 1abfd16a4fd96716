//! Which message of the tape a record of a book is.

use super::Replay;
use crate::compare::journal::{At, Step};
use crate::compare::tape::{Side, TapeBook};

impl Replay<'_> {
    /// Where a snapshot stands, and the message that it lies amid.
    pub(super) fn place_of_snapshot(&self, record: &At<Step>) -> (Option<usize>, Option<usize>) {
        let from = self.at.unwrap_or(0);
        if !self.joined {
            let is = |message: &TapeBook| message.snapshot && fits(message, record);
            return (
                find(self.tape, from, is).or_else(|| find(self.tape, 0, is)),
                None,
            );
        }
        let ends = |message: &TapeBook| message.last == record.number;
        if let Some(place) = find(self.tape, from, ends).or_else(|| find(self.tape, 0, ends)) {
            return (Some(place), None);
        }
        let covers = |message: &TapeBook| (message.first..=message.last).contains(&record.number);
        match find(self.tape, from, covers) {
            Some(place) => (place.checked_sub(1), Some(place)),
            // Between two messages, or before the first.
            None => (
                self.tape
                    .iter()
                    .rposition(|message| message.last < record.number),
                None,
            ),
        }
    }

    /// A snapshot that still has its levels and its checksum, but no longer the stamp that would tell
    /// its place: a fault took a field away that snapshots may lack.
    pub(super) fn altered_snapshot(
        &mut self,
        record: &At<Step>,
        (bids, asks): (&Side, &Side),
    ) -> Option<usize> {
        let Step::Book { checksum, .. } = &record.what else {
            return None;
        };
        let same = |message: &TapeBook| {
            let kept = (&message.bids, &message.asks, message.checksum) == (bids, asks, *checksum);
            message.snapshot && message.at <= record.ts_recv && kept
        };
        let from = self.at.unwrap_or(0);
        let place = find(self.tape, from, same).filter(|_| self.was_sent(record, (bids, asks)))?;
        self.report.altered += 1;
        Some(place)
    }

    /// A changed message that still has its levels.
    pub(super) fn altered_place(&mut self, from: usize, bids: &Side, asks: &Side) -> Option<usize> {
        let same = |message: &TapeBook| {
            let levels = (&message.bids, &message.asks) == (bids, asks);
            !message.snapshot && levels && self.was_altered(message)
        };
        let place = find(self.tape, from, same)?;
        self.report.altered += 1;
        Some(place)
    }

    /// Whether messages before this one are not on the tape: nobody had subscribed.
    pub(super) fn is_break(&self, place: usize) -> bool {
        let Some(before) = place.checked_sub(1).map(|at| &self.tape[at]) else {
            return false;
        };
        let message = &self.tape[place];
        self.joined
            && match message.prev {
                Some(prev) => prev != before.last,
                None => message.first != before.last + 1,
            }
    }

    /// Whether a snapshot by REST tells of updates behind the message at `place` that nobody had
    /// subscribed to: the tape has none of them.
    pub(super) fn is_unwatched(&self, place: Option<usize>, number: u64) -> bool {
        let Some(place) = place else { return false };
        let behind = self.tape.get(place).is_some_and(|own| own.last < number);
        behind && (place + 1 >= self.tape.len() || self.is_break(place + 1))
    }
}

pub(super) fn find(
    tape: &[TapeBook],
    from: usize,
    is: impl Fn(&TapeBook) -> bool,
) -> Option<usize> {
    let rest = tape.get(from..)?;
    Some(from + rest.iter().position(is)?)
}

/// Whether a message is the record's: by number, else by checksum and stamp.
pub(super) fn fits(message: &TapeBook, record: &At<Step>) -> bool {
    let Step::Book { checksum, .. } = &record.what else {
        return false;
    };
    if record.number != 0 {
        return message.last == record.number;
    }
    message.checksum == *checksum && message.ts == record.ts_venue
}
