//! One situation each.

use std::time::Duration;

use feedd_storage::sink::{DeadLetters, Fate, PumpOptions, Step};
use feedd_storage::{Cursor, JournalId, LogKind};

use crate::common::{fast_dir, small};
use crate::model::*;

fn cursor(dir: &std::path::Path) -> Option<u64> {
    Cursor::open(dir, "store", LogKind::Records)
        .unwrap()
        .load()
        .unwrap()
}

#[test]
fn rows_arrive_in_order_and_the_cursor_stands_behind_them() {
    let dir = fast_dir();
    let mut journal = with_trades(dir.path(), 100);
    let (store, still) = (Store::default(), Still::default());
    let mut pump = pump(dir.path(), &store, &still, eager());
    drain(&mut pump);
    assert_rows(&store, 1..=100);
    assert_eq!(cursor(dir.path()), Some(101));
    append(&mut journal, 5);
    drain(&mut pump);
    assert_rows(&store, 1..=105);
    let report = pump.status().read();
    assert_eq!(
        (report.taken, report.acked_seq, report.acked_records),
        (105, 106, 105)
    );
    assert!(
        report.up
            && store
                .far
                .lock()
                .unwrap()
                .batches
                .iter()
                .all(|rows| *rows <= 8)
    );
    let before = JournalId::of(dir.path()).unwrap();
    journal.close().unwrap();
    assert_eq!(JournalId::of(dir.path()).unwrap(), before);
}

#[test]
fn a_sink_that_is_down_is_tried_with_growing_pauses_until_it_is_back() {
    let dir = fast_dir();
    let _journal = with_trades(dir.path(), 20);
    let (store, still) = (Store::default(), Still::default());
    store.far.lock().unwrap().acts = vec![Act::Fail; 40];
    let options = PumpOptions { seed: 3, ..eager() };
    let mut pump = pump(dir.path(), &store, &still, options);
    let mut longest = Duration::ZERO;
    for _ in 0..40 {
        let before = still.elapsed();
        assert_eq!(pump.step(), Step::Failed);
        let pause = still.elapsed() - before;
        assert!(pause <= options.backoff_most);
        longest = longest.max(pause);
    }
    assert!(longest > options.backoff_most / 2, "{longest:?}");
    assert!(!pump.status().read().up && cursor(dir.path()).is_none());
    drain(&mut pump);
    assert_rows(&store, 1..=20);
    let report = pump.status().read();
    assert_eq!((report.up, report.retries), (true, 40));
    assert_eq!(still.told("Retry").len(), 40);
    assert_eq!(still.told("Recovered"), ["Recovered { failures: 40 }"]);
}

#[test]
fn a_lost_acknowledgement_repeats_rows_and_changes_nothing() {
    let dir = fast_dir();
    let _journal = with_trades(dir.path(), 64);
    let (store, still) = (Store::default(), Still::default());
    store.far.lock().unwrap().acts = vec![Act::TakeAndFail, Act::Take, Act::HalfAndFail, Act::Take];
    let mut pump = pump(dir.path(), &store, &still, eager());
    drain(&mut pump);
    assert_rows(&store, 1..=64);
    assert_eq!(store.far.lock().unwrap().repeats, 8 + 4);
}

#[test]
fn rows_held_back_by_the_sink_come_again_after_a_failure() {
    let dir = fast_dir();
    let _journal = with_trades(dir.path(), 60);
    let (store, still) = (Store::default(), Still::default());
    {
        let mut far = store.far.lock().unwrap();
        far.holds = 30;
        far.acts = vec![Act::Fail, Act::Take, Act::Take];
    }
    let mut pump = pump(dir.path(), &store, &still, eager());
    (0..2).for_each(|_| assert_eq!(pump.step(), Step::Took));
    assert_eq!(cursor(dir.path()), Some(1), "nothing is acknowledged yet");
    drain(&mut pump);
    assert_rows(&store, 1..=32);
    assert_eq!(cursor(dir.path()), Some(33));
    pump.finish();
    assert_rows(&store, 1..=60);
    assert_eq!(cursor(dir.path()), Some(61));
}

