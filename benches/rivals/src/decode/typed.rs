//! Typed deserialisation: sonic-rs with integers, serde_json with `Decimal`.

use std::str::FromStr;

use crate::messages::Class;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Deserialize;

use super::{Decoder, PLACES, Said};

/// Binance's wrapper.
#[derive(Deserialize)]
struct Combined<'a, T> {
    #[allow(dead_code, reason = "read from the wire as a user would")]
    stream: &'a str,
    data: T,
}

#[derive(Deserialize)]
struct Ticker<'a> {
    u: u64,
    #[allow(dead_code, reason = "as above")]
    s: &'a str,
    b: &'a str,
    #[serde(rename = "B")]
    bid_qty: &'a str,
    a: &'a str,
    #[serde(rename = "A")]
    ask_qty: &'a str,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "read from the wire as a user would")]
struct Trade<'a> {
    #[serde(rename = "E")]
    sent: u64,
    s: &'a str,
    t: u64,
    p: &'a str,
    q: &'a str,
    #[serde(rename = "T")]
    time: u64,
    m: bool,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "read from the wire as a user would")]
struct Depth<'a> {
    #[serde(rename = "E")]
    sent: u64,
    s: &'a str,
    #[serde(rename = "U")]
    first: u64,
    u: u64,
    #[serde(borrow)]
    b: Vec<(&'a str, &'a str)>,
    #[serde(borrow)]
    a: Vec<(&'a str, &'a str)>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "read from the wire as a user would")]
struct BybitTrades<'a> {
    topic: &'a str,
    ts: u64,
    #[serde(borrow)]
    data: Vec<BybitTrade<'a>>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "read from the wire as a user would")]
struct BybitTrade<'a> {
    #[serde(rename = "T")]
    time: u64,
    s: &'a str,
    #[serde(rename = "S")]
    side: &'a str,
    v: &'a str,
    p: &'a str,
    i: &'a str,
    #[serde(rename = "BT")]
    block: bool,
    #[serde(rename = "RPI")]
    rpi: bool,
    seq: u64,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "read from the wire as a user would")]
struct BybitBook<'a> {
    topic: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    ts: u64,
    #[serde(borrow)]
    data: BybitLevels<'a>,
    cts: u64,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "read from the wire as a user would")]
struct BybitLevels<'a> {
    s: &'a str,
    #[serde(borrow)]
    b: Vec<(&'a str, &'a str)>,
    #[serde(borrow)]
    a: Vec<(&'a str, &'a str)>,
    u: u64,
    seq: u64,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "read from the wire as a user would")]
struct Kraken<'a, T> {
    channel: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    data: Vec<T>,
}

/// `N` is the raw text of a bare number.
#[derive(Deserialize)]
#[allow(dead_code, reason = "read from the wire as a user would")]
struct KrakenTrade<'a, N> {
    symbol: &'a str,
    side: &'a str,
    price: N,
    qty: N,
    trade_id: u64,
    timestamp: &'a str,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "read from the wire as a user would")]
struct KrakenBook<'a, N> {
    symbol: &'a str,
    bids: Vec<KrakenLevel<N>>,
    asks: Vec<KrakenLevel<N>>,
    checksum: u32,
    timestamp: &'a str,
}

#[derive(Deserialize)]
struct KrakenLevel<N> {
    price: N,
    qty: N,
}

/// How numbers become values.
pub trait Numbers: Default {
    fn clear(&mut self);
    fn push(&mut self, text: &str) -> Option<()>;
    fn read(&self) -> Vec<i64>;
}

/// Integers, a byte at a time.
#[derive(Default)]
pub struct Integers(Vec<i64>);

impl Numbers for Integers {
    fn clear(&mut self) {
        self.0.clear();
    }

    fn push(&mut self, text: &str) -> Option<()> {
        let (mut value, mut missing, mut behind) = (0_i64, PLACES, false);
        for byte in text.bytes() {
            match byte {
                b'0'..=b'9' => {
                    value = value.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
                    missing = missing.checked_sub(u32::from(behind))?;
                }
                b'.' if !behind => behind = true,
                _ => return None,
            }
        }
        self.0.push(value.checked_mul(10_i64.pow(missing))?);
        Some(())
    }

    fn read(&self) -> Vec<i64> {
        self.0.clone()
    }
}

/// `Decimal`.
#[derive(Default)]
pub struct Decimals(Vec<Decimal>);

impl Numbers for Decimals {
    fn clear(&mut self) {
        self.0.clear();
    }

    fn push(&mut self, text: &str) -> Option<()> {
        self.0.push(Decimal::from_str(text).ok()?);
        Some(())
    }

