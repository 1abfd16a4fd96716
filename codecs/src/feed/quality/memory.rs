//! What the rules remember of one instrument: the level of its prices, its stamps, its last trades.

use crate::feed::books::ROWS;
use crate::fixed::rescale;
use crate::record::Trade;

/// So many trades in a row that agree on a far price make it the level.
const JUMP_TRADES: u32 = 10;
/// So does one that agrees with another from so long before (ns, our clock), without one at the old
/// level between: a quiet instrument does not wait for ten.
const JUMP_TIME: i64 = 60_000_000_000;
/// Trades that a repetition is compared with: the copies of a second line, and of a venue that
/// repeats itself, come within so many.
const PRINTS: usize = 32;

/// What is remembered of one instrument.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) level: Level,
    /// By channel of trades: raw ones, aggregates.
    pub(super) trades: [TradesSeen; 2],
    pub(super) ts_bbo: i64,
    /// By channel of books.
    pub(super) books: [BookSeen; ROWS],
    /// Our stamp of the last trade.
    pub(super) trade_at: i64,
}

/// One channel of trades.
#[derive(Clone, Debug, Default)]
pub(super) struct TradesSeen {
    pub(super) ts: i64,
    pub(super) prints: Prints,
}

/// One book.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct BookSeen {
    pub(super) ts: i64,
    /// Our stamp of its last update.
    pub(super) at: i64,
    pub(super) stale: bool,
}

/// The price level of an instrument's trades.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Level {
    px: i64,
    exp: i8,
    far: Option<Far>,
}

/// A level that the last trades told and that nobody believes yet.
#[derive(Clone, Copy, Debug)]
struct Far {
    px: i64,
    trades: u32,
    since: i64,
}

impl Level {
    /// Whether a positive price is near the level; reads only.
    pub(super) fn is_near(&self, px: i64, exp: i8, factor: i64) -> bool {
        let level = rescale(self.px, self.exp, exp).unwrap_or(0);
        level == 0 || near(level, px, factor)
    }

    /// Takes a positive price that came at `now` (ns, our clock): whether it is near the level, or
    /// has become the level.
    #[inline]
    pub(super) fn take(&mut self, px: i64, exp: i8, now: i64, factor: i64) -> bool {
        if self.exp != exp {
            self.px = rescale(self.px, self.exp, exp).unwrap_or(0);
            (self.exp, self.far) = (exp, None);
        }
        let believed = self.px == 0 || near(self.px, px, factor) || self.persists(px, now, factor);
        if believed {
            (self.px, self.far) = (px, None);
        }
        believed
    }

    #[cold]
    fn persists(&mut self, px: i64, now: i64, factor: i64) -> bool {
        let agreed = self.far.filter(|far| near(far.px, px, factor));
        let (before, since) = agreed.map_or((0, now), |far| (far.trades, far.since));
        let far = Far {
            px,
            trades: before + 1,
            since,
        };
        self.far = Some(far);
        far.trades >= JUMP_TRADES || now.saturating_sub(far.since) >= JUMP_TIME
    }
}

const fn near(level: i64, px: i64, factor: i64) -> bool {
    px <= level.saturating_mul(factor) && level <= px.saturating_mul(factor)
}

/// What one trade said.
#[derive(Clone, Copy, Debug)]
struct Print {
    /// Its number, or a hash of its id where the venue does not number trades.
    name: u64,
    id: [u8; 16],
    px: (i64, i8),
    qty: (i64, i8),
}

impl Print {
    fn of(name: u64, trade: &Trade) -> Self {
        Self {
            name,
            id: trade.id_bytes,
            px: (trade.px, trade.px_exp),
            qty: (trade.qty, trade.qty_exp),
        }
    }

    fn says(&self, other: &Self) -> bool {
        self.id == other.id && equal(self.px, other.px) && equal(self.qty, other.qty)
    }
}

fn equal((first, first_exp): (i64, i8), (second, second_exp): (i64, i8)) -> bool {
    let exp = first_exp.min(second_exp);
    rescale(first, first_exp, exp) == rescale(second, second_exp, exp)
}

/// The last [`PRINTS`] trades of one channel.
#[derive(Clone, Debug, Default)]
pub(super) struct Prints {
    ring: Vec<Print>,
    next: usize,
}

impl Prints {
    pub(super) fn add(&mut self, name: u64, trade: &Trade) {
        let print = Print::of(name, trade);
        if self.ring.len() < PRINTS {
            self.ring.reserve_exact(PRINTS - self.ring.len());
            self.ring.push(print);
            return;
        }
        self.ring[self.next] = print;
        self.next = (self.next + 1) % PRINTS;
    }

    /// Whether the name is that of recent trades, none of which says the same.
    pub(super) fn contradicts(&self, name: u64, trade: &Trade) -> bool {
        let print = Print::of(name, trade);
        let mut named = self.ring.iter().filter(|held| held.name == name).peekable();
        named.peek().is_some() && !named.any(|held| held.says(&print))
    }

    /// Whether the id is that of a recent trade of another name.
    pub(super) fn has_under_another_name(&self, name: u64, id: [u8; 16]) -> bool {
        let mut held = self.ring.iter();
        held.any(|held| held.id == id && held.name != name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    #[test]
    fn a_price_that_persists_becomes_the_level() {
        let mut level = Level::default();
        assert!(level.take(100, 0, 0, 10));
        for _ in 1..JUMP_TRADES {
            assert!(!level.take(1_001, 0, 0, 10));
        }
        assert!(level.take(1_001, 0, 0, 10));
        assert!(!level.take(100, 0, 0, 10));
    }

    #[test]
    fn far_prices_that_do_not_agree_or_do_not_last_change_nothing() {
        let mut level = Level::default();
        level.take(100, 0, 0, 10);
        for _ in 0..50 {
            assert!(!level.take(5_000, 0, 0, 10));
            assert!(!level.take(1, 0, 0, 10));
        }
        for _ in 0..50 {
            assert!(!level.take(5_000, 0, 0, 10));
            assert!(level.take(100, 0, 0, 10));
        }
    }

    #[test]
    fn a_quiet_instrument_is_believed_after_a_minute() {
        let mut level = Level::default();
        level.take(100, 0, 0, 10);
        assert!(!level.take(5_000, 0, SECOND, 10));
        assert!(!level.take(5_000, 0, 60 * SECOND, 10));
        assert!(level.take(5_000, 0, 61 * SECOND, 10));
    }

    #[test]
    fn the_level_follows_a_change_of_exponent() {
        let mut level = Level::default();
        level.take(100, 0, 0, 10);
        assert!(level.is_near(10_000, -2, 10) && !level.is_near(100_001, -2, 10));
        assert!(level.take(10_000, -2, 0, 10) && !level.take(100, -2, 0, 10));
    }
}
