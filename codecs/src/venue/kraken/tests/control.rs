//! Answers, signs of life and the venue's state.

use super::kraken;
use crate::batch::{Control, Item};
use crate::instrument::InstrumentId;
use crate::reject::Reject;
use crate::venue::kraken::Kraken;
use crate::venue::workbench::Bench;
use crate::venue::{Channel, StreamKey};

#[test]
fn the_venues_state_is_told_whatever_its_connection_id() {
    let frame = r#"{"channel":"status","type":"update","data":[{"version":"2.0.10","system":"online","api_version":"v2","connection_id":18125794168470749634,"upcoming_maintenance":[],"emergency":[]}]}"#;
    assert_eq!(
        kraken().control(frame),
        Control::VenueState("online".into())
    );
    let closed = frame.replace("online", "maintenance");
    assert_eq!(
        kraken().control(&closed),
        Control::VenueState("maintenance".into())
    );
}

#[test]
fn heartbeats_and_pongs_are_signs_of_life() {
    for frame in [
        r#"{"channel":"heartbeat"}"#,
        r#"{"method":"pong","req_id":42,"time_in":"2024-05-20T11:08:49.272922Z","time_out":"2024-05-20T11:08:49.272940Z"}"#,
    ] {
        assert_eq!(kraken().control(frame), Control::Heartbeat);
    }
}

fn with_eth() -> (Bench<Kraken>, InstrumentId) {
    let mut bench = kraken();
    let id = bench.instruments.add("ETH/USD").unwrap();
    (bench, id)
}

#[test]
fn acknowledgements_name_their_stream() {
    let (mut bench, instrument) = with_eth();
    for (frame, request, channel, instrument) in [
        (
            r#"{"method":"subscribe","req_id":11,"result":{"channel":"book","depth":10,"snapshot":true,"symbol":"ETH/USD"},"success":true,"time_in":"2024-05-19T16:27:13.694962Z","time_out":"2024-05-19T16:27:13.695006Z"}"#,
            Some(11),
            Channel::BOOK,
            instrument,
        ),
        (
            r#"{"method":"subscribe","result":{"channel":"ticker","event_trigger":"trades","snapshot":true,"symbol":"ETH/USD","warnings":["timestamp is deprecated, use interval_begin"]},"success":true}"#,
            None,
            Channel::BBO,
            instrument,
        ),
        (
            r#"{"method":"unsubscribe","req_id":12,"result":{"channel":"trade","symbol":"ETH/USD"},"success":true}"#,
            Some(12),
            Channel::TRADE,
            instrument,
        ),
        (
            r#"{"method":"subscribe","req_id":5,"result":{"channel":"ohlc","interval":240,"snapshot":false,"symbol":"ETH/USD"},"success":true}"#,
            Some(5),
            Channel::CANDLE_4H,
            instrument,
        ),
        (
            r#"{"method":"subscribe","req_id":6,"result":{"channel":"level3","depth":10,"snapshot":true,"symbol":"ETH/USD"},"success":true}"#,
            Some(6),
            Channel::ORDERS,
            instrument,
        ),
        (
            r#"{"method":"subscribe","req_id":1,"result":{"channel":"instrument","snapshot":true},"success":true}"#,
            Some(1),
            Channel::REFERENCE,
            InstrumentId::NONE,
        ),
    ] {
        let stream = Some(StreamKey {
            instrument,
            channel,
        });
        let expected = Control::Answer {
            request,
            stream,
            refused: None,
        };
        assert_eq!(bench.control(frame), expected, "{frame}");
    }
}

