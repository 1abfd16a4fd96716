//! Patterns and rankings are resolved when a feed starts and whenever the venue's list changes.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use feedd::config::Span;
use feedd_codecs::record::{Change, Kind, StatusCode, TradingState};
use feedd_codecs::venue::Channel;
use feedd_codecs::{Fixed, InstrumentId};
use support::{Capture, Entry, Journaled, Rig, market};
use venue_sim::{
    Fault, InstrumentConfig, InstrumentTruth, MarketConfig, Product, ReferenceChange, SimConfig,
    default_instruments,
};

/// How each venue tells of a change: asked again, announced, or in a stream.
const VENUES: [Product; 4] = [
    Product::BinanceSpot,
    Product::BinanceUsdm,
    Product::BybitLinear,
    Product::KrakenSpot,
];

/// Every built-in instrument of the products.
fn whole_market(products: &[Product]) -> SimConfig {
    let sim_config = market(products, 50);
    SimConfig {
        market: MarketConfig {
            instruments: BTreeMap::new(),
            ..sim_config.market.clone()
        },
        ..sim_config
    }
}

fn picking(products: &[Product], picks: &[&str]) -> Rig {
    let mut rig = Rig::with(&whole_market(products));
    for feed in &mut rig.config.feeds {
        feed.instruments = picks.iter().map(|pick| (*pick).to_owned()).collect();
        feed.refresh_every = Span::from_millis(1_000);
    }
    rig
}

/// The symbols whose book streams a venue has acknowledged.
fn subscribed(entries: &[Entry], product: Product) -> BTreeSet<&str> {
    let own = entries.iter().filter(|entry| {
        entry.venue.to_string() == product.name()
            && entry.is_status(StatusCode::SUBSCRIBED)
            && entry.channel == Channel::BOOK
    });
    own.map(|entry| entry.symbol.as_str()).collect()
}

fn ids(journal: &Journaled) -> BTreeMap<(String, String), InstrumentId> {
    let named = journal
        .entries()
        .iter()
        .filter(|entry| !entry.symbol.is_empty());
    named
        .map(|entry| ((entry.venue.to_string(), entry.symbol.clone()), entry.id))
        .collect()
}

/// Turnover in 10^-16 of the quote currency.
fn turnover(truth: &InstrumentTruth) -> i128 {
    let fixed = |text: &str| i128::from(Fixed::parse(text.as_bytes()).unwrap().at(-8).unwrap());
    let value = truth
        .trades
        .iter()
        .map(|trade| fixed(&trade.px) * fixed(&trade.qty));
    value.sum()
}

/// The symbols of a product, most turnover first.
fn ranking(rig: &Rig, product: Product) -> Vec<String> {
    let truth = rig.sim.truth();
    let own = truth
        .instruments
        .iter()
        .filter(|truth| truth.product == product);
    let mut ranked: Vec<_> = own
        .map(|truth| (turnover(truth), truth.symbol.clone()))
        .collect();
    ranked.sort();
    ranked.into_iter().rev().map(|(_, symbol)| symbol).collect()
}

#[test]
fn patterns_and_rankings_pick_at_the_start() {
    let mut rig = picking(&VENUES, &["?TC*"]);
    let ranked = &mut rig.config.feeds[0];
    assert_eq!(ranked.product, "spot");
    ranked.instruments = vec!["top:2".to_owned(), "DOGEUSDT".to_owned()];
    // Enough trades for a ranking that the next ones do not change.
    support::wait_for("a clear ranking", || {
        let ranked = ranking(&rig, Product::BinanceSpot);
        let truth = rig.sim.truth();
        let of = |at: usize| turnover(truth.instrument(Product::BinanceSpot, &ranked[at]).unwrap());
        of(1) > 2 * of(2) && of(2) > 0
    });
    let before = ranking(&rig, Product::BinanceSpot);
    let mut capture = Capture::start(&rig.config);
    capture
        .journal
        .until("all picked books are acknowledged", |entries| {
            let books = VENUES.map(|product| subscribed(entries, product).len());
            books[0] >= 2 && books[1..].iter().all(|books| *books >= 1)
        });
    let (_, journal) = capture.end(&rig);
    let entries = journal.entries();
    let mut expected: BTreeSet<&str> = before[..2].iter().map(String::as_str).collect();
    expected.insert("DOGEUSDT");
    assert_eq!(subscribed(entries, Product::BinanceSpot), expected);
    for product in &VENUES[1..] {
        let symbol = if *product == Product::KrakenSpot {
            "BTC/USD"
        } else {
            "BTCUSDT"
        };
        assert_eq!(
            subscribed(entries, *product),
            BTreeSet::from([symbol]),
            "{product:?}"
        );
    }
}

/// A symbol that the venue did not list before.
fn newcomer(product: Product) -> InstrumentConfig {
    let model = default_instruments(product).swap_remove(1);
    InstrumentConfig {
        symbol: model.symbol.replace("ETH", "NEW"),
        base: "NEW".to_owned(),
        ..model
    }
}

