//! The high-rate messages as templates, and what their values become.
//!
//! The shapes are those of the venue's pages and of recordings; see this folder's `README.md`.

use super::decode::{self, aggressor};
use super::statistics;
use crate::batch::{Batch, Item};
use crate::instrument::Instruments;
use crate::json::Item as Json;
use crate::record::{BookHead, Conditions, Kind as RecordKind, Trade, TradeId};
use crate::reject::Reject;
use crate::scan::{Frame, Grammar, Isa, Kind, Reason, Values, word};
use crate::venue::{Channel, VenueId};

/// The scanner's side of Binance.
#[derive(Debug)]
pub(super) struct Shapes;

const TRADE: usize = 0;
const AGG_TRADE: usize = 1;
const BOOK_TICKER: usize = 2;
const DEPTH: usize = 3;
const TOP: usize = 4;

/// Slots of trades and aggregates.
mod fill {
    pub(super) const NAMES: &[&str] = &[
        "stream", "s", "id", "p", "q", "E", "T", "m", "first", "last",
    ];
    pub(super) const STREAM: usize = 0;
    pub(super) const SYMBOL: usize = 1;
    pub(super) const ID: usize = 2;
    pub(super) const PX: usize = 3;
    pub(super) const QTY: usize = 4;
    pub(super) const SENT: usize = 5;
    pub(super) const TIME: usize = 6;
    pub(super) const MAKER: usize = 7;
    pub(super) const FIRST: usize = 8;
    pub(super) const LAST: usize = 9;
}

/// Slots of best prices.
mod best {
    pub(super) const NAMES: &[&str] = &["stream", "s", "u", "b", "B", "a", "A", "E", "T"];
    pub(super) const STREAM: usize = 0;
    pub(super) const SYMBOL: usize = 1;
    pub(super) const SEQ: usize = 2;
    /// Price and quantity of the bid, then of the offer.
    pub(super) const SIDES: [usize; 4] = [3, 4, 5, 6];
    pub(super) const SENT: usize = 7;
    pub(super) const TIME: usize = 8;
}

/// Slots of books.
mod book {
    pub(super) const NAMES: &[&str] = &[
        "stream", "speed", "depth", "s", "U", "u", "pu", "b", "a", "E", "T",
    ];
    pub(super) const STREAM: usize = 0;
    pub(super) const SPEED: usize = 1;
    pub(super) const DEPTH: usize = 2;
    pub(super) const SYMBOL: usize = 3;
    pub(super) const FIRST: usize = 4;
    pub(super) const LAST: usize = 5;
    pub(super) const PREV: usize = 6;
    pub(super) const SENT: usize = 9;
    pub(super) const TIME: usize = 10;
}

/// A payload in the wrapper of combined streams, and bare.
macro_rules! both {
    ($stream:literal: $($payload:literal),+ $(,)?) => {
        &[
            $(concat!("{\"stream\":\"<stream:stream>@", $stream, "\",\"data\":", $payload, "}"),)+
            $($payload,)+
        ]
    };
}

