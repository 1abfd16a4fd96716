//! One file: encodings, metadata, and how it becomes durable.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{RecordBatch, StringArray};
use arrow_schema::{Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::columns::{Packing, path_of};
use super::held::{Held, Part};
use super::layout::create;
use crate::error::Error;
use crate::journal::JournalId;

/// Version of names, types and meaning of the columns; only additions keep it.
const SCHEMA_VERSION: u32 = 2;
/// Rows of a row group: pages of it are decoded alone, its statistics rule it out alone.
const ROW_GROUP: usize = 262_144;
/// Rows of a page, if their bytes allow: each page has a compression of its own, which costs tens of
/// microseconds to set up.
const PAGE: usize = 65_536;
/// Rows turned into columns at a time: few enough that records stay in the cache while every column
/// picks its field.
pub(super) const CHUNK: usize = 4_096;
/// Columns that the rows are sorted by.
const SORTED: [&str; 2] = ["symbol", "journal_seq"];

/// What a part's footer says, and how it is packed.
#[derive(Clone, Debug)]
pub(super) struct Stamp {
    pub(super) journal: JournalId,
    /// The range of sequences that the part belongs to.
    pub(super) range: (u64, u64),
    pub(super) level: i32,
    pub(super) doubles: bool,
}

/// Writes a part to `path` and waits until it is on the medium.
pub(super) fn write(path: &Path, part: Part<'_>, held: &Held, stamp: &Stamp) -> Result<(), Error> {
    let table = part.place.table;
    let (schema, columns) = table.schema(stamp.doubles);
    let (first, last, rows) = part.extent();
    let runs = held.runs();
    let metadata = [
        ("feedd.table", table.name().to_owned()),
        ("feedd.schema_version", SCHEMA_VERSION.to_string()),
        ("feedd.journal", stamp.journal.to_string()),
        ("feedd.runs", format!("{}-{}", runs.0, runs.1)),
        (
            "feedd.range",
            format!("{}-{}", stamp.range.0, stamp.range.1),
        ),
        ("feedd.first_seq", first.to_string()),
        ("feedd.last_seq", last.to_string()),
        ("feedd.rows", rows.to_string()),
    ];
    let metadata = metadata.map(|(key, value)| KeyValue::new(key.to_owned(), value));
    let mut writer = PartWriter::create(path, schema, &columns, metadata.to_vec(), stamp.level)?;
    let sorted = part.sorted(held);
    let symbols = Arc::new(StringArray::from(sorted.symbols.clone()));
    for chunk in sorted.chunks(CHUNK) {
        let batch = table.batch(&chunk, &symbols, stamp.doubles);
        writer.write(&batch.map_err(failed("encode", path))?)?;
    }
    writer.finish()
}

/// A file in the making.
pub(super) struct PartWriter<'a> {
    path: &'a Path,
    writer: ArrowWriter<File>,
}

impl<'a> PartWriter<'a> {
    pub(super) fn create(
        path: &'a Path,
        schema: Schema,
        columns: &[(Field, Packing)],
        metadata: Vec<KeyValue>,
        level: i32,
    ) -> Result<Self, Error> {
        let properties = properties(columns, metadata, level).map_err(failed("pack", path))?;
        // Readers shall see plain types: the embedded Arrow schema would make them dictionaries.
        let options = ArrowWriterOptions::new()
            .with_properties(properties)
            .with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(create(path)?, Arc::new(schema), options);
        Ok(Self {
            path,
            writer: writer.map_err(failed("begin", path))?,
        })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        self.writer.write(batch).map_err(failed("write", self.path))
    }

    pub(super) fn finish(self) -> Result<(), Error> {
        let file = self
            .writer
            .into_inner()
            .map_err(failed("finish", self.path))?;
        file.sync_all().map_err(Error::io("sync", self.path))
    }
}

fn properties(
    columns: &[(Field, Packing)],
    metadata: Vec<KeyValue>,
    level: i32,
) -> parquet::errors::Result<WriterProperties> {
    let position = |name: &str| columns.iter().position(|(field, _)| field.name() == name);
    let sorting = SORTED.iter().filter_map(|name| position(name));
    let sorting = sorting.filter_map(|at| {
        Some(SortingColumn {
            column_idx: i32::try_from(at).ok()?,
            descending: false,
            nulls_first: true,
        })
    });
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(level)?))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_data_page_row_count_limit(PAGE)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_created_by(concat!("feedd version ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata(Some(metadata))
        .set_sorting_columns(Some(sorting.collect()));
    for (field, packing) in columns {
        let encoding = match packing {
            Packing::Dictionary => continue,
            Packing::Delta => Encoding::DELTA_BINARY_PACKED,
            Packing::Plain => Encoding::PLAIN,
        };
        let path = ColumnPath::new(path_of(field));
        builder = builder
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path, encoding);
    }
    Ok(builder.build())
}

/// Wraps an error of the Parquet or Arrow crates.
pub(super) fn failed<E>(action: &'static str, path: &Path) -> impl FnOnce(E) -> Error
where
    E: std::error::Error + Send + Sync + 'static,
{
    let path = path.to_owned();
    move |error| Error::Io {
        action,
        path,
        source: std::io::Error::other(error),
    }
}
