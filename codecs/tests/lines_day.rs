//! Days of two lines that are replaced every hour and lose one message in a hundred each: what no
//! line delivered is a gap, and nothing else is.
//!
//! The cases of two hours belong to every run. Whole days, with the sums printed:
//! `cargo test -p feedd-codecs --test lines_day -- --ignored --nocapture`

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use support::ledger::{Ledger, Sums};
use support::net::Net;
use support::script::Script;

const HOUR: i64 = 3_600_000_000_000;
/// Messages lost on each line, of 10,000.
const LOSS: u64 = 100;

/// So many hours of a market in which each instrument moves every two to eight seconds.
fn hours<S: Script>(hours: i64, loss: u64) -> Sums {
    let mut net = Net::<S>::live(2, |options| {
        options.rotate_after = HOUR;
        options.audit_every = 0;
    });
    net.step = 250_000_000;
    let mut sums = run(&mut net, hours * HOUR, loss);
    sums.rotations = net.feed.counts().rotations;
    sums
}

fn run<S: Script>(net: &mut Net<S>, span: i64, loss: u64) -> Sums {
    let mut ledger = Ledger::new();
    for at in 0..3 {
        ledger.state(net, at);
    }
    net.checkpoint();
    ledger.read(net);
    net.ways.iter_mut().for_each(|way| way.loss = loss);
    let end = net.now + span;
    while net.now < end {
        market(net, &mut ledger, 600_000_000_000);
        // Nothing is lost at the end, so that every hole shows.
        net.ways.iter_mut().for_each(|way| way.loss = 0);
        market(net, &mut ledger, 20_000_000_000);
        net.pass(40_000);
        ledger.read(net);
        ledger.settle(net);
        net.ways.iter_mut().for_each(|way| way.loss = loss);
    }
    assert!((0..3).all(|at| net.is_right(at)));
    ledger.sums
}

fn market<S: Script>(net: &mut Net<S>, ledger: &mut Ledger, span: i64) {
    let end = net.now + span;
    while net.now < end {
        let at = usize::try_from(net.dice.below(3)).unwrap();
        for _ in 0..=net.dice.below(3) {
            net.book(at);
            ledger.state(net, at);
            if net.dice.below(2) == 0 {
                net.trade(at);
            }
        }
        let pause = 500 + net.dice.below(2_500);
        net.pass(pause);
        ledger.read(net);
    }
}

fn check<S: Script>(name: &str, span: i64, loss: u64) {
    let sums = hours::<S>(span, loss);
    println!("{name}, {span} h: {sums:?}");
    // Two lines, and the times without losses leave more than half of them.
    assert!(sums.lost > sums.messages * loss / 10_000, "{sums:?}");
    assert!(
        sums.rotations >= u64::try_from(2 * span - 2).unwrap(),
        "{sums:?}"
    );
    assert!(sums.gaps <= sums.provable, "{sums:?}");
}

macro_rules! days {
    ($($venue:ident => $script:ty),+ $(,)?) => {
        $(mod $venue {
            #[test]
            fn two_hours_have_no_gap_that_both_lines_did_not_share() {
                crate::check::<$script>(stringify!($venue), 2, crate::LOSS);
            }

            #[test]
            fn an_hour_of_lines_that_lose_every_tenth_message() {
                crate::check::<$script>(stringify!($venue), 1, 1_000);
            }

            #[test]
            #[ignore = "a minute or so: cargo test -p feedd-codecs --test lines_day -- --ignored"]
            fn a_day_has_no_gap_that_both_lines_did_not_share() {
                crate::check::<$script>(stringify!($venue), 24, crate::LOSS);
            }
        })+
    };
}

days! {
    binance_spot => crate::support::binance::Spot,
    binance_usdm => crate::support::binance::UsdM,
    binance_coinm => crate::support::binance::CoinM,
    bybit_spot => crate::support::bybit::Spot,
    bybit_linear => crate::support::bybit::Linear,
    bybit_inverse => crate::support::bybit::Inverse,
    bybit_option => crate::support::bybit::Options,
    kraken_spot => crate::support::kraken::Spot,
    kraken_futures => crate::support::kraken_futures::Futures,
}
