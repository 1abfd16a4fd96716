//! The way of a message through a template.

use super::Grammar;
use super::levels::Side;
use super::message::{Day, Message, Reason};
use super::number::{Span, fraction_of};
use super::padded::Frame;
use super::simd::{Isa, Task, low};
use super::template::{Hole, SLOTS, Template};
use crate::batch::Batch;
use crate::instrument::{Instrument, Instruments, SHORT_SYMBOL};
use crate::venue::levels::Scale;

/// Bytes that are looked at for one value.
const WINDOW: usize = SHORT_SYMBOL;

/// Bytes that one step may look at: a literal and a value behind it.
const AREA: usize = 128;

/// The bytes of an area from `at`, at most 63, on.
#[inline(always)]
fn window(area: &[u8; AREA], at: usize) -> &[u8; WINDOW] {
    area[at & 63..].first_chunk().unwrap_or(&[0; WINDOW])
}

/// `true` or `false`: its bytes.
#[inline(always)]
fn flag(text: &[u8; WINDOW]) -> Result<u32, Reason> {
    let (words, _) = text.as_chunks::<8>();
    let word = u64::from_le_bytes(words[0]);
    if word as u32 == u32::from_le_bytes(*b"true") {
        Ok(4)
    } else if word & 0xFF_FFFF_FFFF == u64::from_le_bytes(*b"false\0\0\0") {
        Ok(5)
    } else {
        Err(Reason::Value)
    }
}

/// A frame on its way, and what is filled from it.
pub(super) struct Walk<'w, I> {
    pub(super) isa: I,
    pub(super) frame: Frame<'w>,
    pub(super) instruments: &'w Instruments,
    pub(super) batch: &'w mut Batch,
    pub(super) spans: &'w mut [Span; SLOTS],
    pub(super) day: &'w mut Day,
}

/// What a message's values and levels belong to.
#[derive(Clone, Copy)]
struct Met<'w> {
    /// The instrument whose symbol was met last.
    instrument: Option<&'w Instrument>,
    /// The powers of ten of the levels, once there are some.
    scale: Option<Scale>,
    /// Where the message's levels begin in the batch, and where the asks do.
    first_level: usize,
    first_ask: usize,
}

/// Turns the values of a message into items, as a function of its own: what it needs of registers is
/// not taken from the walk.
struct Emit<'a, G: Grammar, I> {
    kind: usize,
    context: G::Context,
    message: Message<'a, I>,
}

impl<G: Grammar, I: Isa> Task for Emit<'_, G, I> {
    type Output = Result<(), Reason>;

    #[inline(always)]
    fn run<J: Isa>(mut self, _isa: J) -> Self::Output {
        G::emit(self.kind, self.context, &mut self.message)
    }
}

impl<'w, I: Isa> Walk<'w, I> {
    /// Goes through a template and emits each element, or the whole where nothing repeats; how many.
    ///
    /// Every form of hole has one place here, and so one copy in each target's code.
    #[inline(always)]
    pub(super) fn read<G: Grammar>(
        &mut self,
        template: &Template,
        kind: usize,
        context: G::Context,
    ) -> Result<usize, Reason> {
        let first_level = self.batch.levels.len();
        let mut met = Met {
            instrument: None,
            scale: None,
            first_level,
            first_ask: first_level,
        };
        let (mut at, mut emitted, mut steps) = (0, 0, template.steps.iter());
        while let Some(step) = steps.next() {
            let area = self.frame.window::<AREA>(at).ok_or(Reason::End)?;
            if self.isa.differs(window(area, 0), &step.literal) & step.bytes != 0 {
                return Err(Reason::Shape);
            }
            let text = window(area, usize::from(step.len));
            at += usize::from(step.len);
            let (len, fraction) = match step.hole {
                Hole::None => (0, 0),
                Hole::Digits => (self.digits(text)?, 0),
                Hole::Quoted => self.number(text, false)?,
                Hole::Number => self.number(text, true)?,
                Hole::Signed => {
                    let sign = u32::from(text[0] == b'-');
                    let text = window(area, usize::from(step.len) + sign as usize);
                    let (len, fraction) = self.number(text, true)?;
                    (sign + len, fraction)
                }
                Hole::Text => (self.text(text)?, 0),
                Hole::Symbol | Hole::Lower => {
                    let (len, instrument) = self.symbol(text, step.hole == Hole::Lower)?;
                    met.instrument = Some(instrument);
                    (len, 0)
                }
                Hole::Stream => (self.stream(text)?, 0),
                Hole::Uuid => (36, 0),
                Hole::Flag => (flag(text)?, 0),
                Hole::Bids | Hole::Asks => {
                    if step.hole == Hole::Asks {
                        met.first_ask = self.batch.levels.len();
                    }
                    at = self.side(template, at, &mut met)?;
                    continue;
                }
                Hole::Emit => {
                    self.emit::<G>(template, kind, context, met)?;
                    emitted += 1;
                    if let Some(element) = template.element
                        && text[0] == b','
                    {
                        at += 1;
                        steps = template.steps.get(element..).unwrap_or(&[]).iter();
                    }
                    continue;
                }
            };
            at += len as usize;
            self.spans[usize::from(step.slot) % SLOTS] = Span {
                end: at as u32,
                len: len as u16,
                fraction: fraction as u16,
            };
        }
        if at == self.frame.len() {
            Ok(emitted)
        } else {
            Err(Reason::End)
        }
    }

