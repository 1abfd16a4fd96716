//! Reference data that changes while the simulation runs.

use std::time::Duration;

use serde_json::{Value, json};
use venue_sim::{Fault, InstrumentConfig, Product, ReferenceChange, Sim, default_instruments};

use super::support::{Client, get, scaled, start};
use super::{LINEAR, SPOT, category, path, subscriber, text};

async fn row(sim: &Sim, product: Product, symbol: &str) -> Option<Value> {
    let target = format!("/v5/market/instruments-info?category={}", category(product));
    let page = get(sim, product, &target).await.json();
    let rows = page["result"]["list"].as_array().unwrap();
    rows.iter().find(|row| row["symbol"] == symbol).cloned()
}

fn change(sim: &Sim, product: Product, change: ReferenceChange) {
    sim.inject(Fault::Reference { product, change });
}

#[tokio::test]
async fn new_listing_is_announced_by_rest_and_trades() {
    for product in [SPOT, LINEAR] {
        let sim = start(product);
        assert_eq!(row(&sim, product, "NEWUSDT").await, None);
        let instrument = InstrumentConfig {
            symbol: "NEWUSDT".into(),
            base: "NEW".into(),
            ..default_instruments(product).remove(1)
        };
        change(&sim, product, ReferenceChange::List(instrument));
        assert_eq!(
            row(&sim, product, "NEWUSDT").await.unwrap()["status"],
            "Trading"
        );
        let topics = ["orderbook.50.NEWUSDT", "publicTrade.NEWUSDT"].map(str::to_owned);
        let mut client = subscriber(&sim, product, &topics).await;
        assert_eq!(client.json().await["type"], "snapshot");
        client.json_where(|m| m["topic"] == topics[1]).await;
    }
}

#[tokio::test]
async fn delisted_symbol_is_closed_first_and_then_unknown() {
    let sim = start(LINEAR);
    let (symbol, full) = ("SOLUSDT".to_owned(), "orderbook.full.SOLUSDT".to_owned());
    let topics = ["publicTrade.SOLUSDT".to_owned(), full.clone()];
    let mut client = subscriber(&sim, LINEAR, &topics).await;
    client.json_where(|m| m["topic"] == topics[0]).await;
    change(
        &sim,
        LINEAR,
        ReferenceChange::Halt {
            symbol: symbol.clone(),
        },
    );
    assert_eq!(
        row(&sim, LINEAR, &symbol).await.unwrap()["status"],
        "Closed"
    );
    change(
        &sim,
        LINEAR,
        ReferenceChange::Delist {
            symbol: symbol.clone(),
        },
    );
    assert_eq!(row(&sim, LINEAR, &symbol).await, None);
    let last = client
        .json_where(|m| m["topic"] == full && m["data"]["u"] == 1)
        .await;
    assert_eq!(
        (&last["data"]["b"], &last["data"]["a"]),
        (&json!([]), &json!([]))
    );
    assert!(client.silent_for(Duration::from_millis(400)).await);
    let empty = "/v5/market/full_orderbook?category=linear&symbol=SOLUSDT";
    let empty = get(&sim, LINEAR, empty).await.json()["result"].clone();
    assert_eq!((&empty["u"], &empty["b"]), (&json!(1), &json!([])));
    let book = "/v5/market/orderbook?category=linear&symbol=SOLUSDT";
    assert_eq!(get(&sim, LINEAR, book).await.json()["retCode"], 10_001);
    let mut other = Client::open(&sim, LINEAR, &path(LINEAR)).await;
    other
        .send(json!({"op":"subscribe","args":topics}).to_string())
        .await;
    assert_eq!(other.json().await["success"], false);
}

#[tokio::test]
async fn other_tick_size_shows_in_reference_data_and_in_every_price() {
    let sim = start(LINEAR);
    let (symbol, full) = ("BTCUSDT".to_owned(), "orderbook.full.BTCUSDT".to_owned());
    let topics = ["orderbook.50.BTCUSDT".to_owned(), full.clone()];
    let mut client = subscriber(&sim, LINEAR, &topics).await;
    let before = row(&sim, LINEAR, &symbol).await.unwrap()["priceFilter"]["tickSize"].clone();
    assert_eq!(before, "0.10");
    change(
        &sim,
        LINEAR,
        ReferenceChange::Tick {
            symbol: symbol.clone(),
            tick: 50,
        },
    );
    let after = row(&sim, LINEAR, &symbol).await.unwrap()["priceFilter"]["tickSize"].clone();
    assert_eq!(after, "0.50");
    let anew = client
        .json_where(|m| m["topic"] == full && m["data"]["u"] == 1)
        .await;
    assert_eq!(
        anew["data"]["b"],
        json!([]),
        "the whole book is to be fetched again"
    );
    let mut seen = 0;
    while seen < 20 {
        let message = client.json().await;
        for level in message["data"]["b"].as_array().unwrap() {
            let gone = level[1] == "0";
            assert!(
                gone || scaled(text(&level[0])) % scaled("0.5") == 0,
                "{level}"
            );
            seen += usize::from(!gone);
        }
    }
}
