//! Seeking by time, retention, cursors, and whole lives of a journal against a plain vector.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::collections::VecDeque;
use std::path::Path;

use common::*;
use feedd_storage::{
    Cursor, Error, Journal, JournalOptions, LogKind, LogOptions, LogReader, ReadError, Start,
    segments, verify,
};
use proptest::prelude::*;

/// Options with segments large enough for several index marks each.
fn indexed() -> JournalOptions {
    let log = LogOptions {
        segment_bytes: 512 * 1024,
        retain_bytes: None,
    };
    JournalOptions {
        records: log,
        ..small()
    }
}

/// The first number a reader that starts at `ts` serves.
fn seek(log_dir: &Path, ts: i64) -> Option<u64> {
    let mut reader = LogReader::open(log_dir, Start::Time(ts)).unwrap();
    reader.next().unwrap().map(|frame| frame.seq)
}

/// Appends frames with these stamps, large enough to fill several index steps and segments.
fn append_stamps(journal: &mut Journal, stamps: &[i64], bytes: usize) {
    let payload = vec![3; bytes];
    for &ts in stamps {
        journal.records().append(ts, &[&payload]).unwrap();
    }
}

fn linear(stamps: &[i64], ts: i64) -> Option<u64> {
    stamps
        .iter()
        .position(|&stamp| stamp >= ts)
        .map(|index| index as u64 + 1)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn time_seek_finds_what_a_linear_scan_finds(
        steps in prop::collection::vec(-40_i64..60, 1..400),
        bytes in 100_usize..9_000,
        restart in 0_usize..400,
    ) {
        let mut now = 1_000;
        let stamps: Vec<i64> = steps.iter().map(|step| { now += step; now }).collect();
        let dir = fast_dir();
        let (before, after) = stamps.split_at(restart.min(stamps.len()));
        let (mut journal, _) = Journal::open(dir.path(), indexed()).unwrap();
        append_stamps(&mut journal, before, bytes);
        drop(journal);
        let (mut journal, _) = Journal::open(dir.path(), indexed()).unwrap();
        append_stamps(&mut journal, after, bytes);
        let log_dir = records(dir.path());
        let around = stamps.iter().flat_map(|&ts| [ts - 1, ts, ts + 1]);
        for ts in around.step_by(11).chain([i64::MIN, i64::MAX]) {
            prop_assert_eq!(seek(&log_dir, ts), linear(&stamps, ts), "seek to {}", ts);
        }
    }
}

#[test]
fn time_seek_reads_the_index_and_not_the_whole_log() {
    let dir = fast_dir();
    let (mut journal, _) = Journal::open(dir.path(), indexed()).unwrap();
    let stamps: Vec<i64> = (0..2_000).collect();
    append_stamps(&mut journal, &stamps, 1_000);
    journal.close().unwrap();
    // Damage every frame that a seek to stamp 1,999 has no business with.
    for info in segments(&records(dir.path())).unwrap().iter().rev().skip(1) {
        let mut bytes = std::fs::read(&info.path).unwrap();
        for byte in bytes.iter_mut().skip(8 * 1024).step_by(512) {
            *byte ^= 0xFF;
        }
        std::fs::write(&info.path, bytes).unwrap();
    }
    assert_eq!(seek(&records(dir.path()), 1_999), Some(2_000));
}

#[test]
fn seeks_stay_right_with_every_index_mark_of_a_crashed_segment_destroyed() {
    let (dir, crash) = (fast_dir(), fast_dir());
    let (mut journal, _) = Journal::open(dir.path(), indexed()).unwrap();
    let stamps: Vec<i64> = (0..400).collect();
    append_stamps(&mut journal, &stamps, 1_000);
    crash_copy(dir.path(), crash.path());
    let path = segment(&records(crash.path()), 1);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4096..4096 + 8 * 24].fill(0x5A);
    std::fs::write(&path, bytes).unwrap();
    for reopened in [false, true] {
        if reopened {
            drop(Journal::open(crash.path(), indexed()).unwrap());
            let intact = std::fs::read(segment(&records(dir.path()), 1)).unwrap();
            let rebuilt = std::fs::read(&path).unwrap();
            assert_eq!(
                rebuilt[4096..4288],
                intact[4096..4288],
                "the index is rebuilt as it was"
            );
        }
        for ts in (0..400).step_by(13) {
            assert_eq!(seek(&records(crash.path()), ts), linear(&stamps, ts));
        }
    }
}

