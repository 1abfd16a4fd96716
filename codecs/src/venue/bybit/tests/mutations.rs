//! Every kind of message taken apart: what is left is refused, or says the same, or is counted.

use super::books::{BEST, BOOK, RPI};
use super::statistics::{DELTA, KLINE, OPTION_TICKER, SNAPSHOT};
use super::trades::{OPTION_TRADES, TRADE};
use super::{LINEAR, OPTION};
use crate::batch::Item;
use crate::record::{Figure, Level};
use crate::reject::Reject;
use crate::venue::VenueId;
use crate::venue::bybit::Bybit;
use crate::venue::workbench::Bench;

const LIQUIDATION: &str = r#"{"topic":"allLiquidation.ROSEUSDT","type":"snapshot","ts":1739502303204,"data":[{"T":1739502302929,"s":"ROSEUSDT","S":"Sell","v":"20000","p":"0.04499"}]}"#;
const LIMIT: &str = r#"{"topic":"priceLimit.BTCUSDT","data":{"symbol":"BTCUSDT","buyLmt":"114450.00","sellLmt":"103550.00"},"ts":1750059683782}"#;
const STATUS: &str = r#"{"topic":"system.status","ts":1751858399649,"data":[{"id":"4d95b2a0","title":"t06","state":"ongoing","begin":"1751596902000","end":"1751597011000","href":"","serviceTypes":[5],"product":[1],"uidSuffix":[],"maintainType":1,"env":1}]}"#;
const COMMAND: &str = r#"{"success":true,"conn_id":"aa01fb","data":{"failTopics":[],"successTopics":["tickers.A"]},"type":"COMMAND_RESP"}"#;

const GOLDENS: [(VenueId, &str); 13] = [
    (LINEAR, TRADE),
    (OPTION, OPTION_TRADES),
    (LINEAR, BOOK),
    (LINEAR, BEST),
    (LINEAR, RPI),
    (LINEAR, SNAPSHOT),
    (LINEAR, DELTA),
    (OPTION, OPTION_TICKER),
    (LINEAR, KLINE),
    (LINEAR, LIQUIDATION),
    (LINEAR, LIMIT),
    (LINEAR, STATUS),
    (OPTION, COMMAND),
];

/// All that a frame says, and how much of it was unknown.
type Meaning = ((Vec<Item>, Vec<Level>, Vec<Figure>), u64);

fn meaning(id: VenueId, frame: &str) -> Result<Meaning, Reject> {
    let mut bench = Bench::<Bybit>::new(id);
    let items = bench.decode(frame)?.to_vec();
    let batch = bench.batch;
    Ok(((items, batch.levels, batch.figures), batch.drift.count()))
}

/// Places of the keys of a message: where each begins, its quote included, and where its value does.
fn keys(frame: &str) -> Vec<(usize, usize)> {
    let places = frame.match_indices("\":");
    let place = |(end, _): (usize, &str)| (frame[..end].rfind('"').unwrap(), end + 2);
    places.map(place).collect()
}

/// Where the value that begins at `from` ends.
fn value_end(frame: &str, from: usize) -> usize {
    let (mut depth, mut quoted) = (0, false);
    for (at, byte) in frame.bytes().enumerate().skip(from) {
        match byte {
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' | b',' if depth == 0 => return at,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
    }
    frame.len()
}

#[test]
fn a_message_cut_anywhere_is_refused() {
    for (id, golden) in GOLDENS {
        for end in 0..golden.len() {
            let outcome = meaning(id, &golden[..end]);
            assert!(outcome.is_err(), "{}", &golden[..end]);
        }
        assert_eq!(meaning(id, golden).map(|found| found.1), Ok(0), "{golden}");
    }
}

#[test]
fn a_renamed_field_is_missed_counted_or_was_never_read() {
    for (id, golden) in GOLDENS {
        let whole = meaning(id, golden).unwrap().0;
        for (key, value) in keys(golden) {
            let renamed = format!("{}_{}", &golden[..value - 2], &golden[value - 2..]);
            match meaning(id, &renamed) {
                Err(_) => {}
                Ok((found, drift)) => assert!(
                    drift > 0 || found == whole,
                    "{} in {golden}",
                    &golden[key..value]
                ),
            }
        }
    }
}

#[test]
fn a_doubled_or_retyped_field_is_refused_or_was_never_read() {
    for (id, golden) in GOLDENS {
        let whole = meaning(id, golden).unwrap().0;
        for (key, value) in keys(golden) {
            let end = value_end(golden, value);
            let doubled = format!("{},{}", &golden[..end], &golden[key..]);
            let retyped = format!("{}{{}}{}", &golden[..value], &golden[end..]);
            for bent in [doubled, retyped] {
                if let Ok((found, _)) = meaning(id, &bent) {
                    assert_eq!(found, whole, "{bent}");
                }
            }
        }
    }
}
