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

#[test]
fn every_channel_goes_to_its_path() {
    for (id, trades, books) in [
        (SPOT, "/stream", "/stream"),
        (USDM, "/market/stream", "/public/stream"),
        (COINM, "/stream", "/stream"),
    ] {
        let venue = Binance::new(id, StreamOptions::default());
        for channel in [Channel::TRADE, Channel::AGG_TRADE] {
            assert_eq!(venue.path(channel), trades, "{id}");
        }
        for channel in [Channel::BBO, Channel::BOOK] {
            assert_eq!(venue.path(channel), books, "{id}");
        }
    }
}
