//! REST: reference data, books, trades, tickers, candles.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use venue_sim::{Fault, Limits, Product, ReferenceChange, Sim, SimConfig};

use super::support::{Book, config, get, scaled, start};
use super::{ALL, INVERSE, LINEAR, OPTION, SPOT, category, subscriber, symbol, text};

async fn result(sim: &Sim, product: Product, method: &str, query: &str) -> Value {
    let target = format!("/v5/market/{method}?category={}{query}", category(product));
    let reply = get(sim, product, &target).await.json();
    assert_eq!(reply["retCode"], 0, "{target}: {reply}");
    reply["result"].clone()
}

/// Symbols of every page, and how many pages there were.
async fn listed(sim: &Sim, product: Product, query: &str) -> (Vec<String>, usize) {
    let (mut symbols, mut pages, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let query = format!("{query}&cursor={cursor}");
        let page = result(sim, product, "instruments-info", &query).await;
        let rows = page["list"].as_array().unwrap();
        symbols.extend(rows.iter().map(|row| text(&row["symbol"]).to_owned()));
        pages += 1;
        cursor = page["nextPageCursor"].as_str().unwrap_or("").to_owned();
        if cursor.is_empty() {
            return (symbols, pages);
        }
    }
}

#[tokio::test]
async fn futures_are_listed_in_pages_of_the_limit() {
    let sim = start(LINEAR);
    let (symbols, pages) = listed(&sim, LINEAR, "&limit=3").await;
    assert_eq!(symbols, ["BTCUSDT", "ETHUSDT", "SOLUSDT", "1000PEPEUSDT"]);
    assert_eq!(pages, 2);
}

#[tokio::test]
async fn pages_are_as_small_as_configured_whatever_the_client_asks_for() {
    for (product, symbols, pages) in [(INVERSE, 3, 3), (OPTION, 4, 4), (SPOT, 4, 1)] {
        let limits = Limits {
            instruments_per_page: Some(1),
            ..Limits::default()
        };
        let sim = Sim::start(SimConfig {
            limits,
            ..config(product)
        })
        .unwrap();
        let found = listed(&sim, product, "&limit=1000&baseCoin=All").await;
        let found = if product == INVERSE {
            listed(&sim, product, "&limit=1000").await
        } else {
            found
        };
        assert_eq!(
            (found.0.len(), found.1),
            (symbols, pages),
            "{}",
            product.name()
        );
    }
}

#[tokio::test]
async fn status_and_base_coin_filter_the_list() {
    let sim = start(LINEAR);
    let symbol = "ETHUSDT".to_owned();
    sim.inject(Fault::Reference {
        product: LINEAR,
        change: ReferenceChange::Halt { symbol },
    });
    assert_eq!(listed(&sim, LINEAR, "&status=Closed").await.0, ["ETHUSDT"]);
    assert_eq!(listed(&sim, LINEAR, "&status=Trading").await.0.len(), 3);
    assert_eq!(listed(&sim, LINEAR, "&baseCoin=SOL").await.0, ["SOLUSDT"]);
    assert_eq!(listed(&sim, LINEAR, "&symbol=SOLUSDT").await.0, ["SOLUSDT"]);
}

#[tokio::test]
async fn options_are_those_of_btc_by_default_with_their_terms() {
    let sim = start(OPTION);
    assert_eq!(listed(&sim, OPTION, "").await.0.len(), 3);
    assert_eq!(listed(&sim, OPTION, "&baseCoin=ETH").await.0.len(), 1);
    let rows = result(&sim, OPTION, "instruments-info", "").await["list"].clone();
    let fields = |row: &Value| {
        [
            "optionsType",
            "baseCoin",
            "quoteCoin",
            "settleCoin",
            "deliveryTime",
        ]
        .map(|key| row[key].clone())
    };
    // 2030-03-29T08:00:00Z
    let delivery = "1901001600000";
    assert_eq!(fields(&rows[0]), ["Call", "BTC", "USDT", "USDT", delivery]);
    assert_eq!(fields(&rows[1]), ["Put", "BTC", "USDT", "USDT", delivery]);
    assert_eq!(fields(&rows[2]), ["Call", "BTC", "USD", "USDC", delivery]);
    assert_eq!(
        (
            &rows[0]["priceFilter"]["tickSize"],
            &rows[0]["lotSizeFilter"]["qtyStep"]
        ),
        (&json!("5"), &json!("0.01"))
    );
}

