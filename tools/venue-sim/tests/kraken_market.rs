//! Kraken's candles, reference data, REST history and limits.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::{Client, between, config, get, scaled, start};
use tokio_tungstenite::tungstenite::Error;
use venue_sim::{
    Fault, InstrumentConfig, Limits, Product, ReferenceChange, Sim, SimConfig, TradeTruth,
};

const KRAKEN: Product = Product::KrakenSpot;

async fn subscribe(client: &mut Client, params: Value) {
    client
        .send(json!({"method":"subscribe","params":params}).to_string())
        .await;
}

fn change(sim: &Sim, change: ReferenceChange) {
    sim.inject(Fault::Reference {
        product: KRAKEN,
        change,
    });
}

fn tape(sim: &Sim, symbol: &str) -> Vec<TradeTruth> {
    sim.truth()
        .instrument(KRAKEN, symbol)
        .unwrap()
        .trades
        .clone()
}

/// Sum of the quantities, in units of 10^-12.
fn volume(trades: &[TradeTruth]) -> i128 {
    trades.iter().map(|trade| scaled(&trade.qty)).sum()
}

#[tokio::test]
async fn candles_follow_the_tape_trade_by_trade() {
    let sim = start(KRAKEN);
    let mut client = Client::open(&sim, KRAKEN, "/v2").await;
    // Fifteen days: the whole run lies in one interval, whenever it happens, save once a fortnight.
    let params = json!({"channel":"ohlc","symbol":["BTC/USD"],"interval":21600});
    subscribe(&mut client, params).await;
    let ack = client.json_where(|m| m["method"] == "subscribe").await;
    assert_eq!(ack["result"]["interval"], 21_600);
    assert_eq!(
        ack["result"]["warnings"],
        json!(["timestamp is deprecated, use interval_begin"])
    );
    let mut updates = 0;
    while updates < 30 {
        let text = client.text().await;
        if !text.starts_with(r#"{"channel":"ohlc","type":"update""#) {
            continue;
        }
        updates += 1;
        let count: usize = between(&text, "\"trades\":", ",").parse().unwrap();
        let trades = &tape(&sim, "BTC/USD")[..count];
        let prices = || trades.iter().map(|trade| scaled(&trade.px));
        let field = |name: &str| scaled(between(&text, &format!("\"{name}\":"), ","));
        assert_eq!(field("volume"), volume(trades));
        assert_eq!(field("open"), prices().next().unwrap());
        assert_eq!(field("close"), prices().next_back().unwrap());
        assert_eq!(field("high"), prices().max().unwrap());
        assert_eq!(field("low"), prices().min().unwrap());
        let begin = between(&text, "\"interval_begin\":\"", "\"");
        assert!(begin.ends_with("T00:00:00.000000000Z"), "{begin}");
        let stamp = between(&text, "\"timestamp\":\"", "Z");
        assert_eq!(stamp.split_once('.').unwrap().1.len(), 9, "{stamp}");
    }
    let params = json!({"channel":"ohlc","symbol":["BTC/USD"],"interval":2});
    subscribe(&mut client, params).await;
    let refusal = client.json_where(|m| m["success"] == false).await;
    assert_eq!(refusal["error"], "Subscription ohlc interval not supported");
}

#[tokio::test]
async fn candles_of_every_interval_begin_with_a_snapshot_of_what_was_traded() {
    let sim = start(KRAKEN);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut client = Client::open(&sim, KRAKEN, "/v2").await;
    for interval in [1, 5, 15, 30, 60, 240, 1_440, 10_080, 21_600] {
        let params = json!({"channel":"ohlc","symbol":["SOL/USD"],"interval":interval});
        subscribe(&mut client, params).await;
        let snapshot = client
            .json_where(|m| m["channel"] == "ohlc" && m["type"] == "snapshot")
            .await;
        let last = snapshot["data"].as_array().unwrap().last().unwrap();
        assert_eq!(last["interval"], interval);
        assert!(last["trades"].as_u64().unwrap() > 0);
    }
}

