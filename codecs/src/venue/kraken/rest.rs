//! REST: trades of the past, and the turnover of all pairs.

use std::collections::HashMap;

use crate::fixed::{EXP_MIN, Fixed};
use crate::instrument::{INSTRUMENTS_MAX, Instrument};
use crate::json::{Fields, Item as Json, need};
use crate::record::{Side, Trade, TradeId};
use crate::reject::Reject;
use crate::time::Nanos;
use crate::venue::levels::{Scale, px_and_qty_at};
use crate::venue::{Hole, Query};

/// The v2 symbols by REST's names of the pairs.
pub(super) type Names = HashMap<Box<str>, Box<str>>;

/// What each REST request counts of the guideline of one a second (rule K5).
const WEIGHT: u32 = 1;

/// The page of the turnover that follows the pairs' names.
const TICKER: &str = "/0/public/Ticker";

/// Trades after the last good one: `since` is exclusive, and the stream's stamps are cut to
/// microseconds, so that the last good trade comes again.
pub(super) fn trades_query(symbol: &str, hole: Hole) -> Query {
    let pair = rest_name(symbol);
    let since = match hole.after {
        0 => String::new(),
        after => format!("&since={}", after.saturating_sub(1)),
    };
    Query {
        path: format!("/0/public/Trades?pair={pair}{since}&count=1000"),
        weight: WEIGHT,
    }
}

pub(super) fn volumes_query(page: Option<&str>) -> Query {
    Query {
        path: page.unwrap_or("/0/public/AssetPairs").to_owned(),
        weight: WEIGHT,
    }
}

/// REST calls two currencies by older names and puts no slash between the two of a pair.
fn rest_name(symbol: &str) -> String {
    let old = |currency: &str| {
        match currency {
            "BTC" => "XBT",
            "DOGE" => "XDG",
            other => other,
        }
        .to_owned()
    };
    symbol.split('/').map(old).collect()
}

/// The v2 symbol of a `wsname`.
fn v2_symbol(wsname: &str) -> Box<str> {
    let (base, quote) = wsname.split_once('/').unwrap_or((wsname, ""));
    format!("{}/{}", currency(base), currency(quote)).into()
}

/// A currency's present name.
pub(crate) fn currency(name: &str) -> &str {
    match name {
        "XBT" => "BTC",
        "XDG" => "DOGE",
        other => other,
    }
}

/// `{"error":[],"result":{…}}`; errors come with HTTP 200 too.
fn result<'t, 'f>(body: Json<'t, 'f>) -> Result<Fields<'t, 'f>, Reject> {
    let body = body.object("message")?.distinct()?;
    if !body.need("error")?.array("error")?.is_empty() {
        return Err(Reject::VenueError);
    }
    body.need("result")?.object("result")
}

/// The rows of one pair, under whatever name the venue calls it; oldest first.
pub(super) fn trades(
    body: Json<'_, '_>,
    instrument: &Instrument,
    trades: &mut Vec<Trade>,
) -> Result<(), Reject> {
    let result = result(body)?;
    let mut pairs = result.iter().filter(|(key, _)| *key != "last");
    let (Some((_, rows)), None) = (pairs.next(), pairs.next()) else {
        return Err(Reject::UnknownShape);
    };
    for row in rows.array("trades")?.iter() {
        trades.push(trade(row, instrument)?);
    }
    Ok(())
}

/// `[price, volume, seconds, side, order type, misc, id]`; rows of before 2023 had no id.
fn trade(row: Json<'_, '_>, instrument: &Instrument) -> Result<Trade, Reject> {
    let row = row.array("trade")?;
    let mut row = row.iter();
    let (px, qty) = (row.next(), row.next());
    let scale = Scale::padded(instrument);
    let (px, qty) = px_and_qty_at(scale, (px, "price"), (qty, "volume"))?;
    let time = seconds(need(row.next(), "time")?)?;
    let side = match need(row.next(), "side")?.text("side")? {
        "b" => Side::BUY,
        "s" => Side::SELL,
        _ => return Err(Reject::InvalidSide("side")),
    };
    let id = need(row.nth(2), "trade_id")?.unsigned("trade_id")?;
    let id_text = TradeId::Integer(u128::from(id));
    let mut trade = Trade::new(instrument.id, px, qty, side, id_text);
    trade.header.seq = id;
    trade.header.ts_venue = time;
    Ok(trade)
}

/// Decimal seconds, read from the text: a binary fraction holds only microseconds.
fn seconds(item: Json<'_, '_>) -> Result<Nanos, Reject> {
    let seconds = item.fixed("time")?.at(-9).filter(|nanos| *nanos > 0);
    seconds.ok_or(Reject::InvalidTime("time"))
}

/// Either page of the turnover, told apart by what stands in it: the pairs' names, or their figures
/// under those names. The next page, if there is one.
pub(super) fn volumes(
    body: Json<'_, '_>,
    names: &mut Names,
    volumes: &mut Vec<(Box<str>, Fixed)>,
) -> Result<Option<String>, Reject> {
    let mut named = false;
    for (key, pair) in result(body)?.iter() {
        let pair = pair.object("pair")?;
        if let Some(wsname) = pair.get("wsname") {
            named = true;
            if names.len() >= INSTRUMENTS_MAX {
                return Err(Reject::TooMany);
            }
            names.insert(key.into(), v2_symbol(wsname.text("wsname")?));
        } else if pair.get("v").is_some() {
            let symbol = names.get(key);
            let volume = turnover(&pair)?;
            volumes.extend(symbol.map(|symbol| (symbol.clone(), volume)));
        }
    }
    Ok(named.then(|| TICKER.to_owned()))
}

/// Volume of 24 hours times its average price.
fn turnover(pair: &Fields<'_, '_>) -> Result<Fixed, Reject> {
    let of_the_day = |key: &'static str| {
        let values = pair.need(key)?.array(key)?;
        let mut values = values.iter();
        need(values.nth(1), key)?.fixed(key)
    };
    let (volume, price) = (of_the_day("v")?, of_the_day("p")?);
    Ok(product(volume.normalized(), price.normalized()))
}

/// The product, cut to the digits that a mantissa holds: enough to rank by.
fn product(first: Fixed, second: Fixed) -> Fixed {
    let mut mantissa = i128::from(first.mantissa) * i128::from(second.mantissa);
    let mut exp = first.exp.saturating_add(second.exp);
    loop {
        match i64::try_from(mantissa) {
            Ok(mantissa) if exp >= EXP_MIN => return Fixed::new(mantissa, exp),
            _ => (mantissa, exp) = (mantissa / 10, exp.saturating_add(1)),
        }
    }
}
