//! `ticker` and `ticker_lite`: best prices and every figure.
//!
//! Any number may come with an exponent. Figures stand in the order of their names, which is that of the
//! record: nothing is left to sort.

use crate::batch::Item;
use crate::fixed::Fixed;
use crate::record::{Bbo, Figure, FigureName, TickerHead};
use crate::scan::{Kind, Reason, Values};
use crate::venue::{Channel, figures, levels};

/// How a figure is spelled.
#[derive(Clone, Copy)]
enum Form {
    Number,
    /// An epoch stamp; 0 = none.
    Epoch,
    Flag,
}

/// The slot of a figure, its name and its form.
type Row = (usize, FigureName, Form);

/// Slots of the full form.
mod whole {
    use super::{Form, Row};
    use crate::record::FigureName;

    pub(super) const NAMES: &[&str] = &[
        "symbol",
        "time",
        "bid",
        "bid_size",
        "ask",
        "ask_size",
        "last",
        "open",
        "high",
        "low",
        "change",
        "volume",
        "volume_quote",
        "mark",
        "index",
        "funding",
        "funding_time",
        "interest",
        "funding_next",
        "relative",
        "relative_next",
        "premium",
        "suspended",
        "post_only",
        "maturity",
        "dtm",
    ];
    pub(super) const TIME: usize = 1;
    /// Price and quantity of the bid, then of the offer.
    pub(super) const SIDES: [usize; 4] = [2, 3, 4, 5];
    /// The figures before those of the best prices, and behind.
    pub(super) const FIRST: &[Row] = &[
        (6, FigureName::LAST_PRICE, Form::Number),
        (7, FigureName::OPEN, Form::Number),
        (8, FigureName::HIGH, Form::Number),
        (9, FigureName::LOW, Form::Number),
        (10, FigureName::CHANGE_PERCENT, Form::Number),
    ];
    pub(super) const LAST: &[Row] = &[
        (11, FigureName::VOLUME, Form::Number),
        (12, FigureName::QUOTE_VOLUME, Form::Number),
        (13, FigureName::MARK_PRICE, Form::Number),
        (14, FigureName::INDEX_PRICE, Form::Number),
        (15, FigureName::FUNDING_RATE, Form::Number),
        (16, FigureName::NEXT_FUNDING_TIME, Form::Epoch),
        (17, FigureName::OPEN_INTEREST, Form::Number),
        (18, FigureName::FUNDING_RATE_NEXT, Form::Number),
        (19, FigureName::RELATIVE_FUNDING_RATE, Form::Number),
        (20, FigureName::RELATIVE_FUNDING_RATE_NEXT, Form::Number),
        (21, FigureName::PREMIUM, Form::Number),
        (22, FigureName::SUSPENDED, Form::Flag),
        (23, FigureName::POST_ONLY, Form::Flag),
        (24, FigureName::DELIVERY_TIME, Form::Epoch),
        (25, FigureName::DAYS_TO_MATURITY, Form::Number),
    ];
}

/// Slots of the short form.
mod short {
    use super::{Form, Row};
    use crate::record::FigureName;

    pub(super) const NAMES: &[&str] = &[
        "symbol", "change", "bid", "ask", "volume", "premium", "maturity", "dtm",
    ];
    pub(super) const ALL: &[Row] = &[
        (1, FigureName::CHANGE_PERCENT, Form::Number),
        (2, FigureName::BID_PRICE, Form::Number),
        (3, FigureName::ASK_PRICE, Form::Number),
        (4, FigureName::VOLUME, Form::Number),
        (5, FigureName::PREMIUM, Form::Number),
        (6, FigureName::DELIVERY_TIME, Form::Epoch),
        (7, FigureName::DAYS_TO_MATURITY, Form::Number),
    ];
}

