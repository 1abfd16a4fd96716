//! Kraken Spot v2 as a client sees it. Numbers are taken from the text, never parsed as floats.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use support::{Book, Client, between, config, crc32, get, start, strip};
use venue_sim::{Fault, Limits, MarketConfig, Mutation, Product, Sim, SimConfig, Target};

const KRAKEN: Product = Product::KrakenSpot;

/// Price and quantity lexemes of one side.
fn levels(text: &str, side: &str) -> Vec<(String, String)> {
    let list = between(text, &format!("\"{side}\":["), "]");
    let level = |level: &str| {
        let px = between(level, "\"price\":", ",");
        let qty = level.split_once("\"qty\":").unwrap().1;
        (px.to_owned(), qty.trim_end_matches('}').to_owned())
    };
    list.split("},")
        .filter(|level| !level.is_empty())
        .map(level)
        .collect()
}

/// The documented text: asks up, bids down, ten each, no points, no leading zeros.
fn checksum(book: &Book) -> u32 {
    let (bids, asks) = (book.bids(), book.asks());
    let top = asks.iter().take(10).chain(bids.iter().take(10));
    crc32(
        &top.map(|(px, qty)| strip(px) + &strip(qty))
            .collect::<String>(),
    )
}

/// Books by (symbol, depth): apply, truncate, check, as the venue prescribes.
#[derive(Default)]
struct Books {
    books: BTreeMap<String, Book>,
    checked: u64,
}

impl Books {
    /// Returns whether the checksum held.
    fn apply(&mut self, text: &str, depth: usize) -> bool {
        let symbol = between(text, "\"symbol\":\"", "\"").to_owned();
        if text.contains("\"type\":\"snapshot\"") {
            self.books.insert(symbol.clone(), Book::default());
        }
        let book = self
            .books
            .get_mut(&symbol)
            .expect("an update before its snapshot");
        for (side, bid) in [("bids", true), ("asks", false)] {
            for (px, qty) in levels(text, side) {
                book.set(bid, &px, &qty);
            }
        }
        book.truncate(depth);
        self.checked += 1;
        between(text, "\"checksum\":", ",") == checksum(book).to_string()
    }
}

async fn subscribe_book(client: &mut Client, symbols: &[&str], depth: usize) {
    let params = json!({"channel":"book","symbol":symbols,"depth":depth});
    client
        .send(json!({"method":"subscribe","params":params,"req_id":depth}).to_string())
        .await;
}

#[test]
fn test_side_checksum_reproduces_the_documented_vector() {
    let asks = "45285.2 0.00100000 45286.4 1.54571953 45286.6 1.54571109 45289.6 1.54560911 \
        45290.2 0.15890660 45291.8 1.54553491 45294.7 0.04454749 45296.1 0.35380000 \
        45297.5 0.09945542 45299.5 0.18772827";
    let bids = "45283.5 0.10000000 45283.4 1.54582015 45282.1 0.10000000 45281.0 0.10000000 \
        45280.3 1.54592586 45279.0 0.07990000 45277.6 0.03310103 45277.5 0.30000000 \
        45277.3 1.54602737 45276.6 0.15445238";
    let mut book = Book::default();
    for (texts, bid) in [(bids, true), (asks, false)] {
        let words: Vec<_> = texts.split_whitespace().collect();
        words
            .chunks(2)
            .for_each(|level| book.set(bid, level[0], level[1]));
    }
    assert_eq!(checksum(&book), 3_310_070_434);
}

#[tokio::test]
async fn every_checksum_holds_and_books_of_every_depth_end_at_their_view() {
    let market = MarketConfig {
        events_per_second: 150,
        ..MarketConfig::default()
    };
    for depth in [10, 25, 100, 500, 1_000] {
        let sim = Sim::start(SimConfig {
            market: market.clone(),
            ..config(KRAKEN)
        })
        .unwrap();
        let mut client = Client::open(&sim, KRAKEN, "/v2").await;
        subscribe_book(&mut client, &["BTC/USD", "DOGE/USD"], depth).await;
        let mut books = Books::default();
        let mut halted = false;
        let done = |books: &Books, sim: &Sim| {
            sim.truth()
                .instruments
                .iter()
                .filter(|truth| !truth.views.is_empty())
                .all(|truth| {
                    let book = books.books.get(&truth.symbol).cloned().unwrap_or_default();
                    let view = &truth.views[0];
                    (book.bids(), book.asks()) == (view.bids.clone(), view.asks.clone())
                        && view.checksum == checksum(&book)
                        && view.bids[..] == truth.bids[..view.bids.len()]
                })
        };
        while !halted || !done(&books, &sim) {
            let text = client.text().await;
            if text.starts_with(r#"{"channel":"book""#) {
                assert!(
                    books.apply(&text, depth),
                    "depth {depth}, message {}",
                    books.checked
                );
            }
            if books.checked == 200 {
                halted = sim.halt();
            }
        }
        let truth = sim.truth();
        assert_eq!(
            truth.instrument(KRAKEN, "BTC/USD").unwrap().views[0]
                .bids
                .len(),
            depth
        );
        assert_eq!(truth.instrument(KRAKEN, "ETH/USD").unwrap().views.len(), 0);
    }
}

