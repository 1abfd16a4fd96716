//! A template from a message that the general path decoded and no template fitted.
//!
//! The shipped templates say what each value is, by its path of keys; the message says in which order
//! and spelling they come now. Both are read into tokens, the message's values become holes of the
//! same form as the shipped ones, and what is at no known path becomes a hole that is not read. The
//! new template is used only if it gives, for the very message that it came from, what the general
//! path gave; unknown fields must be those that the general path counted as schema drift.

mod derive;

use super::attempt::{Attempt, Bail};
use super::imprint::{Cut, Imprints};
use super::template::Template;
use super::{Grammar, Group, Scanner, TEMPLATES_MAX};
use crate::batch::Batch;
use crate::instrument::Instruments;
use crate::reject::Reject;
use derive::derive;

/// Drift counts before a message: of each name, and of all.
struct Drifted {
    fields: Vec<u64>,
    count: u64,
}

impl Drifted {
    fn of(batch: &Batch) -> Self {
        Self {
            fields: batch.drift.fields().map(|(.., count)| count).collect(),
            count: batch.drift.count(),
        }
    }
}

impl<G: Grammar> Scanner<G> {
    /// Whether a template should be sought: at the first, second, fourth, … message without one, so
    /// that messages which never fit cost next to nothing.
    pub(super) fn is_stranger(&mut self, bail: Bail) -> bool {
        if !bail.reason.is_structural() {
            return false;
        }
        self.groups.get_mut(bail.kind).is_some_and(|group| {
            group.strangers += 1;
            group.strangers.is_power_of_two()
        })
    }

    /// Decodes by `general`, and learns from it.
    #[cold]
    #[inline(never)]
    pub(super) fn learn_from(
        &mut self,
        kind: usize,
        frame: &[u8],
        context: G::Context,
        instruments: &mut Instruments,
        batch: &mut Batch,
        general: impl FnOnce(&mut Instruments, &mut Batch) -> Result<(), Reject>,
    ) -> Result<(), Reject> {
        let before = Drifted::of(batch);
        let is_first = batch.items.is_empty() && batch.levels.is_empty();
        general(instruments, batch)?;
        let unknown = added(batch, &before).filter(|_| is_first);
        let Some(unknown) = unknown else {
            return Ok(());
        };
        // One value may have several forms at the venue: each shipped template may be the one to follow.
        for follow in 0..G::KINDS[kind].templates.len() {
            if let Some(template) = derive(&G::KINDS[kind], follow, frame, &unknown)
                && self.is_proven(kind, &template, frame, context, instruments, batch)
            {
                let imprints = &self.imprints;
                self.groups[kind].adopt(template, |place| imprints.uses(kind, place));
                // They name templates by their places.
                self.imprints.clear();
                self.tally.learned();
                break;
            }
        }
        Ok(())
    }

    /// Whether a template, alone, reads what the general path read.
    fn is_proven(
        &mut self,
        kind: usize,
        template: &Template,
        frame: &[u8],
        context: G::Context,
        instruments: &Instruments,
        expected: &Batch,
    ) -> bool {
        // An element takes nothing from what is not read yet.
        if self.groups[kind].templates.contains(template) || template.has_late_value() {
            return false;
        }
        let mut groups: Vec<Group> = G::KINDS.iter().map(|_| Group::default()).collect();
        groups[kind].templates.push(template.clone());
        let mut trial = Batch::default();
        let attempt = Attempt::<G> {
            frame: self.buffer.fill(frame),
            missing: Cut::NOTHING,
            context,
            instruments,
            batch: &mut trial,
            spans: &mut self.spans,
            kept: &mut self.kept,
            groups: &mut groups,
            imprints: &mut Imprints::default(),
        };
        self.proven.run(attempt).is_ok()
            && trial.items == expected.items
            && trial.levels == expected.levels
            && trial.figures == expected.figures
    }
}

impl Group {
    /// Takes a template in, in the place of the least used one if there is no other; `by_imprints` tells how
    /// many messages more each one took that way.
    fn adopt(&mut self, template: Template, by_imprints: impl Fn(usize) -> u64) {
        self.strangers = 0;
        if self.templates.len() < TEMPLATES_MAX {
            self.hot = self.templates.len();
            self.templates.push(template);
            return;
        }
        for (place, uses) in self.uses.iter_mut().enumerate() {
            *uses += by_imprints(place);
        }
        let least = (0..TEMPLATES_MAX).min_by_key(|place| self.uses[*place]);
        let place = least.unwrap_or(0);
        self.uses = self.uses.map(|uses| uses / 2);
        self.uses[place] = 0;
        self.templates[place] = template;
        self.hot = place;
    }
}

/// Unknown fields by channel and name, with how often one message counted them.
type Added = Vec<(&'static str, Box<str>, u64)>;

/// What a message added to the schema drift; `None` if not all of it can be told by name.
fn added(batch: &Batch, before: &Drifted) -> Option<Added> {
    let held = before.fields.iter().copied().chain(std::iter::repeat(0));
    let grown = batch.drift.fields().zip(held);
    let added: Added = grown
        .filter(|((.., count), before)| count > before)
        .map(|((channel, name, count), before)| (channel, name.into(), count - before))
        .collect();
    let told: u64 = added.iter().map(|(.., times)| times).sum();
    (told == batch.drift.count() - before.count).then_some(added)
}
