//! CRC32C, computed by the processor's own instruction where it has one.
//!
//! The one idea: a frame is summed while it is copied, in one pass and without a call per part, so
//! an append costs little more than the copy. What a processor has is asked once a frame; the other
//! way is the `crc32c` crate, which a test compares byte for byte.
//!
//! All functions continue from a finished value, as `crc32c_append` does.

#![allow(
    unsafe_code,
    reason = "a function for one kind of processor cannot be called without"
)]

/// Length from which the crate's tables, which sum several parts of the bytes at once, are faster
/// than one chain of instructions.
const LONG: usize = 1024;

/// Sums `bytes`.
#[inline(always)]
pub(crate) fn sum(crc: u32, bytes: &[u8]) -> u32 {
    #[cfg(target_arch = "x86_64")]
    if bytes.len() < LONG && std::arch::is_x86_feature_detected!("sse4.2") {
        // SAFETY: the processor was just found to have the instruction.
        return unsafe { x86::sum(crc, bytes) };
    }
    crc32c::crc32c_append(crc, bytes)
}

/// Bytes of a head.
pub(crate) const HEAD: usize = 2 * size_of::<u64>();

/// Writes `head`, little-endian, and `parts` one behind the other to the start of `to`, which must
/// have room for all of them, and sums them.
#[inline(always)]
pub(crate) fn copy(crc: u32, head: [u64; 2], parts: &[&[u8]], to: &mut [u8]) -> u32 {
    #[cfg(target_arch = "x86_64")]
    if to.len() < LONG && std::arch::is_x86_feature_detected!("sse4.2") {
        // SAFETY: the processor was just found to have the instruction.
        return unsafe { x86::copy(crc, head, parts, to) };
    }
    copy_then_sum(crc, head, parts, to)
}

fn copy_then_sum(crc: u32, head: [u64; 2], parts: &[&[u8]], to: &mut [u8]) -> u32 {
    let Some(mut rest) = put_head(head, to) else {
        return crc;
    };
    let mut len = HEAD;
    for part in parts {
        let Some((place, behind)) = rest.split_at_mut_checked(part.len()) else {
            break;
        };
        place.copy_from_slice(part);
        (rest, len) = (behind, len + part.len());
    }
    crc32c::crc32c_append(crc, to.get(..len).unwrap_or_default())
}

/// Writes `head` and returns what is behind it.
#[inline]
fn put_head(head: [u64; 2], to: &mut [u8]) -> Option<&mut [u8]> {
    let (first, rest) = to.split_first_chunk_mut()?;
    let (second, rest) = rest.split_first_chunk_mut()?;
    (*first, *second) = (head[0].to_le_bytes(), head[1].to_le_bytes());
    Some(rest)
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{_mm_crc32_u8, _mm_crc32_u64};

    const WORD: usize = size_of::<u64>();
    /// Summed in one round of the loop.
    const BLOCK: usize = 4 * WORD;

    #[target_feature(enable = "sse4.2")]
    #[inline]
    pub(super) fn sum(crc: u32, bytes: &[u8]) -> u32 {
        !go_on(!crc, bytes)
    }

    #[target_feature(enable = "sse4.2")]
    #[inline]
    pub(super) fn copy(crc: u32, head: [u64; 2], parts: &[&[u8]], to: &mut [u8]) -> u32 {
        let Some(mut rest) = super::put_head(head, to) else {
            return crc;
        };
        let state = _mm_crc32_u64(u64::from(!crc), head[0]);
        let mut state = _mm_crc32_u64(state, head[1]) as u32;
        for part in parts {
            let Some((place, behind)) = rest.split_at_mut_checked(part.len()) else {
                break;
            };
            place.copy_from_slice(part);
            state = go_on(state, part);
            rest = behind;
        }
        !state
    }

    /// What is behind the last block is taken by halves, so that records of one length take one
    /// way through branches, and not a loop whose end has to be guessed.
    #[target_feature(enable = "sse4.2")]
    #[inline]
    fn go_on(state: u32, bytes: &[u8]) -> u32 {
        let mut state = u64::from(state);
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        for block in blocks {
            state = words(state, block);
        }
        let (half, rest) = split::<{ BLOCK / 2 }>(rest);
        state = half.map_or(state, |half| words(state, half));
        let (word, rest) = split::<WORD>(rest);
        state = word.map_or(state, |word| words(state, word));
        rest.iter()
            .fold(state as u32, |state, byte| _mm_crc32_u8(state, *byte))
    }

    #[target_feature(enable = "sse4.2")]
    #[inline]
    fn words(state: u64, bytes: &[u8]) -> u64 {
        let words = bytes.as_chunks::<WORD>().0.iter();
        words.fold(state, |state, word| {
            _mm_crc32_u64(state, u64::from_le_bytes(*word))
        })
    }

    /// The first `N` bytes, if there are so many, and the others.
    #[inline]
    fn split<const N: usize>(bytes: &[u8]) -> (Option<&[u8; N]>, &[u8]) {
        match bytes.split_first_chunk() {
            Some((first, rest)) => (Some(first), rest),
            None => (None, bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sum_of_the_customary_text_is_the_published_one() {
        assert_eq!(sum(0, b"123456789"), 0xE306_9283);
    }

    proptest! {
        #[test]
        fn hardware_and_tables_agree_on_every_cut_and_start(
            bytes in prop::collection::vec(any::<u8>(), 0..3 * LONG),
            crc in any::<u32>(),
            head in any::<[u64; 2]>(),
            cut in any::<prop::sample::Index>(),
        ) {
            prop_assert_eq!(sum(crc, &bytes), crc32c::crc32c_append(crc, &bytes));
            let cut = cut.index(bytes.len() + 1);
            let parts = [&bytes[..cut], &bytes[cut..]];
            let whole = [&head[0].to_le_bytes(), &head[1].to_le_bytes(), &bytes[..]].concat();
            let expected = crc32c::crc32c_append(crc, &whole);
            for way in [copy, copy_then_sum] {
                let mut out = vec![0xAA; whole.len() + 5];
                prop_assert_eq!(way(crc, head, &parts, &mut out), expected);
                prop_assert_eq!(&out[..whole.len()], &whole[..]);
                prop_assert_eq!(&out[whole.len()..], &[0xAA; 5]);
            }
        }
    }
}