#[tokio::test]
async fn wrong_checksum_comes_exactly_as_often_as_ordered() {
    let sim = start(KRAKEN);
    let mut client = Client::open(&sim, KRAKEN, "/v2").await;
    subscribe_book(&mut client, &["ETH/USD"], 10).await;
    let (mut books, mut wrong) = (Books::default(), 0);
    while books.checked < 200 {
        let text = client.text().await;
        if text.starts_with(r#"{"channel":"book""#) {
            wrong += u32::from(!books.apply(&text, 10));
        }
        if books.checked == 50 {
            let target = Target::product(KRAKEN).stream("ETH/USD");
            sim.inject(Fault::WrongChecksum { target, count: 3 });
            books.checked += 1;
        }
    }
    assert_eq!(wrong, 3);
    assert_eq!(sim.truth().faults.len(), 3);
}

#[tokio::test]
async fn odd_messages_say_the_same_book() {
    let sim = start(KRAKEN);
    let mut client = Client::open(&sim, KRAKEN, "/v2").await;
    subscribe_book(&mut client, &["BTC/USD"], 25).await;
    let (mut books, mut odd) = (Books::default(), BTreeMap::new());
    let kinds = [
        ("price\":41", Mutation::UnknownDelete),
        ("\"qty\":0.0}", Mutation::ShortZero),
        ("000Z\"", Mutation::LongStamp),
        ("", Mutation::RepeatedPrice),
    ];
    let mut halted = false;
    while !halted
        || sim.truth().instrument(KRAKEN, "BTC/USD").unwrap().views[0].bids
            != books.books["BTC/USD"].bids()
    {
        let text = client.text().await;
        if !text.starts_with(r#"{"channel":"book""#) {
            continue;
        }
        assert!(books.apply(&text, 25), "{text}");
        for (sign, mutation) in &kinds {
            *odd.entry(*sign).or_insert(0) += u32::from(text.contains(sign));
            if books.checked == 20 {
                sim.inject(Fault::Mutate {
                    target: Target::product(KRAKEN).stream("book"),
                    mutation: mutation.clone(),
                    count: 5,
                    seed: 1,
                });
            }
        }
        if books.checked == 300 {
            halted = sim.halt();
        }
    }
    assert!(kinds.iter().all(|(sign, _)| odd[sign] >= 5), "{odd:?}");
    assert_eq!(sim.truth().faults.len(), 20);
}

