//! Price levels of one message, brought to common exponents while they are read.

use crate::batch::Batch;
use crate::fixed;
use crate::instrument::Instrument;
use crate::json::Item;
use crate::record::Level;
use crate::reject::Reject;

/// Most levels in one message: Bybit's full book has 2 × 10,000.
pub(crate) const MESSAGE_LEVELS_MAX: usize = 65_536;

/// The powers of ten of one message: the instrument's, or finer where the wire is finer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    pub(crate) px_exp: i8,
    pub(crate) qty_exp: i8,
    keep_zeros: bool,
}

impl Scale {
    pub(crate) const fn of(instrument: &Instrument) -> Self {
        Self {
            px_exp: instrument.px_exp,
            qty_exp: instrument.qty_exp,
            keep_zeros: !instrument.declared,
        }
    }

    /// A price, never negative; `earlier` prices of the message follow when this one is finer.
    #[inline]
    pub(crate) fn px(
        &mut self,
        item: Item<'_, '_>,
        field: &'static str,
        earlier: &mut [i64],
    ) -> Result<i64, Reject> {
        let keep = self.keep_zeros;
        let px = read(item, field, &mut self.px_exp, keep, |factor| {
            earlier
                .iter_mut()
                .try_for_each(|px| multiply(px, factor, field))
        })?;
        not_negative(px, field)
    }

    /// A quantity, never negative; `earlier` quantities follow when this one is finer.
    #[inline]
    pub(crate) fn qty(
        &mut self,
        item: Item<'_, '_>,
        field: &'static str,
        earlier: &mut [i64],
    ) -> Result<i64, Reject> {
        let keep = self.keep_zeros;
        let qty = read(item, field, &mut self.qty_exp, keep, |factor| {
            earlier
                .iter_mut()
                .try_for_each(|qty| multiply(qty, factor, field))
        })?;
        not_negative(qty, field)
    }

    /// Appends one level to the batch; the message's levels begin at `first`.
    #[inline]
    pub(crate) fn level(
        &mut self,
        px: Item<'_, '_>,
        qty: Item<'_, '_>,
        batch: &mut Batch,
        first: usize,
    ) -> Result<(), Reject> {
        if batch.levels.len() - first >= MESSAGE_LEVELS_MAX {
            return Err(Reject::TooMany);
        }
        let keep = self.keep_zeros;
        let levels = &mut batch.levels;
        let px = read(px, "price", &mut self.px_exp, keep, |factor| {
            levels[first..]
                .iter_mut()
                .try_for_each(|level| multiply(&mut level.px, factor, "price"))
        })?;
        let qty = read(qty, "qty", &mut self.qty_exp, keep, |factor| {
            levels[first..]
                .iter_mut()
                .try_for_each(|level| multiply(&mut level.qty, factor, "qty"))
        })?;
        levels.push(Level {
            px: not_negative(px, "price")?,
            qty: not_negative(qty, "qty")?,
        });
        Ok(())
    }
}

/// The mantissa of `item` at `exp`; where it is finer, lowers `exp` and has what was read before
/// multiplied by the difference.
#[inline]
fn read(
    item: Item<'_, '_>,
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

fn multiply(mantissa: &mut i64, factor: i64, field: &'static str) -> Result<(), Reject> {
    *mantissa = mantissa
        .checked_mul(factor)
        .ok_or(Reject::NumberRange(field))?;
    Ok(())
}
