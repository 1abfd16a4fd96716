//! One frame against what a scanner knows: imprints first, then templates.

use super::imprint::{Imprint, Imprints, LEVELS_MAX, Place, Reads, Recorder, Room, Taken, VALUES};
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

/// Lengths of a batch's vectors, to take back what a template that did not fit had added.
#[derive(Clone, Copy)]
struct Mark {
    items: usize,
    levels: usize,
    figures: usize,
}

impl Mark {
    #[inline(always)]
    fn of(batch: &Batch) -> Self {
        Self {
            items: batch.items.len(),
            levels: batch.levels.len(),
            figures: batch.figures.len(),
        }
    }

    #[inline(always)]
    fn undo(self, batch: &mut Batch) {
        batch.items.truncate(self.items);
        batch.levels.truncate(self.levels);
        batch.figures.truncate(self.figures);
    }

    /// Copies what was added.
    fn copy(self, batch: &Batch, copy: &mut Batch) {
        copy.clear();
        copy.items.extend_from_slice(&batch.items[self.items..]);
        copy.levels.extend_from_slice(&batch.levels[self.levels..]);
        copy.figures
            .extend_from_slice(&batch.figures[self.figures..]);
    }

    /// Whether that was added.
    fn is_copied(self, batch: &Batch, copy: &Batch) -> bool {
        batch.items[self.items..] == copy.items
            && batch.levels[self.levels..] == copy.levels
            && batch.figures[self.figures..] == copy.figures
    }

    /// Adds it again.
    fn restore(self, batch: &mut Batch, copy: &Batch) {
        batch.items.extend_from_slice(&copy.items);
        batch.levels.extend_from_slice(&copy.levels);
        batch.figures.extend_from_slice(&copy.figures);
    }
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
        let place = Place::of(isa, self.frame, G::SYMBOL_AT);
        let imprint = self.imprints.find(isa, place, self.frame).ok_or(place)?;
        let mark = Mark::of(self.batch);
        let room = Room {
            batch: self.batch,
            day: self.day,
            values: &mut [0; VALUES],
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
    /// Where its imprint would be.
    pub(super) place: Place,
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
                if emitted == 1 && fit.leaves_imprint() && self.imprints.wants(self.place) {
                    isa.run(Leave {
                        fit,
                        place: self.place,
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
struct Fit<'a, G: Grammar, I> {
    message: Message<'a, I>,
    group: &'a mut Group,
    kind: usize,
    context: G::Context,
    /// The batch before it.
    mark: Mark,
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

    /// The imprint of the message that was read, if it leaves one.
    fn imprint(&self, place: Place, reads: &Reads) -> Option<Imprint> {
        let (message, at) = (&self.message, self.group.hot);
        let taken = Taken {
            frame: message.frame,
            spans: message.spans,
            template: self.group.templates.get(at)?,
            kind: self.kind,
            at,
            instruments: message.instruments,
            instrument: message.instrument?,
        };
        Imprint::of(place, taken, reads)
    }

    /// Whether messages of the template that fitted can leave an imprint.
    #[inline(always)]
    fn leaves_imprint(&self) -> bool {
        let levels = self.message.batch.levels.len() - self.mark.levels;
        // What takes levels away cannot be asked to do so once more.
        let is_whole = self.message.batch.levels.len() == self.message.walked;
        let template = self.group.templates.get(self.group.hot);
        let leaves = |template: &Template| template.leaves_imprint && template.unknown.is_empty();
        is_whole && levels <= LEVELS_MAX && template.is_some_and(leaves)
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

/// Makes an imprint of the message that a template took.
struct Leave<'a, 'i, G: Grammar, I> {
    fit: Fit<'a, G, I>,
    place: Place,
    imprints: &'i mut Imprints,
}

impl<G: Grammar, I: Isa> Task for Leave<'_, '_, G, I> {
    type Output = ();

    #[inline(always)]
    fn run<J: Isa>(self, isa: J) {
        let mut fit = self.fit;
        let mark = fit.mark;
        let mut said = std::mem::take(&mut fit.message.kept.said);
        mark.copy(fit.message.batch, &mut said);
        // Once more, and noted; its levels are in the batch still.
        fit.message.batch.items.truncate(mark.items);
        fit.message.batch.figures.truncate(mark.figures);
        let mut recorder = Recorder {
            message: &mut fit.message,
            reads: Reads::default(),
        };
        let emitted = G::emit(fit.kind, fit.context, &mut recorder);
        let reads = recorder.reads;
        let imprint = emitted.ok().and_then(|()| fit.imprint(self.place, &reads));
        let message = &mut fit.message;
        mark.undo(message.batch);
        self.imprints.give_up(self.place);
        if let Some(mut imprint) = imprint {
            // What it says must be what the template said.
            let room = Room {
                batch: message.batch,
                day: &mut message.kept.day,
                values: &mut [0; VALUES],
            };
            let text = message.frame.slice(0, message.frame.len());
            let known = imprint.values(isa, text, message.instruments, room);
            let emitted = known.map(|mut known| G::emit(fit.kind, fit.context, &mut known));
            if emitted == Some(Ok(())) && mark.is_copied(message.batch, &said) {
                self.imprints.put(imprint);
            }
            mark.undo(message.batch);
        }
        mark.restore(message.batch, &said);
        message.kept.said = said;
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
