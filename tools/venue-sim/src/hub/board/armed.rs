//! Faults on the next messages, counted down.

use std::sync::Arc;

use super::{Outcome, Parcel, spoiled};
use crate::config::Product;
use crate::fault::{Debt, Mutation, Target};
use crate::lot::splitmix;
use crate::truth::Touch;

/// What to do to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Twist {
    Drop,
    Duplicate,
    /// So many messages change places, by this seed. Two always do.
    Shuffle(usize, u64),
    WrongChecksum,
    Mutate(Mutation, u64),
}

/// A message as it was and, if it was changed, as it was sent.
#[derive(Debug)]
pub(super) struct Touched {
    pub(super) touch: Touch,
    pub(super) original: Parcel,
    pub(super) sent: Option<Parcel>,
}

#[derive(Debug)]
pub(super) struct Armed {
    twist: Twist,
    target: Target,
    left: u64,
    /// Messages of one stream that wait for others ([`Twist::Shuffle`]).
    held: Vec<Parcel>,
    /// Untrue levels and the streams that owe their removal.
    debts: Vec<(Arc<str>, Debt)>,
}

impl Armed {
    pub(super) fn new(twist: Twist, target: Target, left: u64) -> Self {
        Self {
            twist,
            target,
            left,
            held: Vec::new(),
            debts: Vec::new(),
        }
    }

    pub(super) fn is_due(&self) -> bool {
        self.left > 0 || !self.debts.is_empty()
    }

    pub(super) fn matches(&self, product: Product, line: Option<u64>, parcel: &Parcel) -> bool {
        if self.target.product != product || self.target.line != line {
            return false;
        }
        self.owes(parcel)
            || (self.left > 0
                && self.target.covers_stream(&parcel.key)
                && self.held.first().is_none_or(|held| held.key == parcel.key)
                && self.fits(parcel))
    }

    fn owes(&self, parcel: &Parcel) -> bool {
        self.debts.iter().any(|(key, _)| *key == parcel.key)
    }

    fn fits(&self, parcel: &Parcel) -> bool {
        match &self.twist {
            Twist::WrongChecksum => parcel.text().contains(spoiled::CHECKSUM),
            Twist::Mutate(mutation, _) => match &parcel.binary {
                Some(body) => mutation.apply_binary(body).is_some(),
                None => mutation.fits(parcel.text()),
            },
            _ => true,
        }
    }

    /// Applies the fault to a message that matches.
    pub(super) fn apply(&mut self, parcel: Parcel) -> Outcome {
        match &self.twist {
            Twist::Shuffle(within, seed) => {
                let (within, seed) = (*within, *seed);
                return self.shuffle(parcel, within, seed);
            }
            Twist::Mutate(mutation, seed) => {
                let (mutation, seed) = (mutation.clone(), *seed);
                return self.mutate(parcel, &mutation, seed);
            }
            _ => {}
        }
        self.left -= 1;
        let (send, touch) = match self.twist {
            Twist::Duplicate => (vec![parcel.clone(), parcel.clone()], Touch::Duplicated),
            Twist::WrongChecksum => (vec![spoiled::spoiled(parcel.clone())], Touch::Corrupted),
            _ => (Vec::new(), Touch::Dropped),
        };
        let sent = send.first().filter(|_| touch == Touch::Corrupted).cloned();
        touched(send, touch, parcel, sent)
    }

    /// Holds a message back until its group is complete, then sends the group in another order.
    fn shuffle(&mut self, parcel: Parcel, within: usize, seed: u64) -> Outcome {
        self.held.push(parcel);
        if self.held.len() < within {
            return Outcome::default();
        }
        let seed = splitmix(seed.wrapping_add(self.left));
        self.left -= 1;
        let held = std::mem::take(&mut self.held);
        let order = order(held.len(), seed);
        let late = |(place, from): (usize, &usize)| {
            (place > *from).then(|| held.get(*from).cloned()).flatten()
        };
        let touched = order
            .iter()
            .enumerate()
            .filter_map(late)
            .map(|original| Touched {
                touch: Touch::Delayed,
                original,
                sent: None,
            });
        Outcome {
            touched: touched.collect(),
            send: order
                .iter()
                .filter_map(|from| held.get(*from).cloned())
                .collect(),
        }
    }

    /// Changes a message, or makes it take back what an earlier one said.
    fn mutate(&mut self, parcel: Parcel, mutation: &Mutation, seed: u64) -> Outcome {
        if let Some(place) = self.debts.iter().position(|(key, _)| *key == parcel.key) {
            let (_, debt) = self.debts.remove(place);
            let paid = parcel.with(|text| debt.pay(text).map(String::into_bytes));
            return touched(vec![paid.clone()], Touch::Mutated, parcel, Some(paid));
        }
        let dice = splitmix(seed.wrapping_add(self.left)) >> 1;
        self.left -= 1;
        let mut debt = Debt::default();
        let mut changed = parcel.with(|text| {
            let change = mutation.apply(text, dice);
            debt = change.debt;
            Some(change.body)
        });
        changed.binary = changed.binary.and_then(|body| mutation.apply_binary(&body));
        if !debt.is_empty() {
            self.debts.push((Arc::clone(&parcel.key), debt));
        }
        touched(vec![changed.clone()], Touch::Mutated, parcel, Some(changed))
    }

    /// Touches no more messages, debts aside.
    pub(super) fn heal(&mut self) {
        self.left = 0;
    }

    /// Sends what is held, in order, and ends.
    pub(super) fn give_up(&mut self) -> Vec<(Target, Parcel)> {
        let held = std::mem::take(&mut self.held);
        if !held.is_empty() {
            self.left = 0;
        }
        held.into_iter()
            .map(|parcel| (self.target.clone(), parcel))
            .collect()
    }
}

fn touched(send: Vec<Parcel>, touch: Touch, original: Parcel, sent: Option<Parcel>) -> Outcome {
    let touched = vec![Touched {
        touch,
        original,
        sent,
    }];
    Outcome { send, touched }
}

/// An order of `count` places that is not the natural one.
fn order(count: usize, mut seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for place in (1..count).rev() {
        seed = splitmix(seed);
        let other = usize::try_from(seed % (place as u64 + 1)).unwrap_or_default();
        order.swap(place, other);
    }
    if order.is_sorted() && count > 1 {
        order.swap(0, count - 1);
    }
    order
}
