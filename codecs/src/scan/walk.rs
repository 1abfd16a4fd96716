//! The way of a message through a template.

use super::Grammar;
use super::levels::Side;
use super::message::{Message, Reason};
use super::number::{Span, fraction_of};
use super::simd::{Isa, Task, low};
use super::template::{Hole, SLOTS, Template};
use crate::instrument::SHORT_SYMBOL;

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

/// Where a stretch of a template ended: how many bytes of the frame, and which steps, are behind it.
#[derive(Clone, Copy)]
struct Stop {
    at: u32,
    next: u32,
    /// Whether a message or an element is whole, or else the template at its end.
    is_whole: bool,
}

/// The values and levels up to the end of an element, read by a function of its own, which keeps all that
/// the values need in registers.
struct Stretch<'m, 'a, I> {
    message: &'m mut Message<'a, I>,
    template: &'m Template,
    /// Bytes of the frame, and steps, before it.
    at: usize,
    next: usize,
}

impl<I: Isa> Task for Stretch<'_, '_, I> {
    type Output = Result<Stop, Reason>;

    #[inline(always)]
    fn run<J: Isa>(self, _isa: J) -> Self::Output {
        let Self {
            message, template, ..
        } = self;
        let (isa, frame, steps) = (message.isa, message.frame, template.steps.as_slice());
        let mut at = self.at;
        let mut left = steps.get(self.next..).unwrap_or(&[]).iter();
        while let Some(step) = left.next() {
            let area = frame.window::<AREA>(at).ok_or(Reason::End)?;
            if isa.differs(window(area, 0), &step.literal) & step.bytes != 0 {
                return Err(Reason::Shape);
            }
            let text = window(area, usize::from(step.len));
            at += usize::from(step.len);
            let (len, fraction) = match step.hole {
                Hole::None => (0, 0),
                Hole::Digits => (digits(isa, text)?, 0),
                Hole::Quoted => number(isa, text, false)?,
                Hole::Number => number(isa, text, true)?,
                Hole::Signed => signed(isa, area, usize::from(step.len))?,
                Hole::Text => (clean(isa, text)?, 0),
                Hole::Symbol => (name(isa, text, b'"')?, 0),
                Hole::Stream | Hole::Lower => (name(isa, text, b'@')?, 0),
                Hole::Uuid => (36, 0),
                Hole::Flag => (flag(text)?, 0),
                Hole::Bids | Hole::Asks => {
                    let is_asks = step.hole == Hole::Asks;
                    at = isa.run(Side {
                        message,
                        template,
                        is_asks,
                        at,
                    })?;
                    continue;
                }
                Hole::Emit => {
                    return Ok(Stop {
                        at: at as u32,
                        next: (steps.len() - left.len()) as u32,
                        is_whole: true,
                    });
                }
            };
            at += len as usize;
            message.spans[usize::from(step.slot) % SLOTS] = Span {
                end: at as u32,
                len: len as u16,
                fraction: fraction as u16,
            };
        }
        Ok(Stop {
            at: at as u32,
            next: steps.len() as u32,
            is_whole: false,
        })
    }
}

/// A bare whole number: its bytes.
#[inline(always)]
fn digits<I: Isa>(isa: I, text: &[u8; WINDOW]) -> Result<u32, Reason> {
    let found = isa.numeric(text);
    let len = (found.others | found.dots).trailing_zeros();
    if len == 0 || len > 19 || (text[0] == b'0' && len > 1) {
        return Err(Reason::Number);
    }
    Ok(len)
}

/// A number: its bytes, and digits behind the point.
#[inline(always)]
fn number<I: Isa>(isa: I, text: &[u8; WINDOW], bare: bool) -> Result<(u32, u32), Reason> {
    let found = isa.numeric(text);
    // A number that goes on behind the window does not have the next literal behind it.
    let len = found.others.trailing_zeros();
    let fraction = fraction_of(len, u64::from(found.dots), bare && text[0] == b'0')?;
    Ok((len, fraction))
}

/// A number with all that JSON allows, at most 63 bytes into an area: its bytes, and digits behind the
/// point.
#[inline(always)]
fn signed<I: Isa>(isa: I, area: &[u8; AREA], at: usize) -> Result<(u32, u32), Reason> {
    let sign = u32::from(area[at & 63] == b'-');
    let text = window(area, at + sign as usize);
    let (len, fraction) = number(isa, text, true)?;
    if text[len as usize % WINDOW] | 0x20 == b'e' {
        return Ok((sign + power(text, len)?, u32::from(Span::POWER)));
    }
    Ok((sign + len, fraction))
}

