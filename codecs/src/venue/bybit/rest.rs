//! REST: paths of requests, and what all answers have in common.

use crate::json::Fields;
use crate::reject::Reject;
use crate::venue::{Channel, Query, VenueId};

/// Most levels that `/v5/market/orderbook` gives (rule Y9).
const LEVELS_MAX: u16 = 1000;
/// The same for options.
const OPTION_LEVELS_MAX: u16 = 25;
/// Levels asked for beyond a view's depth: what comes into the view while body and stream meet was
/// below it in the body.
const LEVELS_MARGIN: u16 = 50;

/// One request; only their number is limited (rule Y5).
fn query(path: String) -> Query {
    Query { path, weight: 1 }
}

/// All options come by `baseCoin=All`; without it only those on BTC do.
pub(super) fn reference(id: VenueId, page: Option<&str>) -> Query {
    let product = id.product();
    let all = if id == VenueId::BYBIT_OPTION {
        "&baseCoin=All"
    } else {
        ""
    };
    let cursor = page
        .map(|page| format!("&cursor={page}"))
        .unwrap_or_default();
    query(format!(
        "/v5/market/instruments-info?category={product}{all}&limit=1000{cursor}"
    ))
}

/// All tickers; options have them by base currency only.
pub(super) fn volumes(id: VenueId) -> Option<Query> {
    (id != VenueId::BYBIT_OPTION)
        .then(|| query(format!("/v5/market/tickers?category={}", id.product())))
}

/// The latest trades: 60 on spot, 1,000 elsewhere (rule Y10). An option's are asked for by its
/// symbol, or all of a base currency.
pub(super) fn trades(id: VenueId, symbol: &str) -> Query {
    let product = id.product();
    let limit = if id == VenueId::BYBIT_SPOT { 60 } else { 1000 };
    let key = if id == VenueId::BYBIT_OPTION && !symbol.contains('-') {
        "baseCoin"
    } else {
        "symbol"
    };
    query(format!(
        "/v5/market/recent-trade?category={product}&{key}={symbol}&limit={limit}"
    ))
}

/// The book to compare the channel's with, or to begin it from.
pub(super) fn book(id: VenueId, symbol: &str, channel: Channel, depth: u16) -> Option<Query> {
    let product = id.product();
    let most = if id == VenueId::BYBIT_OPTION {
        OPTION_LEVELS_MAX
    } else {
        LEVELS_MAX
    };
    let limit = depth.saturating_add(LEVELS_MARGIN).min(most);
    let (name, limit) = match channel {
        Channel::BOOK => ("orderbook", format!("&limit={limit}")),
        Channel::BOOK_RPI | Channel::BOOK_RPI_ONLY => ("rpi_orderbook", "&limit=50".to_owned()),
        Channel::BOOK_FULL => ("full_orderbook", String::new()),
        _ => return None,
    };
    Some(query(format!(
        "/v5/market/{name}?category={product}&symbol={symbol}{limit}"
    )))
}

/// The `result` of an answer that is no error.
pub(super) fn result<'t, 'f>(body: Fields<'t, 'f>) -> Result<Fields<'t, 'f>, Reject> {
    let body = body.distinct()?;
    if body.need("retCode")?.text("retCode")? != "0" {
        return Err(Reject::VenueError);
    }
    body.need("result")?.object("result")
}

/// The cursor of the next page, if there is one.
pub(super) fn next_page(result: Fields<'_, '_>) -> Result<Option<String>, Reject> {
    let cursor = match result.get("nextPageCursor") {
        Some(cursor) if !cursor.is_null() => cursor.text("nextPageCursor")?,
        _ => "",
    };
    Ok((!cursor.is_empty()).then(|| cursor.to_owned()))
}
