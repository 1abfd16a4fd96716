//! What is sent, where and how fast.

use crate::instrument::InstrumentId;
use crate::venue::kraken::Kraken;
use crate::venue::workbench::request;
use crate::venue::{Ask, Channel, StreamKey, StreamOptions, Venue, VenueId};

#[test]
fn request_texts_are_the_venues() {
    let venue = Kraken::new(VenueId::KRAKEN_SPOT, StreamOptions::default());
    for (ask, channel, expected) in [
        (
            Ask::Subscribe,
            Channel::TRADE,
            r#"{"method":"subscribe","params":{"channel":"trade","symbol":["BTC/USD","ETH/USD"],"snapshot":false},"req_id":7}"#,
        ),
        (
            Ask::Subscribe,
            Channel::BBO,
            r#"{"method":"subscribe","params":{"channel":"ticker","symbol":["BTC/USD","ETH/USD"],"event_trigger":"bbo"},"req_id":7}"#,
        ),
        (
            Ask::Subscribe,
            Channel::BOOK,
            r#"{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD","ETH/USD"],"depth":10},"req_id":7}"#,
        ),
        (
            Ask::Unsubscribe,
            Channel::BOOK,
            r#"{"method":"unsubscribe","params":{"channel":"book","symbol":["BTC/USD","ETH/USD"],"depth":10},"req_id":7}"#,
        ),
        (
            Ask::Subscribe,
            Channel::TICKER,
            r#"{"method":"subscribe","params":{"channel":"ticker","symbol":["BTC/USD","ETH/USD"],"event_trigger":"trades"},"req_id":7}"#,
        ),
        (
            Ask::Unsubscribe,
            Channel::CANDLE_1W,
            r#"{"method":"unsubscribe","params":{"channel":"ohlc","symbol":["BTC/USD","ETH/USD"],"interval":10080,"snapshot":false},"req_id":7}"#,
        ),
        (
            Ask::Subscribe,
            Channel::REFERENCE,
            r#"{"method":"subscribe","params":{"channel":"instrument","snapshot":true},"req_id":7}"#,
        ),
    ] {
        let streams = [("BTC/USD", channel), ("ETH/USD", channel)];
        assert_eq!(request(&venue, ask, &streams), expected);
    }
    assert_eq!(
        venue.ping(9).as_deref(),
        Some(r#"{"method":"ping","req_id":9}"#)
    );
}

#[test]
fn one_request_names_one_channel() {
    let venue = Kraken::new(VenueId::KRAKEN_SPOT, StreamOptions::default());
    let key = |index, channel| StreamKey {
        instrument: InstrumentId::new(VenueId::KRAKEN_SPOT, index),
        channel,
    };
    assert!(venue.may_share(key(0, Channel::BOOK), key(1, Channel::BOOK)));
    assert!(!venue.may_share(key(0, Channel::BOOK), key(0, Channel::TRADE)));
    assert_eq!(venue.path(Channel::BOOK), "/v2");
}

fn with(channels: &[Channel], book_depth: u16) -> Kraken {
    let options = StreamOptions {
        book_depth,
        channels: channels.iter().copied().collect(),
        ..StreamOptions::default()
    };
    Kraken::new(VenueId::KRAKEN_SPOT, options)
}

#[test]
fn one_ticker_stream_serves_best_prices_and_statistics() {
    let both = with(&[Channel::BBO, Channel::TICKER], 0);
    assert_eq!(both.carrier(Channel::TICKER), Channel::BBO);
    assert_eq!(both.carrier(Channel::BBO), Channel::BBO);
    let alone = with(&[Channel::TICKER], 0);
    assert_eq!(alone.carrier(Channel::TICKER), Channel::TICKER);
    assert_eq!(
        alone.carrier(Channel::STATUS),
        Channel::NONE,
        "comes by itself"
    );
    assert_eq!(alone.carrier(Channel::CANDLE_1H), Channel::CANDLE_1H);
}

#[test]
fn every_depth_of_the_book_is_asked_for_as_it_is() {
    for depth in [10, 25, 100, 500, 1_000] {
        let text = request(
            &with(&[], depth),
            Ask::Subscribe,
            &[("BTC/USD", Channel::BOOK)],
        );
        assert!(text.contains(&format!(r#""depth":{depth}}}"#)), "{text}");
    }
}

#[test]
fn orders_have_a_line_of_their_own_and_a_token_that_is_never_shown() {
    let mut venue = with(&[Channel::ORDERS], 25);
    venue.set_token("WW91\"ciBhdXRo");
    let stream = [("BTC/USD", Channel::ORDERS)];
    assert_eq!(
        request(&venue, Ask::Subscribe, &stream),
        r#"{"method":"subscribe","params":{"channel":"level3","symbol":["BTC/USD"],"depth":100,"token":"WW91ciBhdXRo"},"req_id":7}"#
    );
    assert!(!format!("{venue:?}").contains("WW91"));
    let path = venue.path(Channel::ORDERS);
    assert_ne!(path, venue.path(Channel::BOOK));
    assert_eq!(venue.own_url(path), Some("wss://ws-l3.kraken.com/v2"));
    assert_eq!(venue.own_url("/v2"), None);
}

#[test]
fn subscriptions_of_orders_stay_within_what_they_may_cost() {
    for (depth, spacing_ms) in [(10, 100), (100, 125), (1_000, 500)] {
        let venue = with(&[Channel::ORDERS], depth);
        let limits = venue.limits(venue.path(Channel::ORDERS));
        assert_eq!(limits.request_spacing, spacing_ms * 1_000_000, "{depth}");
        assert_eq!(
            (limits.streams_per_request, limits.streams_per_line),
            (1, 200)
        );
    }
    let venue = with(&[], 0);
    assert_eq!(
        venue.limits("/v2").streams_per_line,
        venue.facts().streams_per_line
    );
}
