//! The few operations on 16 and 32 bytes that a scanner is made of, for each kind of processor.
//!
//! [`Isa`] has one implementation without intrinsics and two with them. Their values are proofs: one
//! can only be had where the processor has the instructions, so calling them is sound. Everything
//! between [`Isa::run`] and the operations is inlined into one function that is compiled for the
//! target. This folder is the only place of the crate with `unsafe`.

mod portable;
mod row;
#[cfg(target_arch = "x86_64")]
#[allow(
    unsafe_code,
    reason = "intrinsics; each block says why it may be there"
)]
mod x86;

pub(crate) use portable::Portable;
pub(crate) use row::Row;

/// What each block's part of an outline is multiplied with: odd numbers from a generator (xorshift64).
const OUTLINE: [u64; 12] = {
    let mut rows = [0x9E37_79B9_7F4A_7C15_u64; 12];
    let mut at = 1;
    while at < rows.len() {
        let mut next = rows[at - 1];
        next ^= next << 13;
        next ^= next >> 7;
        next ^= next << 17;
        rows[at] = next | 1;
        at += 1;
    }
    rows
};

/// Which bytes of a window are what; bit `i` stands for byte `i`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Numeric {
    /// Neither a digit nor a point.
    pub(crate) others: u32,
    /// Points.
    pub(crate) dots: u32,
}

/// Which bytes of a window end a text, or make it one that a scanner does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Textual {
    /// The byte that was asked for.
    pub(crate) ends: u32,
    /// Backslashes, control characters and all that is not ASCII.
    pub(crate) unclean: u32,
}

/// Decimal digits: the last `count` bytes of a window but one, if a point stands between them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Digits<'a> {
    pub(crate) window: &'a [u8; 16],
    /// Digits behind the point; 0 = there is no point.
    pub(crate) point: usize,
    /// Digits in all: at most 16, with a point at most 15.
    pub(crate) count: usize,
}

/// How the bytes of a window become the digits of a number, which are its last bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Digest {
    /// From where each byte is taken: a point goes to the first byte, where nothing else may stand.
    moves: [u8; 16],
    /// What is taken away from it: the zero, or the point.
    flips: [u8; 16],
    /// The most that may be left.
    most: [u8; 16],
    /// Which bytes count even where the number is shorter: the point.
    point: [u8; 16],
}

/// By the number of digits behind the point; 0 = there is no point.
static DIGESTS: [Digest; 16] = {
    let mut rows = [Digest {
        moves: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        flips: [b'0'; 16],
        most: [9; 16],
        point: [0; 16],
    }; 16];
    let mut behind = 1;
    while behind < 16 {
        let row = &mut rows[behind];
        row.moves[0] = 15 - behind as u8;
        (row.flips[0], row.most[0], row.point[0]) = (b'.', 0, u8::MAX);
        let mut at = 1;
        while at < 16 - behind {
            row.moves[at] = at as u8 - 1;
            at += 1;
        }
        behind += 1;
    }
    rows
};

/// The row of numbers with so many digits behind the point.
#[inline(always)]
fn digest(behind: usize) -> &'static Digest {
    &DIGESTS[behind & 15]
}

/// Two numbers, each the last bytes of its window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair<'a> {
    pub(crate) windows: [&'a [u8; 16]; 2],
    /// Digits of each: at most 16, with a point at most 15.
    pub(crate) counts: [usize; 2],
}

/// Bytes of a text that are looked at at once.
pub(crate) const BLOCK: usize = 64;

/// A text as its whole blocks and its last bytes, some of which may stand in the blocks as well.
pub(crate) type Text<'a> = (&'a [[u8; BLOCK]], &'a [u8; BLOCK]);

/// Patterns of what may stand in a byte. Their lower seven bits are the lowest byte that may; the highest bit
/// is set in those that stand for this byte alone.
pub(crate) mod pattern {
    /// Any digit.
    pub(crate) const DIGIT: u8 = b'0';
    /// Any digit but zero.
    pub(crate) const NOT_ZERO: u8 = b'1';
    /// Any byte.
    pub(crate) const ANY: u8 = 0x7F;

