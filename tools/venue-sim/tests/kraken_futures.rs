//! Kraken Futures as a client sees it. Numbers are taken from the text, never parsed as floats.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use support::{Book, Client, between, get, start};
use venue_sim::{Fault, Product, Sim, Target, Truth};

const FUTURES: Product = Product::KrakenFutures;

async fn open(sim: &Sim) -> Client {
    let mut client = Client::open(sim, FUTURES, "/ws/v1").await;
    assert_eq!(client.json().await, json!({"event":"info","version":1}));
    client
}

async fn subscribe(client: &mut Client, feed: &str, symbols: &[&str]) {
    let request = json!({"event":"subscribe","feed":feed,"product_ids":symbols});
    client.send(request.to_string()).await;
}

/// A decimal text, with or without exponent, as an integer of 10^-12.
fn scaled(text: &str) -> i128 {
    let (figures, exponent) = text.split_once("e-").unwrap_or((text, "0"));
    support::scaled(figures) / 10_i128.pow(exponent.parse().unwrap())
}

/// Prices and quantities compare by value: `1.0` and `1` are the same.
fn set(book: &mut Book, bid: bool, px: &str, qty: &str) {
    let side = if bid { &mut book.bids } else { &mut book.asks };
    if scaled(qty) == 0 {
        side.remove(&scaled(px));
    } else {
        side.insert(scaled(px), (px.to_owned(), qty.to_owned()));
    }
}

/// Rebuilds books; returns whether the message followed the one before.
#[derive(Default)]
struct Books {
    books: BTreeMap<String, (u64, Book)>,
    updates: u64,
}

impl Books {
    fn apply(&mut self, text: &str) -> bool {
        let symbol = between(text, "\"product_id\":\"", "\"").to_owned();
        let sequence: u64 = between(text, "\"seq\":", ",").parse().unwrap();
        if text.contains("\"feed\":\"book_snapshot\"") {
            let mut book = Book::default();
            for (side, bid) in [("bids", true), ("asks", false)] {
                let list = between(text, &format!("\"{side}\":["), "]");
                for level in list.split("},") {
                    let px = between(level, "\"price\":", ",");
                    let qty = level.split_once("\"qty\":").unwrap().1;
                    set(&mut book, bid, px, qty.trim_end_matches('}'));
                }
            }
            self.books.insert(symbol, (sequence, book));
            return true;
        }
        let (last, book) = self
            .books
            .get_mut(&symbol)
            .expect("an update before its snapshot");
        let follows = sequence == *last + 1;
        *last = sequence;
        self.updates += 1;
        let bid = text.contains("\"side\":\"buy\"");
        let (px, qty) = (
            between(text, "\"price\":", ","),
            between(text, "\"qty\":", ","),
        );
        set(book, bid, px, qty);
        follows
    }

    /// Whether every book is the true one.
    fn are_true(&self, truth: &Truth) -> bool {
        self.books.iter().all(|(symbol, (sequence, book))| {
            let truth = truth.instrument(FUTURES, symbol).unwrap();
            *sequence == truth.last_update_id
                && (book.bids(), book.asks()) == (truth.bids.clone(), truth.asks.clone())
        })
    }
}

#[tokio::test]
async fn books_rebuilt_level_by_level_equal_the_truth_of_every_contract() {
    let sim = start(FUTURES);
    let mut client = open(&sim).await;
    let symbols = ["PF_XBTUSD", "PI_XBTUSD", "PF_PEPEUSD", "FI_XBTUSD_261225"];
    subscribe(&mut client, "book", &symbols).await;
    let (mut books, mut halted) = (Books::default(), false);
    while !(halted && books.are_true(&sim.truth())) {
        let text = client.text().await;
        if text.starts_with(r#"{"feed":"book"#) {
            assert!(books.apply(&text), "hole before {text}");
        }
        if books.updates == 2_000 {
            halted = sim.halt();
        }
    }
    assert_eq!(books.books.len(), symbols.len());
}

#[tokio::test]
async fn dropped_level_shows_as_a_hole_in_the_sequence_and_a_new_snapshot_mends_it() {
    let sim = start(FUTURES);
    let mut client = open(&sim).await;
    subscribe(&mut client, "book", &["PF_XBTUSD"]).await;
    let (mut books, mut holes) = (Books::default(), 0);
    while holes == 0 {
        let text = client.text().await;
        if text.starts_with(r#"{"feed":"book"#) {
            holes += u64::from(!books.apply(&text));
        }
        if books.updates == 50 {
            let target = Target::product(FUTURES).stream("book.PF_XBTUSD");
            sim.inject(Fault::Drop { target, count: 2 });
            books.updates += 1;
        }
    }
    assert_eq!(sim.truth().faults.len(), 2);
    let request = json!({"event":"unsubscribe","feed":"book","product_ids":["PF_XBTUSD"]});
    client.send(request.to_string()).await;
    let ended = json!({"event":"unsubscribed","feed":"book","product_ids":["PF_XBTUSD"]});
    client.json_where(|message| *message == ended).await;
    subscribe(&mut client, "book", &["PF_XBTUSD"]).await;
    sim.halt();
    while !books.are_true(&sim.truth()) {
        let text = client.text().await;
        if text.starts_with(r#"{"feed":"book"#) {
            assert!(books.apply(&text));
        }
    }
}

