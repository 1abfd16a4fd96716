//! Prices at which a book may differ, because a fault changed the message that named them.
//!
//! The journal holds what was sent, so its book differs from the tape's at these prices, and at no
//! others, until both say the same again. In a view of fixed depth a level that is in one book only
//! pushes another out of it: what falls out meanwhile is in doubt, too.

use std::collections::BTreeSet;

use super::exact::Exact;
use super::ladder::{Fallen, Ladder};
use super::tape::Side;

/// See the module: bids, then asks.
#[derive(Clone, Debug, Default)]
pub(super) struct Doubt([BTreeSet<Exact>; 2]);

impl Doubt {
    pub(super) fn clear(&mut self) {
        self.0 = Default::default();
    }

    pub(super) fn holds(&self, is_ask: bool, px: Exact) -> bool {
        self.0[usize::from(is_ask)].contains(&px)
    }

    /// The journal took `own`, bids and asks, for what was published as `published` and changed.
    pub(super) fn changed(&mut self, own: [&Side; 2], published: [&Side; 2]) {
        for ((doubt, own), published) in self.0.iter_mut().zip(own).zip(published) {
            let named = own.iter().chain(published).map(|(px, _)| *px);
            doubt.extend(named.filter(|px| quantity(own, *px) != quantity(published, *px)));
        }
    }

    /// Levels fell out of one of the views.
    pub(super) fn fell(&mut self, fallen: &[Fallen]) {
        for level in fallen {
            let doubt = &mut self.0[usize::from(level.is_ask)];
            if !doubt.is_empty() {
                doubt.insert(level.px);
            }
        }
    }

    /// Both books moved: where they agree again, nothing is in doubt.
    pub(super) fn settle(&mut self, own: &Ladder, truth: &Ladder) {
        for (is_ask, doubt) in [false, true].into_iter().zip(&mut self.0) {
            doubt.retain(|px| own.quantity(is_ask, *px) != truth.quantity(is_ask, *px));
        }
    }
}

/// What a message makes of a price: its last word counts.
fn quantity(levels: &Side, px: Exact) -> Option<Exact> {
    let mut last_first = levels.iter().rev();
    last_first.find(|(own, _)| *own == px).map(|(_, qty)| *qty)
}
