//! One row in the making, for either protocol.

use std::fmt::Write;

use feedd_codecs::VenueId;
use feedd_codecs::fixed::Fixed;
use feedd_codecs::record::{ABSENT, Flags, Header, Level};
use feedd_codecs::time::Nanos;
use feedd_storage::sink::Row;
use feedd_storage::sink::parquet::{Double, double};
use questdb::ingress::{Buffer, ColumnName, DecimalView, NdArrayView, TableName, TimestampNanos};

/// Why a row cannot be written.
pub(super) type Written<T = ()> = Result<T, questdb::Error>;

/// A row that was begun in a buffer.
pub(super) struct Line<'b> {
    buffer: &'b mut Buffer,
    scratch: &'b mut Scratch,
}

/// Memory that rows are written with.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    levels: Levels,
    text: String,
}

impl Scratch {
    /// The text of `value`, until the next one.
    fn show(&mut self, value: impl std::fmt::Display) -> &str {
        self.text.clear();
        // Writing to a string cannot fail.
        let _ = write!(self.text, "{value}");
        &self.text
    }
}

impl<'b> Line<'b> {
    /// Begins a row of `table` with venue and symbol.
    pub(super) fn begin(
        buffer: &'b mut Buffer,
        scratch: &'b mut Scratch,
        table: &'static str,
        row: &Row<'_>,
    ) -> Written<Self> {
        buffer.table(TableName::new_unchecked(table))?;
        // A gap of a whole line belongs to no venue.
        let venue = if VenueId::all().any(|known| known == row.venue) {
            scratch.show(row.venue)
        } else {
            "none"
        };
        buffer.symbol(ColumnName::new_unchecked("venue"), venue)?;
        let mut line = Self { buffer, scratch };
        line.symbol("symbol", row.symbol.unwrap_or_default())?;
        Ok(line)
    }

    /// A word of few; nothing if it is empty. Words come before everything else of a row.
    pub(super) fn symbol(&mut self, name: &'static str, value: &str) -> Written<&mut Self> {
        if !value.is_empty() {
            self.buffer.symbol(ColumnName::new_unchecked(name), value)?;
        }
        Ok(self)
    }

    /// A text; nothing if it is empty.
    pub(super) fn text(&mut self, name: &'static str, value: &str) -> Written<&mut Self> {
        if !value.is_empty() {
            self.buffer
                .column_str(ColumnName::new_unchecked(name), value)?;
        }
        Ok(self)
    }

    /// The text of a value.
    pub(super) fn shown(
        &mut self,
        name: &'static str,
        value: impl std::fmt::Display,
    ) -> Written<&mut Self> {
        let text = self.scratch.show(value);
        self.buffer
            .column_str(ColumnName::new_unchecked(name), text)?;
        Ok(self)
    }

    pub(super) fn whole(&mut self, name: &'static str, value: i64) -> Written<&mut Self> {
        self.buffer
            .column_i64(ColumnName::new_unchecked(name), value)?;
        Ok(self)
    }

    /// A venue's number; nothing if it is 0, which is how records say that there is none.
    pub(super) fn id(&mut self, name: &'static str, value: u64) -> Written<&mut Self> {
        match i64::try_from(value) {
            Ok(0) => Ok(self),
            Ok(value) => self.whole(name, value),
            Err(_) => Err(questdb::Error::new(
                questdb::ErrorCode::InvalidApiCall,
                format!("{name} {value} needs more than 63 bits"),
            )),
        }
    }

    pub(super) fn flag(&mut self, name: &'static str, value: bool) -> Written<&mut Self> {
        self.buffer
            .column_bool(ColumnName::new_unchecked(name), value)?;
        Ok(self)
    }

    /// A time; nothing if it is 0.
    pub(super) fn stamp(&mut self, name: &'static str, value: Nanos) -> Written<&mut Self> {
        if value != 0 {
            self.buffer
                .column_ts(ColumnName::new_unchecked(name), TimestampNanos::new(value))?;
        }
        Ok(self)
    }

