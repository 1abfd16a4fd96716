//! Noise in place of a message, and flipped bytes within one.

use feedd_codecs::json::FRAME_BYTES_MAX;

use super::{Case, for_each_golden, inside};
use crate::support::script::Script;
use crate::support::truth::Dice;

pub(super) fn noise_instead_of_a_message<S: Script>() {
    let mut dice = Dice(3);
    let mut noise = |length: usize| -> Vec<u8> {
        let bytes = (0..length).map(|_| u8::try_from(dice.below(256)).unwrap());
        bytes.collect()
    };
    let deep = |levels: usize| [b"[".repeat(levels), b"]".repeat(levels)].concat();
    let deep_field = format!("{{\"a\":{}1{}}}", "[".repeat(40), "]".repeat(40));
    for_each_golden::<S>(|case, channel, golden| {
        for frame in ["", " ", "\n\t"] {
            assert_eq!(case.refused(channel, frame), "empty");
        }
        let page = "<!DOCTYPE html><html><body>502 Bad Gateway</body></html>";
        assert_eq!(case.refused(channel, page), "html");
        assert_eq!(case.refused(channel, deep(33)), "too_deep");
        assert_eq!(case.refused(channel, deep(1_000_000)), "too_deep");
        assert_eq!(case.refused(channel, b"[".repeat(1_000_000)), "too_deep");
        assert_eq!(
            case.refused(channel, b"{\"a\":".repeat(1_000_000)),
            "too_deep"
        );
        assert_eq!(case.refused(channel, &deep_field), "too_deep");
        for length in [1, 7, 64, 4_096] {
            let frame = [&[0x80][..], &noise(length)].concat();
            case.refused(channel, frame);
        }
        let symbol = golden
            .find(S::SYMBOLS[0])
            .or(golden.find(&S::SYMBOLS[0].to_lowercase()));
        let mut foreign = golden.as_bytes().to_vec();
        foreign[symbol.unwrap()] = 0xFF;
        assert_eq!(case.refused(channel, foreign), "invalid_utf8");
        let zeros = golden.replacen(':', ":\0", 1);
        assert_eq!(case.refused(channel, zeros), "invalid_json");
        let marked = format!("\u{feff}{golden}");
        assert_eq!(case.refused(channel, marked), "invalid_json");
    });
    let mut case = Case::<S>::new();
    let (channel, golden) = case.goldens[0].clone();
    let huge = format!("{golden}{}", " ".repeat(FRAME_BYTES_MAX + 1 - golden.len()));
    assert_eq!(case.refused(channel, huge), "too_large");
    case.ends_well();
}

/// Flips bytes of good messages: whatever comes of it, nothing panics, and a refusal changes
/// nothing.
pub(super) fn flipped_bytes<S: Script>(seed: u64) {
    let mut dice = Dice(seed);
    let mut case = Case::<S>::new();
    let mut believed = true;
    for (channel, golden) in case.goldens.clone() {
        for _ in 0..8 {
            let mut bytes = golden.clone().into_bytes();
            for _ in 0..=dice.below(4) {
                let at = usize::try_from(dice.below(bytes.len() as u64)).unwrap();
                bytes[at] = match dice.below(3) {
                    0 => bytes[at] ^ (1 << dice.below(8)),
                    1 => u8::try_from(dice.below(256)).unwrap(),
                    _ => b"\"{}[]:,0-.eE\\"[usize::try_from(dice.below(13)).unwrap()],
                };
            }
            if case.give(channel, &bytes).is_ok() {
                case.before = inside(&case.rig);
                believed = false;
            } else {
                assert_eq!(inside(&case.rig), case.before);
            }
        }
    }
    if believed {
        case.ends_well();
    }
}
