//! A WebSocket client, an HTTP client and a book, written without the crate's own code.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};
use venue_sim::{MarketConfig, Product, Sim, SimConfig};

/// No test waits longer than this for one message.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// A lively simulation of one product.
pub fn config(product: Product) -> SimConfig {
    SimConfig {
        products: vec![product],
        market: MarketConfig {
            events_per_second: 400,
            levels: 300,
            ..MarketConfig::default()
        },
        ..SimConfig::default()
    }
}

pub fn start(product: Product) -> Sim {
    Sim::start(config(product)).unwrap()
}

pub fn port(sim: &Sim, product: Product) -> u16 {
    sim.endpoint(product).unwrap().port
}

/// A plain WebSocket connection.
pub struct Client {
    pub ws: WebSocketStream<TcpStream>,
}

impl Client {
    pub async fn open(sim: &Sim, product: Product, path: &str) -> Client {
        Client::try_open(sim, product, path).await.unwrap()
    }

    pub async fn try_open(sim: &Sim, product: Product, path: &str) -> Result<Client, Error> {
        let port = port(sim, product);
        let tcp = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let (ws, _) = client_async(format!("ws://127.0.0.1:{port}{path}"), tcp).await?;
        Ok(Client { ws })
    }

    pub async fn send(&mut self, text: impl Into<String>) {
        let text: String = text.into();
        self.ws.send(Message::Text(text.into())).await.unwrap();
    }

    /// The next message of any kind; `None` when the connection has ended.
    pub async fn next(&mut self) -> Option<Result<Message, Error>> {
        timeout(PATIENCE, self.ws.next())
            .await
            .expect("nothing came within the patience")
    }

    /// The next text message. Control frames are passed over.
    pub async fn text(&mut self) -> String {
        loop {
            match self.next().await.expect("connection ended").unwrap() {
                Message::Text(text) => return text.to_string(),
                Message::Close(frame) => panic!("closed: {frame:?}"),
                _ => {}
            }
        }
    }

    pub async fn json(&mut self) -> Value {
        serde_json::from_str(&self.text().await).unwrap()
    }

    /// The next message for which `wanted` says yes.
    pub async fn json_where(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.json().await;
            if wanted(&message) {
                return message;
            }
        }
    }

    /// Whether nothing but control frames comes for this long.
    pub async fn silent_for(&mut self, wait: Duration) -> bool {
        let text = async {
            loop {
                if let Some(Ok(Message::Text(text))) = self.ws.next().await {
                    return text;
                }
            }
        };
        timeout(wait, text).await.is_err()
    }

    /// How the connection ends: the close frame's code and reason, or the error text.
    pub async fn end(&mut self) -> Result<Option<(u16, String)>, String> {
        let mut close = None;
        loop {
            match self.next().await {
                None => return Ok(close),
                Some(Ok(Message::Close(frame))) => {
                    close = frame.map(|frame| (frame.code.into(), frame.reason.to_string()));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.to_string()),
            }
        }
    }
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

pub async fn get(sim: &Sim, product: Product, target: &str) -> Reply {
    let mut tcp = TcpStream::connect(("127.0.0.1", port(sim, product)))
        .await
        .unwrap();
    let request = format!("GET {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    tcp.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    timeout(PATIENCE, tcp.read_to_end(&mut bytes))
        .await
        .unwrap()
        .unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Reply {
        status,
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

/// The text between `before` and the next `after`.
pub fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text
        .split_once(before)
        .unwrap_or_else(|| panic!("no {before} in {text}"));
    rest.split_once(after).unwrap().0
}

/// CRC-32 by its definition, bit by bit: reflected polynomial 0xEDB88320.
pub fn crc32(text: &str) -> u32 {
    let mut crc = u32::MAX;
    for byte in text.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

/// A number as the checksums of Kraken take it: no point, no leading zeros.
pub fn strip(text: &str) -> String {
    text.replace('.', "").trim_start_matches('0').to_owned()
}

/// A decimal text as an integer of 10^-12.
pub fn scaled(text: &str) -> i128 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    assert!(part.len() <= 12, "{text}");
    format!("{whole}{part:0<12}").parse().unwrap()
}

/// A book of wire texts, ordered by exact price.
#[derive(Clone, Debug, Default)]
pub struct Book {
    pub bids: BTreeMap<i128, (String, String)>,
    pub asks: BTreeMap<i128, (String, String)>,
}

impl Book {
    pub fn apply(&mut self, bids: &Value, asks: &Value) {
        set(&mut self.bids, bids);
        set(&mut self.asks, asks);
    }

    pub fn set(&mut self, bid: bool, px: &str, qty: &str) {
        let side = if bid { &mut self.bids } else { &mut self.asks };
        set_level(side, px, qty);
    }

    /// Forgets all but the best `depth` levels per side.
    pub fn truncate(&mut self, depth: usize) {
        while self.bids.len() > depth {
            self.bids.pop_first();
        }
        while self.asks.len() > depth {
            self.asks.pop_last();
        }
    }

    pub fn bids(&self) -> Vec<(String, String)> {
        self.bids.values().rev().cloned().collect()
    }

    pub fn asks(&self) -> Vec<(String, String)> {
        self.asks.values().cloned().collect()
    }
}

fn set(side: &mut BTreeMap<i128, (String, String)>, levels: &Value) {
    for level in levels.as_array().unwrap() {
        set_level(side, level[0].as_str().unwrap(), level[1].as_str().unwrap());
    }
}

fn set_level(side: &mut BTreeMap<i128, (String, String)>, px: &str, qty: &str) {
    if scaled(qty) == 0 {
        side.remove(&scaled(px));
    } else {
        side.insert(scaled(px), (px.to_owned(), qty.to_owned()));
    }
}

/// The keys of a JSON text in their order, nested ones included.
pub fn keys(text: &str) -> String {
    let quoted: Vec<&str> = text.split('"').collect();
    let keys = quoted.windows(2).skip(1).step_by(2);
    let keys = keys.filter(|pair| pair[1].starts_with(':'));
    keys.map(|pair| pair[0]).collect::<Vec<_>>().join(" ")
}
