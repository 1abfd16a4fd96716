//! Levels with two quantities, each of which is a level of another book.
//!
//! Price and first quantity are one view of a level, price and second quantity the other: what finds a pair
//! finds either. The venue cuts zeros behind quantities off, so no two levels are spelled alike: there are no
//! plans here, but numbers that are no finer than their exponent, and others.

use super::{AREA, AREA_BEFORE, Found, LEVEL, Shape, begin, behind, tail};
use crate::record::Level;
use crate::scan::message::{Message, Reason};
use crate::scan::number::{Scanned, fraction_of};
use crate::scan::padded::Frame;
use crate::scan::plan::POW10;
use crate::scan::simd::{Digits, Isa, Task};
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
        let mut end = begin(isa, shape, frame, at)?;
        while !end.is_last {
            let area = frame.around(AREA_BEFORE, end.at).ok_or(Reason::End)?;
            let first = Found::read(isa, shape, area)?;
            let second = first.second(isa, shape, area)?;
            let views = [first, second];
            match triple(isa, area, views, &triples.scales)? {
                Some(triple) => triples.levels.push(triple),
                None => {
                    let numbers = |found: Found| {
                        let fractions = found.fractions(shape, area)?;
                        Ok(found.numbers(isa, frame, end.at, fractions))
                    };
                    let ((px, one), (_, other)) = (numbers(first)?, numbers(second)?);
                    triples.push_general(px, [one, other])?;
                }
            }
            end = behind(isa, shape, area, end.at, second.end())?;
        }
        if triples.levels.len() > MESSAGE_LEVELS_MAX {
            return Err(Reason::Number);
        }
        Ok(end.at)
    }
}

/// The level of two views; `None` where the fast way ends.
#[inline(always)]
fn triple<I: Isa>(
    isa: I,
    area: &[u8; AREA],
    [first, second]: [Found; 2],
    scales: &[Scale; 2],
) -> Result<Option<Triple>, Reason> {
    let px = (first.px_len, first.px_len, first.dots);
    let qty = |found: Found| (found.end(), found.qty_len, found.qty_dots);
    let px = exact(area, px, scales[0].px_exp)?;
    let one = exact(area, qty(first), scales[0].qty_exp)?;
    let other = exact(area, qty(second), scales[1].qty_exp)?;
    let (Some(px), Some(one), Some(other)) = (px, one, other) else {
        return Ok(None);
    };
    let scaled = |digits: u64, factor: i64| digits.cast_signed().checked_mul(factor);
    let values = isa.two_digits(one.0, other.0);
    let px = scaled(isa.digits(px.0), px.1);
    let (one, other) = (scaled(values.0, one.1), scaled(values.1, other.1));
    Ok(px.zip(one.zip(other)).map(|(px, (one, other))| Triple {
        px,
        qtys: [one, other],
    }))
}

/// The digits of a number that is no finer than `exp`, and what they are multiplied with. It is told by
/// where it ends, counted from the level's beginning, its bytes, and its points.
#[inline(always)]
fn exact(
    area: &[u8; AREA],
    (end, len, dots): (u32, u32, u64),
    exp: i8,
) -> Result<Option<(Digits<'_>, i64)>, Reason> {
    let fraction = fraction_of(len, dots, false)?;
    let missing = usize::try_from(-i32::from(exp) - fraction.cast_signed());
    let factor = missing.ok().and_then(|missing| POW10.get(missing));
    let digits = Digits {
        window: tail(area, end as usize),
        point: fraction as usize,
        count: (len - u32::from(fraction > 0)) as usize,
    };
    let factor = factor.filter(|_| len <= 16);
    Ok(factor.map(|factor| (digits, *factor)))
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
