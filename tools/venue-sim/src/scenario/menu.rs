//! What the lottery can draw: faults that a client can find out and repair, or shrugs off.

use std::time::Duration;

use crate::config::Product;
use crate::lot::Lot;

/// Keys of one fault as TOML lines, `time`, `venue`, `product`, `line` and `stream` aside.
type Draw = fn(&mut Lot, Duration) -> String;

/// What a fault is aimed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// Messages of a stream, on one line or all.
    Messages,
    /// One line or all.
    Lines,
    /// A product.
    Product,
    /// The book of one symbol.
    Book,
}

/// Each fault with its weight is drawn as often as it stands here.
pub(super) const MENU: [(Aim, Draw); 27] = [
    (Aim::Messages, |lot, _| fault("drop", &count(lot, 5))),
    (Aim::Messages, |lot, _| fault("drop", &count(lot, 1))),
    (Aim::Messages, |lot, _| fault("duplicate", &count(lot, 5))),
    (Aim::Messages, |lot, _| fault("reorder", &count(lot, 5))),
    (Aim::Messages, |lot, _| {
        fault(
            "shuffle",
            &format!("within = {}\n{}", lot.between(2, 8), count(lot, 3)),
        )
    }),
    (Aim::Messages, |lot, rest| {
        fault(
            "loss",
            &format!("chance = \"{}%\"\n{}", lot.between(1, 10), lasts(lot, rest)),
        )
    }),
    (Aim::Messages, |lot, rest| {
        fault(
            "resend",
            &format!("chance = \"{}%\"\n{}", lot.between(1, 20), lasts(lot, rest)),
        )
    }),
    (Aim::Messages, mutation),
    (Aim::Messages, mutation),
    (Aim::Messages, mutation),
    (Aim::Messages, |lot, _| fault("silence", &count(lot, 1))),
    (Aim::Lines, |lot, _| {
        fault("reset", &format!("after = {}\n", lot.below(4_000)))
    }),
    (Aim::Lines, |_, _| fault("reset", "")),
    (Aim::Lines, |_, _| fault("cut", "")),
    (Aim::Lines, |_, _| fault("cut-mid-message", "")),
    (Aim::Lines, |_, _| fault("close", "code = 1001\n")),
    (Aim::Lines, |_, _| fault("expire", "")),
    (Aim::Lines, |lot, rest| fault("freeze", &lasts(lot, rest))),
    (Aim::Lines, |lot, rest| fault("clog", &lasts(lot, rest))),
    (Aim::Lines, |lot, rest| {
        fault(
            "delay",
            &format!("by = \"{}ms\"\n{}", lot.between(20, 400), lasts(lot, rest)),
        )
    }),
    (Aim::Lines, |lot, rest| {
        let speed = lot.between(100, 5_000);
        fault(
            "trickle",
            &format!("bytes_per_second = {speed}\n{}", lasts(lot, rest)),
        )
    }),
    (Aim::Lines, |lot, _| {
        let kinds = [
            "text",
            "binary",
            "compressed",
            "masked",
            "orphan-continuation",
            "interrupted",
        ];
        let kind = lot.of(&kinds).copied().unwrap_or_default();
        fault("frame", &format!("kind = \"{kind}\"\n"))
    }),
    (Aim::Lines, |lot, _| fault("ignore", &count(lot, 2))),
    (Aim::Lines, |lot, _| fault("lose-ack", &count(lot, 2))),
    (Aim::Product, |lot, _| {
        let answers = [
            "status = 503",
            "status = 500",
            "answer = \"html\"",
            "delay = \"300ms\"",
            "truncate = 60",
        ];
        let answer = lot.of(&answers).copied().unwrap_or_default();
        fault("rest", &format!("{answer}\n{}", count(lot, 2)))
    }),
    (Aim::Product, |lot, rest| {
        let signs = ["+", "-"];
        let sign = lot.of(&signs).copied().unwrap_or_default();
        fault(
            "clock-jump",
            &format!(
                "by = \"{sign}{}ms\"\n{}",
                lot.between(100, 5_000),
                lasts(lot, rest)
            ),
        )
    }),
    (Aim::Book, |lot, rest| {
        fault(
            "cross",
            &format!("ticks = {}\n{}", lot.below(20), lasts(lot, rest)),
        )
    }),
];

fn fault(name: &str, keys: &str) -> String {
    format!("fault = \"{name}\"\n{keys}")
}

fn count(lot: &mut Lot, most: u64) -> String {
    format!("count = {}\n", lot.between(1, most))
}

/// A while that ends with the time that is left, or earlier.
fn lasts(lot: &mut Lot, rest: Duration) -> String {
    let most = u64::try_from(rest.as_millis())
        .unwrap_or(u64::MAX)
        .clamp(1, 2_000);
    format!("for = \"{}ms\"\n", lot.between(1, most))
}

fn mutation(lot: &mut Lot, _: Duration) -> String {
    let kinds = [
        "kind = \"add-field\"",
        "kind = \"remove-field\"",
        "kind = \"rename-field\"",
        "kind = \"retype-field\"",
        "kind = \"duplicate-key\"",
        "kind = \"huge-number\"",
        "kind = \"unknown-event\"",
        "kind = \"truncate\"\nat = 20",
        "kind = \"trailing\"\nbytes = 5",
        "kind = \"empty\"",
        "kind = \"invalid-utf8\"",
        "kind = \"deep-nesting\"\nlevels = 2000",
        "kind = \"shift\"\nby = \"+1h\"",
        "kind = \"off-tick\"",
        "kind = \"negative-qty\"",
        "kind = \"explosion\"\nlevels = 500",
        "kind = \"unknown-delete\"",
        "kind = \"repeated-price\"",
        "kind = \"short-zero\"",
        "kind = \"long-stamp\"",
    ];
    let kind = lot.of(&kinds).copied().unwrap_or_default();
    fault("mutate", &format!("{kind}\n{}", count(lot, 3)))
}

/// Parts of stream keys that a fault on messages is aimed at.
pub(super) fn streams(product: Product) -> &'static [&'static str] {
    match product {
        Product::BinanceSpot | Product::BinanceUsdm | Product::BinanceCoinm => {
            &["trade", "aggTrade", "bookTicker", "depth"]
        }
        Product::BybitSpot
        | Product::BybitLinear
        | Product::BybitInverse
        | Product::BybitOption => &["publicTrade", "orderbook"],
        Product::KrakenSpot | Product::KrakenFutures => &["trade", "book", "ticker"],
    }
}
