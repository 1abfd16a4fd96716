//! One message on its way through a template.

use std::ops::Range;

use super::Grammar;
use super::number::{self, Scanned, Span};
use super::padded::Frame;
use super::simd::{Isa, low};
use super::template::{Hole, SLOTS, Step, Template};
use crate::batch::Batch;
use crate::instrument::{Instrument, Instruments, SHORT_SYMBOL};
use crate::time::{self, Nanos};
use crate::venue::levels::{Scale, Sides};

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

/// The last day that a stamp named: calendars are slow, and days are long.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Day {
    /// `YYYY-MM-DDT`.
    text: [u8; 11],
    start: Nanos,
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
}

impl<'a, I: Isa> Message<'a, I> {
    /// Goes through a template and emits each element, or the whole where nothing repeats.
    #[inline(always)]
    pub(super) fn read<G: Grammar>(
        &mut self,
        template: &Template,
        kind: usize,
        context: G::Context,
    ) -> Result<(), Reason> {
        self.present = template.present;
        let mut at = self.walk(template, &template.head, 0)?;
        if !template.element.is_empty() {
            loop {
                at = self.walk(template, &template.element, at)?;
                G::emit(kind, context, self)?;
                if self.frame.byte(at) != b',' {
                    break;
                }
                at += 1;
            }
            at = self.walk(template, &template.tail, at)?;
        }
        if at != self.frame.len() {
            return Err(Reason::End);
        }
        if template.element.is_empty() {
            G::emit(kind, context, self)?;
        }
        Ok(())
    }

    #[inline(always)]
    fn walk(&mut self, template: &Template, steps: &[Step], at: usize) -> Result<usize, Reason> {
        let mut at = at;
        for step in steps {
            let text = self.frame.window(at).ok_or(Reason::End)?;
            if self.isa.differs(text, &step.literal) & step.bytes != 0 {
                return Err(Reason::Shape);
            }
            at += usize::from(step.len);
            at = match step.hole {
                Hole::None => continue,
                Hole::Digits => self.digits(step.slot, at)?,
                Hole::Number => self.number_hole(step.slot, at, true)?,
                Hole::Quoted => self.number_hole(step.slot, at, false)?,
                Hole::Signed => {
                    let sign = usize::from(self.frame.byte(at) == b'-');
                    let end = self.number_hole(step.slot, at + sign, true)?;
                    self.spans[usize::from(step.slot)].start = at as u32;
                    end
                }
                Hole::Text => self.text_hole(step.slot, at, b'"')?,
                Hole::Symbol => self.symbol(step.slot, at)?,
                Hole::Lower => self.lower(step.slot, at)?,
                Hole::Stream => self.stream(step.slot, at)?,
                Hole::Uuid => self.keep(step.slot, at, at + 36),
                Hole::Flag => self.flag_hole(step.slot, at)?,
                Hole::Bids => {
                    let end = self.levels(&template.shape, at)?;
                    self.first_ask = self.batch.levels.len();
                    end
                }
                Hole::Asks => self.levels(&template.shape, at)?,
            };
        }
        Ok(at)
    }

