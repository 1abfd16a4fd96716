//! `feedctl decode` on recorded sessions, against independently computed results.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::path::Path;

use rust_decimal::Decimal;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::{Run, captures, run, run_with};

/// Decodes `files` and reads the books back.
fn decode(venue: &str, product: &str, files: &[&Path]) -> (Run, Value) {
    let folder = tempfile::tempdir().unwrap();
    let books = folder.path().join("books.json");
    let mut args = vec!["decode", "--venue", venue, "--product", product];
    args.extend(["--final-books", books.to_str().unwrap()]);
    args.extend(files.iter().map(|file| file.to_str().unwrap()));
    let run = run(&args);
    let books = serde_json::from_slice(&fs::read(books).unwrap()).unwrap();
    (run, books)
}

fn digest(levels: &Value) -> (u64, String) {
    let levels = levels.as_array().unwrap();
    let mut hasher = Sha256::new();
    for level in levels {
        let (px, qty) = (level[0].as_str().unwrap(), level[1].as_str().unwrap());
        hasher.update(format!("{px},{qty}\n"));
    }
    let mut hex = String::new();
    for byte in hasher.finalize() {
        write!(hex, "{byte:02x}").unwrap();
    }
    (levels.len() as u64, hex)
}

fn decimal(value: &Value) -> Decimal {
    value.as_str().unwrap().parse().unwrap()
}

fn text(path: &Path) -> String {
    let mut text = String::new();
    let file = fs::File::open(path).unwrap();
    flate2::read::MultiGzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    text
}

fn is_bad(record: &Value) -> bool {
    let flags = record["flags"].as_array().unwrap();
    flags.contains(&json!("maybe_bad_book"))
}

#[test]
fn binance_sessions_give_the_expected_books_trades_and_sums() {
    let Some(folder) = captures() else { return };
    let folder = folder.join("binance");
    let expected = fs::read(folder.join("expected.json")).unwrap();
    let sessions: Vec<Value> = serde_json::from_slice(&expected).unwrap();
    for session in sessions {
        let product = session["product"].as_str().unwrap().replace("cm", "coinm");
        let files: Vec<_> = session["files"]
            .as_array()
            .unwrap()
            .iter()
            .map(|file| folder.join(file.as_str().unwrap().replace("cm/", "coinm/")))
            .collect();
        let files: Vec<&Path> = files.iter().map(|file| &**file).collect();
        let (run, books) = decode("binance", &product, &files);
        assert_eq!((run.code, &*run.talk), (0, ""), "{product}");
        check_books(&session, &books["books"], &product);
        check_tape(&session, &run, &product);
    }
}

fn check_books(session: &Value, books: &Value, product: &str) {
    assert_eq!(books.as_array().unwrap().len(), 1);
    let book = &books[0];
    assert_eq!(
        (&book["state"], &book["gaps"]),
        (&json!("ok"), &json!(0)),
        "{product}"
    );
    assert_eq!(book["seq"], session["final_u"], "{product}");
    for side in ["bid", "ask"] {
        let (count, hex) = digest(&book[format!("{side}s")]);
        assert_eq!(count, session[format!("final_{side}_levels")], "{product}");
        assert_eq!(hex, session[format!("final_{side}s_sha256")], "{product}");
    }
}

fn check_tape(session: &Value, run: &Run, product: &str) {
    let (mut trades, mut sold, mut bbos, mut gaps) = (0, 0, 0, 0);
    let (mut qty, mut notional) = (Decimal::ZERO, Decimal::ZERO);
    for record in run.values() {
        match record["kind"].as_str().unwrap() {
            "trade" => {
                trades += 1;
                sold += u64::from(record["side"] == "sell");
                qty += decimal(&record["qty"]);
                notional += decimal(&record["price"]) * decimal(&record["qty"]);
            }
            "bbo" => bbos += 1,
            "gap" => gaps += 1,
            _ => {}
        }
    }
    assert_eq!(gaps, 0, "{product}");
    assert_eq!(trades, session["trades"], "{product}");
    assert_eq!(sold, session["trades_buyer_is_maker"], "{product}");
    assert_eq!(bbos, session["bookTicker"], "{product}");
    assert_eq!(qty, decimal(&session["trade_qty_sum"]), "{product}");
    assert_eq!(
        notional,
        decimal(&session["trade_notional_sum"]),
        "{product}"
    );
}

