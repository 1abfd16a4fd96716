//! What a grammar asks of a message.

use super::{CLOCK, SPOTS, Ways};
use crate::batch::Batch;
use crate::fixed::Fixed;
use crate::instrument::Instrument;
use crate::scan::message::Reason;
use crate::scan::values::Values;
use crate::time::Nanos;
use crate::venue::levels::{Best, Scale, Sides};

/// What a grammar asked of a message, and how.
#[derive(Debug, Default)]
pub(in crate::scan) struct Reads {
    pub(super) ways: Ways,
    /// The slots that were read as UUIDs.
    pub(super) uuids: u32,
    /// The slot of an RFC 3339 stamp.
    pub(super) stamp: Option<usize>,
    /// Whether a stream's name was its symbol, if that was asked.
    pub(super) is_lower: Option<bool>,
    /// Whether something was asked that an imprint cannot answer.
    pub(super) is_odd: bool,
}

impl Reads {
    fn note(&mut self, way: impl FnOnce(&mut Ways) -> &mut u32, slot: usize) {
        let bit = 1 << slot;
        *way(&mut self.ways) |= bit;
        let Ways {
            whole,
            px,
            qty,
            fixed,
        } = self.ways;
        let ways = [whole, px, qty, fixed];
        let several = ways.iter().filter(|way| *way & bit != 0).count() > 1;
        self.is_odd |= several || slot >= SPOTS;
    }
}

/// A message that notes what it is asked.
pub(in crate::scan) struct Recorder<'m, V> {
    pub(in crate::scan) message: &'m mut V,
    pub(in crate::scan) reads: Reads,
}

impl<V: Values> Values for Recorder<'_, V> {
    fn has(&self, slot: usize) -> bool {
        self.message.has(slot)
    }

    fn instrument(&self) -> Result<&Instrument, Reason> {
        self.message.instrument()
    }

    fn unsigned(&mut self, slot: usize) -> Result<u64, Reason> {
        self.reads.note(|ways| &mut ways.whole, slot);
        self.message.unsigned(slot)
    }

    fn rfc3339(&mut self, slot: usize) -> Result<Nanos, Reason> {
        let several = self.reads.stamp.replace(slot).is_some();
        self.reads.is_odd |= several || slot >= CLOCK;
        self.message.rfc3339(slot)
    }

    fn flag(&self, slot: usize) -> bool {
        self.message.flag(slot)
    }

    fn text(&self, slot: usize) -> &[u8] {
        self.message.text(slot)
    }

    fn short(&self, slot: usize) -> u64 {
        self.message.short(slot)
    }

    fn uuid(&mut self, slot: usize) -> Result<[u8; 16], Reason> {
        self.reads.uuids |= 1 << slot;
        self.message.uuid(slot)
    }

    fn is_lower_of(&mut self, stream: usize, symbol: usize) -> bool {
        let is_lower = self.message.is_lower_of(stream, symbol);
        self.reads.is_odd |= self.reads.is_lower.replace(is_lower).is_some();
        is_lower
    }

    fn fixed(&mut self, slot: usize) -> Result<Fixed, Reason> {
        self.reads.note(|ways| &mut ways.fixed, slot);
        self.message.fixed(slot)
    }

    fn px_and_qty(&mut self, px: usize, qty: usize) -> Result<(Fixed, Fixed), Reason> {
        self.reads.note(|ways| &mut ways.px, px);
        self.reads.note(|ways| &mut ways.qty, qty);
        self.message.px_and_qty(px, qty)
    }

    fn best(&mut self, slots: [usize; 4]) -> Result<Best, Reason> {
        for (at, slot) in slots.into_iter().enumerate() {
            match at % 2 {
                0 => self.reads.note(|ways| &mut ways.px, slot),
                _ => self.reads.note(|ways| &mut ways.qty, slot),
            }
        }
        self.message.best(slots)
    }

    fn level(&mut self, px: usize, qty: usize) -> Result<Scale, Reason> {
        self.reads.note(|ways| &mut ways.px, px);
        self.reads.note(|ways| &mut ways.qty, qty);
        self.message.level(px, qty)
    }

    fn sides(&mut self) -> Result<Sides, Reason> {
        self.message.sides()
    }

    fn sides_of(&mut self, view: usize) -> Result<Sides, Reason> {
        self.message.sides_of(view)
    }

    fn batch(&mut self) -> &mut Batch {
        self.message.batch()
    }
}
