//! Control messages and how each socket answers them.

use std::time::Duration;

use serde_json::json;
use venue_sim::Fault;

use super::support::{Client, start};
use super::{INVERSE, LINEAR, OPTION, SPOT, path};

#[tokio::test]
async fn acknowledgements_and_pongs_differ_by_product() {
    let sim = start(SPOT);
    let mut client = Client::open(&sim, SPOT, &path(SPOT)).await;
    client.send(r#"{"op":"ping"}"#).await;
    let pong = client.json().await;
    assert_eq!(
        (&pong["op"], &pong["ret_msg"]),
        (&json!("ping"), &json!("pong"))
    );
    assert!(pong.get("req_id").is_none());
    client
        .send(r#"{"op":"subscribe","args":["publicTrade.BTCUSDT"]}"#)
        .await;
    assert_eq!(client.json().await["ret_msg"], "subscribe");
    let sim = start(LINEAR);
    let mut client = Client::open(&sim, LINEAR, &path(LINEAR)).await;
    client.send(r#"{"op":"ping","req_id":"7"}"#).await;
    assert_eq!(client.json().await["req_id"], "7");
    client
        .send(r#"{"op":"subscribe","args":["publicTrade.BTCUSDT"]}"#)
        .await;
    let ack = client.json().await;
    assert_eq!((&ack["ret_msg"], &ack["req_id"]), (&json!(""), &json!("")));
}

#[tokio::test]
async fn one_bad_topic_fails_the_batch_and_nothing_flows() {
    let cases = [
        (
            SPOT,
            "publicTrade.NOPEUSDT",
            "Invalid symbol :[publicTrade.NOPEUSDT]",
        ),
        (
            SPOT,
            "orderbook.500.BTCUSDT",
            "error:handler not found,topic:orderbook.500.BTCUSDT",
        ),
        (
            LINEAR,
            "orderbook.500.BTCUSDT",
            "error:handler not found,topic:orderbook.500.BTCUSDT",
        ),
    ];
    for (product, bad, text) in cases {
        let sim = start(product);
        let mut client = Client::open(&sim, product, &path(product)).await;
        let args = ["orderbook.50.BTCUSDT", bad];
        client
            .send(json!({"op":"subscribe","args":args}).to_string())
            .await;
        let refusal = client.json().await;
        assert_eq!(
            (&refusal["success"], &refusal["ret_msg"]),
            (&json!(false), &json!(text))
        );
        assert!(client.silent_for(Duration::from_millis(150)).await);
    }
}

#[tokio::test]
async fn eleven_spot_topics_and_a_duplicate_are_refused() {
    let sim = start(SPOT);
    let mut client = Client::open(&sim, SPOT, &path(SPOT)).await;
    let args: Vec<_> = (0..11).map(|_| "publicTrade.BTCUSDT").collect();
    client
        .send(json!({"op":"subscribe","args":args}).to_string())
        .await;
    assert_eq!(client.json().await["ret_msg"], "args size >10");
    for text in [
        "subscribe",
        "error:already subscribed,topic:kline.1.BTCUSDT",
    ] {
        client
            .send(r#"{"op":"subscribe","args":["kline.1.BTCUSDT"]}"#)
            .await;
        let reply = client.json_where(|m| m["op"] == "subscribe").await;
        assert_eq!(reply["ret_msg"], text);
    }
}

#[tokio::test]
async fn option_socket_names_topics_and_pongs_with_the_time() {
    let sim = start(OPTION);
    let mut client = Client::open(&sim, OPTION, &path(OPTION)).await;
    client.send(r#"{"op":"ping","req_id":"7"}"#).await;
    let pong = client.json().await;
    assert_eq!(pong["op"], "pong");
    assert_eq!(pong["args"][0].as_str().unwrap().len(), 13, "{pong}");
    let good = "orderbook.25.BTC-29MAR30-40000-C-USDT";
    for (args, success, failed, done) in [
        (
            json!([good, "tickers.NOPE"]),
            false,
            json!(["tickers.NOPE"]),
            json!([]),
        ),
        (json!([good]), true, json!([]), json!([good])),
    ] {
        client
            .send(json!({"op":"subscribe","args":args}).to_string())
            .await;
        let answer = client.json().await;
        assert_eq!(
            (&answer["type"], &answer["success"]),
            (&json!("COMMAND_RESP"), &json!(success))
        );
        assert_eq!(
            (
                &answer["data"]["failTopics"],
                &answer["data"]["successTopics"]
            ),
            (&failed, &done)
        );
    }
}

#[tokio::test]
async fn topics_of_other_products_are_not_found() {
    for (product, topic) in [
        (SPOT, "allLiquidation.BTCUSDT"),
        (LINEAR, "liquidation.BTCUSDT"),
        (INVERSE, "kline.7.BTCUSD"),
        (LINEAR, "adlAlert.inverse"),
        (LINEAR, "system.status"),
    ] {
        let sim = start(product);
        let mut client = Client::open(&sim, product, &path(product)).await;
        client
            .send(json!({"op":"subscribe","args":[topic]}).to_string())
            .await;
        let refusal = client.json().await;
        let text = format!("error:handler not found,topic:{topic}");
        assert_eq!(
            (&refusal["success"], &refusal["ret_msg"]),
            (&json!(false), &json!(text))
        );
    }
}

#[tokio::test]
async fn platform_status_has_a_socket_of_its_own() {
    let sim = start(LINEAR);
    let mut client = Client::open(&sim, LINEAR, "/v5/public/misc/status").await;
    client
        .send(r#"{"op":"subscribe","args":["publicTrade.BTCUSDT"]}"#)
        .await;
    assert_eq!(client.json().await["success"], false, "no market data here");
    client
        .send(r#"{"op":"subscribe","args":["system.status"]}"#)
        .await;
    assert_eq!(client.json().await["success"], true);
    let mut windows = Vec::new();
    for state in ["scheduled", "ongoing", "completed", "scheduled"] {
        let state = state.to_owned();
        sim.inject(Fault::PlatformStatus {
            product: LINEAR,
            state: state.clone(),
        });
        let message = client.json().await;
        let window = &message["data"][0];
        assert_eq!(
            (&message["topic"], &window["state"]),
            (&json!("system.status"), &json!(state))
        );
        assert_eq!(
            (&window["product"], &window["serviceTypes"][3]),
            (&json!([1]), &json!(5))
        );
        windows.push(window["id"].clone());
    }
    assert!(windows[0] == windows[1] && windows[1] == windows[2]);
    assert_ne!(windows[2], windows[3], "a completed window is over");
}
