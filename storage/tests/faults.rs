//! A full disk, a file system without preallocation, failing syncs, and threads that come late.
//!
//! The faults are real: a tiny tmpfs in a mount namespace of its own, and system calls that strace
//! makes fail. Where the host offers neither, the test says so and passes.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::time::{Duration, Instant};

use common::fault::{
    ENOSPC, assert_success, journal_and_ballast, on_a_small_disk, run_role, strace, works,
};
use common::role::journal_of_this_role;
use common::*;
use feedd_storage::{
    AppendError, Error, Journal, JournalOptions, LogOptions, LogReader, Start, verify,
};

const EIO: i32 = 5;

#[test]
fn full_disk_refuses_appends_loses_nothing_and_recovers_by_itself() {
    on_a_small_disk("role_fill_the_disk");
}

#[test]
#[ignore = "run as a child process by the tests above"]
fn role_fill_the_disk() {
    let (dir, ballast) = journal_and_ballast();
    let mut journal = open(&dir);
    let refused = append_until_refused(&mut journal);
    assert_eq!(refused, AppendError::Roll { errno: ENOSPC });
    let stuck_at = journal.records().next_seq();
    for _ in 0..100 {
        assert_eq!(journal.records().append(0, &[&[0; 4_000]]), Err(refused));
    }
    assert_eq!(journal.records().next_seq(), stuck_at);
    assert_eq!(
        read_all(&records(&dir), Start::Oldest),
        (1..stuck_at).collect::<Vec<_>>()
    );
    assert!(journal.records().counters().read().failed_rolls > 100);
    // A new run cannot start either, and says why.
    assert!(verify(&records(&dir)).unwrap().is_clean());

    fs::remove_file(&ballast).unwrap();
    wait_for("space to be noticed", || {
        let seq = journal.records().next_seq();
        journal
            .records()
            .append(stamp(seq), &[&payload(seq)])
            .is_ok()
    });
    append(&mut journal, 100);
    journal.close().unwrap();
    let count = stuck_at + 100;
    assert_eq!(
        read_all(&records(&dir), Start::Oldest),
        (1..=count).collect::<Vec<_>>()
    );
    assert!(fs::read_dir(records(&dir)).unwrap().all(|entry| {
        entry
            .unwrap()
            .file_name()
            .to_string_lossy()
            .ends_with(".seg")
    }));
}

fn append_until_refused(journal: &mut Journal) -> AppendError {
    for _ in 0..100_000 {
        let seq = journal.records().next_seq();
        if let Err(refused) = journal.records().append(stamp(seq), &[&payload(seq)]) {
            return refused;
        }
    }
    panic!("the disk never filled up");
}

#[test]
fn file_system_without_preallocation_is_refused_at_start_with_the_reason() {
    strace(
        "role_open_without_preallocation",
        "fallocate:error=EOPNOTSUPP",
    );
}

#[test]
#[ignore = "run as a child process by the tests above"]
fn role_open_without_preallocation() {
    let dir = journal_of_this_role();
    let error = Journal::open(&dir, small()).unwrap_err();
    assert!(matches!(error, Error::NoPreallocation { .. }), "{error}");
    assert!(error.to_string().contains("no fallocate"), "{error}");
    assert_eq!(
        fs::read_dir(records(&dir)).unwrap().count(),
        0,
        "nothing is left behind"
    );
}

#[test]
fn failed_sync_poisons_the_log_and_names_the_error() {
    strace("role_append_until_poisoned", "msync:error=EIO:when=12+");
}

