//! Quality rules: what a record says is checked against what it can say.
//!
//! A rule counts, and then flags the record (`SUSPECT`) or rejects it, as configured. Rejected
//! records leave by the quarantine, with the rule's name; books are only ever flagged, since a book
//! without one of its updates is wrong.

use crate::book::Book;
use crate::fixed::rescale;
use crate::instrument::Instrument;
use crate::record::{ABSENT, Bbo, Header, Trade};
use crate::reject::Reject;
use crate::venue::Channel;

const MS: i64 = 1_000_000;

/// What to do about a record that breaks a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Action {
    /// Nothing: the rule is not looked at.
    Off,
    /// The record leaves with the flag `SUSPECT`.
    #[default]
    Flag,
    /// The record does not leave; its frame goes to quarantine.
    Reject,
}

/// The rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// A price of zero, or further from the last one than [`QualityOptions::price_factor`].
    PriceRange,
    /// A trade of quantity zero.
    QtyRange,
    /// A price that is no multiple of the instrument's tick.
    OffTick,
    /// A book that stays crossed for longer than [`QualityOptions::crossed_max`].
    Crossed,
    /// A venue stamp later than our own by more than [`QualityOptions::future_max`].
    FutureTime,
    /// A venue stamp before the last one of the stream.
    TimeBack,
    /// The id of the last trade again, on another trade.
    DuplicateId,
    /// A book without an update for longer than [`QualityOptions::stale_max`], while its instrument
    /// trades.
    StaleBook,
    /// More levels on a side than [`QualityOptions::levels_max`].
    LevelExplosion,
}

/// How many rules there are.
pub const RULES: usize = 9;

impl Rule {
    /// Every rule.
    pub const ALL: [Self; RULES] = [
        Self::PriceRange,
        Self::QtyRange,
        Self::OffTick,
        Self::Crossed,
        Self::FutureTime,
        Self::TimeBack,
        Self::DuplicateId,
        Self::StaleBook,
        Self::LevelExplosion,
    ];

    /// The rule's name in configuration, metrics and tools.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PriceRange => "price_range",
            Self::QtyRange => "qty_range",
            Self::OffTick => "off_tick",
            Self::Crossed => "crossed",
            Self::FutureTime => "future_time",
            Self::TimeBack => "time_back",
            Self::DuplicateId => "duplicate_id",
            Self::StaleBook => "stale_book",
            Self::LevelExplosion => "level_explosion",
        }
    }
}

/// Which rules hold, and their limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QualityOptions {
    /// By place in [`Rule::ALL`].
    pub actions: [Action; RULES],
    /// How many times higher or lower than the last a price may be.
    pub price_factor: i64,
    /// How long a book may be crossed, in nanoseconds.
    pub crossed_max: i64,
    /// How far a venue's clock may be ahead of ours, in nanoseconds.
    pub future_max: i64,
    /// How long a book may be without an update while its instrument trades, in nanoseconds.
    pub stale_max: i64,
    /// Most levels on a side.
    pub levels_max: usize,
}

impl Default for QualityOptions {
    fn default() -> Self {
        Self {
            actions: [Action::Flag; RULES],
            price_factor: 10,
            crossed_max: 1_000 * MS,
            future_max: 1_000 * MS,
            stale_max: 60_000 * MS,
            levels_max: 20_000,
        }
    }
}

/// What the rules say of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing.
    Pass,
    /// It leaves with a flag.
    Flag,
    /// It does not leave.
    Reject(Reject),
}

/// What the rules remember of one instrument.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    px: i64,
    px_exp: i8,
    trade_id: [u8; 16],
    trade_px: i64,
    trade_qty: i64,
    ts_trade: [i64; 2],
    ts_bbo: i64,
    ts_book: i64,
    /// Our stamps of the last book update and of the last trade.
    book_at: i64,
    trade_at: i64,
    stale: bool,
}

/// The rules at work.
#[derive(Debug)]
pub(super) struct Quality {
    options: QualityOptions,
    hits: [u64; RULES],
    seen: Vec<Seen>,
}

impl Quality {
    pub(super) fn new(options: QualityOptions) -> Self {
        Self {
            options,
            hits: [0; RULES],
            seen: Vec::new(),
        }
    }

    pub(super) const fn options(&self) -> &QualityOptions {
        &self.options
    }

    /// How often each rule was broken, by place in [`Rule::ALL`].
    pub(super) const fn hits(&self) -> &[u64; RULES] {
        &self.hits
    }

    /// Whether a rule is looked at.
    pub(super) fn watches(&self, rule: Rule) -> bool {
        self.options.actions[rule as usize] != Action::Off
    }

    /// Counts a broken rule.
    pub(super) fn hit(&mut self, rule: Rule) -> Verdict {
        let action = self.options.actions[rule as usize];
        if action == Action::Off {
            return Verdict::Pass;
        }
        self.hits[rule as usize] += 1;
        match action {
            Action::Reject => Verdict::Reject(Reject::Quality(rule)),
            _ => Verdict::Flag,
        }
    }

    #[inline]
    fn of(&mut self, instrument: &Instrument) -> &mut Seen {
        let index = instrument.id.index();
        if self.seen.len() <= index {
            self.seen.resize_with(index + 1, Seen::default);
        }
        &mut self.seen[index]
    }

