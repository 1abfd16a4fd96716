//! Bybit v5, as its pages of 2026-07 describe it.

use feedd_codecs::VenueId;
use feedd_codecs::venue::{Channel, bybit::Bybit};

use super::script::{Asked, Fill, Request, Script, chars_of, json, quoted_pairs, strings};
use super::truth::{Change, Truth, View, decimal};

/// Spot.
pub(crate) struct Spot;
/// USDT and USDC futures.
pub(crate) struct Linear;
/// Coin-margined futures.
pub(crate) struct Inverse;

const VIEW: View = View {
    depth: 50,
    tells_fallen: true,
    advance: |numbers| {
        numbers.prev = numbers.last;
        numbers.last += 1;
        numbers.first = numbers.last;
        numbers.cross += 131;
    },
};

macro_rules! product {
    ($name:ident, $id:ident, $symbols:expr, $listing:ident, $spot:literal) => {
        impl Script for $name {
            type V = Bybit;
            const ID: VenueId = VenueId::$id;
            const SYMBOLS: [&'static str; 3] = $symbols;
            const PLACES: (u32, u32) = (2, 6);
            const TRADES: Channel = Channel::TRADE;
            const VIEW: View = VIEW;
            const REFUSES_WHOLE_REQUESTS: bool = true;
            const NUMBERED: bool = true;

            fn read(text: &str) -> Request {
                read(text)
            }

            fn answers(request: &Request, refused: &[(String, Channel)]) -> Vec<String> {
                answers(request, refused, $spot)
            }

            fn reference(truths: &[Truth]) -> String {
                let list: Vec<String> = truths.iter().map($listing).collect();
                format!(
                    r#"{{"retCode":0,"retMsg":"OK","result":{{"category":"x","list":[{}],"nextPageCursor":""}},"retExtInfo":{{}},"time":1672053054358}}"#,
                    list.join(",")
                )
            }

            fn snapshot(truth: &Truth) -> String {
                book(truth, "snapshot", &truth.bids(), &truth.asks(), $spot)
            }

            fn delta(truth: &Truth, change: &Change) -> String {
                book(truth, "delta", &change.bids, &change.asks, $spot)
            }

            fn trade(truth: &Truth, fill: Fill) -> String {
                trade(truth, fill, $spot)
            }

            fn bbo(truth: &Truth) -> String {
                bbo(truth)
            }
        }
    };
}

product!(
    Spot,
    BYBIT_SPOT,
    ["BTCUSDT", "ETHUSDT", "SOLUSDC"],
    spot_listing,
    true
);
product!(
    Linear,
    BYBIT_LINEAR,
    ["BTCUSDT", "BTCPERP", "BTC-24MAR23"],
    futures_listing,
    false
);
product!(
    Inverse,
    BYBIT_INVERSE,
    ["BTCUSD", "ETHUSD", "BTCUSDH23"],
    futures_listing,
    false
);

/// Spot has `ts` before `type`, futures behind.
fn book(truth: &Truth, kind: &str, bids: &[(i64, i64)], asks: &[(i64, i64)], spot: bool) -> String {
    let stamps = if spot {
        format!(r#""ts":{},"type":"{kind}""#, truth.time_ms)
    } else {
        format!(r#""type":"{kind}","ts":{}"#, truth.time_ms)
    };
    format!(
        r#"{{"topic":"orderbook.50.{0}",{stamps},"data":{{"s":"{0}","b":{1},"a":{2},"u":{3},"seq":{4}}},"cts":{5}}}"#,
        truth.symbol,
        quoted_pairs(truth, bids),
        quoted_pairs(truth, asks),
        truth.numbers.last,
        truth.numbers.cross,
        truth.time_ms - 3
    )
}

fn bbo(truth: &Truth) -> String {
    format!(
        r#"{{"topic":"orderbook.1.{0}","ts":{1},"type":"snapshot","data":{{"s":"{0}","b":{2},"a":{3},"u":{4},"seq":{5}}},"cts":{1}}}"#,
        truth.symbol,
        truth.time_ms,
        quoted_pairs(truth, &truth.bids()[..1]),
        quoted_pairs(truth, &truth.asks()[..1]),
        truth.numbers.last * 7,
        truth.numbers.cross
    )
}

fn trade(truth: &Truth, fill: Fill, spot: bool) -> String {
    let id = if spot {
        (2_290_000_000_000_000_000 + fill.id).to_string()
    } else {
        format!("20f43950-d8dd-5b31-9112-{:012x}", fill.id)
    };
    let side = if fill.taker_bought { "Buy" } else { "Sell" };
    format!(
        r#"{{"topic":"publicTrade.{0}","type":"snapshot","ts":{1},"data":[{{"T":{1},"s":"{0}","S":"{side}","v":"{2}","p":"{3}","L":"PlusTick","i":"{id}","BT":false,"RPI":false,"seq":{4}}}]}}"#,
        truth.symbol,
        truth.time_ms,
        truth.qty(fill.qty),
        truth.px(fill.px),
        truth.numbers.cross
    )
}

fn spot_listing(truth: &Truth) -> String {
    format!(
        r#"{{"symbol":"{}","status":"Trading","baseCoin":"AAA","quoteCoin":"BBB","lotSizeFilter":{{"basePrecision":"{}","quotePrecision":"0.0000001"}},"priceFilter":{{"tickSize":"{}"}}}}"#,
        truth.symbol,
        decimal(1, truth.qty_places),
        decimal(1, truth.px_places)
    )
}

fn futures_listing(truth: &Truth) -> String {
    format!(
        r#"{{"symbol":"{}","contractType":"LinearPerpetual","status":"Trading","baseCoin":"AAA","quoteCoin":"BBB","deliveryTime":"0","lotSizeFilter":{{"qtyStep":"{}"}},"priceFilter":{{"tickSize":"{}"}},"preListingInfo":null}}"#,
        truth.symbol,
        decimal(1, truth.qty_places),
        decimal(1, truth.px_places)
    )
}

fn read(text: &str) -> Request {
    let request = json(text);
    let names = strings(&request["args"]);
    let streams = names.iter().map(|name| match name.split_once('.') {
        Some(("publicTrade", symbol)) => (symbol.to_owned(), Channel::TRADE),
        Some(("orderbook", rest)) => match rest.split_once('.') {
            Some(("1", symbol)) => (symbol.to_owned(), Channel::BBO),
            Some(("50", symbol)) => (symbol.to_owned(), Channel::BOOK),
            other => panic!("no depth {other:?}"),
        },
        other => panic!("no topic {other:?}"),
    });
    Request {
        ask: match request["op"].as_str() {
            Some("subscribe") => Asked::Subscribe,
            Some("unsubscribe") => Asked::Unsubscribe,
            Some("ping") => Asked::Ping,
            other => panic!("no op {other:?}"),
        },
        number: request["req_id"].as_str().unwrap().parse().unwrap(),
        streams: streams.collect(),
        name_chars: chars_of(&names),
    }
}

fn answers(request: &Request, refused: &[(String, Channel)], spot: bool) -> Vec<String> {
    let number = request.number;
    let op = match request.ask {
        Asked::Subscribe => "subscribe",
        Asked::Unsubscribe => "unsubscribe",
        Asked::Ping => "ping",
    };
    let bad = request
        .streams
        .iter()
        .any(|stream| refused.contains(stream));
    let reason = match (request.ask, bad, spot) {
        (Asked::Ping, ..) => "pong",
        (_, true, true) => "Invalid symbol :[orderbook.50.NOPE]",
        (_, true, false) => "error:handler not found,topic:orderbook.50.NOPE",
        (_, false, true) => op,
        (_, false, false) => "",
    };
    vec![format!(
        r#"{{"success":{},"ret_msg":"{reason}","conn_id":"2324d924","req_id":"{number}","op":"{op}"}}"#,
        !bad
    )]
}
