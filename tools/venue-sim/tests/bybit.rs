//! Bybit v5 spot and linear as a client sees them.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use support::{Book, Client, config, get, start};
use venue_sim::{Fault, MarketConfig, Product, Sim, SimConfig, Target};

const SPOT: Product = Product::BybitSpot;
const LINEAR: Product = Product::BybitLinear;

fn path(product: Product) -> &'static str {
    if product == SPOT {
        "/v5/public/spot"
    } else {
        "/v5/public/linear"
    }
}

/// Books by topic, kept by the documented rule: a snapshot replaces, a delta needs `u` + 1.
#[derive(Default)]
struct Books {
    books: BTreeMap<String, (u64, Book)>,
}

impl Books {
    fn apply(&mut self, message: &Value) {
        let topic = message["topic"].as_str().unwrap();
        let data = &message["data"];
        let u = data["u"].as_u64().unwrap();
        if message["type"] == "snapshot" {
            self.books.insert(topic.to_owned(), (u, Book::default()));
        }
        let (last, book) = self
            .books
            .get_mut(topic)
            .expect("a delta before its snapshot");
        assert!(
            message["type"] == "snapshot" || u == *last + 1,
            "{topic}: {last} then {u}"
        );
        *last = u;
        book.apply(&data["b"], &data["a"]);
        let depth: usize = topic.split('.').nth(1).unwrap().parse().unwrap();
        assert_eq!(
            (book.bids.len(), book.asks.len()),
            (depth, depth),
            "{topic} at {u}"
        );
    }
}

async fn every_depth_equals_its_view(product: Product) {
    let market = MarketConfig {
        events_per_second: 300,
        ..MarketConfig::default()
    };
    let sim = Sim::start(SimConfig {
        market,
        ..config(product)
    })
    .unwrap();
    let mut client = Client::open(&sim, product, path(product)).await;
    let topics = [1, 50, 200, 1_000].map(|depth| format!("orderbook.{depth}.BTCUSDT"));
    client
        .send(json!({"op":"subscribe","args":topics,"req_id":"r1"}).to_string())
        .await;
    let ack = client.json().await;
    assert_eq!(
        (&ack["success"], &ack["req_id"]),
        (&json!(true), &json!("r1"))
    );
    let mut books = Books::default();
    for _ in 0..150 {
        books.apply(&client.json().await);
    }
    assert!(sim.halt());
    let truth = sim.truth();
    let truth = truth.instrument(product, "BTCUSDT").unwrap();
    assert_eq!(truth.views.len(), 4);
    for view in &truth.views {
        while books
            .books
            .get(&view.stream)
            .is_none_or(|(u, _)| *u < view.sequence)
        {
            books.apply(&client.json().await);
        }
        let (u, book) = &books.books[&view.stream];
        assert_eq!(
            (*u, book.bids(), book.asks()),
            (view.sequence, view.bids.clone(), view.asks.clone())
        );
        assert_eq!(
            view.bids[..],
            truth.bids[..view.bids.len()],
            "a view is the top of the book"
        );
    }
}

#[tokio::test]
async fn spot_views_of_every_depth_end_at_the_truth() {
    every_depth_equals_its_view(SPOT).await;
}

#[tokio::test]
async fn linear_views_of_every_depth_end_at_the_truth() {
    every_depth_equals_its_view(LINEAR).await;
}

