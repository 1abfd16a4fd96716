//! Carries out changes of the reference data on one product's markets.
//!
//! Markets keep their places: a delisted one stays, stands still and is found no more, so that an
//! index never names another instrument.

use super::Floor;
use crate::clock;
use crate::hub::Hub;
use crate::instrument::InstrumentConfig;
use crate::market::{Market, State};
use crate::reference::ReferenceChange;

/// Instruments of one product, delisted ones included: Binance lists about 3,500.
const MARKETS_MAX: usize = 4_096;

impl Floor {
    /// Carries out a change. The venue hears of it when it is done.
    pub(super) fn change(&mut self, hub: &mut Hub, change: &ReferenceChange) {
        let symbol = change.symbol();
        let known = self.markets.iter().position(|m| m.config.symbol == symbol);
        let done = match (change, known) {
            (ReferenceChange::List(instrument), None) => self.list(instrument),
            (ReferenceChange::Halt { .. }, Some(index)) => self.turn(index, State::Halted),
            (ReferenceChange::Resume { .. }, Some(index)) => self.turn(index, State::Trading),
            (ReferenceChange::Delist { .. }, Some(index)) => self.turn(index, State::Delisted),
            (ReferenceChange::Tick { tick, .. }, Some(index)) => self.retick(hub, index, *tick),
            _ => None,
        };
        let Some(index) = done else {
            tracing::warn!(?change, "simulated venue: reference data not changed");
            return;
        };
        let (venue, mut desk) = self.desk(hub);
        venue.reference_changed(&mut desk, index);
    }

    fn list(&mut self, instrument: &InstrumentConfig) -> Option<usize> {
        let index = self.markets.len();
        let room = index < MARKETS_MAX && instrument.check(self.opening.levels).is_ok();
        if !room || !self.venue.lists(instrument) {
            return None;
        }
        let market = self.opening.market(self.product, index, instrument.clone());
        self.markets.push(market);
        Some(index)
    }

    fn turn(&mut self, index: usize, state: State) -> Option<usize> {
        let market = self.markets.get_mut(index)?;
        let differs = market.state != state;
        market.state = state;
        differs.then_some(index)
    }

    fn retick(&mut self, hub: &mut Hub, index: usize, tick: i64) -> Option<usize> {
        let step = self.markets.get_mut(index)?.retick(tick, clock::now())?;
        let (venue, mut desk) = self.desk(hub);
        venue.stepped(&mut desk, index, &step);
        Some(index)
    }
}

/// How the markets of a floor are opened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opening {
    pub(super) seed: u64,
    pub(super) levels: usize,
    pub(super) first_id: u64,
}

impl Opening {
    /// The market at a place of a product's list; product and place tell its seed from others'.
    pub(super) fn market(
        self,
        product: crate::config::Product,
        index: usize,
        instrument: InstrumentConfig,
    ) -> Market {
        let seed = self.seed ^ ((product as u64 + 1) << 40) ^ ((index as u64) << 32);
        Market::new(instrument, self.levels, self.first_id, seed)
    }
}
