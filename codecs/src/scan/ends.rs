//! Where the numbers of a stretch of a frame end.
//!
//! To look for the end of one number takes some 20 cycles, most of them waiting. A level begins where the
//! one before it ends, so levels that look for their own ends wait for each other. Here the ends of a
//! whole stretch are found together, from what each byte may be; the levels between them are then read
//! without waiting.

use super::simd::Isa;

/// Bytes of a frame whose ends are found at once.
pub(super) const STRETCH: usize = 192;

/// Bytes before the stretch in an [`Area`].
pub(super) const BEFORE: usize = 64;

/// A stretch, what a window may need before it, and behind any place that two bytes can tell.
pub(super) type Area = [u8; BEFORE + 255 + 255 + 16];

const BLOCK: usize = 64;

/// Ends that are written before it is asked whether there are more: those of two levels.
const AT_ONCE: usize = 4;

/// The places in a stretch, counted from its beginning, at which a number has ended.
#[derive(Debug)]
pub(super) struct Ends {
    at: [u8; 256 + AT_ONCE],
    count: u8,
}

impl Default for Ends {
    fn default() -> Self {
        Self {
            at: [0; 256 + AT_ONCE],
            count: 0,
        }
    }
}

impl Ends {
    /// Finds those of the stretch in an area.
    #[inline(always)]
    pub(super) fn find<I: Isa>(&mut self, isa: I, area: &Area) {
        self.count = 0;
        let (blocks, _) = area[BEFORE..BEFORE + STRETCH].as_chunks::<BLOCK>();
        let mut is_inside = 0;
        for (block, base) in blocks.iter().zip([0, 64, 128]) {
            let runs = isa.runs(block);
            self.add(base, !runs & (runs << 1 | is_inside));
            is_inside = runs >> 63;
        }
    }

    /// Adds the places whose bits are set, counted from `base`.
    #[inline(always)]
    fn add(&mut self, base: u8, mut places: u64) {
        let (mut next, found) = (self.count, places.count_ones() as u8);
        while let Some(written) = self.at[usize::from(next)..].first_chunk_mut::<AT_ONCE>() {
            for place in written {
                *place = base + places.trailing_zeros() as u8;
                places &= places.wrapping_sub(1);
            }
            if places == 0 {
                break;
            }
            next = next.wrapping_add(AT_ONCE as u8);
        }
        self.count += found;
    }

    /// The ends by twos: of prices and of the quantities behind them.
    #[inline(always)]
    pub(super) fn pairs(&self) -> &[[u8; 2]] {
        let (pairs, _) = self.at[..usize::from(self.count)].as_chunks();
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::super::simd::{Proven, Target, Task};
    use super::*;
    use proptest::prelude::*;

    struct Find<'a>(&'a Area);

    impl Task for Find<'_> {
        type Output = Vec<[u8; 2]>;

        #[inline(always)]
        fn run<I: Isa>(self, isa: I) -> Self::Output {
            let mut ends = Ends::default();
            ends.find(isa, self.0);
            ends.pairs().to_vec()
        }
    }

    fn one_by_one(text: &[u8]) -> Vec<u8> {
        let is_number = |at: usize| matches!(text[at], b'.'..=b'9');
        let ends = (1..text.len()).filter(|at| is_number(at - 1) && !is_number(*at));
        ends.map(|at| u8::try_from(at).unwrap()).collect()
    }

    proptest! {
        #[test]
        fn every_target_finds_what_is_found_byte_by_byte(
            text in proptest::collection::vec(
                prop_oneof![4 => b'.'..=b'9', 2 => Just(b'"'), 1 => any::<u8>()],
                STRETCH,
            ),
        ) {
            let mut area: Area = [b'7'; BEFORE + 255 + 255 + 16];
            area[BEFORE..BEFORE + STRETCH].copy_from_slice(&text);
            let found = one_by_one(&text);
            let (expected, _) = found.as_chunks::<2>();
            for target in Target::ALL {
                let pairs = Proven::of(target).run(Find(&area));
                prop_assert_eq!(&pairs[..], expected, "{:?}", target);
            }
        }
    }
}
