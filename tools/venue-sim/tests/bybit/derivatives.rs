//! What only futures publish: liquidations, price limits, insurance funds.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use venue_sim::{MarketConfig, Product, Sim, SimConfig};

use super::support::{config, scaled, start};
use super::{INVERSE, LINEAR, SPOT, subscriber, symbol, text};

/// So many events that liquidations come often.
fn busy(product: Product) -> Sim {
    Sim::start(SimConfig {
        market: MarketConfig {
            events_per_second: 2_000,
            levels: 100,
            ..MarketConfig::default()
        },
        ..config(product)
    })
    .unwrap()
}

#[tokio::test]
async fn liquidations_name_the_position_and_agree_with_the_trades_of_their_order() {
    for product in [LINEAR, INVERSE] {
        let sim = busy(product);
        let symbol = symbol(product);
        let topics = [
            format!("publicTrade.{symbol}"),
            format!("allLiquidation.{symbol}"),
        ];
        let mut client = subscriber(&sim, product, &topics).await;
        // Trades by their order, which is what shares a cross sequence.
        let mut orders: BTreeMap<u64, Vec<Value>> = BTreeMap::new();
        let mut liquidations = Vec::new();
        while liquidations.len() < 8 {
            let message = client.json().await;
            let rows = message["data"].as_array().unwrap().clone();
            if message["topic"] == topics[1] {
                assert_eq!(message["type"], "snapshot");
                liquidations.extend(rows);
                continue;
            }
            for trade in rows {
                let order = trade["seq"].as_u64().unwrap();
                orders.entry(order).or_default().push(trade);
            }
        }
        let mut found = 0;
        for liquidation in &liquidations {
            let order = orders.values().find(|order| {
                let last = order.last().unwrap();
                let volume: i128 = order.iter().map(|trade| scaled(text(&trade["v"]))).sum();
                last["T"] == liquidation["T"] && scaled(text(&liquidation["v"])) == volume
            });
            // The first may have been matched before the subscription.
            let Some(order) = order else { continue };
            found += 1;
            let sold = order[0]["S"] == "Sell";
            let long = liquidation["S"] == "Buy";
            assert_eq!(sold, long, "a long position is sold: {liquidation}");
            let bankruptcy = scaled(text(&liquidation["p"]));
            for trade in order {
                let px = scaled(text(&trade["p"]));
                assert!(if long {
                    px > bankruptcy
                } else {
                    px < bankruptcy
                });
            }
        }
        assert!(
            found + 2 >= liquidations.len(),
            "{found} of {}",
            liquidations.len()
        );
    }
}

#[tokio::test]
async fn price_limits_stand_around_the_price_and_have_no_type() {
    for product in [SPOT, LINEAR, INVERSE] {
        let sim = start(product);
        let symbol = symbol(product);
        let topics = [
            format!("priceLimit.{symbol}"),
            format!("orderbook.1.{symbol}"),
        ];
        let mut client = subscriber(&sim, product, &topics).await;
        let mut stamps = Vec::new();
        while stamps.len() < 4 {
            let message = client.json_where(|m| m["topic"] == topics[0]).await;
            assert!(message.get("type").is_none(), "{message}");
            let data = &message["data"];
            let [buy, sell] = [&data["buyLmt"], &data["sellLmt"]].map(|px| scaled(text(px)));
            let book = client.json_where(|m| m["topic"] == topics[1]).await;
            let bid = scaled(text(&book["data"]["b"][0][0]));
            assert!(sell < bid && bid < buy && (buy - sell) * 100 < bid * 3);
            stamps.push(message["ts"].as_u64().unwrap());
        }
        assert!(stamps[3] - stamps[2] >= 250, "every 300 ms: {stamps:?}");
    }
}

#[tokio::test]
async fn insurance_funds_grow_with_liquidations_and_alerts_carry_numbers() {
    for (product, group, coin) in [(LINEAR, "USDT", "USDT"), (INVERSE, "inverse", "BTC")] {
        let sim = busy(product);
        let topics = [format!("insurance.{group}"), format!("adlAlert.{group}")];
        let mut client = subscriber(&sim, product, &topics).await;
        let mut balances: BTreeMap<String, i128> = BTreeMap::new();
        let (mut grown, mut alerts) = (0, 0);
        while grown < 2 || alerts < 2 {
            let message = client.json().await;
            let rows = message["data"].as_array().unwrap();
            assert!(!rows.is_empty());
            if message["topic"] == topics[1] {
                alerts += 1;
                assert_eq!(message["type"], "snapshot");
                assert!(
                    rows.iter()
                        .all(|row| row["b"].is_number() && row["mb"] == "")
                );
                assert_eq!(
                    (&rows[0]["c"], &rows[0]["s"]),
                    (&json!(coin), &json!(symbol(product)))
                );
                continue;
            }
            let first = balances.is_empty();
            assert_eq!(message["type"], if first { "snapshot" } else { "delta" });
            for row in rows {
                let balance = scaled(text(&row["balance"]));
                let before = balances.insert(text(&row["symbols"]).to_owned(), balance);
                assert_eq!(
                    before.is_none(),
                    first,
                    "a delta names funds of the snapshot"
                );
                assert!(before.is_none_or(|before| before <= balance));
                grown += u32::from(before.is_some_and(|before| before < balance));
            }
        }
    }
}
