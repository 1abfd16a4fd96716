//! What a message says, as facts that can be compared one by one.
//!
//! A fact is a name (`trade0.px`) and a text. Numbers are told by their value, so that `1.5` and
//! `1.50` are one fact whatever exponent they came with.

use std::collections::BTreeMap;

use feedd_codecs::batch::{Batch, Control, Item};
use feedd_codecs::instrument::Listing;
use feedd_codecs::record::{
    ABSENT, BookHead, Candle, Figure, Header, Level, Liquidation, Order, OrdersHead, Trade,
};
use feedd_codecs::{Fixed, InstrumentId, Instruments};

/// Names and texts.
pub(crate) type Facts = BTreeMap<String, String>;

/// Collects facts below a name.
struct Teller<'a> {
    facts: Facts,
    instruments: &'a Instruments,
    at: String,
}

/// Everything that a batch says.
pub(crate) fn of_batch(batch: &Batch, instruments: &Instruments) -> Facts {
    let mut teller = Teller {
        facts: Facts::new(),
        instruments,
        at: String::new(),
    };
    for item in &batch.items {
        let kind = kind(item);
        let same = |name: &&String| name.starts_with(kind) && name.ends_with(".kind");
        let earlier = teller.facts.keys().filter(same).count();
        teller.at = format!("{kind}{earlier}");
        teller.item(item, batch);
    }
    teller.facts
}

/// What an item is; those of a kind are numbered.
const fn kind(item: &Item) -> &'static str {
    match item {
        Item::Trade(_) => "trade",
        Item::Bbo(_) => "bbo",
        Item::Book { .. } => "book",
        Item::Ticker { .. } => "ticker",
        Item::Candle(_) => "candle",
        Item::Liquidation(_) => "liquidation",
        Item::Orders { .. } => "orders",
        Item::Listing(_) => "listing",
        Item::Control(Control::Answer { .. }) => "answer",
        Item::Control(Control::VenueState(_)) => "state",
        Item::Control(_) => "control",
    }
}

/// Everything that a list of trades says.
pub(crate) fn of_trades(trades: &[Trade], instruments: &Instruments) -> Facts {
    let mut batch = Batch::default();
    batch.items.extend(trades.iter().copied().map(Item::Trade));
    of_batch(&batch, instruments)
}

/// A number's value.
pub(crate) fn value(mantissa: i64, exp: i8) -> String {
    match mantissa {
        ABSENT => "absent".to_owned(),
        mantissa => Fixed::new(mantissa, exp).to_string(),
    }
}

