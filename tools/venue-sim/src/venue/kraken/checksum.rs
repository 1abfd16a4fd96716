//! The checksums of WebSocket v2: of levels and of single orders.

use std::fmt::Write;

use super::orders::Order;

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

/// As [`checksum`], over the orders of the best levels in queue order: each contributes the price
/// of its level and its own quantity.
///
/// # Source
/// docs.kraken.com, "Book checksum (v2 level 3)", as of November 2026.
pub(super) fn checksum_of_orders<'a, Q: Iterator<Item = &'a Order>>(
    bids: impl Iterator<Item = (i64, Q)>,
    asks: impl Iterator<Item = (i64, Q)>,
) -> u32 {
    let mut text = String::with_capacity(6 * LEVELS * 24);
    for (px, queue) in asks.take(LEVELS).chain(bids.take(LEVELS)) {
        for order in queue {
            // Writing to a string cannot fail.
            let _infallible = write!(text, "{px}{}", order.qty);
        }
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

    /// The venue's documented orders, best level first: price, then quantities in queue order.
    const ORDERS_ASKED: [(i64, &[i64]); 10] = [
        (449_395, &[452_308_393, 111_261, 100_000, 1_000_000]),
        (449_500, &[10_334_926]),
        (449_530, &[64_537]),
        (449_550, &[250_000]),
        (449_596, &[35_630_000, 35_630_000]),
        (449_601, &[338_072]),
        (449_602, &[88_967_575]),
        (449_670, &[314_392_283]),
        (449_785, &[6_778_960]),
        (449_792, &[35_630_000]),
    ];
    const ORDERS_BID: [(i64, &[i64]); 10] = [
        (
            449_394,
            &[
                88_968_699,
                45_210_000,
                10_000_000,
                14_296_323,
                25_000_000,
                10_292_988,
                33_880_000,
                128_140_860,
            ],
        ),
        (449_371, &[3_346_877]),
        (449_347, &[35_630_000]),
        (
            449_302,
            &[22_734_299, 1_000_000, 5_550_000, 70_000_000, 15_000_000],
        ),
        (449_280, &[105_240]),
        (449_196, &[33_870_000]),
        (449_195, &[7_610_000]),
        (449_120, &[35_630_000]),
        (449_097, &[6_690_000]),
        (449_019, &[88_982]),
    ];

    #[test]
    fn documented_orders_have_the_documented_checksum() {
        let queues = |levels: &[(i64, &[i64])]| -> Vec<(i64, Vec<Order>)> {
            let order = |qty: &i64| Order {
                number: 0,
                qty: *qty,
                at: 0,
            };
            let queue = |(px, qtys): &(i64, &[i64])| (*px, qtys.iter().map(order).collect());
            levels.iter().map(queue).collect()
        };
        let (bids, asks) = (queues(&ORDERS_BID), queues(&ORDERS_ASKED));
        let sum = checksum_of_orders(
            bids.iter().map(|(px, queue)| (*px, queue.iter())),
            asks.iter().map(|(px, queue)| (*px, queue.iter())),
        );
        assert_eq!(sum, 1_063_832_831);
    }

    #[test]
    fn levels_below_the_tenth_do_not_count() {
        let deeper: Vec<_> = BIDS.into_iter().chain([(1, 1)]).collect();
        assert_eq!(checksum(&deeper, &ASKS), 3_310_070_434);
        assert_eq!(checksum(&[], &[]), 0);
    }
}
