//! What a venue knows: one instrument's whole book, and what its stream tells of each change.

use std::collections::BTreeMap;

/// Levels that an event changed: price and new quantity, mantissas.
pub(crate) type Levels = Vec<(i64, i64)>;

/// The numbers of one event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbers {
    /// First update id that the event covers.
    pub(crate) first: u64,
    /// Last update id that the event covers.
    pub(crate) last: u64,
    /// `last` of the event before.
    pub(crate) prev: u64,
    /// Number across channels.
    pub(crate) cross: u64,
}

/// How a venue's stream shows a book.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    /// Levels a side; `usize::MAX` = all.
    pub(crate) depth: usize,
    /// Whether a level that falls out of the view is told as deleted.
    pub(crate) tells_fallen: bool,
    /// How the numbers go on from one event to the next.
    pub(crate) advance: fn(&mut Numbers),
}

/// One event of a book stream.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// Bid levels, best first.
    pub(crate) bids: Levels,
    /// Ask levels, best first.
    pub(crate) asks: Levels,
}

/// One instrument as the venue has it.
#[derive(Clone, Debug)]
pub(crate) struct Truth {
    /// The venue's spelling.
    pub(crate) symbol: String,
    /// Fraction digits of prices.
    pub(crate) px_places: u32,
    /// Fraction digits of quantities.
    pub(crate) qty_places: u32,
    /// All bids by price mantissa.
    pub(crate) bids: BTreeMap<i64, i64>,
    /// All asks by price mantissa.
    pub(crate) asks: BTreeMap<i64, i64>,
    /// The last event's numbers.
    pub(crate) numbers: Numbers,
    /// The venue's clock, ms.
    pub(crate) time_ms: u64,
    /// Trades and best prices told so far.
    pub(crate) told: u64,
    /// Trades among them.
    pub(crate) trades: u64,
    /// Price increment as its listing tells it, in units of the venue's least.
    pub(crate) tick: i64,
    /// Whether its listing says that it does not trade now.
    pub(crate) halted: bool,
    /// Whether the venue does not list it.
    pub(crate) gone: bool,
    /// Turnover of 24 hours.
    pub(crate) turnover: i64,
    view: View,
}

/// The price between bids and asks, in mantissas; both sides stay on their side of it.
pub(crate) const MIDDLE: i64 = 5_000_000;

impl Truth {
    /// A book with more levels a side than the view shows, where it shows few.
    pub(crate) fn new(symbol: &str, places: (u32, u32), view: View) -> Self {
        let levels = view.depth.min(50) + 10;
        let side = |sign: i64| {
            (1..=i64::try_from(levels).unwrap())
                .map(|step| (MIDDLE + sign * step * 10, 1_000 + step))
                .collect()
        };
        Self {
            symbol: symbol.to_owned(),
            px_places: places.0,
            qty_places: places.1,
            bids: side(-1),
            asks: side(1),
            numbers: Numbers {
                first: 90,
                last: 100,
                prev: 80,
                cross: 5_000,
            },
            time_ms: 1_700_000_000_000,
            told: 0,
            trades: 0,
            tick: 1,
            halted: false,
            gone: false,
            turnover: 0,
            view,
        }
    }

    /// Bids in the view, best first.
    pub(crate) fn bids(&self) -> Levels {
        let best_first = self.bids.iter().rev().take(self.view.depth);
        best_first.map(|(px, qty)| (*px, *qty)).collect()
    }

    /// Asks in the view, best first.
    pub(crate) fn asks(&self) -> Levels {
        let best_first = self.asks.iter().take(self.view.depth);
        best_first.map(|(px, qty)| (*px, *qty)).collect()
    }