#[test]
#[ignore = "run as a child process by the tests above"]
fn role_append_until_poisoned() {
    let dir = journal_of_this_role();
    let options = JournalOptions {
        sync_interval: Duration::from_millis(5),
        ..small()
    };
    let (mut journal, _) = Journal::open(&dir, options).unwrap();
    let mut last = 0;
    wait_for("the failed sync to show", || {
        let seq = journal.records().next_seq();
        match journal.records().append(stamp(seq), &[&payload(seq)]) {
            Ok(seq) => last = seq,
            Err(refused) => assert_eq!(refused, AppendError::Poisoned { errno: EIO }),
        }
        journal.records().counters().read().poisoned_errno == EIO
    });
    assert_eq!(
        journal.records().append(0, &[]),
        Err(AppendError::Poisoned { errno: EIO })
    );
    // What was appended is there for readers; only its durability is in doubt.
    let seen = read_all(&records(&dir), Start::Oldest);
    assert_eq!(seen.last(), Some(&last));
    let error = journal.close().unwrap_err();
    assert!(
        matches!(error, Error::SyncFailed { errno: EIO, .. }),
        "{error}"
    );
    // Opening again walks what could not be sealed, finds all of it, and syncs it.
    let (_journal, recovered) = Journal::open(&dir, small()).unwrap();
    assert_eq!(recovered.records.next_seq, last + 1);
}

#[test]
fn roll_that_comes_before_its_segment_waits_and_is_counted() {
    strace("role_outrun_the_preparation", "fallocate:delay_enter=20000");
}

#[test]
#[ignore = "run as a child process by the tests above"]
fn role_outrun_the_preparation() {
    let mut journal = open(&journal_of_this_role());
    append(&mut journal, 1_000);
    let stats = journal.records().counters().read();
    assert!(
        stats.late_rolls > 0 && stats.late_rolls <= stats.rolls,
        "{stats:?}"
    );
    journal.close().unwrap();
    let seen = read_all(&records(&journal_of_this_role()), Start::Oldest);
    assert_eq!(seen, (1..=1_000).collect::<Vec<_>>());
}

#[test]
fn append_and_poll_make_no_system_call_between_rolls() {
    if !works("strace", &["-V"]) {
        return;
    }
    let dir = fast_dir();
    let log = dir.path().join("strace.log");
    let wrapper = ["strace", "-f", "-qq", "-o", log.to_str().unwrap()];
    assert_success(&run_role(
        &wrapper,
        "role_append_between_markers",
        dir.path(),
    ));
    let log = fs::read_to_string(log).unwrap();
    let begin = log
        .lines()
        .position(|line| line.contains("marker-begin"))
        .unwrap();
    let end = log
        .lines()
        .position(|line| line.contains("marker-end"))
        .unwrap();
    let lines: Vec<&str> = log.lines().skip(begin).take(end - begin).collect();
    let thread = lines[0].split(' ').next().unwrap();
    let own = lines
        .iter()
        .filter(|line| line.split(' ').next() == Some(thread));
    // The marker itself is the one call of this thread; it may be logged in two parts.
    let calls: Vec<_> = own.filter(|line| !line.contains(" resumed>")).collect();
    assert_eq!(calls.len(), 1, "{calls:#?}");
}

#[test]
#[ignore = "run as a child process by the tests above"]
fn role_append_between_markers() {
    let dir = journal_of_this_role();
    let log = LogOptions {
        segment_bytes: 8 << 20,
        retain_bytes: None,
    };
    let options = JournalOptions {
        records: log,
        ..small()
    };
    let (mut journal, _) = Journal::open(&dir, options).unwrap();
    let mut reader = LogReader::open(&records(&dir), Start::Oldest).unwrap();
    let mut read = 0;
    let payload = [7; 100];
    let _ = fs::metadata("/feedd-marker-begin");
    for ts in 0..40_000 {
        assert!(
            journal
                .records()
                .append(ts, &[&payload, &payload[..ts as usize % 40]])
                .is_ok()
        );
        read += u64::from(matches!(reader.next(), Ok(Some(_))));
    }
    let _ = fs::metadata("/feedd-marker-end");
    assert_eq!(read, 40_000);
}