#[tokio::test]
async fn inverse_contracts_are_settled_in_their_base_coin_and_some_are_delivered() {
    let sim = start(INVERSE);
    let rows = result(&sim, INVERSE, "instruments-info", "").await["list"].clone();
    let fields =
        |row: &Value| ["contractType", "settleCoin", "deliveryTime"].map(|key| row[key].clone());
    assert_eq!(fields(&rows[0]), ["InversePerpetual", "BTC", "0"]);
    assert_eq!(fields(&rows[2]), ["InverseFutures", "BTC", "1901001600000"]);
}

#[tokio::test]
async fn rest_book_equals_the_truth_with_the_id_of_the_deepest_topic() {
    for product in ALL {
        let sim = start(product);
        let depth = if product == OPTION { 100 } else { 1_000 };
        let topic = format!("orderbook.{depth}.{}", symbol(product));
        let mut client = subscriber(&sim, product, &[topic]).await;
        for _ in 0..3 {
            client.json().await;
        }
        assert!(sim.halt());
        let query = format!("&symbol={}&limit=1000", symbol(product));
        let rest = result(&sim, product, "orderbook", &query).await;
        let truth = sim.truth();
        let truth = truth.instrument(product, symbol(product)).unwrap();
        assert_eq!(rest["u"], truth.views[0].sequence);
        let mut book = Book::default();
        book.apply(&rest["b"], &rest["a"]);
        let levels = if product == OPTION {
            25
        } else {
            truth.bids.len()
        };
        assert_eq!(book.bids(), truth.bids[..levels]);
    }
    let sim = start(LINEAR);
    let target = "/v5/market/orderbook?category=linear&symbol=NOPE";
    let bad = get(&sim, LINEAR, target).await;
    assert_eq!((bad.status, &bad.json()["retCode"]), (200, &json!(10_001)));
}

#[tokio::test]
async fn recent_trades_are_newest_first_in_texts_and_no_more_than_the_venue_keeps() {
    for (product, most) in [(SPOT, 60), (LINEAR, 1_000), (INVERSE, 1_000)] {
        let sim = start(product);
        let topic = format!("publicTrade.{}", symbol(product));
        let mut client = subscriber(&sim, product, &[topic]).await;
        let mut sequences: BTreeMap<String, u64> = BTreeMap::new();
        while sequences.len() < 100 {
            for trade in client.json().await["data"].as_array().unwrap() {
                let id = text(&trade["i"]).to_owned();
                sequences.insert(id, trade["seq"].as_u64().unwrap());
            }
        }
        assert!(sim.halt());
        let query = format!("&symbol={}&limit=1000", symbol(product));
        let rows = result(&sim, product, "recent-trade", &query).await["list"].clone();
        let rows = rows.as_array().unwrap();
        let truth = sim.truth();
        let tape = &truth.instrument(product, symbol(product)).unwrap().trades;
        assert_eq!(rows.len(), tape.len().min(most));
        let mut known = 0;
        for (row, truth) in rows.iter().zip(tape.iter().rev()) {
            let fields = ["execId", "price", "size", "side", "time"].map(|key| text(&row[key]));
            let time = (truth.ts_ns / 1_000_000).to_string();
            assert_eq!(
                fields,
                [&truth.id, &truth.px, &truth.qty, &truth.side, &time].map(String::as_str)
            );
            if let Some(sequence) = sequences.get(&truth.id) {
                assert_eq!(text(&row["seq"]), sequence.to_string());
                known += 1;
            }
        }
        assert!(known >= 30, "{known} of them had been streamed");
    }
}

