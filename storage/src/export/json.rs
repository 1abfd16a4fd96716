//! One JSON object per record, on one line.
//!
//! The text is written by hand into one buffer that is used again for every line, so an export of
//! a long journal allocates only while the buffer still grows.
//!
//! Rules of the form:
//!
//! * Fields stand in a fixed order: kind, venue, product, symbol, stamps, the kind's own fields,
//!   flags, instrument, line, frame; behind them `journal_seq` where the line comes from a journal.
//! * Prices and quantities are strings: exact decimals without exponent or superfluous zeros. Stamps
//!   are integers in nanoseconds since the Unix epoch.
//! * What the venue did not give is `null`, never 0. `ts_recv` is our own stamp and always a number.

mod object;
#[cfg(test)]
mod tests;

use feedd_codecs::raw::{Carrier, RawHead};
use feedd_codecs::record::{
    ABSENT, Bbo, BookEvent, Candle, Flags, Gap, Header, InstrumentHead, InstrumentText,
    Liquidation, OrdersEvent, StatusHead, TickerEvent, Trade,
};
use feedd_codecs::{Fixed, Level, Record, Reject, VenueId};

use self::object::Object;
use self::object::orders;
pub use self::object::{escape, levels};
use super::symbols::Symbols;
use super::venue_of;

/// Writes records and raw frames as JSON lines; remembers the symbols that go by.
#[derive(Debug, Default)]
pub struct JsonLines {
    line: String,
    symbols: Symbols,
}

impl JsonLines {
    /// A writer that knows no symbol yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Remembers the symbol that an `Instrument` record introduces, without writing the record.
    pub fn learn(&mut self, record: &Record<'_>) {
        self.symbols.learn(record);
    }

    /// The symbols met so far.
    #[must_use]
    pub const fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    /// `record` as one line, line feed included. `journal_seq` is its number in a journal's log.
    pub fn record(&mut self, record: &Record<'_>, journal_seq: Option<u64>) -> &str {
        self.learn(record);
        self.line.clear();
        let mut object = Object::open(&mut self.line);
        object.text("kind", record.kind().name());
        begin(&mut object, record, &self.symbols);
        match record {
            Record::Trade(trade) => write_trade(&mut object, trade),
            Record::Bbo(bbo) => write_bbo(&mut object, bbo),
            Record::BookDelta(event) | Record::BookSnapshot(event) => {
                write_book(&mut object, event);
            }
            Record::Ticker(event) => write_ticker(&mut object, event),
            Record::Candle(candle) => write_candle(&mut object, candle),
            Record::Liquidation(found) => write_liquidation(&mut object, found),
            Record::OrdersDelta(event) | Record::OrdersSnapshot(event) => {
                write_orders(&mut object, event);
            }
            Record::Instrument(head, text) => write_instrument(&mut object, head, text),
            Record::Status(head, text) => write_status(&mut object, head, text),
            Record::Gap(gap) => write_gap(&mut object, gap),
        }
        end(&mut object, record.header());
        close(object, journal_seq);
        &self.line
    }

    /// An entry of `raw/` or `quarantine/` as one line, line feed included: the frame stands in
    /// `text` if it is UTF-8, else in `bytes` as hexadecimal digits.
    pub fn raw(&mut self, head: &RawHead, frame: &[u8], journal_seq: Option<u64>) -> &str {
        self.line.clear();
        let mut object = Object::open(&mut self.line);
        object.text("kind", "raw");
        write_venue(&mut object, head.venue);
        object.number("line", head.line);
        object.number("frame", head.frame);
        object.number("ts_recv", head.ts_recv);
        object.given("ts_kernel", head.ts_kernel);
        object.text("carrier", carrier_name(head.carrier));
        object.optional_text("rule", rule_name(head.rule));
        match std::str::from_utf8(frame) {
            Ok(text) => object.text("text", text),
            Err(_) => object.hex("bytes", frame),
        }
        close(object, journal_seq);
        &self.line
    }
}

