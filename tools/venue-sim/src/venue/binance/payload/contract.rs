//! What only futures have: mark and index prices, liquidations, contract announcements.

use super::{Face, pair};
use crate::clock::{self, MILLI, Nanos};
use crate::decimal::padded;
use crate::instrument::InstrumentConfig;
use crate::market::{FUNDING_DIGITS, Liquidation, Market, Marks, Side, State};
use crate::venue::binance::Dialect;
use crate::venue::binance::numbers::{mark, px, qty};

/// Delivery date of a contract that has none: 2100-12-25.
pub(in crate::venue::binance) const NO_DELIVERY: u64 = 4_133_404_800_000;

/// When a delivery contract ends, in ms: 8 h UTC on the date that its symbol ends with, as in
/// `BTCUSDT_270326`. `None` for a perpetual contract.
pub(in crate::venue::binance) fn delivery(config: &InstrumentConfig) -> Option<u64> {
    let (_, date) = config.symbol.split_once('_')?;
    if date.len() != 6 || !date.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, month, day) = (date.get(..2)?, date.get(2..4)?, date.get(4..)?);
    let end = format!("20{year}-{month}-{day}T08:00:00Z");
    Some(clock::from_rfc3339(&end)? / MILLI)
}

/// The venue's words for what kind of contract it is, and when it ends in ms.
pub(in crate::venue::binance) fn kind(config: &InstrumentConfig) -> (&'static str, u64) {
    match delivery(config) {
        Some(end) => ("CURRENT_QUARTER", end),
        None => ("PERPETUAL", NO_DELIVERY),
    }
}

/// Listing date of every simulated contract: 2019-09-25.
pub(in crate::venue::binance) const ONBOARD: u64 = 1_569_398_400_000;

pub(in crate::venue::binance) fn mark_price(face: Face, market: &Market) -> String {
    let (config, marks) = (&market.config, &market.marks);
    let (average, kind) = match face.dialect {
        Dialect::Coinm => (String::new(), 2),
        Dialect::Spot | Dialect::Usdm => (
            format!(r#""ap":"{}","#, mark(config, marks.mark_average)),
            1,
        ),
    };
    let index = mark(config, marks.index);
    let (rate, due) = funding(market, face.now);
    format!(
        r#"{{"e":"markPriceUpdate","E":{},"s":"{}","p":"{}",{average}"i":"{index}","P":"{index}","r":"{rate}","T":{due},"st":{kind}}}"#,
        face.sent(),
        config.symbol,
        mark(config, marks.mark)
    )
}

/// Funding rate and when it is next due in ms; delivery contracts have neither.
pub(in crate::venue::binance) fn funding(market: &Market, now: Nanos) -> (String, u64) {
    if delivery(&market.config).is_some() {
        return (String::new(), 0);
    }
    let rate = padded(market.marks.funding, FUNDING_DIGITS);
    (rate, Marks::next_funding(now) / MILLI)
}

pub(in crate::venue::binance) fn index_price(face: Face, market: &Market) -> String {
    format!(
        r#"{{"e":"indexPriceUpdate","E":{},"i":"{}","p":"{}"}}"#,
        face.sent(),
        pair(&market.config),
        mark(&market.config, market.marks.index)
    )
}

/// A liquidation. The array stream of USD-M has pair and kind beside the order; COIN-M has the
/// pair within it.
pub(in crate::venue::binance) fn force_order(
    face: Face,
    config: &InstrumentConfig,
    order: &Liquidation,
    array: bool,
) -> String {
    let side = match order.side {
        Side::Bid => "BUY",
        Side::Ask => "SELL",
    };
    let name = pair(config);
    let (ps, tail) = match face.dialect {
        Dialect::Coinm => (format!(r#""ps":"{name}","#), r#","st":2"#.to_owned()),
        _ if array => (String::new(), format!(r#","ps":"{name}","st":1"#)),
        _ => (String::new(), String::new()),
    };
    let quantity = qty(config, order.qty);
    format!(
        r#"{{"e":"forceOrder","E":{},"o":{{"s":"{}",{ps}"S":"{side}","o":"LIMIT","f":"IOC","q":"{quantity}","p":"{}","ap":"{}","X":"FILLED","l":"{}","z":"{quantity}","T":{}}}{tail}}}"#,
        face.sent(),
        config.symbol,
        px(config, order.px),
        px(config, order.average),
        qty(config, order.last_qty),
        face.stamp(order.at)
    )
}

/// The venue's word for a state: spot pairs break, contracts settle.
pub(in crate::venue::binance) fn status(dialect: Dialect, state: State) -> &'static str {
    match (state, dialect) {
        (State::Trading, _) => "TRADING",
        (State::Halted, Dialect::Spot) => "BREAK",
        (State::Halted, _) => "SETTLING",
        (State::Delisted, _) => "CLOSE",
    }
}

/// The announcement of a listing, a settlement or the end of a contract.
pub(in crate::venue::binance) fn info(face: Face, market: &Market) -> String {
    let kind = if face.dialect == Dialect::Coinm { 2 } else { 1 };
    let (contract, ends) = self::kind(&market.config);
    format!(
        r#"{{"e":"contractInfo","E":{},"s":"{}","ct":"{contract}","dt":{ends},"ot":{ONBOARD},"cs":"{}","st":{kind}}}"#,
        face.sent(),
        market.config.symbol,
        status(face.dialect, market.state)
    )
}
