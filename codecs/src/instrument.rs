//! The instruments of one feed: the venue's symbols, their precisions and our ids.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

mod name;
mod short;

pub use name::canonical_name;
pub(crate) use short::SHORT_SYMBOL;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::record::{
    Change, InstrumentHead, InstrumentText, InstrumentType, OptionRight, TradingState,
};
use crate::reject::Reject;
use crate::scan::Isa;
use crate::time::Nanos;
use crate::venue::VenueId;

/// One tradable on one venue: the venue's code in the high byte, a dense index below it.
///
/// Ids are assigned once per journal and kept over restarts, so that an id means one symbol for as
/// long as the journal lives.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(transparent)]
pub struct InstrumentId(pub u32);

impl InstrumentId {
    /// No instrument: a record about a line or a venue.
    pub const NONE: Self = Self(0);

    /// The id of the instrument at `index` (from 0) of `venue`.
    #[must_use]
    pub const fn new(venue: VenueId, index: u32) -> Self {
        Self((venue.0 as u32) << 24 | (index & 0x00FF_FFFF))
    }

    /// The venue's code.
    #[must_use]
    pub const fn venue(self) -> VenueId {
        VenueId(self.0.to_be_bytes()[0])
    }

    /// The dense index below the venue.
    #[must_use]
    pub const fn index(self) -> usize {
        (self.0 & 0x00FF_FFFF) as usize
    }
}

impl fmt::Debug for InstrumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}#{}", self.venue(), self.index())
    }
}

/// Most instruments of one feed; the venues list at most about 4,000.
pub const INSTRUMENTS_MAX: usize = 65_536;
/// Longest symbol, in bytes; the venues' longest (option names) have about 30.
pub const SYMBOL_BYTES_MAX: usize = 64;

/// What is known of one instrument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instrument {
    /// Our id.
    pub id: InstrumentId,
    /// The venue's own spelling, as it stands in data messages.
    pub symbol: Box<str>,
    /// Base currency; empty = not known.
    pub base: Box<str>,
    /// Quote currency; empty = not known.
    pub quote: Box<str>,
    /// Currency of profit and loss; empty = not known, or spot.
    pub settle: Box<str>,
    /// See [`canonical_name`]; empty = not known.
    pub name: Box<str>,
    /// Power of ten of prices; lowered when the wire is finer, never raised.
    pub px_exp: i8,
    /// Power of ten of quantities; lowered when the wire is finer, never raised.
    pub qty_exp: i8,
    /// Whether the exponents come from reference data; otherwise they are learned from the digits
    /// on the wire, trailing zeros included.
    pub declared: bool,
    /// Whether the venue does not list it any more.
    pub gone: bool,
    /// The other reference data.
    pub terms: Terms,
    /// Rises with every change.
    pub generation: u32,
    /// The generation in which it was listed, for the first time or again.
    pub listed_in: u32,
}

/// Reference data beside the precisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Price increment: mantissa and power of ten; mantissa 0 = not known.
    pub tick: (i64, i8),
    /// Quantity increment: mantissa and power of ten; mantissa 0 = not known.
    pub lot: (i64, i8),
    /// Value of one contract: mantissa and power of ten; mantissa 0 = not contracts.
    pub contract_size: (i64, i8),
    /// Strike price: mantissa and power of ten; mantissa 0 = no option.
    pub strike: (i64, i8),
    /// Units of the base currency that one unit of quantity stands for: mantissa and power of ten;
    /// mantissa 0 = not told.
    pub multiplier: (i64, i8),
    /// Call or put.
    pub right: OptionRight,
    /// Delivery time; 0 = none.
    pub expiry: Nanos,
    /// Whether it trades.
    pub state: TradingState,
    /// What is traded.
    pub instrument_type: InstrumentType,
}

impl Terms {
    /// Nothing known.
    pub const UNKNOWN: Self = Self {
        tick: (0, 0),
        lot: (0, 0),
        contract_size: (0, 0),
        strike: (0, 0),
        multiplier: (0, 0),
        right: OptionRight::NONE,
        expiry: 0,
        state: TradingState::UNKNOWN,
        instrument_type: InstrumentType::UNKNOWN,
    };
}

