//! Frames to messages.

use super::{answer, ticker};
use crate::batch::{Batch, Control, Drift, Item};
use crate::instrument::Instruments;
use crate::json::{Fields, Item as Json, fields, need};
use crate::record::{BookHead, Conditions, Flags, Kind, Side, Trade, TradeId};
use crate::reject::Reject;
use crate::venue::Channel;
use crate::venue::levels::{self, Pair, Scale, Sides};

/// One frame: data has `feed` and no `event`.
pub(super) fn message(
    ticker: Channel,
    object: &Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    if object.get("event").is_some() {
        return answer::read(ticker, object, instruments, batch);
    }
    let feed = object.get("feed").ok_or(Reject::UnknownShape)?;
    match feed.text("feed")? {
        "book" => delta(object, instruments, batch),
        "book_snapshot" => snapshot(object, instruments, batch),
        "trade" => trade(object, Flags::NONE, instruments, batch),
        "trade_snapshot" => history(object, instruments, batch),
        "ticker" => ticker::full(object, instruments, batch),
        "ticker_lite" => ticker::lite(object, instruments, batch),
        "heartbeat" => {
            batch.control(Control::Heartbeat);
            Ok(())
        }
        new => {
            batch.drift.unknown_value("message", "feed", new);
            batch.control(Control::Ignored);
            Ok(())
        }
    }
}

/// One level.
fn delta(
    object: &Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    fields!(object, batch.drift, "book" => {
        "product_id" => product, "side" => side, "seq" => seq, "price" => px, "qty" => qty,
        "timestamp" => time, "feed" => _feed,
    });
    let instrument = instruments.resolve(need(product, "product_id")?.text("product_id")?)?;
    let mut head = BookHead::new(Kind::BookDelta, instrument, 0, 0);
    head.header.seq = need(seq, "seq")?.unsigned("seq")?;
    head.first_seq = head.header.seq;
    head.header.ts_venue = need(time, "timestamp")?.epoch("timestamp")?;
    let first = batch.levels.len();
    let mut scale = Scale::of(instruments.get(instrument));
    scale.level(need(px, "price")?, need(qty, "qty")?, batch, first)?;
    let end = batch.levels.len();
    let (bids, asks) = match self::side(side)? {
        Side::BUY => (first..end, end..end),
        _ => (first..first, first..end),
    };
    let (px_exp, qty_exp) = (scale.px_exp, scale.qty_exp);
    batch.book(
        head,
        Sides {
            bids,
            asks,
            px_exp,
            qty_exp,
        },
    );
    Ok(())
}

/// The whole book.
fn snapshot(
    object: &Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    fields!(object, batch.drift, "book_snapshot" => {
        "product_id" => product, "seq" => seq, "bids" => bids, "asks" => asks, "timestamp" => time,
        "feed" => _feed,
    }, known: "tickSize");
    let instrument = instruments.resolve(need(product, "product_id")?.text("product_id")?)?;
    let mut head = BookHead::new(Kind::BookSnapshot, instrument, 0, 0);
    head.header.seq = need(seq, "seq")?.unsigned("seq")?;
    head.header.ts_venue = need(time, "timestamp")?.epoch("timestamp")?;
    let (bids, asks) = (need(bids, "bids")?, need(asks, "asks")?);
    let sides = levels::sides(instruments.get(instrument), bids, asks, batch, level)?;
    let sides = without_empty(sides, batch);
    batch.book(head, sides);
    Ok(())
}

fn level<'t, 'f>(level: Json<'t, 'f>, drift: &mut Drift) -> Result<Pair<'t, 'f>, Reject> {
    let level = level.object("level")?;
    fields!(level, drift, "book.level" => { "price" => px, "qty" => qty });
    Ok((need(px, "price")?, need(qty, "qty")?))
}

/// Rule 2: levels of quantity 0 in a snapshot are no levels.
pub(super) fn without_empty(mut sides: Sides, batch: &mut Batch) -> Sides {
    let (first, held) = (sides.bids.start, &batch.levels[sides.bids.clone()]);
    let bids = held.iter().filter(|level| level.qty != 0).count();
    let mut at = 0;
    batch.levels.retain(|level| {
        at += 1;
        at <= first || level.qty != 0
    });
    sides.bids = first..first + bids;
    sides.asks = sides.bids.end..batch.levels.len();
    sides
}

/// The last trades, which come newest first after each subscription: history, told in its order.
fn history(
    object: &Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    fields!(object, batch.drift, "trade_snapshot" => { "trades" => trades, "feed" => _feed },
        known: "product_id");
    let first = batch.items.len();
    for item in need(trades, "trades")?.array("trades")?.iter() {
        trade(&item.object("trade")?, Flags::SNAPSHOT, instruments, batch)?;
    }
    batch.items[first..].reverse();
    if batch.items.len() == first {
        batch.control(Control::Ignored);
    }
    Ok(())
}

fn trade(
    object: &Fields<'_, '_>,
    flags: Flags,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    fields!(object, batch.drift, "trade" => {
        "product_id" => product, "uid" => uid, "side" => side, "type" => kind, "time" => time,
        "qty" => qty, "price" => px, "seq" => seq,
        "feed" => _feed,
    });
    let instrument = instruments.resolve(need(product, "product_id")?.text("product_id")?)?;
    let known = instruments.get(instrument);
    let (px, qty) = levels::px_and_qty(known, (px, "price"), (qty, "qty"))?;
    let mut record = Trade::new(instrument, px, qty, self::side(side)?, trade_id(uid)?);
    record.conditions = conditions(kind, &mut batch.drift)?;
    record.header.seq = need(seq, "seq")?.unsigned("seq")?;
    record.header.ts_venue = need(time, "time")?.epoch("time")?;
    record.header.flags = flags;
    batch.items.push(Item::Trade(record));
    Ok(())
}

/// Taker side of a trade, book side of a level.
pub(super) fn side(item: Option<Json<'_, '_>>) -> Result<Side, Reject> {
    match need(item, "side")?.text("side")? {
        "buy" => Ok(Side::BUY),
        "sell" => Ok(Side::SELL),
        _ => Err(Reject::InvalidSide("side")),
    }
}

/// Rule 5: trades are named by UUIDs.
pub(super) fn trade_id(item: Option<Json<'_, '_>>) -> Result<TradeId, Reject> {
    match TradeId::parse(need(item, "uid")?.text("uid")?) {
        Some(id @ TradeId::Uuid(_)) => Ok(id),
        _ => Err(Reject::InvalidId("uid")),
    }
}

/// What kind of trade it is; kinds that are new are told.
pub(super) fn conditions(
    item: Option<Json<'_, '_>>,
    drift: &mut Drift,
) -> Result<Conditions, Reject> {
    match need(item, "type")?.text("type")? {
        "fill" | "liquidation" | "assignment" | "termination" => Ok(Conditions::default()),
        "block" => Ok(Conditions::BLOCK),
        new => {
            drift.unknown_value("trade", "type", new);
            Ok(Conditions::default())
        }
    }
}
