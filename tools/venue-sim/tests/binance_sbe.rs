//! Binance Spot's binary streams as a client with a key sees them.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::{Book, Client, PATIENCE, config, get};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use venue_sim::{Fault, Product, SbeListener, Sim, SimConfig, Target};

const SPOT: Product = Product::BinanceSpot;
const KEY: &str = "public-key-of-the-test";

fn start() -> Sim {
    let sbe = Some(SbeListener {
        api_key: KEY.into(),
        port: 0,
    });
    Sim::start(SimConfig {
        sbe,
        ..config(SPOT)
    })
    .unwrap()
}

async fn open(sim: &Sim, path: &str, key: Option<&str>) -> Result<Client, Error> {
    let endpoint = sim.sbe_endpoint().unwrap();
    let tcp = TcpStream::connect(("127.0.0.1", endpoint.port))
        .await
        .unwrap();
    let mut request = format!("{}{path}", endpoint.ws_url).into_client_request()?;
    if let Some(key) = key {
        request
            .headers_mut()
            .insert("X-MBX-APIKEY", key.parse().unwrap());
    }
    let (ws, _) = client_async(request, tcp).await?;
    Ok(Client { ws })
}

async fn frame(client: &mut Client) -> Vec<u8> {
    loop {
        match client.next().await.expect("connection ended").unwrap() {
            Message::Binary(bytes) => return bytes.to_vec(),
            Message::Text(text) => panic!("text instead of data: {text}"),
            _ => {}
        }
    }
}

/// Reads little-endian fields from the front.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (head, rest) = self.0.split_at(N);
        self.0 = rest;
        head.try_into().unwrap()
    }

    fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.take())
    }

    fn i64(&mut self) -> i64 {
        i64::from_le_bytes(self.take())
    }

    /// A mantissa of eight decimals as text.
    fn decimal(&mut self) -> String {
        let mantissa = self.i64();
        format!("{}.{:08}", mantissa / 100_000_000, mantissa % 100_000_000)
    }

    /// Block length, template, schema and version.
    fn header(&mut self) -> [u16; 4] {
        [self.u16(), self.u16(), self.u16(), self.u16()]
    }

    fn exponents(&mut self) {
        assert_eq!(self.take::<2>().map(|byte| byte as i8), [-8, -8]);
    }

    fn levels(&mut self) -> Value {
        assert_eq!(self.u16(), 16);
        let count = self.u16();
        (0..count)
            .map(|_| json!([self.decimal(), self.decimal()]))
            .collect()
    }

    fn symbol(mut self) -> String {
        let [length] = self.take::<1>();
        assert_eq!(
            usize::from(length),
            self.0.len(),
            "something follows the symbol"
        );
        String::from_utf8(self.0.to_vec()).unwrap()
    }
}

#[tokio::test]
async fn handshake_without_the_key_is_answered_401() {
    let sim = start();
    for key in [None, Some("another")] {
        let Err(Error::Http(refusal)) = open(&sim, "/ws/btcusdt@trade", key).await else {
            panic!("accepted with key {key:?}");
        };
        assert_eq!(refusal.status(), 401);
    }
    assert!(open(&sim, "/ws/btcusdt@trade", Some(KEY)).await.is_ok());
}

