//! The seeded event stream: orders added, orders cancelled, taker orders.
//!
//! A new order is placed relative to the *opposite* best price, so it can improve the spread but
//! never cross it. Taker orders eat levels and later orders refill the hole from both sides with
//! equal chance, which makes the mid price a random walk.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::book::{Book, Side};
use super::liquidation::Liquidation;
use crate::clock::Nanos;
use crate::instrument::InstrumentConfig;

/// One level's new quantity; zero removes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) side: Side,
    pub(crate) px: i64,
    pub(crate) qty: i64,
}

/// One match between a resting order and a taker order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fill {
    /// Trade number of the instrument, +1 each.
    pub(crate) id: u64,
    /// Number of the (taker order, price) pair, +1 each: what Binance calls an aggregate trade.
    pub(crate) aggregate: u64,
    pub(crate) px: i64,
    pub(crate) qty: i64,
    /// [`Side::Bid`] if the taker bought.
    pub(crate) taker: Side,
    /// Match time. No two trades of an instrument share one, so that it can serve as a cursor.
    pub(crate) at: Nanos,
}

/// What one event did. Changes come in the order they were applied.
#[derive(Clone, Debug, Default)]
pub(crate) struct Step {
    pub(crate) at: Nanos,
    pub(crate) changes: Vec<Change>,
    /// Fills of one taker order, in match order; empty for other events.
    pub(crate) fills: Vec<Fill>,
    /// Set if that order was a liquidation.
    pub(crate) liquidation: Option<Liquidation>,
}

/// Most levels one taker order eats completely.
const SWEEP_MAX: u64 = 3;

/// Most resting orders one level is split into when a taker eats it.
const ORDERS_PER_LEVEL_MAX: u64 = 3;

/// Ticks from the opposite best within which most orders are placed.
const NEAR_TICKS: u64 = 24;

#[derive(Debug)]
pub(crate) struct Generator {
    rng: ChaCha8Rng,
    levels: usize,
    next_trade: u64,
    next_aggregate: u64,
    last_fill: Nanos,
}

impl Generator {
    pub(crate) fn new(levels: usize, first_id: u64, seed: u64) -> Self {
        let rng = ChaCha8Rng::seed_from_u64(seed);
        Self {
            rng,
            levels,
            next_trade: first_id,
            next_aggregate: first_id / 2,
            last_fill: 0,
        }
    }

    /// A book of `levels` per side around the start price, one or two ticks apart.
    pub(crate) fn opening_book(&mut self, config: &InstrumentConfig) -> Book {
        let mut book = Book::default();
        for side in [Side::Bid, Side::Ask] {
            let mut px = config.px_start;
            for _ in 0..self.levels {
                let step = config.tick * self.between(1, 2);
                px += if side == Side::Ask { step } else { -step };
                book.set(side, px, self.qty(config));
            }
        }
        book
    }

    /// Generates and applies one event.
    pub(crate) fn step(&mut self, config: &InstrumentConfig, book: &mut Book, at: Nanos) -> Step {
        let side = if self.below(2) == 0 {
            Side::Bid
        } else {
            Side::Ask
        };
        let mut step = Step {
            at,
            ..Step::default()
        };
        match self.below(20) {
            0..=2 => self.take(config, book, side, &mut step),
            3..=8 if book.len(side) > self.levels => self.cancel(book, side, &mut step),
            _ => self.add(config, book, side, &mut step),
        }
        step
    }

    /// Places an order; a side that has grown too long loses its worst level as well.
    fn add(&mut self, config: &InstrumentConfig, book: &mut Book, side: Side, step: &mut Step) {
        let px = self.order_px(config, book, side);
        let qty = self.qty(config);
        apply(book, step, Change { side, px, qty });
        if book.len(side) > self.levels + self.levels / 8
            && let Some((px, _)) = book.worst(side)
        {
            apply(book, step, Change { side, px, qty: 0 });
        }
    }

