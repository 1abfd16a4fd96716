//! A subscription that is acknowledged and delivers nothing is found and renewed; one that has
//! nothing to deliver is left alone.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;

use std::time::Duration;

use feedd::config::Span;
use feedd_codecs::record::{GapCause, StatusCode};
use feedd_codecs::venue::Channel;
use support::{Capture, Entry, Journaled, Rig, What};
use venue_sim::{Fault, Product, ReferenceChange, Target};

/// A silent trade stream of each venue.
const STREAMS: [(Product, &str, &str); 3] = [
    (Product::BinanceSpot, "btcusdt@trade", "BTCUSDT"),
    (Product::BybitLinear, "publicTrade.BTCUSDT", "BTCUSDT"),
    (Product::KrakenSpot, "trade.BTC/USD", "BTC/USD"),
];

const FLOOR: Span = Span::from_millis(1_000);
/// Long beyond every test.
const NEVER: Span = Span::from_millis(3_600_000);

fn watched(products: &[Product], ceiling: Span) -> Rig {
    let mut rig = Rig::new(products, 200);
    for feed in &mut rig.config.feeds {
        (feed.liveness_floor, feed.liveness_ceiling) = (FLOOR, ceiling);
    }
    rig
}

/// The statuses of one stream and the data that it brought, in order, each once in a row.
fn history(journal: &Journaled, product: Product, symbol: &str, channel: Channel) -> Vec<String> {
    let own = |entry: &&Entry| {
        entry.venue.to_string() == product.name()
            && entry.symbol == symbol
            && entry.channel == channel
    };
    let word = |entry: &Entry| match &entry.what {
        What::Status(code, ..) => code.name().to_owned(),
        What::Gap(cause, _) => cause.name().to_owned(),
        What::GapEnd(_, end) => format!("gap ends by {}", end.name()),
        What::Instrument(_) | What::Data => "data".to_owned(),
    };
    let mut words: Vec<String> = journal.entries().iter().filter(own).map(word).collect();
    words.dedup();
    words
}

fn stale(entries: &[Entry], product: Product) -> Vec<(String, Channel)> {
    let own = |entry: &&Entry| {
        entry.is_status(StatusCode::STALE) && entry.venue.to_string() == product.name()
    };
    // The venue's own stream of reference data is quiet while nothing is listed.
    let of_instrument = |entry: &&Entry| !entry.symbol.is_empty();
    let stale = entries.iter().filter(own).filter(of_instrument);
    stale
        .map(|entry| (entry.symbol.clone(), entry.channel))
        .collect()
}

#[test]
fn a_stream_that_is_silent_after_its_acknowledgement_is_found_renewed_and_lives() {
    let rig = watched(
        &STREAMS.map(|(product, ..)| product),
        Span::from_millis(2_000),
    );
    for (product, stream, _) in STREAMS {
        rig.sim.inject(Fault::Silence {
            target: Target::product(product).stream(stream),
            subscriptions: 1,
        });
    }
    let mut capture = Capture::start(&rig.config);
    capture.journal.until("the streams live", |entries| {
        STREAMS.iter().all(|(product, _, symbol)| {
            entries.iter().any(|entry| {
                entry.venue.to_string() == product.name()
                    && entry.symbol == *symbol
                    && entry.channel == Channel::TRADE
                    && entry.is_status(StatusCode::LIVE)
            })
        })
    });
    let (reports, journal) = capture.end(&rig);
    for ((product, _, symbol), report) in STREAMS.into_iter().zip(reports) {
        let told = history(&journal, product, symbol, Channel::TRADE);
        let first: Vec<&str> = told.iter().map(String::as_str).take(5).collect();
        assert_eq!(
            first[..3],
            ["subscribed", "stale", "subscribed"],
            "{product:?}: {told:?}"
        );
        assert!(
            first[3..].contains(&"data") && first[3..].contains(&"live"),
            "{told:?}"
        );
        assert_eq!(
            stale(journal.entries(), product),
            [(symbol.to_owned(), Channel::TRADE)]
        );
        assert!(report.counts.stale_streams > 0, "{}", report.venue);
        assert_eq!(report.lines, 1, "the line stayed: {}", report.venue);
    }
    assert_eq!(journal.statuses(StatusCode::LINE_UP).len(), STREAMS.len());
    // Nothing was ever heard, so nothing was lost.
    assert!(journal.gaps().is_empty(), "{:#?}", journal.gaps());
}

