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
/// Options; each of another base currency, as trades come by that.
pub(crate) struct Options;

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
                page(truths.iter().map($listing))
            }

            fn volumes(truths: &[Truth], _page: u32) -> Option<String> {
                Some(page(truths.iter().map(turnover)))
            }

            fn snapshot(truth: &Truth) -> String {
                book(50, truth, "snapshot", (&truth.bids(), &truth.asks()), $spot)
            }

            fn audit(truth: &Truth) -> String {
                rest_book(truth)
            }

            fn delta(truth: &Truth, change: &Change) -> String {
                book(50, truth, "delta", (&change.bids, &change.asks), $spot)
            }

            fn trade(truth: &Truth, fill: Fill) -> String {
                trade(truth, fill, $spot)
            }

            fn bbo(truth: &Truth) -> String {
                bbo(truth)
            }

            fn history(truth: &Truth, fills: &[(Fill, u64)]) -> String {
                history(truth, fills, $spot)
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

impl Script for Options {
    type V = Bybit;
    const ID: VenueId = VenueId::BYBIT_OPTION;
    const SYMBOLS: [&'static str; 3] = [
        "AAA-27MAR26-70000-P-BBB",
        "ETH-27MAR26-3200-C-USDT",
        "SOL-27MAR26-90.5-P",
    ];
    const PLACES: (u32, u32) = (2, 2);
    const TRADES: Channel = Channel::TRADE;
    const VIEW: View = View { depth: 25, ..VIEW };
    const REFUSES_WHOLE_REQUESTS: bool = true;
    const NUMBERED: bool = true;

    fn read(text: &str) -> Request {
        let mut request = read(text);
        for (name, _) in &mut request.streams {
            let whole = Self::SYMBOLS
                .into_iter()
                .find(|symbol| base(symbol) == name);
            *name = whole.unwrap_or(name).to_owned();
        }
        request
    }

    fn answers(request: &Request, refused: &[(String, Channel)]) -> Vec<String> {
        if request.ask == Asked::Ping {
            return vec![r#"{"args":["1672916271846"],"op":"pong"}"#.to_owned()];
        }
        let bad = request.streams.iter().find(|asked| refused.contains(asked));
        let done = request.streams.iter().filter(|_| bad.is_none());
        vec![format!(
            r#"{{"success":{},"conn_id":"aa01fb","data":{{"failTopics":[{}],"successTopics":[{}]}},"type":"COMMAND_RESP"}}"#,
            bad.is_none(),
            option_topics(bad.into_iter()),
            option_topics(done)
        )]
    }

    fn reference(truths: &[Truth]) -> String {
        page(truths.iter().map(option_listing))
    }

    /// Its tickers come by base currency only.
    fn volumes(_truths: &[Truth], _page: u32) -> Option<String> {
        None
    }

    fn snapshot(truth: &Truth) -> String {
        book(25, truth, "snapshot", (&truth.bids(), &truth.asks()), false)
    }

    fn audit(truth: &Truth) -> String {
        rest_book(truth)
    }

    fn delta(truth: &Truth, change: &Change) -> String {
        book(25, truth, "delta", (&change.bids, &change.asks), false)
    }

    fn trade(truth: &Truth, fill: Fill) -> String {
        let topic = format!("publicTrade.{}", base(&truth.symbol));
        trade(truth, fill, false).replace(&format!("publicTrade.{}", truth.symbol), &topic)
    }

    fn bbo(truth: &Truth) -> String {
        let (bid, ask) = (truth.bids()[0], truth.asks()[0]);
        format!(
            r#"{{"id":"tickers.{0}-1-{1}","topic":"tickers.{0}","ts":{1},"data":{{"symbol":"{0}","bidPrice":"{2}","bidSize":"{3}","bidIv":"0.4","askPrice":"{4}","askSize":"{5}","askIv":"0.5","lastPrice":"10"}},"type":"snapshot"}}"#,
            truth.symbol,
            truth.time_ms,
            truth.px(bid.0),
            truth.qty(bid.1),
            truth.px(ask.0),
            truth.qty(ask.1)
        )
    }

    fn history(truth: &Truth, fills: &[(Fill, u64)]) -> String {
        history(truth, fills, false)
    }
}

/// An option's base currency.
fn base(symbol: &str) -> &str {
    symbol.split('-').next().unwrap()
}

fn option_topics<'a>(streams: impl Iterator<Item = &'a (String, Channel)>) -> String {
    let topic = |(symbol, channel): &(String, Channel)| match *channel {
        Channel::BBO => format!("\"tickers.{symbol}\""),
        Channel::BOOK => format!("\"orderbook.25.{symbol}\""),
        _ => format!("\"publicTrade.{}\"", base(symbol)),
    };
    streams.map(topic).collect::<Vec<_>>().join(",")
}

fn option_listing(truth: &Truth) -> String {
    format!(
        r#"{{"symbol":"{}","status":"{}","baseCoin":"{}","quoteCoin":"BBB","settleCoin":"BBB","optionsType":"Put","deliveryTime":"1774598400000","lotSizeFilter":{{"qtyStep":"{}"}},"priceFilter":{{"tickSize":"{}"}}}}"#,
        truth.symbol,
        status(truth),
        base(&truth.symbol),
        decimal(1, truth.qty_places),
        decimal(truth.tick, truth.px_places)
    )
}

const fn status(truth: &Truth) -> &'static str {
    if truth.halted { "PreLaunch" } else { "Trading" }
}

