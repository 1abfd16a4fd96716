//! `feedctl hist` on interval logs written with the histogram crate's own writer.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use hdrhistogram::Histogram;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};
use hdrhistogram::serialization::{Serializer, V2DeflateSerializer, V2Serializer};
use serde_json::json;
use support::run;

const DECODED: &str = "user_decoded.binance-spot";
const JOURNALED: &str = "published_journaled.binance-spot";

fn histogram(values: impl IntoIterator<Item = u64>) -> Histogram<u64> {
    let mut histogram = Histogram::new(3).unwrap();
    for value in values {
        histogram.record(value).unwrap();
    }
    histogram
}

/// Two tags, two intervals each: 1 to 1,000 µs in halves, and one value of 1,234 ns twice.
fn log_text(serializer: &mut impl Serializer) -> Vec<u8> {
    let mut bytes = Vec::new();
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment("feedd 0.1.0")
        .with_start_time(now)
        .with_base_time(now)
        .with_max_value_divisor(1_000_000.0)
        .begin_log_with(&mut bytes, serializer)
        .unwrap();
    let second = Duration::from_secs(1);
    for (at, range) in [(1, 1..=500), (2, 501..=1_000)] {
        let at = Duration::from_secs(at);
        let decoded = histogram(range.map(|us| us * 1_000));
        log.write_histogram(&decoded, at, second, Tag::new(DECODED))
            .unwrap();
        let journaled = histogram([1_234]);
        log.write_histogram(&journaled, at, second, Tag::new(JOURNALED))
            .unwrap();
    }
    bytes
}

fn file(dir: &Path, bytes: &[u8]) -> PathBuf {
    let path = dir.join("a.hlog");
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn intervals_of_a_tag_are_merged_into_one_exact_row() {
    let dir = tempfile::tempdir().unwrap();
    for bytes in [
        log_text(&mut V2Serializer::new()),
        log_text(&mut V2DeflateSerializer::new()),
    ] {
        let path = file(dir.path(), &bytes);
        let run = run(&["hist", path.to_str().unwrap()]);
        assert_eq!((run.code, &*run.talk), (0, ""));
        let rows: Vec<Vec<&str>> = run
            .out
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(
            rows[0],
            [
                "tag",
                "count",
                "p50_us",
                "p90_us",
                "p99_us",
                "p99.9_us",
                "p99.99_us",
                "max_us"
            ]
        );
        assert_eq!(rows[1][..3], [JOURNALED, "2", "1.234"]);
        // Three significant digits: 500,000 ns lies in a bucket that ends at 500,223 ns.
        assert_eq!(
            rows[2],
            [
                DECODED, "1000", "500.223", "900.095", "990.207", "999.423", "1000.447", "1000.447"
            ]
        );
        assert_eq!(rows.len(), 3);
    }
}

#[test]
fn rows_agree_with_the_merged_histogram_to_the_nanosecond() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), &log_text(&mut V2DeflateSerializer::new()));
    let run = run(&["hist", "--json", "--tag", DECODED, path.to_str().unwrap()]);
    let whole = histogram((1..=1_000).map(|us| us * 1_000));
    assert_eq!(
        run.values(),
        [json!({
            "tag": DECODED,
            "count": 1_000,
            "p50_ns": whole.highest_equivalent(500_000),
            "p90_ns": whole.highest_equivalent(900_000),
            "p99_ns": whole.highest_equivalent(990_000),
            "p99.9_ns": whole.highest_equivalent(999_000),
            "p99.99_ns": whole.highest_equivalent(1_000_000),
            "max_ns": whole.max(),
        })]
    );
}

#[test]
fn several_files_add_up_and_a_stage_selects_its_venues() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), &log_text(&mut V2DeflateSerializer::new()));
    let path = path.to_str().unwrap();
    let run = run(&["hist", "--json", "--tag", "user_decoded", path, path]);
    assert_eq!(run.values().len(), 1);
    assert_eq!(run.values()[0]["count"], 2_000);
}

