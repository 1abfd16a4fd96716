//! REST queries and their bodies.

use super::*;

/// What a query asks for, and its weight.
fn shown_query(query: Option<crate::venue::Query>) -> Option<(String, u32)> {
    query.map(|query| (query.path, query.weight))
}

fn hole(first: u64, last: u64) -> Hole {
    Hole {
        first,
        last,
        after: 0,
        until: 0,
    }
}

#[test]
fn a_rest_error_is_the_venues_error_not_a_book() {
    let mut bench = spot();
    let id = bench.instruments.add("BTCUSDT").unwrap();
    let body = r#"{"code":-1121,"msg":"Invalid symbol."}"#;
    assert_eq!(bench.snapshot(body, id).unwrap_err(), Reject::VenueError);
    assert_eq!(bench.reference(body).unwrap_err(), Reject::VenueError);
}

#[test]
fn a_shallower_book_costs_less() {
    for (id, depth, limit, weight) in [
        (SPOT, 0, 5000, 250),
        (SPOT, 20, 100, 5),
        (SPOT, 500, 500, 25),
        (SPOT, 501, 1000, 50),
        (SPOT, 1001, 5000, 250),
        (SPOT, 9000, 5000, 250),
        (USDM, 0, 1000, 20),
        (USDM, 10, 50, 2),
        (COINM, 100, 100, 5),
        (COINM, 500, 500, 10),
        (USDM, 9000, 1000, 20),
    ] {
        let options = StreamOptions {
            book_depth: depth,
            ..StreamOptions::default()
        };
        let venue = Binance::new(id, options);
        let query = venue.snapshot_query("BTC", Channel::BOOK).unwrap();
        let root = match id {
            SPOT => "/api/v3",
            USDM => "/fapi/v1",
            _ => "/dapi/v1",
        };
        assert_eq!(query.path, format!("{root}/depth?symbol=BTC&limit={limit}"));
        assert_eq!(query.weight, weight, "{id} {depth}");
        assert_eq!(venue.audit_query("BTC", Channel::BOOK), Some(query));
    }
}

#[test]
fn the_whole_products_data_have_their_weights() {
    for (id, reference, volumes) in [
        (
            SPOT,
            ("/api/v3/exchangeInfo", 20),
            ("/api/v3/ticker/24hr", 80),
        ),
        (
            USDM,
            ("/fapi/v1/exchangeInfo", 1),
            ("/fapi/v1/ticker/24hr", 40),
        ),
        (
            COINM,
            ("/dapi/v1/exchangeInfo", 1),
            ("/dapi/v1/ticker/24hr", 40),
        ),
    ] {
        let venue = Binance::new(id, StreamOptions::default());
        let owned = |(path, weight): (&str, u32)| Some((path.to_owned(), weight));
        assert_eq!(shown_query(venue.reference_query(None)), owned(reference));
        assert_eq!(shown_query(venue.volumes_query(None)), owned(volumes));
    }
}

#[test]
fn a_hole_is_asked_for_by_its_ids_and_no_more() {
    let ask = |id, channel, hole| {
        let venue = Binance::new(id, StreamOptions::default());
        shown_query(venue.trades_query("BTCUSDT", channel, hole))
    };
    let spot = |rest: &str, weight| Some((format!("/api/v3/{rest}"), weight));
    assert_eq!(
        ask(SPOT, Channel::TRADE, hole(101, 103)),
        spot("historicalTrades?symbol=BTCUSDT&fromId=101&limit=3", 25)
    );
    assert_eq!(
        ask(SPOT, Channel::AGG_TRADE, hole(101, 101)),
        spot("aggTrades?symbol=BTCUSDT&fromId=101&limit=1", 4)
    );
    for wide in [
        hole(1, 1001),
        hole(1, u64::MAX),
        hole(0, u64::MAX),
        hole(5, 0),
    ] {
        let asked = ask(SPOT, Channel::TRADE, wide).unwrap().0;
        assert!(asked.ends_with("&limit=1000"), "{asked}");
    }
    for (id, root) in [(USDM, "/fapi/v1"), (COINM, "/dapi/v1")] {
        assert_eq!(
            ask(id, Channel::AGG_TRADE, hole(7, 8)),
            Some((
                format!("{root}/aggTrades?symbol=BTCUSDT&fromId=7&limit=2"),
                20
            ))
        );
        assert_eq!(
            ask(id, Channel::TRADE, hole(7, 8)),
            None,
            "not without a key"
        );
    }
    assert_eq!(ask(SPOT, Channel::TICKER, hole(7, 8)), None);
}

#[test]
fn a_symbol_outside_ascii_is_escaped_in_queries() {
    let venue = Binance::new(SPOT, StreamOptions::default());
    let query = venue
        .trades_query("试456", Channel::TRADE, hole(1, 1))
        .unwrap();
    assert!(
        query.path.contains("symbol=%E8%AF%95456&"),
        "{}",
        query.path
    );
}

fn trades(bench: &mut Bench<Binance>, channel: Channel, body: &str) -> Result<Vec<Trade>, Reject> {
    let id = bench.instruments.add("BNBBTC").unwrap();
    let mut trades = Vec::new();
    let (venue, instruments) = (&mut bench.venue, &mut bench.instruments);
    venue.decode_trades(body.as_bytes(), id, channel, instruments, &mut trades)?;
    Ok(trades)
}

