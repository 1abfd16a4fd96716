//! Parquet files hold exactly what the journal holds, whatever happens while they are written.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int8Type, Int64Type, TimestampNanosecondType, UInt64Type};
use arrow_array::{Array, RecordBatch};
use feedd_codecs::record::ABSENT;
use feedd_codecs::{Fixed, Record};
use feedd_storage::sink::parquet::{ParquetOptions, ParquetSink, Table, parts};
use feedd_storage::sink::{Pump, PumpOptions, Step};
use feedd_storage::{Cursor, JournalId, LogKind, LogReader, Start};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::common::{fast_dir, records, small};
use crate::kinds;
use crate::model::{Still, eager, open};

pub(crate) type Writing = Pump<ParquetSink, Still>;

pub(crate) fn root(dir: &Path) -> PathBuf {
    dir.join("parquet")
}

/// Ranges of `rows` rows.
pub(crate) fn options(dir: &Path, rows: usize) -> ParquetOptions {
    ParquetOptions {
        rows,
        ..ParquetOptions::new(root(dir))
    }
}

pub(crate) fn writing(dir: &Path, still: &Still, rows: usize) -> Writing {
    writing_with(dir, still, options(dir, rows))
}

pub(crate) fn writing_with(dir: &Path, still: &Still, options: ParquetOptions) -> Writing {
    let sink = ParquetSink::new(JournalId::of(dir).unwrap(), options);
    Pump::open(dir, "parquet", sink, still.clone(), eager()).unwrap()
}

pub(crate) fn drain(pump: &mut Writing) {
    for _ in 0..100_000 {
        match pump.step() {
            Step::Idle => return,
            Step::Took => {}
            Step::Failed => panic!("the sink failed"),
        }
    }
    panic!("the pump does not come to an end");
}