#[test]
fn every_kraken_checksum_holds_and_there_is_no_gap() {
    let Some(folder) = captures() else { return };
    let (run, books) = decode("kraken", "spot", &[&folder.join("kraken/spot.book10.gz")]);
    assert_eq!((run.code, &*run.talk), (0, ""));
    assert_eq!(run.of_kind("gap").len(), 0);
    let book = &books["books"][0];
    assert_eq!(book["state"], "ok");
    assert_eq!(
        (&book["checksums_ok"], &book["checksums_failed"]),
        (&json!(250), &json!(0))
    );
    assert_eq!(book["bids"].as_array().unwrap().len(), 10);
}

#[test]
fn a_lost_binance_depth_line_is_one_gap_and_a_bad_book_from_there_on() {
    let Some(folder) = captures() else { return };
    for (product, session) in [
        ("spot", "ethusdt_20240808.gz"),
        ("usdm", "btcusdt_20240718.gz"),
        ("coinm", "ethusd_perp_20240808.gz"),
    ] {
        let path = folder.join("binance").join(product).join(session);
        let text = text(&path);
        let mut lines: Vec<&str> = text.lines().collect();
        let middle = lines.len() / 2;
        let depth = lines[middle..]
            .iter()
            .position(|line| line.contains("@depth"));
        lines.remove(middle + depth.unwrap());
        let input = lines.join("\n").into_bytes();
        let run = run_with(
            &["decode", "--venue", "binance", "--product", product, "-"],
            input,
        );
        assert_eq!((run.code, &*run.talk), (0, ""), "{product}");
        let values = run.values();
        let broke = values
            .iter()
            .position(|value| value["kind"] == "gap")
            .unwrap();
        assert_eq!(run.of_kind("gap").len(), 1, "{product}");
        let tail = values[broke..]
            .iter()
            .filter(|value| value["kind"] == "book_delta");
        assert!(tail.clone().count() > 100, "{product}");
        assert!(tail.clone().all(is_bad), "{product}");
    }
}

#[test]
fn a_lost_bybit_line_spoils_one_instrument_and_no_other() {
    let Some(folder) = captures() else { return };
    for product in ["linear", "spot"] {
        let text = text(&folder.join("bybit").join(format!("{product}.gz")));
        let whole: Vec<&str> = text.lines().collect();
        let symbol = "ETHUSDT";
        let is_delta = |line: &&str| {
            line.contains(&format!("\"orderbook.200.{symbol}\"")) && line.contains("\"delta\"")
        };
        let mut deltas = (0..whole.len()).filter(|at| is_delta(&whole[*at]));
        let lost = deltas.nth(20).unwrap();
        let mut altered = whole.clone();
        altered.remove(lost);
        let args = ["decode", "--venue", "bybit", "--product", product, "-"];
        let before = run_with(&args, whole.join("\n").into_bytes());
        let after = run_with(&args, altered.join("\n").into_bytes());
        let gaps = after.of_kind("gap");
        assert_eq!(before.of_kind("gap").len(), 0, "{product}");
        assert_eq!(
            (gaps.len(), &gaps[0]["symbol"]),
            (1, &json!(symbol)),
            "{product}"
        );
        assert_eq!(others(&before, symbol), others(&after, symbol), "{product}");
        check_flags(&after, symbol);
    }
}

/// The records of all other instruments, without the frame numbers that shift by one.
fn others(run: &Run, symbol: &str) -> Vec<Value> {
    let mut values = run.values();
    values.retain(|value| value["symbol"] != symbol);
    for value in &mut values {
        value["frame"] = Value::Null;
    }
    values
}

/// From the gap to the next snapshot the instrument's book records are flagged, elsewhere not.
fn check_flags(run: &Run, symbol: &str) {
    let mut bad = false;
    for value in run
        .values()
        .iter()
        .filter(|value| value["symbol"] == symbol)
    {
        match value["kind"].as_str().unwrap() {
            "gap" => bad = true,
            "book_snapshot" => bad = false,
            "book_delta" => assert_eq!(is_bad(value), bad, "{value}"),
            _ => {}
        }
    }
    assert!(bad, "the recording ends without a new snapshot");
}
