//! The binary market data streams of spot: schema 1 of `stream_1_0.xml` (page of 2026-06-09).
//!
//! ```text
//! |  0      2          4        6         8              blockLength + 8                     |
//! |  block  template   schema   version   | root block   | groups …   | u8 length, symbol     |
//! ```
//!
//! The lengths on the wire rule, so that messages of later versions, with longer blocks and more
//! behind the symbol, are read too; in version 0 they must be those of the schema, to the byte.
//! A message is laid out whole before anything of it is believed.

use crate::batch::{Batch, Control, Item};
use crate::fixed::Fixed;
use crate::instrument::{Instrument, Instruments};
use crate::json::FRAME_BYTES_MAX;
use crate::record::{BookHead, Header, Kind, Trade, TradeId};
use crate::reject::Reject;
use crate::venue::Channel;
use crate::venue::levels::{self, MESSAGE_LEVELS_MAX, Scale, Sides};

use super::{decode, statistics};

mod layout;

use layout::{Block, Group, Message};

const SCHEMA: u16 = 1;

/// Levels a side of the one partial depth stream.
const TOP_LEVELS: u16 = 20;

/// One binary frame.
pub(super) fn message(
    frame: &[u8],
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    if frame.is_empty() {
        return Err(Reject::Empty);
    }
    if frame.len() > FRAME_BYTES_MAX {
        return Err(Reject::TooLarge);
    }
    let (head, mut rest) = layout::head(frame)?;
    if head.schema != SCHEMA {
        return Err(Reject::UnknownShape);
    }
    let Some(shape) = layout::shape(head.template) else {
        rest.block(head.block_length)?;
        let template = head.template.to_string();
        batch.drift.unknown_value("sbe", "template", &template);
        batch.control(Control::Ignored);
        return Ok(());
    };
    let message = Message::read(head, shape, rest)?;
    let symbol = std::str::from_utf8(message.symbol).map_err(|_| Reject::InvalidUtf8)?;
    let instrument = instruments.resolve(symbol)?;
    let instrument = instruments.get(instrument);
    match head.template {
        layout::TRADES => trades(&message, instrument, batch),
        layout::BEST => best(&message.root, instrument, batch),
        layout::TOP => top(&message, instrument, batch),
        _ => diff(&message, instrument, batch),
    }
}

/// A stamp of the schema, always in microseconds.
fn micros(block: &Block<'_>, at: usize, field: &'static str) -> Result<i64, Reject> {
    let micros = block.i64(at)?;
    let nanos = micros.checked_mul(1_000).filter(|nanos| *nanos >= 0);
    nanos.ok_or(Reject::InvalidTime(field))
}

fn id(block: &Block<'_>, at: usize, field: &'static str) -> Result<u64, Reject> {
    u64::try_from(block.i64(at)?).map_err(|_| Reject::InvalidId(field))
}

/// A number of a block at an exponent of the root block.
fn number(block: &Block<'_>, at: usize, exp: i8) -> Result<Fixed, Reject> {
    Ok(Fixed::new(block.i64(at)?, exp))
}

/// Every match of one taker order.
fn trades(message: &Message<'_>, instrument: &Instrument, batch: &mut Batch) -> Result<(), Reject> {
    let root = &message.root;
    let sent = micros(root, 0, "eventTime")?;
    let time = micros(root, 8, "transactTime")?;
    let (px_exp, qty_exp) = (root.i8(16)?, root.i8(17)?);
    let [fills, _] = message.groups;
    if fills.len() > MESSAGE_LEVELS_MAX {
        return Err(Reject::TooMany);
    }
    for fill in fills.entries() {
        let id = id(&fill, 0, "id")?;
        let px = number(&fill, 8, px_exp)?;
        let qty = number(&fill, 16, qty_exp)?;
        let side = match fill.u8(24)? {
            maker @ (0 | 1) => decode::aggressor(maker == 1),
            _ => return Err(Reject::InvalidSide("isBuyerMaker")),
        };
        let (px, qty) = levels::px_and_qty(instrument, (Some(px), "price"), (Some(qty), "qty"))?;
        let mut trade = Trade::new(instrument.id, px, qty, side, TradeId::Integer(id.into()));
        trade.header.seq = id;
        (trade.header.ts_send, trade.header.ts_venue) = (sent, time);
        batch.items.push(Item::Trade(trade));
    }
    Ok(())
}

fn best(root: &Block<'_>, instrument: &Instrument, batch: &mut Batch) -> Result<(), Reject> {
    let (px_exp, qty_exp) = (root.i8(16)?, root.i8(17)?);
    let fields = [
        (Some(number(root, 18, px_exp)?), "bidPrice"),
        (Some(number(root, 26, qty_exp)?), "bidQty"),
        (Some(number(root, 34, px_exp)?), "askPrice"),
        (Some(number(root, 42, qty_exp)?), "askQty"),
    ];
    let mut bbo = levels::best(instrument, fields)?;
    bbo.header.seq = id(root, 8, "bookUpdateId")?;
    stamp(&mut bbo.header, root)?;
    batch.items.push(Item::Bbo(bbo));
    Ok(())
}

fn top(message: &Message<'_>, instrument: &Instrument, batch: &mut Batch) -> Result<(), Reject> {
    let mut head = BookHead::new(Kind::BookSnapshot, instrument.id, 0, 0);
    (head.channel, head.depth) = (Channel::BOOK_TOP, TOP_LEVELS);
    head.header.seq = id(&message.root, 8, "bookUpdateId")?;
    book(head, message, 16, instrument, batch)
}

fn diff(message: &Message<'_>, instrument: &Instrument, batch: &mut Batch) -> Result<(), Reject> {
    let mut head = BookHead::new(Kind::BookDelta, instrument.id, 0, 0);
    head.first_seq = id(&message.root, 8, "firstBookUpdateId")?;
    head.header.seq = id(&message.root, 16, "lastBookUpdateId")?;
    book(head, message, 24, instrument, batch)
}

/// Every message begins with the event time: the only one that books have.
fn stamp(header: &mut Header, root: &Block<'_>) -> Result<(), Reject> {
    statistics::stamp(header, micros(root, 0, "eventTime")?, 0);
    Ok(())
}

/// Both sides of a book message; the exponents are at `exps` of the root block.
fn book(
    mut head: BookHead,
    message: &Message<'_>,
    exps: usize,
    instrument: &Instrument,
    batch: &mut Batch,
) -> Result<(), Reject> {
    stamp(&mut head.header, &message.root)?;
    let exps = (message.root.i8(exps)?, message.root.i8(exps + 1)?);
    let mut scale = Scale::of(instrument);
    let first = batch.levels.len();
    let mut side = |group: Group<'_>| {
        for entry in group.entries() {
            let (px, qty) = (number(&entry, 0, exps.0)?, number(&entry, 8, exps.1)?);
            scale.level(px, qty, batch, first)?;
        }
        Ok(batch.levels.len())
    };
    let [bids, asks] = message.groups;
    let (middle, end) = (side(bids)?, side(asks)?);
    let (px_exp, qty_exp) = (scale.px_exp, scale.qty_exp);
    let sides = Sides {
        bids: first..middle,
        asks: middle..end,
        px_exp,
        qty_exp,
    };
    batch.book(head, sides);
    Ok(())
}
