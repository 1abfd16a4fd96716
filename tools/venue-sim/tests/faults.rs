//! Every fault does what it says, and the truth says what it did.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Client, get, start};
use tokio_tungstenite::tungstenite::{Error, Message};
use venue_sim::{Ending, Fault, Product, RawFrame, RestAnswer, Sim, Target, Touch};

const SPOT: Product = Product::BinanceSpot;
const TRADES: &str = "btcusdt@trade";

async fn trades(sim: &Sim) -> Client {
    Client::open(sim, SPOT, &format!("/ws/{TRADES}")).await
}

fn target() -> Target {
    Target::product(SPOT).stream(TRADES)
}

/// The next `count` trade ids.
async fn ids(client: &mut Client, count: usize) -> Vec<u64> {
    let mut ids = Vec::new();
    while ids.len() < count {
        ids.push(client.json().await["t"].as_u64().unwrap());
    }
    ids
}

#[tokio::test]
async fn sent_and_dropped_together_are_the_whole_tape() {
    let sim = start(SPOT);
    let mut client = trades(&sim).await;
    let mut seen = ids(&mut client, 5).await;
    sim.inject(Fault::Drop {
        target: target(),
        count: 3,
    });
    seen.extend(ids(&mut client, 15).await);
    assert!(sim.halt());
    let truth = sim.truth();
    let sent = truth.sent(SPOT, TRADES) as usize;
    let rest = ids(&mut client, sent - seen.len()).await;
    seen.extend(rest);
    let dropped: Vec<u64> = truth
        .withheld(SPOT, TRADES)
        .map(|record| record.first)
        .collect();
    assert_eq!(dropped.len(), 3);
    let mut all = [seen.clone(), dropped].concat();
    all.sort_unstable();
    let tape = &truth.instrument(SPOT, "BTCUSDT").unwrap().trades;
    let tape: Vec<u64> = tape
        .iter()
        .map(|t| t.number)
        .skip_while(|n| *n < seen[0])
        .collect();
    assert_eq!(all, tape);
    assert!(client.silent_for(Duration::from_millis(50)).await);
}

#[tokio::test]
async fn drop_on_one_line_leaves_the_other_whole() {
    let sim = start(SPOT);
    let (mut a, mut b) = (trades(&sim).await, trades(&sim).await);
    ids(&mut a, 1).await;
    ids(&mut b, 1).await;
    let line = sim.truth().lines[0].line;
    sim.inject(Fault::Drop {
        target: target().line(line),
        count: 2,
    });
    let (a, b) = (ids(&mut a, 20).await, ids(&mut b, 20).await);
    let jumps = |ids: &[u64]| ids.windows(2).filter(|pair| pair[1] != pair[0] + 1).count();
    assert_eq!((jumps(&a), jumps(&b)), (1, 0));
    let records = sim.truth().faults;
    assert!(records.iter().all(|record| record.line == Some(line)) && records.len() == 2);
}

#[tokio::test]
async fn duplicates_and_swaps_come_as_ordered() {
    let sim = start(SPOT);
    let mut client = trades(&sim).await;
    sim.inject(Fault::Duplicate {
        target: target(),
        count: 2,
    });
    let twice = ids(&mut client, 4).await;
    assert_eq!(
        (twice[0], twice[2], twice[2]),
        (twice[1], twice[3], twice[0] + 1)
    );
    sim.inject(Fault::Reorder {
        target: target(),
        count: 1,
    });
    let mut swapped = ids(&mut client, 40).await;
    let back = swapped.windows(2).filter(|pair| pair[1] < pair[0]).count();
    swapped.sort_unstable();
    assert_eq!(back, 1);
    assert!(
        swapped.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "nothing lost"
    );
    let touches: Vec<Touch> = sim
        .truth()
        .faults
        .iter()
        .map(|record| record.touch)
        .collect();
    assert_eq!(
        touches,
        [Touch::Duplicated, Touch::Duplicated, Touch::Delayed]
    );
}

