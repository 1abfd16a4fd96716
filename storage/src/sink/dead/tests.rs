#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;

fn letter(seq: u64, reason: &str, record: &[u8]) -> DeadLetter {
    DeadLetter {
        number: 0,
        ts: -5,
        fate: Fate::Refused,
        seq,
        last: seq,
        reason: reason.to_owned(),
        record: record.to_vec(),
    }
}

fn file(dir: &Path) -> PathBuf {
    path_of(dir, "some")
}

#[test]
fn letters_are_read_back_with_numbers_that_go_on_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (mut dead, before) = DeadLetters::open(dir.path(), "some").unwrap();
    assert!(before.is_empty());
    assert_eq!(
        dead.append(&letter(7, "no such column", b"12345678abc"))
            .unwrap(),
        1
    );
    let lost = DeadLetter {
        fate: Fate::Lost,
        last: 20,
        ..letter(9, "retention", b"")
    };
    assert_eq!(dead.append(&lost).unwrap(), 2);
    let (mut dead, before) = DeadLetters::open(dir.path(), "some").unwrap();
    assert_eq!(
        before[0],
        DeadLetter {
            number: 1,
            ..letter(7, "no such column", b"12345678abc")
        }
    );
    assert_eq!(before[1], DeadLetter { number: 2, ..lost });
    assert_eq!(dead.append(&letter(21, "", b"")).unwrap(), 3);
    assert_eq!(DeadLetters::sinks(dir.path()).unwrap(), ["some"]);
    assert_eq!(DeadLetters::read(dir.path(), "other").unwrap(), []);
}

#[test]
fn a_file_cut_at_any_byte_keeps_the_whole_letters_and_takes_new_ones() {
    let dir = tempfile::tempdir().unwrap();
    let (mut dead, _) = DeadLetters::open(dir.path(), "some").unwrap();
    let mut ends = vec![dead.bytes];
    for seq in 1..=3 {
        dead.append(&letter(seq, "why", &[1; 24])).unwrap();
        ends.push(dead.bytes);
    }
    let whole = fs::read(file(dir.path())).unwrap();
    for cut in 0..=whole.len() {
        fs::write(file(dir.path()), &whole[..cut]).unwrap();
        let kept = ends[1..].iter().filter(|end| **end <= cut as u64).count();
        let (mut dead, before) = DeadLetters::open(dir.path(), "some").unwrap();
        assert_eq!(before.len(), kept, "cut at {cut}");
        dead.append(&letter(9, "new", b"")).unwrap();
        let after = DeadLetters::read(dir.path(), "some").unwrap();
        assert_eq!(after.len(), kept + 1, "cut at {cut}");
        assert_eq!(after[kept].number, kept as u64 + 1);
    }
}

#[test]
fn every_changed_bit_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let (mut dead, _) = DeadLetters::open(dir.path(), "some").unwrap();
    dead.append(&letter(1, "why", &[1; 9])).unwrap();
    let whole = fs::read(file(dir.path())).unwrap();
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(file(dir.path()), bytes).unwrap();
        let seen = DeadLetters::read(dir.path(), "some");
        assert!(seen.is_err() || seen.unwrap().is_empty(), "bit {bit}");
    }
}

#[test]
fn a_damaged_letter_takes_no_other_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let (mut dead, _) = DeadLetters::open(dir.path(), "some").unwrap();
    let mut ends = vec![];
    for seq in 1..=3 {
        dead.append(&letter(seq, "why", &[1; 9])).unwrap();
        ends.push(usize::try_from(dead.bytes).unwrap());
    }
    let whole = fs::read(file(dir.path())).unwrap();
    for bit in ends[0] * 8..ends[1] * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(file(dir.path()), &bytes).unwrap();
        let (mut dead, before) = DeadLetters::open(dir.path(), "some").unwrap();
        let numbers: Vec<u64> = before.iter().map(|letter| letter.number).collect();
        assert_eq!(numbers, [1, 3], "bit {bit}");
        assert_eq!(dead.append(&letter(9, "new", b"")).unwrap(), 4);
        assert_eq!(DeadLetters::read(dir.path(), "some").unwrap().len(), 3);
    }
}

#[test]
fn a_full_file_refuses_and_keeps_what_it_has() {
    let dir = tempfile::tempdir().unwrap();
    let (mut dead, _) = DeadLetters::open(dir.path(), "some").unwrap();
    dead.limit = 200;
    dead.append(&letter(1, "why", &[0; 64])).unwrap();
    let error = dead.append(&letter(2, "why", &[0; 64])).unwrap_err();
    assert!(error.to_string().contains("is full (200 bytes)"), "{error}");
    assert_eq!(DeadLetters::read(dir.path(), "some").unwrap().len(), 1);
}

#[test]
fn a_long_reason_is_cut_between_characters() {
    let dir = tempfile::tempdir().unwrap();
    let (mut dead, _) = DeadLetters::open(dir.path(), "some").unwrap();
    dead.append(&letter(1, &"é€".repeat(500), b"")).unwrap();
    let reason = &DeadLetters::read(dir.path(), "some").unwrap()[0].reason;
    assert!(reason.len() <= REASON_BYTES_MAX && "é€".repeat(500).starts_with(reason.as_str()));
}

#[test]
fn a_wish_is_there_until_it_is_done() {
    let dir = tempfile::tempdir().unwrap();
    let request = Request::of(dir.path(), "some");
    assert_eq!(request.load().unwrap(), None);
    DeadLetters::ask_replay(dir.path(), "some", &[3, 1]).unwrap();
    assert_eq!(request.load().unwrap(), Some(vec![3, 1]));
    assert!(
        DeadLetters::sinks(dir.path()).unwrap().is_empty(),
        "a wish is no sink"
    );
    request.done().unwrap();
    assert_eq!(request.load().unwrap(), None);
}
