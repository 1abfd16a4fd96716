//! Books: one row a venue event, its levels or orders as lists, in the venue's order.

use feedd_codecs::record::{BookEvent, Flags, Header, Level, Order, OrdersEvent};

use super::super::columns::{Columns, Packing, TableRow};

impl TableRow for BookEvent<'_> {
    fn header(&self) -> &Header {
        &self.head.header
    }

    fn columns(columns: &mut Columns<'_, Self>) {
        columns.name("channel", |event| Some(event.head.channel.name()));
        let (px, qty) = (|level: &Level| level.px, |level: &Level| level.qty);
        columns.numbers("bid_prices", px_exp, |event| event.bids.iter().map(px));
        columns.amounts("bid_qtys", qty_exp, |event| event.bids.iter().map(qty));
        columns.numbers("ask_prices", px_exp, |event| event.asks.iter().map(px));
        columns.amounts("ask_qtys", qty_exp, |event| event.asks.iter().map(qty));
        columns.exponent("price_exp", px_exp);
        columns.exponent("qty_exp", qty_exp);
        columns.given("first_seq", |event| event.head.first_seq);
        columns.given("prev_seq", |event| event.head.prev_seq);
        columns.given("cross_seq", |event| event.head.cross_seq);
        columns.word("checksum", |event| {
            let sent = event.head.header.flags.contains(Flags::CHECKSUM);
            sent.then_some(event.head.checksum)
        });
        columns.bits("depth", |event| event.head.depth);
    }
}

const fn px_exp(event: BookEvent<'_>) -> i8 {
    event.head.px_exp
}

const fn qty_exp(event: BookEvent<'_>) -> i8 {
    event.head.qty_exp
}

impl TableRow for OrdersEvent<'_> {
    fn header(&self) -> &Header {
        &self.head.header
    }

    fn columns(columns: &mut Columns<'_, Self>) {
        for (side, of) in [("bid", bids as Side), ("ask", asks as Side)] {
            let name = |what: &str| format!("{side}_{what}");
            columns.names(&name("ids"), |event| of(event).iter().map(id));
            columns.names(&name("actions"), |event| {
                of(event).iter().map(|order| order.action.name())
            });
            columns.numbers(
                &name("prices"),
                |event| event.head.px_exp,
                |event| of(event).iter().map(|order| order.px),
            );
            columns.amounts(
                &name("qtys"),
                |event| event.head.qty_exp,
                |event| of(event).iter().map(|order| order.qty),
            );
            // Nanoseconds since 1970; 0 where the venue gave none.
            columns.integers(&name("ts"), Packing::Delta, |event| {
                of(event).iter().map(|order| order.ts)
            });
        }
        columns.exponent("price_exp", |event| event.head.px_exp);
        columns.exponent("qty_exp", |event| event.head.qty_exp);
        columns.word("checksum", |event| {
            let sent = event.head.header.flags.contains(Flags::CHECKSUM);
            sent.then_some(event.head.checksum)
        });
        columns.bits("depth", |event| event.head.depth);
    }
}

type Side = for<'a> fn(OrdersEvent<'a>) -> &'a [Order];

const fn bids(event: OrdersEvent<'_>) -> &[Order] {
    event.bids
}

const fn asks(event: OrdersEvent<'_>) -> &[Order] {
    event.asks
}

fn id(order: &Order) -> String {
    let id = order.id.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(id).into_owned()
}