#[tokio::test]
async fn trades_have_the_product_form_and_follow_the_tape() {
    for product in [SPOT, LINEAR] {
        let sim = start(product);
        let mut client = Client::open(&sim, product, path(product)).await;
        client
            .send(r#"{"op":"subscribe","args":["publicTrade.ETHUSDT"]}"#)
            .await;
        client.json_where(|m| m["op"] == "subscribe").await;
        let (mut seen, mut text) = (Vec::new(), String::new());
        while seen.len() < 30 {
            text = client.text().await;
            let message: Value = serde_json::from_str(&text).unwrap();
            seen.extend(message["data"].as_array().unwrap().clone());
        }
        let early = if product == SPOT {
            "\"ts\""
        } else {
            "\"type\""
        };
        assert_eq!(
            text.find(early),
            text.find("\"ts\"").min(text.find("\"type\""))
        );
        let truth = sim.truth();
        let tape = &truth.instrument(product, "ETHUSDT").unwrap().trades;
        let start = tape
            .iter()
            .position(|trade| seen[0]["i"] == *trade.id)
            .unwrap();
        for (trade, truth) in seen.iter().zip(&tape[start..]) {
            assert_eq!(trade["i"], *truth.id);
            assert_eq!(
                (&trade["p"], &trade["v"]),
                (&json!(truth.px), &json!(truth.qty))
            );
            assert_eq!(trade["S"], *truth.side);
            assert_eq!(trade.get("L").is_some(), product == LINEAR);
            let (length, mark) = if product == SPOT {
                (19, false)
            } else {
                (36, true)
            };
            assert_eq!((truth.id.len(), truth.id.contains('-')), (length, mark));
        }
    }
}

#[tokio::test]
async fn acknowledgements_and_pongs_differ_by_product() {
    let sim = start(SPOT);
    let mut client = Client::open(&sim, SPOT, path(SPOT)).await;
    client.send(r#"{"op":"ping"}"#).await;
    let pong = client.json().await;
    assert_eq!(
        (&pong["op"], &pong["ret_msg"]),
        (&json!("ping"), &json!("pong"))
    );
    assert!(pong.get("req_id").is_none());
    client
        .send(r#"{"op":"subscribe","args":["publicTrade.BTCUSDT"]}"#)
        .await;
    assert_eq!(client.json().await["ret_msg"], "subscribe");
    let sim = start(LINEAR);
    let mut client = Client::open(&sim, LINEAR, path(LINEAR)).await;
    client.send(r#"{"op":"ping","req_id":"7"}"#).await;
    assert_eq!(client.json().await["req_id"], "7");
    client
        .send(r#"{"op":"subscribe","args":["publicTrade.BTCUSDT"]}"#)
        .await;
    let ack = client.json().await;
    assert_eq!((&ack["ret_msg"], &ack["req_id"]), (&json!(""), &json!("")));
}

#[tokio::test]
async fn one_bad_topic_fails_the_batch_and_nothing_flows() {
    let cases = [
        (
            SPOT,
            "publicTrade.NOPEUSDT",
            "Invalid symbol :[publicTrade.NOPEUSDT]",
        ),
        (
            SPOT,
            "orderbook.500.BTCUSDT",
            "error:handler not found,topic:orderbook.500.BTCUSDT",
        ),
        (
            LINEAR,
            "orderbook.500.BTCUSDT",
            "error:handler not found,topic:orderbook.500.BTCUSDT",
        ),
    ];
    for (product, bad, text) in cases {
        let sim = start(product);
        let mut client = Client::open(&sim, product, path(product)).await;
        let args = ["orderbook.50.BTCUSDT", bad];
        client
            .send(json!({"op":"subscribe","args":args}).to_string())
            .await;
        let refusal = client.json().await;
        assert_eq!(
            (&refusal["success"], &refusal["ret_msg"]),
            (&json!(false), &json!(text))
        );
        assert!(client.silent_for(Duration::from_millis(150)).await);
    }
}

#[tokio::test]
async fn eleven_spot_topics_and_a_duplicate_are_refused() {
    let sim = start(SPOT);
    let mut client = Client::open(&sim, SPOT, path(SPOT)).await;
    let args: Vec<_> = (0..11).map(|_| "publicTrade.BTCUSDT").collect();
    client
        .send(json!({"op":"subscribe","args":args}).to_string())
        .await;
    assert_eq!(client.json().await["ret_msg"], "args size >10");
    for text in [
        "subscribe",
        "error:already subscribed,topic:kline.1.BTCUSDT",
    ] {
        client
            .send(r#"{"op":"subscribe","args":["kline.1.BTCUSDT"]}"#)
            .await;
        let reply = client.json_where(|m| m["op"] == "subscribe").await;
        assert_eq!(reply["ret_msg"], text);
    }
}

#[tokio::test]
async fn quiet_level_one_is_repeated_after_three_seconds_with_the_same_id() {
    let market = MarketConfig {
        events_per_second: 0,
        ..MarketConfig::default()
    };
    let sim = Sim::start(SimConfig {
        market,
        ..config(LINEAR)
    })
    .unwrap();
    let mut client = Client::open(&sim, LINEAR, path(LINEAR)).await;
    client
        .send(r#"{"op":"subscribe","args":["orderbook.1.BTCUSDT"]}"#)
        .await;
    client.json().await;
    let first = client.text().await;
    assert!(
        first.find("\"ts\"") < first.find("\"type\""),
        "level 1 has ts first: {first}"
    );
    let first: Value = serde_json::from_str(&first).unwrap();
    let again = client.json().await;
    assert_eq!(first["data"]["u"], again["data"]["u"]);
    let waited = again["ts"].as_u64().unwrap() - first["ts"].as_u64().unwrap();
    assert!(
        (2_950..6_000).contains(&waited),
        "repeated after {waited} ms"
    );
}

#[tokio::test]
async fn ordered_snapshot_continues_the_ids_and_restart_begins_at_one() {
    let sim = start(LINEAR);
    let mut client = Client::open(&sim, LINEAR, path(LINEAR)).await;
    client
        .send(r#"{"op":"subscribe","args":["orderbook.50.SOLUSDT"]}"#)
        .await;
    client.json().await;
    let mut last = client.json().await["data"]["u"].as_u64().unwrap();
    for restart in [false, true] {
        let target = Target::product(LINEAR).stream("orderbook.50.SOLUSDT");
        sim.inject(if restart {
            Fault::Restart { target }
        } else {
            Fault::Resnapshot { target }
        });
        loop {
            let message = client.json().await;
            let u = message["data"]["u"].as_u64().unwrap();
            if message["type"] == "snapshot" {
                assert_eq!(u, if restart { 1 } else { last + 1 });
                last = u;
                break;
            }
            assert_eq!(u, last + 1);
            last = u;
        }
        let next = client.json().await;
        assert_eq!(
            (&next["type"], next["data"]["u"].as_u64().unwrap()),
            (&json!("delta"), last + 1)
        );
        last += 1;
    }
}

#[tokio::test]
async fn linear_ticker_starts_whole_and_then_names_changed_fields_only() {
    let sim = start(LINEAR);
    let mut client = Client::open(&sim, LINEAR, path(LINEAR)).await;
    client
        .send(r#"{"op":"subscribe","args":["tickers.BTCUSDT"]}"#)
        .await;
    client.json().await;
    let mut fields = client.json().await["data"].as_object().unwrap().clone();
    assert_eq!(fields.len(), 27);
    for _ in 0..5 {
        let delta = client.json().await;
        assert_eq!(delta["type"], "delta");
        for (key, value) in delta["data"].as_object().unwrap() {
            assert!(
                key == "symbol" || fields[key] != *value,
                "{key} did not change"
            );
            fields.insert(key.clone(), value.clone());
        }
    }
}

#[tokio::test]
async fn rest_pages_linear_instruments_and_serves_book_and_trades() {
    let sim = start(LINEAR);
    tokio::time::sleep(Duration::from_millis(300)).await;
    sim.halt();
    let mut cursor = String::new();
    let mut symbols = Vec::new();
    loop {
        let target = format!("/v5/market/instruments-info?category=linear&limit=3&cursor={cursor}");
        let page = get(&sim, LINEAR, &target).await.json();
        assert_eq!(page["retCode"], 0);
        for row in page["result"]["list"].as_array().unwrap() {
            symbols.push(row["symbol"].as_str().unwrap().to_owned());
        }
        cursor = page["result"]["nextPageCursor"]
            .as_str()
            .unwrap()
            .to_owned();
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(symbols, ["BTCUSDT", "ETHUSDT", "SOLUSDT", "1000PEPEUSDT"]);
    let truth = sim.truth();
    let truth = truth.instrument(LINEAR, "BTCUSDT").unwrap();
    let target = "/v5/market/orderbook?category=linear&symbol=BTCUSDT&limit=1000";
    let result = get(&sim, LINEAR, target).await.json()["result"].clone();
    let mut book = Book::default();
    book.apply(&result["b"], &result["a"]);
    assert_eq!(book.bids(), truth.bids);
    let target = "/v5/market/recent-trade?category=linear&symbol=BTCUSDT&limit=5";
    let rows = get(&sim, LINEAR, target).await.json()["result"]["list"].clone();
    let newest: Vec<_> = truth
        .trades
        .iter()
        .rev()
        .take(5)
        .map(|t| json!(t.id))
        .collect();
    assert_eq!(
        rows.as_array()
            .unwrap()
            .iter()
            .map(|r| r["execId"].clone())
            .collect::<Vec<_>>(),
        newest
    );
    let bad = get(
        &sim,
        LINEAR,
        "/v5/market/orderbook?category=linear&symbol=NOPE",
    )
    .await;
    assert_eq!((bad.status, &bad.json()["retCode"]), (200, &json!(10_001)));
}

#[tokio::test]
async fn stale_rest_book_is_served_once() {
    let sim = start(SPOT);
    let target = "/v5/market/orderbook?category=spot&symbol=BTCUSDT&limit=1000";
    let symbol = "BTCUSDT".to_owned();
    sim.inject(Fault::StaleSnapshot {
        product: SPOT,
        symbol,
        count: 1,
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    sim.halt();
    let (stale, fresh) = (
        get(&sim, SPOT, target).await.json(),
        get(&sim, SPOT, target).await.json(),
    );
    let truth = sim.truth();
    let truth = truth.instrument(SPOT, "BTCUSDT").unwrap();
    let bids = |reply: &Value| {
        let mut book = Book::default();
        book.apply(&reply["result"]["b"], &reply["result"]["a"]);
        book.bids()
    };
    assert_eq!(bids(&fresh), truth.bids);
    assert_ne!(bids(&stale), truth.bids);
}
