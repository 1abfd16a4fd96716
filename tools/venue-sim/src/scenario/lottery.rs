//! Mixtures of faults, drawn by lot.

use std::fmt::Write;
use std::time::Duration;

use super::menu::{Aim, MENU, streams};
use crate::config::Product;
use crate::instrument::default_instruments;
use crate::lot::Lot;

/// Faults of one mixture.
const FAULTS: (u64, u64) = (3, 10);

/// Hundredths of the duration before which no fault begins.
const FIRST: u64 = 10;

/// Hundredths of the duration after which no fault begins.
const LAST: u64 = 60;

/// Hundredths of the duration at which everything is healed.
const HEALED: u64 = 75;

/// The text of a mixture; see [`Scenario::random`](super::Scenario::random).
pub(super) fn draw(seed: u64, duration: Duration, products: &[Product]) -> String {
    let mut lot = Lot::new(seed);
    let total = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let at = |hundredths: u64| total / 100 * hundredths;
    let mut out = format!("seed = {}\n", seed >> 1);
    let faults = lot.between(FAULTS.0, FAULTS.1);
    let mut times: Vec<u64> = (0..faults)
        .map(|_| lot.between(at(FIRST), at(LAST)))
        .collect();
    times.sort_unstable();
    for time in times {
        let rest = Duration::from_millis(at(HEALED).saturating_sub(time));
        if let Some(product) = lot.of(products) {
            entry(&mut out, &mut lot, *product, time, rest);
        }
    }
    let healed = at(HEALED);
    // Writing to a string cannot fail.
    let _infallible = write!(out, "\n[[at]]\ntime = \"{healed}ms\"\nfault = \"heal\"\n");
    out
}

fn entry(out: &mut String, lot: &mut Lot, product: Product, time: u64, rest: Duration) {
    let Some((aim, draw)) = lot.of(&MENU) else {
        return;
    };
    let keys = draw(lot, rest);
    let (venue, name) = product.name().split_once('-').unwrap_or_default();
    // Writing to a string cannot fail.
    let _infallible = write!(
        out,
        "\n[[at]]\ntime = \"{time}ms\"\n{keys}venue = \"{venue}\"\nproduct = \"{name}\"\n"
    );
    if *aim == Aim::Messages && lot.below(4) > 0 {
        let stream = lot.of(streams(product)).copied().unwrap_or_default();
        let _infallible = writeln!(out, "stream = \"{stream}\"");
    }
    if matches!(aim, Aim::Messages | Aim::Lines) && lot.below(2) > 0 {
        let line = lot.of(&["A", "B"]).copied().unwrap_or_default();
        let _infallible = writeln!(out, "line = \"{line}\"");
    }
    if *aim == Aim::Book {
        let instruments = default_instruments(product);
        let symbol = lot
            .of(&instruments)
            .map_or("", |found| found.symbol.as_str());
        let _infallible = writeln!(out, "symbol = \"{symbol}\"");
    }
}
