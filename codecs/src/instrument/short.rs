//! Symbols as the scanners look them up: by the 32 bytes that begin with them.

use super::InstrumentId;
use crate::scan::{Isa, low};

/// Longest symbol that this table holds, in bytes; the few longer ones are found by name alone.
pub(crate) const SHORT_SYMBOL: usize = 32;

/// One cache line.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Slot {
    text: [u8; SHORT_SYMBOL],
    len: u32,
    id: InstrumentId,
}

/// No instrument has an empty symbol here.
const EMPTY: Slot = Slot {
    text: [0; SHORT_SYMBOL],
    len: 0,
    id: InstrumentId::NONE,
};

/// An open hash table, at most half full.
#[derive(Clone, Debug, Default)]
pub(super) struct ShortSymbols {
    /// A power of two of them, or none.
    slots: Vec<Slot>,
    used: usize,
}

/// Of the first eight bytes and the last eight; in a text that is shorter they are the same.
#[inline(always)]
fn hash(window: &[u8; SHORT_SYMBOL], len: u32) -> usize {
    let kept = match len {
        0..8 => (1 << (8 * len)) - 1,
        _ => u64::MAX,
    };
    let word = |at: u32| {
        let tail = &window[at.min(SHORT_SYMBOL as u32 - 8) as usize..];
        tail.first_chunk()
            .map_or(0, |word| u64::from_le_bytes(*word))
            & kept
    };
    let mixed = word(0) ^ word(len.saturating_sub(8)).rotate_left(29);
    (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize
}

/// Whether a scanner may take a symbol as it stands in a frame.
fn is_plain(symbol: &str) -> bool {
    let mut bytes = symbol.bytes();
    bytes.all(|byte| matches!(byte, b' '..0x7F) && !matches!(byte, b'"' | b'\\'))
}

impl ShortSymbols {
    /// The id of the symbol of `len` bytes that `window` begins with.
    #[inline(always)]
    pub(super) fn find<I: Isa>(
        &self,
        isa: I,
        window: &[u8; SHORT_SYMBOL],
        len: u32,
    ) -> Option<InstrumentId> {
        if len == 0 {
            return None;
        }
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = hash(window, len) & mask;
        loop {
            let slot = self.slots.get(at)?;
            if slot.len == len && isa.differs(window, &slot.text) & low(len) == 0 {
                return Some(slot.id);
            }
            if slot.len == 0 {
                return None;
            }
            at = (at + 1) & mask;
        }
    }

    /// Adds a symbol that is not in the table; passes over those that a scanner does not look for:
    /// long ones, and what is not printable ASCII or may be escaped.
    pub(super) fn add(&mut self, symbol: &str, id: InstrumentId) {
        let mut text = [0; SHORT_SYMBOL];
        let (true, Some(head)) = (is_plain(symbol), text.get_mut(..symbol.len())) else {
            return;
        };
        if symbol.is_empty() {
            return;
        }
        head.copy_from_slice(symbol.as_bytes());
        if 2 * (self.used + 1) > self.slots.len() {
            self.grow();
        }
        self.put(Slot {
            text,
            len: symbol.len() as u32,
            id,
        });
        self.used += 1;
    }

    fn grow(&mut self) {
        let doubled = (2 * self.slots.len()).max(64);
        let held = std::mem::replace(&mut self.slots, vec![EMPTY; doubled]);
        for slot in held.into_iter().filter(|slot| slot.len > 0) {
            self.put(slot);
        }
    }

    fn put(&mut self, slot: Slot) {
        let mask = self.slots.len() - 1;
        let mut at = hash(&slot.text, slot.len) & mask;
        while self.slots[at].len > 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = slot;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::simd::{Proven, Target, Task};

    struct Find<'a>(&'a ShortSymbols, [u8; SHORT_SYMBOL], u32);

    impl Task for Find<'_> {
        type Output = Option<InstrumentId>;

        #[inline(always)]
        fn run<I: Isa>(self, isa: I) -> Self::Output {
            self.0.find(isa, &self.1, self.2)
        }
    }

    fn find(table: &ShortSymbols, symbol: &str) -> Option<InstrumentId> {
        let mut window = [b'"'; SHORT_SYMBOL];
        window[..symbol.len()].copy_from_slice(symbol.as_bytes());
        let find = |target| Proven::of(target).run(Find(table, window, symbol.len() as u32));
        let found = Target::ALL.map(find);
        assert_eq!([found[0]; 3], found);
        found[0]
    }

    #[test]
    fn every_short_symbol_is_found_and_no_other() {
        let mut table = ShortSymbols::default();
        let symbols: Vec<String> = (1..=32)
            .flat_map(|len| ["A", "B", "C"].map(|text| text.repeat(len)))
            .collect();
        for (at, symbol) in (1..).zip(&symbols) {
            assert_eq!(find(&table, symbol), None);
            table.add(symbol, InstrumentId(at));
        }
        for (at, symbol) in (1..).zip(&symbols) {
            assert_eq!(find(&table, symbol), Some(InstrumentId(at)), "{symbol}");
        }
        assert_eq!(find(&table, "AB"), None);
        assert_eq!(find(&table, ""), None);
        table.add(&"L".repeat(33), InstrumentId(1));
        table.add("", InstrumentId(1));
        assert_eq!(find(&table, "L"), None);
    }

    #[test]
    fn symbols_that_a_frame_may_spell_in_another_way_are_not_held() {
        let mut table = ShortSymbols::default();
        for symbol in ["A\"B", "A\\B", "A\nB", "\u{e9}", "A\u{7f}"] {
            table.add(symbol, InstrumentId(1));
            assert_eq!(find(&table, symbol), None, "{symbol}");
        }
    }
}
