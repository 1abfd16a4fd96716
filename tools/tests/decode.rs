//! `feedctl decode` on frames made here: what comes out, what is said, how it ends.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use serde_json::{Value, json};
use support::{feedctl, run, run_with};

const BYBIT: [&str; 5] = ["decode", "--venue", "bybit", "--product", "linear"];

/// A Bybit book message of `symbol`.
fn book(stamp: i64, symbol: &str, kind: &str, u: u64, bid: &str) -> String {
    format!(
        concat!(
            r#"{} {{"topic":"orderbook.50.{}","type":"{}","ts":1700000000123,"data":{{"s":"{}","#,
            r#""b":[["{}","1.50"]],"a":[["200.10","0.70"]],"u":{},"seq":{}}},"cts":1700000000120}}"#,
        ),
        stamp,
        symbol,
        kind,
        symbol,
        bid,
        u,
        1000 + u
    )
}

/// A Binance depth message.
fn depth(first: u64, last: u64) -> String {
    format!(
        concat!(
            r#"1 {{"stream":"ethusdt@depth","data":{{"e":"depthUpdate","E":1700000000000,"#,
            r#""s":"ETHUSDT","U":{},"u":{},"b":[["10.00000000","{}.00000000"]],"a":[]}}}}"#,
        ),
        first, last, last
    )
}

/// Two interleaved books of ten updates each; the lines of both.
fn two_books() -> Vec<String> {
    let mut lines = Vec::new();
    for (at, u) in (100..110).enumerate() {
        let kind = if at == 0 { "snapshot" } else { "delta" };
        let stamp = 1_700_000_000_000_000_000 + at as i64;
        lines.push(book(stamp, "BTCUSDT", kind, u, &format!("1{at}0.50")));
        lines.push(book(stamp, "ETHUSDT", kind, u, &format!("9{at}.25")));
    }
    lines
}

fn bybit(lines: &[String], more: &[&str]) -> support::Run {
    let args: Vec<&str> = BYBIT.iter().chain(more).copied().chain(["-"]).collect();
    run_with(&args, lines.join("\n").into_bytes())
}

fn is_bad(record: &Value) -> bool {
    let flags = record["flags"].as_array().unwrap();
    flags.contains(&json!("maybe_bad_book"))
}

#[test]
fn records_carry_exact_numbers_stamps_and_lineage() {
    let run = bybit(&two_books()[..2], &[]);
    assert_eq!((run.code, &*run.talk), (0, ""));
    let values = run.values();
    let kinds: Vec<&str> = values
        .iter()
        .filter_map(|value| value["kind"].as_str())
        .collect();
    assert_eq!(
        kinds,
        ["instrument", "book_snapshot", "instrument", "book_snapshot"]
    );
    let snapshot = &values[1];
    assert_eq!(snapshot["venue"], "bybit");
    assert_eq!(snapshot["product"], "linear");
    assert_eq!(snapshot["symbol"], "BTCUSDT");
    assert_eq!(snapshot["ts_recv"], 1_700_000_000_000_000_000_i64);
    assert_eq!(snapshot["ts_kernel"], Value::Null);
    assert_eq!(snapshot["bids"], json!([["100.5", "1.5"]]));
    assert_eq!(snapshot["asks"], json!([["200.1", "0.7"]]));
    assert_eq!(
        (&snapshot["seq"], &snapshot["frame"]),
        (&json!(100), &json!(1))
    );
    assert_eq!(values[3]["frame"], 2);
}

