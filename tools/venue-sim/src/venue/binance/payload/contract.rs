//! What only futures have: mark and index prices, liquidations, contract announcements.

use super::{Face, pair};
use crate::decimal::padded;
use crate::instrument::InstrumentConfig;
use crate::market::{FUNDING_DIGITS, Liquidation, Market, Marks, Side, State};
use crate::venue::binance::Dialect;
use crate::venue::binance::numbers::{mark, px, qty};

/// Delivery date of a contract that has none: 2100-12-25.
pub(in crate::venue::binance) const NO_DELIVERY: u64 = 4_133_404_800_000;

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
    format!(
        r#"{{"e":"markPriceUpdate","E":{},"s":"{}","p":"{}",{average}"i":"{index}","P":"{index}","r":"{}","T":{},"st":{kind}}}"#,
        face.sent(),
        config.symbol,
        mark(config, marks.mark),
        padded(marks.funding, FUNDING_DIGITS),
        face.stamp(Marks::next_funding(face.now))
    )
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
    format!(
        r#"{{"e":"contractInfo","E":{},"s":"{}","ct":"PERPETUAL","dt":{NO_DELIVERY},"ot":{ONBOARD},"cs":"{}","st":{kind}}}"#,
        face.sent(),
        market.config.symbol,
        status(face.dialect, market.state)
    )
}
