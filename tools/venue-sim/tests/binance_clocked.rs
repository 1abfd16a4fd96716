//! Binance's streams that follow the clock: candles, tickers, partial books, average prices.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use support::{Client, scaled, start};
use tokio::time::timeout;
use venue_sim::{Fault, Product, Sim, TradeTruth};

const SPOT: Product = Product::BinanceSpot;
const USDM: Product = Product::BinanceUsdm;
const COINM: Product = Product::BinanceCoinm;

fn int(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value}"))
}

/// A decimal text in units of 10^-12.
fn dec(value: &Value) -> i128 {
    scaled(value.as_str().unwrap_or_else(|| panic!("{value}")))
}

fn tape(sim: &Sim, product: Product, symbol: &str) -> Vec<TradeTruth> {
    let truth = sim.truth();
    truth.instrument(product, symbol).unwrap().trades.clone()
}

/// Checks a candle against the trades of its interval.
fn candle_equals_trades(candle: &Value, tape: &[TradeTruth]) {
    let range = int(&candle["t"])..=int(&candle["T"]);
    let inside = |trade: &&TradeTruth| range.contains(&(trade.ts_ns / 1_000_000));
    let trades: Vec<_> = tape.iter().filter(inside).collect();
    assert_eq!(int(&candle["n"]), trades.len() as u64);
    let (Some(first), Some(last)) = (trades.first(), trades.last()) else {
        assert_eq!((&candle["f"], &candle["L"]), (&json!(-1), &json!(-1)));
        return;
    };
    assert_eq!(
        (&candle["o"], &candle["c"]),
        (&json!(first.px), &json!(last.px))
    );
    assert_eq!(
        (int(&candle["f"]), int(&candle["L"])),
        (first.number, last.number)
    );
    let prices = || trades.iter().map(|trade| scaled(&trade.px));
    assert_eq!(Some(dec(&candle["h"])), prices().max());
    assert_eq!(Some(dec(&candle["l"])), prices().min());
    let sum = |side: Option<&str>| -> i128 {
        let chosen = trades
            .iter()
            .filter(|t| side.is_none_or(|side| t.side == side));
        chosen.map(|trade| scaled(&trade.qty)).sum()
    };
    assert_eq!(dec(&candle["v"]), sum(None));
    assert_eq!(dec(&candle["V"]), sum(Some("BUY")));
}

/// What the trades of a candle were worth, in units of 10^-24.
fn quote(tape: &[TradeTruth], candle: &Value) -> i128 {
    let range = int(&candle["f"])..=int(&candle["L"]);
    let trades = tape.iter().filter(|trade| range.contains(&trade.number));
    trades
        .map(|trade| scaled(&trade.px) * scaled(&trade.qty))
        .sum()
}

#[tokio::test]
async fn spot_candles_follow_each_other_and_equal_the_trades() {
    let sim = start(SPOT);
    let mut client = Client::open(&sim, SPOT, "/ws/ethusdt@kline_1s").await;
    let mut closed = Vec::new();
    for _ in 0..3 {
        let event = client.json().await;
        assert_eq!(
            (&event["e"], &event["k"]["x"]),
            (&json!("kline"), &json!(true))
        );
        closed.push(event["k"].clone());
    }
    let tape = tape(&sim, SPOT, "ETHUSDT");
    for candle in &closed {
        assert_eq!(int(&candle["T"]), int(&candle["t"]) + 999);
        candle_equals_trades(candle, &tape);
        // Units of 10^-12 times 10^12 are units of 10^-24.
        assert_eq!(dec(&candle["q"]) * 10_i128.pow(12), quote(&tape, candle));
    }
    for pair in closed.windows(2) {
        assert_eq!(int(&pair[1]["t"]), int(&pair[0]["T"]) + 1);
    }
    assert!(closed.iter().any(|candle| int(&candle["n"]) > 10));
}

#[tokio::test]
async fn futures_candles_move_four_times_a_second_and_equal_the_trades_so_far() {
    let cases = [
        (USDM, "/market/ws/ethusdt@kline_1m", "ETHUSDT"),
        (COINM, "/ws/ethusd_perp@kline_1m", "ETHUSD_PERP"),
    ];
    for (product, path, symbol) in cases {
        let sim = start(product);
        let mut client = Client::open(&sim, product, path).await;
        let first = client.json().await;
        let mut last = client.json().await;
        for _ in 0..3 {
            last = client.json().await;
        }
        let pause = (int(&last["E"]) - int(&first["E"])) / 4;
        assert!((200..400).contains(&pause), "{pause} ms apart");
        sim.halt();
        while int(&last["k"]["L"]) != tape(&sim, product, symbol).last().unwrap().number {
            last = client.json().await;
        }
        let trades = tape(&sim, product, symbol);
        candle_equals_trades(&last["k"], &trades);
        if product == COINM {
            let base: i128 = trades
                .iter()
                .map(|t| scaled(&t.qty) * 10 * 10_i128.pow(12) / scaled(&t.px))
                .sum();
            let off = base - dec(&last["k"]["q"]);
            assert!((0..20_000).contains(&off), "{off} x 10^-12 ETH");
        }
        assert!(
            client.silent_for(Duration::from_millis(600)).await,
            "news after the halt"
        );
    }
}