const KINDS: &[Kind] = &[
    Kind {
        channel: Channel::TRADE,
        slots: fill::NAMES,
        templates: both!("trade":
            r#"{"e":"trade","E":<E:digits>,"s":"<s:symbol>","t":<id:digits>,"p":"<p:quoted>","q":"<q:quoted>","T":<T:digits>,"m":<m:flag>,"M":<_:flag>}"#,
            r#"{"e":"trade","E":<E:digits>,"T":<T:digits>,"s":"<s:symbol>","t":<id:digits>,"p":"<p:quoted>","q":"<q:quoted>","X":"<_:text>","m":<m:flag>}"#,
        ),
    },
    Kind {
        channel: Channel::AGG_TRADE,
        slots: fill::NAMES,
        templates: both!("aggTrade":
            r#"{"e":"aggTrade","E":<E:digits>,"s":"<s:symbol>","a":<id:digits>,"p":"<p:quoted>","q":"<q:quoted>","f":<first:digits>,"l":<last:digits>,"T":<T:digits>,"m":<m:flag>,"M":<_:flag>}"#,
            r#"{"e":"aggTrade","E":<E:digits>,"s":"<s:symbol>","a":<id:digits>,"p":"<p:quoted>","q":"<q:quoted>","nq":"<_:quoted>","f":<first:digits>,"l":<last:digits>,"T":<T:digits>,"m":<m:flag>,"st":<_:digits>}"#,
            r#"{"e":"aggTrade","E":<E:digits>,"a":<id:digits>,"s":"<s:symbol>","p":"<p:quoted>","q":"<q:quoted>","f":<first:digits>,"l":<last:digits>,"T":<T:digits>,"m":<m:flag>,"st":<_:digits>}"#,
            r#"{"e":"aggTrade","E":<E:digits>,"a":<id:digits>,"s":"<s:symbol>","p":"<p:quoted>","q":"<q:quoted>","f":<first:digits>,"l":<last:digits>,"T":<T:digits>,"m":<m:flag>}"#,
        ),
    },
    Kind {
        channel: Channel::BBO,
        slots: best::NAMES,
        templates: both!("bookTicker":
            r#"{"u":<u:digits>,"s":"<s:symbol>","b":"<b:quoted>","B":"<B:quoted>","a":"<a:quoted>","A":"<A:quoted>"}"#,
            r#"{"e":"bookTicker","u":<u:digits>,"s":"<s:symbol>","b":"<b:quoted>","B":"<B:quoted>","a":"<a:quoted>","A":"<A:quoted>","T":<T:digits>,"E":<E:digits>}"#,
            r#"{"e":"bookTicker","u":<u:digits>,"E":<E:digits>,"T":<T:digits>,"s":"<s:symbol>","ps":"<_:text>","b":"<b:quoted>","B":"<B:quoted>","a":"<a:quoted>","A":"<A:quoted>","st":<_:digits>}"#,
            r#"{"u":<u:digits>,"e":"bookTicker","s":"<s:symbol>","ps":"<_:text>","b":"<b:quoted>","B":"<B:quoted>","a":"<a:quoted>","A":"<A:quoted>","T":<T:digits>,"E":<E:digits>}"#,
        ),
    },
    Kind {
        channel: Channel::BOOK,
        slots: book::NAMES,
        templates: both!("depth<speed:text>":
            r#"{"e":"depthUpdate","E":<E:digits>,"s":"<s:symbol>","U":<U:digits>,"u":<u:digits>,"b":<b:bids ["*","*"]>,"a":<a:asks ["*","*"]>}"#,
            r#"{"e":"depthUpdate","E":<E:digits>,"T":<T:digits>,"s":"<s:symbol>","U":<U:digits>,"u":<u:digits>,"pu":<pu:digits>,"b":<b:bids ["*","*"]>,"a":<a:asks ["*","*"]>}"#,
            r#"{"e":"depthUpdate","E":<E:digits>,"T":<T:digits>,"s":"<s:symbol>","ps":"<_:text>","st":<_:digits>,"U":<U:digits>,"u":<u:digits>,"pu":<pu:digits>,"b":<b:bids ["*","*"]>,"a":<a:asks ["*","*"]>}"#,
            r#"{"e":"depthUpdate","E":<E:digits>,"T":<T:digits>,"s":"<s:symbol>","ps":"<_:text>","U":<U:digits>,"u":<u:digits>,"pu":<pu:digits>,"b":<b:bids ["*","*"]>,"a":<a:asks ["*","*"]>}"#,
            r#"{"e":"depthUpdate","E":<E:digits>,"T":<T:digits>,"s":"<s:symbol>","ps":"<_:text>","U":<U:digits>,"u":<u:digits>,"pu":<pu:digits>,"b":<b:bids ["*","*"]>,"a":<a:asks ["*","*"]>,"st":<_:digits>}"#,
        ),
    },
    Kind {
        channel: Channel::BOOK_TOP,
        slots: book::NAMES,
        templates: &[
            r#"{"stream":"<stream:lower>@depth<depth:digits><speed:text>","data":{"lastUpdateId":<u:digits>,"bids":<b:bids ["*","*"]>,"asks":<a:asks ["*","*"]>}}"#,
            r#"{"stream":"<stream:stream>@depth<depth:digits><speed:text>","data":{"e":"depthUpdate","E":<E:digits>,"T":<T:digits>,"s":"<s:symbol>","U":<U:digits>,"u":<u:digits>,"pu":<pu:digits>,"b":<b:bids ["*","*"]>,"a":<a:asks ["*","*"]>}}"#,
            r#"{"stream":"<stream:stream>@depth<depth:digits><speed:text>","data":{"e":"depthUpdate","E":<E:digits>,"T":<T:digits>,"s":"<s:symbol>","ps":"<_:text>","st":<_:digits>,"U":<U:digits>,"u":<u:digits>,"pu":<pu:digits>,"b":<b:bids ["*","*"]>,"a":<a:asks ["*","*"]>}}"#,
            r#"{"stream":"<stream:stream>@depth<depth:digits><speed:text>","data":{"e":"depthUpdate","E":<E:digits>,"T":<T:digits>,"s":"<s:symbol>","ps":"<_:text>","U":<U:digits>,"u":<u:digits>,"pu":<pu:digits>,"b":<b:bids ["*","*"]>,"a":<a:asks ["*","*"]>,"st":<_:digits>}}"#,
        ],
    },
];

