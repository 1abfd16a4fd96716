//! The imprint that a message leaves.

use super::Grammar;
use super::attempt::Fit;
use super::imprint::{
    CLOSE, Cut, Head, Imprint, Imprints, Numbers, Part, Reads, Recorder, Room, SPOTS, Spot, Taken,
    VALUES, Ways,
};
use super::message::Message;
use super::simd::{Isa, Task};
use super::template::{Hole, Step, Template};
use super::values::Values;
use crate::batch::Batch;

/// Makes an imprint of the part of a message that had none, once a template took the message.
pub(super) struct Leave<'a, 'i, G: Grammar, I> {
    pub(super) fit: Fit<'a, G, I>,
    pub(super) missing: Cut,
    pub(super) imprints: &'i mut Imprints,
}

impl<G: Grammar, I: Isa> Task for Leave<'_, '_, G, I> {
    type Output = ();

    #[inline(always)]
    fn run<J: Isa>(self, isa: J) {
        let Self {
            mut fit,
            missing,
            imprints,
        } = self;
        let mark = fit.mark;
        let mut said = std::mem::take(&mut fit.message.kept.said);
        mark.copy(fit.message.batch, &mut said);
        imprints.give_up(missing.place);
        if let Some(imprint) = fit.imprint(isa, missing, &said) {
            imprints.put(imprint);
        }
        mark.undo(fit.message.batch);
        mark.restore(fit.message.batch, &said);
        fit.message.kept.said = said;
    }
}

impl<G: Grammar, I: Isa> Fit<'_, G, I> {
    /// The imprint of a part of the message that was read, whose items are `said`.
    fn imprint<J: Isa>(&mut self, isa: J, missing: Cut, said: &Batch) -> Option<Imprint> {
        let (message, mark) = (&mut self.message, self.mark);
        let template = self.group.templates.get(self.group.hot)?;
        let items = match missing.part {
            // Its values are at hand still, and its levels in the batch.
            Part::Whole => 0..said.items.len(),
            Part::First | Part::Later => {
                let element = message.go_to(template, missing.start, missing.end)?;
                element..element + 1
            }
        };
        message.batch.items.truncate(mark.items);
        message.batch.figures.truncate(mark.figures);
        // Once more, and noted.
        let mut recorder = Recorder {
            message,
            reads: Reads::default(),
        };
        G::emit(self.kind, self.context, &mut recorder).ok()?;
        let reads = recorder.reads;
        mark.undo(message.batch);
        let start = missing.start.checked_sub(missing.part.lead())?;
        let taken = Taken {
            frame: message.frame.part(start..missing.end),
            spans: &message.spans.map(|span| span.behind(start as u32)),
            template,
            steps: steps(template, missing.part)?,
            kind: self.kind,
            at: self.group.hot,
            instruments: message.instruments,
            instrument: message.instrument?,
        };
        let mut imprint = Imprint::of(missing, taken, &reads)?;
        // What it says must be what the template said.
        let mut values = [0; VALUES];
        let head = match missing.part {
            Part::Later => Some(message.head(&imprint, &mut values)?),
            Part::Whole | Part::First => None,
        };
        let room = Room {
            batch: message.batch,
            day: &mut message.kept.day,
            values: &mut values,
            head: head.as_ref(),
        };
        let text = message.frame.slice(start, missing.end);
        let mut known = imprint.values(isa, text, message.instruments, room)?;
        G::emit(self.kind, self.context, &mut known).ok()?;
        mark.is_copied(message.batch, said, items)
            .then_some(imprint)
    }
}

/// The steps of a part; `None` where the template is not made of such parts.
fn steps(template: &Template, part: Part) -> Option<&[Step]> {
    let all = template.steps.as_slice();
    let emit = all.iter().position(|step| step.hole == Hole::Emit)?;
    let is_closed = || {
        let behind = all.get(emit + 1..);
        behind.is_some_and(|behind| matches!(behind, [step] if step.is(CLOSE)))
    };
    match part {
        Part::Whole => Some(all),
        Part::First | Part::Later if !is_closed() => None,
        Part::First => all.get(..=emit),
        Part::Later => all.get(template.element?..=emit),
    }
}

impl<'a, I: Isa> Message<'a, I> {
    /// What stands before the elements, as an imprint of the first part gives it: texts and whole numbers.
    fn head(&mut self, later: &Imprint, values: &mut Numbers) -> Option<Head<'a>> {
        let mut head = later.head(self.frame.slice(0, self.frame.len()));
        let before = later.present & !later.own;
        let Ways { px, qty, fixed, .. } = later.ways;
        let is_stamp = 1_u32.checked_shl(u32::from(later.stamp)).unwrap_or(0);
        if before & (px | qty | fixed | is_stamp) != 0 {
            return None;
        }
        for slot in (0..SPOTS).filter(|slot| before & 1 << slot != 0) {
            head.spots[slot] = Spot::of(self.spans[slot])?;
            if later.ways.whole & 1 << slot != 0 {
                values[slot] = self.unsigned(slot).ok()?.cast_signed();
            }
        }
        Some(head)
    }
}
