//! `ticker` and `ticker_lite`: statistics, at most one a second for each product.

use crate::batch::{Batch, Item};
use crate::fixed::Fixed;
use crate::instrument::{Instrument, Instruments};
use crate::json::{Fields, Item as Json, need};
use crate::record::{Bbo, FigureName, TickerHead};
use crate::reject::Reject;
use crate::venue::figures::{self, Form, Row};
use crate::venue::{Channel, levels};

/// What both forms have; any of it may be missing (rule 7).
macro_rules! with_common {
    ($($row:expr),* $(,)?) => {
        &[
            Row::optional("premium", FigureName::PREMIUM, Form::Number),
            Row::optional("volume", FigureName::VOLUME, Form::Number),
            Row::optional("dtm", FigureName::DAYS_TO_MATURITY, Form::Number),
            Row::optional("change", FigureName::CHANGE_PERCENT, Form::Number),
            Row::optional("maturityTime", FigureName::DELIVERY_TIME, Form::Epoch),
            $($row,)*
        ]
    };
}

const FULL: &[Row] = with_common!(
    Row::optional("funding_rate", FigureName::FUNDING_RATE, Form::Number),
    Row::optional(
        "funding_rate_prediction",
        FigureName::FUNDING_RATE_NEXT,
        Form::Number
    ),
    Row::optional(
        "relative_funding_rate",
        FigureName::RELATIVE_FUNDING_RATE,
        Form::Number
    ),
    Row::optional(
        "relative_funding_rate_prediction",
        FigureName::RELATIVE_FUNDING_RATE_NEXT,
        Form::Number
    ),
    Row::optional(
        "next_funding_rate_time",
        FigureName::NEXT_FUNDING_TIME,
        Form::Epoch
    ),
    Row::optional("index", FigureName::INDEX_PRICE, Form::Number),
    Row::optional("last", FigureName::LAST_PRICE, Form::Number),
    Row::optional("open", FigureName::OPEN, Form::Number),
    Row::optional("high", FigureName::HIGH, Form::Number),
    Row::optional("low", FigureName::LOW, Form::Number),
    Row::optional("suspended", FigureName::SUSPENDED, Form::Flag),
    Row::optional("post_only", FigureName::POST_ONLY, Form::Flag),
    Row::optional("openInterest", FigureName::OPEN_INTEREST, Form::Number),
    Row::optional("markPrice", FigureName::MARK_PRICE, Form::Number),
    Row::optional("volumeQuote", FigureName::QUOTE_VOLUME, Form::Number),
);

/// The short form has the best prices without their quantities.
const LITE: &[Row] = with_common!(
    Row::optional("bid", FigureName::BID_PRICE, Form::Number),
    Row::optional("ask", FigureName::ASK_PRICE, Form::Number),
);

const FULL_OTHERS: [&str; 7] = [
    "feed",
    "product_id",
    "time",
    "bid",
    "bid_size",
    "ask",
    "ask_size",
];
const LITE_OTHERS: [&str; 2] = ["feed", "product_id"];

/// Fields that say what the product's name and reference data say.
const KNOWN: [&str; 3] = ["tag", "pair", "leverage"];

/// A best bid and offer where the message has one, and the statistics.
pub(super) fn full(
    object: &Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    let (first, mut found) = (batch.figures.len(), [None; 7]);
    let keep = |key: &str, item| {
        Ok(KNOWN.contains(&key) || figures::keep(&FULL_OTHERS, &mut found, key, item)?)
    };
    figures::read(*object, FULL, "ticker", false, batch, keep)?;
    let [_, product, time, sides @ ..] = found;
    let instrument = instruments.resolve(need(product, "product_id")?.text("product_id")?)?;
    let mut head = TickerHead::new(instrument, Channel::TICKER);
    head.header.ts_venue = need(time, "time")?.epoch("time")?;
    if let Some(mut bbo) = best(instruments.get(instrument), sides)? {
        bbo.header.ts_venue = head.header.ts_venue;
        batch.items.push(Item::Bbo(bbo));
        batch.figures.extend(figures::of_best(&bbo));
    }
    batch.ticker(head, first, false);
    Ok(())
}

/// A best bid and offer. A side that is not told has no orders; without both it is none.
fn best(instrument: &Instrument, sides: [Option<Json<'_, '_>>; 4]) -> Result<Option<Bbo>, Reject> {
    if sides.iter().all(Option::is_none) {
        return Ok(None);
    }
    let names = ["bid", "bid_size", "ask", "ask_size"];
    let mut told = names.map(|name| (Some(Fixed::new(0, 0)), name));
    for (told, item) in told.iter_mut().zip(sides) {
        if let Some(item) = item.filter(|item| !item.is_null()) {
            told.0 = Some(item.fixed(told.1)?);
        }
    }
    levels::best(instrument, told).map(Some)
}

/// The short form; it has no time.
pub(super) fn lite(
    object: &Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    let (first, mut found) = (batch.figures.len(), [None; 2]);
    let keep = |key: &str, item| {
        Ok(KNOWN.contains(&key) || figures::keep(&LITE_OTHERS, &mut found, key, item)?)
    };
    figures::read(*object, LITE, "ticker_lite", false, batch, keep)?;
    let product = need(found[1], "product_id")?.text("product_id")?;
    let head = TickerHead::new(instruments.resolve(product)?, Channel::MINI_TICKER);
    batch.ticker(head, first, false);
    Ok(())
}