    #[inline(always)]
    fn emit<G: Grammar>(
        &mut self,
        template: &Template,
        kind: usize,
        context: G::Context,
        met: Met<'_>,
    ) -> Result<(), Reason> {
        let message = Message {
            isa: self.isa,
            frame: self.frame,
            batch: self.batch,
            spans: self.spans,
            day: self.day,
            present: template.present,
            instrument: met.instrument,
            scale: met.scale,
            first_level: met.first_level,
            first_ask: met.first_ask,
        };
        self.isa.run(Emit::<G, I> {
            kind,
            context,
            message,
        })
    }

    /// Appends the levels of the array at `at`; where it ends.
    #[inline(always)]
    fn side(&mut self, template: &Template, at: usize, met: &mut Met<'_>) -> Result<usize, Reason> {
        let scale = match (met.scale, met.instrument) {
            (Some(scale), _) => scale,
            (None, Some(instrument)) => Scale::of(instrument),
            (None, None) => return Err(Reason::Symbol),
        };
        let (end, scale) = self.isa.run(Side {
            frame: self.frame,
            shape: &template.shape,
            batch: self.batch,
            first: met.first_level,
            scale,
            at,
        })?;
        met.scale = Some(scale);
        Ok(end)
    }

    /// A bare whole number: its bytes.
    #[inline(always)]
    fn digits(&self, text: &[u8; WINDOW]) -> Result<u32, Reason> {
        let found = self.isa.numeric(text);
        let len = (found.others | found.dots).trailing_zeros();
        if len == 0 || len > 19 || (text[0] == b'0' && len > 1) {
            return Err(Reason::Number);
        }
        Ok(len)
    }

    /// A number: its bytes, and digits behind the point.
    #[inline(always)]
    fn number(&self, text: &[u8; WINDOW], bare: bool) -> Result<(u32, u32), Reason> {
        let found = self.isa.numeric(text);
        let len = found.others.trailing_zeros();
        if len == 32 {
            return Err(Reason::Number);
        }
        let fraction = fraction_of(len, u64::from(found.dots), bare && text[0] == b'0')?;
        Ok((len, fraction))
    }

    /// Printable ASCII up to a quote.
    #[inline(always)]
    fn text(&self, text: &[u8; WINDOW]) -> Result<u32, Reason> {
        let found = self.isa.textual(text, b'"');
        let len = found.ends.trailing_zeros();
        if len == 32 || found.unclean & low(len) != 0 {
            return Err(Reason::Text);
        }
        Ok(len)
    }

    /// A symbol, in lower case in the name of a stream, and its instrument, which the levels and numbers
    /// behind it are read for. Only symbols of printable ASCII without quotes and backslashes are found.
    #[inline(always)]
    fn symbol(&self, text: &[u8; WINDOW], is_lower: bool) -> Result<(u32, &'w Instrument), Reason> {
        let end = if is_lower { b'@' } else { b'"' };
        let len = self.isa.textual(text, end).ends.trailing_zeros();
        if len == 32 || (is_lower && text[0] == b'!') {
            return Err(Reason::Text);
        }
        let upper;
        let text = if is_lower {
            upper = text.map(|byte| byte.to_ascii_uppercase());
            &upper
        } else {
            text
        };
        let instrument = self.instruments.find_short(self.isa, text, len);
        Ok((len, instrument.ok_or(Reason::Symbol)?))
    }

    /// The name of a stream up to `@`, which who emits compares with the symbol: so nothing else is
    /// asked of it, but that it is no stream of all symbols.
    #[inline(always)]
    fn stream(&self, text: &[u8; WINDOW]) -> Result<u32, Reason> {
        let len = self.isa.textual(text, b'@').ends.trailing_zeros();
        if len == 32 || text[0] == b'!' {
            return Err(Reason::Text);
        }
        Ok(len)
    }
}