#[test]
fn retention_deletes_the_oldest_and_readers_are_told_exactly_what_they_missed() {
    let dir = fast_dir();
    let mut options = small();
    options.records.retain_bytes = Some(5 * u64::from(SEGMENT));
    let (mut journal, _) = Journal::open(dir.path(), options).unwrap();
    append(&mut journal, 20);
    let mut slow = LogReader::open(&records(dir.path()), Start::Oldest).unwrap();
    for seq in 1..=5 {
        assert_eq!(slow.next().unwrap().unwrap().seq, seq);
    }
    append(&mut journal, 3_000);
    let counters = journal.records().counters().clone();
    journal.close().unwrap();
    assert!(counters.read().removed_segments > 5);

    let left = segments(&records(dir.path())).unwrap();
    let bytes: u64 = left.iter().map(|info| info.file_bytes).sum();
    assert!(bytes <= 5 * u64::from(SEGMENT), "{bytes} bytes are left");
    // The slow reader keeps the deleted segment it has mapped, then learns what is gone.
    let oldest = left[0].first_seq;
    let mut next = 6;
    let missed = loop {
        match slow.next() {
            Ok(frame) => assert_eq!(frame.unwrap().seq, next),
            Err(error) => break error,
        }
        next += 1;
    };
    let ReadError::Missed { from, to } = missed else {
        panic!("{missed}")
    };
    assert_eq!((from, to + 1), (next, oldest));
    assert_eq!(slow.next().unwrap().unwrap().seq, oldest);
    // One that comes back with an old cursor learns it too.
    let mut late = LogReader::open(&records(dir.path()), Start::Seq(7)).unwrap();
    let Err(ReadError::Missed { from: 7, to }) = late.next() else {
        panic!("nothing missed?")
    };
    assert_eq!(to + 1, oldest);
    assert_eq!(late.next().unwrap().unwrap().seq, oldest);
    assert!(verify(&records(dir.path())).unwrap().is_clean());
}

#[test]
fn lowered_retention_takes_effect_when_the_journal_is_opened() {
    let dir = fast_dir();
    let mut journal = open(dir.path());
    append(&mut journal, 3_000);
    journal.close().unwrap();
    let before = segments(&records(dir.path())).unwrap().len();
    let mut options = small();
    options.records.retain_bytes = Some(4 * u64::from(SEGMENT));
    let (journal, _) = Journal::open(dir.path(), options).unwrap();
    journal.close().unwrap();
    let after = segments(&records(dir.path())).unwrap().len();
    assert!(before > 10 && after <= 4, "{before} segments, then {after}");
}

#[test]
fn cursor_is_saved_whole_loaded_back_and_bound_to_its_log() {
    let dir = fast_dir();
    let cursor = Cursor::open(dir.path(), "questdb", LogKind::Records).unwrap();
    assert_eq!(cursor.load().unwrap(), None);
    for seq in [1, 77, u64::MAX] {
        cursor.save(seq).unwrap();
        assert_eq!(cursor.load().unwrap(), Some(seq));
    }
    let other = Cursor::open(dir.path(), "questdb", LogKind::Raw).unwrap();
    assert!(
        other
            .load()
            .unwrap_err()
            .to_string()
            .contains("belongs to the other log")
    );
    assert_eq!(
        std::fs::read_dir(dir.path().join("cursors"))
            .unwrap()
            .count(),
        1
    );
}

#[test]
fn cursor_with_any_flipped_bit_or_wrong_length_is_refused() {
    let dir = fast_dir();
    let cursor = Cursor::open(dir.path(), "a", LogKind::Raw).unwrap();
    cursor.save(1_234_567).unwrap();
    let path = dir.path().join("cursors/a");
    let sound = std::fs::read(&path).unwrap();
    for bit in 0..sound.len() * 8 {
        let mut bytes = sound.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, bytes).unwrap();
        assert!(
            matches!(cursor.load(), Err(Error::Cursor { .. })),
            "bit {bit}"
        );
    }
    for length in 0..sound.len() {
        std::fs::write(&path, &sound[..length]).unwrap();
        assert!(
            matches!(cursor.load(), Err(Error::Cursor { .. })),
            "length {length}"
        );
    }
}

#[test]
fn cursor_names_that_are_no_plain_file_names_are_refused() {
    let dir = fast_dir();
    for name in [
        "",
        ".",
        "..",
        "a/b",
        "A",
        "a.tmp",
        "\u{e9}",
        &"a".repeat(65),
    ] {
        let refused = Cursor::open(dir.path(), name, LogKind::Records);
        assert!(matches!(refused, Err(Error::CursorName { .. })), "{name:?}");
    }
}

#[test]
fn numbers_go_on_behind_a_cursor_that_is_ahead_of_what_the_medium_kept() {
    let dir = fast_dir();
    append(&mut open(dir.path()), 10);
    // A sink had acknowledged up to 500 before the power failed; the journal kept 10 frames.
    Cursor::open(dir.path(), "sink", LogKind::Records)
        .unwrap()
        .save(501)
        .unwrap();
    Cursor::open(dir.path(), "wild", LogKind::Records)
        .unwrap()
        .save(u64::MAX)
        .unwrap();
    let (mut journal, recovered) = Journal::open(dir.path(), small()).unwrap();
    assert_eq!(
        (recovered.records.next_seq, recovered.raw.next_seq),
        (501, 1)
    );
    append(&mut journal, 1);
    let mut reader = LogReader::open(&records(dir.path()), Start::Seq(10)).unwrap();
    assert_eq!(reader.next().unwrap().unwrap().seq, 10);
    assert!(matches!(
        reader.next(),
        Err(ReadError::Missed { from: 11, to: 500 })
    ));
    assert_eq!(reader.next().unwrap().unwrap().seq, 501);
    assert_eq!(read_all(&records(dir.path()), Start::Seq(501)), [501]);
    assert_eq!(
        read_all(&records(dir.path()), Start::Seq(600)),
        Vec::<u64>::new()
    );
}