#[tokio::test]
async fn held_message_is_released_by_the_halt() {
    let sim = start(SPOT);
    let mut client = trades(&sim).await;
    let last = ids(&mut client, 1).await[0];
    sim.inject(Fault::Reorder {
        target: target(),
        count: 1_000,
    });
    ids(&mut client, 20).await;
    sim.halt();
    let truth = sim.truth();
    let sent = truth.sent(SPOT, TRADES);
    let tape = &truth.instrument(SPOT, "BTCUSDT").unwrap().trades;
    let expected = tape.iter().filter(|trade| trade.number >= last).count() as u64;
    assert_eq!(sent, expected, "a held message was lost");
}

#[tokio::test]
async fn silenced_stream_is_acknowledged_dead_and_lives_after_a_later_subscription() {
    let sim = start(SPOT);
    let mut client = Client::open(&sim, SPOT, "/ws").await;
    let request = |method: &str| json!({"method":method,"params":[TRADES],"id":1}).to_string();
    sim.inject(Fault::Silence {
        target: target(),
        subscriptions: 1,
    });
    client.send(request("SUBSCRIBE")).await;
    assert_eq!(client.json().await["result"], Value::Null);
    assert!(client.silent_for(Duration::from_millis(400)).await);
    assert!(sim.truth().withheld(SPOT, TRADES).count() > 3);
    client.send(request("UNSUBSCRIBE")).await;
    client.json().await;
    client.send(request("SUBSCRIBE")).await;
    client.json().await;
    ids(&mut client, 3).await;
    sim.inject(Fault::Silence {
        target: target(),
        subscriptions: 1,
    });
    while !client.silent_for(Duration::from_millis(300)).await {}
    sim.inject(Fault::Heal);
    ids(&mut client, 3).await;
}

#[tokio::test]
async fn rejected_subscription_gets_the_venues_own_error_once() {
    let cases = [
        (
            SPOT,
            "/ws",
            r#"{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":1}"#,
            "code",
        ),
        (
            Product::BybitLinear,
            "/v5/public/linear",
            r#"{"op":"subscribe","args":["publicTrade.BTCUSDT"]}"#,
            "ret_msg",
        ),
        (
            Product::KrakenSpot,
            "/v2",
            r#"{"method":"subscribe","params":{"channel":"trade","symbol":["BTC/USD"]}}"#,
            "error",
        ),
    ];
    for (product, path, request, key) in cases {
        let sim = start(product);
        let mut client = Client::open(&sim, product, path).await;
        sim.inject(Fault::RejectSubscribe {
            target: Target::product(product),
            count: 1,
        });
        let answer = |m: &Value| m.get("channel").is_none() && m.get("topic").is_none();
        client.send(request).await;
        let refusal = client.json_where(answer).await;
        assert!(refusal.get(key).is_some_and(|text| text != ""), "{refusal}");
        client.send(request).await;
        let ack = client.json_where(answer).await;
        assert!(
            ack.get("error").is_none() && ack.get("code").is_none(),
            "{ack}"
        );
        assert_ne!(ack.get("success"), Some(&json!(false)));
    }
}

#[tokio::test]
async fn connections_end_in_the_ordered_way() {
    let sim = start(SPOT);
    let endings = [
        (
            Ending::Clean {
                code: 1001,
                reason: "bye".into(),
            },
            "Ok(Some((1001, \"bye\")))",
        ),
        (Ending::Reset, "onnection reset"),
        (Ending::Cut, "without closing handshake"),
        (Ending::mid_message(), "without closing handshake"),
    ];
    for (ending, expected) in endings {
        let mut client = trades(&sim).await;
        ids(&mut client, 1).await;
        sim.inject(Fault::Close {
            target: Target::product(SPOT),
            ending,
        });
        let end = format!("{:?}", client.end().await);
        assert!(end.contains(expected), "{end} is not {expected}");
    }
    let lines = sim.truth().lines;
    assert!(
        lines.len() == 4 && lines.iter().all(|line| line.closed.is_some()),
        "{lines:?}"
    );
}

