//! Torn, cut, flipped and stale bytes: never a panic, never a wrong frame, and a log that goes on.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::ops::Range;
use std::path::Path;

use common::*;
use feedd_storage::{Journal, LogReader, ReadError, Rule, Start, segments, verify};

const FRAMES: u64 = 10;

/// The first segment of a journal of ten frames whose process was killed.
fn crashed_segment() -> Vec<u8> {
    let dir = fast_dir();
    let mut journal = open(dir.path());
    append(&mut journal, FRAMES);
    fs::read(segment(&records(dir.path()), 1)).unwrap()
}

/// Offsets of the frames in [`crashed_segment`], without padding.
fn frame_ranges() -> Vec<Range<usize>> {
    let mut at = DATA_AT;
    let range = |seq| {
        let start = at;
        let end = start + 24 + payload(seq).len();
        at = end.next_multiple_of(8);
        start..end
    };
    (1..=FRAMES).map(range).collect()
}

/// Puts `bytes` where the first segment of a journal belongs.
fn plant(dir: &Path, bytes: &[u8]) {
    let _ = fs::remove_dir_all(dir);
    fs::create_dir_all(records(dir)).unwrap();
    fs::write(segment(&records(dir), 1), bytes).unwrap();
}

/// Recovers the journal, appends to it, and returns how many of the ten frames are left and the
/// number that came next.
fn recover_and_go_on(dir: &Path) -> (u64, u64) {
    let (mut journal, recovered) = Journal::open(dir, small()).unwrap();
    let next = recovered.records.next_seq;
    append(&mut journal, 2);
    let report = verify(&records(dir)).unwrap();
    assert!(report.is_clean(), "{report:?}");
    let seen = read_damaged(&records(dir));
    assert!(!seen.damaged);
    let kept = seen.frames.len() as u64 - 2;
    let expected: Vec<u64> = (1..=kept).chain(next..next + 2).collect();
    assert_eq!(seen.frames, expected, "the recovered log is not a prefix");
    let gap = (kept > 0 && kept + 1 < next).then_some((kept + 1, next - 1));
    assert_eq!(seen.gaps, Vec::from_iter(gap));
    (kept, next)
}

#[test]
fn journal_truncated_at_every_byte_recovers_to_the_frames_that_are_whole() {
    let dir = fast_dir();
    let image = crashed_segment();
    let frames = frame_ranges();
    let written = frames.last().unwrap().end;
    // Behind the frames there are only zeros; there every 64th length will do.
    let lengths = (0..written + 9).chain((written + 9..image.len()).step_by(64));
    for length in lengths {
        plant(dir.path(), &image[..length]);
        let whole = frames
            .iter()
            .filter(|range| length >= 4096 && range.end <= length)
            .count();
        let seen = read_damaged(&records(dir.path()));
        assert_eq!(
            seen.frames,
            (1..=whole as u64).collect::<Vec<_>>(),
            "length {length}"
        );
        let (kept, next) = recover_and_go_on(dir.path());
        assert_eq!(kept, whole as u64, "length {length}");
        assert!(next > kept);
    }
}

