//! The book checksums; rules 4 and 6 of this folder's `README.md`.
//!
//! A mantissa at the pair's precision *is* the wire text without point and leading zeros, so the
//! checksum runs over the decimal digits of the integers. `level3` does not pad its numbers: each
//! order remembers how many fraction digits it was written with.

use crc32fast::Hasher;

use crate::book::OrderBook;
use crate::book::{Book, Level};
use crate::fixed::rescale;
use crate::record::Order;

/// Levels a side that the checksum covers, whatever the depth.
const LEVELS: usize = 10;

/// Digits by which a book may be finer than its pair: a number with more digits than the pair has
/// widens the book for good, and the venue's own text stays as short as it was.
const WIDENED_MAX: u32 = 3;

/// Whether a checksum is that of a book.
pub(super) fn holds(book: &Book, sent: u32) -> bool {
    of(book) == sent || holds_widened(book, sent)
}

/// As [`holds`], for a book whose mantissas all end in zeros that the venue does not write.
#[cold]
fn holds_widened(book: &Book, sent: u32) -> bool {
    let whole = |unit: i64, value: fn(&Level) -> i64| {
        let mut levels = book.asks().take(LEVELS).chain(book.bids().take(LEVELS));
        levels.all(|level| value(level) % unit == 0)
    };
    let units = || (0..=WIDENED_MAX).map(|digits| 10_i64.pow(digits));
    units()
        .filter(|unit| whole(*unit, |level| level.px))
        .any(|px| {
            let mut quantities = units().filter(|unit| whole(*unit, |level| level.qty));
            quantities.any(|qty| in_units(book, px, qty) == sent)
        })
}

/// The checksum of a book.
pub(super) fn of(book: &Book) -> u32 {
    in_units(book, 1, 1)
}

fn in_units(book: &Book, px_unit: i64, qty_unit: i64) -> u32 {
    let mut hasher = Hasher::new();
    let asks = book.asks().take(LEVELS);
    let bids = book.bids().take(LEVELS);
    for Level { px, qty } in asks.chain(bids) {
        digits(px / px_unit, &mut hasher);
        digits(qty / qty_unit, &mut hasher);
    }
    hasher.finalize()
}

/// The checksum of an order-level book: every order of the best price levels.
pub(super) fn of_orders(book: &OrderBook) -> u32 {
    let mut hasher = Hasher::new();
    for order in best_levels(book.asks())
        .iter()
        .chain(best_levels(book.bids()))
    {
        written(order.px, book.px_exp(), order.px_digits, &mut hasher);
        written(order.qty, book.qty_exp(), order.qty_digits, &mut hasher);
    }
    hasher.finalize()
}

/// The orders of the best [`LEVELS`] prices of a side.
fn best_levels(side: &[Order]) -> &[Order] {
    let (mut levels, mut last) = (0, None);
    let end = side.iter().position(|order| {
        levels += usize::from(last != Some(order.px));
        last = Some(order.px);
        levels > LEVELS
    });
    &side[..end.unwrap_or(side.len())]
}

/// Feeds a number's digits as the venue wrote them, `places` of them behind the point.
fn written(mantissa: i64, exp: i8, places: u8, hasher: &mut Hasher) {
    let wire = i8::try_from(places).ok();
    let text = wire.and_then(|places| rescale(mantissa, exp, -places));
    digits(text.unwrap_or(mantissa), hasher);
}

/// Feeds the decimal digits of a positive number.
fn digits(value: i64, hasher: &mut Hasher) {
    let mut text = [0; 20];
    let mut at = text.len();
    let mut rest = value.unsigned_abs();
    while rest > 0 {
        at -= 1;
        text[at] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
    hasher.update(&text[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(asks: &[(&str, &str)], bids: &[(&str, &str)]) -> Book {
        let exps = |(px, qty): (&str, &str)| {
            (
                px.len() - px.find('.').unwrap() - 1,
                qty.len() - qty.find('.').unwrap() - 1,
            )
        };
        let (px_places, qty_places) = exps(asks[0]);
        let (px_exp, qty_exp) = (
            -i8::try_from(px_places).unwrap(),
            -i8::try_from(qty_places).unwrap(),
        );
        let level = |(px, qty): &(&str, &str)| Level {
            px: crate::fixed::mantissa_at(px.as_bytes(), px_exp, false).unwrap(),
            qty: crate::fixed::mantissa_at(qty.as_bytes(), qty_exp, false).unwrap(),
        };
        let mut book = Book::new(px_exp, qty_exp);
        let bids: Vec<Level> = bids.iter().map(level).collect();
        let asks: Vec<Level> = asks.iter().map(level).collect();
        book.replace(&bids, &asks, px_exp, qty_exp).unwrap();
        book
    }

    const ASKS: [(&str, &str); 10] = [
        ("45285.2", "0.00100000"),
        ("45286.4", "1.54571953"),
        ("45286.6", "1.54571109"),
        ("45289.6", "1.54560911"),
        ("45290.2", "0.15890660"),
        ("45291.8", "1.54553491"),
        ("45294.7", "0.04454749"),
        ("45296.1", "0.35380000"),
        ("45297.5", "0.09945542"),
        ("45299.5", "0.18772827"),
    ];
    const BIDS: [(&str, &str); 10] = [
        ("45283.5", "0.10000000"),
        ("45283.4", "1.54582015"),
        ("45282.1", "0.10000000"),
        ("45281.0", "0.10000000"),
        ("45280.3", "1.54592586"),
        ("45279.0", "0.07990000"),
        ("45277.6", "0.03310103"),
        ("45277.5", "0.30000000"),
        ("45277.3", "1.54602737"),
        ("45276.6", "0.15445238"),
    ];

    #[test]
    fn the_documented_vector_holds() {
        assert_eq!(of(&book(&ASKS, &BIDS)), 3_310_070_434);
    }

    #[test]
    fn levels_beyond_the_tenth_do_not_count() {
        let mut asks = ASKS.to_vec();
        asks.push(("45300.0", "1.00000000"));
        assert_eq!(of(&book(&asks, &BIDS)), 3_310_070_434);
    }

    #[test]
    fn a_shallow_book_uses_what_there_is() {
        let asks = [
            ("62710.5", "0.93111634"),
            ("62710.6", "0.50000000"),
            ("62711.0", "1.20000000"),
        ];
        let bids = [("62710.4", "0.01000000"), ("62709.1", "2.00000000")];
        assert_eq!(of(&book(&asks, &bids)), 1_396_696_505);
    }

    #[test]
    fn an_empty_book_has_checksum_zero() {
        assert_eq!(of(&Book::new(-1, -8)), 0);
    }

    #[test]
    fn one_changed_digit_changes_the_checksum() {
        let mut bids = BIDS;
        bids[9].1 = "0.15445239";
        assert_ne!(of(&book(&ASKS, &bids)), 3_310_070_434);
    }
}
