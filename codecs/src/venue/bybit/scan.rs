//! The high-rate messages as templates, and what their values become.
//!
//! Key order differs by product and depth (page of 2026-03; see this folder's `README.md`):
//! spot and level 1 put `ts` before `type`.

use super::decode::{self, EVENTS_MAX};
use super::orderbook;
use super::topic::{self, Topic};
use super::{Channel, Shape};
use crate::batch::{Batch, Item};
use crate::instrument::Instruments;
use crate::json::Item as Json;
use crate::record::{BookHead, Conditions, Kind as RecordKind, Trade, TradeId};
use crate::reject::Reject;
use crate::scan::{Frame, Grammar, Isa, Kind, Reason, Values, word};

/// The scanner's side of Bybit.
#[derive(Debug)]
pub(super) struct Shapes;

const TRADE: usize = 0;
const BOOK: usize = 1;
const RPI: usize = 2;

/// Slots of trades.
mod fill {
    pub(super) const NAMES: &[&str] = &[
        "topic", "ts", "T", "s", "S", "v", "p", "uuid", "id", "BT", "RPI", "seq",
    ];
    pub(super) const TOPIC: usize = 0;
    pub(super) const SENT: usize = 1;
    pub(super) const TIME: usize = 2;
    pub(super) const SIDE: usize = 4;
    pub(super) const QTY: usize = 5;
    pub(super) const PX: usize = 6;
    pub(super) const UUID: usize = 7;
    pub(super) const ID: usize = 8;
    pub(super) const BLOCK: usize = 9;
    pub(super) const RPI: usize = 10;
    pub(super) const CROSS: usize = 11;
}

/// Slots of books.
mod book {
    pub(super) const NAMES: &[&str] = &["topic", "type", "ts", "cts", "s", "b", "a", "u", "seq"];
    pub(super) const TOPIC: usize = 0;
    pub(super) const TYPE: usize = 1;
    pub(super) const SENT: usize = 2;
    pub(super) const TIME: usize = 3;
    pub(super) const SEQ: usize = 7;
    pub(super) const CROSS: usize = 8;
}

/// The fields of a trade that came later, which old recordings do not have.
macro_rules! trades {
    ($($head:literal, $trade:literal);+ $(;)?) => {
        &[$(
            concat!($head, $trade, ",\"RPI\":<RPI:flag>,\"seq\":<seq:digits>}<}>]}"),
            concat!($head, $trade, ",\"RPI\":<RPI:flag>}<}>]}"),
            concat!($head, $trade, "}<}>]}"),
        )+]
    };
}

const KINDS: &[Kind] = &[
    Kind {
        channel: Channel::TRADE,
        slots: fill::NAMES,
        templates: trades!(
            r#"{"topic":"publicTrade.<topic:text>","type":"snapshot","ts":<ts:digits>,"data":["#,
            r#"<{>{"T":<T:digits>,"s":"<s:symbol>","S":"<S:text>","v":"<v:quoted>","p":"<p:quoted>","L":"<_:text>","i":"<uuid:uuid>","BT":<BT:flag>"#;
            r#"{"topic":"publicTrade.<topic:text>","ts":<ts:digits>,"type":"snapshot","data":["#,
            r#"<{>{"i":"<id:quoted>","T":<T:digits>,"p":"<p:quoted>","v":"<v:quoted>","S":"<S:text>","s":"<s:symbol>","BT":<BT:flag>"#;
        ),
    },
    Kind {
        channel: Channel::BOOK,
        slots: book::NAMES,
        templates: &[
            r#"{"topic":"orderbook.<topic:text>","type":"<type:text>","ts":<ts:digits>,"data":{"s":"<s:symbol>","b":<b:bids ["*","*"]>,"a":<a:asks ["*","*"]>,"u":<u:digits>,"seq":<seq:digits>},"cts":<cts:digits>}"#,
            r#"{"topic":"orderbook.<topic:text>","ts":<ts:digits>,"type":"<type:text>","data":{"s":"<s:symbol>","b":<b:bids ["*","*"]>,"a":<a:asks ["*","*"]>,"u":<u:digits>,"seq":<seq:digits>},"cts":<cts:digits>}"#,
            r#"{"topic":"orderbook.<topic:text>","type":"<type:text>","ts":<ts:digits>,"data":{"s":"<s:symbol>","b":<b:bids ["*","*"]>,"a":<a:asks ["*","*"]>,"u":<u:digits>,"seq":<seq:digits>}}"#,
            r#"{"topic":"orderbook.<topic:text>","ts":<ts:digits>,"type":"<type:text>","data":{"s":"<s:symbol>","b":<b:bids ["*","*"]>,"a":<a:asks ["*","*"]>,"u":<u:digits>,"seq":<seq:digits>}}"#,
        ],
    },
    Kind {
        channel: Channel::BOOK_RPI,
        slots: book::NAMES,
        templates: &[
            r#"{"topic":"orderbook.rpi.<topic:text>","ts":<ts:digits>,"type":"<type:text>","data":{"s":"<s:symbol>","b":<b:bids ["*","*","*"]>,"a":<a:asks ["*","*","*"]>,"u":<u:digits>,"seq":<seq:digits>},"cts":<cts:digits>}"#,
            r#"{"topic":"orderbook.rpi.<topic:text>","type":"<type:text>","ts":<ts:digits>,"data":{"s":"<s:symbol>","b":<b:bids ["*","*","*"]>,"a":<a:asks ["*","*","*"]>,"u":<u:digits>,"seq":<seq:digits>},"cts":<cts:digits>}"#,
        ],
    },
];

