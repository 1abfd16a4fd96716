//! `feedctl dlq` and `feedctl reconcile`, and the Parquet files as DuckDB, Polars and pandas read them.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../storage/tests/common/mod.rs"]
mod common;
#[allow(dead_code, reason = "shared with the tests of the sinks")]
#[path = "../../storage/tests/sink/kinds.rs"]
mod kinds;
#[allow(dead_code, reason = "shared with the tests of the sinks")]
#[path = "../../storage/tests/sink/model.rs"]
mod model;
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use feedd_storage::JournalId;
use feedd_storage::sink::parquet::{ParquetOptions, ParquetSink, Table, parts};
use feedd_storage::sink::{DeadLetters, Pump, Step};
use model::{Still, Store, drain, eager, open, pump, with_trades};
use support::run;
use tempfile::TempDir;

/// A journal of every kind of record over three days, and its Parquet files.
fn written(count: u64) -> TempDir {
    let dir = common::fast_dir();
    let mut journal = open(dir.path(), common::small());
    kinds::append(&mut journal, count, 300_000_000_000);
    journal.close().unwrap();
    let options = ParquetOptions {
        rows: 200,
        ..ParquetOptions::new(dir.path().join("parquet"))
    };
    let sink = ParquetSink::new(JournalId::of(dir.path()).unwrap(), options);
    let mut pump = Pump::open(dir.path(), "parquet", sink, Still::default(), eager()).unwrap();
    while pump.step() == Step::Took {}
    pump.finish();
    dir
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn reconcile(dir: &TempDir, more: &[&str]) -> support::Run {
    let mut args = vec!["reconcile", text(dir.path()), "--sink", "parquet"];
    args.extend(more);
    run(&args)
}

fn some_file(dir: &TempDir, table: &str) -> PathBuf {
    let table = Table::all().find(|known| known.name() == table).unwrap();
    parts(&dir.path().join("parquet"), table).unwrap()[1]
        .0
        .clone()
}

#[test]
fn files_that_hold_the_journal_reconcile_and_exit_with_0() {
    let dir = written(1_000);
    let all = reconcile(&dir, &[]);
    assert_eq!((all.code, all.out.as_str()), (0, ""), "{}", all.talk);
    assert!(
        all.talk
            .contains("1000 rows in the journal, 1000 in parquet"),
        "{}",
        all.talk
    );
    let (from, to) = ("2023-11-15T00:00:00Z", "2023-11-16T00:00:00Z");
    let day = reconcile(&dir, &["--from", from, "--to", to]);
    assert_eq!(day.code, 0, "{}", day.talk);
    assert!(
        day.talk.contains("288 rows in the journal, 288 in parquet"),
        "{}",
        day.talk
    );
}

#[test]
fn a_missing_file_and_one_that_stands_twice_are_named_by_minute_and_exit_with_1() {
    let dir = written(1_000);
    let file = some_file(&dir, "trades");
    let aside = dir.path().join("aside");
    fs::rename(&file, &aside).unwrap();
    let missing = reconcile(&dir, &["--json"]);
    assert_eq!(missing.code, 1);
    let values = missing.values();
    assert!(!values.is_empty() && values.iter().all(|value| value["sink"]["rows"] == 0));
    assert!(values.iter().all(|value| value["kind"] == "trade"));
    fs::rename(&aside, &file).unwrap();
    assert_eq!(reconcile(&dir, &[]).code, 0);
    let name = "part-00000000000000000201-00000000000000000399.parquet";
    fs::copy(&file, file.with_file_name(name)).unwrap();
    let twice = reconcile(&dir, &[]);
    assert_eq!(twice.code, 1);
    assert!(
        twice.out.contains("kraken-spot") && twice.out.contains("trade"),
        "{}",
        twice.out
    );
}

#[test]
fn a_sink_that_nobody_can_count_is_a_wrong_command_line() {
    let dir = written(20);
    let args = ["reconcile", text(dir.path()), "--sink", "punchcards"];
    assert_eq!(run(&args).code, 64);
}

#[test]
fn dead_letters_are_listed_shown_and_replayed() {
    let dir = common::fast_dir();
    let _journal = with_trades(dir.path(), 20);
    let (store, still) = (Store::default(), Still::default());
    store.far.lock().unwrap().bad = [7, 9].into();
    let mut pump = pump(dir.path(), &store, &still, eager());
    drain(&mut pump);

    let list = run(&["dlq", "ls", text(dir.path())]);
    assert_eq!(list.code, 1, "something is open");
    assert_eq!(list.out.lines().count(), 3, "{}", list.out);
    let json = run(&["dlq", "ls", text(dir.path()), "--sink", "store", "--json"]);
    assert_eq!(json.values()[0]["first_seq"], 7);
    assert_eq!(json.values()[0]["state"], "open");

    let shown = run(&["dlq", "show", text(dir.path()), "--sink", "store", "2"]);
    assert_eq!(shown.code, 0);
    assert!(shown.talk.contains("column 3 of 9"), "{}", shown.talk);
    assert_eq!(
        (&shown.values()[0]["kind"], &shown.values()[0]["price"]),
        (&"trade".into(), &"1.09".into())
    );
    assert_eq!(
        run(&["dlq", "show", text(dir.path()), "--sink", "store", "5"]).code,
        66
    );

    store.far.lock().unwrap().bad.clear();
    let asked = run(&["dlq", "replay", text(dir.path()), "--sink", "store"]);
    assert_eq!(asked.code, 0, "{}", asked.talk);
    still.advance(std::time::Duration::from_secs(1));
    drain(&mut pump);
    model::assert_rows(&store, 1..=20);
    let list = run(&["dlq", "ls", text(dir.path()), "--json"]);
    assert_eq!(list.code, 0, "{}", list.out);
    assert!(
        list.values()
            .iter()
            .all(|value| value["state"] == "replayed")
    );
    let again = run(&["dlq", "replay", text(dir.path()), "--sink", "store", "1"]);
    assert_eq!(again.code, 64, "{}", again.talk);
    assert_eq!(DeadLetters::read(dir.path(), "store").unwrap().len(), 4);
}

#[test]
fn duckdb_polars_and_pandas_read_every_record_exact_to_the_digit() {
    const NAME: &str = "duckdb_polars_and_pandas_read_every_record_exact_to_the_digit";
    let mut python = Command::new("python3");
    python
        .args(["-c", "import venv, ensurepip"])
        .stderr(Stdio::null());
    let can = python.status().is_ok_and(|status| status.success());
    if !can {
        eprintln!("{NAME}: skipped, python3 with venv and pip is not installed");
        return;
    }
    let dir = written(600);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("readers/run");
    let mut command = Command::new(script);
    command
        .arg(dir.path())
        .env("FEEDCTL", env!("CARGO_BIN_EXE_feedctl"));
    let output = command.stdin(Stdio::null()).output().unwrap();
    if output.status.code() == Some(3) {
        eprintln!("{NAME}: skipped, the readers cannot be installed here");
        return;
    }
    let out = String::from_utf8_lossy(&output.stdout);
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{out}{talk}");
    for reader in ["duckdb", "polars", "pandas"] {
        assert!(
            out.contains(&format!("{reader}: 600 of 600 records, equal")),
            "{out}"
        );
    }
}
