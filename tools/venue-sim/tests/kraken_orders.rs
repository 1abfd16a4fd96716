//! Kraken's level3 as a client sees it: orders in queues, their checksum, and who may subscribe.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use support::{Client, between, config, crc32, get, scaled, start, strip};
use venue_sim::{Fault, Limits, Product, Sim, SimConfig, Target};

const KRAKEN: Product = Product::KrakenSpot;

async fn subscribe(client: &mut Client, symbols: &[&str], depth: u64, token: &str) {
    let params = json!({"channel":"level3","symbol":symbols,"depth":depth,"token":token});
    let request = json!({"method":"subscribe","params":params,"req_id":3});
    client.send(request.to_string()).await;
}

/// The token, as a client library fetches it.
async fn token(sim: &Sim) -> String {
    let reply = get(sim, KRAKEN, "/0/private/GetWebSocketsToken")
        .await
        .json();
    reply["result"]["token"].as_str().unwrap().to_owned()
}

/// An order: id and texts of price and quantity.
#[derive(Clone, Debug, PartialEq)]
struct Order {
    id: String,
    px: String,
    qty: String,
}

/// Orders by price, each price a queue in order of time.
#[derive(Default)]
struct Orders {
    sides: [BTreeMap<i128, Vec<Order>>; 2],
    checked: u64,
    kinds: BTreeMap<String, u64>,
}

impl Orders {
    /// Applies a message, truncates to `depth` levels. Returns whether the checksum held.
    fn apply(&mut self, text: &str, depth: usize) -> bool {
        if text.contains("\"type\":\"snapshot\"") {
            self.sides = Default::default();
        }
        for (side, name) in ["bids", "asks"].into_iter().enumerate() {
            let list = between(text, &format!("\"{name}\":["), "]");
            for row in list.split("},").filter(|row| !row.is_empty()) {
                self.row(side, row);
            }
        }
        for (side, levels) in self.sides.iter_mut().enumerate() {
            while levels.len() > depth {
                let gone = if side == 0 {
                    levels.pop_first()
                } else {
                    levels.pop_last()
                };
                assert!(gone.is_some());
            }
        }
        self.checked += 1;
        between(text, "\"checksum\":", ",") == self.checksum().to_string()
    }

    fn row(&mut self, side: usize, row: &str) {
        let order = Order {
            id: between(row, "\"order_id\":\"", "\"").to_owned(),
            px: between(row, "\"limit_price\":", ",").to_owned(),
            qty: between(row, "\"order_qty\":", ",").to_owned(),
        };
        let event = match row.contains("\"event\"") {
            true => between(row, "\"event\":\"", "\"").to_owned(),
            false => "add".to_owned(),
        };
        *self.kinds.entry(event.clone()).or_default() += 1;
        let px = scaled(&order.px);
        let queue = self.sides[side].entry(px).or_default();
        let place = queue.iter().position(|own| own.id == order.id);
        match (&*event, place) {
            ("add", None) => queue.push(order),
            ("modify", Some(place)) => queue[place] = order,
            ("delete", Some(place)) => {
                queue.remove(place);
            }
            _ => panic!("{event} does not fit {order:?}: {queue:?}"),
        }
        if queue.is_empty() {
            self.sides[side].remove(&px);
        }
    }

    fn levels(&self, side: usize) -> Vec<&Vec<Order>> {
        let levels = self.sides[side].values();
        match side {
            0 => levels.rev().collect(),
            _ => levels.collect(),
        }
    }

    /// Orders of the ten best prices in queue order, asks first.
    fn checksum(&self) -> u32 {
        let levels = [self.levels(1), self.levels(0)];
        let best = levels.iter().flat_map(|levels| levels.iter().take(10));
        let text = best
            .flat_map(|queue| queue.iter())
            .map(|order| strip(&order.px) + &strip(&order.qty))
            .collect::<String>();
        crc32(&text)
    }

    /// Price and total quantity per level, best first.
    fn totals(&self, side: usize) -> Vec<(i128, i128)> {
        let total = |queue: &&Vec<Order>| {
            let qty = queue.iter().map(|order| scaled(&order.qty)).sum();
            (scaled(&queue[0].px), qty)
        };
        self.levels(side).iter().map(total).collect()
    }
}

fn values(levels: &[(String, String)]) -> Vec<(i128, i128)> {
    let value = |(px, qty): &(String, String)| (scaled(px), scaled(qty));
    levels.iter().map(value).collect()
}

