//! What a template left of a message that it took, to know the next one of the same form by.
//!
//! The messages of one instrument differ in few things: in their digits, and now and then in how many
//! digits a number has. An imprint holds one such form: for each byte of the message what may stand there,
//! and for each number from where its digits are taken and what they are multiplied with. A message that
//! [fits](Imprint::fits) needs no walk through a template: everything outside the numbers is, byte for
//! byte, what the template and the grammar accepted before, and numbers have digits wherever they had
//! digits. So the values of such a message are those that the walk would find.
//!
//! ```text
//! message  … "b":"2101.30000000", … "u":31268267843, …
//! pattern  … "b":"####.#0000000", … "u":+##########, …     # any digit, + any but zero
//! ```
//!
//! This is the pattern of an instrument whose prices have one digit behind the point: the zeros behind that
//! stand for themselves, and so a price that needs more does not fit. Neither does what JSON forbids, a first
//! zero of a longer number. What does not fit goes through the templates as ever.
//!
//! A message of several elements leaves imprints of its [parts](Part), since as a whole it hardly ever comes again.

mod make;
mod recorder;
mod table;
#[cfg(test)]
mod tests;

use super::known::Known;
use super::message::stamp::Day;
use super::number::Span;
use super::plan::POW10;
use super::simd::{BLOCK, Isa, Row, Task, Text};
use crate::batch::Batch;
use crate::instrument::{Instruments, SHORT_SYMBOL};
use crate::venue::levels::Scale;

pub(super) use make::Taken;
pub(super) use recorder::{Reads, Recorder};
pub(super) use table::{Imprints, Place};

/// Whole blocks of the longest message that leaves an imprint: the high-rate messages without levels have 145
/// to 340 bytes.
const BLOCKS: usize = 5;

/// Bytes of that message.
pub(super) const LONGEST: usize = BLOCK * (BLOCKS + 1) - 1;

/// What of a message an imprint is of.
///
/// ```text
/// whole  {"topic":…,"data":[{"T":…}]}
/// parts  {"topic":…,"data":[{"T":…} | ,{"T":…} | ,{"T":…} | ]}
///        first                        later       later
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// The first of several elements, and all before it.
    First,
    /// A later element, and the comma before it.
    Later,
}

impl Part {
    /// Bytes before it that belong to what its values are read from, since a number is read by the window that ends
    /// with it; they may be any.
    #[inline(always)]
    pub(super) const fn lead(self) -> usize {
        match self {
            Self::Whole | Self::First => 0,
            Self::Later => WINDOW,
        }
    }
}

/// Bytes of the window of a number.
const WINDOW: usize = 16;

/// What stands behind the last element of a message that is known by its parts.
pub(super) const CLOSE: &[u8] = b"]}";

/// A part of a message, and where its imprint is or would be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    pub(super) place: Place,
    pub(super) part: Part,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Cut {
    /// What leaves none.
    pub(super) const NOTHING: Self = Self {
        place: Place::NOWHERE,
        part: Part::Whole,
        start: 0,
        end: 0,
    };
}

/// Bytes and part of a text, so that one comparison is enough for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Extent(u32);

impl Extent {
    #[inline(always)]
    const fn of(text: &[u8], part: Part) -> Self {
        Self(text.len() as u32 | (part as u32) << 16)
    }

    const fn len(self) -> usize {
        (self.0 & 0xFFFF) as usize
    }

    /// Bytes before its text.
    const fn lead(self) -> usize {
        if self.is_later() {
            Part::Later.lead()
        } else {
            0
        }
    }

    const fn is_later(self) -> bool {
        self.0 >> 16 == Part::Later as u32
    }
}

/// What the parts of one message have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    ways: Ways,
    pub(super) kind: u16,
    template: u16,
    stamp: u8,
}

/// The texts of a message's first part, for the values that stand before its elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head<'a> {
    pub(super) text: &'a [u8],
    pub(super) spots: [Spot; SPOTS],
    pub(super) form: Form,
}

/// Most numbers of one message.
const NUMBERS: usize = 14;

/// Most slots with a value.
pub(super) const SPOTS: usize = 16;

/// Most levels of a message that leaves an imprint: the more of them, the seldomer a form comes again.
pub(super) const LEVELS_MAX: usize = 5;

/// Room for the values of a message: those of its slots, then price and quantity of each level.
pub(super) const VALUES: usize = 32;
const _: () = assert!(SPOTS + 2 * LEVELS_MAX < VALUES);

/// The value that the clock of an RFC 3339 stamp goes to, as `HHMMSS`; its fraction goes to its own slot, in
/// nanoseconds.
pub(super) const CLOCK: usize = SPOTS - 1;

