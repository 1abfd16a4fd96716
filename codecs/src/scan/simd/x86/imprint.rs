//! Messages against imprints.

use core::arch::x86_64::{
    __m128i, __m256i, _mm_andnot_si128, _mm_cmpgt_epi8, _mm_or_si128, _mm_set1_epi8,
    _mm_shuffle_epi8, _mm_sub_epi8, _mm_subs_epu8, _mm_testz_si128, _mm256_andnot_si256,
    _mm256_broadcastsi128_si256, _mm256_cmpgt_epi8, _mm256_or_si256, _mm256_set1_epi8,
    _mm256_shuffle_epi8, _mm256_sub_epi8, _mm256_subs_epu8, _mm256_testz_si256,
};

use super::digits::{two, value16, values32};
use super::{ZERO, bits, halves, load16, load32, wide_bits};
use crate::scan::simd::pattern::ROOM;
use crate::scan::simd::{BLOCK, OUTLINE, Row, Text};

/// Most blocks that an outline has factors for.
const BLOCKS: usize = OUTLINE.len() - 2;

/// Blocks are gone over by twos; where one is left, it comes twice. How many blocks a message has cannot be foreseen,
/// and a wrong guess costs more than a block.
#[inline(always)]
fn outline((text, tail): Text<'_>, below: impl Fn(&[u8; 32]) -> u32) -> u64 {
    let part = |block: &[u8; BLOCK], factor: u64| {
        let (halves, _) = block.as_chunks();
        (u64::from(below(&halves[0])) | u64::from(below(&halves[1])) << 32).wrapping_mul(factor)
    };
    let mut outline = part(tail, OUTLINE[0]);
    let mut at = 0;
    while at < text.len().min(BLOCKS) {
        let other = (at + 1).min(text.len() - 1);
        outline ^= part(&text[at], OUTLINE[at + 1]) ^ part(&text[other], OUTLINE[at + 2]);
        at += 2;
    }
    outline
}

#[inline]
#[target_feature(enable = "sse4.2,popcnt")]
pub(super) fn outline16(text: Text<'_>) -> u64 {
    let zero = _mm_set1_epi8(ZERO);
    outline(text, |half| {
        let (low, high) = halves(half);
        bits(_mm_cmpgt_epi8(zero, low), _mm_cmpgt_epi8(zero, high))
    })
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn outline32(text: Text<'_>) -> u64 {
    let zero = _mm256_set1_epi8(ZERO);
    outline(text, |half| {
        wide_bits(_mm256_cmpgt_epi8(zero, load32(half)))
    })
}

/// The bit of patterns that stand for one byte.
const IS_ONE: i8 = i8::MIN;

/// How far each byte is above what its pattern allows.
#[inline]
#[target_feature(enable = "sse4.2,popcnt")]
fn above16(text: __m128i, pattern: __m128i) -> __m128i {
    // What stands for one byte has no place in the table, which makes its room nothing.
    let room = _mm_shuffle_epi8(load16(&ROOM), pattern);
    let least = _mm_andnot_si128(_mm_set1_epi8(IS_ONE), pattern);
    _mm_subs_epu8(_mm_sub_epi8(text, least), room)
}

/// What each block of a text says beside its patterns, together; by twos as in [`outline`].
#[inline(always)]
fn all<V>(
    (text, tail): Text<'_>,
    (patterns, last): Text<'_>,
    one: impl Fn(&[u8; BLOCK], &[u8; BLOCK]) -> V,
    either: impl Fn(V, V) -> V,
) -> V {
    let count = text.len().min(patterns.len());
    let (mut all, mut at) = (one(tail, last), 0);
    while at < count {
        let other = (at + 1).min(count - 1);
        let two = either(
            one(&text[at], &patterns[at]),
            one(&text[other], &patterns[other]),
        );
        all = either(all, two);
        at += 2;
    }
    all
}

#[inline]
#[target_feature(enable = "sse4.2,popcnt")]
pub(super) fn fits16(text: Text<'_>, patterns: Text<'_>) -> bool {
    let above = |text: &[u8; BLOCK], pattern: &[u8; BLOCK]| {
        let ((text, _), (pattern, _)) = (text.as_chunks(), pattern.as_chunks());
        let quarter = |at: usize| above16(load16(&text[at]), load16(&pattern[at]));
        let (first, second) = (
            _mm_or_si128(quarter(0), quarter(1)),
            _mm_or_si128(quarter(2), quarter(3)),
        );
        _mm_or_si128(first, second)
    };
    let either = |first, second| _mm_or_si128(first, second);
    let most = all(text, patterns, above, either);
    _mm_testz_si128(most, most) == 1
}

#[inline]
#[target_feature(enable = "avx2")]
fn above32(text: &[u8; 32], pattern: &[u8; 32]) -> __m256i {
    let pattern = load32(pattern);
    let room = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(load16(&ROOM)), pattern);
    let least = _mm256_andnot_si256(_mm256_set1_epi8(IS_ONE), pattern);
    _mm256_subs_epu8(_mm256_sub_epi8(load32(text), least), room)
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn fits32(text: Text<'_>, patterns: Text<'_>) -> bool {
    let above = |text: &[u8; BLOCK], pattern: &[u8; BLOCK]| {
        let ((text, _), (pattern, _)) = (text.as_chunks(), pattern.as_chunks());
        _mm256_or_si256(
            above32(&text[0], &pattern[0]),
            above32(&text[1], &pattern[1]),
        )
    };
    let either = |first, second| _mm256_or_si256(first, second);
    let most = all(text, patterns, above, either);
    _mm256_testz_si256(most, most) == 1
}

/// # Safety
///
/// The processor has SSE4.2.
#[allow(
    clippy::multiple_unsafe_ops_per_block,
    reason = "one reason for all: the processor's features"
)]
#[inline(always)]
pub(super) unsafe fn read16(windows: [&[u8; 16]; 2], rows: [Row; 2]) -> [u64; 2] {
    [0, 1].map(|at: usize| {
        // SAFETY: as the caller says.
        unsafe {
            let digits = _mm_sub_epi8(load16(windows[at]), _mm_set1_epi8(ZERO));
            value16(_mm_shuffle_epi8(digits, load16(rows[at].moves())))
        }
    })
}

/// # Safety
///
/// The processor has AVX2.
#[allow(
    clippy::multiple_unsafe_ops_per_block,
    reason = "one reason for all: the processor's features"
)]
#[inline(always)]
pub(super) unsafe fn read32(windows: [&[u8; 16]; 2], rows: [Row; 2]) -> [u64; 2] {
    // SAFETY: as the caller says.
    unsafe {
        let digits = _mm256_sub_epi8(two(windows[0], windows[1]), _mm256_set1_epi8(ZERO));
        let moved = _mm256_shuffle_epi8(digits, two(rows[0].moves(), rows[1].moves()));
        values32(moved).into()
    }
}
