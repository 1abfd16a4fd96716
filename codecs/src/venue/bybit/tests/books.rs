//! Books of every view, and best prices.

use super::{LINEAR, SPOT, books, carrying, drift, linear};
use crate::batch::{Control, Item};
use crate::record::{ABSENT, Kind};
use crate::reject::Reject;
use crate::venue::Channel;
use crate::venue::workbench::{pairs, shown_levels};

pub(super) const BOOK: &str = r#"{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1773386409407,"data":{"s":"BTCUSDT","b":[["71419.80","0"],["71418.20","0.159"]],"a":[["71427.90","0.006"]],"u":10132541,"seq":546137962186},"cts":1773386409404}"#;
pub(super) const BEST: &str = r#"{"topic":"orderbook.1.BTCUSDT","ts":1773386409407,"type":"snapshot","data":{"s":"BTCUSDT","b":[["71419.80","0.5"]],"a":[["71419.90","0.25"]],"u":77,"seq":546137962186},"cts":1773386409404}"#;

#[test]
fn a_book_delta_keeps_both_numbers_and_both_times() {
    let mut bench = linear();
    let (head, bids, asks) = bench.book(BOOK);
    assert_eq!(head.header.template_id, Kind::BookDelta as u16);
    assert_eq!((head.header.seq, head.first_seq), (10_132_541, 10_132_541));
    assert_eq!(head.cross_seq, 546_137_962_186);
    assert_eq!(head.header.ts_send, 1_773_386_409_407_000_000);
    assert_eq!(head.header.ts_venue, 1_773_386_409_404_000_000);
    assert_eq!(
        shown_levels(&head, &bids),
        pairs(&[("71419.8", "0"), ("71418.2", "0.159")])
    );
    assert_eq!(shown_levels(&head, &asks), pairs(&[("71427.9", "0.006")]));
    assert!(bench.knows_all());
}

#[test]
fn every_depth_is_a_book_and_level_one_the_best_price() {
    for depth in ["50", "200", "1000"] {
        for (kind, template) in [("delta", Kind::BookDelta), ("snapshot", Kind::BookSnapshot)] {
            let frame = BOOK
                .replace("orderbook.50", &format!("orderbook.{depth}"))
                .replace("delta", kind);
            assert_eq!(linear().book(&frame).0.header.template_id, template as u16);
        }
    }
    let bbo = linear().bbo(BEST);
    assert_eq!((bbo.bid_px, bbo.bid_qty), (7_141_980, 50));
    assert_eq!((bbo.ask_px, bbo.ask_qty), (7_141_990, 25));
    assert_eq!((bbo.px_exp, bbo.qty_exp, bbo.header.seq), (-2, -2, 77));
    assert_eq!(bbo.header.ts_venue, 1_773_386_409_404_000_000);
}

