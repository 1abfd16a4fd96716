//! Answers, errors, announcements and what is no message of ours.

use super::*;

#[test]
fn answers_name_their_request() {
    for (frame, expected) in [
        (r#"{"result":null,"id":1}"#, answer(Some(1), None)),
        (
            r#"{"id":18446744073709551615,"result":null}"#,
            answer(Some(u64::MAX), None),
        ),
        (
            r#"{"result":["btcusdt@aggTrade"],"id":3}"#,
            answer(Some(3), None),
        ),
        (r#"{"result":null,"id":null}"#, answer(None, None)),
        (r#"{"result":null,"id":"abc"}"#, answer(None, None)),
        (r#"{"result":null,"id":-5}"#, answer(None, None)),
    ] {
        assert_eq!(spot().control(frame), expected, "{frame}");
    }
}

#[test]
fn errors_of_both_shapes_are_refusals() {
    let text = "Invalid request: too many parameters";
    for (frame, expected) in [
        (
            format!(r#"{{"code":2,"msg":"{text}","id":9}}"#),
            answer(Some(9), Some(text)),
        ),
        (
            format!(r#"{{"error":{{"code":2,"msg":"{text}"}},"id":9}}"#),
            answer(Some(9), Some(text)),
        ),
        (
            format!(r#"{{"code":3,"msg":"{text}"}}"#),
            answer(None, Some(text)),
        ),
        (r#"{"code":2,"id":9}"#.to_owned(), answer(Some(9), Some(""))),
        (
            r#"{"error":{"code":2},"id":9}"#.to_owned(),
            answer(Some(9), Some("")),
        ),
    ] {
        assert_eq!(spot().control(&frame), expected, "{frame}");
    }
}

#[test]
fn the_coming_end_of_a_server_is_told_in_both_forms() {
    let told = [
        Item::Control(Control::VenueState("serverShutdown".into())),
        Item::Control(Control::Shutdown),
    ];
    for frame in [
        r#"{"e":"serverShutdown","E":1770123456789}"#,
        r#"{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}"#,
    ] {
        assert_eq!(spot().decode(frame), Ok(&told[..]));
    }
}

#[test]
fn messages_of_streams_that_no_channel_carries_are_ignored_without_drift() {
    for frame in [
        "[]",
        r#"[{"e":"assetIndexUpdate","E":1686749230000,"s":"ADAUSD","i":"0.27462452"}]"#,
        r#"{"e":"blockTrade","E":1772506983582,"s":"BNBBTC","t":582,"p":"0.052","q":"5838","T":1772506983321,"m":true}"#,
        r#"{"e":"referencePrice","s":"BAZUSD","r":null,"t":1770313263917}"#,
        r#"{"e":"continuous_kline","E":1607443058651,"ps":"BTCUSDT","ct":"PERPETUAL","k":{"t":1}}"#,
        r#"{"e":"compositeIndex","E":1602310596000,"s":"DEFIUSDT","p":"554.41604065","C":"baseAsset","c":[]}"#,
        r#"{"stream":"btcusdt@rpiDepth@500ms","data":{"e":"depthUpdate","s":"BTCUSDT","b":[],"a":[]}}"#,
        r#"{"stream":"bnbbtc@kline_1d@+08:00","data":{"e":"kline","s":"BNBBTC","k":{"i":"1d"}}}"#,
    ] {
        let mut bench = spot();
        assert_eq!(bench.control(frame), Control::Ignored, "{frame}");
        assert!(bench.knows_all(), "{frame}");
        assert!(bench.instruments.all().is_empty(), "{frame}");
    }
}

#[test]
fn partial_depth_of_no_known_size_becomes_no_book_and_is_told() {
    for data in [
        r#"{"lastUpdateId":160,"bids":[],"asks":[]}"#,
        r#"{"e":"depthUpdate","E":1,"T":1,"s":"BNBBTC","U":2,"u":3,"pu":1,"b":[],"a":[]}"#,
    ] {
        let mut bench = spot();
        let frame = format!(r#"{{"stream":"bnbbtc@depthX","data":{data}}}"#);
        assert_eq!(bench.control(&frame), Control::Ignored, "{frame}");
        let told: Vec<_> = bench.batch.drift.fields().map(|field| field.1).collect();
        assert_eq!(told, ["stream=depthX"], "{frame}");
    }
}

#[test]
fn an_event_of_later_years_is_ignored_and_told_by_name() {
    let mut bench = spot();
    for _ in 0..2 {
        let frame = r#"{"e":"somethingNew","x":[[[]]]}"#;
        assert_eq!(bench.control(frame), Control::Ignored);
    }
    let drift: Vec<_> = bench.batch.drift.fields().collect();
    assert_eq!(drift, [("event", "e=somethingNew", 2)]);
}

#[test]
fn json_of_no_known_shape_is_refused() {
    for (frame, expected) in [
        ("{}", Reject::UnknownShape),
        (r#"{"x":1}"#, Reject::UnknownShape),
        (r#"{"data":{}}"#, Reject::MissingField("stream")),
        (
            r#"{"stream":"a@trade","data":1}"#,
            Reject::WrongType("data"),
        ),
        ("\"text\"", Reject::WrongType("message")),
        ("7", Reject::WrongType("message")),
        ("null", Reject::WrongType("message")),
    ] {
        assert_eq!(spot().refusal(frame), expected, "{frame}");
    }
}
