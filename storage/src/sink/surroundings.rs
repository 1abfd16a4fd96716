//! What a pump lives in: a clock, a way to wait, and somebody who listens.

use std::time::Duration;

/// Clock, pause and listener of a [`super::Pump`]; tests bring their own and need not wait.
pub trait Surroundings: Send {
    /// Monotonic time.
    fn now(&self) -> Duration;

    /// Wall clock, nanoseconds since 1970: how old a row is.
    fn wall(&self) -> i64;

    /// Waits, but no longer than until the pump shall stop.
    fn pause(&self, time: Duration);

    /// Whether the pump shall come to an end: hand over what is there, and return.
    fn stopping(&self) -> bool;

    /// Something that an operator may want to read. Not called for every row.
    fn tell(&self, notice: &Notice<'_>);
}

/// What a pump tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice<'a> {
    /// A try failed; the next one comes after `pause`.
    Retry {
        /// The sink's or the operating system's words.
        reason: &'a str,
        /// How long it waits.
        pause: Duration,
        /// Failures in a row, this one included.
        failures: u64,
    },
    /// It works again after failures.
    Recovered {
        /// How many failures in a row there were.
        failures: u64,
    },
    /// A row went to the dead letters.
    Dead {
        /// Its journal sequence.
        seq: u64,
        /// The sink's words.
        reason: &'a str,
    },
    /// Rows are gone from the journal before the sink had them. They are noted in the dead letters.
    Lost {
        /// First lost journal sequence.
        from: u64,
        /// Last lost journal sequence.
        to: u64,
        /// `retention`, or `damage` for what recovery cut off or set aside.
        cause: &'static str,
    },
    /// A dead letter was tried again at an operator's wish.
    Replayed {
        /// Its number.
        number: u64,
        /// Why it was refused again.
        refused: Option<&'a str>,
    },
}