#[test]
fn a_best_price_without_a_side_is_absent() {
    let empty = BEST.replace(r#"[["71419.80","0.5"]]"#, "[]");
    let zero = BEST.replace(r#"["71419.80","0.5"]"#, r#"["0","0"]"#);
    for frame in [empty, zero] {
        let bbo = linear().bbo(&frame);
        assert_eq!((bbo.bid_px, bbo.bid_qty), (ABSENT, 0));
        assert_eq!(bbo.ask_px, 7_141_990);
    }
}

#[test]
fn a_level_one_delta_of_before_2025_03_is_refused() {
    let old = BEST.replace("snapshot", "delta");
    assert_eq!(linear().refusal(&old), Reject::UnknownShape);
}

#[test]
fn stamps_stand_before_or_after_the_type_and_may_be_quoted() {
    let swapped = BOOK.replace(
        r#""type":"delta","ts":1773386409407"#,
        r#""ts":1773386409407,"type":"delta""#,
    );
    let quoted = BOOK.replace(r#""ts":1773386409407"#, r#""ts":"1773386409407""#);
    let reversed = r#"{"cts":1773386409404,"data":{"seq":546137962186,"u":10132541,"a":[["71427.90","0.006"]],"b":[["71419.80","0"],["71418.20","0.159"]],"s":"BTCUSDT"},"ts":1773386409407,"type":"delta","topic":"orderbook.50.BTCUSDT"}"#;
    for frame in [&swapped, &quoted, reversed] {
        assert_eq!(linear().book(frame), linear().book(BOOK), "{frame}");
    }
}

#[test]
fn recordings_without_matching_time_and_cross_sequence_are_read() {
    let old = BOOK
        .replace(r#","cts":1773386409404"#, "")
        .replace(r#","seq":546137962186"#, "");
    let (head, ..) = linear().book(&old);
    assert_eq!(head.cross_seq, 0);
    assert_eq!(
        head.header.ts_venue, head.header.ts_send,
        "the venue's only stamp"
    );
}

pub(super) const RPI: &str = r#"{"topic":"orderbook.rpi.BTCUSDT","ts":1752472188075,"type":"delta","data":{"s":"BTCUSDT","b":[["121975.1","0.114259","0"],["121969.9","0","0"],["121960.5","0","0.163986"]],"a":[["121990.8","0.441585","0.78821"]],"u":2258980,"seq":79683241099},"cts":1752472188067}"#;

#[test]
fn a_message_of_the_rpi_topic_updates_two_books() {
    let mut bench = linear();
    bench.decode(RPI).unwrap();
    assert!(bench.knows_all());
    let both = books(&bench);
    let [(open, open_bids, open_asks), (rpi, rpi_bids, rpi_asks)] = &both[..] else {
        panic!("{both:?}");
    };
    assert_eq!(
        (open.channel, rpi.channel),
        (Channel::BOOK_RPI, Channel::BOOK_RPI_ONLY)
    );
    for head in [open, rpi] {
        assert_eq!(
            (head.header.seq, head.cross_seq),
            (2_258_980, 79_683_241_099)
        );
        assert_eq!(head.header.template_id, Kind::BookDelta as u16);
        assert_eq!(head.header.ts_venue, 1_752_472_188_067_000_000);
    }
    assert_eq!(
        *open_bids,
        pairs(&[
            ("121975.1", "0.114259"),
            ("121969.9", "0"),
            ("121960.5", "0")
        ])
    );
    assert_eq!(
        *rpi_bids,
        pairs(&[
            ("121975.1", "0"),
            ("121969.9", "0"),
            ("121960.5", "0.163986")
        ])
    );
    assert_eq!(*open_asks, pairs(&[("121990.8", "0.441585")]));
    assert_eq!(*rpi_asks, pairs(&[("121990.8", "0.78821")]));
}

#[test]
fn an_rpi_snapshot_has_each_level_in_the_book_that_has_its_quantity() {
    let mut bench = linear();
    bench.decode(&RPI.replace("delta", "snapshot")).unwrap();
    let both = books(&bench);
    assert_eq!(both[0].1, pairs(&[("121975.1", "0.114259")]));
    assert_eq!(both[0].2, pairs(&[("121990.8", "0.441585")]));
    assert_eq!(both[1].1, pairs(&[("121960.5", "0.163986")]));
    assert_eq!(both[1].2, pairs(&[("121990.8", "0.78821")]));
    assert_eq!(both[0].0.header.template_id, Kind::BookSnapshot as u16);
}

#[test]
fn an_rpi_level_without_its_third_number_is_refused_and_a_fourth_passes() {
    let short = RPI.replace(r#","0.78821""#, "");
    assert_eq!(linear().refusal(&short), Reject::MissingField("level"));
    let mut bench = linear();
    let long = RPI.replace(r#""0.78821""#, r#""0.78821","1""#);
    assert_eq!(bench.decode(&long).unwrap().len(), 2);
    assert_eq!(drift(&bench), ["level:fourth elementx2"]);
}

#[test]
fn a_feed_that_carries_one_of_the_two_rpi_books_gets_one() {
    for channel in [Channel::BOOK_RPI, Channel::BOOK_RPI_ONLY] {
        let mut bench = carrying(LINEAR, &[channel], 0);
        let first = bench.book(RPI);
        assert_eq!(first.0.channel, channel);
        assert_eq!(
            bench.book(RPI),
            first,
            "with a symbol that the scanner knows"
        );
    }
}

#[test]
fn the_full_book_has_a_channel_of_its_own() {
    let frame = r#"{"topic":"orderbook.full.BTCUSDT","ts":1784103477732,"type":"delta","data":{"s":"BTCUSDT","b":[["1.5","2"]],"a":[],"u":278547,"seq":1501100579},"cts":1784103477730}"#;
    let (head, bids, asks) = carrying(SPOT, &[], 0).book(frame);
    assert_eq!(head.channel, Channel::BOOK_FULL);
    assert_eq!(
        (head.header.seq, head.first_seq, head.cross_seq),
        (278_547, 278_547, 1_501_100_579)
    );
    assert_eq!((bids.len(), asks.len()), (1, 0));
}

#[test]
fn level_one_is_the_book_of_a_feed_that_asks_for_one_level() {
    let kinds = |channels: &[Channel]| {
        let mut bench = carrying(LINEAR, channels, 1);
        let items = bench.decode(BEST).unwrap();
        let kind = |item: &Item| match item {
            Item::Bbo(_) => Channel::BBO,
            Item::Book { head, .. } => head.channel,
            other => panic!("{other:?}"),
        };
        items.iter().map(kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&[Channel::BOOK]), [Channel::BOOK]);
    assert_eq!(kinds(&[Channel::BBO]), [Channel::BBO]);
    assert_eq!(
        kinds(&[Channel::BBO, Channel::BOOK]),
        [Channel::BBO, Channel::BOOK]
    );
}

#[test]
fn a_new_type_of_book_message_is_ignored_and_counted() {
    let mut bench = linear();
    for _ in 0..2 {
        let new = BOOK.replace(r#""delta""#, r#""checkpoint""#);
        assert_eq!(bench.control(&new), Control::Ignored);
    }
    assert_eq!(drift(&bench), ["orderbook:type=checkpointx2"]);
}
