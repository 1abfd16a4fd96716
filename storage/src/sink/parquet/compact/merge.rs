//! Which files become one, and how.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use arrow_array::{Array, RecordBatch, UInt64Array};
use arrow_schema::{ArrowError, SchemaRef};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::KeyValue;

use super::super::layout::PartName;
use super::super::part::{CHUNK, PartWriter, failed};
use super::super::table::Table;
use crate::error::Error;

/// Rows and bytes of files that are read into memory at a time to become one. Packed bytes become about
/// ten times as many.
const ROWS_MAX: u64 = 1_000_000;
const BYTES_MAX: u64 = 32 << 20;

/// Consecutive files of the same columns that become one; a single one stays as it is.
#[derive(Debug)]
pub(super) struct Group {
    files: Vec<(PartName, PathBuf)>,
    size: Size,
    schema: SchemaRef,
}

#[derive(Clone, Copy, Debug)]
struct Size {
    rows: u64,
    bytes: u64,
}

/// Cuts the files of one directory into groups. The configuration and later versions change which columns
/// there are.
pub(super) fn groups(files: Vec<(PartName, PathBuf)>, newest: u64) -> Result<Vec<Group>, Error> {
    let mut groups: Vec<Group> = Vec::new();
    let mut open = false;
    for (name, path) in files {
        let (size, schema) = look_at(&path)?;
        let settled = name.to < newest;
        let last = groups.last_mut().filter(|_| open && settled);
        match last.filter(|group| group.takes(size, &schema)) {
            Some(group) => group.add((name, path), size),
            None => groups.push(Group {
                files: vec![(name, path)],
                size,
                schema,
            }),
        }
        open = settled;
    }
    Ok(groups)
}

fn look_at(path: &Path) -> Result<(Size, SchemaRef), Error> {
    let bytes = fs::metadata(path)
        .map_err(Error::io("look at", path))?
        .len();
    let reader = open(path)?;
    let rows = reader.metadata().file_metadata().num_rows();
    let size = Size {
        rows: u64::try_from(rows).unwrap_or(0),
        bytes,
    };
    Ok((size, Arc::clone(reader.schema())))
}

fn open(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>, Error> {
    let file = File::open(path).map_err(Error::io("open", path))?;
    ParquetRecordBatchReaderBuilder::try_new(file).map_err(failed("read", path))
}

impl Group {
    fn takes(&self, more: Size, schema: &SchemaRef) -> bool {
        let fits =
            self.size.rows + more.rows <= ROWS_MAX && self.size.bytes + more.bytes <= BYTES_MAX;
        // The words of the footers differ, the columns count.
        fits && self.schema.fields() == schema.fields()
    }

    fn add(&mut self, file: (PartName, PathBuf), size: Size) {
        self.files.push(file);
        self.size.rows += size.rows;
        self.size.bytes += size.bytes;
    }

    pub(super) fn is_single(&self) -> bool {
        self.files.len() == 1
    }

    /// Puts the group's file into `aside`.
    pub(super) fn write(&self, aside: &Path, table: Table, level: i32) -> Result<(), Error> {
        let names = || self.files.iter().map(|(name, _)| name);
        let name = PartName {
            from: names().map(|name| name.from).min().unwrap_or(0),
            to: names().map(|name| name.to).max().unwrap_or(0),
            replayed: names().all(|name| name.replayed),
        };
        let to = aside.join(name.to_string());
        match self.files.as_slice() {
            [(_, only)] => fs::hard_link(only, &to).map_err(Error::io("link", only)),
            _ => self.write_merged(&to, name, table, level),
        }
    }

    fn write_merged(
        &self,
        to: &Path,
        name: PartName,
        table: Table,
        level: i32,
    ) -> Result<(), Error> {
        let mut batches = Vec::new();
        let mut metadata = Vec::new();
        for (_, path) in &self.files {
            let reader = open(path)?;
            metadata = inherited(reader.metadata().file_metadata().key_value_metadata());
            for batch in reader.build().map_err(failed("read", path))? {
                batches.push(batch.map_err(failed("read", path))?);
            }
        }
        let Some(schema) = batches.first().map(RecordBatch::schema) else {
            return Ok(());
        };
        let whole = concat_batches(&schema, &batches).map_err(failed("merge", to))?;
        drop(batches);
        let order = order(&whole).map_err(failed("merge", to))?;
        let own = [
            ("feedd.range", format!("{}-{}", name.from, name.to)),
            ("feedd.rows", whole.num_rows().to_string()),
            ("feedd.merged", self.files.len().to_string()),
        ];
        metadata.extend(own.map(|(key, value)| KeyValue::new(key.to_owned(), value)));
        let columns = table.packed(&schema);
        let schema = schema.as_ref().clone();
        let mut writer = PartWriter::create(to, schema, &columns, metadata, level)?;
        for chunk in order.chunks(CHUNK) {
            let rows = UInt64Array::from(chunk.to_vec());
            let batch = take_record_batch(&whole, &rows).map_err(failed("merge", to))?;
            writer.write(&batch)?;
        }
        writer.finish()
    }
}

/// What holds for the merged file as for each of them.
fn inherited(metadata: Option<&Vec<KeyValue>>) -> Vec<KeyValue> {
    const KEPT: [&str; 3] = ["feedd.table", "feedd.schema_version", "feedd.journal"];
    let kept = |pair: &&KeyValue| KEPT.contains(&pair.key.as_str());
    metadata
        .into_iter()
        .flatten()
        .filter(kept)
        .cloned()
        .collect()
}

/// The rows by symbol and sequence, those without symbol first.
fn order(batch: &RecordBatch) -> Result<Vec<u64>, ArrowError> {
    let missing = |name: &str| ArrowError::SchemaError(format!("no column {name}"));
    let column = |name| batch.column_by_name(name).ok_or_else(|| missing(name));
    let symbols = column("symbol")?.as_string_opt::<i32>();
    let symbols = symbols.ok_or_else(|| missing("symbol"))?;
    let seqs = column("journal_seq")?.as_primitive_opt::<UInt64Type>();
    let seqs = seqs.ok_or_else(|| missing("journal_seq"))?;
    let symbol = |at: usize| (!symbols.is_null(at)).then(|| symbols.value(at));
    let mut order: Vec<usize> = (0..batch.num_rows()).collect();
    order.sort_unstable_by(|one, other| {
        (symbol(*one), seqs.value(*one)).cmp(&(symbol(*other), seqs.value(*other)))
    });
    Ok(order.into_iter().map(|at| at as u64).collect())
}
