//! Mixtures of faults drawn by lot: whatever goes wrong, the journal is the simulator's tape, except
//! where it says otherwise.
//!
//! `FEEDD_MIXTURES=200` runs the seeds below 200, `FEEDD_MIXTURES=17..18` those of a range, so that
//! a failure can be run again; `FEEDD_MIXTURES_AT_ONCE` tells how many at a time.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;

use std::ops::Range;
use std::time::Duration;

use support::{Course, run_all};
use venue_sim::{Product, Scenario};

/// How long a mixture plays; a quarter of it is calm.
const PLAYS: Duration = Duration::from_millis(3_000);
/// Seeds of a normal run.
const SEEDS: Range<u64> = 0..6;
/// Runs at a time: each is a few threads that mostly wait.
const AT_ONCE: usize = 6;

fn seeds() -> Range<u64> {
    let Ok(text) = std::env::var("FEEDD_MIXTURES") else {
        return SEEDS;
    };
    match text.split_once("..") {
        Some((from, to)) => from.parse().unwrap()..to.parse().unwrap(),
        None => 0..text.parse().unwrap(),
    }
}

/// Three products, one or two lines, and a rotation every now and then, all told by the seed.
fn mixture(seed: u64) -> Course {
    let place = |step: u64| usize::try_from((seed / step + seed) % 9).unwrap();
    let mut products: Vec<Product> = [1, 5, 7].map(|step| Product::ALL[place(step)]).to_vec();
    products.push(Product::ALL[place(3)]);
    products.sort_unstable();
    products.dedup();
    Course {
        scenario: Scenario::random(seed, PLAYS, &products),
        products,
        lines: 1 + u8::from(seed % 2 == 1),
        seed,
        plays: PLAYS,
        rotate_after: None,
    }
}

#[test]
fn journal_equals_the_tape_under_random_mixtures_of_faults() {
    let at_once =
        std::env::var("FEEDD_MIXTURES_AT_ONCE").map_or(AT_ONCE, |text| text.parse().unwrap());
    let courses: Vec<Course> = seeds().map(mixture).collect();
    let outcomes = run_all(&courses, at_once);
    let mut wrong = String::new();
    for (course, outcome) in courses.iter().zip(&outcomes) {
        if !outcome.is_clean() {
            wrong += &format!(
                "seed {} over {:?}, lines = {}:\n{outcome}\n",
                course.seed, course.products, course.lines
            );
        }
    }
    let sum = |figure: fn(&feedctl::compare::StreamReport) -> u64| -> u64 {
        outcomes
            .iter()
            .map(|outcome| outcome.report.sum(figure))
            .sum()
    };
    eprintln!(
        "{} mixtures: {} messages, {} equal, {} in gaps, {} quarantined, {} untraceable, {} altered, {} gaps",
        courses.len(),
        sum(|one| one.tape),
        sum(|one| one.equal),
        sum(|one| one.in_gaps),
        sum(|one| one.quarantined),
        sum(|one| one.untraceable),
        sum(|one| one.altered),
        sum(|one| one.gaps),
    );
    assert!(wrong.is_empty(), "{wrong}");
}
