//! `instruments-info`: the reference data, in pages.

use super::category::Category;
use super::contract::Contract;
use super::{Bybit, payload};
use crate::instrument::InstrumentConfig;
use crate::market::{Market, State};
use crate::venue::{Desk, RestRequest};

/// Default and most instruments of one page.
const PAGE_DEFAULT: u64 = 500;
pub(super) const PAGE_MAX: usize = 1_000;

impl Bybit {
    /// Futures and options page by `limit` and `cursor`; spot answers with everything.
    ///
    /// The venue lists closed instruments for some time; here until they are delisted.
    pub(super) fn instruments(
        &self,
        desk: &Desk<'_>,
        request: &RestRequest,
    ) -> Result<String, &'static str> {
        if let Some(symbol) = request.get("symbol")
            && desk.find(symbol).is_none()
        {
            return Err("params error: symbol invalid");
        }
        let listed = desk.markets.iter().enumerate();
        let listed = listed.filter(|(_, market)| self.chosen(market, request));
        let paged = self.category != Category::Spot;
        let (start, count) = if paged {
            let limit = request
                .number("limit", PAGE_DEFAULT)
                .clamp(1, PAGE_MAX as u64) as usize;
            (cursor(request)?, limit.min(self.page_max))
        } else {
            (0, usize::MAX)
        };
        let mut rows = listed.skip(start).map(|(id, market)| self.row(id, market));
        let page: Vec<String> = rows.by_ref().take(count).collect();
        let next = if paged && rows.next().is_some() {
            // Opaque to clients; the venue's is a text of this kind.
            format!("start%3D{}", start + page.len())
        } else {
            String::new()
        };
        let (category, page) = (self.category.name(), page.join(","));
        let paging = if paged {
            format!(r#","nextPageCursor":"{next}""#)
        } else {
            String::new()
        };
        Ok(format!(
            r#"{{"category":"{category}","list":[{page}]{paging}}}"#
        ))
    }

    /// Whether the request's filters leave an instrument in. Options are those of BTC unless
    /// another base coin, or `All`, is asked for.
    fn chosen(&self, market: &Market, request: &RestRequest) -> bool {
        let config = &market.config;
        let symbol = request.get("symbol");
        let base = match (request.get("baseCoin"), symbol, self.category) {
            (None, None, Category::Option) => Some("BTC"),
            (Some("All"), _, Category::Option) | (_, _, Category::Spot) => None,
            (base, ..) => base,
        };
        market.state != State::Delisted
            && symbol.is_none_or(|symbol| symbol == config.symbol)
            && base.is_none_or(|base| base == config.base)
            && request
                .get("status")
                .is_none_or(|word| word == status(market))
    }

    fn row(&self, id: usize, market: &Market) -> String {
        let config = &market.config;
        let (status, contract) = (status(market), Contract::of(self.category, config));
        match self.category {
            Category::Spot => spot_row(id, config, status),
            Category::Option => option_row(config, &contract, status),
            category => future_row(category, id, config, &contract, status),
        }
    }
}

/// The start of the page that a cursor stands for.
fn cursor(request: &RestRequest) -> Result<usize, &'static str> {
    let text = request.get("cursor").unwrap_or_default();
    if text.is_empty() {
        return Ok(0);
    }
    // Some clients send the cursor as it came, some decode or encode it once more.
    let number = text.rsplit(['=', 'D']).next().unwrap_or_default();
    number.parse().map_err(|_| "params error: cursor invalid")
}

/// The venue's word for an instrument's state.
fn status(market: &Market) -> &'static str {
    if market.state == State::Trading {
        "Trading"
    } else {
        "Closed"
    }
}

