//! REST: instruments, tickers, order book, trades of the past.

use super::contract::{kind, maturity, qty_precision, tag};
use super::number::number;
use super::payload::{px, qty, side, texts};
use super::ticker::{Figures, funding};
use super::{KrakenFutures, executions};
use crate::clock::{Nanos, from_rfc3339, rfc3339_micros, rfc3339_millis, rfc3339_seconds};
use crate::instrument::InstrumentConfig;
use crate::market::{Fill, Market, Side, State};
use crate::venue::uuid::uuid;
use crate::venue::{Desk, RestReply, RestRequest};

/// Trades that `history` answers with.
const HISTORY: usize = 100;

impl KrakenFutures {
    pub(super) fn answer(&self, desk: &Desk<'_>, request: &RestRequest) -> RestReply {
        if let Some(rest) = request.path.strip_prefix("/api/history/") {
            return executions::answer(desk, request, rest);
        }
        let Some(method) = request.path.strip_prefix("/derivatives/api/v3/") else {
            return RestReply::new(404, "");
        };
        let body = match method.split_once('/').unwrap_or((method, "")) {
            ("instruments", "") => Some(instruments(desk)),
            ("tickers", symbol) => tickers(desk, symbol),
            ("orderbook", "") => find(desk, request).map(|(_, market)| book(market)),
            ("history", "") => {
                find(desk, request).map(|(index, market)| self.history(index, market, request))
            }
            _ => return RestReply::new(404, failure("notFound", desk.now)),
        };
        match body {
            Some(body) => {
                let now = rfc3339_millis(desk.now);
                RestReply::ok(format!(
                    r#"{{"result":"success",{body},"serverTime":"{now}"}}"#
                ))
            }
            None => RestReply::new(400, invalid("symbol", desk.now)),
        }
    }

