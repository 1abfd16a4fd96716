//! Which columns each kind of record has: the market's own records.

use feedd_codecs::fixed::Fixed;
use feedd_codecs::record::{
    ABSENT, Bbo, BookEvent, BookHead, Candle, FigureName, Flags, Liquidation, Order, OrdersEvent,
    Record, TickerEvent, Trade,
};
use feedd_storage::sink::Row;
use feedd_storage::sink::questdb::table;
use questdb::ingress::Buffer;

use super::line::{Line, Scratch, Written};
use super::reference;

/// Writes a record's row, or rows, behind those in `buffer`.
///
/// # Errors
///
/// What the protocol cannot carry: a time before 1970, a number of more than 63 bits. The row that
/// was begun is still in the buffer then.
pub(super) fn write(buffer: &mut Buffer, scratch: &mut Scratch, row: &Row<'_>) -> Written {
    if let Record::OrdersDelta(event) | Record::OrdersSnapshot(event) = row.record {
        return write_orders(buffer, scratch, row, event);
    }
    let mut line = Line::begin(buffer, scratch, table(row.record.kind()), row)?;
    let line = &mut line;
    match row.record {
        Record::Trade(trade) => write_trade(line, row, trade),
        Record::Bbo(bbo) => write_bbo(line, row, bbo),
        Record::BookSnapshot(event) => write_snapshot(line, row, event),
        Record::BookDelta(event) => write_delta(line, row, event),
        Record::OrdersDelta(_) | Record::OrdersSnapshot(_) => Ok(()),
        Record::Ticker(event) => write_ticker(line, row, event),
        Record::Candle(candle) => write_candle(line, row, candle),
        Record::Liquidation(liquidation) => write_liquidation(line, row, liquidation),
        Record::Instrument(head, text) => reference::write_instrument(line, row, head, &text),
        Record::Status(head, text) => reference::write_status(line, row, head, text),
        Record::Gap(gap) => reference::write_gap(line, row, gap),
    }
}

fn write_trade(line: &mut Line<'_>, row: &Row<'_>, trade: &Trade) -> Written {
    line.symbol("side", trade.side.name().unwrap_or_default())?
        .both("price", "price_d", Fixed::new(trade.px, trade.px_exp))?
        .both("amount", "amount_d", Fixed::new(trade.qty, trade.qty_exp))?
        .shown("trade_id", trade.id())?
        .id("first_id", trade.first_id)?
        .id("last_id", trade.last_id)?
        .whole("conditions", i64::from(trade.conditions.0))?
        .end(row)
}

fn write_bbo(line: &mut Line<'_>, row: &Row<'_>, bbo: &Bbo) -> Written {
    let px = |mantissa| Fixed::new(mantissa, bbo.px_exp);
    let qty = |mantissa| Fixed::new(mantissa, bbo.qty_exp);
    line.both("bid_price", "bid_price_d", px(bbo.bid_px))?
        .both("bid_volume", "bid_volume_d", qty(bbo.bid_qty))?
        .both("ask_price", "ask_price_d", px(bbo.ask_px))?
        .both("ask_volume", "ask_volume_d", qty(bbo.ask_qty))?
        .end(row)
}

fn write_snapshot(line: &mut Line<'_>, row: &Row<'_>, event: BookEvent<'_>) -> Written {
    let best = |side: &[feedd_codecs::record::Level]| {
        let mantissa = side.first().map_or(ABSENT, |level| level.px);
        Fixed::new(mantissa, event.head.px_exp)
    };
    write_levels(line, event)?
        .near("best_bid", best(event.bids))?
        .near("best_ask", best(event.asks))?;
    write_head(line, row, event.head)
}

fn write_delta(line: &mut Line<'_>, row: &Row<'_>, event: BookEvent<'_>) -> Written {
    write_levels(line, event)?;
    write_head(line, row, event.head)
}

fn write_levels<'l, 'b>(line: &'l mut Line<'b>, event: BookEvent<'_>) -> Written<&'l mut Line<'b>> {
    let exps = (event.head.px_exp, event.head.qty_exp);
    line.symbol("channel", event.head.channel.name())?
        .levels("bids", event.bids, exps)?
        .levels("asks", event.asks, exps)
}

fn write_head(line: &mut Line<'_>, row: &Row<'_>, head: &BookHead) -> Written {
    line.whole("px_exp", i64::from(head.px_exp))?
        .whole("qty_exp", i64::from(head.qty_exp))?
        .whole("depth", i64::from(head.depth))?
        .id("first_seq", head.first_seq)?;
    if head.header.flags.contains(Flags::CHECKSUM) {
        line.whole("checksum", i64::from(head.checksum))?;
    }
    line.end(row)
}