#[test]
fn rows_refused_for_ever_become_dead_letters_and_all_others_arrive() {
    let dir = fast_dir();
    let _journal = with_trades(dir.path(), 40);
    let (store, still) = (Store::default(), Still::default());
    store.far.lock().unwrap().bad = [1, 9, 10, 24, 40].into();
    let mut pump = pump(dir.path(), &store, &still, eager());
    drain(&mut pump);
    let good = |seq: &u64| ![1, 9, 10, 24, 40].contains(seq);
    assert_rows(&store, (1..=40).filter(good));
    assert_eq!(cursor(dir.path()), Some(41));
    assert_eq!(pump.status().read().dead, 5);
    let letters = DeadLetters::read(dir.path(), "store").unwrap();
    let seqs: Vec<u64> = letters.iter().map(|letter| letter.seq).collect();
    assert_eq!(seqs, [1, 9, 10, 24, 40]);
    assert_eq!(letters[3].reason, "column 3 of 24");
    let record = feedd_codecs::Record::Trade(&trade(24));
    assert_eq!(letters[3].record, bytes_of(&record));
}

#[test]
fn a_dead_letter_is_written_once_though_its_batch_comes_again() {
    let dir = fast_dir();
    let _journal = with_trades(dir.path(), 8);
    let (store, still) = (Store::default(), Still::default());
    {
        let mut far = store.far.lock().unwrap();
        far.bad = [2].into();
        // The half behind the bad row fails, in this process and in the next two.
        far.acts = vec![Act::Fail, Act::Fail, Act::Fail, Act::Take];
    }
    for _ in 0..3 {
        let mut pump = pump(dir.path(), &store, &still, eager());
        assert_eq!(pump.step(), Step::Failed);
    }
    drain(&mut pump(dir.path(), &store, &still, eager()));
    assert_rows(&store, [1, 3, 4, 5, 6, 7, 8].into_iter());
    assert_eq!(DeadLetters::read(dir.path(), "store").unwrap().len(), 1);
}

#[test]
fn a_dead_letter_is_replayed_when_the_cause_is_mended_and_only_then() {
    let dir = fast_dir();
    let mut journal = with_trades(dir.path(), 20);
    let (store, still) = (Store::default(), Still::default());
    store.far.lock().unwrap().bad = [5, 6].into();
    let mut pump = pump(dir.path(), &store, &still, eager());
    drain(&mut pump);
    let look = |pump: &mut Driven| {
        still.advance(Duration::from_secs(1));
        drain(pump);
    };
    DeadLetters::ask_replay(dir.path(), "store", &[1, 2]).unwrap();
    look(&mut pump);
    let letters = DeadLetters::read(dir.path(), "store").unwrap();
    assert_eq!(letters.len(), 2, "still refused");
    assert_eq!(still.told("Replayed").len(), 2);

    store.far.lock().unwrap().bad.clear();
    DeadLetters::ask_replay(dir.path(), "store", &[1]).unwrap();
    look(&mut pump);
    assert_rows(&store, (1..=20).filter(|seq| *seq != 6));
    let letters = DeadLetters::read(dir.path(), "store").unwrap();
    assert_eq!(
        (letters[2].fate, letters[2].seq, letters[2].last),
        (Fate::Replayed, 5, 1)
    );
    // Asked again, with one that is settled: it is not handed over twice.
    DeadLetters::ask_replay(dir.path(), "store", &[1, 2, 99]).unwrap();
    look(&mut pump);
    assert_eq!(store.far.lock().unwrap().repeats, 0);
    append(&mut journal, 1);
    drain(&mut pump);
    assert_rows(&store, 1..=21);
    assert_eq!(
        cursor(dir.path()),
        Some(22),
        "a replay does not move the cursor back"
    );
}

