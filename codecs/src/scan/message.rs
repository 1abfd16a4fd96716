//! One message whose values were found.

mod prices;
mod stamp;

use std::ops::Range;

use super::ends::Ends;
use super::levels::Triples;
use super::number::{self, Scanned, Span};
use super::padded::Frame;
use super::plan::Plans;
use super::simd::{Isa, low};
use super::template::SLOTS;
use crate::batch::Batch;
use crate::instrument::{Instrument, Instruments};
use crate::time::{self, Nanos};
use crate::venue::levels::{Scale, Sides};

use stamp::Day;

/// What is kept from message to message.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    day: Day,
    /// Where the numbers of the levels at hand end.
    pub(super) ends: Ends,
    /// Room for levels with two quantities.
    pub(super) triples: Triples,
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
}

impl<'a, I: Isa> Message<'a, I> {
    /// Whether the message has a value.
    #[inline(always)]
    pub(crate) const fn has(&self, slot: usize) -> bool {
        self.present & 1 << slot != 0
    }

    #[inline(always)]
    fn span(&self, slot: usize) -> Span {
        self.spans[slot]
    }

    /// The instrument whose symbol was met last.
    #[inline(always)]
    pub(crate) fn instrument(&self) -> Result<&'a Instrument, Reason> {
        self.instrument.ok_or(Reason::Symbol)
    }

    /// A number, to be read at an exponent.
    #[inline(always)]
    pub(crate) fn number(&self, slot: usize) -> Scanned<'a, I> {
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

    /// A whole number.
    #[inline(always)]
    pub(crate) fn unsigned(&self, slot: usize) -> Result<u64, Reason> {
        let span = self.span(slot);
        if span.fraction != 0 {
            return Err(Reason::Number);
        }
        number::unsigned(self.isa, self.frame, span).ok_or(Reason::Number)
    }

    /// An epoch stamp.
    #[inline(always)]
    pub(crate) fn epoch(&self, slot: usize) -> Result<Nanos, Reason> {
        time::from_epoch(self.unsigned(slot)?).ok_or(Reason::Time)
    }

    /// An epoch stamp; 0 where the message has none.
    #[inline(always)]
    pub(crate) fn optional_epoch(&self, slot: usize) -> Result<Nanos, Reason> {
        if self.has(slot) {
            self.epoch(slot)
        } else {
            Ok(0)
        }
    }

    /// `true` or `false`.
    #[inline(always)]
    pub(crate) fn flag(&self, slot: usize) -> bool {
        self.has(slot) && self.span(slot).len() == 4
    }

    /// A text.
    #[inline(always)]
    pub(crate) fn text(&self, slot: usize) -> &'a [u8] {
        let span = self.span(slot);
        self.frame.slice(span.start(), span.end())
    }

    /// A UUID.
    #[inline(always)]
    pub(crate) fn uuid(&self, slot: usize) -> Result<[u8; 16], Reason> {
        let text = self.frame.window(self.span(slot).start());
        self.isa.uuid(text.ok_or(Reason::End)?).ok_or(Reason::Value)
    }

    /// Whether one text is the other in lower case; short ones only.
    #[inline(always)]
    pub(crate) fn is_lower_of(&self, slot: usize, other: usize) -> bool {
        let Some((text, same, len)) = self.pair(slot, other) else {
            return false;
        };
        self.isa.differs_lower(text, same) & len == 0
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

    /// The levels of the message, bids and asks.
    #[inline(always)]
    pub(crate) fn sides(&self) -> Result<Sides, Reason> {
        let scale = self.scale.ok_or(Reason::Symbol)?;
        let bids: Range<usize> = self.first_level..self.first_ask;
        Ok(Sides {
            asks: bids.end..self.batch.levels.len(),
            bids,
            px_exp: scale.px_exp,
            qty_exp: scale.qty_exp,
        })
    }
}
