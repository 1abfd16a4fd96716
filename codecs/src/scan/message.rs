//! One message on its way through a template.

mod prices;
mod stamp;

use std::ops::Range;

use super::Grammar;
use super::number::{self, Scanned, Span};
use super::padded::Frame;
use super::simd::{Isa, low};
use super::template::{Hole, SLOTS, Template};
use crate::batch::Batch;
use crate::instrument::{Instrument, Instruments, SHORT_SYMBOL};
use crate::time::{self, Nanos};
use crate::venue::levels::{Scale, Sides};

pub(crate) use stamp::Day;

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
    pub(super) day: &'a mut Day,
    /// The slots that the template fills.
    pub(super) present: u32,
    pub(super) instrument: Option<&'a Instrument>,
    pub(super) scale: Option<Scale>,
    /// Where the message's levels begin in the batch, and where the asks do.
    pub(super) first_level: usize,
    pub(super) first_ask: usize,
    /// Elements that were emitted.
    pub(super) emitted: usize,
}

impl<'a, I: Isa> Message<'a, I> {
    /// Goes through a template and emits each element, or the whole where nothing repeats.
    ///
    /// Every form of hole has one place here, and so one copy in each target's code.
    #[inline(always)]
    pub(super) fn read<G: Grammar>(
        &mut self,
        template: &Template,
        kind: usize,
        context: G::Context,
    ) -> Result<(), Reason> {
        self.present = template.present;
        let (mut at, mut next) = (0, 0);
        while let Some(step) = template.steps.get(next) {
            next += 1;
            let text = self.frame.window(at).ok_or(Reason::End)?;
            if self.isa.differs(text, &step.literal) & step.bytes != 0 {
                return Err(Reason::Shape);
            }
            at += usize::from(step.len);
            at = match step.hole {
                Hole::None => at,
                Hole::Digits => self.digits(step.slot, at)?,
                Hole::Number | Hole::Quoted | Hole::Signed => {
                    self.number_hole(step.slot, at, step.hole)?
                }
                Hole::Text | Hole::Symbol | Hole::Stream | Hole::Lower => {
                    self.text_hole(step.slot, at, step.hole)?
                }
                Hole::Uuid => self.keep(step.slot, at, at + 36),
                Hole::Flag => self.flag_hole(step.slot, at)?,
                Hole::Bids | Hole::Asks => {
                    if step.hole == Hole::Asks {
                        self.first_ask = self.batch.levels.len();
                    }
                    self.levels(&template.shape, at)?
                }
                Hole::Emit => {
                    G::emit(kind, context, self)?;
                    self.emitted += 1;
                    match template.element {
                        Some(element) if self.frame.byte(at) == b',' => {
                            next = element;
                            at + 1
                        }
                        _ => at,
                    }
                }
            };
        }
        if at == self.frame.len() {
            Ok(())
        } else {
            Err(Reason::End)
        }
    }

    #[inline(always)]
    fn keep(&mut self, slot: u8, start: usize, end: usize) -> usize {
        self.spans[usize::from(slot) % SLOTS] = Span {
            start: start as u32,
            end: end as u32,
            fraction: 0,
        };
        end
    }

    /// A bare whole number.
    #[inline(always)]
    fn digits(&mut self, slot: u8, at: usize) -> Result<usize, Reason> {
        let text = self.frame.window(at).ok_or(Reason::End)?;
        let found = self.isa.numeric(text);
        let len = (found.others | found.dots).trailing_zeros() as usize;
        if len == 0 || len > 19 || (len > 1 && text[0] == b'0') {
            return Err(Reason::Number);
        }
        Ok(self.keep(slot, at, at + len))
    }

    #[inline(always)]
    fn number_hole(&mut self, slot: u8, at: usize, hole: Hole) -> Result<usize, Reason> {
        let sign = usize::from(hole == Hole::Signed && self.frame.byte(at) == b'-');
        let text = self.frame.window(at + sign).ok_or(Reason::End)?;
        let found = self.isa.numeric(text);
        if found.others == 0 {
            return Err(Reason::Number);
        }
        let len = found.others.trailing_zeros();
        let bare = hole != Hole::Quoted;
        let mut span = span_of(self.frame, at + sign, len, u64::from(found.dots), bare)?;
        span.start = at as u32;
        self.spans[usize::from(slot) % SLOTS] = span;
        Ok(span.end as usize)
    }

