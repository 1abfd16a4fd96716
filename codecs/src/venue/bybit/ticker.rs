//! Statistics: tickers, price limits, and the turnover of all instruments.

use super::{Shape, decode, rest};
use crate::batch::{Batch, Item};
use crate::fixed::Fixed;
use crate::instrument::Instruments;
use crate::json::{Fields, Item as Json, fields, need};
use crate::record::{FigureName, Header, TickerHead};
use crate::reject::Reject;
use crate::venue::Channel;
use crate::venue::figures::{self, Form, Row};
use crate::venue::levels;

/// Fields of all products, in the order of their messages.
const TICKER: &[Row] = &[
    row("price24hPcnt", FigureName::CHANGE_PERCENT, Form::Fraction),
    row("lastPrice", FigureName::LAST_PRICE, Form::Number),
    row("prevPrice24h", FigureName::PRICE_24H_AGO, Form::Number),
    row("highPrice24h", FigureName::HIGH, Form::Number),
    row("lowPrice24h", FigureName::LOW, Form::Number),
    row("prevPrice1h", FigureName::PRICE_1H_AGO, Form::Number),
    row("markPrice", FigureName::MARK_PRICE, Form::Number),
    row("indexPrice", FigureName::INDEX_PRICE, Form::Number),
    row("openInterest", FigureName::OPEN_INTEREST, Form::Number),
    row(
        "openInterestValue",
        FigureName::OPEN_INTEREST_VALUE,
        Form::Number,
    ),
    row(
        "singleOpenInterest",
        FigureName::SINGLE_OPEN_INTEREST,
        Form::Number,
    ),
    row(
        "singleOpenInterestValue",
        FigureName::SINGLE_OPEN_INTEREST_VALUE,
        Form::Number,
    ),
    row("turnover24h", FigureName::QUOTE_VOLUME, Form::Number),
    row("volume24h", FigureName::VOLUME, Form::Number),
    row(
        "fundingIntervalHour",
        FigureName::FUNDING_INTERVAL,
        Form::Hours,
    ),
    row("fundingCap", FigureName::FUNDING_CAP, Form::Number),
    row("nextFundingTime", FigureName::NEXT_FUNDING_TIME, Form::Time),
    row("fundingRate", FigureName::FUNDING_RATE, Form::Number),
    row("bid1Price", FigureName::BID_PRICE, Form::Nonzero),
    row("bid1Size", FigureName::BID_QTY, Form::Number),
    row("ask1Price", FigureName::ASK_PRICE, Form::Nonzero),
    row("ask1Size", FigureName::ASK_QTY, Form::Number),
    row("deliveryTime", FigureName::DELIVERY_TIME, Form::Time),
    row("basisRate", FigureName::BASIS_RATE, Form::Number),
    row(
        "deliveryFeeRate",
        FigureName::DELIVERY_FEE_RATE,
        Form::Number,
    ),
    row(
        "predictedDeliveryPrice",
        FigureName::PREDICTED_DELIVERY_PRICE,
        Form::Nonzero,
    ),
    row("basis", FigureName::BASIS, Form::Number),
    row("basisRateYear", FigureName::BASIS_RATE_YEAR, Form::Number),
    row("usdIndexPrice", FigureName::USD_INDEX_PRICE, Form::Number),
    row("bidPrice", FigureName::BID_PRICE, Form::Nonzero),
    row("bidSize", FigureName::BID_QTY, Form::Number),
    row("bidIv", FigureName::BID_IV, Form::Nonzero),
    row("askPrice", FigureName::ASK_PRICE, Form::Nonzero),
    row("askSize", FigureName::ASK_QTY, Form::Number),
    row("askIv", FigureName::ASK_IV, Form::Nonzero),
    row("markPriceIv", FigureName::MARK_IV, Form::Number),
    row(
        "underlyingPrice",
        FigureName::UNDERLYING_PRICE,
        Form::Number,
    ),
    row("totalVolume", FigureName::TOTAL_VOLUME, Form::Number),
    row(
        "totalTurnover",
        FigureName::TOTAL_QUOTE_VOLUME,
        Form::Number,
    ),
    row("delta", FigureName::DELTA, Form::Number),
    row("gamma", FigureName::GAMMA, Form::Number),
    row("vega", FigureName::VEGA, Form::Number),
    row("theta", FigureName::THETA, Form::Number),
    row("change24h", FigureName::CHANGE_PERCENT, Form::Fraction),
];

const PRICE_LIMIT: &[Row] = &[
    Row::new("buyLmt", FigureName::BUY_LIMIT, Form::Number),
    Row::new("sellLmt", FigureName::SELL_LIMIT, Form::Number),
];