    /// Changes the book: the event that the stream tells, if any of it is in view.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Self)) -> Option<Change> {
        let (bids, asks) = (self.bids(), self.asks());
        change(self);
        let event = Change {
            bids: self.told(&bids, &self.bids(), &self.bids),
            asks: self.told(&asks, &self.asks(), &self.asks),
        };
        self.time_ms += 7;
        if event.bids.is_empty() && event.asks.is_empty() {
            return None;
        }
        (self.view.advance)(&mut self.numbers);
        Some(event)
    }

    /// Sets the quantity of the `nth` best bid.
    pub(crate) fn touch_bid(&mut self, nth: usize, qty: i64) -> Change {
        let px = self.bids()[nth].0;
        self.change(|truth| set(&mut truth.bids, px, qty)).unwrap()
    }

    /// Sets the quantity of the `nth` best ask.
    pub(crate) fn touch_ask(&mut self, nth: usize, qty: i64) -> Change {
        let px = self.asks()[nth].0;
        self.change(|truth| set(&mut truth.asks, px, qty)).unwrap()
    }

    /// Sets the quantity of a bid.
    pub(crate) fn set_bid(&mut self, px: i64, qty: i64) {
        set(&mut self.bids, px, qty);
    }

    /// Sets the quantity of an ask.
    pub(crate) fn set_ask(&mut self, px: i64, qty: i64) {
        set(&mut self.asks, px, qty);
    }

    /// One random event near the best prices: adds, changes and removals on both sides.
    pub(crate) fn step(&mut self, dice: &mut Dice) -> Change {
        loop {
            let moves: Vec<(bool, i64, i64)> = (0..=dice.below(4))
                .map(|_| (dice.below(2) == 0, dice.below(90) + 1, dice.below(5) * 37))
                .collect();
            let event = self.change(|truth| {
                for (is_bid, distance, qty) in moves {
                    if is_bid {
                        set(&mut truth.bids, MIDDLE - distance, qty);
                    } else {
                        set(&mut truth.asks, MIDDLE + distance, qty);
                    }
                }
            });
            if let Some(event) = event {
                return event;
            }
        }
    }

    /// From now on prices have one fraction digit more.
    pub(crate) fn refine(&mut self) {
        self.px_places += 1;
        for side in [&mut self.bids, &mut self.asks] {
            *side = side.iter().map(|(px, qty)| (px * 10, *qty)).collect();
        }
    }

    /// The wire text of a price.
    pub(crate) fn px(&self, px: i64) -> String {
        decimal(px, self.px_places)
    }

    /// The wire text of a quantity.
    pub(crate) fn qty(&self, qty: i64) -> String {
        decimal(qty, self.qty_places)
    }

    fn told(&self, before: &Levels, after: &Levels, whole: &BTreeMap<i64, i64>) -> Levels {
        let (old, now): (BTreeMap<i64, i64>, BTreeMap<i64, i64>) = (
            before.iter().copied().collect(),
            after.iter().copied().collect(),
        );
        let gone = before.iter().filter(|(px, _)| {
            let fell = !now.contains_key(px);
            fell && (self.view.tells_fallen || !whole.contains_key(px))
        });
        let new = after.iter().filter(|(px, qty)| old.get(px) != Some(qty));
        gone.map(|(px, _)| (*px, 0)).chain(new.copied()).collect()
    }
}

fn set(side: &mut BTreeMap<i64, i64>, px: i64, qty: i64) {
    if qty == 0 {
        side.remove(&px);
    } else {
        side.insert(px, qty);
    }
}

/// A mantissa as venues print it: all fraction digits, zeros included.
pub(crate) fn decimal(mantissa: i64, places: u32) -> String {
    let unit = 10_i64.pow(places);
    if places == 0 {
        return mantissa.to_string();
    }
    let width = usize::try_from(places).unwrap();
    format!("{}.{:0width$}", mantissa / unit, mantissa % unit)
}

/// A small source of chance that tests can repeat (splitmix64).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// The next number from 0 to `bound` - 1.
    pub(crate) fn below(&mut self, bound: u64) -> i64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        i64::try_from((mixed ^ (mixed >> 31)) % bound).unwrap()
    }
}
