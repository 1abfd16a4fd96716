//! How a file is packed: what readers rely on without asking, and what makes it small.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use feedd_storage::JournalId;
use feedd_storage::sink::Pump;
use feedd_storage::sink::parquet::{ParquetSink, Table, parts};
use parquet::basic::{Compression, Encoding, LogicalType, TimeUnit};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::common::{fast_dir, small};
use crate::kinds;
use crate::model::{Still, eager, open};
use crate::parquet::{options, read, root};

/// A journal of every kind of record and its files.
fn written(dir: &Path) {
    let mut journal = open(dir, small());
    kinds::append(&mut journal, 500, 1_000_000);
    let sink = ParquetSink::new(JournalId::of(dir).unwrap(), options(dir, 1_000));
    let mut pump = Pump::open(dir, "parquet", sink, Still::default(), eager()).unwrap();
    pump.finish();
}

/// Each table's name with the footer of its first file.
fn footers(dir: &Path) -> BTreeMap<&'static str, ParquetMetaData> {
    let footer = |path: &Path| {
        let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
        reader.metadata().clone()
    };
    let first = |table| parts(&root(dir), table).unwrap().into_iter().next();
    let tables = Table::all().filter_map(|table| Some((table.name(), first(table)?.0)));
    tables.map(|(name, path)| (name, footer(&path))).collect()
}

fn columns(footer: &ParquetMetaData) -> impl Iterator<Item = &ColumnChunkMetaData> {
    footer.row_groups().iter().flat_map(|group| group.columns())
}

#[test]
fn every_stamp_is_of_nanoseconds_without_a_zone() {
    let dir = fast_dir();
    written(dir.path());
    let footers = footers(dir.path());
    assert_eq!(footers.len(), 11);
    for (table, footer) in footers {
        let mut stamps = BTreeSet::new();
        for column in columns(&footer) {
            if let Some(LogicalType::Timestamp(stamp)) = column.column_descr().logical_type_ref() {
                let what = format!("{table}.{}", column.column_path());
                assert!(!stamp.is_adjusted_to_u_t_c, "{what}");
                assert_eq!(stamp.unit, TimeUnit::NANOS, "{what}");
                stamps.insert(column.column_path().string());
            }
        }
        for name in ["ts_recv", "ts_venue", "ts_send"] {
            assert!(stamps.contains(name), "{table}.{name}");
        }
    }
}

#[test]
fn columns_are_packed_by_what_they_hold_and_all_are_compressed() {
    let dir = fast_dir();
    written(dir.path());
    for (table, footer) in footers(dir.path()) {
        for column in columns(&footer) {
            let what = format!("{table}.{}", column.column_path());
            let compression = column.compression();
            assert!(matches!(compression, Compression::ZSTD(_)), "{what}");
            let encodings: Vec<_> = column.encodings().collect();
            let packing = match column.column_path().parts()[0].as_str() {
                "ts_recv" | "ts_venue" | "kernel_ns" | "seq" | "journal_seq" | "id" | "price_m"
                | "line" | "bid_price_m" | "bid_prices_m" | "price_exp" | "flags" => {
                    Encoding::DELTA_BINARY_PACKED
                }
                "symbol" | "side" | "channel" => Encoding::RLE_DICTIONARY,
                "qty" | "qty_m" | "price" | "bid_qtys_m" | "bid_prices" => Encoding::PLAIN,
                _ => continue,
            };
            assert!(encodings.contains(&packing), "{what}: {encodings:?}");
            let dictionary = encodings.contains(&Encoding::RLE_DICTIONARY);
            assert_eq!(dictionary, packing == Encoding::RLE_DICTIONARY, "{what}");
        }
    }
}

#[test]
fn rows_are_sorted_as_the_footer_declares_and_its_words_name_the_range() {
    let dir = fast_dir();
    written(dir.path());
    let journal = JournalId::of(dir.path()).unwrap().to_string();
    let trades = Table::all().next().unwrap();
    let path = &parts(&root(dir.path()), trades).unwrap()[0].0;
    let mut rows = Vec::new();
    for batch in read(path) {
        let symbols = batch.column_by_name("symbol").unwrap();
        let symbols = symbols.as_string::<i32>().iter();
        let seqs = batch.column_by_name("journal_seq").unwrap();
        let seqs = seqs.as_primitive::<UInt64Type>().values().iter();
        rows.extend(
            symbols
                .zip(seqs)
                .map(|(symbol, seq)| (symbol.map(str::to_owned), *seq)),
        );
    }
    assert!(rows.len() > 50 && rows.is_sorted());
    let footer = &footers(dir.path())["trades"];
    let sorted = footer.row_group(0).sorting_columns().unwrap();
    let name = |at: i32| {
        let column = footer.row_group(0).column(usize::try_from(at).unwrap());
        column.column_path().string()
    };
    let names: Vec<_> = sorted
        .iter()
        .map(|column| name(column.column_idx))
        .collect();
    assert_eq!(names, ["symbol", "journal_seq"]);
    let words = footer.file_metadata().key_value_metadata().unwrap();
    let word = |key: &str| {
        let found = words.iter().find(|word| word.key == key);
        found.and_then(|word| word.value.as_deref()).unwrap()
    };
    assert_eq!(word("feedd.journal"), journal);
    assert_eq!(
        (word("feedd.table"), word("feedd.range")),
        ("trades", "1-500")
    );
    assert_eq!(word("feedd.rows"), rows.len().to_string());
    let last = rows.iter().map(|(_, seq)| *seq).max().unwrap();
    assert_eq!(word("feedd.last_seq"), last.to_string());
}
