//! Levels with two quantities, each of which is a level of another book.
//!
//! Price and first quantity are one view of a level, price and second quantity the other: what finds a pair
//! finds either. The venue cuts zeros behind quantities off, so no two levels are spelled alike: there are no
//! plans here, but numbers that are no finer than their exponent, and others.

use super::{Found, Shape, begin};
use crate::batch::Batch;
use crate::record::Level;
use crate::scan::ends::{Area, BEFORE};
use crate::scan::message::{Message, Reason};
use crate::scan::number::Scanned;
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
    /// Appends them to the batch, each with the first of its quantities (`view` 0) or the second (1).
    #[inline(always)]
    pub(in crate::scan) fn sides(&self, view: usize, batch: &mut Batch) -> Result<Sides, Reason> {
        let scale = self.scales.get(view).ok_or(Reason::Shape)?;
        let first = batch.levels.len();
        batch.levels.extend(self.levels.iter().map(|triple| Level {
            px: triple.px,
            qty: triple.qtys[view & 1],
        }));
        let middle = first + self.bids;
        Ok(Sides {
            bids: first..middle,
            asks: middle..batch.levels.len(),
            px_exp: scale.px_exp,
            qty_exp: scale.qty_exp,
        })
    }

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
            let area: &Area = frame.around(BEFORE, end.at).ok_or(Reason::End)?;
            let first = Found::read(isa, shape, area, 0)?;
            let second = first.next(isa, shape, area, 0)?;
            match triple(isa, area, [first, second], &triples.scales) {
                Some(triple) => triples.levels.push(triple),
                None => {
                    let numbers = |found: Found| found.numbers(isa, frame, end.at);
                    let ((px, one), (_, other)) = (numbers(first), numbers(second));
                    triples.push_general(px, [one, other])?;
                }
            }
            let (behind, is_last) = shape.behind(isa, area, second.end() as u8)?;
            end.at += behind;
            end.is_last = is_last;
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
    area: &Area,
    [first, second]: [Found; 2],
    scales: &[Scale; 2],
) -> Option<Triple> {
    let value = |end: u32, len: u32, fraction: u32, exp: i8| {
        let missing = usize::try_from(-i32::from(exp) - fraction.cast_signed()).ok()?;
        let factor = POW10.get(missing).filter(|_| len <= 16)?;
        let digits = isa.digits(Digits {
            window: tail(area, end),
            point: fraction as usize,
            count: (len - u32::from(fraction > 0)) as usize,
        });
        digits.cast_signed().checked_mul(*factor)
    };
    let qty = |found: Found, exp| value(found.end(), found.qty_len, found.fractions.1, exp);
    Some(Triple {
        px: value(
            first.px_len,
            first.px_len,
            first.fractions.0,
            scales[0].px_exp,
        )?,
        qtys: [
            qty(first, scales[0].qty_exp)?,
            qty(second, scales[1].qty_exp)?,
        ],
    })
}

/// The bytes that end `end` bytes, fewer than 64, behind the beginning of a stretch.
#[inline(always)]
fn tail(area: &Area, end: u32) -> &[u8; 16] {
    let start = BEFORE - 16 + (end & 63) as usize;
    area[start..].first_chunk().unwrap_or(&[0; 16])
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
}
