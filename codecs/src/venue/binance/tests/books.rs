//! Best prices, book deltas and snapshots.

use super::*;

#[test]
fn a_spot_best_price_has_no_time() {
    let mut bench = spot();
    let bbo = bench.bbo(BOOK_TICKER);
    assert_eq!((bbo.bid_px, bbo.bid_qty), (2_535_190_000, 3_121_000_000));
    assert_eq!((bbo.ask_px, bbo.ask_qty), (2_536_520_000, 4_066_000_000));
    assert_eq!((bbo.px_exp, bbo.qty_exp), (-8, -8));
    assert_eq!(bbo.header.seq, 400_900_217);
    assert_eq!((bbo.header.ts_venue, bbo.header.ts_send), (0, 0));
    assert!(bench.knows_all());
}

#[test]
fn a_futures_best_price_has_both_times() {
    let frame = r#"{"e":"bookTicker","u":400900217,"E":1568014460893,"T":1568014460891,"s":"BNBUSDT","ps":"BNBUSDT","b":"25.3519","B":"31.21","a":"25.3652","A":"40.66","st":1}"#;
    for id in [USDM, COINM] {
        let mut bench = Bench::<Binance>::new(id);
        let bbo = bench.bbo(frame);
        assert_eq!(
            (bbo.bid_px, bbo.bid_qty, bbo.px_exp, bbo.qty_exp),
            (253_519, 3_121, -4, -2)
        );
        assert_eq!(bbo.header.ts_send, 1_568_014_460_893_000_000);
        assert_eq!(bbo.header.ts_venue, 1_568_014_460_891_000_000);
        assert!(bench.knows_all());
    }
}

#[test]
fn a_side_without_orders_is_absent_not_zero() {
    let empty = BOOK_TICKER
        .replace("25.35190000", "0.00000000")
        .replace("31.21000000", "0.00000000");
    let bbo = spot().bbo(&empty);
    assert_eq!((bbo.bid_px, bbo.bid_qty), (ABSENT, 0));
    assert_eq!(bbo.ask_qty, 4_066_000_000);
}

#[test]
fn a_spot_book_delta_keeps_ids_and_levels_in_wire_order() {
    let mut bench = spot();
    let (head, bids, asks) = bench.book(DEPTH);
    assert_eq!(head.header.template_id, Kind::BookDelta as u16);
    assert_eq!(
        (head.first_seq, head.header.seq, head.prev_seq),
        (157, 160, 0)
    );
    assert_eq!(
        shown_levels(&head, &bids),
        pairs(&[("0.0024", "10"), ("0.0023", "0")])
    );
    assert_eq!(shown_levels(&head, &asks), pairs(&[("0.0026", "100")]));
    assert_eq!(
        head.header.ts_venue, 1_672_515_782_136_000_000,
        "the venue's only stamp"
    );
    assert!(bench.knows_all());
}

#[test]
fn a_futures_book_delta_names_the_event_before() {
    for (id, frame) in [
        (
            USDM,
            r#"{"e":"depthUpdate","E":1591270260907,"T":1591270260891,"s":"BTCUSDT","ps":"BTCUSDT","st":1,"U":157,"u":160,"pu":149,"b":[["9517.6","10"]],"a":[]}"#,
        ),
        (
            COINM,
            r#"{"e":"depthUpdate","E":1591270260907,"T":1591270260891,"s":"BTCUSD_200626","ps":"BTCUSD","U":157,"u":160,"pu":149,"b":[["9517.6","10"]],"a":[],"st":2}"#,
        ),
    ] {
        let mut bench = Bench::<Binance>::new(id);
        let (head, bids, asks) = bench.book(frame);
        assert_eq!(
            (head.first_seq, head.header.seq, head.prev_seq),
            (157, 160, 149)
        );
        assert_eq!(head.header.ts_venue, 1_591_270_260_891_000_000);
        assert_eq!(head.header.ts_send, 1_591_270_260_907_000_000);
        assert_eq!(
            (shown_levels(&head, &bids), asks.len()),
            (pairs(&[("9517.6", "10")]), 0)
        );
        assert!(bench.knows_all());
    }
}

#[test]
fn the_third_element_of_old_levels_is_tolerated() {
    let old = DEPTH.replace(r#""100.00000000"]"#, r#""100.00000000",[]]"#);
    let mut bench = spot();
    assert_eq!(bench.book(&old), spot().book(DEPTH));
    assert!(bench.knows_all());
    let new = DEPTH.replace(r#""100.00000000"]"#, r#""100.00000000",3]"#);
    assert_eq!(bench.book(&new), spot().book(DEPTH));
    assert_eq!(bench.batch.drift.count(), 1, "but a new one is told");
    let short = DEPTH.replace(r#"["0.00260000","100.00000000"]"#, r#"["0.00260000"]"#);
    assert_eq!(spot().refusal(&short), Reject::MissingField("level"));
}

#[test]
fn the_largest_quantity_that_the_venue_sends_is_exact() {
    let capped = DEPTH.replace("100.00000000", "92233720368.54775807");
    let (head, _, asks) = spot().book(&capped);
    assert_eq!((asks[0].qty, head.qty_exp), (i64::MAX, -8));
}

#[test]
fn a_rest_book_is_a_snapshot_with_its_id() {
    let mut bench = spot();
    let id = bench.instruments.add("BTCUSDT").unwrap();
    let (head, bids, asks) = bench.snapshot(REST_DEPTH, id).unwrap();
    assert_eq!(head.header.template_id, Kind::BookSnapshot as u16);
    assert_eq!((head.header.instrument, head.header.seq), (id, 1_027_024));
    assert_eq!(shown_levels(&head, &bids), pairs(&[("4", "431")]));
    assert_eq!(
        shown_levels(&head, &asks),
        pairs(&[("4.000002", "12"), ("5", "0.000001")])
    );
    assert_eq!((head.header.ts_venue, head.header.ts_send), (0, 0));
    let futures = REST_DEPTH.replace(
        r#","bids""#,
        r#","E":1589436922972,"T":1589436922959,"bids""#,
    );
    let (head, ..) = bench.snapshot(&futures, id).unwrap();
    assert_eq!(head.header.ts_send, 1_589_436_922_972_000_000);
    assert_eq!(head.header.ts_venue, 1_589_436_922_959_000_000);
    assert!(bench.knows_all());
}

#[test]
fn a_raw_book_without_symbol_belongs_to_the_only_instrument_or_to_none() {
    let mut bench = spot();
    assert_eq!(bench.refusal(REST_DEPTH), Reject::AmbiguousInstrument);
    let id = bench.instruments.add("BTCUSDT").unwrap();
    assert_eq!(bench.book(REST_DEPTH).0.header.instrument, id);
    bench.instruments.add("ETHUSDT").unwrap();
    assert_eq!(bench.refusal(REST_DEPTH), Reject::AmbiguousInstrument);
}
