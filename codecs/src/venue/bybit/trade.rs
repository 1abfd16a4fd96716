//! Trades, live and from REST, and liquidations.

use super::decode;
use super::rest;
use crate::batch::{Batch, Drift, Item};
use crate::instrument::{InstrumentId, Instruments};
use crate::json::{Fields, Item as Json, fields, need};
use crate::record::{Conditions, Liquidation, Side, Trade, TradeId};
use crate::reject::Reject;
use crate::venue::VenueId;
use crate::venue::levels::{self, Named};

/// A message of `publicTrade`.
pub(super) fn public_trade(
    id: VenueId,
    object: Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    fields!(object, batch.drift, "publicTrade.message" => {
        "topic" => _topic, "ts" => sent, "data" => data,
    }, known: "type" | "id");
    let (sent, trades) = decode::events(sent, data)?;
    for trade in trades.iter() {
        let trade = trade.object("trade")?;
        if let Some(mut record) = streamed(id, trade, instruments, &mut batch.drift)? {
            record.header.ts_send = sent;
            batch.items.push(Item::Trade(record));
        }
    }
    Ok(())
}

/// A body of `recent-trade`, oldest first. The venue does not say which end it begins with; stamps
/// do.
pub(super) fn recent(
    id: VenueId,
    body: Fields<'_, '_>,
    instruments: &mut Instruments,
    drift: &mut Drift,
    trades: &mut Vec<Trade>,
) -> Result<(), Reject> {
    let first = trades.len();
    let list = decode::bounded(rest::result(body)?.need("list")?.array("list")?)?;
    for trade in list.iter() {
        let trade = trade.object("trade")?;
        trades.extend(fetched(id, trade, instruments, drift)?);
    }
    let order = |trade: &Trade| (trade.header.ts_venue, trade.header.seq);
    let fetched = &mut trades[first..];
    let rising = fetched.first().map(order) < fetched.last().map(order);
    if !rising {
        fetched.reverse();
    }
    fetched.sort_by_key(order);
    Ok(())
}

/// The fields of a trade by what they mean.
struct Wire<'t, 'f> {
    symbol: Named<Json<'t, 'f>>,
    px: Named<Json<'t, 'f>>,
    qty: Named<Json<'t, 'f>>,
    side: Named<Json<'t, 'f>>,
    id: Named<Json<'t, 'f>>,
    time: Named<Json<'t, 'f>>,
    block: Option<Json<'t, 'f>>,
    rpi: Option<Json<'t, 'f>>,
    cross: Option<Json<'t, 'f>>,
}

fn streamed(
    id: VenueId,
    trade: Fields<'_, '_>,
    instruments: &mut Instruments,
    drift: &mut Drift,
) -> Result<Option<Trade>, Reject> {
    fields!(trade, drift, "publicTrade" => {
        "T" => time, "s" => symbol, "S" => side, "v" => qty, "p" => px, "i" => exec,
        "BT" => block, "RPI" => rpi, "seq" => cross,
    }, known: "L" | "mP" | "iP" | "mIv" | "iv");
    let wire = Wire {
        symbol: (symbol, "s"),
        px: (px, "p"),
        qty: (qty, "v"),
        side: (side, "S"),
        id: (exec, "i"),
        time: (time, "T"),
        block,
        rpi,
        cross,
    };
    wire.trade(id, instruments)
}

fn fetched(
    id: VenueId,
    trade: Fields<'_, '_>,
    instruments: &mut Instruments,
    drift: &mut Drift,
) -> Result<Option<Trade>, Reject> {
    fields!(trade, drift, "recent-trade" => {
        "time" => time, "symbol" => symbol, "side" => side, "size" => qty, "price" => px,
        "execId" => exec, "isBlockTrade" => block, "isRPITrade" => rpi, "seq" => cross,
    }, known: "mP" | "iP" | "mIv" | "iv");
    let wire = Wire {
        symbol: (symbol, "symbol"),
        px: (px, "price"),
        qty: (qty, "size"),
        side: (side, "side"),
        id: (exec, "execId"),
        time: (time, "time"),
        block,
        rpi,
        cross,
    };
    wire.trade(id, instruments)
}

impl Wire<'_, '_> {
    /// The record; nothing for an option that this feed does not carry, as its base currency's
    /// stream carries them all.
    fn trade(self, id: VenueId, instruments: &mut Instruments) -> Result<Option<Trade>, Reject> {
        let symbol = need(self.symbol.0, self.symbol.1)?.text(self.symbol.1)?;
        let instrument = match instruments.resolve(symbol) {
            Err(Reject::UnknownInstrument) if id == VenueId::BYBIT_OPTION => return Ok(None),
            resolved => resolved?,
        };
        let (px, qty) = levels::px_and_qty(instruments.get(instrument), self.px, self.qty)?;
        let side = side(self.side)?;
        let id = need(self.id.0, self.id.1)?.text(self.id.1)?;
        let id = TradeId::parse(id).ok_or(Reject::InvalidId(self.id.1))?;
        let mut record = Trade::new(instrument, px, qty, side, id);
        record.header.ts_venue = need(self.time.0, self.time.1)?.epoch(self.time.1)?;
        record.header.seq = self.cross.map_or(Ok(0), |cross| cross.unsigned("seq"))?;
        record.conditions = Conditions::default()
            .with(Conditions::BLOCK, flag(self.block, "BT")?)
            .with(Conditions::RPI, flag(self.rpi, "RPI")?);
        Ok(Some(record))
    }
}

fn side((item, field): Named<Json<'_, '_>>) -> Result<Side, Reject> {
    match need(item, field)?.text(field)? {
        "Buy" => Ok(Side::BUY),
        "Sell" => Ok(Side::SELL),
        _ => Err(Reject::InvalidSide(field)),
    }
}

fn flag(item: Option<Json<'_, '_>>, field: &'static str) -> Result<bool, Reject> {
    item.map_or(Ok(false), |item| item.boolean(field))
}

/// A message of `allLiquidation`.
pub(super) fn liquidations(
    object: Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    fields!(object, batch.drift, "allLiquidation.message" => {
        "topic" => _topic, "ts" => sent, "data" => data,
    }, known: "type");
    let (sent, list) = decode::events(sent, data)?;
    for entry in list.iter() {
        let entry = entry.object("liquidation")?;
        let mut found = liquidation(entry, instruments, &mut batch.drift)?;
        found.header.ts_send = sent;
        batch.items.push(Item::Liquidation(found));
    }
    Ok(())
}

fn liquidation(
    entry: Fields<'_, '_>,
    instruments: &mut Instruments,
    drift: &mut Drift,
) -> Result<Liquidation, Reject> {
    fields!(entry, drift, "allLiquidation" => {
        "T" => time, "s" => symbol, "S" => position, "v" => qty, "p" => px,
    });
    let instrument: InstrumentId = instruments.resolve(need(symbol, "s")?.text("s")?)?;
    let (px, qty) = levels::px_and_qty(instruments.get(instrument), (px, "p"), (qty, "v"))?;
    // The venue names the side of the position; the order that closes it has the other.
    let order = match side((position, "S"))? {
        Side::BUY => Side::SELL,
        _ => Side::BUY,
    };
    let mut found = Liquidation::new(instrument, order, px.exp, qty.exp);
    (found.px, found.qty) = (px.mantissa, qty.mantissa);
    found.header.ts_venue = need(time, "T")?.epoch("T")?;
    Ok(found)
}
