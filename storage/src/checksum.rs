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
#[inline]
pub(crate) fn sum(crc: u32, bytes: &[u8]) -> u32 {
    #[cfg(target_arch = "x86_64")]
    if bytes.len() < LONG && std::arch::is_x86_feature_detected!("sse4.2") {
        // SAFETY: the processor was just found to have the instruction.
        return unsafe { x86::sum(crc, bytes) };
    }
    crc32c::crc32c_append(crc, bytes)
}

/// Copies `head` and `parts` one behind the other to the start of `to`, which must have room for
/// all of them, and sums them.
#[inline]
pub(crate) fn copy(crc: u32, head: &[u8], parts: &[&[u8]], to: &mut [u8]) -> u32 {
    #[cfg(target_arch = "x86_64")]
    if to.len() < LONG && std::arch::is_x86_feature_detected!("sse4.2") {
        // SAFETY: the processor was just found to have the instruction.
        return unsafe { x86::copy(crc, head, parts, to) };
    }
    copy_then_sum(crc, head, parts, to)
}

fn copy_then_sum(crc: u32, head: &[u8], parts: &[&[u8]], to: &mut [u8]) -> u32 {
    let mut rest = &mut *to;
    let mut len = 0;
    for part in [head].iter().chain(parts) {
        let Some((place, behind)) = rest.split_at_mut_checked(part.len()) else {
            break;
        };
        place.copy_from_slice(part);
        (rest, len) = (behind, len + part.len());
    }
    crc32c::crc32c_append(crc, to.get(..len).unwrap_or_default())
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{_mm_crc32_u8, _mm_crc32_u64};

    const WORD: usize = size_of::<u64>();

    #[target_feature(enable = "sse4.2")]
    pub(super) fn sum(crc: u32, bytes: &[u8]) -> u32 {
        let (words, rest) = bytes.as_chunks::<WORD>();
        let mut state = u64::from(!crc);
        for word in words {
            state = _mm_crc32_u64(state, u64::from_le_bytes(*word));
        }
        !tail(state as u32, rest)
    }

    #[target_feature(enable = "sse4.2")]
    pub(super) fn copy(crc: u32, head: &[u8], parts: &[&[u8]], to: &mut [u8]) -> u32 {
        let mut state = !crc;
        let mut rest = to;
        for part in [head].iter().chain(parts) {
            let Some((place, behind)) = rest.split_at_mut_checked(part.len()) else {
                break;
            };
            state = copy_part(state, part, place);
            rest = behind;
        }
        !state
    }

    #[target_feature(enable = "sse4.2")]
    #[inline]
    fn copy_part(state: u32, part: &[u8], place: &mut [u8]) -> u32 {
        let (words, rest) = part.as_chunks::<WORD>();
        let (places, rest_place) = place.as_chunks_mut::<WORD>();
        let mut state = u64::from(state);
        for (word, place) in words.iter().zip(places) {
            state = _mm_crc32_u64(state, u64::from_le_bytes(*word));
            *place = *word;
        }
        for (byte, place) in rest.iter().zip(rest_place) {
            *place = *byte;
        }
        tail(state as u32, rest)
    }

    #[target_feature(enable = "sse4.2")]
    #[inline]
    fn tail(state: u32, rest: &[u8]) -> u32 {
        rest.iter()
            .fold(state, |state, byte| _mm_crc32_u8(state, *byte))
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
            cuts in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
        ) {
            let expected = crc32c::crc32c_append(crc, &bytes);
            prop_assert_eq!(sum(crc, &bytes), expected);
            let (first, second) = (cuts.0.index(bytes.len() + 1), cuts.1.index(bytes.len() + 1));
            let (first, second) = (first.min(second), first.max(second));
            let (head, parts) = (&bytes[..first], [&bytes[first..second], &bytes[second..]]);
            for way in [copy, copy_then_sum] {
                let mut out = vec![0xAA; bytes.len() + 5];
                prop_assert_eq!(way(crc, head, &parts, &mut out), expected);
                prop_assert_eq!(&out[..bytes.len()], &bytes[..]);
                prop_assert_eq!(&out[bytes.len()..], &[0xAA; 5]);
            }
        }
    }
}