    fn read(&self) -> Vec<i64> {
        let unit = Decimal::from(10_i64.pow(PLACES));
        let scaled = self.0.iter().map(|value| (value * unit).to_i64());
        scaled.map(Option::unwrap_or_default).collect()
    }
}

struct Typed<N> {
    class: Class,
    name: &'static str,
    numbers: N,
    seq: u64,
}

/// Reads every class with one library.
macro_rules! library {
    ($numbers:ty, $parse:path, $raw:ty, $text:path) => {
        impl Decoder for Typed<$numbers> {
            fn name(&self) -> &'static str {
                self.name
            }

            fn decode(&mut self, message: &[u8]) -> bool {
                self.numbers.clear();
                self.read(message).is_some()
            }

            fn said(&self) -> Option<Said> {
                Some(Said {
                    seq: self.seq,
                    numbers: self.numbers.read(),
                })
            }
        }

        impl Typed<$numbers> {
            fn levels(&mut self, levels: &[(&str, &str)]) -> Option<()> {
                levels.iter().try_for_each(|(px, qty)| {
                    self.numbers.push(px)?;
                    self.numbers.push(qty)
                })
            }

            fn read(&mut self, message: &[u8]) -> Option<()> {
                match self.class {
                    Class::BookTicker => {
                        let found: Combined<'_, Ticker<'_>> = $parse(message).ok()?;
                        self.seq = found.data.u;
                        let Ticker {
                            b,
                            bid_qty,
                            a,
                            ask_qty,
                            ..
                        } = found.data;
                        [b, bid_qty, a, ask_qty]
                            .iter()
                            .try_for_each(|text| self.numbers.push(text))
                    }
                    Class::Trade => {
                        let found: Combined<'_, Trade<'_>> = $parse(message).ok()?;
                        self.seq = found.data.t;
                        self.numbers.push(found.data.p)?;
                        self.numbers.push(found.data.q)
                    }
                    Class::Depth20 | Class::Depth175 => {
                        let found: Combined<'_, Depth<'_>> = $parse(message).ok()?;
                        self.seq = found.data.u;
                        self.levels(&found.data.b)?;
                        self.levels(&found.data.a)
                    }
                    Class::BybitTrade | Class::BybitTrades => {
                        let found: BybitTrades<'_> = $parse(message).ok()?;
                        for trade in &found.data {
                            self.seq = trade.seq;
                            self.numbers.push(trade.p)?;
                            self.numbers.push(trade.v)?;
                        }
                        Some(())
                    }
                    Class::BybitDelta | Class::BybitSnapshot => {
                        let found: BybitBook<'_> = $parse(message).ok()?;
                        self.seq = found.data.u;
                        self.levels(&found.data.b)?;
                        self.levels(&found.data.a)
                    }
                    Class::KrakenTrade => {
                        let found: Kraken<'_, KrakenTrade<'_, $raw>> = $parse(message).ok()?;
                        for trade in &found.data {
                            self.seq = trade.trade_id;
                            self.numbers.push($text(&trade.price))?;
                            self.numbers.push($text(&trade.qty))?;
                        }
                        Some(())
                    }
                    Class::KrakenBook => {
                        let found: Kraken<'_, KrakenBook<'_, $raw>> = $parse(message).ok()?;
                        self.seq = 0;
                        for book in &found.data {
                            for level in book.bids.iter().chain(&book.asks) {
                                self.numbers.push($text(&level.price))?;
                                self.numbers.push($text(&level.qty))?;
                            }
                        }
                        Some(())
                    }
                    // Not compared.
                    Class::BybitRpi | Class::FuturesTicker | Class::FuturesTickerLite => None,
                }
            }
        }
    };
}

fn sonic_text<'a>(value: &'a sonic_rs::LazyValue<'_>) -> &'a str {
    value.as_raw_str()
}

fn serde_text<'a>(value: &'a &serde_json::value::RawValue) -> &'a str {
    value.get()
}

library!(
    Integers,
    sonic_rs::from_slice,
    sonic_rs::LazyValue<'_>,
    sonic_text
);
library!(
    Decimals,
    serde_json::from_slice,
    &serde_json::value::RawValue,
    serde_text
);

/// Both libraries.
pub fn decoders(class: Class) -> Vec<Box<dyn Decoder>> {
    vec![
        Box::new(Typed::<Integers> {
            class,
            name: "sonic",
            numbers: Integers::default(),
            seq: 0,
        }),
        Box::new(Typed::<Decimals> {
            class,
            name: "serde",
            numbers: Decimals::default(),
            seq: 0,
        }),
    ]
}
