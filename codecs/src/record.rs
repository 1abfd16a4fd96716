//! The records: one fixed layout in memory, in the ring, in the journal and on the network.
//!
//! A record is little-endian, 8-byte aligned and a multiple of 8 bytes long. Its first 8 bytes are
//! the standard SBE message header, its fixed block follows, then SBE repeating groups (levels,
//! orders, figures) or variable-length data (texts). `codecs/schema/feedd.xml` describes every
//! record; tests compare each offset, code and bit of this module with that file.
//!
//! ```text
//! |  0       8                              64              block_length + 8             |
//! |  SBE hdr |  common fields of all records |  the kind's own fields  |  groups or texts |
//! ```
//!
//! Evolution is additive: fields are appended to a block, `version` rises, and readers skip by
//! `block_length`, so an old reader reads new journals and a new reader reads old ones.

mod bbo;
mod book;
mod candle;
mod figure;
mod gap;
mod header;
mod instrument;
#[cfg(test)]
mod layout_tests;
mod liquidation;
mod orders;
mod status;
mod ticker;
mod trade;
mod wire;
#[cfg(test)]
mod wire_tests;

pub use bbo::Bbo;
pub use book::{BookEvent, BookHead, Level, SEQ_NONE};
pub use candle::Candle;
pub use figure::{Figure, FigureName};
pub use gap::{Gap, GapCause, GapEnd};
pub use header::{Flags, Header, Kind, SCHEMA_ID, SCHEMA_VERSION};
pub use instrument::{
    Change, InstrumentHead, InstrumentText, InstrumentType, OptionRight, TradingState,
};
pub use liquidation::Liquidation;
pub use orders::{ORDER_ID_BYTES, Order, OrderAction, OrdersEvent, OrdersHead};
pub use status::{StatusCode, StatusHead};
pub use ticker::{TickerEvent, TickerHead};
pub use trade::{Conditions, IdKind, Side, Trade, TradeId};
pub use wire::{RECORD_BYTES_MAX, WireError};

/// Mantissa that means "none": an empty side of a [`Bbo`], a number that the venue does not give.
pub const ABSENT: i64 = i64::MIN;

/// One record, borrowed: from the decoder's scratch on the way in, from mapped bytes on the way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// One fill, or one aggregate of fills.
    Trade(&'a Trade),
    /// Best bid and offer.
    Bbo(&'a Bbo),
    /// The levels that one venue event changed.
    BookDelta(BookEvent<'a>),
    /// All levels of a book after one venue event.
    BookSnapshot(BookEvent<'a>),
    /// Statistics: the full state of a ticker, mark price, … channel.
    Ticker(TickerEvent<'a>),
    /// Open, high, low, close, volume of one interval.
    Candle(&'a Candle),
    /// A position that the venue closed.
    Liquidation(&'a Liquidation),
    /// The orders that one venue event changed.
    OrdersDelta(OrdersEvent<'a>),
    /// All orders of a book.
    OrdersSnapshot(OrdersEvent<'a>),
    /// Reference data: an instrument appeared, changed or went.
    Instrument(&'a InstrumentHead, InstrumentText<'a>),
    /// State of a line, a stream or a venue.
    Status(&'a StatusHead, &'a str),
    /// Something was missed: what, why and since where.
    Gap(&'a Gap),
}

impl Record<'_> {
    /// The fields that all records share.
    #[must_use]
    pub const fn header(&self) -> &Header {
        match self {
            Self::Trade(trade) => &trade.header,
            Self::Bbo(bbo) => &bbo.header,
            Self::BookDelta(event) | Self::BookSnapshot(event) => &event.head.header,
            Self::Ticker(event) => &event.head.header,
            Self::Candle(candle) => &candle.header,
            Self::Liquidation(liquidation) => &liquidation.header,
            Self::OrdersDelta(event) | Self::OrdersSnapshot(event) => &event.head.header,
            Self::Instrument(head, _) => &head.header,
            Self::Status(head, _) => &head.header,
            Self::Gap(gap) => &gap.header,
        }
    }

    /// The record's kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Trade(_) => Kind::Trade,
            Self::Bbo(_) => Kind::Bbo,
            Self::BookDelta(_) => Kind::BookDelta,
            Self::BookSnapshot(_) => Kind::BookSnapshot,
            Self::Ticker(_) => Kind::Ticker,
            Self::Candle(_) => Kind::Candle,
            Self::Liquidation(_) => Kind::Liquidation,
            Self::OrdersDelta(_) => Kind::OrdersDelta,
            Self::OrdersSnapshot(_) => Kind::OrdersSnapshot,
            Self::Instrument(..) => Kind::Instrument,
            Self::Status(..) => Kind::Status,
            Self::Gap(_) => Kind::Gap,
        }
    }
}

/// Where finished records go: a ring, a journal, a file, a test.
pub trait RecordSink {
    /// Takes one record; the borrow ends with the call.
    ///
    /// # Hot path
    ///
    /// Called once per record on the reader thread: must not allocate, lock or log.
    fn record(&mut self, record: &Record<'_>);

    /// New symbols of `venue` got the next ids, in this order, before the first record that uses
    /// one. Whoever keeps ids for longer than a run notes them here.
    fn enrol(&mut self, _venue: crate::venue::VenueId, _symbols: &[Box<str>]) {}
}

impl<F: FnMut(&Record<'_>)> RecordSink for F {
    fn record(&mut self, record: &Record<'_>) {
        self(record);
    }
}
