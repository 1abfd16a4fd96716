//! Arrays of price levels.
//!
//! Levels that are spelled alike are read by the module `alike`. One that needs a finer exponent, or has
//! more digits than the fast way takes, goes through [`Scale::level`] as on the general path. Levels with two
//! quantities have a loop of their own (module `triples`).

mod shape;
mod triples;

use super::ends::{Area, BEFORE};
use super::message::{Message, Reason};
use super::number::{Scanned, Span, fraction_of};
use super::padded::Frame;
use super::simd::{Isa, Task};
use super::template::Template;
use super::values::Values as _;
use crate::batch::Batch;
use crate::venue::levels::{MESSAGE_LEVELS_MAX, Scale};

pub(crate) use shape::Shape;
pub(super) use triples::Triples;

/// Bytes that are looked at for one level: 25 digits, point and literal twice.
const LEVEL: u32 = 64;

/// Where price and quantity of a level stand, counted from its beginning.
#[derive(Clone, Copy)]
pub(super) struct Found {
    px_len: u32,
    qty_at: u32,
    qty_len: u32,
    /// Digits behind the points of price and quantity.
    pub(super) fractions: (u32, u32),
    /// What is neither digit nor point, and the points, of all the bytes that were looked at.
    others: u64,
    dots: u64,
}

impl Found {
    #[inline(always)]
    const fn end(self) -> u32 {
        self.qty_at + self.qty_len
    }

    /// Of the level that begins `from` bytes, fewer than 208, behind the beginning of a stretch.
    #[inline(always)]
    pub(super) fn read<I: Isa>(
        isa: I,
        shape: &Shape,
        area: &Area,
        from: usize,
    ) -> Result<Self, Reason> {
        let text = area.get(BEFORE + from..).ok_or(Reason::End)?;
        let (head, _) = text.as_chunks::<32>();
        let [first, second, ..] = head else {
            return Err(Reason::End);
        };
        let (first, second) = (isa.numeric(first), isa.numeric(second));
        let others = u64::from(first.others) | u64::from(second.others) << 32;
        let dots = u64::from(first.dots) | u64::from(second.dots) << 32;
        let px_len = others.trailing_zeros();
        let found = Self {
            px_len,
            qty_at: 0,
            qty_len: px_len,
            fractions: (
                fraction_of(px_len.min(63), dots, is_zero(shape, text, 0))?,
                0,
            ),
            others,
            dots,
        };
        found.next(isa, shape, area, from)
    }

    /// As this, with the quantity behind what was read last.
    #[inline(always)]
    fn next<I: Isa>(self, isa: I, shape: &Shape, area: &Area, from: usize) -> Result<Self, Reason> {
        let qty_at = self.end() + shape.middle.len;
        if qty_at >= LEVEL {
            return Err(Reason::Number);
        }
        let qty_len = (self.others >> qty_at).trailing_zeros();
        if qty_at + qty_len >= LEVEL {
            return Err(Reason::Number);
        }
        if !shape
            .middle
            .is_at(isa, area, (from as u32 + self.end()) as u8)
        {
            return Err(Reason::Shape);
        }
        let text = area.get(BEFORE + from..).unwrap_or(&[]);
        let bare_zero = is_zero(shape, text, qty_at);
        let fraction = fraction_of(qty_len, self.dots >> qty_at, bare_zero)?;
        Ok(Self {
            qty_at,
            qty_len,
            fractions: (self.fractions.0, fraction),
            ..self
        })
    }

    /// Price and quantity, of the level at `at` in the frame.
    fn numbers<I: Isa>(
        self,
        isa: I,
        frame: Frame<'_>,
        at: usize,
    ) -> (Scanned<'_, I>, Scanned<'_, I>) {
        let number = |end: u32, len: u32, fraction: u32| Scanned {
            isa,
            frame,
            span: Span {
                end: at as u32 + end,
                len: len as u16,
                fraction: fraction as u16,
            },
        };
        let px = number(self.px_len, self.px_len, self.fractions.0);
        (px, number(self.end(), self.qty_len, self.fractions.1))
    }
}

/// Whether a number that is spelled by JSON's grammar begins with a zero.
#[inline(always)]
fn is_zero(shape: &Shape, text: &[u8], at: u32) -> bool {
    shape.bare && text.get(at as usize) == Some(&b'0')
}

