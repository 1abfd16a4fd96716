//! `feedctl journal` on small journals written here, open and closed, sound and damaged.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use feedd_codecs::raw::{Carrier, RawHead};
use feedd_codecs::record::{
    Bbo, Change, InstrumentHead, InstrumentText, Record, Side, Trade, TradeId,
};
use feedd_codecs::{Fixed, InstrumentId, VenueId};
use feedd_storage::{Cursor, Journal, JournalOptions, LogKind, LogOptions, LogWriter};
use serde_json::{Value, json};
use support::{Run, feedctl, run};

/// The smallest segment, to roll often.
const SEGMENT_BYTES: u32 = 16 << 10;
const ETH: InstrumentId = InstrumentId::new(VenueId::BINANCE_SPOT, 0);
/// No test waits longer than this for anything.
const PATIENCE: Duration = Duration::from_secs(20);

fn open(dir: &Path) -> Journal {
    let log = LogOptions {
        segment_bytes: SEGMENT_BYTES,
        retain_bytes: None,
    };
    let options = JournalOptions {
        records: log,
        raw: log,
        ..JournalOptions::default()
    };
    Journal::open(dir, options).unwrap().0
}

fn append(log: &mut LogWriter, record: &Record<'_>) -> u64 {
    let mut bytes = vec![0; record.encoded_len()];
    record.encode(&mut bytes).unwrap();
    log.append(record.header().ts_recv, &[&bytes]).unwrap()
}

fn append_instrument(log: &mut LogWriter) {
    let head = InstrumentHead::new(VenueId::BINANCE_SPOT, ETH, Change::ADD);
    let text = InstrumentText {
        symbol: "ETHUSDT",
        base: "ETH",
        quote: "USDT",
        settle: "",
        name: "",
    };
    append(log, &Record::Instrument(&head, text));
}

fn append_trade(log: &mut LogWriter, id: u64) -> u64 {
    let (px, qty) = (Fixed::new(268_380, -2), Fixed::new(5, -1));
    let mut trade = Trade::new(ETH, px, qty, Side::BUY, TradeId::Integer(id.into()));
    trade.header.ts_recv = 1_000 * i64::try_from(id).unwrap();
    append(log, &Record::Trade(&trade))
}

/// An instrument, then trades 1 to `trades`, each followed by a BBO.
fn fill(log: &mut LogWriter, trades: u64) {
    append_instrument(log);
    for id in 1..=trades {
        append_trade(log, id);
        let mut bbo = Bbo::new(ETH, -2, -1);
        bbo.header.ts_recv = 1_000 * i64::try_from(id).unwrap() + 1;
        append(log, &Record::Bbo(&bbo));
    }
}

fn append_raw(log: &mut LogWriter, frame: &[u8]) {
    let head = RawHead {
        line: 1,
        venue: VenueId::BINANCE_SPOT,
        carrier: Carrier::TEXT,
        rule: 0,
        reserved: [0; 3],
        len: frame.len() as u64,
        frame: 9,
        ts_recv: 77,
        ts_kernel: 76,
    };
    let head = zerocopy::IntoBytes::as_bytes(&head);
    log.append(77, &[head, frame]).unwrap();
}

/// A closed journal of 201 records over several segments.
fn sample() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path());
    fill(journal.records(), 100);
    append_raw(journal.raw(), b"{\"e\":\"trade\"}");
    append_raw(journal.raw(), &[0xff, 0x01]);
    journal.close().unwrap();
    dir
}

fn journal(command: &str, dir: &Path, more: &[&str]) -> Run {
    let mut args = vec!["journal", command, dir.to_str().unwrap()];
    args.extend(more);
    run(&args)
}

fn seqs(run: &Run) -> Vec<u64> {
    let values = run.values();
    values
        .iter()
        .filter_map(|value| value["journal_seq"].as_u64())
        .collect()
}

fn first_seq(run: &Run) -> u64 {
    *seqs(run).first().unwrap()
}

#[test]
fn dump_prints_every_record_with_symbol_and_number() {
    let dir = sample();
    let run = journal("dump", dir.path(), &[]);
    assert_eq!((run.code, &*run.talk), (0, ""));
    let values = run.values();
    assert_eq!(values.len(), 201);
    assert!(values.iter().all(|value| value["symbol"] == "ETHUSDT"));
    let first = first_seq(&run);
    assert_eq!(seqs(&run), (first..first + 201).collect::<Vec<_>>());
    assert_eq!(
        (&values[1]["price"], &values[1]["id"]),
        (&json!("2683.8"), &json!("1"))
    );
}

