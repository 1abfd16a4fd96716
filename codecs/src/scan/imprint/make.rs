//! An imprint from a message that a template took.

use super::recorder::Reads;
use super::{
    BLOCKS, CLOCK, Cut, Extent, Imprint, LEVELS_MAX, NEGATIVE, NUMBERS, Number, Part, Pattern,
    SPOTS, Spot,
};
use crate::instrument::{Instrument, Instruments, SHORT_SYMBOL};
use crate::scan::number::Span;
use crate::scan::padded::Frame;
use crate::scan::simd::{BLOCK, Row, pattern};
use crate::scan::template::{Hole, SLOTS, Step, Template};
use crate::venue::levels::Scale;

/// Where a message, or a part of one with its lead, stands and what took it.
#[derive(Clone, Copy)]
pub(in crate::scan) struct Taken<'a> {
    pub(in crate::scan) frame: Frame<'a>,
    pub(in crate::scan) spans: &'a [Span; SLOTS],
    pub(in crate::scan) template: &'a Template,
    /// Those of the part.
    pub(in crate::scan) steps: &'a [Step],
    /// The kind of message, and the template's place.
    pub(in crate::scan) kind: usize,
    pub(in crate::scan) at: usize,
    pub(in crate::scan) instruments: &'a Instruments,
    pub(in crate::scan) instrument: &'a Instrument,
}

/// No slot.
const NO_STAMP: u8 = u8::MAX;

impl Pattern {
    /// Each byte of a text stands for itself; `None` where one is none of ASCII, of which there are no patterns.
    fn fill(&mut self, text: &[u8]) -> Option<()> {
        let tail = text.last_chunk::<BLOCK>().filter(|_| text.is_ascii())?;
        self.tail = tail.map(pattern::only);
        for (to, byte) in self.blocks.as_flattened_mut().iter_mut().zip(text) {
            *to = pattern::only(*byte);
        }
        Some(())
    }
}

impl Imprint {
    /// The imprint of what had none; `None` where it has what an imprint has no room for.
    pub(in crate::scan) fn of(missing: Cut, taken: Taken<'_>, reads: &Reads) -> Option<Self> {
        let Taken {
            frame, template, ..
        } = taken;
        let text = frame.slice(missing.part.lead(), frame.len());
        let symbol = taken.spans[usize::from(template.symbol?.0) % SLOTS];
        let mut made = Self {
            uses: 0,
            edition: taken.instruments.edition(),
            index: u32::try_from(taken.instrument.id.index()).ok()?,
            extent: Extent::of(text, missing.part),
            ways: reads.ways,
            present: template.present,
            place: missing.place,
            symbol: Spot::of(symbol)?,
            kind: u16::try_from(taken.kind).ok()?,
            template: u16::try_from(taken.at).ok()?,
            scale: Scale::of(taken.instrument),
            plain: 0,
            odd: 0,
            stamp: reads.stamp.map_or(NO_STAMP, |slot| slot as u8),
            is_lower: reads.is_lower.unwrap_or(false),
            numbers: [Number::NONE; NUMBERS],
            own: 0,
            levels: None,
            spots: [Spot::default(); SPOTS],
            pattern: Pattern {
                tail: [0; BLOCK],
                blocks: [[0; BLOCK]; BLOCKS],
            },
        };
        made.pattern.fill(text)?;
        let is_later = missing.part == Part::Later;
        if reads.is_odd
            || (is_later && reads.is_lower.is_some())
            || symbol.len() > SHORT_SYMBOL
            || !made.fill(taken, reads)?
        {
            return None;
        }
        Some(made)
    }

    /// What may stand in the holes; whether each of them has its own slot.
    fn fill(&mut self, taken: Taken<'_>, reads: &Reads) -> Option<bool> {
        // What a later part begins with, the comma, is in no step.
        let (mut seen, mut at) = (
            0_u32,
            self.extent.lead() + usize::from(self.extent.is_later()),
        );
        for step in taken.steps {
            at += usize::from(step.len);
            let slot = usize::from(step.slot);
            let span = taken.spans[slot % SLOTS];
            match step.hole {
                Hole::None | Hole::Emit => continue,
                Hole::Bids | Hole::Asks => {
                    let side = usize::from(step.hole == Hole::Asks);
                    at = self.side(taken, at, side)?;
                    continue;
                }
                Hole::Symbol | Hole::Stream | Hole::Lower | Hole::Flag => {}
                Hole::Text => {
                    self.allow_digits(taken.frame, span);
                    if reads.stamp == Some(slot) {
                        self.clock(taken.frame, span, slot)?;
                    }
                }
                Hole::Uuid if reads.uuids & 1 << slot == 0 => return None,
                // Who reads it looks at each byte.
                Hole::Uuid => {
                    (span.start()..span.end()).for_each(|at| self.allow(at, pattern::ANY));
                }
                Hole::Digits | Hole::Number | Hole::Signed | Hole::Quoted => {
                    self.allow_number(taken.frame, span, step.hole != Hole::Quoted)?;
                    self.number(taken.frame, Spelled::of(taken.frame, span)?, slot)?;
                }
            }
            if let Some(to) = self.spots.get_mut(slot) {
                *to = Spot::of(span)?;
            }
            // Values that are not read may share a slot.
            if span.start() != at || seen & 1 << slot != 0 {
                return Some(false);
            }
            seen |= 1 << slot;
            at = span.end();
        }
        self.own = seen;
        Some(true)
    }