/// Where the first level of the array at `at` begins, or the array ends.
#[inline(always)]
fn begin<I: Isa>(isa: I, shape: &Shape, frame: Frame<'_>, at: usize) -> Result<End, Reason> {
    let area: &Area = frame.around(BEFORE, at).ok_or(Reason::End)?;
    if area[BEFORE] != b'[' {
        return Err(Reason::Shape);
    }
    let is_last = area[BEFORE + 1] == b']';
    if !is_last && !shape.open.is_at(isa, area, 1) {
        return Err(Reason::Shape);
    }
    let len = if is_last { 1 } else { shape.open.len as usize };
    Ok(End {
        at: at + 1 + len,
        is_last,
    })
}

/// Where levels ended: bytes of the frame before that, and whether the array ended, too.
#[derive(Clone, Copy)]
pub(super) struct End {
    pub(super) at: usize,
    pub(super) is_last: bool,
}

/// One array of a message's levels, read by a function of its own: where it ends.
pub(super) struct Side<'m, 'a, I> {
    pub(super) message: &'m mut Message<'a, I>,
    pub(super) template: &'m Template,
    pub(super) is_asks: bool,
    /// Where the array begins in the frame.
    pub(super) at: usize,
}

impl<I: Isa> Task for Side<'_, '_, I> {
    type Output = Result<usize, Reason>;

    #[inline(always)]
    fn run<J: Isa>(self, isa: J) -> Self::Output {
        let (message, shape) = (self.message, &self.template.shape);
        if self.is_asks {
            message.first_ask = message.batch.levels.len();
        }
        if message.scale.is_none() {
            isa.run(Listed {
                message,
                template: self.template,
            })?;
        }
        if shape.triple {
            return message.triples(shape, self.is_asks, self.at);
        }
        let mut end = begin(isa, shape, message.frame, self.at)?;
        while !end.is_last {
            end = message.alike(isa, shape, end.at)?;
            if !end.is_last {
                end = isa.run(Other {
                    message,
                    shape,
                    at: end.at,
                })?;
            }
        }
        if message.batch.levels.len() - message.first_level > MESSAGE_LEVELS_MAX {
            return Err(Reason::Number);
        }
        Ok(end.at)
    }
}

/// The instrument whose levels follow and how it spelled them last, found by a function of its own.
struct Listed<'m, 'a, I> {
    message: &'m mut Message<'a, I>,
    template: &'m Template,
}

impl<I: Isa> Task for Listed<'_, '_, I> {
    type Output = Result<(), Reason>;

    #[inline(always)]
    fn run<J: Isa>(self, _isa: J) -> Self::Output {
        let message = self.message;
        message.resolve(self.template)?;
        let instrument = message.instrument()?;
        let (id, scale) = (instrument.id, Scale::of(instrument));
        message.scale = Some(scale);
        message.plans = message.kept.spellings.of(id, scale);
        Ok(())
    }
}

/// A level that the fast way does not take, read by a function of its own.
struct Other<'m, 'a, I> {
    message: &'m mut Message<'a, I>,
    shape: &'m Shape,
    at: usize,
}

impl<I: Isa> Task for Other<'_, '_, I> {
    type Output = Result<End, Reason>;

    #[inline(always)]
    fn run<J: Isa>(self, isa: J) -> Self::Output {
        let Self { message, shape, at } = self;
        let scale = message.scale.ok_or(Reason::Symbol)?;
        let area: &Area = message.frame.around(BEFORE, at).ok_or(Reason::End)?;
        let found = Found::read(isa, shape, area, 0)?;
        let (px, qty) = found.numbers(isa, message.frame, at);
        message.plans = None;
        let first = message.first_level;
        message.scale = Some(push_general(scale, px, qty, message.batch, first)?);
        let (behind, is_last) = shape.behind(isa, area, found.end() as u8)?;
        Ok(End {
            at: at + behind,
            is_last,
        })
    }
}

/// Appends a level that needs a finer exponent or has more digits than the fast way takes.
#[cold]
#[inline(never)]
fn push_general<I: Isa>(
    mut scale: Scale,
    px: Scanned<'_, I>,
    qty: Scanned<'_, I>,
    batch: &mut Batch,
    first: usize,
) -> Result<Scale, Reason> {
    let pushed = scale.level(px, qty, batch, first);
    pushed.map_err(|_| Reason::Number)?;
    Ok(scale)
}
