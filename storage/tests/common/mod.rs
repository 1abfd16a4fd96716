//! What the journal's tests share: small journals in fast directories, and predictable frames.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

pub(crate) mod fault;
pub(crate) mod role;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use feedd_storage::{Journal, JournalOptions, LogOptions, LogReader, ReadError, Start};
use tempfile::TempDir;

/// The smallest segment, to roll often.
pub(crate) const SEGMENT: u32 = 16 * 1024;
/// Where frames start in a segment of that size.
pub(crate) const DATA_AT: usize = 4096 + 64;
/// Longest payload such a segment takes.
pub(crate) const PAYLOAD_MAX: usize = SEGMENT as usize - DATA_AT - 8 - 24;
/// No test waits longer than this for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A directory in memory where there is one: thousands of small journals are synced here.
pub(crate) fn fast_dir() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    made.unwrap()
}

pub(crate) fn small() -> JournalOptions {
    let log = LogOptions {
        segment_bytes: SEGMENT,
        retain_bytes: None,
    };
    JournalOptions {
        records: log,
        raw: log,
        quarantine: log,
        ..JournalOptions::default()
    }
}

pub(crate) fn open(dir: &Path) -> Journal {
    Journal::open(dir, small()).unwrap().0
}

pub(crate) fn records(dir: &Path) -> PathBuf {
    dir.join("records")
}

/// A payload that says which frame it belongs to, of a length that depends on it.
pub(crate) fn payload(seq: u64) -> Vec<u8> {
    let length = 8 + (seq * 37 % 90) as usize;
    seq.to_le_bytes().into_iter().cycle().take(length).collect()
}

/// A receive stamp that depends on the number and steps back now and then.
pub(crate) fn stamp(seq: u64) -> i64 {
    let seq = i64::try_from(seq).unwrap();
    seq * 1_000 - if seq % 7 == 0 { 4_500 } else { 0 }
}

pub(crate) fn append(journal: &mut Journal, count: u64) {
    for _ in 0..count {
        let seq = journal.records().next_seq();
        assert_eq!(
            journal.records().append(stamp(seq), &[&payload(seq)]),
            Ok(seq)
        );
    }
}

/// Reads to the end; every frame must be what [`append`] wrote under its number.
pub(crate) fn read_all(log_dir: &Path, start: Start) -> Vec<u64> {
    let mut reader = LogReader::open(log_dir, start).unwrap();
    let mut seen = Vec::new();
    while let Some(frame) = reader.next().unwrap() {
        assert_eq!(frame.payload, payload(frame.seq));
        assert_eq!(frame.ts_recv, stamp(frame.seq));
        seen.push(frame.seq);
    }
    seen
}

/// What a reader makes of a log that may be damaged: numbers served, gaps reported, and whether it
/// met damage.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) frames: Vec<u64>,
    pub(crate) gaps: Vec<(u64, u64)>,
    pub(crate) damaged: bool,
}

/// Reads as far as possible, up to the first damage. Frames served must be what [`append`] wrote.
pub(crate) fn read_damaged(log_dir: &Path) -> Seen {
    let mut seen = Seen::default();
    let Ok(mut reader) = LogReader::open(log_dir, Start::Oldest) else {
        return Seen {
            damaged: true,
            ..seen
        };
    };
    for _ in 0..1_000_000 {
        match reader.next() {
            Ok(Some(frame)) => {
                assert_eq!(
                    frame.payload,
                    payload(frame.seq),
                    "a wrong frame was served"
                );
                assert_eq!(frame.ts_recv, stamp(frame.seq), "a wrong stamp was served");
                seen.frames.push(frame.seq);
            }
            Ok(None) => return seen,
            Err(ReadError::Missed { from, to }) => seen.gaps.push((from, to)),
            Err(_) => {
                return Seen {
                    damaged: true,
                    ..seen
                };
            }
        }
    }
    panic!("the reader does not come to an end");
}

/// Copies a journal as it stands at this moment, as a crash would leave it. The file of a segment
/// in the making may get its name or go away meanwhile; both ways are a state a crash can leave.
pub(crate) fn crash_copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            crash_copy(&entry.path(), &target);
        } else if let Err(error) = std::fs::copy(entry.path(), target) {
            assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{error}");
        }
    }
}

/// The only or first segment of a log.
pub(crate) fn segment(log_dir: &Path, number: u64) -> PathBuf {
    log_dir.join(format!("{number:020}.seg"))
}

/// Waits until `ready` says so.
pub(crate) fn wait_for(what: &str, mut ready: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !ready() {
        assert!(Instant::now() < deadline, "waited too long: {what}");
        std::thread::yield_now();
    }
}