/// One thing that happens to a journal.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Append { bytes: usize, ts: i64 },
    Tail { frames: usize },
    SeekSeq(u64),
    SeekTime(i64),
    Restart,
    Crash,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        12 => (0_usize..3_000, -50_i64..500).prop_map(|(bytes, ts)| Deed::Append { bytes, ts }),
        4 => (0_usize..12).prop_map(|frames| Deed::Tail { frames }),
        1 => (0_u64..120).prop_map(Deed::SeekSeq),
        1 => (-50_i64..500).prop_map(Deed::SeekTime),
        1 => Just(Deed::Restart),
        1 => Just(Deed::Crash),
    ]
}

/// A journal beside the vector it must equal.
struct Pair {
    dirs: VecDeque<tempfile::TempDir>,
    journal: Option<Journal>,
    model: Vec<(i64, Vec<u8>)>,
    tail: LogReader,
    tailed: usize,
}

impl Pair {
    fn new() -> Self {
        let dir = fast_dir();
        let journal = Some(open(dir.path()));
        let tail = LogReader::open(&records(dir.path()), Start::Oldest).unwrap();
        Self {
            dirs: VecDeque::from([dir]),
            journal,
            model: Vec::new(),
            tail,
            tailed: 0,
        }
    }

    fn log_dir(&self) -> std::path::PathBuf {
        records(self.dirs[0].path())
    }

    fn apply(&mut self, deed: Deed) {
        match deed {
            Deed::Append { bytes, ts } => self.append(bytes, ts),
            Deed::Tail { frames } => self.read_tail(frames),
            Deed::SeekSeq(seq) => self.seek(Start::Seq(seq.max(1)), (seq.max(1) - 1) as usize),
            Deed::SeekTime(ts) => {
                let index = self.model.iter().position(|(stamp, _)| *stamp >= ts);
                self.seek(Start::Time(ts), index.unwrap_or(self.model.len()));
            }
            Deed::Restart => {
                self.journal.take().unwrap().close().unwrap();
                self.reopen();
            }
            Deed::Crash => self.crash(),
        }
    }

    fn append(&mut self, bytes: usize, ts: i64) {
        let payload = vec![self.model.len() as u8; bytes];
        let seq = self
            .journal
            .as_mut()
            .unwrap()
            .records()
            .append(ts, &[&payload])
            .unwrap();
        self.model.push((ts, payload));
        assert_eq!(seq, self.model.len() as u64);
    }

    fn read_tail(&mut self, frames: usize) {
        for _ in 0..frames {
            let Some(frame) = self.tail.next().unwrap() else {
                return assert_eq!(self.tailed, self.model.len());
            };
            let (ts, payload) = &self.model[self.tailed];
            assert_eq!((frame.ts_recv, frame.payload), (*ts, &payload[..]));
            self.tailed += 1;
        }
    }

    fn seek(&self, start: Start, index: usize) {
        let mut reader = LogReader::open(&self.log_dir(), start).unwrap();
        let found = reader
            .next()
            .unwrap()
            .map(|frame| (frame.seq, frame.ts_recv));
        let expected = self.model.get(index).map(|(ts, _)| (index as u64 + 1, *ts));
        assert_eq!(found, expected, "{start:?}");
    }

    /// Goes on with a copy of the files as they stand, as if the process had been killed.
    fn crash(&mut self) {
        let copy = fast_dir();
        crash_copy(self.dirs[0].path(), copy.path());
        self.dirs.push_front(copy);
        let at = self.tailed as u64 + 1;
        self.reopen();
        self.tail = LogReader::open(&self.log_dir(), Start::Seq(at)).unwrap();
    }

    fn reopen(&mut self) {
        let (journal, recovered) = Journal::open(self.dirs[0].path(), small()).unwrap();
        assert_eq!(recovered.records.next_seq, self.model.len() as u64 + 1);
        self.journal = Some(journal);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn journal_equals_a_vector_whatever_happens(deeds in prop::collection::vec(deed(), 1..120)) {
        let mut pair = Pair::new();
        for deed in deeds {
            pair.apply(deed);
        }
        pair.read_tail(usize::MAX);
        let report = verify(&pair.log_dir()).unwrap();
        prop_assert!(report.is_clean() && report.gaps.is_empty());
        prop_assert_eq!(report.frames as usize, pair.model.len());
    }
}