#[tokio::test]
async fn microseconds_reach_every_time_field_of_a_candle() {
    let sim = start(SPOT);
    let path = "/stream?streams=btcusdt@kline_1s/btcusdt@avgPrice&timeUnit=MICROSECOND";
    let mut client = Client::open(&sim, SPOT, path).await;
    let candle = client.json_where(|m| m["data"]["e"] == "kline").await;
    let k = &candle["data"]["k"];
    assert_eq!(int(&k["t"]) % 1_000_000, 0);
    assert_eq!(int(&k["T"]), int(&k["t"]) + 999_999);
    assert!(int(&candle["data"]["E"]) > 10_u64.pow(15));
    let average = client.json_where(|m| m["data"]["e"] == "avgPrice").await;
    assert!(int(&average["data"]["T"]) > 10_u64.pow(15));
}

#[tokio::test]
async fn shutdown_event_has_the_time_unit_of_its_connection() {
    let sim = start(SPOT);
    let mut millis = Client::open(&sim, SPOT, "/ws").await;
    let mut micros = Client::open(&sim, SPOT, "/stream?timeUnit=microsecond").await;
    sim.inject(Fault::ServerShutdown);
    let event = millis.json().await;
    assert!(event["e"] == "serverShutdown" && int(&event["E"]) < 10_u64.pow(14));
    let event = micros.json().await;
    assert_eq!(event["stream"], "!serverShutdown");
    assert!(int(&event["data"]["E"]) > 10_u64.pow(15));
}

#[tokio::test]
async fn reference_price_is_null_until_the_symbol_has_traded() {
    let mut config = support::config(SPOT);
    config.market.events_per_second = 0;
    let sim = Sim::start(config).unwrap();
    let mut client = Client::open(&sim, SPOT, "/ws/btcusdt@referencePrice").await;
    assert_eq!(client.json().await["r"], Value::Null);
    let rest = support::get(&sim, SPOT, "/api/v3/referencePrice?symbol=BTCUSDT").await;
    assert_eq!(rest.json()["code"], -2043);
    let sim = start(SPOT);
    let mut client = Client::open(&sim, SPOT, "/ws/btcusdt@referencePrice").await;
    let event = client.json_where(|m| m["r"].is_string()).await;
    assert!(dec(&event["r"]) > 0);
}

#[tokio::test]
async fn interval_in_another_time_zone_begins_at_its_own_midnight() {
    let sim = start(SPOT);
    let mut client = Client::open(&sim, SPOT, "/ws/btcusdt@kline_1d@+08:00").await;
    let k = client.json().await["k"].clone();
    assert_eq!(int(&k["t"]) % 86_400_000, 16 * 3_600_000);
    assert_eq!(k["i"], "1d");
}

#[tokio::test]
async fn partial_books_are_the_top_of_the_true_book() {
    let cases = [
        (
            SPOT,
            "/stream?streams=btcusdt@depth5@100ms/btcusdt@depth20",
            "BTCUSDT",
            5,
        ),
        (
            USDM,
            "/public/stream?streams=btcusdt@depth10@100ms/btcusdt@depth20@500ms",
            "BTCUSDT",
            10,
        ),
        (
            COINM,
            "/stream?streams=btcusd_perp@depth5/btcusd_perp@depth20@100ms",
            "BTCUSD_PERP",
            5,
        ),
    ];
    for (product, path, symbol, levels) in cases {
        let sim = start(product);
        let mut client = Client::open(&sim, product, path).await;
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        sim.halt();
        let truth = sim.truth();
        let truth = truth.instrument(product, symbol).unwrap();
        let (mut seen, mut last_u) = (Vec::new(), 0);
        while seen.len() < 2 {
            let message = client.json().await;
            let data = &message["data"];
            let spot = product == SPOT;
            let (id, bids, asks) = match spot {
                true => ("lastUpdateId", "bids", "asks"),
                false => ("u", "b", "a"),
            };
            let small = data[bids].as_array().unwrap().len() == levels;
            if !spot && small {
                assert!(last_u == 0 || int(&data["pu"]) == last_u, "{message}");
                assert!(int(&data["U"]) <= int(&data["u"]) && int(&data["U"]) > int(&data["pu"]));
                last_u = int(&data["u"]);
            }
            if int(&data[id]) != truth.last_update_id {
                continue;
            }
            let levels = if small { levels } else { 20 };
            assert_eq!(data[bids], json!(truth.bids[..levels]));
            assert_eq!(data[asks], json!(truth.asks[..levels]));
            seen.push(levels);
        }
        assert_ne!(seen[0], seen[1]);
    }
}

