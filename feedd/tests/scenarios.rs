//! Each fault by itself, against one line and against two: the journal is the simulator's tape
//! except where it says otherwise, and it says so only where it must.
//!
//! The faults are in `scenarios/*.toml`; [`CASES`] has what each must leave behind.
//! `FEEDD_SCENARIOS=drop,reset` runs some of them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;

use std::path::Path;
use std::time::Duration;

use feedd_codecs::record::{GapCause, GapEnd, StatusCode};
use support::{Course, Outcome, run_all};
use venue_sim::{Product, Scenario};

/// Venues of every scenario.
const PRODUCTS: [Product; 4] = [
    Product::BinanceSpot,
    Product::BybitLinear,
    Product::KrakenSpot,
    Product::KrakenFutures,
];
/// Runs at a time: each is a few threads that mostly wait.
const AT_ONCE: usize = 8;
/// Time that most scenarios play.
const USUAL: u64 = 1_600;
/// Time for what a stream's or a line's patience has to find out.
const LONG: u64 = 5_000;

/// What must be so, besides that nothing is unexplained; an outcome and its lines.
type Check = fn(&Outcome, u8) -> Result<(), &'static str>;

/// File, milliseconds to play, check.
const CASES: &[(&str, u64, Check)] = &[
    ("bytes-spoiled", 2_400, |outcome, lines| {
        ensure(outcome.refused("invalid_json") > 0, "no broken JSON")?;
        ensure(outcome.refused("empty") > 0, "no empty frame")?;
        ensure(outcome.refused("invalid_utf8") > 0, "no wrong text")?;
        covered(outcome, lines)
    }),
    ("clock-back", USUAL, |outcome, _| whole(outcome)),
    ("clock-forward", USUAL, |outcome, _| whole(outcome)),
    ("clock-jump-reconnect", USUAL, |outcome, _| {
        ensure(outcome.opened(GapCause::DISCONNECT) > 0, "no gap")
    }),
    ("clog", USUAL, |outcome, _| whole(outcome)),
    ("close", USUAL, line_lost),
    ("cross", 2_400, |outcome, _| {
        ensure(outcome.count(|counts| counts.crossed) > 0, "never crossed")
    }),
    ("cut", USUAL, line_lost),
    ("cut-mid-message", USUAL, line_lost),
    ("delay", USUAL, |outcome, _| whole(outcome)),
    ("drop", USUAL, |outcome, lines| {
        let gap = outcome.opened(GapCause::SEQUENCE) > 0;
        let healed = outcome.ended(GapEnd::REST) > 0 && outcome.ended(GapEnd::SNAPSHOT) > 0;
        ensure(lines > 1 || gap && healed, "no gap that ended")?;
        covered(outcome, lines)
    }),
    ("duplicate", USUAL, |outcome, _| {
        let dropped = outcome.count(|counts| counts.duplicates + counts.stale);
        ensure(dropped > 0, "nothing dropped")?;
        whole(outcome)
    }),
    ("expire", USUAL, line_lost),
    ("fields-added", USUAL, |outcome, _| {
        let known: u64 = outcome.feeds.iter().map(|feed| feed.unknown_fields).sum();
        ensure(known > 0, "no unknown field was counted")?;
        whole(outcome)
    }),
    ("fields-renamed", USUAL, |outcome, lines| {
        ensure(outcome.refused("missing_field") > 0, "no message refused")?;
        covered(outcome, lines)
    }),
    ("fields-retyped", 2_000, |outcome, lines| {
        covered(outcome, lines)
    }),
    ("frames-allowed", USUAL, covered),
    // The lines are lost in turn: a little over a second apart, so that each is surely back, and
    // has brought what the other brought, before the other goes.
    ("frames-forbidden", 8_000, line_lost),
    ("frames-strange", USUAL, |outcome, _| {
        ensure(outcome.refused("binary") > 0, "no binary frame refused")
    }),
    ("freeze", LONG, |outcome, lines| {
        let told = outcome.begins().next().is_some();
        ensure(lines > 1 || told, "no gap")?;
        covered(outcome, lines)
    }),
    ("half-subscribe", LONG, covered),
    ("huge-message", USUAL, |outcome, lines| {
        covered(outcome, lines)
    }),
    ("ignore", LONG, covered),
    ("levels-odd", 2_000, |outcome, _| whole(outcome)),
    ("levels-untrue", 2_400, |outcome, _| {
        ensure(outcome.refused("negative") > 0, "no negative quantity")
    }),
    ("lose-ack", LONG, covered),
    ("loss", 2_000, covered),
    ("nested", USUAL, |outcome, lines| {
        ensure(outcome.refused("too_deep") > 0, "nothing was too deep")?;
        covered(outcome, lines)
    }),
    ("reference", 2_400, |_, _| Ok(())),
    ("reject", USUAL, |outcome, lines| {
        ensure(outcome.statuses(StatusCode::REJECTED) > 0, "not refused")?;
        covered(outcome, lines)
    }),
    ("reorder", USUAL, covered),
    ("resend", 2_000, |outcome, _| whole(outcome)),
    ("reset", USUAL, line_lost),
    ("reset-after", USUAL, line_lost),
    ("resnapshot", USUAL, |outcome, _| whole(outcome)),
    ("rest-banned", 3_000, reconnected),
    ("rest-broken", 3_000, reconnected),
    ("rest-limited", 3_000, reconnected),
    ("rest-slow", 3_000, reconnected),
    ("restart", USUAL, |_, _| Ok(())),
    ("sequence-reset", USUAL, |outcome, _| {
        ensure(outcome.begins().count() > 0, "no gap")
    }),
    ("server-shutdown", LONG, |outcome, _| {
        ensure(
            outcome.count(|counts| counts.rotations) > 0,
            "no line was replaced",
        )?;
        whole(outcome)
    }),
    ("shuffle", USUAL, covered),
    ("silence", LONG, |outcome, lines| {
        ensure(
            outcome.count(|counts| counts.stale_streams) > 0,
            "nobody noticed",
        )?;
        covered(outcome, lines)
    }),
    ("silence-shared", LONG, |outcome, _| {
        ensure(
            outcome.count(|counts| counts.stale_streams) > 0,
            "nobody noticed",
        )?;
        ensure(outcome.begins().next().is_some(), "no gap")
    }),
    ("stale-snapshot", 3_000, reconnected),
    ("stamps", USUAL, |outcome, _| whole(outcome)),
    ("trade-burst", USUAL, |outcome, _| whole(outcome)),
    ("trickle", LONG, covered),
    ("values-unknown", USUAL, |outcome, lines| {
        covered(outcome, lines)
    }),
    ("venue-status", USUAL, |outcome, _| {
        let told = outcome
            .statuses
            .iter()
            .any(|(code, _, text)| *code == StatusCode::VENUE && text.contains("maintenance"));
        ensure(told, "nobody told of the maintenance")?;
        whole(outcome)
    }),
    ("wrong-checksum", USUAL, |outcome, lines| {
        let told = outcome.opened(GapCause::CHECKSUM) > 0;
        ensure(lines > 1 || told, "no gap by checksum")?;
        covered(outcome, lines)
    }),
];

