//! What can go wrong, split by who has to act.
//!
//! [`AppendError`] is for the hot path: small, `Copy`, names the rule. [`enum@Error`] is for
//! opening, closing and cursors: says what was expected, what was found, where, and what to do.
//! [`ReadError`] is what a reader must not pass over in silence.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a frame was not appended. Nothing of it has reached the log; the writer stands where it
/// stood.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum AppendError {
    /// The payload does not fit an empty segment.
    #[error("payload of {bytes} bytes is larger than the {limit} a segment can hold")]
    TooLarge {
        /// Length of the refused payload, `u32::MAX` if it is longer still.
        bytes: u32,
        /// Longest payload this log takes, see [`crate::LogWriter::payload_limit`].
        limit: u32,
    },
    /// The next segment could not be made, most often because the disk is full (errno 28). The same
    /// append may be tried again later.
    #[error("no next segment: {}", io::Error::from_raw_os_error(*errno))]
    Roll {
        /// The operating system's error number.
        errno: i32,
    },
    /// An earlier sync of this log failed, so bytes believed to be on the medium may not be. The
    /// log takes no more frames until the journal is opened again.
    #[error("an earlier sync failed, open the journal again: {}", io::Error::from_raw_os_error(*errno))]
    Poisoned {
        /// The operating system's error number of the sync that failed.
        errno: i32,
    },
}

const _: () = assert!(
    size_of::<AppendError>() <= 16,
    "errors of the hot path travel in registers"
);

/// Which rule a stored byte range broke.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Rule {
    /// The segment ends before the marker that says so.
    #[error("file ends before the end marker")]
    Bounds,
    /// The frame's length is impossible at this place.
    #[error("impossible frame length")]
    Length,
    /// The frame's checksum does not match.
    #[error("checksum mismatch")]
    Checksum,
    /// The frame is sound but its sequence number is not the next one.
    #[error("sequence number out of order")]
    Sequence,
    /// The segment is sealed, yet here stands a zero length before its end.
    #[error("unwritten bytes before the end of a sealed segment")]
    Hole,
    /// The segment is sealed elsewhere than where its end marker stands.
    #[error("end marker and seal disagree")]
    Seal,
}

/// What a reader has to tell before it can go on.
#[derive(Debug, Error)]
pub enum ReadError {
    /// These sequence numbers are not in the log: retention removed them, a damaged segment was set
    /// aside, or recovery cut them off. The next call goes on with the frame after `to`.
    #[error("sequence numbers {from} to {to} are gone")]
    Missed {
        /// First missing sequence number.
        from: u64,
        /// Last missing sequence number.
        to: u64,
    },
    /// The bytes at this place are not a frame. The next call looks at the same place again
    /// (recovery may have repaired it); [`crate::LogReader::skip_damage`] goes past it.
    #[error("damaged at offset {offset} of segment {segment}: {rule}")]
    Damaged {
        /// Number of the segment.
        segment: u64,
        /// Byte offset in its file.
        offset: u64,
        /// What is wrong.
        rule: Rule,
    },
    /// The segment files themselves cannot be read.
    #[error(transparent)]
    Segment(#[from] Error),
}

/// Why the journal, a segment file or a cursor could not be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A system call failed.
    #[error("cannot {action} {path}")]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// Another process writes this journal.
    #[error("journal {dir} is in use by {}; stop it or use another directory", holder(*pid))]
    Locked {
        /// The journal's directory.
        dir: PathBuf,
        /// Process id the holder wrote into the lock file, if legible.
        pid: Option<u32>,
    },
    /// The file system cannot preallocate blocks. A sparse mapping on a full disk would kill the
    /// process with `SIGBUS`, so such a file system is refused.
    #[error("file system of {path} has no fallocate; put the journal on ext4, xfs, btrfs or tmpfs")]
    NoPreallocation {
        /// The segment file that could not be preallocated.
        path: PathBuf,
    },
    /// The segment was written by a later release.
    #[error(
        "segment {path} has format version {found}, this build knows up to {known}; update feedd"
    )]
    NewerFormat {
        /// The segment file.
        path: PathBuf,
        /// Version in the file.
        found: u16,
        /// Newest version known here.
        known: u16,
    },
    /// The header is sound but belongs to another log or another place in it.
    #[error("segment {path} says it is {found}, expected {expected}; was it moved or renamed?")]
    WrongSegment {
        /// The segment file.
        path: PathBuf,
        /// What the place asks for.
        expected: String,
        /// What the header says.
        found: String,
    },
    /// The segment header fails its checksum.
    #[error("segment {path} has a damaged header; recovery will set it aside as .bad")]
    TornHeader {
        /// The segment file.
        path: PathBuf,
    },
    /// An option is outside its range.
    #[error("{key} = {value} is not allowed, expected {allowed}")]
    Option {
        /// Name of the option.
        key: &'static str,
        /// The value given.
        value: u64,
        /// The values allowed.
        allowed: &'static str,
    },
    /// A cursor name is not usable as a file name.
    #[error("cursor name {name:?} is not allowed, expected 1 to 64 of a-z, 0-9, '-' and '_'")]
    CursorName {
        /// The name given.
        name: String,
    },
    /// A cursor file fails its checksum or belongs to another log.
    #[error("cursor {path} {problem}; delete it to start again from the oldest frame")]
    Cursor {
        /// The cursor file.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The dead letters of a sink fill the room they are given.
    #[error("{path} is full ({limit} bytes); replay what it holds, then move it away")]
    DeadLettersFull {
        /// The file.
        path: PathBuf,
        /// Its limit in bytes.
        limit: u64,
    },
    /// A file of dead letters or a journal's identity is not what its place promises.
    #[error("{path} {problem}; move it away")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A sync failed while the journal was open: what stood there unsynced may be lost at power
    /// loss.
    #[error("a sync of the {log} log failed: {}", io::Error::from_raw_os_error(*errno))]
    SyncFailed {
        /// Name of the log.
        log: &'static str,
        /// The operating system's error number.
        errno: i32,
    },
}

impl Error {
    /// Wraps a failed system call. Meant for `map_err`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        let path = path.to_owned();
        move |source| Error::Io {
            action,
            path,
            source,
        }
    }

    /// The operating system's error number, `EIO` where there is none.
    pub(crate) fn errno(&self) -> i32 {
        match self {
            Error::Io { source, .. } => source.raw_os_error().unwrap_or(EIO),
            Error::NoPreallocation { .. } => rustix::io::Errno::OPNOTSUPP.raw_os_error(),
            _ => EIO,
        }
    }

    /// True where the file is simply not there (any more).
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Error::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

const EIO: i32 = rustix::io::Errno::IO.raw_os_error();

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(
        || "another process".to_owned(),
        |pid| format!("process {pid}"),
    )
}