/// The bytes of a number whose exponent begins `at` bytes behind its first digit.
#[cold]
#[inline(never)]
fn power(text: &[u8; WINDOW], at: u32) -> Result<u32, Reason> {
    let rest = text.get(at as usize + 1..).unwrap_or(&[]);
    let sign = usize::from(matches!(rest.first(), Some(b'+' | b'-')));
    let digits = rest.iter().skip(sign);
    let digits = digits.take_while(|byte| byte.is_ascii_digit()).count();
    // One that goes on behind the window does not have the next literal behind it.
    if digits == 0 {
        return Err(Reason::Number);
    }
    Ok(at + 1 + (sign + digits) as u32)
}

/// Printable ASCII up to a quote.
#[inline(always)]
fn clean<I: Isa>(isa: I, text: &[u8; WINDOW]) -> Result<u32, Reason> {
    let found = isa.textual(text, b'"');
    let len = found.ends.trailing_zeros();
    if len == 32 || found.unclean & low(len) != 0 {
        return Err(Reason::Text);
    }
    Ok(len)
}

/// A symbol, or the name of a stream. Who asks for the instrument, or compares one with the other, learns
/// whether it is one: so nothing is asked of it here, but that it is no stream of all symbols.
#[inline(always)]
fn name<I: Isa>(isa: I, text: &[u8; WINDOW], end: u8) -> Result<u32, Reason> {
    if text[0] == b'!' {
        return Err(Reason::Text);
    }
    // A name that goes on behind the window does not have the next literal behind it.
    Ok(isa.textual(text, end).ends.trailing_zeros())
}

/// Turns the values of a message into items, in a function of its own.
struct Emit<'m, 'a, G: Grammar, I> {
    kind: usize,
    context: G::Context,
    message: &'m mut Message<'a, I>,
}

impl<G: Grammar, I: Isa> Task for Emit<'_, '_, G, I> {
    type Output = Result<(), Reason>;

    #[inline(always)]
    fn run<J: Isa>(self, _isa: J) -> Self::Output {
        G::emit(self.kind, self.context, self.message)
    }
}

impl<I: Isa> Message<'_, I> {
    /// Goes through a template and emits each element, or the whole where nothing repeats; how many.
    #[inline(always)]
    pub(super) fn read<G: Grammar>(
        &mut self,
        template: &Template,
        kind: usize,
        context: G::Context,
    ) -> Result<usize, Reason> {
        let (mut at, mut next, mut emitted) = (0, 0, 0);
        while next < template.steps.len() {
            let stop = self.isa.run(Stretch {
                message: self,
                template,
                at,
                next,
            })?;
            (at, next) = (stop.at as usize, stop.next as usize);
            if !stop.is_whole {
                break;
            }
            // Levels have asked for the instrument already.
            if self.scale.is_none() {
                self.resolve(template)?;
            }
            self.walked = self.batch.levels.len();
            self.isa.run(Emit::<G, I> {
                kind,
                context,
                message: self,
            })?;
            emitted += 1;
            if let Some(element) = template.element
                && self.frame.byte(at) == b','
            {
                (at, next) = (at + 1, element);
            }
        }
        if at == self.frame.len() {
            Ok(emitted)
        } else {
            Err(Reason::End)
        }
    }

    /// Goes through a template once more, up to the end of the element from `start` to `end`, which have to be the
    /// borders of one; which it is.
    pub(super) fn go_to(&mut self, template: &Template, start: usize, end: usize) -> Option<usize> {
        let (mut from, mut at, mut next, mut element) = (0, 0, 0, 0);
        while at < end {
            let stop = self.isa.run(Stretch {
                message: self,
                template,
                at,
                next,
            });
            let stopped = stop.ok().filter(|stop| stop.is_whole)?.at as usize;
            if stopped == end && from == start {
                self.resolve(template).ok()?;
                return Some(element);
            }
            (from, at, next) = (stopped, stopped + 1, template.element?);
            element += 1;
        }
        None
    }

    /// Finds the instrument of the symbol that was met. Only symbols of printable ASCII without quotes and
    /// backslashes are found.
    #[inline(always)]
    pub(super) fn resolve(&mut self, template: &Template) -> Result<(), Reason> {
        let (slot, is_lower) = template.symbol.ok_or(Reason::Symbol)?;
        let span = self.spans[usize::from(slot) % SLOTS];
        let text = self.frame.window(span.start()).ok_or(Reason::End)?;
        let (isa, len) = (self.isa, u32::from(span.len));
        let found = if is_lower {
            let upper = text.map(|byte| byte.to_ascii_uppercase());
            self.instruments.find_short(isa, &upper, len)
        } else {
            self.instruments.find_short(isa, text, len)
        };
        self.instrument = Some(found.ok_or(Reason::Symbol)?);
        Ok(())
    }
}