#[test]
fn a_missing_line_makes_one_gap_and_one_bad_book_and_leaves_the_other_alone() {
    let folder = tempfile::tempdir().unwrap();
    let books = folder.path().join("books.json");
    let books = books.to_str().unwrap();
    let mut lines = two_books();
    assert!(lines.remove(8).contains("BTCUSDT"));
    let run = bybit(&lines, &["--final-books", books]);
    assert_eq!((run.code, &*run.talk), (0, ""));

    let gaps = run.of_kind("gap");
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert_eq!(gaps[0]["symbol"], "BTCUSDT");
    assert_eq!(
        (&gaps[0]["cause"], &gaps[0]["seq"]),
        (&json!("sequence"), &json!(103))
    );
    let values = run.values();
    let broke = values
        .iter()
        .position(|value| value["kind"] == "gap")
        .unwrap();
    for (at, value) in values.iter().enumerate() {
        let expected = at >= broke && value["symbol"] == "BTCUSDT";
        assert_eq!(is_bad(value), expected, "{value}");
    }

    let books: Value = serde_json::from_slice(&fs::read(books).unwrap()).unwrap();
    let states: Vec<_> = books["books"]
        .as_array()
        .unwrap()
        .iter()
        .map(|book| {
            (
                book["symbol"].as_str().unwrap(),
                book["state"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(states, [("BTCUSDT", "bad"), ("ETHUSDT", "ok")]);
    assert_eq!(
        (&books["books"][0]["gaps"], &books["books"][1]["gaps"]),
        (&json!(1), &json!(0))
    );
}

#[test]
fn final_books_are_whole_exact_and_best_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books.json");
    let run = bybit(
        &two_books()[..6],
        &["--final-books", path.to_str().unwrap()],
    );
    assert_eq!(run.code, 0);
    let books: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    assert_eq!(
        books,
        json!({"books": [
            {"symbol": "BTCUSDT", "state": "ok", "seq": 102,
             "bids": [["120.5", "1.5"], ["110.5", "1.5"], ["100.5", "1.5"]],
             "asks": [["200.1", "0.7"]], "gaps": 0, "checksums_ok": 0, "checksums_failed": 0},
            {"symbol": "ETHUSDT", "state": "ok", "seq": 102,
             "bids": [["92.25", "1.5"], ["91.25", "1.5"], ["90.25", "1.5"]],
             "asks": [["200.1", "0.7"]], "gaps": 0, "checksums_ok": 0, "checksums_failed": 0},
        ]})
    );
}

#[test]
fn a_book_without_snapshot_is_unsynced_and_has_no_sequence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books.json");
    let books = path.to_str().unwrap();
    let args = [
        "decode",
        "--venue",
        "binance",
        "--product",
        "spot",
        "--final-books",
        books,
        "-",
    ];
    let run = run_with(&args, depth(3, 4).into_bytes());
    assert_eq!(run.code, 0);
    let books: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let book = &books["books"][0];
    assert_eq!(
        (&book["state"], &book["seq"]),
        (&json!("unsynced"), &Value::Null)
    );
}

#[test]
fn rejected_lines_are_named_and_the_others_decoded() {
    let mut lines = two_books();
    lines.truncate(2);
    lines.insert(1, "17 {\"topic\":".to_owned());
    lines.insert(1, String::new());
    let run = bybit(&lines, &[]);
    assert_eq!(run.code, 1);
    assert_eq!(
        run.talk,
        "-:3: invalid_json: the frame is not one whole JSON text\n"
    );
    assert_eq!(run.of_kind("book_snapshot").len(), 2);
}

#[test]
fn files_are_one_session_in_the_order_given() {
    let folder = tempfile::tempdir().unwrap();
    let lines = two_books();
    let plain = folder.path().join("first");
    fs::write(&plain, lines[..9].join("\n")).unwrap();
    // The name says nothing about the form: gzip is told by content, members may follow each other.
    let zipped = folder.path().join("second.txt");
    let mut file = fs::File::create(&zipped).unwrap();
    for part in [&lines[9..14], &lines[14..]] {
        let mut zip = flate2::write::GzEncoder::new(&mut file, flate2::Compression::fast());
        writeln!(zip, "{}", part.join("\n")).unwrap();
        zip.finish().unwrap();
    }
    let (plain, zipped) = (plain.to_str().unwrap(), zipped.to_str().unwrap());
    let ordered: Vec<&str> = BYBIT.iter().copied().chain([plain, zipped]).collect();
    let together = run(&ordered);
    assert_eq!((together.code, &*together.talk), (0, ""));
    assert_eq!(together.out, bybit(&lines, &[]).out);
}

#[test]
fn a_gzip_file_that_ends_early_is_named_and_its_lines_are_decoded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.gz");
    let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    writeln!(zip, "{}", two_books().join("\n")).unwrap();
    let mut bytes = zip.finish().unwrap();
    bytes.truncate(bytes.len() - 20);
    fs::write(&path, bytes).unwrap();
    let path = path.to_str().unwrap();
    let args: Vec<&str> = BYBIT.iter().copied().chain([path]).collect();
    let run = run(&args);
    assert_eq!(run.code, 1);
    assert!(
        run.talk.starts_with(&format!("{path}:20: damaged: ")),
        "{}",
        run.talk
    );
    assert_eq!(run.of_kind("book_delta").len(), 17);
}

#[test]
fn a_line_beyond_the_frame_limit_is_too_large_and_the_next_is_decoded() {
    let lines = two_books();
    let mut input = format!("{}\n5 \"", lines[0]).into_bytes();
    input.resize(input.len() + (33 << 20), b'x');
    input.extend_from_slice(format!("\"\n{}", lines[2]).as_bytes());
    let args: Vec<&str> = BYBIT.iter().copied().chain(["-"]).collect();
    let run = run_with(&args, input);
    assert_eq!(run.code, 1);
    assert_eq!(
        run.talk,
        "-:2: too_large: the frame is larger than the limit for one frame\n"
    );
    assert_eq!(run.of_kind("book_delta").len(), 1);
}

#[test]
fn bare_frames_are_a_line_each_or_a_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let frame = book(0, "BTCUSDT", "snapshot", 7, "100.5");
    let frame = frame.strip_prefix("0 ").unwrap();
    let pretty: Value = serde_json::from_str(frame).unwrap();
    let single = folder.path().join("single.json");
    fs::write(&single, serde_json::to_string_pretty(&pretty).unwrap()).unwrap();
    let several = folder.path().join("several.jsonl");
    let next = book(0, "BTCUSDT", "delta", 8, "100.6").replacen("0 ", "", 1);
    fs::write(&several, format!("{frame}\n{next}\n")).unwrap();
    for (path, records) in [(single, 2), (several, 3)] {
        let mut args = BYBIT.to_vec();
        args.extend(["--raw-frames", path.to_str().unwrap()]);
        let run = run(&args);
        assert_eq!((run.code, &*run.talk), (0, ""));
        let values = run.values();
        assert_eq!(values.len(), records);
        assert!(values.iter().all(|value| value["ts_recv"] == 0));
    }
}

