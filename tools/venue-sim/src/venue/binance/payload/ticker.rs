//! Rolling statistics: tickers of every length, as stream events and as REST rows.

use super::{Face, pair};
use crate::decimal::padded;
use crate::market::{Market, Side, Window};
use crate::venue::binance::Dialect;
use crate::venue::binance::numbers::{px, qty, worth};

/// Decimals of a change in percent.
const PERCENT_DIGITS: u8 = 3;

/// A fraction in units of this is a percentage with [`PERCENT_DIGITS`].
const PERCENT: i128 = 100_000;

/// The texts of a window that several events share.
struct Texts {
    change: String,
    percent: String,
    average: String,
    open: String,
    high: String,
    low: String,
    last: String,
    volume: String,
    worth: String,
    first_id: i128,
    last_id: i128,
}

impl Texts {
    fn new(dialect: Dialect, market: &Market, window: &Window) -> Self {
        let (config, candle) = (&market.config, &window.candle);
        let (first, last) = candle
            .ids
            .map_or((-1, -1), |(first, last)| (first.into(), last.into()));
        Self {
            change: px(config, candle.close - candle.open),
            percent: padded(window.change(PERCENT), PERCENT_DIGITS),
            average: px(config, window.average()),
            open: px(config, candle.open),
            high: px(config, candle.high),
            low: px(config, candle.low),
            last: px(config, candle.close),
            volume: qty(config, candle.volume.qty),
            worth: worth(dialect, config, &candle.volume),
            first_id: first,
            last_id: last,
        }
    }
}

fn last_qty(market: &Market) -> String {
    qty(
        &market.config,
        market.tape.back().map_or(0, |fill| fill.qty),
    )
}

/// Price and quantity of the best level; zeros for an empty side.
fn best(market: &Market, side: Side) -> (String, String) {
    let (price, quantity) = market.book.best(side).unwrap_or_default();
    (px(&market.config, price), qty(&market.config, quantity))
}

/// The best bid and ask with their quantities under four `names`, in the venue's order.
fn bests(market: &Market, [bid_px, bid_qty, ask_px, ask_qty]: [&str; 4]) -> String {
    let (bid, ask) = (best(market, Side::Bid), best(market, Side::Ask));
    format!(
        r#""{bid_px}":"{}","{bid_qty}":"{}","{ask_px}":"{}","{ask_qty}":"{}","#,
        bid.0, bid.1, ask.0, ask.1
    )
}

