//! Eight bytes at a time in 64-bit integers: the target of every processor.

use super::pattern;
use super::{BLOCK, Digits, Isa, Numeric, OUTLINE, Pair, Row, Task, Text, Textual};
use crate::record::TradeId;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;
const LOW: u64 = !HIGH;

/// No intrinsics.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portable;

/// The high bit of each byte that is zero.
#[inline(always)]
const fn zero_bytes(word: u64) -> u64 {
    !(((word & LOW) + LOW) | word | LOW)
}

/// The high bit of each byte that is at least `least`, for bytes below 128.
#[inline(always)]
const fn at_least(word: u64, least: u64) -> u64 {
    ((word & LOW) + (0x80 - least) * ONES) & HIGH
}

/// The high bits of eight bytes as one byte.
#[inline(always)]
const fn gather(high: u64) -> u32 {
    ((high >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u32
}

/// Maps each word of a window to the high bits of its bytes, gathered.
#[inline(always)]
fn mask(text: &[u8; 32], high: impl Fn(u64) -> u64) -> u32 {
    let (words, _) = text.as_chunks::<8>();
    let words = words.iter().enumerate();
    words.fold(0, |mask, (at, word)| {
        mask | gather(high(u64::from_le_bytes(*word))) << (8 * at)
    })
}

/// The value of eight digits, the first in the lowest byte.
#[inline(always)]
const fn eight(digits: u64) -> u64 {
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8) & 0x00FF_00FF_00FF_00FF;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_FFFF_0000_FFFF;
    fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xFFFF_FFFF
}

/// The digits of a number whose point has `behind` digits behind it, the point taken out.
#[inline(always)]
const fn compact(text: u128, behind: usize) -> u128 {
    if behind == 0 {
        return text;
    }
    let fraction = u128::MAX << (8 * (16 - behind));
    (text & fraction) | (text & !(fraction | fraction >> 8)) << 8
}

/// The bits of the last `count` bytes.
#[inline(always)]
fn last(count: usize) -> u128 {
    let others = 8 * 16_usize.saturating_sub(count & 31) as u32;
    u128::MAX.checked_shl(others).unwrap_or(0)
}

/// The value of sixteen digits, the first in the lowest byte.
#[inline(always)]
const fn whole(digits: u128) -> u64 {
    eight(digits as u64) * 100_000_000 + eight((digits >> 64) as u64)
}

/// How far a byte is above what its pattern allows, in operations that work on many bytes at once.
#[inline(always)]
const fn beyond(byte: u8, pattern: u8) -> u8 {
    let is_one = (pattern.cast_signed() >> 7).cast_unsigned();
    let room = match pattern {
        pattern::ANY => u8::MAX,
        pattern => 9 - (pattern & 1),
    };
    byte.wrapping_sub(pattern & !0x80)
        .saturating_sub(room & !is_one)
}

/// One of two numbers; `None` where a digit or the point is none.
#[inline(always)]
fn one_of(pair: &Pair<'_>, behind: [usize; 2], at: usize) -> Option<u64> {
    let (window, behind) = (pair.windows[at], behind[at] & 15);
    if behind > 0 && window[15 - behind] != b'.' {
        return None;
    }
    let compact = compact(u128::from_le_bytes(*window), behind);
    let digits = (compact ^ u128::from_le_bytes([b'0'; 16])) & last(pair.counts[at]);
    let is_digits = |word: u64| (word | at_least(word, 10)) & HIGH == 0;
    (is_digits(digits as u64) && is_digits((digits >> 64) as u64)).then(|| whole(digits))
}

impl Isa for Portable {
    type Spelled = [usize; 2];

    #[inline(never)]
    fn run<T: Task>(self, task: T) -> T::Output {
        task.run(self)
    }

    #[inline(always)]
    fn differs(self, text: &[u8; 32], other: &[u8; 32]) -> u32 {
        let (words, _) = other.as_chunks::<8>();
        let (texts, _) = text.as_chunks::<8>();
        let pairs = texts.iter().zip(words).enumerate();
        let same = pairs.fold(0, |mask, (at, (text, other))| {
            let word = u64::from_le_bytes(*text) ^ u64::from_le_bytes(*other);
            mask | gather(zero_bytes(word)) << (8 * at)
        });
        !same
    }

    #[inline(always)]
    fn differs_short(self, text: &[u8; 16], other: &[u8; 16]) -> u32 {
        let word = u128::from_le_bytes(*text) ^ u128::from_le_bytes(*other);
        let same = gather(zero_bytes(word as u64)) | gather(zero_bytes((word >> 64) as u64)) << 8;
        !same & 0xFFFF
    }

    #[inline(always)]
    fn differs_lower(self, text: &[u8; 32], other: &[u8; 32]) -> u32 {
        self.differs(text, &other.map(|byte| byte.to_ascii_lowercase()))
    }

    #[inline(always)]
    fn numeric(self, text: &[u8; 32]) -> Numeric {
        let dot = u64::from(b'.') * ONES;
        let digit = |word: u64| {
            at_least(word, u64::from(b'0')) & !at_least(word, u64::from(b'9') + 1) & !word
        };
        Numeric {
            others: !mask(text, |word| (digit(word) & HIGH) | zero_bytes(word ^ dot)),
            dots: mask(text, |word| zero_bytes(word ^ dot)),
        }
    }

    #[inline(always)]
    fn textual(self, text: &[u8; 32], end: u8) -> Textual {
        let (end, backslash) = (u64::from(end) * ONES, u64::from(b'\\') * ONES);
        Textual {
            ends: mask(text, |word| zero_bytes(word ^ end)),
            unclean: mask(text, |word| {
                let control = !at_least(word, u64::from(b' '));
                (control | word | zero_bytes(word ^ backslash)) & HIGH
            }),
        }
    }

    #[inline(always)]
    fn digits(self, digits: Digits<'_>) -> u64 {
        let compact = compact(u128::from_le_bytes(*digits.window), digits.point);
        whole((compact ^ u128::from_le_bytes([b'0'; 16])) & last(digits.count))
    }

    #[inline(always)]
    fn runs(self, text: &[u8; 64]) -> u64 {
        let (halves, _) = text.as_chunks::<32>();
        let run = |word: u64| {
            at_least(word, u64::from(b'.')) & !at_least(word, u64::from(b'9') + 1) & !word & HIGH
        };
        u64::from(mask(&halves[0], run)) | u64::from(mask(&halves[1], run)) << 32
    }

    #[inline(always)]
    fn spelled(self, behind: [usize; 2]) -> Self::Spelled {
        behind
    }

    #[inline(always)]
    fn pair(self, pair: Pair<'_>, behind: &Self::Spelled) -> Option<(u64, u64)> {
        Some((one_of(&pair, *behind, 0)?, one_of(&pair, *behind, 1)?))
    }

    #[inline(always)]
    fn two_differ(self, windows: [&[u8; 16]; 2], other: &[u8; 32]) -> u32 {
        let (halves, _) = other.as_chunks::<16>();
        self.differs_short(windows[0], &halves[0])
            | self.differs_short(windows[1], &halves[1]) << 16
    }

    #[inline(always)]
    fn zeros(self, window: &[u8; 16]) -> u32 {
        !self.differs_short(window, &[b'0'; 16]) & 0xFFFF
    }

    #[inline(always)]
    fn prefetch<T>(self, _of: &T) {}

    #[inline(always)]
    fn outline(self, (text, tail): Text<'_>) -> u64 {
        let blocks = [tail].into_iter().chain(text).zip(OUTLINE);
        blocks.fold(0, |outline: u64, (block, factor)| {
            let (words, _) = block.as_chunks::<8>();
            let turns = words.iter().zip([0, 8, 16, 24, 32, 40, 48, 56]);
            turns.fold(outline, |outline, (word, turn)| {
                let below = !at_least(u64::from_le_bytes(*word), u64::from(b'0')) & HIGH;
                outline ^ below.wrapping_mul(factor).rotate_left(turn)
            })
        })
    }

    #[inline(always)]
    fn fits(self, (text, tail): Text<'_>, (patterns, last): Text<'_>) -> bool {
        let pairs = text.iter().zip(patterns).chain([(tail, last)]);
        let above = pairs.fold([0; BLOCK], |above: [u8; BLOCK], (text, pattern)| {
            std::array::from_fn(|at| above[at] | beyond(text[at], pattern[at]))
        });
        above == [0; BLOCK]
    }

    #[inline(always)]
    fn read(self, windows: [&[u8; 16]; 2], rows: [Row; 2]) -> [u64; 2] {
        [0, 1].map(|at: usize| {
            let text = u128::from_le_bytes(*windows[at]);
            let (text, count, zeros) = match rows[at] {
                Row::CLOCK => (compact(compact(text, 2), 4), 6, 0),
                row => {
                    let [digits, behind, zeros] = row.counts();
                    (compact(text, behind), digits, zeros)
                }
            };
            // The bytes of the zeros come in behind the last digit.
            whole(((text ^ u128::from_le_bytes([b'0'; 16])) & last(count)) >> (8 * zeros))
        })
    }

    #[inline(always)]
    fn uuid(self, text: &[u8; 36]) -> Option<[u8; 16]> {
        match TradeId::parse(std::str::from_utf8(text).ok()?)? {
            TradeId::Uuid(bytes) => Some(bytes),
            TradeId::Integer(_) => None,
        }
    }
}