/// Flips every bit of `range` in a crashed segment and returns how many frames were left each time.
fn flip_every_bit(range: Range<usize>, check: impl Fn(&Path, u64, u64)) {
    let dir = fast_dir();
    let mut image = crashed_segment();
    for bit in range.start * 8..range.end * 8 {
        image[bit / 8] ^= 1 << (bit % 8);
        plant(dir.path(), &image);
        let seen = read_damaged(&records(dir.path()));
        let served = seen.frames.len() as u64;
        assert_eq!(seen.frames, (1..=served).collect::<Vec<_>>(), "bit {bit}");
        let (kept, next) = recover_and_go_on(dir.path());
        assert!(
            kept >= served,
            "recovery lost a frame that was served, bit {bit}"
        );
        check(dir.path(), kept, next);
        image[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn every_bit_flip_in_the_header_sets_the_segment_aside_and_reuses_no_number() {
    flip_every_bit(0..128, |dir, kept, next| {
        assert_eq!(kept, 0);
        assert!(next > FRAMES, "number {next} was given before");
        let aside = records(dir).join("00000000000000000001.seg.bad");
        assert_eq!(fs::metadata(aside).unwrap().len(), u64::from(SEGMENT));
        assert_eq!(
            segments(&records(dir)).unwrap()[0].run,
            2,
            "the lost run is counted"
        );
    });
}

#[test]
fn every_bit_flip_in_the_marks_and_the_index_is_repaired() {
    let intact = crashed_segment();
    for range in [128..192, 4096..4120] {
        flip_every_bit(range, |dir, kept, next| {
            assert_eq!((kept, next), (FRAMES, FRAMES + 1));
            let repaired = fs::read(segment(&records(dir), 1)).unwrap();
            assert_eq!(repaired[128..152], intact[128..152], "the start mark");
            assert_eq!(repaired[4096..4120], intact[4096..4120], "the time index");
        });
    }
}

#[test]
fn every_bit_flip_in_the_first_frames_cuts_there_and_reuses_no_number() {
    for (before, range) in frame_ranges().into_iter().take(3).enumerate() {
        flip_every_bit(range, |_, kept, next| {
            assert_eq!((kept, next), (before as u64, FRAMES + 1));
        });
    }
}

#[test]
fn flipped_last_frame_is_cut_and_its_number_is_not_given_again() {
    let last = frame_ranges().pop().unwrap();
    // The length and the checksum aside, which may flip to "not written".
    flip_every_bit(last.start + 8..last.end, |_, kept, next| {
        assert_eq!((kept, next), (FRAMES - 1, FRAMES + 1));
    });
}

#[test]
fn recovery_says_what_it_cut_and_where() {
    let dir = fast_dir();
    let mut image = crashed_segment();
    let frames = frame_ranges();
    image[frames[3].start + 30] ^= 1;
    plant(dir.path(), &image);
    let (_journal, recovered) = Journal::open(dir.path(), small()).unwrap();
    let cut = &recovered.records.cuts[0];
    assert_eq!((cut.segment, cut.offset), (1, frames[3].start as u64));
    assert_eq!(cut.rule, Some(Rule::Checksum));
    assert_eq!(cut.numbers, FRAMES - 3);
    let last_payload_byte = image.iter().rposition(|&byte| byte != 0).unwrap();
    assert_eq!(cut.bytes, (last_payload_byte + 1 - frames[3].start) as u64);
}

#[test]
fn killed_process_leaves_a_cut_without_damage() {
    let dir = fast_dir();
    plant(dir.path(), &crashed_segment());
    let (_journal, recovered) = Journal::open(dir.path(), small()).unwrap();
    let cut = &recovered.records.cuts[0];
    assert_eq!((cut.rule, cut.bytes, cut.numbers), (None, 0, 0));
    assert_eq!((recovered.run, recovered.records.next_seq), (2, FRAMES + 1));
}

#[test]
fn bytes_of_an_unpublished_frame_are_zeroed_and_its_number_is_free() {
    let dir = fast_dir();
    let mut image = crashed_segment();
    let end = frame_ranges().pop().unwrap().end.next_multiple_of(8);
    image[end + 4..end + 60].fill(0xAB);
    plant(dir.path(), &image);
    let (journal, recovered) = Journal::open(dir.path(), small()).unwrap();
    let cut = &recovered.records.cuts[0];
    assert_eq!((cut.rule, cut.bytes, cut.numbers), (None, 60, 0));
    assert_eq!(recovered.records.next_seq, FRAMES + 1);
    drop(journal);
    let repaired = fs::read(segment(&records(dir.path()), 1)).unwrap();
    assert_eq!(repaired.len(), (end + 8).next_multiple_of(4096));
    assert_eq!(repaired[end..end + 8], [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]);
    assert!(repaired[end + 8..].iter().all(|&byte| byte == 0));
}

#[test]
fn stale_frames_behind_the_cut_never_reappear() {
    let dir = fast_dir();
    let mut image = crashed_segment();
    image[frame_ranges()[4].start + 20] ^= 0x10;
    plant(dir.path(), &image);
    assert_eq!(recover_and_go_on(dir.path()), (4, FRAMES + 1));
    let cut_at = frame_ranges()[4].start;
    let repaired = fs::read(segment(&records(dir.path()), 1)).unwrap();
    assert!(
        repaired[cut_at + 8..].iter().all(|&byte| byte == 0),
        "the tail is not zeroed"
    );
    for _ in 0..3 {
        let (journal, _) = Journal::open(dir.path(), small()).unwrap();
        drop(journal);
        let seen = read_damaged(&records(dir.path()));
        assert_eq!(seen.frames, [1, 2, 3, 4, 11, 12]);
        assert_eq!(seen.gaps, [(5, 10)]);
    }
}

#[test]
fn sound_frame_of_another_segment_at_the_tail_is_not_taken() {
    let dir = fast_dir();
    // A second segment that begins with exactly the number the first one waits for.
    plant(dir.path(), &crashed_segment());
    let mut journal = open(dir.path());
    append(&mut journal, 1);
    let foreign = fs::read(segment(&records(dir.path()), 2)).unwrap();
    drop(journal);
    let end = frame_ranges().pop().unwrap().end.next_multiple_of(8);
    let frame = DATA_AT..DATA_AT + 24 + payload(FRAMES + 1).len();
    let mut image = crashed_segment();
    image[end..end + frame.len()].copy_from_slice(&foreign[frame]);
    plant(dir.path(), &image);
    let seen = read_damaged(&records(dir.path()));
    assert_eq!((seen.frames.len() as u64, seen.damaged), (FRAMES, true));
    assert_eq!(recover_and_go_on(dir.path()).0, FRAMES);
}

#[test]
fn damage_inside_a_sealed_segment_is_reported_skipped_on_demand_and_found_by_verify() {
    let dir = fast_dir();
    let mut journal = open(dir.path());
    append(&mut journal, 300);
    journal.close().unwrap();
    let path = segment(&records(dir.path()), 1);
    let mut bytes = fs::read(&path).unwrap();
    let hit = frame_ranges()[4].start;
    bytes[hit + 25] ^= 4;
    fs::write(&path, bytes).unwrap();

    let report = verify(&records(dir.path())).unwrap();
    assert_eq!((report.problem_count, report.frames), (1, 299));
    assert_eq!(report.gaps, [(5, 5)]);
    let mut reader = LogReader::open(&records(dir.path()), Start::Seq(4)).unwrap();
    assert_eq!(reader.next().unwrap().unwrap().seq, 4);
    for _ in 0..3 {
        let Err(ReadError::Damaged {
            segment: 1,
            offset,
            rule: Rule::Checksum,
        }) = reader.next()
        else {
            panic!("damage must be reported until it is skipped");
        };
        assert_eq!(offset, hit as u64);
    }
    assert!(reader.skip_damage().unwrap());
    assert!(matches!(
        reader.next(),
        Err(ReadError::Missed { from: 5, to: 5 })
    ));
    for seq in 6..=300 {
        assert_eq!(reader.next().unwrap().unwrap().seq, seq);
    }
    assert_eq!(reader.next().unwrap(), None);
    assert!(!reader.skip_damage().unwrap(), "there is nothing to skip");
}

#[test]
fn length_flipped_to_zero_inside_a_sealed_segment_does_not_hang_the_reader() {
    let dir = fast_dir();
    let mut journal = open(dir.path());
    append(&mut journal, 5);
    journal.close().unwrap();
    let path = segment(&records(dir.path()), 1);
    let mut bytes = fs::read(&path).unwrap();
    let hit = frame_ranges()[2].start;
    bytes[hit..hit + 4].fill(0);
    fs::write(&path, bytes).unwrap();
    let mut reader = LogReader::open(&records(dir.path()), Start::Oldest).unwrap();
    reader.next().unwrap();
    reader.next().unwrap();
    assert!(matches!(
        reader.next(),
        Err(ReadError::Damaged {
            rule: Rule::Hole,
            ..
        })
    ));
    assert!(reader.skip_damage().unwrap());
    assert!(matches!(
        reader.next(),
        Err(ReadError::Missed { from: 3, to: 3 })
    ));
    assert_eq!(reader.next().unwrap().unwrap().seq, 4);
}

#[test]
fn reader_passes_a_segment_that_was_set_aside_in_the_middle() {
    let dir = fast_dir();
    let mut journal = open(dir.path());
    append(&mut journal, 600);
    journal.close().unwrap();
    let infos = segments(&records(dir.path())).unwrap();
    let (from, to) = (infos[1].first_seq, infos[1].next_seq.unwrap() - 1);
    let mut bytes = fs::read(&infos[1].path).unwrap();
    bytes[40] ^= 1;
    fs::write(&infos[1].path, bytes).unwrap();

    let report = verify(&records(dir.path())).unwrap();
    assert_eq!(
        (report.problem_count, &report.gaps[..]),
        (1, &[(from, to)][..])
    );
    let mut reader = LogReader::open(&records(dir.path()), Start::Seq(from - 1)).unwrap();
    assert_eq!(reader.next().unwrap().unwrap().seq, from - 1);
    assert!(matches!(reader.next(), Err(ReadError::Segment(_))));
    let (_journal, recovered) = Journal::open(dir.path(), small()).unwrap();
    assert_eq!(recovered.records.quarantined.len(), 1);
    assert_eq!(
        recovered.records.next_seq, 601,
        "a later sound segment knows the number"
    );
    assert!(
        matches!(reader.next(), Err(ReadError::Missed { from: a, to: b }) if (a, b) == (from, to))
    );
    assert_eq!(reader.next().unwrap().unwrap().seq, to + 1);
}

#[test]
fn newer_format_and_misplaced_segments_are_refused_untouched() {
    let dir = fast_dir();
    let image = crashed_segment();
    plant(dir.path(), &image);
    fs::rename(
        segment(&records(dir.path()), 1),
        segment(&records(dir.path()), 9),
    )
    .unwrap();
    let error = Journal::open(dir.path(), small()).unwrap_err();
    assert!(error.to_string().contains("expected number 9"), "{error}");
    assert_eq!(fs::read(segment(&records(dir.path()), 9)).unwrap(), image);

    plant(dir.path(), &image);
    fs::rename(records(dir.path()), dir.path().join("raw")).unwrap();
    let error = Journal::open(dir.path(), small()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("says it is records, expected raw"),
        "{error}"
    );

    let mut newer = image;
    newer[8] = 2;
    newer[12..16].fill(0);
    let crc = crc32c::crc32c(&newer[..128]);
    newer[12..16].copy_from_slice(&crc.to_le_bytes());
    plant(dir.path(), &newer);
    let error = Journal::open(dir.path(), small()).unwrap_err();
    assert!(error.to_string().contains("format version 2"), "{error}");
    assert_eq!(fs::read(segment(&records(dir.path()), 1)).unwrap(), newer);
}

#[test]
fn power_loss_between_segments_leaves_a_named_gap_and_a_log_that_goes_on() {
    // The first segment lost its last pages, the second is whole: both were unsynced.
    let (dir, crash) = (fast_dir(), fast_dir());
    let mut journal = open(dir.path());
    append(&mut journal, 250);
    crash_copy(dir.path(), crash.path());
    let infos = segments(&records(crash.path())).unwrap();
    let mut bytes = fs::read(&infos[0].path).unwrap();
    bytes[160..192].fill(0);
    bytes[8192..].fill(0);
    fs::write(&infos[0].path, bytes).unwrap();

    let (mut journal, recovered) = Journal::open(crash.path(), small()).unwrap();
    assert_eq!(recovered.records.next_seq, 251);
    append(&mut journal, 1);
    let seen = read_damaged(&records(crash.path()));
    let [(from, to)] = seen.gaps[..] else {
        panic!("{seen:?}")
    };
    assert_eq!(to + 1, infos[1].first_seq);
    assert_eq!(
        seen.frames,
        (1..from).chain(to + 1..=251).collect::<Vec<_>>()
    );
    assert!(verify(&records(crash.path())).unwrap().is_clean());
}

#[test]
fn process_killed_inside_a_batch_leaves_what_was_published_and_skips_no_number() {
    let dir = fast_dir();
    let mut journal = open(&dir.path().join("live"));
    append(&mut journal, FRAMES);
    for count in [1, 2, 40, 64, 70] {
        let first = journal.records().next_seq();
        let mut batch = journal.records().batch();
        for seq in first..first + count {
            batch.append(stamp(seq), &[&payload(seq)]).unwrap();
        }
        let copy = dir.path().join(format!("killed-{count}"));
        crash_copy(&dir.path().join("live"), &copy);
        batch.publish();
        let (_, recovered) = Journal::open(&copy, small()).unwrap();
        let [.., cut] = &recovered.records.cuts[..] else {
            panic!("the log had no end")
        };
        assert_eq!((cut.rule, cut.numbers), (None, 0), "{cut:?}");
        // Parts of 64 at most: what came behind the last part is gone.
        let gone = first + count - recovered.records.next_seq;
        assert!(gone <= count && gone < 64, "{gone} of {count}");
        let seen = read_damaged(&records(&copy));
        let expected: Vec<u64> = (1..recovered.records.next_seq).collect();
        assert_eq!((seen.frames, seen.damaged), (expected, false));
    }
}
