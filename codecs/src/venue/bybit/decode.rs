//! Frames to messages.

use crate::batch::{Batch, Control, Item};
use crate::instrument::{InstrumentId, Instruments};
use crate::json::{Fields, Item as Json, fields, need};
use crate::record::{ABSENT, Bbo, BookHead, Conditions, Kind, Side, Trade, TradeId};
use crate::reject::Reject;
use crate::venue::VenueId;
use crate::venue::levels::{self, Sides};

/// Most trades in one message (docs of 2025-08-05: split above 1024).
const TRADES_MAX: usize = 4096;

/// One frame: data of a topic, an answer, or (in recordings) a REST body.
pub(super) fn message(
    id: VenueId,
    object: &Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    if let Some(topic) = object.get("topic") {
        return data(topic.text("topic")?, object, instruments, batch);
    }
    if object.get("retCode").is_some() {
        return super::reference::instruments_info(id, object, batch).map(|_| ());
    }
    answer(object, batch)
}

fn data(
    topic: &str,
    object: &Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    let mut parts = topic.splitn(3, '.');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("orderbook"), Some(depth), Some(_)) => match depth.parse() {
            Ok(depth) => order_book(depth, object, instruments, batch),
            Err(_) => {
                batch.control(Control::Ignored);
                Ok(())
            }
        },
        (Some("publicTrade"), Some(_), None) => public_trade(object, instruments, batch),
        _ => {
            batch.control(Control::Ignored);
            Ok(())
        }
    }
}

/// Answers to subscribe and ping: `success`, `ret_msg`, `op`, `req_id`.
fn answer(object: &Fields<'_, '_>, batch: &mut Batch) -> Result<(), Reject> {
    let object = object.distinct()?;
    let op = object.need("op")?.text("op")?;
    let reason = object
        .get("ret_msg")
        .map_or(Ok(""), |reason| reason.text("ret_msg"))?;
    if op == "pong" || (op == "ping" && reason == "pong") {
        batch.control(Control::Heartbeat);
        return Ok(());
    }
    let success = object.need("success")?.boolean("success")?;
    let request = match object
        .get("req_id")
        .map(|number| number.text("req_id"))
        .transpose()?
    {
        None | Some("") => None,
        Some(number) => number.parse().ok(),
    };
    let refused = (!success).then(|| reason.into());
    batch.control(Control::Answer {
        request,
        stream: None,
        refused,
    });
    Ok(())
}

fn order_book(
    depth: u16,
    object: &Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    fields!(object, batch.drift, "orderbook" => {
        "topic" => _topic, "type" => kind, "ts" => sent, "cts" => time, "data" => data,
    });
    let data = need(data, "data")?.object("data")?;
    fields!(data, batch.drift, "orderbook.data" => {
        "s" => symbol, "b" => bids, "a" => asks, "u" => seq, "seq" => cross,
    });
    let snapshot = match need(kind, "type")?.text("type")? {
        "snapshot" => true,
        "delta" if depth > 1 => false,
        _ => return Err(Reject::UnknownShape),
    };
    let kind = if snapshot {
        Kind::BookSnapshot
    } else {
        Kind::BookDelta
    };
    let instrument = instruments.resolve(need(symbol, "s")?.text("s")?)?;
    let mut head = BookHead::new(kind, instrument, 0, 0);
    head.header.seq = need(seq, "u")?.unsigned("u")?;
    if !snapshot {
        head.first_seq = head.header.seq;
    }
    head.cross_seq = cross.map_or(Ok(0), |cross| cross.unsigned("seq"))?;
    head.header.ts_send = need(sent, "ts")?.epoch("ts")?;
    // Before 2023-12-14 there was no matching time: `ts` is the venue's only stamp then.
    head.header.ts_venue = time.map_or(Ok(head.header.ts_send), |time| time.epoch("cts"))?;
    let known = instruments.get(instrument);
    let sides = levels::sides(
        known,
        need(bids, "b")?,
        need(asks, "a")?,
        batch,
        levels::pair,
    )?;
    if depth == 1 {
        push_bbo(&head, &sides, batch);
    } else {
        batch.book(head, sides);
    }
    Ok(())
}

/// Level 1 is the BBO: at most one level a side; quantity 0 says that there is none.
fn push_bbo(head: &BookHead, sides: &Sides, batch: &mut Batch) {
    let mut bbo = Bbo::new(head.header.instrument, sides.px_exp, sides.qty_exp);
    bbo.header.seq = head.header.seq;
    bbo.header.ts_venue = head.header.ts_venue;
    bbo.header.ts_send = head.header.ts_send;
    let best = |levels: &[crate::Level]| {
        let level = levels.first().filter(|level| level.qty > 0);
        level.map_or((ABSENT, 0), |level| (level.px, level.qty))
    };
    (bbo.bid_px, bbo.bid_qty) = best(&batch.levels[sides.bids.clone()]);
    (bbo.ask_px, bbo.ask_qty) = best(&batch.levels[sides.asks.clone()]);
    batch.items.push(Item::Bbo(bbo));
}

fn public_trade(
    object: &Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    fields!(object, batch.drift, "publicTrade.message" => {
        "topic" => _topic, "ts" => sent, "data" => data,
    }, known: "type" | "id");
    let sent = need(sent, "ts")?.epoch("ts")?;
    let trades = need(data, "data")?.array("data")?;
    if trades.len() > TRADES_MAX {
        return Err(Reject::TooMany);
    }
    for trade in trades.iter() {
        let mut record = one_trade(&trade.object("trade")?, instruments, batch)?;
        record.header.ts_send = sent;
        batch.items.push(Item::Trade(record));
    }
    Ok(())
}

fn one_trade(
    trade: &Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<Trade, Reject> {
    fields!(trade, batch.drift, "publicTrade" => {
        "T" => time, "s" => symbol, "S" => side, "v" => qty, "p" => px, "i" => id,
        "BT" => block, "RPI" => rpi, "seq" => cross,
    }, known: "L" | "mP" | "iP" | "mIv" | "iv");
    let instrument: InstrumentId = instruments.resolve(need(symbol, "s")?.text("s")?)?;
    let (px, qty) = levels::px_and_qty(instruments.get(instrument), (px, "p"), (qty, "v"))?;
    let side = match need(side, "S")?.text("S")? {
        "Buy" => Side::BUY,
        "Sell" => Side::SELL,
        _ => return Err(Reject::InvalidSide("S")),
    };
    let id = TradeId::parse(need(id, "i")?.text("i")?).ok_or(Reject::InvalidId("i"))?;
    let mut record = Trade::new(instrument, px, qty, side, id);
    record.header.ts_venue = need(time, "T")?.epoch("T")?;
    record.header.seq = cross.map_or(Ok(0), |cross| cross.unsigned("seq"))?;
    let flag =
        |item: Option<Json<'_, '_>>, field| item.map_or(Ok(false), |item| item.boolean(field));
    record.conditions = Conditions::default()
        .with(Conditions::BLOCK, flag(block, "BT")?)
        .with(Conditions::RPI, flag(rpi, "RPI")?);
    Ok(record)
}