#[test]
fn a_recorded_rest_snapshot_joins_the_binance_book() {
    let snapshot = r#"2 {"lastUpdateId":5,"bids":[["9.00000000","1.00000000"]],"asks":[["11.00000000","2.00000000"]]}"#;
    let lines = [depth(3, 4), depth(5, 6), snapshot.to_owned(), depth(7, 8)];
    let args = ["decode", "--venue", "binance", "--product", "spot", "-"];
    let run = run_with(&args, lines.join("\n").into_bytes());
    assert_eq!((run.code, &*run.talk), (0, ""));
    let snapshots = run.of_kind("book_snapshot");
    assert_eq!(snapshots.len(), 1);
    assert_eq!(snapshots[0]["bids"], json!([["10", "6"], ["9", "1"]]));
    assert_eq!(
        (&snapshots[0]["seq"], &snapshots[0]["first_seq"]),
        (&json!(6), &json!(5))
    );
    let deltas = run.of_kind("book_delta");
    assert_eq!(
        deltas.iter().map(is_bad).collect::<Vec<_>>(),
        [true, true, false]
    );
}

#[test]
fn krakens_depth_is_ten_unless_told_otherwise() {
    let levels = |best: u64, step: i64| -> Vec<String> {
        (0..12_i64)
            .map(|at| {
                let px = best.strict_add_signed(at * step);
                format!(r#"{{"price":{px}.0,"qty":1.00000000}}"#)
            })
            .collect()
    };
    let (bids, asks) = (levels(100, -1).join(","), levels(101, 1).join(","));
    let frame = format!(
        concat!(
            r#"{{"channel":"book","type":"snapshot","data":[{{"symbol":"BTC/USD","bids":[{}],"#,
            r#""asks":[{}],"checksum":0}}]}}"#,
        ),
        bids, asks
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books.json");
    for (depth, expected) in [(None, 10), (Some("25"), 12)] {
        let mut args = vec![
            "decode",
            "--venue",
            "kraken",
            "--product",
            "spot",
            "--final-books",
        ];
        args.push(path.to_str().unwrap());
        args.extend(depth.into_iter().flat_map(|depth| ["--depth", depth]));
        args.push("-");
        let run = run_with(&args, frame.clone().into_bytes());
        assert_eq!(run.code, 0, "{}", run.talk);
        let books: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let book = &books["books"][0];
        assert_eq!(book["bids"].as_array().unwrap().len(), expected);
        // The made-up checksum is wrong: the book says so.
        assert_eq!(
            (&book["state"], &book["checksums_failed"]),
            (&json!("bad"), &json!(1))
        );
    }
}

#[test]
fn combinations_that_are_not_decoded_are_usage_errors_that_list_the_others() {
    for (venue, product) in [
        ("binance", "option"),
        ("bybit", "futures"),
        ("kraken", "linear"),
    ] {
        let run = run(&["decode", "--venue", venue, "--product", product, "-"]);
        assert_eq!((run.code, &*run.out), (64, ""), "{venue} {product}");
        assert!(
            run.talk.contains("supported are: binance spot,"),
            "{}",
            run.talk
        );
        assert!(run.talk.contains("kraken spot"), "{}", run.talk);
    }
}

#[test]
fn wrong_command_lines_end_with_64_and_help_with_0() {
    for args in [
        &[][..],
        &["decode"],
        &["decode", "--venue", "nyse", "--product", "spot", "-"],
        &["decode", "--venue", "kraken", "--product", "spot"],
        &["no-such-command"],
    ] {
        assert_eq!(run(args).code, 64, "{args:?}");
    }
    for args in [&["--help"][..], &["decode", "--help"], &["--version"]] {
        let run = run(args);
        assert_eq!((run.code, &*run.talk), (0, ""), "{args:?}");
        assert!(!run.out.is_empty(), "{args:?}");
    }
    assert!(run(&["decode", "--help"]).out.contains("66  input missing"));
}

#[test]
fn a_missing_file_ends_with_66_before_anything_is_decoded() {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().join("there");
    fs::write(&there, two_books().join("\n")).unwrap();
    let missing = folder.path().join("missing");
    for input in [missing.to_str().unwrap(), folder.path().to_str().unwrap()] {
        let mut args = BYBIT.to_vec();
        args.extend([there.to_str().unwrap(), input]);
        let run = run(&args);
        assert_eq!((run.code, &*run.out), (66, ""));
        assert!(run.talk.contains(input), "{}", run.talk);
    }
}

#[test]
fn books_that_cannot_be_created_end_with_73() {
    let run = bybit(&two_books(), &["--final-books", "/nonexistent/books.json"]);
    assert_eq!((run.code, &*run.out), (73, ""));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error_and_the_books_are_still_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books.json");
    let mut lines = vec![book(1, "BTCUSDT", "snapshot", 1, "100.5")];
    lines.extend((2..20_000).map(|u| book(1, "BTCUSDT", "delta", u, "100.5")));
    let mut child = feedctl()
        .args(BYBIT)
        .args(["--final-books", path.to_str().unwrap(), "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let writer = std::thread::spawn(move || stdin.write_all(lines.join("\n").as_bytes()));
    let mut first = String::new();
    out.read_line(&mut first).unwrap();
    drop(out);
    let ended = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert_eq!(
        ended.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    let books: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    assert_eq!(books["books"][0]["seq"], 19_999);
}

#[test]
fn output_that_cannot_be_written_ends_with_74() {
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("input");
    fs::write(&input, two_books().join("\n")).unwrap();
    let ended = feedctl()
        .args(BYBIT)
        .arg(input)
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(74));
    let talk = String::from_utf8(ended.stderr).unwrap();
    assert!(
        talk.starts_with("feedctl: cannot write standard output: "),
        "{talk}"
    );
}
