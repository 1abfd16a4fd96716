//! What is appended is read: across rolls, restarts and logs, and while the writer goes on.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use common::*;
use feedd_storage::{AppendError, Journal, LogReader, ReadError, Start, segments, verify};

#[test]
fn appended_frames_come_back_in_order_with_stamp_run_and_payload() {
    let dir = fast_dir();
    let mut journal = open(dir.path());
    append(&mut journal, 1_000);
    assert_eq!(
        read_all(&records(dir.path()), Start::Oldest),
        (1..=1_000).collect::<Vec<_>>()
    );
    assert!(
        segments(&records(dir.path())).unwrap().len() > 3,
        "the log has rolled"
    );
    assert_eq!(verify(&records(dir.path())).unwrap().frames, 1_000);
    journal.close().unwrap();
    let report = verify(&records(dir.path())).unwrap();
    assert!(report.is_clean() && report.gaps.is_empty(), "{report:?}");
    assert_eq!(
        (report.first_seq, report.last_seq, report.frames),
        (Some(1), Some(1_000), 1_000)
    );
}

#[test]
fn parts_are_joined_and_an_empty_payload_is_a_frame() {
    let dir = fast_dir();
    let mut journal = open(dir.path());
    journal
        .records()
        .append(1, &[b"ab", b"", b"cde", b"f"])
        .unwrap();
    journal.records().append(-5, &[]).unwrap();
    journal.records().append(3, &[b""]).unwrap();
    let mut reader = LogReader::open(&records(dir.path()), Start::Oldest).unwrap();
    assert_eq!(reader.next().unwrap().unwrap().payload, b"abcdef");
    let empty = reader.next().unwrap().unwrap();
    assert_eq!((empty.seq, empty.ts_recv, empty.payload), (2, -5, &b""[..]));
    assert_eq!(reader.next().unwrap().unwrap().seq, 3);
    assert_eq!(reader.next().unwrap(), None);
}

#[test]
fn logs_are_driven_side_by_side_with_numbers_of_their_own() {
    let dir = fast_dir();
    let mut journal = open(dir.path());
    let (records_log, raw_log) = journal.logs();
    assert_eq!(records_log.append(1, &[b"record"]), Ok(1));
    assert_eq!(raw_log.append(1, &[b"frame"]), Ok(1));
    assert_eq!(raw_log.append(2, &[b"frame"]), Ok(2));
    assert_eq!(records_log.append(2, &[b"record"]), Ok(2));
    assert_eq!(journal.quarantine().append(3, &[b"refused"]), Ok(1));
    for (log, text, count) in [
        ("records", &b"record"[..], 2),
        ("raw", &b"frame"[..], 2),
        ("quarantine", &b"refused"[..], 1),
    ] {
        let mut reader = LogReader::open(&dir.path().join(log), Start::Oldest).unwrap();
        for _ in 0..count {
            assert_eq!(reader.next().unwrap().unwrap().payload, text);
        }
        assert_eq!(reader.next().unwrap(), None);
    }
}

#[test]
fn frame_that_fills_the_segment_exactly_fits_and_one_byte_more_is_too_large() {
    let dir = fast_dir();
    let mut journal = open(dir.path());
    assert_eq!(journal.records().payload_limit(), PAYLOAD_MAX);
    let largest = vec![7; PAYLOAD_MAX + 1];
    let refused = journal.records().append(0, &[&largest]);
    let (bytes, limit) = (PAYLOAD_MAX as u32 + 1, PAYLOAD_MAX as u32);
    assert_eq!(refused, Err(AppendError::TooLarge { bytes, limit }));
    for seq in 1..=3 {
        assert_eq!(journal.records().append(0, &[&largest[1..]]), Ok(seq));
    }
    journal.close().unwrap();
    let found = segments(&records(dir.path())).unwrap();
    let spans: Vec<_> = found
        .iter()
        .map(|info| (info.first_seq, info.next_seq))
        .collect();
    assert_eq!(spans, [(1, Some(2)), (2, Some(3)), (3, Some(4))]);
    assert!(verify(&records(dir.path())).unwrap().is_clean());
}

#[test]
fn every_distance_to_the_end_of_a_segment_rolls_without_loss() {
    // One filler leaves 8 * gap bytes free; the next frames meet every boundary case there is.
    for gap in 0..=12 {
        let dir = fast_dir();
        let mut journal = open(dir.path());
        let filler = vec![1; PAYLOAD_MAX - 8 * gap];
        journal.records().append(0, &[&filler]).unwrap();
        for seq in 2..=8_u64 {
            journal.records().append(0, &[&seq.to_le_bytes()]).unwrap();
        }
        let mut reader = LogReader::open(&records(dir.path()), Start::Oldest).unwrap();
        assert_eq!(reader.next().unwrap().unwrap().payload, filler);
        for seq in 2..=8_u64 {
            assert_eq!(reader.next().unwrap().unwrap().payload, seq.to_le_bytes());
        }
        let infos = segments(&records(dir.path())).unwrap();
        // A frame of 8 bytes takes 32; it stays in the first segment if that much was left.
        assert_eq!(infos[1].first_seq, 2 + gap as u64 / 4, "gap {gap}");
    }
}

