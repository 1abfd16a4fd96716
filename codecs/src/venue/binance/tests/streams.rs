//! Stream names, paths and requests.

use super::*;

#[test]
fn request_texts_are_the_venues() {
    let venue = Binance::new(SPOT, StreamOptions::default());
    let streams = [
        ("BTCUSDT", Channel::TRADE),
        ("BTCUSDT", Channel::AGG_TRADE),
        ("BTCUSDT", Channel::BBO),
        ("ETHUSDT", Channel::BOOK),
    ];
    assert_eq!(
        request(&venue, Ask::Subscribe, &streams),
        r#"{"method":"SUBSCRIBE","params":["btcusdt@trade","btcusdt@aggTrade","btcusdt@bookTicker","ethusdt@depth@100ms"],"id":7}"#
    );
    assert_eq!(
        request(&venue, Ask::Unsubscribe, &streams[..1]),
        r#"{"method":"UNSUBSCRIBE","params":["btcusdt@trade"],"id":7}"#
    );
    assert_eq!(venue.ping(1), None, "the venue pings");
}

/// The names that a product's streams of `symbol` have, in the order of its channels.
fn names(id: VenueId, options: StreamOptions, symbol: &str) -> Vec<String> {
    let venue = Binance::new(id, options);
    let channels = venue
        .channels()
        .iter()
        .filter(|channel| !channel.is_candle());
    channels
        .map(|channel| name(&venue, symbol, *channel))
        .collect()
}

fn name(venue: &Binance, symbol: &str, channel: Channel) -> String {
    venue.stream_name(Stream {
        key: StreamKey {
            instrument: InstrumentId::NONE,
            channel,
        },
        symbol,
    })
}

#[test]
fn every_channel_has_the_venues_name() {
    let options = StreamOptions::default();
    assert_eq!(
        names(SPOT, options, "BTCUSDT"),
        [
            "btcusdt@trade",
            "btcusdt@aggTrade",
            "btcusdt@bookTicker",
            "btcusdt@depth@100ms",
            "btcusdt@depth20@100ms",
            "btcusdt@miniTicker",
            "btcusdt@ticker",
            "btcusdt@ticker_1h",
            "btcusdt@ticker_4h",
            "btcusdt@ticker_1d",
            "btcusdt@avgPrice",
        ]
    );
    assert_eq!(
        names(USDM, options, "BTCUSDT")[..8],
        [
            "btcusdt@aggTrade",
            "btcusdt@bookTicker",
            "btcusdt@depth@100ms",
            "btcusdt@depth20@100ms",
            "btcusdt@miniTicker",
            "btcusdt@ticker",
            "btcusdt@markPrice@1s",
            "btcusdt@forceOrder",
        ]
    );
    let sbe = StreamOptions {
        encoding: Encoding::Sbe,
        ..options
    };
    assert_eq!(
        names(SPOT, sbe, "BTCUSDT"),
        [
            "btcusdt@trade",
            "btcusdt@bestBidAsk",
            "btcusdt@depth",
            "btcusdt@depth20",
        ]
    );
}

#[test]
fn books_come_at_each_speed_and_size_that_the_product_has() {
    for (id, interval, depth, book, top) in [
        (SPOT, 1000, 5, "x@depth", "x@depth5"),
        (SPOT, 100, 10, "x@depth@100ms", "x@depth10@100ms"),
        (USDM, 250, 0, "x@depth", "x@depth20"),
        (USDM, 500, 20, "x@depth@500ms", "x@depth20@500ms"),
        (COINM, 100, 7, "x@depth@100ms", "x@depth10@100ms"),
        (COINM, 0, 50, "x@depth@0ms", "x@depth20@100ms"),
    ] {
        let options = StreamOptions {
            book_interval_ms: interval,
            top_depth: depth,
            ..StreamOptions::default()
        };
        let venue = Binance::new(id, options);
        assert_eq!(name(&venue, "X", Channel::BOOK), book);
        assert_eq!(name(&venue, "X", Channel::BOOK_TOP), top);
    }
}