#[test]
fn a_live_stream_that_falls_silent_is_a_gap_that_ends_when_it_lives_again() {
    let rig = watched(&[Product::BybitLinear], NEVER);
    let mut capture = Capture::start(&rig.config);
    rig.wait_until_live(&mut capture.journal, 0);
    let target = Target::product(Product::BybitLinear).stream("orderbook.50.BTCUSDT");
    rig.sim.inject(Fault::Silence {
        target,
        subscriptions: 1,
    });
    capture.journal.until("the book lives again", |entries| {
        entries
            .iter()
            .any(|entry| entry.is_status(StatusCode::LIVE))
    });
    let from = capture.journal.entries().len();
    rig.wait_until_live(&mut capture.journal, from);
    let (_, journal) = capture.end(&rig);
    let told = history(&journal, Product::BybitLinear, "BTCUSDT", Channel::BOOK);
    for word in ["stale", "live"] {
        assert!(told.iter().any(|told| told == word), "{told:?}");
    }
    assert!(
        stale(journal.entries(), Product::BybitLinear)
            .iter()
            .all(|(symbol, _)| symbol == "BTCUSDT")
    );
    let causes: Vec<_> = journal
        .gaps()
        .iter()
        .filter_map(|entry| entry.gap())
        .collect();
    assert!(
        causes.iter().all(|(cause, channel)| {
            *channel == Channel::BOOK && [GapCause::SILENCE, GapCause::SEQUENCE].contains(cause)
        }),
        "{causes:?}"
    );
    let verdict = rig.compare();
    assert_eq!(
        verdict.books_equal, verdict.books,
        "{:?}",
        verdict.differences
    );
}

#[test]
fn a_stream_that_another_line_delivers_is_missed_soon_and_leaves_no_gap() {
    let mut rig = watched(&STREAMS.map(|(product, ..)| product), NEVER);
    for feed in &mut rig.config.feeds {
        feed.lines = 2;
    }
    for (product, stream, _) in STREAMS {
        // Both lines subscribe; the first that does is silent.
        rig.sim.inject(Fault::Silence {
            target: Target::product(product).stream(stream),
            subscriptions: 1,
        });
    }
    let mut capture = Capture::start(&rig.config);
    capture
        .journal
        .until("each silent stream is found and lives", |entries| {
            let found = |product: &Product| !stale(entries, *product).is_empty();
            let live = entries
                .iter()
                .filter(|entry| entry.is_status(StatusCode::LIVE));
            STREAMS.iter().all(|(product, ..)| found(product)) && live.count() >= STREAMS.len()
        });
    let (_, journal) = capture.end(&rig);
    for (product, _, symbol) in STREAMS {
        assert_eq!(
            stale(journal.entries(), product),
            [(symbol.to_owned(), Channel::TRADE)]
        );
    }
    assert!(journal.gaps().is_empty(), "{:#?}", journal.gaps());
    let verdict = rig.compare();
    assert!(verdict.is_clean(), "{:?}", verdict.differences);
}

#[test]
fn an_instrument_without_any_event_raises_no_alarm() {
    let rig = watched(&STREAMS.map(|(product, ..)| product), NEVER);
    for (product, _, symbol) in STREAMS {
        let symbol = symbol.to_owned();
        let change = ReferenceChange::Halt { symbol };
        rig.sim.inject(Fault::Reference { product, change });
    }
    let mut capture = Capture::start(&rig.config);
    capture
        .journal
        .until("the other instruments deliver", |entries| {
            STREAMS.iter().all(|(product, ..)| {
                entries.iter().any(|entry| {
                    entry.venue.to_string() == product.name()
                        && entry.symbol.starts_with("ETH")
                        && entry.channel == Channel::TRADE
                        && entry.what == What::Data
                })
            })
        });
    std::thread::sleep(FLOOR.0 * 5 + Duration::from_millis(500));
    let (_, journal) = capture.end(&rig);
    for (product, _, symbol) in STREAMS {
        let quiet =
            |entry: &&Entry| entry.venue.to_string() == product.name() && entry.symbol == symbol;
        let trades = |entry: &&Entry| entry.channel == Channel::TRADE && entry.what == What::Data;
        let own = || journal.entries().iter().filter(quiet);
        assert!(
            own()
                .filter(trades)
                .all(|entry| entry.flags.contains(feedd_codecs::record::Flags::SNAPSHOT))
        );
        assert!(
            !own().any(|entry| entry.is_status(StatusCode::STALE)),
            "{product:?}"
        );
    }
    assert!(journal.gaps().is_empty(), "{:#?}", journal.gaps());
}