    #[inline]
    pub(super) fn trade(
        &mut self,
        instrument: &Instrument,
        channel: Channel,
        trade: &Trade,
    ) -> Verdict {
        let mut verdict = self.times(
            &trade.header,
            |seen| &mut seen.ts_trade[usize::from(channel == Channel::AGG_TRADE)],
            instrument,
        );
        if trade.qty <= 0 {
            verdict = worse(verdict, self.hit(Rule::QtyRange));
        }
        verdict = worse(verdict, self.price(instrument, trade.px, trade.px_exp));
        let same = |seen: &Seen| {
            seen.trade_id == trade.id_bytes
                && (seen.trade_px, seen.trade_qty) != (trade.px, trade.qty)
        };
        if same(self.of(instrument)) {
            verdict = worse(verdict, self.hit(Rule::DuplicateId));
        }
        let seen = self.of(instrument);
        seen.trade_id = trade.id_bytes;
        (seen.trade_px, seen.trade_qty) = (trade.px, trade.qty);
        seen.trade_at = trade.header.ts_recv;
        if !matches!(verdict, Verdict::Reject(_)) {
            (seen.px, seen.px_exp) = (trade.px, trade.px_exp);
        }
        verdict
    }

    #[inline]
    pub(super) fn bbo(&mut self, instrument: &Instrument, bbo: &Bbo) -> Verdict {
        let mut verdict = self.times(&bbo.header, |seen| &mut seen.ts_bbo, instrument);
        for px in [bbo.bid_px, bbo.ask_px] {
            if px != ABSENT {
                verdict = worse(verdict, self.tick(instrument, px, bbo.px_exp));
            }
        }
        verdict
    }

    /// A book that took an update.
    #[inline]
    pub(super) fn book(
        &mut self,
        instrument: &Instrument,
        header: &Header,
        book: &Book,
    ) -> Verdict {
        let mut verdict = self.times(header, |seen| &mut seen.ts_book, instrument);
        if book.depth() > self.options.levels_max {
            verdict = worse(verdict, self.hit(Rule::LevelExplosion));
        }
        let seen = self.of(instrument);
        seen.book_at = header.ts_recv;
        seen.stale = false;
        verdict
    }

    /// Whether the instrument's live book has just become stale: it trades and its book stands still.
    pub(super) fn book_is_stale(&mut self, instrument: &Instrument) -> bool {
        let limit = self.options.stale_max;
        if !self.watches(Rule::StaleBook) {
            return false;
        }
        let seen = self.of(instrument);
        let stale = seen.book_at != 0 && seen.trade_at - seen.book_at > limit;
        let news = stale && !seen.stale;
        seen.stale = stale;
        if news {
            self.hit(Rule::StaleBook);
        }
        news
    }

    #[inline]
    fn times(
        &mut self,
        header: &Header,
        last: impl FnOnce(&mut Seen) -> &mut i64,
        instrument: &Instrument,
    ) -> Verdict {
        let ts = header.ts_venue;
        if ts == 0 {
            return Verdict::Pass;
        }
        let future = ts > header.ts_recv.saturating_add(self.options.future_max);
        let last = last(self.of(instrument));
        let late = header.flags.contains(crate::record::Flags::LATE);
        let back = ts < *last && !late;
        if !late {
            *last = ts;
        }
        let mut verdict = Verdict::Pass;
        if future {
            verdict = worse(verdict, self.hit(Rule::FutureTime));
        }
        if back {
            verdict = worse(verdict, self.hit(Rule::TimeBack));
        }
        verdict
    }

    #[inline]
    fn price(&mut self, instrument: &Instrument, px: i64, exp: i8) -> Verdict {
        let factor = self.options.price_factor;
        let seen = self.of(instrument);
        let last = if seen.px_exp == exp {
            seen.px
        } else {
            rescale(seen.px, seen.px_exp, exp).unwrap_or(0)
        };
        let far = last != 0 && (px > last.saturating_mul(factor) || px < last / factor);
        let mut verdict = self.tick(instrument, px, exp);
        if px <= 0 || far {
            verdict = worse(verdict, self.hit(Rule::PriceRange));
        }
        verdict
    }

    #[inline]
    fn tick(&mut self, instrument: &Instrument, px: i64, exp: i8) -> Verdict {
        let (tick, tick_exp) = instrument.terms.tick;
        if tick == 0 {
            return Verdict::Pass;
        }
        // The tick at the price's power of ten; a price that is finer than the tick is off it.
        let off = match rescale(tick, tick_exp, exp) {
            Some(tick) => px % tick != 0,
            None => false,
        };
        if off {
            self.hit(Rule::OffTick)
        } else {
            Verdict::Pass
        }
    }
}

/// The graver of two verdicts.
const fn worse(first: Verdict, second: Verdict) -> Verdict {
    match (first, second) {
        (Verdict::Reject(rule), _) | (_, Verdict::Reject(rule)) => Verdict::Reject(rule),
        (Verdict::Flag, _) | (_, Verdict::Flag) => Verdict::Flag,
        _ => Verdict::Pass,
    }
}
