//! What goes wrong at the venues: each fault makes the gap that names it, nothing else suffers, and
//! every book is right again at the end.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;

use feedd_codecs::raw::Carrier;
use feedd_codecs::record::{GapCause, Kind, StatusCode};
use feedd_codecs::venue::Channel;
use support::{CHANNELS, Entry, Journaled, Rig, What, quarantined};
use venue_sim::{Ending, Fault, Product, RestAnswer, Target, Touch};

const VENUES: [Product; 3] = [
    Product::BinanceSpot,
    Product::BybitLinear,
    Product::KrakenSpot,
];

/// First instrument of each of [`VENUES`], and its book stream at the simulator.
const BOOKS: [(&str, &str); 3] = [
    ("BTCUSDT", "btcusdt@depth@100ms"),
    ("BTCUSDT", "orderbook.50.BTCUSDT"),
    ("BTC/USD", "book.10.BTC/USD"),
];

fn is_at(entry: &Entry, product: Product, symbol: &str) -> bool {
    entry.venue.to_string() == product.name() && entry.symbol == symbol
}

/// Waits until the instrument has a book that is right again after its newest gap.
fn wait_until_healed(journal: &mut Journaled, product: Product, symbol: &str) {
    journal.until("a gap and the snapshot that heals it", |entries| {
        let mut own = entries
            .iter()
            .filter(|entry| is_at(entry, product, symbol))
            .rev()
            .take_while(|entry| entry.kind != Kind::Gap)
            .peekable();
        let gap = entries
            .iter()
            .any(|entry| is_at(entry, product, symbol) && entry.kind == Kind::Gap);
        gap && own.peek().is_some()
            && own.any(|entry| entry.kind == Kind::BookSnapshot && !entry.is_flagged())
    });
}

/// From the instrument's only gap on, book records are flagged until a snapshot that is not, and
/// none after it. Returns how many were flagged.
fn assert_flagged_from_gap_to_snapshot(
    journal: &Journaled,
    product: Product,
    symbol: &str,
) -> usize {
    let own: Vec<&Entry> = journal
        .entries()
        .iter()
        .filter(|entry| is_at(entry, product, symbol))
        .collect();
    let gap = own
        .iter()
        .position(|entry| entry.kind == Kind::Gap)
        .unwrap();
    let books: Vec<&&Entry> = own[gap..].iter().filter(|entry| entry.is_book()).collect();
    let healed = books.iter().position(|entry| !entry.is_flagged()).unwrap();
    assert_eq!(books[healed].kind, Kind::BookSnapshot);
    assert!(books[healed..].iter().all(|entry| !entry.is_flagged()));
    healed
}

/// No book record is flagged after the instrument's first right one.
fn assert_never_flagged(journal: &Journaled, product: Product, symbol: &str) {
    let flagged = journal
        .entries()
        .iter()
        .filter(|entry| is_at(entry, product, symbol) && entry.is_book())
        .skip_while(|entry| entry.is_flagged())
        .filter(|entry| entry.is_flagged())
        .count();
    assert_eq!(flagged, 0, "{product:?} {symbol}");
}

#[test]
fn one_dropped_book_message_is_one_gap_of_that_instrument_alone() {
    let rig = Rig::new(&VENUES, 100);
    let (daemon, mut journal) = rig.live_daemon();
    for (product, (symbol, stream)) in VENUES.into_iter().zip(BOOKS) {
        let target = Target::product(product).stream(stream);
        rig.sim.inject(Fault::Drop { target, count: 1 });
        wait_until_healed(&mut journal, product, symbol);
    }
    rig.finish(daemon, &mut journal);
    let gaps: Vec<_> = journal
        .gaps()
        .iter()
        .map(|entry| (entry.venue.to_string(), entry.symbol.clone(), entry.gap()))
        .collect();
    // Kraken numbers nothing: its checksum tells.
    let causes = [GapCause::SEQUENCE, GapCause::SEQUENCE, GapCause::CHECKSUM];
    let expected: Vec<_> = VENUES
        .into_iter()
        .zip(BOOKS)
        .zip(causes)
        .map(|((product, (symbol, _)), cause)| {
            let what = Some((cause, Channel::BOOK));
            (product.name().to_owned(), symbol.to_owned(), what)
        })
        .collect();
    assert_eq!(gaps, expected);
    for (product, (symbol, _)) in VENUES.into_iter().zip(BOOKS) {
        let flagged = assert_flagged_from_gap_to_snapshot(&journal, product, symbol);
        assert!(
            flagged > 0,
            "{product:?}: the update that showed the gap is flagged"
        );
        let other = symbol.replace("BTC", "ETH");
        assert_never_flagged(&journal, product, &other);
    }
    assert_eq!(rig.sim.truth().faults.len(), VENUES.len());
}