    /// The pattern of one byte of ASCII.
    pub(crate) const fn only(byte: u8) -> u8 {
        byte | 0x80
    }

    /// How far above its lowest byte the others may be: by the lower four bits of a pattern of several.
    pub(super) const ROOM: [u8; 16] = [9, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255];
}

/// One kind of processor.
pub(crate) trait Isa: Copy {
    /// How two numbers are spelled, ready for [`Isa::pair`].
    type Spelled: Copy;

    /// Does a task in a function of its own, which is compiled for this kind.
    fn run<T: Task>(self, task: T) -> T::Output;

    /// Which bytes of two windows differ.
    fn differs(self, text: &[u8; 32], other: &[u8; 32]) -> u32;

    /// Which bytes of two short windows differ; nothing is said of the higher bits.
    fn differs_short(self, text: &[u8; 16], other: &[u8; 16]) -> u32;

    /// Which bytes of `text` differ from `other` in lower case.
    fn differs_lower(self, text: &[u8; 32], other: &[u8; 32]) -> u32;

    /// Where digits end, and the points between them.
    fn numeric(self, text: &[u8; 32]) -> Numeric;

    /// Which bytes may stand in a number: digits, points and, for brevity's sake, slashes.
    fn runs(self, text: &[u8; 64]) -> u64;

    /// Where a text ends with `end`.
    fn textual(self, text: &[u8; 32], end: u8) -> Textual;

    /// The value of decimal digits, which the caller knows to be digits.
    fn digits(self, digits: Digits<'_>) -> u64;

    /// How two numbers with so many digits behind their points are read; 0 = there is no point.
    fn spelled(self, behind: [usize; 2]) -> Self::Spelled;

    /// The values of two numbers; `None` where a digit or a point is none.
    fn pair(self, pair: Pair<'_>, spelled: &Self::Spelled) -> Option<(u64, u64)>;

    /// Which bytes of two windows differ from `other`.
    fn two_differ(self, windows: [&[u8; 16]; 2], other: &[u8; 32]) -> u32;

    /// Which bytes are `0`.
    fn zeros(self, window: &[u8; 16]) -> u32;

    /// Asks for the line of the cache that a byte is in; a hint.
    fn prefetch<T>(self, of: &T);

    /// Tells apart where bytes below `0` stand in texts, though not for certain.
    fn outline(self, text: Text<'_>) -> u64;

    /// Whether each byte of a text, which is its whole blocks and its tail, is as its pattern tells; patterns
    /// behind the text do not count.
    fn fits(self, text: Text<'_>, patterns: Text<'_>) -> bool;

    /// The values of two numbers, whose digits, known to be digits, stand in their windows as the rows tell.
    fn read(self, windows: [&[u8; 16]; 2], rows: [Row; 2]) -> [u64; 2];

    /// The bytes of a hyphenated UUID.
    fn uuid(self, text: &[u8; 36]) -> Option<[u8; 16]>;
}

/// Work that is compiled for each kind of processor.
pub(crate) trait Task {
    /// What it gives.
    type Output;

    /// Does it; must be `#[inline(always)]`, as all that it calls with `isa`.
    fn run<I: Isa>(self, isa: I) -> Self::Output;
}

/// The kind of processor that a decoder is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// Any: 64-bit integer arithmetic only.
    Portable,
    /// x86-64 with SSE4.2 (2008).
    Sse42,
    /// x86-64 with AVX2 and BMI (2013).
    Avx2,
}

impl Target {
    /// Every target, the best last.
    pub const ALL: [Self; 3] = [Self::Portable, Self::Sse42, Self::Avx2];

    /// The best that this processor has.
    #[must_use]
    pub fn best() -> Self {
        let available = Self::ALL
            .into_iter()
            .rev()
            .find(|target| target.is_available());
        available.unwrap_or(Self::Portable)
    }

    /// Whether this processor has the target's instructions.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Sse42 => x86::Sse42::detect().is_some(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => x86::Avx2::detect().is_some(),
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// The target's name in metrics and tools.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Sse42 => "sse4.2",
            Self::Avx2 => "avx2",
        }
    }
}

