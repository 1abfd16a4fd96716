//! The high-rate messages as templates, and what their values become.
//!
//! Shapes of recordings from 2025-05 on; see this folder's `README.md`.

use super::decode::{self, View};
use crate::batch::{Batch, Item};
use crate::instrument::Instruments;
use crate::json::Item as Json;
use crate::record::{BookHead, Figure, Flags, Kind as RecordKind, TickerHead, Trade, TradeId};
use crate::reject::Reject;
use crate::scan::{Frame, Grammar, Isa, Kind, Reason, Values, word};
use crate::venue::{Channel, figures};

/// The scanner's side of Kraken Spot.
#[derive(Debug)]
pub(super) struct Shapes;

const TRADE: usize = 0;
const BOOK: usize = 1;
const TICKER: usize = 2;

/// Slots of trades.
mod fill {
    pub(super) const NAMES: &[&str] = &["type", "symbol", "side", "price", "qty", "id", "time"];
    pub(super) const TYPE: usize = 0;
    pub(super) const SIDE: usize = 2;
    pub(super) const PX: usize = 3;
    pub(super) const QTY: usize = 4;
    pub(super) const ID: usize = 5;
    pub(super) const TIME: usize = 6;
}

/// Slots of books.
mod book {
    pub(super) const NAMES: &[&str] = &["type", "symbol", "b", "a", "checksum", "time"];
    pub(super) const TYPE: usize = 0;
    pub(super) const CHECKSUM: usize = 4;
    pub(super) const TIME: usize = 5;
}

/// Slots of best prices and the statistics with them.
mod best {
    use crate::record::FigureName;

    pub(super) const NAMES: &[&str] = &[
        "type",
        "symbol",
        "bid",
        "bid_qty",
        "ask",
        "ask_qty",
        "time",
        "last",
        "volume",
        "vwap",
        "low",
        "high",
        "change",
        "change_pct",
        "trades",
    ];
    pub(super) const TYPE: usize = 0;
    /// Price and quantity of the bid, then of the offer.
    pub(super) const SIDES: [usize; 4] = [2, 3, 4, 5];
    pub(super) const TIME: usize = 6;
    pub(super) const FIGURES: [(usize, FigureName); 8] = [
        (7, FigureName::LAST_PRICE),
        (8, FigureName::VOLUME),
        (9, FigureName::VWAP),
        (10, FigureName::LOW),
        (11, FigureName::HIGH),
        (12, FigureName::CHANGE),
        (13, FigureName::CHANGE_PERCENT),
        (14, FigureName::TRADES),
    ];
}

/// A best price: what stands before the fields that came later, and those.
macro_rules! tickers {
    ($($later:literal),+ $(,)?) => {
        &[$(concat!(
            r#"{"channel":"ticker","type":"<type:text>","data":[{"symbol":"<symbol:symbol>","bid":<bid:number>,"bid_qty":<bid_qty:number>,"ask":<ask:number>,"ask_qty":<ask_qty:number>,"last":<last:number>,"volume":<volume:number>,"vwap":<vwap:number>,"low":<low:number>,"high":<high:number>,"change":<change:signed>,"change_pct":<change_pct:signed>"#,
            $later,
            "}]}"
        ),)+]
    };
}

const KINDS: &[Kind] = &[
    Kind {
        channel: Channel::TRADE,
        slots: fill::NAMES,
        templates: &[
            r#"{"channel":"trade","type":"<type:text>","data":[<{>{"symbol":"<symbol:symbol>","side":"<side:text>","price":<price:number>,"qty":<qty:number>,"ord_type":"<_:text>","trade_id":<id:digits>,"timestamp":"<time:text>"}<}>]}"#,
        ],
    },
    Kind {
        channel: Channel::BOOK,
        slots: book::NAMES,
        templates: &[
            r#"{"channel":"book","type":"<type:text>","data":[{"symbol":"<symbol:symbol>","bids":<b:bids {"price":*,"qty":*}>,"asks":<a:asks {"price":*,"qty":*}>,"checksum":<checksum:digits>,"timestamp":"<time:text>"}]}"#,
            r#"{"channel":"book","type":"<type:text>","data":[{"symbol":"<symbol:symbol>","bids":<b:bids {"price":*,"qty":*}>,"asks":<a:asks {"price":*,"qty":*}>,"checksum":<checksum:digits>}]}"#,
        ],
    },
    Kind {
        channel: Channel::BBO,
        slots: best::NAMES,
        templates: tickers!(
            ",\"trades\":<trades:number>,\"timestamp\":\"<time:text>\"",
            ",\"timestamp\":\"<time:text>\"",
            "",
        ),
    },
];