#[test]
fn wrong_checksum_is_a_gap_and_a_new_subscription() {
    let rig = Rig::new(&[Product::KrakenSpot], 100);
    let (daemon, mut journal) = rig.live_daemon();
    let target = Target::product(Product::KrakenSpot).stream("book.10.BTC/USD");
    rig.sim.inject(Fault::WrongChecksum { target, count: 1 });
    wait_until_healed(&mut journal, Product::KrakenSpot, "BTC/USD");
    rig.finish(daemon, &mut journal);
    let gaps: Vec<_> = journal.gaps().iter().map(|entry| entry.gap()).collect();
    assert_eq!(gaps, [Some((GapCause::CHECKSUM, Channel::BOOK))]);
    assert_flagged_from_gap_to_snapshot(&journal, Product::KrakenSpot, "BTC/USD");
    assert_never_flagged(&journal, Product::KrakenSpot, "ETH/USD");
    let again = |symbol: &str| {
        journal
            .of(symbol)
            .filter(|entry| {
                matches!(
                    &entry.what,
                    What::Status(StatusCode::SUBSCRIBED, Channel::BOOK, _)
                )
            })
            .count()
    };
    assert_eq!((again("BTC/USD"), again("ETH/USD")), (2, 1));
    assert_eq!(
        journal.statuses(StatusCode::LINE_UP).len(),
        1,
        "no reconnect"
    );
}

#[test]
fn duplicated_book_messages_are_dropped() {
    let venues = [Product::BinanceSpot, Product::BybitLinear];
    let rig = Rig::new(&venues, 100);
    let (daemon, mut journal) = rig.live_daemon();
    for (product, (_, stream)) in venues.into_iter().zip(BOOKS) {
        let target = Target::product(product).stream(stream);
        rig.sim.inject(Fault::Duplicate { target, count: 5 });
    }
    support::wait_for("the duplicates are sent", || {
        rig.sim.truth().faults.len() == 10
    });
    rig.finish(daemon, &mut journal);
    assert!(journal.gaps().is_empty(), "{:?}", journal.gaps());
    for (product, (symbol, _)) in venues.into_iter().zip(BOOKS) {
        let seqs: Vec<u64> = journal
            .entries()
            .iter()
            .filter(|entry| is_at(entry, product, symbol) && entry.kind == Kind::BookDelta)
            .map(|entry| entry.venue_seq)
            .collect();
        assert!(seqs.windows(2).all(|pair| pair[0] < pair[1]), "{product:?}");
    }
    let faults = rig.sim.truth().faults;
    assert!(faults.iter().all(|fault| fault.touch == Touch::Duplicated));
}

#[test]
fn lost_connection_is_a_gap_of_every_live_stream_and_books_come_back() {
    let endings = [
        Ending::Clean {
            code: 1001,
            reason: "going away".to_owned(),
        },
        Ending::Reset,
        Ending::Cut,
        Ending::mid_message(),
    ];
    let rig = Rig::new(&VENUES, 100);
    let (daemon, mut journal) = rig.live_daemon();
    for ending in &endings {
        let from = journal.entries().len();
        for product in VENUES {
            let (target, ending) = (Target::product(product), ending.clone());
            rig.sim.inject(Fault::Close { target, ending });
        }
        journal.until("every line is lost", |entries| {
            let down = |entry: &&Entry| entry.is_status(StatusCode::LINE_DOWN);
            entries[from..].iter().filter(down).count() == VENUES.len()
        });
        let lost = journal.entries().len();
        rig.wait_until_live(&mut journal, lost);
    }
    rig.finish(daemon, &mut journal);
    let instruments = 2 * VENUES.len();
    assert_eq!(
        journal.gaps().len(),
        endings.len() * instruments * CHANNELS.len()
    );
    for channel in CHANNELS {
        let lost = Some((GapCause::DISCONNECT, channel));
        let gaps = journal.gaps();
        let found = gaps.iter().filter(|entry| entry.gap() == lost).count();
        assert_eq!(found, endings.len() * instruments, "{channel:?}");
    }
    let reasons: Vec<&What> = journal
        .statuses(StatusCode::LINE_DOWN)
        .into_iter()
        .map(|entry| &entry.what)
        .collect();
    assert_eq!(reasons.len(), (endings.len() + 1) * VENUES.len());
    let said = |part: &str| {
        let has = |what: &&&What| matches!(what, What::Status(_, _, text) if text.contains(part));
        reasons.iter().filter(has).count()
    };
    assert_eq!((said("1001 going away"), said("stopping")), (3, 3));
}

