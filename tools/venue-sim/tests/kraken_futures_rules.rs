//! Kraken Futures: its limits, its reference data while it changes, and its lines on the tape.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::time::Duration;

use futures_util::SinkExt;
use serde_json::{Value, json};
use support::{Client, config, get, start};
use tokio_tungstenite::tungstenite::Message;
use venue_sim::{
    Fault, InstrumentConfig, Limits, Product, ReferenceChange, Sim, SimConfig, Source, Speed,
    Target, default_instruments,
};

const FUTURES: Product = Product::KrakenFutures;

async fn subscribe(client: &mut Client, feed: &str, symbol: &str) {
    let request = json!({"event":"subscribe","feed":feed,"product_ids":[symbol]});
    client.send(request.to_string()).await;
}

fn limited(limits: Limits) -> Sim {
    Sim::start(SimConfig {
        limits,
        ..config(FUTURES)
    })
    .unwrap()
}

#[tokio::test]
async fn client_that_never_pings_is_closed_although_data_flows() {
    let sim = limited(Limits {
        idle_timeout: Some(Duration::from_millis(800)),
        ..Limits::default()
    });
    let mut silent = Client::open(&sim, FUTURES, "/ws/v1").await;
    subscribe(&mut silent, "book", "PF_XBTUSD").await;
    let mut pinging = Client::open(&sim, FUTURES, "/ws/v1").await;
    let mut pongs = 0;
    let pings = async {
        for _ in 0..10 {
            let ping = Message::Ping("still here".into());
            pinging.ws.send(ping).await.unwrap();
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        while pongs < 10 {
            match pinging.next().await.unwrap().unwrap() {
                Message::Pong(_) => pongs += 1,
                Message::Close(frame) => panic!("closed: {frame:?}"),
                _ => {}
            }
        }
    };
    let (end, ()) = tokio::join!(silent.end(), pings);
    assert_eq!(end.unwrap().unwrap(), (1008, "Inactive".to_owned()));
}

#[tokio::test]
async fn requests_beyond_the_rate_are_not_carried_out() {
    let sim = limited(Limits {
        requests_per_second: Some(1),
        ..Limits::default()
    });
    let mut client = Client::open(&sim, FUTURES, "/ws/v1").await;
    subscribe(&mut client, "ticker", "PF_XBTUSD").await;
    subscribe(&mut client, "ticker", "PI_XBTUSD").await;
    client
        .json_where(|m| m["message"] == "Too many requests")
        .await;
    assert_eq!(sim.truth().lines[0].streams, ["ticker.PF_XBTUSD"]);
}

#[tokio::test]
async fn reference_changes_show_in_the_list_of_instruments() {
    let sim = start(FUTURES);
    let change = |change| {
        sim.inject(Fault::Reference {
            product: FUTURES,
            change,
        });
    };
    let row = async |symbol: &str| -> Option<Value> {
        let reply = get(&sim, FUTURES, "/derivatives/api/v3/instruments")
            .await
            .json();
        let rows = reply["instruments"].as_array().unwrap();
        let named = |row: &&Value| row["symbol"] == symbol;
        rows.iter().find(named).cloned()
    };
    let listed = InstrumentConfig {
        symbol: "FF_XBTUSD_270326".into(),
        ..default_instruments(FUTURES).remove(5)
    };
    change(ReferenceChange::List(listed));
    let new = row("FF_XBTUSD_270326").await.unwrap();
    assert_eq!(new["lastTradingTime"], "2027-03-26T15:00:00Z");
    let mut client = Client::open(&sim, FUTURES, "/ws/v1").await;
    subscribe(&mut client, "book", "FF_XBTUSD_270326").await;
    client
        .json_where(|m| m["feed"] == "book" && m["seq"].is_u64())
        .await;
    let symbol = || "PF_XBTUSD".to_owned();
    change(ReferenceChange::Tick {
        symbol: symbol(),
        tick: 5,
    });
    let text = get(&sim, FUTURES, "/derivatives/api/v3/instruments")
        .await
        .body;
    let ticked = r#""symbol":"PF_XBTUSD","type":"flexible_futures","tickSize":5.0,"#;
    assert!(text.contains(ticked), "{text}");
    change(ReferenceChange::Halt { symbol: symbol() });
    assert_eq!(row("PF_XBTUSD").await.unwrap()["tradeable"], false);
    subscribe(&mut client, "ticker", "PF_XBTUSD").await;
    let ticker = client
        .json_where(|m| m["feed"] == "ticker" && m["bid"].is_number())
        .await;
    assert_eq!(ticker["suspended"], true);
    change(ReferenceChange::Delist { symbol: symbol() });
    assert!(row("PF_XBTUSD").await.is_none());
}

#[tokio::test]
async fn sequence_that_begins_again_is_seen_by_subscribers() {
    let sim = start(FUTURES);
    let mut client = Client::open(&sim, FUTURES, "/ws/v1").await;
    subscribe(&mut client, "book", "PF_XBTUSD").await;
    client
        .json_where(|m| m["feed"] == "book" && m["seq"].is_u64())
        .await;
    sim.inject(Fault::SequenceReset {
        product: FUTURES,
        symbol: "PF_XBTUSD".into(),
    });
    client
        .json_where(|m| m["feed"] == "book" && m["seq"] == 1)
        .await;
    client
        .json_where(|m| m["feed"] == "book" && m["seq"] == 2)
        .await;
}

#[tokio::test]
async fn tape_has_every_level_of_a_subscribed_book_in_sequence() {
    let name = format!("venue-sim-{}-futures.jsonl", std::process::id());
    let path = std::env::temp_dir().join(name);
    let sim = Sim::start(SimConfig {
        tape: Some(path.clone()),
        ..config(FUTURES)
    })
    .unwrap();
    let mut client = Client::open(&sim, FUTURES, "/ws/v1").await;
    subscribe(&mut client, "book", "PI_XBTUSD").await;
    for _ in 0..50 {
        client
            .json_where(|m| m["feed"] == "book" && m["seq"].is_u64())
            .await;
    }
    sim.halt();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &Value| line["channel"] == "book")
        .collect();
    assert_eq!(
        (&lines[0]["kind"], &lines[0]["symbol"]),
        (&json!("snapshot"), &json!("PI_XBTUSD"))
    );
    let side = |line: &Value, side: &str| line[side].as_array().unwrap().len();
    assert!(side(&lines[0], "bids") > 100 && side(&lines[0], "asks") > 100);
    assert!(lines.len() > 50);
    for pair in lines.windows(2) {
        assert_eq!(pair[1]["last"], pair[0]["last"].as_u64().unwrap() + 1);
        assert_eq!(side(&pair[1], "bids") + side(&pair[1], "asks"), 1);
    }
}