/// A target whose instructions this processor was found to have.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Proven {
    Portable(Portable),
    #[cfg(target_arch = "x86_64")]
    Sse42(x86::Sse42),
    #[cfg(target_arch = "x86_64")]
    Avx2(x86::Avx2),
}

impl Proven {
    /// `target`, or the portable one where the processor does not have it.
    pub(crate) fn of(target: Target) -> Self {
        let proven = match target {
            #[cfg(target_arch = "x86_64")]
            Target::Sse42 => x86::Sse42::detect().map(Self::Sse42),
            #[cfg(target_arch = "x86_64")]
            Target::Avx2 => x86::Avx2::detect().map(Self::Avx2),
            _ => None,
        };
        proven.unwrap_or(Self::Portable(Portable))
    }

    /// Runs a task with the target's instructions.
    #[inline(always)]
    pub(crate) fn run<T: Task>(self, task: T) -> T::Output {
        match self {
            Self::Portable(isa) => isa.run(task),
            #[cfg(target_arch = "x86_64")]
            Self::Sse42(isa) => isa.run(task),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(isa) => isa.run(task),
        }
    }
}

/// The low `count` bits; all of them from 32 on.
#[inline(always)]
pub(crate) const fn low(count: u32) -> u32 {
    if count >= 32 {
        u32::MAX
    } else {
        (1 << count) - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Read([[u8; 16]; 2], [usize; 2], [usize; 2]);

    impl Task for Read {
        type Output = Option<(u64, u64)>;

        #[inline(always)]
        fn run<I: Isa>(self, isa: I) -> Self::Output {
            let Self(windows, behind, counts) = self;
            let windows = [&windows[0], &windows[1]];
            isa.pair(Pair { windows, counts }, &isa.spelled(behind))
        }
    }

    /// The last `count` digits of a window, with a point between them where some stand behind it.
    fn one_by_one(window: &[u8; 16], behind: usize, count: usize) -> Option<u64> {
        let point = 15 - behind;
        if behind > 0 && window[point] != b'.' {
            return None;
        }
        let len = count + usize::from(behind > 0);
        let places = (16 - len..16).filter(|at| behind == 0 || *at != point);
        places.into_iter().try_fold(0_u64, |sum, at| {
            let digit = char::from(window[at]).to_digit(10)?;
            Some(sum * 10 + u64::from(digit))
        })
    }

    fn window(text: &[u8], behind: usize, point: u8) -> [u8; 16] {
        let mut window = [b'"'; 16];
        window.copy_from_slice(text);
        if behind > 0 {
            window[15 - behind] = point;
        }
        window
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]
        #[test]
        fn every_target_reads_pairs_as_they_are_read_byte_by_byte(
            text in proptest::collection::vec(
                prop_oneof![40 => b'0'..=b'9', 1 => any::<u8>()],
                32,
            ),
            behind in [0_usize..15, 0_usize..15],
            more in [1_usize..16, 1_usize..16],
            points in proptest::collection::vec(prop_oneof![9 => Just(b'.'), 1 => any::<u8>()], 2),
        ) {
            let (texts, _) = text.as_chunks::<16>();
            let windows = [0, 1].map(|at| window(&texts[at], behind[at], points[at]));
            let counts = [0, 1].map(|at| {
                let most = if behind[at] > 0 { 15 } else { 16 };
                (behind[at] + more[at]).min(most)
            });
            let read = |at: usize| one_by_one(&windows[at], behind[at], counts[at]);
            let expected = read(0).zip(read(1));
            for target in Target::ALL {
                let pair = Proven::of(target).run(Read(windows, behind, counts));
                prop_assert_eq!(pair, expected, "{:?}", target);
            }
        }
    }
}