#[tokio::test]
async fn trades_count_up_and_snapshot_and_history_tell_the_same_tape() {
    let sim = start(FUTURES);
    let mut client = open(&sim).await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    subscribe(&mut client, "trade", &["PI_XBTUSD"]).await;
    let snapshot = client.json_where(|m| m["feed"] == "trade_snapshot").await;
    let mut sequences: Vec<u64> = snapshot["trades"]
        .as_array()
        .unwrap()
        .iter()
        .map(|trade| trade["seq"].as_u64().unwrap())
        .collect();
    sequences.reverse();
    assert!(!sequences.is_empty() && sequences.len() <= 100);
    let mut texts = Vec::new();
    while texts.len() < 30 {
        let text = client.text().await;
        sequences.push(between(&text, "\"seq\":", "}").parse().unwrap());
        texts.push(text);
    }
    assert!(
        sequences.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{sequences:?}"
    );
    sim.halt();
    let truth = sim.truth();
    let tape = &truth.instrument(FUTURES, "PI_XBTUSD").unwrap().trades;
    for text in &texts {
        let uid = between(text, "\"uid\":\"", "\"");
        let trade = tape.iter().find(|trade| trade.id == uid).unwrap();
        assert_eq!(between(text, "\"price\":", ","), trade.px);
        assert_eq!(between(text, "\"qty\":", ","), trade.qty);
        assert_eq!(between(text, "\"side\":\"", "\""), trade.side);
        assert_eq!(between(text, "\"seq\":", "}"), trade.number.to_string());
    }
    let history = get(
        &sim,
        FUTURES,
        "/derivatives/api/v3/history?symbol=pi_xbtusd",
    )
    .await
    .json();
    let uids: Vec<&str> = history["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|trade| trade["uid"].as_str().unwrap())
        .collect();
    let newest: Vec<&str> = tape
        .iter()
        .rev()
        .take(100)
        .map(|trade| &*trade.id)
        .collect();
    assert_eq!(uids, newest);
    let oldest = history["history"][99]["time"].as_str().unwrap();
    let target = format!("/derivatives/api/v3/history?symbol=PI_XBTUSD&lastTime={oldest}");
    let before = get(&sim, FUTURES, &target).await.json();
    let first = before["history"][0]["trade_id"].as_u64().unwrap();
    assert!(first < history["history"][99]["trade_id"].as_u64().unwrap());
}

#[tokio::test]
async fn executions_page_through_the_whole_tape_in_both_directions() {
    let sim = start(FUTURES);
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    sim.halt();
    let truth = sim.truth();
    let tape = &truth.instrument(FUTURES, "PF_XBTUSD").unwrap().trades;
    for sort in ["asc", "desc"] {
        let (mut uids, mut token) = (Vec::new(), String::new());
        loop {
            let path = "/api/history/v3/market/PF_XBTUSD/executions";
            let target = format!("{path}?count=7&sort={sort}{token}");
            let page = get(&sim, FUTURES, &target).await.json();
            let elements = page["elements"].as_array().unwrap();
            let uid = |row: &Value| row["event"]["Execution"]["execution"]["uid"].clone();
            uids.extend(elements.iter().map(uid));
            match page["continuationToken"].as_str() {
                Some(next) => token = format!("&continuationToken={next}"),
                None => break,
            }
        }
        let mut expected: Vec<Value> = tape.iter().map(|t| json!(t.id)).collect();
        if sort == "desc" {
            expected.reverse();
        }
        assert!(expected.len() > 7);
        assert_eq!(uids, expected, "{sort}");
    }
}

#[tokio::test]
async fn tickers_come_every_second_and_only_perpetuals_have_funding() {
    let sim = start(FUTURES);
    let mut client = open(&sim).await;
    let symbols = ["PF_XBTUSD", "FI_XBTUSD_261225"];
    subscribe(&mut client, "ticker", &symbols).await;
    subscribe(&mut client, "ticker_lite", &symbols).await;
    client
        .send(r#"{"event":"subscribe","feed":"heartbeat"}"#)
        .await;
    let ack = json!({"event":"subscribed","feed":"heartbeat"});
    client.json_where(|message| *message == ack).await;
    let heartbeat = client.json_where(|m| m["feed"] == "heartbeat").await;
    assert!(heartbeat["time"].as_u64().unwrap() > 1_600_000_000_000);
    let perpetual = client
        .json_where(|m| m["feed"] == "ticker" && m["product_id"] == "PF_XBTUSD")
        .await;
    assert_eq!(
        (&perpetual["pair"], &perpetual["tag"]),
        (&json!("XBT:USD"), &json!("perpetual"))
    );
    assert!(perpetual["relative_funding_rate"].is_number());
    assert!(perpetual["markPrice"].is_number() && perpetual["openInterest"].is_number());
    let dated = client
        .json_where(|m| m["feed"] == "ticker" && m["product_id"] == "FI_XBTUSD_261225")
        .await;
    assert!(dated.get("funding_rate").is_none());
    assert_eq!(dated["maturityTime"], 1_798_210_800_000_u64);
    sim.halt();
    let truth = sim.truth();
    let best = &truth.instrument(FUTURES, "PF_XBTUSD").unwrap().bids[0].0;
    let start = r#"{"feed":"ticker_lite","product_id":"PF_XBTUSD""#;
    loop {
        let text = client.text().await;
        if text.starts_with(start) && between(&text, "\"bid\":", ",") == best {
            assert!(!text.contains("markPrice"));
            break;
        }
    }
}

#[tokio::test]
async fn requests_the_venue_does_not_understand_are_answered_as_it_does() {
    let sim = start(FUTURES);
    let mut client = open(&sim).await;
    let subscribe = |feed: &str, symbols: Value| {
        json!({"event":"subscribe","feed":feed,"product_ids":symbols}).to_string()
    };
    let cases = [
        (
            r#"{"event":"ping"}"#.to_owned(),
            "alert",
            "Bad websocket message",
        ),
        ("ping".to_owned(), "alert", "Bad websocket message"),
        (
            subscribe("nonsense", json!(["PF_XBTUSD"])),
            "alert",
            "Couldn't subscribe to invalid feed",
        ),
        (
            subscribe("fills", json!([])),
            "alert",
            "Failed to subscribe to authenticated feed",
        ),
        (subscribe("book", json!([])), "alert", "Bad request"),
        (
            subscribe("book", json!(["pf_xbtusd"])),
            "error",
            "Invalid product id",
        ),
    ];
    for (request, event, message) in cases {
        client.send(request).await;
        assert_eq!(
            client.json().await,
            json!({"event":event,"message":message})
        );
    }
    client.send(subscribe("ticker", json!(["PF_XBTUSD"]))).await;
    let ack = json!({"event":"subscribed","feed":"ticker","product_ids":["PF_XBTUSD"]});
    assert_eq!(client.json().await, ack);
    client.send(subscribe("ticker", json!(["PF_XBTUSD"]))).await;
    let refusal = json!({"event":"subscribed_failed","feed":"ticker","product_ids":["PF_XBTUSD"]});
    client.json_where(|message| *message == refusal).await;
}

#[tokio::test]
async fn rest_lists_contracts_with_their_precision_and_the_whole_book() {
    let sim = start(FUTURES);
    sim.halt();
    let reply = get(&sim, FUTURES, "/derivatives/api/v3/instruments").await;
    assert!(reply.body.contains("\"tickSize\":1e-10"));
    let listed = reply.json();
    let row = |symbol: &str| {
        let rows = listed["instruments"].as_array().unwrap();
        rows.iter()
            .find(|row| row["symbol"] == symbol)
            .unwrap()
            .clone()
    };
    assert_eq!(row("PF_PEPEUSD")["contractValueTradePrecision"], -3);
    assert_eq!(row("PI_XBTUSD")["type"], "futures_inverse");
    assert_eq!(
        row("FF_XBTUSD_261225")["lastTradingTime"],
        "2026-12-25T15:00:00Z"
    );
    let book = get(
        &sim,
        FUTURES,
        "/derivatives/api/v3/orderbook?symbol=PF_XBTUSD",
    )
    .await;
    let truth = sim.truth();
    let bids = &truth.instrument(FUTURES, "PF_XBTUSD").unwrap().bids;
    let first = format!("\"bids\":[[{},{}]", bids[0].0, bids[0].1);
    assert!(book.body.contains(&first), "{first}");
    let tickers = get(&sim, FUTURES, "/derivatives/api/v3/tickers")
        .await
        .json();
    assert_eq!(
        tickers["tickers"].as_array().unwrap().len(),
        truth.instruments.len()
    );
    let bad = get(&sim, FUTURES, "/derivatives/api/v3/orderbook?symbol=NOPE").await;
    assert_eq!(
        (bad.status, &bad.json()["errors"][0]["code"]),
        (400, &json!(11))
    );
}