    /// A price on `side` that does not cross: at least one tick from the opposite best.
    ///
    /// One order in four goes to the far half of the book, and a side below its target length
    /// grows at its far end, so that deep views stay filled.
    fn order_px(&mut self, config: &InstrumentConfig, book: &Book, side: Side) -> i64 {
        let outward = if side == Side::Bid {
            -config.tick
        } else {
            config.tick
        };
        let worst = book.worst(side).map_or(config.px_start, |(px, _)| px);
        let short = book.len(side) < self.levels;
        if short && self.below(2) == 0 && worst + outward > 0 {
            return worst + outward;
        }
        let anchor = book
            .best(side.opposite())
            .map_or(config.px_start, |(px, _)| px);
        let span = if self.below(4) == 0 {
            self.levels as u64
        } else {
            NEAR_TICKS
        };
        let px = anchor + outward * (1 + self.below(span) as i64);
        if px > 0 { px } else { worst }
    }

    /// Removes a level near the touch or, one time in four, anywhere.
    fn cancel(&mut self, book: &mut Book, side: Side, step: &mut Step) {
        let span = if self.below(4) == 0 {
            book.len(side) as u64
        } else {
            NEAR_TICKS
        };
        let nth = self.below(span.min(book.len(side) as u64));
        if let Some((px, _)) = book.nth(side, nth as usize) {
            apply(book, step, Change { side, px, qty: 0 });
        }
    }

    /// A taker order of `side` eats up to [`SWEEP_MAX`] levels and part of the next one.
    fn take(&mut self, config: &InstrumentConfig, book: &mut Book, side: Side, step: &mut Step) {
        let resting = side.opposite();
        let whole = match self.below(4) {
            0 => 1 + self.below(SWEEP_MAX),
            _ => 0,
        };
        for _ in 0..whole {
            if book.len(resting) > SWEEP_MAX as usize + 1 {
                self.eat(config, book, side, 1, step);
            }
        }
        if whole == 0 || self.below(2) == 0 {
            let part = 2 + self.below(8);
            self.eat(config, book, side, part, step);
        }
    }

    /// Matches one `part`-th of the best resting level (all of it if `part` is 1).
    fn eat(
        &mut self,
        config: &InstrumentConfig,
        book: &mut Book,
        taker: Side,
        part: u64,
        step: &mut Step,
    ) {
        let side = taker.opposite();
        let Some((px, resting)) = book.best(side) else {
            return;
        };
        let lots = (resting / config.lot).div_euclid(part as i64).max(1);
        let qty = lots * config.lot;
        if qty >= resting && book.len(side) <= SWEEP_MAX as usize {
            return;
        }
        self.fills(config, px, lots, taker, step);
        apply(
            book,
            step,
            Change {
                side,
                px,
                qty: resting - qty,
            },
        );
    }

    /// A buyer takes so many resting orders of one lot, which came to the best ask just before.
    pub(crate) fn burst(
        &mut self,
        config: &InstrumentConfig,
        book: &mut Book,
        trades: u64,
        at: Nanos,
    ) -> Step {
        let mut step = Step {
            at,
            ..Step::default()
        };
        let side = Side::Ask;
        if let Some((px, resting)) = book.best(side) {
            let qty = resting + config.lot * trades.cast_signed();
            apply(book, &mut step, Change { side, px, qty });
            for _ in 0..trades {
                self.fill(config, px, 1, Side::Bid, &mut step);
            }
            self.next_aggregate += 1;
            let qty = resting;
            apply(book, &mut step, Change { side, px, qty });
        }
        step
    }

    /// Splits `lots` at one price into one to three fills of one aggregate.
    fn fills(
        &mut self,
        config: &InstrumentConfig,
        px: i64,
        lots: i64,
        taker: Side,
        step: &mut Step,
    ) {
        let orders = 1 + self.below(ORDERS_PER_LEVEL_MAX) as i64;
        let orders = orders.min(lots);
        let mut left = lots;
        for order in 0..orders {
            let part = if order + 1 == orders {
                left
            } else {
                lots / orders
            };
            left -= part;
            self.fill(config, px, part, taker, step);
        }
        self.next_aggregate += 1;
    }

