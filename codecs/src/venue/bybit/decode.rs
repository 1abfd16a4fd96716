//! Frames: which topic or answer one is.

use super::{Shape, answer, candle, orderbook, reference, status, ticker, topic, trade};
use crate::batch::{Batch, Control};
use crate::instrument::Instruments;
use crate::json::{Fields, Item as Json, Items, need};
use crate::reject::Reject;
use crate::time::Nanos;
use crate::venue::Channel;

/// Most trades, liquidations or candles in one message (docs of 2025-08-05: trades split above
/// 1024).
pub(super) const EVENTS_MAX: usize = 4096;

/// What the messages that list events have in common: when they were sent, and the list.
pub(super) fn events<'t, 'f>(
    sent: Option<Json<'t, 'f>>,
    data: Option<Json<'t, 'f>>,
) -> Result<(Nanos, Items<'t, 'f>), Reject> {
    let sent = need(sent, "ts")?.epoch("ts")?;
    Ok((sent, bounded(need(data, "data")?.array("data")?)?))
}

/// A list of no more events than a message has.
pub(super) fn bounded<'t, 'f>(list: Items<'t, 'f>) -> Result<Items<'t, 'f>, Reject> {
    if list.len() > EVENTS_MAX {
        return Err(Reject::TooMany);
    }
    Ok(list)
}

/// One frame: data of a topic, an answer, or (in recordings) a body of reference data.
pub(super) fn message(
    shape: Shape,
    object: Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    if let Some(topic) = object.get("topic") {
        return data(shape, topic.text("topic")?, object, instruments, batch);
    }
    if object.get("retCode").is_some() {
        return reference::instruments_info(shape.id, object, batch).map(|_| ());
    }
    answer::read(object, instruments, batch)
}

fn data(
    shape: Shape,
    topic: &str,
    object: Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    let (channel, symbol) = match topic::parse(topic) {
        topic::Topic::Of(channel, symbol) => (channel, symbol),
        topic::Topic::NotCarried => {
            batch.control(Control::Ignored);
            return Ok(());
        }
        topic::Topic::Unknown => {
            batch
                .drift
                .unknown_value("message", "topic", topic::family(topic));
            batch.control(Control::Ignored);
            return Ok(());
        }
    };
    match channel {
        Channel::TRADE => trade::public_trade(shape.id, object, instruments, batch),
        Channel::LIQUIDATION => trade::liquidations(object, instruments, batch),
        Channel::TICKER => ticker::tickers(shape, object, instruments, batch),
        Channel::PRICE_LIMIT => ticker::price_limit(object, instruments, batch),
        Channel::STATUS => status::read(shape.id, object, batch),
        channel if channel.is_candle() => candle::read(channel, symbol, object, instruments, batch),
        book => orderbook::message(shape, book, object, instruments, batch),
    }
}

/// A message of a type that was not documented when this was written carries nothing.
#[cold]
pub(super) fn ignore(batch: &mut Batch, channel: &'static str, kind: &str) {
    batch.drift.unknown_value(channel, "type", kind);
    batch.control(Control::Ignored);
}