#[tokio::test]
async fn duplicates_and_swaps_come_as_ordered() {
    let sim = start(FUTURES);
    let mut client = Client::open(&sim, FUTURES, "/ws/v1").await;
    subscribe(&mut client, "trade", "PF_ETHUSD").await;
    client.json_where(|m| m["feed"] == "trade_snapshot").await;
    let target = Target::product(FUTURES).stream("trade.PF_ETHUSD");
    sim.inject(Fault::Duplicate {
        target: target.clone(),
        count: 2,
    });
    let mut next = async || client.json().await["seq"].as_u64().unwrap();
    let twice = [next().await, next().await, next().await, next().await];
    let first = twice[0];
    assert_eq!(twice, [first, first, first + 1, first + 1]);
    sim.inject(Fault::Reorder { target, count: 1 });
    let mut swapped = Vec::new();
    while swapped.len() < 20 {
        swapped.push(next().await);
    }
    let back = swapped.windows(2).filter(|pair| pair[1] < pair[0]).count();
    swapped.sort_unstable();
    assert_eq!(back, 1);
    assert!(swapped.windows(2).all(|pair| pair[1] == pair[0] + 1));
}

#[tokio::test]
async fn recorded_session_is_played_byte_for_byte_to_those_who_subscribe() {
    let frames = [
        r#"{"feed":"book_snapshot","product_id":"PI_XBTUSD","timestamp":1626994927655,"seq":7,"tickSize":null,"bids":[{"price":32189.5,"qty":1130.0}],"asks":[]}"#,
        r#"{"feed":"book","product_id":"PI_XBTUSD","side":"buy","seq":8,"price":32189.5,"qty":0.0,"timestamp":1626994927660}"#,
    ];
    let other = r#"{"feed":"ticker_lite","product_id":"PI_XBTUSD","bid":1.0,"ask":2.0}"#;
    let name = format!("venue-sim-{}-recorded.txt", std::process::id());
    let path = std::env::temp_dir().join(name);
    let lines = [
        r#"{"event":"info","version":1}"#,
        frames[0],
        other,
        frames[1],
    ];
    let lines: String = lines
        .map(|frame| format!("1626994927583642000 {frame}\n"))
        .concat();
    std::fs::write(&path, lines).unwrap();
    let sim = Sim::start(SimConfig {
        source: Source::Capture {
            product: FUTURES,
            files: vec![path.clone()],
            speed: Speed::Max,
        },
        ..config(FUTURES)
    })
    .unwrap();
    let mut client = Client::open(&sim, FUTURES, "/ws/v1").await;
    subscribe(&mut client, "book", "PI_XBTUSD").await;
    client.json_where(|m| m["event"] == "subscribed").await;
    assert_eq!([client.text().await, client.text().await], frames);
    std::fs::remove_file(&path).unwrap();
}