#[test]
fn the_whole_market_comes_in_one_stream_where_the_product_has_it() {
    let spot: &[(Channel, &str)] = &[
        (Channel::MINI_TICKER, "!miniTicker@arr"),
        (Channel::TICKER_1H, "!ticker_1h@arr"),
        (Channel::TICKER_4H, "!ticker_4h@arr"),
        (Channel::TICKER_1D, "!ticker_1d@arr"),
    ];
    let usdm: &[(Channel, &str)] = &[
        (Channel::BBO, "!bookTicker"),
        (Channel::MINI_TICKER, "!miniTicker@arr"),
        (Channel::TICKER, "!ticker@arr"),
        (Channel::MARK_PRICE, "!markPrice@arr@1s"),
        (Channel::LIQUIDATION, "!forceOrder@arr"),
        (Channel::REFERENCE, "!contractInfo"),
    ];
    let coinm: Vec<(Channel, &str)> = usdm
        .iter()
        .filter(|row| row.0 != Channel::MARK_PRICE)
        .copied()
        .collect();
    for (id, expected) in [(SPOT, spot), (USDM, usdm), (COINM, &coinm)] {
        let venue = Binance::new(id, StreamOptions::default());
        let whole = venue
            .channels()
            .iter()
            .filter(|channel| venue.whole_market(**channel));
        let found: Vec<(Channel, String)> = whole
            .map(|channel| (*channel, name(&venue, "", *channel)))
            .collect();
        let expected: Vec<(Channel, String)> = expected
            .iter()
            .map(|(channel, name)| (*channel, (*name).to_owned()))
            .collect();
        assert_eq!(found, expected, "{id}");
    }
    let sbe = StreamOptions {
        encoding: Encoding::Sbe,
        ..StreamOptions::default()
    };
    let venue = Binance::new(SPOT, sbe);
    assert!(!Channel::all().any(|channel| venue.whole_market(channel)));
}

#[test]
fn the_contracts_of_a_pair_share_its_index_price() {
    let venue = Binance::new(COINM, StreamOptions::default());
    let mut bench = Bench::<Binance>::new(COINM);
    for symbol in ["BTCUSD_PERP", "BTCUSD_260327"] {
        let id = bench.instruments.add(symbol).unwrap();
        let known = bench.instruments.get(id);
        let pair = venue.stream_symbol(Channel::INDEX_PRICE, known);
        assert_eq!(
            name(&venue, pair, Channel::INDEX_PRICE),
            "btcusd@indexPrice@1s"
        );
        assert_eq!(venue.stream_symbol(Channel::MARK_PRICE, known), symbol);
    }
}

#[test]
fn every_channel_goes_to_its_path() {
    for id in [SPOT, USDM, COINM] {
        let venue = Binance::new(id, StreamOptions::default());
        for &channel in venue.channels() {
            let public = [Channel::BBO, Channel::BOOK, Channel::BOOK_TOP].contains(&channel);
            let expected = match (id, public) {
                (USDM, true) => "/public/stream",
                (USDM, false) => "/market/stream",
                _ => "/stream",
            };
            assert_eq!(venue.path(channel), expected, "{id} {channel:?}");
        }
    }
}

#[test]
fn microseconds_are_asked_for_on_spot_json_alone() {
    for (id, encoding, expected) in [
        (SPOT, Encoding::Json, "/stream?timeUnit=MICROSECOND"),
        (SPOT, Encoding::Sbe, "/stream"),
        (USDM, Encoding::Json, "/public/stream"),
        (COINM, Encoding::Json, "/stream"),
    ] {
        let options = StreamOptions {
            microseconds: true,
            encoding,
            ..StreamOptions::default()
        };
        assert_eq!(Binance::new(id, options).path(Channel::BOOK), expected);
    }
}

#[test]
fn facts_name_the_hosts_and_the_ends_of_lines() {
    let sbe = StreamOptions {
        encoding: Encoding::Sbe,
        ..StreamOptions::default()
    };
    for (id, options, host, weight) in [
        (SPOT, StreamOptions::default(), "stream.binance.com", 6_000),
        (SPOT, sbe, "stream-sbe.binance.com", 6_000),
        (USDM, StreamOptions::default(), "fstream.binance.com", 2_400),
        (
            COINM,
            StreamOptions::default(),
            "dstream.binance.com",
            2_400,
        ),
    ] {
        let venue = Binance::new(id, options);
        let facts = venue.facts();
        assert!(
            facts.ws_url.contains(&format!("//{host}")),
            "{}",
            facts.ws_url
        );
        assert_eq!(facts.line_life, 86_400_000_000_000);
        assert_eq!(facts.rest_limit, (weight, 60_000_000_000));
        assert_eq!(
            (facts.connects_max, facts.connect_window),
            (300, 300_000_000_000)
        );
    }
}

#[test]
fn numbers_and_clocks_of_the_channels_are_told() {
    let venue = Binance::new(USDM, StreamOptions::default());
    for (channel, numbering, periodic) in [
        (Channel::TRADE, Numbering::Consecutive, false),
        (Channel::AGG_TRADE, Numbering::Consecutive, false),
        (Channel::BBO, Numbering::Rising, false),
        (Channel::BOOK_TOP, Numbering::Rising, false),
        (Channel::CANDLE_1M, Numbering::None, false),
        (Channel::LIQUIDATION, Numbering::None, false),
        (Channel::TICKER, Numbering::None, true),
        (Channel::MARK_PRICE, Numbering::None, true),
        (Channel::AVG_PRICE, Numbering::None, true),
    ] {
        assert_eq!(venue.numbering(channel), numbering, "{channel:?}");
        let clocked = matches!(venue.cadence(channel), Cadence::Periodic(_));
        assert_eq!(clocked, periodic, "{channel:?}");
    }
}
