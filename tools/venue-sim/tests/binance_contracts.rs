//! What only Binance's futures have: mark prices, liquidations, array streams, shared budgets.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use support::{Client, config, get, scaled, start};
use venue_sim::{Fault, Limits, Product, ReferenceChange, Sim, SimConfig};

const USDM: Product = Product::BinanceUsdm;
const COINM: Product = Product::BinanceCoinm;

fn symbols(list: &Value) -> BTreeSet<&str> {
    let list = list.as_array().unwrap();
    list.iter().map(|row| row["s"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn futures_payloads_have_the_documented_fields_in_their_order() {
    let cases = [
        (
            USDM,
            "/market/ws/btcusdt@markPrice@1s",
            "e E s p ap i P r T st",
        ),
        (
            USDM,
            "/market/ws/btcusdt@kline_1m",
            "e E s k t T s i f L o c h l v n x q V Q B",
        ),
        (
            USDM,
            "/market/ws/btcusdt_perpetual@continuousKline_1m",
            "e E ps ct k t T i f L o c h l v n x q V Q B",
        ),
        (
            USDM,
            "/market/ws/btcusdt@miniTicker",
            "e E s c o h l v q ps st",
        ),
        (
            USDM,
            "/market/ws/btcusdt@ticker",
            "e E s p P w c Q o h l v q O C F L n ps st",
        ),
        (
            USDM,
            "/market/ws/btcusdt@forceOrder",
            "e E o s S o f q p ap X l z T",
        ),
        (
            USDM,
            "/market/ws/!forceOrder@arr",
            "e E o s S o f q p ap X l z T ps st",
        ),
        (USDM, "/public/ws/!bookTicker", "e u E T s ps b B a A st"),
        (
            USDM,
            "/public/ws/btcusdt@depth5@100ms",
            "e E T s ps st U u pu b a",
        ),
        (COINM, "/ws/btcusd_perp@markPrice@1s", "e E s p i P r T st"),
        (COINM, "/ws/btcusd@indexPrice@1s", "e E i p"),
        (
            COINM,
            "/ws/btcusd_perp@miniTicker",
            "e E s ps c o h l v q st",
        ),
        (
            COINM,
            "/ws/btcusd_perp@ticker",
            "e E s ps p P w c Q o h l v q O C F L n st",
        ),
        (
            COINM,
            "/ws/btcusd_perp@forceOrder",
            "e E o s ps S o f q p ap X l z T st",
        ),
        (COINM, "/ws/btcusd_perp@depth10", "e E T s ps U u pu b a st"),
    ];
    let sims = [(USDM, start(USDM)), (COINM, start(COINM))];
    for (product, path, keys) in cases {
        let (_, sim) = sims.iter().find(|(own, _)| *own == product).unwrap();
        let mut client = Client::open(sim, product, path).await;
        assert_eq!(support::keys(&client.text().await), keys, "{path}");
    }
}

#[tokio::test]
async fn array_streams_name_every_symbol_and_repeat_each_second() {
    let sim = start(USDM);
    let streams = "!markPrice@arr@1s/!ticker@arr/!miniTicker@arr";
    let mut client = Client::open(&sim, USDM, &format!("/market/stream?streams={streams}")).await;
    let all = BTreeSet::from(["BTCUSDT", "ETHUSDT", "SOLUSDT", "1000PEPEUSDT"]);
    let mut times = Vec::new();
    while times.len() < 3 {
        let message = client.json().await;
        assert_eq!(symbols(&message["data"]), all, "{}", message["stream"]);
        if message["stream"] == "!markPrice@arr@1s" {
            times.push(message["data"][0]["E"].as_u64().unwrap() / 1_000);
        }
    }
    assert_eq!(times[2] - times[0], 2);
    let mut quotes = Client::open(&sim, USDM, "/public/ws/!bookTicker").await;
    let mut seen = BTreeSet::new();
    while seen.len() < all.len() {
        seen.insert(quotes.json().await["s"].as_str().unwrap().to_owned());
    }
}

#[tokio::test]
async fn coin_margined_pair_has_the_mark_prices_of_its_contracts_near_its_index() {
    let sim = start(COINM);
    let path = "/stream?streams=ethusd@markPrice@1s/ethusd@indexPrice@1s";
    let mut client = Client::open(&sim, COINM, path).await;
    let marks = client
        .json_where(|m| m["stream"] == "ethusd@markPrice@1s")
        .await;
    assert_eq!(symbols(&marks["data"]), BTreeSet::from(["ETHUSD_PERP"]));
    let index = client
        .json_where(|m| m["stream"] == "ethusd@indexPrice@1s")
        .await;
    assert_eq!(index["data"]["i"], "ETHUSD");
    let dec = |value: &Value| scaled(value.as_str().unwrap());
    let (mark, index) = (dec(&marks["data"][0]["p"]), dec(&index["data"]["p"]));
    assert!((mark - index).abs() < index / 100, "{mark} {index}");
}

#[tokio::test]
async fn liquidations_are_trades_of_the_tape_and_come_once_a_second_at_most() {
    let sim = start(USDM);
    let path = "/market/ws/!forceOrder@arr";
    let mut client = Client::open(&sim, USDM, path).await;
    let mut seconds = BTreeSet::new();
    for _ in 0..6 {
        let event = client.json().await;
        let order = &event["o"];
        let symbol = order["s"].as_str().unwrap();
        let second = event["E"].as_u64().unwrap() / 1_000;
        assert!(
            seconds.insert((symbol.to_owned(), second)),
            "two of {symbol} in a second"
        );
        let truth = sim.truth();
        let tape = &truth.instrument(USDM, symbol).unwrap().trades;
        let at = order["T"].as_u64().unwrap();
        let last = tape.iter().rfind(|trade| {
            trade.ts_ns / 1_000_000 == at
                && json!(trade.qty) == order["l"]
                && json!(trade.side) == order["S"]
        });
        let last = last.expect("no such trade").number;
        let mut qty = 0;
        let filled = scaled(order["z"].as_str().unwrap());
        for trade in tape.iter().rev().skip_while(|trade| trade.number != last) {
            if qty >= filled {
                break;
            }
            qty += scaled(&trade.qty);
        }
        assert_eq!(qty, filled, "the order's fills are consecutive trades");
    }
}

#[tokio::test]
async fn usdm_clocked_stream_on_the_wrong_route_is_acknowledged_and_silent() {
    let sim = start(USDM);
    let mut client = Client::open(&sim, USDM, "/public/ws").await;
    let names = [
        "btcusdt@kline_1m",
        "!markPrice@arr@1s",
        "btcusdt@forceOrder",
        "!contractInfo",
    ];
    client
        .send(json!({"method":"SUBSCRIBE","params":names,"id":1}).to_string())
        .await;
    assert_eq!(client.json().await, json!({"result":null,"id":1}));
    assert!(client.silent_for(Duration::from_millis(1_300)).await);
    let mut client = Client::open(&sim, USDM, "/market/ws/!bookTicker/btcusdt@depth5").await;
    assert!(client.silent_for(Duration::from_millis(600)).await);
}

#[tokio::test]
async fn delivery_contract_has_an_end_and_no_funding() {
    let sim = start(COINM);
    let mut instrument = venue_sim::default_instruments(COINM).remove(0);
    instrument.symbol = "BTCUSD_270326".into();
    sim.inject(Fault::Reference {
        product: COINM,
        change: ReferenceChange::List(instrument),
    });
    let info = get(&sim, COINM, "/dapi/v1/exchangeInfo").await.json();
    let row = &info["symbols"][3];
    assert_eq!(
        (&row["pair"], &row["contractType"]),
        (&json!("BTCUSD"), &json!("CURRENT_QUARTER"))
    );
    // 2027-03-26T08:00:00Z.
    assert_eq!(row["deliveryDate"], 1_806_048_000_000_u64);
    let mut client = Client::open(&sim, COINM, "/ws/btcusd@markPrice@1s").await;
    let marks = client.json().await;
    assert_eq!(
        symbols(&marks),
        BTreeSet::from(["BTCUSD_270326", "BTCUSD_PERP"])
    );
    for mark in marks.as_array().unwrap() {
        let delivers = mark["s"] == "BTCUSD_270326";
        assert_eq!(mark["r"] == "", delivers);
        assert_eq!(mark["T"] == 0, delivers);
    }
}

#[tokio::test]
async fn eleventh_message_within_a_second_closes_the_connection() {
    let sim = start(COINM);
    let mut client = Client::open(&sim, COINM, "/ws").await;
    for id in 0..10 {
        client
            .send(json!({"method":"LIST_SUBSCRIPTIONS","id":id}).to_string())
            .await;
    }
    client.json_where(|m| m["id"] == 9).await;
    client
        .send(r#"{"method":"LIST_SUBSCRIPTIONS","id":10}"#)
        .await;
    assert_eq!(client.end().await.unwrap().unwrap().0, 1008);
}

#[tokio::test]
async fn both_futures_products_draw_on_one_weight() {
    let limits = Limits {
        rest_weight_per_minute: Some(60),
        ..Limits::default()
    };
    let sim = Sim::start(SimConfig {
        products: vec![USDM, COINM],
        limits,
        ..config(USDM)
    })
    .unwrap();
    let all = get(&sim, USDM, "/fapi/v1/ticker/24hr").await;
    assert_eq!(all.header("X-MBX-USED-WEIGHT-1M"), Some("40"));
    let one = get(&sim, COINM, "/dapi/v1/ticker/24hr?symbol=BTCUSD_PERP").await;
    assert_eq!(one.header("X-MBX-USED-WEIGHT-1M"), Some("41"));
    assert_eq!(get(&sim, COINM, "/dapi/v1/ticker/24hr").await.status, 429);
    assert_eq!(get(&sim, USDM, "/fapi/v1/ping").await.status, 429);
}
