//! REST queries and their bodies.

use super::*;

#[test]
fn a_rest_error_is_the_venues_error_not_a_book() {
    let mut bench = spot();
    let id = bench.instruments.add("BTCUSDT").unwrap();
    let body = r#"{"code":-1121,"msg":"Invalid symbol."}"#;
    assert_eq!(bench.snapshot(body, id).unwrap_err(), Reject::VenueError);
    assert_eq!(bench.reference(body).unwrap_err(), Reject::VenueError);
}

#[test]
fn rest_paths_are_the_products() {
    for (id, reference, snapshot) in [
        (
            SPOT,
            "/api/v3/exchangeInfo",
            "/api/v3/depth?symbol=BTC&limit=5000",
        ),
        (
            USDM,
            "/fapi/v1/exchangeInfo",
            "/fapi/v1/depth?symbol=BTC&limit=1000",
        ),
        (
            COINM,
            "/dapi/v1/exchangeInfo",
            "/dapi/v1/depth?symbol=BTC&limit=1000",
        ),
    ] {
        let venue = Binance::new(id, StreamOptions::default());
        assert_eq!(
            venue
                .reference_query(None)
                .map(|query| query.path)
                .as_deref(),
            Some(reference)
        );
        assert_eq!(
            venue
                .snapshot_query("BTC", Channel::BOOK)
                .map(|query| query.path)
                .as_deref(),
            Some(snapshot)
        );
    }
}