#[test]
fn a_tag_that_is_not_there_is_said_and_no_error() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), &log_text(&mut V2DeflateSerializer::new()));
    let run = run(&["hist", "--tag", "user", path.to_str().unwrap()]);
    assert_eq!(
        (run.code, &*run.talk),
        (0, "feedctl: no interval matches\n")
    );
}

#[test]
fn a_file_cut_at_any_byte_gives_its_whole_lines() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = log_text(&mut V2DeflateSerializer::new());
    let lines = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count();
    let last_line = bytes[..bytes.len() - 1]
        .iter()
        .rposition(|byte| *byte == b'\n')
        .unwrap()
        + 1;
    let middle = last_line + (bytes.len() - last_line) / 2;
    for end in [last_line, last_line + 1, middle, bytes.len() - 2] {
        let path = file(dir.path(), &bytes[..end]);
        let run = run(&["hist", "--json", "--tag", JOURNALED, path.to_str().unwrap()]);
        assert_eq!(run.code, 0, "{end}: {}", run.talk);
        assert_eq!(run.values()[0]["count"], 1, "{end}");
        let unfinished = end != last_line;
        assert_eq!(
            run.talk.contains("unfinished"),
            unfinished,
            "{end}: {}",
            run.talk
        );
        assert_eq!(lines(&bytes[..end]), lines(&bytes) - 1);
    }
    // Without its last line feed the file is whole.
    let path = file(dir.path(), &bytes[..bytes.len() - 1]);
    let run = run(&["hist", "--json", "--tag", JOURNALED, path.to_str().unwrap()]);
    assert_eq!((run.code, &*run.talk), (0, ""));
    assert_eq!(run.values()[0]["count"], 2);
}

#[test]
fn damaged_lines_are_named_and_the_others_counted() {
    let dir = tempfile::tempdir().unwrap();
    let text = String::from_utf8(log_text(&mut V2Serializer::new())).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let first = lines
        .iter()
        .position(|line| line.contains(DECODED))
        .unwrap();
    let cut = lines[first].len() - 8;
    lines[first].truncate(cut);
    lines.push("Tag=x,1.000,1.000,1.0,AAAAAAAA".to_owned());
    lines.push("what is this".to_owned());
    let path = file(dir.path(), (lines.join("\n") + "\n").as_bytes());
    let run = run(&["hist", "--json", path.to_str().unwrap()]);
    assert_eq!(run.code, 1);
    let name = path.display();
    let end = lines.len();
    assert_eq!(
        run.talk,
        format!(
            "{name}:{}: the interval's histogram is damaged\n\
             {name}:{}: the interval's histogram is damaged\n\
             {name}:{end}: the line is neither an interval nor a comment\n",
            first + 1,
            end - 1
        )
    );
    let counts: Vec<_> = run
        .values()
        .iter()
        .map(|value| value["count"].clone())
        .collect();
    assert_eq!(counts, [json!(2), json!(500)]);
}

#[test]
fn a_histogram_that_announces_more_than_it_holds_is_damaged() {
    use base64::Engine as _;
    let mut bytes = Vec::new();
    V2Serializer::new()
        .serialize(&histogram([5]), &mut bytes)
        .unwrap();
    bytes[4..8].copy_from_slice(&0xffff_ff00_u32.to_be_bytes());
    let packed = base64::engine::general_purpose::STANDARD.encode(&bytes);
    let dir = tempfile::tempdir().unwrap();
    let path = file(
        dir.path(),
        format!("Tag=x,1.000,1.000,1.0,{packed}\n").as_bytes(),
    );
    let run = run(&["hist", path.to_str().unwrap()]);
    assert_eq!(run.code, 1);
    assert!(run.talk.contains("damaged"), "{}", run.talk);
}

#[test]
fn a_missing_file_ends_with_66() {
    assert_eq!(run(&["hist", "/nonexistent.hlog"]).code, 66);
    assert_eq!(run(&["hist"]).code, 64);
}