#[test]
fn dump_begins_and_ends_where_told_and_still_knows_the_symbols() {
    let dir = sample();
    let first = first_seq(&journal("dump", dir.path(), &[]));
    let from = (first + 11).to_string();
    let some = journal("dump", dir.path(), &["--from-seq", &from, "--limit", "3"]);
    assert_eq!(
        (some.code, seqs(&some)),
        (0, vec![first + 11, first + 12, first + 13])
    );
    assert!(
        some.values()
            .iter()
            .all(|value| value["symbol"] == "ETHUSDT")
    );

    // Trade 6 came at 6,000, its BBO at 6,001.
    let some = journal("dump", dir.path(), &["--from-time", "6001", "--limit", "2"]);
    let values = some.values();
    assert_eq!(
        (&values[0]["kind"], &values[0]["ts_recv"]),
        (&json!("bbo"), &json!(6_001))
    );
    assert_eq!(
        (&values[1]["id"], &values[1]["symbol"]),
        (&json!("7"), &json!("ETHUSDT"))
    );
}

#[test]
fn dump_of_a_kind_prints_that_kind_only() {
    let dir = sample();
    let run = journal("dump", dir.path(), &["--kind", "trade", "--limit", "40"]);
    assert_eq!(run.code, 0);
    assert_eq!(run.of_kind("trade").len(), 40);
    assert_eq!(run.values().len(), 40);
    assert!(
        run.values()
            .iter()
            .all(|value| value["symbol"] == "ETHUSDT")
    );
}

#[test]
fn dump_of_raw_frames_gives_text_or_hex() {
    let dir = sample();
    let run = journal("dump", dir.path(), &["--log", "raw"]);
    assert_eq!((run.code, &*run.talk), (0, ""));
    let values = run.values();
    assert_eq!(values.len(), 2);
    assert_eq!(
        (&values[0]["kind"], &values[0]["text"]),
        (&json!("raw"), &json!("{\"e\":\"trade\"}"))
    );
    assert_eq!(
        (&values[1]["bytes"], &values[1]["text"]),
        (&json!("ff01"), &Value::Null)
    );
    assert_eq!(
        (&values[0]["ts_recv"], &values[0]["ts_kernel"]),
        (&json!(77), &json!(76))
    );
}

#[test]
fn wrong_questions_are_usage_errors_and_missing_journals_missing_input() {
    let dir = sample();
    for more in [
        &["--kind", "tick"][..],
        &["--log", "raw", "--kind", "trade"],
        &["--from-seq", "1", "--from-time", "1"],
        &["--log", "books"],
    ] {
        assert_eq!(journal("dump", dir.path(), more).code, 64, "{more:?}");
    }
    let missing = dir.path().join("missing");
    let empty = tempfile::tempdir().unwrap();
    for command in ["ls", "info", "dump", "tail"] {
        assert_eq!(journal(command, &missing, &[]).code, 66, "{command}");
        assert_eq!(journal(command, empty.path(), &[]).code, 66, "{command}");
    }
}

#[test]
fn ls_lists_every_segment_of_every_log() {
    let dir = sample();
    let segments = journal("ls", dir.path(), &["--json"]).values();
    let of = |log: &str| -> Vec<&Value> {
        segments
            .iter()
            .filter(|segment| segment["log"] == log)
            .collect()
    };
    let (records, raw) = (of("records"), of("raw"));
    assert!(records.len() > 1, "{records:?}");
    assert_eq!(raw.len(), 1);
    let frames = |segment: &&Value| {
        segment["last_seq"].as_u64().unwrap() - segment["first_seq"].as_u64().unwrap() + 1
    };
    assert_eq!(records.iter().map(frames).sum::<u64>(), 201);
    assert!(segments.iter().all(|segment| segment["state"] == "sealed"));

    let table = journal("ls", dir.path(), &[]);
    assert_eq!(table.code, 0);
    assert_eq!(table.out.lines().count(), 1 + segments.len());
    assert!(table.out.starts_with("log "), "{}", table.out);
}

#[test]
fn info_sums_up_logs_and_cursors() {
    let dir = sample();
    let first = first_seq(&journal("dump", dir.path(), &[]));
    let cursor = Cursor::open(dir.path(), "parquet", LogKind::Records).unwrap();
    cursor.save(first + 150).unwrap();
    let run = journal("info", dir.path(), &["--json"]);
    assert_eq!((run.code, &*run.talk), (0, ""));
    let info = &run.values()[0];
    let records = &info["logs"][0];
    assert_eq!(records["log"], "records");
    assert_eq!(
        (&records["first_seq"], &records["last_seq"]),
        (&json!(first), &json!(first + 200))
    );
    assert_eq!(
        (&records["first_ts_recv"], &records["last_ts_recv"]),
        (&json!(0), &json!(100_001))
    );
    assert_eq!(
        info["cursors"],
        json!([{"cursor": "parquet", "log": "records", "next_seq": first + 150, "behind": 51}])
    );
    let text = journal("info", dir.path(), &[]).out;
    let rows: Vec<Vec<&str>> = text
        .lines()
        .map(|row| row.split_whitespace().collect())
        .collect();
    let seq = (first + 150).to_string();
    assert_eq!(
        rows[rows.len() - 2],
        ["cursor", "log", "next_seq", "behind"]
    );
    assert_eq!(rows[rows.len() - 1], ["parquet", "records", &*seq, "51"]);
}

