//! Arrays of price levels.
//!
//! One load of 64 bytes and bit scans give all lengths of a level; the conversions hang off the
//! chain from one level to the next. A level that needs a finer exponent, or more digits than the
//! fast way takes, goes through [`Scale::level`] as on the general path.

use super::message::Reason;
use super::number::{Goal, Ready, Scanned, Span, fraction_of};
use super::padded::Frame;
use super::simd::{Isa, Task, low};
use crate::batch::Batch;
use crate::record::Level;
use crate::venue::levels::{MESSAGE_LEVELS_MAX, Scale};

/// Bytes of the longest literal inside a level.
const PIECE: usize = 16;

/// Bytes that are looked at for one level: 25 digits, point and literal twice.
const LEVEL: u32 = 64;

/// What is loaded for one level, of which so many bytes stand before it.
const AREA: usize = 176;
const AREA_BEFORE: usize = 32;

/// A short literal, compared in one go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Piece {
    text: [u8; PIECE],
    /// One bit for each byte.
    bytes: u32,
    len: u32,
}

impl Piece {
    fn of(text: &str) -> Option<Self> {
        let mut bytes = [0; PIECE];
        bytes
            .get_mut(..text.len())?
            .copy_from_slice(text.as_bytes());
        let len = u32::try_from(text.len()).ok()?;
        Some(Self {
            text: bytes,
            bytes: low(len),
            len,
        })
    }

    /// Whether it stands `at` bytes, fewer than 96, behind the beginning of a level.
    #[inline(always)]
    fn is_at<I: Isa>(&self, isa: I, area: &[u8; AREA], at: u32) -> bool {
        let at = AREA_BEFORE + (at as usize & 127);
        let Some(found) = area.get(at..at + PIECE).and_then(|tail| tail.first_chunk()) else {
            return false;
        };
        isa.differs_short(found, &self.text) & self.bytes == 0
    }
}

/// The bytes that end `end` bytes behind the beginning of a level, at most 64 bytes and at least 17
/// less than the bytes before it.
#[inline(always)]
fn tail(area: &[u8; AREA], end: usize) -> &[u8; 16] {
    let start = (AREA_BEFORE - 16).wrapping_add(end) & 127;
    area[start..].first_chunk().unwrap_or(&[0; 16])
}

/// How a level is spelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Before the first price.
    open: Piece,
    /// Between price and quantity.
    middle: Piece,
    /// Between a quantity and the next price.
    next: Piece,
    /// Behind the last quantity, the array's end included.
    last: Piece,
    /// Whether the numbers are bare: then JSON refuses zeros before them.
    bare: bool,
}

impl Shape {
    /// Reads `["*","*"]` and the like.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (open, rest) = text.split_once('*')?;
        let (middle, close) = rest.split_once('*')?;
        let quoted = open.ends_with('"');
        let alike = middle.starts_with('"') == quoted
            && (middle.ends_with('"') == quoted || middle.ends_with(':'))
            && close.starts_with('"') == quoted;
        if !alike || close.is_empty() || middle.len() < 3 - usize::from(!quoted) * 2 {
            return None;
        }
        Some(Self {
            open: Piece::of(open)?,
            middle: Piece::of(middle)?,
            next: Piece::of(&format!("{close},{open}"))?,
            last: Piece::of(&format!("{close}]"))?,
            bare: !quoted,
        })
    }
}

/// What prices and quantities are read at.
#[derive(Clone, Copy)]
struct Goals {
    px: Goal,
    qty: Goal,
}

impl Goals {
    #[inline(always)]
    const fn of(scale: &Scale) -> Self {
        Self {
            px: Goal::of(scale.px_exp, scale.keep_zeros),
            qty: Goal::of(scale.qty_exp, scale.keep_zeros),
        }
    }
}

