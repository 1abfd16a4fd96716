//! A book as the tape or the journal tells it.

use std::collections::BTreeMap;

use super::exact::{Exact, shown};
use super::tape::{Side, TapeBook};

/// A level that fell out of a view of fixed depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fallen {
    pub(super) is_ask: bool,
    pub(super) px: Exact,
}

/// One side's quantities by price; a quantity of 0 = known to be empty.
type Prices = BTreeMap<Exact, Exact>;

/// Both sides.
#[derive(Clone, Debug, Default)]
pub(super) struct Ladder {
    bids: Prices,
    asks: Prices,
    /// Whether it began with a snapshot: then what it does not hold is not there.
    whole: bool,
    /// Worst bid and ask of the snapshot: beyond them it says nothing.
    reach: (Option<Exact>, Option<Exact>),
}

impl Ladder {
    pub(super) fn replace(&mut self, bids: &Side, asks: &Side) {
        self.bids = bids.iter().copied().collect();
        self.asks = asks.iter().copied().collect();
        self.whole = true;
        self.reach = (
            self.bids.keys().next().copied(),
            self.asks.keys().next_back().copied(),
        );
    }

    pub(super) fn apply(&mut self, bids: &Side, asks: &Side) {
        for (side, levels) in [(&mut self.bids, bids), (&mut self.asks, asks)] {
            for (px, qty) in levels {
                if *qty == 0 && self.whole {
                    side.remove(px);
                } else {
                    side.insert(*px, *qty);
                }
            }
        }
    }

    /// Keeps the best `depth` levels of each side of a whole book, 0 = all; what fell out.
    pub(super) fn cut(&mut self, depth: u16) -> Vec<Fallen> {
        let mut fallen = Vec::new();
        if depth == 0 || !self.whole {
            return fallen;
        }
        while self.bids.len() > usize::from(depth) {
            let level = self.bids.pop_first();
            fallen.extend(level.map(|(px, _)| Fallen { is_ask: false, px }));
        }
        while self.asks.len() > usize::from(depth) {
            let level = self.asks.pop_last();
            fallen.extend(level.map(|(px, _)| Fallen { is_ask: true, px }));
        }
        fallen
    }

    /// The quantity at a price; 0 = none, or not known.
    pub(super) fn quantity(&self, is_ask: bool, px: Exact) -> Exact {
        let side = if is_ask { &self.asks } else { &self.bids };
        side.get(&px).copied().unwrap_or(0)
    }

    /// What is not known any more: a message was missed.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The tape's next message; what fell out.
    pub(super) fn follow(&mut self, message: &TapeBook, depth: u16) -> Vec<Fallen> {
        if message.snapshot {
            self.replace(&message.bids, &message.asks);
        } else {
            self.apply(&message.bids, &message.asks);
        }
        self.cut(depth)
    }

    /// The first price at which this book, the journal's, is not `truth`; prices aside that are
    /// `unsure`, told the side (asks?) and the price.
    pub(super) fn differs_from(
        &self,
        truth: &Self,
        unsure: impl Fn(bool, Exact) -> bool,
    ) -> Option<String> {
        let sides = [
            ("bid", &self.bids, &truth.bids),
            ("ask", &self.asks, &truth.asks),
        ];
        for (name, own, true_side) in sides {
            let doubtful = |px: &Exact| unsure(name == "ask", *px);
            let beyond = |px: &Exact| match name {
                "bid" => self.reach.0.is_some_and(|worst| *px < worst),
                _ => self.reach.1.is_some_and(|worst| *px > worst),
            };
            let missing = true_side.iter().find(|(px, qty)| {
                let held = own.get(px).copied();
                let unreached = !truth.whole && held.is_none() && beyond(px);
                held.unwrap_or(0) != **qty && !unreached && !doubtful(px)
            });
            let surplus = || {
                own.iter()
                    .find(|(px, _)| truth.whole && !true_side.contains_key(px) && !doubtful(px))
            };
            if let Some((px, _)) = missing.or_else(surplus) {
                let at = |side: &Prices| {
                    side.get(px)
                        .map_or_else(|| "nothing".to_owned(), |qty| shown(*qty))
                };
                return Some(format!(
                    "{name} {}: journal {}, tape {}",
                    shown(*px),
                    at(own),
                    at(true_side)
                ));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(snapshot: bool, bids: &[(Exact, Exact)]) -> TapeBook {
        TapeBook {
            line: 1,
            at: 0,
            ts: 0,
            snapshot,
            first: 0,
            last: 0,
            prev: None,
            checksum: None,
            bids: bids.to_vec(),
            asks: Vec::new(),
        }
    }

    fn ladder(messages: &[TapeBook], depth: u16) -> Ladder {
        let mut ladder = Ladder::default();
        for message in messages {
            ladder.follow(message, depth);
        }
        ladder
    }

    #[test]
    fn equal_books_do_not_differ_and_each_level_tells() {
        let truth = ladder(&[message(true, &[(10, 1), (9, 2)])], 0);
        let same = ladder(
            &[
                message(true, &[(10, 5), (8, 1)]),
                message(false, &[(10, 1), (9, 2), (8, 0)]),
            ],
            0,
        );
        assert_eq!(same.differs_from(&truth, |_, _| false), None);
        for other in [
            &[(10, 1)][..],
            &[(10, 1), (9, 3)],
            &[(10, 1), (9, 2), (8, 1)],
        ] {
            let other = ladder(&[message(true, other)], 0);
            assert!(
                other.differs_from(&truth, |_, _| false).is_some(),
                "{other:?}"
            );
        }
    }

    #[test]
    fn a_tape_without_snapshot_speaks_of_the_prices_it_named() {
        let truth = ladder(&[message(false, &[(10, 1), (9, 0)])], 0);
        let fits = ladder(&[message(true, &[(10, 1), (7, 4)])], 0);
        assert_eq!(fits.differs_from(&truth, |_, _| false), None);
        let held = ladder(&[message(true, &[(10, 1), (9, 4)])], 0);
        assert!(held.differs_from(&truth, |_, _| false).is_some());
        let unsure = |is_ask: bool, px| !is_ask && px == 9;
        assert_eq!(held.differs_from(&truth, unsure), None);
        let deep = ladder(&[message(false, &[(5, 3)])], 0);
        assert_eq!(
            fits.differs_from(&deep, |_, _| false),
            None,
            "beyond the snapshot"
        );
    }

    #[test]
    fn a_view_is_cut_to_its_depth() {
        let cut = ladder(
            &[
                message(true, &[(10, 1), (9, 2)]),
                message(false, &[(11, 1)]),
            ],
            2,
        );
        let truth = ladder(&[message(true, &[(11, 1), (10, 1)])], 2);
        assert_eq!(cut.differs_from(&truth, |_, _| false), None);
    }
}