    #[inline(always)]
    fn keep(&mut self, slot: u8, start: usize, end: usize) -> usize {
        self.spans[usize::from(slot)] = Span {
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
    fn number_hole(&mut self, slot: u8, at: usize, bare: bool) -> Result<usize, Reason> {
        let text = self.frame.window(at).ok_or(Reason::End)?;
        let found = self.isa.numeric(text);
        if found.others == 0 {
            return Err(Reason::Number);
        }
        let len = found.others.trailing_zeros();
        let span = span_of(self.frame, at, len, u64::from(found.dots), bare)?;
        self.spans[usize::from(slot)] = span;
        Ok(span.end as usize)
    }

    /// Printable ASCII up to `end`.
    #[inline(always)]
    fn text_hole(&mut self, slot: u8, at: usize, end: u8) -> Result<usize, Reason> {
        let text = self.frame.window(at).ok_or(Reason::End)?;
        let found = self.isa.textual(text, end);
        let len = found.ends.trailing_zeros();
        if len == 32 || found.unclean & low(len) != 0 {
            return Err(Reason::Text);
        }
        Ok(self.keep(slot, at, at + len as usize))
    }

    /// The symbol of an instrument, which the levels and numbers behind it are read for.
    #[inline(always)]
    fn symbol(&mut self, slot: u8, at: usize) -> Result<usize, Reason> {
        let end = self.text_hole(slot, at, b'"')?;
        let text = self.frame.window(at).ok_or(Reason::End)?;
        self.resolve(text, end - at)?;
        Ok(end)
    }

    #[inline(always)]
    fn lower(&mut self, slot: u8, at: usize) -> Result<usize, Reason> {
        let end = self.stream(slot, at)?;
        let text: &[u8; SHORT_SYMBOL] = self.frame.window(at).ok_or(Reason::End)?;
        if self.isa.textual(text, b'"').ends & low((end - at) as u32) != 0 {
            return Err(Reason::Text);
        }
        self.resolve(&text.map(|byte| byte.to_ascii_uppercase()), end - at)?;
        Ok(end)
    }

    #[inline(always)]
    fn resolve(&mut self, text: &[u8; SHORT_SYMBOL], len: usize) -> Result<(), Reason> {
        let found = self.instruments.find_short(text, len);
        let instrument = found.ok_or(Reason::Symbol)?;
        self.scale = Some(Scale::of(instrument));
        self.instrument = Some(instrument);
        Ok(())
    }

    /// The symbol in a stream's name; `!` begins the names of streams of all symbols.
    #[inline(always)]
    fn stream(&mut self, slot: u8, at: usize) -> Result<usize, Reason> {
        if self.frame.byte(at) == b'!' {
            return Err(Reason::Text);
        }
        self.text_hole(slot, at, b'@')
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

    /// Whether one text is the other; short ones only.
    #[inline(always)]
    pub(crate) fn same(&self, slot: usize, other: usize) -> bool {
        let Some((text, same, len)) = self.pair(slot, other) else {
            return false;
        };
        self.isa.differs(text, same) & len == 0
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

    /// An RFC 3339 stamp.
    #[inline(always)]
    pub(crate) fn rfc3339(&mut self, slot: usize) -> Result<Nanos, Reason> {
        let span = self.span(slot);
        let (start, end) = (span.start as usize, span.end as usize);
        let day = self.frame.window::<11>(start).ok_or(Reason::End)?;
        if day == &self.day.text
            && let Some(clock) = self.clock(start + 11, end)
        {
            return Ok(self.day.start + clock);
        }
        self.calendar(start, end)
    }

    /// Nanoseconds of the day of `HH:MM:SS.f…Z`.
    #[inline(always)]
    fn clock(&self, at: usize, end: usize) -> Option<Nanos> {
        const SHAPE: u64 = u64::from_le_bytes(*b"00:00:00");
        // Digits become 0 to 9, which six more leave below 16; colons become 0.
        const SIX: u64 = u64::from_le_bytes([6, 6, 0, 6, 6, 0, 6, 6]);
        const WRONG: u64 = u64::from_le_bytes([240, 240, 255, 240, 240, 255, 240, 240]);
        let word = u64::from_le_bytes(*self.frame.window(at)?) ^ SHAPE;
        let wrong = (word | word.wrapping_add(SIX)) & WRONG;
        let text = self.frame.window(at + 9)?;
        let others = self.isa.numeric(text);
        let len = (others.others | others.dots).trailing_zeros() as usize;
        let exact = self.frame.byte(at + 8) == b'.' && self.frame.byte(at + 9 + len) == b'Z';
        if wrong != 0 || !exact || at + 10 + len != end || !(1..=9).contains(&len) {
            return None;
        }
        let pairs = word * 10 + (word >> 8);
        let pair = |at: u32| (pairs >> (8 * at) & 0xFF).cast_signed();
        let (hour, minute, second) = (pair(0), pair(3), pair(6));
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let fraction = number::unsigned(
            self.isa,
            self.frame,
            Span {
                start: (at + 9) as u32,
                end: (at + 9 + len) as u32,
                fraction: 0,
            },
        )?;
        let scale = crate::fixed::pow10(9 - len as u32)?;
        let seconds = hour * 3_600 + minute * 60 + second;
        Some(seconds * 1_000_000_000 + fraction.cast_signed() * scale)
    }

    #[cold]
    #[inline(never)]
    fn calendar(&mut self, start: usize, end: usize) -> Result<Nanos, Reason> {
        let read = |text| time::from_rfc3339(std::str::from_utf8(text).ok()?);
        let stamp = read(self.frame.slice(start, end)).ok_or(Reason::Time)?;
        let day = self.frame.window::<11>(start).ok_or(Reason::End)?;
        let midnight = [&day[..], b"00:00:00Z"].concat();
        if let Some(start) = read(&midnight) {
            *self.day = Day { text: *day, start };
        }
        Ok(stamp)
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
pub(super) fn span_of(
    frame: Frame<'_>,
    at: usize,
    len: u32,
    dots: u64,
    bare: bool,
) -> Result<Span, Reason> {
    let dots = dots & ((1 << len) - 1);
    let whole = if dots == 0 {
        len
    } else {
        dots.trailing_zeros()
    };
    let fraction = if dots == 0 { 0 } else { len - whole - 1 };
    let several = dots & dots.wrapping_sub(1) != 0;
    let zero_first = bare && whole > 1 && frame.byte(at) == b'0';
    if whole == 0 || (dots != 0 && fraction == 0) || several || zero_first {
        return Err(Reason::Number);
    }
    Ok(Span {
        start: at as u32,
        end: at as u32 + len,
        fraction,
    })
}
