//! The tables: one for each kind of record, under the name that a query would look for.

mod book;
mod market;
mod state;
mod statistics;

use std::sync::Arc;

use arrow_array::{RecordBatch, StringArray};
use arrow_schema::{ArrowError, Field, Schema};
use feedd_codecs::Record;
use feedd_codecs::record::{
    Bbo, BookEvent, Candle, Gap, InstrumentHead, InstrumentText, Kind, Liquidation, OrdersEvent,
    StatusHead, TickerEvent, Trade,
};

use super::columns::{Columns, Item, Packing, TableRow};

/// A table: the records of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Table(Kind);

/// A record with its sequence and the index of its symbol.
pub(super) type Found<'a> = Item<Record<'a>>;

impl Table {
    /// The table of a kind.
    #[must_use]
    pub const fn of(kind: Kind) -> Self {
        Self(kind)
    }

    /// Every table.
    pub fn all() -> impl Iterator<Item = Self> {
        Kind::ALL.into_iter().map(Self)
    }

    /// Its kind of record.
    #[must_use]
    pub const fn kind(self) -> Kind {
        self.0
    }

    /// Its directory's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            Kind::Trade => "trades",
            Kind::Bbo => "bbo",
            Kind::BookDelta => "book_deltas",
            Kind::BookSnapshot => "book_snapshots",
            Kind::Ticker => "tickers",
            Kind::Candle => "candles",
            Kind::Liquidation => "liquidations",
            Kind::OrdersDelta => "order_deltas",
            Kind::OrdersSnapshot => "order_snapshots",
            Kind::Instrument => "instruments",
            Kind::Status => "status",
            Kind::Gap => "gaps",
            _ => "others",
        }
    }

    /// The schema, and how each column is packed.
    pub(super) fn schema(self, doubles: bool) -> (Schema, Vec<(Field, Packing)>) {
        let none = Arc::new(StringArray::from(Vec::<&str>::new()));
        match self.0 {
            Kind::Trade => schema::<&Trade>(&none, doubles),
            Kind::Bbo => schema::<&Bbo>(&none, doubles),
            Kind::BookDelta | Kind::BookSnapshot => schema::<BookEvent<'_>>(&none, doubles),
            Kind::Ticker => schema::<TickerEvent<'_>>(&none, doubles),
            Kind::Candle => schema::<&Candle>(&none, doubles),
            Kind::Liquidation => schema::<&Liquidation>(&none, doubles),
            Kind::OrdersDelta | Kind::OrdersSnapshot => schema::<OrdersEvent<'_>>(&none, doubles),
            Kind::Instrument => schema::<(&InstrumentHead, InstrumentText<'_>)>(&none, doubles),
            Kind::Gap => schema::<&Gap>(&none, doubles),
            _ => schema::<(&StatusHead, &str)>(&none, doubles),
        }
    }

    /// How the columns of a file of this table are packed, of which it may lack some.
    pub(super) fn packed(self, schema: &Schema) -> Vec<(Field, Packing)> {
        let (_, known) = self.schema(true);
        let of = |name: &str| known.iter().find(|(field, _)| field.name() == name);
        let fields = schema.fields().iter();
        fields
            .map(|field| {
                let packing = of(field.name()).map_or(Packing::Dictionary, |(_, packing)| *packing);
                (field.as_ref().clone(), packing)
            })
            .collect()
    }

    /// The columns of `found`, all of which must be of this table's kind.
    pub(super) fn batch(
        self,
        found: &[Found<'_>],
        symbols: &Arc<StringArray>,
        doubles: bool,
    ) -> Result<RecordBatch, ArrowError> {
        macro_rules! batch {
            ($pattern:pat => $row:expr) => {
                pick(found, |record| match record {
                    $pattern => Some($row),
                    _ => None,
                })
            };
        }
        macro_rules! columns {
            ($pattern:pat => $row:expr) => {
                Columns::of(&batch!($pattern => $row), symbols, doubles).batch()
            };
        }
        match self.0 {
            Kind::Trade => columns!(Record::Trade(trade) => trade),
            Kind::Bbo => columns!(Record::Bbo(bbo) => bbo),
            Kind::BookDelta => columns!(Record::BookDelta(event) => event),
            Kind::BookSnapshot => columns!(Record::BookSnapshot(event) => event),
            Kind::Ticker => columns!(Record::Ticker(event) => event),
            Kind::Candle => columns!(Record::Candle(candle) => candle),
            Kind::Liquidation => columns!(Record::Liquidation(found) => found),
            Kind::OrdersDelta => columns!(Record::OrdersDelta(event) => event),
            Kind::OrdersSnapshot => columns!(Record::OrdersSnapshot(event) => event),
            Kind::Instrument => columns!(Record::Instrument(head, text) => (head, text)),
            Kind::Gap => columns!(Record::Gap(gap) => gap),
            _ => columns!(Record::Status(head, text) => (head, text)),
        }
    }
}

fn pick<'a, R>(found: &[Found<'a>], row: impl Fn(Record<'a>) -> Option<R>) -> Vec<Item<R>> {
    let item = |found: &Found<'a>| {
        Some(Item {
            seq: found.seq,
            symbol: found.symbol,
            row: row(found.row)?,
        })
    };
    found.iter().filter_map(item).collect()
}

fn schema<R: TableRow>(none: &Arc<StringArray>, doubles: bool) -> (Schema, Vec<(Field, Packing)>) {
    let columns = Columns::<R>::of(&[], none, doubles);
    let packings = columns.packings();
    let packings = packings
        .map(|(field, packing)| (field.clone(), packing))
        .collect();
    (columns.schema(), packings)
}
