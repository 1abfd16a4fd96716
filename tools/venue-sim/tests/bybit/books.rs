//! Order books: every depth, RPI, whole.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use venue_sim::{Fault, MarketConfig, Product, Sim, SimConfig, Target, ViewTruth};

use super::support::{Book, Client, config, get, start};
use super::{ALL, INVERSE, LINEAR, OPTION, SPOT, category, path, subscriber, symbol};

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

    fn reached(&self, view: &ViewTruth) -> bool {
        let book = self.books.get(&view.stream);
        book.is_some_and(|(u, _)| *u >= view.sequence)
    }
}

/// A market whose books fill every view.
fn deep(product: Product) -> Sim {
    let market = MarketConfig {
        events_per_second: 300,
        ..MarketConfig::default()
    };
    Sim::start(SimConfig {
        market,
        ..config(product)
    })
    .unwrap()
}

async fn every_depth_equals_its_view(product: Product, depths: &[usize]) {
    let sim = deep(product);
    let symbol = symbol(product);
    let topics: Vec<String> = depths
        .iter()
        .map(|depth| format!("orderbook.{depth}.{symbol}"))
        .collect();
    let mut client = subscriber(&sim, product, &topics).await;
    let mut books = Books::default();
    for _ in 0..150 {
        books.apply(&client.json().await);
    }
    assert!(sim.halt());
    let truth = sim.truth();
    let truth = truth.instrument(product, symbol).unwrap();
    assert_eq!(truth.views.len(), depths.len());
    for view in &truth.views {
        while !books.reached(view) {
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
    every_depth_equals_its_view(SPOT, &[1, 50, 200, 1_000]).await;
}

#[tokio::test]
async fn linear_views_of_every_depth_end_at_the_truth() {
    every_depth_equals_its_view(LINEAR, &[1, 50, 200, 1_000]).await;
}

#[tokio::test]
async fn inverse_views_of_every_depth_end_at_the_truth() {
    every_depth_equals_its_view(INVERSE, &[1, 50, 200, 1_000]).await;
}

#[tokio::test]
async fn option_views_of_every_depth_end_at_the_truth() {
    every_depth_equals_its_view(OPTION, &[25, 100]).await;
}

#[tokio::test]
async fn keys_stand_in_the_order_of_product_and_depth() {
    for (product, depth, stamp_first) in [
        (SPOT, "1", true),
        (SPOT, "50", true),
        (SPOT, "rpi", true),
        (LINEAR, "1", true),
        (LINEAR, "50", false),
        (LINEAR, "rpi", true),
        (INVERSE, "200", false),
    ] {
        let sim = start(product);
        let topic = format!("orderbook.{depth}.{}", symbol(product));
        let mut client = subscriber(&sim, product, &[&topic]).await;
        let message = client.text().await;
        let first = message.find("\"ts\"") < message.find("\"type\"");
        assert_eq!(first, stamp_first, "{topic} of {}", product.name());
        let tail = message.rsplit("},").next().unwrap();
        assert!(
            tail.starts_with("\"cts\":"),
            "cts stands after data: {tail}"
        );
    }
}

#[tokio::test]
async fn cross_sequence_orders_trades_and_books_of_the_whole_product() {
    for product in ALL {
        let sim = start(product);
        let symbols = match product {
            Product::BybitInverse => ["BTCUSD", "ETHUSD"],
            Product::BybitOption => ["BTC-29MAR30-40000-C-USDT", "ETH-29MAR30-1000-C-USDT"],
            _ => ["BTCUSDT", "ETHUSDT"],
        };
        let depth = if product == OPTION { 25 } else { 50 };
        let mut topics: Vec<String> = symbols.map(|s| format!("orderbook.{depth}.{s}")).to_vec();
        topics.extend(match product {
            Product::BybitOption => ["BTC", "ETH"].map(|base| format!("publicTrade.{base}")),
            _ => symbols.map(|symbol| format!("publicTrade.{symbol}")),
        });
        let mut client = subscriber(&sim, product, &topics).await;
        let (mut last_trade, mut books) = (0, BTreeMap::new());
        let mut seen = 0;
        while seen < 60 {
            let message = client.json().await;
            if let Some(trades) = message["data"].as_array() {
                for trade in trades {
                    let seq = trade["seq"].as_u64().unwrap();
                    assert!(seq >= last_trade, "trades come as they are matched");
                    last_trade = seq;
                }
                seen += 1;
                continue;
            }
            let (seq, cts) = (message["data"]["seq"].as_u64().unwrap(), &message["cts"]);
            let topic = message["topic"].as_str().unwrap().to_owned();
            assert!(cts.as_u64().unwrap() <= message["ts"].as_u64().unwrap());
            let before = books.insert(topic, seq);
            assert!(
                before.is_none_or(|before| before < seq),
                "{before:?} then {seq}"
            );
        }
        assert_eq!(books.len(), 2);
    }
}

/// RPI levels by price text: quantity of ordinary and of RPI orders.
#[derive(Default)]
struct RpiSide(BTreeMap<i128, (String, String, String)>);

impl RpiSide {
    fn apply(&mut self, levels: &Value) {
        for level in levels.as_array().unwrap() {
            let [px, qty, rpi] = [0, 1, 2].map(|at| level[at].as_str().unwrap().to_owned());
            let key = super::support::scaled(&px);
            if qty == "0" && rpi == "0" {
                assert!(self.0.remove(&key).is_some(), "{px} was not there");
            } else {
                self.0.insert(key, (px, qty, rpi));
            }
        }
        assert!(self.0.len() <= 50);
    }
}

/// Takes in a message of `orderbook.rpi`.
fn read(sides: &mut [RpiSide; 2], last: &mut u64, message: &Value) {
    let data = &message["data"];
    let u = data["u"].as_u64().unwrap();
    let snapshot = message["type"] == "snapshot";
    assert!(if snapshot { *last == 0 } else { u == *last + 1 });
    *last = u;
    sides[0].apply(&data["b"]);
    sides[1].apply(&data["a"]);
}

#[tokio::test]
async fn rpi_books_hold_both_quantities_and_end_at_the_truth() {
    for product in [SPOT, LINEAR, INVERSE] {
        let sim = deep(product);
        let topic = format!("orderbook.rpi.{}", symbol(product));
        let mut client = subscriber(&sim, product, &[topic]).await;
        let (mut sides, mut last) = (<[RpiSide; 2]>::default(), 0);
        for _ in 0..10 {
            read(&mut sides, &mut last, &client.json().await);
        }
        assert!(sim.halt());
        let truth = sim.truth();
        let truth = truth.instrument(product, symbol(product)).unwrap();
        let view = &truth.views[0];
        while last < view.sequence {
            read(&mut sides, &mut last, &client.json().await);
        }
        let [bids, _] = sides;
        let own: Vec<_> = bids.0.values().rev().cloned().collect();
        let rpi = view.rpi_bids.iter().map(|level| level.1.clone());
        let expected = view.bids.iter().cloned().zip(rpi);
        let expected: Vec<_> = expected.map(|((px, qty), rpi)| (px, qty, rpi)).collect();
        assert_eq!(own, expected);
        assert!(
            own.iter().any(|level| level.1 == "0"),
            "a level of RPI orders alone"
        );
        assert!(own.iter().any(|level| level.1 != "0" && level.2 != "0"));
        let ordinary = own.iter().filter(|level| level.1 != "0");
        let ordinary: Vec<_> = ordinary.map(|l| (l.0.clone(), l.1.clone())).collect();
        assert_eq!(
            ordinary[..],
            truth.bids[..ordinary.len()],
            "the other topics' book"
        );
        let target = format!(
            "/v5/market/rpi_orderbook?category={}&symbol={}&limit=5",
            category(product),
            symbol(product)
        );
        let rest = get(&sim, product, &target).await.json()["result"].clone();
        assert_eq!(rest["u"], json!(view.sequence));
        let row = |level: &(String, String, String)| json!([level.0, level.1, level.2]);
        assert_eq!(
            rest["b"],
            Value::from(own.iter().take(5).map(row).collect::<Vec<_>>())
        );
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
    let mut client = Client::open(&sim, LINEAR, &path(LINEAR)).await;
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
    let mut client = Client::open(&sim, LINEAR, &path(LINEAR)).await;
    client
        .send(r#"{"op":"subscribe","args":["orderbook.50.SOLUSDT"]}"#)
        .await;
    client.json().await;
    let mut last = client.json().await["data"]["u"].as_u64().unwrap();
    let target = Target::product(LINEAR).stream("orderbook.50.SOLUSDT");
    let reset = Fault::SequenceReset {
        product: LINEAR,
        symbol: "SOLUSDT".to_owned(),
    };
    for (fault, restart) in [
        (
            Fault::Resnapshot {
                target: target.clone(),
            },
            false,
        ),
        (Fault::Restart { target }, true),
        (reset, true),
    ] {
        sim.inject(fault);
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