    /// What may stand at `at`.
    fn allow(&mut self, at: usize, pattern: u8) {
        let Some(at) = at.checked_sub(self.extent.lead()) else {
            return;
        };
        if let Some(block) = self.pattern.blocks.get_mut(at / BLOCK) {
            block[at % BLOCK] = pattern;
        }
        if let Some(at) = (at + BLOCK).checked_sub(self.extent.len()) {
            self.pattern.tail[at % BLOCK] = pattern;
        }
    }

    /// Any digit where a digit is.
    fn allow_digits(&mut self, frame: Frame<'_>, span: Span) {
        let text = frame.slice(span.start(), span.end());
        let digits = (span.start()..).zip(text);
        let digits = digits.filter(|(_, byte)| byte.is_ascii_digit());
        digits.for_each(|(at, _)| self.allow(at, pattern::DIGIT));
    }

    /// A number with digits where this one has them; a bare one does not begin with a zero if it is longer.
    fn allow_number(&mut self, frame: Frame<'_>, span: Span, bare: bool) -> Option<()> {
        self.allow_digits(frame, span);
        let spelled = Spelled::of(frame, span)?;
        if bare && spelled.whole > 1 {
            self.allow(spelled.start, pattern::NOT_ZERO);
        }
        Some(())
    }

    /// How a number is read, in the way that it was.
    fn number(&mut self, frame: Frame<'_>, spelled: Spelled, slot: usize) -> Option<()> {
        let (bit, ways) = (1 << slot, self.ways);
        let Spelled { end, whole, .. } = spelled;
        let exp = match () {
            () if ways.whole & bit != 0 => {
                if spelled.fraction > 0 || spelled.negative || whole > 19 {
                    return None;
                }
                let high = whole.saturating_sub(16);
                if high > 0 {
                    self.push_odd(slot, end - 16, row(high, 0, 0)?, 16)?;
                }
                return self.push(slot, end, row(whole - high, 0, 0)?);
            }
            () if ways.px & bit != 0 => self.scale.px_exp,
            () if ways.qty & bit != 0 => self.scale.qty_exp,
            () if ways.fixed & bit != 0 => {
                let digits = row(whole, spelled.fraction, 0)?;
                return match spelled.negative {
                    true => self.push_sum(slot, end, digits, NEGATIVE),
                    false => self.push(slot, end, digits),
                };
            }
            () => return Some(()),
        };
        self.scaled(frame, spelled, exp, slot)
    }

    /// A price or a quantity, at the power of ten of its instrument.
    fn scaled(&mut self, frame: Frame<'_>, spelled: Spelled, exp: i8, to: usize) -> Option<()> {
        let places = usize::try_from(-i32::from(exp)).ok()?;
        let kept = spelled.fraction.min(places);
        let surplus = spelled.fraction - kept;
        let factor = places - kept;
        let digits = spelled.whole + kept;
        if spelled.negative || (surplus > 0 && self.scale.keep_zeros) {
            return None;
        }
        // No mantissa of so many digits is too great.
        if digits + factor > 18 {
            return None;
        }
        for at in spelled.end - surplus..spelled.end {
            if frame.byte(at) != b'0' {
                return None;
            }
            self.allow(at, pattern::only(b'0'));
        }
        let point = usize::from(kept == 0 && surplus > 0);
        let end = spelled.end - surplus - point;
        match row(spelled.whole, kept, factor) {
            Some(digits) => self.push(to, end, digits),
            None => self.push_sum(to, end, row(spelled.whole, kept, 0)?, factor as u8),
        }
    }