#[test]
fn refused_subscription_stands_in_the_journal_and_takes_no_other_stream_with_it() {
    // Binance and Bybit refuse a whole request; asked stream by stream, they refuse one.
    let cases = [
        (
            Product::BinanceSpot,
            "btcusdt@trade",
            2,
            "too many parameters",
        ),
        (
            Product::BybitLinear,
            "publicTrade.BTCUSDT",
            2,
            "handler not found",
        ),
        (
            Product::KrakenSpot,
            "trade.BTC/USD",
            1,
            "Currency pair not supported",
        ),
    ];
    let rig = Rig::new(&VENUES, 100);
    for (product, stream, count, _) in cases {
        let target = Target::product(product).stream(stream);
        rig.sim.inject(Fault::RejectSubscribe { target, count });
    }
    let daemon = rig.daemon();
    let mut journal = rig.journal();
    journal.until("all other streams deliver", |entries| {
        let delivers = |kind: Kind| {
            let mut names: Vec<_> = entries
                .iter()
                .filter(|entry| entry.kind == kind && !entry.is_flagged())
                .map(Entry::name)
                .collect();
            names.sort_unstable();
            names.dedup();
            names.len()
        };
        delivers(Kind::Trade) == 3 && delivers(Kind::Bbo) == 6 && delivers(Kind::BookDelta) == 6
    });
    let (_, verdict) = rig.finish(daemon, &mut journal);
    assert_eq!(verdict.gaps, 0);
    let refused = journal.statuses(StatusCode::REJECTED);
    assert_eq!(refused.len(), 3, "{refused:?}");
    for (product, _, _, words) in cases {
        let own = refused
            .iter()
            .find(|entry| entry.venue.to_string() == product.name());
        let What::Status(_, channel, text) = &own.unwrap().what else {
            panic!("no status")
        };
        assert_eq!(*channel, Channel::TRADE);
        assert!(text.contains(words), "{text}");
        let symbol = &own.unwrap().symbol;
        assert!(symbol.starts_with("BTC"));
        let trades = |entry: &&Entry| is_at(entry, product, symbol) && entry.kind == Kind::Trade;
        assert_eq!(journal.entries().iter().filter(trades).count(), 0);
    }
}

#[test]
fn refused_and_nonsensical_snapshots_are_asked_for_again() {
    let rig = Rig::new(&[Product::BinanceSpot], 100);
    let rest = |answer| {
        rig.sim.inject(Fault::Rest {
            product: Product::BinanceSpot,
            path: Some("depth".to_owned()),
            answer,
            count: 1,
        });
    };
    rest(RestAnswer::Status {
        code: 429,
        retry_after: Some(2),
    });
    rest(RestAnswer::Html);
    rest(RestAnswer::Body("{\"lastUpdateId\":".to_owned()));
    let (daemon, mut journal) = rig.live_daemon();
    let (ended, verdict) = rig.finish(daemon, &mut journal);
    assert!(verdict.is_clean(), "{:?}", verdict.differences);
    assert!(ended.log.contains("HTTP status 429"), "{}", ended.log);
    let refused: Vec<_> = quarantined(&rig.config.journal.dir)
        .into_iter()
        .map(|(rule, carrier, _)| (rule, carrier))
        .collect();
    assert_eq!(
        refused,
        [("html", Carrier::REST), ("invalid_json", Carrier::REST)]
    );
}

#[test]
fn stream_that_stays_silent_after_its_acknowledgement_disturbs_no_other() {
    let streams = [
        (Product::BinanceSpot, "btcusdt@trade"),
        (Product::BybitLinear, "publicTrade.BTCUSDT"),
        (Product::KrakenSpot, "trade.BTC/USD"),
    ];
    let rig = Rig::new(&VENUES, 100);
    for (product, stream) in streams {
        rig.sim.inject(Fault::Silence {
            target: Target::product(product).stream(stream),
            subscriptions: 1,
        });
    }
    let daemon = rig.daemon();
    let mut journal = rig.journal();
    journal.until("all other streams deliver", |entries| {
        let mut live: Vec<_> = entries
            .iter()
            .filter(|entry| !entry.is_flagged() && entry.what == What::Data)
            .filter(|entry| entry.kind != Kind::Instrument)
            .map(|entry| (entry.kind, entry.name()))
            .collect();
        live.sort_unstable();
        live.dedup();
        // Each of 6 instruments: best price, snapshot, delta; half of them trades.
        live.len() == 6 * 3 + 3
    });
    let (_, verdict) = rig.finish(daemon, &mut journal);
    assert_eq!(verdict.gaps, 0);
    assert_eq!(journal.statuses(StatusCode::LINE_UP).len(), VENUES.len());
    for (product, stream) in streams {
        let truth = rig.sim.truth();
        assert!(truth.withheld(product, stream).count() > 0, "{stream}");
        let acknowledged = journal.entries().iter().any(|entry| {
            entry.venue.to_string() == product.name()
                && entry.symbol.starts_with("BTC")
                && matches!(
                    entry.what,
                    What::Status(StatusCode::SUBSCRIBED, Channel::TRADE, _)
                )
        });
        assert!(acknowledged, "{stream}");
    }
}
