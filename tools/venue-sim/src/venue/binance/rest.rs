//! REST: book snapshots, trades, reference data.

use super::{Binance, Dialect, info, payload};
use crate::clock::MILLI;
use crate::decimal::padded;
use crate::market::{Fill, Market, Side};
use crate::venue::{Desk, RestReply, RestRequest};

/// Most rows of one trades answer.
const ROWS_MAX: u64 = 1_000;

impl Binance {
    /// Answers one request; every answer carries the weight used so far.
    pub(super) fn answer(&mut self, desk: &mut Desk<'_>, request: &RestRequest) -> RestReply {
        let Some(method) = request.path.strip_prefix(self.dialect.rest_prefix()) else {
            return RestReply::new(404, "");
        };
        let weight = self.weight(method, request);
        let meter = desk.hub.meters.of(self.dialect);
        let refusal = meter.charge(weight, self.weight_limit, desk.now);
        let header = meter.header();
        let mut reply = refusal.unwrap_or_else(|| self.dispatch(desk, method, request));
        reply.headers.push(header);
        reply
    }

    fn dispatch(&mut self, desk: &mut Desk<'_>, method: &str, request: &RestRequest) -> RestReply {
        match method {
            "ping" => RestReply::ok("{}"),
            "time" => RestReply::ok(format!(r#"{{"serverTime":{}}}"#, desk.now / MILLI)),
            "exchangeInfo" => info::answer(self.dialect, desk, request),
            "depth" => self.depth(desk, request),
            "trades" | "historicalTrades" => self.trades(desk, request),
            "aggTrades" => self.aggregates(desk, request),
            "ticker/bookTicker" => self.book_ticker(desk, request),
            _ => RestReply::new(404, ""),
        }
    }

    fn weight(&self, method: &str, request: &RestRequest) -> u32 {
        let spot = self.dialect == Dialect::Spot;
        match method {
            "depth" if spot => match request.number("limit", 100) {
                0..=100 => 5,
                101..=500 => 25,
                501..=1_000 => 50,
                _ => 250,
            },
            "depth" => match request.number("limit", 500) {
                0..=50 => 2,
                51..=100 => 5,
                101..=500 => 10,
                _ => 20,
            },
            "exchangeInfo" if spot => 20,
            "trades" if spot => 25,
            "historicalTrades" if spot => 25,
            "aggTrades" if spot => 4,
            "trades" => 5,
            "historicalTrades" | "aggTrades" => 20,
            "ticker/bookTicker" => 2,
            _ => 1,
        }
    }

    fn depth(&mut self, desk: &mut Desk<'_>, request: &RestRequest) -> RestReply {
        let spot = self.dialect == Dialect::Spot;
        let limit = request.number("limit", if spot { 100 } else { 500 });
        if !spot && ![5, 10, 20, 50, 100, 500, 1_000].contains(&limit) {
            return error(-4021, &format!("{limit} is not valid depth limit."));
        }
        if let (Some(_), Some(body)) = (desk.recorded, &self.recorded) {
            return RestReply::ok(body.clone());
        }
        let index = match symbol(desk, request) {
            Ok(index) => index,
            Err(refusal) => return refusal,
        };
        let (id, bids, asks) = self.snapshot(desk, index, limit.min(5_000) as usize);
        let config = &desk.markets[index].config;
        let (bids, asks) = (
            payload::levels(config, &bids),
            payload::levels(config, &asks),
        );
        let now = desk.now / MILLI;
        let middle = match self.dialect {
            Dialect::Spot => String::new(),
            Dialect::Usdm => format!(r#""E":{now},"T":{now},"#),
            Dialect::Coinm => {
                let (symbol, pair) = (&config.symbol, payload::pair(config));
                format!(r#""E":{now},"T":{now},"symbol":"{symbol}","pair":"{pair}","#)
            }
        };
        RestReply::ok(format!(
            r#"{{"lastUpdateId":{id},{middle}"bids":{bids},"asks":{asks}}}"#
        ))
    }

    /// Newest trades, or those from `fromId` on, oldest first.
    fn trades(&self, desk: &Desk<'_>, request: &RestRequest) -> RestReply {
        let index = match symbol(desk, request) {
            Ok(index) => index,
            Err(refusal) => return refusal,
        };
        let market = &desk.markets[index];
        let limit = request.number("limit", 500).min(ROWS_MAX) as usize;
        let from = request.get("fromId").and_then(|id| id.parse::<u64>().ok());
        let start = match from {
            Some(id) => market.tape.partition_point(|fill| fill.id < id),
            None => market.tape.len().saturating_sub(limit),
        };
        let rows = market.tape.iter().skip(start).take(limit);
        list(rows.map(|fill| self.trade_row(market, fill)))
    }

    fn trade_row(&self, market: &Market, fill: &Fill) -> String {
        let config = &market.config;
        let (px, qty) = (
            padded(fill.px, config.px_digits),
            padded(fill.qty, config.qty_digits),
        );
        let (id, time, maker) = (fill.id, fill.at / MILLI, fill.taker == Side::Ask);
        let product = i128::from(fill.px) * i128::from(fill.qty);
        let digits = config.px_digits + config.qty_digits;
        let (name, value, last) = match self.dialect {
            // Spot keeps eight decimals; tick times lot leaves nothing below them.
            Dialect::Spot => {
                let value = product / 10_i128.pow(u32::from(digits.saturating_sub(8)));
                (
                    "quoteQty",
                    padded(value, digits.min(8)),
                    r#","isBestMatch":true"#,
                )
            }
            Dialect::Usdm => (
                "quoteQty",
                padded(product, digits),
                r#","isRPITrade":false"#,
            ),
            Dialect::Coinm => {
                let size = i128::from(info::contract_size(&config.base));
                let unit = 10_i128.pow(8 + u32::from(config.px_digits));
                let value = i128::from(fill.qty) * size * unit / i128::from(fill.px);
                ("baseQty", padded(value, 8), "")
            }
        };
        format!(
            r#"{{"id":{id},"price":"{px}","qty":"{qty}","{name}":"{value}","time":{time},"isBuyerMaker":{maker}{last}}}"#
        )
    }

    /// Aggregate trades: the newest, from `fromId` on, or within `startTime..=endTime`.
    fn aggregates(&self, desk: &Desk<'_>, request: &RestRequest) -> RestReply {
        let index = match symbol(desk, request) {
            Ok(index) => index,
            Err(refusal) => return refusal,
        };
        let market = &desk.markets[index];
        let limit = request.number("limit", 500).min(ROWS_MAX) as usize;
        let from = request.number("fromId", 0);
        let (start, end) = (
            request.number("startTime", 0),
            request.number("endTime", u64::MAX),
        );
        let wanted: Vec<&Fill> = market
            .tape
            .iter()
            .filter(|f| f.aggregate >= from && (start..=end).contains(&(f.at / MILLI)))
            .collect();
        let groups: Vec<&[&Fill]> = wanted.chunk_by(|a, b| a.aggregate == b.aggregate).collect();
        let forward = request.get("fromId").is_some() || request.get("startTime").is_some();
        let skip = if forward {
            0
        } else {
            groups.len().saturating_sub(limit)
        };
        list(
            groups
                .into_iter()
                .skip(skip)
                .take(limit)
                .map(|group| self.aggregate_row(market, group)),
        )
    }

    fn aggregate_row(&self, market: &Market, fills: &[&Fill]) -> String {
        let config = &market.config;
        let (first, last) = (fills[0], fills[fills.len() - 1]);
        let qty: i64 = fills.iter().map(|fill| fill.qty).sum();
        let (px, qty) = (
            padded(first.px, config.px_digits),
            padded(qty, config.qty_digits),
        );
        let (time, maker) = (first.at / MILLI, first.taker == Side::Ask);
        let (nq, tail) = match self.dialect {
            Dialect::Spot => (String::new(), r#","M":true"#),
            Dialect::Usdm => (format!(r#""nq":"{qty}","#), ""),
            Dialect::Coinm => (String::new(), ""),
        };
        format!(
            r#"{{"a":{},"p":"{px}","q":"{qty}",{nq}"f":{},"l":{},"T":{time},"m":{maker}{tail}}}"#,
            first.aggregate, first.id, last.id
        )
    }

    fn book_ticker(&self, desk: &Desk<'_>, request: &RestRequest) -> RestReply {
        if request.get("symbol").is_none() {
            return list(desk.markets.iter().filter_map(quote_row));
        }
        match symbol(desk, request) {
            Ok(index) => RestReply::ok(quote_row(&desk.markets[index]).unwrap_or_default()),
            Err(refusal) => refusal,
        }
    }
}

fn quote_row(market: &Market) -> Option<String> {
    let config = &market.config;
    let (bid, ask) = (market.book.best(Side::Bid)?, market.book.best(Side::Ask)?);
    let px = |px| padded(px, config.px_digits);
    let qty = |qty| padded(qty, config.qty_digits);
    Some(format!(
        r#"{{"symbol":"{}","bidPrice":"{}","bidQty":"{}","askPrice":"{}","askQty":"{}"}}"#,
        config.symbol,
        px(bid.0),
        qty(bid.1),
        px(ask.0),
        qty(ask.1)
    ))
}

fn symbol(desk: &Desk<'_>, request: &RestRequest) -> Result<usize, RestReply> {
    let Some(name) = request.get("symbol").filter(|name| !name.is_empty()) else {
        let text = "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.";
        return Err(error(-1102, text));
    };
    desk.find(name)
        .ok_or_else(|| error(-1121, "Invalid symbol."))
}

pub(super) fn error(code: i32, text: &str) -> RestReply {
    RestReply::new(400, format!(r#"{{"code":{code},"msg":"{text}"}}"#))
}

fn list(rows: impl Iterator<Item = String>) -> RestReply {
    RestReply::ok(format!("[{}]", rows.collect::<Vec<_>>().join(",")))
}
