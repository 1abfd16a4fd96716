//! Digits to values.

use core::arch::x86_64::{
    __m128i, __m256i, _mm_and_si128, _mm_cmpeq_epi8, _mm_cvtsi128_si64, _mm_madd_epi16,
    _mm_maddubs_epi16, _mm_movemask_epi8, _mm_or_si128, _mm_packus_epi32, _mm_set1_epi8,
    _mm_set1_epi16, _mm_set1_epi32, _mm_shuffle_epi8, _mm_subs_epu8, _mm_testz_si128,
    _mm_xor_si128, _mm256_add_epi64, _mm256_and_si256, _mm256_castsi128_si256,
    _mm256_castsi256_si128, _mm256_cmpeq_epi8, _mm256_extracti128_si256, _mm256_inserti128_si256,
    _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_mul_epu32, _mm256_or_si256,
    _mm256_packus_epi32, _mm256_set1_epi16, _mm256_set1_epi32, _mm256_set1_epi64x,
    _mm256_shuffle_epi8, _mm256_srli_epi64, _mm256_subs_epu8, _mm256_testz_si256, _mm256_xor_si256,
};

use super::{ZERO, bits, halves, load16, load32, wide_bits};
use crate::scan::simd::{Digits, Pair, digest};

/// Two rows of digests, each in its registers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spelled<V> {
    moves: V,
    flips: V,
    most: V,
    point: V,
}

/// Keeps the last `count` bytes: loaded at `count`.
static KEEP: [u8; 48] = {
    let mut mask = [0; 48];
    let mut at = 16;
    while at < 48 {
        mask[at] = 0xFF;
        at += 1;
    }
    mask
};

#[inline(always)]
fn keep(count: usize) -> &'static [u8; 16] {
    let found = KEEP[count & 31..].first_chunk();
    found.unwrap_or(&[0; 16])
}

/// Two halves of eight digits to their value.
#[inline(always)]
const fn join(halves: i64) -> u64 {
    let halves = halves.cast_unsigned();
    (halves & 0xFFFF_FFFF) * 100_000_000 + (halves >> 32)
}

/// The value of sixteen digits, each in its byte.
#[inline]
#[target_feature(enable = "sse4.2")]
pub(super) fn value16(digits: __m128i) -> u64 {
    let pairs = _mm_maddubs_epi16(digits, _mm_set1_epi16(0x010A));
    let fours = _mm_madd_epi16(pairs, _mm_set1_epi32(0x0001_0064));
    let fours = _mm_packus_epi32(fours, fours);
    join(_mm_cvtsi128_si64(_mm_madd_epi16(
        fours,
        _mm_set1_epi32(0x0001_2710),
    )))
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn two(first: &[u8; 16], second: &[u8; 16]) -> __m256i {
    _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(load16(first)), load16(second))
}

#[inline]
#[target_feature(enable = "sse4.2,popcnt")]
pub(super) fn spelled16(behind: [usize; 2]) -> [Spelled<__m128i>; 2] {
    let row = |behind| {
        let row = digest(behind);
        Spelled {
            moves: load16(&row.moves),
            flips: load16(&row.flips),
            most: load16(&row.most),
            point: load16(&row.point),
        }
    };
    behind.map(row)
}

#[inline]
#[target_feature(enable = "sse4.2,popcnt")]
pub(super) fn pair16(pair: Pair<'_>, spelled: &[Spelled<__m128i>; 2]) -> Option<(u64, u64)> {
    let values = |at: usize| {
        let spelled = &spelled[at];
        let moved = _mm_shuffle_epi8(load16(pair.windows[at]), spelled.moves);
        let kept = _mm_or_si128(load16(keep(pair.counts[at])), spelled.point);
        let values = _mm_and_si128(_mm_xor_si128(moved, spelled.flips), kept);
        (values, _mm_subs_epu8(values, spelled.most))
    };
    let (first, second) = (values(0), values(1));
    let worst = _mm_or_si128(first.1, second.1);
    (_mm_testz_si128(worst, worst) == 1).then(|| (value16(first.0), value16(second.0)))
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn spelled32(behind: [usize; 2]) -> Spelled<__m256i> {
    let (first, second) = (digest(behind[0]), digest(behind[1]));
    Spelled {
        moves: two(&first.moves, &second.moves),
        flips: two(&first.flips, &second.flips),
        most: two(&first.most, &second.most),
        point: two(&first.point, &second.point),
    }
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn pair32(pair: Pair<'_>, spelled: &Spelled<__m256i>) -> Option<(u64, u64)> {
    let text = two(pair.windows[0], pair.windows[1]);
    let moved = _mm256_shuffle_epi8(text, spelled.moves);
    let kept = two(keep(pair.counts[0]), keep(pair.counts[1]));
    let values = _mm256_and_si256(
        _mm256_xor_si256(moved, spelled.flips),
        _mm256_or_si256(kept, spelled.point),
    );
    let worst = _mm256_subs_epu8(values, spelled.most);
    if _mm256_testz_si256(worst, worst) == 0 {
        return None;
    }
    Some(values32(values))
}

/// The values of twice sixteen digits, each in its byte.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn values32(digits: __m256i) -> (u64, u64) {
    let pairs = _mm256_maddubs_epi16(digits, _mm256_set1_epi16(0x010A));
    let fours = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x0001_0064));
    let fours = _mm256_packus_epi32(fours, fours);
    let eights = _mm256_madd_epi16(fours, _mm256_set1_epi32(0x0001_2710));
    let high = _mm256_mul_epu32(eights, _mm256_set1_epi64x(100_000_000));
    let sums = _mm256_add_epi64(high, _mm256_srli_epi64::<32>(eights));
    (
        _mm_cvtsi128_si64(_mm256_castsi256_si128(sums)).cast_unsigned(),
        _mm_cvtsi128_si64(_mm256_extracti128_si256::<1>(sums)).cast_unsigned(),
    )
}

#[inline]
#[target_feature(enable = "sse4.2,popcnt")]
pub(super) fn two_differ16(windows: [&[u8; 16]; 2], other: &[u8; 32]) -> u32 {
    let (text, other) = (windows.map(|window| load16(window)), halves(other));
    !bits(
        _mm_cmpeq_epi8(text[0], other.0),
        _mm_cmpeq_epi8(text[1], other.1),
    )
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn two_differ32(windows: [&[u8; 16]; 2], other: &[u8; 32]) -> u32 {
    let text = two(windows[0], windows[1]);
    !wide_bits(_mm256_cmpeq_epi8(text, load32(other)))
}

#[inline]
#[target_feature(enable = "sse4.2,popcnt")]
pub(super) fn zeros16(window: &[u8; 16]) -> u32 {
    let zeros = _mm_cmpeq_epi8(load16(window), _mm_set1_epi8(b'0'.cast_signed()));
    _mm_movemask_epi8(zeros).cast_unsigned()
}

/// # Safety
///
/// The processor has SSE4.2.
#[allow(
    clippy::multiple_unsafe_ops_per_block,
    reason = "one reason for all: the processor's features"
)]
#[inline(always)]
pub(super) unsafe fn digits16(digits: Digits<'_>) -> u64 {
    // SAFETY: as the caller says.
    unsafe {
        let compact = _mm_shuffle_epi8(load16(digits.window), load16(&digest(digits.point).moves));
        let values = _mm_xor_si128(compact, _mm_set1_epi8(ZERO));
        value16(_mm_and_si128(values, load16(keep(digits.count))))
    }
}