#[test]
fn appended_frames_are_synced_within_the_interval_without_being_asked() {
    let dir = tempfile::tempdir().unwrap();
    let options = JournalOptions {
        sync_interval: Duration::from_millis(20),
        ..small()
    };
    let (mut journal, _) = Journal::open(dir.path(), options).unwrap();
    for round in 1..=5 {
        append(&mut journal, 40);
        let counters = journal.records().counters().clone();
        wait_for("the sync", || counters.read().synced_seq == round * 40 + 1);
    }
    let stats = journal.records().counters().read();
    assert!((5..=20).contains(&stats.syncs), "{stats:?}");
    assert_eq!((stats.poisoned_errno, stats.prefault_failures), (0, 0));
}

#[test]
fn disk_that_stalls_holds_up_the_sync_and_not_the_appender() {
    // Every sync, of frames, of new segments and of directories, takes 300 ms longer.
    strace(
        "role_append_while_the_disk_stalls",
        "msync,fsync:delay_enter=300000",
    );
}

#[test]
#[ignore = "run as a child process by the tests above"]
fn role_append_while_the_disk_stalls() {
    let dir = journal_of_this_role();
    let log = LogOptions {
        segment_bytes: 8 << 20,
        retain_bytes: None,
    };
    let options = JournalOptions {
        records: log,
        sync_interval: Duration::from_millis(20),
        ..small()
    };
    let (mut journal, _) = Journal::open(&dir, options).unwrap();
    wait_for("the segments ahead", || segment(&records(&dir), 3).exists());
    let counters = journal.records().counters().clone();
    let (mut longest, mut appended) = (Duration::ZERO, 0);
    let start = Instant::now();
    // Slow enough that no more than the segments ahead are needed.
    while start.elapsed() < Duration::from_secs(2) {
        let before = Instant::now();
        for _ in 0..10 {
            journal.records().append(0, &[&[7; 100]]).unwrap();
        }
        longest = longest.max(before.elapsed());
        appended += 10;
        std::thread::sleep(Duration::from_micros(200));
    }
    let stats = counters.read();
    assert!((1..=14).contains(&stats.syncs), "not stalled: {stats:?}");
    assert_eq!((stats.late_rolls, stats.sync_waits), (0, 0), "{stats:?}");
    assert!(
        longest < Duration::from_millis(200),
        "ten of {appended} appends took {longest:?}"
    );
}

/// Page faults this thread has taken, as the kernel counts them.
fn page_faults() -> u64 {
    let stat = fs::read_to_string("/proc/thread-self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split(' ').collect();
    fields[8].parse::<u64>().unwrap() + fields[10].parse::<u64>().unwrap()
}

#[test]
fn appender_takes_next_to_no_page_fault_while_its_pages_are_synced() {
    let dir = tempfile::tempdir().unwrap();
    let log = LogOptions {
        segment_bytes: 32 << 20,
        retain_bytes: None,
    };
    let options = JournalOptions {
        records: log,
        sync_interval: Duration::from_millis(40),
        ..small()
    };
    let (mut journal, _) = Journal::open(dir.path(), options).unwrap();
    let counters = journal.records().counters().clone();
    let payload = [7; 1_000];
    wait_for("the first segment's neighbours", || {
        segment(&records(dir.path()), 3).exists()
    });
    let before = page_faults();
    let (mut syncs, mut bytes) = (0, 0);
    for _ in 0..64 {
        let mut batch = journal.records().batch();
        for ts in 0..1_000 {
            batch.append(ts, &[&payload]).unwrap();
            bytes += payload.len();
        }
        batch.publish();
        std::thread::sleep(Duration::from_millis(5));
        syncs = counters.read().syncs;
    }
    let faults = page_faults() - before;
    let pages = bytes as u64 / 4_096;
    if counters.read().prefault_failures > 0 {
        eprintln!("skipped: this kernel does not pre-fault");
        return;
    }
    assert!(syncs > 3, "{syncs} syncs are not enough to show anything");
    // A few are the kernel's own doing, when it writes back behind everybody's back.
    assert!(
        faults < pages / 200,
        "{faults} faults in {pages} pages and {syncs} syncs"
    );
    eprintln!("{faults} faults in {pages} pages and {syncs} syncs");
}
