//! `feedctl quarantine` on small quarantines written here.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::fs;
use std::path::Path;

use feedd_codecs::feed::Rule;
use feedd_codecs::raw::{Carrier, RawHead};
use feedd_codecs::{Reject, VenueId};
use feedd_storage::{Journal, JournalOptions, LogOptions};
use serde_json::{Value, json};
use support::{Run, feedctl, run};

/// 2026-01-31T12:00:00Z.
const NOON: i64 = 1_769_860_800_000_000_000;
const SECOND: i64 = 1_000_000_000;

/// A Binance trade; valid, unless a rule about its content refuses it.
const TRADE: &str = r#"{"e":"trade","E":1769860800001,"s":"BTCUSDT","t":7,"p":"100.10","q":"0.5","T":1769860800000,"m":true,"M":true}"#;
/// The same with a price that is none.
const BAD_PRICE: &str = r#"{"e":"trade","E":1769860800001,"s":"BTCUSDT","t":8,"p":"1x","q":"0.5","T":1769860800000,"m":true,"M":true}"#;
/// The same without a quantity.
const NO_QTY: &str = r#"{"e":"trade","E":1769860800001,"s":"BTCUSDT","t":9,"p":"100.10","T":1769860800000,"m":true,"M":true}"#;

/// What lies in a quarantine.
struct Refused<'a> {
    venue: VenueId,
    carrier: Carrier,
    rule: u8,
    frame: &'a [u8],
}

fn text(rule: Reject, frame: &str) -> Refused<'_> {
    Refused {
        venue: VenueId::BINANCE_SPOT,
        carrier: Carrier::TEXT,
        rule: rule.code(),
        frame: frame.as_bytes(),
    }
}

