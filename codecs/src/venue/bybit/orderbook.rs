//! Book messages: deltas and snapshots of every view, best prices, and REST bodies.

use super::{Shape, decode, rest};
use crate::batch::{Batch, Drift, Item};
use crate::instrument::{Instrument, InstrumentId, Instruments};
use crate::json::{Fields, Item as Json, fields, need};
use crate::record::{ABSENT, Bbo, BookHead, Kind, Level};
use crate::reject::Reject;
use crate::venue::Channel;
use crate::venue::levels::{self, Pair, Sides};
use std::ops::Range;

/// A message of an `orderbook` topic.
pub(super) fn message(
    shape: Shape,
    channel: Channel,
    object: Fields<'_, '_>,
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
    let kind = match need(kind, "type")?.text("type")? {
        "snapshot" => Kind::BookSnapshot,
        "delta" if channel != Channel::BBO => Kind::BookDelta,
        "delta" => return Err(Reject::UnknownShape),
        other => {
            decode::ignore(batch, "orderbook", other);
            return Ok(());
        }
    };
    let instrument = instruments.resolve(need(symbol, "s")?.text("s")?)?;
    let mut head = BookHead::new(kind, instrument, 0, 0);
    head.channel = channel;
    let numbers = Numbers {
        seq,
        cross,
        sent,
        time,
    };
    numbers.fill(&mut head)?;
    let sides = (need(bids, "b")?, need(asks, "a")?);
    let known = instruments.get(instrument);
    match channel {
        Channel::BBO => best(shape, head, known, sides, batch),
        Channel::BOOK_RPI => rpi(shape, head, known, sides, batch),
        _ => {
            let sides = levels::sides(known, sides.0, sides.1, batch, levels::pair)?;
            batch.book(head, sides);
            Ok(())
        }
    }
}

/// A REST body: the book of one channel of one instrument.
pub(super) fn snapshot(
    body: Fields<'_, '_>,
    (instrument, channel): (InstrumentId, Channel),
    instruments: &Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    let result = rest::result(body)?;
    fields!(result, batch.drift, "orderbook.result" => {
        "s" => symbol, "b" => bids, "a" => asks, "ts" => sent, "u" => seq, "seq" => cross,
        "cts" => time,
    });
    if instruments.find(need(symbol, "s")?.text("s")?) != Some(instrument) {
        return Err(Reject::UnknownInstrument);
    }
    let mut head = BookHead::new(Kind::BookSnapshot, instrument, 0, 0);
    head.channel = channel;
    let numbers = Numbers {
        seq,
        cross,
        sent,
        time,
    };
    numbers.fill(&mut head)?;
    let (bids, asks) = (need(bids, "b")?, need(asks, "a")?);
    let known = instruments.get(instrument);
    let mut sides = match channel {
        Channel::BOOK_RPI => levels::sides(known, bids, asks, batch, without_rpi)?,
        Channel::BOOK_RPI_ONLY => levels::sides(known, bids, asks, batch, only_rpi)?,
        _ => levels::sides(known, bids, asks, batch, levels::pair)?,
    };
    drop_empty(&mut sides, &mut batch.levels);
    batch.book(head, sides);
    Ok(())
}

/// Ids and stamps of a book, wherever they stand.
struct Numbers<'t, 'f> {
    seq: Option<Json<'t, 'f>>,
    cross: Option<Json<'t, 'f>>,
    sent: Option<Json<'t, 'f>>,
    time: Option<Json<'t, 'f>>,
}

impl Numbers<'_, '_> {
    fn fill(&self, head: &mut BookHead) -> Result<(), Reject> {
        head.header.seq = need(self.seq, "u")?.unsigned("u")?;
        if head.header.template_id == Kind::BookDelta as u16 {
            head.first_seq = head.header.seq;
        }
        head.cross_seq = self.cross.map_or(Ok(0), |cross| cross.unsigned("seq"))?;
        head.header.ts_send = need(self.sent, "ts")?.epoch("ts")?;
        // Before 2023-12-14 there was no matching time: `ts` is the venue's only stamp then.
        head.header.ts_venue = self
            .time
            .map_or(Ok(head.header.ts_send), |time| time.epoch("cts"))?;
        Ok(())
    }
}

/// Bids and asks as they stand in the message.
type Wire<'t, 'f> = (Json<'t, 'f>, Json<'t, 'f>);

