//! Trades, tickers and candles.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use venue_sim::{Fault, MarketConfig, Product, Sim, SimConfig, TradeTruth};

use super::support::{Client, config, scaled, start};
use super::{ALL, INVERSE, LINEAR, OPTION, SPOT, subscriber, symbol, text};

/// The next `count` trades of a stream.
async fn trades(client: &mut Client, count: usize) -> Vec<Value> {
    let mut seen = Vec::new();
    while seen.len() < count {
        let message = client.json().await;
        assert_eq!(message["type"], "snapshot");
        seen.extend(message["data"].as_array().unwrap().clone());
    }
    seen
}

/// The part of the tape that begins with this trade.
fn from<'a>(tape: &'a [TradeTruth], first: &Value) -> &'a [TradeTruth] {
    let start = tape.iter().position(|trade| *first == *trade.id).unwrap();
    &tape[start..]
}

#[tokio::test]
async fn trades_have_the_product_form_and_follow_the_tape() {
    for product in [SPOT, LINEAR, INVERSE] {
        let sim = start(product);
        let topic = format!("publicTrade.{}", symbol(product));
        let mut client = subscriber(&sim, product, &[topic]).await;
        let seen = trades(&mut client, 30).await;
        let truth = sim.truth();
        let tape = &truth.instrument(product, symbol(product)).unwrap().trades;
        for (trade, truth) in seen.iter().zip(from(tape, &seen[0]["i"])) {
            assert_eq!(trade["i"], *truth.id);
            let numbers = (&trade["p"], &trade["v"], &trade["S"]);
            assert_eq!(
                numbers,
                (&json!(truth.px), &json!(truth.qty), &json!(truth.side))
            );
            assert_eq!(trade["T"], json!(truth.ts_ns / 1_000_000));
            assert_eq!(trade.get("L").is_some(), product != SPOT);
            let form = if product == SPOT {
                (19, false)
            } else {
                (36, true)
            };
            assert_eq!((truth.id.len(), truth.id.contains('-')), form);
        }
        for flag in ["RPI", "BT"] {
            assert!(seen.iter().all(|trade| trade[flag].is_boolean()));
        }
        assert!(seen.iter().any(|trade| trade["RPI"] == true));
    }
}

#[tokio::test]
async fn order_of_many_trades_is_split_with_one_cross_sequence() {
    for product in [SPOT, LINEAR] {
        let sim = start(product);
        let topic = format!("publicTrade.{}", symbol(product));
        let mut client = subscriber(&sim, product, &[topic]).await;
        sim.inject(Fault::TradeBurst {
            product,
            symbol: symbol(product).to_owned(),
            trades: 2_500,
        });
        let mut sizes = Vec::new();
        let mut sequences = BTreeSet::new();
        let mut ids = BTreeSet::new();
        while sizes.len() < 3 {
            let message = client.json().await;
            let trades = message["data"].as_array().unwrap();
            if sizes.is_empty() && trades.len() < 1_024 {
                continue;
            }
            sizes.push(trades.len());
            sequences.extend(trades.iter().map(|trade| trade["seq"].as_u64().unwrap()));
            ids.extend(trades.iter().map(|trade| text(&trade["i"]).to_owned()));
        }
        assert_eq!(sizes, [1_024, 1_024, 452]);
        assert_eq!((sequences.len(), ids.len()), (1, 2_500));
    }
}

#[tokio::test]
async fn spot_stamps_trades_before_their_type_and_futures_after() {
    for (product, stamp_first) in [(SPOT, true), (LINEAR, false), (INVERSE, false)] {
        let sim = start(product);
        let topic = format!("publicTrade.{}", symbol(product));
        let mut client = subscriber(&sim, product, &[topic]).await;
        let message = client.text().await;
        let first = message.find("\"ts\"") < message.find("\"type\"");
        assert_eq!(first, stamp_first, "{message}");
    }
}

