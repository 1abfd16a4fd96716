//! Frames to messages.

use crate::batch::{Batch, Control, Drift, Item};
use crate::fixed::Fixed;
use crate::instrument::{InstrumentId, Instruments, Listing, Terms};
use crate::json::{Fields, Item as Json, fields, need};
use crate::record::{BookHead, Flags, InstrumentType, Kind, Side, Trade, TradeId, TradingState};
use crate::reject::Reject;
use crate::venue::levels::{self, Pair};
use crate::venue::{Channel, StreamKey};

/// One frame: data of a channel, or an answer.
pub(super) fn message(
    depth: u16,
    object: &Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    let Some(channel) = object.get("channel") else {
        return answer(object, instruments, batch);
    };
    if object.get("method").is_some() {
        return answer(object, instruments, batch);
    }
    match channel.text("channel")? {
        "book" => each(object, batch, |snapshot, element, batch| {
            book(depth, snapshot, element, instruments, batch)
        }),
        "trade" => each(object, batch, |snapshot, element, batch| {
            trade(snapshot, element, instruments, batch)
        }),
        "ticker" => each(object, batch, |_, element, batch| {
            ticker(element, instruments, batch)
        }),
        "instrument" => {
            let (_, data) = envelope(object, batch)?;
            listings(&data.object("data")?.distinct()?, batch)
        }
        "heartbeat" => {
            batch.control(Control::Heartbeat);
            Ok(())
        }
        "status" => each(object, batch, |_, element, batch| status(element, batch)),
        _ => {
            batch.control(Control::Ignored);
            Ok(())
        }
    }
}

/// Whether a data message is a snapshot, and its `data`.
fn envelope<'t, 'f>(
    object: &Fields<'t, 'f>,
    batch: &mut Batch,
) -> Result<(bool, Json<'t, 'f>), Reject> {
    fields!(object, batch.drift, "message" => {
        "channel" => _channel, "type" => kind, "data" => data,
    });
    let snapshot = match need(kind, "type")?.text("type")? {
        "snapshot" => true,
        "update" => false,
        _ => return Err(Reject::UnknownShape),
    };
    Ok((snapshot, need(data, "data")?))
}

/// `data` may hold several elements; they apply in order.
fn each(
    object: &Fields<'_, '_>,
    batch: &mut Batch,
    mut read: impl FnMut(bool, &Fields<'_, '_>, &mut Batch) -> Result<(), Reject>,
) -> Result<(), Reject> {
    let (snapshot, data) = envelope(object, batch)?;
    for element in data.array("data")?.iter() {
        read(snapshot, &element.object("data")?, batch)?;
    }
    Ok(())
}

fn status(element: &Fields<'_, '_>, batch: &mut Batch) -> Result<(), Reject> {
    let system = element.distinct()?.need("system")?.text("system")?;
    batch.control(Control::VenueState(system.into()));
    Ok(())
}

/// `{"method":…,"req_id":…,"success":…,"result":{…}}`, or `error` and `symbol` at the top level.
fn answer(
    object: &Fields<'_, '_>,
    instruments: &Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    let object = object.distinct()?;
    let error = object.get("error").or_else(|| object.get("Error"));
    let reason = error.map(|error| error.text("error")).transpose()?;
    let method = object
        .get("method")
        .map(|method| method.text("method"))
        .transpose()?;
    match (method, reason) {
        (Some("pong"), None) => batch.control(Control::Heartbeat),
        (Some("subscribe" | "unsubscribe"), _) => {
            let request = object
                .get("req_id")
                .filter(|id| !id.is_null())
                .map(|id| id.unsigned("req_id"))
                .transpose()?;
            let stream = answered_stream(&object, instruments)?;
            batch.control(Control::Answer {
                request,
                stream,
                refused: reason.map(Into::into),
            });
        }
        (_, Some(reason)) => batch.control(Control::VenueState(reason.into())),
        _ => return Err(Reject::UnknownShape),
    }
    Ok(())
}

/// The one stream that an answer is about. A refusal names the symbol but not the channel.
fn answered_stream(
    object: &Fields<'_, '_>,
    instruments: &Instruments,
) -> Result<Option<StreamKey>, Reject> {
    let result = object
        .get("result")
        .map(|result| result.object("result")?.distinct())
        .transpose()?;
    let named = result.as_ref().unwrap_or(object);
    let channel = match named.get("channel") {
        Some(name) => super::subscribe::of_name(name.text("channel")?),
        None => Some(Channel::NONE),
    };
    let instrument = match named.get("symbol") {
        Some(symbol) => instruments.find(symbol.text("symbol")?),
        None => Some(InstrumentId::NONE),
    };
    let key = channel
        .zip(instrument)
        .map(|(channel, instrument)| StreamKey {
            instrument,
            channel,
        });
    // Without a symbol it is about the whole request, but for the one channel that has none.
    Ok(key.filter(|key| key.instrument != InstrumentId::NONE || key.channel == Channel::REFERENCE))
}

