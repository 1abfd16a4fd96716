//! Candles (`kline`).

use crate::batch::{Batch, Item};
use crate::instrument::Instruments;
use crate::json::{Fields, Item as Json, fields, need};
use crate::record::Candle;
use crate::reject::Reject;
use crate::time;
use crate::venue::candles;

use super::{statistics, streams};

/// Whether the interval is one that has a channel.
pub(super) fn decode(
    object: &Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<bool, Reject> {
    fields!(object, batch.drift, "kline" => {
        "e" => _event, "E" => sent, "s" => symbol, "k" => bar,
    }, known: "st" | "ps");
    let bar = need(bar, "k")?.object("k")?;
    let interval = bar.need("i")?.text("i")?;
    let Some(channel) = streams::candle(interval) else {
        batch.drift.unknown_value("kline", "i", interval);
        return Ok(false);
    };
    let instrument = instruments.resolve(need(symbol, "s")?.text("s")?)?;
    let mut candle = Candle::new(instrument, channel);
    let sent = need(sent, "E")?.epoch("E")?;
    statistics::stamp(&mut candle.header, sent, 0);
    read(&mut candle, bar, instruments, batch)?;
    batch.items.push(Item::Candle(candle));
    Ok(true)
}

fn read(
    candle: &mut Candle,
    bar: Fields<'_, '_>,
    instruments: &Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    fields!(bar, batch.drift, "kline" => {
        "i" => _interval, "t" => open_time, "T" => close_time, "f" => first, "L" => last,
        "o" => open, "h" => high, "l" => low, "c" => close, "v" => volume, "V" => taker_volume,
        "q" => quote, "Q" => taker_quote, "n" => trades, "x" => closed,
    }, known: "s" | "B");
    candle.ts_open = need(open_time, "t")?.epoch("t")?;
    candle.ts_close = end(need(close_time, "T")?)?;
    let prices = [(open, "o"), (high, "h"), (low, "l"), (close, "c")];
    let instrument = instruments.get(candle.header.instrument);
    candles::prices(candle, instrument, prices)?;
    let drift = &mut batch.drift;
    let (volumes, exp) = candles::volumes([(volume, "v"), (taker_volume, "V")], "kline", drift)?;
    ([candle.volume, candle.taker_volume], candle.volume_exp) = (volumes, exp);
    let (quotes, exp) = candles::volumes([(quote, "q"), (taker_quote, "Q")], "kline", drift)?;
    (
        [candle.quote_volume, candle.taker_quote_volume],
        candle.quote_exp,
    ) = (quotes, exp);
    let count = need(trades, "n")?.unsigned("n")?;
    candle.trades = i64::try_from(count).map_err(|_| Reject::NumberRange("n"))?;
    candle.first_id = trade_id(need(first, "f")?, "f")?;
    candle.last_id = trade_id(need(last, "L")?, "L")?;
    candle.closed = u8::from(need(closed, "x")?.boolean("x")?);
    Ok(())
}

/// The venue names the last instant of the interval, in the unit of the connection.
fn end(last: Json<'_, '_>) -> Result<i64, Reject> {
    let last = last.unsigned("T")?;
    let next = last.checked_add(1).and_then(time::from_epoch);
    next.ok_or(Reject::InvalidTime("T"))
}

/// -1 says that nothing traded in the interval.
fn trade_id(id: Json<'_, '_>, field: &'static str) -> Result<u64, Reject> {
    match id.text(field)? {
        "-1" => Ok(0),
        _ => id.unsigned(field),
    }
}
