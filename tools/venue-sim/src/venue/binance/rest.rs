//! REST: who answers what, and book snapshots.

mod kline;
mod ticker;
mod trades;
mod weight;

use super::payload::{self, Face};
use super::{Binance, Dialect, info};
use crate::clock::MILLI;
use crate::hub::Variant;
use crate::venue::{Desk, RestReply, RestRequest};

impl Binance {
    /// Answers one request; every answer carries the weight used so far.
    pub(super) fn answer(&mut self, desk: &mut Desk<'_>, request: &RestRequest) -> RestReply {
        let Some(method) = request.path.strip_prefix(self.dialect.rest_prefix()) else {
            return RestReply::new(404, "");
        };
        let weight = weight::weight(self.dialect, method, request);
        let meter = desk.hub.meters.of(self.dialect);
        let refusal = meter.charge(weight, self.weight_limit, desk.now);
        let header = meter.header();
        let mut reply = refusal.unwrap_or_else(|| self.dispatch(desk, method, request));
        reply.headers.push(header);
        reply
    }

    fn dispatch(&mut self, desk: &mut Desk<'_>, method: &str, request: &RestRequest) -> RestReply {
        let dialect = self.dialect;
        let spot = dialect == Dialect::Spot;
        match method {
            "ping" => RestReply::ok("{}"),
            "time" => RestReply::ok(format!(r#"{{"serverTime":{}}}"#, desk.now / MILLI)),
            "exchangeInfo" => info::answer(dialect, desk, request, self.weight_limit),
            "depth" => self.depth(desk, request),
            "trades" => trades::trades(dialect, desk, request, false),
            "historicalTrades" => trades::trades(dialect, desk, request, true),
            "aggTrades" => trades::aggregates(dialect, desk, request),
            "klines" => kline::klines(dialect, desk, request),
            "uiKlines" if spot => kline::klines(dialect, desk, request),
            "ticker/24hr" => ticker::day(dialect, desk, request),
            "ticker/bookTicker" => ticker::quotes(desk, request),
            "avgPrice" if spot => ticker::average(desk, request),
            "referencePrice" if spot => ticker::reference(desk, request),
            "premiumIndex" if !spot => ticker::premium(dialect, desk, request),
            "openInterest" if !spot => ticker::open_interest(desk, request),
            _ => RestReply::new(404, ""),
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
}

fn symbol(desk: &Desk<'_>, request: &RestRequest) -> Result<usize, RestReply> {
    let Some(name) = request.get("symbol").filter(|name| !name.is_empty()) else {
        let text = "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.";
        return Err(error(-1102, text));
    };
    desk.find(name)
        .ok_or_else(|| error(-1121, "Invalid symbol."))
}

/// The names of a parameter `symbols=["A","B"]`.
pub(super) fn symbols(request: &RestRequest) -> Vec<&str> {
    let names = request.get("symbols").unwrap_or_default();
    let names = names.split(['[', ']', ',', '"', ' ']);
    names.filter(|name| !name.is_empty()).collect()
}

/// REST answers have milliseconds.
fn face(dialect: Dialect, desk: &Desk<'_>) -> Face {
    Face {
        dialect,
        now: desk.now,
        variant: Variant::default(),
    }
}

pub(super) fn error(code: i32, text: &str) -> RestReply {
    RestReply::new(400, format!(r#"{{"code":{code},"msg":"{text}"}}"#))
}

fn list(rows: impl Iterator<Item = String>) -> RestReply {
    RestReply::ok(format!("[{}]", rows.collect::<Vec<_>>().join(",")))
}