#[test]
fn tail_prints_the_newest_records() {
    let dir = sample();
    let run = journal("tail", dir.path(), &["-n", "4"]);
    assert_eq!((run.code, &*run.talk), (0, ""));
    let values = run.values();
    let ids: Vec<_> = values.iter().map(|value| value["id"].as_str()).collect();
    assert_eq!(ids, [Some("99"), None, Some("100"), None]);
    assert!(values.iter().all(|value| value["symbol"] == "ETHUSDT"));
    assert_eq!(journal("tail", dir.path(), &[]).values().len(), 10);
    assert_eq!(
        journal("tail", dir.path(), &["-n", "1000"]).values().len(),
        201
    );
    assert_eq!(journal("tail", dir.path(), &["-n", "0"]).out, "");
}

#[test]
fn tail_follows_a_journal_that_another_process_writes_across_segments() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path());
    append_instrument(journal.records());
    let mut child = feedctl()
        .args(["journal", "tail", "-f", "-n", "1"])
        .arg(dir.path())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    assert_eq!(next()["kind"], "instrument");
    for id in 1..=400 {
        append_trade(journal.records(), id);
        if id % 40 == 0 {
            for seen in id - 39..=id {
                let trade = next();
                assert_eq!(trade["id"], seen.to_string());
                assert_eq!(trade["symbol"], "ETHUSDT");
            }
        }
    }
    // Nobody reads any more: the next record ends it, without an error.
    drop(lines);
    let patience = Instant::now();
    let status = loop {
        append_trade(journal.records(), 401);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(patience.elapsed() < PATIENCE, "tail does not end");
        thread::sleep(Duration::from_millis(5));
    };
    assert_eq!(status.code(), Some(0));
    journal.close().unwrap();
}

#[test]
fn verify_of_a_sound_journal_says_nothing_on_standard_output() {
    let dir = sample();
    let run = journal("verify", dir.path(), &[]);
    assert_eq!((run.code, &*run.out), (0, ""));
    assert!(run.talk.contains("records: 201 frames of "), "{}", run.talk);
}

#[test]
fn verify_while_the_journal_is_written_is_clean() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path());
    fill(journal.records(), 30);
    assert_eq!(self::journal("verify", dir.path(), &[]).code, 0);
    journal.close().unwrap();
}

/// Flips a bit in the middle of the frames of the first segment of `log`.
fn damage(dir: &Path, log: &str) -> PathBuf {
    let mut files: Vec<_> = fs::read_dir(dir.join(log))
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    let mut bytes = fs::read(&files[0]).unwrap();
    let needle = 268_380_i64.to_le_bytes();
    let at = bytes
        .windows(8)
        .position(|window| window == needle)
        .unwrap();
    bytes[at] ^= 1;
    fs::write(&files[0], bytes).unwrap();
    files[0].clone()
}

#[test]
fn verify_names_each_problem_on_a_line() {
    let dir = sample();
    damage(dir.path(), "records");
    let run = journal("verify", dir.path(), &[]);
    assert_eq!(run.code, 1);
    assert_eq!(run.out.lines().count(), 1, "{}", run.out);
    assert!(
        run.out.starts_with("records: segment 1, offset "),
        "{}",
        run.out
    );
    assert!(run.out.ends_with(": checksum mismatch\n"), "{}", run.out);
    let problem = &journal("verify", dir.path(), &["--json"]).values()[0];
    assert_eq!(
        (&problem["segment"], &problem["problem"]),
        (&json!(1), &json!("checksum mismatch"))
    );
}

#[test]
fn verify_of_what_is_no_journal_is_impossible() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(journal("verify", dir.path(), &[]).code, 2);
    assert_eq!(journal("verify", &dir.path().join("missing"), &[]).code, 2);
}

#[test]
fn dump_names_damage_and_goes_on_behind_it() {
    let dir = sample();
    damage(dir.path(), "records");
    let run = journal("dump", dir.path(), &[]);
    assert_eq!(run.code, 1);
    assert_eq!(run.values().len(), 200);
    assert!(
        run.talk.contains("records: damaged at offset "),
        "{}",
        run.talk
    );
    assert!(
        run.talk.contains("records: sequence numbers "),
        "{}",
        run.talk
    );
}