fn begin(object: &mut Object<'_>, record: &Record<'_>, symbols: &Symbols) {
    let header = record.header();
    write_venue(object, venue_of(record));
    object.optional_text("symbol", symbols.of(header.instrument));
    object.given("ts_venue", header.ts_venue);
    object.given("ts_send", header.ts_send);
    object.number("ts_recv", header.ts_recv);
    object.given("ts_kernel", header.ts_kernel);
}

fn end(object: &mut Object<'_>, header: &Header) {
    object.names("flags", header.flags.names());
    object.number("instrument", header.instrument.0);
    object.number("line", header.line);
    object.number("frame", header.frame);
}

fn close(mut object: Object<'_>, journal_seq: Option<u64>) {
    if let Some(seq) = journal_seq {
        object.number("journal_seq", seq);
    }
    object.close_line();
}

/// A gap of a whole line names no venue, and a later version may know more of them.
fn write_venue(object: &mut Object<'_>, venue: VenueId) {
    let known = VenueId::all().any(|known| known == venue);
    object.optional_text("venue", known.then(|| venue.exchange()));
    object.optional_text("product", known.then(|| venue.product()));
}

fn write_trade(object: &mut Object<'_>, trade: &Trade) {
    object.fixed("price", Fixed::new(trade.px, trade.px_exp));
    object.fixed("qty", Fixed::new(trade.qty, trade.qty_exp));
    object.optional_text("side", trade.side.name());
    object.shown("id", trade.id());
    object.given("seq", trade.header.seq);
    object.given("first_id", trade.first_id);
    object.given("last_id", trade.last_id);
    object.names("conditions", trade.conditions.names());
}

fn write_bbo(object: &mut Object<'_>, bbo: &Bbo) {
    let px = |mantissa| (mantissa != ABSENT).then_some(Fixed::new(mantissa, bbo.px_exp));
    object.optional_fixed("bid_price", px(bbo.bid_px));
    object.fixed("bid_qty", Fixed::new(bbo.bid_qty, bbo.qty_exp));
    object.optional_fixed("ask_price", px(bbo.ask_px));
    object.fixed("ask_qty", Fixed::new(bbo.ask_qty, bbo.qty_exp));
    object.given("seq", bbo.header.seq);
}

fn write_book(object: &mut Object<'_>, event: &BookEvent<'_>) {
    let head = event.head;
    let side = |object: &mut Object<'_>, name, side: &[Level]| {
        object.key(name);
        levels(object.out(), side.iter(), head.px_exp, head.qty_exp);
    };
    side(object, "bids", event.bids);
    side(object, "asks", event.asks);
    object.given("seq", head.header.seq);
    object.given("first_seq", head.first_seq);
    object.given("prev_seq", head.prev_seq);
    object.given("cross_seq", head.cross_seq);
    let sent = head.header.flags.contains(Flags::CHECKSUM);
    object.optional_number("checksum", sent.then_some(head.checksum));
    object.number("depth", head.depth);
    object.text("channel", head.channel.name());
}

fn write_ticker(object: &mut Object<'_>, event: &TickerEvent<'_>) {
    object.text("channel", event.head.channel.name());
    object.given("seq", event.head.header.seq);
    for figure in event.figures {
        object.fixed(figure.name.name(), figure.value());
    }
}

fn write_candle(object: &mut Object<'_>, candle: &Candle) {
    object.text("channel", candle.channel.name());
    object.given("ts_open", candle.ts_open);
    object.given("ts_close", candle.ts_close);
    for (name, mantissa, exp) in [
        ("open", candle.open, candle.px_exp),
        ("high", candle.high, candle.px_exp),
        ("low", candle.low, candle.px_exp),
        ("close", candle.close, candle.px_exp),
        ("volume", candle.volume, candle.volume_exp),
        ("quote_volume", candle.quote_volume, candle.quote_exp),
        ("taker_volume", candle.taker_volume, candle.volume_exp),
        (
            "taker_quote_volume",
            candle.taker_quote_volume,
            candle.quote_exp,
        ),
        ("vwap", candle.vwap, candle.vwap_exp),
    ] {
        object.optional_fixed(name, told(mantissa, exp));
    }
    object.optional_number("trades", (candle.trades != ABSENT).then_some(candle.trades));
    object.given("first_id", candle.first_id);
    object.given("last_id", candle.last_id);
    object.number("closed", candle.closed != 0);
}