#[tokio::test]
async fn option_trades_come_by_base_coin_with_marks_and_volatilities() {
    let sim = start(OPTION);
    let mut client = subscriber(&sim, OPTION, &["publicTrade.BTC".to_owned()]).await;
    let first = client.json().await;
    assert!(
        text(&first["id"]).starts_with("publicTrade.BTC-"),
        "{first}"
    );
    let seen = trades(&mut client, 60).await;
    let symbols: BTreeSet<&str> = seen.iter().map(|trade| text(&trade["s"])).collect();
    assert_eq!(symbols.len(), 3, "every option of the coin: {symbols:?}");
    for trade in &seen {
        let (strike, kind) = {
            let mut parts = text(&trade["s"]).split('-').skip(2);
            (scaled(parts.next().unwrap()), parts.next().unwrap())
        };
        let (mark, index) = (scaled(text(&trade["mP"])), scaled(text(&trade["iP"])));
        let expected = if kind == "C" {
            strike + mark
        } else {
            strike - mark
        };
        assert_eq!(
            index, expected,
            "an option is worth what it is in the money"
        );
        assert!(scaled(text(&trade["mIv"])) > 0 && scaled(text(&trade["iv"])) > 0);
        assert!(trade.get("L").is_none() && text(&trade["i"]).len() == 36);
    }
    let truth = sim.truth();
    for symbol in symbols {
        let own: Vec<_> = seen.iter().filter(|trade| trade["s"] == symbol).collect();
        let tape = &truth.instrument(OPTION, symbol).unwrap().trades;
        for (trade, truth) in own.iter().zip(from(tape, &own[0]["i"])) {
            assert_eq!(
                (&trade["i"], &trade["p"]),
                (&json!(truth.id), &json!(truth.px))
            );
        }
    }
}

/// Merges a message's fields into what is known. Returns the fields it named.
fn merge(fields: &mut Map<String, Value>, message: &Value) -> usize {
    let data = message["data"].as_object().unwrap();
    for (key, value) in data {
        fields.insert(key.clone(), value.clone());
    }
    data.len()
}

#[tokio::test]
async fn futures_ticker_starts_whole_and_then_names_changed_fields_only() {
    for product in [LINEAR, INVERSE] {
        let sim = start(product);
        let topic = format!("tickers.{}", symbol(product));
        let mut client = subscriber(&sim, product, &[topic]).await;
        let mut fields = Map::new();
        assert_eq!(merge(&mut fields, &client.json().await), 27);
        for _ in 0..5 {
            let delta = client.json().await;
            assert_eq!(delta["type"], "delta");
            for (key, value) in delta["data"].as_object().unwrap() {
                let changed = key == "symbol" || fields[key] != *value;
                assert!(changed, "{key} did not change");
            }
            assert!(merge(&mut fields, &delta) < 27);
        }
    }
}

#[tokio::test]
async fn ticker_shows_the_best_of_the_book_at_its_cross_sequence() {
    for product in [LINEAR, INVERSE] {
        let sim = start(product);
        let symbol = symbol(product);
        let topics = [format!("orderbook.1.{symbol}"), format!("tickers.{symbol}")];
        let mut client = subscriber(&sim, product, &topics).await;
        let mut best: BTreeMap<u64, Value> = BTreeMap::new();
        let mut shown: Vec<(u64, Value)> = Vec::new();
        let mut fields = Map::new();
        while shown.len() < 10 {
            let message = client.json().await;
            if message["topic"] == topics[0] {
                let data = &message["data"];
                let touch = json!([data["b"][0], data["a"][0]]);
                best.insert(data["seq"].as_u64().unwrap(), touch);
                continue;
            }
            merge(&mut fields, &message);
            let f = |key: &str| fields[key].clone();
            let (bid, ask) = (
                ["bid1Price", "bid1Size"].map(f),
                ["ask1Price", "ask1Size"].map(f),
            );
            shown.push((message["cs"].as_u64().unwrap(), json!([bid, ask])));
        }
        // The book goes on a little, so that what the last ticker shows has arrived.
        for _ in 0..20 {
            let message = client.json_where(|m| m["topic"] == topics[0]).await;
            let data = &message["data"];
            let touch = json!([data["b"][0], data["a"][0]]);
            best.insert(data["seq"].as_u64().unwrap(), touch);
        }
        for (sequence, touch) in shown {
            let (_, expected) = best.range(..=sequence).next_back().unwrap();
            assert_eq!(touch, *expected, "at {sequence}");
        }
    }
}

#[tokio::test]
async fn spot_and_option_tickers_are_always_whole() {
    let cases = [
        (SPOT, 9, &["usdIndexPrice", "lastPrice", "turnover24h"][..]),
        (
            OPTION,
            25,
            &["bidIv", "markPriceIv", "delta", "change24h", "totalVolume"],
        ),
    ];
    for (product, count, names) in cases {
        let sim = start(product);
        let topic = format!("tickers.{}", symbol(product));
        let mut client = subscriber(&sim, product, &[topic]).await;
        for _ in 0..4 {
            let message = client.json().await;
            assert_eq!(message["type"], "snapshot");
            let data = message["data"].as_object().unwrap();
            assert_eq!(data.len(), count, "{data:?}");
            assert!(
                names.iter().all(|name| data.contains_key(*name)),
                "{data:?}"
            );
            assert!(!data.contains_key("bid1Price"), "REST alone has it");
            assert_eq!(message.get("id").is_some(), product == OPTION);
        }
    }
}

