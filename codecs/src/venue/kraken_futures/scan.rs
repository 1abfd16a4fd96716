//! The high-rate messages as templates, and what their values become.
//!
//! Shapes of the venue's pages and of recordings; see this folder's `README.md`.

mod ticker;

use super::decode::{self, without_empty};
use crate::batch::{Batch, Item};
use crate::instrument::Instruments;
use crate::json::Item as Json;
use crate::record::{BookHead, Conditions, Kind as RecordKind, Side, Trade, TradeId};
use crate::reject::Reject;
use crate::scan::{Frame, Grammar, Isa, Kind, Reason, Values, word};
use crate::venue::Channel;
use crate::venue::levels::Sides;

/// The scanner's side of Kraken Futures.
#[derive(Debug)]
pub(super) struct Shapes;

const TRADE: usize = 0;
const DELTA: usize = 1;
const SNAPSHOT: usize = 2;
const TICKER: usize = 3;
const LITE: usize = 4;

/// Slots of trades and of deltas, which have one level.
mod one {
    pub(super) const NAMES: &[&str] = &[
        "symbol", "uid", "side", "type", "seq", "time", "qty", "price",
    ];
    pub(super) const UID: usize = 1;
    pub(super) const SIDE: usize = 2;
    pub(super) const TYPE: usize = 3;
    pub(super) const SEQ: usize = 4;
    pub(super) const TIME: usize = 5;
    pub(super) const QTY: usize = 6;
    pub(super) const PX: usize = 7;
}

/// Slots of whole books.
mod whole {
    pub(super) const NAMES: &[&str] = &["symbol", "time", "seq", "b", "a"];
    pub(super) const TIME: usize = 1;
    pub(super) const SEQ: usize = 2;
}

const KINDS: &[Kind] = &[
    Kind {
        channel: Channel::TRADE,
        slots: one::NAMES,
        templates: &[
            r#"{"product_id":"<symbol:symbol>","feed":"trade","uid":"<uid:uuid>","side":"<side:text>","type":"<type:text>","time":<time:digits>,"qty":<qty:number>,"price":<price:number>,"seq":<seq:digits>}"#,
            r#"{"feed":"trade","product_id":"<symbol:symbol>","uid":"<uid:uuid>","side":"<side:text>","type":"<type:text>","seq":<seq:digits>,"time":<time:digits>,"qty":<qty:number>,"price":<price:number>}"#,
        ],
    },
    Kind {
        channel: Channel::BOOK,
        slots: one::NAMES,
        templates: &[
            r#"{"feed":"book","product_id":"<symbol:symbol>","side":"<side:text>","seq":<seq:digits>,"price":<price:number>,"qty":<qty:number>,"timestamp":<time:digits>}"#,
        ],
    },
    Kind {
        channel: Channel::BOOK,
        slots: whole::NAMES,
        templates: &[
            r#"{"feed":"book_snapshot","product_id":"<symbol:symbol>","timestamp":<time:digits>,"seq":<seq:digits>,"tickSize":null,"bids":<b:bids {"price":*,"qty":*}>,"asks":<a:asks {"price":*,"qty":*}>}"#,
            r#"{"feed":"book_snapshot","product_id":"<symbol:symbol>","timestamp":<time:digits>,"seq":<seq:digits>,"bids":<b:bids {"price":*,"qty":*}>,"asks":<a:asks {"price":*,"qty":*}>}"#,
        ],
    },
    ticker::FULL,
    ticker::LITE,
];

/// Bytes before the feed's name.
const FEED_AT: usize = 9;

/// Bytes before the symbol of a trade.
const SYMBOL_AT: usize = 30;

impl Grammar for Shapes {
    type Context = Channel;

    const KINDS: &'static [Kind] = KINDS;

    const SYMBOL_AT: usize = SYMBOL_AT;

    const LATER_SYMBOL_AT: Option<usize> = None;

    const LEVELS: Option<(usize, u8)> = None;

