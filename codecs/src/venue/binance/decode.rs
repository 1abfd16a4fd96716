//! Frames to messages.

use crate::batch::{Batch, Control, Item};
use crate::instrument::{Instrument, InstrumentId, Instruments};
use crate::json::{Fields, Item as Json, fields, need};
use crate::record::{BookHead, Conditions, Kind, Side, Trade, TradeId};
use crate::reject::Reject;
use crate::venue::{Channel, VenueId, levels};

use super::{candle, liquidation, statistics, streams};

/// Events of streams that no channel carries.
const OTHER_EVENTS: [&str; 9] = [
    "blockTrade",
    "referencePrice",
    "continuous_kline",
    "indexPrice_kline",
    "markPrice_kline",
    "compositeIndex",
    "assetIndexUpdate",
    "tradingSession",
    "listenKeyExpired",
];

/// One frame: a combined wrapper, a bare payload, the array of a stream of all symbols, an answer,
/// or (in recordings) a REST body.
pub(super) fn message(
    id: VenueId,
    root: Json<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    if root.is_array() {
        return elements(id, root, instruments, batch);
    }
    let object = root.object("message")?;
    let taken = if object.get("data").is_none() {
        payload(id, &object, instruments, batch)?
    } else {
        fields!(object, batch.drift, "combined" => { "stream" => stream, "data" => data });
        let stream = need(stream, "stream")?.text("stream")?;
        let data = need(data, "data")?;
        // Beside the streams of all symbols, COIN-M has the mark prices of a pair's contracts.
        if data.is_array() && (stream.starts_with('!') || stream.contains("@markPrice")) {
            return elements(id, data, instruments, batch);
        }
        streamed(id, stream, &data.object("data")?, instruments, batch)?
    };
    if !taken {
        batch.control(Control::Ignored);
    }
    Ok(())
}

/// The elements of a stream of all symbols: those of instruments that the feed does not carry, or
/// of the other futures product, are passed over.
fn elements(
    id: VenueId,
    array: Json<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    let mut taken = false;
    for element in array.array("message")?.iter() {
        let element = element.object("element")?;
        if is_carried(id, &element, instruments)? {
            taken |= payload(id, &element, instruments, batch)?;
        }
    }
    if !taken {
        batch.control(Control::Ignored);
    }
    Ok(())
}