impl Teller<'_> {
    fn tell(&mut self, name: &str, text: impl ToString) {
        let name = format!("{}.{name}", self.at);
        assert_eq!(self.facts.insert(name, text.to_string()), None);
    }

    fn number(&mut self, name: &str, mantissa: i64, exp: i8) {
        self.tell(name, value(mantissa, exp));
    }

    fn symbol(&self, id: InstrumentId) -> String {
        match id {
            InstrumentId::NONE => String::new(),
            id => self.instruments.get(id).symbol.to_string(),
        }
    }

    fn item(&mut self, item: &Item, batch: &Batch) {
        match item {
            Item::Trade(trade) => self.trade(trade),
            Item::Bbo(bbo) => {
                self.header(&bbo.header);
                self.number("bid_px", bbo.bid_px, bbo.px_exp);
                self.number("bid_qty", bbo.bid_qty, bbo.qty_exp);
                self.number("ask_px", bbo.ask_px, bbo.px_exp);
                self.number("ask_qty", bbo.ask_qty, bbo.qty_exp);
            }
            Item::Book { head, bids, asks } => {
                self.book(head);
                self.levels("bid", &batch.levels[bids.clone()], head);
                self.levels("ask", &batch.levels[asks.clone()], head);
            }
            Item::Ticker {
                head,
                figures,
                change,
            } => {
                self.header(&head.header);
                self.tell("channel", head.channel.name());
                self.tell("change", change);
                self.figures(&batch.figures[figures.clone()]);
            }
            Item::Candle(candle) => self.candle(candle),
            Item::Liquidation(found) => self.liquidation(found),
            Item::Orders { head, bids, asks } => {
                self.header(&head.header);
                self.tell("checksum", head.checksum);
                self.tell("depth", head.depth);
                self.orders("bid", &batch.orders[bids.clone()], head);
                self.orders("ask", &batch.orders[asks.clone()], head);
            }
            Item::Listing(listing) => self.listing(listing),
            Item::Control(control) => self.control(control),
        }
    }

    fn header(&mut self, header: &Header) {
        self.tell("kind", header.template_id);
        self.tell("symbol", self.symbol(header.instrument));
        self.tell("seq", header.seq);
        self.tell("ts_venue", header.ts_venue);
        self.tell("ts_send", header.ts_send);
        self.tell("flags", format!("{:?}", header.flags));
    }

    fn trade(&mut self, trade: &Trade) {
        self.header(&trade.header);
        self.number("px", trade.px, trade.px_exp);
        self.number("qty", trade.qty, trade.qty_exp);
        self.tell("id", format!("{:?}", trade.id()));
        self.tell("first_id", trade.first_id);
        self.tell("last_id", trade.last_id);
        self.tell("side", trade.side.0);
        let names: Vec<&str> = trade.conditions.names().collect();
        self.tell("conditions", names.join("+"));
    }

    fn book(&mut self, head: &BookHead) {
        self.header(&head.header);
        self.tell("first_seq", head.first_seq);
        self.tell("prev_seq", head.prev_seq);
        self.tell("cross_seq", head.cross_seq);
        self.tell("checksum", head.checksum);
        self.tell("depth", head.depth);
        self.tell("channel", head.channel.name());
    }

    fn levels(&mut self, side: &str, levels: &[Level], head: &BookHead) {
        for (at, level) in levels.iter().enumerate() {
            self.number(&format!("{side}.{at}.px"), level.px, head.px_exp);
            self.number(&format!("{side}.{at}.qty"), level.qty, head.qty_exp);
        }
    }

    fn orders(&mut self, side: &str, orders: &[Order], head: &OrdersHead) {
        for (at, order) in orders.iter().enumerate() {
            let name = |name: &str| format!("{side}.{at}.{name}");
            self.number(&name("px"), order.px, head.px_exp);
            self.number(&name("qty"), order.qty, head.qty_exp);
            let id = String::from_utf8_lossy(&order.id);
            self.tell(&name("id"), id.trim_end_matches('\0'));
            self.tell(&name("ts"), order.ts);
            self.tell(&name("action"), order.action.name());
            self.tell(&name("px_digits"), order.px_digits);
            self.tell(&name("qty_digits"), order.qty_digits);
        }
    }

    fn figures(&mut self, figures: &[Figure]) {
        for figure in figures {
            let Fixed { mantissa, exp } = figure.value();
            self.number(&format!("figure.{}", figure.name.name()), mantissa, exp);
        }
    }

    fn candle(&mut self, candle: &Candle) {
        self.header(&candle.header);
        self.tell("channel", candle.channel.name());
        self.tell("ts_open", candle.ts_open);
        self.tell("ts_close", candle.ts_close);
        self.number("open", candle.open, candle.px_exp);
        self.number("high", candle.high, candle.px_exp);
        self.number("low", candle.low, candle.px_exp);
        self.number("close", candle.close, candle.px_exp);
        self.number("volume", candle.volume, candle.volume_exp);
        self.number("taker_volume", candle.taker_volume, candle.volume_exp);
        self.number("quote_volume", candle.quote_volume, candle.quote_exp);
        self.number("taker_quote", candle.taker_quote_volume, candle.quote_exp);
        self.number("vwap", candle.vwap, candle.vwap_exp);
        self.tell("trades", candle.trades);
        self.tell("first_id", candle.first_id);
        self.tell("last_id", candle.last_id);
        self.tell("closed", candle.closed);
    }

    fn liquidation(&mut self, found: &Liquidation) {
        self.header(&found.header);
        self.number("px", found.px, found.px_exp);
        self.number("avg_px", found.avg_px, found.px_exp);
        self.number("qty", found.qty, found.qty_exp);
        self.number("filled_qty", found.filled_qty, found.qty_exp);
        self.tell("side", found.side.0);
    }

    fn listing(&mut self, listing: &Listing) {
        let terms = &listing.terms;
        self.tell("kind", "listing");
        self.tell("symbol", &listing.symbol);
        self.tell("base", &listing.base);
        self.tell("quote", &listing.quote);
        self.tell("settle", &listing.settle);
        self.tell("px_exp", listing.px_exp);
        self.tell("qty_exp", listing.qty_exp);
        self.number("tick", terms.tick.0, terms.tick.1);
        self.number("lot", terms.lot.0, terms.lot.1);
        self.number(
            "contract_size",
            terms.contract_size.0,
            terms.contract_size.1,
        );
        self.number("strike", terms.strike.0, terms.strike.1);
        self.number("multiplier", terms.multiplier.0, terms.multiplier.1);
        self.tell("right", format!("{:?}", terms.right));
        self.tell("expiry", terms.expiry);
        self.tell("state", format!("{:?}", terms.state));
        self.tell("type", format!("{:?}", terms.instrument_type));
    }

    fn control(&mut self, control: &Control) {
        match control {
            Control::Answer {
                request,
                stream,
                refused,
            } => {
                self.tell("kind", "answer");
                self.tell("request", request.unwrap_or(0));
                if let Some(key) = stream {
                    self.tell("symbol", self.symbol(key.instrument));
                    self.tell("channel", key.channel.name());
                }
                self.tell("refused", refused.is_some());
                self.tell("reason", refused.as_deref().unwrap_or(""));
            }
            Control::VenueState(state) => {
                self.tell("kind", "state");
                self.tell("state", state);
            }
            other => self.tell("kind", format!("{other:?}")),
        }
    }
}
