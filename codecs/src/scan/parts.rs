//! A message of several elements against the imprints of its parts.

use super::Grammar;
use super::imprint::{CLOSE, Cut, Head, Imprints, Numbers, Part, Place, Room, VALUES};
use super::mark::Mark;
use super::message::stamp::Day;
use super::simd::{BLOCK, Isa, Task};
use crate::batch::Batch;
use crate::instrument::Instruments;

/// Bytes that are looked at for an end at once.
const WINDOW: usize = 32;

/// Parts that are looked for before the first of them is read: their imprints come from memory at the same time.
const AHEAD: usize = 8;

/// Such a message; compiled for each target.
pub(super) struct Parts<'a, G: Grammar> {
    pub(super) frame: &'a [u8],
    /// Where the symbol stands in a later part.
    pub(super) symbol_at: usize,
    pub(super) context: G::Context,
    pub(super) instruments: &'a Instruments,
    pub(super) batch: &'a mut Batch,
    pub(super) imprints: &'a mut Imprints,
    pub(super) day: &'a mut Day,
}

impl<G: Grammar> Task for Parts<'_, G> {
    /// The kind of the message that was taken, or else which part had no imprint, if that is why. Then the batch
    /// is as before.
    type Output = Result<u16, Option<Cut>>;

    #[inline(always)]
    fn run<I: Isa>(mut self, isa: I) -> Self::Output {
        let mark = Mark::of(self.batch);
        let taken = self.take(isa);
        if taken.is_err() {
            mark.undo(self.batch);
        }
        taken
    }
}

impl<'a, G: Grammar> Parts<'a, G> {
    #[inline(always)]
    fn take<I: Isa>(&mut self, isa: I) -> Result<u16, Option<Cut>> {
        let mut end = behind_brace(isa, self.frame, BLOCK).ok_or(None)?;
        if self.frame.get(end..end + 2) != Some(b",{") {
            return Err(None);
        }
        let (mut values, mut first) = ([0; VALUES], None::<Head<'_>>);
        let mut cut = [Cut::NOTHING; AHEAD];
        cut[0] = self.cut(isa, Part::First, 0, end)?;
        let mut count = 1;
        loop {
            while count < AHEAD && self.frame.get(end) == Some(&b',') {
                let start = end;
                end = behind_brace(isa, self.frame, start + BLOCK).ok_or(None)?;
                cut[count] = self.cut(isa, Part::Later, start, end)?;
                count += 1;
            }
            for missing in cut.iter().take(count) {
                self.emit(isa, *missing, &mut first, &mut values)?;
            }
            if self.frame.get(end) != Some(&b',') {
                break;
            }
            count = 0;
        }
        let kind = first.map(|head| head.form.kind);
        let is_closed = self.frame.get(end..) == Some(CLOSE);
        kind.filter(|_| is_closed).ok_or(None)
    }

    /// The part between two places, whose imprint will be asked for.
    #[inline(always)]
    fn cut<I: Isa>(
        &self,
        isa: I,
        part: Part,
        start: usize,
        end: usize,
    ) -> Result<Cut, Option<Cut>> {
        let symbol_at = match part {
            Part::Later => self.symbol_at,
            Part::Whole | Part::First => G::SYMBOL_AT,
        };
        let text = self.frame.get(start..end).ok_or(None)?;
        let place = Place::of(isa, text, part, symbol_at);
        self.imprints.expect(isa, place);
        Ok(Cut {
            place,
            part,
            start,
            end,
        })
    }

    /// Emits a part by its imprint; the first one stays at hand for the others.
    #[inline(always)]
    fn emit<I: Isa>(
        &mut self,
        isa: I,
        missing: Cut,
        first: &mut Option<Head<'a>>,
        values: &mut Numbers,
    ) -> Result<(), Option<Cut>> {
        let Cut {
            place,
            part,
            start,
            end,
        } = missing;
        let text = self.frame.get(start..end).ok_or(None)?;
        let imprint = self.imprints.find(isa, place, text, part);
        let imprint = imprint.ok_or(Some(missing))?;
        imprint.took();
        let head = &*first.get_or_insert_with(|| imprint.head(text));
        if imprint.form() != head.form {
            return Err(None);
        }
        let room = Room {
            batch: self.batch,
            day: self.day,
            values,
            head: Some(head),
        };
        let kind = head.form.kind;
        let text = self.frame.get(start - part.lead()..end).ok_or(None)?;
        let known = imprint.values(isa, text, self.instruments, room);
        G::emit(usize::from(kind), self.context, &mut known.ok_or(None)?).map_err(|_| None)
    }
}

/// Behind the first closing brace from a place on.
#[inline(always)]
fn behind_brace<I: Isa>(isa: I, frame: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(window) = frame.get(at..at + WINDOW) {
        let ends = isa.textual(window.first_chunk()?, b'}').ends;
        if ends != 0 {
            return Some(at + ends.trailing_zeros() as usize + 1);
        }
        at += WINDOW;
    }
    let last = frame.last_chunk()?;
    let ahead = at.checked_sub(frame.len() - WINDOW)?;
    let ends = isa.textual(last, b'}').ends.checked_shr(ahead as u32)?;
    (ends != 0).then(|| at + ends.trailing_zeros() as usize + 1)
}
