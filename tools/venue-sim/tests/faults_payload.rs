//! Faults of messages, books and clocks.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Book, Client, get, scaled, start};
use tokio_tungstenite::tungstenite::Message;
use venue_sim::{Fault, Mutation, Product, Sim, Target, Touch};

const SPOT: Product = Product::BinanceSpot;
const KRAKEN: Product = Product::KrakenSpot;
const TRADES: &str = "btcusdt@trade";

fn trades() -> Target {
    Target::product(SPOT).stream(TRADES)
}

async fn open(sim: &Sim, stream: &str) -> Client {
    Client::open(sim, SPOT, &format!("/ws/{stream}")).await
}

async fn ids(client: &mut Client, count: usize) -> Vec<u64> {
    let mut ids = Vec::new();
    while ids.len() < count {
        ids.push(client.json().await["t"].as_u64().unwrap());
    }
    ids
}

fn mutate(mutation: Mutation) -> Fault {
    Fault::Mutate {
        target: trades(),
        mutation,
        count: 1,
        seed: 7,
    }
}

/// The next frame's bytes, as text if they are that.
async fn bytes(client: &mut Client) -> Vec<u8> {
    loop {
        match client.next().await.unwrap() {
            Ok(Message::Text(text)) => return text.as_bytes().to_vec(),
            Ok(_) => {}
            Err(error) => return error.to_string().into_bytes(),
        }
    }
}

/// The first frame that satisfies `wanted`; what was on its way before the fault is passed over.
async fn frame(client: &mut Client, wanted: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    for _ in 0..20 {
        let body = bytes(client).await;
        if wanted(&body) {
            return body;
        }
    }
    panic!("no such frame among twenty");
}

fn contains(body: &[u8], text: &str) -> bool {
    String::from_utf8_lossy(body).contains(text)
}

#[tokio::test]
async fn loss_hits_each_line_by_its_own_dice_and_is_on_record() {
    let sim = start(SPOT);
    let (mut a, mut b) = (open(&sim, TRADES).await, open(&sim, TRADES).await);
    let lasts = Duration::from_secs(60);
    sim.inject(Fault::Loss {
        target: trades(),
        ppm: 200_000,
        lasts,
        seed: 3,
    });
    let (seen_a, seen_b) = (ids(&mut a, 150).await, ids(&mut b, 150).await);
    let missing =
        |ids: &[u64]| -> Vec<u64> { (ids[0]..ids[149]).filter(|id| !ids.contains(id)).collect() };
    let (lost_a, lost_b) = (missing(&seen_a), missing(&seen_b));
    assert!(
        (10..100).contains(&lost_a.len()),
        "{} of about 37",
        lost_a.len()
    );
    assert!(
        (10..100).contains(&lost_b.len()),
        "{} of about 37",
        lost_b.len()
    );
    assert_ne!(lost_a, lost_b);
    let line = sim.truth().lines[0].line;
    let faults = sim.truth().faults;
    let recorded: Vec<u64> = faults
        .iter()
        .filter(|f| f.line == Some(line))
        .map(|f| f.first)
        .collect();
    assert!(lost_a.iter().all(|id| recorded.contains(id)));
    sim.inject(Fault::Heal);
    assert!(sim.halt());
}

#[tokio::test]
async fn resent_messages_come_twice_in_a_row() {
    let sim = start(SPOT);
    let mut client = open(&sim, TRADES).await;
    let lasts = Duration::from_secs(60);
    sim.inject(Fault::Resend {
        target: trades(),
        ppm: 300_000,
        lasts,
        seed: 3,
    });
    let seen = ids(&mut client, 100).await;
    let twice = seen.windows(2).filter(|pair| pair[0] == pair[1]).count();
    assert!((8..50).contains(&twice), "{twice}");
    assert!(
        seen.windows(2).all(|pair| pair[1] - pair[0] <= 1),
        "nothing lost"
    );
}

#[tokio::test]
async fn shuffled_messages_stay_within_their_group() {
    let sim = start(SPOT);
    let mut client = open(&sim, TRADES).await;
    sim.inject(Fault::Shuffle {
        target: trades(),
        within: 5,
        count: 3,
        seed: 11,
    });
    let seen = ids(&mut client, 20).await;
    let first = *seen.iter().min().unwrap();
    for (place, group) in seen.chunks(5).enumerate() {
        let mut sorted = group.to_vec();
        sorted.sort_unstable();
        let from = first + 5 * place as u64;
        assert_eq!(sorted, (from..from + 5).collect::<Vec<_>>());
        assert_eq!(group.is_sorted(), place == 3, "{group:?}");
    }
    assert!(
        sim.truth()
            .faults
            .iter()
            .all(|fault| fault.touch == Touch::Delayed)
    );
}

