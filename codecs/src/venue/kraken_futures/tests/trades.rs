//! `trade` and `trade_snapshot`.

use super::{TRADE, futures};
use crate::batch::{Control, Item};
use crate::record::{Conditions, Flags, Side, TradeId};
use crate::reject::Reject;
use crate::venue::workbench::shown;

#[test]
fn a_trade_keeps_every_value() {
    let mut bench = futures();
    let trade = bench.trade(TRADE);
    assert_eq!(shown(&trade), ("83994".to_owned(), "0.0002".to_owned()));
    assert_eq!((trade.side, trade.header.seq), (Side::SELL, 421_135));
    let uid = "8a2be12f-07c6-4b1e-a2f5-0123456789ab";
    assert_eq!(Some(trade.id()), TradeId::parse(uid));
    assert_eq!(trade.header.ts_venue, 1_790_360_004_381_000_000);
    assert_eq!(
        (trade.header.flags, trade.conditions),
        (Flags::NONE, Conditions::default())
    );
    assert!(bench.knows_all());
}

#[test]
fn kinds_of_trades_are_told() {
    for (kind, expected, known) in [
        ("liquidation", Conditions::default(), true),
        ("assignment", Conditions::default(), true),
        ("termination", Conditions::default(), true),
        ("block", Conditions::BLOCK, true),
        ("gift", Conditions::default(), false),
    ] {
        let mut bench = futures();
        let trade = bench.trade(&TRADE.replace("fill", kind));
        assert_eq!((trade.conditions, bench.knows_all()), (expected, known));
    }
}

#[test]
fn the_last_trades_are_history_told_oldest_first() {
    let older = TRADE.replace("421135", "421134");
    let frame = format!(
        r#"{{"feed":"trade_snapshot","product_id":"PF_XBTUSD","trades":[{TRADE},{older}]}}"#
    );
    let mut bench = futures();
    let seen: Vec<_> = bench
        .decode(&frame)
        .unwrap()
        .iter()
        .map(|item| match item {
            Item::Trade(trade) => (trade.header.seq, trade.header.flags),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        seen,
        [(421_134, Flags::SNAPSHOT), (421_135, Flags::SNAPSHOT)]
    );
    assert!(bench.knows_all());
    let none = r#"{"feed":"trade_snapshot","product_id":"PF_XBTUSD","trades":[]}"#;
    assert_eq!(bench.control(none), Control::Ignored);
}

#[test]
fn trades_that_are_none_are_refused() {
    for (from, to, expected) in [
        ("8a2be12f-", "8a2be12f+", Reject::InvalidId("uid")),
        (
            "\"8a2be12f-07c6-4b1e-a2f5-0123456789ab\"",
            "\"17\"",
            Reject::InvalidId("uid"),
        ),
        ("\"seq\"", "\"number\"", Reject::MissingField("seq")),
        ("0.0002", "-0.0002", Reject::Negative("qty")),
        ("\"seq\"", "\"price\":1,\"seq\"", Reject::DuplicateField),
    ] {
        let bent = TRADE.replacen(from, to, 1);
        assert_eq!(futures().refusal(&bent), expected, "{bent}");
    }
}