#[test]
fn a_frame_that_is_no_record_becomes_a_dead_letter() {
    let dir = fast_dir();
    let mut journal = with_trades(dir.path(), 3);
    journal
        .records()
        .append(4_000_000, &[b"not a record"])
        .unwrap();
    append(&mut journal, 2);
    let (store, still) = (Store::default(), Still::default());
    drain(&mut pump(dir.path(), &store, &still, eager()));
    assert_rows(&store, [1, 2, 3, 5, 6].into_iter());
    let letters = DeadLetters::read(dir.path(), "store").unwrap();
    assert_eq!(
        (letters[0].seq, &*letters[0].record),
        (4, &b"not a record"[..])
    );
    assert!(
        letters[0]
            .reason
            .starts_with("not a record of this version")
    );
}

#[test]
fn a_row_waits_for_company_no_longer_than_configured() {
    let dir = fast_dir();
    let mut journal = with_trades(dir.path(), 3);
    let (store, still) = (Store::default(), Still::default());
    let options = PumpOptions {
        batch_age: Duration::from_millis(50),
        ..eager()
    };
    let mut pump = pump(dir.path(), &store, &still, options);
    assert_eq!(pump.step(), Step::Idle);
    still.advance(Duration::from_millis(49));
    append(&mut journal, 2);
    assert_eq!(pump.step(), Step::Idle);
    assert_eq!(
        cursor(dir.path()).unwrap_or(1),
        1,
        "a waiting row is not acknowledged"
    );
    still.advance(Duration::from_millis(1));
    assert_eq!(pump.step(), Step::Took);
    assert_eq!(store.far.lock().unwrap().batches, [5]);
    append(&mut journal, 8);
    assert_eq!(pump.step(), Step::Took, "a full batch waits for nothing");
}

#[test]
fn a_sink_that_is_behind_catches_up_no_faster_than_configured() {
    let dir = fast_dir();
    let _journal = with_trades(dir.path(), 800);
    let (store, still) = (Store::default(), Still::default());
    let options = PumpOptions {
        rows_a_second: 100,
        ..eager()
    };
    drain(&mut pump(dir.path(), &store, &still, options));
    assert_rows(&store, 1..=800);
    let (least, most) = (Duration::from_millis(7_900), Duration::from_millis(8_000));
    assert!(
        (least..=most).contains(&still.elapsed()),
        "{:?}",
        still.elapsed()
    );
}

#[test]
fn lag_is_told_in_records_bytes_and_time() {
    let dir = fast_dir();
    let mut journal = open(dir.path(), small());
    append(&mut journal, 500);
    let (store, still) = (Store::default(), Still::default());
    still.advance(Duration::from_secs(100));
    let mut pump = pump(dir.path(), &store, &still, eager());
    let status = pump.status();
    assert_eq!(pump.step(), Step::Took);
    let first = status.read();
    assert_eq!(first.lag_records, 492);
    // Trades have 120 bytes, frames a head of 24: 144, and segments a head and an end.
    assert!(
        (492 * 144..492 * 144 + 10 * 16_384).contains(&first.lag_bytes),
        "{first:?}"
    );
    // Trade 8 was received at 8 ms.
    assert_eq!(first.lag_ns, 100_000_000_000 - 8_000_000);
    drain(&mut pump);
    still.advance(Duration::from_secs(1));
    assert_eq!(pump.step(), Step::Idle);
    let last = status.read();
    assert_eq!((last.lag_records, last.lag_bytes, last.lag_ns), (0, 0, 0));
}

#[test]
fn a_pump_that_shall_stop_brings_everything_home_and_a_dead_sink_does_not_hold_it_up() {
    let dir = fast_dir();
    let mut journal = with_trades(dir.path(), 100);
    let (store, still) = (Store::default(), Still::default());
    store.far.lock().unwrap().holds = 1_000;
    still.stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let report = pump(dir.path(), &store, &still, eager()).run();
    assert_rows(&store, 1..=100);
    assert_eq!((report.acked_seq, report.lag_records), (101, 0));
    append(&mut journal, 50);
    store.far.lock().unwrap().acts = vec![Act::Fail; 1_000];
    let report = pump(dir.path(), &store, &still, eager()).run();
    assert_eq!((report.retries, report.lag_records), (1, 50));
    assert_eq!(cursor(dir.path()), Some(101));
}
