//! A journal that takes nothing for a while: readers stop, then shed; what was shed stands in the
//! journal as gaps, and nothing else is missing.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;

use std::collections::HashMap;
use std::time::Duration;

use feedd::config::{Bytes, Span};
use feedd::pipeline::Pipeline;
use feedd_codecs::record::{Flags, GapCause, Kind};
use feedd_codecs::venue::Channel;
use support::{CARRIED, CHANNELS, Entry, Rig, wait_for};
use venue_sim::Product;

/// How often the journal stalls.
const STALLS: usize = 3;

/// Venues whose numbers rise by one: kind of the numbered records, and their channel.
const NUMBERED: [(Product, Kind, Channel); 3] = [
    (Product::BinanceSpot, Kind::Trade, Channel::TRADE),
    (Product::BybitLinear, Kind::BookDelta, Channel::BOOK),
    (Product::KrakenSpot, Kind::Trade, Channel::TRADE),
];

/// Every jump of an instrument's numbers has a gap of the stream before it; returns how many
/// numbers are missing.
fn missing(own: &[&Entry], kind: Kind, channel: Channel) -> u64 {
    let (mut last, mut told, mut missing) = (None, false, 0);
    for entry in own {
        match entry.gap() {
            Some((cause, of)) => {
                assert_eq!(cause, GapCause::BACKPRESSURE);
                told |= of == channel;
            }
            // A snapshot begins anew, behind the gap.
            None if entry.kind == Kind::BookSnapshot && kind == Kind::BookDelta => last = None,
            None if entry.kind == kind && !entry.flags.contains(Flags::SNAPSHOT) => {
                let expected = last.map_or(entry.venue_seq, |last: u64| last + 1);
                assert!(
                    told || entry.venue_seq == expected,
                    "untold loss before {entry:?}"
                );
                missing += entry.venue_seq - expected;
                (last, told) = (Some(entry.venue_seq), false);
            }
            None => {}
        }
    }
    missing
}

#[test]
fn stalled_journal_sheds_into_gaps_and_every_lost_record_is_counted() {
    let venues = NUMBERED.map(|(product, ..)| product);
    let mut rig = Rig::new(&venues, 500);
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
    let reports = pipeline.feeds();
    let made: u64 = reports.iter().flat_map(|feed| feed.counts.records).sum();
    // The feeds share a reader, so each report holds the losses of all.
    let (lost, full) = (reports[0].lost_records, reports[0].ring_full);
    assert_eq!(made, journal.entries().len() as u64 + lost);
    assert!(full >= STALLS as u64);
    // Each time but the first, the reader had the work back.
    let handed_over = pipeline.journal().handed_over;
    assert!(!CARRIED || handed_over >= STALLS as u64, "{handed_over}");
    assert!(CARRIED || handed_over == 0, "{handed_over}");
    pipeline.stop().unwrap();
    journal.poll();
    rig.assert_sound();
    let verdict = rig.compare();
    assert_eq!(
        verdict.books_equal, verdict.books,
        "{:?}",
        verdict.differences
    );
    // One gap for each stream and stall: three channels of two instruments a venue.
    assert_eq!(
        journal.gaps().len(),
        STALLS * venues.len() * 2 * CHANNELS.len()
    );
    let mut numbers = 0;
    for (product, kind, channel) in NUMBERED {
        let mut instruments: HashMap<&str, Vec<&Entry>> = HashMap::new();
        let own = |entry: &&Entry| entry.venue.to_string() == product.name();
        for entry in journal.entries().iter().filter(own) {
            instruments.entry(&entry.symbol).or_default().push(entry);
        }
        instruments.remove("");
        assert_eq!(instruments.len(), 2);
        let gone = |own: &Vec<&Entry>| missing(own, kind, channel);
        numbers += instruments.values().map(gone).sum::<u64>();
    }
    assert!(numbers > 0 && numbers <= lost);
    println!("{made} records, {lost} lost, {} gaps", journal.gaps().len());
}
