//! A sink that is away for longer than the journal keeps its records.

use std::collections::BTreeSet;

use feedd_storage::sink::{DeadLetter, DeadLetters, Fate, Step};
use feedd_storage::{JournalOptions, LogOptions};

use crate::common::{SEGMENT, fast_dir, small, wait_for};
use crate::model::*;

fn short_memory() -> JournalOptions {
    JournalOptions {
        records: LogOptions {
            segment_bytes: SEGMENT,
            retain_bytes: Some(4 * u64::from(SEGMENT)),
        },
        ..small()
    }
}

#[test]
fn rows_that_retention_took_are_counted_told_and_noted_once() {
    let dir = fast_dir();
    let mut journal = open(dir.path(), short_memory());
    let (store, still) = (Store::default(), Still::default());
    append(&mut journal, 20);
    let mut away = pump(dir.path(), &store, &still, eager());
    drain(&mut away);
    store.far.lock().unwrap().acts = vec![Act::Fail; 3];
    append(&mut journal, 2_000);
    wait_for("retention", || {
        journal.records().counters().read().removed_segments > 15
    });
    // The reader has gone on reading its mapped segment; a failure makes it look again.
    (0..3).for_each(|_| assert_eq!(away.step(), Step::Failed));
    let first = away.status();
    drop(away);
    let mut back = pump(dir.path(), &store, &still, eager());
    drain(&mut back);
    back.finish();

    let letters = DeadLetters::read(dir.path(), "store").unwrap();
    // More than one where retention went on while the rest was read.
    assert!(!letters.is_empty());
    let told = |letter: &DeadLetter| (letter.fate, letter.reason == "retention");
    assert!(
        letters
            .iter()
            .all(|letter| told(letter) == (Fate::Lost, true))
    );
    let lost: Vec<u64> = letters
        .iter()
        .flat_map(|letter| letter.seq..=letter.last)
        .collect();
    assert!(
        lost.windows(2).all(|pair| pair[0] < pair[1]),
        "a row was noted twice"
    );
    let lost: BTreeSet<u64> = lost.into_iter().collect();
    assert!(lost.contains(&21) && !lost.contains(&20) && !lost.contains(&2_020));
    assert_rows(&store, (1..=2_020).filter(|seq| !lost.contains(seq)));
    assert_eq!(still.told("Lost").len(), letters.len());
    let counted = first.read().lost + back.status().read().lost;
    assert_eq!(counted, lost.len() as u64);
}
