//! What was traded and quoted: trades, best bid and offer, candles, liquidations.

use feedd_codecs::record::{Bbo, Candle, Header, IdKind, Liquidation, Trade, TradeId};

use super::super::columns::{Columns, TableRow};

impl TableRow for &Trade {
    fn header(&self) -> &Header {
        &self.header
    }

    fn columns(columns: &mut Columns<'_, Self>) {
        columns.number("price", |trade| (trade.px, trade.px_exp));
        columns.amount("qty", |trade| (trade.qty, trade.qty_exp));
        columns.name("side", |trade| trade.side.name());
        // A number where it fits, text (UUIDs) where not: exactly one of the two is given.
        columns.integer("id", small_id);
        columns.text("id_text", |trade| {
            small_id(trade).is_none().then(|| trade.id().to_string())
        });
        columns.exponent("price_exp", |trade| trade.px_exp);
        columns.exponent("qty_exp", |trade| trade.qty_exp);
        columns.given("first_id", |trade| trade.first_id);
        columns.given("last_id", |trade| trade.last_id);
        columns.bits("conditions", |trade| trade.conditions.0);
    }
}

fn small_id(trade: &Trade) -> Option<i64> {
    match trade.id() {
        TradeId::Integer(id) if trade.id_kind == IdKind::INTEGER => i64::try_from(id).ok(),
        _ => None,
    }
}

impl TableRow for &Bbo {
    fn header(&self) -> &Header {
        &self.header
    }

    fn columns(columns: &mut Columns<'_, Self>) {
        columns.number("bid_price", |bbo| (bbo.bid_px, bbo.px_exp));
        columns.amount("bid_qty", |bbo| (bbo.bid_qty, bbo.qty_exp));
        columns.number("ask_price", |bbo| (bbo.ask_px, bbo.px_exp));
        columns.amount("ask_qty", |bbo| (bbo.ask_qty, bbo.qty_exp));
        columns.exponent("price_exp", |bbo| bbo.px_exp);
        columns.exponent("qty_exp", |bbo| bbo.qty_exp);
    }
}

impl TableRow for &Candle {
    fn header(&self) -> &Header {
        &self.header
    }

    fn columns(columns: &mut Columns<'_, Self>) {
        columns.name("channel", |candle| Some(candle.channel.name()));
        columns.given_stamp("ts_open", |candle| candle.ts_open);
        columns.given_stamp("ts_close", |candle| candle.ts_close);
        columns.number("open", |candle| (candle.open, candle.px_exp));
        columns.number("high", |candle| (candle.high, candle.px_exp));
        columns.number("low", |candle| (candle.low, candle.px_exp));
        columns.number("close", |candle| (candle.close, candle.px_exp));
        columns.amount("volume", |candle| (candle.volume, candle.volume_exp));
        columns.amount("quote_volume", |candle| {
            (candle.quote_volume, candle.quote_exp)
        });
        columns.amount("taker_volume", |candle| {
            (candle.taker_volume, candle.volume_exp)
        });
        columns.amount("taker_quote_volume", |candle| {
            (candle.taker_quote_volume, candle.quote_exp)
        });
        columns.number("vwap", |candle| (candle.vwap, candle.vwap_exp));
        columns.integer("trades", |candle| {
            Some(candle.trades).filter(|count| *count != feedd_codecs::record::ABSENT)
        });
        columns.given("first_id", |candle| candle.first_id);
        columns.given("last_id", |candle| candle.last_id);
        columns.truth("closed", |candle| candle.closed != 0);
        columns.exponent("price_exp", |candle| candle.px_exp);
        columns.exponent("volume_exp", |candle| candle.volume_exp);
        columns.exponent("quote_exp", |candle| candle.quote_exp);
        columns.exponent("vwap_exp", |candle| candle.vwap_exp);
    }
}

impl TableRow for &Liquidation {
    fn header(&self) -> &Header {
        &self.header
    }

    fn columns(columns: &mut Columns<'_, Self>) {
        columns.number("price", |found| (found.px, found.px_exp));
        columns.amount("qty", |found| (found.qty, found.qty_exp));
        columns.name("side", |found| found.side.name());
        columns.number("avg_price", |found| (found.avg_px, found.px_exp));
        columns.amount("filled_qty", |found| (found.filled_qty, found.qty_exp));
        columns.exponent("price_exp", |found| found.px_exp);
        columns.exponent("qty_exp", |found| found.qty_exp);
    }
}
