//! Statistics and derived prices over REST.

use super::{error, face, list, symbol};
use crate::clock::{MILLI, Nanos};
use crate::market::{Market, Side, State};
use crate::venue::binance::Dialect;
use crate::venue::binance::numbers::{mark, px, qty};
use crate::venue::binance::payload::{self, contract, ticker};
use crate::venue::{Desk, RestReply, RestRequest};

/// A row of the answer per instrument: one object for `symbol`, a list for `symbols` or for all.
fn rows(
    desk: &Desk<'_>,
    request: &RestRequest,
    row: impl Fn(&Market) -> Option<String>,
) -> RestReply {
    if request.get("symbol").is_some() {
        return match symbol(desk, request) {
            Ok(index) => RestReply::ok(row(&desk.markets[index]).unwrap_or_default()),
            Err(refusal) => refusal,
        };
    }
    let names = super::symbols(request);
    if names.iter().any(|name| desk.find(name).is_none()) {
        return error(-1121, "Invalid symbol.");
    }
    let named =
        |market: &&Market| names.is_empty() || names.contains(&market.config.symbol.as_str());
    let listed = desk.markets.iter().filter(|m| m.state != State::Delisted);
    list(listed.filter(named).filter_map(row))
}

/// `ticker/24hr`.
pub(super) fn day(dialect: Dialect, desk: &Desk<'_>, request: &RestRequest) -> RestReply {
    let face = face(dialect, desk);
    rows(desk, request, |market| {
        let window = market.minutes.window(desk.now, 1_440);
        Some(ticker::row(face, market, &window))
    })
}

/// `avgPrice`: five minutes.
pub(super) fn average(desk: &Desk<'_>, request: &RestRequest) -> RestReply {
    let market = match symbol(desk, request) {
        Ok(index) => &desk.markets[index],
        Err(refusal) => return refusal,
    };
    let price = market.minutes.window(desk.now, 5).average();
    let closed = market.tape.back().map_or(0, |fill| fill.at) / MILLI;
    let price = px(&market.config, price);
    RestReply::ok(format!(
        r#"{{"mins":5,"price":"{price}","closeTime":{closed}}}"#
    ))
}

/// `referencePrice`.
pub(super) fn reference(desk: &Desk<'_>, request: &RestRequest) -> RestReply {
    let market = match symbol(desk, request) {
        Ok(index) => &desk.markets[index],
        Err(refusal) => return refusal,
    };
    let (symbol, now) = (&market.config.symbol, desk.now / MILLI);
    match ticker::reference_price(market) {
        Some(price) => RestReply::ok(format!(
            r#"{{"symbol":"{symbol}","referencePrice":"{price}","timestamp":{now}}}"#
        )),
        None => error(-2043, "This symbol does not have a reference price."),
    }
}

/// `ticker/bookTicker`.
pub(super) fn quotes(desk: &Desk<'_>, request: &RestRequest) -> RestReply {
    rows(desk, request, quote_row)
}

fn quote_row(market: &Market) -> Option<String> {
    let config = &market.config;
    let (bid, ask) = (market.book.best(Side::Bid)?, market.book.best(Side::Ask)?);
    Some(format!(
        r#"{{"symbol":"{}","bidPrice":"{}","bidQty":"{}","askPrice":"{}","askQty":"{}"}}"#,
        config.symbol,
        px(config, bid.0),
        qty(config, bid.1),
        px(config, ask.0),
        qty(config, ask.1)
    ))
}

/// `premiumIndex`: mark and index price, funding.
pub(super) fn premium(dialect: Dialect, desk: &Desk<'_>, request: &RestRequest) -> RestReply {
    let now = desk.now;
    rows(desk, request, |market| {
        Some(premium_row(dialect, market, now))
    })
}

fn premium_row(dialect: Dialect, market: &Market, now: Nanos) -> String {
    let (config, marks) = (&market.config, &market.marks);
    let pair = match dialect {
        Dialect::Coinm => format!(r#""pair":"{}","#, payload::pair(config)),
        Dialect::Spot | Dialect::Usdm => String::new(),
    };
    let index = mark(config, marks.index);
    let (rate, due) = contract::funding(market, now);
    format!(
        r#"{{"symbol":"{}",{pair}"markPrice":"{}","indexPrice":"{index}","estimatedSettlePrice":"{index}","lastFundingRate":"{rate}","interestRate":"0.00010000","nextFundingTime":{due},"time":{}}}"#,
        config.symbol,
        mark(config, marks.mark),
        now / MILLI
    )
}

/// `openInterest` of one contract.
pub(super) fn open_interest(desk: &Desk<'_>, request: &RestRequest) -> RestReply {
    let market = match symbol(desk, request) {
        Ok(index) => &desk.markets[index],
        Err(refusal) => return refusal,
    };
    let (config, now) = (&market.config, desk.now / MILLI);
    let open = qty(config, market.marks.open_interest);
    RestReply::ok(format!(
        r#"{{"openInterest":"{open}","symbol":"{}","time":{now}}}"#,
        config.symbol
    ))
}
