//! Requests, answers, alerts and signs of life.

use super::futures;
use crate::batch::{Control, Item};
use crate::instrument::InstrumentId;
use crate::reject::Reject;
use crate::venue::kraken_futures::KrakenFutures;
use crate::venue::workbench::request;
use crate::venue::{Ask, Channel, StreamKey, StreamOptions, Venue, VenueId};

fn with(channels: &[Channel]) -> KrakenFutures {
    let options = StreamOptions {
        channels: channels.iter().copied().collect(),
        ..StreamOptions::default()
    };
    KrakenFutures::new(VenueId::KRAKEN_FUTURES, options)
}

#[test]
fn request_texts_are_the_venues() {
    for (ask, channel, expected) in [
        (
            Ask::Subscribe,
            Channel::BOOK,
            r#"{"event":"subscribe","feed":"book","product_ids":["PF_XBTUSD"]}"#,
        ),
        (
            Ask::Unsubscribe,
            Channel::TRADE,
            r#"{"event":"unsubscribe","feed":"trade","product_ids":["PF_XBTUSD"]}"#,
        ),
        (
            Ask::Subscribe,
            Channel::TICKER,
            r#"{"event":"subscribe","feed":"ticker","product_ids":["PF_XBTUSD"]}"#,
        ),
        (
            Ask::Subscribe,
            Channel::MINI_TICKER,
            r#"{"event":"subscribe","feed":"ticker_lite","product_ids":["PF_XBTUSD"]}"#,
        ),
    ] {
        assert_eq!(
            request(&with(&[]), ask, &[("PF_XBTUSD", channel)]),
            expected
        );
    }
    let venue = with(&[]);
    assert!(venue.whole_market(Channel::STATUS));
    assert_eq!(
        request(&venue, Ask::Subscribe, &[("", Channel::STATUS)]),
        r#"{"event":"subscribe","feed":"heartbeat"}"#
    );
    assert_eq!(venue.ping(1), None, "the protocol's own ping only");
    assert!(venue.frame_ping_every() > 0 && venue.frame_ping_every() < venue.facts().silence_max);
}

#[test]
fn one_ticker_feed_serves_best_prices_and_statistics() {
    let both = with(&[Channel::BBO, Channel::TICKER]);
    assert_eq!(both.carrier(Channel::BBO), Channel::TICKER);
    let alone = with(&[Channel::BBO]);
    assert_eq!(alone.carrier(Channel::BBO), Channel::BBO);
    assert_eq!(alone.carrier(Channel::BOOK), Channel::BOOK);
}

#[test]
fn answers_name_feed_and_products() {
    let mut bench = futures();
    let ids = ["PF_XBTUSD", "PF_ETHUSD"].map(|symbol| bench.instruments.add(symbol).unwrap());
    let answer = |instrument, channel, refused: Option<&str>| {
        Item::Control(Control::Answer {
            request: None,
            stream: Some(StreamKey {
                instrument,
                channel,
            }),
            refused: refused.map(Into::into),
        })
    };
    let failed = "subscribed_failed";
    for (frame, expected) in [
        (
            r#"{"event":"subscribed","feed":"book","product_ids":["PF_XBTUSD","PF_ETHUSD"]}"#,
            vec![
                answer(ids[0], Channel::BOOK, None),
                answer(ids[1], Channel::BOOK, None),
            ],
        ),
        (
            r#"{"event":"unsubscribed","feed":"ticker","product_ids":["PF_ETHUSD"]}"#,
            vec![answer(ids[1], Channel::BBO, None)],
        ),
        (
            r#"{"event":"subscribed_failed","feed":"ticker_lite","product_ids":["PF_XBTUSD"]}"#,
            vec![answer(ids[0], Channel::MINI_TICKER, Some(failed))],
        ),
        (
            r#"{"event":"subscribed","feed":"heartbeat"}"#,
            vec![answer(InstrumentId::NONE, Channel::STATUS, None)],
        ),
        (
            r#"{"event":"subscribed","feed":"book","product_ids":["PF_DOGEUSD"]}"#,
            vec![Item::Control(Control::Ignored)],
        ),
    ] {
        assert_eq!(bench.decode(frame).unwrap(), expected, "{frame}");
    }
    assert!(bench.knows_all());
}

#[test]
fn errors_about_a_request_refuse_the_oldest() {
    for (event, reason) in [
        ("alert", "Bad request"),
        ("alert", "Couldn't subscribe to invalid feed"),
        ("alert", "Failed to subscribe to authenticated feed"),
        ("error", "Invalid product id"),
        ("error", "Something new"),
    ] {
        let frame = format!(r#"{{"event":"{event}","message":"{reason}"}}"#);
        let expected = Control::Answer {
            request: None,
            stream: None,
            refused: Some(reason.into()),
        };
        assert_eq!(futures().control(&frame), expected);
    }
}

#[test]
fn other_alerts_are_the_venues_state() {
    for text in ["Bad websocket message", "Market is closing"] {
        let frame = format!(r#"{{"event":"alert","message":"{text}"}}"#);
        assert_eq!(futures().control(&frame), Control::VenueState(text.into()));
    }
}

#[test]
fn heartbeats_and_greetings_are_no_data() {
    let mut bench = futures();
    let beat = r#"{"feed":"heartbeat","time":1534262350627}"#;
    assert_eq!(bench.control(beat), Control::Heartbeat);
    let hello = r#"{"event":"info","version":1}"#;
    assert_eq!(bench.control(hello), Control::Ignored);
    assert!(bench.knows_all());
}

#[test]
fn what_is_new_is_ignored_and_told() {
    for (frame, drift) in [
        (r#"{"event":"info","version":2}"#, ("event", "version=2", 1)),
        (r#"{"event":"party"}"#, ("event", "event=party", 1)),
        (
            r#"{"feed":"candles_trade_1m"}"#,
            ("message", "feed=candles_trade_1m", 1),
        ),
    ] {
        let mut bench = futures();
        assert_eq!(bench.control(frame), Control::Ignored);
        assert_eq!(bench.batch.drift.fields().next(), Some(drift));
    }
}

#[test]
fn json_of_no_known_shape_is_refused() {
    for (frame, expected) in [
        ("{}", Reject::UnknownShape),
        ("[]", Reject::WrongType("message")),
        (r#"{"feed":1.5e}"#, Reject::InvalidJson),
        (r#"{"event":"subscribed"}"#, Reject::MissingField("feed")),
        (r#"{"event":null}"#, Reject::WrongType("event")),
    ] {
        assert_eq!(futures().refusal(frame), expected, "{frame}");
    }
}