/// Bytes before the channel's name.
const CHANNEL_AT: usize = 12;

/// Bytes before the symbol of a trade.
const SYMBOL_AT: usize = 53;

/// Bytes before that of a trade behind the first.
const LATER_SYMBOL_AT: usize = 12;

impl Grammar for Shapes {
    type Context = View;

    const KINDS: &'static [Kind] = KINDS;

    const SYMBOL_AT: usize = SYMBOL_AT;

    const LATER_SYMBOL_AT: Option<usize> = Some(LATER_SYMBOL_AT);

    const LEVELS: Option<(usize, u8)> = Some((CHANNEL_AT, b'b'));

    #[inline(always)]
    fn kind<I: Isa>(_isa: I, frame: Frame<'_>) -> Option<usize> {
        let name = u64::from_le_bytes(*frame.window(CHANNEL_AT)?);
        if name == word(b"book\",\"t") {
            Some(BOOK)
        } else if name == word(b"trade\",\"") {
            Some(TRADE)
        } else if name == word(b"ticker\",") {
            Some(TICKER)
        } else {
            None
        }
    }

    #[inline(always)]
    fn emit<V: Values>(kind: usize, view: View, message: &mut V) -> Result<(), Reason> {
        match kind {
            TRADE => trade(message),
            TICKER => ticker(message),
            _ => order_book(view, message),
        }
    }

    fn read(
        root: Json<'_, '_>,
        view: View,
        instruments: &mut Instruments,
        batch: &mut Batch,
    ) -> Result<(), Reject> {
        decode::message(view, &root.object("message")?, instruments, batch)
    }
}

/// Whether a message is a snapshot.
#[inline(always)]
fn is_snapshot(text: &[u8]) -> Result<bool, Reason> {
    match text {
        b"update" => Ok(false),
        b"snapshot" => Ok(true),
        _ => Err(Reason::Value),
    }
}

#[inline(always)]
fn trade<V: Values>(message: &mut V) -> Result<(), Reason> {
    let instrument = message.id()?;
    let (px, qty) = message.px_and_qty(fill::PX, fill::QTY)?;
    let side = message.side(fill::SIDE, "buy", "sell")?;
    let id = message.unsigned(fill::ID)?;
    let time = message.rfc3339(fill::TIME)?;
    let is_snapshot = is_snapshot(message.text(fill::TYPE))?;
    let mut record = Trade::new(instrument, px, qty, side, TradeId::Integer(u128::from(id)));
    record.header.seq = id;
    record.header.ts_venue = time;
    if is_snapshot {
        record.header.flags = Flags::SNAPSHOT;
    }
    message.batch().items.push(Item::Trade(record));
    Ok(())
}

#[inline(always)]
fn order_book<V: Values>(view: View, message: &mut V) -> Result<(), Reason> {
    let kind = if is_snapshot(message.text(book::TYPE))? {
        RecordKind::BookSnapshot
    } else {
        RecordKind::BookDelta
    };
    let mut head = BookHead::new(kind, message.id()?, 0, 0);
    head.depth = view.book_depth;
    if message.has(book::TIME) {
        head.header.ts_venue = message.rfc3339(book::TIME)?;
    }
    let checksum = message.unsigned(book::CHECKSUM)?;
    head.checksum = u32::try_from(checksum).map_err(|_| Reason::Value)?;
    head.header.flags = Flags::CHECKSUM;
    let sides = message.sides()?;
    message.batch().book(head, sides);
    Ok(())
}

/// A best bid and offer, and the statistics with it: what the message does not have is not there.
#[inline(always)]
fn ticker<V: Values>(message: &mut V) -> Result<(), Reason> {
    is_snapshot(message.text(best::TYPE))?;
    let instrument = message.id()?;
    let mut bbo = message.best(best::SIDES)?.bbo();
    if message.has(best::TIME) {
        bbo.header.ts_venue = message.rfc3339(best::TIME)?;
    }
    let first = message.batch().figures.len();
    for (slot, name) in best::FIGURES {
        if message.has(slot) {
            let value = message.fixed(slot)?;
            message.batch().figures.push(Figure::new(name, value));
        }
    }
    let mut head = TickerHead::new(instrument, Channel::TICKER);
    head.header.ts_venue = bbo.header.ts_venue;
    message.batch().items.push(Item::Bbo(bbo));
    message.batch().figures.extend(figures::of_best(&bbo));
    message.batch().ticker(head, first, false);
    Ok(())
}
