//! Kraken Spot WebSocket v2, as its pages of 2025 and 2026 describe it.

use feedd_codecs::VenueId;
use feedd_codecs::venue::{Channel, kraken::Kraken};

use super::script::{Asked, Fill, Request, Script, chars_of, json, strings};
use super::truth::{Change, Truth, View, decimal};

/// Spot.
pub(crate) struct Spot;

impl Script for Spot {
    type V = Kraken;
    const ID: VenueId = VenueId::KRAKEN_SPOT;
    const SYMBOLS: [&'static str; 3] = ["BTC/USD", "ETH/USD", "DOGE/USD"];
    const PLACES: (u32, u32) = (2, 8);
    const TRADES: Channel = Channel::TRADE;
    const VIEW: View = View {
        depth: 10,
        tells_fallen: false,
        advance: |numbers| numbers.last += 1,
    };
    const REFUSES_WHOLE_REQUESTS: bool = false;
    const NUMBERED: bool = false;

    fn read(text: &str) -> Request {
        let request = json(text);
        let params = &request["params"];
        let names = strings(&params["symbol"]);
        let channel = match params["channel"].as_str() {
            None => Channel::NONE,
            Some("trade") => Channel::TRADE,
            Some("ticker") => Channel::BBO,
            Some("book") => Channel::BOOK,
            Some("level3") => Channel::ORDERS,
            Some("instrument") => Channel::REFERENCE,
            Some(other) => panic!("no channel {other}"),
        };
        let streams = match channel {
            Channel::REFERENCE => vec![(String::new(), channel)],
            _ => names.iter().map(|name| (name.clone(), channel)).collect(),
        };
        Request {
            ask: match request["method"].as_str() {
                Some("subscribe") => Asked::Subscribe,
                Some("unsubscribe") => Asked::Unsubscribe,
                Some("ping") => Asked::Ping,
                other => panic!("no method {other:?}"),
            },
            number: request["req_id"].as_u64().unwrap(),
            streams,
            name_chars: chars_of(&names),
        }
    }

    fn answers(request: &Request, refused: &[(String, Channel)]) -> Vec<String> {
        const TIMES: &str =
            r#""time_in":"2026-09-25T17:48:54.701041Z","time_out":"2026-09-25T17:48:54.701062Z""#;
        let number = request.number;
        let method = match request.ask {
            Asked::Subscribe => "subscribe",
            Asked::Unsubscribe => "unsubscribe",
            Asked::Ping => {
                return vec![format!(r#"{{"method":"pong","req_id":{number},{TIMES}}}"#)];
            }
        };
        let answer = |stream: &(String, Channel)| {
            let (symbol, channel) = stream;
            if refused.contains(stream) {
                return format!(
                    r#"{{"error":"Currency pair not supported {symbol}","method":"{method}","req_id":{number},"success":false,"symbol":"{symbol}",{TIMES}}}"#
                );
            }
            let result = match *channel {
                Channel::REFERENCE => r#""channel":"instrument","snapshot":true"#.to_owned(),
                Channel::BOOK => {
                    format!(r#""channel":"book","depth":10,"snapshot":true,"symbol":"{symbol}""#)
                }
                Channel::ORDERS => {
                    format!(r#""channel":"level3","depth":10,"snapshot":true,"symbol":"{symbol}""#)
                }
                Channel::BBO => format!(
                    r#""channel":"ticker","event_trigger":"bbo","snapshot":true,"symbol":"{symbol}""#
                ),
                _ => format!(r#""channel":"trade","snapshot":false,"symbol":"{symbol}""#),
            };
            format!(
                r#"{{"method":"{method}","req_id":{number},"result":{{{result}}},"success":true,{TIMES}}}"#
            )
        };
        request.streams.iter().map(answer).collect()
    }

    fn reference(truths: &[Truth]) -> String {
        instruments("snapshot", truths)
    }

    fn news(changed: &[Truth]) -> Option<String> {
        Some(instruments("update", changed))
    }

    /// First the names, then the figures under names of REST's own.
    fn volumes(truths: &[Truth], page: u32) -> Option<String> {
        let row = |(at, truth): (usize, &Truth)| {
            if page == 0 {
                format!(r#""XP{at}":{{"wsname":"{}","base":"A"}}"#, truth.symbol)
            } else {
                let volume = truth.turnover;
                format!(r#""XP{at}":{{"v":["1.0","{volume}.5"],"p":["1.0","1.00000"]}}"#)
            }
        };
        let rows: Vec<String> = truths.iter().enumerate().map(row).collect();
        Some(format!(r#"{{"error":[],"result":{{{}}}}}"#, rows.join(",")))
    }

    fn snapshot(truth: &Truth) -> String {
        book(truth, "snapshot", &truth.bids(), &truth.asks())
    }

    fn delta(truth: &Truth, change: &Change) -> String {
        book(truth, "update", &change.bids, &change.asks)
    }

    fn trade(truth: &Truth, fill: Fill) -> String {
        let side = if fill.taker_bought { "buy" } else { "sell" };
        format!(
            r#"{{"channel":"trade","type":"update","data":[{{"symbol":"{}","side":"{side}","price":{},"qty":{},"ord_type":"limit","trade_id":{},"timestamp":"{}"}}]}}"#,
            truth.symbol,
            truth.px(fill.px),
            truth.qty(fill.qty),
            fill.id,
            time(truth)
        )
    }

    fn past(truth: &Truth, fills: &[(Fill, u64)]) -> Option<String> {
        let row = |(fill, time): &(Fill, u64)| {
            let mut shown = truth.clone();
            shown.time_ms = *time;
            let told = Self::trade(&shown, *fill);
            told[told.find('[').unwrap() + 1..told.rfind(']').unwrap()].to_owned()
        };
        let rows: Vec<String> = fills.iter().map(row).collect();
        Some(format!(
            r#"{{"channel":"trade","type":"snapshot","data":[{}]}}"#,
            rows.join(",")
        ))
    }

    fn bbo(truth: &Truth) -> String {
        let (bid, ask) = (truth.bids()[0], truth.asks()[0]);
        format!(
            r#"{{"channel":"ticker","type":"update","data":[{{"symbol":"{0}","bid":{1},"bid_qty":{2},"ask":{3},"ask_qty":{4},"last":{1},"volume":3156.84782110,"vwap":84174.6,"low":83163.6,"high":85247.4,"change":-429.3,"change_pct":-0.51,"timestamp":"{5}"}}]}}"#,
            truth.symbol,
            truth.px(bid.0),
            truth.qty(bid.1),
            truth.px(ask.0),
            truth.qty(ask.1),
            time(truth)
        )
    }

    fn orders(truth: &Truth, change: Option<&Change>) -> Option<String> {
        let event = if change.is_some() {
            r#""event":"modify","#
        } else {
            ""
        };
        let whole = Change {
            bids: truth.bids(),
            asks: truth.asks(),
        };
        let shown = change.unwrap_or(&whole);
        let side = |levels: &[(i64, i64)]| {
            let order = |(px, qty): &(i64, i64)| {
                format!(
                    r#"{{{event}"order_id":"O{px}","limit_price":{},"order_qty":{},"timestamp":"{}"}}"#,
                    truth.px(*px),
                    truth.qty(*qty),
                    time(truth)
                )
            };
            levels.iter().map(order).collect::<Vec<_>>().join(",")
        };
        Some(format!(
            r#"{{"channel":"level3","type":"{}","data":[{{"symbol":"{}","bids":[{}],"asks":[{}],"checksum":{},"timestamp":"{}"}}]}}"#,
            if change.is_some() {
                "update"
            } else {
                "snapshot"
            },
            truth.symbol,
            side(&shown.bids),
            side(&shown.asks),
            checksum(truth),
            time(truth)
        ))
    }

    fn history(truth: &Truth, fills: &[(Fill, u64)]) -> String {
        let row = |(fill, time): &(Fill, u64)| {
            format!(
                r#"["{}","{}",{}.{:03}0001,"{}","l","",{}]"#,
                truth.px(fill.px),
                truth.qty(fill.qty),
                time / 1000,
                time % 1000,
                if fill.taker_bought { "b" } else { "s" },
                fill.id
            )
        };
        let rows: Vec<String> = fills.iter().map(row).collect();
        format!(
            r#"{{"error":[],"result":{{"XXBTZUSD":[{}],"last":"1"}}}}"#,
            rows.join(",")
        )
    }
}

/// A message of the `instrument` channel.
fn instruments(kind: &str, truths: &[Truth]) -> String {
    let pair = |truth: &Truth| {
        let status = match (truth.gone, truth.halted) {
            (true, _) => "delisted",
            (false, true) => "cancel_only",
            (false, false) => "online",
        };
        format!(
            r#"{{"symbol":"{}","base":"AAA","quote":"BBB","status":"{status}","qty_precision":{},"qty_increment":1e-08,"price_precision":{},"price_increment":{},"marginable":false}}"#,
            truth.symbol,
            truth.qty_places,
            truth.px_places,
            decimal(truth.tick, truth.px_places)
        )
    };
    let pairs: Vec<String> = truths.iter().map(pair).collect();
    format!(
        r#"{{"channel":"instrument","type":"{kind}","data":{{"assets":[],"pairs":[{}]}}}}"#,
        pairs.join(",")
    )
}

fn book(truth: &Truth, kind: &str, bids: &[(i64, i64)], asks: &[(i64, i64)]) -> String {
    format!(
        r#"{{"channel":"book","type":"{kind}","data":[{{"symbol":"{}","bids":{},"asks":{},"checksum":{},"timestamp":"{}"}}]}}"#,
        truth.symbol,
        levels(truth, bids),
        levels(truth, asks),
        checksum(truth),
        time(truth)
    )
}

fn levels(truth: &Truth, levels: &[(i64, i64)]) -> String {
    let levels: Vec<String> = levels
        .iter()
        .map(|(px, qty)| format!(r#"{{"price":{},"qty":{}}}"#, truth.px(*px), truth.qty(*qty)))
        .collect();
    format!("[{}]", levels.join(","))
}

/// From the wire text, as the page tells it: without the point and leading zeros.
pub(crate) fn checksum(truth: &Truth) -> u32 {
    let strip = |text: String| text.replace('.', "").trim_start_matches('0').to_owned();
    let text: String = truth
        .asks()
        .iter()
        .take(10)
        .chain(truth.bids().iter().take(10))
        .map(|(px, qty)| strip(truth.px(*px)) + &strip(truth.qty(*qty)))
        .collect();
    crc32fast::hash(text.as_bytes())
}

/// Day since 1970 and of the month on which the truths' clocks begin: 2023-11-14.
const FIRST_DAY: (u64, u64) = (19_675, 14);

fn time(truth: &Truth) -> String {
    time_text(truth.time_ms)
}

/// A stamp of the month in which the truths' clocks begin.
pub(crate) fn time_text(time_ms: u64) -> String {
    let day = time_ms / 86_400_000 - FIRST_DAY.0 + FIRST_DAY.1;
    let within_a_day = time_ms % 86_400_000;
    let (second, ms) = (within_a_day / 1000, within_a_day % 1000);
    format!(
        "2023-11-{day:02}T{:02}:{:02}:{:02}.{ms:03}000Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}
