//! Frames to messages.

use super::{answer, orders, reference, ticker};
use crate::batch::{Batch, Control, Drift, Item};
use crate::instrument::Instruments;
use crate::json::{Fields, Item as Json, fields, need};
use crate::record::{BookHead, Flags, Kind, Side, Trade, TradeId};
use crate::reject::Reject;
use crate::time::Nanos;
use crate::venue::Channel;
use crate::venue::levels::{self, Pair};

/// What the decoder must know of the subscriptions.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    /// Levels a side of `book`.
    pub(super) book_depth: u16,
    /// Price levels a side of `level3`.
    pub(super) orders_depth: u16,
    /// The channel that the `ticker` stream is subscribed for.
    pub(super) ticker: Channel,
}

/// One frame: data of a channel, or an answer.
pub(super) fn message(
    view: View,
    object: &Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    let channel = match object.get("channel") {
        Some(channel) if object.get("method").is_none() => channel.text("channel")?,
        _ => return answer::read(view.ticker, object, instruments, batch),
    };
    match channel {
        "book" => each(object, batch, |envelope, element, batch| {
            book(
                view.book_depth,
                envelope.snapshot,
                element,
                instruments,
                batch,
            )
        }),
        "trade" => each(object, batch, |envelope, element, batch| {
            trade(envelope.snapshot, element, instruments, batch)
        }),
        "ticker" => each(object, batch, |_, element, batch| {
            ticker::ticker(element, instruments, batch)
        }),
        "ohlc" => each(object, batch, |envelope, element, batch| {
            ticker::candle(envelope.time, element, instruments, batch)
        }),
        "level3" => each(object, batch, |envelope, element, batch| {
            let depth = view.orders_depth;
            orders::orders(depth, envelope.snapshot, element, instruments, batch)
        }),
        "instrument" => {
            let Envelope { snapshot, data, .. } = envelope(object, batch)?;
            reference::listings(snapshot, &data.object("data")?.distinct()?, batch)
        }
        "heartbeat" => {
            batch.control(Control::Heartbeat);
            Ok(())
        }
        "status" => each(object, batch, |_, element, batch| status(element, batch)),
        new => {
            batch.drift.unknown_value("message", "channel", new);
            batch.control(Control::Ignored);
            Ok(())
        }
    }
}

/// A data message.
struct Envelope<'t, 'f> {
    /// Whether it is a snapshot.
    snapshot: bool,
    /// When it was made; 0 where the message does not say.
    time: Nanos,
    data: Json<'t, 'f>,
}

fn envelope<'t, 'f>(
    object: &Fields<'t, 'f>,
    batch: &mut Batch,
) -> Result<Envelope<'t, 'f>, Reject> {
    fields!(object, batch.drift, "message" => {
        "channel" => _channel, "type" => kind, "timestamp" => time, "data" => data,
    });
    let snapshot = match need(kind, "type")?.text("type")? {
        "snapshot" => true,
        "update" => false,
        _ => return Err(Reject::UnknownShape),
    };
    Ok(Envelope {
        snapshot,
        time: time.map_or(Ok(0), |time| time.rfc3339("timestamp"))?,
        data: need(data, "data")?,
    })
}

/// `data` may hold several elements; they apply in order.
fn each(
    object: &Fields<'_, '_>,
    batch: &mut Batch,
    mut read: impl FnMut(&Envelope<'_, '_>, &Fields<'_, '_>, &mut Batch) -> Result<(), Reject>,
) -> Result<(), Reject> {
    let envelope = envelope(object, batch)?;
    for element in envelope.data.array("data")?.iter() {
        read(&envelope, &element.object("data")?, batch)?;
    }
    Ok(())
}

/// The engine's state. What is announced or urgent is told as a state of its own: the pages do not
/// say what the two lists hold.
fn status(element: &Fields<'_, '_>, batch: &mut Batch) -> Result<(), Reject> {
    fields!(element, batch.drift, "status" => {
        "system" => system, "upcoming_maintenance" => upcoming, "emergency" => emergency,
    }, known: "version" | "api_version" | "connection_id");
    let system = need(system, "system")?.text("system")?;
    if !matches!(
        system,
        "online" | "cancel_only" | "maintenance" | "post_only"
    ) {
        batch.drift.unknown_value("status", "system", system);
    }
    batch.control(Control::VenueState(system.into()));
    for (list, name) in [(upcoming, "upcoming_maintenance"), (emergency, "emergency")] {
        let told = list.map_or(Ok(false), |list| {
            list.array(name).map(|list| !list.is_empty())
        })?;
        if told {
            batch.control(Control::VenueState(name.into()));
        }
    }
    Ok(())
}

/// A 32-bit checksum, which every book message carries.
pub(super) fn checksum(item: Option<Json<'_, '_>>) -> Result<u32, Reject> {
    let sent = need(item, "checksum")?.unsigned("checksum")?;
    u32::try_from(sent).map_err(|_| Reject::NumberRange("checksum"))
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
    head.checksum = self::checksum(checksum)?;
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