    /// A number as the nearest binary fraction; nothing if it is absent.
    pub(super) fn near(&mut self, name: &'static str, value: Fixed) -> Written<&mut Self> {
        if value.mantissa != ABSENT {
            self.buffer.column_f64(
                ColumnName::new_unchecked(name),
                double(value.mantissa, value.exp),
            )?;
        }
        Ok(self)
    }

    /// A number as it is; nothing if it is absent.
    pub(super) fn exact(&mut self, name: &'static str, value: Fixed) -> Written<&mut Self> {
        if value.mantissa == ABSENT {
            return Ok(self);
        }
        let column = ColumnName::new_unchecked(name);
        if value.exp <= 0 {
            let bytes = value.mantissa.to_be_bytes();
            let scale = u32::from(value.exp.unsigned_abs());
            self.buffer
                .column_dec(column, DecimalView::try_new_scaled(scale, &bytes[..])?)?;
        } else {
            // 10^18 times an `i64` fits; a coarser exponent does not occur in records.
            let factor = 10_i128.saturating_pow(u32::from(value.exp.unsigned_abs()));
            let bytes = i128::from(value.mantissa)
                .saturating_mul(factor)
                .to_be_bytes();
            self.buffer
                .column_dec(column, DecimalView::try_new_scaled(0, &bytes[..])?)?;
        }
        Ok(self)
    }

    /// Both forms of a number: `name` and `exact_name`.
    pub(super) fn both(
        &mut self,
        name: &'static str,
        exact_name: &'static str,
        value: Fixed,
    ) -> Written<&mut Self> {
        self.near(name, value)?.exact(exact_name, value)
    }

    /// One side of a book as `DOUBLE[2][n]`, prices then quantities; nothing if it has no level.
    pub(super) fn levels(
        &mut self,
        name: &'static str,
        levels: &[Level],
        (px_exp, qty_exp): (i8, i8),
    ) -> Written<&mut Self> {
        if !levels.is_empty() {
            self.scratch.levels.fill(levels, px_exp, qty_exp);
            self.buffer
                .column_arr(ColumnName::new_unchecked(name), &self.scratch.levels)?;
        }
        Ok(self)
    }

    /// The columns that all tables share, and the end of the row.
    pub(super) fn end(&mut self, row: &Row<'_>) -> Written {
        let Header {
            ts_venue,
            seq,
            flags: Flags(flags),
            ts_recv,
            ..
        } = *row.record.header();
        self.stamp("ts_venue", ts_venue)?
            .id("venue_seq", seq)?
            .whole("flags", i64::from(flags))?
            .id("seq", row.seq)?;
        self.buffer.at(TimestampNanos::new(ts_recv))
    }
}

/// Levels in the form of an array: all prices, then all quantities.
#[derive(Debug, Default)]
struct Levels(Vec<Double>);

impl Levels {
    fn fill(&mut self, levels: &[Level], px_exp: i8, qty_exp: i8) {
        self.0.clear();
        let prices = levels.iter().map(|level| double(level.px, px_exp));
        self.0.extend(prices);
        let quantities = levels.iter().map(|level| double(level.qty, qty_exp));
        self.0.extend(quantities);
    }
}

impl NdArrayView<Double> for Levels {
    type Iter<'a> = std::slice::Iter<'a, Double>;

    fn ndim(&self) -> usize {
        2
    }

    fn dim(&self, index: usize) -> Result<usize, questdb::Error> {
        match index {
            0 => Ok(2),
            1 => Ok(self.0.len() / 2),
            _ => Err(questdb::Error::new(
                questdb::ErrorCode::ArrayError,
                format!("a side of a book has no dimension {index}"),
            )),
        }
    }

    fn as_slice(&self) -> Option<&[Double]> {
        Some(&self.0)
    }

    fn iter(&self) -> Self::Iter<'_> {
        self.0.iter()
    }
}