/// The last message of each stream after the market has halted; of an array stream the last
/// element of each symbol, under stream and symbol.
async fn last_messages(client: &mut Client) -> BTreeMap<String, Value> {
    let mut last = BTreeMap::new();
    while let Ok(message) = timeout(Duration::from_millis(300), client.json()).await {
        let stream = message["stream"].as_str().unwrap();
        let Some(list) = message["data"].as_array() else {
            last.insert(stream.to_owned(), message["data"].clone());
            continue;
        };
        for element in list {
            let key = format!("{stream} {}", element["s"].as_str().unwrap());
            last.insert(key, element.clone());
        }
    }
    last
}

#[tokio::test]
async fn tickers_and_average_sum_up_the_true_tape() {
    let sim = start(SPOT);
    let streams = "btcusdt@ticker/btcusdt@miniTicker/btcusdt@ticker_1h/btcusdt@avgPrice/!miniTicker@arr/!ticker_4h@arr";
    let mut client = Client::open(&sim, SPOT, &format!("/stream?streams={streams}")).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    sim.halt();
    let last = last_messages(&mut client).await;
    let tape = tape(&sim, SPOT, "BTCUSDT");
    let (first, newest) = (tape.first().unwrap(), tape.last().unwrap());
    let volume: i128 = tape.iter().map(|trade| scaled(&trade.qty)).sum();
    let mini = &last["btcusdt@miniTicker"];
    assert_eq!(last["!miniTicker@arr BTCUSDT"]["v"], mini["v"]);
    for ticker in [
        &last["btcusdt@ticker"],
        &last["btcusdt@ticker_1h"],
        &last["!ticker_4h@arr BTCUSDT"],
    ] {
        assert_eq!(int(&ticker["n"]), tape.len() as u64);
        assert_eq!(
            (int(&ticker["F"]), int(&ticker["L"])),
            (first.number, newest.number)
        );
        assert_eq!(dec(&ticker["p"]), scaled(&newest.px) - scaled(&first.px));
    }
    for ticker in [mini, &last["btcusdt@ticker"], &last["btcusdt@ticker_1h"]] {
        assert_eq!(
            (&ticker["o"], &ticker["c"]),
            (&json!(first.px), &json!(newest.px))
        );
        assert_eq!(dec(&ticker["v"]), volume);
    }
    let truth = sim.truth();
    let book = truth.instrument(SPOT, "BTCUSDT").unwrap();
    let full = &last["btcusdt@ticker"];
    assert_eq!(
        (&full["b"], &full["B"]),
        (&json!(book.bids[0].0), &json!(book.bids[0].1))
    );
    assert_eq!(
        (&full["a"], &full["Q"]),
        (&json!(book.asks[0].0), &json!(newest.qty))
    );
    let worth: i128 = tape.iter().map(|t| scaled(&t.px) * scaled(&t.qty)).sum();
    let average = dec(&last["btcusdt@avgPrice"]["w"]);
    assert_eq!(average / 10_000, worth / volume / 10_000);
    assert_eq!(full["w"], last["btcusdt@avgPrice"]["w"]);
}

#[tokio::test]
async fn spot_streams_that_the_venue_retired_or_never_had_stay_silent() {
    let sim = start(SPOT);
    let mut client = Client::open(&sim, SPOT, "/ws").await;
    let names = [
        "!ticker@arr",
        "btcusdt@markPrice",
        "!bookTicker",
        "btcusdt@kline_7m",
        "BTCUSDT@ticker",
        "btcusdt@forceOrder",
        "btcusdt@depth10@500ms",
        "nope@miniTicker",
    ];
    let request = json!({"method":"SUBSCRIBE","params":names,"id":1});
    client.send(request.to_string()).await;
    assert_eq!(client.json().await, json!({"result":null,"id":1}));
    assert!(client.silent_for(Duration::from_millis(2_200)).await);
}

#[tokio::test]
async fn spot_payloads_have_the_documented_fields_in_their_order() {
    let sim = start(SPOT);
    let cases = [
        (
            "btcusdt@kline_1s",
            "e E s k t T s i f L o c h l v n x q V Q B",
        ),
        ("btcusdt@miniTicker", "e E s c o h l v q"),
        (
            "btcusdt@ticker",
            "e E s p P w x c Q b B a A o h l v q O C F L n",
        ),
        ("btcusdt@ticker_4h", "e E s p P o h l c w v q O C F L n"),
        ("btcusdt@avgPrice", "e E s i w T"),
        ("btcusdt@referencePrice", "e s r t"),
        ("btcusdt@depth5@100ms", "lastUpdateId bids asks"),
    ];
    for (stream, keys) in cases {
        let mut client = Client::open(&sim, SPOT, &format!("/ws/{stream}")).await;
        assert_eq!(support::keys(&client.text().await), keys, "{stream}");
    }
}
