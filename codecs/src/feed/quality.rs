//! Quality rules: what a record says is checked against what it can say.
//!
//! A rule counts, and then flags the record (`SUSPECT`) or rejects it, as configured. Rejected
//! records leave by the quarantine, with the rule's name. Books are only ever flagged, since a book
//! without one of its updates is wrong: for them, `reject` does what `flag` does.
//!
//! | rule | trades, also those that REST brings | best prices | books |
//! |---|---|---|---|
//! | `price_range` | not above zero, or too far from the level | not above zero | - |
//! | `qty_range` | not above zero | - | - |
//! | `off_tick` | yes | yes | - |
//! | `crossed` | - | - | one that stays crossed breaks (`Gap`) and is synchronised anew |
//! | `future_time` | yes | yes | yes |
//! | `time_back` | yes, but not those of REST | yes | yes, each book by itself |
//! | `duplicate_id` | another trade under a name that was taken | - | - |
//! | `stale_book` | - | - | told once by a `Status` record (`STALE`) |
//! | `level_explosion` | - | - | yes |
//!
//! A price that is far from the level is believed once it persists (`memory.rs`): prices do jump.

mod memory;
mod watch;

use std::num::NonZeroU16;

use crate::reject::Reject;
pub(super) use watch::Quality;

const MS: i64 = 1_000_000;
/// Further than ten times or a tenth, no price goes between two trades; errors of scale do.
const PRICE_FACTOR: NonZeroU16 = NonZeroU16::new(10).unwrap();

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
    /// A price of zero, or one of a trade further from the level of the last ones than
    /// [`QualityOptions::price_factor`], until it persists.
    PriceRange,
    /// A trade of quantity zero.
    QtyRange,
    /// A price that is no multiple of the instrument's tick.
    OffTick,
    /// A book that stays crossed for longer than [`QualityOptions::crossed_max`].
    Crossed,
    /// A venue stamp later than our own by more than [`QualityOptions::future_max`].
    FutureTime,
    /// A venue stamp before the last one of the stream that was not in the future.
    TimeBack,
    /// The number or the id of a recent trade again, on another trade.
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
    /// How many times higher or lower than the level of the last trades a price may be.
    pub price_factor: NonZeroU16,
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
            price_factor: PRICE_FACTOR,
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

/// The graver of two verdicts.
const fn worse(first: Verdict, second: Verdict) -> Verdict {
    match (first, second) {
        (Verdict::Reject(rule), _) | (_, Verdict::Reject(rule)) => Verdict::Reject(rule),
        (Verdict::Flag, _) | (_, Verdict::Flag) => Verdict::Flag,
        _ => Verdict::Pass,
    }
}
