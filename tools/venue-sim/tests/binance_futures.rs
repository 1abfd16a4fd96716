//! Binance USD-M and COIN-M as a client sees them.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::{Book, Client, config, get, start};
use venue_sim::{Product, Sim, SimConfig};

const USDM: Product = Product::BinanceUsdm;
const COINM: Product = Product::BinanceCoinm;

/// Follows the `pu` chain until `last` is reached.
struct Follower {
    book: Book,
    id: u64,
    joined: bool,
}

impl Follower {
    async fn join(sim: &Sim, product: Product, prefix: &str, symbol: &str) -> Follower {
        let target = format!("{prefix}/depth?symbol={symbol}&limit=1000");
        let snapshot = get(sim, product, &target).await.json();
        let mut book = Book::default();
        book.apply(&snapshot["bids"], &snapshot["asks"]);
        Follower {
            book,
            id: snapshot["lastUpdateId"].as_u64().unwrap(),
            joined: false,
        }
    }

    fn apply(&mut self, event: &Value) {
        let id = |key: &str| event[key].as_u64().unwrap();
        if id("u") < self.id {
            return;
        }
        if self.joined {
            assert_eq!(id("pu"), self.id, "chain broken at {}", self.id);
            assert!(id("U") > id("pu") + 1, "futures ids must skip");
        } else {
            assert!(
                id("U") <= self.id || id("pu") == self.id,
                "snapshot not joined"
            );
        }
        self.joined = true;
        self.id = id("u");
        self.book.apply(&event["b"], &event["a"]);
    }

    async fn follow(&mut self, client: &mut Client, stream: &str, done: impl Fn(&Self) -> bool) {
        while !done(self) {
            let message = client.json_where(|m| m["stream"] == stream).await;
            self.apply(&message["data"]);
        }
    }
}

async fn diffs_end_at_the_truth(product: Product, base: &str, rest: &str, symbol: &str) {
    let sim = start(product);
    for speed in ["@0ms", "@100ms", ""] {
        let stream = format!("{}@depth{speed}", symbol.to_lowercase());
        let path = format!("{base}/stream?streams={stream}");
        let mut client = Client::open(&sim, product, &path).await;
        let first = client.json().await;
        assert_eq!(first["stream"], *stream);
        let mut follower = Follower::join(&sim, product, rest, symbol).await;
        let goal = follower.id + 2_000;
        follower
            .follow(&mut client, &stream, |f| f.id >= goal)
            .await;
        if !speed.is_empty() {
            continue;
        }
        assert!(sim.halt());
        let truth = sim.truth();
        let truth = truth.instrument(product, symbol).unwrap();
        follower
            .follow(&mut client, &stream, |f| f.id >= truth.last_update_id)
            .await;
        assert_eq!(follower.id, truth.last_update_id);
        assert_eq!(
            (follower.book.bids(), follower.book.asks()),
            (truth.bids.clone(), truth.asks.clone())
        );
    }
}

#[tokio::test]
async fn usdm_diffs_chain_by_pu_and_end_at_the_truth() {
    diffs_end_at_the_truth(USDM, "/public", "/fapi/v1", "1000PEPEUSDT").await;
}

#[tokio::test]
async fn coinm_diffs_chain_by_pu_and_end_at_the_truth() {
    diffs_end_at_the_truth(COINM, "", "/dapi/v1", "BTCUSD_PERP").await;
}

#[tokio::test]
async fn usdm_stream_on_the_wrong_route_is_acknowledged_and_silent() {
    let sim = start(USDM);
    let request = |stream: &str| json!({"method":"SUBSCRIBE","params":[stream],"id":1}).to_string();
    let cases = [
        ("/market/ws", "btcusdt@bookTicker", false),
        ("/public/ws", "btcusdt@aggTrade", false),
        ("/ws", "btcusdt@bookTicker", false),
        ("/public/ws", "btcusdt@trade", false),
        ("/public/ws", "btcusdt@bookTicker", true),
        ("/market/ws", "btcusdt@aggTrade", true),
    ];
    for (path, stream, flows) in cases {
        let mut client = Client::open(&sim, USDM, path).await;
        client.send(request(stream)).await;
        assert_eq!(client.json().await, json!({"result":null,"id":1}));
        let silent = client.silent_for(Duration::from_millis(250)).await;
        assert_eq!(silent, !flows, "{path} {stream}");
    }
}

#[tokio::test]
async fn unrouted_usdm_path_carries_public_streams_if_configured() {
    let config = SimConfig {
        usdm_unrouted: true,
        ..config(USDM)
    };
    let sim = Sim::start(config).unwrap();
    let mut client = Client::open(&sim, USDM, "/ws/btcusdt@bookTicker").await;
    assert_eq!(client.json().await["e"], "bookTicker");
    let mut client = Client::open(&sim, USDM, "/ws/btcusdt@aggTrade").await;
    assert!(client.silent_for(Duration::from_millis(200)).await);
}

#[tokio::test]
async fn payloads_have_the_fields_of_their_product() {
    let cases = [
        (
            USDM,
            "/market",
            "btcusdt@aggTrade",
            "e E s a p q nq f l T m st",
        ),
        (
            USDM,
            "/public",
            "btcusdt@bookTicker",
            "e u E T s ps b B a A st",
        ),
        (
            USDM,
            "/public",
            "btcusdt@depth@0ms",
            "e E T s ps st U u pu b a",
        ),
        (COINM, "", "btcusd_perp@aggTrade", "e E a s p q f l T m st"),
        (
            COINM,
            "",
            "btcusd_perp@bookTicker",
            "u e s ps b B a A T E st",
        ),
        (
            COINM,
            "",
            "btcusd_perp@depth@0ms",
            "e E T s ps U u pu b a st",
        ),
    ];
    for (product, base, stream, keys) in cases {
        let sim = start(product);
        let mut client = Client::open(&sim, product, &format!("{base}/ws/{stream}")).await;
        let text = client.text().await;
        let positions: Vec<_> = keys
            .split(' ')
            .map(|key| text.find(&format!("\"{key}\":")).expect(key))
            .collect();
        assert!(positions.is_sorted(), "{stream}: {text}");
        let event: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(event.as_object().unwrap().len(), keys.split(' ').count());
        if product == COINM && stream.ends_with("aggTrade") {
            assert!(
                !event["q"].as_str().unwrap().contains('.'),
                "contracts are whole"
            );
        }
    }
}

#[tokio::test]
async fn futures_depth_refuses_a_limit_that_is_not_on_the_list() {
    let sim = start(COINM);
    let bad = get(&sim, COINM, "/dapi/v1/depth?symbol=BTCUSD_PERP&limit=7").await;
    assert_eq!((bad.status, &bad.json()["code"]), (400, &json!(-4021)));
    let good = get(&sim, COINM, "/dapi/v1/depth?symbol=BTCUSD_PERP&limit=5").await;
    assert_eq!(good.header("x-mbx-used-weight-1m"), Some("4"));
    let body = good.json();
    assert_eq!(
        (&body["pair"], body["bids"].as_array().unwrap().len()),
        (&json!("BTCUSD"), 5)
    );
    let info = get(&sim, COINM, "/dapi/v1/exchangeInfo").await.json();
    assert_eq!(info["symbols"][0]["contractSize"], 100);
}
