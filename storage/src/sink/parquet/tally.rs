//! Counting the files, for the comparison with the journal.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int8Type, Int64Type, TimestampNanosecondType, UInt64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use feedd_codecs::record::Kind;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::layout::parts;
use super::part::failed;
use super::table::Table;
use crate::error::Error;
use crate::sink::reconcile::{Extent, Key, Sums, Tally, minute_of};

/// Mantissas that count as prices, then as quantities, with the columns of their exponents.
struct Summed {
    px: &'static [&'static str],
    px_exp: Option<&'static str>,
    qty: &'static [&'static str],
    qty_exp: Option<&'static str>,
}

const NOTHING: Summed = Summed {
    px: &[],
    px_exp: None,
    qty: &[],
    qty_exp: None,
};

const fn summed(kind: Kind) -> Summed {
    let (px, qty): (&[&str], &[&str]) = match kind {
        Kind::Trade | Kind::Liquidation => (&["price_m"], &["qty_m"]),
        Kind::Bbo => (&["bid_price_m", "ask_price_m"], &["bid_qty_m", "ask_qty_m"]),
        Kind::BookDelta | Kind::BookSnapshot | Kind::OrdersDelta | Kind::OrdersSnapshot => (
            &["bid_prices_m", "ask_prices_m"],
            &["bid_qtys_m", "ask_qtys_m"],
        ),
        Kind::Candle => (&["open_m", "high_m", "low_m", "close_m"], &["volume_m"]),
        _ => return NOTHING,
    };
    let qty_exp = if matches!(kind, Kind::Candle) {
        "volume_exp"
    } else {
        "qty_exp"
    };
    Summed {
        px,
        px_exp: Some("price_exp"),
        qty,
        qty_exp: Some(qty_exp),
    }
}

/// Counts the rows of all files below `root` that lie in `extent`.
///
/// # Errors
///
/// [`Error::Io`] if a file cannot be read or lacks a column.
pub fn tally(root: &Path, extent: &Extent) -> Result<Tally, Error> {
    let mut tally = Tally::new();
    for table in Table::all() {
        for (path, name) in parts(root, table)? {
            if name.from < extent.acked && name.to >= extent.first_seq {
                count_file(&path, table, extent, &mut tally)?;
            }
        }
    }
    Ok(tally)
}

fn count_file(path: &Path, table: Table, extent: &Extent, tally: &mut Tally) -> Result<(), Error> {
    let summed = summed(table.kind());
    let mut names = vec!["ts_recv", "symbol", "journal_seq"];
    names.extend(summed.px.iter().chain(summed.qty));
    names.extend(summed.px_exp.iter().chain(&summed.qty_exp));
    let file = File::open(path).map_err(Error::io("open", path))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(failed("read", path))?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), names);
    let reader = builder
        .with_projection(mask)
        .build()
        .map_err(failed("read", path))?;
    let venue = venue_in(path);
    for batch in reader {
        let batch = batch.map_err(failed("read", path))?;
        count(&batch, (table, venue), &summed, extent, tally).ok_or_else(|| Error::Foreign {
            path: path.to_owned(),
            problem: "lacks columns of its table",
        })?;
    }
    Ok(())
}

fn venue_in(path: &Path) -> &str {
    let dir = path
        .parent()
        .and_then(Path::file_name)
        .and_then(|name| name.to_str());
    dir.and_then(|name| name.strip_prefix("venue="))
        .unwrap_or_default()
}

fn count(
    batch: &RecordBatch,
    (table, venue): (Table, &str),
    summed: &Summed,
    extent: &Extent,
    tally: &mut Tally,
) -> Option<()> {
    let seqs = batch
        .column_by_name("journal_seq")?
        .as_primitive_opt::<UInt64Type>()?;
    let stamps = batch.column_by_name("ts_recv")?;
    let stamps = stamps.as_primitive_opt::<TimestampNanosecondType>()?;
    let symbols = batch.column_by_name("symbol")?.as_string_opt::<i32>()?;
    let (px, qty) = (row_sums(batch, summed.px)?, row_sums(batch, summed.qty)?);
    let px_exps = exponents(batch, summed.px_exp)?;
    let qty_exps = exponents(batch, summed.qty_exp)?;
    let mut found: BTreeMap<(i64, &str, i8, i8), Sums> = BTreeMap::new();
    for at in 0..batch.num_rows() {
        let (seq, ts_recv) = (seqs.value(at), stamps.value(at));
        if !extent.has(seq, ts_recv) {
            continue;
        }
        let symbol = if symbols.is_null(at) {
            ""
        } else {
            symbols.value(at)
        };
        let exp = |exps: &[i8]| exps.get(at).copied().unwrap_or(0);
        let key = (minute_of(ts_recv), symbol, exp(&px_exps), exp(&qty_exps));
        let sum = |sums: &[i128]| sums.get(at).copied().unwrap_or(0);
        found.entry(key).or_default().add(seq, sum(&px), sum(&qty));
    }
    for ((minute, symbol, px_exp, qty_exp), sums) in found {
        let key = Key {
            minute,
            template: table.kind() as u16,
            venue: venue.to_owned(),
            symbol: symbol.to_owned(),
            px_exp,
            qty_exp,
        };
        tally.entry(key).or_default().join(&sums);
    }
    Some(())
}

fn exponents(batch: &RecordBatch, name: Option<&str>) -> Option<Vec<i8>> {
    match name {
        None => Some(Vec::new()),
        Some(name) => {
            let column = batch.column_by_name(name)?.as_primitive_opt::<Int8Type>()?;
            Some(column.values().to_vec())
        }
    }
}

/// For each row the sum of these columns, lists or numbers; what is null counts as nothing.
fn row_sums(batch: &RecordBatch, names: &[&str]) -> Option<Vec<i128>> {
    let mut sums = vec![0; batch.num_rows()];
    for name in names {
        let column = batch.column_by_name(name)?;
        for (at, sum) in sums.iter_mut().enumerate() {
            *sum += value(column, at)?;
        }
    }
    Some(sums)
}

fn value(column: &ArrayRef, at: usize) -> Option<i128> {
    if column.is_null(at) {
        return Some(0);
    }
    match column.as_list_opt::<i32>() {
        Some(list) => {
            let values = list.value(at);
            let values = values.as_primitive_opt::<Int64Type>()?;
            Some(values.values().iter().map(|value| i128::from(*value)).sum())
        }
        None => Some(i128::from(
            column.as_primitive_opt::<Int64Type>()?.value(at),
        )),
    }
}
