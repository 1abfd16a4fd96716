//! Prices and quantities of a message that is no book.

use super::super::simd::Isa;
use super::{Message, Reason, Scanned};
use crate::fixed::Fixed;
use crate::instrument::Instrument;
use crate::record::Level;
use crate::venue::levels::{self, Best, Named, Scale};

impl<I: Isa> Message<'_, I> {
    /// A number at the exponent that it is spelled with.
    #[inline(always)]
    pub(crate) fn fixed(&self, slot: usize) -> Result<Fixed, Reason> {
        self.number(slot).fixed().ok_or(Reason::Number)
    }

    /// Price and quantity of a trade, by slot.
    #[inline(always)]
    pub(crate) fn px_and_qty(&self, px: usize, qty: usize) -> Result<(Fixed, Fixed), Reason> {
        let instrument = self.instrument()?;
        let scale = Scale::of(instrument);
        let (px, qty) = (self.number(px), self.number(qty));
        match level(px, qty, &scale) {
            Some(level) => Ok((
                Fixed::new(level.px, scale.px_exp),
                Fixed::new(level.qty, scale.qty_exp),
            )),
            None => one_by_one(instrument, px, qty),
        }
    }

    /// A best bid and offer, by slot: price and quantity of the bid, then of the offer.
    #[inline(always)]
    pub(crate) fn best(&self, slots: [usize; 4]) -> Result<Best, Reason> {
        let instrument = self.instrument()?;
        let scale = Scale::of(instrument);
        match self.both(slots, &scale) {
            Some((bid, ask)) => Ok(Best {
                instrument: instrument.id,
                scale,
                bid,
                ask,
            }),
            None => best_one_by_one(instrument, slots.map(|slot| self.number(slot))),
        }
    }

    /// The levels of both sides, where the fast way takes them.
    #[inline(always)]
    fn both(&self, slots: [usize; 4], scale: &Scale) -> Option<(Level, Level)> {
        let number = |at: usize| self.number(slots[at]);
        let bid = level(number(0), number(1), scale)?;
        Some((bid, level(number(2), number(3), scale)?))
    }
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
