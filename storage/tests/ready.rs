//! What a writer that must not wait is told: whether its next frame has a place.
//!
//! A segment that is not made yet and a full disk are real, as in the tests of faults.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::time::{Duration, Instant};

use common::fault::{ENOSPC, journal_and_ballast, on_a_small_disk, strace};
use common::role::journal_of_this_role;
use common::*;
use feedd_storage::{AppendError, Journal, Start};

/// What both ways of asking say of a frame with this many bytes of payload, and say again.
fn is_ready(journal: &mut Journal, bytes: usize) -> bool {
    let log = journal.records();
    let ready = log.is_ready(bytes);
    // Nothing becomes less ready by itself; what is not ready may have become so meanwhile.
    assert!(!ready || (log.batch().is_ready(bytes) && log.is_ready(bytes)));
    ready
}

/// The next frame, if it has a place.
fn append_if_ready(journal: &mut Journal) -> bool {
    let next = payload(journal.records().next_seq());
    let ready = is_ready(journal, next.len());
    if ready {
        append(journal, 1);
    }
    ready
}

/// Appends that waited for a segment or for the sync, and rolls that were refused.
fn waited(journal: &mut Journal) -> [u64; 3] {
    let stats = journal.records().counters().read();
    [stats.late_rolls, stats.sync_waits, stats.failed_rolls]
}

#[test]
fn segment_with_room_is_ready_for_what_fits_and_for_more_only_with_the_next_at_hand() {
    strace(
        "role_ask_before_the_next_segment_is_made",
        "fallocate:delay_enter=2000000:when=1",
    );
}

#[test]
#[ignore = "run as a child process by the tests above"]
fn role_ask_before_the_next_segment_is_made() {
    let dir = journal_of_this_role();
    let mut journal = open(&dir);
    let largest = journal.records().payload_limit();
    assert!(is_ready(&mut journal, largest));
    append(&mut journal, 1);
    let asked = Instant::now();
    assert!(is_ready(&mut journal, 0));
    assert!(!is_ready(&mut journal, largest), "the next is not made yet");
    // Asking did not wait for it either.
    assert!(asked.elapsed() < Duration::from_millis(500));
    wait_for("the next segment", || is_ready(&mut journal, largest));
    journal.records().append(0, &[&vec![0; largest]]).unwrap();
    assert_eq!(journal.records().counters().read().rolls, 1);
    assert_eq!(waited(&mut journal), [0; 3]);
}

#[test]
fn frame_that_is_appended_only_when_ready_never_waits_for_its_segment() {
    strace("role_append_only_when_ready", "fallocate:delay_enter=20000");
}

#[test]
#[ignore = "run as a child process by the tests above"]
fn role_append_only_when_ready() {
    let dir = journal_of_this_role();
    let mut journal = open(&dir);
    let mut not_ready = 0;
    while journal.records().next_seq() <= 1_000 {
        if !append_if_ready(&mut journal) {
            not_ready += 1;
            wait_for("the next segment", || append_if_ready(&mut journal));
        }
    }
    assert!(not_ready > 0, "no segment came late");
    assert_eq!(waited(&mut journal), [0; 3]);
    journal.close().unwrap();
    let seen = read_all(&records(&dir), Start::Oldest);
    assert_eq!(seen, (1..=1_000).collect::<Vec<_>>());
}

#[test]
fn full_disk_is_not_ready_and_is_again_once_an_append_finds_space() {
    on_a_small_disk("role_ask_until_the_disk_is_full");
}

#[test]
#[ignore = "run as a child process by the tests above"]
fn role_ask_until_the_disk_is_full() {
    let (dir, ballast) = journal_and_ballast();
    let mut journal = open(&dir);
    fill(&mut journal);
    let stuck_at = journal.records().next_seq();
    assert!(stuck_at > 1);
    assert_eq!(waited(&mut journal), [0; 3]);
    let next = payload(stuck_at);
    for _ in 0..100 {
        let refused = journal.records().append(stamp(stuck_at), &[&next]);
        assert_eq!(refused, Err(AppendError::Roll { errno: ENOSPC }));
        assert!(!is_ready(&mut journal, next.len()));
    }

    fs::remove_file(&ballast).unwrap();
    wait_for("space to be noticed", || {
        let ready = is_ready(&mut journal, next.len());
        if !ready {
            // This is what has the segment tried again; it may find it made.
            let seq = journal.records().next_seq();
            let _ = journal.records().append(stamp(seq), &[&payload(seq)]);
        }
        ready
    });
    let late = waited(&mut journal);
    for _ in 0..200 {
        wait_for("the next segment", || append_if_ready(&mut journal));
    }
    assert_eq!(waited(&mut journal), late);
    let end = journal.records().next_seq();
    assert!(end >= stuck_at + 200);
    journal.close().unwrap();
    let seen = read_all(&records(&dir), Start::Oldest);
    assert_eq!(seen, (1..end).collect::<Vec<_>>());
}

/// Appends what is ready, until nothing has been for longer than making a segment takes.
fn fill(journal: &mut Journal) {
    let mut last = Instant::now();
    while last.elapsed() < Duration::from_secs(1) {
        if append_if_ready(journal) {
            last = Instant::now();
        }
        std::thread::yield_now();
    }
}
