//! Answers, pongs, the venue's state, and topics that nothing is known of.

use super::{INVERSE, LINEAR, OPTION, SPOT, drift, linear, named};
use crate::batch::{Control, Item};
use crate::instrument::InstrumentId;
use crate::reject::Reject;
use crate::venue::bybit::Bybit;
use crate::venue::workbench::Bench;
use crate::venue::{Channel, StreamKey};

fn answer(request: Option<u64>, refused: Option<&str>) -> Control {
    Control::Answer {
        request,
        stream: None,
        refused: refused.map(Into::into),
    }
}

#[test]
fn topics_that_are_not_carried_are_ignored() {
    for topic in [
        "adlAlert.USDT",
        "insurance.USDT",
        "liquidation.BTCUSDT",
        "orderbook.50",
        "",
    ] {
        let frame =
            format!(r#"{{"topic":"{topic}","type":"delta","ts":1,"data":{{"x":[1,"",null]}}}}"#);
        assert_eq!(linear().control(&frame), Control::Ignored, "{topic}");
    }
}

#[test]
fn answers_of_both_products_name_their_request() {
    for (frame, expected) in [
        (
            r#"{"success":true,"ret_msg":"subscribe","conn_id":"2324d924","req_id":"10001","op":"subscribe"}"#,
            answer(Some(10_001), None),
        ),
        (
            r#"{"success":true,"ret_msg":"","conn_id":"3cd84cb1","req_id":"","op":"subscribe"}"#,
            answer(None, None),
        ),
        (
            r#"{"success":true,"ret_msg":"","conn_id":"3cd84cb1","op":"unsubscribe"}"#,
            answer(None, None),
        ),
        (
            r#"{"op":"subscribe","success":true,"req_id":"5"}"#,
            answer(Some(5), None),
        ),
    ] {
        assert_eq!(linear().control(frame), expected, "{frame}");
    }
}

#[test]
fn refusals_keep_the_venues_words() {
    for reason in [
        "error:handler not found,topic:orderbook.500.BTCUSDT",
        "Invalid symbol :[tickers.NOPEUSDT]",
        "args size >10",
        "error:already subscribed,topic:allLiquidation.ORDERUSDT",
    ] {
        let frame = format!(
            r#"{{"success":false,"ret_msg":"{reason}","conn_id":"x","req_id":"4","op":"subscribe"}}"#
        );
        assert_eq!(linear().control(&frame), answer(Some(4), Some(reason)));
    }
}

#[test]
fn pongs_of_every_product_are_heartbeats() {
    for frame in [
        r#"{"success":true,"ret_msg":"pong","conn_id":"0970e817","op":"ping"}"#,
        r#"{"success":true,"ret_msg":"pong","conn_id":"465772b1","req_id":"3","op":"ping"}"#,
        r#"{"args":["1672916271846"],"op":"pong"}"#,
    ] {
        assert_eq!(linear().control(frame), Control::Heartbeat);
    }
}

#[test]
fn a_new_topic_is_ignored_and_counted_by_its_family() {
    let mut bench = linear();
    for topic in [
        "orderbook.deep.A",
        "orderbook.deep.B",
        "kline.7.A",
        "newTopic.A",
    ] {
        let frame = format!(r#"{{"topic":"{topic}","type":"delta","ts":1,"data":{{"x":1}}}}"#);
        assert_eq!(bench.control(&frame), Control::Ignored, "{topic}");
    }
    assert_eq!(
        drift(&bench),
        [
            "message:topic=orderbook.deepx2",
            "message:topic=kline.7x1",
            "message:topic=newTopicx1"
        ]
    );
    let mut known = linear();
    known.control(r#"{"topic":"adlAlert.USDT","ts":1,"data":[]}"#);
    assert!(known.knows_all(), "documented, but no channel");
}

fn options() -> (Bench<Bybit>, Vec<InstrumentId>) {
    named(
        OPTION,
        &[
            "BTC-6JAN23-18000-C",
            "ETH-6JAN23-1200-P",
            "BTC-6JAN23-19000-C",
        ],
    )
}

fn command(success: bool, failed: &str, done: &str) -> String {
    format!(
        r#"{{"success":{success},"conn_id":"aa01fb","data":{{"failTopics":[{failed}],"successTopics":[{done}]}},"type":"COMMAND_RESP"}}"#
    )
}

#[test]
fn an_option_answer_is_about_the_oldest_request() {
    let done = command(true, "", r#""orderbook.100.BTC-6JAN23-18000-C""#);
    assert_eq!(options().0.control(&done), answer(None, None));
    let unlisted = r#"{"success":true,"conn_id":"aa01fb","type":"COMMAND_RESP"}"#;
    assert_eq!(options().0.control(unlisted), answer(None, None));
}

#[test]
fn an_option_request_that_fails_as_a_whole_is_refused_as_a_whole() {
    let topic = "orderbook.25.NOPE";
    for success in [false, true] {
        let failed = command(success, &format!("\"{topic}\""), "");
        assert_eq!(options().0.control(&failed), answer(None, Some(topic)));
    }
    assert_eq!(
        options().0.control(&command(false, "", "")),
        answer(None, Some(""))
    );
}

#[test]
fn an_option_request_that_fails_in_part_is_answered_topic_by_topic() {
    let (mut bench, ids) = options();
    let frame = command(
        true,
        r#""tickers.ETH-6JAN23-1200-P","orderbook.25.NOPE""#,
        r#""orderbook.25.BTC-6JAN23-18000-C","publicTrade.BTC""#,
    );
    let about = |at: usize, channel, refused: Option<&str>| {
        Item::Control(Control::Answer {
            request: None,
            stream: Some(StreamKey {
                instrument: ids[at],
                channel,
            }),
            refused: refused.map(Into::into),
        })
    };
    let expected = [
        about(1, Channel::TICKER, Some("tickers.ETH-6JAN23-1200-P")),
        about(0, Channel::BOOK, None),
        about(0, Channel::TRADE, None),
        about(2, Channel::TRADE, None),
    ];
    assert_eq!(bench.decode(&frame), Ok(&expected[..]));
}

#[test]
fn an_answer_of_no_known_shape_is_refused() {
    for (frame, expected) in [
        (
            r#"{"success":true,"ret_msg":""}"#,
            Reject::MissingField("op"),
        ),
        (r#"{"op":"subscribe"}"#, Reject::MissingField("success")),
        (
            r#"{"success":true,"type":"COMMAND_RESP","data":{"failTopics":[1,{}],"successTopics":["a"]}}"#,
            Reject::WrongType("topic"),
        ),
    ] {
        assert_eq!(linear().refusal(frame), expected, "{frame}");
    }
}

fn status(state: &str, services: &str, products: &str) -> String {
    format!(
        r#"{{"topic":"system.status","ts":1751858399649,"data":[{{"id":"4d95b2a0","title":"t06","state":"{state}","begin":"1751596902000","end":"1751597011000","href":"","serviceTypes":[{services}],"product":[{products}],"uidSuffix":[],"maintainType":1,"env":1}}]}}"#
    )
}

#[test]
fn the_venues_state_is_told_to_the_products_that_it_is_about() {
    let told = |text: &str| Control::VenueState(text.into());
    for (id, frame, expected) in [
        (
            LINEAR,
            status("completed", "2,3,4,5", "1,2"),
            told("completed: t06"),
        ),
        (SPOT, status("scheduled", "5", "2"), told("scheduled: t06")),
        (
            INVERSE,
            status("ongoing", "2,5", "1"),
            told("maintenance: t06"),
        ),
        (LINEAR, status("ongoing", "2,3", "1"), told("ongoing: t06")),
        (OPTION, status("ongoing", "", ""), told("maintenance: t06")),
        (OPTION, status("ongoing", "5", "1,2"), Control::Ignored),
    ] {
        let mut bench = Bench::<Bybit>::new(id);
        assert_eq!(bench.control(&frame), expected, "{frame}");
        assert!(bench.knows_all());
    }
    let mut bench = linear();
    assert_eq!(
        bench.control(&status("paused", "5", "1")),
        told("paused: t06")
    );
    assert_eq!(drift(&bench), ["system.status:state=pausedx1"]);
    assert_eq!(
        linear().control(r#"{"topic":"system.status","ts":1,"data":[]}"#),
        Control::Ignored
    );
}

#[test]
fn what_answers_no_request_settles_none() {
    let mut bench = Bench::<Bybit>::new(LINEAR);
    let pong = r#"{"success":true,"ret_msg":"","conn_id":"0970e817","op":"ping"}"#;
    assert_eq!(bench.control(pong), Control::Heartbeat);
    let new = r#"{"success":true,"ret_msg":"","conn_id":"0970e817","op":"renew"}"#;
    assert_eq!(bench.control(new), Control::Ignored);
    let told: Vec<_> = bench.batch.drift.fields().map(|field| field.1).collect();
    assert_eq!(told, ["op=renew"]);
}
