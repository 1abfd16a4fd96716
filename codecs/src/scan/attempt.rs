//! One frame against what a scanner knows: imprints first, then templates.

use super::imprint::{Cut, Imprints, LEVELS_MAX, Part, Place, Room, VALUES};
use super::leave::Leave;
use super::mark::Mark;
use super::message::stamp::Day;
use super::message::{Kept, Message, Reason};
use super::number::Span;
use super::padded::Frame;
use super::simd::{Isa, Task};
use super::template::{SLOTS, Template};
use super::{Grammar, Group};
use crate::batch::Batch;
use crate::instrument::Instruments;

/// Why and at which template a frame was left to the general path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bail {
    pub(super) kind: usize,
    pub(super) place: usize,
    pub(super) reason: Reason,
}

/// A frame against the imprints; compiled for each target.
pub(super) struct Glance<'a, G: Grammar> {
    pub(super) frame: &'a [u8],
    pub(super) context: G::Context,
    pub(super) instruments: &'a Instruments,
    pub(super) batch: &'a mut Batch,
    pub(super) imprints: &'a mut Imprints,
    pub(super) day: &'a mut Day,
}

impl<G: Grammar> Task for Glance<'_, G> {
    /// The kind of the message that was taken, or else where its imprint would be. Then the batch is as
    /// before.
    type Output = Result<u16, Place>;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> Self::Output {
        let place = Place::of(isa, self.frame, Part::Whole, G::SYMBOL_AT);
        let imprint = self.imprints.find(isa, place, self.frame, Part::Whole);
        let imprint = imprint.ok_or(place)?;
        let mark = Mark::of(self.batch);
        let room = Room {
            batch: self.batch,
            day: self.day,
            values: &mut [0; VALUES],
            head: None,
        };
        let kind = imprint.kind;
        let values = imprint.values(isa, self.frame, self.instruments, room);
        let emitted = G::emit(usize::from(kind), self.context, &mut values.ok_or(place)?);
        if emitted.is_err() {
            mark.undo(self.batch);
            return Err(place);
        }
        imprint.took();
        Ok(kind)
    }
}

/// A frame against the templates of its kind; compiled for each target.
pub(super) struct Attempt<'a, G: Grammar> {
    pub(super) frame: Frame<'a>,
    /// What found no imprint.
    pub(super) missing: Cut,
    pub(super) context: G::Context,
    pub(super) instruments: &'a Instruments,
    pub(super) batch: &'a mut Batch,
    pub(super) spans: &'a mut [Span; SLOTS],
    pub(super) kept: &'a mut Kept,
    pub(super) groups: &'a mut [Group],
    pub(super) imprints: &'a mut Imprints,
}

impl<G: Grammar> Task for Attempt<'_, G> {
    /// The kind of the message that was taken.
    type Output = Result<usize, Option<Bail>>;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> Self::Output {
        let frame = self.frame;
        let kind = G::kind(isa, frame).ok_or(None)?;
        let group = self.groups.get_mut(kind).ok_or(None)?;
        let mark = Mark::of(self.batch);
        let message = Message {
            isa,
            frame,
            batch: self.batch,
            instruments: self.instruments,
            spans: self.spans,
            kept: self.kept,
            present: 0,
            instrument: None,
            scale: None,
            plans: None,
            first_level: mark.levels,
            first_ask: mark.levels,
            walked: mark.levels,
        };
        let mut fit = Fit::<G, I> {
            message,
            group,
            kind,
            context: self.context,
            mark,
        };
        match fit.fit(fit.group.hot) {
            Ok(emitted) => {
                if fit.leaves_imprint(emitted) && self.imprints.wants(self.missing.place) {
                    isa.run(Leave {
                        fit,
                        missing: self.missing,
                        imprints: self.imprints,
                    });
                }
                Ok(kind)
            }
            Err(reason) => isa.run(Others { fit, reason }),
        }
    }
}

/// A message against the templates of its kind.
pub(super) struct Fit<'a, G: Grammar, I> {
    pub(super) message: Message<'a, I>,
    pub(super) group: &'a mut Group,
    pub(super) kind: usize,
    pub(super) context: G::Context,
    /// The batch before it.
    pub(super) mark: Mark,
}

impl<G: Grammar, I: Isa> Fit<'_, G, I> {
    /// Tries one template; how many elements it emitted. The batch is as before where it does not fit.
    #[inline(always)]
    fn fit(&mut self, place: usize) -> Result<usize, Reason> {
        let (message, group) = (&mut self.message, &mut *self.group);
        let template = group.templates.get(place).ok_or(Reason::Shape)?;
        message.present = template.present;
        (message.instrument, message.scale, message.plans) = (None, None, None);
        match message.read::<G>(template, self.kind, self.context) {
            Ok(emitted) => {
                if !template.unknown.is_empty() {
                    count_unknown(template, emitted, message.batch);
                }
                group.hot = place;
                group.uses[place] += 1;
                Ok(emitted)
            }
            Err(reason) => {
                self.mark.undo(message.batch);
                Err(reason)
            }
        }
    }

    /// Whether messages of the template that fitted, and had so many elements, can leave imprints.
    #[inline(always)]
    fn leaves_imprint(&self, emitted: usize) -> bool {
        let (batch, mark) = (&self.message.batch, self.mark);
        let levels = batch.levels.len() - mark.levels;
        // What takes levels away cannot be asked to do so once more.
        let is_whole = batch.levels.len() == self.message.walked;
        // Of several elements each has its own item and nothing else.
        let is_each = emitted == 1
            || (levels == 0
                && batch.items.len() - mark.items == emitted
                && batch.figures.len() == mark.figures);
        let template = self.group.templates.get(self.group.hot);
        let leaves = |template: &Template| template.leaves_imprint && template.unknown.is_empty();
        is_whole && is_each && levels <= LEVELS_MAX && template.is_some_and(leaves)
    }
}

/// The templates behind the one that fitted last, which did not fit now.
struct Others<'a, G: Grammar, I> {
    fit: Fit<'a, G, I>,
    /// Why.
    reason: Reason,
}

impl<G: Grammar, I: Isa> Task for Others<'_, G, I> {
    type Output = Result<usize, Option<Bail>>;

    #[inline(always)]
    fn run<J: Isa>(self, _isa: J) -> Self::Output {
        let Self { mut fit, reason } = self;
        let (kind, hot) = (fit.kind, fit.group.hot);
        let bail = |place, reason| Bail {
            kind,
            place,
            reason,
        };
        let mut left = bail(hot, reason);
        let others = (0..fit.group.templates.len()).filter(|place| *place != hot);
        for place in others {
            if !left.reason.is_structural() {
                break;
            }
            match fit.fit(place) {
                Ok(_) => return Ok(kind),
                Err(Reason::Shape) => {}
                Err(reason) => left = bail(place, reason),
            }
        }
        Err(Some(left))
    }
}

/// Counts the unknown fields that a template goes over, once for each element.
#[cold]
fn count_unknown(template: &Template, elements: usize, batch: &mut Batch) {
    for _ in 0..elements {
        for (channel, field) in &template.unknown {
            batch.drift.unknown_field(channel, field);
        }
    }
}
