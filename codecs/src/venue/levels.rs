//! Prices, quantities and levels of one message, brought to common exponents while they are read.
//!
//! The venues spell them differently and mean the same; what is the same is here.

use std::ops::Range;

use crate::batch::{Batch, Drift};
use crate::fixed::{self, Fixed, NumberError};
use crate::instrument::{Instrument, InstrumentId};
use crate::json::{Item, need};
use crate::record::{ABSENT, Bbo, Level};
use crate::reject::Reject;

/// Most levels in one message: Bybit's full book has 2 × 10,000.
pub(crate) const MESSAGE_LEVELS_MAX: usize = 65_536;

/// A number on the wire: decimal text, or a binary mantissa with its power of ten.
pub(crate) trait Number: Copy {
    /// The mantissa at `exp`, or the finer exponent that it needs.
    fn mantissa(self, field: &'static str, exp: i8, keep_zeros: bool) -> Found;
}

/// A mantissa, or the finer exponent that its number needs; else why it is no number.
pub(crate) type Found = Result<Result<i64, i8>, Reject>;

/// What a conversion of [`fixed`] says of the number in `field`.
pub(crate) fn found(field: &'static str, converted: Result<i64, NumberError>) -> Found {
    match converted {
        Ok(mantissa) => Ok(Ok(mantissa)),
        Err(NumberError::Finer(finer)) => Ok(Err(finer)),
        Err(error) => Err(Reject::number(field, error)),
    }
}

impl Number for Item<'_, '_> {
    #[inline]
    fn mantissa(self, field: &'static str, exp: i8, keep_zeros: bool) -> Found {
        Item::mantissa(self, field, exp, keep_zeros)
    }
}

impl Number for Fixed {
    #[inline]
    fn mantissa(self, field: &'static str, exp: i8, keep_zeros: bool) -> Found {
        found(field, self.mantissa_at(exp, keep_zeros))
    }
}

/// The powers of ten of one message: the instrument's, or finer where the wire is finer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scale {
    pub(crate) px_exp: i8,
    pub(crate) qty_exp: i8,
    pub(crate) keep_zeros: bool,
}

impl Scale {
    #[inline(always)]
    pub(crate) const fn of(instrument: &Instrument) -> Self {
        Self {
            px_exp: instrument.px_exp,
            qty_exp: instrument.qty_exp,
            keep_zeros: !instrument.declared,
        }
    }

    /// As [`Scale::of`], for messages whose trailing zeros say nothing about the instrument's
    /// precision (REST bodies that pad every price to the same length).
    pub(crate) const fn padded(instrument: &Instrument) -> Self {
        Self {
            keep_zeros: false,
            ..Self::of(instrument)
        }
    }

    /// A price, never negative; `earlier` prices of the message follow when this one is finer.
    #[inline(always)]
    pub(crate) fn px(
        &mut self,
        item: impl Number,
        field: &'static str,
        earlier: &mut [i64],
    ) -> Result<i64, Reject> {
        self.px_and(item, field, |factor| {
            earlier
                .iter_mut()
                .try_for_each(|px| multiply(px, factor, field))
        })
    }

    /// A price, never negative; `widen` multiplies the message's earlier prices when this one is
    /// finer.
    #[inline(always)]
    pub(crate) fn px_and(
        &mut self,
        item: impl Number,
        field: &'static str,
        widen: impl FnOnce(i64) -> Result<(), Reject>,
    ) -> Result<i64, Reject> {
        let px = read(item, field, &mut self.px_exp, self.keep_zeros, widen)?;
        not_negative(px, field)
    }

    /// A quantity, never negative; `earlier` quantities follow when this one is finer.
    #[inline(always)]
    pub(crate) fn qty(
        &mut self,
        item: impl Number,
        field: &'static str,
        earlier: &mut [i64],
    ) -> Result<i64, Reject> {
        self.qty_and(item, field, |factor| {
            earlier
                .iter_mut()
                .try_for_each(|qty| multiply(qty, factor, field))
        })
    }