fn write_orders(
    buffer: &mut Buffer,
    scratch: &mut Scratch,
    row: &Row<'_>,
    event: OrdersEvent<'_>,
) -> Written {
    let bids = event.bids.iter().map(|order| ("buy", order));
    let asks = event.asks.iter().map(|order| ("sell", order));
    let exps = (event.head.px_exp, event.head.qty_exp);
    let (table, kind) = (table(row.record.kind()), row.record.kind().name());
    let mut n = 0;
    for (side, order) in bids.chain(asks) {
        let mut line = Line::begin(buffer, scratch, table, row)?;
        line.symbol("kind", kind)?.symbol("side", side)?;
        write_order(&mut line, order, exps)?
            .whole("n", n)?
            .end(row)?;
        n += 1;
    }
    if n == 0 {
        let mut line = Line::begin(buffer, scratch, table, row)?;
        line.symbol("kind", kind)?.whole("n", 0)?.end(row)?;
    }
    Ok(())
}

fn write_order<'l, 'b>(
    line: &'l mut Line<'b>,
    order: &Order,
    (px_exp, qty_exp): (i8, i8),
) -> Written<&'l mut Line<'b>> {
    let id = String::from_utf8_lossy(&order.id);
    line.symbol("action", order.action.name())?
        .text("order_id", id.trim_end_matches('\0'))?
        .both("price", "price_d", Fixed::new(order.px, px_exp))?
        .both("amount", "amount_d", Fixed::new(order.qty, qty_exp))?
        .stamp("ts_order", order.ts)
}

/// The figures that have a column of their own; their names are the columns'.
const COLUMNS: [FigureName; 18] = [
    FigureName::LAST_PRICE,
    FigureName::OPEN,
    FigureName::HIGH,
    FigureName::LOW,
    FigureName::VWAP,
    FigureName::VOLUME,
    FigureName::QUOTE_VOLUME,
    FigureName::BID_PRICE,
    FigureName::BID_QTY,
    FigureName::ASK_PRICE,
    FigureName::ASK_QTY,
    FigureName::MARK_PRICE,
    FigureName::INDEX_PRICE,
    FigureName::SETTLE_ESTIMATE,
    FigureName::FUNDING_RATE,
    FigureName::FUNDING_RATE_NEXT,
    FigureName::OPEN_INTEREST,
    FigureName::OPEN_INTEREST_VALUE,
];

fn write_ticker(line: &mut Line<'_>, row: &Row<'_>, event: TickerEvent<'_>) -> Written {
    line.symbol("channel", event.head.channel.name())?;
    let mut all = String::new();
    for figure in event.figures {
        let (name, value) = (figure.name, figure.value());
        if COLUMNS.contains(&name) {
            line.near(name.name(), value)?;
        }
        // Times are decimal seconds.
        if name == FigureName::NEXT_FUNDING_TIME
            && let Some(ns) = value.at(-9)
        {
            line.stamp("next_funding_time", ns)?;
        }
        let gap = if all.is_empty() { "" } else { " " };
        all.push_str(&format!("{gap}{}={value}", name.name()));
    }
    line.text("figures", &all)?.end(row)
}

fn write_candle(line: &mut Line<'_>, row: &Row<'_>, candle: &Candle) -> Written {
    let px = |mantissa| Fixed::new(mantissa, candle.px_exp);
    let volume = |mantissa| Fixed::new(mantissa, candle.volume_exp);
    let quote = |mantissa| Fixed::new(mantissa, candle.quote_exp);
    line.symbol("channel", candle.channel.name())?
        .stamp("ts_open", candle.ts_open)?
        .stamp("ts_close", candle.ts_close)?
        .flag("closed", candle.closed != 0)?
        .both("open", "open_d", px(candle.open))?
        .both("high", "high_d", px(candle.high))?
        .both("low", "low_d", px(candle.low))?
        .both("close", "close_d", px(candle.close))?
        .both("volume", "volume_d", volume(candle.volume))?
        .both("quote_volume", "quote_volume_d", quote(candle.quote_volume))?
        .near("taker_volume", volume(candle.taker_volume))?
        .near("taker_quote_volume", quote(candle.taker_quote_volume))?
        .near("vwap", Fixed::new(candle.vwap, candle.vwap_exp))?;
    if candle.trades != ABSENT {
        line.whole("trades", candle.trades)?;
    }
    line.end(row)
}

fn write_liquidation(line: &mut Line<'_>, row: &Row<'_>, liquidation: &Liquidation) -> Written {
    let px = |mantissa| Fixed::new(mantissa, liquidation.px_exp);
    let qty = |mantissa| Fixed::new(mantissa, liquidation.qty_exp);
    line.symbol("side", liquidation.side.name().unwrap_or_default())?
        .both("price", "price_d", px(liquidation.px))?
        .near("avg_price", px(liquidation.avg_px))?
        .both("amount", "amount_d", qty(liquidation.qty))?
        .near("filled_amount", qty(liquidation.filled_qty))?
        .end(row)
}