#[tokio::test]
async fn status_comes_first_and_every_symbol_is_answered_for_itself() {
    let sim = start(KRAKEN);
    let mut client = Client::open(&sim, KRAKEN, "/v2").await;
    let status = client.json().await;
    assert_eq!(
        (&status["channel"], &status["data"][0]["system"]),
        (&json!("status"), &json!("online"))
    );
    assert!(status["data"][0]["connection_id"].as_u64().unwrap() > i64::MAX as u64);
    subscribe_book(&mut client, &["XBT/USD", "BTC/USD"], 25).await;
    let refusal = client.json_where(|m| m["success"] == false).await;
    assert_eq!(refusal["error"], "Currency pair not supported XBT/USD");
    assert_eq!(
        (&refusal["symbol"], &refusal["req_id"]),
        (&json!("XBT/USD"), &json!(25))
    );
    let ack = client.json_where(|m| m["success"] == true).await;
    let result = json!({"channel":"book","depth":25,"snapshot":true,"symbol":"BTC/USD"});
    assert_eq!(ack["result"], result);
    assert!(ack["time_in"].as_str().unwrap() <= ack["time_out"].as_str().unwrap());
    subscribe_book(&mut client, &["BTC/USD"], 25).await;
    let refusal = client.json_where(|m| m["success"] == false).await;
    assert_eq!(refusal["error"], "Already subscribed");
    subscribe_book(&mut client, &["BTC/USD"], 11).await;
    let refusal = client.json_where(|m| m["success"] == false).await;
    assert_eq!(refusal["error"], "Subscription depth not supported");
    client.send(r#"{"method":"ping","req_id":42}"#).await;
    let pong = client.json_where(|m| m["method"] == "pong").await;
    assert_eq!(pong["req_id"], 42);
    let params = json!({"channel":"book","symbol":["BTC/USD"],"depth":25});
    client
        .send(json!({"method":"unsubscribe","params":params}).to_string())
        .await;
    let ack = client.json_where(|m| m["method"] == "unsubscribe").await;
    assert_eq!(ack["success"], true);
}

#[tokio::test]
async fn trades_and_tickers_print_the_tape_at_full_precision() {
    let sim = start(KRAKEN);
    let mut client = Client::open(&sim, KRAKEN, "/v2").await;
    let trade = json!({"channel":"trade","symbol":["SOL/USD"],"snapshot":true});
    client
        .send(json!({"method":"subscribe","params":trade}).to_string())
        .await;
    let ticker = json!({"channel":"ticker","symbol":["SOL/USD"],"event_trigger":"bbo"});
    client
        .send(json!({"method":"subscribe","params":ticker}).to_string())
        .await;
    let (mut ids, mut quotes) = (Vec::new(), 0);
    while ids.len() < 20 || quotes < 20 {
        let text = client.text().await;
        if text.starts_with(r#"{"channel":"ticker""#) {
            let bid = between(&text, "\"bid\":", ",");
            assert_eq!(bid.split_once('.').unwrap().1.len(), 2, "{text}");
            quotes += 1;
        }
        if text.starts_with(r#"{"channel":"trade","type":"update""#) {
            let truth = sim.truth();
            let tape = &truth.instrument(KRAKEN, "SOL/USD").unwrap().trades;
            for row in text.split("{\"symbol\"").skip(1) {
                let id = between(row, "\"trade_id\":", ",");
                let truth = tape.iter().find(|trade| trade.id == id).unwrap();
                assert_eq!(between(row, "\"price\":", ","), truth.px);
                assert_eq!(between(row, "\"qty\":", ","), truth.qty);
                assert_eq!(between(row, "\"side\":\"", "\""), truth.side);
                ids.push(truth.number);
            }
        }
    }
    assert!(ids.windows(2).all(|pair| pair[1] == pair[0] + 1), "{ids:?}");
}

#[tokio::test]
async fn instrument_snapshot_states_the_precision_of_every_pair() {
    let sim = start(KRAKEN);
    let mut client = Client::open(&sim, KRAKEN, "/v2").await;
    client
        .send(r#"{"method":"subscribe","params":{"channel":"instrument"}}"#)
        .await;
    let text = loop {
        let text = client.text().await;
        if text.starts_with(r#"{"channel":"instrument""#) {
            break text;
        }
    };
    assert!(text.contains("\"qty_increment\":1e-08") && text.contains("\"price_increment\":0.1"));
    let message: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(message["data"]["pairs"][3]["symbol"], "DOGE/USD");
    assert_eq!(message["data"]["pairs"][3]["price_precision"], 7);
}

#[tokio::test]
async fn idle_subscription_gets_heartbeats_and_a_silent_client_is_closed() {
    let limits = Limits {
        idle_timeout: Some(Duration::from_millis(1_500)),
        ..Limits::default()
    };
    let market = MarketConfig {
        events_per_second: 0,
        ..MarketConfig::default()
    };
    let sim = Sim::start(SimConfig {
        limits,
        market,
        ..config(KRAKEN)
    })
    .unwrap();
    let mut client = Client::open(&sim, KRAKEN, "/v2").await;
    subscribe_book(&mut client, &["BTC/USD"], 10).await;
    client.json_where(|m| m["channel"] == "book").await;
    assert_eq!(client.json().await, json!({"channel":"heartbeat"}));
    assert_eq!(
        client.end().await.unwrap().unwrap(),
        (1008, "Inactive".to_owned())
    );
}

#[tokio::test]
async fn rest_trades_page_by_the_ns_cursor_without_loss() {
    let sim = start(KRAKEN);
    tokio::time::sleep(Duration::from_millis(700)).await;
    sim.halt();
    let (mut since, mut ids) = ("0".to_owned(), Vec::new());
    loop {
        let target = format!("/0/public/Trades?pair=XBTUSD&count=7&since={since}");
        let result = get(&sim, KRAKEN, &target).await.json()["result"].clone();
        let rows = result["XXBTZUSD"].as_array().unwrap().clone();
        if rows.is_empty() {
            break;
        }
        ids.extend(rows.iter().map(|row| row[6].to_string()));
        since = result["last"].as_str().unwrap().to_owned();
    }
    let truth = sim.truth();
    let tape = &truth.instrument(KRAKEN, "BTC/USD").unwrap().trades;
    assert!(tape.len() > 7);
    assert_eq!(
        ids,
        tape.iter()
            .map(|trade| trade.id.clone())
            .collect::<Vec<_>>()
    );
    let pairs = get(&sim, KRAKEN, "/0/public/AssetPairs?pair=XDGUSD")
        .await
        .json();
    assert_eq!(pairs["result"]["XDGUSD"]["wsname"], "XDG/USD");
    let bad = get(&sim, KRAKEN, "/0/public/Trades?pair=NOPE").await;
    assert_eq!(
        (bad.status, &bad.json()["error"][0]),
        (200, &json!("EQuery:Unknown asset pair"))
    );
}
