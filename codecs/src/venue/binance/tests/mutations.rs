//! Every kind of message cut and bent.

use super::candles::{KLINE, LIQUIDATION};
use super::statistics::{AVERAGE, INDEX, MARK, MINI_TICKER, ROLLING, TICKER};
use super::*;

const CONTRACT: &str = r#"{"e":"contractInfo","E":1669356423908,"s":"IOTAUSDT","ct":"PERPETUAL","dt":4133404800000,"ot":1569398400000,"cs":"TRADING","st":1}"#;

/// One message of each kind, bare and in the wrapper of its stream.
fn goldens() -> Vec<String> {
    let bare = [
        TRADE,
        AGG_TRADE,
        BOOK_TICKER,
        DEPTH,
        TICKER,
        MINI_TICKER,
        ROLLING,
        AVERAGE,
        MARK,
        INDEX,
        KLINE,
        LIQUIDATION,
        CONTRACT,
    ];
    let wrapped = [
        ("bnbbtc@depth5", &REST_DEPTH),
        ("bnbbtc@depth20@100ms", &DEPTH),
        ("!miniTicker@arr", &MINI_TICKER),
        ("bnbbtc@kline_1m", &KLINE),
    ];
    let wrap = |(stream, data): &(&str, &&str)| match stream.ends_with("@arr") {
        true => format!(r#"{{"stream":"{stream}","data":[{data},{data}]}}"#),
        false => format!(r#"{{"stream":"{stream}","data":{data}}}"#),
    };
    let bare = bare.iter().map(|&frame| frame.to_owned());
    bare.chain(wrapped.iter().map(wrap)).collect()
}

/// What a frame says: spot reads the messages of futures too.
fn outcome(frame: &[u8]) -> Result<Vec<Item>, Reject> {
    let mut bench = spot();
    bench
        .venue
        .decode(frame, &mut bench.instruments, &mut bench.batch)?;
    Ok(bench.batch.items)
}

#[test]
fn a_message_cut_at_any_byte_is_refused() {
    for golden in goldens() {
        assert!(outcome(golden.as_bytes()).is_ok(), "{golden}");
        for length in 0..golden.len() {
            let rule = if length == 0 {
                Reject::Empty
            } else {
                Reject::InvalidJson
            };
            let cut = &golden.as_bytes()[..length];
            assert_eq!(outcome(cut), Err(rule), "{length} of {golden}");
        }
    }
}

#[test]
fn a_message_with_a_changed_byte_gives_something_or_a_rule() {
    for golden in goldens() {
        for at in 0..golden.len() {
            for byte in [b'"', b'{', b']', b'0', b'-', b'.', b'x', 0, 0xff] {
                let mut bent = golden.clone().into_bytes();
                bent[at] = byte;
                if let Ok(items) = outcome(&bent) {
                    assert!(!items.is_empty(), "{byte} at {at} of {golden}");
                }
            }
        }
    }
}

#[test]
fn any_new_field_passes_and_is_counted_once() {
    for golden in goldens()
        .into_iter()
        .filter(|golden| !golden.contains("@arr"))
    {
        let places: Vec<usize> = golden.match_indices('{').map(|found| found.0 + 1).collect();
        let expected = outcome(golden.as_bytes());
        for at in places {
            let mut grown = golden.clone();
            grown.insert_str(at, r#""zz9":{"deep":[null,1.5,"x"]},"#);
            let mut bench = spot();
            let items = bench.decode(&grown).map(<[Item]>::to_vec);
            assert_eq!(items, expected, "{grown}");
            let drift: Vec<_> = bench
                .batch
                .drift
                .fields()
                .map(|field| (field.1, field.2))
                .collect();
            assert_eq!(drift, [("zz9", 1)], "{grown}");
        }
    }
}
