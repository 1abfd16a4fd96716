//! `trade`.

use super::{TRADE, kraken};
use crate::record::{Flags, Side, TradeId};
use crate::reject::Reject;
use crate::venue::workbench::shown;

#[test]
fn a_trade_keeps_every_value() {
    let mut bench = kraken();
    let trade = bench.trade(TRADE);
    assert_eq!(
        shown(&trade),
        ("83744.3".to_owned(), "0.0004478".to_owned())
    );
    assert_eq!(
        (trade.px, trade.px_exp, trade.qty, trade.qty_exp),
        (837_443, -1, 44_780, -8)
    );
    assert_eq!(trade.side, Side::BUY);
    assert_eq!(
        (trade.id(), trade.header.seq),
        (TradeId::Integer(109_116_693), 109_116_693)
    );
    assert_eq!(trade.header.ts_venue, 1_790_358_506_844_359_000);
    assert_eq!((trade.header.ts_send, trade.header.flags), (0, Flags::NONE));
    assert!(bench.knows_all());
}

#[test]
fn trades_of_a_snapshot_are_history() {
    let history = TRADE
        .replace("update", "snapshot")
        .replace("\"buy\"", "\"sell\"");
    let trade = kraken().trade(&history);
    assert_eq!(
        (trade.side, trade.header.flags),
        (Side::SELL, Flags::SNAPSHOT)
    );
}

#[test]
fn several_elements_apply_in_order() {
    let element = &TRADE[TRADE.find("[{").unwrap() + 1..TRADE.len() - 2];
    let second = element
        .replace("109116693", "109116694")
        .replace("BTC/USD", "ETH/USD");
    let frame =
        format!(r#"{{"channel":"trade","type":"update","data":[{element},{second},{element}]}}"#);
    let mut bench = kraken();
    assert_eq!(bench.decode(&frame).unwrap().len(), 3);
    let ids: Vec<_> = bench.batch.streams().map(|(id, _)| id.index()).collect();
    assert_eq!(ids, [0, 1, 0]);
}

#[test]
fn stamps_have_up_to_nine_digits() {
    let fine = TRADE.replace("844359Z", "844359566Z");
    assert_eq!(
        kraken().trade(&fine).header.ts_venue,
        1_790_358_506_844_359_566
    );
    let finer = TRADE.replace("844359Z", "8443595661Z");
    assert_eq!(kraken().refusal(&finer), Reject::InvalidTime("timestamp"));
}
