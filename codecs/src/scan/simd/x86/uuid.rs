//! UUIDs to their bytes.

use core::arch::x86_64::{
    __m128i, _mm_add_epi8, _mm_and_si128, _mm_cmpeq_epi8, _mm_cvtsi128_si64, _mm_maddubs_epi16,
    _mm_min_epu8, _mm_or_si128, _mm_packus_epi16, _mm_set1_epi8, _mm_set1_epi16, _mm_shuffle_epi8,
    _mm_sub_epi8,
};

use super::{bits, load16};

/// The 32 digits of a UUID stand between four hyphens: two shuffles bring each half together.
#[inline]
#[target_feature(enable = "sse4.2,popcnt")]
pub(super) fn uuid16(text: &[u8; 36]) -> Option<[u8; 16]> {
    const Z: u8 = 0x80;
    static HEAD: [[u8; 16]; 2] = [
        [0, 1, 2, 3, 4, 5, 6, 7, Z, Z, Z, Z, Z, Z, Z, Z],
        [Z, Z, Z, Z, Z, Z, Z, Z, 7, 8, 9, 10, 12, 13, 14, 15],
    ];
    static TAIL: [[u8; 16]; 2] = [
        [0, 1, 2, 3, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z],
        [Z, Z, Z, Z, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    ];
    let at = |from: usize| text.get(from..).and_then(|tail| tail.first_chunk::<16>());
    let pick =
        |from: usize, moves: &[u8; 16]| Some(_mm_shuffle_epi8(load16(at(from)?), load16(moves)));
    let head = _mm_or_si128(pick(0, &HEAD[0])?, pick(2, &HEAD[1])?);
    let tail = _mm_or_si128(pick(19, &TAIL[0])?, pick(20, &TAIL[1])?);
    let hyphens = [8, 13, 18, 23].map(|at| text[at] == b'-');
    let ((head, head_good), (tail, tail_good)) = (nibbles(head), nibbles(tail));
    let join = _mm_set1_epi16(0x0110);
    let bytes = _mm_packus_epi16(_mm_maddubs_epi16(head, join), _mm_maddubs_epi16(tail, join));
    let good = bits(head_good, tail_good) == u32::MAX && hyphens == [true; 4];
    good.then(|| {
        let low = _mm_cvtsi128_si64(bytes).to_le_bytes();
        let high = _mm_cvtsi128_si64(core::arch::x86_64::_mm_srli_si128::<8>(bytes)).to_le_bytes();
        let mut whole = [0; 16];
        whole[..8].copy_from_slice(&low);
        whole[8..].copy_from_slice(&high);
        whole
    })
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
