//! The relay's journal says itself how far each source has come, whatever ended the relay.

#![allow(clippy::unwrap_used)]

use super::*;

fn options() -> JournalOptions {
    let mut options = JournalOptions::default();
    options.records.segment_bytes = 64 << 10;
    options.raw.segment_bytes = 16 << 10;
    options.quarantine.segment_bytes = 16 << 10;
    options.quarantine.retain_bytes = None;
    options
}

fn entry(run: u32, seq: u64) -> Entry {
    Entry {
        at: Position { run, seq },
        ts_recv: seq.cast_signed(),
        since: Instant::now(),
        what: What::Record(Box::from([1; 64])),
    }
}

#[test]
fn positions_are_found_again_with_and_without_their_file() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path(), options()).unwrap();
    let one = ledger.source(111, "one").unwrap();
    let two = ledger.source(222, "two").unwrap();
    for seq in 1..2_000 {
        ledger.write(one, &entry(1, seq)).unwrap();
        if seq % 3 == 0 {
            ledger.write(two, &entry(4, seq / 3)).unwrap();
        }
    }
    drop(ledger);
    for keep in [true, false] {
        if !keep {
            std::fs::remove_file(dir.path().join(POSITIONS)).unwrap();
        }
        let mut ledger = Ledger::open(dir.path(), options()).unwrap();
        assert_eq!(ledger.source(222, "renamed").unwrap(), two);
        assert_eq!(ledger.at(one), Position { run: 1, seq: 2_000 });
        assert_eq!(ledger.at(two), Position { run: 4, seq: 667 });
    }
}

#[test]
fn a_file_of_positions_ahead_of_the_log_is_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path(), options()).unwrap();
    let one = ledger.source(111, "one").unwrap();
    ledger.write(one, &entry(1, 1)).unwrap();
    ledger.close().unwrap();
    for text in ["9999\n1 8000\nend\n", "1\n1 8000\n", "", "x"] {
        std::fs::write(dir.path().join(POSITIONS), text).unwrap();
        let ledger = Ledger::open(dir.path(), options()).unwrap();
        assert_eq!(ledger.at(one), Position { run: 1, seq: 2 }, "{text:?}");
    }
}

#[test]
fn what_a_source_lost_stands_in_the_journal_as_a_gap() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path(), options()).unwrap();
    let one = ledger.source(111, "one").unwrap();
    let mut missed = entry(1, 9);
    missed.what = What::Missed(3);
    ledger.write(one, &missed).unwrap();
    drop(ledger);
    let mut reader = LogReader::open(&dir.path().join("records"), Start::Oldest).unwrap();
    let frame = reader.next().unwrap().unwrap();
    let record = feedd_codecs::Record::parse(frame.payload).unwrap();
    let feedd_codecs::Record::Gap(gap) = record else {
        panic!("{record:?}");
    };
    assert_eq!((gap.first_seq, gap.last_seq, gap.missing), (3, 9, 7));
    assert_eq!((gap.cause, gap.end), (GapCause::SOURCE, GapEnd::LOST));
    let ledger = Ledger::open(dir.path(), options()).unwrap();
    assert_eq!(ledger.at(one), Position { run: 1, seq: 10 });
}