/// Bytes before the symbol in the name of a stream.
const SYMBOL_AT: usize = 11;

impl Grammar for Shapes {
    type Context = VenueId;

    const KINDS: &'static [Kind] = KINDS;

    const SYMBOL_AT: usize = SYMBOL_AT;

    const LATER_SYMBOL_AT: Option<usize> = None;

    const LEVELS: Option<(usize, u8)> = None;

    #[inline(always)]
    fn kind<I: Isa>(isa: I, frame: Frame<'_>) -> Option<usize> {
        const DEPTH_BYTES: u64 = 0xFF_FFFF_FFFF;
        const EVENT: u64 = word(b"{\"e\":\"\0\0");
        let first = u64::from_le_bytes(*frame.window(0)?);
        let name_at = if first == word(b"{\"stream") {
            let at = isa.textual(frame.window(11)?, b'@').ends.trailing_zeros();
            12 + at as usize
        } else if first & 0xFFFF_FFFF_FFFF == EVENT {
            6
        } else {
            let is_ticker = first as u32 == word(b"{\"u\"\0\0\0\0") as u32;
            return is_ticker.then_some(BOOK_TICKER);
        };
        let name = u64::from_le_bytes(*frame.window(name_at)?);
        if name == word(b"bookTick") {
            Some(BOOK_TICKER)
        } else if name == word(b"trade\",\"") {
            Some(TRADE)
        } else if name == word(b"aggTrade") {
            Some(AGG_TRADE)
        } else if name & DEPTH_BYTES == word(b"depth\0\0\0") {
            // A number of levels follows the name of partial depth.
            let is_top = frame.byte(name_at + 5).is_ascii_digit();
            Some(if is_top { TOP } else { DEPTH })
        } else {
            None
        }
    }

    #[inline(always)]
    fn emit<V: Values>(kind: usize, id: VenueId, message: &mut V) -> Result<(), Reason> {
        match kind {
            TRADE | AGG_TRADE => trade(kind == AGG_TRADE, message),
            BOOK_TICKER => book_ticker(message),
            DEPTH => depth(id, message),
            _ => top(message),
        }
    }

    fn read(
        root: Json<'_, '_>,
        id: VenueId,
        instruments: &mut Instruments,
        batch: &mut Batch,
    ) -> Result<(), Reject> {
        decode::message(id, root, instruments, batch)
    }
}