fn book(
    depth: u16,
    snapshot: bool,
    element: &Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    let kind = if snapshot {
        Kind::BookSnapshot
    } else {
        Kind::BookDelta
    };
    fields!(element, batch.drift, "book" => {
        "symbol" => symbol, "bids" => bids, "asks" => asks, "checksum" => checksum, "timestamp" => time,
    });
    let instrument = instruments.resolve(need(symbol, "symbol")?.text("symbol")?)?;
    let mut head = BookHead::new(kind, instrument, 0, 0);
    head.depth = depth;
    head.header.ts_venue = time.map_or(Ok(0), |time| time.rfc3339("timestamp"))?;
    let sent = need(checksum, "checksum")?.unsigned("checksum")?;
    head.checksum = u32::try_from(sent).map_err(|_| Reject::NumberRange("checksum"))?;
    head.header.flags = Flags::CHECKSUM;
    let known = instruments.get(instrument);
    let sides = levels::sides(
        known,
        need(bids, "bids")?,
        need(asks, "asks")?,
        batch,
        level,
    )?;
    batch.book(head, sides);
    Ok(())
}

/// A level spelled `{"price":…,"qty":…}`.
fn level<'t, 'f>(level: Json<'t, 'f>, drift: &mut Drift) -> Result<Pair<'t, 'f>, Reject> {
    let level = level.object("level")?;
    fields!(level, drift, "book.level" => { "price" => px, "qty" => qty });
    Ok((need(px, "price")?, need(qty, "qty")?))
}

fn trade(
    snapshot: bool,
    element: &Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    fields!(element, batch.drift, "trade" => {
        "symbol" => symbol, "side" => side, "price" => px, "qty" => qty, "trade_id" => id, "timestamp" => time,
    }, known: "ord_type");
    let instrument = instruments.resolve(need(symbol, "symbol")?.text("symbol")?)?;
    let known = instruments.get(instrument);
    let (px, qty) = levels::px_and_qty(known, (px, "price"), (qty, "qty"))?;
    let side = match need(side, "side")?.text("side")? {
        "buy" => Side::BUY,
        "sell" => Side::SELL,
        _ => return Err(Reject::InvalidSide("side")),
    };
    let id = need(id, "trade_id")?.unsigned("trade_id")?;
    let mut record = Trade::new(instrument, px, qty, side, TradeId::Integer(u128::from(id)));
    record.header.seq = id;
    record.header.ts_venue = need(time, "timestamp")?.rfc3339("timestamp")?;
    if snapshot {
        record.header.flags = Flags::SNAPSHOT;
    }
    batch.items.push(Item::Trade(record));
    Ok(())
}

fn ticker(
    element: &Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    fields!(element, batch.drift, "ticker" => {
        "symbol" => symbol, "bid" => bid_px, "bid_qty" => bid_qty, "ask" => ask_px, "ask_qty" => ask_qty,
        "timestamp" => time,
    }, known: "last" | "volume" | "vwap" | "low" | "high" | "change" | "change_pct" | "trades");
    let instrument = instruments.resolve(need(symbol, "symbol")?.text("symbol")?)?;
    let fields = [
        (bid_px, "bid"),
        (bid_qty, "bid_qty"),
        (ask_px, "ask"),
        (ask_qty, "ask_qty"),
    ];
    let mut bbo = levels::best(instruments.get(instrument), fields)?;
    bbo.header.ts_venue = time.map_or(Ok(0), |time| time.rfc3339("timestamp"))?;
    batch.items.push(Item::Bbo(bbo));
    Ok(())
}

/// Pairs of the `instrument` channel; assets are not instruments.
fn listings(data: &Fields<'_, '_>, batch: &mut Batch) -> Result<(), Reject> {
    let Some(pairs) = data.get("pairs") else {
        return Ok(());
    };
    for pair in pairs.array("pairs")?.iter() {
        let listing = listing(&pair.object("pair")?.distinct()?)?;
        batch.items.push(Item::Listing(listing));
    }
    Ok(())
}

fn listing(pair: &Fields<'_, '_>) -> Result<Listing, Reject> {
    let text = |key: &'static str| pair.need(key).and_then(|item| item.text(key));
    let exp = |key: &'static str| {
        let places =
            i8::try_from(pair.need(key)?.unsigned(key)?).map_err(|_| Reject::NumberRange(key))?;
        if places > 18 {
            Err(Reject::NumberRange(key))
        } else {
            Ok(-places)
        }
    };
    let increment = |key: &'static str| {
        pair.get(key)
            .map_or(Ok(Fixed::new(0, 0)), |item| item.fixed(key))
    };
    let (tick, lot) = (increment("price_increment")?, increment("qty_increment")?);
    let state = match text("status")? {
        "online" => TradingState::TRADING,
        "delisted" => TradingState::CLOSED,
        _ => TradingState::HALTED,
    };
    let terms = Terms {
        tick: (tick.mantissa, tick.exp),
        lot: (lot.mantissa, lot.exp),
        state,
        instrument_type: InstrumentType::SPOT,
        ..Terms::UNKNOWN
    };
    Ok(Listing {
        symbol: text("symbol")?.into(),
        base: text("base")?.into(),
        quote: text("quote")?.into(),
        settle: "".into(),
        px_exp: exp("price_precision")?,
        qty_exp: exp("qty_precision")?,
        terms,
    })
}
