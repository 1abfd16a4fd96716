//! Binance's reference data while it changes.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::{Book, Client, get, start};
use venue_sim::{Fault, InstrumentConfig, Product, ReferenceChange, Sim};

const SPOT: Product = Product::BinanceSpot;
const USDM: Product = Product::BinanceUsdm;

fn change(sim: &Sim, product: Product, change: ReferenceChange) {
    sim.inject(Fault::Reference { product, change });
}

/// The symbol's row of `exchangeInfo`, if it has one.
async fn row(sim: &Sim, product: Product, symbol: &str) -> Option<Value> {
    let base = if product == SPOT {
        "/api/v3"
    } else {
        "/fapi/v1"
    };
    let info = get(sim, product, &format!("{base}/exchangeInfo"))
        .await
        .json();
    let rows = info["symbols"].as_array().unwrap();
    rows.iter().find(|row| row["symbol"] == symbol).cloned()
}

fn newcomer(product: Product) -> InstrumentConfig {
    let mut instrument = venue_sim::default_instruments(product).remove(1);
    (instrument.symbol, instrument.base) = ("NEWUSDT".into(), "NEW".into());
    instrument
}

#[tokio::test]
async fn new_symbol_is_announced_listed_and_trades_from_then_on() {
    let sim = start(USDM);
    let path = "/market/ws/!contractInfo/newusdt@aggTrade";
    let mut client = Client::open(&sim, USDM, path).await;
    assert!(row(&sim, USDM, "NEWUSDT").await.is_none());
    change(&sim, USDM, ReferenceChange::List(newcomer(USDM)));
    let news = client.text().await;
    assert_eq!(support::keys(&news), "e E s ct dt ot cs st");
    let news: Value = serde_json::from_str(&news).unwrap();
    assert_eq!(
        (&news["s"], &news["cs"]),
        (&json!("NEWUSDT"), &json!("TRADING"))
    );
    assert_eq!(
        row(&sim, USDM, "NEWUSDT").await.unwrap()["status"],
        "TRADING"
    );
    assert_eq!(client.json().await["s"], "NEWUSDT");
    let path = "/public/ws/newusdt@bookTicker/newusdt@depth5@100ms";
    let mut client = Client::open(&sim, USDM, path).await;
    client.json_where(|m| m["e"] == "depthUpdate").await;
    client.json_where(|m| m["e"] == "bookTicker").await;
    assert_eq!(sim.truth().instruments.len(), 5);
}

#[tokio::test]
async fn listing_what_exists_or_cannot_be_changes_nothing() {
    let sim = start(SPOT);
    let known = venue_sim::default_instruments(SPOT).remove(0);
    change(&sim, SPOT, ReferenceChange::List(known));
    let mut broken = newcomer(SPOT);
    broken.tick = 0;
    change(&sim, SPOT, ReferenceChange::List(broken));
    let symbol = "NOPEUSDT".to_owned();
    change(&sim, SPOT, ReferenceChange::Halt { symbol });
    assert_eq!(sim.truth().instruments.len(), 4);
}

#[tokio::test]
async fn halted_symbol_stands_still_and_goes_on_where_it_was() {
    let sim = start(SPOT);
    let mut client = Client::open(&sim, SPOT, "/ws/btcusdt@trade/btcusdt@depth@100ms").await;
    client.json_where(|m| m["e"] == "trade").await;
    let symbol = || "BTCUSDT".to_owned();
    change(&sim, SPOT, ReferenceChange::Halt { symbol: symbol() });
    assert_eq!(row(&sim, SPOT, "BTCUSDT").await.unwrap()["status"], "BREAK");
    while !client.silent_for(Duration::from_millis(400)).await {}
    let truth = sim.truth();
    let tape = &truth.instrument(SPOT, "BTCUSDT").unwrap().trades;
    let last = tape.last().map(|trade| trade.number);
    change(&sim, SPOT, ReferenceChange::Resume { symbol: symbol() });
    assert_eq!(
        row(&sim, SPOT, "BTCUSDT").await.unwrap()["status"],
        "TRADING"
    );
    let trade = client.json_where(|m| m["e"] == "trade").await;
    assert_eq!(trade["t"].as_u64(), last.map(|last| last + 1));
}

#[tokio::test]
async fn delisted_symbol_is_announced_and_gone_from_every_answer() {
    let sim = start(USDM);
    let mut client = Client::open(&sim, USDM, "/market/stream?streams=!contractInfo").await;
    let symbol = "SOLUSDT".to_owned();
    change(&sim, USDM, ReferenceChange::Delist { symbol });
    assert_eq!(client.json().await["data"]["cs"], "CLOSE");
    assert!(row(&sim, USDM, "SOLUSDT").await.is_none());
    let depth = get(&sim, USDM, "/fapi/v1/depth?symbol=SOLUSDT&limit=5").await;
    assert_eq!((depth.status, &depth.json()["code"]), (400, &json!(-1121)));
    let all = get(&sim, USDM, "/fapi/v1/ticker/24hr").await.json();
    assert_eq!(all.as_array().unwrap().len(), 3);
    let mut client = Client::open(&sim, USDM, "/market/ws/solusdt@markPrice@1s").await;
    assert!(client.silent_for(Duration::from_millis(1_300)).await);
}

#[tokio::test]
async fn coarser_tick_shows_in_reference_data_and_its_cancellations_in_the_diffs() {
    let sim = start(SPOT);
    let mut client = Client::open(&sim, SPOT, "/ws/btcusdt@depth@100ms").await;
    client.json().await;
    let snapshot = get(&sim, SPOT, "/api/v3/depth?symbol=BTCUSDT&limit=5000")
        .await
        .json();
    let mut book = Book::default();
    book.apply(&snapshot["bids"], &snapshot["asks"]);
    let mut id = snapshot["lastUpdateId"].as_u64().unwrap();
    let (symbol, tick) = ("BTCUSDT".to_owned(), 10_000_000);
    change(&sim, SPOT, ReferenceChange::Tick { symbol, tick });
    let row = row(&sim, SPOT, "BTCUSDT").await.unwrap();
    assert_eq!(row["filters"][0]["tickSize"], "0.10000000");
    tokio::time::sleep(Duration::from_millis(300)).await;
    sim.halt();
    let truth = sim.truth();
    let truth = truth.instrument(SPOT, "BTCUSDT").unwrap();
    while id < truth.last_update_id {
        let event = client.json().await;
        let u = event["u"].as_u64().unwrap();
        if u > id {
            assert!(event["U"].as_u64().unwrap() <= id + 1, "gap at {id}");
            book.apply(&event["b"], &event["a"]);
            id = u;
        }
    }
    assert_eq!(
        (book.bids(), book.asks()),
        (truth.bids.clone(), truth.asks.clone())
    );
    assert!(truth.bids.iter().all(|(px, _)| px.ends_with("0000000")));
}
