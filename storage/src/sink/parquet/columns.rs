//! Rows of one table to Arrow columns, column by column.
//!
//! The same closures make the schema (from no rows) and the data, so the two cannot disagree. What the
//! venue did not give is null, as in every other export.

use std::sync::Arc;

use arrow_array::builder::{Float64Builder, Int8Builder, Int64Builder, ListBuilder, StringBuilder};
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int8Array, Int32Array, Int64Array,
    RecordBatch, StringArray, TimestampNanosecondArray, UInt16Array, UInt32Array, UInt64Array,
};
use arrow_schema::{ArrowError, DataType, Field, Schema};
use feedd_codecs::record::{ABSENT, Header};

use super::double::double;

/// Name of the element of a list, as the Parquet specification has it.
const ELEMENT: &str = "element";

/// How a column is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    /// Differences in few bits: stamps, sequences, mantissas.
    Delta,
    /// A dictionary: few different values.
    Dictionary,
}

/// One row: the journal's sequence, the symbol as an index into the part's symbols, the record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item<R> {
    pub(super) seq: u64,
    pub(super) symbol: Option<i32>,
    pub(super) row: R,
}

/// A record that has a table.
pub(super) trait TableRow: Copy {
    /// The fields that all records share.
    fn header(&self) -> &Header;
    /// Adds the columns of the table's own fields.
    fn columns(columns: &mut Columns<'_, Self>);
}

/// Columns in the making.
pub(super) struct Columns<'a, R> {
    items: &'a [Item<R>],
    symbols: &'a Arc<StringArray>,
    doubles: bool,
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
    packings: Vec<Packing>,
}

impl<'a, R: TableRow> Columns<'a, R> {
    /// All columns of `items`; `symbols` are those that [`Item::symbol`] points into. Without
    /// `doubles` the convenient columns are left out.
    pub(super) fn of(items: &'a [Item<R>], symbols: &'a Arc<StringArray>, doubles: bool) -> Self {
        let mut columns = Self {
            items,
            symbols,
            doubles,
            fields: Vec::new(),
            arrays: Vec::new(),
            packings: Vec::new(),
        };
        columns.stamp("ts_recv", |row| row.header().ts_recv);
        columns.given_stamp("ts_venue", |row| row.header().ts_venue);
        columns.symbol();
        R::columns(&mut columns);
        columns.given_stamp("ts_send", |row| row.header().ts_send);
        columns.given_stamp("ts_kernel", |row| row.header().ts_kernel);
        columns.given("seq", |row| row.header().seq);
        columns.bits("flags", |row| row.header().flags.0);
        columns.instrument();
        columns.bits("line", |row| row.header().line);
        columns.count("frame", |row| row.header().frame);
        columns.journal_seq();
        columns
    }

    pub(super) fn schema(&self) -> Schema {
        Schema::new(self.fields.clone())
    }

    /// Name of each column, where its values stand in the file, and how they are packed.
    pub(super) fn packings(&self) -> impl Iterator<Item = (&Field, Packing)> {
        self.fields.iter().zip(self.packings.iter().copied())
    }

    pub(super) fn batch(self) -> Result<RecordBatch, ArrowError> {
        RecordBatch::try_new(Arc::new(Schema::new(self.fields)), self.arrays)
    }