/// Level 1 is the best bid and offer, and the book of a feed that asks for one level.
fn best(
    shape: Shape,
    head: BookHead,
    known: &Instrument,
    wire: Wire<'_, '_>,
    batch: &mut Batch,
) -> Result<(), Reject> {
    let sides = levels::sides(known, wire.0, wire.1, batch, levels::pair)?;
    push_best(shape, head, sides, batch);
    Ok(())
}

/// The items of a level 1 message whose levels are in the batch.
pub(super) fn push_best(shape: Shape, mut head: BookHead, sides: Sides, batch: &mut Batch) {
    if shape.wants(Channel::BBO) {
        push_bbo(&head, &sides, batch);
    }
    if shape.book_depth == 1 && shape.wants(Channel::BOOK) {
        head.channel = Channel::BOOK;
        batch.book(head, sides);
    }
}

/// At most one level a side; quantity 0 says that there is none.
fn push_bbo(head: &BookHead, sides: &Sides, batch: &mut Batch) {
    let mut bbo = Bbo::new(head.header.instrument, sides.px_exp, sides.qty_exp);
    bbo.header.seq = head.header.seq;
    bbo.header.ts_venue = head.header.ts_venue;
    bbo.header.ts_send = head.header.ts_send;
    let best = |levels: &[Level]| {
        let level = levels.first().filter(|level| level.qty > 0);
        level.map_or((ABSENT, 0), |level| (level.px, level.qty))
    };
    (bbo.bid_px, bbo.bid_qty) = best(&batch.levels[sides.bids.clone()]);
    (bbo.ask_px, bbo.ask_qty) = best(&batch.levels[sides.asks.clone()]);
    batch.items.push(Item::Bbo(bbo));
}

/// One message of the RPI topic is an update of two books: what rests openly, and what waits for
/// retail orders.
fn rpi(
    shape: Shape,
    head: BookHead,
    known: &Instrument,
    wire: Wire<'_, '_>,
    batch: &mut Batch,
) -> Result<(), Reject> {
    if shape.wants(Channel::BOOK_RPI) {
        let sides = levels::sides(known, wire.0, wire.1, batch, without_rpi)?;
        push_rpi(head, Channel::BOOK_RPI, sides, batch);
    }
    if shape.wants(Channel::BOOK_RPI_ONLY) {
        let sides = levels::sides(known, wire.0, wire.1, batch, only_rpi)?;
        push_rpi(head, Channel::BOOK_RPI_ONLY, sides, batch);
    }
    Ok(())
}

/// The item of one of the two books, whose levels are the last of the batch.
pub(super) fn push_rpi(mut head: BookHead, channel: Channel, mut sides: Sides, batch: &mut Batch) {
    head.channel = channel;
    if head.header.template_id == Kind::BookSnapshot as u16 {
        drop_empty(&mut sides, &mut batch.levels);
    }
    batch.book(head, sides);
}

fn without_rpi<'t, 'f>(level: Json<'t, 'f>, drift: &mut Drift) -> Result<Pair<'t, 'f>, Reject> {
    triple(level, drift).map(|(px, open, _)| (px, open))
}

fn only_rpi<'t, 'f>(level: Json<'t, 'f>, drift: &mut Drift) -> Result<Pair<'t, 'f>, Reject> {
    triple(level, drift).map(|(px, _, rpi)| (px, rpi))
}

/// A level spelled `[price, quantity without RPI, RPI quantity]`.
fn triple<'t, 'f>(
    level: Json<'t, 'f>,
    drift: &mut Drift,
) -> Result<(Json<'t, 'f>, Json<'t, 'f>, Json<'t, 'f>), Reject> {
    let mut parts = level.array("level")?.iter();
    let (Some(px), Some(open), Some(rpi)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(Reject::MissingField("level"));
    };
    if parts.next().is_some() {
        drift.unknown_field("level", "fourth element");
    }
    Ok((px, open, rpi))
}

/// Takes levels without quantity out of a snapshot, whose levels are the last of the batch: a price
/// with only one of two quantities is in one of two books.
fn drop_empty(sides: &mut Sides, levels: &mut Vec<Level>) {
    sides.bids = keep_filled(levels, sides.bids.start, sides.bids.clone());
    sides.asks = keep_filled(levels, sides.bids.end, sides.asks.clone());
    levels.truncate(sides.asks.end);
}

fn keep_filled(levels: &mut [Level], to: usize, from: Range<usize>) -> Range<usize> {
    let mut end = to;
    for at in from {
        if levels[at].qty != 0 {
            levels[end] = levels[at];
            end += 1;
        }
    }
    to..end
}