fn turnover(truth: &Truth) -> String {
    format!(
        r#"{{"symbol":"{}","turnover24h":"{}.5"}}"#,
        truth.symbol, truth.turnover
    )
}

fn page(listings: impl Iterator<Item = String>) -> String {
    let list: Vec<String> = listings.collect();
    format!(
        r#"{{"retCode":0,"retMsg":"OK","result":{{"category":"x","list":[{}],"nextPageCursor":""}},"retExtInfo":{{}},"time":1672053054358}}"#,
        list.join(",")
    )
}

/// Bid and ask levels.
type Sides<'a> = (&'a [(i64, i64)], &'a [(i64, i64)]);

/// Spot has `ts` before `type`, the others behind.
fn book(depth: u16, truth: &Truth, kind: &str, sides: Sides<'_>, spot: bool) -> String {
    let stamps = if spot {
        format!(r#""ts":{},"type":"{kind}""#, truth.time_ms)
    } else {
        format!(r#""type":"{kind}","ts":{}"#, truth.time_ms)
    };
    format!(
        r#"{{"topic":"orderbook.{depth}.{0}",{stamps},"data":{{"s":"{0}","b":{1},"a":{2},"u":{3},"seq":{4}}},"cts":{5}}}"#,
        truth.symbol,
        quoted_pairs(truth, sides.0),
        quoted_pairs(truth, sides.1),
        truth.numbers.last,
        truth.numbers.cross,
        truth.time_ms - 3
    )
}

/// `u` counts the updates of another depth: only `seq` joins it with the stream.
fn rest_book(truth: &Truth) -> String {
    format!(
        r#"{{"retCode":0,"retMsg":"OK","result":{{"s":"{}","b":{},"a":{},"ts":{},"u":{},"seq":{},"cts":{}}},"retExtInfo":{{}},"time":1672765737734}}"#,
        truth.symbol,
        quoted_pairs(truth, &truth.bids()),
        quoted_pairs(truth, &truth.asks()),
        truth.time_ms,
        truth.numbers.last + 18_000,
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
        truth.numbers.last * 10_000 + truth.told,
        truth.numbers.cross
    )
}

fn trade(truth: &Truth, fill: Fill, spot: bool) -> String {
    let (id, side) = (exec_id(fill, spot), side(fill));
    format!(
        r#"{{"topic":"publicTrade.{0}","type":"snapshot","ts":{1},"data":[{{"T":{1},"s":"{0}","S":"{side}","v":"{2}","p":"{3}","L":"PlusTick","i":"{id}","BT":false,"RPI":false,"seq":{4}}}]}}"#,
        truth.symbol,
        truth.time_ms,
        truth.qty(fill.qty),
        truth.px(fill.px),
        truth.numbers.cross
    )
}

/// Numbers on spot, UUIDs elsewhere.
fn exec_id(fill: Fill, spot: bool) -> String {
    if spot {
        (2_290_000_000_000_000_000 + fill.id).to_string()
    } else {
        format!("20f43950-d8dd-5b31-9112-{:012x}", fill.id)
    }
}

const fn side(fill: Fill) -> &'static str {
    if fill.taker_bought { "Buy" } else { "Sell" }
}

/// Newest first, numbers as text.
fn history(truth: &Truth, fills: &[(Fill, u64)], spot: bool) -> String {
    let row = |(fill, time): &(Fill, u64)| {
        format!(
            r#"{{"execId":"{}","symbol":"{}","price":"{}","size":"{}","side":"{}","time":"{time}","isBlockTrade":false,"isRPITrade":false,"seq":"{}"}}"#,
            exec_id(*fill, spot),
            truth.symbol,
            truth.px(fill.px),
            truth.qty(fill.qty),
            side(*fill),
            truth.numbers.cross
        )
    };
    page(fills.iter().rev().map(row))
}

fn spot_listing(truth: &Truth) -> String {
    format!(
        r#"{{"symbol":"{}","status":"{}","baseCoin":"AAA","quoteCoin":"BBB","lotSizeFilter":{{"basePrecision":"{}","quotePrecision":"0.0000001"}},"priceFilter":{{"tickSize":"{}"}}}}"#,
        truth.symbol,
        status(truth),
        decimal(1, truth.qty_places),
        decimal(truth.tick, truth.px_places)
    )
}

fn futures_listing(truth: &Truth) -> String {
    format!(
        r#"{{"symbol":"{}","contractType":"LinearPerpetual","status":"{}","baseCoin":"AAA","quoteCoin":"BBB","deliveryTime":"0","lotSizeFilter":{{"qtyStep":"{}"}},"priceFilter":{{"tickSize":"{}"}},"preListingInfo":null}}"#,
        truth.symbol,
        status(truth),
        decimal(1, truth.qty_places),
        decimal(truth.tick, truth.px_places)
    )
}

fn read(text: &str) -> Request {
    let request = json(text);
    let names = strings(&request["args"]);
    let streams = names.iter().map(|name| match name.split_once('.') {
        Some(("publicTrade", symbol)) => (symbol.to_owned(), Channel::TRADE),
        Some(("tickers", symbol)) => (symbol.to_owned(), Channel::BBO),
        Some(("orderbook", rest)) => match rest.split_once('.') {
            Some(("1", symbol)) => (symbol.to_owned(), Channel::BBO),
            Some(("25" | "50", symbol)) => (symbol.to_owned(), Channel::BOOK),
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
