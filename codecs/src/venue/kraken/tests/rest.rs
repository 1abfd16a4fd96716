//! REST: trades of the past, and turnover.

use super::{TRADE, kraken};
use crate::fixed::Fixed;
use crate::record::{Side, Trade};
use crate::reject::Reject;
use crate::venue::workbench::shown;
use crate::venue::{Channel, Hole, Venue};

const TRADES: &str = r#"{"error":[],"result":{"XXBTZUSD":[["83930.30000","0.00005100",1790359840.9392912,"s","l","",109118758],["83930.40000","0.5",1790359841,"b","m","",109118759]],"last":"1790359841138228746"}}"#;
const PAIRS: &str = r#"{"error":[],"result":{"XXBTZUSD":{"altname":"XBTUSD","wsname":"XBT/USD","base":"XXBT"},"XDGUSDT":{"altname":"XDGUSDT","wsname":"XDG/USDT"},"AAPLxUSD":{"wsname":"AAPLx/USD"}}}"#;
const TICKER: &str = r#"{"error":[],"result":{"XXBTZUSD":{"a":["1","1","1.000"],"v":["0.78648221","163.28908096"],"p":["105960.64756","105904.39279"],"t":[35,3276]},"XDGUSDT":{"v":["0","2.5"],"p":["0","0.2"]},"NEWUSD":{"v":["1","1"],"p":["1","1"]}}}"#;
const ERROR: &str = r#"{"error":["EQuery:Unknown asset pair"],"result":null}"#;

fn trades(body: &str) -> Result<Vec<Trade>, Reject> {
    let mut bench = kraken();
    let id = bench.trade(TRADE).header.instrument;
    bench.instruments.get_mut(id).widen(-1, -8);
    let mut found = Vec::new();
    bench.venue.decode_trades(
        body.as_bytes(),
        id,
        Channel::TRADE,
        &mut bench.instruments,
        &mut found,
    )?;
    Ok(found)
}

fn hole(after: i64) -> Hole {
    Hole {
        first: 5,
        last: 7,
        after,
        until: 0,
    }
}

#[test]
fn missing_trades_are_asked_for_by_the_name_that_rest_knows() {
    let venue = kraken().venue;
    for (symbol, after, path) in [
        (
            "BTC/USD",
            1_790_359_840_939_291_000,
            "/0/public/Trades?pair=XBTUSD&since=1790359840939290999&count=1000",
        ),
        (
            "ETH/BTC",
            2,
            "/0/public/Trades?pair=ETHXBT&since=1&count=1000",
        ),
        ("DOGE/USD", 0, "/0/public/Trades?pair=XDGUSD&count=1000"),
    ] {
        let query = venue
            .trades_query(symbol, Channel::TRADE, hole(after))
            .unwrap();
        assert_eq!((&*query.path, query.weight), (path, 1));
    }
    assert!(
        venue
            .trades_query("BTC/USD", Channel::BOOK, hole(1))
            .is_none()
    );
}

#[test]
fn trades_of_the_past_keep_every_value() {
    let found = trades(TRADES).unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(
        shown(&found[0]),
        ("83930.3".to_owned(), "0.000051".to_owned())
    );
    assert_eq!(
        (found[0].px_exp, found[0].qty_exp),
        (-1, -8),
        "padding teaches nothing"
    );
    assert_eq!((found[0].side, found[1].side), (Side::SELL, Side::BUY));
    assert_eq!(
        (found[0].header.seq, found[1].header.seq),
        (109_118_758, 109_118_759)
    );
    assert_eq!(found[0].header.ts_venue, 1_790_359_840_939_291_200);
    assert_eq!(found[1].header.ts_venue, 1_790_359_841_000_000_000);
}

#[test]
fn trades_without_a_number_or_of_no_shape_are_refused() {
    for (from, to, expected) in [
        (",109118758]", "]", Reject::MissingField("trade_id")),
        ("\"s\"", "\"x\"", Reject::InvalidSide("side")),
        (
            "1790359840.9392912",
            "\"soon\"",
            Reject::InvalidNumber("time"),
        ),
        ("1790359840.9392912", "0", Reject::InvalidTime("time")),
        (
            "1790359840.9392912",
            "99999999999",
            Reject::InvalidTime("time"),
        ),
        ("\"last\"", "\"XETHZUSD\"", Reject::UnknownShape),
    ] {
        assert_eq!(trades(&TRADES.replacen(from, to, 1)), Err(expected), "{to}");
    }
    assert_eq!(trades(ERROR), Err(Reject::VenueError));
}

#[test]
fn turnover_comes_in_two_pages_under_the_streams_names() {
    let mut venue = kraken().venue;
    let mut found = Vec::new();
    assert_eq!(
        venue.volumes_query(None).unwrap().path,
        "/0/public/AssetPairs"
    );
    let next = venue.decode_volumes(PAIRS.as_bytes(), &mut found).unwrap();
    assert!(found.is_empty());
    let page = next.as_deref();
    assert_eq!(venue.volumes_query(page).unwrap().path, "/0/public/Ticker");
    assert_eq!(
        venue.decode_volumes(TICKER.as_bytes(), &mut found),
        Ok(None)
    );
    found.sort_by(|one, other| one.0.cmp(&other.0));
    let shown: Vec<_> = found
        .iter()
        .map(|(symbol, volume)| (&**symbol, volume.to_string()))
        .collect();
    assert_eq!(
        shown,
        [
            ("BTC/USD", "17293030.96830595027".to_owned()),
            ("DOGE/USDT", "0.5".to_owned())
        ],
        "a pair without a name is left out"
    );
    assert_eq!(
        venue.decode_volumes(ERROR.as_bytes(), &mut found),
        Err(Reject::VenueError)
    );
}

#[test]
fn a_turnover_of_zero_is_zero() {
    let mut venue = kraken().venue;
    let mut found = Vec::new();
    venue.decode_volumes(PAIRS.as_bytes(), &mut found).unwrap();
    let still = TICKER.replace("163.28908096", "0.00000000");
    venue.decode_volumes(still.as_bytes(), &mut found).unwrap();
    let bitcoin = found.iter().find(|row| &*row.0 == "BTC/USD").unwrap();
    assert_eq!(bitcoin.1.normalized(), Fixed::new(0, 0));
}
