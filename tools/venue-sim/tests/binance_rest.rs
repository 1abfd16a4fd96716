//! Binance over REST: history, candles, statistics, and the budget of connection attempts.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::{Client, config, get, scaled, start};
use tokio_tungstenite::tungstenite::Error;
use venue_sim::{Limits, Product, Sim, SimConfig};

const SPOT: Product = Product::BinanceSpot;
const USDM: Product = Product::BinanceUsdm;
const COINM: Product = Product::BinanceCoinm;

fn rows(value: &Value) -> Vec<Value> {
    value.as_array().unwrap().clone()
}

/// A simulation that has traded for a while and stands still.
async fn traded(product: Product, wait: u64) -> Sim {
    let sim = start(product);
    tokio::time::sleep(Duration::from_millis(wait)).await;
    sim.halt();
    sim
}

#[tokio::test]
async fn paging_by_id_yields_the_whole_tape_once() {
    for (product, base, symbol) in [
        (SPOT, "/api/v3", "BTCUSDT"),
        (USDM, "/fapi/v1", "BTCUSDT"),
        (COINM, "/dapi/v1", "BTCUSD_PERP"),
    ] {
        let sim = traded(product, 600).await;
        let truth = sim.truth();
        let tape = &truth.instrument(product, symbol).unwrap().trades;
        let (mut ids, mut from) = (Vec::new(), tape[0].number);
        loop {
            let target = format!("{base}/historicalTrades?symbol={symbol}&fromId={from}&limit=17");
            let page = rows(&get(&sim, product, &target).await.json());
            let Some(last) = page.last() else { break };
            from = last["id"].as_u64().unwrap() + 1;
            ids.extend(page.iter().map(|row| row["id"].as_u64().unwrap()));
        }
        assert_eq!(ids, tape.iter().map(|t| t.number).collect::<Vec<_>>());
        let (mut next, mut from) = (tape[0].number, tape[0].aggregate);
        loop {
            let target = format!("{base}/aggTrades?symbol={symbol}&fromId={from}&limit=9");
            let page = rows(&get(&sim, product, &target).await.json());
            for row in &page {
                assert_eq!(
                    (row["a"].as_u64(), row["f"].as_u64()),
                    (Some(from), Some(next))
                );
                (from, next) = (from + 1, row["l"].as_u64().unwrap() + 1);
            }
            if page.is_empty() {
                break;
            }
        }
        assert_eq!(next, tape.last().unwrap().number + 1);
    }
}

#[tokio::test]
async fn newest_trades_ignore_an_id_and_aggregates_obey_a_time_window() {
    let sim = traded(SPOT, 600).await;
    let truth = sim.truth();
    let tape = &truth.instrument(SPOT, "ETHUSDT").unwrap().trades;
    let newest = get(&sim, SPOT, "/api/v3/trades?symbol=ETHUSDT&limit=3&fromId=1")
        .await
        .json();
    assert_eq!(
        newest[2]["id"].as_u64().unwrap(),
        tape.last().unwrap().number
    );
    assert_eq!(rows(&newest).len(), 3);
    let (start, end) = (tape[10].ts_ns / 1_000_000, tape[30].ts_ns / 1_000_000);
    let target = format!("/api/v3/aggTrades?symbol=ETHUSDT&startTime={start}&endTime={end}");
    let window = rows(&get(&sim, SPOT, &target).await.json());
    assert!(!window.is_empty());
    for row in window {
        assert!((start..=end).contains(&row["T"].as_u64().unwrap()));
    }
}

