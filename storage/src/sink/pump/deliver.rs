//! Handing a batch over: whole, or in halves where a row of it will never be taken.

use std::ops::Range;
use std::time::Duration;

use super::super::dead::{DeadLetter, Fate};
use super::super::tail::Tail;
use super::super::{Refusal, Sink, Surroundings};
use super::Pump;

impl<S: Sink, E: Surroundings> Pump<S, E> {
    /// Hands the whole batch over; the rows that are refused for ever go to the dead letters.
    pub(super) fn hand_over(&mut self) -> Result<(), String> {
        let rows = self.batch.len();
        self.keep_rate(rows);
        self.deliver(0..rows)?;
        self.succeeded();
        self.status.taken.add(rows as u64);
        self.batch.clear();
        if let Some(mark) = self.tail.as_ref().and_then(Tail::mark) {
            self.marks.push(mark);
        }
        Ok(())
    }

    /// A row that is a dead letter already is not offered again.
    pub(super) fn pass_dead(&mut self) {
        if !self.dead_seqs.is_empty()
            && self
                .batch
                .last_seq()
                .is_some_and(|seq| self.dead_seqs.contains(&seq))
        {
            self.batch.pop();
        }
    }

    /// Delivers these rows of the batch, left half before right half.
    fn deliver(&mut self, range: Range<usize>) -> Result<(), String> {
        let Some(tail) = &self.tail else {
            return Ok(());
        };
        let rows = self.batch.rows(range.clone(), tail.symbols());
        let why = match self.sink.deliver(&rows, self.around.now()) {
            Ok(ack) => {
                self.ack = ack;
                return Ok(());
            }
            Err(Refusal::Transient(reason)) => return Err(reason),
            Err(Refusal::Permanent(reason)) => reason,
        };
        if range.len() <= 1 {
            let found = rows.iter().next().map(|row| (row.seq, row.bytes.to_vec()));
            return found.map_or(Ok(()), |(seq, bytes)| self.bury(seq, why, bytes));
        }
        let middle = range.start + range.len() / 2;
        self.deliver(range.start..middle)?;
        self.deliver(middle..range.end)
    }

    /// Waits as long as the rate limit asks before `rows` more go while the sink is behind.
    fn keep_rate(&mut self, rows: usize) {
        let now = self.around.now();
        if self.options.rows_a_second > 0 && self.is_full() {
            self.around.pause(self.free_at.saturating_sub(now));
            let nanos = rows as u128 * 1_000_000_000 / u128::from(self.options.rows_a_second);
            let cost = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
            self.free_at = self.free_at.max(now) + cost;
        }
    }

    /// Hands one dead letter over again; `Some` with the words if it is refused again.
    pub(super) fn deliver_letter(&mut self, letter: &DeadLetter) -> Result<Option<String>, String> {
        let (Fate::Refused, Some(tail)) = (letter.fate, &self.tail) else {
            return Ok(Some("it holds no row".to_owned()));
        };
        self.batch.clear();
        self.batch.push(letter.seq, letter.ts, 0, &letter.record);
        let rows = self.batch.rows(0..1, tail.symbols());
        let answer = if rows.iter().next().is_some() {
            self.sink.replay(&rows, self.around.now())
        } else {
            Err(Refusal::permanent("still not a record of this version"))
        };
        self.batch.clear();
        match answer {
            Ok(()) => Ok(None),
            Err(Refusal::Permanent(reason)) => Ok(Some(reason)),
            Err(Refusal::Transient(reason)) => Err(reason),
        }
    }
}
