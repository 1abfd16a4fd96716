//! Candles: `kline`.

use super::decode;
use crate::batch::{Batch, Drift, Item};
use crate::instrument::{InstrumentId, Instruments};
use crate::json::{Fields, fields, need};
use crate::record::Candle;
use crate::reject::Reject;
use crate::time::Nanos;
use crate::venue::{Channel, candles};

const MINUTE: i64 = 60_000_000_000;
const MILLISECOND: i64 = 1_000_000;

/// A message of `kline`; the instrument stands in the topic alone.
pub(super) fn read(
    channel: Channel,
    symbol: &str,
    object: Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    fields!(object, batch.drift, "kline.message" => {
        "topic" => _topic, "ts" => sent, "data" => data,
    }, known: "type");
    let (sent, list) = decode::events(sent, data)?;
    let instrument = instruments.resolve(symbol)?;
    for entry in list.iter() {
        let entry = entry.object("candle")?;
        let mut candle = candle(channel, instrument, entry, instruments, &mut batch.drift)?;
        candle.header.ts_send = sent;
        batch.items.push(Item::Candle(candle));
    }
    Ok(())
}

fn candle(
    channel: Channel,
    instrument: InstrumentId,
    entry: Fields<'_, '_>,
    instruments: &Instruments,
    drift: &mut Drift,
) -> Result<Candle, Reject> {
    fields!(entry, drift, "kline" => {
        "start" => start, "end" => end, "open" => open, "high" => high, "low" => low,
        "close" => close, "volume" => volume, "turnover" => turnover, "confirm" => confirm,
        "timestamp" => time,
    }, known: "interval");
    let mut candle = Candle::new(instrument, channel);
    let prices = [
        (open, "open"),
        (high, "high"),
        (low, "low"),
        (close, "close"),
    ];
    candles::prices(&mut candle, instruments.get(instrument), prices)?;
    ([candle.volume], candle.volume_exp) = candles::volumes([(volume, "volume")], "kline", drift)?;
    ([candle.quote_volume], candle.quote_exp) =
        candles::volumes([(turnover, "turnover")], "kline", drift)?;
    candle.ts_open = need(start, "start")?.epoch("start")?;
    candle.ts_close = close_of(channel, candle.ts_open, need(end, "end")?.epoch("end")?);
    candle.closed = u8::from(need(confirm, "confirm")?.boolean("confirm")?);
    candle.header.ts_venue = time.map_or(Ok(0), |time| time.epoch("timestamp"))?;
    Ok(candle)
}

/// The first instant after the interval. `end` is the last millisecond of it, or (by the docs) the
/// present one while it runs; so it is used only for months, which have no length of their own.
fn close_of(channel: Channel, open: Nanos, end: Nanos) -> Nanos {
    let minutes = match channel {
        Channel::CANDLE_1M => 1,
        Channel::CANDLE_3M => 3,
        Channel::CANDLE_5M => 5,
        Channel::CANDLE_15M => 15,
        Channel::CANDLE_30M => 30,
        Channel::CANDLE_1H => 60,
        Channel::CANDLE_2H => 120,
        Channel::CANDLE_4H => 240,
        Channel::CANDLE_6H => 360,
        Channel::CANDLE_12H => 720,
        Channel::CANDLE_1D => 1_440,
        Channel::CANDLE_1W => 10_080,
        _ => return end.saturating_add(MILLISECOND),
    };
    open.saturating_add(minutes * MINUTE)
}