/// Which slots were read in which way, one bit each: what was not read so is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ways {
    pub(super) whole: u32,
    pub(super) px: u32,
    pub(super) qty: u32,
    pub(super) fixed: u32,
}

/// A number of at most 16 digits, in the window of 16 bytes that ends with its last digit.
#[derive(Clone, Copy, Debug)]
struct Number {
    /// Where the window begins.
    start: u16,
    /// Where in it the digits are.
    row: Row,
    /// The value that it is.
    to: u8,
    /// What an odd number is multiplied with before it is added to its value: a row of [`FACTORS`].
    factor: u8,
}

impl Number {
    /// No number, to fill a pair with.
    const NONE: Self = Self {
        start: 0,
        row: Row::NONE,
        to: NOWHERE,
        factor: 0,
    };
}

/// The value that nobody asks for.
const NOWHERE: u8 = VALUES as u8 - 1;

/// Powers of ten, and what negates.
static FACTORS: [i64; 32] = {
    let mut rows = [0; 32];
    let mut at = 0;
    while at < POW10.len() {
        rows[at] = POW10[at];
        at += 1;
    }
    rows[NEGATIVE as usize] = -1;
    rows
};

const NEGATIVE: u8 = 31;

/// Where a text stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spot {
    start: u16,
    len: u8,
    /// Digits behind its point.
    pub(super) places: u8,
}

impl Spot {
    /// That of a value; `None` where it is longer than a scanner looks.
    pub(super) fn of(span: Span) -> Option<Self> {
        Some(Self {
            start: u16::try_from(span.start()).ok()?,
            len: u8::try_from(span.len).ok()?,
            places: u8::try_from(span.fraction).ok()?,
        })
    }

    #[inline(always)]
    pub(super) fn start(self) -> usize {
        usize::from(self.start)
    }

    #[inline(always)]
    pub(super) fn len(self) -> usize {
        usize::from(self.len)
    }
}

/// One form of one kind of message of one instrument.
///
/// ```text
/// byte 0          64         152        256                 320
///      | the form | numbers … | spots … | pattern, its tail | pattern, its whole blocks … |
/// ```
///
/// What most messages need is in the first two lines of the cache and in those of the pattern.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(super) struct Imprint {
    /// Messages that it took.
    uses: u64,
    /// The edition of the table of instruments that has the instrument at this place.
    edition: u64,
    index: u32,
    /// Bytes of the message, or which part of one it is of.
    extent: Extent,
    pub(super) ways: Ways,
    /// The slots that the message has.
    pub(super) present: u32,
    /// Where it is held.
    place: Place,
    symbol: Spot,
    /// The kind of message, and the place of the template that took it.
    pub(super) kind: u16,
    template: u16,
    /// The instrument's powers of ten, which the numbers are brought to.
    scale: Scale,
    /// Numbers that are values as they are read: the first.
    plain: u8,
    /// Those that are multiplied and added: the last.
    odd: u8,
    /// The slot of an RFC 3339 stamp, if the message has one that was read.
    pub(super) stamp: u8,
    /// What the grammar was told of the stream's name, if it asked.
    pub(super) is_lower: bool,
    numbers: [Number; NUMBERS],
    /// The slots that stand in it: where it is of a later part, others stand in the first.
    pub(super) own: u32,
    /// How many levels it has on each side, bids and asks, if it is a message with levels.
    pub(super) levels: Option<[u8; 2]>,
    pub(super) spots: [Spot; SPOTS],
    pattern: Pattern,
}

/// What may stand in the last bytes of a message, and in each of its whole blocks.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
struct Pattern {
    tail: [u8; BLOCK],
    blocks: [[u8; BLOCK]; BLOCKS],
}

const _: () = assert!(std::mem::offset_of!(Imprint, numbers) == 64);
const _: () = assert!(std::mem::offset_of!(Imprint, pattern) == 256);

/// The numbers of a message, by slot and then by level; zeros at first.
pub(super) type Numbers = [i64; VALUES];

/// Where the values of a message go, and its items.
pub(super) struct Room<'a> {
    pub(super) batch: &'a mut Batch,
    pub(super) day: &'a mut Day,
    /// Not returned, since that would copy them. For a later part, those of the first stand there.
    pub(super) values: &'a mut Numbers,
    /// The first part, where the message has several.
    pub(super) head: Option<&'a Head<'a>>,
}

/// The whole blocks of a message and its tail; `None` where it is too short or too long for an imprint.
#[inline(always)]
fn text(frame: &[u8]) -> Option<Text<'_>> {
    let (blocks, _) = frame.as_chunks::<BLOCK>();
    let tail = frame.last_chunk::<BLOCK>()?;
    (blocks.len() <= BLOCKS).then_some((blocks, tail))
}

