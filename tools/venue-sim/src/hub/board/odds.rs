//! Faults that hit messages at random for a while, on every connection by dice of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::clock::{self, Nanos};
use crate::config::Product;
use crate::fault::Target;
use crate::lot::splitmix;
use crate::truth::Touch;

/// A probability of one, in the unit of [`Dice`].
pub(crate) const CERTAIN: u64 = 1_000_000;

/// What hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chance {
    Loss,
    Resend,
}

impl Chance {
    pub(super) fn touch(self) -> Touch {
        match self {
            Chance::Loss => Touch::Dropped,
            Chance::Resend => Touch::Duplicated,
        }
    }

    pub(super) fn copies(self) -> usize {
        match self {
            Chance::Loss => 0,
            Chance::Resend => 2,
        }
    }
}

/// How often and how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dice {
    /// Probability in parts per million.
    pub(crate) ppm: u32,
    pub(crate) lasts: Duration,
    pub(crate) seed: u64,
}

#[derive(Debug)]
pub(super) struct Odds {
    chance: Chance,
    target: Target,
    dice: Dice,
    until: Nanos,
    /// State of the dice per connection.
    states: BTreeMap<u64, u64>,
}

impl Odds {
    pub(super) fn new(chance: Chance, target: Target, dice: Dice) -> Self {
        let lasts = u64::try_from(dice.lasts.as_nanos()).unwrap_or(u64::MAX);
        Self {
            chance,
            target,
            dice,
            until: clock::now().saturating_add(lasts),
            states: BTreeMap::new(),
        }
    }

    pub(super) fn lasts(&self, now: Nanos) -> bool {
        now < self.until
    }

    /// Throws the dice if the message is the target's.
    pub(super) fn hit(&mut self, product: Product, line: u64, key: &str) -> Option<Chance> {
        if !self.target.covers_line(product, line) || !self.target.covers_stream(key) {
            return None;
        }
        let state = self
            .states
            .entry(line)
            .or_insert_with(|| splitmix(self.dice.seed ^ line));
        *state = splitmix(*state);
        (*state % CERTAIN < u64::from(self.dice.ppm)).then_some(self.chance)
    }
}