const fn ensure(holds: bool, what: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(what) }
}

/// Nothing was missed.
fn whole(outcome: &Outcome) -> Result<(), &'static str> {
    ensure(outcome.begins().next().is_none(), "a gap that need not be")
}

/// What happened to one line, the other made good.
fn covered(outcome: &Outcome, lines: u8) -> Result<(), &'static str> {
    if lines > 1 { whole(outcome) } else { Ok(()) }
}

/// A line was lost: a gap of each stream, unless there is another line.
fn line_lost(outcome: &Outcome, lines: u8) -> Result<(), &'static str> {
    let down = outcome
        .statuses
        .iter()
        .filter(|(code, _, text)| *code == StatusCode::LINE_DOWN && text != "stopping");
    ensure(down.count() > 0, "no line went down")?;
    let told = outcome.opened(GapCause::DISCONNECT) > 0;
    ensure(lines > 1 || told, "no gap by disconnection")?;
    covered(outcome, lines)
}

/// All lines were lost at once, and what could be had from REST was had.
fn reconnected(outcome: &Outcome, _: u8) -> Result<(), &'static str> {
    ensure(outcome.opened(GapCause::DISCONNECT) > 0, "no gap")?;
    ensure(outcome.ended(GapEnd::SNAPSHOT) > 0, "no book healed")
}

/// A stream that stays refused on its only line never speaks again: its gap stays open.
fn must_settle(name: &str, lines: u8) -> bool {
    name != "reject" || lines > 1
}

fn course(name: &str, plays: u64, lines: u8) -> Course {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    Course {
        products: PRODUCTS.to_vec(),
        lines,
        seed: 1,
        scenario: Scenario::load(&dir.join(name).with_extension("toml")).unwrap(),
        plays: Duration::from_millis(plays),
        rotate_after: None,
    }
}

#[test]
fn journal_equals_the_tape_under_every_fault_with_one_line_and_with_two() {
    let chosen = std::env::var("FEEDD_SCENARIOS").unwrap_or_default();
    let wanted = |name: &str| chosen.is_empty() || chosen.split(',').any(|one| one == name);
    let cases = CASES.iter().filter(|(name, ..)| wanted(name));
    let cases: Vec<_> = cases
        .flat_map(|case| [1, 2].map(|lines| (case, lines)))
        .collect();
    let courses: Vec<Course> = cases
        .iter()
        .map(|((name, plays, _), lines)| course(name, *plays, *lines))
        .collect();
    let mut wrong = String::new();
    for (((name, _, check), lines), outcome) in cases.iter().zip(run_all(&courses, AT_ONCE)) {
        let checked = check(&outcome, *lines);
        let unsettled = !outcome.settled && must_settle(name, *lines);
        if unsettled || outcome.report.unexplained() > 0 || checked.is_err() {
            let what = checked.err().unwrap_or("the comparison found differences");
            wrong += &format!("{name} with lines = {lines}: {what}\n{outcome}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_scenario_is_played() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<String> = std::fs::read_dir(dir)
        .unwrap()
        .map(|file| {
            file.unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    files.sort();
    let played: Vec<&str> = CASES.iter().map(|(name, ..)| *name).collect();
    assert_eq!(files, played);
}
