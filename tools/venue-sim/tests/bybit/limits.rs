//! Budgets of requests and connections.

use tokio_tungstenite::tungstenite::Error;
use venue_sim::{Limits, Sim, SimConfig};

use super::support::{Client, config, get};
use super::{LINEAR, SPOT, path};

const TIME: &str = "/v5/market/time";

#[tokio::test]
async fn requests_over_the_rate_are_answered_403_from_then_on() {
    let limits = Limits {
        rest_requests_per_five_seconds: Some(3),
        ..Limits::default()
    };
    let sim = Sim::start(SimConfig {
        limits,
        ..config(LINEAR)
    })
    .unwrap();
    for _ in 0..3 {
        assert_eq!(get(&sim, LINEAR, TIME).await.status, 200);
    }
    for _ in 0..2 {
        let refused = get(&sim, LINEAR, TIME).await;
        assert_eq!(refused.status, 403);
        assert!(
            refused.body.contains("access too frequent"),
            "{}",
            refused.body
        );
    }
}

#[tokio::test]
async fn documented_rate_lets_600_requests_pass() {
    let sim = Sim::start(config(SPOT)).unwrap();
    for request in 0..600 {
        let status = get(&sim, SPOT, TIME).await.status;
        assert_eq!(status, 200, "request {request}");
    }
}

#[tokio::test]
async fn connections_over_the_budget_are_refused() {
    let limits = Limits {
        connects_per_five_minutes: Some(2),
        ..Limits::default()
    };
    let sim = Sim::start(SimConfig {
        limits,
        ..config(SPOT)
    })
    .unwrap();
    let first = Client::open(&sim, SPOT, &path(SPOT)).await;
    drop(first);
    let _second = Client::open(&sim, SPOT, &path(SPOT)).await;
    match Client::try_open(&sim, SPOT, &path(SPOT)).await.err() {
        Some(Error::Http(response)) => assert_eq!(response.status(), 403),
        other => panic!("{other:?}"),
    }
}
