//! The venues' messages as a user of a typed library declares them: borrowed texts, whole numbers.

use serde::Deserialize;

/// Binance's wrapper.
#[derive(Deserialize)]
pub struct Combined<'a, T> {
    #[allow(dead_code, reason = "read from the wire as a user would")]
    stream: &'a str,
    pub data: T,
}

#[derive(Default, Deserialize)]
pub struct Ticker<'a> {
    pub u: u64,
    pub s: &'a str,
    pub b: &'a str,
    #[serde(rename = "B")]
    pub bid_qty: &'a str,
    pub a: &'a str,
    #[serde(rename = "A")]
    pub ask_qty: &'a str,
}

#[derive(Default, Deserialize)]
pub struct Trade<'a> {
    #[serde(rename = "E")]
    pub sent: u64,
    pub s: &'a str,
    pub t: u64,
    pub p: &'a str,
    pub q: &'a str,
    #[serde(rename = "T")]
    pub time: u64,
    pub m: bool,
}

/// `L` is one side's levels.
#[derive(Default, Deserialize)]
pub struct Depth<'a, L> {
    #[serde(rename = "E")]
    pub sent: u64,
    pub s: &'a str,
    #[serde(rename = "U")]
    pub first: u64,
    pub u: u64,
    pub b: L,
    pub a: L,
}

#[derive(Deserialize)]
pub struct BybitTrades<'a> {
    #[allow(dead_code, reason = "read from the wire as a user would")]
    topic: &'a str,
    pub ts: u64,
    #[serde(borrow)]
    pub data: Vec<BybitTrade<'a>>,
}

#[derive(Default, Deserialize)]
pub struct BybitTrade<'a> {
    #[serde(rename = "T")]
    pub time: u64,
    pub s: &'a str,
    #[serde(rename = "S")]
    pub side: &'a str,
    pub v: &'a str,
    pub p: &'a str,
    pub i: &'a str,
    #[serde(rename = "BT")]
    pub block: bool,
    #[serde(rename = "RPI")]
    pub rpi: bool,
    pub seq: u64,
}

#[derive(Deserialize)]
pub struct BybitBook<'a, L> {
    #[allow(dead_code, reason = "read from the wire as a user would")]
    topic: &'a str,
    #[serde(rename = "type")]
    pub kind: &'a str,
    pub ts: u64,
    pub data: BybitLevels<'a, L>,
    pub cts: u64,
}

#[derive(Default, Deserialize)]
pub struct BybitLevels<'a, L> {
    pub s: &'a str,
    pub b: L,
    pub a: L,
    pub u: u64,
    pub seq: u64,
}

#[derive(Deserialize)]
pub struct Kraken<'a, T> {
    #[allow(dead_code, reason = "read from the wire as a user would")]
    channel: &'a str,
    #[serde(rename = "type")]
    pub kind: &'a str,
    pub data: Vec<T>,
}

/// `N` is the raw text of a bare number.
#[derive(Deserialize)]
pub struct KrakenTrade<'a, N> {
    pub symbol: &'a str,
    pub side: &'a str,
    pub price: N,
    pub qty: N,
    pub trade_id: u64,
    pub timestamp: &'a str,
}

#[derive(Deserialize)]
pub struct KrakenBook<'a, L> {
    pub symbol: &'a str,
    pub bids: L,
    pub asks: L,
    pub checksum: u32,
    pub timestamp: &'a str,
}

#[derive(Deserialize)]
pub struct KrakenLevel<N> {
    pub price: N,
    pub qty: N,
}
