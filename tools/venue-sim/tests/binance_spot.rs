//! Binance Spot as a client sees it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::{Book, Client, config, get, start};
use venue_sim::{Limits, Product, Sim, SimConfig};

const SPOT: Product = Product::BinanceSpot;

/// Applies depth events by the documented rule of 2025-11-12 until `last` is reached.
async fn follow(client: &mut Client, book: &mut Book, mut id: u64, last: u64) -> u64 {
    while id < last {
        let event = client.json_where(|m| m["data"]["e"] == "depthUpdate").await;
        let data = &event["data"];
        let (first, u) = (data["U"].as_u64().unwrap(), data["u"].as_u64().unwrap());
        assert!(first <= u);
        if u <= id {
            continue;
        }
        assert!(first <= id + 1, "gap: book at {id}, event {first}..={u}");
        book.apply(&data["b"], &data["a"]);
        id = u;
    }
    id
}

#[tokio::test]
async fn diffs_join_the_snapshot_and_end_at_the_true_book() {
    let sim = start(SPOT);
    let mut client = Client::open(&sim, SPOT, "/stream").await;
    client
        .send(r#"{"method":"SUBSCRIBE","params":["btcusdt@depth@100ms"],"id":"x-1"}"#)
        .await;
    client
        .json_where(|m| *m == json!({"result": null, "id": "x-1"}))
        .await;
    let first = client
        .json_where(|m| m["stream"] == "btcusdt@depth@100ms")
        .await;
    let snapshot = get(&sim, SPOT, "/api/v3/depth?symbol=BTCUSDT&limit=5000")
        .await
        .json();
    let id = snapshot["lastUpdateId"].as_u64().unwrap();
    assert!(
        first["data"]["U"].as_u64().unwrap() <= id,
        "snapshot older than the first event"
    );
    let mut book = Book::default();
    book.apply(&snapshot["bids"], &snapshot["asks"]);
    let id = follow(&mut client, &mut book, id, id + 500).await;
    assert!(sim.halt());
    let truth = sim.truth();
    let truth = truth.instrument(SPOT, "BTCUSDT").unwrap();
    let id = follow(&mut client, &mut book, id, truth.last_update_id).await;
    assert_eq!(id, truth.last_update_id);
    assert_eq!(book.bids(), truth.bids);
    assert_eq!(book.asks(), truth.asks);
}

#[tokio::test]
async fn trades_and_aggregates_carry_every_fill_of_the_true_tape_once() {
    let sim = start(SPOT);
    let mut client = Client::open(&sim, SPOT, "/ws/ethusdt@trade/ethusdt@aggTrade").await;
    let (mut trades, mut aggregates) = (Vec::new(), Vec::new());
    while trades.len() < 60 {
        let event = client.json().await;
        match event["e"].as_str().unwrap() {
            "trade" => trades.push(event),
            _ => aggregates.push(event),
        }
    }
    let truth = sim.truth();
    let tape = &truth.instrument(SPOT, "ETHUSDT").unwrap().trades;
    let first = trades[0]["t"].as_u64().unwrap();
    let tape: Vec<_> = tape
        .iter()
        .skip_while(|trade| trade.number < first)
        .collect();
    for (event, truth) in trades.iter().zip(tape) {
        assert_eq!(event["t"].to_string(), truth.id);
        assert_eq!(event["p"], *truth.px);
        assert_eq!(event["q"], *truth.qty);
        assert_eq!(event["m"], truth.side == "SELL");
        assert_eq!(event["T"].as_u64().unwrap(), truth.ts_ns / 1_000_000);
    }
    for pair in aggregates.windows(2) {
        let id = |event: &Value, key: &str| event[key].as_u64().unwrap();
        assert_eq!(id(&pair[1], "a"), id(&pair[0], "a") + 1);
        assert_eq!(id(&pair[1], "f"), id(&pair[0], "l") + 1);
    }
}

#[tokio::test]
async fn book_ticker_is_the_top_of_the_diff_book_of_the_same_id() {
    let sim = start(SPOT);
    let mut client = Client::open(&sim, SPOT, "/ws/solusdt@bookTicker").await;
    let mut last = json!(null);
    for _ in 0..50 {
        let quote = client.json().await;
        assert!(quote.get("e").is_none() && quote["s"] == "SOLUSDT");
        assert!(last.is_null() || quote["u"].as_u64() > last["u"].as_u64());
        assert_ne!(quote["b"], quote["a"]);
        last = quote;
    }
    sim.halt();
    let top = get(&sim, SPOT, "/api/v3/ticker/bookTicker?symbol=SOLUSDT")
        .await
        .json();
    while last["b"] != top["bidPrice"] || last["a"] != top["askPrice"] {
        last = client.json().await;
    }
}

#[tokio::test]
async fn control_messages_are_answered_as_documented() {
    let sim = start(SPOT);
    let mut client = Client::open(&sim, SPOT, "/ws").await;
    let unsigned = "Invalid request: request ID must be an unsigned integer";
    let cases = [
        (
            json!({"method":"SUBSCRIBE","params":["nope@trade","BTCUSDT@trade"],"id":7}),
            json!({"result":null,"id":7}),
        ),
        (
            json!({"method":"LIST_SUBSCRIPTIONS","id":null}),
            json!({"result":["BTCUSDT@trade","nope@trade"],"id":null}),
        ),
        (
            json!({"method":"GET_PROPERTY","params":["combined"],"id":-3}),
            json!({"result":false,"id":-3}),
        ),
        (
            json!({"method":"SET_PROPERTY","params":["combined",true],"id":1}),
            json!({"result":null,"id":1}),
        ),
        (
            json!({"method":"SET_PROPERTY","params":["combined",1],"id":1}),
            json!({"code":1,"msg":"Invalid value type: expected Boolean","id":1}),
        ),
        (
            json!({"method":"SET_PROPERTY","params":["speed",true],"id":1}),
            json!({"code":0,"msg":"Unknown property","id":1}),
        ),
        (
            json!({"method":"SUBSCRIBE","params":["btcusdt@trade"]}),
            json!({"code":2,"msg":unsigned}),
        ),
        (
            json!({"method":"UNSUBSCRIBE","params":["nope@trade"],"id":2}),
            json!({"result":null,"id":2}),
        ),
        (
            json!({"method":"LIST_SUBSCRIPTIONS","id":3}),
            json!({"result":["BTCUSDT@trade"],"id":3}),
        ),
    ];
    for (request, answer) in cases {
        client.send(request.to_string()).await;
        assert_eq!(client.json().await, answer, "to {request}");
        tokio::time::sleep(Duration::from_millis(210)).await;
    }
    client.send("{nonsense").await;
    let answer = client.json().await;
    assert_eq!(answer["code"], 3);
    assert!(
        answer["msg"]
            .as_str()
            .unwrap()
            .starts_with("Invalid JSON: ")
    );
    assert!(
        client.silent_for(Duration::from_millis(200)).await,
        "a dead stream delivered"
    );
}

#[tokio::test]
async fn combined_property_and_micros_change_the_form_of_one_connection_only() {
    let sim = start(SPOT);
    let mut plain = Client::open(&sim, SPOT, "/ws/btcusdt@trade").await;
    let path = "/stream?streams=btcusdt@trade&timeUnit=MICROSECOND";
    let mut micros = Client::open(&sim, SPOT, path).await;
    let trade = plain.json().await;
    assert!(trade["T"].as_u64().unwrap() < 10_u64.pow(14));
    let wrapped = micros.json().await;
    assert_eq!(wrapped["stream"], "btcusdt@trade");
    assert!(wrapped["data"]["T"].as_u64().unwrap() > 10_u64.pow(15));
}

#[tokio::test]
async fn sixth_message_within_a_second_closes_the_connection() {
    let sim = start(SPOT);
    let mut client = Client::open(&sim, SPOT, "/ws").await;
    for id in 0..6 {
        client
            .send(json!({"method":"LIST_SUBSCRIPTIONS","id":id}).to_string())
            .await;
    }
    let end = client.end().await.unwrap().unwrap();
    assert_eq!(end, (1008, "Too many requests".to_owned()));
    let line = &sim.truth().lines[0];
    assert_eq!(
        line.closed.as_deref(),
        Some("closed by the server: 1008 Too many requests")
    );
}

#[tokio::test]
async fn missing_pong_closes_and_echoed_pong_keeps_the_connection() {
    let limits = Limits {
        ping_interval: Some(Duration::from_millis(100)),
        pong_timeout: Some(Duration::from_millis(200)),
        inbound_per_second: Some(100),
        ..Limits::default()
    };
    let sim = Sim::start(SimConfig {
        limits,
        ..config(SPOT)
    })
    .unwrap();
    let mut polite = Client::open(&sim, SPOT, "/ws").await;
    // A client that never polls its socket never answers a ping.
    let mut mute = Client::open(&sim, SPOT, "/ws").await;
    assert!(polite.silent_for(Duration::from_millis(700)).await);
    polite
        .send(r#"{"method":"LIST_SUBSCRIPTIONS","id":1}"#)
        .await;
    assert_eq!(polite.json().await["id"], 1);
    assert_eq!(
        mute.end().await.unwrap().unwrap(),
        (1008, "Pong timeout".to_owned())
    );
}

#[tokio::test]
async fn more_than_1024_streams_are_refused() {
    let sim = start(SPOT);
    let mut client = Client::open(&sim, SPOT, "/ws").await;
    let names: Vec<String> = (0..1_025).map(|n| format!("s{n}@trade")).collect();
    client
        .send(json!({"method":"SUBSCRIBE","params":names,"id":1}).to_string())
        .await;
    assert_eq!(client.json().await["code"], 2);
    client
        .send(json!({"method":"SUBSCRIBE","params":names[..1_024],"id":2}).to_string())
        .await;
    assert_eq!(client.json().await["result"], Value::Null);
}

#[tokio::test]
async fn rest_answers_carry_weight_and_go_over_to_429_and_418() {
    let limits = Limits {
        rest_weight_per_minute: Some(300),
        ..Limits::default()
    };
    let sim = Sim::start(SimConfig {
        limits,
        ..config(SPOT)
    })
    .unwrap();
    let depth = "/api/v3/depth?symbol=BTCUSDT&limit=5000";
    let reply = get(&sim, SPOT, depth).await;
    assert_eq!(
        (reply.status, reply.header("X-MBX-USED-WEIGHT-1M")),
        (200, Some("250"))
    );
    let time = get(&sim, SPOT, "/api/v3/time").await;
    assert_eq!(time.header("X-MBX-USED-WEIGHT-1M"), Some("251"));
    let refused = get(&sim, SPOT, depth).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.json()["code"], -1003);
    assert!(
        (1..=60).contains(
            &refused
                .header("Retry-After")
                .unwrap()
                .parse::<u32>()
                .unwrap()
        )
    );
    for _ in 0..10 {
        get(&sim, SPOT, depth).await;
    }
    let banned = get(&sim, SPOT, "/api/v3/ping").await;
    assert_eq!(banned.status, 418);
    assert!(
        banned
            .header("Retry-After")
            .unwrap()
            .parse::<u32>()
            .unwrap()
            > 60
    );
}

#[tokio::test]
async fn rest_trades_page_from_an_id_and_reference_data_names_every_symbol() {
    let sim = start(SPOT);
    tokio::time::sleep(Duration::from_millis(600)).await;
    sim.halt();
    let truth = sim.truth();
    let tape = &truth.instrument(SPOT, "BTCUSDT").unwrap().trades;
    assert!(tape.len() > 20);
    let from = tape[5].number;
    let target = format!("/api/v3/historicalTrades?symbol=BTCUSDT&fromId={from}&limit=10");
    let rows = get(&sim, SPOT, &target).await.json();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 10);
    for (row, truth) in rows.iter().zip(&tape[5..]) {
        assert_eq!(
            (row["id"].to_string(), &row["price"]),
            (truth.id.clone(), &json!(truth.px))
        );
        assert_eq!(row["isBuyerMaker"], truth.side == "SELL");
    }
    let target = format!(
        "/api/v3/aggTrades?symbol=BTCUSDT&fromId={}",
        tape[0].aggregate
    );
    let rows = get(&sim, SPOT, &target).await.json();
    assert_eq!(rows[0]["f"].as_u64().unwrap(), tape[0].number);
    let info = get(&sim, SPOT, "/api/v3/exchangeInfo").await.json();
    let symbols: Vec<_> = info["symbols"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| &s["symbol"])
        .collect();
    assert_eq!(symbols, ["BTCUSDT", "ETHUSDT", "SOLUSDT", "DOGEUSDT"]);
    assert_eq!(info["symbols"][0]["filters"][0]["tickSize"], "0.01000000");
    let unknown = get(&sim, SPOT, "/api/v3/depth?symbol=NOPE").await;
    assert_eq!(
        (unknown.status, &unknown.json()["code"]),
        (400, &json!(-1121))
    );
}
