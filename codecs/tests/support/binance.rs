//! Binance, as its pages of 2026-07 describe it.

use feedd_codecs::VenueId;
use feedd_codecs::venue::{Channel, binance::Binance};

use super::script::{Asked, Fill, Request, Script, chars_of, json, quoted_pairs, strings};
use super::truth::{Change, Numbers, Truth, View, decimal};

/// Spot.
pub(crate) struct Spot;
/// USD-M futures.
pub(crate) struct UsdM;
/// COIN-M futures.
pub(crate) struct CoinM;

const SPOT_VIEW: View = View {
    depth: usize::MAX,
    tells_fallen: true,
    advance: |numbers| {
        numbers.first = numbers.last + 1;
        numbers.prev = numbers.last;
        numbers.last += 1 + numbers.last % 3;
    },
};

/// Update ids are shared by all symbols: each event leaves a hole before its first.
const FUTURES_VIEW: View = View {
    depth: usize::MAX,
    tells_fallen: true,
    advance: |numbers: &mut Numbers| {
        numbers.prev = numbers.last;
        numbers.first = numbers.last + 5;
        numbers.last += 17;
    },
};

impl Script for Spot {
    type V = Binance;
    const ID: VenueId = VenueId::BINANCE_SPOT;
    const SYMBOLS: [&'static str; 3] = ["BTCUSDT", "ETHUSDT", "BNBBTC"];
    const PLACES: (u32, u32) = (8, 8);
    const TRADES: Channel = Channel::TRADE;
    const VIEW: View = SPOT_VIEW;
    const REFUSES_WHOLE_REQUESTS: bool = true;
    const NUMBERED: bool = true;

    fn read(text: &str) -> Request {
        read(text)
    }

    fn answers(request: &Request, refused: &[(String, Channel)]) -> Vec<String> {
        answers(request, refused)
    }

    fn reference(truths: &[Truth]) -> String {
        let symbols: Vec<String> = truths
            .iter()
            .map(|truth| {
                format!(
                    r#"{{"symbol":"{}","status":"{}","baseAsset":"AAA","quoteAsset":"BBB","filters":[{{"filterType":"PRICE_FILTER","minPrice":"0.00000001","tickSize":"{}"}},{{"filterType":"LOT_SIZE","stepSize":"0.00001000"}}]}}"#,
                    truth.symbol,
                    status(truth),
                    decimal(truth.tick, 8)
                )
            })
            .collect();
        format!(r#"{{"timezone":"UTC","symbols":[{}]}}"#, symbols.join(","))
    }

    fn volumes(truths: &[Truth], _page: u32) -> Option<String> {
        Some(turnovers(truths))
    }

    fn snapshot(truth: &Truth) -> String {
        format!(
            r#"{{"lastUpdateId":{},"bids":{},"asks":{}}}"#,
            truth.numbers.last,
            quoted_pairs(truth, &truth.bids()),
            quoted_pairs(truth, &truth.asks())
        )
    }

    fn delta(truth: &Truth, change: &Change) -> String {
        let (symbol, time, numbers) = (&truth.symbol, truth.time_ms, truth.numbers);
        let payload = format!(
            r#"{{"e":"depthUpdate","E":{time},"s":"{symbol}","U":{},"u":{},"b":{},"a":{}}}"#,
            numbers.first,
            numbers.last,
            quoted_pairs(truth, &change.bids),
            quoted_pairs(truth, &change.asks)
        );
        combined(symbol, "depth@100ms", &payload)
    }

    fn trade(truth: &Truth, fill: Fill) -> String {
        let payload = format!(
            r#"{{"e":"trade","E":{0},"s":"{1}","t":{2},"p":"{3}","q":"{4}","T":{0},"m":{5},"M":true}}"#,
            truth.time_ms,
            truth.symbol,
            fill.id,
            truth.px(fill.px),
            truth.qty(fill.qty),
            !fill.taker_bought
        );
        combined(&truth.symbol, "trade", &payload)
    }

    fn bbo(truth: &Truth) -> String {
        let payload = format!(
            r#"{{"u":{},"s":"{}",{}}}"#,
            truth.numbers.last * 10_000 + truth.told,
            truth.symbol,
            best(truth)
        );
        combined(&truth.symbol, "bookTicker", &payload)
    }

    fn history(truth: &Truth, fills: &[(Fill, u64)]) -> String {
        let row = |(fill, time): &(Fill, u64)| {
            format!(
                r#"{{"id":{},"price":"{}","qty":"{}","quoteQty":"1","time":{time},"isBuyerMaker":{},"isBestMatch":true}}"#,
                fill.id,
                truth.px(fill.px),
                truth.qty(fill.qty),
                !fill.taker_bought
            )
        };
        let rows: Vec<String> = fills.iter().map(row).collect();
        format!("[{}]", rows.join(","))
    }

    fn shutdown() -> Option<&'static str> {
        Some(r#"{"e":"serverShutdown","E":1770123456789}"#)
    }
}

macro_rules! futures {
    ($name:ident, $id:ident, $symbols:expr, $pair:expr, $st:literal, $contract:literal) => {
        impl Script for $name {
            type V = Binance;
            const ID: VenueId = VenueId::$id;
            const SYMBOLS: [&'static str; 3] = $symbols;
            const PLACES: (u32, u32) = (1, 3);
            const TRADES: Channel = Channel::AGG_TRADE;
            const VIEW: View = FUTURES_VIEW;
            const REFUSES_WHOLE_REQUESTS: bool = true;
            const NUMBERED: bool = true;

            fn read(text: &str) -> Request {
                read(text)
            }

            fn answers(request: &Request, refused: &[(String, Channel)]) -> Vec<String> {
                answers(request, refused)
            }

            fn reference(truths: &[Truth]) -> String {
                futures_reference(truths, $contract)
            }

            fn announcement() -> Option<&'static str> {
                Some(
                    r#"{"stream":"!contractInfo","data":{"e":"contractInfo","E":1700000000000,"s":"NEWUSDT","ps":"NEWUSDT","ct":"PERPETUAL","dt":4133404800000,"ot":1669356000000,"cs":"PENDING_TRADING"}}"#,
                )
            }

            fn volumes(truths: &[Truth], _page: u32) -> Option<String> {
                Some(turnovers(truths))
            }

            fn snapshot(truth: &Truth) -> String {
                futures_snapshot(truth)
            }

            fn delta(truth: &Truth, change: &Change) -> String {
                futures_delta(truth, change, $pair, $st)
            }

            fn trade(truth: &Truth, fill: Fill) -> String {
                agg_trade(truth, fill, $st)
            }

            fn bbo(truth: &Truth) -> String {
                futures_bbo(truth, $pair, $st)
            }

            fn history(truth: &Truth, fills: &[(Fill, u64)]) -> String {
                aggregates(truth, fills)
            }
        }
    };
}

futures!(
    UsdM,
    BINANCE_USDM,
    ["BTCUSDT", "ETHUSDT", "1000PEPEUSDT"],
    "BTCUSDT",
    1,
    ""
);
futures!(
    CoinM,
    BINANCE_COINM,
    ["BTCUSD_PERP", "ETHUSD_PERP", "BTCUSD_260327"],
    "BTCUSD",
    2,
    r#","contractSize":100"#
);

fn combined(symbol: &str, stream: &str, payload: &str) -> String {
    let name = symbol.to_lowercase();
    format!(r#"{{"stream":"{name}@{stream}","data":{payload}}}"#)
}

fn best(truth: &Truth) -> String {
    let (bid, ask) = (truth.bids()[0], truth.asks()[0]);
    format!(
        r#""b":"{}","B":"{}","a":"{}","A":"{}""#,
        truth.px(bid.0),
        truth.qty(bid.1),
        truth.px(ask.0),
        truth.qty(ask.1)
    )
}

fn futures_reference(truths: &[Truth], extra: &str) -> String {
    let symbols: Vec<String> = truths
        .iter()
        .map(|truth| {
            format!(
                r#"{{"symbol":"{}","status":"{}","contractType":"PERPETUAL","deliveryDate":4133404800000,"baseAsset":"AAA","quoteAsset":"BBB"{extra},"filters":[{{"filterType":"PRICE_FILTER","tickSize":"{}"}},{{"filterType":"LOT_SIZE","stepSize":"{}"}}]}}"#,
                truth.symbol,
                status(truth),
                decimal(truth.tick, truth.px_places),
                decimal(1, truth.qty_places)
            )
        })
        .collect();
    format!(r#"{{"timezone":"UTC","symbols":[{}]}}"#, symbols.join(","))
}

const fn status(truth: &Truth) -> &'static str {
    if truth.halted { "BREAK" } else { "TRADING" }
}

/// `ticker/24hr` of all symbols.
fn turnovers(truths: &[Truth]) -> String {
    let row = |truth: &Truth| {
        format!(
            r#"{{"symbol":"{}","quoteVolume":"{1}.50000000","baseVolume":"{1}.50000000"}}"#,
            truth.symbol, truth.turnover
        )
    };
    let rows: Vec<String> = truths.iter().map(row).collect();
    format!("[{}]", rows.join(","))
}

fn futures_snapshot(truth: &Truth) -> String {
    format!(
        r#"{{"lastUpdateId":{},"E":{},"T":{},"bids":{},"asks":{}}}"#,
        truth.numbers.last,
        truth.time_ms,
        truth.time_ms - 1,
        quoted_pairs(truth, &truth.bids()),
        quoted_pairs(truth, &truth.asks())
    )
}

fn futures_delta(truth: &Truth, change: &Change, pair: &str, st: u8) -> String {
    let (symbol, numbers) = (&truth.symbol, truth.numbers);
    let payload = format!(
        r#"{{"e":"depthUpdate","E":{},"T":{},"s":"{symbol}","ps":"{pair}","st":{st},"U":{},"u":{},"pu":{},"b":{},"a":{}}}"#,
        truth.time_ms,
        truth.time_ms - 1,
        numbers.first,
        numbers.last,
        numbers.prev,
        quoted_pairs(truth, &change.bids),
        quoted_pairs(truth, &change.asks)
    );
    combined(symbol, "depth@100ms", &payload)
}

fn agg_trade(truth: &Truth, fill: Fill, st: u8) -> String {
    let payload = format!(
        r#"{{"e":"aggTrade","E":{0},"s":"{1}","a":{2},"p":"{3}","q":"{4}","nq":"{4}","f":{5},"l":{6},"T":{0},"m":{7},"st":{st}}}"#,
        truth.time_ms,
        truth.symbol,
        fill.id,
        truth.px(fill.px),
        truth.qty(fill.qty),
        fill.id * 10,
        fill.id * 10 + 3,
        !fill.taker_bought
    );
    combined(&truth.symbol, "aggTrade", &payload)
}

fn aggregates(truth: &Truth, fills: &[(Fill, u64)]) -> String {
    let row = |(fill, time): &(Fill, u64)| {
        format!(
            r#"{{"a":{},"p":"{}","q":"{}","f":{},"l":{},"T":{time},"m":{}}}"#,
            fill.id,
            truth.px(fill.px),
            truth.qty(fill.qty),
            fill.id * 10,
            fill.id * 10 + 3,
            !fill.taker_bought
        )
    };
    let rows: Vec<String> = fills.iter().map(row).collect();
    format!("[{}]", rows.join(","))
}

fn futures_bbo(truth: &Truth, pair: &str, st: u8) -> String {
    let payload = format!(
        r#"{{"e":"bookTicker","u":{},"E":{},"T":{},"s":"{}","ps":"{pair}",{},"st":{st}}}"#,
        truth.numbers.last * 10_000 + truth.told,
        truth.time_ms,
        truth.time_ms - 1,
        truth.symbol,
        best(truth)
    );
    combined(&truth.symbol, "bookTicker", &payload)
}

fn read(text: &str) -> Request {
    let request = json(text);
    let names = strings(&request["params"]);
    let streams = names.iter().map(|name| {
        let Some((symbol, stream)) = name.split_once('@') else {
            assert_eq!(name, "!contractInfo");
            return (String::new(), Channel::REFERENCE);
        };
        let channel = match stream {
            "trade" => Channel::TRADE,
            "aggTrade" => Channel::AGG_TRADE,
            "bookTicker" => Channel::BBO,
            "depth@100ms" => Channel::BOOK,
            other => panic!("no stream {other}"),
        };
        (symbol.to_uppercase(), channel)
    });
    Request {
        ask: match request["method"].as_str() {
            Some("SUBSCRIBE") => Asked::Subscribe,
            Some("UNSUBSCRIBE") => Asked::Unsubscribe,
            other => panic!("no method {other:?}"),
        },
        number: request["id"].as_u64().unwrap(),
        streams: streams.collect(),
        name_chars: chars_of(&names),
    }
}

fn answers(request: &Request, refused: &[(String, Channel)]) -> Vec<String> {
    let number = request.number;
    if request
        .streams
        .iter()
        .any(|stream| refused.contains(stream))
    {
        return vec![format!(
            r#"{{"code":2,"msg":"Invalid request: no such stream","id":{number}}}"#
        )];
    }
    vec![format!(r#"{{"result":null,"id":{number}}}"#)]
}