#[tokio::test]
async fn trade_snapshot_holds_the_newest_fifty_and_the_updates_go_on_from_there() {
    let sim = start(KRAKEN);
    tokio::time::sleep(Duration::from_millis(900)).await;
    let mut client = Client::open(&sim, KRAKEN, "/v2").await;
    let params = json!({"channel":"trade","symbol":["BTC/USD"],"snapshot":true});
    subscribe(&mut client, params).await;
    let ids = |message: &Value| -> Vec<u64> {
        let rows = message["data"].as_array().unwrap().iter();
        rows.map(|row| row["trade_id"].as_u64().unwrap()).collect()
    };
    let snapshot = client.json_where(|m| m["channel"] == "trade").await;
    assert_eq!(snapshot["type"], "snapshot");
    let mut seen = ids(&snapshot);
    assert_eq!(seen.len(), 50);
    let update = client.json_where(|m| m["channel"] == "trade").await;
    assert_eq!(update["type"], "update");
    seen.extend(ids(&update));
    assert!(
        seen.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{seen:?}"
    );
}

#[tokio::test]
async fn reference_data_changes_are_told_one_pair_at_a_time() {
    let sim = start(KRAKEN);
    let mut client = Client::open(&sim, KRAKEN, "/v2").await;
    subscribe(&mut client, json!({"channel":"instrument"})).await;
    let mut texts = Vec::new();
    let mut next = async || {
        loop {
            let text = client.text().await;
            if text.starts_with(r#"{"channel":"instrument""#) {
                let message: Value = serde_json::from_str(&text).unwrap();
                texts.push(text);
                break (message["type"].clone(), message["data"].clone());
            }
        }
    };
    assert_eq!(next().await.0, "snapshot");
    let symbol = || "ETH/USD".to_owned();
    change(
        &sim,
        ReferenceChange::Tick {
            symbol: symbol(),
            tick: 5,
        },
    );
    let (kind, data) = next().await;
    assert_eq!((&kind, &data["assets"]), (&json!("update"), &json!([])));
    assert_eq!(data["pairs"].as_array().unwrap().len(), 1);
    change(&sim, ReferenceChange::Halt { symbol: symbol() });
    assert_eq!(next().await.1["pairs"][0]["status"], "cancel_only");
    let listed = InstrumentConfig {
        symbol: "PEPE/USD".into(),
        base: "PEPE".into(),
        quote: "USD".into(),
        px_digits: 9,
        tick: 1,
        px_start: 10_025,
        qty_digits: 5,
        lot: 1,
    };
    change(&sim, ReferenceChange::List(listed));
    let data = next().await.1;
    assert_eq!(
        (
            &data["assets"][0]["id"],
            data["assets"].as_array().unwrap().len()
        ),
        (&json!("PEPE"), 1)
    );
    assert_eq!(data["pairs"][0]["symbol"], "PEPE/USD");
    change(&sim, ReferenceChange::Delist { symbol: symbol() });
    assert_eq!(next().await.1["pairs"][0]["status"], "delisted");
    assert_eq!(between(&texts[1], "\"price_increment\":", ","), "0.05");
    let pairs = get(&sim, KRAKEN, "/0/public/AssetPairs").await.json();
    assert!(pairs["result"].get("XETHZUSD").is_none());
    assert_eq!(pairs["result"]["PEPEUSD"]["wsname"], "PEPE/USD");
    let params = json!({"channel":"trade","symbol":["PEPE/USD","ETH/USD"]});
    subscribe(&mut client, params).await;
    let refusal = client.json_where(|m| m["success"] == false).await;
    assert_eq!(refusal["symbol"], "ETH/USD");
    let trade = client.json_where(|m| m["channel"] == "trade").await;
    assert_eq!(trade["data"][0]["symbol"], "PEPE/USD");
}