fn spot_row(id: usize, config: &InstrumentConfig, status: &str) -> String {
    let InstrumentConfig {
        symbol,
        base,
        quote,
        ..
    } = config;
    let lot = payload::qty(Category::Spot, config, config.lot);
    let tick = payload::px(Category::Spot, config, config.tick);
    format!(
        r#"{{"symbolId":{},"symbol":"{symbol}","baseCoin":"{base}","quoteCoin":"{quote}","innovation":"0","status":"{status}","marginTrading":"utaOnly","stTag":"0","lotSizeFilter":{{"basePrecision":"{lot}","quotePrecision":"0.0000001","minOrderQty":"{lot}","maxOrderQty":"1000000","minOrderAmt":"5","maxOrderAmt":"8000000","maxLimitOrderQty":"1000000","maxMarketOrderQty":"500000"}},"priceFilter":{{"tickSize":"{tick}"}},"riskParameters":{{"priceLimitRatioX":"0.005","priceLimitRatioY":"0.01"}},"symbolType":""}}"#,
        id + 9
    )
}

fn future_row(
    category: Category,
    id: usize,
    config: &InstrumentConfig,
    contract: &Contract,
    status: &str,
) -> String {
    let InstrumentConfig {
        symbol,
        base,
        quote,
        px_digits,
        ..
    } = config;
    let settle = if category == Category::Inverse {
        base
    } else {
        quote
    };
    let (kind, delivery) = (contract.kind(category), contract.delivery_ms());
    // Only contracts that are delivered have a fee for it, and only the others have funding.
    let (fee, funding) = match contract.delivery {
        Some(_) => ("0.0005", 0),
        None => ("", 480),
    };
    let lot = payload::qty(category, config, config.lot);
    let most = payload::qty(category, config, config.lot * 1_000_000);
    let tick = payload::px(category, config, config.tick);
    let top = payload::px(category, config, config.tick * 10_000_000);
    format!(
        r#"{{"symbol":"{symbol}","contractType":"{kind}","status":"{status}","baseCoin":"{base}","quoteCoin":"{quote}","launchTime":"1585526400000","deliveryTime":"{delivery}","deliveryFeeRate":"{fee}","priceScale":"{px_digits}","leverageFilter":{{"minLeverage":"1","maxLeverage":"100.00","leverageStep":"0.01"}},"priceFilter":{{"minPrice":"{tick}","maxPrice":"{top}","tickSize":"{tick}"}},"lotSizeFilter":{{"maxOrderQty":"{most}","minOrderQty":"{lot}","qtyStep":"{lot}","postOnlyMaxOrderQty":"{most}","maxMktOrderQty":"{most}","minNotionalValue":"5"}},"unifiedMarginTrade":true,"fundingInterval":{funding},"settleCoin":"{settle}","copyTrading":"both","upperFundingRate":"0.00375","lowerFundingRate":"-0.00375","isPreListing":false,"preListingInfo":null,"riskParameters":{{"priceLimitRatioX":"0.01","priceLimitRatioY":"0.02"}},"displayName":"","symbolType":"","symbolId":{}}}"#,
        id + 5
    )
}

/// Options settled in USDC are quoted in USD.
fn option_row(config: &InstrumentConfig, contract: &Contract, status: &str) -> String {
    let InstrumentConfig {
        symbol,
        base,
        quote: settle,
        ..
    } = config;
    let quote = if settle == "USDC" { "USD" } else { settle };
    let put = contract.strike.is_some_and(|(_, put)| put);
    let kind = if put { "Put" } else { "Call" };
    let delivery = contract.delivery_ms();
    let name = match symbol.strip_suffix("-USDT") {
        Some(name) => name.replacen(base.as_str(), &format!("{base}USDT"), 1),
        None => symbol.clone(),
    };
    let lot = payload::qty(Category::Option, config, config.lot);
    let most = payload::qty(Category::Option, config, config.lot * 1_000_000);
    let tick = payload::px(Category::Option, config, config.tick);
    let top = payload::px(Category::Option, config, config.tick * 1_000_000);
    format!(
        r#"{{"symbol":"{symbol}","status":"{status}","baseCoin":"{base}","quoteCoin":"{quote}","settleCoin":"{settle}","optionsType":"{kind}","launchTime":"1743669649256","deliveryTime":"{delivery}","deliveryFeeRate":"0.00015","priceFilter":{{"minPrice":"{tick}","maxPrice":"{top}","tickSize":"{tick}"}},"lotSizeFilter":{{"maxOrderQty":"{most}","minOrderQty":"{lot}","qtyStep":"{lot}"}},"displayName":"{name}"}}"#
    )
}
