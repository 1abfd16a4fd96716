//! Dead letters that an operator wants to be handed over once more.

use std::collections::BTreeSet;

use super::super::dead::{DeadLetter, DeadLetters, Fate};
use super::super::{Notice, Sink, Surroundings};
use super::{Pump, text_of};

impl<S: Sink, E: Surroundings> Pump<S, E> {
    /// Does what was asked for, if anything was. A crash in between repeats at most one letter.
    pub(super) fn replay_wanted(&mut self) -> Result<(), String> {
        let wanted = self.request.load().map_err(|error| text_of(&error))?;
        let Some(wanted) = wanted else {
            return Ok(());
        };
        let letters =
            DeadLetters::read(&self.journal_dir, &self.name).map_err(|error| text_of(&error))?;
        let settled: BTreeSet<u64> = letters
            .iter()
            .filter(|letter| letter.fate == Fate::Replayed)
            .map(|letter| letter.last)
            .collect();
        let wanted: BTreeSet<u64> = wanted.into_iter().collect();
        for letter in &letters {
            if wanted.contains(&letter.number) && !settled.contains(&letter.number) {
                self.replay(letter)?;
            }
        }
        self.request.done().map_err(|error| text_of(&error))
    }

    fn replay(&mut self, letter: &DeadLetter) -> Result<(), String> {
        let refused = self.deliver_letter(letter)?;
        if refused.is_none() {
            let place = (letter.seq, letter.number);
            self.append(Fate::Replayed, place, String::new(), Vec::new())?;
        }
        self.around.tell(&Notice::Replayed {
            number: letter.number,
            refused: refused.as_deref(),
        });
        Ok(())
    }
}
