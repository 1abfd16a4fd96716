//! Taker orders out of turn, with more trades than the generator's.

use super::Floor;
use crate::clock;
use crate::hub::Hub;
use crate::market::{Market, State};

impl Floor {
    /// One order with so many trades on the market of that symbol, if it is open.
    pub(super) fn burst(&mut self, hub: &mut Hub, symbol: &str, trades: u16) {
        let open =
            |market: &Market| market.state == State::Trading && market.config.symbol == symbol;
        let Some(index) = self.markets.iter().position(open) else {
            return;
        };
        let step = self.markets[index].burst(u64::from(trades), clock::now());
        self.stepped(hub, index, &step);
    }
}
