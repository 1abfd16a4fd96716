//! The book checksum of WebSocket v2.

use std::fmt::Write;

/// Levels per side that the checksum covers, whatever the subscribed depth.
const LEVELS: usize = 10;

/// CRC-32 (IEEE) over asks from the lowest price up, then bids from the highest down.
///
/// Each level contributes price and quantity as printed, without the point and without leading
/// zeros. At the pair's precision that is the decimal text of the scaled integer.
///
/// # Source
/// docs.kraken.com, "Book checksum (v2)", as of November 2026.
pub(super) fn checksum(bids: &[(i64, i64)], asks: &[(i64, i64)]) -> u32 {
    let mut text = String::with_capacity(2 * LEVELS * 24);
    for (px, qty) in asks.iter().take(LEVELS).chain(bids.iter().take(LEVELS)) {
        // Writing to a string cannot fail.
        let _infallible = write!(text, "{px}{qty}");
    }
    crc32fast::hash(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The venue's documented book: BTC/USD, one price decimal, eight quantity decimals.
    const ASKS: [(i64, i64); 10] = [
        (452_852, 100_000),
        (452_864, 154_571_953),
        (452_866, 154_571_109),
        (452_896, 154_560_911),
        (452_902, 15_890_660),
        (452_918, 154_553_491),
        (452_947, 4_454_749),
        (452_961, 35_380_000),
        (452_975, 9_945_542),
        (452_995, 18_772_827),
    ];
    const BIDS: [(i64, i64); 10] = [
        (452_835, 10_000_000),
        (452_834, 154_582_015),
        (452_821, 10_000_000),
        (452_810, 10_000_000),
        (452_803, 154_592_586),
        (452_790, 7_990_000),
        (452_776, 3_310_103),
        (452_775, 30_000_000),
        (452_773, 154_602_737),
        (452_766, 15_445_238),
    ];

    #[test]
    fn documented_book_has_the_documented_checksum() {
        assert_eq!(checksum(&BIDS, &ASKS), 3_310_070_434);
    }

    #[test]
    fn levels_below_the_tenth_do_not_count() {
        let deeper: Vec<_> = BIDS.into_iter().chain([(1, 1)]).collect();
        assert_eq!(checksum(&deeper, &ASKS), 3_310_070_434);
        assert_eq!(checksum(&[], &[]), 0);
    }
}