/// The full form of a perpetual, and without the funding fields, which other products do not have.
macro_rules! tickers {
    ($($rest:literal),+ $(,)?) => {
        &[$(
            concat!(
                r#"{"time":<time:digits>,"product_id":"<symbol:symbol>","funding_rate":<funding:signed>,"funding_rate_prediction":<funding_next:signed>,"relative_funding_rate":<relative:signed>,"relative_funding_rate_prediction":<relative_next:signed>,"next_funding_rate_time":<funding_time:digits>,"#,
                $rest,
            ),
            concat!(r#"{"time":<time:digits>,"product_id":"<symbol:symbol>","#, $rest),
        )+]
    };
}

/// The first order of fields is of 2026, the second, which has the prices of the day, of 2023.
pub(super) const FULL: Kind = Kind {
    channel: Channel::TICKER,
    slots: whole::NAMES,
    templates: tickers!(
        r#""leverage":"<_:text>","premium":<premium:signed>,"feed":"ticker","bid":<bid:signed>,"ask":<ask:signed>,"bid_size":<bid_size:signed>,"ask_size":<ask_size:signed>,"volume":<volume:signed>,"dtm":<dtm:signed>,"index":<index:signed>,"last":<last:signed>,"change":<change:signed>,"suspended":<suspended:flag>,"tag":"<_:text>","pair":"<_:text>","openInterest":<interest:signed>,"markPrice":<mark:signed>,"maturityTime":<maturity:digits>,"post_only":<post_only:flag>,"volumeQuote":<volume_quote:signed>}"#,
        r#""feed":"ticker","bid":<bid:signed>,"ask":<ask:signed>,"bid_size":<bid_size:signed>,"ask_size":<ask_size:signed>,"volume":<volume:signed>,"dtm":<dtm:signed>,"leverage":"<_:text>","index":<index:signed>,"premium":<premium:signed>,"last":<last:signed>,"change":<change:signed>,"suspended":<suspended:flag>,"tag":"<_:text>","pair":"<_:text>","openInterest":<interest:signed>,"markPrice":<mark:signed>,"maturityTime":<maturity:digits>,"post_only":<post_only:flag>,"volumeQuote":<volume_quote:signed>,"open":<open:signed>,"high":<high:signed>,"low":<low:signed>}"#,
    ),
};

/// The short form, whose volume may be a text.
pub(super) const LITE: Kind = Kind {
    channel: Channel::MINI_TICKER,
    slots: short::NAMES,
    templates: &[
        r#"{"feed":"ticker_lite","product_id":"<symbol:symbol>","bid":<bid:signed>,"ask":<ask:signed>,"change":<change:signed>,"premium":<premium:signed>,"volume":<volume:signed>,"tag":"<_:text>","pair":"<_:text>","dtm":<dtm:signed>,"maturityTime":<maturity:digits>}"#,
        r#"{"feed":"ticker_lite","product_id":"<symbol:symbol>","bid":<bid:signed>,"ask":<ask:signed>,"change":<change:signed>,"premium":<premium:signed>,"volume":"<volume:signed>","tag":"<_:text>","pair":"<_:text>","dtm":<dtm:signed>,"maturityTime":<maturity:digits>}"#,
    ],
};

/// A best bid and offer where the message has one, and the statistics.
#[inline(always)]
pub(super) fn full<V: Values>(message: &mut V) -> Result<(), Reason> {
    let first = message.batch().figures.len();
    let mut head = TickerHead::new(message.id()?, Channel::TICKER);
    head.header.ts_venue = message.epoch(whole::TIME)?;
    push(whole::FIRST, message)?;
    if let Some(mut bbo) = best(message)? {
        bbo.header.ts_venue = head.header.ts_venue;
        message.batch().items.push(Item::Bbo(bbo));
        message.batch().figures.extend(figures::of_best(&bbo));
    }
    push(whole::LAST, message)?;
    message.batch().ticker(head, first, false);
    Ok(())
}

/// The short form; it has no time.
#[inline(always)]
pub(super) fn lite<V: Values>(message: &mut V) -> Result<(), Reason> {
    let first = message.batch().figures.len();
    let head = TickerHead::new(message.id()?, Channel::MINI_TICKER);
    push(short::ALL, message)?;
    message.batch().ticker(head, first, false);
    Ok(())
}

/// Appends the figures that the message has.
#[inline(always)]
fn push<V: Values>(rows: &[Row], message: &mut V) -> Result<(), Reason> {
    for &(slot, name, form) in rows {
        if !message.has(slot) {
            continue;
        }
        let value = match form {
            Form::Number => message.fixed(slot)?,
            Form::Flag => Fixed::new(i64::from(message.flag(slot)), 0),
            Form::Epoch => match message.epoch(slot)? {
                0 => continue,
                time => Fixed::new(time, -9),
            },
        };
        message.batch().figures.push(Figure::new(name, value));
    }
    Ok(())
}

/// A best bid and offer. A side that is not told has no orders; without both it is none.
#[inline(always)]
fn best<V: Values>(message: &mut V) -> Result<Option<Bbo>, Reason> {
    if !whole::SIDES.iter().any(|slot| message.has(*slot)) {
        return Ok(None);
    }
    let mut told = [(Some(Fixed::new(0, 0)), ""); 4];
    for (told, slot) in told.iter_mut().zip(whole::SIDES) {
        if message.has(slot) {
            told.0 = Some(message.fixed(slot)?);
        }
    }
    let best = levels::best(message.instrument()?, told);
    best.map(Some).map_err(|_| Reason::Number)
}
