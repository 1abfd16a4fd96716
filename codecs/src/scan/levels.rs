//! Arrays of price levels.
//!
//! One load of 64 bytes and bit scans give all lengths of a level; the conversions hang off the
//! chain from one level to the next. A level that needs a finer exponent, or more digits than the
//! fast way takes, goes through [`Scale::level`] as on the general path.

use super::message::{Message, Reason, span_of};
use super::number::{Ready, Scanned, places};
use super::padded::Frame;
use super::simd::Isa;
use crate::record::Level;
use crate::venue::levels::{MESSAGE_LEVELS_MAX, Scale};

/// Bytes of the longest literal inside a level.
const PIECE: usize = 16;

/// Bytes that are looked at for one level: 25 digits, point and literal twice.
const LEVEL: u32 = 64;

/// A short literal, compared in one go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Piece {
    text: u128,
    mask: u128,
    len: usize,
}

impl Piece {
    fn of(text: &str) -> Option<Self> {
        let mut bytes = [0; PIECE];
        bytes
            .get_mut(..text.len())?
            .copy_from_slice(text.as_bytes());
        let unused = u32::try_from(8 * (PIECE - text.len())).ok()?;
        Some(Self {
            text: u128::from_le_bytes(bytes),
            mask: u128::MAX.checked_shr(unused).unwrap_or(0),
            len: text.len(),
        })
    }

    #[inline(always)]
    fn is_at(self, frame: Frame<'_>, at: usize) -> bool {
        let found = frame
            .window::<PIECE>(at)
            .map_or(0, |w| u128::from_le_bytes(*w));
        (found ^ self.text) & self.mask == 0
    }
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

/// Where price and quantity of a level stand, and where it ends.
struct Found<'a, I> {
    px: Scanned<'a, I>,
    qty: Scanned<'a, I>,
    end: usize,
}

impl<'a, I: Isa> Message<'a, I> {
    /// Appends the levels of the array at `at`; where it ends.
    #[inline(always)]
    pub(super) fn levels(&mut self, shape: &Shape, at: usize) -> Result<usize, Reason> {
        let mut scale = self.scale.ok_or(Reason::Symbol)?;
        if self.frame.byte(at) != b'[' {
            return Err(Reason::Shape);
        }
        if self.frame.byte(at + 1) == b']' {
            return Ok(at + 2);
        }
        if !shape.open.is_at(self.frame, at + 1) {
            return Err(Reason::Shape);
        }
        let mut at = at + 1 + shape.open.len;
        loop {
            let found = self.level(shape, at)?;
            self.push_level(&mut scale, &found)?;
            if shape.next.is_at(self.frame, found.end) {
                at = found.end + shape.next.len;
            } else if shape.last.is_at(self.frame, found.end) {
                self.scale = Some(scale);
                return Ok(found.end + shape.last.len);
            } else {
                return Err(Reason::Shape);
            }
        }
    }

    #[inline(always)]
    fn level(&self, shape: &Shape, at: usize) -> Result<Found<'a, I>, Reason> {
        let (isa, frame) = (self.isa, self.frame);
        let (Some(low), Some(high)) = (frame.window(at), frame.window(at + 32)) else {
            return Err(Reason::End);
        };
        let (low, high) = (isa.numeric(low), isa.numeric(high));
        let others = u64::from(low.others) | u64::from(high.others) << 32;
        let dots = u64::from(low.dots) | u64::from(high.dots) << 32;
        let px_len = others.trailing_zeros();
        let qty_at = px_len + shape.middle.len as u32;
        if qty_at >= LEVEL {
            return Err(Reason::Number);
        }
        let qty_len = (others >> qty_at).trailing_zeros();
        if qty_at + qty_len >= LEVEL {
            return Err(Reason::Number);
        }
        let px = span_of(frame, at, px_len, dots, shape.bare)?;
        let start = at + qty_at as usize;
        let qty = span_of(frame, start, qty_len, dots >> qty_at, shape.bare)?;
        if !shape.middle.is_at(frame, at + px_len as usize) {
            return Err(Reason::Shape);
        }
        let number = |span| Scanned { isa, frame, span };
        Ok(Found {
            px: number(px),
            qty: number(qty),
            end: start + qty_len as usize,
        })
    }

    #[inline(always)]
    fn push_level(&mut self, scale: &mut Scale, found: &Found<'_, I>) -> Result<(), Reason> {
        let (px, qty) = (found.px, found.qty);
        if let (Some(px), Some(qty)) = (
            Ready::of(px, places(scale.px_exp), scale.keep_zeros),
            Ready::of(qty, places(scale.qty_exp), scale.keep_zeros),
        ) && self.batch.levels.len() - self.first_level < MESSAGE_LEVELS_MAX
        {
            let values = self.isa.two_digits(px.digits, qty.digits);
            if let (Some(px), Some(qty)) = (px.scaled(values.0), qty.scaled(values.1)) {
                self.batch.levels.push(Level { px, qty });
                return Ok(());
            }
        }
        self.push_general(scale, px, qty)
    }

    #[cold]
    #[inline(never)]
    fn push_general(
        &mut self,
        scale: &mut Scale,
        px: Scanned<'_, I>,
        qty: Scanned<'_, I>,
    ) -> Result<(), Reason> {
        let pushed = scale.level(px, qty, self.batch, self.first_level);
        pushed.map_err(|_| Reason::Number)
    }
}
