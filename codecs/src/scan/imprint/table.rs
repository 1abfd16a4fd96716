//! The imprints at hand, by what a message looks like from afar.

use super::{Extent, Imprint, Part, text, window};
use crate::scan::simd::{Isa, Text};

/// Places for imprints: a power of two, so many that few forms share one.
const PLACES: usize = 1 << 14;

/// Most imprints: forty instruments, of which each has some 100 forms, need 4,000. Together 2.7 MB, of which only
/// those in use are ever touched.
const HELD_MAX: usize = 4096;

/// A place without an imprint.
const NOBODY: u16 = u16::MAX;

/// Messages that find no imprint at their place, for one that may leave its own, so that a rare form does not
/// take the place of a usual one.
const PATIENCE: u8 = 16;

/// Messages that find no imprint, for one that leaves its own in the long run: making one takes as long as
/// several messages, and there are channels whose forms hardly ever come again.
const PRICE: u32 = 64;

/// As many as there is room for are made at once.
const CREDIT_MAX: u32 = HELD_MAX as u32 * PRICE;

/// Where the imprint of a message is held, if there is one: by its length, by where its bytes below `0`
/// stand (quotes, points, commas), and by the bytes where most messages have their symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scan) struct Place(u32);

impl Place {
    /// That of a message that leaves none.
    pub(in crate::scan) const NOWHERE: Self = Self(u32::MAX);

    /// The place of a message, or of a part of one.
    #[inline(always)]
    pub(in crate::scan) fn of<I: Isa>(isa: I, frame: &[u8], part: Part, symbol_at: usize) -> Self {
        let (Some(text), Some(symbol)) = (text(frame), window::<16>(frame, symbol_at)) else {
            return Self::NOWHERE;
        };
        let (words, _) = symbol.as_chunks::<8>();
        let word = |at: usize| u64::from_le_bytes(words[at]);
        let outline = isa.outline(text) ^ u64::from(Extent::of(frame, part).0);
        let mixed = word(0).wrapping_mul(0x9E37_79B9_7F4A_7C15)
            ^ word(1).wrapping_mul(0xC2B2_AE3D_27D4_EB4F).rotate_left(32)
            ^ outline.wrapping_mul(0xD6E8_FEB8_6659_FD93);
        Self((mixed >> 32 ^ mixed >> 48) as u32 & (PLACES as u32 - 1))
    }
}

/// The imprints of one scanner.
#[derive(Debug, Default)]
pub(in crate::scan) struct Imprints {
    held: Vec<Imprint>,
    /// The next one to make room where all are held: the oldest.
    oldest: usize,
    /// Where in `held` the imprint of a place is.
    places: Vec<u16>,
    /// Messages that found none at a place, modulo the patience; from the patience on, messages since one there
    /// had a form that leaves none.
    misses: Vec<u8>,
    /// What may be spent on new ones.
    credit: u32,
}

impl Imprints {
    /// Room for all of them, so that messages allocate nothing; the default has no room and stays empty.
    pub(in crate::scan) fn new() -> Self {
        Self {
            held: Vec::with_capacity(HELD_MAX),
            oldest: 0,
            places: vec![NOBODY; PLACES],
            misses: vec![0; PLACES],
            credit: CREDIT_MAX,
        }
    }

    /// Forgets all of them.
    pub(in crate::scan) fn clear(&mut self) {
        self.held.clear();
        self.places.fill(NOBODY);
        self.misses.fill(0);
        self.credit = CREDIT_MAX;
    }

    /// Asks for what will be looked at of the imprint at a place.
    #[inline(always)]
    pub(in crate::scan) fn expect<I: Isa>(&self, isa: I, place: Place) {
        let at = self.places.get(place.0 as usize);
        if let Some(imprint) = at.and_then(|at| self.held.get(usize::from(*at))) {
            imprint.prefetch(isa);
        }
    }

    /// The imprint that a message, or a part of one, fits: at its place or, where two forms share one, beside it.
    #[inline(always)]
    pub(in crate::scan) fn find<I: Isa>(
        &mut self,
        isa: I,
        place: Place,
        frame: &[u8],
        part: Part,
    ) -> Option<&mut Imprint> {
        let known = (text(frame)?, Extent::of(frame, part));
        let first = usize::from(*self.places.get(place.0 as usize)?);
        if self.fits(isa, first, known) {
            return self.held.get_mut(first);
        }
        let second = usize::from(*self.places.get(place.0 as usize ^ 1)?);
        if self.fits(isa, second, known) {
            return self.held.get_mut(second);
        }
        None
    }

    /// Whether a text fits an imprint.
    #[inline(always)]
    fn fits<I: Isa>(&self, isa: I, at: usize, (text, extent): (Text<'_>, Extent)) -> bool {
        let imprint = self.held.get(at);
        imprint.is_some_and(|imprint| imprint.fits(isa, extent, text))
    }

    /// Messages of a kind that each template took, by its place.
    pub(in crate::scan) fn uses(&self, kind: usize, template: usize) -> u64 {
        let own = |imprint: &&Imprint| {
            usize::from(imprint.kind) == kind && usize::from(imprint.template) == template
        };
        self.held
            .iter()
            .filter(own)
            .map(|imprint| imprint.uses)
            .sum()
    }

    /// Whether the message that found none at its place may leave one.
    #[inline(always)]
    pub(in crate::scan) fn wants(&mut self, place: Place) -> bool {
        let Some(misses) = self.misses.get_mut(place.0 as usize) else {
            return false;
        };
        let is_first = *misses == 0;
        *misses = match *misses {
            few @ ..PATIENCE => (few + 1) % PATIENCE,
            hopeless => hopeless.wrapping_add(1),
        };
        self.credit = (self.credit + 1).min(CREDIT_MAX);
        let wants = is_first && self.credit >= PRICE;
        if wants {
            self.credit -= PRICE;
        }
        wants
    }

    /// A message has a form that leaves no imprint: others at its place are not tried for a while.
    pub(in crate::scan) fn give_up(&mut self, place: Place) {
        if let Some(misses) = self.misses.get_mut(place.0 as usize) {
            *misses = PATIENCE;
        }
    }

    /// Holds an imprint at its place, or beside it where only that is free.
    pub(in crate::scan) fn put(&mut self, mut imprint: Imprint) {
        if let Some(misses) = self.misses.get_mut(imprint.place.0 as usize) {
            *misses = 1;
        }
        let beside = imprint.place.0 ^ 1;
        let held_at = |places: &[u16], at: u32| places.get(at as usize).copied();
        if held_at(&self.places, imprint.place.0) != Some(NOBODY)
            && held_at(&self.places, beside) == Some(NOBODY)
        {
            imprint.place.0 = beside;
        }
        let Some(at) = self.places.get_mut(imprint.place.0 as usize) else {
            return;
        };
        if let Some(held) = self.held.get_mut(usize::from(*at)) {
            *held = imprint;
        } else if self.held.len() < HELD_MAX {
            *at = self.held.len() as u16;
            self.held.push(imprint);
        } else {
            *at = self.oldest as u16;
            let before = std::mem::replace(&mut self.held[self.oldest], imprint);
            self.oldest = (self.oldest + 1) % HELD_MAX;
            if let Some(at) = self.places.get_mut(before.place.0 as usize) {
                *at = NOBODY;
            }
        }
    }
}
