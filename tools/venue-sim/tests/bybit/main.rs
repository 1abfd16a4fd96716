//! Bybit v5 as a client sees it: spot, linear, inverse and options.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod books;
mod control;
mod derivatives;
mod limits;
mod reference;
mod rest;
mod streams;
#[path = "../support/mod.rs"]
mod support;
mod whole_book;

use serde_json::{Value, json};
use support::Client;
use venue_sim::{Product, Sim};

pub(crate) const SPOT: Product = Product::BybitSpot;
pub(crate) const LINEAR: Product = Product::BybitLinear;
pub(crate) const INVERSE: Product = Product::BybitInverse;
pub(crate) const OPTION: Product = Product::BybitOption;
pub(crate) const ALL: [Product; 4] = [SPOT, LINEAR, INVERSE, OPTION];

pub(crate) fn category(product: Product) -> &'static str {
    product.name().strip_prefix("bybit-").unwrap()
}

pub(crate) fn path(product: Product) -> String {
    format!("/v5/public/{}", category(product))
}

/// A liquid instrument of the product.
pub(crate) fn symbol(product: Product) -> &'static str {
    match product {
        Product::BybitInverse => "BTCUSD",
        Product::BybitOption => "BTC-29MAR30-40000-C-USDT",
        _ => "BTCUSDT",
    }
}

/// A client that subscribed to these topics; its next message is the first after the
/// acknowledgement.
pub(crate) async fn subscriber(sim: &Sim, product: Product, topics: &[impl AsRef<str>]) -> Client {
    let mut client = Client::open(sim, product, &path(product)).await;
    let args: Vec<&str> = topics.iter().map(AsRef::as_ref).collect();
    client
        .send(json!({"op":"subscribe","args":args}).to_string())
        .await;
    let ack = client.json_where(|m| m.get("topic").is_none()).await;
    assert_eq!(ack["success"], true, "{ack}");
    client
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}
