//! `level3`: the book order by order.

use crate::batch::{Batch, Item};
use crate::fixed::Fixed;
use crate::instrument::Instruments;
use crate::json::{Fields, Item as Json, fields, need};
use crate::record::{Flags, Kind, ORDER_ID_BYTES, Order, OrderAction, OrdersHead};
use crate::reject::Reject;
use crate::venue::levels::{MESSAGE_LEVELS_MAX, Scale, multiply};

/// One element: both sides of one pair.
pub(super) fn orders(
    depth: u16,
    snapshot: bool,
    element: &Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    fields!(element, batch.drift, "level3" => {
        "symbol" => symbol, "bids" => bids, "asks" => asks, "checksum" => checksum, "timestamp" => time,
    });
    let instrument = instruments.resolve(need(symbol, "symbol")?.text("symbol")?)?;
    let kind = if snapshot {
        Kind::OrdersSnapshot
    } else {
        Kind::OrdersDelta
    };
    let mut scale = Scale::of(instruments.get(instrument));
    let first = batch.orders.len();
    side(snapshot, need(bids, "bids")?, &mut scale, first, batch)?;
    let middle = batch.orders.len();
    side(snapshot, need(asks, "asks")?, &mut scale, first, batch)?;
    let mut head = OrdersHead::new(kind, instrument, scale.px_exp, scale.qty_exp);
    head.depth = depth;
    head.checksum = super::decode::checksum(checksum)?;
    head.header.flags = Flags::CHECKSUM;
    head.header.ts_venue = time.map_or(Ok(0), |time| time.rfc3339("timestamp"))?;
    batch.items.push(Item::Orders {
        head,
        bids: first..middle,
        asks: middle..batch.orders.len(),
    });
    Ok(())
}

fn side(
    snapshot: bool,
    side: Json<'_, '_>,
    scale: &mut Scale,
    first: usize,
    batch: &mut Batch,
) -> Result<(), Reject> {
    for item in side.array("orders")?.iter() {
        if batch.orders.len() - first >= MESSAGE_LEVELS_MAX {
            return Err(Reject::TooMany);
        }
        let order = order(snapshot, &item.object("order")?, scale, first, batch)?;
        batch.orders.push(order);
    }
    Ok(())
}

/// One order; the message's orders begin at `first`.
fn order(
    snapshot: bool,
    order: &Fields<'_, '_>,
    scale: &mut Scale,
    first: usize,
    batch: &mut Batch,
) -> Result<Order, Reject> {
    fields!(order, batch.drift, "level3.order" => {
        "event" => event, "order_id" => id, "limit_price" => px, "order_qty" => qty, "timestamp" => time,
    });
    let (px, qty) = (need(px, "limit_price")?, need(qty, "order_qty")?);
    let earlier = &mut batch.orders[first..];
    let px_mantissa = scale.px_and(px, "limit_price", |factor| {
        let mut earlier = earlier.iter_mut();
        earlier.try_for_each(|order| multiply(&mut order.px, factor, "limit_price"))
    })?;
    let earlier = &mut batch.orders[first..];
    let qty_mantissa = scale.qty_and(qty, "order_qty", |factor| {
        let mut earlier = earlier.iter_mut();
        earlier.try_for_each(|order| multiply(&mut order.qty, factor, "order_qty"))
    })?;
    Ok(Order {
        id: id_bytes(need(id, "order_id")?.text("order_id")?)?,
        px: px_mantissa,
        qty: qty_mantissa,
        ts: need(time, "timestamp")?.rfc3339("timestamp")?,
        action: action(snapshot, event)?,
        px_digits: digits(px.fixed("limit_price")?),
        qty_digits: digits(qty.fixed("order_qty")?),
        reserved: [0; 5],
    })
}

/// An update's orders say what happened to them, a snapshot's are all there.
fn action(snapshot: bool, event: Option<Json<'_, '_>>) -> Result<OrderAction, Reject> {
    if snapshot {
        return Ok(OrderAction::ADD);
    }
    match need(event, "event")?.text("event")? {
        "add" => Ok(OrderAction::ADD),
        "modify" => Ok(OrderAction::MODIFY),
        "delete" => Ok(OrderAction::DELETE),
        _ => Err(Reject::UnknownShape),
    }
}

fn id_bytes(text: &str) -> Result<[u8; ORDER_ID_BYTES], Reject> {
    let mut id = [0; ORDER_ID_BYTES];
    match id.get_mut(..text.len()) {
        Some(place) if !text.is_empty() => place.copy_from_slice(text.as_bytes()),
        _ => return Err(Reject::InvalidId("order_id")),
    }
    Ok(id)
}

/// Fraction digits as written.
fn digits(number: Fixed) -> u8 {
    number.exp.min(0).unsigned_abs()
}