/// One listing as a venue's reference data gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The venue's own spelling.
    pub symbol: Box<str>,
    /// Base currency.
    pub base: Box<str>,
    /// Quote currency.
    pub quote: Box<str>,
    /// Currency of profit and loss; empty = spot, or not told.
    pub settle: Box<str>,
    /// Power of ten of prices.
    pub px_exp: i8,
    /// Power of ten of quantities.
    pub qty_exp: i8,
    /// The rest.
    pub terms: Terms,
}

impl Instrument {
    fn unlisted(id: InstrumentId, symbol: &str) -> Self {
        Self {
            id,
            symbol: symbol.into(),
            base: "".into(),
            quote: "".into(),
            settle: "".into(),
            name: "".into(),
            px_exp: 0,
            qty_exp: 0,
            declared: false,
            gone: false,
            terms: Terms::UNKNOWN,
            generation: 0,
            listed_in: 1,
        }
    }

    /// Takes over a listing; whether anything changed. Exponents only ever become finer.
    pub fn declare(&mut self, listing: &Listing) -> bool {
        let mut next = self.clone();
        let seen = self.generation > 0;
        next.base.clone_from(&listing.base);
        next.quote.clone_from(&listing.quote);
        next.settle.clone_from(&listing.settle);
        next.name = canonical_name(listing).into();
        next.terms = listing.terms;
        next.px_exp = if seen {
            self.px_exp.min(listing.px_exp)
        } else {
            listing.px_exp
        };
        next.qty_exp = if seen {
            self.qty_exp.min(listing.qty_exp)
        } else {
            listing.qty_exp
        };
        next.declared = true;
        if std::mem::replace(&mut next.gone, false) {
            next.listed_in = self.generation + 1;
        }
        self.replace(next)
    }

    /// The venue does not list it any more.
    pub fn remove(&mut self) {
        let mut next = self.clone();
        next.gone = true;
        next.terms.state = TradingState::CLOSED;
        self.replace(next);
    }

    /// Makes room for finer wire numbers; whether anything changed.
    pub fn widen(&mut self, px_exp: i8, qty_exp: i8) -> bool {
        let mut next = self.clone();
        next.px_exp = self.px_exp.min(px_exp);
        next.qty_exp = self.qty_exp.min(qty_exp);
        self.replace(next)
    }

    fn replace(&mut self, mut next: Self) -> bool {
        if self.generation > 0 && *self == next {
            return false;
        }
        next.generation = self.generation + 1;
        *self = next;
        true
    }

    /// The instrument as record parts; stamps and lineage are the caller's.
    #[must_use]
    pub fn as_record(&self, venue: VenueId) -> (InstrumentHead, InstrumentText<'_>) {
        let change = if self.gone {
            Change::DELETE
        } else if self.generation <= self.listed_in {
            Change::ADD
        } else {
            Change::CHANGE
        };
        let mut head = InstrumentHead::new(venue, self.id, change);
        let at = |(mantissa, exp), to| crate::fixed::rescale(mantissa, exp, to).unwrap_or(0);
        head.tick = at(self.terms.tick, self.px_exp);
        head.lot = at(self.terms.lot, self.qty_exp);
        (head.contract_size, head.contract_exp) = self.terms.contract_size;
        (head.strike, head.strike_exp) = self.terms.strike;
        (head.multiplier, head.multiplier_exp) = self.terms.multiplier;
        head.right = self.terms.right;
        head.expiry = self.terms.expiry;
        head.generation = self.generation;
        head.px_exp = self.px_exp;
        head.qty_exp = self.qty_exp;
        head.state = self.terms.state;
        head.instrument_type = self.terms.instrument_type;
        let text = InstrumentText {
            symbol: &self.symbol,
            base: &self.base,
            quote: &self.quote,
            settle: &self.settle,
            name: &self.name,
        };
        (head, text)
    }
}

/// What to do with a symbol that is not in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Refuse it: a live feed carries what its configuration names.
    Named,
    /// Add it: a tool that decodes a recording takes what comes.
    Any,
}

/// What tables count their editions with: no two that differ have the same.
static EDITIONS: AtomicU64 = AtomicU64::new(0);

/// The instruments of one feed, found by the venue's spelling.
#[derive(Clone, Debug)]
pub struct Instruments {
    /// Tables of one edition are equal: every change makes a new one.
    edition: u64,
    venue: VenueId,
    admission: Admission,
    list: Vec<Instrument>,
    by_symbol: HashMap<Box<str>, InstrumentId, foldhash::fast::FixedState>,
    short: short::ShortSymbols,
}

