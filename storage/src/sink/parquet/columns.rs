//! Rows of one table to Arrow columns, column by column.
//!
//! The same closures make the schema (from no rows) and the data, so the two cannot disagree. What the
//! venue did not give is null, as in every other export.

use std::sync::Arc;

use arrow_array::builder::{Float64Builder, Int8Builder, Int64Builder, ListBuilder, StringBuilder};
use arrow_array::types::{
    Float64Type, Int32Type, Int64Type, TimestampNanosecondType, UInt32Type, UInt64Type,
};
use arrow_array::{
    ArrayRef, ArrowPrimitiveType, BooleanArray, DictionaryArray, Int8Array, Int32Array,
    PrimitiveArray, RecordBatch, StringArray, TimestampNanosecondArray, UInt16Array, UInt32Array,
    UInt64Array,
};
use arrow_buffer::NullBufferBuilder;
use arrow_schema::{ArrowError, DataType, Field, Schema};
use feedd_codecs::record::{ABSENT, Header};

use super::double::double;

/// Name of the element of a list, as the Parquet specification has it.
const ELEMENT: &str = "element";

/// How a column is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    /// Differences in few bits: stamps, sequences, prices, codes that stay the same for long.
    Delta,
    /// A dictionary: few different texts.
    Dictionary,
    /// As it is: quantities and fractions, whose differences are as long as they are. The compression
    /// behind it finds those that repeat.
    Plain,
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
        columns.optional::<Int64Type>("kernel_ns", Packing::Delta, kernel_ns);
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
        self.optional::<TimestampNanosecondType>(name, Packing::Delta, |row| {
            Some(of(row)).filter(|ts| *ts != 0)
        });
    }

    /// A number that is 0 where not given.
    pub(super) fn given(&mut self, name: &str, of: impl Fn(R) -> u64) {
        self.optional::<UInt64Type>(name, Packing::Delta, |row| {
            Some(of(row)).filter(|value| *value != 0)
        });
    }

    /// A number that is always given.
    pub(super) fn count(&mut self, name: &str, of: impl Fn(R) -> u64) {
        let array = UInt64Array::from_iter_values(self.rows().map(of));
        self.push(name, Arc::new(array), false, Packing::Delta);
    }

    /// A small number: bits of a set, a depth, a line.
    pub(super) fn bits(&mut self, name: &str, of: impl Fn(R) -> u16) {
        let array = UInt16Array::from_iter_values(self.rows().map(of));
        self.push(name, Arc::new(array), false, Packing::Delta);
    }

    /// A number that may be missing.
    pub(super) fn integer(&mut self, name: &str, of: impl Fn(R) -> Option<i64>) {
        self.optional::<Int64Type>(name, Packing::Delta, of);
    }

    /// A 32-bit number that may be missing.
    pub(super) fn word(&mut self, name: &str, of: impl Fn(R) -> Option<u32>) {
        self.optional::<UInt32Type>(name, Packing::Delta, of);
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
        self.push("instrument", Arc::new(array), false, Packing::Delta);
    }

    fn journal_seq(&mut self) {
        let array = UInt64Array::from_iter_values(self.items.iter().map(|item| item.seq));
        self.push("journal_seq", Arc::new(array), false, Packing::Delta);
    }

    /// The power of ten of one or several numbers.
    pub(super) fn exponent(&mut self, name: &str, of: impl Fn(R) -> i8) {
        let array = Int8Array::from_iter_values(self.rows().map(of));
        self.push(name, Arc::new(array), false, Packing::Delta);
    }

    /// An exact number that stays near the one before, as prices do. Its mantissa is [`ABSENT`] where it
    /// is not given: the convenient fraction stands under `name`, the mantissa under `name_m`. Its
    /// exponent has a column of its own.
    pub(super) fn number(&mut self, name: &str, of: impl Fn(R) -> (i64, i8)) {
        self.exact(name, Packing::Delta, of);
    }

    /// As [`Columns::number`], of a number that has nothing to do with the one before: a quantity.
    pub(super) fn amount(&mut self, name: &str, of: impl Fn(R) -> (i64, i8)) {
        self.exact(name, Packing::Plain, of);
    }

    fn exact(&mut self, name: &str, packing: Packing, of: impl Fn(R) -> (i64, i8)) {
        let value = |row| Some(of(row)).filter(|(mantissa, _)| *mantissa != ABSENT);
        self.fraction(name, value);
        self.optional::<Int64Type>(&format!("{name}_m"), packing, |row| {
            value(row).map(|(mantissa, _)| mantissa)
        });
    }

    /// The convenient fraction alone, of a number whose exact form stands elsewhere in the row.
    pub(super) fn fraction(&mut self, name: &str, of: impl Fn(R) -> Option<(i64, i8)>) {
        if self.doubles {
            self.optional::<Float64Type>(name, Packing::Plain, |row| {
                of(row).map(|(mantissa, exp)| double(mantissa, exp))
            });
        }
    }

    /// Values that may be missing. Where none is, there is no list of the missing ones either: the writer
    /// takes the values as they lie.
    fn optional<T: ArrowPrimitiveType>(
        &mut self,
        name: &str,
        packing: Packing,
        of: impl Fn(R) -> Option<T::Native>,
    ) {
        let mut values = Vec::with_capacity(self.items.len());
        let mut given = NullBufferBuilder::new(self.items.len());
        for row in self.rows() {
            let value = of(row);
            given.append(value.is_some());
            values.push(value.unwrap_or_default());
        }
        let array = PrimitiveArray::<T>::new(values.into(), given.finish());
        self.push(name, Arc::new(array), true, packing);
    }

    /// A list of exact numbers with one exponent, as [`Columns::number`].
    pub(super) fn numbers<I: Iterator<Item = i64>>(
        &mut self,
        name: &str,
        exp: impl Fn(R) -> i8,
        of: impl Fn(R) -> I,
    ) {
        self.fractions(name, exp, &of);
        self.integers(&format!("{name}_m"), Packing::Delta, of);
    }

    /// A list of exact numbers with one exponent, as [`Columns::amount`].
    pub(super) fn amounts<I: Iterator<Item = i64>>(
        &mut self,
        name: &str,
        exp: impl Fn(R) -> i8,
        of: impl Fn(R) -> I,
    ) {
        self.fractions(name, exp, &of);
        self.integers(&format!("{name}_m"), Packing::Plain, of);
    }

    fn fractions<I: Iterator<Item = i64>>(
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
            self.push(name, Arc::new(list.finish()), false, Packing::Plain);
        }
    }

    /// A list of integers.
    pub(super) fn integers<I: Iterator<Item = i64>>(
        &mut self,
        name: &str,
        packing: Packing,
        of: impl Fn(R) -> I,
    ) {
        let mut list = list(Int64Builder::new(), DataType::Int64);
        for row in self.rows() {
            of(row).for_each(|value| list.values().append_value(value));
            list.append(true);
        }
        self.push(name, Arc::new(list.finish()), false, packing);
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

/// Nanoseconds between the kernel's stamp and ours, if there is one: a few bits, where the stamp would
/// take as many as `ts_recv` again.
fn kernel_ns<R: TableRow>(row: R) -> Option<i64> {
    let header = row.header();
    let given = Some(header.ts_kernel).filter(|ts| *ts != 0);
    given.map(|ts_kernel| header.ts_recv.wrapping_sub(ts_kernel))
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
