//! `orderbook.full`: deltas only, joined to a REST snapshot.

use serde_json::{Value, json};
use venue_sim::{Fault, Product, Sim, Target};

use super::support::{Book, Client, get, start};
use super::{LINEAR, SPOT, category, subscriber, symbol};

/// The documented way to a whole book: deltas are kept until a snapshot's `seq` and `u` are among
/// them.
async fn joined(sim: &Sim, product: Product, client: &mut Client) -> (u64, Book) {
    let target = format!(
        "/v5/market/full_orderbook?category={}&symbol={}",
        category(product),
        symbol(product)
    );
    let mut held: Vec<Value> = vec![client.json().await];
    for _ in 0..20 {
        let snapshot = get(sim, product, &target).await.json()["result"].clone();
        held.push(client.json().await);
        let ids = |data: &Value| (data["seq"].as_u64().unwrap(), data["u"].as_u64().unwrap());
        let (seq, u) = ids(&snapshot);
        let Some(at) = held.iter().position(|m| ids(&m["data"]) == (seq, u)) else {
            continue;
        };
        let mut book = Book::default();
        book.apply(&snapshot["b"], &snapshot["a"]);
        let mut last = u;
        for message in &held[at + 1..] {
            follow(&mut last, &mut book, message);
        }
        return (last, book);
    }
    panic!("no snapshot matched the stream");
}

fn follow(last: &mut u64, book: &mut Book, message: &Value) {
    assert_eq!(message["type"], "delta");
    let data = &message["data"];
    assert_eq!(data["u"].as_u64().unwrap(), *last + 1);
    *last += 1;
    book.apply(&data["b"], &data["a"]);
}

#[tokio::test]
async fn whole_book_joins_its_rest_snapshot_and_ends_at_the_truth() {
    for product in [SPOT, LINEAR] {
        let sim = start(product);
        let topic = format!("orderbook.full.{}", symbol(product));
        let mut client = subscriber(&sim, product, &[&topic]).await;
        let (mut last, mut book) = joined(&sim, product, &mut client).await;
        for _ in 0..5 {
            follow(&mut last, &mut book, &client.json().await);
        }
        sim.inject(Fault::Restart {
            target: Target::product(product).stream(topic),
        });
        loop {
            let message = client.json().await;
            if message["data"]["u"] == 1 {
                assert_eq!(message["data"]["b"], json!([]));
                break;
            }
            follow(&mut last, &mut book, &message);
        }
        let (mut last, mut book) = joined(&sim, product, &mut client).await;
        assert!(sim.halt());
        let truth = sim.truth();
        let truth = truth.instrument(product, symbol(product)).unwrap();
        while last < truth.views[0].sequence {
            follow(&mut last, &mut book, &client.json().await);
        }
        assert_eq!(
            (book.bids(), book.asks()),
            (truth.bids.clone(), truth.asks.clone())
        );
    }
}
