//! Prices and quantities of a message that is no book.

use super::super::simd::Isa;
use super::{Message, Reason};
use crate::fixed::Fixed;
use crate::record::Bbo;
use crate::venue::levels::{self, Named};

impl<'a, I: Isa> Message<'a, I> {
    /// A number at the exponent that it is spelled with.
    #[inline(always)]
    pub(crate) fn fixed(&self, slot: usize) -> Result<Fixed, Reason> {
        self.number(slot).fixed().ok_or(Reason::Number)
    }

    /// Price and quantity of a trade, by slot.
    #[inline(always)]
    pub(crate) fn px_and_qty(&self, px: usize, qty: usize) -> Result<(Fixed, Fixed), Reason> {
        let read = levels::px_and_qty(self.instrument()?, self.named(px), self.named(qty));
        read.map_err(|_| Reason::Number)
    }

    /// A best bid and offer, by slot: price and quantity of the bid, then of the offer.
    #[inline(always)]
    pub(crate) fn best(&self, slots: [usize; 4]) -> Result<Bbo, Reason> {
        let sides = slots.map(|slot| self.named(slot));
        levels::best(self.instrument()?, sides).map_err(|_| Reason::Number)
    }

    /// A number as the general path hands it over; nobody sees the name, since what cannot be read is
    /// left to that path.
    #[inline(always)]
    fn named(&self, slot: usize) -> Named<super::Scanned<'a, I>> {
        (Some(self.number(slot)), "")
    }
}
