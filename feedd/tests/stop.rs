//! Starting and stopping: exit codes, what they say, and that a stop loses nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use feedd_codecs::raw::RawHead;
use feedd_codecs::record::{Flags, Kind, StatusCode};
use feedd_storage::{LogReader, Start};
use support::{Entry, Rig, What, run};
use venue_sim::Product;

const VENUES: [Product; 3] = [
    Product::BinanceSpot,
    Product::BybitLinear,
    Product::KrakenSpot,
];

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn sigterm_under_load_journals_everything_and_exits_clean() {
    let rig = Rig::new(&VENUES, 500);
    let (daemon, mut journal) = rig.live_daemon();
    std::thread::sleep(Duration::from_millis(500));
    let ended = daemon.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    let seen = journal.entries().len();
    assert!(journal.poll().len() > seen, "not under load");
    rig.assert_sound();
    assert!(journal.gaps().is_empty(), "{:?}", journal.gaps());
    let up = journal.statuses(StatusCode::LINE_UP);
    let down = journal.statuses(StatusCode::LINE_DOWN);
    assert_eq!((up.len(), down.len()), (VENUES.len(), VENUES.len()));
    for entry in down {
        assert!(matches!(&entry.what, What::Status(_, _, text) if text == "stopping"));
    }
    assert!(raw_frames_without_a_hole(&rig.config.journal.dir) > 0);
    let trade =
        |entry: &&Entry| entry.kind == Kind::Trade && !entry.flags.contains(Flags::SNAPSHOT);
    let trades = journal.entries().iter().filter(trade).count();
    assert_eq!(rig.compare().trades_equal, trades as u64);
    for venue in ["binance-spot", "bybit-linear", "kraken-spot"] {
        let totals = totals_of(venue, &ended.log);
        let count = |name: &str| totals[name].as_u64().unwrap();
        let (fast, frames) = (count("decode_fast"), count("frames"));
        assert!(fast > 0 && fast <= frames, "{totals}");
        assert!(fast + count("decode_bails") <= frames, "{totals}");
        assert!(fast * 10 > frames * 9, "{totals}");
        assert_eq!(count("templates_learned"), 0, "{totals}");
    }
}

/// The last totals that a daemon told of a feed.
fn totals_of(venue: &str, log: &str) -> serde_json::Value {
    let events = log
        .lines()
        .rev()
        .filter_map(|line| serde_json::from_str(line).ok());
    let found = events.map(|event: serde_json::Value| event["fields"].clone());
    let mut feeds = found.filter(|fields| fields["message"] == "feed" && fields["venue"] == venue);
    feeds
        .next()
        .unwrap_or_else(|| panic!("no totals of {venue}: {log}"))
}

/// Frames of `raw/`; the frames of each line must be numbered without a break.
fn raw_frames_without_a_hole(dir: &Path) -> u64 {
    let mut raw = LogReader::open(&dir.join("raw"), Start::Oldest).unwrap();
    let (mut newest, mut frames) = (HashMap::new(), 0);
    while let Some(frame) = raw.next().unwrap() {
        let (head, _) = RawHead::split(frame.payload).unwrap();
        let before = newest.insert(head.line, head.frame);
        assert!(before.is_none_or(|before: u64| before + 1 == head.frame));
        frames += 1;
    }
    frames
}

#[test]
fn market_halted_then_sigterm_leaves_books_and_tapes_equal_to_the_truth() {
    let rig = Rig::new(&VENUES, 300);
    let (daemon, mut journal) = rig.live_daemon();
    let (_, verdict) = rig.finish(daemon, &mut journal);
    assert!(verdict.is_clean(), "{:?}", verdict.differences);
    assert_eq!(verdict.trades_equal, verdict.trades);
    assert!(verdict.trades > 0);
}

#[test]
fn second_daemon_on_one_journal_is_turned_away_with_the_pid_of_the_first() {
    let rig = Rig::new(&[Product::KrakenSpot], 50);
    let (daemon, _) = rig.live_daemon();
    let second = run(&["run"], &rig.config_file());
    assert_eq!(second.status.code(), Some(75));
    let said = text(&second.stderr);
    assert!(
        said.contains(&format!("process {}", daemon.pid())),
        "{said}"
    );
    assert_eq!(daemon.stop().code, Some(0));
}

#[test]
fn missing_configuration_exits_66_and_names_the_file() {
    let dir = tempfile::tempdir().unwrap();
    for command in ["run", "check"] {
        let output = run(&[command], &dir.path().join("nowhere.toml"));
        assert_eq!(output.status.code(), Some(66));
        let said = text(&output.stderr);
        assert!(said.contains("nowhere.toml"), "{said}");
    }
}

#[test]
fn unknown_key_exits_78_and_names_the_nearest() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("feedd.toml");
    std::fs::write(&path, "[journal]\nsync_intervall = \"1s\"\n").unwrap();
    for command in ["run", "check"] {
        let output = run(&[command], &path);
        assert_eq!(output.status.code(), Some(78));
        let said = text(&output.stderr);
        assert!(
            said.contains("journal.sync_intervall") && said.contains("nearest: `sync_interval`"),
            "{said}"
        );
    }
}

#[test]
fn check_prints_every_default_and_the_cost() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("feedd.toml");
    let feed = "[[feed]]\nvenue = \"kraken\"\nproduct = \"spot\"\ninstruments = [\"BTC/USD\"]\n";
    std::fs::write(&path, feed).unwrap();
    let output = run(&["check"], &path);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    for line in [
        "segment = \"32MiB\"",
        "sync_interval = \"1s\"",
        "ring = \"16MiB\"",
        "channels = [\"trade\", \"bbo\", \"book\"]",
        "memory: rings 16MiB; disk: segments of 32MiB, each log kept without bound",
        "# kraken-spot: 3 streams from wss://ws.kraken.com and https://api.kraken.com",
    ] {
        assert!(said.contains(line), "{line} is not in:\n{said}");
    }
    // What it prints is a configuration again, and the same one.
    std::fs::write(&path, &said).unwrap();
    assert_eq!(text(&run(&["check"], &path).stdout), said);
}
