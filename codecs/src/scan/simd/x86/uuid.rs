//! UUIDs to their bytes.

use core::arch::x86_64::{
    __m128i, _mm_add_epi8, _mm_and_si128, _mm_cmpeq_epi8, _mm_cvtsi128_si64, _mm_maddubs_epi16,
    _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_packus_epi16, _mm_set1_epi8, _mm_set1_epi16,
    _mm_shuffle_epi8, _mm_sub_epi8, _mm256_add_epi8, _mm256_and_si256, _mm256_castsi256_si128,
    _mm256_cmpeq_epi8, _mm256_extracti128_si256, _mm256_maddubs_epi16, _mm256_min_epu8,
    _mm256_or_si256, _mm256_packus_epi16, _mm256_set1_epi8, _mm256_set1_epi16, _mm256_shuffle_epi8,
    _mm256_sub_epi8,
};

use super::digits::two;
use super::{bits, load16, wide_bits};

/// No byte.
const Z: u8 = 0x80;

/// Which of the 16 bytes from 0 and from 2 on are digits of the first half, and where they go.
static HEAD: [[u8; 16]; 2] = [
    [0, 1, 2, 3, 4, 5, 6, 7, Z, Z, Z, Z, Z, Z, Z, Z],
    [Z, Z, Z, Z, Z, Z, Z, Z, 7, 8, 9, 10, 12, 13, 14, 15],
];

/// As [`HEAD`], from 19 and from 20 on, of the second half.
static TAIL: [[u8; 16]; 2] = [
    [0, 1, 2, 3, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z],
    [Z, Z, Z, Z, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
];

/// The 32 digits of a UUID stand between four hyphens: two shuffles bring each half together.
#[inline]
#[target_feature(enable = "sse4.2,popcnt")]
pub(super) fn uuid16(text: &[u8; 36]) -> Option<[u8; 16]> {
    let at = |from: usize| text.get(from..).and_then(|tail| tail.first_chunk::<16>());
    let pick =
        |from: usize, moves: &[u8; 16]| Some(_mm_shuffle_epi8(load16(at(from)?), load16(moves)));
    let head = _mm_or_si128(pick(0, &HEAD[0])?, pick(2, &HEAD[1])?);
    let tail = _mm_or_si128(pick(19, &TAIL[0])?, pick(20, &TAIL[1])?);
    let ((head, head_good), (tail, tail_good)) = (nibbles(head), nibbles(tail));
    let join = _mm_set1_epi16(0x0110);
    let bytes = _mm_packus_epi16(_mm_maddubs_epi16(head, join), _mm_maddubs_epi16(tail, join));
    let good = bits(head_good, tail_good) == u32::MAX && has_hyphens(text);
    good.then(|| {
        let low = _mm_cvtsi128_si64(bytes).to_le_bytes();
        let high = _mm_cvtsi128_si64(core::arch::x86_64::_mm_srli_si128::<8>(bytes)).to_le_bytes();
        let mut whole = [0; 16];
        whole[..8].copy_from_slice(&low);
        whole[8..].copy_from_slice(&high);
        whole
    })
}

/// Whether the four hyphens are where they belong.
#[inline]
#[target_feature(enable = "sse4.2")]
fn has_hyphens(text: &[u8; 36]) -> bool {
    const HYPHENS: i32 = 1 | 1 << 5 | 1 << 10 | 1 << 15;
    let middle = text[8..].first_chunk().unwrap_or(&[0; 16]);
    let found = _mm_cmpeq_epi8(load16(middle), _mm_set1_epi8(b'-'.cast_signed()));
    _mm_movemask_epi8(found) & HYPHENS == HYPHENS
}

/// As [`uuid16`], both halves at once.
///
/// # Safety
///
/// The processor has AVX2.
#[allow(
    clippy::multiple_unsafe_ops_per_block,
    reason = "one reason for all: the processor's features"
)]
#[inline(always)]
pub(super) unsafe fn uuid32(text: &[u8; 36]) -> Option<[u8; 16]> {
    let at = |from: usize| text[from..].first_chunk().unwrap_or(&[0; 16]);
    // SAFETY: as the caller says.
    let (low, high) = unsafe {
        let first = _mm256_shuffle_epi8(two(at(0), at(19)), two(&HEAD[0], &TAIL[0]));
        let second = _mm256_shuffle_epi8(two(at(2), at(20)), two(&HEAD[1], &TAIL[1]));
        let digits = _mm256_or_si256(first, second);
        let value = _mm256_sub_epi8(digits, _mm256_set1_epi8(b'0'.cast_signed()));
        let is_digit = _mm256_cmpeq_epi8(_mm256_min_epu8(value, _mm256_set1_epi8(9)), value);
        let lower = _mm256_or_si256(digits, _mm256_set1_epi8(0x20));
        let letter = _mm256_sub_epi8(lower, _mm256_set1_epi8(b'a'.cast_signed()));
        let is_letter = _mm256_cmpeq_epi8(_mm256_min_epu8(letter, _mm256_set1_epi8(5)), letter);
        let is_hex = wide_bits(_mm256_or_si256(is_digit, is_letter)) == u32::MAX;
        if !is_hex || !has_hyphens(text) {
            return None;
        }
        let nibbles = _mm256_add_epi8(
            _mm256_and_si256(digits, _mm256_set1_epi8(0x0F)),
            _mm256_and_si256(is_letter, _mm256_set1_epi8(9)),
        );
        let bytes = _mm256_maddubs_epi16(nibbles, _mm256_set1_epi16(0x0110));
        let bytes = _mm256_packus_epi16(bytes, bytes);
        (
            _mm_cvtsi128_si64(_mm256_castsi256_si128(bytes)),
            _mm_cvtsi128_si64(_mm256_extracti128_si256::<1>(bytes)),
        )
    };
    let mut whole = [0; 16];
    whole[..8].copy_from_slice(&low.to_le_bytes());
    whole[8..].copy_from_slice(&high.to_le_bytes());
    Some(whole)
}

/// The values of hexadecimal digits, and which bytes are such.
#[inline]
#[target_feature(enable = "sse4.2")]
fn nibbles(text: __m128i) -> (__m128i, __m128i) {
    let value = _mm_sub_epi8(text, _mm_set1_epi8(b'0'.cast_signed()));
    let digit = _mm_cmpeq_epi8(_mm_min_epu8(value, _mm_set1_epi8(9)), value);
    let lower = _mm_or_si128(text, _mm_set1_epi8(0x20));
    let letter = _mm_sub_epi8(lower, _mm_set1_epi8(b'a'.cast_signed()));
    let is_letter = _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(5)), letter);
    let value = _mm_add_epi8(
        _mm_and_si128(text, _mm_set1_epi8(0x0F)),
        _mm_and_si128(is_letter, _mm_set1_epi8(9)),
    );
    (value, _mm_or_si128(digit, is_letter))
}
