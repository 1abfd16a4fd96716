//! Small files of days that are over become few, and whoever reads meanwhile finds every row once.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use feedd_storage::sink::parquet::{ParquetOptions, Table, parts};

use crate::common::{fast_dir, small};
use crate::kinds;
use crate::model::{Still, open};
use crate::parquet::{assert_files, drain, options, read, root, writing, writing_with};

#[test]
fn files_of_days_that_are_over_are_merged_and_hold_the_same_rows() {
    let dir = fast_dir();
    let mut journal = open(dir.path(), small());
    kinds::append(&mut journal, 1_000, 200_000_000_000);
    let still = Still::default();
    let mut pump = writing(dir.path(), &still, 50);
    drain(&mut pump);
    let trades = Table::all().next().unwrap();
    let of_day = |day: &str| {
        let files = parts(&root(dir.path()), trades).unwrap();
        let of = |(path, _): &&(PathBuf, _)| path.to_string_lossy().contains(day);
        files.iter().filter(of).count()
    };
    assert!(of_day("2023-11-15") > 5 && of_day("2023-11-17") > 1);
    for _ in 0..200 {
        pump.step();
        assert_files(dir.path(), 1_001);
    }
    // The newest day goes on as it is; every other has one file a directory.
    assert_eq!(
        (
            of_day("2023-11-14"),
            of_day("2023-11-15"),
            of_day("2023-11-16")
        ),
        (1, 1, 1)
    );
    assert!(of_day("2023-11-17") > 1);
    let merged = parts(&root(dir.path()), trades).unwrap()[1].0.clone();
    let mut before = (String::new(), 0);
    for batch in read(&merged) {
        let symbols = batch.column_by_name("symbol").unwrap().as_string::<i32>();
        let seqs = batch
            .column_by_name("journal_seq")
            .unwrap()
            .as_primitive::<UInt64Type>();
        for at in 0..batch.num_rows() {
            let row = (symbols.value(at).to_owned(), seqs.value(at));
            assert!(before < row, "sorted by symbol and sequence");
            before = row;
        }
    }
    // A foreign file keeps its directory as it is.
    kinds::append(&mut journal, 500, 200_000_000_000);
    drain(&mut pump);
    let place = "trades/date=2023-11-17/venue=kraken-spot";
    fs::write(root(dir.path()).join(place).join("notes.txt"), "mine").unwrap();
    let count = of_day("2023-11-17");
    still.advance(Duration::from_secs(600));
    for _ in 0..200 {
        pump.step();
    }
    assert_eq!(of_day("2023-11-17"), count);
    pump.finish();
    assert_files(dir.path(), 1_501);
}

#[test]
fn files_with_other_columns_stay_apart_and_the_rest_is_merged() {
    let dir = fast_dir();
    let mut journal = open(dir.path(), small());
    let still = Still::default();
    // All of one day: the fractions are switched off in its middle.
    for doubles in [true, false] {
        kinds::append(&mut journal, 200, 1_000_000);
        let options = ParquetOptions {
            doubles,
            ..options(dir.path(), 20)
        };
        let mut pump = writing_with(dir.path(), &still, options);
        drain(&mut pump);
        pump.finish();
    }
    kinds::append(&mut journal, 800, 600_000_000_000);
    let mut pump = writing(dir.path(), &still, 1_000);
    drain(&mut pump);
    pump.finish();
    for _ in 0..200 {
        still.advance(Duration::from_secs(60));
        pump.step();
    }
    assert_eq!(pump.status().read().retries, 0);
    assert_files(dir.path(), 1_201);
    let trades = Table::all().next().unwrap();
    let first_day = parts(&root(dir.path()), trades).unwrap();
    let first_day = first_day
        .iter()
        .filter(|(path, _)| path.to_string_lossy().contains("2023-11-14"));
    let columns: Vec<bool> = first_day
        .map(|(path, _)| read(path)[0].column_by_name("price").is_some())
        .collect();
    assert_eq!(columns, [true, false]);
}
