//! Prices and quantities of a message that is no book.

use super::super::simd::Isa;
use super::{Reason, Scanned};
use crate::fixed::Fixed;
use crate::instrument::Instrument;
use crate::record::Level;
use crate::venue::levels::{self, Best, Named, Scale};

/// Price and quantity of a trade.
#[inline(always)]
pub(super) fn px_and_qty<I: Isa>(
    instrument: &Instrument,
    px: Scanned<'_, I>,
    qty: Scanned<'_, I>,
) -> Result<(Fixed, Fixed), Reason> {
    let scale = Scale::of(instrument);
    match level(px, qty, &scale) {
        Some(level) => Ok((
            Fixed::new(level.px, scale.px_exp),
            Fixed::new(level.qty, scale.qty_exp),
        )),
        None => one_by_one(instrument, px, qty),
    }
}

/// A best bid and offer: price and quantity of the bid, then of the offer.
#[inline(always)]
pub(super) fn best<I: Isa>(
    instrument: &Instrument,
    sides: [Scanned<'_, I>; 4],
) -> Result<Best, Reason> {
    let scale = Scale::of(instrument);
    match both(&sides, &scale) {
        Some((bid, ask)) => Ok(Best {
            instrument: instrument.id,
            scale,
            bid,
            ask,
        }),
        None => best_one_by_one(instrument, sides),
    }
}

/// The levels of both sides, where the fast way takes them.
#[inline(always)]
fn both<I: Isa>(sides: &[Scanned<'_, I>; 4], scale: &Scale) -> Option<(Level, Level)> {
    let bid = level(sides[0], sides[1], scale)?;
    Some((bid, level(sides[2], sides[3], scale)?))
}

/// Price and quantity, where the fast way takes them.
#[inline(always)]
fn level<I: Isa>(px: Scanned<'_, I>, qty: Scanned<'_, I>, scale: &Scale) -> Option<Level> {
    Some(Level {
        px: px.fast(scale.px_exp, scale.keep_zeros)?,
        qty: qty.fast(scale.qty_exp, scale.keep_zeros)?,
    })
}

/// As the general path does it: for numbers that need a finer exponent or have many digits.
#[cold]
#[inline(never)]
fn one_by_one<I: Isa>(
    instrument: &Instrument,
    px: Scanned<'_, I>,
    qty: Scanned<'_, I>,
) -> Result<(Fixed, Fixed), Reason> {
    let read = levels::px_and_qty(instrument, named(px), named(qty));
    read.map_err(|_| Reason::Number)
}

/// As [`one_by_one`], for both sides.
#[cold]
#[inline(never)]
fn best_one_by_one<I: Isa>(
    instrument: &Instrument,
    sides: [Scanned<'_, I>; 4],
) -> Result<Best, Reason> {
    levels::best_sides(instrument, sides.map(named)).map_err(|_| Reason::Number)
}

/// A number as the general path hands it over; nobody sees the name, since what cannot be read is
/// left to that path.
const fn named<N>(number: N) -> Named<N> {
    (Some(number), "")
}