#[tokio::test]
async fn statistics_of_the_last_day_equal_the_tape() {
    for product in ALL {
        let sim = start(product);
        let topic = format!("tickers.{}", symbol(product));
        let mut client = subscriber(&sim, product, &[&topic]).await;
        let mut fields = Map::new();
        for _ in 0..5 {
            merge(&mut fields, &client.json().await);
        }
        assert!(sim.halt());
        // What was due at the halt is the last: it is queued before this subscription's answer.
        client.send(r#"{"op":"ping"}"#).await;
        loop {
            let message = client.json().await;
            if message.get("topic").is_none() {
                break;
            }
            merge(&mut fields, &message);
        }
        let truth = sim.truth();
        let tape = &truth.instrument(product, symbol(product)).unwrap().trades;
        let volume: i128 = tape.iter().map(|trade| scaled(&trade.qty)).sum();
        let prices = tape.iter().map(|trade| scaled(&trade.px));
        let f = |key: &str| scaled(text(&fields[key]));
        assert_eq!(f("volume24h"), volume);
        assert_eq!(f("lastPrice"), prices.clone().next_back().unwrap());
        assert_eq!(f("highPrice24h"), prices.clone().max().unwrap());
        assert_eq!(f("lowPrice24h"), prices.clone().min().unwrap());
        assert_eq!(f("turnover24h"), turnover(product, tape));
    }
}

/// Sum of price times quantity or, of inverse contracts, of quantity over price, in 10^-12; the
/// latter with eight digits.
fn turnover(product: Product, tape: &[TradeTruth]) -> i128 {
    const ONE: i128 = 1_000_000_000_000;
    let value = |trade: &TradeTruth| {
        let (px, qty) = (scaled(&trade.px), scaled(&trade.qty));
        if product == INVERSE {
            qty * ONE / px
        } else {
            px * qty / ONE
        }
    };
    let sum: i128 = tape.iter().map(value).sum();
    if product == INVERSE {
        sum / 10_000 * 10_000
    } else {
        sum
    }
}

#[tokio::test]
async fn open_candle_equals_the_trades_of_its_interval() {
    for product in [SPOT, LINEAR, INVERSE] {
        let sim = Sim::start(SimConfig {
            market: MarketConfig {
                events_per_second: 200,
                levels: 300,
                ..MarketConfig::default()
            },
            ..config(product)
        })
        .unwrap();
        let symbol = symbol(product);
        let topics = ["1", "60", "D", "M"].map(|name| format!("kline.{name}.{symbol}"));
        let mut client = subscriber(&sim, product, &topics).await;
        let mut candles: BTreeMap<String, Value> = BTreeMap::new();
        for _ in 0..8 {
            let message = client.json().await;
            candles.insert(
                text(&message["topic"]).to_owned(),
                message["data"][0].clone(),
            );
        }
        assert!(sim.halt());
        client.send(r#"{"op":"ping"}"#).await;
        loop {
            let message = client.json().await;
            if message.get("topic").is_none() {
                break;
            }
            candles.insert(
                text(&message["topic"]).to_owned(),
                message["data"][0].clone(),
            );
        }
        assert_eq!(candles.len(), 4);
        let truth = sim.truth();
        let truth = truth.instrument(product, symbol).unwrap();
        for (topic, candle) in candles {
            let bounds = [&candle["start"], &candle["end"]].map(|ms| ms.as_u64().unwrap());
            let inside =
                |trade: &&TradeTruth| (bounds[0]..=bounds[1]).contains(&(trade.ts_ns / 1_000_000));
            let tape: Vec<TradeTruth> = truth.trades.iter().filter(inside).cloned().collect();
            let number = |key: &str| scaled(text(&candle[key]));
            let volume: i128 = tape.iter().map(|trade| scaled(&trade.qty)).sum();
            assert_eq!(number("volume"), volume, "{topic}");
            assert_eq!(number("turnover"), turnover(product, &tape), "{topic}");
            if let (Some(first), Some(last)) = (tape.first(), tape.last()) {
                assert_eq!(
                    (&candle["open"], &candle["close"]),
                    (&json!(first.px), &json!(last.px))
                );
                assert_eq!(candle["timestamp"], json!(last.ts_ns / 1_000_000));
            }
            assert_eq!(candle["confirm"], false);
            assert_eq!(candle["interval"], topic.split('.').nth(1).unwrap());
        }
    }
}
