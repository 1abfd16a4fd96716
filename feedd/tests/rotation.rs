//! Lines are replaced before the venue closes them, and nobody who reads the journal can tell.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;

use std::time::Duration;

use feedd::config::Span;
use feedd_codecs::record::StatusCode;
use support::{Capture, Entry, Journaled, Rig, What, assert_understood, market};
use venue_sim::{Fault, Limits, Product, SimConfig};

const VENUES: [Product; 3] = [
    Product::BinanceSpot,
    Product::BybitLinear,
    Product::KrakenSpot,
];

/// Every line is replaced after this long; the new one then delivers beside it for three seconds.
const LIFE: Span = Span::from_millis(3_000);

fn rotating(sim_config: &SimConfig, lines: u8, life: Span) -> Rig {
    let mut rig = Rig::with(sim_config);
    for feed in &mut rig.config.feeds {
        (feed.lines, feed.rotate_after) = (lines, Some(life));
    }
    rig
}

/// Waits until each venue has replaced so many lines.
fn wait_until_replaced(journal: &mut Journaled, venues: &[Product], times: usize) {
    journal.until("lines are replaced", |entries| {
        venues.iter().all(|product| {
            let own = |entry: &&Entry| {
                entry.is_status(StatusCode::ROTATED) && entry.venue.to_string() == product.name()
            };
            entries.iter().filter(own).count() >= times
        })
    });
}

/// Why lines went down, in the venue's or our words.
fn reasons(journal: &Journaled) -> Vec<&str> {
    let lost = |entry: &&Entry| entry.is_status(StatusCode::LINE_DOWN);
    let down = journal.entries().iter().filter(lost);
    down.filter_map(|entry| match &entry.what {
        What::Status(_, _, text) => Some(text.as_str()),
        _ => None,
    })
    .collect()
}

/// The journal holds every message once, and no line was ever lost.
fn assert_seamless(rig: &Rig, capture: Capture) -> Journaled {
    let (reports, journal) = capture.end(rig);
    rig.assert_sound();
    assert_understood(&rig.config.journal.dir, &reports, &journal);
    assert!(journal.gaps().is_empty(), "{:#?}", journal.gaps());
    let verdict = rig.compare();
    assert!(verdict.is_clean(), "{:?}", verdict.differences);
    assert!(verdict.books > 0 && verdict.books_equal == verdict.books);
    assert!(verdict.trades > 0 && verdict.trades_equal == verdict.trades);
    let reasons = reasons(&journal);
    assert!(
        reasons.iter().all(|reason| *reason == "stopping"),
        "{reasons:?}"
    );
    journal
}

/// Each replacement is one connection more at the venue, and was begun and ended in the journal.
fn assert_replacements_are_told(rig: &Rig, journal: &Journaled, lines: usize) {
    let truth = rig.sim.truth();
    for product in VENUES {
        let count = |code: StatusCode| {
            let own = |entry: &&&Entry| entry.venue.to_string() == product.name();
            journal.statuses(code).iter().filter(own).count()
        };
        let connections = truth
            .lines
            .iter()
            .filter(|line| line.product == product)
            .count();
        let (begun, ended) = (count(StatusCode::ROTATING), count(StatusCode::ROTATED));
        assert!(
            (ended..=ended + lines).contains(&begun),
            "{product:?}: {begun} {ended}"
        );
        // A replacement begun just before the end may not have reached the venue.
        let least = lines + ended;
        assert!(
            (least..=lines + begun).contains(&connections),
            "{product:?}: {connections}"
        );
        assert_eq!(count(StatusCode::LINE_UP), connections, "{product:?}");
    }
}

#[test]
fn a_single_line_is_replaced_again_and_again_without_a_gap_or_a_copy() {
    let rig = rotating(&market(&VENUES, 100), 1, LIFE);
    let mut capture = Capture::start(&rig.config);
    wait_until_replaced(&mut capture.journal, &VENUES, 2);
    let journal = assert_seamless(&rig, capture);
    assert_replacements_are_told(&rig, &journal, 1);
}

#[test]
fn redundant_lines_are_replaced_one_after_the_other_without_a_gap_or_a_copy() {
    let rig = rotating(&market(&VENUES, 50), 2, LIFE);
    let mut capture = Capture::start(&rig.config);
    wait_until_replaced(&mut capture.journal, &VENUES, 2);
    let journal = assert_seamless(&rig, capture);
    assert_replacements_are_told(&rig, &journal, 2);
    for product in VENUES {
        let mut under_way = 0;
        for entry in journal.entries() {
            if entry.venue.to_string() == product.name() {
                under_way += i32::from(entry.is_status(StatusCode::ROTATING));
                under_way -= i32::from(entry.is_status(StatusCode::ROTATED));
                assert!(
                    under_way <= 1,
                    "{product:?}: both lines are replaced at once"
                );
            }
        }
    }
}

#[test]
fn an_announced_shutdown_is_met_by_a_new_line_before_it_comes() {
    let venues = [Product::BinanceSpot];
    let rig = rotating(&market(&venues, 100), 2, Span::from_millis(0));
    let mut capture = Capture::start(&rig.config);
    rig.wait_until_live(&mut capture.journal, 0);
    rig.sim.inject(Fault::ServerShutdown);
    wait_until_replaced(&mut capture.journal, &venues, 2);
    let journal = assert_seamless(&rig, capture);
    let begun = journal.statuses(StatusCode::ROTATING);
    assert_eq!(begun.len(), 2);
    for entry in begun {
        let announced = |text: &str| text == "the venue announced its end";
        assert!(matches!(&entry.what, What::Status(_, _, text) if announced(text)));
    }
    assert_eq!(rig.sim.truth().lines.len(), 4);
}

/// The simulated venue closes every connection at this age, instead of after 24 hours.
const CUT_AFTER: Duration = Duration::from_secs(8);

fn cutting() -> SimConfig {
    let sim_config = market(&[Product::BinanceSpot], 100);
    SimConfig {
        limits: Limits {
            max_life: Some(CUT_AFTER),
            ..sim_config.limits.clone()
        },
        ..sim_config
    }
}

#[test]
fn the_cut_at_the_end_of_a_connections_life_meets_no_line_that_rotates() {
    let rig = rotating(&cutting(), 1, LIFE);
    let mut capture = Capture::start(&rig.config);
    wait_until_replaced(&mut capture.journal, &[Product::BinanceSpot], 2);
    std::thread::sleep(CUT_AFTER / 4);
    assert_seamless(&rig, capture);
}

#[test]
fn the_same_cut_is_a_gap_where_lines_do_not_rotate() {
    let rig = rotating(&cutting(), 1, Span::from_millis(0));
    let mut capture = Capture::start(&rig.config);
    capture.journal.until("the line is cut", |entries| {
        entries
            .iter()
            .any(|entry| entry.is_status(StatusCode::LINE_DOWN))
    });
    let from = capture.journal.entries().len();
    rig.wait_until_live(&mut capture.journal, from);
    let (_, journal) = capture.end(&rig);
    assert!(!journal.gaps().is_empty());
    assert!(journal.statuses(StatusCode::ROTATING).is_empty());
}
