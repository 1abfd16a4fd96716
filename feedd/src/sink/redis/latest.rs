//! The newest values of each instrument, as texts.
//!
//! | group | fields |
//! |---|---|
//! | bbo | `bbo_bid`, `bbo_bid_qty`, `bbo_ask`, `bbo_ask_qty`, `bbo_ts` |
//! | trade | `trade_price`, `trade_qty`, `trade_side`, `trade_id`, `trade_ts` |
//! | mark | `mark_price`, `mark_index_price`, `mark_funding_rate`, `mark_ts` |
//! | book | `book_bid`, `book_bid_qty`, `book_ask`, `book_ask_qty`, `book_bad` (1: not known to be right), `book_ts` |
//!
//! Numbers are exact, an absent one is empty; `…_ts` is the receive stamp in nanoseconds.

use std::collections::{BTreeSet, HashMap};

use feedd_codecs::book::Book;
use feedd_codecs::record::{
    ABSENT, Bbo, BookEvent, FigureName, Flags, Level, Side, TickerEvent, Trade, TradeId,
};
use feedd_codecs::time::Nanos;
use feedd_codecs::venue::Channel;
use feedd_codecs::{Fixed, InstrumentId, Record};
use zerocopy::IntoBytes;

/// Fields that are written together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    Bbo,
    Trade,
    Mark,
    Book,
}