    #[inline(always)]
    fn kind<I: Isa>(_isa: I, frame: Frame<'_>) -> Option<usize> {
        let name = u64::from_le_bytes(*frame.window(FEED_AT)?);
        if name == word(b"book\",\"p") {
            Some(DELTA)
        } else if name == word(b"trade\",\"") {
            Some(TRADE)
        } else if name == word(b"book_sna") {
            Some(SNAPSHOT)
        } else if name == word(b"ticker_l") {
            Some(LITE)
        } else if name == word(b"ticker\",") {
            Some(TICKER)
        } else {
            by_first_key(frame)
        }
    }

    #[inline(always)]
    fn emit<V: Values>(kind: usize, _ticker: Channel, message: &mut V) -> Result<(), Reason> {
        match kind {
            TRADE => trade(message),
            DELTA => delta(message),
            SNAPSHOT => snapshot(message),
            TICKER => ticker::full(message),
            _ => ticker::lite(message),
        }
    }

    fn read(
        root: Json<'_, '_>,
        ticker: Channel,
        instruments: &mut Instruments,
        batch: &mut Batch,
    ) -> Result<(), Reject> {
        decode::message(ticker, &root.object("message")?, instruments, batch)
    }
}

/// The kind of a frame that does not begin with its feed, as tickers and the trades of 2026 do not.
#[inline(always)]
fn by_first_key(frame: Frame<'_>) -> Option<usize> {
    let first = u64::from_le_bytes(*frame.window(0)?);
    if first == word(b"{\"produc") {
        Some(TRADE)
    } else {
        (first == word(b"{\"time\":")).then_some(TICKER)
    }
}

/// Taker side of a trade, book side of a level.
#[inline(always)]
fn trade<V: Values>(message: &mut V) -> Result<(), Reason> {
    let instrument = message.id()?;
    let (px, qty) = message.px_and_qty(one::PX, one::QTY)?;
    let id = TradeId::Uuid(message.uuid(one::UID)?);
    let mut record = Trade::new(
        instrument,
        px,
        qty,
        message.side(one::SIDE, "buy", "sell")?,
        id,
    );
    record.conditions = match message.text(one::TYPE) {
        b"fill" | b"liquidation" | b"assignment" | b"termination" => Conditions::default(),
        b"block" => Conditions::BLOCK,
        _ => return Err(Reason::Value),
    };
    record.header.seq = message.unsigned(one::SEQ)?;
    record.header.ts_venue = message.epoch(one::TIME)?;
    message.batch().items.push(Item::Trade(record));
    Ok(())
}

#[inline(always)]
fn delta<V: Values>(message: &mut V) -> Result<(), Reason> {
    let instrument = message.id()?;
    let mut head = BookHead::new(RecordKind::BookDelta, instrument, 0, 0);
    head.header.seq = message.unsigned(one::SEQ)?;
    head.first_seq = head.header.seq;
    head.header.ts_venue = message.epoch(one::TIME)?;
    let first = message.batch().levels.len();
    let scale = message.level(one::PX, one::QTY)?;
    let middle = match message.side(one::SIDE, "buy", "sell")? {
        Side::BUY => first + 1,
        _ => first,
    };
    let sides = Sides {
        bids: first..middle,
        asks: middle..first + 1,
        px_exp: scale.px_exp,
        qty_exp: scale.qty_exp,
    };
    message.batch().book(head, sides);
    Ok(())
}

#[inline(always)]
fn snapshot<V: Values>(message: &mut V) -> Result<(), Reason> {
    let mut head = BookHead::new(RecordKind::BookSnapshot, message.id()?, 0, 0);
    head.header.seq = message.unsigned(whole::SEQ)?;
    head.header.ts_venue = message.epoch(whole::TIME)?;
    let sides = message.sides()?;
    let sides = without_empty(sides, message.batch());
    message.batch().book(head, sides);
    Ok(())
}
