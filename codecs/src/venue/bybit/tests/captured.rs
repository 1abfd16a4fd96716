//! Messages and sessions of the venue that were recorded or printed by others, where this checkout
//! has them beside it.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

use flate2::read::MultiGzDecoder;

use super::{INVERSE, LINEAR, OPTION, SPOT, carrying, drift};
use crate::batch::{Control, Item};
use crate::instrument::canonical_name;
use crate::reject::Reject;
use crate::venue::bybit::Bybit;
use crate::venue::workbench::Bench;
use crate::venue::{Channel, Venue};

/// A folder of recordings; says so where there is none.
fn folder(name: &str) -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("../../shared/captures").join(name);
    if !folder.is_dir() {
        println!("no recordings beside this checkout: nothing to read here");
        return None;
    }
    Some(folder)
}

fn text(name: &str) -> Option<String> {
    folder("messages/bybit").map(|folder| std::fs::read_to_string(folder.join(name)).unwrap())
}

#[test]
fn recorded_listings_have_names_and_no_drift() {
    for (name, id, expected) in [
        ("http_get_instruments_spot.json", SPOT, "BTC-USDT"),
        ("http_get_instruments_spot_xstocks.json", SPOT, "AAPL-USDT"),
        ("http_get_instruments_linear.json", LINEAR, "BTC-USDT-PERP"),
        (
            "http_get_instruments_linear_symbol_type.json",
            LINEAR,
            "TSLA-USDT-PERP",
        ),
        (
            "http_get_instruments_inverse.json",
            INVERSE,
            "BTC-USD-IPERP",
        ),
        (
            "http_get_instruments_inverse_symbol_type.json",
            INVERSE,
            "BRENT-USD-IPERP",
        ),
        (
            "http_get_instruments_option.json",
            OPTION,
            "ETH-USDC-OPT-20260528-16000-P",
        ),
        (
            "http_get_instruments_option_symbol_id.json",
            OPTION,
            "BTC-USD-OPT-20250615-100000-C",
        ),
    ] {
        let Some(body) = text(name) else { return };
        let mut bench = Bench::<Bybit>::new(id);
        let (listings, next) = bench.reference(&body).unwrap();
        assert_eq!(canonical_name(&listings[0]), expected, "{name}");
        assert_eq!((next, drift(&bench)), (None, vec![]), "{name}");
    }
}

#[test]
fn recorded_statistics_have_no_drift() {
    for (name, id, figures) in [
        ("ws_ticker_linear.json", LINEAR, 19),
        ("ws_ticker_option.json", OPTION, 21),
    ] {
        let Some(frame) = text(name) else { return };
        let mut bench = carrying(id, &[Channel::TICKER], 0);
        assert!(matches!(
            bench.one(&frame),
            Item::Ticker { change: false, .. }
        ));
        assert_eq!(bench.batch.figures.len(), figures, "{name}");
        assert!(bench.knows_all(), "{name}: {:?}", drift(&bench));
    }
    let Some(frame) = text("ws_kline.json") else {
        return;
    };
    let item = Bench::<Bybit>::new(LINEAR).one(&frame);
    assert!(matches!(item, Item::Candle(candle) if candle.channel == Channel::CANDLE_5M));
}

#[test]
fn recorded_rest_bodies_are_read() {
    let (Some(book), Some(recent)) = (
        text("http_get_orderbook.json"),
        text("http_get_trades_recent.json"),
    ) else {
        return;
    };
    let mut bench = Bench::<Bybit>::new(LINEAR);
    let id = bench.instruments.add("BTCUSDT").unwrap();
    let (head, bids, asks) = bench.snapshot(&book, id).unwrap();
    assert_eq!((head.header.seq, head.cross_seq), (1_234_567, 9_876_543));
    assert_eq!((bids.len(), asks.len()), (3, 3));
    let mut trades = Vec::new();
    let instruments = &mut bench.instruments;
    bench
        .venue
        .decode_trades(
            recent.as_bytes(),
            id,
            Channel::TRADE,
            instruments,
            &mut trades,
        )
        .unwrap();
    assert_eq!(trades.len(), 1);
}

#[test]
fn recorded_answers_and_old_messages_are_taken_for_what_they_are() {
    let read = |name: &str| {
        text(name).map(|frame| {
            Bench::<Bybit>::new(LINEAR)
                .decode(&frame)
                .map(<[Item]>::to_vec)
        })
    };
    let answer = |refused: Option<&str>| {
        Ok(vec![Item::Control(Control::Answer {
            request: None,
            stream: None,
            refused: refused.map(Into::into),
        })])
    };
    let ignored = Ok(vec![Item::Control(Control::Ignored)]);
    for (name, expected) in [
        ("ws_subscription_ack.json", answer(None)),
        (
            "ws_subscription_failure.json",
            answer(Some("Invalid topic: invalid.topic.BTCUSDT")),
        ),
        ("ws_public_trade.json", ignored),
        ("ws_orderbook_delta.json", Err(Reject::UnknownShape)),
    ] {
        let Some(found) = read(name) else { return };
        assert_eq!(found, expected, "{name}");
    }
    let Some(Ok(items)) = read("ws_orderbook_snapshot.json") else {
        return;
    };
    assert!(matches!(items[..], [Item::Bbo(_)]));
}

fn unpacked(name: &str) -> Option<String> {
    let file = std::fs::File::open(folder("bybit")?.join(name)).unwrap();
    let mut text = String::new();
    MultiGzDecoder::new(file).read_to_string(&mut text).unwrap();
    Some(text)
}

/// What an item is, in a word.
fn kind(item: &Item) -> &'static str {
    match item {
        Item::Trade(_) => "trade",
        Item::Book { .. } => "book",
        Item::Ticker { change: true, .. } => "change",
        Item::Ticker { .. } => "ticker",
        Item::Candle(_) => "candle",
        Item::Control(Control::Answer { refused: None, .. }) => "answer",
        other => panic!("{other:?}"),
    }
}

#[test]
fn recorded_sessions_are_read_whole_and_without_drift() {
    for (name, id, expected) in [
        ("linear.gz", LINEAR, [17, 923, 47, 450, 4, 151]),
        ("spot.gz", SPOT, [7, 329, 15, 0, 42, 8]),
    ] {
        let Some(session) = unpacked(name) else {
            return;
        };
        let mut bench = Bench::<Bybit>::new(id);
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for line in session.lines() {
            let (_, frame) = line.split_once(' ').unwrap();
            for item in bench.decode(frame).unwrap() {
                *counts.entry(kind(item)).or_default() += 1;
            }
        }
        assert_eq!(drift(&bench), [""; 0]);
        let of = |kind| counts.get(kind).copied().unwrap_or(0);
        let found = ["answer", "book", "candle", "change", "ticker", "trade"].map(of);
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn recorded_reference_data_names_every_instrument() {
    for (name, id, count) in [
        ("instruments-info.linear.json.gz", LINEAR, 800),
        ("instruments-info.spot.json.gz", SPOT, 557),
    ] {
        let Some(body) = unpacked(name) else { return };
        let mut bench = Bench::<Bybit>::new(id);
        let (listings, _) = bench.reference(&body).unwrap();
        let mut names: Vec<String> = listings.iter().map(canonical_name).collect();
        assert!(names.iter().all(|name| !name.is_empty()));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "no two instruments have one name");
        assert_eq!(drift(&bench), [""; 0]);
    }
}
