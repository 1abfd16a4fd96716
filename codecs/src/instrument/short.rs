//! Symbols as the scanners look them up: by the 32 bytes that begin with them.

use super::InstrumentId;

/// Longest symbol that this table holds, in bytes; the few longer ones are found by name alone.
pub(crate) const SHORT_SYMBOL: usize = 32;

#[derive(Clone, Copy, Debug)]
struct Slot {
    text: [u128; 2],
    len: usize,
    id: InstrumentId,
}

/// No instrument has an empty symbol here.
const EMPTY: Slot = Slot {
    text: [0; 2],
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

/// The text's bytes as two words, those behind it zero.
#[inline(always)]
fn words(window: &[u8; SHORT_SYMBOL], len: usize) -> [u128; 2] {
    let (halves, _) = window.as_chunks::<16>();
    let word = |half: &[u8; 16], len: usize| match len {
        0 => 0,
        1..16 => u128::from_le_bytes(*half) & ((1 << (8 * len)) - 1),
        _ => u128::from_le_bytes(*half),
    };
    [
        word(&halves[0], len),
        word(&halves[1], len.saturating_sub(16)),
    ]
}

#[inline(always)]
const fn hash([low, high]: [u128; 2]) -> usize {
    let folded = (low as u64)
        ^ ((low >> 64) as u64).rotate_left(29)
        ^ (high as u64).rotate_left(47)
        ^ ((high >> 64) as u64).rotate_left(13);
    (folded.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize
}

impl ShortSymbols {
    /// The id of the symbol of `len` bytes that `window` begins with.
    #[inline(always)]
    pub(super) fn find(&self, window: &[u8; SHORT_SYMBOL], len: usize) -> Option<InstrumentId> {
        if len == 0 || len > SHORT_SYMBOL || self.slots.is_empty() {
            return None;
        }
        let text = words(window, len);
        let mask = self.slots.len() - 1;
        let mut at = hash(text) & mask;
        loop {
            let slot = self.slots.get(at)?;
            if slot.len == len && slot.text == text {
                return Some(slot.id);
            }
            if slot.len == 0 {
                return None;
            }
            at = (at + 1) & mask;
        }
    }

    /// Adds a symbol that is not in the table.
    pub(super) fn add(&mut self, symbol: &str, id: InstrumentId) {
        let mut window = [0; SHORT_SYMBOL];
        let Some(text) = window
            .get_mut(..symbol.len())
            .filter(|text| !text.is_empty())
        else {
            return;
        };
        text.copy_from_slice(symbol.as_bytes());
        if 2 * (self.used + 1) > self.slots.len() {
            self.grow();
        }
        self.put(Slot {
            text: words(&window, symbol.len()),
            len: symbol.len(),
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
        let mut at = hash(slot.text) & mask;
        while self.slots[at].len > 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = slot;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(table: &ShortSymbols, symbol: &str) -> Option<InstrumentId> {
        let mut window = [b'"'; SHORT_SYMBOL];
        window[..symbol.len()].copy_from_slice(symbol.as_bytes());
        table.find(&window, symbol.len())
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
}
