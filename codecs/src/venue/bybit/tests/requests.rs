//! What we ask for, and what the venue's facts are.

use super::{INVERSE, LINEAR, OPTION, SPOT};
use crate::instrument::{Admission, Instruments, Listing, Terms};
use crate::venue::bybit::Bybit;
use crate::venue::workbench::request;
use crate::venue::{Ask, Cadence, Channel, Hole, Numbering, Snapshots, StreamOptions, Venue};

#[test]
fn request_texts_are_the_venues() {
    let deep = StreamOptions {
        book_depth: 200,
        ..StreamOptions::default()
    };
    let streams = [
        ("BTCUSDT", Channel::TRADE),
        ("BTCUSDT", Channel::BBO),
        ("BTCUSDT", Channel::BOOK),
    ];
    let venue = Bybit::new(LINEAR, deep);
    assert_eq!(
        request(&venue, Ask::Subscribe, &streams),
        r#"{"req_id":"7","op":"subscribe","args":["publicTrade.BTCUSDT","orderbook.1.BTCUSDT","orderbook.200.BTCUSDT"]}"#
    );
    let usual = Bybit::new(LINEAR, StreamOptions::default());
    assert_eq!(
        request(&usual, Ask::Unsubscribe, &streams[2..]),
        r#"{"req_id":"7","op":"unsubscribe","args":["orderbook.50.BTCUSDT"]}"#
    );
    assert_eq!(
        usual.ping(9).as_deref(),
        Some(r#"{"req_id":"9","op":"ping"}"#)
    );
}

#[test]
fn every_product_has_its_paths_and_limits() {
    for (id, path, category, topics) in [
        (SPOT, "/v5/public/spot", "spot", 10),
        (LINEAR, "/v5/public/linear", "linear", 50),
        (INVERSE, "/v5/public/inverse", "inverse", 50),
    ] {
        let venue = Bybit::new(id, StreamOptions::default());
        for channel in [Channel::TRADE, Channel::BBO, Channel::BOOK] {
            assert_eq!(venue.path(channel), path);
        }
        let reference = format!("/v5/market/instruments-info?category={category}&limit=1000");
        assert_eq!(
            venue.reference_query(None).map(|query| query.path),
            Some(reference)
        );
        assert_eq!(venue.facts().streams_per_request, topics);
    }
}

/// A stream of every channel.
#[test]
fn every_channel_has_its_topic() {
    let deep = StreamOptions {
        book_depth: 1000,
        ..StreamOptions::default()
    };
    let venue = Bybit::new(LINEAR, deep);
    let topics = |channels: &[Channel]| {
        let streams: Vec<(&str, Channel)> =
            channels.iter().map(|channel| ("A", *channel)).collect();
        let text = request(&venue, Ask::Subscribe, &streams);
        text[text.find('[').unwrap()..].replace(['[', ']', '}', '"'], "")
    };
    assert_eq!(
        topics(&venue.channels()[..10]),
        "publicTrade.A,orderbook.1.A,orderbook.1000.A,orderbook.rpi.A,orderbook.rpi.A,orderbook.full.A,tickers.A,allLiquidation.A,priceLimit.A,system.status"
    );
    assert_eq!(
        topics(&venue.channels()[10..]),
        "kline.1.A,kline.3.A,kline.5.A,kline.15.A,kline.30.A,kline.60.A,kline.120.A,kline.240.A,kline.360.A,kline.720.A,kline.D.A,kline.W.A,kline.M.A"
    );
}

#[test]
fn products_differ_in_their_channels() {
    let has = |id, channel| {
        Bybit::new(id, StreamOptions::default())
            .channels()
            .contains(&channel)
    };
    for (channel, spot, futures, option) in [
        (Channel::TRADE, true, true, true),
        (Channel::BBO, true, true, true),
        (Channel::BOOK, true, true, true),
        (Channel::BOOK_RPI_ONLY, true, true, false),
        (Channel::BOOK_FULL, true, true, false),
        (Channel::TICKER, true, true, true),
        (Channel::LIQUIDATION, false, true, false),
        (Channel::PRICE_LIMIT, true, true, false),
        (Channel::STATUS, true, true, true),
        (Channel::CANDLE_1M, true, true, false),
        (Channel::CANDLE_8H, false, false, false),
        (Channel::MARK_PRICE, false, false, false),
    ] {
        let found = [SPOT, LINEAR, INVERSE, OPTION].map(|id| has(id, channel));
        assert_eq!(found, [spot, futures, futures, option], "{channel:?}");
    }
}

#[test]
fn options_have_a_socket_depths_and_base_coin_streams_of_their_own() {
    let venue = Bybit::new(OPTION, StreamOptions::default());
    assert_eq!(venue.path(Channel::BOOK), "/v5/public/option");
    assert_eq!(venue.path(Channel::STATUS), "/v5/public/misc/status");
    assert_eq!(venue.facts().streams_per_line, 2000);
    assert_eq!(venue.carrier(Channel::TICKER), Channel::BBO);
    assert_eq!(venue.numbering(Channel::BBO), Numbering::None);
    assert_eq!(venue.cadence(Channel::BBO), Cadence::OnChange);
    assert_eq!(
        request(&venue, Ask::Subscribe, &[("BTC-1-2-C", Channel::BBO)]),
        r#"{"req_id":"7","op":"subscribe","args":["tickers.BTC-1-2-C"]}"#
    );
    assert_eq!(
        request(
            &venue,
            Ask::Subscribe,
            &[("BTC", Channel::TRADE), ("BTC-1-2-C", Channel::BOOK)]
        ),
        r#"{"req_id":"7","op":"subscribe","args":["publicTrade.BTC","orderbook.25.BTC-1-2-C"]}"#
    );
    let mut instruments = Instruments::new(OPTION, Admission::Any);
    let id = instruments.add("BTC-27MAR26-70000-P-USDT").unwrap();
    assert_eq!(
        venue.stream_symbol(Channel::TRADE, instruments.get(id)),
        "BTC",
        "unlisted"
    );
    instruments.get_mut(id).declare(&Listing {
        symbol: "BTC-27MAR26-70000-P-USDT".into(),
        base: "XBT".into(),
        quote: "USDT".into(),
        settle: "".into(),
        px_exp: 0,
        qty_exp: 0,
        terms: Terms::UNKNOWN,
    });
    let listed = instruments.get(id);
    assert_eq!(venue.stream_symbol(Channel::TRADE, listed), "XBT");
    assert_eq!(
        venue.stream_symbol(Channel::BOOK, listed),
        "BTC-27MAR26-70000-P-USDT"
    );
    let linear = Bybit::new(LINEAR, StreamOptions::default());
    assert_eq!(
        linear.stream_symbol(Channel::TRADE, listed),
        "BTC-27MAR26-70000-P-USDT"
    );
}

#[test]
fn one_topic_carries_two_books_and_level_one_two_channels() {
    let usual = Bybit::new(SPOT, StreamOptions::default());
    assert_eq!(usual.carrier(Channel::BOOK_RPI_ONLY), Channel::BOOK_RPI);
    assert_eq!(usual.carrier(Channel::BOOK), Channel::BOOK);
    let shallow = StreamOptions {
        book_depth: 1,
        ..StreamOptions::default()
    };
    let shallow = Bybit::new(SPOT, shallow);
    assert_eq!(shallow.carrier(Channel::BOOK), Channel::BBO);
    assert_eq!(
        shallow.cadence(Channel::BOOK),
        shallow.cadence(Channel::BBO)
    );
    assert!(usual.whole_market(Channel::STATUS) && !usual.whole_market(Channel::TRADE));
}

#[test]
fn channels_tell_their_numbers_and_how_often_they_speak() {
    let venue = Bybit::new(LINEAR, StreamOptions::default());
    assert_eq!(venue.numbering(Channel::TRADE), Numbering::Ids);
    assert_eq!(venue.numbering(Channel::BBO), Numbering::Rising);
    assert_eq!(venue.numbering(Channel::TICKER), Numbering::None);
    assert_eq!(
        venue.cadence(Channel::BBO),
        Cadence::Periodic(6_000_000_000)
    );
    assert_eq!(
        venue.cadence(Channel::PRICE_LIMIT),
        Cadence::Periodic(3_000_000_000)
    );
    assert_eq!(venue.cadence(Channel::BOOK), Cadence::OnChange);
    assert_eq!(venue.snapshots(Channel::BOOK), Snapshots::InBand);
    assert!(
        matches!(venue.snapshots(Channel::BOOK_FULL), Snapshots::Rest { spacing } if spacing > 0)
    );
}

#[test]
fn rest_paths_are_the_venues() {
    let path = |query: Option<crate::venue::Query>| query.map(|query| query.path);
    let venue = |id, book_depth| {
        let options = StreamOptions {
            book_depth,
            ..StreamOptions::default()
        };
        Bybit::new(id, options)
    };
    let hole = Hole {
        first: 0,
        last: 0,
        after: 0,
        until: 0,
    };
    let spot = venue(SPOT, 200);
    for (found, expected) in [
        (
            path(spot.audit_query("A", Channel::BOOK)),
            Some("/v5/market/orderbook?category=spot&symbol=A&limit=250"),
        ),
        (
            path(venue(LINEAR, 1000).audit_query("A", Channel::BOOK)),
            Some("/v5/market/orderbook?category=linear&symbol=A&limit=1000"),
        ),
        (
            path(venue(OPTION, 100).audit_query("A", Channel::BOOK)),
            Some("/v5/market/orderbook?category=option&symbol=A&limit=25"),
        ),
        (
            path(spot.audit_query("A", Channel::BOOK_RPI_ONLY)),
            Some("/v5/market/rpi_orderbook?category=spot&symbol=A&limit=50"),
        ),
        (
            path(spot.snapshot_query("A", Channel::BOOK_FULL)),
            Some("/v5/market/full_orderbook?category=spot&symbol=A"),
        ),
        (
            path(spot.audit_query("A", Channel::BOOK_FULL)),
            Some("/v5/market/full_orderbook?category=spot&symbol=A"),
        ),
        (path(spot.snapshot_query("A", Channel::BOOK)), None),
        (path(spot.audit_query("A", Channel::TICKER)), None),
        (
            path(spot.trades_query("A", Channel::TRADE, hole)),
            Some("/v5/market/recent-trade?category=spot&symbol=A&limit=60"),
        ),
        (
            path(venue(INVERSE, 0).trades_query("A", Channel::TRADE, hole)),
            Some("/v5/market/recent-trade?category=inverse&symbol=A&limit=1000"),
        ),
        (
            path(venue(OPTION, 0).trades_query("BTC-1-2-C", Channel::TRADE, hole)),
            Some("/v5/market/recent-trade?category=option&symbol=BTC-1-2-C&limit=1000"),
        ),
        (
            path(venue(OPTION, 0).trades_query("BTC", Channel::TRADE, hole)),
            Some("/v5/market/recent-trade?category=option&baseCoin=BTC&limit=1000"),
        ),
        (path(spot.trades_query("A", Channel::BOOK, hole)), None),
        (
            path(spot.volumes_query(None)),
            Some("/v5/market/tickers?category=spot"),
        ),
        (path(venue(OPTION, 0).volumes_query(None)), None),
        (
            path(venue(OPTION, 0).reference_query(Some("c%3D1"))),
            Some(
                "/v5/market/instruments-info?category=option&baseCoin=All&limit=1000&cursor=c%3D1",
            ),
        ),
    ] {
        assert_eq!(found.as_deref(), expected);
    }
}