#[tokio::test]
async fn arbitrary_frames_reach_the_client_as_they_are() {
    let sim = start(SPOT);
    let mut client = Client::open(&sim, SPOT, "/ws").await;
    let raw = |frame| Fault::Raw {
        target: Target::product(SPOT),
        frame,
    };
    let deep = "[".repeat(100_000);
    sim.inject(raw(RawFrame::Text(deep.clone().into_bytes())));
    assert_eq!(client.text().await, deep);
    sim.inject(raw(RawFrame::Binary(vec![0, 255, 1])));
    assert!(matches!(client.next().await, Some(Ok(Message::Binary(b))) if b[..] == [0, 255, 1]));
    sim.inject(raw(RawFrame::Fragments(vec![
        b"{\"a\"".to_vec(),
        b":1".to_vec(),
        b"}".to_vec(),
    ])));
    assert_eq!(client.json().await, json!({"a":1}));
    sim.inject(raw(RawFrame::PingFlood(b"x".to_vec(), 50)));
    for _ in 0..50 {
        assert!(matches!(client.next().await, Some(Ok(Message::Ping(_)))));
    }
    let mut client = Client::open(&sim, SPOT, "/ws").await;
    sim.inject(raw(RawFrame::Text(vec![0xff, 0xfe])));
    assert!(matches!(client.next().await, Some(Err(Error::Utf8(_)))));
}