#[test]
fn live_tail_in_another_thread_sees_every_frame_across_rolls() {
    const COUNT: u64 = 20_000;
    let dir = fast_dir();
    let log_dir = records(dir.path());
    let tailer = thread::spawn(move || {
        let mut reader = LogReader::open(&log_dir, Start::Oldest).unwrap();
        let mut next = 1;
        wait_for("all frames", || {
            while let Some(frame) = reader.next().unwrap() {
                assert_eq!((frame.seq, frame.payload), (next, &payload(next)[..]));
                next += 1;
            }
            next > COUNT
        });
    });
    let mut journal = open(dir.path());
    append(&mut journal, COUNT);
    tailer.join().unwrap();
    assert!(journal.records().counters().read().rolls > 50);
}

#[test]
fn tailer_goes_on_over_a_clean_restart_and_sees_the_new_run() {
    let dir = fast_dir();
    let mut journal = open(dir.path());
    let mut reader = LogReader::open(&records(dir.path()), Start::Oldest).unwrap();
    append(&mut journal, 3);
    for seq in 1..=3 {
        let frame = reader.next().unwrap().unwrap();
        assert_eq!((frame.seq, frame.run), (seq, 1));
    }
    journal.close().unwrap();
    assert_eq!(reader.next().unwrap(), None);
    let (mut journal, recovered) = Journal::open(dir.path(), small()).unwrap();
    assert_eq!(
        (recovered.run, journal.run(), recovered.records.next_seq),
        (2, 2, 4)
    );
    assert!(recovered.records.cuts.is_empty() && recovered.raw.cuts.is_empty());
    assert_eq!(reader.next().unwrap(), None);
    append(&mut journal, 2);
    for seq in 4..=5 {
        let frame = reader.next().unwrap().unwrap();
        assert_eq!((frame.seq, frame.run), (seq, 2));
    }
}

#[test]
fn restarts_without_a_frame_leave_one_empty_segment_and_still_count_runs() {
    let dir = fast_dir();
    for run in 1..=5 {
        let (journal, recovered) = Journal::open(dir.path(), small()).unwrap();
        assert_eq!(recovered.run, run);
        journal.close().unwrap();
    }
    assert_eq!(segments(&records(dir.path())).unwrap().len(), 1);
    assert_eq!(std::fs::read_dir(records(dir.path())).unwrap().count(), 1);
}

#[test]
fn reader_may_be_there_before_the_journal() {
    let dir = fast_dir();
    let mut reader = LogReader::open(&records(dir.path()), Start::Newest).unwrap();
    assert_eq!(reader.next().unwrap(), None);
    let mut journal = open(dir.path());
    assert_eq!(reader.next().unwrap(), None);
    append(&mut journal, 1);
    assert_eq!(reader.next().unwrap().unwrap().seq, 1);
}

#[test]
fn start_newest_serves_only_what_comes() {
    let dir = fast_dir();
    let mut journal = open(dir.path());
    append(&mut journal, 500);
    let mut reader = LogReader::open(&records(dir.path()), Start::Newest).unwrap();
    assert_eq!(reader.next().unwrap(), None);
    assert_eq!(reader.next_seq(), Some(501));
    append(&mut journal, 1);
    assert_eq!(reader.next().unwrap().unwrap().seq, 501);
}

#[test]
fn start_at_any_number_begins_with_it_and_a_future_one_is_waited_for() {
    let dir = fast_dir();
    let mut journal = open(dir.path());
    append(&mut journal, 600);
    for seq in (1..=600).step_by(7) {
        let seen = read_all(&records(dir.path()), Start::Seq(seq));
        assert_eq!((seen[0], seen.len() as u64), (seq, 601 - seq));
    }
    let mut reader = LogReader::open(&records(dir.path()), Start::Seq(605)).unwrap();
    assert_eq!(reader.next().unwrap(), None);
    append(&mut journal, 10);
    assert_eq!(reader.next().unwrap().unwrap().seq, 605);
}

#[test]
fn start_before_the_first_number_reports_what_is_not_there() {
    let dir = fast_dir();
    append(&mut open(dir.path()), 3);
    let mut reader = LogReader::open(&records(dir.path()), Start::Seq(0)).unwrap();
    assert!(matches!(
        reader.next(),
        Err(ReadError::Missed { from: 0, to: 0 })
    ));
    assert_eq!(reader.next().unwrap().unwrap().seq, 1);
}