    fn rows(&self) -> impl ExactSizeIterator<Item = R> + use<'a, R> {
        self.items.iter().map(|item| item.row)
    }

    fn push(&mut self, name: &str, array: ArrayRef, nullable: bool, packing: Packing) {
        let field = Field::new(
            name,
            arrow_array::Array::data_type(&array).clone(),
            nullable,
        );
        self.fields.push(field);
        self.arrays.push(array);
        self.packings.push(packing);
    }

    /// Nanoseconds since 1970, always given. UTC, but without a zone: readers cut zoned stamps to
    /// microseconds.
    pub(super) fn stamp(&mut self, name: &str, of: impl Fn(R) -> i64) {
        let array = TimestampNanosecondArray::from_iter_values(self.rows().map(of));
        self.push(name, Arc::new(array), false, Packing::Delta);
    }

    /// Nanoseconds since 1970, 0 where not given.
    pub(super) fn given_stamp(&mut self, name: &str, of: impl Fn(R) -> i64) {
        let values = self.rows().map(|row| Some(of(row)).filter(|ts| *ts != 0));
        let array: TimestampNanosecondArray = values.collect();
        self.push(name, Arc::new(array), true, Packing::Delta);
    }

    /// A number that is 0 where not given.
    pub(super) fn given(&mut self, name: &str, of: impl Fn(R) -> u64) {
        let values = self
            .rows()
            .map(|row| Some(of(row)).filter(|value| *value != 0));
        let array: UInt64Array = values.collect();
        self.push(name, Arc::new(array), true, Packing::Delta);
    }

    /// A number that is always given.
    pub(super) fn count(&mut self, name: &str, of: impl Fn(R) -> u64) {
        let array = UInt64Array::from_iter_values(self.rows().map(of));
        self.push(name, Arc::new(array), false, Packing::Delta);
    }

    /// A small number: bits of a set, a depth, a line.
    pub(super) fn bits(&mut self, name: &str, of: impl Fn(R) -> u16) {
        let array = UInt16Array::from_iter_values(self.rows().map(of));
        self.push(name, Arc::new(array), false, Packing::Dictionary);
    }

    /// A number that may be missing.
    pub(super) fn integer(&mut self, name: &str, of: impl Fn(R) -> Option<i64>) {
        let array: Int64Array = self.rows().map(of).collect();
        self.push(name, Arc::new(array), true, Packing::Delta);
    }

    /// A 32-bit number that may be missing.
    pub(super) fn word(&mut self, name: &str, of: impl Fn(R) -> Option<u32>) {
        let array: UInt32Array = self.rows().map(of).collect();
        self.push(name, Arc::new(array), true, Packing::Delta);
    }

    /// Yes or no.
    pub(super) fn truth(&mut self, name: &str, of: impl Fn(R) -> bool) {
        let array: BooleanArray = self.rows().map(|row| Some(of(row))).collect();
        self.push(name, Arc::new(array), false, Packing::Dictionary);
    }

    /// Text of which there are few different ones.
    pub(super) fn name(&mut self, name: &str, of: impl Fn(R) -> Option<&'static str>) {
        let mut known: Vec<&'static str> = Vec::new();
        let mut key = |text: &'static str| {
            let at = known.iter().position(|held| *held == text);
            let at = at.unwrap_or_else(|| {
                known.push(text);
                known.len() - 1
            });
            i32::try_from(at).unwrap_or_default()
        };
        let keys: Int32Array = self.rows().map(|row| of(row).map(&mut key)).collect();
        let values = Arc::new(StringArray::from(known));
        self.dictionary(name, keys, values, true);
    }

    /// Text of any kind.
    pub(super) fn text(&mut self, name: &str, of: impl Fn(R) -> Option<String>) {
        let mut texts = StringBuilder::new();
        self.rows().for_each(|row| texts.append_option(of(row)));
        self.push(name, Arc::new(texts.finish()), true, Packing::Dictionary);
    }

    fn symbol(&mut self) {
        let keys: Int32Array = self.items.iter().map(|item| item.symbol).collect();
        self.dictionary("symbol", keys, Arc::clone(self.symbols), true);
    }

    fn dictionary(
        &mut self,
        name: &str,
        keys: Int32Array,
        values: Arc<StringArray>,
        nullable: bool,
    ) {
        // Every key was made from a position in the values.
        let array: ArrayRef = match DictionaryArray::<Int32Type>::try_new(keys, values) {
            Ok(array) => Arc::new(array),
            Err(_) => return,
        };
        self.push(name, array, nullable, Packing::Dictionary);
    }

    fn instrument(&mut self) {
        let of = |item: &Item<R>| item.row.header().instrument.0;
        let array = UInt32Array::from_iter_values(self.items.iter().map(of));
        self.push("instrument", Arc::new(array), false, Packing::Dictionary);
    }

    fn journal_seq(&mut self) {
        let array = UInt64Array::from_iter_values(self.items.iter().map(|item| item.seq));
        self.push("journal_seq", Arc::new(array), false, Packing::Delta);
    }

    /// The power of ten of one or several numbers.
    pub(super) fn exponent(&mut self, name: &str, of: impl Fn(R) -> i8) {
        let array = Int8Array::from_iter_values(self.rows().map(of));
        self.push(name, Arc::new(array), false, Packing::Dictionary);
    }

    /// An exact number, its mantissa [`ABSENT`] where not given: the convenient fraction under
    /// `name`, the mantissa under `name_m`. Its exponent has a column of its own.
    pub(super) fn number(&mut self, name: &str, of: impl Fn(R) -> (i64, i8)) {
        let value = |row| Some(of(row)).filter(|(mantissa, _)| *mantissa != ABSENT);
        if self.doubles {
            let values = self
                .rows()
                .map(|row| value(row).map(|(m, exp)| double(m, exp)));
            let array: Float64Array = values.collect();
            self.push(name, Arc::new(array), true, Packing::Dictionary);
        }
        let mantissas: Int64Array = self.rows().map(|row| value(row).map(|(m, _)| m)).collect();
        self.push(
            &format!("{name}_m"),
            Arc::new(mantissas),
            true,
            Packing::Delta,
        );
    }

    /// The convenient fraction alone, of a number whose exact form stands elsewhere in the row.
    pub(super) fn fraction(&mut self, name: &str, of: impl Fn(R) -> Option<(i64, i8)>) {
        if self.doubles {
            let values = self
                .rows()
                .map(|row| of(row).map(|(m, exp)| double(m, exp)));
            let array: Float64Array = values.collect();
            self.push(name, Arc::new(array), true, Packing::Dictionary);
        }
    }

    /// A list of exact numbers with one exponent, as [`Columns::number`].
    pub(super) fn numbers<I: Iterator<Item = i64>>(
        &mut self,
        name: &str,
        exp: impl Fn(R) -> i8,
        of: impl Fn(R) -> I,
    ) {
        if self.doubles {
            let mut list = list(Float64Builder::new(), DataType::Float64);
            for row in self.rows() {
                let exp = exp(row);
                of(row).for_each(|mantissa| list.values().append_value(double(mantissa, exp)));
                list.append(true);
            }
            self.push(name, Arc::new(list.finish()), false, Packing::Dictionary);
        }
        self.integers(&format!("{name}_m"), of);
    }

    /// A list of integers.
    pub(super) fn integers<I: Iterator<Item = i64>>(&mut self, name: &str, of: impl Fn(R) -> I) {
        let mut list = list(Int64Builder::new(), DataType::Int64);
        for row in self.rows() {
            of(row).for_each(|value| list.values().append_value(value));
            list.append(true);
        }
        self.push(name, Arc::new(list.finish()), false, Packing::Delta);
    }

    /// A list of exponents.
    pub(super) fn exponents<I: Iterator<Item = i8>>(&mut self, name: &str, of: impl Fn(R) -> I) {
        let mut list = list(Int8Builder::new(), DataType::Int8);
        for row in self.rows() {
            of(row).for_each(|value| list.values().append_value(value));
            list.append(true);
        }
        self.push(name, Arc::new(list.finish()), false, Packing::Dictionary);
    }

    /// A list of texts of which there are few different ones.
    pub(super) fn names<T: AsRef<str>, I: Iterator<Item = T>>(
        &mut self,
        name: &str,
        of: impl Fn(R) -> I,
    ) {
        let mut list = list(StringBuilder::new(), DataType::Utf8);
        for row in self.rows() {
            of(row).for_each(|value| list.values().append_value(value));
            list.append(true);
        }
        self.push(name, Arc::new(list.finish()), false, Packing::Dictionary);
    }
}

fn list<B: arrow_array::builder::ArrayBuilder>(values: B, of: DataType) -> ListBuilder<B> {
    ListBuilder::new(values).with_field(Field::new(ELEMENT, of, false))
}

/// Where the values of `field` stand in a file.
pub(super) fn path_of(field: &Field) -> Vec<String> {
    let mut path = vec![field.name().clone()];
    if let DataType::List(element) = field.data_type() {
        path.extend(["list".to_owned(), element.name().clone()]);
    }
    path
}
