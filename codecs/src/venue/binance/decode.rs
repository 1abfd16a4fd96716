//! Frames to messages.

use crate::batch::{Batch, Control, Item};
use crate::instrument::{Instrument, Instruments};
use crate::json::{Fields, Item as Json, fields, need};
use crate::record::{BookHead, Conditions, Kind, Side, Trade, TradeId};
use crate::reject::Reject;
use crate::venue::VenueId;
use crate::venue::levels;

/// One frame: a combined wrapper, a bare payload, an answer, or (in recordings) a REST body. The
/// arrays of the all-symbol streams are not carried.
pub(super) fn message(
    id: VenueId,
    root: Json<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    if root.is_array() {
        batch.control(Control::Ignored);
        return Ok(());
    }
    let object = root.object("message")?;
    if object.get("data").is_none() {
        return payload(id, &object, instruments, batch);
    }
    fields!(object, batch.drift, "combined" => { "stream" => stream, "data" => data });
    let data = need(stream, "stream").and(need(data, "data"))?;
    if data.is_array() {
        batch.control(Control::Ignored);
        return Ok(());
    }
    let data = data.object("data")?;
    if data.get("e").is_none() && data.get("lastUpdateId").is_some() {
        // Partial depth: the best levels only, not the REST snapshot that it looks like.
        batch.control(Control::Ignored);
        return Ok(());
    }
    payload(id, &data, instruments, batch)
}

fn payload(
    id: VenueId,
    object: &Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    let event = object.get("e").map(|event| event.text("e")).transpose()?;
    match event {
        Some("depthUpdate") => depth(id, object, instruments, batch),
        Some("trade") => trade(object, instruments, batch),
        Some("aggTrade") => agg_trade(object, instruments, batch),
        Some("bookTicker") => book_ticker(object, instruments, batch),
        Some("serverShutdown") => {
            batch.control(Control::VenueState("serverShutdown".into()));
            Ok(())
        }
        Some(_) => {
            batch.control(Control::Ignored);
            Ok(())
        }
        None => unnamed(id, object, instruments, batch),
    }
}

/// Payloads without an event name: spot bookTicker, answers, and REST bodies in recordings.
fn unnamed(
    id: VenueId,
    object: &Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    let has = |key: &str| object.get(key).is_some();
    if has("u") && has("s") {
        book_ticker(object, instruments, batch)
    } else if has("lastUpdateId") {
        let only = instruments.only()?;
        depth_body(object, instruments.get(only), batch)
    } else if has("symbols") {
        super::reference::exchange_info(id, object, batch)
    } else if has("id") || has("code") || has("error") {
        answer(object, batch)
    } else {
        Err(Reject::UnknownShape)
    }
}

fn answer(object: &Fields<'_, '_>, batch: &mut Batch) -> Result<(), Reject> {
    let object = object.distinct()?;
    let nested = object
        .get("error")
        .map(|error| error.object("error")?.distinct())
        .transpose()?;
    let told = nested.unwrap_or(object);
    let refused = nested.is_some() || object.get("code").is_some();
    let reason = match told.get("msg") {
        Some(msg) => Some(msg.text("msg")?),
        None => refused.then_some(""),
    };
    let request = match object.get("id") {
        Some(number) if !number.is_null() => number.unsigned("id").ok(),
        _ => None,
    };
    batch.control(Control::Answer {
        request,
        stream: None,
        refused: reason.map(Into::into),
    });
    Ok(())
}

/// `m` true: the buyer was the maker, so the aggressor sold.
fn aggressor(buyer_is_maker: bool) -> Side {
    if buyer_is_maker {
        Side::SELL
    } else {
        Side::BUY
    }
}

fn trade(
    object: &Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    fields!(object, batch.drift, "trade" => {
        "e" => _event, "s" => symbol, "t" => id, "p" => px, "q" => qty, "E" => sent, "T" => time,
        "m" => maker,
    }, known: "M" | "a" | "b" | "X" | "st" | "ps");
    let id = need(id, "t")?.unsigned("t")?;
    let record = fill(instruments, symbol, px, qty, maker, id)?;
    push_trade(record, sent, time, batch)
}

fn agg_trade(
    object: &Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    fields!(object, batch.drift, "aggTrade" => {
        "e" => _event, "s" => symbol, "a" => id, "p" => px, "q" => qty, "f" => first, "l" => last,
        "E" => sent, "T" => time, "m" => maker,
    }, known: "M" | "nq" | "st" | "ps");
    let id = need(id, "a")?.unsigned("a")?;
    let mut record = fill(instruments, symbol, px, qty, maker, id)?;
    record.first_id = need(first, "f")?.unsigned("f")?;
    record.last_id = need(last, "l")?.unsigned("l")?;
    record.conditions = record.conditions.with(Conditions::AGGREGATE, true);
    push_trade(record, sent, time, batch)
}