/// A closed journal whose quarantine holds `all`, received a second apart from noon on; the number
/// of the first.
fn journal(dir: &Path, all: &[Refused<'_>]) -> u64 {
    let options = JournalOptions {
        quarantine: LogOptions {
            segment_bytes: 64 << 10,
            retain_bytes: None,
        },
        ..JournalOptions::default()
    };
    let mut journal = Journal::open(dir, options).unwrap().0;
    let mut first = None;
    for (at, refused) in (0..).zip(all) {
        let ts_recv = NOON + at * SECOND;
        let head = RawHead {
            line: 3,
            venue: refused.venue,
            carrier: refused.carrier,
            rule: refused.rule,
            reserved: [0; 3],
            len: refused.frame.len() as u64,
            frame: 40 + u64::try_from(at).unwrap(),
            ts_recv,
            ts_kernel: 0,
        };
        let head = zerocopy::IntoBytes::as_bytes(&head);
        let seq = journal.quarantine().append(ts_recv, &[head, refused.frame]);
        first.get_or_insert(seq.unwrap());
    }
    journal.close().unwrap();
    first.unwrap_or_default()
}

/// One frame of each fate, in this order: refused still, refused otherwise, decoded now, a quality
/// rule's, kept without bytes, a REST body, of another venue.
fn mixed() -> [Refused<'static>; 7] {
    let mut rest = text(Reject::VenueError, r#"{"code":-1003,"msg":"Too much"}"#);
    rest.carrier = Carrier::REST;
    let mut kraken = text(Reject::InvalidJson, r#"{"channel":"trade","#);
    kraken.venue = VenueId::KRAKEN_SPOT;
    [
        text(Reject::InvalidNumber("p"), BAD_PRICE),
        text(Reject::UnknownShape, NO_QTY),
        text(Reject::UnknownInstrument, TRADE),
        text(Reject::Quality(Rule::OffTick), TRADE_TWO),
        text(Reject::TooLarge, ""),
        rest,
        kraken,
    ]
}

/// A second trade: a repeat of the first would give no record.
const TRADE_TWO: &str = r#"{"e":"trade","E":1769860803001,"s":"BTCUSDT","t":10,"p":"100.15","q":"2","T":1769860803000,"m":false,"M":true}"#;

fn quarantine(command: &str, dir: &Path, more: &[&str]) -> Run {
    let mut args = vec!["quarantine", command, dir.to_str().unwrap()];
    args.extend(more);
    run(&args)
}

/// The rows of a table, by words; without its headings.
fn rows(table: &str) -> Vec<Vec<&str>> {
    let rows = table.lines().skip(1);
    rows.map(|row| row.split_whitespace().collect()).collect()
}

/// The rows that `ls` lists before the blank line, and the groups behind it.
fn listed(run: &Run) -> (Vec<Vec<&str>>, Vec<Vec<&str>>) {
    let (list, groups) = run.out.split_once("\n\n").unwrap();
    (rows(list), rows(groups))
}

#[test]
fn ls_lists_every_frame_and_counts_them_by_rule_and_venue() {
    let dir = tempfile::tempdir().unwrap();
    let long = format!(r#"{{"e":"\n{}"#, "x".repeat(100));
    let first = journal(
        dir.path(),
        &[
            text(Reject::InvalidJson, &long),
            text(Reject::MissingField("q"), NO_QTY),
            text(Reject::InvalidJson, "{\"a\u{1b}"),
        ],
    );
    let run = quarantine("ls", dir.path(), &[]);
    assert_eq!((run.code, &*run.talk), (0, ""));
    let (list, groups) = listed(&run);
    let seq = (first + 1).to_string();
    assert_eq!(
        list[1][..7],
        [
            &*seq,
            "2026-01-31T12:00:01.000000000Z",
            "binance-spot",
            "3",
            "41",
            "missing_field",
            &*NO_QTY.len().to_string(),
        ]
    );
    let shown: Vec<&str> = list.iter().map(|row| row[7]).collect();
    assert_eq!(
        shown[0].chars().count(),
        81,
        "80 and a mark that more follows"
    );
    assert!(shown[0].starts_with(r#"{"e":"\\nxxx"#), "{}", shown[0]);
    assert_eq!(shown[2], r#"{"a\u{1b}"#);
    let invalid = (long.len() + 4).to_string();
    assert_eq!(
        groups[0],
        [
            "invalid_json",
            "binance-spot",
            "2",
            &*invalid,
            "2026-01-31T12:00:00.000000000Z",
            "2026-01-31T12:00:02.000000000Z",
        ]
    );
    assert_eq!(groups[1][..3], ["missing_field", "binance-spot", "1"]);
}

#[test]
fn ls_shows_only_what_the_filters_want() {
    let dir = tempfile::tempdir().unwrap();
    journal(dir.path(), &mixed());
    let frames = |more: &[&str]| -> Vec<String> {
        let run = quarantine("ls", dir.path(), more);
        assert_eq!(run.code, 0, "{more:?}: {}", run.talk);
        if run.out.is_empty() {
            return Vec::new();
        }
        let (list, _) = listed(&run);
        list.iter().map(|row| row[4].to_owned()).collect()
    };
    assert_eq!(frames(&[]).len(), 7);
    assert_eq!(frames(&["--rule", "too_large"]), ["44"]);
    assert_eq!(frames(&["--rule", "quality_off_tick"]), ["43"]);
    assert_eq!(frames(&["--venue", "kraken"]), ["46"]);
    assert_eq!(frames(&["--venue", "kraken-spot"]), ["46"]);
    assert_eq!(frames(&["--venue", "kraken-futures"]), [""; 0]);
    let (since, until) = ("2026-01-31T12:00:02Z", (NOON + 4 * SECOND).to_string());
    assert_eq!(frames(&["--since", since, "--until", &until]), ["42", "43"]);
    for wrong in [
        ["--rule", "bad"],
        ["--venue", "nasdaq"],
        ["--since", "noon"],
    ] {
        assert_eq!(quarantine("ls", dir.path(), &wrong).code, 64, "{wrong:?}");
    }
}

#[test]
fn ls_as_json_has_the_whole_frame() {
    let dir = tempfile::tempdir().unwrap();
    let first = journal(dir.path(), &mixed());
    let values = quarantine("ls", dir.path(), &["--json"]).values();
    assert_eq!(values.len(), 7);
    assert_eq!(
        (
            &values[0]["journal_seq"],
            &values[0]["rule"],
            &values[0]["text"]
        ),
        (&json!(first), &json!("invalid_number"), &json!(BAD_PRICE))
    );
}

#[test]
fn show_prints_the_frame_its_rule_and_where_the_decoder_stumbles() {
    let dir = tempfile::tempdir().unwrap();
    let first = journal(dir.path(), &mixed());
    let show = |at: u64| {
        let run = quarantine("show", dir.path(), &[&(first + at).to_string()]);
        assert_eq!((run.code, &*run.talk), (0, ""));
        run.out
    };
    let page = show(0);
    let place = BAD_PRICE.find(r#""p""#).unwrap();
    for part in [
        "time         2026-01-31T12:00:00.000000000Z (1769860800000000000)\n",
        "line, frame  3, 40\n",
        "refused by   invalid_number: field `…` is not a number\n",
        &format!(
            "today        invalid_number: field `p` is not a number; at byte {place}: \"p\":\"1x\","
        ),
        &format!("\n\n{BAD_PRICE}\n"),
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    for (at, part) in [
        (
            1,
            "today        missing_field: required field `q` is missing\n",
        ),
        (2, "today        decodes: 1 instrument, 1 trade\n"),
        (3, "today        decodes, as it did then: "),
        (
            4,
            "today        not decoded: its bytes were never read whole",
        ),
        (5, "today        read as trades: "),
        (
            6,
            "today        invalid_json: the frame is not one whole JSON text; EOF ",
        ),
    ] {
        let page = show(at);
        assert!(page.contains(part), "{part}\n{page}");
    }
}

#[test]
fn show_raw_writes_the_bytes_as_they_were_received() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = b"{\"a\":\"\xff\x1b[2J\"}";
    let mut refused = text(Reject::InvalidUtf8, "");
    refused.frame = bytes;
    let first = journal(dir.path(), &[refused]);
    let seq = first.to_string();
    let output = feedctl()
        .args(["quarantine", "show", "--raw"])
        .arg(dir.path())
        .arg(&seq)
        .output()
        .unwrap();
    assert_eq!(
        (output.status.code(), &*output.stdout),
        (Some(0), &bytes[..])
    );
    // A terminal gets nothing that could steer it.
    let page = quarantine("show", dir.path(), &[&seq]).out;
    assert!(page.ends_with("\n{\"a\":\"\\xff\\u{1b}[2J\"}\n"), "{page}");
}

#[test]
fn show_of_a_number_that_no_frame_has_is_missing_input() {
    let dir = tempfile::tempdir().unwrap();
    let first = journal(dir.path(), &mixed());
    for seq in [first + 7, first + 1_000] {
        let run = quarantine("show", dir.path(), &[&seq.to_string()]);
        assert_eq!((run.code, &*run.out), (66, ""), "{}", run.talk);
    }
}

/// The counts of one row of the table that a replay ends with.
fn tally(run: &Run, rule: &str) -> Vec<u64> {
    let row = run.talk.lines().map(str::split_whitespace);
    let mut found = row
        .filter(|words| words.clone().next() == Some(rule))
        .map(|words| words.skip(1).map(|word| word.parse().unwrap()).collect());
    found
        .next()
        .unwrap_or_else(|| panic!("{rule}: {}", run.talk))
}

#[test]
fn replay_tells_what_is_refused_still_refused_otherwise_and_decoded_now() {
    let dir = tempfile::tempdir().unwrap();
    let first = journal(dir.path(), &mixed());
    let run = quarantine("replay", dir.path(), &[]);
    assert_eq!(run.code, 1);
    // frames, still_refused, rule_changed, decodes_now, quality_only, not_decoded, records
    assert_eq!(tally(&run, "invalid_number"), [1, 1, 0, 0, 0, 0, 0]);
    assert_eq!(tally(&run, "unknown_shape"), [1, 0, 1, 0, 0, 0, 0]);
    assert_eq!(tally(&run, "unknown_instrument"), [1, 0, 0, 1, 0, 0, 2]);
    assert_eq!(tally(&run, "quality_off_tick"), [1, 0, 0, 0, 1, 0, 1]);
    assert_eq!(tally(&run, "too_large"), [1, 0, 0, 0, 0, 1, 0]);
    assert_eq!(tally(&run, "venue_error"), [1, 0, 0, 0, 0, 1, 0]);
    assert_eq!(tally(&run, "invalid_json"), [1, 1, 0, 0, 0, 0, 0]);
    assert_eq!(tally(&run, "all"), [7, 2, 1, 1, 1, 2, 3]);
    let still = format!("journal_seq {first}: still invalid_number: field `p` is not a number\n");
    assert!(run.talk.contains(&still), "{}", run.talk);
    let now = format!(
        "journal_seq {}: now missing_field: required field `q` is missing\n",
        first + 1
    );
    assert!(run.talk.contains(&now), "{}", run.talk);

    let trades = run.of_kind("trade");
    let told: Vec<(&Value, &Value)> = trades
        .iter()
        .map(|trade| (&trade["price"], &trade["frame"]))
        .collect();
    assert_eq!(
        told,
        [
            (&json!("100.1"), &json!(42)),
            (&json!("100.15"), &json!(43))
        ]
    );
    assert_eq!(
        (
            &trades[0]["symbol"],
            &trades[0]["line"],
            &trades[0]["ts_recv"]
        ),
        (&json!("BTCUSDT"), &json!(3), &json!(NOON + 2 * SECOND))
    );
}

#[test]
fn replay_of_frames_that_all_decode_succeeds_and_writes_the_records_where_told() {
    let dir = tempfile::tempdir().unwrap();
    journal(dir.path(), &mixed());
    let path = dir.path().join("records.jsonl");
    let file = path.to_str().unwrap();
    let run = quarantine(
        "replay",
        dir.path(),
        &["--rule", "unknown_instrument", "--out", file],
    );
    assert_eq!((run.code, &*run.out), (0, ""), "{}", run.talk);
    assert_eq!(tally(&run, "all"), [1, 0, 0, 1, 0, 0, 2]);
    let kinds: Vec<String> = fs::read_to_string(&path)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["kind"].to_string())
        .collect();
    assert_eq!(kinds, ["\"instrument\"", "\"trade\""]);
    let nowhere = dir.path().join("missing/records.jsonl");
    let run = quarantine("replay", dir.path(), &["--out", nowhere.to_str().unwrap()]);
    assert_eq!(run.code, 73, "{}", run.talk);
}

#[test]
fn replay_numbers_instruments_as_the_journal_does() {
    let dir = tempfile::tempdir().unwrap();
    journal(dir.path(), &[text(Reject::UnknownShape, TRADE)]);
    let fresh = quarantine("replay", dir.path(), &[]).of_kind("trade");
    let roster = "binance-spot 0 ETHUSDT\nkraken-spot 0 BTC/USD\nbinance-spot 1 BTCUSDT\n";
    fs::write(dir.path().join("instruments"), roster).unwrap();
    let known = quarantine("replay", dir.path(), &[]).of_kind("trade");
    let number = |trades: &[Value]| trades[0]["instrument"].as_u64().unwrap();
    assert_eq!(number(&known), number(&fresh) + 1);
}

#[test]
fn a_damaged_quarantine_is_told_and_read_on() {
    let dir = tempfile::tempdir().unwrap();
    journal(dir.path(), &mixed());
    let log = dir.path().join("quarantine");
    let segment = fs::read_dir(&log).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&segment).unwrap();
    let needle = NO_QTY.as_bytes();
    let at = bytes
        .windows(needle.len())
        .position(|window| window == needle)
        .unwrap();
    bytes[at] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let run = quarantine("ls", dir.path(), &[]);
    assert_eq!(run.code, 1);
    assert_eq!(listed(&run).0.len(), 6);
    assert!(
        run.talk.contains("quarantine: damaged at offset "),
        "{}",
        run.talk
    );
}

#[test]
fn an_empty_quarantine_is_no_error_and_a_missing_one_is() {
    let dir = tempfile::tempdir().unwrap();
    journal(dir.path(), &[]);
    for command in ["ls", "replay"] {
        let run = quarantine(command, dir.path(), &[]);
        assert_eq!((run.code, &*run.out), (0, ""), "{}", run.talk);
        let missing = dir.path().join("missing");
        assert_eq!(quarantine(command, &missing, &[]).code, 66, "{command}");
    }
}

/// A book delta whose snapshot was not refused, and so is not here.
const LONE_DELTA: &str = r#"{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1769860800001,"data":{"s":"BTCUSDT","b":[["100.1","2"]],"a":[],"u":18,"seq":70},"cts":1769860800000}"#;

#[test]
fn replay_of_a_book_delta_alone_flags_the_book_and_tells_no_gap() {
    let dir = tempfile::tempdir().unwrap();
    let mut delta = text(Reject::UnknownShape, LONE_DELTA);
    delta.venue = VenueId::BYBIT_SPOT;
    journal(dir.path(), &[delta]);
    let run = quarantine("replay", dir.path(), &[]);
    assert_eq!(run.code, 0, "{}", run.talk);
    assert!(run.of_kind("gap").is_empty() && run.of_kind("status").is_empty());
    let deltas = run.of_kind("book_delta");
    assert_eq!(deltas[0]["bids"], json!([["100.1", "2"]]));
    assert!(
        deltas[0]["flags"].to_string().contains("maybe_bad_book"),
        "{}",
        run.out
    );
}
