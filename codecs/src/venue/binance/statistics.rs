//! Tickers, mark prices, index prices and averages: tables of fields.

use crate::batch::Batch;
use crate::instrument::{InstrumentId, Instruments};
use crate::json::{Fields, Item as Json, need};
use crate::record::{FigureName as Name, Header, TickerHead};
use crate::reject::Reject;
use crate::venue::Channel;
use crate::venue::figures::{self, Form, Row};

use super::decode::optional_epoch;
use super::streams;

/// One kind of statistics message.
pub(super) struct Statistics {
    channel: Channel,
    /// The event's name: that of its schema drift too.
    event: &'static str,
    rows: &'static [Row],
    /// The field that names the instrument, or the pair.
    symbol: &'static str,
    /// Whether `T` is the time of the last trade.
    timed: bool,
}

const MINI_ROWS: &[Row] = &[
    Row::new("c", Name::LAST_PRICE, Form::Number),
    Row::new("o", Name::OPEN, Form::Number),
    Row::new("h", Name::HIGH, Form::Number),
    Row::new("l", Name::LOW, Form::Number),
    Row::new("v", Name::VOLUME, Form::Number),
    Row::new("q", Name::QUOTE_VOLUME, Form::Number),
];

/// Futures have no `x` and no best prices, rolling windows no `Q` either.
const TICKER_ROWS: &[Row] = &[
    Row::new("p", Name::CHANGE, Form::Number),
    Row::new("P", Name::CHANGE_PERCENT, Form::Number),
    Row::new("w", Name::VWAP, Form::Number),
    Row::optional("x", Name::PREV_CLOSE, Form::Number),
    Row::new("c", Name::LAST_PRICE, Form::Number),
    Row::optional("Q", Name::LAST_QTY, Form::Number),
    Row::optional("b", Name::BID_PRICE, Form::Number),
    Row::optional("B", Name::BID_QTY, Form::Number),
    Row::optional("a", Name::ASK_PRICE, Form::Number),
    Row::optional("A", Name::ASK_QTY, Form::Number),
    Row::new("o", Name::OPEN, Form::Number),
    Row::new("h", Name::HIGH, Form::Number),
    Row::new("l", Name::LOW, Form::Number),
    Row::new("v", Name::VOLUME, Form::Number),
    Row::new("q", Name::QUOTE_VOLUME, Form::Number),
    Row::new("O", Name::WINDOW_OPEN, Form::Epoch),
    Row::new("C", Name::WINDOW_CLOSE, Form::Epoch),
    Row::new("F", Name::FIRST_TRADE_ID, Form::Id),
    Row::new("L", Name::LAST_TRADE_ID, Form::Id),
    Row::new("n", Name::TRADES, Form::Number),
];

/// Delivery contracts have `r` empty and `T` zero; `ap` came in 2026-03.
const MARK_ROWS: &[Row] = &[
    Row::new("p", Name::MARK_PRICE, Form::Number),
    Row::optional("ap", Name::MARK_PRICE_AVG, Form::Number),
    Row::optional("i", Name::INDEX_PRICE, Form::Number),
    Row::optional("P", Name::SETTLE_ESTIMATE, Form::Number),
    Row::optional("r", Name::FUNDING_RATE, Form::Number),
    Row::optional("T", Name::NEXT_FUNDING_TIME, Form::Epoch),
];

const INDEX_ROWS: &[Row] = &[Row::new("p", Name::INDEX_PRICE, Form::Number)];

const AVERAGE_ROWS: &[Row] = &[Row::new("w", Name::AVG_PRICE, Form::Number)];

const fn of(channel: Channel, event: &'static str, rows: &'static [Row]) -> Statistics {
    Statistics {
        channel,
        event,
        rows,
        symbol: "s",
        timed: false,
    }
}

static KINDS: [Statistics; 8] = [
    of(Channel::MINI_TICKER, "24hrMiniTicker", MINI_ROWS),
    of(Channel::TICKER, "24hrTicker", TICKER_ROWS),
    of(Channel::TICKER_1H, "1hTicker", TICKER_ROWS),
    of(Channel::TICKER_4H, "4hTicker", TICKER_ROWS),
    of(Channel::TICKER_1D, "1dTicker", TICKER_ROWS),
    of(Channel::MARK_PRICE, "markPriceUpdate", MARK_ROWS),
    Statistics {
        symbol: "i",
        ..of(Channel::INDEX_PRICE, "indexPriceUpdate", INDEX_ROWS)
    },
    Statistics {
        timed: true,
        ..of(Channel::AVG_PRICE, "avgPrice", AVERAGE_ROWS)
    },
];

/// The statistics that an event's name stands for.
pub(super) fn of_event(event: &str) -> Option<&'static Statistics> {
    KINDS.iter().find(|kind| kind.event == event)
}

/// What a statistics message says beside its figures.
#[derive(Default)]
struct Rest<'t, 'f> {
    event: Option<Json<'t, 'f>>,
    symbol: Option<Json<'t, 'f>>,
    sent: Option<Json<'t, 'f>>,
    time: Option<Json<'t, 'f>>,
}

impl<'t, 'f> Rest<'t, 'f> {
    /// Takes a field that is no figure; whether it is known.
    fn take(&mut self, kind: &Statistics, key: &str, item: Json<'t, 'f>) -> Result<bool, Reject> {
        let slot = match key {
            "e" => &mut self.event,
            "E" => &mut self.sent,
            "T" if kind.timed => &mut self.time,
            _ if key == kind.symbol => &mut self.symbol,
            // The length of the average's window: always 5 minutes.
            "i" => return Ok(kind.channel == Channel::AVG_PRICE),
            _ => return Ok(matches!(key, "st" | "ps")),
        };
        match slot.replace(item) {
            Some(_) => Err(Reject::DuplicateField),
            None => Ok(true),
        }
    }
}

pub(super) fn decode(
    kind: &Statistics,
    object: Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    let first = batch.figures.len();
    let mut rest = Rest::default();
    figures::read(object, kind.rows, kind.event, false, batch, |key, item| {
        rest.take(kind, key, item)
    })?;
    let symbol = need(rest.symbol, kind.symbol)?.text(kind.symbol)?;
    let mut head = TickerHead::new(InstrumentId::NONE, kind.channel);
    let sent = need(rest.sent, "E")?.epoch("E")?;
    stamp(&mut head.header, sent, optional_epoch(rest.time, "T")?);
    if kind.channel == Channel::INDEX_PRICE {
        return index_price(head, symbol, first, instruments, batch);
    }
    head.header.instrument = instruments.resolve(symbol)?;
    batch.ticker(head, first, false);
    Ok(())
}

/// Times of a message: where the engine's is not told, the event time is the venue's only stamp.
pub(super) const fn stamp(header: &mut Header, sent: i64, time: i64) {
    header.ts_send = sent;
    header.ts_venue = if time == 0 { sent } else { time };
}

/// One record for each contract of the pair; where none is known and all are taken, the pair stands
/// for itself.
fn index_price(
    mut head: TickerHead,
    pair: &str,
    first: usize,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    let figure = batch.figures.get(first).copied();
    batch.figures.truncate(first);
    let mut tell = |head: TickerHead| {
        let first = batch.figures.len();
        batch.figures.extend(figure);
        batch.ticker(head, first, false);
    };
    let mut contracts = 0;
    for instrument in instruments.all() {
        if streams::pair(&instrument.symbol) == pair {
            head.header.instrument = instrument.id;
            tell(head);
            contracts += 1;
        }
    }
    if contracts == 0 {
        head.header.instrument = instruments.resolve(pair)?;
        tell(head);
    }
    Ok(())
}
