//! The memory-mapped journal: append, tail, recover, seek.
//!
//! The journal is the acknowledgement boundary of feedd: a venue cannot send anything again, so
//! what counts as received is what stands in a mapped segment. Everything behind it (sinks, replay,
//! other processes) reads the journal from its own durable cursor.
//!
//! # What it promises
//!
//! * A frame that any reader has seen survives `SIGKILL` of the writing process, always.
//! * Power loss costs at most the configured [`JournalOptions::sync_interval`].
//! * Bytes that fail their checksum are never served, and a missing range is always named
//!   ([`ReadError::Missed`], [`ReadError::Damaged`]), never passed over.
//! * [`LogWriter::append`] and [`Batch::append`] do not allocate, lock or make a system call, except where a segment
//!   ends.
//!
//! The byte layout, the write order and the recovery rules are in `docs/journal-format.md`.
//!
//! # Example
//!
//! ```
//! use feedd_storage::{Journal, JournalOptions, LogReader, Start};
//!
//! let dir = tempfile::tempdir()?;
//! let (mut journal, recovered) = Journal::open(dir.path(), JournalOptions::default())?;
//! assert_eq!(recovered.run, 1);
//! let seq = journal.records().append(1_700_000_000_000_000_000, &[b"header", b"body"])?;
//!
//! // Here or in another process, while the writer goes on:
//! let mut reader = LogReader::open(&dir.path().join("records"), Start::Oldest)?;
//! let frame = reader.next()?.expect("one frame was appended");
//! assert_eq!((frame.seq, frame.payload), (seq, &b"headerbody"[..]));
//! journal.close()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod checksum;
mod cursor;
mod error;
pub mod export;
mod journal;
pub mod sink;

pub use cursor::Cursor;
pub use error::{AppendError, Error, ReadError, Rule};
pub use journal::{
    Batch, Cut, Frame, Journal, JournalId, JournalOptions, LogCounters, LogKind, LogOptions,
    LogReader, LogRecovered, LogStats, LogWriter, Problem, Recovered, SegmentInfo, Start,
    VerifyReport, segments, verify,
};
