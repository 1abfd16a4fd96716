//! Killed writers, second writers, and readers in other processes.
//!
//! The writing process is this test binary again, running one of the ignored tests at the end.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use common::role::{Moments, Role, can_kill_at_calls, journal_of_this_role, killed_at};
use common::*;
use feedd_storage::{Cursor, Error, Journal, LogKind, LogReader, ReadError, Start, verify};

const KILLS: u64 = 20;

/// Takes the frames there are, a bounded number at a time, and checks that none is missing.
fn tail(reader: &mut LogReader, last: &mut u64) {
    for _ in 0..1_000 {
        let Some(frame) = reader.next().unwrap() else {
            return;
        };
        assert_eq!(frame.seq, *last + 1);
        assert_eq!(frame.payload, payload(frame.seq));
        *last = frame.seq;
    }
}

#[test]
fn every_frame_a_tailer_saw_is_there_after_each_of_twenty_kills() {
    let dir = fast_dir();
    let log_dir = records(dir.path());
    let mut reader = LogReader::open(&log_dir, Start::Oldest).unwrap();
    let (mut last, mut moments) = (0, Moments(12_345));
    for kill in 0..KILLS {
        let mut child = Role::start("role_write_until_killed", dir.path());
        let before = last;
        wait_for("the first frames of the child", || {
            tail(&mut reader, &mut last);
            last > before
        });
        let end = Instant::now() + Duration::from_micros(moments.next(14));
        while Instant::now() < end {
            tail(&mut reader, &mut last);
        }
        child.kill();

        let (journal, recovered) = Journal::open(dir.path(), small()).unwrap();
        assert_eq!(u64::from(recovered.run), 2 * kill + 2);
        assert!(
            recovered
                .records
                .cuts
                .iter()
                .all(|cut| cut.rule.is_none() && cut.numbers == 0)
        );
        assert!(
            recovered.records.next_seq > last,
            "a frame that was seen is gone"
        );
        journal.close().unwrap();
        let report = verify(&log_dir).unwrap();
        assert!(report.is_clean() && report.gaps.is_empty(), "{report:?}");
        wait_for("the end of the log", || {
            tail(&mut reader, &mut last);
            report.last_seq == Some(last)
        });
    }
    assert_eq!(
        read_all(&log_dir, Start::Oldest),
        (1..=last).collect::<Vec<_>>()
    );
}

#[test]
fn process_that_tails_sees_frames_written_here_while_they_are_written() {
    let dir = fast_dir();
    let mut journal = open(dir.path());
    let mut child = Role::start("role_tail_and_save_cursor", dir.path());
    append(&mut journal, 5_000);
    assert!(child.0.wait().unwrap().success());
    let cursor = Cursor::open(dir.path(), "other-process", LogKind::Records).unwrap();
    assert_eq!(cursor.load().unwrap(), Some(5_001));
}

#[test]
fn second_writer_is_refused_with_the_process_id_of_the_first() {
    let dir = fast_dir();
    let mut child = Role::start("role_write_until_killed", dir.path());
    let mut reader = LogReader::open(&records(dir.path()), Start::Oldest).unwrap();
    wait_for("the child's first frame", || {
        reader.next().unwrap().is_some()
    });
    let error = Journal::open(dir.path(), small()).unwrap_err();
    assert!(
        matches!(error, Error::Locked { pid, .. } if pid == Some(child.0.id())),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .contains(&format!("process {}", child.0.id()))
    );
    child.kill();
    // The lock file is still there, with the old process id; the lock is not.
    assert!(dir.path().join("lock").exists());
    Journal::open(dir.path(), small()).unwrap();
}

#[test]
fn second_writer_in_the_same_process_is_refused_until_the_first_is_closed() {
    let dir = fast_dir();
    let first = open(dir.path());
    let error = Journal::open(dir.path(), small()).unwrap_err();
    assert!(
        error.to_string().contains(&std::process::id().to_string()),
        "{error}"
    );
    first.close().unwrap();
    open(dir.path());
}

#[test]
fn recovery_and_shutdown_killed_at_every_system_call_can_be_done_again() {
    if !can_kill_at_calls() {
        return;
    }
    let master = fast_dir();
    damaged_journal(master.path());
    let whole = read_damaged(&records(master.path())).frames;
    for call in [
        "pwrite64",
        "fsync",
        "msync",
        "ftruncate",
        "fallocate",
        "rename",
        "unlink",
    ] {
        let kills = (1..100).take_while(|&when| !run_killed_at(master.path(), &whole, call, when));
        assert!(
            (1..99).contains(&kills.count()),
            "{call} was swept to the end"
        );
    }
}

/// Recovers, appends and closes in a process killed at its `when`-th `call`, then recovers again.
/// True if the process came to its end before.
fn run_killed_at(master: &Path, whole: &[u64], call: &str, when: u32) -> bool {
    let dir = fast_dir();
    crash_copy(master, dir.path());
    let finished = killed_at("role_recover_append_close", dir.path(), call, when);
    let mut journal = open(dir.path());
    append(&mut journal, 1);
    journal.close().unwrap();
    let seen = read_damaged(&records(dir.path()));
    assert!(
        seen.frames.starts_with(whole) && !seen.damaged,
        "{call} {when}"
    );
    // What was appended since comes behind the numbers that were legible in the cut tail.
    let later = seen.frames[whole.len()];
    assert!(later > 200, "{call} {when}: number {later} given twice");
    assert!(
        verify(&records(dir.path())).unwrap().is_clean(),
        "{call} {when}"
    );
    finished
}

/// A killed journal of 200 frames whose last segment is damaged near its start.
fn damaged_journal(to: &Path) {
    let dir = fast_dir();
    let mut journal = open(dir.path());
    append(&mut journal, 200);
    crash_copy(dir.path(), to);
    let last = feedd_storage::segments(&records(to))
        .unwrap()
        .pop()
        .unwrap();
    let mut bytes = std::fs::read(&last.path).unwrap();
    bytes[DATA_AT + 400] ^= 1;
    std::fs::write(&last.path, bytes).unwrap();
}

#[test]
#[ignore = "run as a child process by the tests above"]
fn role_write_until_killed() {
    let mut journal = open(&journal_of_this_role());
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        append(&mut journal, 16);
        // Slow enough for a minute of this to fit into memory.
        thread::sleep(Duration::from_micros(50));
    }
}

#[test]
#[ignore = "run as a child process by the tests above"]
fn role_recover_append_close() {
    let mut journal = open(&journal_of_this_role());
    append(&mut journal, 1_500);
    journal.close().unwrap();
}

#[test]
#[ignore = "run as a child process by the tests above"]
fn role_tail_and_save_cursor() {
    let dir = journal_of_this_role();
    let mut reader = LogReader::open(&records(&dir), Start::Oldest).unwrap();
    let mut last = 0;
    wait_for("all frames of the parent", || {
        tail(&mut reader, &mut last);
        last == 5_000
    });
    let cursor = Cursor::open(&dir, "other-process", LogKind::Records).unwrap();
    cursor.save(reader.next_seq().unwrap()).unwrap();
    assert!(matches!(
        reader.next(),
        Ok(None) | Err(ReadError::Missed { .. })
    ));
}