/// Bytes before the family of a topic, and before the view of a book's.
const FAMILY_AT: usize = 10;
const VIEW_AT: usize = 20;

/// Bytes before the symbol in a topic of trades.
const SYMBOL_AT: usize = 22;

/// Bytes before it in a trade behind the first.
const LATER_SYMBOL_AT: usize = 25;

impl Grammar for Shapes {
    type Context = Shape;

    const KINDS: &'static [Kind] = KINDS;

    const SYMBOL_AT: usize = SYMBOL_AT;

    const LATER_SYMBOL_AT: Option<usize> = Some(LATER_SYMBOL_AT);

    const LEVELS: Option<(usize, u8)> = Some((FAMILY_AT, b'o'));

    #[inline(always)]
    fn kind<I: Isa>(_isa: I, frame: Frame<'_>) -> Option<usize> {
        let family = u64::from_le_bytes(*frame.window(FAMILY_AT)?);
        if family == word(b"orderboo") {
            // Levels of the RPI view are triples.
            let is_rpi = frame.byte(VIEW_AT) == b'r';
            Some(if is_rpi { RPI } else { BOOK })
        } else if family == word(b"publicTr") {
            Some(TRADE)
        } else {
            None
        }
    }

    #[inline(always)]
    fn emit<V: Values>(kind: usize, shape: Shape, message: &mut V) -> Result<(), Reason> {
        match kind {
            TRADE => trade(message),
            BOOK => order_book(shape, message),
            _ => rpi_books(shape, message),
        }
    }

    fn read(
        root: Json<'_, '_>,
        shape: Shape,
        instruments: &mut Instruments,
        batch: &mut Batch,
    ) -> Result<(), Reject> {
        decode::message(shape, root.object("message")?, instruments, batch)
    }
}

#[inline(always)]
fn trade<V: Values>(message: &mut V) -> Result<(), Reason> {
    // An empty topic is no topic of trades; longer messages are refused.
    if message.text(fill::TOPIC).is_empty() || message.batch().items.len() >= EVENTS_MAX {
        return Err(Reason::Value);
    }
    let instrument = message.id()?;
    let (px, qty) = message.px_and_qty(fill::PX, fill::QTY)?;
    let side = message.side(fill::SIDE, "Buy", "Sell")?;
    let id = if message.has(fill::UUID) {
        TradeId::Uuid(message.uuid(fill::UUID)?)
    } else {
        TradeId::Integer(u128::from(message.unsigned(fill::ID)?))
    };
    let (sent, time) = (message.epoch(fill::SENT)?, message.epoch(fill::TIME)?);
    let cross = if message.has(fill::CROSS) {
        message.unsigned(fill::CROSS)?
    } else {
        0
    };
    let mut record = Trade::new(instrument, px, qty, side, id);
    (record.header.ts_send, record.header.ts_venue) = (sent, time);
    record.header.seq = cross;
    record.conditions = Conditions::default()
        .with(Conditions::BLOCK, message.flag(fill::BLOCK))
        .with(Conditions::RPI, message.flag(fill::RPI));
    message.batch().items.push(Item::Trade(record));
    Ok(())
}

