//! SSE4.2 and AVX2.
//!
//! The functions with `#[target_feature]` are safe to call from each other; from elsewhere only
//! through a token, which [`Sse42::detect`] and [`Avx2::detect`] give where the processor has the
//! instructions. The only other `unsafe` is in the loads, whose arrays are as long as what is read.

mod digits;
mod imprint;
mod uuid;

use core::arch::x86_64::{
    __m128i, __m256i, _MM_HINT_T0, _mm_add_epi8, _mm_and_si128, _mm_cmpeq_epi8, _mm_cmpgt_epi8,
    _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_prefetch, _mm_set1_epi8,
    _mm_sub_epi8, _mm256_add_epi8, _mm256_and_si256, _mm256_cmpeq_epi8, _mm256_cmpgt_epi8,
    _mm256_loadu_si256, _mm256_min_epu8, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8,
    _mm256_sub_epi8,
};

use digits::{
    Spelled, digits16, pair16, pair32, spelled16, spelled32, two_differ16, two_differ32, zeros16,
};
use imprint::{fits16, fits32, outline16, outline32, read16, read32};
use uuid::{uuid16, uuid32};

use super::{Digits, Isa, Numeric, Pair, Row, Task, Text, Textual};

/// Proof that the processor has SSE4.2.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sse42(());

/// Proof that the processor has AVX2, BMI1, BMI2, LZCNT and POPCNT.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2(());

impl Sse42 {
    pub(crate) fn detect() -> Option<Self> {
        let all = is_x86_feature_detected!("sse4.2") && is_x86_feature_detected!("popcnt");
        all.then_some(Self(()))
    }
}

impl Avx2 {
    pub(crate) fn detect() -> Option<Self> {
        let all = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt");
        all.then_some(Self(()))
    }
}

#[inline]
#[target_feature(enable = "sse4.2")]
fn load16(bytes: &[u8; 16]) -> __m128i {
    // SAFETY: the array has the 16 bytes that are read; the load needs no alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "sse4.2")]
fn halves(text: &[u8; 32]) -> (__m128i, __m128i) {
    let (halves, _) = text.as_chunks::<16>();
    (load16(&halves[0]), load16(&halves[1]))
}

#[inline]
#[target_feature(enable = "avx2")]
fn load32(bytes: &[u8; 32]) -> __m256i {
    // SAFETY: the array has the 32 bytes that are read; the load needs no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "sse4.2")]
fn bits(low: __m128i, high: __m128i) -> u32 {
    let low = _mm_movemask_epi8(low).cast_unsigned();
    low | _mm_movemask_epi8(high).cast_unsigned() << 16
}

#[inline]
#[target_feature(enable = "avx2")]
fn wide_bits(bytes: __m256i) -> u32 {
    _mm256_movemask_epi8(bytes).cast_unsigned()
}

#[inline]
#[target_feature(enable = "sse4.2,popcnt")]
fn differs16(text: &[u8; 32], other: &[u8; 32]) -> u32 {
    let (text, other) = (halves(text), halves(other));
    !bits(
        _mm_cmpeq_epi8(text.0, other.0),
        _mm_cmpeq_epi8(text.1, other.1),
    )
}

#[inline]
#[target_feature(enable = "sse4.2,popcnt")]
fn differs_short16(text: &[u8; 16], other: &[u8; 16]) -> u32 {
    let same = _mm_cmpeq_epi8(load16(text), load16(other));
    !_mm_movemask_epi8(same).cast_unsigned()
}

#[inline]
#[target_feature(enable = "avx2")]
fn differs32(text: &[u8; 32], other: &[u8; 32]) -> u32 {
    !wide_bits(_mm256_cmpeq_epi8(load32(text), load32(other)))
}

/// The lower case of ASCII letters.
#[inline]
#[target_feature(enable = "sse4.2")]
fn lower16(text: __m128i) -> __m128i {
    let letter = _mm_sub_epi8(text, _mm_set1_epi8(b'A'.cast_signed()));
    let is_upper = _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(25)), letter);
    _mm_or_si128(text, _mm_and_si128(is_upper, _mm_set1_epi8(0x20)))
}

#[inline]
#[target_feature(enable = "sse4.2,popcnt")]
fn differs_lower16(text: &[u8; 32], other: &[u8; 32]) -> u32 {
    let (text, other) = (halves(text), halves(other));
    !bits(
        _mm_cmpeq_epi8(text.0, lower16(other.0)),
        _mm_cmpeq_epi8(text.1, lower16(other.1)),
    )
}

