//! Tickers and derivatives: mark, index, funding, open interest and whatever else a venue tells.
//!
//! All figures of a record stand in three lists, exact and complete; those that queries ask for most
//! have convenient columns beside them.

use feedd_codecs::record::{Figure, FigureName, Header, TickerEvent};

use super::super::columns::{Columns, Packing, TableRow};

/// Figures with a column of their own.
const FRACTIONS: [FigureName; 16] = [
    FigureName::LAST_PRICE,
    FigureName::MARK_PRICE,
    FigureName::INDEX_PRICE,
    FigureName::FUNDING_RATE,
    FigureName::RELATIVE_FUNDING_RATE,
    FigureName::OPEN_INTEREST,
    FigureName::OPEN_INTEREST_VALUE,
    FigureName::BID_PRICE,
    FigureName::BID_QTY,
    FigureName::ASK_PRICE,
    FigureName::ASK_QTY,
    FigureName::OPEN,
    FigureName::HIGH,
    FigureName::LOW,
    FigureName::VOLUME,
    FigureName::QUOTE_VOLUME,
];
/// Power of ten of nanoseconds in seconds.
const NANOS_EXP: i8 = -9;

impl TableRow for TickerEvent<'_> {
    fn header(&self) -> &Header {
        &self.head.header
    }

    fn columns(columns: &mut Columns<'_, Self>) {
        columns.name("channel", |event| Some(event.head.channel.name()));
        for name in FRACTIONS {
            columns.fraction(name.name(), |event| {
                find(event, name).map(|figure| (figure.mantissa, figure.exp))
            });
        }
        columns.given_stamp("next_funding_time", |event| {
            let time = find(event, FigureName::NEXT_FUNDING_TIME);
            time.and_then(|figure| figure.value().at(NANOS_EXP))
                .unwrap_or(0)
        });
        columns.names("figure_names", |event| {
            event.figures.iter().map(|figure| figure.name.name())
        });
        columns.integers("figures_m", Packing::Plain, |event| {
            event.figures.iter().map(|figure| figure.mantissa)
        });
        columns.exponents("figures_exp", |event| {
            event.figures.iter().map(|figure| figure.exp)
        });
    }
}

fn find(event: TickerEvent<'_>, name: FigureName) -> Option<&Figure> {
    event.figures.iter().find(|figure| figure.name == name)
}
