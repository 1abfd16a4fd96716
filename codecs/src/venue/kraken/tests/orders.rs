//! `level3`: the book order by order.

use super::kraken;
use crate::batch::Item;
use crate::book::OrderBook;
use crate::record::{Flags, Kind, OrderAction, OrdersHead};
use crate::reject::Reject;
use crate::venue::Venue;
use crate::venue::kraken::Kraken;
use crate::venue::workbench::Bench;

/// The checksum is the CRC-32 of `10025 1002125 100310 10012 99930` without the spaces.
const SNAPSHOT: &str = r#"{"channel":"level3","type":"snapshot","data":[{"symbol":"BTC/USD","bids":[{"order_id":"OB1","limit_price":100.1,"order_qty":2,"timestamp":"2026-01-15T11:59:58.000000Z"},{"order_id":"OB2","limit_price":99.9,"order_qty":0.30,"timestamp":"2026-01-15T11:59:59.000000Z"}],"asks":[{"order_id":"OA1","limit_price":100.2,"order_qty":0.5,"timestamp":"2026-01-15T11:59:57.000000Z"},{"order_id":"OA2","limit_price":100.2,"order_qty":1.25,"timestamp":"2026-01-15T11:59:58.500000Z"},{"order_id":"OA3","limit_price":100.3,"order_qty":0.010,"timestamp":"2026-01-15T11:59:58.500000Z"}],"checksum":3771124135,"timestamp":"2026-01-15T12:00:00.000000Z"}]}"#;
/// The checksum is the CRC-32 of `10024 1002125 100310 10001 99930` without the spaces.
const UPDATE: &str = r#"{"channel":"level3","type":"update","data":[{"symbol":"BTC/USD","bids":[{"event":"delete","order_id":"OB1","limit_price":100.1,"order_qty":0.0,"timestamp":"2026-01-15T12:00:01.000000Z"},{"event":"add","order_id":"O6ZQNQ-BXL4E-5WGINO","limit_price":100.0,"order_qty":1,"timestamp":"2026-01-15T12:00:01.000000Z"}],"asks":[{"event":"modify","order_id":"OA1","limit_price":100.2,"order_qty":0.4,"timestamp":"2026-01-15T12:00:01.000000Z"}],"checksum":1090573722,"timestamp":"2026-01-15T12:00:01.000000Z"}]}"#;

/// Applies a message to a book as a feed does; the venue's verdict.
fn apply(
    bench: &mut Bench<Kraken>,
    book: &mut OrderBook,
    frame: &str,
) -> (OrdersHead, Option<bool>) {
    let Item::Orders { head, bids, asks } = bench.one(frame) else {
        panic!("{frame}");
    };
    let (bids, asks) = (&bench.batch.orders[bids], &bench.batch.orders[asks]);
    if head.header.template_id == Kind::OrdersSnapshot as u16 {
        book.replace(bids, asks, head.px_exp, head.qty_exp).unwrap();
    } else {
        book.apply(bids, asks, book.px_exp(), book.qty_exp())
            .unwrap();
    }
    book.cut(head.depth);
    (head, bench.venue.verify_orders(book, &head))
}

#[test]
fn the_checksum_runs_over_every_order_as_it_was_written() {
    let (mut bench, mut book) = (kraken(), OrderBook::default());
    let (head, verdict) = apply(&mut bench, &mut book, SNAPSHOT);
    assert_eq!((head.px_exp, head.qty_exp, head.depth), (-1, -3, 10));
    assert_eq!(verdict, Some(true));
    bench
        .instruments
        .get_mut(head.header.instrument)
        .widen(-1, -3);
    let (_, verdict) = apply(&mut bench, &mut book, UPDATE);
    assert_eq!(verdict, Some(true));
    assert!(bench.knows_all());
}

#[test]
fn one_order_out_of_its_place_fails_the_checksum() {
    let swapped = SNAPSHOT
        .replace("OA1", "OA9")
        .replace("0.5,", "1.250,")
        .replace("1.25,", "0.5,");
    for bent in [
        swapped.as_str(),
        &SNAPSHOT.replace("0.30", "0.3"),
        &SNAPSHOT.replace("100.3", "100.4"),
    ] {
        let (mut bench, mut book) = (kraken(), OrderBook::default());
        let (_, verdict) = apply(&mut bench, &mut book, bent);
        assert_eq!(verdict, Some(false), "{bent}");
    }
}

#[test]
fn prices_beyond_the_tenth_do_not_count() {
    let order = |at: i64| {
        format!(
            r#"{{"order_id":"O{at}","limit_price":{}.5,"order_qty":1,"timestamp":"2026-01-15T11:59:58.000000Z"}}"#,
            100 + at
        )
    };
    let asks: Vec<String> = (0..11).map(order).collect();
    let text: String = (0..10).map(|at| format!("{}51", 100 + at)).collect();
    let crc = crc32fast::hash(text.as_bytes());
    let frame = format!(
        r#"{{"channel":"level3","type":"snapshot","data":[{{"symbol":"BTC/USD","bids":[],"asks":[{}],"checksum":{crc}}}]}}"#,
        asks.join(",")
    );
    let (mut bench, mut book) = (kraken(), OrderBook::default());
    let Item::Orders { head, asks, .. } = bench.one(&frame) else {
        panic!("{frame}");
    };
    book.replace(&[], &bench.batch.orders[asks], head.px_exp, head.qty_exp)
        .unwrap();
    assert_eq!((book.asks().len(), head.header.ts_venue), (11, 0));
    assert_eq!(bench.venue.verify_orders(&book, &head), Some(true));
}

#[test]
fn an_update_keeps_events_and_times() {
    let mut bench = kraken();
    let Item::Orders { head, bids, asks } = bench.one(UPDATE) else {
        panic!("{UPDATE}");
    };
    assert_eq!(head.header.template_id, Kind::OrdersDelta as u16);
    assert_eq!(head.header.flags, Flags::CHECKSUM);
    assert_eq!(head.header.ts_venue, 1_768_478_401_000_000_000);
    let orders = &bench.batch.orders;
    let actions: Vec<_> = orders[bids].iter().map(|order| order.action).collect();
    assert_eq!(actions, [OrderAction::DELETE, OrderAction::ADD]);
    let order = orders[asks][0];
    assert_eq!(
        (order.px, order.qty, order.action),
        (1_002, 4, OrderAction::MODIFY)
    );
    assert_eq!((order.px_digits, order.qty_digits), (1, 1));
    assert_eq!(&order.id[..4], b"OA1\0");
    assert_eq!(order.ts, 1_768_478_401_000_000_000);
}

#[test]
fn orders_that_are_none_are_refused() {
    for (from, to, expected) in [
        ("add", "appear", Reject::UnknownShape),
        (r#""event":"add","#, "", Reject::MissingField("event")),
        (
            "O6ZQNQ-BXL4E-5WGINO",
            "O6ZQNQ-BXL4E-5WGINO-OVER-24",
            Reject::InvalidId("order_id"),
        ),
        ("O6ZQNQ-BXL4E-5WGINO", "", Reject::InvalidId("order_id")),
        ("0.4", "-0.4", Reject::Negative("order_qty")),
        (
            r#""checksum":"#,
            r#""checksum":9"#,
            Reject::NumberRange("checksum"),
        ),
        ("100.0", "\"\"", Reject::InvalidNumber("limit_price")),
    ] {
        let bent = UPDATE.replacen(from, to, 1);
        assert_eq!(kraken().refusal(&bent), expected, "{bent}");
    }
}