/// Names and texts of a group's fields.
pub(super) type Fields = Vec<(&'static str, String)>;

/// The newest values of all instruments.
#[derive(Debug, Default)]
pub(super) struct Latest(HashMap<InstrumentId, Values>);

#[derive(Debug, Default)]
struct Values {
    symbol: String,
    bbo: Option<Bbo>,
    trade: Option<LastTrade>,
    mark: Option<Mark>,
    book: Option<(Book, bool, Nanos)>,
}

#[derive(Debug)]
struct LastTrade {
    px: Fixed,
    qty: Fixed,
    side: Side,
    id: TradeId,
    ts: Nanos,
}

#[derive(Debug)]
struct Mark {
    price: Fixed,
    index: Fixed,
    funding: Fixed,
    ts: Nanos,
}

impl Latest {
    /// Notes the symbol of an instrument.
    pub(super) fn name(&mut self, instrument: InstrumentId, symbol: &str) {
        let values = self.0.entry(instrument).or_default();
        if values.symbol != symbol {
            symbol.clone_into(&mut values.symbol);
        }
    }

    pub(super) fn symbol(&self, instrument: InstrumentId) -> &str {
        let values = self.0.get(&instrument);
        values.map_or("", |values| &values.symbol)
    }

    /// Every group that has a value.
    pub(super) fn groups(&self) -> BTreeSet<(InstrumentId, Group)> {
        const ALL: [Group; 4] = [Group::Bbo, Group::Trade, Group::Mark, Group::Book];
        let of = |(id, values): (&InstrumentId, &Values)| {
            let id = *id;
            let named = !values.symbol.is_empty();
            ALL.map(|group| (id, group))
                .into_iter()
                .filter(move |_| named)
        };
        self.0.iter().flat_map(of).collect()
    }

    /// Takes a record's bytes as they stand in the journal; what cannot be read has no value.
    pub(super) fn take_bytes(&mut self, bytes: &[u8]) {
        let mut words = vec![0_u64; bytes.len().div_ceil(size_of::<u64>())];
        if let Some(to) = words.as_mut_bytes().get_mut(..bytes.len()) {
            to.copy_from_slice(bytes);
        }
        let Ok(record) = Record::parse(words.as_bytes()) else {
            return;
        };
        if let Record::Instrument(head, text) = &record {
            self.name(head.header.instrument, text.symbol);
        }
        self.take(&record);
    }

    /// Takes a record; which group it changed.
    pub(super) fn take(&mut self, record: &Record<'_>) -> Option<Group> {
        let header = record.header();
        let values = self.0.entry(header.instrument).or_default();
        // What belongs before what stands there is not newer; books put it in its place.
        let newer = (header.flags.0 & (Flags::LATE.0 | Flags::BACKFILL.0)) == 0;
        match record {
            Record::Bbo(_) | Record::Trade(_) | Record::Ticker(_) if !newer => None,
            Record::Bbo(bbo) => {
                values.bbo = Some(**bbo);
                Some(Group::Bbo)
            }
            Record::Trade(trade) => {
                values.trade = Some(LastTrade::of(trade));
                Some(Group::Trade)
            }
            Record::Ticker(event) => {
                values.mark = Some(Mark::of(event)?);
                Some(Group::Mark)
            }
            Record::BookSnapshot(event) => values.replace_book(event),
            Record::BookDelta(event) => values.apply_book(event),
            _ => None,
        }
    }

    /// The fields of a group; nothing if it has no value yet.
    pub(super) fn fields(&self, instrument: InstrumentId, group: Group) -> Option<Fields> {
        let values = self.0.get(&instrument)?;
        match group {
            Group::Bbo => values.bbo.as_ref().map(bbo_fields),
            Group::Trade => values.trade.as_ref().map(LastTrade::fields),
            Group::Mark => values.mark.as_ref().map(Mark::fields),
            Group::Book => values.book_fields(),
        }
    }
}

impl Values {
    fn replace_book(&mut self, event: &BookEvent<'_>) -> Option<Group> {
        let head = event.head;
        if head.channel != Channel::BOOK {
            return None;
        }
        let (mut book, ..) = self.book.take().unwrap_or_default();
        let done = book.replace(event.bids, event.asks, head.px_exp, head.qty_exp);
        self.keep_book(book, event, done.is_ok())
    }

    /// A change of a book that is not known changes nothing.
    fn apply_book(&mut self, event: &BookEvent<'_>) -> Option<Group> {
        let head = event.head;
        if head.channel != Channel::BOOK {
            return None;
        }
        let (mut book, ..) = self.book.take()?;
        let done = book.apply(event.bids, event.asks, head.px_exp, head.qty_exp);
        book.cut(head.depth);
        self.keep_book(book, event, done.is_ok())
    }

    fn keep_book(&mut self, book: Book, event: &BookEvent<'_>, sound: bool) -> Option<Group> {
        let header = &event.head.header;
        let bad = !sound || header.flags.contains(Flags::MAYBE_BAD_BOOK);
        self.book = Some((book, bad, header.ts_recv));
        Some(Group::Book)
    }

    fn book_fields(&self) -> Option<Fields> {
        let (book, bad, ts) = self.book.as_ref()?;
        let none = Level { px: ABSENT, qty: 0 };
        let (bid, ask) = (book.bids().next(), book.asks().next());
        let (bid, ask) = (bid.unwrap_or(&none), ask.unwrap_or(&none));
        let (px, qty) = (book.px_exp(), book.qty_exp());
        Some(vec![
            ("book_bid", text(bid.px, px)),
            ("book_bid_qty", text(bid.qty, qty)),
            ("book_ask", text(ask.px, px)),
            ("book_ask_qty", text(ask.qty, qty)),
            ("book_bad", u8::from(*bad).to_string()),
            ("book_ts", ts.to_string()),
        ])
    }
}

fn bbo_fields(bbo: &Bbo) -> Fields {
    vec![
        ("bbo_bid", text(bbo.bid_px, bbo.px_exp)),
        ("bbo_bid_qty", text(bbo.bid_qty, bbo.qty_exp)),
        ("bbo_ask", text(bbo.ask_px, bbo.px_exp)),
        ("bbo_ask_qty", text(bbo.ask_qty, bbo.qty_exp)),
        ("bbo_ts", bbo.header.ts_recv.to_string()),
    ]
}

impl LastTrade {
    fn of(trade: &Trade) -> Self {
        Self {
            px: Fixed::new(trade.px, trade.px_exp),
            qty: Fixed::new(trade.qty, trade.qty_exp),
            side: trade.side,
            id: trade.id(),
            ts: trade.header.ts_recv,
        }
    }

    fn fields(&self) -> Fields {
        vec![
            ("trade_price", self.px.to_string()),
            ("trade_qty", self.qty.to_string()),
            (
                "trade_side",
                self.side.name().unwrap_or_default().to_owned(),
            ),
            ("trade_id", self.id.to_string()),
            ("trade_ts", self.ts.to_string()),
        ]
    }
}

impl Mark {
    /// Nothing of a ticker without a mark price.
    fn of(event: &TickerEvent<'_>) -> Option<Self> {
        let figure = |name| {
            let figure = event.figures.iter().find(|figure| figure.name == name);
            figure.map(|figure| figure.value())
        };
        let absent = Fixed::new(ABSENT, 0);
        Some(Self {
            price: figure(FigureName::MARK_PRICE)?,
            index: figure(FigureName::INDEX_PRICE).unwrap_or(absent),
            funding: figure(FigureName::FUNDING_RATE).unwrap_or(absent),
            ts: event.head.header.ts_recv,
        })
    }

    fn fields(&self) -> Fields {
        let show = |value: Fixed| text(value.mantissa, value.exp);
        vec![
            ("mark_price", show(self.price)),
            ("mark_index_price", show(self.index)),
            ("mark_funding_rate", show(self.funding)),
            ("mark_ts", self.ts.to_string()),
        ]
    }
}

fn text(mantissa: i64, exp: i8) -> String {
    if mantissa == ABSENT {
        String::new()
    } else {
        Fixed::new(mantissa, exp).to_string()
    }
}
