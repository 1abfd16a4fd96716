//! Arrays of price levels.
//!
//! One load of 64 bytes and bit scans give all lengths of a level; the conversions hang off the
//! chain from one level to the next. A level that needs a finer exponent, or more digits than the
//! fast way takes, goes through [`Scale::level`] as on the general path. Levels with two quantities have a
//! loop of their own (module `triples`).

mod shape;
mod triples;

use super::message::{Message, Reason};
use super::number::{Scanned, Span, fraction_of};
use super::padded::Frame;
use super::plan::{Goals, Plan, Plans};
use super::simd::{Isa, Task};
use super::template::Template;
use crate::batch::Batch;
use crate::record::Level;
use crate::venue::levels::{MESSAGE_LEVELS_MAX, Scale};

pub(crate) use shape::Shape;
pub(super) use triples::Triples;

/// Bytes that are looked at for one level: 25 digits, point and literal twice.
const LEVEL: u32 = 64;

/// What is loaded for one level, of which so many bytes stand before it.
const AREA: usize = 176;
const AREA_BEFORE: usize = 32;

/// The bytes that end `end` bytes behind the beginning of a level, at most 64 bytes and at least 17
/// less than the bytes before it.
#[inline(always)]
fn tail(area: &[u8; AREA], end: usize) -> &[u8; 16] {
    let start = (AREA_BEFORE - 16).wrapping_add(end) & 127;
    area[start..].first_chunk().unwrap_or(&[0; 16])
}

/// Where price and quantity of a level stand, counted from its beginning.
#[derive(Clone, Copy)]
struct Found {
    px_len: u32,
    qty_at: u32,
    qty_len: u32,
    /// What is neither digit nor point.
    others: u64,
    /// The points, of the whole level and from the quantity on.
    dots: u64,
    qty_dots: u64,
}

impl Found {
    #[inline(always)]
    const fn end(self) -> u32 {
        self.qty_at + self.qty_len
    }

    #[inline(always)]
    fn read<I: Isa>(isa: I, shape: &Shape, area: &[u8; AREA]) -> Result<Self, Reason> {
        let (head, _) = area[AREA_BEFORE..].as_chunks::<32>();
        let (first, second) = (isa.numeric(&head[0]), isa.numeric(&head[1]));
        let others = u64::from(first.others) | u64::from(second.others) << 32;
        let dots = u64::from(first.dots) | u64::from(second.dots) << 32;
        let px_len = others.trailing_zeros();
        let qty_at = px_len + shape.middle.len;
        if qty_at >= LEVEL {
            return Err(Reason::Number);
        }
        let qty_len = (others >> qty_at).trailing_zeros();
        if qty_at + qty_len >= LEVEL {
            return Err(Reason::Number);
        }
        if !shape.middle.is_at(isa, area, px_len) {
            return Err(Reason::Shape);
        }
        Ok(Self {
            px_len,
            qty_at,
            qty_len,
            others,
            dots,
            qty_dots: dots >> qty_at,
        })
    }

    /// Digits behind the points of price and quantity.
    #[inline(always)]
    fn fractions(self, shape: &Shape, area: &[u8; AREA]) -> Result<(u32, u32), Reason> {
        let zero = |at: u32| shape.bare && area[AREA_BEFORE + (at as usize & 127)] == b'0';
        let px = fraction_of(self.px_len, self.dots, zero(0))?;
        let qty = fraction_of(self.qty_len, self.qty_dots, zero(self.qty_at))?;
        Ok((px, qty))
    }

    /// Price and quantity, of the level at `at` in the frame.
    fn numbers<I: Isa>(
        self,
        isa: I,
        frame: Frame<'_>,
        at: usize,
        fractions: (u32, u32),
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
        let px = number(self.px_len, self.px_len, fractions.0);
        (px, number(self.end(), self.qty_len, fractions.1))
    }
}

/// Whether a number of `len` bytes, whose points are `dots`, is one that a plan is for.
#[inline(always)]
fn fits(plan: &Plan, len: u32, dots: u64, bare_zero: impl FnOnce() -> bool) -> bool {
    let whole = len.wrapping_sub(plan.behind);
    let point = u64::from(plan.points) << (whole & 63);
    len > plan.behind && dots & ((1 << (len & 63)) - 1) == point && !(bare_zero() && whole > 1)
}

/// Where levels ended: bytes of the frame before that, and whether the array ended, too.
#[derive(Clone, Copy)]
struct End {
    at: usize,
    is_last: bool,
}

/// Where the first level of the array at `at` begins, or the array ends.
#[inline(always)]
fn begin<I: Isa>(isa: I, shape: &Shape, frame: Frame<'_>, at: usize) -> Result<End, Reason> {
    let area = frame.around(AREA_BEFORE, at).ok_or(Reason::End)?;
    if area[AREA_BEFORE] != b'[' {
        return Err(Reason::Shape);
    }
    let is_last = area[AREA_BEFORE + 1] == b']';
    if !is_last && !shape.open.is_at(isa, area, 1) {
        return Err(Reason::Shape);
    }
    let len = if is_last { 1 } else { shape.open.len as usize };
    let at = at + 1 + len;
    Ok(End { at, is_last })
}

