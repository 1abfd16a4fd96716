//! The book with retail price improvement orders beside the others.
//!
//! The market's own book holds no RPI orders, as `orderbook.<depth>` shows none. They are laid over
//! it here: their quantity depends on the side, the price and what else rests there, so it repeats
//! with the seed and changes when the level does. An RPI order never crosses the opposite best.

use super::book::Sides;
use super::category::Category;
use super::payload;
use crate::instrument::InstrumentConfig;
use crate::market::{Book, Levels, Market, Side};

/// Levels per side.
const DEPTH: usize = 50;

/// Price, quantity of ordinary orders, quantity of RPI orders.
type Level = (i64, i64, i64);

/// The best levels of both sides, best first.
#[derive(Debug, Default)]
pub(super) struct RpiView {
    bids: Vec<Level>,
    asks: Vec<Level>,
}

impl RpiView {
    /// Takes over the book. Returns the texts of what came, changed or left, if anything did.
    pub(super) fn refresh(&mut self, category: Category, market: &Market) -> Option<Sides> {
        let config = &market.config;
        let bids = laid_over(config, &market.book, Side::Bid);
        let asks = laid_over(config, &market.book, Side::Ask);
        let changed = [changes(&self.bids, &bids), changes(&self.asks, &asks)];
        (self.bids, self.asks) = (bids, asks);
        let [bids, asks] = changed;
        (!bids.is_empty() || !asks.is_empty()).then(|| Sides {
            bids: texts(category, config, &bids),
            asks: texts(category, config, &asks),
        })
    }

    /// Texts of the best `limit` levels.
    pub(super) fn sides(
        &self,
        category: Category,
        config: &InstrumentConfig,
        limit: usize,
    ) -> Sides {
        let side =
            |levels: &[Level]| texts(category, config, levels.get(..limit).unwrap_or(levels));
        Sides {
            bids: side(&self.bids),
            asks: side(&self.asks),
        }
    }

    /// Prices with the quantity of ordinary orders.
    pub(super) fn plain(&self) -> [Levels; 2] {
        [&self.bids, &self.asks].map(|side| side.iter().map(|level| (level.0, level.1)).collect())
    }

    /// Prices with the quantity of RPI orders.
    pub(super) fn rpi(&self) -> [Levels; 2] {
        [&self.bids, &self.asks].map(|side| side.iter().map(|level| (level.0, level.2)).collect())
    }
}

/// The best levels of a side, with those behind them where only RPI orders rest.
fn laid_over(config: &InstrumentConfig, book: &Book, side: Side) -> Vec<Level> {
    let own = book.top(side, DEPTH);
    let outward = if side == Side::Bid {
        -config.tick
    } else {
        config.tick
    };
    let mut levels = Vec::with_capacity(2 * DEPTH);
    for (nth, (px, qty)) in own.iter().enumerate() {
        levels.push((*px, *qty, resting(config, side, *px, *qty)));
        let behind = px + outward;
        let taken = own.get(nth + 1).is_some_and(|(next, _)| *next == behind);
        let rpi = resting(config, side, behind, 0);
        if !taken && rpi > 0 && behind > 0 {
            levels.push((behind, 0, rpi));
        }
    }
    levels.truncate(DEPTH);
    levels
}

/// Quantity of RPI orders at a price: none at two of three.
fn resting(config: &InstrumentConfig, side: Side, px: i64, qty: i64) -> i64 {
    let salt = if side == Side::Bid { 0x5bd1 } else { 0x27d4 };
    let mixed = (px.cast_unsigned() ^ qty.cast_unsigned().rotate_left(24) ^ salt)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        >> 40;
    if mixed.is_multiple_of(3) {
        config.lot * (1 + i64::from(mixed as u16))
    } else {
        0
    }
}

/// Levels of `new` that differ from `old`, and those that are gone, with both quantities zero.
fn changes(old: &[Level], new: &[Level]) -> Vec<Level> {
    let gone = old
        .iter()
        .filter(|level| !new.iter().any(|other| other.0 == level.0));
    let gone = gone.map(|level| (level.0, 0, 0));
    let fresh = new.iter().filter(|level| !old.contains(level)).copied();
    gone.chain(fresh).collect()
}

/// `[["price","size","rpi size"],…]`
fn texts(category: Category, config: &InstrumentConfig, levels: &[Level]) -> String {
    let rows: Vec<String> = levels
        .iter()
        .map(|(px, qty, rpi)| {
            let px = payload::px(category, config, *px);
            let [qty, rpi] = [*qty, *rpi].map(|qty| payload::qty(category, config, qty));
            format!(r#"["{px}","{qty}","{rpi}"]"#)
        })
        .collect();
    format!("[{}]", rows.join(","))
}