#[inline]
#[target_feature(enable = "avx2")]
fn differs_lower32(text: &[u8; 32], other: &[u8; 32]) -> u32 {
    let other = load32(other);
    let letter = _mm256_sub_epi8(other, _mm256_set1_epi8(b'A'.cast_signed()));
    let is_upper = _mm256_cmpeq_epi8(_mm256_min_epu8(letter, _mm256_set1_epi8(25)), letter);
    let case = _mm256_and_si256(is_upper, _mm256_set1_epi8(0x20));
    !wide_bits(_mm256_cmpeq_epi8(
        load32(text),
        _mm256_or_si256(other, case),
    ))
}

const ZERO: i8 = b'0'.cast_signed();

/// Added to a byte, makes the digits the greatest of all signed bytes.
const TO_TOP: i8 = i8::MAX - b'9'.cast_signed();
/// The greatest byte below them.
const BELOW_DIGITS: i8 = i8::MAX - 10;
/// The greatest byte below them and the point; the slash lies between.
const BELOW_POINT: i8 = BELOW_DIGITS - 2;

#[inline]
#[target_feature(enable = "sse4.2")]
fn runs16(text: &[u8; 64]) -> u64 {
    let (quarters, _) = text.as_chunks::<16>();
    quarters.iter().rev().fold(0, |runs, quarter| {
        let shifted = _mm_add_epi8(load16(quarter), _mm_set1_epi8(TO_TOP));
        let found = _mm_cmpgt_epi8(shifted, _mm_set1_epi8(BELOW_POINT));
        runs << 16 | u64::from(_mm_movemask_epi8(found).cast_unsigned())
    })
}

#[inline]
#[target_feature(enable = "avx2")]
fn runs32(text: &[u8; 64]) -> u64 {
    let (halves, _) = text.as_chunks::<32>();
    let runs = |half: &[u8; 32]| {
        let shifted = _mm256_add_epi8(load32(half), _mm256_set1_epi8(TO_TOP));
        wide_bits(_mm256_cmpgt_epi8(shifted, _mm256_set1_epi8(BELOW_POINT)))
    };
    u64::from(runs(&halves[0])) | u64::from(runs(&halves[1])) << 32
}

