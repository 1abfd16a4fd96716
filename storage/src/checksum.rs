//! CRC32C, computed by the processor's own instruction where it has one.
//!
//! The one idea: a frame is summed while it is copied, in one pass and without a call per part, so
//! an append costs little more than the copy. What a processor has is asked once a frame; the other
//! way is the `crc32c` crate, which a test compares byte for byte.
//!
//! The instruction takes three cycles and can begin in each of them, so one chain of it leaves two
//! thirds of the unit idle. From [`THIRDS`] on bytes are summed in three chains, which are joined
//! by what a sum becomes when zeros follow it:
//!
//! ```text
//! bytes   |  first third  |    second    |    third    | rest
//! chain   | state ----> a | 0 ------> b  | 0 -----> c  |
//! joined    a x^(128 n)  +  b x^(64 n)   +  c              mod P, n words a third
//! ```
//!
//! All functions continue from a finished value, as `crc32c_append` does.

#![allow(
    unsafe_code,
    reason = "a function for one kind of processor cannot be called without"
)]

/// Length from which three chains are faster than one.
#[cfg(target_arch = "x86_64")]
const THIRDS: usize = 64;

/// Length from which the crate's tables, which sum several parts of the bytes at once, are faster
/// than one chain of instructions.
const LONG: usize = 1024;

/// Sums `bytes`.
#[inline(always)]
pub(crate) fn sum(crc: u32, bytes: &[u8]) -> u32 {
    #[cfg(target_arch = "x86_64")]
    if bytes.len() < LONG && x86::has_both() {
        // SAFETY: the processor was just found to have the instructions.
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
    if to.len() < LONG && x86::has_both() {
        // SAFETY: the processor was just found to have the instructions.
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
    use std::arch::is_x86_feature_detected;
    use std::arch::x86_64::{
        __m128i, _mm_clmulepi64_si128, _mm_crc32_u8, _mm_crc32_u64, _mm_cvtsi64_si128,
        _mm_cvtsi128_si64, _mm_xor_si128,
    };

    use super::{LONG, THIRDS};

    const WORD: usize = size_of::<u64>();

    /// The polynomial, its lowest power in the highest bit.
    const POLYNOMIAL: u32 = 0x82F6_3B78;

    /// What a sum is multiplied with when `at` words of zeros follow it: x^(64 at - 33) mod P. The
    /// rest of the power comes from the multiplication, one, and from the reduction, 32.
    static ZEROS: [u32; LONG / WORD] = {
        let mut rows = [0; LONG / WORD];
        // x^31: the lowest bit.
        rows[1] = 1;
        let mut at = 2;
        while at < rows.len() {
            let (mut power, mut bit) = (rows[at - 1], 0);
            while bit < u64::BITS {
                power = (power >> 1) ^ if power & 1 == 0 { 0 } else { POLYNOMIAL };
                bit += 1;
            }
            rows[at] = power;
            at += 1;
        }
        rows
    };

    /// Whether the processor sums and multiplies.
    #[inline(always)]
    pub(super) fn has_both() -> bool {
        is_x86_feature_detected!("sse4.2") && is_x86_feature_detected!("pclmulqdq")
    }

    #[target_feature(enable = "sse4.2,pclmulqdq")]
    #[inline]
    pub(super) fn sum(crc: u32, bytes: &[u8]) -> u32 {
        !go_on(!crc, bytes)
    }

    #[target_feature(enable = "sse4.2,pclmulqdq")]
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

    #[target_feature(enable = "sse4.2,pclmulqdq")]
    #[inline]
    fn go_on(state: u32, bytes: &[u8]) -> u32 {
        let (all, rest) = bytes.as_chunks::<WORD>();
        let state = if bytes.len() < THIRDS {
            words(u64::from(state), all)
        } else {
            thirds(u64::from(state), all)
        };
        rest.iter()
            .fold(state as u32, |state, byte| _mm_crc32_u8(state, *byte))
    }

    #[target_feature(enable = "sse4.2")]
    #[inline]
    fn words(state: u64, words: &[[u8; WORD]]) -> u64 {
        words.iter().fold(state, |state, word| step(state, word))
    }

    #[target_feature(enable = "sse4.2")]
    #[inline]
    fn step(state: u64, word: &[u8; WORD]) -> u64 {
        _mm_crc32_u64(state, u64::from_le_bytes(*word))
    }

    /// The sum of words in three chains; what does not divide goes to the first.
    #[target_feature(enable = "sse4.2,pclmulqdq")]
    #[inline]
    fn thirds(state: u64, all: &[[u8; WORD]]) -> u64 {
        let third = all.len() / 3;
        let (odd, all) = all.split_at(all.len() - 3 * third);
        let (first, all) = all.split_at(third);
        let (second, last) = all.split_at(third);
        let mut sums = [words(state, odd), 0, 0];
        for ((a, b), c) in first.iter().zip(second).zip(last) {
            sums = [step(sums[0], a), step(sums[1], b), step(sums[2], c)];
        }
        let joined = _mm_xor_si128(followed(sums[0], 2 * third), followed(sums[1], third));
        _mm_crc32_u64(0, _mm_cvtsi128_si64(joined).cast_unsigned()) ^ sums[2]
    }

    /// A sum that `words` words of zeros follow, not yet reduced.
    #[target_feature(enable = "pclmulqdq")]
    #[inline]
    fn followed(sum: u64, words: usize) -> __m128i {
        let factor = u64::from(ZEROS[words % ZEROS.len()]);
        let [sum, factor] = [sum, factor].map(|value| _mm_cvtsi64_si128(value.cast_signed()));
        _mm_clmulepi64_si128::<0>(sum, factor)
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
