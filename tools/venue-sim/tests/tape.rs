//! The tape holds what was published, before faults, in order.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use support::{Client, config, scaled};
use venue_sim::{Fault, Product, Sim, SimConfig, Target};

const SPOT: Product = Product::BinanceSpot;

/// A fresh file below the system's directory for such, removed when this is dropped.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let name = format!("venue-sim-{}-{name}.jsonl", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _absent = std::fs::remove_file(&self.0);
    }
}

fn taped(product: Product, path: &Path) -> Sim {
    let tape = Some(path.to_owned());
    Sim::start(SimConfig {
        tape,
        ..config(product)
    })
    .unwrap()
}

fn read(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn of<'a>(tape: &'a [Value], symbol: &str, channel: &str) -> Vec<&'a Value> {
    tape.iter()
        .filter(|line| line["symbol"] == symbol && line["channel"] == channel)
        .collect()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

#[test]
fn every_trade_is_on_the_tape_although_nobody_listened() {
    let scratch = Scratch::new("unheard");
    let sim = taped(SPOT, &scratch.0);
    std::thread::sleep(Duration::from_millis(300));
    assert!(sim.halt());
    let truth = sim.truth();
    let trades = &truth.instrument(SPOT, "BTCUSDT").unwrap().trades;
    let tape = read(&scratch.0);
    let lines = of(&tape, "BTCUSDT", "trade");
    assert!(!trades.is_empty() && lines.len() == trades.len());
    for (line, trade) in lines.iter().zip(trades) {
        assert_eq!(line["id"], json!(trade.id));
        assert_eq!(
            (&line["px"], &line["qty"]),
            (&json!(trade.px), &json!(trade.qty))
        );
        assert_eq!(line["side"], json!(trade.side.to_lowercase()));
        assert_eq!(number(&line["ts"]), trade.ts_ns);
        assert_eq!(
            (&line["venue"], &line["product"]),
            (&json!("binance"), &json!("spot"))
        );
    }
    let merged = of(&tape, "BTCUSDT", "agg_trade");
    let sum = |lines: &[&Value]| -> i128 {
        lines
            .iter()
            .map(|l| scaled(l["qty"].as_str().unwrap()))
            .sum()
    };
    assert!(merged.len() < lines.len());
    assert_eq!(sum(&merged), sum(&lines));
}

#[tokio::test]
async fn a_dropped_message_is_on_the_tape_and_so_is_the_drop() {
    let scratch = Scratch::new("dropped");
    let sim = taped(SPOT, &scratch.0);
    let mut client = Client::open(&sim, SPOT, "/ws/btcusdt@depth@100ms").await;
    let first = client.json().await;
    let target = Target::product(SPOT).stream("btcusdt@depth@100ms");
    sim.inject(Fault::Drop { target, count: 1 });
    let next = client.json().await;
    assert!(
        number(&next["U"]) > number(&first["u"]) + 1,
        "one is missing"
    );
    assert!(sim.halt());
    let tape = read(&scratch.0);
    let books = of(&tape, "BTCUSDT", "book");
    assert_eq!(books[0]["last"], first["u"]);
    assert_eq!(books[0]["bids"], first["b"]);
    assert_eq!(books[0]["stream"], "btcusdt@depth@100ms");
    assert_eq!(number(&books[0]["ts"]), number(&first["E"]) * 1_000_000);
    assert_eq!(number(&books[1]["first"]), number(&first["u"]) + 1);
    assert_eq!(books[2]["first"], next["U"]);
    let touch = tape.iter().find(|line| line["mark"] == "touch").unwrap();
    assert_eq!(
        (&touch["touch"], &touch["first"]),
        (&json!("dropped"), &books[1]["first"])
    );
}