fn fill(
    instruments: &mut Instruments,
    symbol: Option<Json<'_, '_>>,
    px: Option<Json<'_, '_>>,
    qty: Option<Json<'_, '_>>,
    maker: Option<Json<'_, '_>>,
    id: u64,
) -> Result<Trade, Reject> {
    let instrument = instruments.resolve(need(symbol, "s")?.text("s")?)?;
    let (px, qty) = levels::px_and_qty(instruments.get(instrument), (px, "p"), (qty, "q"))?;
    let side = aggressor(need(maker, "m")?.boolean("m")?);
    let mut record = Trade::new(instrument, px, qty, side, TradeId::Integer(u128::from(id)));
    record.header.seq = id;
    Ok(record)
}

fn push_trade(
    mut record: Trade,
    sent: Option<Json<'_, '_>>,
    time: Option<Json<'_, '_>>,
    batch: &mut Batch,
) -> Result<(), Reject> {
    record.header.ts_venue = need(time, "T")?.epoch("T")?;
    record.header.ts_send = need(sent, "E")?.epoch("E")?;
    batch.items.push(Item::Trade(record));
    Ok(())
}

fn book_ticker(
    object: &Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    fields!(object, batch.drift, "bookTicker" => {
        "e" => _event, "s" => symbol, "u" => seq, "b" => bid_px, "B" => bid_qty, "a" => ask_px,
        "A" => ask_qty, "E" => sent, "T" => time,
    }, known: "st" | "ps");
    let instrument = instruments.resolve(need(symbol, "s")?.text("s")?)?;
    let fields = [(bid_px, "b"), (bid_qty, "B"), (ask_px, "a"), (ask_qty, "A")];
    let mut bbo = levels::best(instruments.get(instrument), fields)?;
    bbo.header.seq = need(seq, "u")?.unsigned("u")?;
    bbo.header.ts_send = optional_epoch(sent, "E")?;
    bbo.header.ts_venue = optional_epoch(time, "T")?;
    batch.items.push(Item::Bbo(bbo));
    Ok(())
}

fn optional_epoch(item: Option<Json<'_, '_>>, field: &'static str) -> Result<i64, Reject> {
    item.map_or(Ok(0), |item| item.epoch(field))
}

fn depth(
    id: VenueId,
    object: &Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    fields!(object, batch.drift, "depthUpdate" => {
        "e" => _event, "s" => symbol, "U" => first, "u" => last, "pu" => prev, "b" => bids,
        "a" => asks, "E" => sent, "T" => time,
    }, known: "st" | "ps");
    let instrument = instruments.resolve(need(symbol, "s")?.text("s")?)?;
    let mut head = BookHead::new(Kind::BookDelta, instrument, 0, 0);
    head.first_seq = need(first, "U")?.unsigned("U")?;
    head.header.seq = need(last, "u")?.unsigned("u")?;
    if id != VenueId::BINANCE_SPOT {
        head.prev_seq = need(prev, "pu")?.unsigned("pu")?;
    }
    head.header.ts_send = need(sent, "E")?.epoch("E")?;
    // Spot gives no matching time: the event time is the venue's only stamp then.
    head.header.ts_venue = match time {
        Some(time) => time.epoch("T")?,
        None => head.header.ts_send,
    };
    push_book(
        head,
        instruments.get(instrument),
        need(bids, "b")?,
        need(asks, "a")?,
        batch,
    )
}

/// The body of a REST depth answer.
pub(super) fn rest_depth(
    root: Json<'_, '_>,
    instrument: &Instrument,
    batch: &mut Batch,
) -> Result<(), Reject> {
    let object = root.object("depth")?;
    if object.get("code").is_some() && object.get("msg").is_some() {
        return Err(Reject::VenueError);
    }
    depth_body(&object, instrument, batch)
}

fn depth_body(
    object: &Fields<'_, '_>,
    instrument: &Instrument,
    batch: &mut Batch,
) -> Result<(), Reject> {
    fields!(object, batch.drift, "depth" => {
        "lastUpdateId" => last, "bids" => bids, "asks" => asks, "E" => sent, "T" => time,
    }, known: "symbol" | "pair");
    let mut head = BookHead::new(Kind::BookSnapshot, instrument.id, 0, 0);
    head.header.seq = last_update_id(need(last, "lastUpdateId")?)?;
    head.header.ts_send = optional_epoch(sent, "E")?;
    head.header.ts_venue = optional_epoch(time, "T")?;
    push_book(
        head,
        instrument,
        need(bids, "bids")?,
        need(asks, "asks")?,
        batch,
    )
}

/// Rule 7: −1 says that the symbol never traded; `u64::MAX` stands for "no id" until the join.
fn last_update_id(item: Json<'_, '_>) -> Result<u64, Reject> {
    match item.text("lastUpdateId")? {
        "-1" => Ok(u64::MAX),
        _ => item.unsigned("lastUpdateId"),
    }
}

fn push_book(
    head: BookHead,
    instrument: &Instrument,
    bids: Json<'_, '_>,
    asks: Json<'_, '_>,
    batch: &mut Batch,
) -> Result<(), Reject> {
    let sides = levels::sides(instrument, bids, asks, batch, levels::pair)?;
    batch.book(head, sides);
    Ok(())
}