fn change(rig: &Rig, product: Product, change: ReferenceChange) {
    rig.sim.inject(Fault::Reference { product, change });
}

/// Waits for a record of reference data about each venue's `symbol`.
fn wait_for_news(
    journal: &mut Journaled,
    what: &str,
    symbol: impl Fn(Product) -> String,
    holds: impl Fn(&Entry) -> bool,
) {
    journal.until(what, |entries| {
        VENUES.iter().all(|product| {
            let symbol = symbol(*product);
            entries.iter().any(|entry| {
                entry.venue.to_string() == product.name() && entry.symbol == symbol && holds(entry)
            })
        })
    });
}

#[test]
fn what_changes_in_the_venues_list_is_told_and_followed() {
    let rig = picking(&VENUES, &["BTC*", "NEW*"]);
    let mut capture = Capture::start(&rig.config);
    let journal = &mut capture.journal;
    let new = |product| newcomer(product).symbol;
    let btc = |product: Product| default_instruments(product).swap_remove(0).symbol;
    wait_for_news(journal, "books", btc, |entry| {
        entry.kind == Kind::BookSnapshot
    });

    for product in VENUES {
        change(&rig, product, ReferenceChange::List(newcomer(product)));
    }
    wait_for_news(journal, "a listing", new, |entry| {
        entry.news().is_some_and(|news| news.change == Change::ADD)
    });
    wait_for_news(journal, "its book", new, |entry| {
        entry.kind == Kind::BookSnapshot && !entry.is_flagged()
    });
    wait_for_news(journal, "its trades", new, |entry| {
        entry.kind == Kind::Trade
    });

    for product in VENUES {
        let tick = newcomer(product).tick * 2;
        let symbol = new(product);
        change(&rig, product, ReferenceChange::Tick { symbol, tick });
    }
    wait_for_news(journal, "another tick", new, |entry| {
        entry
            .news()
            .is_some_and(|news| news.change == Change::CHANGE)
    });

    for product in VENUES {
        let symbol = new(product);
        change(&rig, product, ReferenceChange::Delist { symbol });
    }
    wait_for_news(journal, "a removal", new, |entry| {
        entry
            .news()
            .is_some_and(|news| news.change == Change::DELETE || news.state == TradingState::CLOSED)
    });
    support::wait_for("its streams are given up", || {
        let truth = rig.sim.truth();
        let mut streams = truth
            .lines
            .iter()
            .filter(|line| line.closed.is_none())
            .flat_map(|line| &line.streams);
        !streams.any(|stream| stream.to_ascii_uppercase().contains("NEW"))
    });

    let (_, journal) = capture.end(&rig);
    for product in VENUES {
        let news: Vec<_> = journal
            .entries()
            .iter()
            .filter(|entry| {
                entry.venue.to_string() == product.name() && entry.symbol == new(product)
            })
            .filter_map(Entry::news)
            .collect();
        let tick = |at: usize| Fixed::new(news[at].tick.0, news[at].tick.1);
        let listed = newcomer(product);
        let exp = -i8::try_from(listed.px_digits).unwrap();
        assert_eq!(
            tick(0).normalized(),
            Fixed::new(listed.tick, exp).normalized(),
            "{product:?}"
        );
        assert_eq!(
            tick(1).normalized(),
            Fixed::new(listed.tick * 2, exp).normalized(),
            "{product:?}"
        );
    }
    assert!(journal.statuses(StatusCode::REJECTED).is_empty());
}

#[test]
fn an_instrument_keeps_its_id_under_another_selection() {
    let mut rig = picking(&VENUES, &["*ETH*", "*SOL*"]);
    let run = |rig: &Rig, symbols: usize| {
        let mut capture = Capture::start(&rig.config);
        capture.journal.until("books", |entries| {
            let run = entries.last().map_or(0, |entry| entry.run);
            let own = entries
                .iter()
                .filter(|entry| entry.run == run && entry.kind == Kind::BookSnapshot);
            let names: BTreeSet<_> = own.map(Entry::name).collect();
            names.len() == symbols * VENUES.len()
        });
        capture.stop().1
    };
    let first = ids(&run(&rig, 2));
    for feed in &mut rig.config.feeds {
        feed.instruments = vec!["*BTC*".to_owned(), "*SOL*".to_owned()];
    }
    let second = run(&rig, 2);
    let newest = second.entries().last().unwrap().run;
    let mut kept = 0;
    for entry in second
        .entries()
        .iter()
        .filter(|entry| entry.run == newest && !entry.symbol.is_empty())
    {
        let key = (entry.venue.to_string(), entry.symbol.clone());
        match first.get(&key) {
            Some(id) => {
                assert_eq!(entry.id, *id, "{key:?}");
                kept += 1;
            }
            None => assert!(
                !first.values().any(|id| *id == entry.id),
                "{key:?} took an id over"
            ),
        }
    }
    assert!(kept > 0);
}