#[tokio::test]
async fn orders_add_up_to_the_book_and_every_checksum_holds_at_every_depth() {
    for depth in [10, 100, 1_000] {
        let sim = start(KRAKEN);
        let token = token(&sim).await;
        let mut client = Client::open(&sim, KRAKEN, "/v2").await;
        subscribe(&mut client, &["BTC/USD"], depth, &token).await;
        let (mut orders, mut halted) = (Orders::default(), false);
        let done = |orders: &Orders, sim: &Sim| {
            let truth = sim.truth();
            let truth = truth.instrument(KRAKEN, "BTC/USD").unwrap();
            let views = truth.views.iter();
            let mut views = views.filter(|view| view.stream.starts_with("level3"));
            let view = views.next().unwrap();
            view.checksum == orders.checksum()
                && view.bids == truth.bids[..view.bids.len()]
                && values(&view.bids) == orders.totals(0)
                && values(&view.asks) == orders.totals(1)
        };
        while !halted || !done(&orders, &sim) {
            let text = client.text().await;
            if text.starts_with(r#"{"channel":"level3""#) {
                assert!(
                    orders.apply(&text, depth as usize),
                    "message {}",
                    orders.checked
                );
            }
            if orders.checked == 400 {
                halted = sim.halt();
            }
        }
        for kind in ["add", "modify", "delete"] {
            assert!(orders.kinds[kind] > 10, "{:?}", orders.kinds);
        }
    }
}

#[tokio::test]
async fn ordered_faults_break_the_checksum_of_orders() {
    let sim = start(KRAKEN);
    let token = token(&sim).await;
    let mut client = Client::open(&sim, KRAKEN, "/v2").await;
    subscribe(&mut client, &["ETH/USD"], 10, &token).await;
    let (mut orders, mut wrong) = (Orders::default(), 0);
    while orders.checked < 60 {
        let text = client.text().await;
        if text.starts_with(r#"{"channel":"level3""#) {
            wrong += u32::from(!orders.apply(&text, 10));
            if orders.checked == 20 {
                let target = Target::product(KRAKEN).stream("level3");
                sim.inject(Fault::WrongChecksum { target, count: 2 });
            }
        }
    }
    assert_eq!(wrong, 2);
}

#[tokio::test]
async fn subscription_without_the_right_token_is_refused_in_the_venues_words() {
    let sim = start(KRAKEN);
    let mut client = Client::open(&sim, KRAKEN, "/v2").await;
    subscribe(&mut client, &["BTC/USD"], 10, "stolen").await;
    let mut refusal = client.json_where(|m| m["success"] == false).await;
    for time in ["time_in", "time_out"] {
        assert!(refusal.as_object_mut().unwrap().remove(time).is_some());
    }
    let expected = json!({
        "channel": "level3", "error": "ESession:Invalid session", "method": "subscribe",
        "req_id": 3, "status": "error", "success": false,
    });
    assert_eq!(refusal, expected);
    let params = json!({"channel":"level3","symbol":["BTC/USD"]});
    client
        .send(json!({"method":"subscribe","params":params}).to_string())
        .await;
    let refusal = client.json_where(|m| m["success"] == false).await;
    let text = refusal["error"].as_str().unwrap();
    assert!(
        text.starts_with("Private data and trading are unavailable"),
        "{text}"
    );
    assert!(sim.truth().lines[0].streams.is_empty());
}

#[tokio::test]
async fn symbols_of_a_connection_and_snapshots_of_a_second_are_limited() {
    let limits = Limits {
        level3_symbols: Some(2),
        ..Limits::default()
    };
    let sim = Sim::start(SimConfig {
        limits,
        ..config(KRAKEN)
    })
    .unwrap();
    let token = token(&sim).await;
    let mut client = Client::open(&sim, KRAKEN, "/v2").await;
    let symbols = ["BTC/USD", "ETH/USD", "SOL/USD"];
    subscribe(&mut client, &symbols, 10, &token).await;
    let refusal = client.json_where(|m| m["success"] == false).await;
    assert_eq!(refusal["symbol"], "SOL/USD");
    let sim = start(KRAKEN);
    let mut client = Client::open(&sim, KRAKEN, "/v2").await;
    subscribe(&mut client, &symbols, 1_000, &token).await;
    let refusal: Value = client.json_where(|m| m["success"] == false).await;
    assert_eq!(
        (&refusal["error"], &refusal["symbol"]),
        (
            &json!("Rate limit for snapshot requests exceeded"),
            &json!("SOL/USD")
        )
    );
    tokio::time::sleep(std::time::Duration::from_millis(1_050)).await;
    subscribe(&mut client, &["SOL/USD"], 1_000, &token).await;
    let ack =
        client.json_where(|m| m["method"] == "subscribe" && m["result"]["symbol"] == "SOL/USD");
    assert_eq!(ack.await["result"]["depth"], 1_000);
}