#[test]
fn a_trade_from_rest_is_that_of_the_stream_but_for_its_sending() {
    let body = r#"[{"id":12345,"price":"0.00102400","qty":"100.00000000","quoteQty":"0.10240000","time":1672515782133,"isBuyerMaker":true,"isBestMatch":true},
        {"isBuyerMaker":false,"time":1672515782134,"qty":"1","price":"2","id":9007199254740993}]"#;
    let found = trades(&mut spot(), Channel::TRADE, body).unwrap();
    let mut live = spot().trade(TRADE);
    live.header.ts_send = 0;
    assert_eq!(found[0], live);
    assert_eq!(found[1].id(), TradeId::Integer(9_007_199_254_740_993));
    assert_eq!(found[1].side, Side::BUY);
    assert_eq!(found.len(), 2);
}

#[test]
fn an_aggregate_from_rest_is_that_of_the_stream_but_for_its_sending() {
    let row = r#"{"a":12346,"p":"0.00102400","q":"0.05000000","f":100,"l":105,"T":1672515782134,"m":false,"M":true}"#;
    let body = format!(
        r#"[{{"a":12345,"p":"0","q":"0","f":-1,"l":-1,"T":1672515782134,"m":false}},{row}]"#
    );
    let found = trades(&mut spot(), Channel::AGG_TRADE, &body).unwrap();
    let mut live = spot().trade(AGG_TRADE);
    live.header.ts_send = 0;
    assert_eq!(found, [live], "what the venue struck out is no trade");
    let futures = row.replace(r#","M":true"#, r#","nq":"0.04""#);
    let found = trades(
        &mut Bench::new(USDM),
        Channel::AGG_TRADE,
        &format!("[{futures}]"),
    );
    assert_eq!(found.map(|found| found.len()), Ok(1));
}

#[test]
fn an_answer_that_holds_no_trades_is_empty_or_refused() {
    for (channel, body, expected) in [
        (Channel::TRADE, "[]", Ok(0)),
        (
            Channel::TRADE,
            r#"{"code":-1121,"msg":"Invalid symbol."}"#,
            Err(Reject::VenueError),
        ),
        (Channel::TRADE, "{}", Err(Reject::WrongType("trades"))),
        (
            Channel::TRADE,
            r#"[{"id":1,"price":"1","qty":"1","time":1}]"#,
            Err(Reject::MissingField("isBuyerMaker")),
        ),
        (
            Channel::TRADE,
            r#"[{"id":1,"id":1}]"#,
            Err(Reject::DuplicateField),
        ),
        (Channel::TRADE, "[7]", Err(Reject::WrongType("trade"))),
        (
            Channel::AGG_TRADE,
            r#"[{"a":1,"p":"1","q":"1","T":1,"m":true}]"#,
            Err(Reject::MissingField("f")),
        ),
        (
            Channel::AGG_TRADE,
            r#"[{"a":1,"p":"-1","q":"1","f":1,"l":1,"T":1,"m":true}]"#,
            Err(Reject::Negative("p")),
        ),
        (Channel::TRADE, "<html>", Err(Reject::Html)),
    ] {
        let found = trades(&mut spot(), channel, body);
        assert_eq!(found.map(|found| found.len()), expected, "{body}");
    }
}

fn volumes(id: VenueId, body: &str) -> Result<Vec<(String, String)>, Reject> {
    let mut volumes: Vec<(Box<str>, Fixed)> = Vec::new();
    let mut venue = Binance::new(id, StreamOptions::default());
    assert_eq!(venue.decode_volumes(body.as_bytes(), &mut volumes)?, None);
    let shown = |(symbol, turnover): &(Box<str>, Fixed)| (symbol.to_string(), turnover.to_string());
    Ok(volumes.iter().map(shown).collect())
}

#[test]
fn turnovers_are_in_quote_currency_and_of_inverse_contracts_in_base_currency() {
    let body = r#"[{"symbol":"BNBBTC","priceChange":"-94.99999800","volume":"8913.30000000","quoteVolume":"15.30000000","baseVolume":"2.5"},
        {"symbol":"USDTIDR","volume":"1","quoteVolume":"123456789012.12345678","baseVolume":"3"}]"#;
    let rows = |first: &str, second: &str| {
        Ok(vec![
            ("BNBBTC".to_owned(), first.to_owned()),
            ("USDTIDR".to_owned(), second.to_owned()),
        ])
    };
    assert_eq!(
        volumes(SPOT, body),
        rows("15.3", "123456789012"),
        "whole units at least"
    );
    assert_eq!(volumes(USDM, body), rows("15.3", "123456789012"));
    assert_eq!(volumes(COINM, body), rows("2.5", "3"));
}

#[test]
fn turnovers_that_cannot_be_read_are_refused() {
    for (body, expected) in [
        (
            r#"{"code":-1003,"msg":"Too much request weight used"}"#,
            Reject::VenueError,
        ),
        (r#"[{"symbol":"A"}]"#, Reject::MissingField("quoteVolume")),
        (r#"[{"quoteVolume":"1"}]"#, Reject::MissingField("symbol")),
        (
            r#"[{"symbol":"A","quoteVolume":"x"}]"#,
            Reject::InvalidNumber("quoteVolume"),
        ),
        (
            r#"[{"symbol":"A","quoteVolume":"99999999999999999999"}]"#,
            Reject::NumberRange("quoteVolume"),
        ),
    ] {
        assert_eq!(volumes(SPOT, body), Err(expected), "{body}");
    }
}
