//! Recorded sessions of the real venues against independently computed results.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::fmt::Write as _;

use feedd_codecs::feed::State;
use feedd_codecs::record::{Kind, Side};
use feedd_codecs::venue::{
    binance::Binance, bybit::Bybit, kraken::Kraken, kraken_futures::KrakenFutures,
};
use feedd_codecs::{Feed, Fixed, Level, Record, VenueId};
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};
use support::{captures, for_each_line, ignore, open_feed, push};

fn digest<'a>(levels: impl Iterator<Item = &'a Level>, px_exp: i8, qty_exp: i8) -> (usize, String) {
    let mut hasher = Sha256::new();
    let mut count = 0;
    for level in levels {
        let line = format!(
            "{},{}\n",
            Fixed::new(level.px, px_exp),
            Fixed::new(level.qty, qty_exp)
        );
        hasher.update(line.as_bytes());
        count += 1;
    }
    let hex = hasher
        .finalize()
        .iter()
        .fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
    (count, hex)
}

#[derive(Default)]
struct Tape {
    trades: u64,
    sold: u64,
    qty: Decimal,
    notional: Decimal,
    gaps: u64,
    bbos: u64,
}

impl Tape {
    fn take(&mut self, record: &Record<'_>) {
        match record {
            Record::Trade(trade) => {
                let px = Fixed::new(trade.px, trade.px_exp).to_decimal();
                let qty = Fixed::new(trade.qty, trade.qty_exp).to_decimal();
                self.trades += 1;
                self.sold += u64::from(trade.side == Side::SELL);
                self.qty += qty;
                self.notional += px * qty;
            }
            Record::Bbo(_) => self.bbos += 1,
            Record::Gap(_) => self.gaps += 1,
            _ => {}
        }
    }
}

fn only_book<V: feedd_codecs::Venue>(feed: &Feed<V>) -> (&feedd_codecs::Book, State, Option<u64>) {
    let (book, state, seq, _) = feed.book(feed.instruments().all()[0].id).unwrap();
    (book, state, seq)
}

#[test]
fn binance_sessions_end_in_the_expected_books_and_sums() {
    let Some(folder) = captures() else { return };
    let folder = folder.join("binance");
    let expected = std::fs::read(folder.join("expected.json")).unwrap();
    let sessions: serde_json::Value = serde_json::from_slice(&expected).unwrap();
    for session in sessions.as_array().unwrap() {
        let product = session["product"].as_str().unwrap();
        let product = if product == "cm" { "coinm" } else { product };
        let files: Vec<&str> = session["files"]
            .as_array()
            .unwrap()
            .iter()
            .map(|file| file.as_str().unwrap())
            .collect();
        let files: Vec<String> = files
            .iter()
            .map(|file| file.replace("cm/", "coinm/"))
            .collect();
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let mut feed: Feed<Binance> = open_feed(VenueId::from_names("binance", product).unwrap());
        let mut tape = Tape::default();
        for_each_line(&folder, &files, |stamp, frame| {
            push(&mut feed, stamp, frame, &mut |record: &Record<'_>| {
                tape.take(record)
            });
        });
        let (book, state, seq) = only_book(&feed);
        assert_eq!((state, tape.gaps), (State::Live, 0), "{product}");
        assert_eq!(seq, session["final_u"].as_u64(), "{product}");
        for (side, (count, hex)) in [
            ("bid", digest(book.bids(), book.px_exp(), book.qty_exp())),
            ("ask", digest(book.asks(), book.px_exp(), book.qty_exp())),
        ] {
            assert_eq!(
                Some(count as u64),
                session[format!("final_{side}_levels")].as_u64(),
                "{product}"
            );
            assert_eq!(
                Some(&*hex),
                session[format!("final_{side}s_sha256")].as_str(),
                "{product}"
            );
        }
        let sum = |key: &str| session[key].as_str().unwrap().parse::<Decimal>().unwrap();
        assert_eq!(Some(tape.trades), session["trades"].as_u64(), "{product}");
        assert_eq!(
            Some(tape.sold),
            session["trades_buyer_is_maker"].as_u64(),
            "{product}"
        );
        assert_eq!(Some(tape.bbos), session["bookTicker"].as_u64(), "{product}");
        assert_eq!(tape.qty, sum("trade_qty_sum"), "{product}");
        assert_eq!(tape.notional, sum("trade_notional_sum"), "{product}");
        assert_eq!(feed.drift().count(), 0, "{product}: {:?}", feed.drift());
    }
}

#[test]
fn bybit_sessions_have_no_break() {
    let Some(folder) = captures() else { return };
    for (product, trades) in [("linear", None), ("spot", None)] {
        let _: Option<u64> = trades;
        let mut feed: Feed<Bybit> = open_feed(VenueId::from_names("bybit", product).unwrap());
        let mut gaps = 0;
        for_each_line(
            &folder.join("bybit"),
            &[&format!("{product}.gz")],
            |stamp, frame| {
                push(&mut feed, stamp, frame, &mut |record: &Record<'_>| {
                    gaps += u64::from(record.kind() == Kind::Gap);
                });
            },
        );
        assert_eq!(gaps, 0, "{product}");
        let live = feed
            .instruments()
            .all()
            .iter()
            .filter_map(|known| feed.book(known.id));
        for (book, state, _, _) in live {
            assert_eq!(state, State::Live);
            assert_eq!(
                (book.bids().len(), book.asks().len()),
                (200, 200),
                "{product}"
            );
            assert!(!book.is_crossed());
        }
        assert_eq!(feed.drift().count(), 0, "{product}: {:?}", feed.drift());
    }
}

#[test]
fn every_kraken_checksum_holds() {
    let Some(folder) = captures() else { return };
    let mut feed: Feed<Kraken> = open_feed(VenueId::KRAKEN_SPOT);
    for_each_line(
        &folder.join("kraken"),
        &["spot.book10.gz"],
        |stamp, frame| {
            push(&mut feed, stamp, frame, &mut ignore);
        },
    );
    let (_, state, _, counts) = feed.book(feed.instruments().all()[0].id).unwrap();
    assert_eq!(state, State::Live);
    assert_eq!(
        (counts.checksums_ok, counts.checksums_failed, counts.gaps),
        (250, 0, 0)
    );
}

/// One recorded session of Kraken Futures: every message is decoded, and no number is missing.
#[test]
fn kraken_futures_sessions_have_no_break() {
    let Some(folder) = captures() else { return };
    let mut feed: Feed<KrakenFutures> = open_feed(VenueId::KRAKEN_FUTURES);
    let (mut gaps, mut frames, mut tape) = (0, 0, Tape::default());
    for_each_line(&folder.join("kraken"), &["futures.gz"], |stamp, frame| {
        frames += 1;
        push(&mut feed, stamp, frame, &mut |record: &Record<'_>| {
            gaps += u64::from(record.kind() == Kind::Gap);
            tape.take(record);
        });
    });
    assert_eq!((frames, gaps), (2_500, 0));
    assert!(tape.trades >= 3, "{}", tape.trades);
    let books = feed.instruments().all().iter();
    let live: Vec<_> = books.filter_map(|known| feed.book(known.id)).collect();
    assert_eq!(live.len(), 10);
    for (book, state, ..) in live {
        assert_eq!(state, State::Live);
        assert!(!book.is_crossed());
    }
    assert_eq!(feed.drift().count(), 0, "{:?}", feed.drift());
}