/// A payload whose stream is named; whether it is of a channel that is carried.
fn streamed(
    id: VenueId,
    stream: &str,
    data: &Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<bool, Reject> {
    if let Some((symbol, levels)) = streams::top_stream(stream) {
        return top(symbol, levels, data, instruments, batch);
    }
    // Partial depth of no known size: that of futures looks like a delta, which it must not become.
    let strange = match data.get("e") {
        Some(event) => event.text("e")? == "depthUpdate" && !streams::is_depth(stream),
        None => data.get("lastUpdateId").is_some(),
    };
    if strange {
        let kind = streams::kind_of(stream);
        batch.drift.unknown_value("combined", "stream", kind);
        return Ok(false);
    }
    // These look like others: the book with retail orders, and candles of another day.
    if stream.contains("@rpiDepth") || stream.ends_with("@+08:00") {
        return Ok(false);
    }
    if stream.starts_with('!') && stream != "!contractInfo" && !is_carried(id, data, instruments)? {
        return Ok(false);
    }
    payload(id, data, instruments, batch)
}

/// Whether a message of a stream of all symbols is about an instrument of this feed. One that names
/// none is left to its decoder.
fn is_carried(
    id: VenueId,
    object: &Fields<'_, '_>,
    instruments: &Instruments,
) -> Result<bool, Reject> {
    let order = || object.get("o")?.object("o").ok()?.get("s");
    let Some(symbol) = object.get("s").or_else(order) else {
        return Ok(true);
    };
    let symbol = symbol.text("s")?;
    Ok(streams::is_of(id, symbol) && instruments.admits(symbol))
}

/// One payload; whether it is of a channel that is carried.
fn payload(
    id: VenueId,
    object: &Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<bool, Reject> {
    let Some(event) = object.get("e") else {
        return unnamed(id, object, instruments, batch).map(|()| true);
    };
    match event.text("e")? {
        "depthUpdate" => depth(id, object, instruments, batch),
        "trade" => trade(object, instruments, batch),
        "aggTrade" => agg_trade(object, instruments, batch),
        "bookTicker" => book_ticker(object, instruments, batch),
        "forceOrder" => liquidation::decode(object, instruments, batch),
        "kline" => return candle::decode(object, instruments, batch),
        "contractInfo" => contract_info(object, batch),
        "serverShutdown" => {
            batch.control(Control::VenueState("serverShutdown".into()));
            batch.control(Control::Shutdown);
            Ok(())
        }
        event => {
            if let Some(kind) = statistics::of_event(event) {
                return statistics::decode(kind, *object, instruments, batch).map(|()| true);
            }
            if !OTHER_EVENTS.contains(&event) {
                batch.drift.unknown_value("event", "e", event);
            }
            return Ok(false);
        }
    }?;
    Ok(true)
}

/// A contract was listed, changed or is about to go: what exactly, exchangeInfo tells.
fn contract_info(object: &Fields<'_, '_>, batch: &mut Batch) -> Result<(), Reject> {
    fields!(object, batch.drift, "contractInfo" => { "e" => _event, "s" => symbol },
        known: "E" | "ps" | "ct" | "dt" | "ot" | "cs" | "bks" | "st");
    need(symbol, "s")?.text("s")?;
    batch.control(Control::Relisted);
    Ok(())
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
        whole_book(instruments.only()?, object, instruments, batch)
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
pub(super) fn aggressor(buyer_is_maker: bool) -> Side {
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

pub(super) fn optional_epoch(
    item: Option<Json<'_, '_>>,
    field: &'static str,
) -> Result<i64, Reject> {
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
    let sent = need(sent, "E")?.epoch("E")?;
    statistics::stamp(&mut head.header, sent, optional_epoch(time, "T")?);
    let sides = (need(bids, "b")?, need(asks, "a")?);
    push_book(head, instruments.get(instrument), sides, batch)
}

/// The best levels, each message all of them. Futures spell it like a delta, with all ids.
fn top(
    lower: &str,
    levels: u16,
    object: &Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<bool, Reject> {
    let mut head = BookHead::new(Kind::BookSnapshot, InstrumentId::NONE, 0, 0);
    (head.channel, head.depth) = (Channel::BOOK_TOP, levels);
    if object.get("lastUpdateId").is_some() {
        let found = streams::with_payload_symbol(lower, |symbol| instruments.resolve(symbol));
        head.header.instrument = found.unwrap_or(Err(Reject::UnknownInstrument))?;
        depth_body(head, object, instruments, batch)?;
        return Ok(true);
    }
    fields!(object, batch.drift, "depthUpdate" => {
        "e" => _event, "s" => symbol, "u" => last, "b" => bids, "a" => asks, "E" => sent,
        "T" => time,
    }, known: "U" | "pu" | "st" | "ps");
    head.header.instrument = instruments.resolve(need(symbol, "s")?.text("s")?)?;
    head.header.seq = need(last, "u")?.unsigned("u")?;
    let sent = need(sent, "E")?.epoch("E")?;
    statistics::stamp(&mut head.header, sent, optional_epoch(time, "T")?);
    let sides = (need(bids, "b")?, need(asks, "a")?);
    push_book(head, instruments.get(head.header.instrument), sides, batch)?;
    Ok(true)
}

/// The book that a REST depth body holds, or in recordings a bare partial depth.
pub(super) fn whole_book(
    instrument: InstrumentId,
    object: &Fields<'_, '_>,
    instruments: &Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    let head = BookHead::new(Kind::BookSnapshot, instrument, 0, 0);
    depth_body(head, object, instruments, batch)
}

fn depth_body(
    mut head: BookHead,
    object: &Fields<'_, '_>,
    instruments: &Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    fields!(object, batch.drift, "depth" => {
        "lastUpdateId" => last, "bids" => bids, "asks" => asks, "E" => sent, "T" => time,
    }, known: "symbol" | "pair");
    head.header.seq = last_update_id(need(last, "lastUpdateId")?)?;
    head.header.ts_send = optional_epoch(sent, "E")?;
    head.header.ts_venue = optional_epoch(time, "T")?;
    let sides = (need(bids, "bids")?, need(asks, "asks")?);
    push_book(head, instruments.get(head.header.instrument), sides, batch)
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
    (bids, asks): (Json<'_, '_>, Json<'_, '_>),
    batch: &mut Batch,
) -> Result<(), Reject> {
    let sides = levels::sides(instrument, bids, asks, batch, levels::pair)?;
    batch.book(head, sides);
    Ok(())
}
