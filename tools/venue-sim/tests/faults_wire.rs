//! Faults of connections, frames, requests and answers.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::time::{Duration, Instant};

use serde_json::Value;
use support::{Client, PATIENCE, config, get, port, start};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message};
use venue_sim::{Ending, Fault, Product, RawFrame, RestAnswer, Sim, SimConfig, Target};

const SPOT: Product = Product::BinanceSpot;
const KRAKEN: Product = Product::KrakenSpot;
const TRADES: &str = "/ws/btcusdt@trade";

fn all() -> Target {
    Target::product(SPOT)
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

async fn id(client: &mut Client) -> u64 {
    client.json().await["t"].as_u64().unwrap()
}

/// A connection whose bytes are read as they are, behind the handshake.
async fn bare(sim: &Sim) -> TcpStream {
    let mut tcp = TcpStream::connect(("127.0.0.1", port(sim, SPOT)))
        .await
        .unwrap();
    let head = format!(
        "GET {TRADES} HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    tcp.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(timeout(PATIENCE, tcp.read_u8()).await.unwrap().unwrap());
    }
    tcp
}

#[tokio::test]
async fn reset_comes_after_exactly_the_ordered_bytes() {
    let sim = start(SPOT);
    let mut tcp = bare(&sim).await;
    let mut first = [0; 1];
    timeout(PATIENCE, tcp.read_exact(&mut first))
        .await
        .unwrap()
        .unwrap();
    // What is on the way already is not counted: let a first reset show how much that is.
    sim.inject(Fault::Freeze {
        target: all(),
        lasts: ms(150),
    });
    tokio::time::sleep(ms(50)).await;
    let mut sink = vec![0; 1 << 20];
    let _waiting = tcp.try_read(&mut sink);
    sim.inject(Fault::Close {
        target: all(),
        ending: Ending::ResetAfter(37),
    });
    let mut got = 0;
    let error = loop {
        match timeout(PATIENCE, tcp.read(&mut sink)).await.unwrap() {
            Ok(0) => panic!("closed, not reset"),
            Ok(bytes) => got += bytes,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(got, 37);
    let closed = sim.truth().lines[0].closed.clone().unwrap();
    assert!(closed.contains("reset after 37"), "{closed}");
}

#[tokio::test]
async fn trickled_frame_takes_its_time_and_then_the_stream_goes_on() {
    let sim = start(SPOT);
    let mut client = Client::open(&sim, SPOT, TRADES).await;
    id(&mut client).await;
    sim.inject(Fault::Trickle {
        target: all(),
        bytes_per_second: 200,
        lasts: ms(700),
    });
    // What was on its way before.
    while let Ok(Some(Ok(_))) = timeout(ms(10), futures_util::StreamExt::next(&mut client.ws)).await
    {
    }
    let begun = Instant::now();
    let mut seen = 0;
    while begun.elapsed() < ms(500) {
        id(&mut client).await;
        seen += 1;
    }
    assert!(
        seen <= 3,
        "{seen} messages of 130 bytes in half a second at 200 bytes a second"
    );
    let mut last = id(&mut client).await;
    for _ in 0..20 {
        let next = id(&mut client).await;
        assert_eq!(next, last + 1, "nothing is lost");
        last = next;
    }
}

#[tokio::test]
async fn clogged_line_is_silent_then_bursts_and_the_other_line_flows() {
    let sim = start(SPOT);
    let (mut a, mut b) = (
        Client::open(&sim, SPOT, TRADES).await,
        Client::open(&sim, SPOT, TRADES).await,
    );
    id(&mut a).await;
    id(&mut b).await;
    sim.inject(Fault::Clog {
        target: all().rank(0),
        lasts: ms(400),
    });
    tokio::time::sleep(ms(30)).await;
    while let Ok(Some(Ok(_))) = timeout(ms(5), futures_util::StreamExt::next(&mut a.ws)).await {}
    assert!(a.silent_for(ms(200)).await);
    let from = id(&mut b).await;
    assert!(id(&mut b).await > from, "the other line is not clogged");
    let begun = Instant::now();
    let mut last = id(&mut a).await;
    for _ in 0..8 {
        let next = id(&mut a).await;
        assert_eq!(next, last + 1);
        last = next;
    }
    assert!(begun.elapsed() < ms(350), "the backlog comes at once");
}

#[tokio::test]
async fn delayed_messages_arrive_in_order_and_that_much_later() {
    let sim = start(SPOT);
    let mut client = Client::open(&sim, SPOT, TRADES).await;
    id(&mut client).await;
    sim.inject(Fault::Delay {
        target: all(),
        by: ms(150),
        lasts: ms(300),
    });
    tokio::time::sleep(ms(200)).await;
    let mut late = 0;
    let mut last = id(&mut client).await;
    for _ in 0..10 {
        let message = client.json().await;
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        late = late.max(now.as_millis() - u128::from(message["E"].as_u64().unwrap()));
        assert_eq!(message["t"].as_u64().unwrap(), last + 1);
        last += 1;
    }
    assert!((145..1_000).contains(&late), "{late} ms late");
}

#[tokio::test]
async fn heal_releases_what_is_clogged_or_frozen() {
    let sim = start(SPOT);
    let mut client = Client::open(&sim, SPOT, TRADES).await;
    id(&mut client).await;
    for fault in [
        Fault::Clog {
            target: all(),
            lasts: PATIENCE * 4,
        },
        Fault::Freeze {
            target: all(),
            lasts: PATIENCE * 4,
        },
        Fault::Trickle {
            target: all(),
            bytes_per_second: 1,
            lasts: PATIENCE * 4,
        },
    ] {
        sim.inject(fault);
        tokio::time::sleep(ms(50)).await;
        sim.inject(Fault::Heal);
        for _ in 0..20 {
            id(&mut client).await;
        }
    }
}

#[tokio::test]
async fn expired_connection_hears_the_goodbye_then_the_close() {
    let sim = start(SPOT);
    let (mut a, mut b) = (
        Client::open(&sim, SPOT, TRADES).await,
        Client::open(&sim, SPOT, TRADES).await,
    );
    id(&mut a).await;
    sim.inject(Fault::Expire {
        target: all().rank(0),
    });
    a.json_where(|message| message["e"] == "serverShutdown")
        .await;
    assert_eq!(a.end().await.unwrap().unwrap().0, 1008);
    id(&mut b).await;
}

#[tokio::test]
async fn rank_names_the_oldest_line_that_carries_the_stream_and_none_hits_nothing() {
    let sim = start(SPOT);
    let mut other = Client::open(&sim, SPOT, "/ws/ethusdt@trade").await;
    let mut a = Client::open(&sim, SPOT, TRADES).await;
    let mut b = Client::open(&sim, SPOT, TRADES).await;
    let target = all().stream("btcusdt@trade");
    for rank in [2, 1] {
        let ending = Ending::Reset;
        sim.inject(Fault::Close {
            target: target.clone().rank(rank),
            ending,
        });
    }
    assert!(b.end().await.is_err());
    id(&mut a).await;
    id(&mut other).await;
}

#[tokio::test]
async fn odd_frames_break_the_rule_they_are_named_after() {
    let frames: [(RawFrame, &str); 6] = [
        (RawFrame::Compressed(b"{}".to_vec()), "reserved"),
        (RawFrame::Masked(b"{}".to_vec()), "masked"),
        (RawFrame::OrphanContinuation(b"{}".to_vec()), "continu"),
        (
            RawFrame::Interrupted(b"{".to_vec(), b"{}".to_vec()),
            "fragment",
        ),
        (RawFrame::FragmentedPing(b"x".to_vec()), "control frame"),
        (RawFrame::ReservedOpcode(b"{}".to_vec()), "opcode"),
    ];
    let sim = start(SPOT);
    for (frame, word) in frames {
        let mut client = Client::open(&sim, SPOT, TRADES).await;
        id(&mut client).await;
        sim.inject(Fault::Raw {
            target: all(),
            frame: frame.clone(),
        });
        let error = client.end().await.expect_err("a client has to refuse this");
        assert!(error.to_lowercase().contains(word), "{frame:?}: {error}");
    }
}

#[tokio::test]
async fn lost_answer_leaves_the_subscription_in_effect() {
    let sim = start(SPOT);
    let mut client = Client::open(&sim, SPOT, "/ws").await;
    sim.inject(Fault::LoseAck {
        target: all(),
        count: 1,
    });
    client
        .send(r#"{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":1}"#)
        .await;
    assert_eq!(
        client.json().await["e"],
        "trade",
        "the first message is no answer"
    );
    client
        .send(r#"{"method":"LIST_SUBSCRIPTIONS","id":2}"#)
        .await;
    let list = client.json_where(|message| message["id"] == 2).await;
    assert_eq!(list["result"][0], "btcusdt@trade");
}

#[tokio::test]
async fn half_of_the_subscriptions_are_acknowledged_and_stay_silent() {
    let sim = start(KRAKEN);
    let mut client = Client::open(&sim, KRAKEN, "/v2").await;
    sim.inject(Fault::HalfSubscribe {
        target: Target::product(KRAKEN),
        count: 4,
    });
    client
        .send(r#"{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD","ETH/USD","SOL/USD","DOGE/USD"]}}"#)
        .await;
    let (mut acks, mut heard) = (0, std::collections::BTreeSet::new());
    let end = Instant::now() + ms(500);
    while Instant::now() < end {
        let message = client.json().await;
        acks += usize::from(message["success"] == true);
        if message["channel"] == "book" {
            heard.insert(message["data"][0]["symbol"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!((acks, heard.len()), (4, 2), "{heard:?}");
}

#[tokio::test]
async fn rest_answer_can_be_cut_off() {
    let sim = start(SPOT);
    let answer = RestAnswer::Truncated(40);
    sim.inject(Fault::Rest {
        product: SPOT,
        path: Some("depth".into()),
        answer,
        count: 1,
    });
    let path = "/api/v3/depth?symbol=BTCUSDT&limit=5";
    let reply = get(&sim, SPOT, path).await;
    assert_eq!((reply.status, reply.body.len()), (200, 40));
    assert!(serde_json::from_str::<Value>(&reply.body).is_err());
    assert!(get(&sim, SPOT, path).await.json()["bids"].is_array());
}

#[tokio::test]
async fn several_simulations_live_side_by_side_and_start_and_stop_at_once() {
    let begun = Instant::now();
    let sims: Vec<Sim> = (0..4)
        .map(|seed| {
            Sim::start(SimConfig {
                seed,
                ..config(SPOT)
            })
            .unwrap()
        })
        .collect();
    let started = begun.elapsed();
    for sim in &sims {
        let mut client = Client::open(sim, SPOT, TRADES).await;
        assert!(matches!(
            client.next().await.unwrap(),
            Ok::<_, Error>(Message::Text(_))
        ));
    }
    let begun = Instant::now();
    sims.into_iter().for_each(Sim::stop);
    assert!(started < ms(800), "four took {started:?} to start");
    assert!(
        begun.elapsed() < ms(800),
        "four took {:?} to stop",
        begun.elapsed()
    );
}