pub(in crate::venue::binance) fn mini(face: Face, market: &Market, window: &Window) -> String {
    let t = Texts::new(face.dialect, market, window);
    let (sent, symbol) = (face.sent(), &market.config.symbol);
    let (ps, tail) = match face.dialect {
        Dialect::Spot => (String::new(), String::new()),
        Dialect::Usdm => {
            let tail = format!(r#","ps":"{}","st":1"#, pair(&market.config));
            (String::new(), tail)
        }
        Dialect::Coinm => {
            let ps = format!(r#""ps":"{}","#, pair(&market.config));
            (ps, r#","st":2"#.into())
        }
    };
    format!(
        r#"{{"e":"24hrMiniTicker","E":{sent},"s":"{symbol}",{ps}"c":"{}","o":"{}","h":"{}","l":"{}","v":"{}","q":"{}"{tail}}}"#,
        t.last, t.open, t.high, t.low, t.volume, t.worth
    )
}

/// The 24-hour ticker. Only spot shows the best prices and the price before the window.
pub(in crate::venue::binance) fn day(face: Face, market: &Market, window: &Window) -> String {
    let t = Texts::new(face.dialect, market, window);
    let config = &market.config;
    let (sent, symbol, candle) = (face.sent(), &config.symbol, &window.candle);
    let (mut ps, mut before, mut quote, mut tail) = Default::default();
    match face.dialect {
        Dialect::Spot => {
            before = format!(r#""x":"{}","#, px(config, window.before));
            quote = bests(market, ["b", "B", "a", "A"]);
        }
        Dialect::Usdm => tail = format!(r#","ps":"{}","st":1"#, pair(config)),
        Dialect::Coinm => {
            ps = format!(r#""ps":"{}","#, pair(config));
            tail = r#","st":2"#.to_owned();
        }
    }
    let (opened, ends) = (face.stamp(candle.start), face.stamp(candle.end));
    format!(
        r#"{{"e":"24hrTicker","E":{sent},"s":"{symbol}",{ps}"p":"{}","P":"{}","w":"{}",{before}"c":"{}","Q":"{}",{quote}"o":"{}","h":"{}","l":"{}","v":"{}","q":"{}","O":{opened},"C":{ends},"F":{},"L":{},"n":{}{tail}}}"#,
        t.change,
        t.percent,
        t.average,
        t.last,
        last_qty(market),
        t.open,
        t.high,
        t.low,
        t.volume,
        t.worth,
        t.first_id,
        t.last_id,
        candle.trades
    )
}

/// The shorter windows of spot.
pub(in crate::venue::binance) fn rolling(
    face: Face,
    market: &Market,
    window: &Window,
    name: &str,
) -> String {
    let t = Texts::new(face.dialect, market, window);
    let candle = &window.candle;
    format!(
        r#"{{"e":"{name}","E":{},"s":"{}","p":"{}","P":"{}","o":"{}","h":"{}","l":"{}","c":"{}","w":"{}","v":"{}","q":"{}","O":{},"C":{},"F":{},"L":{},"n":{}}}"#,
        face.sent(),
        market.config.symbol,
        t.change,
        t.percent,
        t.open,
        t.high,
        t.low,
        t.last,
        t.average,
        t.volume,
        t.worth,
        face.stamp(candle.start),
        face.stamp(candle.end),
        t.first_id,
        t.last_id,
        candle.trades
    )
}

/// The average price of the last five minutes.
pub(in crate::venue::binance) fn average(face: Face, market: &Market, window: &Window) -> String {
    let last = market.tape.back().map_or(0, |fill| fill.at);
    format!(
        r#"{{"e":"avgPrice","E":{},"s":"{}","i":"5m","w":"{}","T":{}}}"#,
        face.sent(),
        market.config.symbol,
        px(&market.config, window.average()),
        face.stamp(last)
    )
}

/// The reference price; there is none before the first trade.
pub(in crate::venue::binance) fn reference(face: Face, market: &Market) -> String {
    let price = reference_price(market).map_or("null".to_owned(), |px| format!("\"{px}\""));
    format!(
        r#"{{"e":"referencePrice","s":"{}","r":{price},"t":{}}}"#,
        market.config.symbol,
        face.sent()
    )
}

/// Text of the reference price, if it was ever set.
pub(in crate::venue::binance) fn reference_price(market: &Market) -> Option<String> {
    let traded = !market.tape.is_empty();
    traded.then(|| px(&market.config, market.marks.index))
}

/// A row of `ticker/24hr`.
pub(in crate::venue::binance) fn row(face: Face, market: &Market, window: &Window) -> String {
    let t = Texts::new(face.dialect, market, window);
    let (config, candle) = (&market.config, &window.candle);
    let mut quote = String::new();
    let (mut before, mut pair_text, worth) = (
        String::new(),
        String::new(),
        match face.dialect {
            Dialect::Coinm => "baseVolume",
            Dialect::Spot | Dialect::Usdm => "quoteVolume",
        },
    );
    match face.dialect {
        Dialect::Spot => {
            before = format!(r#""prevClosePrice":"{}","#, px(config, window.before));
            quote = bests(market, ["bidPrice", "bidQty", "askPrice", "askQty"]);
        }
        Dialect::Usdm => {}
        Dialect::Coinm => pair_text = format!(r#""pair":"{}","#, pair(config)),
    }
    format!(
        r#"{{"symbol":"{}",{pair_text}"priceChange":"{}","priceChangePercent":"{}","weightedAvgPrice":"{}",{before}"lastPrice":"{}","lastQty":"{}",{quote}"openPrice":"{}","highPrice":"{}","lowPrice":"{}","volume":"{}","{worth}":"{}","openTime":{},"closeTime":{},"firstId":{},"lastId":{},"count":{}}}"#,
        config.symbol,
        t.change,
        t.percent,
        t.average,
        t.last,
        last_qty(market),
        t.open,
        t.high,
        t.low,
        t.volume,
        t.worth,
        face.stamp(candle.start),
        face.stamp(candle.end),
        t.first_id,
        t.last_id,
        candle.trades
    )
}
