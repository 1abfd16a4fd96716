//! `instruments`.

use super::futures;
use crate::instrument::{Listing, canonical_name};
use crate::record::{InstrumentType, TradingState};
use crate::reject::Reject;

const PEPE: &str = r#"{"symbol":"PF_PEPEUSD","type":"flexible_futures","tickSize":1e-10,"contractSize":1,"tradeable":true,"maxPositionSize":1000000000000.0,"contractValueTradePrecision":-3,"postOnly":false,"base":"PEPE","quote":"USD","pair":"PEPE:USD","category":"","tradfi":false,"isExpired":false}"#;
const DATED: &str = r#"{"symbol":"fi_xbtusd_261225","type":"futures_inverse","underlying":"rr_xbtusd","lastTradingTime":"2026-12-25T15:00:00.000Z","tickSize":0.5,"contractSize":1,"tradeable":true,"contractValueTradePrecision":0,"base":"XBT","quote":"USD"}"#;
const OLD: &str = r#"{"symbol":"pi_xbtusd","type":"futures_inverse","underlying":"rr_xbtusd","tickSize":0.5,"contractSize":1,"tradeable":true}"#;
const INDEX: &str = r#"{"symbol":"in_xbtusd","type":"spot index","tradeable":false}"#;

fn body(entries: &str) -> String {
    format!(
        r#"{{"result":"success","instruments":[{entries}],"serverTime":"2026-11-22T00:00:00Z"}}"#
    )
}

fn listed(entry: &str) -> Listing {
    let (found, next) = futures().reference(&body(entry)).unwrap();
    assert_eq!((found.len(), next), (1, None));
    found[0].clone()
}

#[test]
fn a_linear_perpetual_in_thousands_of_base_currency() {
    let found = listed(PEPE);
    assert_eq!(
        (&*found.symbol, found.px_exp, found.qty_exp),
        ("PF_PEPEUSD", -10, 3)
    );
    assert_eq!((found.terms.tick, found.terms.lot), ((1, -10), (1, 3)));
    assert_eq!(found.terms.multiplier, (1, 0));
    assert_eq!(found.terms.contract_size, (0, 0));
    assert_eq!(found.terms.instrument_type, InstrumentType::PERPETUAL);
    assert_eq!(found.terms.state, TradingState::TRADING);
    assert_eq!(&*found.settle, "USD");
    assert_eq!(canonical_name(&found), "PEPE-USD-PERP");
}

#[test]
fn a_dated_inverse_future_in_contracts() {
    let found = listed(DATED);
    assert_eq!(
        &*found.symbol, "FI_XBTUSD_261225",
        "as the stream spells it"
    );
    assert_eq!((&*found.base, &*found.settle), ("BTC", "BTC"));
    assert_eq!(found.terms.contract_size, (1, 0));
    assert_eq!(found.terms.multiplier, (0, 0));
    assert_eq!(found.terms.expiry, 1_798_210_800_000_000_000);
    assert_eq!(canonical_name(&found), "BTC-USD-IFUT-20261225");
}

#[test]
fn bodies_of_2021_tell_less() {
    let found = listed(OLD);
    assert_eq!((found.px_exp, found.qty_exp), (-1, 0));
    assert_eq!(
        found.terms.instrument_type,
        InstrumentType::INVERSE_PERPETUAL
    );
    assert_eq!(canonical_name(&found), "", "never guessed from the symbol");
}

#[test]
fn indices_are_not_listed_and_new_types_are_told() {
    let (found, _) = futures().reference(&body(INDEX)).unwrap();
    assert!(found.is_empty());
    let mut bench = futures();
    let new = OLD.replace("futures_inverse", "futures_cubic");
    let (found, _) = bench.reference(&body(&new)).unwrap();
    assert_eq!(found[0].terms.instrument_type, InstrumentType::UNKNOWN);
    let drift: Vec<_> = bench.batch.drift.fields().collect();
    assert_eq!(drift, [("instruments", "type=futures_cubic", 1)]);
}

#[test]
fn every_state_is_told() {
    for (from, to, expected) in [
        (
            r#""tradeable":true"#,
            r#""tradeable":false"#,
            TradingState::HALTED,
        ),
        (
            r#""postOnly":false"#,
            r#""postOnly":true"#,
            TradingState::HALTED,
        ),
        (
            r#""isExpired":false"#,
            r#""isExpired":true"#,
            TradingState::CLOSED,
        ),
    ] {
        assert_eq!(listed(&PEPE.replace(from, to)).terms.state, expected);
    }
}

#[test]
fn errors_of_both_shapes_and_bent_bodies_are_refused() {
    let bent = |from: &str, to: &str| body(&PEPE.replace(from, to));
    for (body, expected) in [
        (
            r#"{"status":"BAD_REQUEST","result":"error","errors":[{"code":11,"message":"Argument invalid: symbol"}],"serverTime":"x"}"#.to_owned(),
            Reject::VenueError,
        ),
        (
            r#"{"result":"error","error":"authenticationError","serverTime":"x"}"#.to_owned(),
            Reject::VenueError,
        ),
        (
            bent(":-3", ":-19"),
            Reject::NumberRange("contractValueTradePrecision"),
        ),
        (
            bent(":-3", ":0.5"),
            Reject::NumberRange("contractValueTradePrecision"),
        ),
        (bent("\"contractSize\"", "\"size\""), Reject::MissingField("contractSize")),
        (bent("\"symbol\"", "\"name\""), Reject::MissingField("symbol")),
    ] {
        assert_eq!(futures().reference(&body).unwrap_err(), expected, "{body}");
    }
}
