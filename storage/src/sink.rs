//! Sinks: what takes the journal's records to where people query them.
//!
//! ```text
//! records/ ── Tail ──> Batch ── Pump ──> Sink ── acknowledged ──> Cursor
//!                                 └── rows refused for ever ──> dead/<sink>
//! ```
//!
//! The one idea: a sink that fails is treated like a process that was killed. Whatever it has not
//! acknowledged is read from the journal again, so there is one way back and the tests that kill
//! the process show the same thing as the tests that break the network.
//!
//! Invariants:
//!
//! * The cursor never passes a row that the sink has not acknowledged, that does not stand in the
//!   dead letters, and that was not reported there as lost.
//! * Rows are handed over in the order of the journal. After a refusal they come again, from the
//!   first unacknowledged one, so a sink must make a repeat harmless: by a key
//!   (journal id, journal sequence), or by naming what it writes after the sequences in it.
//! * A sink never holds up the journal, the readers or another sink: it reads files that they wrote.

mod backoff;
mod batch;
pub mod credentials;
mod dead;
pub mod parquet;
mod pump;
pub mod questdb;
pub mod reconcile;
mod status;
mod surroundings;
mod tail;

use std::time::Duration;

pub use batch::{Row, Rows};
#[cfg(test)]
pub(crate) use dead::Head as LetterHead;
pub use dead::{DeadLetter, DeadLetters, Fate};
pub use pump::{Pump, PumpOptions, Step};
pub use status::{SinkReport, SinkStatus};
pub use surroundings::{Notice, Surroundings};

/// What a sink says of the rows that it was handed so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ack {
    /// All of them are where they belong.
    All,
    /// Those with a lower journal sequence than this are; the others it still holds back.
    Below(u64),
}

/// Why a sink did not take rows, told by who has to act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not now: the other side is down, busy or full. The pump waits, calls [`Sink::begin`], and
    /// hands over everything again that was not acknowledged. A row may have arrived nevertheless.
    Transient(String),
    /// At least one of the rows will never be taken: wrong type, value out of range, no such table.
    /// The pump finds out which by halving. Nothing of the batch may be held back after this.
    Permanent(String),
}

impl Refusal {
    /// A refusal that passes, because of `reason`.
    pub fn transient(reason: impl std::fmt::Display) -> Self {
        Self::Transient(reason.to_string())
    }

    /// A refusal of the rows themselves, because of `reason`.
    pub fn permanent(reason: impl std::fmt::Display) -> Self {
        Self::Permanent(reason.to_string())
    }
}

/// A place that takes records, driven by a [`Pump`] on a thread of its own, so every method may
/// block; what takes longer than some seconds should be a [`Refusal::Transient`] instead.
pub trait Sink: Send {
    /// Starts, or starts again after a [`Refusal::Transient`]: forget every row that was not
    /// acknowledged, and connect anew where that is needed. `acked` is the pump's durable cursor:
    /// the first sequence that it would hand over. Returns the sequence to go on with, which is
    /// higher than `acked` where the sink knows by its own durable account that it has more.
    ///
    /// # Errors
    ///
    /// [`Refusal::Transient`] while the other side cannot be reached. A permanent refusal is waited
    /// for just the same: an operator has to act.
    fn begin(&mut self, acked: u64) -> Result<u64, Refusal>;

    /// Takes rows, all or none. `now` is the pump's monotonic clock.
    ///
    /// # Errors
    ///
    /// A [`Refusal`].
    fn deliver(&mut self, rows: &Rows<'_>, now: Duration) -> Result<Ack, Refusal>;

    /// Is called when there is nothing to hand over, several times a second, and once with `last`
    /// when the pump stops: then everything still held back should be brought to its place.
    ///
    /// # Errors
    ///
    /// A [`Refusal`].
    fn idle(&mut self, _now: Duration, _last: bool) -> Result<Ack, Refusal> {
        Ok(Ack::All)
    }

    /// Takes rows that it once refused for ever, at an operator's wish, outside their order.
    ///
    /// # Errors
    ///
    /// A [`Refusal`]; the rows stay dead letters then.
    fn replay(&mut self, rows: &Rows<'_>, now: Duration) -> Result<(), Refusal> {
        match self.deliver(rows, now)? {
            Ack::All => Ok(()),
            Ack::Below(_) => Err(Refusal::transient("the row was not acknowledged")),
        }
    }
}
