//! Each venue's messages as serde structures, then events.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;

/// A normalised event; what a user goes on with.
#[expect(dead_code, reason = "made to be measured")]
pub enum Event {
    Trade {
        symbol: String,
        px: Decimal,
        qty: Decimal,
        buy: bool,
        id: String,
    },
    Bbo {
        symbol: String,
        bid: (Decimal, Decimal),
        ask: (Decimal, Decimal),
    },
    Book {
        symbol: String,
        bids: Vec<(Decimal, Decimal)>,
        asks: Vec<(Decimal, Decimal)>,
    },
}

pub type Decode = fn(&str) -> Vec<Event>;

pub fn of_venue(name: &str) -> Option<Decode> {
    match name {
        "binance" => Some(|text| binance(text).unwrap_or_default()),
        "bybit" => Some(|text| bybit(text).unwrap_or_default()),
        "kraken" => Some(|text| kraken(text).unwrap_or_default()),
        _ => None,
    }
}

#[derive(Deserialize)]
struct Combined<'a> {
    stream: &'a str,
    #[serde(borrow)]
    data: &'a RawValue,
}

#[derive(Deserialize)]
struct BinanceTrade {
    s: String,
    t: u64,
    p: Decimal,
    q: Decimal,
    m: bool,
}

#[derive(Deserialize)]
struct BookTicker {
    s: String,
    b: Decimal,
    #[serde(rename = "B")]
    bid_qty: Decimal,
    a: Decimal,
    #[serde(rename = "A")]
    ask_qty: Decimal,
}

fn binance(text: &str) -> serde_json::Result<Vec<Event>> {
    let combined: Combined<'_> = serde_json::from_str(text)?;
    let event = if combined.stream.ends_with("@trade") {
        let trade: BinanceTrade = serde_json::from_str(combined.data.get())?;
        let id = trade.t.to_string();
        Event::Trade {
            symbol: trade.s,
            px: trade.p,
            qty: trade.q,
            buy: !trade.m,
            id,
        }
    } else {
        let best: BookTicker = serde_json::from_str(combined.data.get())?;
        Event::Bbo {
            symbol: best.s,
            bid: (best.b, best.bid_qty),
            ask: (best.a, best.ask_qty),
        }
    };
    Ok(vec![event])
}

#[derive(Deserialize)]
struct Topic<'a> {
    topic: &'a str,
    #[serde(borrow)]
    data: &'a RawValue,
}

#[derive(Deserialize)]
struct BybitTrade {
    s: String,
    #[serde(rename = "S")]
    side: String,
    v: Decimal,
    p: Decimal,
    i: String,
}

#[derive(Deserialize)]
struct BybitBook {
    s: String,
    b: Vec<(Decimal, Decimal)>,
    a: Vec<(Decimal, Decimal)>,
}

fn bybit(text: &str) -> serde_json::Result<Vec<Event>> {
    let message: Topic<'_> = serde_json::from_str(text)?;
    if message.topic.starts_with("publicTrade.") {
        let trades: Vec<BybitTrade> = serde_json::from_str(message.data.get())?;
        let event = |trade: BybitTrade| Event::Trade {
            symbol: trade.s,
            px: trade.p,
            qty: trade.v,
            buy: trade.side == "Buy",
            id: trade.i,
        };
        return Ok(trades.into_iter().map(event).collect());
    }
    let book: BybitBook = serde_json::from_str(message.data.get())?;
    Ok(vec![Event::Book {
        symbol: book.s,
        bids: book.b,
        asks: book.a,
    }])
}

#[derive(Deserialize)]
struct Channel<'a> {
    channel: &'a str,
    #[serde(borrow)]
    data: &'a RawValue,
}

#[derive(Deserialize)]
struct KrakenTrade<'a> {
    symbol: String,
    side: &'a str,
    #[serde(borrow)]
    price: &'a RawValue,
    #[serde(borrow)]
    qty: &'a RawValue,
    trade_id: u64,
}

#[derive(Deserialize)]
struct KrakenLevel<'a> {
    #[serde(borrow)]
    price: &'a RawValue,
    #[serde(borrow)]
    qty: &'a RawValue,
}

#[derive(Deserialize)]
struct KrakenBook<'a> {
    symbol: String,
    #[serde(borrow)]
    bids: Vec<KrakenLevel<'a>>,
    #[serde(borrow)]
    asks: Vec<KrakenLevel<'a>>,
}

/// The number as it is written: through a float it would not be exact.
fn number(raw: &RawValue) -> Decimal {
    raw.get().parse().unwrap_or_default()
}

fn kraken(text: &str) -> serde_json::Result<Vec<Event>> {
    let message: Channel<'_> = serde_json::from_str(text)?;
    if message.channel == "trade" {
        let trades: Vec<KrakenTrade<'_>> = serde_json::from_str(message.data.get())?;
        let event = |trade: KrakenTrade<'_>| Event::Trade {
            symbol: trade.symbol,
            px: number(trade.price),
            qty: number(trade.qty),
            buy: trade.side == "buy",
            id: trade.trade_id.to_string(),
        };
        return Ok(trades.into_iter().map(event).collect());
    }
    let books: Vec<KrakenBook<'_>> = serde_json::from_str(message.data.get())?;
    let levels = |levels: Vec<KrakenLevel<'_>>| {
        levels
            .iter()
            .map(|level| (number(level.price), number(level.qty)))
            .collect()
    };
    let event = |book: KrakenBook<'_>| Event::Book {
        symbol: book.symbol,
        bids: levels(book.bids),
        asks: levels(book.asks),
    };
    Ok(books.into_iter().map(event).collect())
}
