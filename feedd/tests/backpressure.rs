//! A journal that takes nothing for a while: readers stop, then shed; what was shed stands in the
//! journal as gaps, and nothing else is missing.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;

use std::collections::HashMap;
use std::time::Duration;

use feedd::config::{Bytes, Span};
use feedd::pipeline::{FeedReport, Pipeline};
use feedd_codecs::record::{GapCause, Kind};
use feedd_codecs::venue::Channel;
use support::{Entry, Journaled, Rig, wait_for};
use venue_sim::Product;

/// How often the journal stalls.
const STALLS: usize = 3;

/// Records that the feed made; records that stand in the journal or were counted as lost.
fn balance(report: &FeedReport, journal: &Journaled) -> (u64, u64) {
    let made = report.counts.records.iter().sum();
    (made, journal.entries().len() as u64 + report.lost_records)
}

/// Every jump of the trade ids of one instrument has a gap of its trade stream in it; returns how
/// many trades are missing.
fn missing_trades(own: &[&Entry]) -> u64 {
    let (mut last, mut told, mut missing) = (None, false, 0);
    for entry in own {
        match entry.gap() {
            Some((cause, Channel::TRADE)) => {
                assert_eq!(cause, GapCause::BACKPRESSURE);
                told = true;
            }
            _ if entry.kind == Kind::Trade => {
                let expected = last.map_or(entry.venue_seq, |last: u64| last + 1);
                assert!(
                    told || entry.venue_seq == expected,
                    "untold loss: {entry:?}"
                );
                missing += entry.venue_seq - expected;
                (last, told) = (Some(entry.venue_seq), false);
            }
            _ => {}
        }
    }
    missing
}

#[test]
fn stalled_journal_sheds_into_gaps_and_every_lost_record_is_counted() {
    let mut rig = Rig::new(&[Product::BinanceSpot], 1_000);
    rig.config.journal.segment = Bytes(64 << 10);
    rig.config.limits.ring = Bytes(64 << 10);
    rig.config.limits.message = Bytes(16 << 10);
    rig.config.limits.ring_full_wait = Span::from_millis(20);
    let (pipeline, _) = Pipeline::start(&rig.config).unwrap();
    let mut journal = rig.journal();
    rig.wait_until_live(&mut journal, 0);
    let lost = || pipeline.feeds()[0].lost_records;
    // Without its directory the log gets no next segment, as on a full disk.
    let records = rig.config.journal.dir.join("records");
    let away = rig.config.journal.dir.join("records.away");
    for _ in 0..STALLS {
        let (before, from) = (lost(), journal.poll().len());
        std::fs::rename(&records, &away).unwrap();
        wait_for("the ring is full and the reader sheds", || {
            lost() > before + 100
        });
        std::fs::rename(&away, &records).unwrap();
        journal.until("the loss is told", |entries| {
            entries[from..].iter().any(|entry| entry.gap().is_some())
        });
        let told = journal.entries().len();
        rig.wait_until_live(&mut journal, told);
    }
    rig.halt(&mut journal);
    // Counts are renewed 20 times a second.
    std::thread::sleep(Duration::from_millis(200));
    let report = pipeline.feeds().remove(0);
    let (made, found) = balance(&report, &journal);
    assert_eq!(made, found, "{report:?}");
    assert!(report.ring_full >= STALLS as u64);
    pipeline.stop().unwrap();
    journal.poll();
    rig.assert_sound();
    let verdict = rig.compare();
    assert_eq!(
        verdict.books_equal, verdict.books,
        "{:?}",
        verdict.differences
    );
    let mut instruments: HashMap<&str, Vec<&Entry>> = HashMap::new();
    for entry in journal.entries() {
        instruments.entry(&entry.symbol).or_default().push(entry);
    }
    let missing: u64 = instruments.values().map(|own| missing_trades(own)).sum();
    assert!(missing > 0 && missing <= report.lost_records);
    let causes = journal
        .gaps()
        .iter()
        .all(|gap| gap.gap().unwrap().0 == GapCause::BACKPRESSURE);
    assert!(causes, "{:?}", journal.gaps());
    println!(
        "{made} records, {} lost ({missing} trades), {} gaps",
        report.lost_records,
        journal.gaps().len()
    );
}