impl Instruments {
    /// An empty table of `venue`.
    #[must_use]
    pub fn new(venue: VenueId, admission: Admission) -> Self {
        Self {
            edition: EDITIONS.fetch_add(1, Ordering::Relaxed),
            venue,
            admission,
            list: Vec::new(),
            by_symbol: HashMap::default(),
            short: short::ShortSymbols::default(),
        }
    }

    /// Adds a symbol (or finds it).
    ///
    /// # Errors
    ///
    /// [`Reject::TooMany`] when the table is full or the symbol is longer than any venue's.
    pub fn add(&mut self, symbol: &str) -> Result<InstrumentId, Reject> {
        if let Some(&id) = self.by_symbol.get(symbol) {
            return Ok(id);
        }
        if self.list.len() >= INSTRUMENTS_MAX || symbol.len() > SYMBOL_BYTES_MAX {
            return Err(Reject::TooMany);
        }
        let index = u32::try_from(self.list.len()).map_err(|_| Reject::TooMany)?;
        self.is_changed();
        let id = InstrumentId::new(self.venue, index);
        self.list.push(Instrument::unlisted(id, symbol));
        self.by_symbol.insert(symbol.into(), id);
        self.short.add(symbol, id);
        Ok(id)
    }

    fn is_changed(&mut self) {
        self.edition = EDITIONS.fetch_add(1, Ordering::Relaxed);
    }

    /// What tells whether anything changed: tables of one edition are equal.
    #[inline(always)]
    pub(crate) const fn edition(&self) -> u64 {
        self.edition
    }

    /// Forgets the instruments behind the first `count`: those that a refused frame named.
    pub(crate) fn truncate(&mut self, count: usize) {
        if count >= self.list.len() {
            return;
        }
        self.is_changed();
        for forgotten in self.list.drain(count..) {
            self.by_symbol.remove(&forgotten.symbol);
        }
        self.short = short::ShortSymbols::default();
        for held in &self.list {
            self.short.add(&held.symbol, held.id);
        }
    }

    /// The id of a symbol in a data message.
    ///
    /// # Errors
    ///
    /// [`Reject::UnknownInstrument`] where only named instruments are admitted.
    #[inline]
    pub fn resolve(&mut self, symbol: &str) -> Result<InstrumentId, Reject> {
        match (self.by_symbol.get(symbol), self.admission) {
            (Some(&id), _) => Ok(id),
            (None, Admission::Any) => self.add(symbol),
            (None, Admission::Named) => Err(Reject::UnknownInstrument),
        }
    }

    /// Whether [`Instruments::resolve`] takes a symbol.
    #[must_use]
    pub fn admits(&self, symbol: &str) -> bool {
        self.admission == Admission::Any || self.by_symbol.contains_key(symbol)
    }

    /// The id of a symbol, if it is in the table.
    #[must_use]
    pub fn find(&self, symbol: &str) -> Option<InstrumentId> {
        self.by_symbol.get(symbol).copied()
    }

    /// The instrument of the symbol of `len` bytes that `window` begins with; longer ones are found
    /// by [`Instruments::find`] alone.
    #[inline(always)]
    pub(crate) fn find_short<I: Isa>(
        &self,
        isa: I,
        window: &[u8; SHORT_SYMBOL],
        len: u32,
    ) -> Option<&Instrument> {
        self.list.get(self.short.find(isa, window, len)?.index())
    }

    /// The instrument of an id that this table gave.
    ///
    /// # Panics
    ///
    /// On an id of another table: a programmer's error, never the outcome of outside input.
    #[must_use]
    #[inline]
    pub fn get(&self, id: InstrumentId) -> &Instrument {
        &self.list[id.index()]
    }

    /// The instrument of an id that this table gave, to change it.
    ///
    /// # Panics
    ///
    /// As [`Instruments::get`].
    #[inline]
    pub fn get_mut(&mut self, id: InstrumentId) -> &mut Instrument {
        self.is_changed();
        &mut self.list[id.index()]
    }

    /// All instruments, in id order.
    #[must_use]
    pub fn all(&self) -> &[Instrument] {
        &self.list
    }

    /// The only instrument, if there is just one: messages without a symbol belong to it.
    ///
    /// # Errors
    ///
    /// [`Reject::AmbiguousInstrument`].
    pub const fn only(&self) -> Result<InstrumentId, Reject> {
        match self.list.as_slice() {
            [one] => Ok(one.id),
            _ => Err(Reject::AmbiguousInstrument),
        }
    }
}