    /// A quantity, never negative; `widen` multiplies the message's earlier quantities when this
    /// one is finer.
    #[inline(always)]
    pub(crate) fn qty_and(
        &mut self,
        item: impl Number,
        field: &'static str,
        widen: impl FnOnce(i64) -> Result<(), Reject>,
    ) -> Result<i64, Reject> {
        let qty = read(item, field, &mut self.qty_exp, self.keep_zeros, widen)?;
        not_negative(qty, field)
    }

    /// Appends one level to the batch; the message's levels begin at `first`.
    #[inline(always)]
    pub(crate) fn level(
        &mut self,
        px: impl Number,
        qty: impl Number,
        batch: &mut Batch,
        first: usize,
    ) -> Result<(), Reject> {
        if batch.levels.len() - first >= MESSAGE_LEVELS_MAX {
            return Err(Reject::TooMany);
        }
        let levels = &mut batch.levels;
        let px = self.px_and(px, "price", |factor| {
            levels[first..]
                .iter_mut()
                .try_for_each(|level| multiply(&mut level.px, factor, "price"))
        })?;
        let qty = self.qty_and(qty, "qty", |factor| {
            levels[first..]
                .iter_mut()
                .try_for_each(|level| multiply(&mut level.qty, factor, "qty"))
        })?;
        levels.push(Level { px, qty });
        Ok(())
    }
}

/// The mantissa of `item` at `exp`; where it is finer, lowers `exp` and has what was read before
/// multiplied by the difference.
#[inline(always)]
fn read(
    item: impl Number,
    field: &'static str,
    exp: &mut i8,
    keep_zeros: bool,
    widen: impl FnOnce(i64) -> Result<(), Reject>,
) -> Result<i64, Reject> {
    let finer = match item.mantissa(field, *exp, keep_zeros)? {
        Ok(mantissa) => return Ok(mantissa),
        Err(finer) => finer,
    };
    let shift = u32::from(exp.abs_diff(finer));
    widen(fixed::pow10(shift).ok_or(Reject::NumberRange(field))?)?;
    *exp = finer;
    item.mantissa(field, finer, keep_zeros)?
        .map_err(|_| Reject::NumberRange(field))
}

/// None of these venues' products trades below zero; Binance's negative quantities of before
/// 2022-05-23 were overflows.
const fn not_negative(value: i64, field: &'static str) -> Result<i64, Reject> {
    if value < 0 {
        Err(Reject::Negative(field))
    } else {
        Ok(value)
    }
}

/// Brings a mantissa to a finer power of ten.
pub(crate) fn multiply(mantissa: &mut i64, factor: i64, field: &'static str) -> Result<(), Reject> {
    *mantissa = mantissa
        .checked_mul(factor)
        .ok_or(Reject::NumberRange(field))?;
    Ok(())
}

/// Price and quantity of one trade.
#[inline(always)]
pub(crate) fn px_and_qty<N: Number>(
    instrument: &Instrument,
    px: Named<N>,
    qty: Named<N>,
) -> Result<(Fixed, Fixed), Reject> {
    px_and_qty_at(Scale::of(instrument), px, qty)
}

/// As [`px_and_qty`], at a scale of the caller's.
#[inline(always)]
pub(crate) fn px_and_qty_at<N: Number>(
    mut scale: Scale,
    px: Named<N>,
    qty: Named<N>,
) -> Result<(Fixed, Fixed), Reject> {
    let px = scale.px(need(px.0, px.1)?, px.1, &mut [])?;
    let qty = scale.qty(need(qty.0, qty.1)?, qty.1, &mut [])?;
    Ok((Fixed::new(px, scale.px_exp), Fixed::new(qty, scale.qty_exp)))
}