#[inline(always)]
fn trade<V: Values>(aggregate: bool, message: &mut V) -> Result<(), Reason> {
    if message.has(fill::STREAM) && !message.is_lower_of(fill::STREAM, fill::SYMBOL) {
        return Err(Reason::Value);
    }
    let instrument = message.id()?;
    let (px, qty) = message.px_and_qty(fill::PX, fill::QTY)?;
    let id = message.unsigned(fill::ID)?;
    let side = aggressor(message.flag(fill::MAKER));
    let (sent, time) = (message.epoch(fill::SENT)?, message.epoch(fill::TIME)?);
    let (first, last) = if aggregate {
        (
            message.unsigned(fill::FIRST)?,
            message.unsigned(fill::LAST)?,
        )
    } else {
        (0, 0)
    };
    let mut record = Trade::new(instrument, px, qty, side, TradeId::Integer(u128::from(id)));
    record.header.seq = id;
    (record.header.ts_send, record.header.ts_venue) = (sent, time);
    (record.first_id, record.last_id) = (first, last);
    record.conditions = Conditions::default().with(Conditions::AGGREGATE, aggregate);
    message.batch().items.push(Item::Trade(record));
    Ok(())
}

#[inline(always)]
fn book_ticker<V: Values>(message: &mut V) -> Result<(), Reason> {
    if message.has(best::STREAM) && !message.is_lower_of(best::STREAM, best::SYMBOL) {
        return Err(Reason::Value);
    }
    let found = message.best(best::SIDES)?;
    let seq = message.unsigned(best::SEQ)?;
    let sent = message.optional_epoch(best::SENT)?;
    let time = message.optional_epoch(best::TIME)?;
    let mut bbo = found.bbo();
    bbo.header.seq = seq;
    bbo.header.ts_send = sent;
    bbo.header.ts_venue = time;
    message.batch().items.push(Item::Bbo(bbo));
    Ok(())
}

/// Whether a stream's name ends as the venue's names of book streams do.
#[inline(always)]
fn is_speed(text: &[u8]) -> bool {
    matches!(
        text,
        b"@100ms" | b"@0ms" | b"" | b"@250ms" | b"@500ms" | b"@1000ms"
    )
}

#[inline(always)]
fn depth<V: Values>(id: VenueId, message: &mut V) -> Result<(), Reason> {
    if message.has(book::STREAM)
        && !(message.is_lower_of(book::STREAM, book::SYMBOL) && is_speed(message.text(book::SPEED)))
    {
        return Err(Reason::Value);
    }
    let mut head = BookHead::new(RecordKind::BookDelta, message.id()?, 0, 0);
    head.first_seq = message.unsigned(book::FIRST)?;
    head.header.seq = message.unsigned(book::LAST)?;
    if id != VenueId::BINANCE_SPOT {
        if !message.has(book::PREV) {
            return Err(Reason::Value);
        }
        head.prev_seq = message.unsigned(book::PREV)?;
    }
    let sent = message.epoch(book::SENT)?;
    statistics::stamp(&mut head.header, sent, message.optional_epoch(book::TIME)?);
    let sides = message.sides()?;
    message.batch().book(head, sides);
    Ok(())
}

/// Partial depth: futures spell it like a delta and name the symbol, spot names it in the stream.
#[inline(always)]
fn top<V: Values>(message: &mut V) -> Result<(), Reason> {
    let named = message.has(book::SYMBOL);
    if !is_speed(message.text(book::SPEED))
        || (named && !message.is_lower_of(book::STREAM, book::SYMBOL))
    {
        return Err(Reason::Value);
    }
    let mut head = BookHead::new(RecordKind::BookSnapshot, message.id()?, 0, 0);
    head.channel = Channel::BOOK_TOP;
    let depth = message.unsigned(book::DEPTH)?;
    head.depth = u16::try_from(depth).map_err(|_| Reason::Value)?;
    head.header.seq = message.unsigned(book::LAST)?;
    if named {
        let sent = message.epoch(book::SENT)?;
        statistics::stamp(&mut head.header, sent, message.optional_epoch(book::TIME)?);
    }
    let sides = message.sides()?;
    message.batch().book(head, sides);
    Ok(())
}