pub(crate) fn read(path: &Path) -> Vec<RecordBatch> {
    let file = File::open(path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .unwrap()
        .build()
        .unwrap();
    reader.map(Result::unwrap).collect()
}

/// Every sequence of a table, in the order of the files.
pub(crate) fn seqs(root: &Path, table: Table) -> Vec<u64> {
    let batches = parts(root, table)
        .unwrap()
        .into_iter()
        .flat_map(|(path, _)| read(&path));
    batches
        .flat_map(|batch| {
            let column = batch.column_by_name("journal_seq").unwrap();
            column.as_primitive::<UInt64Type>().values().to_vec()
        })
        .collect()
}

/// What the journal holds, by table.
fn journaled(dir: &Path, below: u64) -> BTreeMap<Table, BTreeSet<u64>> {
    let mut tables: BTreeMap<Table, BTreeSet<u64>> = BTreeMap::new();
    let mut reader = LogReader::open(&records(dir), Start::Oldest).unwrap();
    while let Some(frame) = reader.next().unwrap() {
        let kind = Record::parse(frame.payload).unwrap().kind();
        if frame.seq < below {
            tables.entry(Table::of(kind)).or_default().insert(frame.seq);
        }
    }
    tables
}

/// The files hold every record with a lower sequence than `below` exactly once, and nothing else.
pub(crate) fn assert_files(dir: &Path, below: u64) {
    let expected = journaled(dir, below);
    for table in Table::all() {
        let mut found = seqs(&root(dir), table);
        found.sort_unstable();
        let expected: Vec<u64> = expected
            .get(&table)
            .into_iter()
            .flatten()
            .copied()
            .collect();
        assert_eq!(found, expected, "{}", table.name());
    }
}

pub(crate) fn acked(dir: &Path) -> u64 {
    let cursor = Cursor::open(dir, "parquet", LogKind::Records).unwrap();
    cursor.load().unwrap().unwrap_or(1)
}

#[test]
fn every_record_stands_in_the_files_of_its_kind_day_and_venue_exactly_once() {
    let dir = fast_dir();
    let mut journal = open(dir.path(), small());
    // Over three days, so that ranges cross midnight.
    kinds::append(&mut journal, 1_000, 200_000_000_000);
    let still = Still::default();
    let mut pump = writing(dir.path(), &still, 100);
    drain(&mut pump);
    assert_eq!(acked(dir.path()), 1_001);
    assert_files(dir.path(), 1_001);
    let trades = parts(&root(dir.path()), Table::all().next().unwrap()).unwrap();
    let first = trades[0].0.strip_prefix(root(dir.path())).unwrap();
    let name = "part-00000000000000000001-00000000000000000100.parquet";
    let place = "trades/date=2023-11-14/venue=kraken-spot";
    assert_eq!(first, Path::new(place).join(name));
    assert!(
        root(dir.path())
            .join("gaps/date=2023-11-14/venue=none")
            .is_dir()
    );
    let views = fs::read_to_string(root(dir.path()).join("views.sql")).unwrap();
    assert_eq!(views.matches("CREATE OR REPLACE VIEW").count(), 12);
}

#[test]
fn rows_that_are_held_back_are_sealed_by_age_and_at_the_end() {
    let dir = fast_dir();
    let mut journal = open(dir.path(), small());
    kinds::append(&mut journal, 30, 1_000);
    let still = Still::default();
    let mut pump = writing(dir.path(), &still, 1_000);
    drain(&mut pump);
    assert_eq!(acked(dir.path()), 1);
    assert_files(dir.path(), 1);
    still.advance(Duration::from_secs(300));
    drain(&mut pump);
    assert_eq!(acked(dir.path()), 31);
    assert_files(dir.path(), 31);
    kinds::append(&mut journal, 5, 1_000);
    drain(&mut pump);
    pump.finish();
    assert_eq!(acked(dir.path()), 36);
    assert_files(dir.path(), 36);
}

#[test]
fn numbers_are_exact_and_their_fractions_the_nearest() {
    let dir = fast_dir();
    let mut journal = open(dir.path(), small());
    kinds::append(&mut journal, 96, 1_000);
    let mut pump = writing(dir.path(), &Still::default(), 1_000);
    drain(&mut pump);
    pump.finish();
    let mut expected: Vec<(u64, i64, i8, i64)> = Vec::new();
    let mut reader = LogReader::open(&records(dir.path()), Start::Oldest).unwrap();
    while let Some(frame) = reader.next().unwrap() {
        if let Record::Trade(trade) = Record::parse(frame.payload).unwrap() {
            expected.push((frame.seq, trade.px, trade.px_exp, trade.header.ts_recv));
        }
    }
    let files = parts(&root(dir.path()), Table::all().next().unwrap()).unwrap();
    let mut found = Vec::new();
    for batch in files.iter().flat_map(|(path, _)| read(path)) {
        let column = |name| batch.column_by_name(name).unwrap();
        let seq = column("journal_seq").as_primitive::<UInt64Type>();
        let px = column("price_m").as_primitive::<Int64Type>();
        let exp = column("price_exp").as_primitive::<Int8Type>();
        let ts = column("ts_recv").as_primitive::<TimestampNanosecondType>();
        let near = column("price").as_primitive::<Float64Type>();
        let symbols = column("symbol").as_string::<i32>();
        let mut before = ("", 0);
        for at in 0..batch.num_rows() {
            let row = (seq.value(at), px.value(at), exp.value(at), ts.value(at));
            let text = Fixed::new(row.1, row.2).to_string();
            assert_eq!(Ok(near.value(at)), text.parse());
            let sorted = (symbols.value(at), row.0);
            assert!(before < sorted, "sorted by symbol and sequence");
            before = sorted;
            found.push(row);
        }
    }
    found.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn what_the_venue_did_not_give_is_null() {
    let dir = fast_dir();
    let mut journal = open(dir.path(), small());
    kinds::append(&mut journal, 24, 1_000);
    let mut pump = writing(dir.path(), &Still::default(), 1_000);
    drain(&mut pump);
    pump.finish();
    let table = Table::all().find(|table| table.name() == "bbo").unwrap();
    let batch = read(&parts(&root(dir.path()), table).unwrap()[0].0).remove(0);
    for name in ["bid_price", "bid_price_m", "ts_send", "kernel_ns"] {
        assert_eq!(
            batch.column_by_name(name).unwrap().null_count(),
            batch.num_rows(),
            "{name}"
        );
    }
    let ask = batch
        .column_by_name("ask_price_m")
        .unwrap()
        .as_primitive::<Int64Type>();
    assert!(ask.null_count() == 0 && ask.values().iter().all(|px| *px != ABSENT));
}

#[test]
fn a_range_that_was_announced_and_not_finished_is_finished_to_the_same_end() {
    let dir = fast_dir();
    let mut journal = open(dir.path(), small());
    kinds::append(&mut journal, 200, 1_000);
    let still = Still::default();
    let mut pump = writing(dir.path(), &still, 100);
    drain(&mut pump);
    drop(pump);
    // The crash: files of the second range are missing, and it was never acknowledged.
    let all: Vec<PathBuf> = Table::all()
        .flat_map(|table| parts(&root(dir.path()), table).unwrap())
        .filter(|(_, name)| name.from == 101)
        .map(|(path, _)| path)
        .collect();
    all.iter()
        .step_by(2)
        .for_each(|path| fs::remove_file(path).unwrap());
    let cursor = Cursor::open(dir.path(), "parquet", LogKind::Records).unwrap();
    cursor.save(101).unwrap();
    kinds::append(&mut journal, 50, 1_000);
    // Another size of ranges would cut elsewhere: the announced end counts.
    let mut pump = writing(dir.path(), &still, 30);
    drain(&mut pump);
    pump.finish();
    assert_files(dir.path(), 251);
    assert!(all.iter().all(|path| path.exists()));
}

#[test]
fn a_cursor_that_was_lost_or_is_too_old_makes_no_duplicates() {
    let dir = fast_dir();
    let mut journal = open(dir.path(), small());
    kinds::append(&mut journal, 300, 1_000);
    let still = Still::default();
    drain(&mut writing(dir.path(), &still, 100));
    let cursor = Cursor::open(dir.path(), "parquet", LogKind::Records).unwrap();
    for wrong in [1, 150, 201, 250] {
        cursor.save(wrong).unwrap();
        let mut pump = writing(dir.path(), &still, 100);
        drain(&mut pump);
        pump.finish();
        assert_files(dir.path(), 301);
    }
    fs::remove_file(dir.path().join("cursors/parquet")).unwrap();
    let mut pump = writing(dir.path(), &still, 100);
    drain(&mut pump);
    pump.finish();
    assert_files(dir.path(), 301);
}

#[test]
fn a_range_whose_end_the_journal_lost_is_cut_anew_and_its_old_files_go() {
    let dir = fast_dir();
    let mut journal = open(dir.path(), small());
    kinds::append(&mut journal, 60, 1_000);
    let still = Still::default();
    drain(&mut writing(dir.path(), &still, 60));
    journal.close().unwrap();
    // Power was lost: the journal has 40 records, the files 60, and the cursor was not saved.
    let again = fast_dir();
    fs::copy(dir.path().join("id"), again.path().join("id")).unwrap();
    crate::common::crash_copy(&root(dir.path()), &root(again.path()));
    let mut journal = open(again.path(), small());
    kinds::append(&mut journal, 40, 1_000);
    let mut pump = writing(again.path(), &still, 60);
    drain(&mut pump);
    pump.finish();
    assert_files(again.path(), 41);
    kinds::append(&mut journal, 40, 1_000);
    drain(&mut pump);
    pump.finish();
    assert_files(again.path(), 81);
}

#[test]
fn the_files_of_another_journal_are_left_alone() {
    let dir = fast_dir();
    let mut journal = open(dir.path(), small());
    kinds::append(&mut journal, 30, 1_000);
    let still = Still::default();
    let mut pump = writing(dir.path(), &still, 10);
    drain(&mut pump);
    let other = fast_dir();
    let mut journal = open(other.path(), small());
    kinds::append(&mut journal, 30, 1_000);
    let mut pump = writing_with(other.path(), &still, options(dir.path(), 10));
    assert_eq!(pump.step(), Step::Failed);
    assert!(still.told("Retry")[0].contains("holds the files of another journal"));
    assert_files(dir.path(), 31);
}

#[test]
fn a_directory_that_cannot_be_written_is_tried_again_and_nothing_is_lost() {
    let dir = fast_dir();
    let mut journal = open(dir.path(), small());
    kinds::append(&mut journal, 250, 1_000);
    let still = Still::default();
    let mut pump = writing(dir.path(), &still, 100);
    // A file stands where a table's directory belongs.
    fs::create_dir_all(root(dir.path())).unwrap();
    let obstacle = root(dir.path()).join("candles");
    fs::write(&obstacle, "").unwrap();
    let mut failed = 0;
    for _ in 0..100 {
        failed += usize::from(pump.step() == Step::Failed);
    }
    assert!(failed > 2 && acked(dir.path()) == 1);
    fs::remove_file(&obstacle).unwrap();
    drain(&mut pump);
    pump.finish();
    assert_files(dir.path(), 251);
}

#[test]
fn nothing_stands_under_a_final_name_before_it_is_whole() {
    let dir = fast_dir();
    let mut journal = open(dir.path(), small());
    kinds::append(&mut journal, 500, 1_000);
    let options = PumpOptions {
        batch_rows: 7,
        ..eager()
    };
    let sink = ParquetSink::new(JournalId::of(dir.path()).unwrap(), options_of(dir.path()));
    let mut pump = Pump::open(dir.path(), "parquet", sink, Still::default(), options).unwrap();
    while pump.step() == Step::Took {
        // Every file that can be seen can be read, and between the seals nothing is half there.
        assert_files(dir.path(), acked(dir.path()));
    }
}

fn options_of(dir: &Path) -> ParquetOptions {
    options(dir, 50)
}