#[tokio::test]
async fn rest_answers_as_ordered_and_then_rightly_again() {
    let sim = start(SPOT);
    let order = |answer| {
        let path = Some("depth".to_owned());
        sim.inject(Fault::Rest {
            product: SPOT,
            path,
            answer,
            count: 1,
        });
    };
    let depth = "/api/v3/depth?symbol=BTCUSDT&limit=5";
    order(RestAnswer::Status {
        code: 429,
        retry_after: Some(17),
    });
    assert_eq!(
        get(&sim, SPOT, "/api/v3/time").await.status,
        200,
        "another path"
    );
    let reply = get(&sim, SPOT, depth).await;
    assert_eq!(
        (reply.status, reply.header("retry-after")),
        (429, Some("17"))
    );
    assert_eq!(reply.json()["code"], -1003);
    order(RestAnswer::Status {
        code: 500,
        retry_after: None,
    });
    let reply = get(&sim, SPOT, depth).await;
    assert_eq!((reply.status, reply.header("retry-after")), (500, None));
    order(RestAnswer::Html);
    let reply = get(&sim, SPOT, depth).await;
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, Some("text/html"))
    );
    order(RestAnswer::Body("{\"lastUpdateId\":".into()));
    assert_eq!(get(&sim, SPOT, depth).await.body, "{\"lastUpdateId\":");
    order(RestAnswer::Delay(Duration::from_millis(300)));
    let asked = Instant::now();
    assert!(get(&sim, SPOT, depth).await.json()["lastUpdateId"].is_u64());
    assert!(asked.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn handshake_is_refused_with_the_ordered_status_and_then_accepted() {
    let sim = start(SPOT);
    let answer = RestAnswer::Status {
        code: 429,
        retry_after: Some(5),
    };
    let path = Some("/ws".to_owned());
    sim.inject(Fault::Rest {
        product: SPOT,
        path,
        answer,
        count: 1,
    });
    match Client::try_open(&sim, SPOT, "/ws").await {
        Err(Error::Http(response)) => assert_eq!(response.status(), 429),
        other => panic!("{:?}", other.map(|_| "accepted")),
    }
    Client::open(&sim, SPOT, "/ws").await;
    let unknown = Client::try_open(&sim, SPOT, "/nowhere").await;
    assert!(matches!(unknown, Err(Error::Http(response)) if response.status() == 404));
}

#[tokio::test]
async fn ignored_request_has_neither_answer_nor_effect() {
    let sim = start(SPOT);
    let mut client = Client::open(&sim, SPOT, "/ws").await;
    sim.inject(Fault::Ignore {
        target: Target::product(SPOT),
        count: 1,
    });
    let request = json!({"method":"SUBSCRIBE","params":[TRADES],"id":1}).to_string();
    client.send(request.clone()).await;
    assert!(client.silent_for(Duration::from_millis(300)).await);
    client.send(request).await;
    assert_eq!(client.json().await["id"], 1);
}

#[tokio::test]
async fn stale_snapshot_is_older_than_the_first_update_and_the_next_one_is_not() {
    let sim = start(SPOT);
    sim.inject(Fault::StaleSnapshot {
        product: SPOT,
        symbol: "BTCUSDT".into(),
        count: 1,
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut client = Client::open(&sim, SPOT, "/ws/btcusdt@depth@100ms").await;
    let first = client.json().await["U"].as_u64().unwrap();
    let depth = "/api/v3/depth?symbol=BTCUSDT&limit=1000";
    let id = |reply: support::Reply| reply.json()["lastUpdateId"].as_u64().unwrap();
    assert!(id(get(&sim, SPOT, depth).await) < first);
    assert!(id(get(&sim, SPOT, depth).await) >= first);
}

#[tokio::test]
async fn frozen_connection_answers_nothing_and_thaws_without_loss() {
    let sim = start(SPOT);
    let mut client = trades(&sim).await;
    let mut seen = ids(&mut client, 3).await;
    let lasts = Duration::from_millis(1_500);
    sim.inject(Fault::Freeze {
        target: Target::product(SPOT),
        lasts,
    });
    // What was in the socket may still come; after that nothing, not even to a request.
    tokio::time::sleep(Duration::from_millis(100)).await;
    while let Ok(Some(Ok(Message::Text(text)))) =
        tokio::time::timeout(Duration::from_millis(50), client.next()).await
    {
        seen.push(
            serde_json::from_str::<Value>(&text).unwrap()["t"]
                .as_u64()
                .unwrap(),
        );
    }
    client
        .send(r#"{"method":"LIST_SUBSCRIPTIONS","id":1}"#)
        .await;
    assert!(client.silent_for(Duration::from_millis(200)).await);
    loop {
        let message = client.json().await;
        match message["t"].as_u64() {
            Some(id) => seen.push(id),
            None => break,
        }
    }
    seen.extend(ids(&mut client, 5).await);
    assert!(
        seen.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{seen:?}"
    );
}

#[tokio::test]
async fn shutdown_event_and_maintenance_reach_every_connection() {
    let sim = start(SPOT);
    let mut raw = Client::open(&sim, SPOT, "/ws").await;
    let mut combined = Client::open(&sim, SPOT, "/stream").await;
    sim.inject(Fault::ServerShutdown);
    assert_eq!(raw.json().await["e"], "serverShutdown");
    let event = combined.json().await;
    assert_eq!(
        (&event["stream"], &event["data"]["e"]),
        (&json!("!serverShutdown"), &json!("serverShutdown"))
    );
    let sim = start(Product::KrakenSpot);
    let mut client = Client::open(&sim, Product::KrakenSpot, "/v2").await;
    sim.inject(Fault::SystemStatus {
        system: "maintenance".into(),
    });
    let status = |m: &Value| m["data"][0]["system"] == "maintenance";
    client.json_where(status).await;
}

#[tokio::test]
async fn lifetime_over_says_goodbye_and_closes() {
    let limits = venue_sim::Limits {
        max_life: Some(Duration::from_millis(300)),
        ..Default::default()
    };
    let config = venue_sim::SimConfig {
        limits,
        ..support::config(SPOT)
    };
    let sim = Sim::start(config).unwrap();
    let mut client = Client::open(&sim, SPOT, "/ws").await;
    assert_eq!(client.json().await["e"], "serverShutdown");
    assert_eq!(client.end().await.unwrap().unwrap().0, 1008);
}
