//! Patterns, numbers and the table, on every target.

use proptest::prelude::*;

use super::{Part, Place};
use crate::scan::simd::{BLOCK, Isa, Proven, Row, Target, Task, pattern};

/// Whether a text fits patterns.
struct Fits<'a>(&'a [u8], &'a [u8]);

impl Task for Fits<'_> {
    type Output = bool;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> Self::Output {
        let split = |text| super::text(text).unwrap_or((&[], &[0; BLOCK]));
        isa.fits(split(self.0), split(self.1))
    }
}

/// Two numbers of a window.
struct Read<'a>([&'a [u8; 16]; 2], [Row; 2]);

impl Task for Read<'_> {
    type Output = [u64; 2];

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> Self::Output {
        isa.read(self.0, self.1)
    }
}

/// Where a message would leave its imprint.
struct Placed<'a>(&'a [u8]);

impl Task for Placed<'_> {
    type Output = Place;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> Self::Output {
        Place::of(isa, self.0, Part::Whole, 4)
    }
}

struct Uuid<'a>(&'a [u8; 36]);

impl Task for Uuid<'_> {
    type Output = Option<[u8; 16]>;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> Self::Output {
        isa.uuid(self.0)
    }
}

fn on_each<T: Task>(task: impl Fn() -> T) -> [T::Output; 3] {
    Target::ALL.map(|target| Proven::of(target).run(task()))
}

fn is_as(byte: u8, pattern: u8) -> bool {
    match pattern {
        pattern::DIGIT => byte.is_ascii_digit(),
        pattern::NOT_ZERO => matches!(byte, b'1'..=b'9'),
        pattern::ANY => true,
        one => pattern::only(byte) == one && byte.is_ascii(),
    }
}

/// A byte and what may stand in its place, which mostly is that byte.
fn placed() -> impl Strategy<Value = (u8, u8)> {
    prop_oneof![
        200 => (0..128_u8).prop_map(|byte| (byte, pattern::only(byte))),
        80 => (b'0'..=b'9').prop_map(|byte| (byte, pattern::DIGIT)),
        40 => (b'1'..=b'9').prop_map(|byte| (byte, pattern::NOT_ZERO)),
        20 => any::<u8>().prop_map(|byte| (byte, pattern::ANY)),
        1 => (any::<u8>(), (0..128_u8).prop_map(pattern::only)),
        1 => (any::<u8>(), Just(pattern::DIGIT)),
        1 => (any::<u8>(), Just(pattern::NOT_ZERO)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]
    #[test]
    fn a_text_fits_where_each_byte_is_as_its_pattern_tells(
        places in proptest::collection::vec(placed(), BLOCK..384),
    ) {
        let (text, patterns): (Vec<u8>, Vec<u8>) = places.iter().copied().unzip();
        let expected = places.iter().all(|(byte, pattern)| is_as(*byte, *pattern));
        prop_assert_eq!(on_each(|| Fits(&text, &patterns)), [expected; 3]);
    }

    #[test]
    fn numbers_are_read_from_where_their_digits_stand(
        digits in proptest::collection::vec(b'0'..=b'9', 16),
        counts in [
            (1_usize..=16, 0_usize..16, 0_usize..16),
            (1_usize..=16, 0_usize..16, 0_usize..16),
        ],
    ) {
        let read = counts.map(|(count, behind, zeros)| {
            let behind = behind.min(count - 1);
            let count = count.min(if behind > 0 { 15 } else { 16 });
            let mut window: [u8; 16] = digits.as_slice().try_into().unwrap();
            if behind > 0 {
                window[15 - behind] = b'.';
            }
            let len = count + usize::from(behind > 0);
            let spelled = window[16 - len..].iter().filter(|byte| **byte != b'.');
            let value = spelled.fold(0, |sum, byte| sum * 10 + u64::from(byte - b'0'));
            let zeros = zeros.min(16 - count);
            (window, Row::new(count, behind, zeros), value * 10_u64.pow(zeros as u32))
        });
        let [(first, row, value), (second, other, another)] = read;
        let numbers = on_each(|| Read([&first, &second], [row, other]));
        prop_assert_eq!(numbers, [[value, another]; 3]);
    }

    #[test]
    fn clocks_are_read_alike_by_every_target(hhmmss in 0_u64..240_000, before in "[0-9T-]{8}") {
        let text = format!("{:06}", hhmmss);
        let text = format!("{before}{}:{}:{}", &text[..2], &text[2..4], &text[4..]);
        let window: [u8; 16] = text.as_bytes().try_into().unwrap();
        let read = on_each(|| Read([&window, &window], [Row::CLOCK, Row::NONE]));
        prop_assert_eq!(read, [[hhmmss, 0]; 3]);
    }

    #[test]
    fn uuids_are_read_alike_by_every_target(
        digits in proptest::collection::vec(prop_oneof![
            400 => prop_oneof![b'0'..=b'9', b'a'..=b'f', b'A'..=b'F'],
            1 => any::<u8>(),
        ], 36),
        hyphens in proptest::collection::vec(prop_oneof![40 => Just(b'-'), 1 => any::<u8>()], 4),
    ) {
        let mut text: [u8; 36] = digits.as_slice().try_into().unwrap();
        for (at, hyphen) in [8, 13, 18, 23].into_iter().zip(hyphens) {
            text[at] = hyphen;
        }
        let read = on_each(|| Uuid(&text));
        prop_assert_eq!(read, [read[0]; 3]);
    }
}

#[test]
fn messages_of_one_form_have_one_place_and_lengths_have_bounds() {
    let place = |text: &str| on_each(|| Placed(text.as_bytes()));
    let first = place(
        r#"{"s":"BTCUSDT","p":"2101.30","q":"7.66299337","u":31268267843,"E":1790358506022}"#,
    );
    let same = place(
        r#"{"s":"BTCUSDT","p":"9999.01","q":"0.00000001","u":10000000000,"E":1111111111111}"#,
    );
    assert_eq!(same, first);
    for other in [
        r#"{"s":"BTCUSDC","p":"2101.30","q":"7.66299337","u":31268267843,"E":1790358506022}"#,
        r#"{"s":"BTCUSDT","p":"210.130","q":"7.66299337","u":31268267843,"E":1790358506022}"#,
        r#"{"s":"BTCUSDT","p":"2101.30","q":"7.6629933","u":31268267843,"E":1790358506022}"#,
    ] {
        let pairs = place(other).into_iter().zip(first);
        for (place, first) in pairs {
            assert_ne!(place, first, "{other}");
        }
    }
    assert_eq!(place("{}"), [Place::NOWHERE; 3]);
    assert_eq!(place(&"x".repeat(384)), [Place::NOWHERE; 3]);
}