#[tokio::test]
async fn klines_equal_the_tape_and_page_from_a_start() {
    let sim = traded(SPOT, 2_500).await;
    let truth = sim.truth();
    let tape = &truth.instrument(SPOT, "SOLUSDT").unwrap().trades;
    let target = "/api/v3/klines?symbol=SOLUSDT&interval=1s";
    let all = rows(&get(&sim, SPOT, target).await.json());
    assert!(all.len() >= 3);
    let sum = |column: usize| -> i128 {
        all.iter()
            .map(|row| scaled(row[column].as_str().unwrap()))
            .sum()
    };
    assert_eq!(sum(5), tape.iter().map(|t| scaled(&t.qty)).sum::<i128>());
    let bought = tape.iter().filter(|t| t.side == "BUY");
    assert_eq!(sum(9), bought.map(|t| scaled(&t.qty)).sum::<i128>());
    let count: u64 = all.iter().map(|row| row[8].as_u64().unwrap()).sum();
    assert_eq!(count, tape.len() as u64);
    assert_eq!(all[0][1], json!(tape[0].px));
    for pair in all.windows(2) {
        assert_eq!(
            pair[1][0].as_u64().unwrap(),
            pair[0][6].as_u64().unwrap() + 1
        );
    }
    let second = all[1][0].as_u64().unwrap();
    let one = get(&sim, SPOT, &format!("{target}&startTime={second}&limit=1"))
        .await
        .json();
    assert_eq!(one, json!([all[1]]));
    let until = get(&sim, SPOT, &format!("{target}&endTime={second}&limit=1"))
        .await
        .json();
    assert_eq!(until[0][0], all[1][0]);
    let bad = get(&sim, SPOT, "/api/v3/klines?symbol=SOLUSDT&interval=7m").await;
    assert_eq!((bad.status, &bad.json()["code"]), (400, &json!(-1120)));
}

#[tokio::test]
async fn day_statistics_and_average_sum_up_the_tape() {
    for (product, base, symbol) in [
        (SPOT, "/api/v3", "BTCUSDT"),
        (USDM, "/fapi/v1", "1000PEPEUSDT"),
        (COINM, "/dapi/v1", "ETHUSD_PERP"),
    ] {
        let sim = traded(product, 600).await;
        let truth = sim.truth();
        let tape = &truth.instrument(product, symbol).unwrap().trades;
        let all = get(&sim, product, &format!("{base}/ticker/24hr")).await;
        let weight = if product == SPOT { "80" } else { "40" };
        assert_eq!(all.header("x-mbx-used-weight-1m"), Some(weight));
        assert_eq!(rows(&all.json()).len(), truth.instruments.len());
        let one = get(
            &sim,
            product,
            &format!("{base}/ticker/24hr?symbol={symbol}"),
        )
        .await
        .json();
        assert_eq!(one["count"].as_u64().unwrap(), tape.len() as u64);
        assert_eq!(one["lastPrice"], json!(tape.last().unwrap().px));
        assert_eq!(one["openPrice"], json!(tape[0].px));
        let volume = scaled(one["volume"].as_str().unwrap());
        assert_eq!(volume, tape.iter().map(|t| scaled(&t.qty)).sum::<i128>());
        if product != SPOT {
            let open = get(
                &sim,
                product,
                &format!("{base}/openInterest?symbol={symbol}"),
            )
            .await;
            assert!(scaled(open.json()["openInterest"].as_str().unwrap()) > 0);
            let mark = get(
                &sim,
                product,
                &format!("{base}/premiumIndex?symbol={symbol}"),
            )
            .await;
            assert!(mark.json()["nextFundingTime"].as_u64() > mark.json()["time"].as_u64());
            continue;
        }
        let average = get(&sim, product, &format!("{base}/avgPrice?symbol={symbol}"))
            .await
            .json();
        assert_eq!(average["price"], one["weightedAvgPrice"]);
        let target = format!("{base}/ticker/24hr?symbols=[%22BTCUSDT%22,%22SOLUSDT%22]");
        assert_eq!(rows(&get(&sim, product, &target).await.json()).len(), 2);
    }
}

#[tokio::test]
async fn connection_attempt_above_the_budget_is_answered_429() {
    let limits = Limits {
        connects_per_five_minutes: Some(2),
        ..Limits::default()
    };
    let sim = Sim::start(SimConfig {
        limits,
        ..config(SPOT)
    })
    .unwrap();
    let mut first = Client::open(&sim, SPOT, "/ws/btcusdt@trade").await;
    let _second = Client::open(&sim, SPOT, "/ws").await;
    let Err(Error::Http(refusal)) = Client::try_open(&sim, SPOT, "/ws").await else {
        panic!("the third attempt was accepted");
    };
    assert_eq!(refusal.status(), 429);
    let wait: u32 = refusal.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((290..=300).contains(&wait));
    assert_eq!(
        first.json().await["e"],
        "trade",
        "connections that exist stay"
    );
    assert_eq!(
        get(&sim, SPOT, "/api/v3/ping").await.status,
        200,
        "REST has its own budget"
    );
}