/// A field that only some products' messages have, and only some changes.
const fn row(key: &'static str, name: FigureName, form: Form) -> Row {
    Row::optional(key, name, form)
}

/// A message of `tickers`; those of options are the best bid and offer as well.
pub(super) fn tickers(
    shape: Shape,
    object: Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    fields!(object, batch.drift, "tickers.message" => {
        "topic" => _topic, "type" => kind, "ts" => time, "cs" => cross, "data" => data,
    }, known: "id");
    let change = match need(kind, "type")?.text("type")? {
        "snapshot" => false,
        "delta" => true,
        other => {
            decode::ignore(batch, "tickers", other);
            return Ok(());
        }
    };
    let statistics = Statistics {
        channel: Channel::TICKER,
        drift: "tickers",
        rows: TICKER,
        unread: &[
            "tickDirection",
            "preOpenPrice",
            "preQty",
            "curPreListingPhase",
        ],
        cross,
        time,
        change,
    };
    let data = need(data, "data")?.object("data")?;
    let first = batch.figures.len();
    let head = statistics.head(data, instruments, batch)?;
    if shape.best_in_ticker() {
        push_best(&head.header, data, instruments, batch)?;
    }
    if shape.wants(Channel::TICKER) {
        batch.ticker(head, first, change);
    }
    Ok(())
}

/// The best bid and offer in an option's ticker; nothing where it does not tell both sides.
fn push_best(
    header: &Header,
    data: Fields<'_, '_>,
    instruments: &Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    let told = ["bidPrice", "bidSize", "askPrice", "askSize"].map(|key| (data.get(key), key));
    let is_number = |item: Json<'_, '_>| item.text("").is_ok_and(|text| !text.is_empty());
    if !told.iter().all(|(item, _)| item.is_some_and(is_number)) {
        return Ok(());
    }
    let mut bbo = levels::best(instruments.get(header.instrument), told)?;
    (bbo.header.seq, bbo.header.ts_venue) = (header.seq, header.ts_venue);
    batch.items.push(Item::Bbo(bbo));
    Ok(())
}

/// A message of `priceLimit`.
pub(super) fn price_limit(
    object: Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    fields!(object, batch.drift, "priceLimit.message" => {
        "topic" => _topic, "ts" => time, "data" => data,
    }, known: "type");
    let statistics = Statistics {
        channel: Channel::PRICE_LIMIT,
        drift: "priceLimit",
        rows: PRICE_LIMIT,
        unread: &[],
        cross: None,
        time,
        change: false,
    };
    let data = need(data, "data")?.object("data")?;
    let first = batch.figures.len();
    let head = statistics.head(data, instruments, batch)?;
    batch.ticker(head, first, false);
    Ok(())
}

/// What is around the figures of one message.
struct Statistics<'t, 'f> {
    channel: Channel,
    drift: &'static str,
    rows: &'static [Row],
    unread: &'static [&'static str],
    cross: Option<Json<'t, 'f>>,
    time: Option<Json<'t, 'f>>,
    change: bool,
}

impl Statistics<'_, '_> {
    /// The head of the record; its figures go to the batch.
    fn head(
        &self,
        data: Fields<'_, '_>,
        instruments: &mut Instruments,
        batch: &mut Batch,
    ) -> Result<TickerHead, Reject> {
        let mut symbol = None;
        let other = |key: &str, item| match key {
            "symbol" if symbol.replace(item).is_some() => Err(Reject::DuplicateField),
            "symbol" => Ok(true),
            key => Ok(self.unread.contains(&key)),
        };
        figures::read(data, self.rows, self.drift, self.change, batch, other)?;
        let symbol = need(symbol, "symbol")?.text("symbol")?;
        let mut head = TickerHead::new(instruments.resolve(symbol)?, self.channel);
        head.header.seq = self.cross.map_or(Ok(0), |cross| cross.unsigned("cs"))?;
        // The only stamp that the venue gives.
        head.header.ts_venue = need(self.time, "ts")?.epoch("ts")?;
        Ok(head)
    }
}

/// A body of REST tickers: each instrument's turnover of 24 hours.
pub(super) fn volumes(
    body: Fields<'_, '_>,
    volumes: &mut Vec<(Box<str>, Fixed)>,
) -> Result<(), Reject> {
    let list = rest::result(body)?.need("list")?.array("list")?;
    for entry in list.iter() {
        let entry = entry.object("ticker")?.distinct()?;
        let symbol = entry.need("symbol")?.text("symbol")?;
        let turnover = entry.need("turnover24h")?;
        // An instrument that has not traded yet may have an empty text.
        if turnover.text("turnover24h")?.is_empty() {
            continue;
        }
        volumes.push((symbol.into(), turnover.fixed("turnover24h")?));
    }
    Ok(())
}
