//! REST: time, instruments, books, recent trades, tickers, candles.

use std::net::{IpAddr, Ipv4Addr};

use super::book::{Kind, Sides};
use super::category::Category;
use super::kline::{self, Wanted};
use super::ticker::Ticker;
use super::topic::{Stamp, interval};
use super::{Bybit, payload};
use crate::clock::{MILLI, Nanos, SECOND};
use crate::market::{Fill, Side};
use crate::venue::{Desk, RestReply, RestRequest};

/// Requests come without their address; all are from loopback.
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Most levels of the whole book and of the one with RPI orders.
const FULL_LEVELS: usize = 10_000;
const RPI_LEVELS: u64 = 50;

/// Default and most candles of the list.
const CANDLES: (u64, u64) = (200, 1_000);

/// What is wrong with a request.
type Refusal = &'static str;

const NO_SYMBOL: Refusal = "params error: symbol invalid";

impl Bybit {
    pub(super) fn answer(&mut self, desk: &mut Desk<'_>, request: &RestRequest) -> RestReply {
        let Some(method) = request.path.strip_prefix("/v5/market/") else {
            return RestReply::new(404, "");
        };
        let now = desk.now;
        if !self.requests.allows(CLIENT, now) {
            let body = r#"{"retCode":403,"retMsg":"access too frequent"}"#;
            return RestReply::new(403, body);
        }
        if method == "time" {
            let (seconds, nanos) = (now / SECOND, now);
            let time = format!(r#"{{"timeSecond":"{seconds}","timeNano":"{nanos}"}}"#);
            return success(&time, now);
        }
        if request.get("category") != Some(self.category.name()) {
            return RestReply::ok(failure(10_001, "params error: Category is invalid", now));
        }
        let result = match method {
            "instruments-info" => self.instruments(desk, request),
            "orderbook" => self.book(desk, request),
            "rpi_orderbook" => self.topic_book(desk, request, Kind::Rpi),
            "full_orderbook" => self.topic_book(desk, request, Kind::Full),
            "recent-trade" => self.recent(desk, request),
            "tickers" => self.tickers(desk, request),
            "kline" => self.candles(desk, request),
            _ => return RestReply::new(404, ""),
        };
        match result {
            Ok(result) => success(&result, now),
            Err(text) => RestReply::ok(failure(10_001, text, now)),
        }
    }

    /// Index of the instrument that the request names.
    fn named(desk: &Desk<'_>, request: &RestRequest) -> Result<usize, Refusal> {
        let symbol = request.get("symbol").ok_or(NO_SYMBOL)?;
        desk.find(symbol).ok_or(NO_SYMBOL)
    }

    /// As [`named`](Self::named), delisted instruments included.
    fn once_listed(&self, request: &RestRequest) -> Result<usize, Refusal> {
        let symbol = request.get("symbol").ok_or(NO_SYMBOL)?;
        let feeds = self.feeds.iter();
        let mut symbols = feeds.map(|feed| feed.symbol.as_str());
        symbols.position(|own| own == symbol).ok_or(NO_SYMBOL)
    }

    /// The best levels, with the update id of the deepest topic.
    fn book(&mut self, desk: &Desk<'_>, request: &RestRequest) -> Result<String, Refusal> {
        let index = Self::named(desk, request)?;
        let (default, most) = self.category.rest_levels();
        let limit = request.number("limit", default).clamp(1, most) as usize;
        let config = &desk.markets[index].config;
        let feed = &mut self.feeds[index];
        let stamp = feed.stamp(desk.now);
        if let Some(frozen) = self.stale.take(&config.symbol) {
            let side = |side| payload::levels(self.category, config, &frozen.book.top(side, limit));
            let sides = Sides {
                bids: side(Side::Bid),
                asks: side(Side::Ask),
            };
            let id = frozen.update_id;
            return Ok(book_text(&config.symbol, &sides, id, stamp, desk.now));
        }
        let book = feed.deepest().ok_or(NO_SYMBOL)?;
        let sides = book.rest(&desk.markets[index], stamp, limit);
        let (id, stamp) = (book.update_id, book.stamp);
        Ok(book_text(&config.symbol, &sides, id, stamp, desk.now))
    }

    /// The book of `orderbook.rpi` or `orderbook.full`, with the topic's ids.
    fn topic_book(
        &mut self,
        desk: &Desk<'_>,
        request: &RestRequest,
        kind: Kind,
    ) -> Result<String, Refusal> {
        let index = match kind {
            // The whole book of a delisted instrument is empty rather than unknown.
            Kind::Full => self.once_listed(request)?,
            _ => Self::named(desk, request)?,
        };
        let limit = match kind {
            Kind::Rpi => request.number("limit", RPI_LEVELS).clamp(1, RPI_LEVELS) as usize,
            _ => FULL_LEVELS,
        };
        let feed = &mut self.feeds[index];
        let stamp = feed.stamp(desk.now);
        let book = feed.book(kind).ok_or("params error: Category is invalid")?;
        let market = &desk.markets[index];
        let sides = book.rest(market, stamp, limit);
        let (id, stamp) = (book.update_id, book.stamp);
        let symbol = &market.config.symbol;
        Ok(book_text(symbol, &sides, id, stamp, desk.now))
    }

    /// The newest trades, newest first. There is no cursor: older ones are out of reach.
    fn recent(&self, desk: &Desk<'_>, request: &RestRequest) -> Result<String, Refusal> {
        let (default, most) = self.category.rest_trades();
        let limit = request.number("limit", default).clamp(1, most) as usize;
        let chosen = match (request.get("symbol"), self.category) {
            (None, Category::Option) => self.options(request),
            _ => vec![Self::named(desk, request)?],
        };
        let mut fills: Vec<(usize, &Fill)> = Vec::new();
        for index in chosen {
            let tape = desk.markets[index].tape.iter().rev().take(limit);
            fills.extend(tape.map(|fill| (index, fill)));
        }
        // The sort is stable, so one instrument's trades keep their order.
        fills.sort_by_key(|(_, fill)| std::cmp::Reverse(fill.at));
        let row = |(index, fill): &(usize, &Fill)| {
            self.feeds[*index]
                .trades
                .rest_row(&desk.markets[*index], fill)
        };
        let rows: Vec<String> = fills.iter().take(limit).map(row).collect();
        Ok(self.list(&rows))
    }

    /// The options of one base coin, BTC by default, all of them or one kind.
    fn options(&self, request: &RestRequest) -> Vec<usize> {
        let base = request.get("baseCoin").unwrap_or("BTC");
        let put = request.get("optionType").map(|kind| kind == "Put");
        let feeds = self.feeds.iter().enumerate();
        let chosen = feeds.filter(|(_, feed)| {
            let own = feed.contract.strike.is_some_and(|(_, put)| put);
            feed.listed() && feed.base == base && put.is_none_or(|put| put == own)
        });
        chosen.map(|(index, _)| index).collect()
    }

    /// Every ticker, or one. Options need a symbol or a base coin.
    fn tickers(&self, desk: &Desk<'_>, request: &RestRequest) -> Result<String, Refusal> {
        let chosen: Vec<usize> = match request.get("symbol") {
            Some(_) => vec![Self::named(desk, request)?],
            None if self.category != Category::Option => (0..self.feeds.len())
                .filter(|index| self.feeds[*index].listed())
                .collect(),
            None if request.get("baseCoin").is_some() => self.options(request),
            None => return Err("params error: symbol or baseCoin is required"),
        };
        let row = |index: &usize| {
            let subject = self.feeds[*index].subject(&desk.markets[*index], desk.now);
            Ticker::rest(&subject).object(None)
        };
        let rows: Vec<String> = chosen.iter().map(row).collect();
        Ok(self.list(&rows))
    }

    /// Candles, newest first.
    fn candles(&self, desk: &Desk<'_>, request: &RestRequest) -> Result<String, Refusal> {
        let index = Self::named(desk, request)?;
        if self.category == Category::Option {
            return Err("params error: Category is invalid");
        }
        let interval = request.get("interval").and_then(interval);
        let wanted = Wanted {
            interval: interval.ok_or("params error: interval invalid")?,
            from: request.number("start", 0).saturating_mul(MILLI),
            to: request.number("end", u64::MAX).saturating_mul(MILLI),
            limit: request.number("limit", CANDLES.0).clamp(1, CANDLES.1) as usize,
        };
        let market = &desk.markets[index];
        let rows = kline::rest_rows(self.category, market, wanted, desk.now);
        let (symbol, category) = (&market.config.symbol, self.category.name());
        let rows = rows.join(",");
        Ok(format!(
            r#"{{"symbol":"{symbol}","category":"{category}","list":[{rows}]}}"#
        ))
    }

    fn list(&self, rows: &[String]) -> String {
        let (category, rows) = (self.category.name(), rows.join(","));
        format!(r#"{{"category":"{category}","list":[{rows}]}}"#)
    }
}

fn book_text(symbol: &str, sides: &Sides, update_id: u64, stamp: Stamp, now: Nanos) -> String {
    let Sides { bids, asks } = sides;
    let (sequence, matched, now) = (stamp.sequence, stamp.matched / MILLI, now / MILLI);
    format!(
        r#"{{"s":"{symbol}","b":{bids},"a":{asks},"ts":{now},"u":{update_id},"seq":{sequence},"cts":{matched}}}"#
    )
}

fn success(result: &str, now: Nanos) -> RestReply {
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