    /// One fill of the current aggregate.
    fn fill(
        &mut self,
        config: &InstrumentConfig,
        px: i64,
        lots: i64,
        taker: Side,
        step: &mut Step,
    ) {
        self.last_fill = step.at.max(self.last_fill + 1);
        step.fills.push(Fill {
            id: self.next_trade,
            aggregate: self.next_aggregate,
            px,
            qty: lots * config.lot,
            taker,
            at: self.last_fill,
        });
        self.next_trade += 1;
    }

    /// A quantity between 1 lot and some millions, small ones more often.
    fn qty(&mut self, config: &InstrumentConfig) -> i64 {
        let magnitude = 10_u64.pow(1 + self.below(6) as u32);
        config.lot * (1 + self.below(magnitude) as i64)
    }

    fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1) as u64) as i64
    }

    /// A number in `0..n`, `n` below 2^32; multiply-shift, whose bias is far below what shows.
    fn below(&mut self, n: u64) -> u64 {
        (u64::from(self.rng.next_u32()) * n) >> 32
    }
}

fn apply(book: &mut Book, step: &mut Step, change: Change) {
    book.set(change.side, change.px, change.qty);
    step.changes.push(change);
}

#[cfg(test)]
mod tests {
    use crate::config::Product;
    use crate::instrument::default_instruments;
    use crate::market::{Market, Side};

    fn market(seed: u64) -> Market {
        Market::new(
            default_instruments(Product::BinanceUsdm).remove(3),
            200,
            1,
            seed,
        )
    }

    #[test]
    fn book_is_never_crossed_and_never_short() {
        let mut market = market(7);
        for event in 0..50_000 {
            market.step(event);
            let (bid, ask) = (market.book.best(Side::Bid), market.book.best(Side::Ask));
            assert!(
                bid.unwrap().0 < ask.unwrap().0,
                "crossed after event {event}"
            );
            let tick = market.config.tick;
            assert!(bid.unwrap().0 % tick == 0 && bid.unwrap().0 > 0);
            assert!(
                market.book.len(Side::Bid) >= 100,
                "short after event {event}"
            );
        }
        assert!(
            market.tape.len() > 1_000,
            "only {} trades",
            market.tape.len()
        );
    }

    #[test]
    fn mid_price_walks_away_from_its_start() {
        let mut market = market(3);
        let start = market.book.best(Side::Bid).unwrap().0;
        let mut seen = std::collections::BTreeSet::new();
        for event in 0..20_000 {
            market.step(event);
            seen.insert(market.book.best(Side::Bid).unwrap().0);
        }
        assert!(
            seen.len() > 20,
            "best bid took {} prices around {start}",
            seen.len()
        );
    }

    #[test]
    fn same_seed_gives_the_same_tape_and_book_whatever_the_clock_says() {
        let (mut a, mut b, mut other) = (market(5), market(5), market(6));
        for event in 0..2_000 {
            a.step(event);
            b.step(event * 17);
            other.step(event);
        }
        let tape = |market: &Market| -> Vec<_> {
            market
                .tape
                .iter()
                .map(|fill| (fill.id, fill.px, fill.qty))
                .collect()
        };
        assert_eq!(a.book.top(Side::Bid, 500), b.book.top(Side::Bid, 500));
        assert_eq!(tape(&a), tape(&b));
        assert_ne!(tape(&a), tape(&other));
    }

    #[test]
    fn fills_of_one_price_share_an_aggregate_and_ids_count_up() {
        let mut market = market(9);
        for event in 0..5_000 {
            market.step(event);
        }
        for pair in market.tape.make_contiguous().windows(2) {
            assert_eq!(pair[1].id, pair[0].id + 1);
            let same = pair[1].aggregate == pair[0].aggregate;
            assert!(same || pair[1].aggregate == pair[0].aggregate + 1);
            assert!(!same || pair[1].px == pair[0].px);
        }
    }
}