#[tokio::test]
async fn mutated_fields_differ_from_the_truth_in_one_thing() {
    let sim = start(SPOT);
    let mut client = open(&sim, TRADES).await;
    let field = || Some("p".to_owned());
    for (mutation, text) in [
        (Mutation::AddField, r#"{"neverHeardOf":0,"e":"#),
        (Mutation::RenameField(field()), r#""p_v2":"#),
        (Mutation::HugeNumber(field()), r#""p":99999999"#),
        (
            Mutation::UnknownEnum(Some("e".into())),
            r#""e":"neverHeardOf""#,
        ),
        (Mutation::UnknownEvent, r#""e":"neverHeardOf""#),
        (Mutation::DeepNesting(1_000), "[[[[[[[["),
    ] {
        sim.inject(mutate(mutation.clone()));
        frame(&mut client, |body| contains(body, text)).await;
    }
    sim.inject(mutate(Mutation::RemoveField(field())));
    client.json_where(|message| message["p"].is_null()).await;
    sim.inject(mutate(Mutation::RetypeField(field())));
    client.json_where(|message| message["p"].is_number()).await;
    sim.inject(mutate(Mutation::DuplicateKey(field())));
    let twice = |body: &[u8]| String::from_utf8_lossy(body).matches(r#""p":"#).count() == 2;
    frame(&mut client, twice).await;
    assert!(client.json().await["p"].is_string(), "then the truth again");
    let record = sim.truth().faults.remove(0);
    assert_eq!(record.touch, Touch::Mutated);
    assert!(
        record.text.starts_with(r#"{"e":"trade""#),
        "{}",
        record.text
    );
}

#[tokio::test]
async fn a_field_left_open_is_chosen_by_the_seed() {
    let sim = start(SPOT);
    let mut client = open(&sim, TRADES).await;
    let mut missing = std::collections::BTreeSet::new();
    for seed in 0..12 {
        let mutation = Mutation::RemoveField(None);
        sim.inject(Fault::Mutate {
            target: trades(),
            mutation,
            count: 1,
            seed,
        });
        let all = ["e", "E", "s", "t", "p", "q", "T", "m", "M"];
        let gone = |message: &Value| -> Vec<&str> {
            all.into_iter()
                .filter(|name| message.get(name).is_none())
                .collect()
        };
        let got = client.json_where(|message| !gone(message).is_empty()).await;
        assert_eq!(gone(&got).len(), 1, "{got}");
        missing.insert(gone(&got)[0]);
    }
    assert!(missing.len() > 3, "{missing:?}");
}

#[tokio::test]
async fn mutated_bytes_are_cut_appended_or_no_text() {
    let sim = start(SPOT);
    let mut client = open(&sim, TRADES).await;
    ids(&mut client, 1).await;
    sim.inject(mutate(Mutation::Truncate(17)));
    frame(&mut client, |body| body.len() == 17).await;
    sim.inject(mutate(Mutation::Trailing(3)));
    frame(&mut client, |body| body.ends_with(b"}xxx")).await;
    sim.inject(mutate(Mutation::Empty));
    frame(&mut client, <[u8]>::is_empty).await;
    sim.inject(mutate(Mutation::HugeMessage(100_000)));
    frame(&mut client, |body| body.len() > 100_000).await;
    let sent = sim.truth().sent(SPOT, TRADES);
    assert!(sent >= 5, "mutated messages count as sent: {sent}");
    sim.inject(mutate(Mutation::InvalidUtf8));
    // The client of this test gives the error for it.
    frame(&mut client, |body| contains(body, "UTF-8")).await;
}

#[tokio::test]
async fn shifted_message_is_ahead_and_the_next_is_not() {
    let sim = start(SPOT);
    let mut client = open(&sim, TRADES).await;
    let before = client.json().await["T"].as_u64().unwrap();
    sim.inject(mutate(Mutation::Shift(3_600_000)));
    let hour = 3_600_000;
    let near = |stamp: &Value, at: u64| stamp.as_u64().unwrap().abs_diff(at) < 60_000;
    let ahead = client
        .json_where(|message| near(&message["T"], before + hour))
        .await;
    assert!(near(&ahead["E"], before + hour), "{ahead}");
    assert!(near(&client.json().await["T"], before));
}

#[tokio::test]
async fn venue_clock_jumps_on_all_streams_and_comes_back() {
    let sim = start(KRAKEN);
    let mut client = Client::open(&sim, KRAKEN, "/v2").await;
    let request = json!({"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD"]}});
    client.send(request.to_string()).await;
    let stamp = |message: &Value| -> Option<String> {
        Some(
            message["data"][0]["timestamp"]
                .as_str()?
                .get(..10)?
                .to_owned(),
        )
    };
    let today = loop {
        if let Some(stamp) = stamp(&client.json().await) {
            break stamp;
        }
    };
    let lasts = Duration::from_millis(300);
    sim.inject(Fault::ClockJump {
        product: KRAKEN,
        by_ms: -24 * 3_600_000,
        lasts,
    });
    let time = get(&sim, KRAKEN, "/0/public/Time").await.json();
    assert!(time["result"]["unixtime"].is_u64());
    let moved = client
        .json_where(|message| stamp(message).is_some_and(|s| s != today))
        .await;
    assert!(stamp(&moved).unwrap() < today);
    client
        .json_where(|message| stamp(message).is_some_and(|s| s == today))
        .await;
}

/// Applies depth messages for a while and says whether the book was crossed at any moment, and
/// whether it is now.
async fn crossed(client: &mut Client, book: &mut Book, wait: Duration) -> (bool, bool) {
    let end = Instant::now() + wait;
    let (mut ever, mut now) = (false, false);
    while Instant::now() < end {
        let message = client.json().await;
        book.apply(&message["b"], &message["a"]);
        let best = (book.bids().first().cloned(), book.asks().first().cloned());
        now = matches!(best, (Some(bid), Some(ask)) if scaled(&bid.0) >= scaled(&ask.0));
        ever |= now;
    }
    (ever, now)
}

#[tokio::test]
async fn crossed_book_is_the_truth_for_a_while() {
    let sim = start(SPOT);
    let mut client = open(&sim, "btcusdt@depth@100ms").await;
    let snapshot = get(&sim, SPOT, "/api/v3/depth?symbol=BTCUSDT&limit=5000")
        .await
        .json();
    let mut book = Book::default();
    book.apply(&snapshot["bids"], &snapshot["asks"]);
    assert_eq!(
        crossed(&mut client, &mut book, Duration::from_millis(300)).await,
        (false, false)
    );
    let lasts = Duration::from_millis(300);
    let symbol = "BTCUSDT".to_owned();
    sim.inject(Fault::Cross {
        product: SPOT,
        symbol,
        ticks: 40,
        lasts,
    });
    let seen = crossed(&mut client, &mut book, Duration::from_millis(900)).await;
    assert_eq!(seen, (true, false));
}

#[tokio::test]
async fn untrue_levels_come_once_and_are_taken_back() {
    let sim = start(SPOT);
    for (mutation, levels) in [
        (Mutation::OffTick, 1),
        (Mutation::NegativeQty, 1),
        (Mutation::Explosion(2_000), 2_000),
    ] {
        let stream = "btcusdt@depth@100ms";
        let mut client = open(&sim, stream).await;
        client.json().await;
        let target = Target::product(SPOT).stream(stream);
        sim.inject(Fault::Mutate {
            target,
            mutation: mutation.clone(),
            count: 1,
            seed: 1,
        });
        let told = client.json().await["b"].as_array().unwrap().clone();
        let back = client.json().await["b"].as_array().unwrap().clone();
        assert!(told.len() >= levels && back.len() >= levels, "{mutation:?}");
        for level in &told[told.len() - levels..] {
            assert!(
                back[..levels].contains(&json!([level[0], "0"])),
                "{mutation:?} {level}"
            );
        }
        let odd = told.last().unwrap();
        match mutation {
            Mutation::OffTick => assert!(odd[0].as_str().unwrap().ends_with("000001"), "{odd}"),
            Mutation::NegativeQty => assert!(odd[1].as_str().unwrap().starts_with('-'), "{odd}"),
            _ => {}
        }
        sim.inject(Fault::Heal);
    }
}

#[tokio::test]
async fn numbers_start_again_and_the_snapshot_agrees() {
    let sim = start(SPOT);
    let mut client = open(&sim, "btcusdt@depth@100ms").await;
    let before = client.json().await["u"].as_u64().unwrap();
    let symbol = "BTCUSDT".to_owned();
    sim.inject(Fault::SequenceReset {
        product: SPOT,
        symbol,
    });
    let after = client
        .json_where(|message| message["u"].as_u64().unwrap() < before)
        .await;
    assert!(after["U"].as_u64().unwrap() < 1_000, "{after}");
    let next = client.json().await;
    assert_eq!(
        next["U"].as_u64().unwrap(),
        after["u"].as_u64().unwrap() + 1
    );
    let snapshot = get(&sim, SPOT, "/api/v3/depth?symbol=BTCUSDT&limit=5")
        .await
        .json();
    assert!(snapshot["lastUpdateId"].as_u64().unwrap() >= next["u"].as_u64().unwrap());
}
