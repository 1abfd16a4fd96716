//! How the levels of each instrument were spelled last.

use super::plan::Plans;
use crate::instrument::InstrumentId;
use crate::venue::levels::Scale;

/// Places for instruments, a power of two; those that share one take turns.
const PLACES: usize = 1 << 10;

/// Plans by instrument: the levels of its next message are tried with them before anything is asked about their
/// spelling, since plans prove themselves.
#[derive(Debug)]
pub(super) struct Spellings {
    held: Box<[Held]>,
}

/// Plans, and the powers of ten that they lead to.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    scale: Scale,
    plans: Option<Plans>,
}

impl Default for Spellings {
    fn default() -> Self {
        Self {
            held: vec![Held::default(); PLACES].into_boxed_slice(),
        }
    }
}

impl Spellings {
    /// Those that an instrument's levels were read by last; `None` where they lead elsewhere.
    #[inline(always)]
    pub(super) fn of(&self, instrument: InstrumentId, scale: Scale) -> Option<Plans> {
        let held = self.held.get(instrument.index() % PLACES)?;
        held.plans.filter(|_| held.scale == scale)
    }

    /// Keeps those of an instrument.
    #[inline(always)]
    pub(super) fn keep(&mut self, instrument: InstrumentId, scale: Scale, plans: Option<Plans>) {
        if let Some(held) = self.held.get_mut(instrument.index() % PLACES) {
            *held = Held { scale, plans };
        }
    }
}