#[inline(always)]
fn order_book<V: Values>(shape: Shape, message: &mut V) -> Result<(), Reason> {
    let channel = view(message.text(book::TOPIC))?;
    let head = head(channel, message)?;
    let sides = message.sides()?;
    if channel == Channel::BBO {
        orderbook::push_best(shape, head, sides, message.batch());
    } else {
        message.batch().book(head, sides);
    }
    Ok(())
}

/// One message is an update of two books.
#[inline(always)]
fn rpi_books<V: Values>(shape: Shape, message: &mut V) -> Result<(), Reason> {
    // Without a symbol the topic is none of books.
    if message.text(book::TOPIC).is_empty() {
        return Err(Reason::Value);
    }
    let head = head(Channel::BOOK_RPI, message)?;
    let books = [Channel::BOOK_RPI, Channel::BOOK_RPI_ONLY];
    for (view, channel) in books.into_iter().enumerate() {
        if shape.wants(channel) {
            let sides = message.sides_of(view)?;
            orderbook::push_rpi(head, channel, sides, message.batch());
        }
    }
    Ok(())
}

#[inline(always)]
fn head<V: Values>(channel: Channel, message: &mut V) -> Result<BookHead, Reason> {
    let kind = match message.text(book::TYPE) {
        b"snapshot" => RecordKind::BookSnapshot,
        b"delta" if channel != Channel::BBO => RecordKind::BookDelta,
        _ => return Err(Reason::Value),
    };
    let mut head = BookHead::new(kind, message.id()?, 0, 0);
    head.channel = channel;
    head.header.seq = message.unsigned(book::SEQ)?;
    if kind == RecordKind::BookDelta {
        head.first_seq = head.header.seq;
    }
    if message.has(book::CROSS) {
        head.cross_seq = message.unsigned(book::CROSS)?;
    }
    head.header.ts_send = message.epoch(book::SENT)?;
    head.header.ts_venue = head.header.ts_send;
    if message.has(book::TIME) {
        head.header.ts_venue = message.epoch(book::TIME)?;
    }
    Ok(head)
}

/// The channel of a view and symbol.
#[inline(always)]
fn view(text: &[u8]) -> Result<Channel, Reason> {
    match text {
        [b'5', b'0', b'.', _, ..]
        | [b'2', b'5', b'.', _, ..]
        | [b'1' | b'2', b'0', b'0', b'.', _, ..]
        | [b'1', b'0', b'0', b'0', b'.', _, ..] => Ok(Channel::BOOK),
        [b'1', b'.', _, ..] => Ok(Channel::BBO),
        other => rare_view(other),
    }
}

/// Bytes of `orderbook.` and the longest text that a scanner reads.
const TOPIC_MAX: usize = 48;

#[cold]
fn rare_view(text: &[u8]) -> Result<Channel, Reason> {
    const FAMILY: &[u8] = b"orderbook.";
    let mut bytes = [0; TOPIC_MAX];
    let (family, rest) = bytes.split_at_mut(FAMILY.len());
    family.copy_from_slice(FAMILY);
    let view = rest.get_mut(..text.len()).ok_or(Reason::Text)?;
    view.copy_from_slice(text);
    let len = FAMILY.len() + text.len();
    let topic = std::str::from_utf8(bytes.get(..len).unwrap_or(&[]));
    match topic::parse(topic.map_err(|_| Reason::Text)?) {
        Topic::Of(channel @ (Channel::BOOK | Channel::BOOK_FULL), _) => Ok(channel),
        _ => Err(Reason::Value),
    }
}