/// A field with its name.
pub(crate) type Named<N> = (Option<N>, &'static str);

/// A best bid and offer: price and quantity of the bid, then of the offer. A side of quantity 0 has
/// no orders.
#[inline(always)]
pub(crate) fn best<N: Number>(
    instrument: &Instrument,
    sides: [Named<N>; 4],
) -> Result<Bbo, Reject> {
    best_sides(instrument, sides).map(|best| best.bbo())
}

/// As [`best`], before it becomes a record.
pub(crate) fn best_sides<N: Number>(
    instrument: &Instrument,
    [bid_px, bid_qty, ask_px, ask_qty]: [Named<N>; 4],
) -> Result<Best, Reject> {
    let mut scale = Scale::of(instrument);
    let mut px = [scale.px(need(bid_px.0, bid_px.1)?, bid_px.1, &mut [])?, 0];
    px[1] = scale.px(need(ask_px.0, ask_px.1)?, ask_px.1, &mut px[..1])?;
    let mut qty = [
        scale.qty(need(bid_qty.0, bid_qty.1)?, bid_qty.1, &mut [])?,
        0,
    ];
    qty[1] = scale.qty(need(ask_qty.0, ask_qty.1)?, ask_qty.1, &mut qty[..1])?;
    let side = |at: usize| Level {
        px: px[at],
        qty: qty[at],
    };
    Ok(Best {
        instrument: instrument.id,
        scale,
        bid: side(0),
        ask: side(1),
    })
}

/// A best bid and offer that becomes a record.
#[derive(Clone, Copy)]
pub(crate) struct Best {
    pub(crate) instrument: InstrumentId,
    pub(crate) scale: Scale,
    pub(crate) bid: Level,
    pub(crate) ask: Level,
}

impl Best {
    /// The record. A side of quantity 0 has no orders.
    #[inline(always)]
    pub(crate) const fn bbo(&self) -> Bbo {
        const fn side(level: Level) -> (i64, i64) {
            if level.qty == 0 {
                (ABSENT, 0)
            } else {
                (level.px, level.qty)
            }
        }
        let mut bbo = Bbo::new(self.instrument, self.scale.px_exp, self.scale.qty_exp);
        (bbo.bid_px, bbo.bid_qty) = side(self.bid);
        (bbo.ask_px, bbo.ask_qty) = side(self.ask);
        bbo
    }
}

/// Where a book message's levels stand in the batch, and their powers of ten.
#[derive(Clone, Debug)]
pub(crate) struct Sides {
    pub(crate) bids: Range<usize>,
    pub(crate) asks: Range<usize>,
    pub(crate) px_exp: i8,
    pub(crate) qty_exp: i8,
}

/// Price and quantity of one level.
pub(crate) type Pair<'t, 'f> = (Item<'t, 'f>, Item<'t, 'f>);

/// Reads both sides of a book message; `split` knows how the venue spells one level.
pub(crate) fn sides(
    instrument: &Instrument,
    bids: Item<'_, '_>,
    asks: Item<'_, '_>,
    batch: &mut Batch,
    split: impl for<'t, 'f> Fn(Item<'t, 'f>, &mut Drift) -> Result<Pair<'t, 'f>, Reject>,
) -> Result<Sides, Reject> {
    let mut scale = Scale::of(instrument);
    let first = batch.levels.len();
    let mut read = |side: Item<'_, '_>, batch: &mut Batch| {
        for level in side.array("levels")?.iter() {
            let (px, qty) = split(level, &mut batch.drift)?;
            scale.level(px, qty, batch, first)?;
        }
        Ok(batch.levels.len())
    };
    let middle = read(bids, batch)?;
    let end = read(asks, batch)?;
    Ok(Sides {
        bids: first..middle,
        asks: middle..end,
        px_exp: scale.px_exp,
        qty_exp: scale.qty_exp,
    })
}

/// A level spelled `[price, qty]`. What stands behind is counted as schema drift, but for the empty
/// third element that Binance sent until 2019-03-12.
pub(crate) fn pair<'t, 'f>(level: Item<'t, 'f>, drift: &mut Drift) -> Result<Pair<'t, 'f>, Reject> {
    let pair = level.array("level")?;
    let mut pair = pair.iter();
    let (Some(px), Some(qty)) = (pair.next(), pair.next()) else {
        return Err(Reject::MissingField("level"));
    };
    let is_empty = |extra: Item<'_, '_>| extra.array("level").is_ok_and(|items| items.is_empty());
    if pair.next().is_some_and(|extra| !is_empty(extra)) {
        drift.unknown_field("level", "third element");
    }
    Ok((px, qty))
}
