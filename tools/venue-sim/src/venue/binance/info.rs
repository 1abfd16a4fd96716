//! `exchangeInfo`: what client libraries read before anything else.

use super::payload::contract::{self, ONBOARD};
use super::{Dialect, payload, rest};
use crate::clock::MILLI;
use crate::decimal::padded;
use crate::instrument::InstrumentConfig;
use crate::market::{Market, State};
use crate::venue::{Desk, RestReply, RestRequest};

/// The answer for all instruments or for those that `symbol` or `symbols` name.
pub(super) fn answer(
    dialect: Dialect,
    desk: &Desk<'_>,
    request: &RestRequest,
    limit: u32,
) -> RestReply {
    let names: Vec<&str> = match (request.get("symbol"), request.get("symbols")) {
        (Some(name), _) => vec![name],
        (None, Some(_)) => rest::symbols(request),
        (None, None) => desk
            .markets
            .iter()
            .filter(|m| m.state != State::Delisted)
            .map(|m| m.config.symbol.as_str())
            .collect(),
    };
    let mut rows = Vec::new();
    for name in names {
        match desk.find(name) {
            Some(index) => rows.push(row(dialect, &desk.markets[index])),
            None => return rest::error(-1121, "Invalid symbol."),
        }
    }
    let (rows, now) = (rows.join(","), desk.now / MILLI);
    RestReply::ok(format!(
        r#"{{"timezone":"UTC","serverTime":{now},"rateLimits":[{{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":{limit}}}],"exchangeFilters":[],"symbols":[{rows}]}}"#
    ))
}

/// USD value of one COIN-M contract: 100 for BTC, 10 for the others.
pub(super) fn contract_size(base: &str) -> u32 {
    if base == "BTC" { 100 } else { 10 }
}

fn row(dialect: Dialect, market: &Market) -> String {
    let config = &market.config;
    let state = contract::status(dialect, market.state);
    let filters = filters(dialect, config);
    let InstrumentConfig {
        symbol,
        base,
        quote,
        px_digits,
        qty_digits,
        ..
    } = config;
    if dialect == Dialect::Spot {
        return format!(
            r#"{{"symbol":"{symbol}","status":"{state}","baseAsset":"{base}","baseAssetPrecision":8,"quoteAsset":"{quote}","quotePrecision":8,"quoteAssetPrecision":8,"baseCommissionPrecision":8,"quoteCommissionPrecision":8,"orderTypes":["LIMIT","LIMIT_MAKER","MARKET"],"icebergAllowed":true,"ocoAllowed":true,"otoAllowed":true,"quoteOrderQtyMarketAllowed":true,"allowTrailingStop":true,"cancelReplaceAllowed":true,"amendAllowed":true,"isSpotTradingAllowed":true,"isMarginTradingAllowed":false,"filters":{filters},"permissions":[],"permissionSets":[["SPOT"]],"defaultSelfTradePreventionMode":"EXPIRE_MAKER","allowedSelfTradePreventionModes":["EXPIRE_TAKER","EXPIRE_MAKER","EXPIRE_BOTH"]}}"#
        );
    }
    let pair = payload::pair(config);
    let (kind, ends) = contract::kind(config);
    let (margin, status, extra) = match dialect {
        Dialect::Coinm => (
            base,
            "contractStatus",
            format!(r#""contractSize":{},"#, contract_size(base)),
        ),
        Dialect::Spot | Dialect::Usdm => (quote, "status", String::new()),
    };
    format!(
        r#"{{"symbol":"{symbol}","pair":"{pair}","contractType":"{kind}","deliveryDate":{ends},"onboardDate":{ONBOARD},"{status}":"{state}",{extra}"maintMarginPercent":"2.5000","requiredMarginPercent":"5.0000","baseAsset":"{base}","quoteAsset":"{quote}","marginAsset":"{margin}","pricePrecision":{px_digits},"quantityPrecision":{qty_digits},"baseAssetPrecision":8,"quotePrecision":8,"underlyingType":"COIN","underlyingSubType":["PoW"],"triggerProtect":"0.0500","liquidationFee":"0.012500","marketTakeBound":"0.05","filters":{filters},"orderTypes":["LIMIT","MARKET","STOP","STOP_MARKET","TAKE_PROFIT","TAKE_PROFIT_MARKET","TRAILING_STOP_MARKET"],"timeInForce":["GTC","IOC","FOK","GTX"]}}"#
    )
}

fn filters(dialect: Dialect, config: &InstrumentConfig) -> String {
    let px = |ticks: i64| padded(config.tick * ticks, config.px_digits);
    let qty = |lots: i64| padded(config.lot * lots, config.qty_digits);
    let (tick, top, lot, most) = (px(1), px(100_000_000), qty(1), qty(1_000_000_000));
    let price = format!(
        r#"{{"filterType":"PRICE_FILTER","minPrice":"{tick}","maxPrice":"{top}","tickSize":"{tick}"}}"#
    );
    let lots = format!(r#""minQty":"{lot}","maxQty":"{most}","stepSize":"{lot}""#);
    let notional = match dialect {
        Dialect::Spot => {
            r#",{"filterType":"NOTIONAL","minNotional":"5.00000000","applyMinToMarket":true,"maxNotional":"9000000.00000000","applyMaxToMarket":false,"avgPriceMins":5}"#
        }
        Dialect::Usdm => r#",{"filterType":"MIN_NOTIONAL","notional":"5"}"#,
        Dialect::Coinm => "",
    };
    format!(
        r#"[{price},{{"filterType":"LOT_SIZE",{lots}}},{{"filterType":"MARKET_LOT_SIZE",{lots}}}{notional}]"#
    )
}