#[test]
fn options_out_of_range_are_refused_with_the_allowed_range() {
    let dir = fast_dir();
    let mut options = small();
    options.records.segment_bytes = 16 * 1024 + 1;
    let error = Journal::open(dir.path(), options).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("segment_bytes = 16385 is not allowed"),
        "{error}"
    );
    let mut options = small();
    options.raw.retain_bytes = Some(1);
    let error = Journal::open(dir.path(), options).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("at least four times segment_bytes"),
        "{error}"
    );
    let mut options = small();
    options.sync_interval = std::time::Duration::ZERO;
    assert!(Journal::open(dir.path(), options).is_err());
}

#[test]
fn files_and_directories_are_for_the_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let dir = fast_dir();
    let home = dir.path().join("journal");
    append(&mut open(&home), 1);
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    for sub in ["", "records", "raw", "quarantine", "cursors"] {
        assert_eq!(mode(&home.join(sub)), 0o700, "{sub}");
    }
    assert_eq!(mode(&home.join("lock")), 0o600);
    assert_eq!(mode(&segment(&records(&home), 1)), 0o600);
}

#[test]
fn verify_and_seek_of_a_log_under_write_and_retention_meet_no_damage() {
    let dir = fast_dir();
    let log_dir = records(dir.path());
    let mut options = small();
    options.records.retain_bytes = Some(6 * u64::from(SEGMENT));
    let (mut journal, _) = Journal::open(dir.path(), options).unwrap();
    append(&mut journal, 1);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let checker = scope.spawn(|| {
            let mut rounds = 0;
            while !done.load(Ordering::Relaxed) {
                let report = verify(&log_dir).unwrap();
                assert!(report.is_clean(), "{report:?}");
                let wanted = report.last_seq.unwrap_or(1);
                let mut reader = LogReader::open(&log_dir, Start::Seq(wanted)).unwrap();
                match reader.next() {
                    Ok(frame) => assert_eq!(frame.map(|frame| frame.seq), Some(wanted)),
                    Err(error) => assert!(matches!(error, ReadError::Missed { .. }), "{error}"),
                }
                rounds += 1;
            }
            rounds
        });
        for _ in 0..400 {
            append(&mut journal, 100);
        }
        done.store(true, Ordering::Relaxed);
        assert!(checker.join().unwrap() > 3);
    });
    assert!(journal.records().counters().read().removed_segments > 100);
}

#[test]
fn batch_is_invisible_until_published_and_reads_like_single_frames() {
    let dir = fast_dir();
    let mut journal = open(dir.path());
    append(&mut journal, 3);
    let mut reader = LogReader::open(&records(dir.path()), Start::Oldest).unwrap();
    for seq in 1..=3 {
        assert_eq!(reader.next().unwrap().unwrap().seq, seq);
    }
    let mut batch = journal.records().batch();
    for seq in 4..=40 {
        assert_eq!(batch.append(stamp(seq), &[&payload(seq)]), Ok(seq));
        assert_eq!(reader.next().unwrap(), None);
    }
    batch.publish();
    append(&mut journal, 2);
    assert_eq!(
        read_all(&records(dir.path()), Start::Oldest),
        (1..=42).collect::<Vec<_>>()
    );
}

#[test]
fn batches_write_the_same_files_as_single_frames() {
    const FRAMES: u64 = 2_000;
    let (single, batched) = (fast_dir(), fast_dir());
    let mut journal = open(single.path());
    append(&mut journal, FRAMES);
    journal.close().unwrap();
    let mut journal = open(batched.path());
    let mut next = 1;
    while next <= FRAMES {
        let end = FRAMES.min(next + next % 150);
        let mut batch = journal.records().batch();
        for seq in next..=end {
            assert_eq!(batch.append(stamp(seq), &[&payload(seq)]), Ok(seq));
        }
        next = end + 1;
    }
    journal.close().unwrap();
    let numbers: Vec<u64> = segments(&records(single.path()))
        .unwrap()
        .iter()
        .map(|info| info.number)
        .collect();
    assert!(numbers.len() > 5, "the log has rolled inside batches");
    for number in numbers {
        let read = |dir: &std::path::Path| std::fs::read(segment(&records(dir), number)).unwrap();
        assert_eq!(
            read(single.path()),
            read(batched.path()),
            "segment {number}"
        );
    }
}

#[test]
fn frame_refused_in_a_batch_leaves_the_others_in_it() {
    let dir = fast_dir();
    let mut journal = open(dir.path());
    let mut batch = journal.records().batch();
    assert_eq!(batch.append(stamp(1), &[&payload(1)]), Ok(1));
    let refused = batch.append(0, &[&[0; PAYLOAD_MAX + 1]]);
    assert!(matches!(refused, Err(AppendError::TooLarge { .. })));
    assert_eq!(batch.append(stamp(2), &[&payload(2)]), Ok(2));
    drop(batch);
    assert_eq!(read_all(&records(dir.path()), Start::Oldest), [1, 2]);
}