#[tokio::test]
async fn recent_option_trades_go_by_base_coin_and_kind() {
    let sim = start(OPTION);
    tokio::time::sleep(Duration::from_millis(400)).await;
    sim.halt();
    let rows = result(&sim, OPTION, "recent-trade", "").await["list"].clone();
    let rows = rows.as_array().unwrap();
    assert!(
        rows.iter()
            .all(|row| text(&row["symbol"]).starts_with("BTC-"))
    );
    assert!(
        rows.windows(2)
            .all(|pair| text(&pair[0]["time"]) >= text(&pair[1]["time"]))
    );
    assert!(rows[0]["mP"].is_string() && rows[0]["iv"].is_string());
    let puts = result(&sim, OPTION, "recent-trade", "&optionType=Put").await["list"].clone();
    let puts = puts.as_array().unwrap();
    assert!(!puts.is_empty() && puts.len() < rows.len());
    assert!(puts.iter().all(|row| text(&row["symbol"]).contains("-P")));
}

#[tokio::test]
async fn tickers_list_every_symbol_with_its_touch_and_volume() {
    for product in ALL {
        let sim = start(product);
        tokio::time::sleep(Duration::from_millis(300)).await;
        sim.halt();
        let query = if product == OPTION {
            "&baseCoin=BTC"
        } else {
            ""
        };
        let rows = result(&sim, product, "tickers", query).await["list"].clone();
        let rows = rows.as_array().unwrap();
        let truth = sim.truth();
        assert_eq!(
            rows.len(),
            if product == INVERSE || product == OPTION {
                3
            } else {
                4
            }
        );
        for row in rows {
            let truth = truth.instrument(product, text(&row["symbol"])).unwrap();
            let touch = ["bid1Price", "bid1Size"].map(|key| text(&row[key]).to_owned());
            assert_eq!(touch, [truth.bids[0].0.clone(), truth.bids[0].1.clone()]);
            let volume: i128 = truth.trades.iter().map(|trade| scaled(&trade.qty)).sum();
            assert_eq!(scaled(text(&row["volume24h"])), volume);
            assert!(scaled(text(&row["turnover24h"])) > 0);
        }
    }
}

#[tokio::test]
async fn listed_candles_hold_every_trade_once_newest_first() {
    let sim = start(LINEAR);
    tokio::time::sleep(Duration::from_millis(500)).await;
    sim.halt();
    let list = result(&sim, LINEAR, "kline", "&symbol=BTCUSDT&interval=1").await["list"].clone();
    let list = list.as_array().unwrap();
    let truth = sim.truth();
    let tape = &truth.instrument(LINEAR, "BTCUSDT").unwrap().trades;
    let volume: i128 = tape.iter().map(|trade| scaled(&trade.qty)).sum();
    let listed: i128 = list.iter().map(|candle| scaled(text(&candle[5]))).sum();
    assert_eq!(listed, volume);
    let starts: Vec<u64> = list.iter().map(|c| text(&c[0]).parse().unwrap()).collect();
    assert!(starts.windows(2).all(|pair| pair[0] == pair[1] + 60_000));
    assert_eq!(list[0][4], tape.last().unwrap().px);
    let target = "/v5/market/kline?category=linear&symbol=BTCUSDT&interval=7";
    assert_eq!(get(&sim, LINEAR, target).await.json()["retCode"], 10_001);
}

#[tokio::test]
async fn stale_rest_book_is_served_once() {
    let sim = start(SPOT);
    let target = "/v5/market/orderbook?category=spot&symbol=BTCUSDT&limit=1000";
    let symbol = "BTCUSDT".to_owned();
    sim.inject(Fault::StaleSnapshot {
        product: SPOT,
        symbol,
        count: 1,
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    sim.halt();
    let (stale, fresh) = (
        get(&sim, SPOT, target).await.json(),
        get(&sim, SPOT, target).await.json(),
    );
    let truth = sim.truth();
    let truth = truth.instrument(SPOT, "BTCUSDT").unwrap();
    let bids = |reply: &Value| {
        let mut book = Book::default();
        book.apply(&reply["result"]["b"], &reply["result"]["a"]);
        book.bids()
    };
    assert_eq!(bids(&fresh), truth.bids);
    assert_ne!(bids(&stale), truth.bids);
}
