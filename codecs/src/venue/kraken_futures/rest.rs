//! REST: trades of the past, and turnover.

use crate::batch::Drift;
use crate::fixed::Fixed;
use crate::instrument::Instrument;
use crate::json::{Fields, Item, fields, need};
use crate::record::{Flags, Trade};
use crate::reject::Reject;
use crate::time::to_rfc3339;
use crate::venue::levels::{Scale, px_and_qty_at};
use crate::venue::{Hole, Query};

/// What each request counts of the one a second that we allow ourselves (rule F4).
const WEIGHT: u32 = 1;
/// The resolution of the venue's stamps, ns.
const MS: i64 = 1_000_000;

pub(super) fn query(method: &str) -> Query {
    Query {
        path: format!("/derivatives/api/v3/{method}"),
        weight: WEIGHT,
    }
}

/// The last hundred trades before the end of the hole: the page before them follows when those have
/// filled it from behind. The page's time is exclusive, and trades of one time are many.
pub(super) fn trades_query(symbol: &str, hole: Hole) -> Query {
    let before = match hole.until {
        0 => String::new(),
        until => format!("&lastTime={}", to_rfc3339(until.saturating_add(MS))),
    };
    query(&format!("history?symbol={symbol}{before}"))
}

/// A body's fields, if it is no error; errors come in two shapes with the same `result`.
pub(super) fn result<'t, 'f>(body: Item<'t, 'f>) -> Result<Fields<'t, 'f>, Reject> {
    let body = body.object("message")?.distinct()?;
    match body.need("result")?.text("result")? {
        "success" => Ok(body),
        _ => Err(Reject::VenueError),
    }
}

/// Turnover of 24 hours by product; indices have none.
pub(super) fn volumes(
    body: Item<'_, '_>,
    volumes: &mut Vec<(Box<str>, Fixed)>,
) -> Result<(), Reject> {
    for ticker in result(body)?.need("tickers")?.array("tickers")?.iter() {
        let ticker = ticker.object("ticker")?;
        let symbol = ticker.need("symbol")?.text("symbol")?;
        if let Some(volume) = ticker.get("volumeQuote").filter(|item| !item.is_null()) {
            let volume = volume.fixed("volumeQuote")?;
            volumes.push((symbol.to_ascii_uppercase().into(), volume));
        }
    }
    Ok(())
}

/// A page of a hundred trades, oldest first.
pub(super) fn trades(
    body: Item<'_, '_>,
    instrument: &Instrument,
    trades: &mut Vec<Trade>,
) -> Result<(), Reject> {
    let first = trades.len();
    let rows = result(body)?.need("history")?.array("history")?;
    for row in rows.iter() {
        trades.push(trade(&row.object("trade")?, instrument)?);
    }
    // The page shows them newest first; whatever comes, the numbers give the order.
    trades[first..].sort_by_key(|trade| trade.header.seq);
    Ok(())
}

fn trade(row: &Fields<'_, '_>, instrument: &Instrument) -> Result<Trade, Reject> {
    // What is new in a body of the past is no drift of the stream.
    let mut drift = Drift::default();
    fields!(row, drift, "history" => {
        "uid" => uid, "seq" => seq, "trade_id" => number, "time" => time, "side" => side,
        "type" => kind, "price" => px, "size" => qty,
    });
    let scale = Scale::padded(instrument);
    let (px, qty) = px_and_qty_at(scale, (px, "price"), (qty, "size"))?;
    let id = super::decode::trade_id(uid)?;
    let mut trade = Trade::new(instrument.id, px, qty, super::decode::side(side)?, id);
    trade.conditions = super::decode::conditions(kind, &mut drift)?;
    trade.header.seq = need(seq.or(number), "trade_id")?.unsigned("trade_id")?;
    trade.header.ts_venue = need(time, "time")?.rfc3339("time")?;
    trade.header.flags = Flags::NONE;
    Ok(trade)
}
