//! Two lines carry the same streams: one may die as often as it likes.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;

use std::net::SocketAddr;
use std::sync::Arc;

use feedd::pipeline::{FeedReport, Pipeline};
use feedd::session::names::Resolve;
use feedd_codecs::record::StatusCode;
use support::{Capture, Entry, Front, Rig, assert_understood};
use venue_sim::{Ending, Fault, LineTruth, Product, Target};

const VENUES: [Product; 3] = [
    Product::BinanceSpot,
    Product::BybitLinear,
    Product::KrakenSpot,
];

/// The ways in which lines end, one after the other.
fn endings() -> [Ending; 4] {
    let clean = Ending::Clean {
        code: 1001,
        reason: "going away".to_owned(),
    };
    [clean, Ending::Reset, Ending::Cut, Ending::mid_message()]
}

/// Messages on a new line until it surely brought what the older one brought too.
const OVERLAP: u64 = 100;

fn redundant(products: &[Product], rate: u32) -> Rig {
    let mut rig = Rig::new(products, rate);
    for feed in &mut rig.config.feeds {
        feed.lines = 2;
    }
    rig
}

fn count(entries: &[Entry], code: StatusCode) -> usize {
    entries.iter().filter(|entry| entry.is_status(code)).count()
}

/// Nothing is missing and nothing came twice.
fn assert_whole(rig: &Rig, capture: Capture) -> (Vec<FeedReport>, support::Journaled) {
    let (reports, journal) = capture.end(rig);
    rig.assert_sound();
    assert_understood(&rig.config.journal.dir, &reports, &journal);
    assert!(journal.gaps().is_empty(), "{:#?}", journal.gaps());
    let verdict = rig.compare();
    assert!(verdict.is_clean(), "{:?}", verdict.differences);
    assert!(verdict.trades > 0 && verdict.trades_equal == verdict.trades);
    (reports, journal)
}

#[test]
fn one_of_two_lines_dies_again_and_again_and_nothing_is_missing_or_doubled() {
    let rig = redundant(&VENUES, 100);
    let mut capture = Capture::start(&rig.config);
    let journal = &mut capture.journal;
    let lines = 2 * VENUES.len();
    journal.until("both lines are up", |entries| {
        count(entries, StatusCode::LINE_UP) == lines
    });
    rig.wait_until_live(journal, 0);
    for (round, ending) in endings().into_iter().enumerate() {
        support::wait_for("both lines deliver everything", || {
            let lines = rig.sim.truth().lines;
            let open = lines.iter().filter(|line| line.closed.is_none());
            // Three streams of two instruments, and Kraken's instrument stream. Beyond the first
            // message of each come those that both lines bring, which prove that they overlapped.
            let met = |line: &&LineTruth| {
                let sent: u64 = line.sent.iter().map(|(_, count)| count).sum();
                line.sent.len() >= 6 && sent >= OVERLAP
            };
            open.filter(met).count() == 2 * VENUES.len()
        });
        for product in VENUES {
            // Now the older, now the younger.
            let target = Target::product(product).rank(round % 2);
            let ending = ending.clone();
            rig.sim.inject(Fault::Close { target, ending });
        }
        journal.until("the lines come back", |entries| {
            let ended = VENUES.len() * (round + 1);
            count(entries, StatusCode::LINE_DOWN) == ended
                && count(entries, StatusCode::LINE_UP) == lines + ended
        });
    }
    let (reports, journal) = assert_whole(&rig, capture);
    assert_eq!(
        count(journal.entries(), StatusCode::LINE_DOWN),
        VENUES.len() * endings().len() + lines,
        "killed, and stopped at the end"
    );
    for report in reports {
        let scores = report.scores.all();
        assert_eq!(scores.len(), 2, "{}", report.venue);
        let wins: u64 = scores.iter().map(|score| score.wins).sum();
        let copies: u64 = scores.iter().map(|score| score.copies).sum();
        assert!(wins > 0 && copies > 0, "{}: {scores:?}", report.venue);
        let leads: u64 = scores.iter().flat_map(|score| score.leads).sum();
        assert!(leads > 0, "{}: no lead was measured", report.venue);
    }
}

/// Gives every host the same two addresses.
#[derive(Debug)]
struct TwoAddresses;

impl Resolve for TwoAddresses {
    fn resolve(&self, _host: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
        let address = |last| SocketAddr::from(([127, 0, 0, last], port));
        Ok(vec![address(1), address(2)])
    }
}

#[test]
fn lines_of_the_same_streams_go_to_different_addresses_of_a_name() {
    let mut rig = redundant(&[Product::BybitLinear], 50);
    let port = rig.sim.endpoint(Product::BybitLinear).unwrap().port;
    // The venue itself listens at 127.0.0.1 alone.
    let front = Front::at(&format!("127.0.0.2:{port}"), port);
    rig.config.feeds[0].ws_url = Some(format!("ws://venue.test:{port}"));
    let (pipeline, _) = Pipeline::with_resolver(&rig.config, Arc::new(TwoAddresses)).unwrap();
    let mut capture = Capture::of(pipeline, &rig.config.journal.dir);
    capture.journal.until("both lines are up", |entries| {
        count(entries, StatusCode::LINE_UP) == 2
    });
    rig.wait_until_live(&mut capture.journal, 0);
    let asked = front.asked();
    let asked: Vec<&str> = asked.iter().map(|(_, line)| line.as_str()).collect();
    assert_eq!(asked, ["GET /v5/public/linear HTTP/1.1"]);
    assert_eq!(rig.sim.truth().lines.len(), 2);
    assert_whole(&rig, capture);
}
