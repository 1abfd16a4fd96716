//! Liquidations: now and then a taker order is one that the venue forced.
//!
//! The order's trades are on the tape like any other's, so quantity and average price agree with
//! the published trades.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::book::Side;
use super::generator::Fill;
use crate::clock::Nanos;
use crate::instrument::InstrumentConfig;

/// Keeps this stream apart from the market's own.
const SALT: u64 = 0x6c69_7175_6964_6531;

/// One taker order in so many is a liquidation: at the default rate one every four seconds.
const ONE_IN: u32 = 32;

/// Ticks between the worst fill and the order's limit, the bankruptcy price.
const BANKRUPTCY_TICKS: i64 = 5;

/// A forced order, completely filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Liquidation {
    /// Number of the order's last trade.
    pub(crate) trade: u64,
    /// Side of the order: [`Side::Ask`] sells off a long position.
    pub(crate) side: Side,
    /// Limit price of the order.
    pub(crate) px: i64,
    /// Average price of its fills, rounded down.
    pub(crate) average: i64,
    /// Quantity, all of it filled.
    pub(crate) qty: i64,
    /// Quantity of the last fill.
    pub(crate) last_qty: i64,
    pub(crate) at: Nanos,
}

/// Decides which taker orders are liquidations.
#[derive(Debug)]
pub(crate) struct Liquidator(ChaCha8Rng);

impl Liquidator {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed ^ SALT))
    }

    /// The liquidation that the fills of one taker order were, if they were one.
    pub(crate) fn judge(
        &mut self,
        config: &InstrumentConfig,
        fills: &[Fill],
    ) -> Option<Liquidation> {
        let last = fills.last()?;
        if !self.0.next_u32().is_multiple_of(ONE_IN) {
            return None;
        }
        let qty: i64 = fills.iter().map(|fill| fill.qty).sum();
        let value: i128 = fills
            .iter()
            .map(|fill| i128::from(fill.px) * i128::from(fill.qty))
            .sum();
        let beyond = config.tick * BANKRUPTCY_TICKS;
        let px = match last.taker {
            Side::Bid => last.px + beyond,
            Side::Ask => (last.px - beyond).max(config.tick),
        };
        let average = value.checked_div(i128::from(qty))?;
        Some(Liquidation {
            trade: last.id,
            side: last.taker,
            px,
            average: i64::try_from(average).ok()?,
            qty,
            last_qty: last.qty,
            at: last.at,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Product;
    use crate::instrument::default_instruments;
    use crate::market::{Market, Side};

    #[test]
    fn some_taker_orders_are_liquidations_and_agree_with_their_trades() {
        let config = default_instruments(Product::BinanceUsdm).remove(0);
        let mut market = Market::new(config, 200, 1, 4);
        let mut seen = 0;
        for event in 0..10_000 {
            let step = market.step(event);
            let Some(order) = step.liquidation else {
                continue;
            };
            seen += 1;
            let last = step.fills.last().unwrap();
            assert_eq!((order.trade, order.side), (last.id, last.taker));
            assert_eq!(
                order.qty,
                step.fills.iter().map(|fill| fill.qty).sum::<i64>()
            );
            let prices = step.fills.iter().map(|fill| fill.px);
            let (low, high) = (prices.clone().min().unwrap(), prices.max().unwrap());
            assert!((low..=high).contains(&order.average));
            assert!(match order.side {
                Side::Bid => order.px > high,
                Side::Ask => order.px < low,
            });
        }
        assert!((10..200).contains(&seen), "{seen} liquidations");
    }
}