/// Whether another level or the array's end stands behind a level, `at` bytes behind its beginning at
/// `from` in the frame.
#[inline(always)]
fn behind<I: Isa>(
    isa: I,
    shape: &Shape,
    area: &[u8; AREA],
    from: usize,
    at: u32,
) -> Result<End, Reason> {
    let (piece, is_last) = if shape.next.is_at(isa, area, at) {
        (&shape.next, false)
    } else if shape.last.is_at(isa, area, at) {
        (&shape.last, true)
    } else {
        return Err(Reason::Shape);
    };
    Ok(End {
        at: from + (at + piece.len) as usize,
        is_last,
    })
}

/// The levels that follow, as long as they are spelled as the plans are for: a small function of its own,
/// which keeps all that it needs in registers.
struct Alike<'a> {
    frame: Frame<'a>,
    shape: &'a Shape,
    levels: &'a mut Vec<Level>,
    plans: &'a Plans,
    at: usize,
}

impl Task for Alike<'_> {
    type Output = Result<End, Reason>;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> Self::Output {
        let Self { shape, plans, .. } = self;
        let mut end = End {
            at: self.at,
            is_last: false,
        };
        while !end.is_last {
            let area = self.frame.around(AREA_BEFORE, end.at).ok_or(Reason::End)?;
            let found = Found::read(isa, shape, area)?;
            let Some(level) = alike(isa, shape, area, found, plans) else {
                break;
            };
            self.levels.push(level);
            end = behind(isa, shape, area, end.at, found.end())?;
        }
        Ok(end)
    }
}

/// A level that is spelled as the plans are for; `None` where it is not, or the fast way ends.
#[inline(always)]
fn alike<I: Isa>(
    isa: I,
    shape: &Shape,
    area: &[u8; AREA],
    found: Found,
    plans: &Plans,
) -> Option<Level> {
    let zero = |at: u32| area[AREA_BEFORE + (at as usize & 127)] == b'0';
    if !fits(&plans.px, found.px_len, found.dots, || {
        shape.bare && zero(0)
    }) {
        return None;
    }
    let window = |end: u32| move |cut| tail(area, (end as usize).wrapping_sub(cut));
    let px = plans.px.digits(isa, window(found.px_len), found.px_len)?;
    let bare_zero = || shape.bare && zero(found.qty_at);
    let qty = if fits(&plans.qty, found.qty_len, found.qty_dots, bare_zero) {
        plans.qty.digits(isa, window(found.end()), found.qty_len)?
    } else if found.qty_len == 1 && zero(found.qty_at) {
        // A level that is deleted may have the bare zero as its quantity.
        plans.qty.none(window(found.end()))
    } else {
        return None;
    };
    plans.level(isa, px, qty)
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
    fn run<J: Isa>(self, _isa: J) -> Self::Output {
        let (message, shape) = (self.message, &self.template.shape);
        if self.is_asks {
            message.first_ask = message.batch.levels.len();
        }
        if message.scale.is_none() {
            message.resolve(self.template)?;
            message.scale = Some(Scale::of(message.instrument()?));
        }
        if shape.triple {
            return message.triples(shape, self.is_asks, self.at);
        }
        message.side(shape, self.at)
    }
}

impl<I: Isa> Message<'_, I> {
    /// Appends the levels of the array at `at`; where it ends.
    #[inline(always)]
    fn side(&mut self, shape: &Shape, at: usize) -> Result<usize, Reason> {
        let isa = self.isa;
        let mut end = begin(isa, shape, self.frame, at)?;
        if end.is_last {
            return Ok(end.at);
        }
        // The level that the plans were made for.
        let mut planned = usize::MAX;
        while !end.is_last {
            if let Some(plans) = &self.plans {
                end = isa.run(Alike {
                    frame: self.frame,
                    shape,
                    levels: &mut self.batch.levels,
                    plans,
                    at: end.at,
                })?;
            }
            if !end.is_last {
                end = self.other(shape, end, &mut planned)?;
            }
        }
        if self.batch.levels.len() - self.first_level > MESSAGE_LEVELS_MAX {
            return Err(Reason::Number);
        }
        Ok(end.at)
    }

    /// A level that the plans are not for: makes others, or where they are for it and the fast way ends,
    /// appends it.
    #[inline(always)]
    fn other(&mut self, shape: &Shape, end: End, planned: &mut usize) -> Result<End, Reason> {
        let (isa, frame, at) = (self.isa, self.frame, end.at);
        let scale = self.scale.ok_or(Reason::Symbol)?;
        let area = frame.around(AREA_BEFORE, at).ok_or(Reason::End)?;
        let found = Found::read(isa, shape, area)?;
        let fractions = found.fractions(shape, area)?;
        if *planned != at {
            *planned = at;
            self.plans = Plans::of(fractions, Goals::of(&scale));
            if self.plans.is_some() {
                return Ok(end);
            }
        }
        let (px, qty) = found.numbers(isa, frame, at, fractions);
        self.plans = None;
        self.scale = Some(push_general(scale, px, qty, self.batch, self.first_level)?);
        behind(isa, shape, area, at, found.end())
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
