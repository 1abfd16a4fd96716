//! One message whose values were found.

mod prices;
pub(super) mod stamp;

use std::ops::Range;

use super::ends::Ends;
use super::levels::Triples;
use super::number::{self, Scanned, Span};
use super::padded::Frame;
use super::plan::Plans;
use super::simd::{Isa, low};
use super::spellings::Spellings;
use super::template::SLOTS;
use super::values::{Values, short_of};
use crate::batch::Batch;
use crate::fixed::Fixed;
use crate::instrument::{Instrument, Instruments};
use crate::time::Nanos;
use crate::venue::levels::{Best, Scale, Sides};

use stamp::Day;

/// What is kept from message to message.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(super) day: Day,
    /// Where the numbers of the levels at hand end.
    pub(super) ends: Ends,
    /// How each instrument spelled its levels last.
    pub(super) spellings: Spellings,
    /// Room for levels with two quantities.
    pub(super) triples: Triples,
    /// Room for what a message said before it was read once more.
    pub(super) said: Batch,
}

/// Why a scanner left a message to the general path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Reason {
    /// A byte outside the values differs from every template.
    Shape,
    /// A value that had to be a number is none that a scanner reads.
    Number,
    /// A text with an escape, or longer than a scanner looks.
    Text,
    /// A symbol that the feed does not have (yet).
    Symbol,
    /// A value with a meaning that is not in the scanner's tables.
    Value,
    /// A time that names no instant.
    Time,
    /// The message goes on behind its template, or ends before.
    End,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::Shape,
        Self::Number,
        Self::Text,
        Self::Symbol,
        Self::Value,
        Self::Time,
        Self::End,
    ];

    /// The reason's name in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shape => "shape",
            Self::Number => "number",
            Self::Text => "text",
            Self::Symbol => "symbol",
            Self::Value => "value",
            Self::Time => "time",
            Self::End => "end",
        }
    }

    /// Whether another template could take the message.
    pub(super) const fn is_structural(self) -> bool {
        matches!(self, Self::Shape | Self::Number | Self::Text | Self::End)
    }
}

/// A message, what was found in it, and where its items go.
pub(crate) struct Message<'a, I> {
    pub(crate) isa: I,
    pub(crate) frame: Frame<'a>,
    pub(crate) batch: &'a mut Batch,
    pub(super) instruments: &'a Instruments,
    pub(super) spans: &'a mut [Span; SLOTS],
    pub(super) kept: &'a mut Kept,
    /// The slots that the template fills.
    pub(super) present: u32,
    pub(super) instrument: Option<&'a Instrument>,
    /// The powers of ten of its levels, where it has levels.
    pub(super) scale: Option<Scale>,
    /// How the levels are spelled that were met last.
    pub(super) plans: Option<Plans>,
    /// Where the message's levels begin in the batch, and where the asks do.
    pub(super) first_level: usize,
    pub(super) first_ask: usize,
    /// How many levels the batch had before the message was emitted.
    pub(super) walked: usize,
}

impl<'a, I: Isa> Message<'a, I> {
    #[inline(always)]
    fn span(&self, slot: usize) -> Span {
        self.spans[slot]
    }

    /// A number, to be read at an exponent.
    #[inline(always)]
    fn number(&self, slot: usize) -> Scanned<'a, I> {
        self.number_at(self.span(slot))
    }

    #[inline(always)]
    pub(super) const fn number_at(&self, span: Span) -> Scanned<'a, I> {
        Scanned {
            isa: self.isa,
            frame: self.frame,
            span,
        }
    }

    /// Two texts of the same length, and one bit for each of their bytes.
    #[inline(always)]
    fn pair(&self, slot: usize, other: usize) -> Option<(&'a [u8; 32], &'a [u8; 32], u32)> {
        let (one, other) = (self.span(slot), self.span(other));
        let len = one.len();
        if len != other.len() || len > 31 {
            return None;
        }
        let text = self.frame.window(one.start())?;
        let same = self.frame.window(other.start())?;
        Some((text, same, low(len as u32)))
    }

    #[inline(always)]
    fn listed(&self) -> Result<&'a Instrument, Reason> {
        self.instrument.ok_or(Reason::Symbol)
    }
}