    /// The array of levels at `at`, of bids (`side` 0) or asks (1); where it ends.
    fn side(&mut self, taken: Taken<'_>, at: usize, side: usize) -> Option<usize> {
        let (frame, shape) = (taken.frame, taken.template.shape);
        let (mut at, mut depth, mut numbers) = (at, 0, 0);
        let before = usize::from(self.levels.unwrap_or([0; 2])[0]);
        loop {
            match frame.byte(at) {
                b'[' => depth += 1,
                b']' if depth == 1 => break,
                b']' => depth -= 1,
                b'0'..=b'9' => {
                    let span = number_at(frame, at)?;
                    let (level, is_qty) = (before + numbers / 2, numbers % 2);
                    if level >= LEVELS_MAX {
                        return None;
                    }
                    self.allow_number(frame, span, shape.bare)?;
                    let exp = [self.scale.px_exp, self.scale.qty_exp][is_qty];
                    let to = SPOTS + 2 * level + is_qty;
                    self.scaled(frame, Spelled::of(frame, span)?, exp, to)?;
                    numbers += 1;
                    at = span.end();
                    continue;
                }
                0 | b'-' => return None,
                _ => {}
            }
            at += 1;
        }
        self.levels.get_or_insert([0; 2])[side] = u8::try_from(numbers / 2).ok()?;
        Some(at + 1)
    }

    /// How the clock of an RFC 3339 stamp is read.
    fn clock(&mut self, frame: Frame<'_>, span: Span, slot: usize) -> Option<()> {
        const SHAPE: &[u8; 20] = b"0000-00-00T00:00:00.";
        let text = frame.slice(span.start(), span.end());
        let (day, fraction) = text.split_first_chunk::<{ SHAPE.len() }>()?;
        let fraction = fraction.strip_suffix(b"Z")?;
        let shape = day.map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
        let is_digits = fraction.iter().all(u8::is_ascii_digit);
        if shape != *SHAPE || fraction.is_empty() || !is_digits {
            return None;
        }
        let zeros = 9_usize.checked_sub(fraction.len())?;
        self.push(slot, span.end() - 1, row(fraction.len(), 0, zeros)?)?;
        self.push(CLOCK, span.start() + SHAPE.len() - 1, Row::CLOCK)
    }

    /// Digits that end at `end` are a value.
    fn push(&mut self, to: usize, end: usize, row: Row) -> Option<()> {
        let at = usize::from(self.plain);
        self.plain += 1;
        self.put(at, to, end, (row, 0))
    }

    /// Digits that end at `end`, times a row of the factors, are a value. That of an element before stands there
    /// yet, so zero takes its place first.
    fn push_sum(&mut self, to: usize, end: usize, row: Row, factor: u8) -> Option<()> {
        if self.extent.is_later() {
            self.push(to, end, Row::NONE)?;
        }
        self.push_odd(to, end, row, factor)
    }

    /// Digits that end at `end` are added to a value, times a row of the factors.
    fn push_odd(&mut self, to: usize, end: usize, row: Row, factor: u8) -> Option<()> {
        self.odd += 1;
        let at = NUMBERS.checked_sub(usize::from(self.odd))?;
        self.put(at, to, end, (row, factor))
    }

    fn put(&mut self, at: usize, to: usize, end: usize, (row, factor): (Row, u8)) -> Option<()> {
        let pairs = usize::from(self.plain).div_ceil(2) + usize::from(self.odd).div_ceil(2);
        if pairs > NUMBERS / 2 {
            return None;
        }
        *self.numbers.get_mut(at)? = Number {
            start: u16::try_from(end.checked_sub(16)?).ok()?,
            row,
            to: u8::try_from(to).ok()?,
            factor,
        };
        Some(())
    }
}

/// So many digits before and behind a point, with zeros behind them; `None` where they are too many.
fn row(whole: usize, behind: usize, zeros: usize) -> Option<Row> {
    let digits = whole + behind;
    let fits = digits + usize::from(behind > 0) <= 16 && digits + zeros <= 16;
    fits.then(|| Row::new(digits, behind, zeros))
}

/// The number whose first digit stands at `at`.
fn number_at(frame: Frame<'_>, at: usize) -> Option<Span> {
    let text = frame.slice(at, frame.len());
    let inside = |byte: &&u8| byte.is_ascii_digit() || **byte == b'.';
    let len = text.iter().take_while(inside).count();
    let point = text.get(..len)?.iter().position(|byte| *byte == b'.');
    Some(Span {
        end: u32::try_from(at + len).ok()?,
        len: u16::try_from(len).ok()?,
        fraction: point.map_or(0, |point| len - point - 1) as u16,
    })
}

/// How a number stands in a message.
#[derive(Clone, Copy)]
struct Spelled {
    /// Where its digits begin and end.
    start: usize,
    end: usize,
    negative: bool,
    /// Digits before and behind the point.
    whole: usize,
    fraction: usize,
}

impl Spelled {
    /// `None` where it has an exponent.
    fn of(frame: Frame<'_>, span: Span) -> Option<Self> {
        let negative = frame.byte(span.start()) == b'-';
        let start = span.start() + usize::from(negative);
        let fraction = usize::from(span.fraction);
        let behind = fraction + usize::from(fraction > 0);
        Some(Self {
            start,
            end: span.end(),
            negative,
            whole: (span.end() - start).checked_sub(behind)?,
            fraction,
        })
    }
}
