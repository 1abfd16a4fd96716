//! Faults that were ordered and have not been used up.

mod armed;
mod odds;
mod requests;
mod spoiled;

use super::{Log, Parcel};
use crate::clock::Nanos;
use crate::config::Product;
use crate::fault::Target;
use armed::Armed;
pub(crate) use armed::Twist;
use odds::Odds;
pub(crate) use odds::{Chance, Dice};
pub(crate) use requests::Requests;

/// What became of a message that passed the board.
#[derive(Debug, Default)]
struct Outcome {
    /// What to send now, in order.
    send: Vec<Parcel>,
    touched: Vec<armed::Touched>,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct FaultBoard {
    armed: Vec<Armed>,
    odds: Vec<Odds>,
    pub(crate) requests: Requests,
}

impl FaultBoard {
    /// Orders a fault on the next `left` messages.
    pub(crate) fn arm(&mut self, twist: Twist, target: Target, left: u64) {
        self.armed.push(Armed::new(twist, target, left));
    }

    /// Orders a fault that hits at random until its time is over.
    pub(crate) fn arm_odds(&mut self, chance: Chance, target: Target, dice: Dice) {
        self.odds.push(Odds::new(chance, target, dice));
    }

    /// What to send instead of `parcel`. `line` is `None` for faults on all subscribers alike.
    pub(crate) fn pass(
        &mut self,
        log: &mut Log,
        product: Product,
        line: Option<u64>,
        parcel: Parcel,
    ) -> Vec<Parcel> {
        let place = self
            .armed
            .iter()
            .position(|armed| armed.matches(product, line, &parcel));
        let Some(armed) = place.and_then(|place| self.armed.get_mut(place)) else {
            return vec![parcel];
        };
        let outcome = armed.apply(parcel);
        for touched in &outcome.touched {
            log.touched(
                touched.touch,
                product,
                line,
                &touched.original,
                touched.sent.as_ref(),
            );
        }
        self.armed.retain(Armed::is_due);
        outcome.send
    }

    /// Throws the dice for a message on one connection: how many times it is sent.
    pub(crate) fn copies(
        &mut self,
        log: &mut Log,
        product: Product,
        line: u64,
        parcel: &Parcel,
        now: Nanos,
    ) -> usize {
        self.odds.retain(|odds| odds.lasts(now));
        let mut hits = self
            .odds
            .iter_mut()
            .filter_map(|odds| odds.hit(product, line, &parcel.key));
        let Some(chance) = hits.next() else {
            return 1;
        };
        log.touched(chance.touch(), product, Some(line), parcel, None);
        chance.copies()
    }

    /// Whether a subscribe request is to be refused.
    pub(crate) fn rejects(&mut self, product: Product, line: u64, key: &str) -> bool {
        self.requests.rejects(product, line, key)
    }

    /// Forgets everything but the levels that a message still has to take back.
    pub(crate) fn heal(&mut self) {
        self.armed.iter_mut().for_each(Armed::heal);
        self.armed.retain(Armed::is_due);
        self.odds.clear();
        self.requests = Requests::default();
    }

    /// Messages that still wait for others.
    pub(crate) fn take_held(&mut self) -> Vec<(Target, Parcel)> {
        let held = self.armed.iter_mut().flat_map(Armed::give_up).collect();
        self.armed.retain(Armed::is_due);
        held
    }
}
