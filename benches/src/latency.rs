//! The latency harness: from the exchange's write to the mapped journal, beside what the machine can
//! do at best and what others do.
//!
//! ```text
//!  sender, a core of its own            a core of its own           (a third core, where there is one)
//!  Exchange ── loopback, plain or TLS ──> feedd's reader ── ring ──> feedd's journal ──> Arrivals
//!     │                             or ──> feedd's reader with the journal's work
//!     │                             or ──> raw: hand parser, spinning
//!     │                             or ──> a rival's process
//!     └─ Sent: intended and real time of each message, by its number
//! ```
//!
//! Invariants:
//! * A message is known by its number on the line: nothing is hidden in payloads, recorded traffic
//!   is measured like generated traffic, and a message that is lost is missed.
//! * Every latency counts from the *intended* time of the schedule: a sender that is held up by its
//!   receiver adds to the receiver's figures (no coordinated omission).
//! * All parties of one cell get the same messages by the same schedule, one after the other; only
//!   ratios inside a run mean anything.

pub mod cell;
pub mod certificate;
pub mod cores;
pub mod exchange;
pub mod feedd;
pub mod frames;
pub mod hlog;
pub mod plot;
pub mod raw;
pub mod rival;
pub mod schedule;
pub mod summary;
pub mod table;
pub mod traffic;
pub mod transport;

/// Why a measurement could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A socket, file or process.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

impl Error {
    /// For `map_err` on what tries `what`.
    pub fn io(what: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { what, source }
    }

    /// From anything that tells itself.
    pub fn other(error: impl std::fmt::Display) -> Self {
        Self::Other(error.to_string())
    }
}