#[tokio::test]
async fn control_is_text_and_streams_have_the_names_of_the_venue() {
    let sim = start();
    let mut client = open(&sim, "/ws", Some(KEY)).await.unwrap();
    let names = ["btcusdt@bestBidAsk", "btcusdt@bookTicker"];
    client
        .send(json!({"method":"SUBSCRIBE","params":names,"id":1}).to_string())
        .await;
    let mut answers = Vec::new();
    while answers.len() < 2 {
        let message = client.next().await.unwrap().unwrap();
        if let Message::Text(text) = message {
            answers.push(serde_json::from_str::<Value>(&text).unwrap());
            client
                .send(r#"{"method":"LIST_SUBSCRIPTIONS","id":2}"#)
                .await;
        }
    }
    assert_eq!(answers[0], json!({"result":null,"id":1}));
    assert_eq!(answers[1], json!({"result":names,"id":2}));
    client
        .send(json!({"method":"UNSUBSCRIBE","params":[names[0]],"id":3}).to_string())
        .await;
    client.json_where(|m| m["id"] == 3).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    sim.inject(Fault::ServerShutdown);
    // The data that was under way when the stream was left comes first.
    let event = client.json().await;
    assert_eq!(event["e"], "serverShutdown");
    let quiet = timeout(Duration::from_millis(300), frame(&mut client)).await;
    assert!(quiet.is_err(), "a stream without binary form delivered");
}

#[tokio::test]
async fn binary_trades_are_the_true_tape() {
    let sim = start();
    let mut client = open(&sim, "/ws/ethusdt@trade", Some(KEY)).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < 60 {
        let bytes = frame(&mut client).await;
        let mut reader = Reader(&bytes);
        assert_eq!(reader.header(), [18, 10_000, 1, 0]);
        let (sent, at) = (reader.i64(), reader.i64());
        assert!(sent >= at);
        reader.exponents();
        assert_eq!(reader.u16(), 25);
        for _ in 0..u32::from_le_bytes(reader.take()) {
            let (id, px, qty) = (reader.i64(), reader.decimal(), reader.decimal());
            let [maker] = reader.take::<1>();
            seen.push((id as u64, px, qty, maker, at as u64));
        }
        assert_eq!(reader.symbol(), "ETHUSDT");
    }
    let truth = sim.truth();
    let tape = &truth.instrument(SPOT, "ETHUSDT").unwrap().trades;
    let tape = tape.iter().skip_while(|trade| trade.number < seen[0].0);
    for (seen, trade) in seen.iter().zip(tape) {
        let maker = u8::from(trade.side == "SELL");
        let expected = (
            trade.number,
            trade.px.clone(),
            trade.qty.clone(),
            maker,
            trade.ts_ns / 1_000,
        );
        assert_eq!(*seen, expected);
    }
    let shown: u64 = sim.truth().sent(SPOT, "sbe.ethusdt@trade");
    assert!(shown > 10);
}

#[tokio::test]
async fn binary_diffs_join_the_snapshot_and_end_at_the_true_book() {
    let sim = start();
    let mut client = open(&sim, "/stream?streams=btcusdt@depth", Some(KEY))
        .await
        .unwrap();
    let _first = frame(&mut client).await;
    let target = "/api/v3/depth?symbol=BTCUSDT&limit=5000";
    let snapshot = get(&sim, SPOT, target).await.json();
    let mut book = Book::default();
    book.apply(&snapshot["bids"], &snapshot["asks"]);
    let mut id = snapshot["lastUpdateId"].as_i64().unwrap();
    let (mut last, mut halted) = (id + 500, false);
    while id < last {
        let bytes = frame(&mut client).await;
        let mut reader = Reader(&bytes);
        assert_eq!(reader.header(), [26, 10_003, 1, 0]);
        let (_, first, u) = (reader.i64(), reader.i64(), reader.i64());
        reader.exponents();
        let (bids, asks) = (reader.levels(), reader.levels());
        assert_eq!(reader.symbol(), "BTCUSDT");
        if u > id {
            assert!(first <= id + 1, "gap: book at {id}, event {first}..={u}");
            book.apply(&bids, &asks);
            id = u;
        }
        if id >= last && !halted {
            halted = sim.halt();
            let truth = sim.truth();
            last = truth.instrument(SPOT, "BTCUSDT").unwrap().last_update_id as i64;
        }
    }
    let truth = sim.truth();
    let truth = truth.instrument(SPOT, "BTCUSDT").unwrap();
    assert_eq!(
        (book.bids(), book.asks()),
        (truth.bids.clone(), truth.asks.clone())
    );
}

#[tokio::test]
async fn binary_top_and_best_prices_are_those_of_the_true_book() {
    let sim = start();
    let path = "/ws/solusdt@depth20/solusdt@bestBidAsk";
    let mut client = open(&sim, path, Some(KEY)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    sim.halt();
    let truth = sim.truth();
    let truth = truth.instrument(SPOT, "SOLUSDT").unwrap();
    let (mut top, mut best) = (Value::Null, Value::Null);
    while let Ok(bytes) = timeout(Duration::from_millis(300), frame(&mut client)).await {
        let mut reader = Reader(&bytes);
        let [_, template, ..] = reader.header();
        let (_, id) = (reader.i64(), reader.i64() as u64);
        assert!(id <= truth.last_update_id);
        reader.exponents();
        if template == 10_002 {
            top = json!([reader.levels(), reader.levels()]);
        } else {
            assert_eq!(template, 10_001);
            best = (0..4).map(|_| reader.decimal()).collect();
        }
        assert_eq!(reader.symbol(), "SOLUSDT");
    }
    assert_eq!(top, json!([truth.bids[..20], truth.asks[..20]]));
    let (bid, ask) = (&truth.bids[0], &truth.asks[0]);
    assert_eq!(best, json!([bid.0, bid.1, ask.0, ask.1]));
}

#[tokio::test]
async fn fault_on_a_binary_stream_spares_the_text_stream_of_the_same_name() {
    let sim = start();
    let mut binary = open(&sim, "/ws/btcusdt@trade", Some(KEY)).await.unwrap();
    let mut text = Client::open(&sim, SPOT, "/ws/btcusdt@trade").await;
    let target = Target::product(SPOT).stream("sbe.btcusdt@trade");
    sim.inject(Fault::Silence {
        target,
        subscriptions: 1,
    });
    let trade = timeout(PATIENCE, text.json()).await.unwrap();
    assert_eq!(trade["e"], "trade");
    while timeout(Duration::from_millis(300), frame(&mut binary))
        .await
        .is_ok()
    {}
    let truth = sim.truth();
    let withheld = truth.withheld(SPOT, "sbe.btcusdt@trade").next().unwrap();
    assert!(
        withheld.text.starts_with("1200102701000000"),
        "{}",
        withheld.text
    );
}
