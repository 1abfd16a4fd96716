//! Kraken Futures WebSocket v1, as its pages of 2026 describe it.

use feedd_codecs::VenueId;
use feedd_codecs::venue::{Channel, kraken_futures::KrakenFutures};

use super::script::{Asked, Fill, Request, Script, chars_of, json, strings};
use super::truth::{Change, Dice, MIDDLE, Truth, View, decimal};

/// Perpetual and dated futures.
pub(crate) struct Futures;

impl Script for Futures {
    type V = KrakenFutures;
    const ID: VenueId = VenueId::KRAKEN_FUTURES;
    const SYMBOLS: [&'static str; 3] = ["PF_XBTUSD", "PI_XBTUSD", "FI_ETHUSD_261225"];
    const PLACES: (u32, u32) = (2, 4);
    const TRADES: Channel = Channel::TRADE;
    const VIEW: View = View {
        depth: usize::MAX,
        tells_fallen: false,
        advance: |numbers| {
            numbers.last += 1;
            numbers.first = numbers.last;
        },
    };
    const REFUSES_WHOLE_REQUESTS: bool = false;
    const NUMBERED: bool = true;

    fn read(text: &str) -> Request {
        let request = json(text);
        let names = strings(&request["product_ids"]);
        let channel = match request["feed"].as_str() {
            Some("trade") => Channel::TRADE,
            Some("ticker") => Channel::BBO,
            Some("book") => Channel::BOOK,
            other => panic!("no feed {other:?}"),
        };
        Request {
            ask: match request["event"].as_str() {
                Some("subscribe") => Asked::Subscribe,
                Some("unsubscribe") => Asked::Unsubscribe,
                other => panic!("no event {other:?}"),
            },
            number: 0,
            streams: names.iter().map(|name| (name.clone(), channel)).collect(),
            name_chars: chars_of(&names),
        }
    }

    fn answers(request: &Request, refused: &[(String, Channel)]) -> Vec<String> {
        let event = match request.ask {
            Asked::Subscribe => "subscribed",
            Asked::Unsubscribe => "unsubscribed",
            Asked::Ping => panic!("no ping of its own"),
        };
        let answer = |stream: &(String, Channel)| {
            if refused.contains(stream) {
                return r#"{"event":"error","message":"Invalid product id"}"#.to_owned();
            }
            let feed = match stream.1 {
                Channel::BOOK => "book",
                Channel::BBO => "ticker",
                _ => "trade",
            };
            let symbol = &stream.0;
            format!(r#"{{"event":"{event}","feed":"{feed}","product_ids":["{symbol}"]}}"#)
        };
        request.streams.iter().map(answer).collect()
    }

    fn reference(truths: &[Truth]) -> String {
        let list: Vec<String> = truths.iter().map(listing).collect();
        format!(
            r#"{{"result":"success","instruments":[{}],"serverTime":"2026-11-22T00:00:00.000Z"}}"#,
            list.join(",")
        )
    }

    fn volumes(truths: &[Truth], _page: u32) -> Option<String> {
        let row = |truth: &Truth| {
            format!(
                r#"{{"symbol":"{}","volumeQuote":{}.5}}"#,
                truth.symbol, truth.turnover
            )
        };
        let rows: Vec<String> = truths.iter().map(row).collect();
        Some(format!(
            r#"{{"result":"success","tickers":[{}],"serverTime":"2026-11-22T00:00:00.000Z"}}"#,
            rows.join(",")
        ))
    }

    fn snapshot(truth: &Truth) -> String {
        format!(
            r#"{{"feed":"book_snapshot","product_id":"{}","timestamp":{},"seq":{},"tickSize":null,"bids":{},"asks":{}}}"#,
            truth.symbol,
            truth.time_ms,
            truth.numbers.last,
            levels(truth, &truth.bids()),
            levels(truth, &truth.asks())
        )
    }

    /// One message tells one level.
    fn delta(truth: &Truth, change: &Change) -> String {
        let (side, (px, qty)) = match (&change.bids[..], &change.asks[..]) {
            ([level], []) => ("buy", *level),
            ([], [level]) => ("sell", *level),
            other => panic!("not one level: {other:?}"),
        };
        format!(
            r#"{{"feed":"book","product_id":"{}","side":"{side}","seq":{},"price":{},"qty":{},"timestamp":{}}}"#,
            truth.symbol,
            truth.numbers.last,
            truth.px(px),
            truth.qty(qty),
            truth.time_ms
        )
    }

    fn step(truth: &mut Truth, dice: &mut Dice) -> Change {
        loop {
            let (is_bid, distance) = (dice.below(2) == 0, dice.below(90) + 1);
            let qty = dice.below(5) * 37;
            let event = truth.change(|truth| {
                if is_bid {
                    truth.set_bid(MIDDLE - distance, qty);
                } else {
                    truth.set_ask(MIDDLE + distance, qty);
                }
            });
            if let Some(event) = event {
                return event;
            }
        }
    }

    fn trade(truth: &Truth, fill: Fill) -> String {
        let side = if fill.taker_bought { "buy" } else { "sell" };
        format!(
            r#"{{"feed":"trade","product_id":"{}","uid":"05af78ac-a774-478c-a50c-{:012x}","side":"{side}","type":"fill","seq":{},"time":{},"qty":{},"price":{}}}"#,
            truth.symbol,
            fill.id,
            fill.id,
            truth.time_ms,
            truth.qty(fill.qty),
            truth.px(fill.px)
        )
    }

    fn past(truth: &Truth, fills: &[(Fill, u64)]) -> Option<String> {
        let row = |(fill, time): &(Fill, u64)| {
            let mut shown = truth.clone();
            shown.time_ms = *time;
            Self::trade(&shown, *fill)
        };
        let newest_first: Vec<String> = fills.iter().rev().map(row).collect();
        Some(format!(
            r#"{{"feed":"trade_snapshot","product_id":"{}","trades":[{}]}}"#,
            truth.symbol,
            newest_first.join(",")
        ))
    }

    fn bbo(truth: &Truth) -> String {
        let (bid, ask) = (truth.bids()[0], truth.asks()[0]);
        format!(
            r#"{{"time":{0},"product_id":"{1}","funding_rate":-6.2604214e-11,"relative_funding_rate":-1.380384722222e-6,"next_funding_rate_time":1790362800000,"leverage":"50x","premium":-0.1,"feed":"ticker","bid":{2},"ask":{3},"bid_size":{4},"ask_size":{5},"volume":4237.2723,"dtm":0,"index":83995.76,"last":{2},"change":-0.22,"suspended":false,"tag":"perpetual","pair":"XBT:USD","openInterest":2189.7813,"markPrice":84004.11362574516,"maturityTime":0,"post_only":false}}"#,
            truth.time_ms,
            truth.symbol,
            truth.px(bid.0),
            truth.px(ask.0),
            truth.qty(bid.1),
            truth.qty(ask.1)
        )
    }

    fn history(truth: &Truth, fills: &[(Fill, u64)]) -> String {
        let row = |(fill, time): &(Fill, u64)| {
            format!(
                r#"{{"time":"{}","trade_id":{id},"price":{},"size":{},"side":"{}","type":"fill","uid":"05af78ac-a774-478c-a50c-{id:012x}"}}"#,
                super::kraken::time_text(*time),
                truth.px(fill.px),
                truth.qty(fill.qty),
                if fill.taker_bought { "buy" } else { "sell" },
                id = fill.id
            )
        };
        let rows: Vec<String> = fills.iter().rev().map(row).collect();
        format!(
            r#"{{"result":"success","history":[{}],"serverTime":"2026-11-22T00:00:00.000Z"}}"#,
            rows.join(",")
        )
    }
}

fn listing(truth: &Truth) -> String {
    let kind = if truth.symbol.starts_with("PF_") {
        "flexible_futures"
    } else {
        "futures_inverse"
    };
    format!(
        r#"{{"symbol":"{}","type":"{kind}","tickSize":{},"contractSize":1,"tradeable":{},"contractValueTradePrecision":{},"postOnly":false,"base":"AAA","quote":"BBB","pair":"AAA:BBB","isExpired":false}}"#,
        truth.symbol,
        decimal(truth.tick, truth.px_places),
        !truth.halted,
        truth.qty_places
    )
}

fn levels(truth: &Truth, levels: &[(i64, i64)]) -> String {
    let levels: Vec<String> = levels
        .iter()
        .map(|(px, qty)| format!(r#"{{"price":{},"qty":{}}}"#, truth.px(*px), truth.qty(*qty)))
        .collect();
    format!("[{}]", levels.join(","))
}