#[tokio::test]
async fn rest_ticker_and_candles_agree_with_the_tape() {
    let sim = start(KRAKEN);
    tokio::time::sleep(Duration::from_millis(500)).await;
    sim.halt();
    let trades = tape(&sim, "BTC/USD");
    let reply = get(&sim, KRAKEN, "/0/public/Ticker?pair=XBTUSD")
        .await
        .json();
    let row = &reply["result"]["XXBTZUSD"];
    assert_eq!(row["t"][1], trades.len());
    assert_eq!(scaled(row["v"][1].as_str().unwrap()), volume(&trades));
    let last = trades.last().unwrap();
    assert_eq!(row["c"][0], format!("{}0000", last.px));
    assert_eq!(row["c"][1], last.qty);
    let truth = sim.truth();
    let best = &truth.instrument(KRAKEN, "BTC/USD").unwrap().asks[0];
    assert_eq!(
        (&row["a"][0], &row["a"][2]),
        (&json!(format!("{}0000", best.0)), &json!(best.1))
    );
    let all = get(&sim, KRAKEN, "/0/public/Ticker").await.json();
    assert_eq!(
        all["result"].as_object().unwrap().len(),
        truth.instruments.len()
    );
    let two = get(&sim, KRAKEN, "/0/public/Ticker?pair=XBTUSD,SOLUSD")
        .await
        .json();
    assert_eq!(two["result"].as_object().unwrap().len(), 2);
    let target = "/0/public/OHLC?pair=BTC/USD&interval=21600";
    let candles = get(&sim, KRAKEN, target).await.json();
    let rows = candles["result"]["BTC/USD"].as_array().unwrap();
    let newest = rows.last().unwrap();
    assert_eq!(newest[7], trades.len());
    assert_eq!(scaled(newest[6].as_str().unwrap()), volume(&trades));
    let start = newest[0].as_u64().unwrap();
    assert_eq!(candles["result"]["last"], start - 21_600 * 60);
    let bad = get(&sim, KRAKEN, "/0/public/OHLC?pair=XBTUSD&interval=7").await;
    assert_eq!(
        (bad.status, &bad.json()["error"][0]),
        (200, &json!("EGeneral:Invalid arguments"))
    );
}

#[tokio::test]
async fn rest_trades_begin_after_the_nanosecond_asked_for() {
    let sim = start(KRAKEN);
    tokio::time::sleep(Duration::from_millis(400)).await;
    sim.halt();
    let trades = tape(&sim, "ETH/USD");
    let middle = &trades[trades.len() / 2];
    for (since, first) in [
        (middle.ts_ns, middle.number + 1),
        (middle.ts_ns - 1, middle.number),
    ] {
        let target = format!("/0/public/Trades?pair=ETHUSD&since={since}&count=2");
        let result = get(&sim, KRAKEN, &target).await.json()["result"].clone();
        let rows = result["XETHZUSD"].as_array().unwrap();
        assert_eq!(rows[0][6], first);
        assert_eq!(rows.len(), 2);
        let last = trades
            .iter()
            .find(|trade| trade.number == first + 1)
            .unwrap();
        assert_eq!(result["last"], last.ts_ns.to_string());
    }
}

fn limited(limits: Limits) -> Sim {
    Sim::start(SimConfig {
        limits,
        ..config(KRAKEN)
    })
    .unwrap()
}

#[tokio::test]
async fn attempt_to_connect_beyond_the_limit_is_refused_with_429() {
    let sim = limited(Limits {
        connects_per_ten_minutes: Some(3),
        ..Limits::default()
    });
    for _ in 0..3 {
        Client::open(&sim, KRAKEN, "/v2").await;
    }
    for _ in 0..2 {
        match Client::try_open(&sim, KRAKEN, "/v2").await.err() {
            Some(Error::Http(reply)) => assert_eq!(reply.status(), 429),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(sim.truth().lines.len(), 3);
}

#[tokio::test]
async fn requests_beyond_the_rate_are_answered_with_the_venues_error_and_not_carried_out() {
    let sim = limited(Limits {
        requests_per_second: Some(3),
        ..Limits::default()
    });
    let mut client = Client::open(&sim, KRAKEN, "/v2").await;
    for id in 0..5 {
        client
            .send(json!({"method":"ping","req_id":id}).to_string())
            .await;
    }
    client.json_where(|m| m["req_id"] == 2).await;
    for _ in 0..2 {
        assert_eq!(client.json().await, json!({"Error":"Exceeded msg rate"}));
    }
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    client.send(r#"{"method":"ping","req_id":9}"#).await;
    assert_eq!(client.json().await["req_id"], 9);
}
