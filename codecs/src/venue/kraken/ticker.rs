//! `ticker` and `ohlc`: rolling statistics and candles.

use super::subscribe;
use crate::batch::{Batch, Control, Item};
use crate::instrument::Instruments;
use crate::json::{Fields, Item as Json, fields, need};
use crate::record::{FigureName, TickerHead};
use crate::reject::Reject;
use crate::time::Nanos;
use crate::venue::figures::{self, Form, Row};
use crate::venue::{Channel, candles, levels};

const MINUTE: i64 = 60_000_000_000;

/// The statistics; a pair that never traded has none of them.
const FIGURES: &[Row] = &[
    Row::optional("last", FigureName::LAST_PRICE, Form::Number),
    Row::optional("volume", FigureName::VOLUME, Form::Number),
    Row::optional("vwap", FigureName::VWAP, Form::Number),
    Row::optional("low", FigureName::LOW, Form::Number),
    Row::optional("high", FigureName::HIGH, Form::Number),
    Row::optional("change", FigureName::CHANGE, Form::Number),
    Row::optional("change_pct", FigureName::CHANGE_PERCENT, Form::Number),
    Row::optional("trades", FigureName::TRADES, Form::Number),
];

const OTHERS: [&str; 6] = ["symbol", "bid", "bid_qty", "ask", "ask_qty", "timestamp"];

/// A best bid and offer, and the statistics with it.
pub(super) fn ticker(
    element: &Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    let (first, mut found) = (batch.figures.len(), [None; 6]);
    let keep = |key: &str, item| figures::keep(&OTHERS, &mut found, key, item);
    figures::read(*element, FIGURES, "ticker", false, batch, keep)?;
    let [symbol, bid_px, bid_qty, ask_px, ask_qty, time] = found;
    let instrument = instruments.resolve(need(symbol, "symbol")?.text("symbol")?)?;
    let sides = [
        (bid_px, "bid"),
        (bid_qty, "bid_qty"),
        (ask_px, "ask"),
        (ask_qty, "ask_qty"),
    ];
    let mut bbo = levels::best(instruments.get(instrument), sides)?;
    bbo.header.ts_venue = time.map_or(Ok(0), |time: Json<'_, '_>| time.rfc3339("timestamp"))?;
    let mut head = TickerHead::new(instrument, Channel::TICKER);
    head.header.ts_venue = bbo.header.ts_venue;
    batch.items.push(Item::Bbo(bbo));
    batch.figures.extend(figures::of_best(&bbo));
    batch.ticker(head, first, false);
    Ok(())
}

/// A candle; the venue never says that one is final. `time` is when the message was made.
pub(super) fn candle(
    time: Nanos,
    element: &Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    fields!(element, batch.drift, "ohlc" => {
        "symbol" => symbol, "open" => open, "high" => high, "low" => low, "close" => close,
        "trades" => trades, "volume" => volume, "vwap" => vwap,
        "interval_begin" => begin, "interval" => interval,
    }, known: "timestamp");
    let instrument = instruments.resolve(need(symbol, "symbol")?.text("symbol")?)?;
    let minutes = need(interval, "interval")?;
    let Some(channel) = subscribe::candle(minutes.unsigned("interval")?) else {
        let text = minutes.text("interval")?;
        batch.drift.unknown_value("ohlc", "interval", text);
        batch.control(Control::Ignored);
        return Ok(());
    };
    let mut candle = crate::record::Candle::new(instrument, channel);
    let prices = [
        (open, "open"),
        (high, "high"),
        (low, "low"),
        (close, "close"),
    ];
    candles::prices(&mut candle, instruments.get(instrument), prices)?;
    let volume = need(volume, "volume")?.fixed("volume")?;
    (candle.volume, candle.volume_exp) = (volume.mantissa, volume.exp);
    let vwap = need(vwap, "vwap")?.fixed("vwap")?;
    (candle.vwap, candle.vwap_exp) = (vwap.mantissa, vwap.exp);
    let trades = need(trades, "trades")?.unsigned("trades")?;
    candle.trades = i64::try_from(trades).map_err(|_| Reject::NumberRange("trades"))?;
    candle.ts_open = need(begin, "interval_begin")?.rfc3339("interval_begin")?;
    let length = i64::try_from(minutes.unsigned("interval")?).unwrap_or(0) * MINUTE;
    candle.ts_close = candle.ts_open.saturating_add(length);
    candle.header.ts_venue = time;
    batch.items.push(Item::Candle(candle));
    Ok(())
}