impl<I: Isa> Values for Message<'_, I> {
    #[inline(always)]
    fn has(&self, slot: usize) -> bool {
        self.present & 1 << slot != 0
    }

    #[inline(always)]
    fn instrument(&self) -> Result<&Instrument, Reason> {
        self.listed()
    }

    #[inline(always)]
    fn unsigned(&mut self, slot: usize) -> Result<u64, Reason> {
        let span = self.span(slot);
        if span.fraction != 0 {
            return Err(Reason::Number);
        }
        number::unsigned(self.isa, self.frame, span).ok_or(Reason::Number)
    }

    #[inline(always)]
    fn rfc3339(&mut self, slot: usize) -> Result<Nanos, Reason> {
        let span = self.span(slot);
        self.kept.day.rfc3339(self.isa, self.frame, span)
    }

    #[inline(always)]
    fn flag(&self, slot: usize) -> bool {
        self.has(slot) && self.span(slot).len() == 4
    }

    #[inline(always)]
    fn text(&self, slot: usize) -> &[u8] {
        let span = self.span(slot);
        self.frame.slice(span.start(), span.end())
    }

    #[inline(always)]
    fn short(&self, slot: usize) -> u64 {
        let span = self.span(slot);
        let word = self.frame.window(span.start());
        word.map_or(0, |word| short_of(u64::from_le_bytes(*word), span.len()))
    }

    #[inline(always)]
    fn uuid(&mut self, slot: usize) -> Result<[u8; 16], Reason> {
        let text = self.frame.window(self.span(slot).start());
        self.isa.uuid(text.ok_or(Reason::End)?).ok_or(Reason::Value)
    }

    #[inline(always)]
    fn is_lower_of(&mut self, stream: usize, symbol: usize) -> bool {
        let Some((text, same, len)) = self.pair(stream, symbol) else {
            return false;
        };
        self.isa.differs_lower(text, same) & len == 0
    }

    #[inline(always)]
    fn fixed(&mut self, slot: usize) -> Result<Fixed, Reason> {
        self.number(slot).fixed().ok_or(Reason::Number)
    }

    #[inline(always)]
    fn px_and_qty(&mut self, px: usize, qty: usize) -> Result<(Fixed, Fixed), Reason> {
        prices::px_and_qty(self.listed()?, self.number(px), self.number(qty))
    }

    #[inline(always)]
    fn best(&mut self, slots: [usize; 4]) -> Result<Best, Reason> {
        prices::best(self.listed()?, slots.map(|slot| self.number(slot)))
    }

    #[inline(always)]
    fn level(&mut self, px: usize, qty: usize) -> Result<Scale, Reason> {
        let mut scale = Scale::of(self.listed()?);
        let (px, qty, first) = (self.number(px), self.number(qty), self.batch.levels.len());
        let pushed = scale.level(px, qty, self.batch, first);
        pushed.map(|()| scale).map_err(|_| Reason::Number)
    }

    #[inline(always)]
    fn sides(&mut self) -> Result<Sides, Reason> {
        let scale = self.scale.ok_or(Reason::Symbol)?;
        let bids: Range<usize> = self.first_level..self.first_ask;
        Ok(Sides {
            asks: bids.end..self.batch.levels.len(),
            bids,
            px_exp: scale.px_exp,
            qty_exp: scale.qty_exp,
        })
    }

    #[inline(always)]
    fn sides_of(&mut self, view: usize) -> Result<Sides, Reason> {
        self.kept.triples.sides(view, self.batch)
    }

    #[inline(always)]
    fn batch(&mut self) -> &mut Batch {
        self.batch
    }
}