fn write_liquidation(object: &mut Object<'_>, found: &Liquidation) {
    object.fixed("price", Fixed::new(found.px, found.px_exp));
    object.fixed("qty", Fixed::new(found.qty, found.qty_exp));
    object.optional_text("side", found.side.name());
    object.optional_fixed("avg_price", told(found.avg_px, found.px_exp));
    object.optional_fixed("filled_qty", told(found.filled_qty, found.qty_exp));
}

fn write_orders(object: &mut Object<'_>, event: &OrdersEvent<'_>) {
    let head = event.head;
    for (name, side) in [("bids", event.bids), ("asks", event.asks)] {
        object.key(name);
        orders(object.out(), side, head.px_exp, head.qty_exp);
    }
    let sent = head.header.flags.contains(Flags::CHECKSUM);
    object.optional_number("checksum", sent.then_some(head.checksum));
    object.number("depth", head.depth);
}

/// A number that the venue may not have given.
fn told(mantissa: i64, exp: i8) -> Option<Fixed> {
    (mantissa != ABSENT).then_some(Fixed::new(mantissa, exp))
}

fn write_gap(object: &mut Object<'_>, gap: &Gap) {
    object.text("channel", gap.channel.name());
    object.text("cause", gap.cause.name());
    object.given("seq", gap.header.seq);
    object.given("first_seq", gap.first_seq);
    object.given("last_seq", gap.last_seq);
    object.text("end", gap.end.name());
    object.given("ts_open", gap.ts_open);
    object.given("ts_good", gap.ts_good);
    object.given("missing", gap.missing);
}

fn write_instrument(object: &mut Object<'_>, head: &InstrumentHead, text: &InstrumentText<'_>) {
    let given = |text| Some(text).filter(|text: &&str| !text.is_empty());
    let increment = |mantissa, exp| (mantissa != 0).then_some(Fixed::new(mantissa, exp));
    object.text("change", head.change.name());
    object.optional_text("base", given(text.base));
    object.optional_text("quote", given(text.quote));
    object.optional_text("settle", given(text.settle));
    object.optional_text("name", given(text.name));
    object.optional_fixed("tick", increment(head.tick, head.px_exp));
    object.optional_fixed("lot", increment(head.lot, head.qty_exp));
    object.number("price_exp", head.px_exp);
    object.number("qty_exp", head.qty_exp);
    object.text("state", head.state.name());
    object.text("type", head.instrument_type.name());
    object.given("expiry", head.expiry);
    object.optional_fixed(
        "contract_size",
        increment(head.contract_size, head.contract_exp),
    );
    object.optional_fixed("strike", increment(head.strike, head.strike_exp));
    object.optional_text(
        "right",
        given(head.right.name()).filter(|right| *right != "none"),
    );
    object.optional_fixed(
        "multiplier",
        increment(head.multiplier, head.multiplier_exp),
    );
    object.number("generation", head.generation);
}

fn write_status(object: &mut Object<'_>, head: &StatusHead, text: &str) {
    object.text("channel", head.channel.name());
    object.text("code", head.code.name());
    object.text("text", text);
}

const fn carrier_name(carrier: Carrier) -> &'static str {
    match carrier {
        Carrier::TEXT => "text",
        Carrier::BINARY => "binary",
        Carrier::REST => "rest",
        _ => "unknown",
    }
}

/// Nothing for a frame that broke no rule; a rule of a later version has no name here.
fn rule_name(code: u8) -> Option<&'static str> {
    (code != 0).then(|| Reject::rule_of_code(code).unwrap_or("unknown"))
}
