//! REST: time, instruments, book, recent trades.

use super::{Bybit, Category, payload};
use crate::clock::{MILLI, Nanos, SECOND};
use crate::instrument::InstrumentConfig;
use crate::market::{Fill, Side};
use crate::venue::{Desk, RestReply, RestRequest};

impl Bybit {
    pub(super) fn answer(&mut self, desk: &mut Desk<'_>, request: &RestRequest) -> RestReply {
        let Some(method) = request.path.strip_prefix("/v5/market/") else {
            return RestReply::new(404, "");
        };
        let now = desk.now;
        if method == "time" {
            let (seconds, nanos) = (now / SECOND, now);
            return success(
                format!(r#"{{"timeSecond":"{seconds}","timeNano":"{nanos}"}}"#),
                now,
            );
        }
        if request.get("category") != Some(self.category.name()) {
            return RestReply::ok(failure(10_001, "params error: Category is invalid", now));
        }
        let result = match method {
            "instruments-info" => self.instruments(desk, request),
            "orderbook" => self.book(desk, request),
            "recent-trade" => self.recent(desk, request),
            _ => return RestReply::new(404, ""),
        };
        match result {
            Some(result) => success(result, now),
            None => RestReply::ok(failure(10_001, "params error: symbol invalid", now)),
        }
    }

    /// Linear pages by `limit` and `cursor`; spot answers with everything.
    fn instruments(&self, desk: &Desk<'_>, request: &RestRequest) -> Option<String> {
        let all: Vec<&InstrumentConfig> = match request.get("symbol") {
            Some(symbol) => vec![&desk.markets[desk.find(symbol)?].config],
            None => desk.markets.iter().map(|market| &market.config).collect(),
        };
        let linear = self.category == Category::Linear;
        let limit = request.number("limit", 500).clamp(1, 1_000) as usize;
        let (start, count) = if linear {
            (request.number("cursor", 0) as usize, limit)
        } else {
            (0, all.len())
        };
        let row = |(id, config): (usize, &&InstrumentConfig)| match self.category {
            Category::Spot => spot_row(id, config),
            Category::Linear => linear_row(id, config),
        };
        let rows: Vec<String> = all
            .iter()
            .enumerate()
            .skip(start)
            .take(count)
            .map(row)
            .collect();
        let next = start + rows.len();
        let cursor = if linear && next < all.len() {
            next.to_string()
        } else {
            String::new()
        };
        let (category, rows) = (self.category.name(), rows.join(","));
        let paging = if linear {
            format!(r#","nextPageCursor":"{cursor}""#)
        } else {
            String::new()
        };
        Some(format!(
            r#"{{"category":"{category}","list":[{rows}]{paging}}}"#
        ))
    }

    fn book(&mut self, desk: &Desk<'_>, request: &RestRequest) -> Option<String> {
        let index = desk.find(request.get("symbol")?)?;
        let market = &desk.markets[index];
        let default = if self.category == Category::Spot {
            1
        } else {
            25
        };
        let limit = request.number("limit", default).clamp(1, 1_000) as usize;
        let symbol = &market.config.symbol;
        let (book, id) = match self.stale.take(symbol) {
            Some(frozen) => (&frozen.book, frozen.update_id),
            None => (&market.book, self.feeds[index].deepest_id()),
        };
        let side = |side| payload::levels(self.category, &market.config, &book.top(side, limit));
        let (bids, asks) = (side(Side::Bid), side(Side::Ask));
        let (sequence, now) = (self.feeds[index].sequence, desk.now / MILLI);
        let at = self.feeds[index].changed_at / MILLI;
        Some(format!(
            r#"{{"s":"{symbol}","b":{bids},"a":{asks},"ts":{now},"u":{id},"seq":{sequence},"cts":{at}}}"#
        ))
    }

    /// The newest trades, newest first. There is no cursor: older ones are out of reach.
    fn recent(&self, desk: &Desk<'_>, request: &RestRequest) -> Option<String> {
        let index = desk.find(request.get("symbol")?)?;
        let market = &desk.markets[index];
        let (default, most) = if self.category == Category::Spot {
            (60, 60)
        } else {
            (500, 1_000)
        };
        let limit = request.number("limit", default).clamp(1, most) as usize;
        let row = |fill: &Fill| {
            let config = &market.config;
            format!(
                r#"{{"execId":"{}","symbol":"{}","price":"{}","size":"{}","side":"{}","time":"{}","isBlockTrade":false,"isRPITrade":false,"seq":"{}"}}"#,
                payload::trade_id(self.category, config, fill.id),
                config.symbol,
                payload::px(self.category, config, fill.px),
                payload::qty(self.category, config, fill.qty),
                payload::side(fill.taker),
                fill.at / MILLI,
                fill.id
            )
        };
        let rows: Vec<String> = market.tape.iter().rev().take(limit).map(row).collect();
        Some(format!(
            r#"{{"category":"{}","list":[{}]}}"#,
            self.category.name(),
            rows.join(",")
        ))
    }
}

fn success(result: String, now: Nanos) -> RestReply {
    let now = now / MILLI;
    RestReply::ok(format!(
        r#"{{"retCode":0,"retMsg":"OK","result":{result},"retExtInfo":{{}},"time":{now}}}"#
    ))
}

/// The error envelope; the HTTP status stays 200 for codes like 10001.
pub(super) fn failure(code: u32, text: &str, now: Nanos) -> String {
    let now = now / MILLI;
    format!(
        r#"{{"retCode":{code},"retMsg":"{text}","result":{{}},"retExtInfo":{{}},"time":{now}}}"#
    )
}

fn spot_row(id: usize, config: &InstrumentConfig) -> String {
    let InstrumentConfig {
        symbol,
        base,
        quote,
        ..
    } = config;
    let lot = payload::qty(Category::Spot, config, config.lot);
    let tick = payload::px(Category::Spot, config, config.tick);
    format!(
        r#"{{"symbolId":{},"symbol":"{symbol}","baseCoin":"{base}","quoteCoin":"{quote}","innovation":"0","status":"Trading","marginTrading":"utaOnly","stTag":"0","lotSizeFilter":{{"basePrecision":"{lot}","quotePrecision":"0.0000001","minOrderQty":"{lot}","maxOrderQty":"1000000","minOrderAmt":"5","maxOrderAmt":"8000000"}},"priceFilter":{{"tickSize":"{tick}"}},"riskParameters":{{"priceLimitRatioX":"0.005","priceLimitRatioY":"0.01"}},"symbolType":""}}"#,
        id + 9
    )
}

fn linear_row(id: usize, config: &InstrumentConfig) -> String {
    let InstrumentConfig {
        symbol,
        base,
        quote,
        px_digits,
        ..
    } = config;
    let lot = payload::qty(Category::Linear, config, config.lot);
    let most = payload::qty(Category::Linear, config, config.lot * 1_000_000);
    let tick = payload::px(Category::Linear, config, config.tick);
    let top = payload::px(Category::Linear, config, config.tick * 10_000_000);
    format!(
        r#"{{"symbol":"{symbol}","contractType":"LinearPerpetual","status":"Trading","baseCoin":"{base}","quoteCoin":"{quote}","launchTime":"1585526400000","deliveryTime":"0","deliveryFeeRate":"","priceScale":"{px_digits}","leverageFilter":{{"minLeverage":"1","maxLeverage":"100.00","leverageStep":"0.01"}},"priceFilter":{{"minPrice":"{tick}","maxPrice":"{top}","tickSize":"{tick}"}},"lotSizeFilter":{{"maxOrderQty":"{most}","minOrderQty":"{lot}","qtyStep":"{lot}","postOnlyMaxOrderQty":"{most}","maxMktOrderQty":"{most}","minNotionalValue":"5"}},"unifiedMarginTrade":true,"fundingInterval":480,"settleCoin":"{quote}","copyTrading":"both","upperFundingRate":"0.00375","lowerFundingRate":"-0.00375","isPreListing":false,"preListingInfo":null,"riskParameters":{{"priceLimitRatioX":"0.01","priceLimitRatioY":"0.02"}},"displayName":"","symbolType":"","symbolId":{}}}"#,
        id + 5
    )
}
