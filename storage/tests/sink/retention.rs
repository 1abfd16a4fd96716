//! A sink that is away for longer than the journal keeps its records.

use std::collections::BTreeSet;

use feedd_storage::sink::{DeadLetters, Fate, Step};
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
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!(
        (letters[0].fate, &*letters[0].reason),
        (Fate::Lost, "retention")
    );
    let lost: BTreeSet<u64> = (letters[0].seq..=letters[0].last).collect();
    assert!(lost.contains(&21) && !lost.contains(&20) && !lost.contains(&2_020));
    assert_rows(&store, (1..=2_020).filter(|seq| !lost.contains(seq)));
    assert_eq!(still.told("Lost").len(), 1);
    let counted = first.read().lost + back.status().read().lost;
    assert_eq!(counted, lost.len() as u64);
}
