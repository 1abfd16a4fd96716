//! REST: queries with their weights, and the bodies that answer them.

use std::fmt::Write as _;

use crate::batch::Batch;
use crate::fixed::Fixed;
use crate::instrument::{Instrument, InstrumentId, Instruments};
use crate::json::{Fields, Item as Json};
use crate::record::{Conditions, Trade, TradeId};
use crate::reject::Reject;
use crate::venue::{Channel, Hole, Query, VenueId, levels};

use super::decode;

/// Most trades in one answer.
const TRADES_MAX: u64 = 1_000;

/// Depth limits of spot with their weights (rule B6).
const SPOT_DEPTHS: [(u16, u32); 4] = [(100, 5), (500, 25), (1_000, 50), (5_000, 250)];
/// Depth limits of futures, which take none between them, with their weights (rule B6).
const FUTURES_DEPTHS: [(u16, u32); 4] = [(50, 2), (100, 5), (500, 10), (1_000, 20)];

/// A query of an endpoint below the product's API root.
fn query(id: VenueId, rest: &str, weight: u32) -> Query {
    let root = match id {
        VenueId::BINANCE_USDM => "/fapi/v1",
        VenueId::BINANCE_COINM => "/dapi/v1",
        _ => "/api/v3",
    };
    Query {
        path: format!("{root}/{rest}"),
        weight,
    }
}

/// A symbol as it stands in a URL: symbols outside ASCII exist.
fn encoded(symbol: &str) -> String {
    let mut text = String::with_capacity(symbol.len());
    for byte in symbol.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// `spot` on spot, else `futures`.
const fn by_product(id: VenueId, spot: u32, futures: u32) -> u32 {
    match id {
        VenueId::BINANCE_SPOT => spot,
        _ => futures,
    }
}

pub(super) fn reference(id: VenueId) -> Query {
    query(id, "exchangeInfo", by_product(id, 20, 1))
}

pub(super) fn volumes(id: VenueId) -> Query {
    query(id, "ticker/24hr", by_product(id, 80, 40))
}

/// The smallest limit that holds `depth` levels a side; the largest where `depth` is 0 or beyond it.
pub(super) fn snapshot(id: VenueId, symbol: &str, depth: u16) -> Query {
    let limits = match id {
        VenueId::BINANCE_SPOT => SPOT_DEPTHS,
        _ => FUTURES_DEPTHS,
    };
    let enough = |row: &&(u16, u32)| depth != 0 && row.0 >= depth;
    let (limit, weight) = *limits.iter().find(enough).unwrap_or(&limits[3]);
    let symbol = encoded(symbol);
    query(id, &format!("depth?symbol={symbol}&limit={limit}"), weight)
}

/// The trades of a hole, or its first thousand. Futures number their aggregates only.
pub(super) fn trades(id: VenueId, symbol: &str, channel: Channel, hole: Hole) -> Option<Query> {
    let (endpoint, weight) = match channel {
        Channel::TRADE if id == VenueId::BINANCE_SPOT => ("historicalTrades", 25),
        Channel::AGG_TRADE => ("aggTrades", by_product(id, 4, 20)),
        _ => return None,
    };
    let missing = hole.last.checked_sub(hole.first);
    let limit = missing.map_or(TRADES_MAX, |more| more.saturating_add(1).min(TRADES_MAX));
    let (symbol, from) = (encoded(symbol), hole.first);
    let rest = format!("{endpoint}?symbol={symbol}&fromId={from}&limit={limit}");
    Some(query(id, &rest, weight))
}

/// The object of an answer, unless it is the venue's error.
fn answered<'t, 'f>(root: Json<'t, 'f>, name: &'static str) -> Result<Fields<'t, 'f>, Reject> {
    let object = root.object(name)?;
    if object.get("code").is_some() && object.get("msg").is_some() {
        return Err(Reject::VenueError);
    }
    Ok(object)
}

/// The rows of an answer, unless it is the venue's error.
fn rows<'t, 'f>(
    root: Json<'t, 'f>,
    name: &'static str,
) -> Result<impl Iterator<Item = Json<'t, 'f>>, Reject> {
    if root.is_object() {
        answered(root, name)?;
    }
    Ok(root.array(name)?.iter())
}

pub(super) fn decode_depth(
    root: Json<'_, '_>,
    instrument: InstrumentId,
    instruments: &Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    let object = answered(root, "depth")?;
    decode::whole_book(instrument, &object, instruments, batch)
}

/// Symbols with their turnover: in quote currency; COIN-M in base currency, of which it has no
/// other.
pub(super) fn decode_volumes(
    id: VenueId,
    root: Json<'_, '_>,
    volumes: &mut Vec<(Box<str>, Fixed)>,
) -> Result<(), Reject> {
    let key = match id {
        VenueId::BINANCE_COINM => "baseVolume",
        _ => "quoteVolume",
    };
    for row in rows(root, "ticker/24hr")? {
        let row = row.object("ticker")?;
        let symbol = row.need("symbol")?.text("symbol")?;
        volumes.push((symbol.into(), turnover(row.need(key)?, key)?));
    }
    Ok(())
}

/// Exact, or in whole units where the fraction does not fit beside them: turnovers are for ranking.
fn turnover(item: Json<'_, '_>, key: &'static str) -> Result<Fixed, Reject> {
    match item.fixed(key) {
        Err(Reject::NumberRange(_)) => {
            let text = item.text(key)?;
            let whole = text.split_once('.').map_or(text, |parts| parts.0);
            Fixed::parse(whole.as_bytes()).map_err(|error| Reject::number(key, error))
        }
        found => found,
    }
}

/// Trades or aggregates, as the channel says, oldest first.
pub(super) fn decode_trades(
    root: Json<'_, '_>,
    instrument: &Instrument,
    channel: Channel,
    trades: &mut Vec<Trade>,
) -> Result<(), Reject> {
    for row in rows(root, "trades")? {
        let row = row.object("trade")?.distinct()?;
        if channel == Channel::AGG_TRADE {
            trades.extend(aggregate(row, instrument)?);
        } else {
            let keys = ["id", "price", "qty", "time", "isBuyerMaker"];
            trades.push(fill(row, keys, instrument)?);
        }
    }
    Ok(())
}

/// `None` for what stands in the place of an aggregate that the venue found to be a duplicate
/// (2022-04): without trades, price and quantity.
fn aggregate(row: Fields<'_, '_>, instrument: &Instrument) -> Result<Option<Trade>, Reject> {
    let first = row.need("f")?;
    if first.text("f")? == "-1" {
        return Ok(None);
    }
    let mut trade = fill(row, ["a", "p", "q", "T", "m"], instrument)?;
    trade.first_id = first.unsigned("f")?;
    trade.last_id = row.need("l")?.unsigned("l")?;
    trade.conditions = Conditions::AGGREGATE;
    Ok(Some(trade))
}

/// What both shapes have, by their keys.
fn fill(
    row: Fields<'_, '_>,
    [id, px, qty, time, maker]: [&'static str; 5],
    instrument: &Instrument,
) -> Result<Trade, Reject> {
    let number = row.need(id)?.unsigned(id)?;
    let (px, qty) = levels::px_and_qty(instrument, (row.get(px), px), (row.get(qty), qty))?;
    let side = decode::aggressor(row.need(maker)?.boolean(maker)?);
    let id = TradeId::Integer(number.into());
    let mut trade = Trade::new(instrument.id, px, qty, side, id);
    trade.header.seq = number;
    trade.header.ts_venue = row.need(time)?.epoch(time)?;
    Ok(trade)
}