#[tokio::test]
async fn connections_and_subscriptions_leave_their_marks_in_order() {
    let scratch = Scratch::new("marks");
    let sim = taped(Product::BybitSpot, &scratch.0);
    let mut client = Client::open(&sim, Product::BybitSpot, "/v5/public/spot").await;
    client
        .send(r#"{"op":"subscribe","args":["orderbook.50.BTCUSDT","orderbook.1.BTCUSDT"]}"#)
        .await;
    client
        .json_where(|message| message["topic"] == "orderbook.1.BTCUSDT")
        .await;
    client
        .send(r#"{"op":"unsubscribe","args":["orderbook.1.BTCUSDT"]}"#)
        .await;
    client
        .json_where(|message| message["op"] == "unsubscribe")
        .await;
    drop(client);
    std::thread::sleep(Duration::from_millis(50));
    sim.stop();
    let tape = read(&scratch.0);
    let marks: Vec<String> = tape
        .iter()
        .filter_map(|line| {
            let mark = line["mark"].as_str()?;
            Some(format!("{mark} {} {}", line["line"], line["stream"]))
        })
        .collect();
    let book = r#""orderbook.50.BTCUSDT""#;
    let best = r#""orderbook.1.BTCUSDT""#;
    let expected = [
        "open 1 null".to_owned(),
        format!("subscribe 1 {book}"),
        format!("subscribe 1 {best}"),
        format!("unsubscribe 1 {best}"),
        "close 1 null".to_owned(),
    ];
    assert_eq!(marks, expected);
    let snapshot = of(&tape, "BTCUSDT", "book")[0];
    assert_eq!(
        (&snapshot["kind"], &snapshot["line"]),
        (&json!("snapshot"), &json!(1))
    );
    assert_eq!(snapshot["bids"].as_array().unwrap().len(), 50);
    let best = of(&tape, "BTCUSDT", "bbo")[0];
    assert_eq!(best["bid"], snapshot["bids"][0]);
    assert_eq!(best["ask"], snapshot["asks"][0]);
}

#[tokio::test]
async fn kraken_numbers_keep_their_wire_digits_and_stamps_become_nanoseconds() {
    let kraken = Product::KrakenSpot;
    let scratch = Scratch::new("kraken");
    let sim = taped(kraken, &scratch.0);
    let mut client = Client::open(&sim, kraken, "/v2").await;
    for channel in [
        r#""book","depth":10"#,
        r#""ticker","event_trigger":"bbo""#,
        r#""instrument""#,
    ] {
        let request = r#"{"method":"subscribe","params":{"symbol":["BTC/USD"],"channel":"#;
        client.send(format!("{request}{channel}}}}}")).await;
    }
    let update = loop {
        let text = client.text().await;
        if text.contains(r#""channel":"book","type":"update""#) {
            break text;
        }
    };
    assert!(sim.halt());
    let tape = read(&scratch.0);
    let books = of(&tape, "BTC/USD", "book");
    let parsed: Value = serde_json::from_str(&update).unwrap();
    let line = books.iter().find(|line| line["kind"] == "delta").unwrap();
    assert_eq!(line["checksum"], parsed["data"][0]["checksum"]);
    for level in line["bids"]
        .as_array()
        .unwrap()
        .iter()
        .chain(line["asks"].as_array().unwrap())
    {
        let wire = format!(
            r#""price":{},"qty":{}"#,
            level[0].as_str().unwrap(),
            level[1].as_str().unwrap()
        );
        assert!(update.contains(&wire), "{wire} is not in {update}");
    }
    let micros = number(&line["ts"]) / 1_000;
    assert!(
        update.contains(&format!(".{:06}Z", micros % 1_000_000)),
        "{update}"
    );
    let quote = of(&tape, "BTC/USD", "bbo")[0];
    assert!(quote["bid"][0].as_str().unwrap().contains('.'), "{quote}");
    let other = of(&tape, "", "instrument")[0];
    assert!(other["payload"]["data"]["pairs"].is_array());
}

#[test]
fn a_file_that_cannot_be_created_is_named() {
    let tape = Some("/nonexistent/tape.jsonl".into());
    let error = Sim::start(SimConfig {
        tape,
        ..config(SPOT)
    })
    .unwrap_err();
    assert!(
        error.to_string().contains("/nonexistent/tape.jsonl"),
        "{error}"
    );
}