    /// The newest trades before `lastTime`, newest first.
    fn history(&self, index: usize, market: &Market, request: &RestRequest) -> String {
        let config = &market.config;
        let end = match request.get("lastTime").and_then(from_rfc3339) {
            Some(time) => market.tape.partition_point(|fill| fill.at < time),
            None => market.tape.len(),
        };
        let row = |fill: &Fill| {
            format!(
                r#"{{"time":"{}","trade_id":{},"price":{},"size":{},"side":"{}","type":"{}","uid":"{}"}}"#,
                rfc3339_micros(fill.at),
                fill.id,
                px(config, fill.px),
                qty(config, fill.qty),
                side(fill.taker),
                self.feeds[index].kind_of(fill),
                uuid(&config.symbol, fill.id)
            )
        };
        let newest = market.tape.range(..end).rev().take(HISTORY);
        let rows: Vec<String> = newest.map(row).collect();
        format!(r#""history":[{}]"#, rows.join(","))
    }
}

/// The error that names no argument.
pub(super) fn failure(error: &str, now: Nanos) -> String {
    let now = rfc3339_millis(now);
    format!(r#"{{"result":"error","error":"{error}","serverTime":"{now}"}}"#)
}

/// The error of a bad argument.
pub(super) fn invalid(argument: &str, now: Nanos) -> String {
    let now = rfc3339_millis(now);
    format!(
        r#"{{"status":"BAD_REQUEST","result":"error","errors":[{{"code":11,"message":"Argument invalid: {argument}"}}],"serverTime":"{now}"}}"#
    )
}

fn find<'a>(desk: &'a Desk<'_>, request: &RestRequest) -> Option<(usize, &'a Market)> {
    let index = desk.find(&request.get("symbol")?.to_uppercase())?;
    desk.markets.get(index).map(|market| (index, market))
}

fn listed<'a>(desk: &'a Desk<'_>) -> impl Iterator<Item = &'a Market> {
    let markets = desk.markets.iter();
    markets.filter(|market| market.state != State::Delisted)
}

fn instruments(desk: &Desk<'_>) -> String {
    let rows: Vec<String> = listed(desk).map(instrument).collect();
    format!(r#""instruments":[{}]"#, rows.join(","))
}

fn instrument(market: &Market) -> String {
    let config = &market.config;
    let tradeable = market.state == State::Trading;
    let InstrumentConfig {
        symbol,
        base,
        quote,
        ..
    } = config;
    let expiry = maturity(config)
        .map(|at| format!(r#""lastTradingTime":"{}","#, rfc3339_seconds(at)))
        .unwrap_or_default();
    let (kind, tick) = (kind(config), number(config.tick, config.px_digits));
    let precision = qty_precision(config);
    let unit = match kind {
        "futures_inverse" => "contracts",
        _ => "numNonContractUnits",
    };
    format!(
        r#"{{"symbol":"{symbol}","type":"{kind}","tickSize":{tick},"contractSize":1,"tradeable":{tradeable},{expiry}"maxPositionSize":1000000000000.0,"marginLevels":[{{"{unit}":0,"initialMargin":0.02,"maintenanceMargin":0.01}}],"contractValueTradePrecision":{precision},"postOnly":false,"mtf":true,"base":"{base}","quote":"{quote}","pair":"{base}:{quote}","category":"","tradfi":false,"isExpired":false}}"#
    )
}

fn tickers(desk: &Desk<'_>, symbol: &str) -> Option<String> {
    if !symbol.is_empty() {
        let index = desk.find(&symbol.to_uppercase())?;
        let market = desk.markets.get(index)?;
        return Some(format!(r#""ticker":{}"#, ticker(market, desk.now)));
    }
    let rows: Vec<String> = listed(desk)
        .map(|market| ticker(market, desk.now))
        .collect();
    Some(format!(r#""tickers":[{}]"#, rows.join(",")))
}

fn ticker(market: &Market, now: Nanos) -> String {
    let (config, figures) = (&market.config, Figures::of(market, now));
    let Figures {
        bid: [bid, bid_size],
        ask: [ask, ask_size],
        ..
    } = &figures;
    let (base, quote) = (&config.base, &config.quote);
    let last = market.tape.back().map(|fill| {
        let (at, size) = (rfc3339_micros(fill.at), qty(config, fill.qty));
        format!(r#""lastTime":"{at}","lastSize":{size},"#)
    });
    let rates = maturity(config).is_none().then(|| {
        let (_, absolute) = funding(market);
        format!(r#""fundingRate":{absolute},"fundingRatePrediction":{absolute},"#)
    });
    format!(
        r#"{{"symbol":"{}","last":{},{}"tag":"{}","pair":"{base}:{quote}","markPrice":{},"bid":{bid},"bidSize":{bid_size},"ask":{ask},"askSize":{ask_size},"vol24h":{},"volumeQuote":{},"openInterest":{},"open24h":{},"high24h":{},"low24h":{},{}"suspended":{},"indexPrice":{},"postOnly":false,"change24h":{}}}"#,
        config.symbol,
        figures.last,
        last.unwrap_or_default(),
        tag(config),
        figures.mark,
        figures.volume,
        figures.volume_quote,
        figures.open_interest,
        figures.open,
        figures.high,
        figures.low,
        rates.unwrap_or_default(),
        market.state == State::Halted,
        figures.index,
        figures.change,
    )
}

/// The whole book; it has no sequence number.
fn book(market: &Market) -> String {
    let side = |side: Side| {
        let levels = market.book.top(side, market.book.len(side));
        let row = |(px, qty): (String, String)| format!("[{px},{qty}]");
        let rows = texts(&market.config, &levels).into_iter().map(row);
        rows.collect::<Vec<_>>().join(",")
    };
    let (bids, asks) = (side(Side::Bid), side(Side::Ask));
    format!(r#""orderBook":{{"bids":[{bids}],"asks":[{asks}]}}"#)
}