#[test]
fn errors_name_their_symbol_or_the_whole_request() {
    let (mut bench, instrument) = with_eth();
    let named = Some(StreamKey {
        instrument,
        channel: Channel::NONE,
    });
    for (frame, request, stream, reason) in [
        (
            r#"{"error":"Currency pair not supported ETH/USD","method":"subscribe","success":false,"symbol":"ETH/USD","time_in":"2026-09-25T17:48:54.701041Z","time_out":"2026-09-25T17:48:54.701062Z"}"#,
            None,
            named,
            "Currency pair not supported ETH/USD",
        ),
        (
            r#"{"error":"Already subscribed","method":"subscribe","req_id":2,"success":false,"symbol":"ETH/USD"}"#,
            Some(2),
            named,
            "Already subscribed",
        ),
        (
            r#"{"error":"Private data and trading are unavailable on this endpoint. Try ws-auth.kraken.com","method":"subscribe","success":false}"#,
            None,
            None,
            "Private data and trading are unavailable on this endpoint. Try ws-auth.kraken.com",
        ),
        (
            r#"{"channel":"executions","error":"ESession:Invalid session","method":"subscribe","status":"error","success":false}"#,
            None,
            None,
            "ESession:Invalid session",
        ),
        (
            r#"{"channel":"book","error":"Subscription depth not supported","method":"subscribe","req_id":3,"success":false}"#,
            Some(3),
            None,
            "Subscription depth not supported",
        ),
    ] {
        let refused = Some(reason.into());
        let expected = Control::Answer {
            request,
            stream,
            refused,
        };
        assert_eq!(bench.control(frame), expected, "{frame}");
    }
}

#[test]
fn an_error_about_the_connection_is_the_venues_state() {
    for frame in [
        r#"{"Error":"Exceeded msg rate"}"#,
        r#"{"error":"Exceeded msg rate"}"#,
        r#"{"method":"pong","error":"Exceeded msg rate"}"#,
    ] {
        assert_eq!(
            kraken().control(frame),
            Control::VenueState("Exceeded msg rate".into())
        );
    }
}

#[test]
fn a_channel_that_is_new_is_ignored_and_told_once() {
    let mut bench = kraken();
    for _ in 0..3 {
        let frame = r#"{"channel":"something_new"}"#;
        assert_eq!(bench.control(frame), Control::Ignored);
    }
    let drift: Vec<_> = bench.batch.drift.fields().collect();
    assert_eq!(drift, [("message", "channel=something_new", 3)]);
}

#[test]
fn what_the_venue_will_change_is_told() {
    let (mut bench, _) = with_eth();
    let frame = r#"{"method":"subscribe","req_id":121,"result":{"channel":"ohlc","interval":60,"snapshot":true,"symbol":"ETH/USD","warnings":["timestamp is deprecated, use interval_begin"]},"success":true}"#;
    bench.control(frame);
    let drift: Vec<_> = bench.batch.drift.fields().collect();
    let warning = "warning=timestamp is deprecated, use interval_begin";
    assert_eq!(drift, [("answer", warning, 1)]);
}

#[test]
fn what_is_announced_or_urgent_is_a_state_of_its_own() {
    let frame = r#"{"channel":"status","type":"update","data":[{"version":"2.0.10","system":"cancel_only","api_version":"v2","connection_id":1,"upcoming_maintenance":[{"x":1}],"emergency":["y"]}]}"#;
    let mut bench = kraken();
    let state = |text: &str| Item::Control(Control::VenueState(text.into()));
    assert_eq!(
        bench.decode(frame).unwrap(),
        [
            state("cancel_only"),
            state("upcoming_maintenance"),
            state("emergency")
        ]
    );
    assert!(bench.knows_all());
    bench
        .decode(&frame.replace("cancel_only", "dreaming"))
        .unwrap();
    assert_eq!(
        bench.batch.drift.fields().next(),
        Some(("status", "system=dreaming", 1))
    );
}

#[test]
fn json_of_no_known_shape_is_refused() {
    for (frame, expected) in [
        ("{}", Reject::UnknownShape),
        (r#"{"method":"something"}"#, Reject::UnknownShape),
        ("[0,[],\"trade\",\"XBT/USD\"]", Reject::WrongType("message")),
        (
            r#"{"channel":"book","data":[]}"#,
            Reject::MissingField("type"),
        ),
        (
            r#"{"channel":"book","type":"other","data":[]}"#,
            Reject::UnknownShape,
        ),
        (
            r#"{"channel":"trade","type":"update"}"#,
            Reject::MissingField("data"),
        ),
        (
            r#"{"channel":"instrument","type":"update","data":[]}"#,
            Reject::WrongType("data"),
        ),
    ] {
        assert_eq!(kraken().refusal(frame), expected, "{frame}");
    }
}

#[test]
fn a_request_that_did_not_succeed_is_refused_without_a_reason_too() {
    let frame = r#"{"method":"subscribe","req_id":2,"success":false,"symbol":"ETH/USD"}"#;
    let answer = kraken().control(frame);
    assert!(matches!(answer, Control::Answer { refused: Some(reason), .. } if reason.is_empty()));
}