    /// Printable ASCII up to a quote, or in the name of a stream up to `@`.
    #[inline(always)]
    fn text_hole(&mut self, slot: u8, at: usize, hole: Hole) -> Result<usize, Reason> {
        let in_stream = matches!(hole, Hole::Stream | Hole::Lower);
        let text = self.frame.window(at).ok_or(Reason::End)?;
        let found = self.isa.textual(text, if in_stream { b'@' } else { b'"' });
        let len = found.ends.trailing_zeros();
        // `!` begins the names of streams of all symbols.
        if len == 32 || found.unclean & low(len) != 0 || (in_stream && text[0] == b'!') {
            return Err(Reason::Text);
        }
        match hole {
            Hole::Symbol => self.resolve(text, len as usize)?,
            Hole::Lower => self.resolve_lower(text, len as usize)?,
            _ => {}
        }
        Ok(self.keep(slot, at, at + len as usize))
    }

    /// The instrument of a symbol, which the levels and numbers behind it are read for.
    #[inline(always)]
    fn resolve(&mut self, text: &[u8; SHORT_SYMBOL], len: usize) -> Result<(), Reason> {
        let found = self.instruments.find_short(text, len);
        let instrument = found.ok_or(Reason::Symbol)?;
        self.scale = Some(Scale::of(instrument));
        self.instrument = Some(instrument);
        Ok(())
    }

    /// As [`Message::resolve`], of a symbol in lower case.
    #[inline(never)]
    fn resolve_lower(&mut self, text: &[u8; SHORT_SYMBOL], len: usize) -> Result<(), Reason> {
        let symbol = text.get(..len).unwrap_or(&[]);
        if symbol.contains(&b'"') {
            return Err(Reason::Text);
        }
        self.resolve(&text.map(|byte| byte.to_ascii_uppercase()), len)
    }

    #[inline(always)]
    fn flag_hole(&mut self, slot: u8, at: usize) -> Result<usize, Reason> {
        let text = self.frame.window::<8>(at).ok_or(Reason::End)?;
        let word = u64::from_le_bytes(*text);
        if word & 0xFFFF_FFFF == u64::from(u32::from_le_bytes(*b"true")) {
            Ok(self.keep(slot, at, at + 4))
        } else if word & 0xFF_FFFF_FFFF == u64::from_le_bytes(*b"false\0\0\0") {
            Ok(self.keep(slot, at, at + 5))
        } else {
            Err(Reason::Value)
        }
    }

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
        self.frame.slice(span.start as usize, span.end as usize)
    }

    /// A UUID.
    #[inline(always)]
    pub(crate) fn uuid(&self, slot: usize) -> Result<[u8; 16], Reason> {
        let text = self.frame.window(self.span(slot).start as usize);
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
        if len != other.len() || len > 32 {
            return None;
        }
        let text = self.frame.window(one.start as usize)?;
        let same = self.frame.window(other.start as usize)?;
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

/// A number of `len` bytes at `at`: digits, with at most one point between two of them.
#[inline(always)]
fn span_of(frame: Frame<'_>, at: usize, len: u32, dots: u64, bare: bool) -> Result<Span, Reason> {
    Ok(Span {
        start: at as u32,
        end: at as u32 + len,
        fraction: fraction_of(len, dots, bare && frame.byte(at) == b'0')?,
    })
}

/// Digits behind the point of a number of `len` bytes, fewer than 64, that is digits with at most one
/// point between two of them. One that has to be spelled by JSON's grammar and begins with a zero has
/// no second digit before the point.
#[inline(always)]
pub(super) fn fraction_of(len: u32, dots: u64, bare_zero: bool) -> Result<u32, Reason> {
    let dots = dots & ((1 << len) - 1);
    let whole = dots.trailing_zeros().min(len);
    let several = dots & dots.wrapping_sub(1) != 0;
    // A last byte that is a point leaves one byte behind the whole.
    if whole == 0 || whole + 1 == len && dots != 0 || several || (bare_zero && whole > 1) {
        return Err(Reason::Number);
    }
    Ok((len - whole).saturating_sub(1))
}