/// Where price and quantity stand, counted from the beginning of the level: bytes and digits behind
/// the point of each.
#[derive(Clone, Copy)]
struct Found {
    px: (u32, u32),
    qty_at: u32,
    qty: (u32, u32),
}

impl Found {
    #[inline(always)]
    const fn end(self) -> u32 {
        self.qty_at + self.qty.0
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
        let zero = |at: u32| shape.bare && area[AREA_BEFORE + (at as usize & 127)] == b'0';
        Ok(Self {
            px: (px_len, fraction_of(px_len, dots, zero(0))?),
            qty_at,
            qty: (qty_len, fraction_of(qty_len, dots >> qty_at, zero(qty_at))?),
        })
    }

    /// Price and quantity, of the level at `at` in the frame.
    fn numbers<I: Isa>(
        self,
        isa: I,
        frame: Frame<'_>,
        at: usize,
    ) -> (Scanned<'_, I>, Scanned<'_, I>) {
        let number = |end: u32, (len, fraction): (u32, u32)| Scanned {
            isa,
            frame,
            span: Span {
                end: at as u32 + end,
                len: len as u16,
                fraction: fraction as u16,
            },
        };
        (number(self.px.0, self.px), number(self.end(), self.qty))
    }

    /// The level; `None` where the fast way ends.
    #[inline(always)]
    fn level<I: Isa>(self, isa: I, area: &[u8; AREA], goals: Goals) -> Option<Level> {
        let ready = |end: u32, (len, fraction): (u32, u32), goal| {
            let window = |cut| tail(area, (end as usize).wrapping_sub(cut));
            Ready::of(isa, window, (len as usize, fraction as usize), goal)
        };
        let px = ready(self.px.0, self.px, goals.px)?;
        let qty = ready(self.end(), self.qty, goals.qty)?;
        let values = isa.two_digits(px.digits, qty.digits);
        Some(Level {
            px: px.scaled(values.0)?,
            qty: qty.scaled(values.1)?,
        })
    }
}

/// One array of a message's levels, read by a function of its own: where it ends, and the scale, which
/// may have become finer.
pub(super) struct Side<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) shape: &'a Shape,
    pub(super) batch: &'a mut Batch,
    /// Where the message's levels begin in the batch.
    pub(super) first: usize,
    pub(super) scale: Scale,
    /// Where the array begins in the frame.
    pub(super) at: usize,
}

impl Task for Side<'_> {
    type Output = Result<(usize, Scale), Reason>;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> Self::Output {
        let Self { frame, shape, .. } = self;
        let (mut at, mut scale) = (self.at, self.scale);
        let area = frame.around(AREA_BEFORE, at).ok_or(Reason::End)?;
        if area[AREA_BEFORE] != b'[' {
            return Err(Reason::Shape);
        }
        if area[AREA_BEFORE + 1] == b']' {
            return Ok((at + 2, scale));
        }
        if !shape.open.is_at(isa, area, 1) {
            return Err(Reason::Shape);
        }
        let mut goals = Goals::of(&scale);
        at += 1 + shape.open.len as usize;
        loop {
            let area = frame.around(AREA_BEFORE, at).ok_or(Reason::End)?;
            let found = Found::read(isa, shape, area)?;
            if let Some(level) = found.level(isa, area, goals) {
                self.batch.levels.push(level);
            } else {
                let (px, qty) = found.numbers(isa, frame, at);
                scale = push_general(scale, px, qty, self.batch, self.first)?;
                goals = Goals::of(&scale);
            }
            at += found.end() as usize;
            if shape.next.is_at(isa, area, found.end()) {
                at += shape.next.len as usize;
            } else if shape.last.is_at(isa, area, found.end()) {
                at += shape.last.len as usize;
                break;
            } else {
                return Err(Reason::Shape);
            }
        }
        if self.batch.levels.len() - self.first > MESSAGE_LEVELS_MAX {
            return Err(Reason::Number);
        }
        Ok((at, scale))
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
