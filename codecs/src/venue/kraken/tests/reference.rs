//! `instrument`.

use super::{PAIR, SNAPSHOT, UPDATE, kraken, tape};
use crate::batch::{Control, Item};
use crate::feed::State;
use crate::instrument::Terms;
use crate::record::{InstrumentType, TradingState};
use crate::venue::workbench::listings;

#[test]
fn pairs_are_listed_and_assets_are_not() {
    let frame = format!(
        r#"{{"channel":"instrument","type":"snapshot","data":{{"assets":[{{"id":"BTC","status":"enabled","precision":10}}],"pairs":[{PAIR}]}}}}"#
    );
    let mut bench = kraken();
    let found = listings(bench.decode(&frame).unwrap());
    assert_eq!(found.len(), 1);
    let known = &found[0];
    assert_eq!(
        (&*known.symbol, &*known.base, &*known.quote),
        ("BTC/USD", "BTC", "USD")
    );
    assert_eq!((known.px_exp, known.qty_exp), (-1, -8));
    let expected = Terms {
        tick: (1, -1),
        lot: (1, -8),
        state: TradingState::TRADING,
        instrument_type: InstrumentType::SPOT,
        ..Terms::UNKNOWN
    };
    assert_eq!(known.terms, expected);
    let assets = r#"{"channel":"instrument","type":"update","data":{"assets":[{"id":"BTC"}]}}"#;
    assert_eq!(bench.decode(assets), Ok(&[][..]));
}

#[test]
fn every_state_of_a_pair_is_told() {
    for (status, expected) in [
        ("online", TradingState::TRADING),
        ("cancel_only", TradingState::HALTED),
        ("maintenance", TradingState::HALTED),
        ("something_new", TradingState::HALTED),
    ] {
        let pair = PAIR.replace("online", status);
        let frame =
            format!(r#"{{"channel":"instrument","type":"update","data":{{"pairs":[{pair}]}}}}"#);
        let mut bench = kraken();
        assert_eq!(
            listings(bench.decode(&frame).unwrap())[0].terms.state,
            expected
        );
        assert_eq!(bench.knows_all(), status != "something_new");
    }
}

#[test]
fn a_delisted_pair_is_no_listing() {
    let pair = PAIR.replace("online", "delisted");
    let frame =
        format!(r#"{{"channel":"instrument","type":"update","data":{{"pairs":[{pair}]}}}}"#);
    let gone = Item::Control(Control::Delisted("BTC/USD".into()));
    assert_eq!(kraken().decode(&frame), Ok(&[gone][..]));
}

#[test]
fn precisions_learned_from_the_wire_agree_with_the_listing() {
    let mut tape = tape();
    tape.push(SNAPSHOT);
    let pair = PAIR
        .replace("BTC/USD", "ETH/USD")
        .replace(r#""price_precision":1"#, r#""price_precision":2"#);
    tape.push(&format!(
        r#"{{"channel":"instrument","type":"snapshot","data":{{"assets":[],"pairs":[{pair}]}}}}"#
    ));
    tape.push(UPDATE);
    assert_eq!(tape.state(), State::Live);
    let known = &tape.feed.instruments().all()[0];
    assert_eq!(
        (known.px_exp, known.qty_exp, known.declared),
        (-2, -8, true)
    );
}
