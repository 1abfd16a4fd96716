//! What stands in the tables is what stands in the journal, to the digit.

use feedd_storage::sink::DeadLetters;
use serde_json::{Value, json};

use crate::counting::assert_reconciled;
use crate::market::Market;
use crate::pumping::{Pumping, SINK};
use crate::server::Server;

/// The first row of a query.
fn row(server: &Server, sql: &str) -> Vec<Value> {
    let rows = server.exec().query(sql).unwrap();
    rows.into_iter().next().unwrap()
}

#[test]
fn records_of_every_kind_arrive_with_their_exact_numbers() {
    let Some(server) = Server::any("records_of_every_kind_arrive_with_their_exact_numbers") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let mut market = Market::new(dir.path());
    market.one_of_each();
    let next_seq = market.journal.records().next_seq();
    let report = Pumping::start(dir.path(), server.options()).drain(next_seq);
    let dead = DeadLetters::read(dir.path(), SINK).unwrap();
    assert_eq!((report.dead, report.lost), (0, 0), "{dead:?}");
    assert_reconciled(&server, dir.path());
    let trades =
        "SELECT venue, symbol, side, price, amount, price_d, amount_d, trade_id, seq FROM trades";
    let trade = json!([
        "kraken-spot",
        "ETH/USD",
        "sell",
        60_000.01,
        0.000_000_02,
        "60000.010000000000000000",
        "0.000000020000000000",
        "1",
        1
    ]);
    assert_eq!(json!(row(&server, trades)), trade);
    let quotes = "SELECT bid_price, bid_volume_d, ask_price_d, ask_volume FROM core_price";
    let quote = json!([
        60_000.01,
        "1.234567890000000000",
        "60001.020000000000000000",
        0.000_000_01
    ]);
    assert_eq!(json!(row(&server, quotes)), quote);
    let one_sided = "SELECT ask_price, ask_price_d, bid_price FROM core_price ORDER BY seq DESC";
    assert_eq!(
        json!(row(&server, one_sided)),
        json!([null, null, 60_000.01])
    );
    let books = "SELECT bids, asks, best_bid, best_ask, bids[1,1], bids[2,1] FROM market_data";
    let book = json!([
        [[10.0, 9.9, 9.0], [0.007, 0.005, 0.001]],
        [[10.3], [0.002]],
        10.0,
        10.3,
        10.0,
        0.007
    ]);
    assert_eq!(json!(row(&server, books)), book);
    let deltas = "SELECT bids, asks FROM book_deltas";
    assert_eq!(json!(row(&server, deltas)), json!([[[9.9], [0.005]], null]));
    let orders = "SELECT count(), count_distinct(order_id), sum(n), count(price) FROM orders \
                  WHERE kind = 'orders_delta'";
    assert_eq!(json!(row(&server, orders)), json!([4, 1, 3, 3]));
    let whole = "SELECT count(), last(price_d) FROM orders WHERE kind = 'orders_snapshot'";
    assert_eq!(
        json!(row(&server, whole)),
        json!([1, "10.000000000000000000"])
    );
    let tickers =
        "SELECT mark_price, funding_rate, next_funding_time, index_price, figures FROM tickers";
    let ticker = json!([
        60_000.123_45,
        -0.000_125,
        "2030-03-17T17:46:40.000000000Z",
        null,
        "mark_price=60000.12345 funding_rate=-0.000125 next_funding_time=1900000000 delta=0.5"
    ]);
    assert_eq!(json!(row(&server, tickers)), ticker);
    let candles = "SELECT open, close_d, volume, quote_volume, closed, trades FROM candles";
    assert_eq!(
        json!(row(&server, candles)),
        json!([10.0, "10.500000000000000000", 0.77, null, true, null])
    );
    let texts = "SELECT code, text, symbol FROM status";
    assert_eq!(
        json!(row(&server, texts)),
        json!(["line_up", "connected, \"quoted\" and\nbroken", null])
    );
    let instruments = "SELECT symbol, name, tick_d, lot_d, strike_d, expiry FROM instruments";
    let listed = json!([
        "BTC/USD",
        "BTC-USD",
        "0.010000000000000000",
        "0.000000050000000000",
        null,
        null
    ]);
    assert_eq!(json!(row(&server, instruments)), listed);
    let gaps = "SELECT cause, ended_by, first_seq, last_seq, missing FROM gaps";
    assert_eq!(
        json!(row(&server, gaps)),
        json!(["sequence", "open", 5, 9, null])
    );
    let bars = "SELECT open, close, volume, trades FROM trades_ohlc_1m";
    assert_eq!(
        json!(row(&server, bars)),
        json!([60_000.01, 60_000.01, 0.000_000_02, 1])
    );
}

#[test]
fn every_query_of_the_documentation_gives_rows() {
    let Some(server) = Server::any("every_query_of_the_documentation_gives_rows") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let mut market = Market::new(dir.path());
    market.one_of_each();
    market.trades(10);
    let next_seq = market.journal.records().next_seq();
    Pumping::start(dir.path(), server.options()).drain(next_seq);
    server.apply();
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sinks/questdb.md");
    let page = std::fs::read_to_string(page).unwrap();
    let queries = page
        .split("```sql\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap());
    let queries: Vec<&str> = queries.collect();
    assert!(queries.len() > 5);
    for sql in queries {
        let rows = server.exec().query(sql);
        assert!(
            rows.as_ref().is_ok_and(|rows| !rows.is_empty()),
            "{sql}: {rows:?}"
        );
    }
}
