//! Levels with two quantities, each of which is a level of another book.
//!
//! Price and first quantity are one view of a level, price and second quantity the other: what reads a
//! pair reads either. The two quantities are spelled with different digits, so each view has its plans.

use super::{AREA, AREA_BEFORE, Found, LEVEL, Shape, alike, begin, behind};
use crate::record::Level;
use crate::scan::message::{Message, Reason};
use crate::scan::number::Scanned;
use crate::scan::padded::Frame;
use crate::scan::plan::{Goals, Plans};
use crate::scan::simd::{Isa, Task};
use crate::venue::levels::{MESSAGE_LEVELS_MAX, Scale, Sides, multiply};

/// A price with both of its quantities.
#[derive(Clone, Copy, Debug)]
struct Triple {
    px: i64,
    qtys: [i64; 2],
}

/// The levels of one message, in room that is kept from message to message.
#[derive(Debug, Default)]
pub(in crate::scan) struct Triples {
    levels: Vec<Triple>,
    /// How many of them are bids.
    bids: usize,
    /// The powers of ten of each view; that of the price is the same.
    scales: [Scale; 2],
}

impl Triples {
    /// Appends a level that needs a finer exponent or has more digits than the fast way takes, as
    /// [`Scale::level`] does for each view.
    #[cold]
    #[inline(never)]
    fn push_general<I: Isa>(
        &mut self,
        px: Scanned<'_, I>,
        qtys: [Scanned<'_, I>; 2],
    ) -> Result<(), Reason> {
        let (levels, scales) = (&mut self.levels, &mut self.scales);
        let read = scales[0].px_and(px, "price", |factor| {
            let mut earlier = levels.iter_mut();
            earlier.try_for_each(|level| multiply(&mut level.px, factor, "price"))
        });
        scales[1].px_exp = scales[0].px_exp;
        let mut triple = Triple {
            px: read.map_err(|_| Reason::Number)?,
            qtys: [0; 2],
        };
        for (at, (qty, scale)) in qtys.into_iter().zip(scales).enumerate() {
            let read = scale.qty_and(qty, "qty", |factor| {
                let mut earlier = levels.iter_mut();
                earlier.try_for_each(|level| multiply(&mut level.qtys[at], factor, "qty"))
            });
            triple.qtys[at] = read.map_err(|_| Reason::Number)?;
        }
        levels.push(triple);
        Ok(())
    }
}

impl Found {
    /// The other view of a level: its price, and the quantity behind this one.
    #[inline(always)]
    fn second<I: Isa>(self, isa: I, shape: &Shape, area: &[u8; AREA]) -> Result<Self, Reason> {
        let qty_at = self.end() + shape.middle.len;
        if qty_at >= LEVEL {
            return Err(Reason::Number);
        }
        let qty_len = (self.others >> qty_at).trailing_zeros();
        if qty_at + qty_len >= LEVEL {
            return Err(Reason::Number);
        }
        if !shape.middle.is_at(isa, area, self.end()) {
            return Err(Reason::Shape);
        }
        Ok(Self {
            qty_at,
            qty_len,
            qty_dots: self.dots >> qty_at,
            ..self
        })
    }
}

/// One array of such levels, read by a function of its own: where it ends.
struct Side<'a> {
    frame: Frame<'a>,
    shape: &'a Shape,
    triples: &'a mut Triples,
    at: usize,
}

impl Task for Side<'_> {
    type Output = Result<usize, Reason>;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> Self::Output {
        let Self {
            frame,
            shape,
            triples,
            at,
        } = self;
        let mut plans = [None; 2];
        let mut end = begin(isa, shape, frame, at)?;
        while !end.is_last {
            let area = frame.around(AREA_BEFORE, end.at).ok_or(Reason::End)?;
            let first = Found::read(isa, shape, area)?;
            let second = first.second(isa, shape, area)?;
            let mut read = |at: usize, found| {
                let scale = &triples.scales[at];
                view(isa, shape, area, found, scale, &mut plans[at])
            };
            if let (Some(one), Some(other)) = (read(0, first)?, read(1, second)?) {
                triples.levels.push(Triple {
                    px: one.px,
                    qtys: [one.qty, other.qty],
                });
            } else {
                let numbers = |found: Found| {
                    let fractions = found.fractions(shape, area)?;
                    Ok(found.numbers(isa, frame, end.at, fractions))
                };
                let ((px, one), (_, other)) = (numbers(first)?, numbers(second)?);
                triples.push_general(px, [one, other])?;
                plans = [None; 2];
            }
            end = behind(isa, shape, area, end.at, second.end())?;
        }
        if triples.levels.len() > MESSAGE_LEVELS_MAX {
            return Err(Reason::Number);
        }
        Ok(end.at)
    }
}

/// One view of a level, by the plans of the last or new ones; `None` where the fast way ends.
#[inline(always)]
fn view<I: Isa>(
    isa: I,
    shape: &Shape,
    area: &[u8; AREA],
    found: Found,
    scale: &Scale,
    plans: &mut Option<Plans>,
) -> Result<Option<Level>, Reason> {
    if let Some(plans) = plans
        && let Some(level) = alike(isa, shape, area, found, plans)
    {
        return Ok(Some(level));
    }
    *plans = Plans::of(found.fractions(shape, area)?, Goals::of(scale));
    let plans = plans.as_ref();
    Ok(plans.and_then(|plans| alike(isa, shape, area, found, plans)))
}

impl<I: Isa> Message<'_, I> {
    /// Reads the levels of the array at `at`; where it ends.
    #[inline(always)]
    pub(super) fn triples(
        &mut self,
        shape: &Shape,
        is_asks: bool,
        at: usize,
    ) -> Result<usize, Reason> {
        let scale = self.scale.ok_or(Reason::Symbol)?;
        if !is_asks {
            self.kept.triples.levels.clear();
            self.kept.triples.scales = [scale; 2];
        }
        let end = self.isa.run(Side {
            frame: self.frame,
            shape,
            triples: &mut self.kept.triples,
            at,
        })?;
        if !is_asks {
            self.kept.triples.bids = self.kept.triples.levels.len();
        }
        Ok(end)
    }

    /// Appends to the batch the levels of a message whose levels have two quantities, with the first of
    /// them (`view` 0) or the second (1).
    #[inline(always)]
    pub(crate) fn sides_of(&mut self, view: usize) -> Result<Sides, Reason> {
        let triples = &self.kept.triples;
        let scale = triples.scales.get(view).ok_or(Reason::Shape)?;
        let levels = &mut self.batch.levels;
        let first = levels.len();
        levels.extend(triples.levels.iter().map(|triple| Level {
            px: triple.px,
            qty: triple.qtys[view & 1],
        }));
        let middle = first + triples.bids;
        Ok(Sides {
            bids: first..middle,
            asks: middle..levels.len(),
            px_exp: scale.px_exp,
            qty_exp: scale.qty_exp,
        })
    }
}