#[inline]
#[target_feature(enable = "sse4.2,popcnt")]
fn numeric16(text: &[u8; 32]) -> Numeric {
    let (low, high) = halves(text);
    let (shift, below, dot) = (
        _mm_set1_epi8(TO_TOP),
        _mm_set1_epi8(BELOW_DIGITS),
        _mm_set1_epi8(b'.'.cast_signed()),
    );
    let digits = bits(
        _mm_cmpgt_epi8(_mm_add_epi8(low, shift), below),
        _mm_cmpgt_epi8(_mm_add_epi8(high, shift), below),
    );
    let dots = bits(_mm_cmpeq_epi8(low, dot), _mm_cmpeq_epi8(high, dot));
    Numeric {
        others: !(digits | dots),
        dots,
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn numeric32(text: &[u8; 32]) -> Numeric {
    let text = load32(text);
    let shifted = _mm256_add_epi8(text, _mm256_set1_epi8(TO_TOP));
    let digits = _mm256_cmpgt_epi8(shifted, _mm256_set1_epi8(BELOW_DIGITS));
    let dots = _mm256_cmpeq_epi8(text, _mm256_set1_epi8(b'.'.cast_signed()));
    Numeric {
        others: !wide_bits(_mm256_or_si256(digits, dots)),
        dots: wide_bits(dots),
    }
}

#[inline]
#[target_feature(enable = "sse4.2,popcnt")]
fn textual16(text: &[u8; 32], end: u8) -> Textual {
    let (low, high) = halves(text);
    let end = _mm_set1_epi8(end.cast_signed());
    // Signed: what is above 127 is below the space, too.
    let (space, backslash) = (
        _mm_set1_epi8(b' '.cast_signed()),
        _mm_set1_epi8(b'\\'.cast_signed()),
    );
    Textual {
        ends: bits(_mm_cmpeq_epi8(low, end), _mm_cmpeq_epi8(high, end)),
        unclean: bits(
            _mm_or_si128(_mm_cmpgt_epi8(space, low), _mm_cmpeq_epi8(low, backslash)),
            _mm_or_si128(_mm_cmpgt_epi8(space, high), _mm_cmpeq_epi8(high, backslash)),
        ),
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn textual32(text: &[u8; 32], end: u8) -> Textual {
    let text = load32(text);
    let control = _mm256_cmpgt_epi8(_mm256_set1_epi8(b' '.cast_signed()), text);
    let backslash = _mm256_cmpeq_epi8(text, _mm256_set1_epi8(b'\\'.cast_signed()));
    Textual {
        ends: wide_bits(_mm256_cmpeq_epi8(text, _mm256_set1_epi8(end.cast_signed()))),
        unclean: wide_bits(_mm256_or_si256(control, backslash)),
    }
}

/// Calls the functions of this module with the token that stands for their features.
macro_rules! isa {
    ($isa:ty, $features:literal, $differs:ident, $differs_lower:ident, $numeric:ident, $runs:ident, $textual:ident, $row:ty, $spelled:ident, $pair:ident, $two_differ:ident, $outline:ident, $fits:ident, $read:ident, $uuid:ident) => {
        impl Isa for $isa {
            type Spelled = $row;

            #[inline(always)]
            fn run<T: Task>(self, task: T) -> T::Output {
                #[inline(never)]
                #[target_feature(enable = $features)]
                fn compiled<T: Task>(isa: $isa, task: T) -> T::Output {
                    task.run(isa)
                }
                // SAFETY: the token proves the features.
                unsafe { compiled(self, task) }
            }

            #[inline(always)]
            fn differs(self, text: &[u8; 32], other: &[u8; 32]) -> u32 {
                // SAFETY: the token proves the features.
                unsafe { $differs(text, other) }
            }

            #[inline(always)]
            fn differs_short(self, text: &[u8; 16], other: &[u8; 16]) -> u32 {
                // SAFETY: the token proves the features.
                unsafe { differs_short16(text, other) }
            }

            #[inline(always)]
            fn differs_lower(self, text: &[u8; 32], other: &[u8; 32]) -> u32 {
                // SAFETY: the token proves the features.
                unsafe { $differs_lower(text, other) }
            }

            #[inline(always)]
            fn numeric(self, text: &[u8; 32]) -> Numeric {
                // SAFETY: the token proves the features.
                unsafe { $numeric(text) }
            }

            #[inline(always)]
            fn runs(self, text: &[u8; 64]) -> u64 {
                // SAFETY: the token proves the features.
                unsafe { $runs(text) }
            }

            #[inline(always)]
            fn spelled(self, behind: [usize; 2]) -> Self::Spelled {
                // SAFETY: the token proves the features.
                unsafe { $spelled(behind) }
            }

            #[inline(always)]
            fn pair(self, pair: Pair<'_>, spelled: &Self::Spelled) -> Option<(u64, u64)> {
                // SAFETY: the token proves the features.
                unsafe { $pair(pair, spelled) }
            }

            #[inline(always)]
            fn two_differ(self, windows: [&[u8; 16]; 2], other: &[u8; 32]) -> u32 {
                // SAFETY: the token proves the features.
                unsafe { $two_differ(windows, other) }
            }

            #[inline(always)]
            fn textual(self, text: &[u8; 32], end: u8) -> Textual {
                // SAFETY: the token proves the features.
                unsafe { $textual(text, end) }
            }

            #[inline(always)]
            fn digits(self, digits: Digits<'_>) -> u64 {
                // SAFETY: the token proves the features.
                unsafe { digits16(digits) }
            }

            #[inline(always)]
            fn prefetch<T>(self, of: &T) {
                // SAFETY: every x86-64 has it, and it has no effect but on the caches.
                unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(of).cast()) }
            }

            #[inline(always)]
            fn outline(self, text: Text<'_>) -> u64 {
                // SAFETY: the token proves the features.
                unsafe { $outline(text) }
            }

            #[inline(always)]
            fn fits(self, text: Text<'_>, patterns: Text<'_>) -> bool {
                // SAFETY: the token proves the features.
                unsafe { $fits(text, patterns) }
            }

            #[inline(always)]
            fn read(self, windows: [&[u8; 16]; 2], rows: [Row; 2]) -> [u64; 2] {
                // SAFETY: the token proves the features.
                unsafe { $read(windows, rows) }
            }

            #[inline(always)]
            fn zeros(self, window: &[u8; 16]) -> u32 {
                // SAFETY: the token proves the features.
                unsafe { zeros16(window) }
            }

            #[inline(always)]
            fn uuid(self, text: &[u8; 36]) -> Option<[u8; 16]> {
                // SAFETY: the token proves the features.
                unsafe { $uuid(text) }
            }
        }
    };
}

isa!(
    Sse42,
    "sse4.2,popcnt",
    differs16,
    differs_lower16,
    numeric16,
    runs16,
    textual16,
    [Spelled<__m128i>; 2],
    spelled16,
    pair16,
    two_differ16,
    outline16,
    fits16,
    read16,
    uuid16
);
isa!(
    Avx2,
    "avx2,bmi1,bmi2,lzcnt,popcnt",
    differs32,
    differs_lower32,
    numeric32,
    runs32,
    textual32,
    Spelled<__m256i>,
    spelled32,
    pair32,
    two_differ32,
    outline32,
    fits32,
    read32,
    uuid32
);