/// The `N` bytes that begin at `at`; there are as many in every message that fits.
#[inline(always)]
fn window<const N: usize>(frame: &[u8], at: usize) -> Option<&[u8; N]> {
    frame.get(at..at + N)?.first_chunk()
}

impl Imprint {
    /// Whether a message, or the part of one, which is its text, has this form.
    #[inline(always)]
    fn fits<I: Isa>(&self, isa: I, extent: Extent, text: Text<'_>) -> bool {
        let patterns = (self.pattern.blocks.as_slice(), &self.pattern.tail);
        extent == self.extent && isa.fits(text, patterns)
    }

    /// What other parts of the same message have as well.
    #[inline(always)]
    pub(super) const fn form(&self) -> Form {
        Form {
            ways: self.ways,
            kind: self.kind,
            template: self.template,
            stamp: self.stamp,
        }
    }

    /// The texts of a first part, which is this.
    #[inline(always)]
    pub(super) const fn head<'a>(&self, text: &'a [u8]) -> Head<'a> {
        Head {
            text,
            spots: self.spots,
            form: self.form(),
        }
    }

    /// Asks for the lines that most messages need.
    #[inline(always)]
    fn prefetch<I: Isa>(&self, isa: I) {
        isa.prefetch(&self.uses);
        isa.prefetch(&self.numbers);
        isa.prefetch(&self.spots);
        isa.prefetch(&self.pattern.tail);
        isa.prefetch(&self.pattern.blocks[0]);
        isa.prefetch(&self.pattern.blocks[1]);
        isa.prefetch(&self.pattern.blocks[2]);
    }

    /// Counts a message.
    #[inline(always)]
    pub(super) const fn took(&mut self) {
        self.uses += 1;
    }

    /// The values of a message that fits, or of a part of one with its lead; `None` where the instrument is not the same any more.
    #[inline(always)]
    pub(super) fn values<'a, I: Isa>(
        &'a mut self,
        isa: I,
        frame: &'a [u8],
        instruments: &'a Instruments,
        room: Room<'a>,
    ) -> Option<Known<'a, I>> {
        if self.edition != instruments.edition() {
            isa.run(Renew(self, frame, instruments))?;
        }
        let Room {
            batch,
            day,
            values,
            head,
        } = room;
        self.read(isa, frame, values)?;
        Some(Known {
            isa,
            frame,
            imprint: self,
            values,
            head,
            instrument: instruments.all().get(self.index as usize)?,
            batch,
            day,
        })
    }

    /// The numbers of a message that fits, by slot.
    #[inline(always)]
    fn read<I: Isa>(&self, isa: I, frame: &[u8], values: &mut Numbers) -> Option<()> {
        let (pairs, _) = self.numbers.as_chunks::<2>();
        for pair in pairs.get(..usize::from(self.plain).div_ceil(2))? {
            for (value, number) in digits(isa, frame, pair)?.iter().zip(pair) {
                values[usize::from(number.to) % VALUES] = value.cast_signed();
            }
        }
        if self.odd == 0 {
            return Some(());
        }
        for pair in pairs.iter().rev().take(usize::from(self.odd).div_ceil(2)) {
            for (value, number) in digits(isa, frame, pair)?.iter().zip(pair) {
                let factor = FACTORS[usize::from(number.factor) % FACTORS.len()];
                // Of at most 19 digits: the highest bit may be set where the slot is read as a whole number.
                let value = value.cast_signed().wrapping_mul(factor);
                let held = &mut values[usize::from(number.to) % VALUES];
                *held = held.wrapping_add(value);
            }
        }
        Some(())
    }
}

/// What the digits of two numbers say.
#[inline(always)]
fn digits<I: Isa>(isa: I, frame: &[u8], pair: &[Number; 2]) -> Option<[u64; 2]> {
    let window = |at: usize| window(frame, usize::from(pair[at].start));
    Some(isa.read([window(0)?, window(1)?], pair.map(|number| number.row)))
}

/// Looks the instrument up in another edition of the table.
struct Renew<'a>(&'a mut Imprint, &'a [u8], &'a Instruments);

impl Task for Renew<'_> {
    type Output = Option<()>;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> Self::Output {
        let Self(imprint, frame, instruments) = self;
        // The window of a symbol may end behind the message.
        let mut symbol = [0; SHORT_SYMBOL];
        let text = frame.get(imprint.symbol.start()..)?;
        symbol
            .iter_mut()
            .zip(text)
            .for_each(|(to, from)| *to = *from);
        let instrument = instruments.find_short(isa, &symbol, imprint.symbol.len() as u32)?;
        if Scale::of(instrument) != imprint.scale {
            return None;
        }
        imprint.index = u32::try_from(instrument.id.index()).ok()?;
        imprint.edition = instruments.edition();
        Some(())
    }
}
