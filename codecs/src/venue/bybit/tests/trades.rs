//! Trades and liquidations.

use super::{LINEAR, OPTION, SPOT, drift, linear, named};
use crate::batch::Item;
use crate::record::{ABSENT, Conditions, Kind, Side, TradeId};
use crate::reject::Reject;
use crate::venue::bybit::Bybit;
use crate::venue::workbench::{Bench, shown};

pub(super) const TRADE: &str = r#"{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1672304486868,"data":[{"T":1672304486865,"s":"BTCUSDT","S":"Buy","v":"0.001","p":"16578.50","L":"PlusTick","i":"20f43950-d8dd-5b31-9112-a178eb6023af","BT":false,"RPI":false,"seq":1783284617}]}"#;
const SPOT_TRADE: &str = r#"{"topic":"publicTrade.BTCUSDT","ts":1703430744103,"type":"snapshot","data":[{"i":"2290000000090712222","T":1703430744102,"p":"43774","v":"0.0026","S":"Sell","s":"BTCUSDT","BT":false}]}"#;

#[test]
fn a_linear_trade_keeps_every_value() {
    let mut bench = linear();
    let trade = bench.trade(TRADE);
    assert_eq!(shown(&trade), ("16578.5".to_owned(), "0.001".to_owned()));
    assert_eq!(
        (trade.px, trade.px_exp, trade.qty, trade.qty_exp),
        (1_657_850, -2, 1, -3)
    );
    assert_eq!(trade.side, Side::BUY);
    assert_eq!(
        trade.id().to_string(),
        "20f43950-d8dd-5b31-9112-a178eb6023af"
    );
    assert_eq!(trade.header.seq, 1_783_284_617);
    assert_eq!(trade.header.ts_venue, 1_672_304_486_865_000_000);
    assert_eq!(trade.header.ts_send, 1_672_304_486_868_000_000);
    assert_eq!(trade.conditions, Conditions::default());
    assert!(bench.knows_all());
}

#[test]
fn a_spot_trade_has_a_number_beyond_a_doubles_integers() {
    let mut bench = Bench::<Bybit>::new(SPOT);
    let trade = bench.trade(SPOT_TRADE);
    assert_eq!(trade.id(), TradeId::Integer(2_290_000_000_090_712_222));
    assert_eq!(
        (trade.side, trade.header.seq),
        (Side::SELL, 0),
        "old trades have no seq"
    );
    assert_eq!(shown(&trade), ("43774".to_owned(), "0.0026".to_owned()));
    assert!(bench.knows_all());
}

#[test]
fn block_and_rpi_trades_are_marked() {
    for (field, condition) in [("BT", Conditions::BLOCK), ("RPI", Conditions::RPI)] {
        let marked = TRADE.replace(
            &format!(r#""{field}":false"#),
            &format!(r#""{field}":true"#),
        );
        assert_eq!(linear().trade(&marked).conditions, condition);
    }
    let without = TRADE.replace(r#","RPI":false,"seq":1783284617"#, "");
    assert_eq!(linear().trade(&without).conditions, Conditions::default());
}

#[test]
fn several_trades_of_one_message_stay_in_order() {
    let one = &TRADE[TRADE.find("[{").unwrap() + 1..TRADE.len() - 2];
    let trades: Vec<String> = (0..1024)
        .map(|at| one.replace("6023af", &format!("6{at:05x}")))
        .collect();
    let frame = format!(
        r#"{{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":5,"data":[{}]}}"#,
        trades.join(",")
    );
    let mut bench = linear();
    let items = bench.decode(&frame).unwrap();
    assert_eq!(items.len(), 1024);
    let ids: Vec<String> = items
        .iter()
        .map(|item| match item {
            Item::Trade(trade) => trade.id().to_string(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(ids.is_sorted());
    assert_eq!(&ids[1023][31..], "003ff");
    let flood = frame.replace(']', &format!(",{}]", vec![one; 4096].join(",")));
    assert_eq!(bench.refusal(&flood), Reject::TooMany);
}

#[test]
fn an_id_that_is_neither_number_nor_uuid_is_refused() {
    for id in ["", "x", "20f43950d8dd5b319112a178eb6023af", "-1"] {
        let odd = TRADE.replace("20f43950-d8dd-5b31-9112-a178eb6023af", id);
        assert_eq!(linear().refusal(&odd), Reject::InvalidId("i"), "{id}");
    }
    for side in ["buy", "BUY", "", "None"] {
        let odd = TRADE.replace(r#""Buy""#, &format!(r#""{side}""#));
        assert_eq!(linear().refusal(&odd), Reject::InvalidSide("S"), "{side}");
    }
}

#[test]
fn a_trade_message_of_no_trades_says_nothing() {
    let none = r#"{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1,"data":[]}"#;
    assert_eq!(linear().decode(none), Ok(&[][..]));
}

pub(super) const OPTION_TRADES: &str = r#"{"id":"publicTrade.BTC-3374-1","topic":"publicTrade.BTC","type":"snapshot","ts":1672304486868,"data":[{"T":1672304486865,"s":"BTC-6JAN23-17500-C","S":"Sell","v":"0.1","p":"15","i":"20f43950-d8dd-5b31-9112-a178eb6023af","BT":false,"mP":"7.8","iP":"16823.7","mIv":"0.48","iv":"0.51","seq":7},{"T":1672304486866,"s":"BTC-6JAN23-18000-P","S":"Buy","v":"0.2","p":"20","i":"20f43950-d8dd-5b31-9112-a178eb6023b0","BT":true,"mP":"7.8","iP":"16823.7","mIv":"0.48","iv":"0.51","seq":8}]}"#;

#[test]
fn option_trades_of_other_instruments_of_the_base_coin_are_passed_over() {
    let (mut bench, ids) = named(OPTION, &["BTC-6JAN23-18000-P"]);
    let trade = bench.trade(OPTION_TRADES);
    assert_eq!(trade.header.instrument, ids[0]);
    assert_eq!(shown(&trade), ("20".to_owned(), "0.2".to_owned()));
    assert_eq!((trade.side, trade.header.seq), (Side::BUY, 8));
    assert_eq!(trade.conditions, Conditions::BLOCK);
    assert!(bench.knows_all(), "{:?}", drift(&bench));
    let (mut other, _) = named(OPTION, &["BTC-6JAN23-19000-P"]);
    assert_eq!(other.decode(OPTION_TRADES), Ok(&[][..]));
    assert_eq!(
        Bench::<Bybit>::new(OPTION)
            .decode(OPTION_TRADES)
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn a_trade_of_an_instrument_that_is_not_carried_is_refused_elsewhere() {
    let (mut bench, _) = named(LINEAR, &["ETHUSDT"]);
    assert_eq!(bench.refusal(TRADE), Reject::UnknownInstrument);
}

#[test]
fn a_new_field_of_a_trade_passes_and_is_counted() {
    let newer = TRADE.replace(r#""BT":false"#, r#""BT":false,"NEW":[1]"#);
    let mut bench = linear();
    assert_eq!(bench.trade(&newer).px, 1_657_850);
    assert_eq!(drift(&bench), ["publicTrade:NEWx1"]);
}

#[test]
fn a_liquidation_of_a_long_position_is_a_sale() {
    for (position, order) in [("Buy", Side::SELL), ("Sell", Side::BUY)] {
        let frame = format!(
            r#"{{"topic":"allLiquidation.ROSEUSDT","type":"snapshot","ts":1739502303204,"data":[{{"T":1739502302929,"s":"ROSEUSDT","S":"{position}","v":"20000","p":"0.04499"}}]}}"#
        );
        let mut bench = linear();
        let Item::Liquidation(found) = bench.one(&frame) else {
            panic!("no liquidation");
        };
        assert_eq!(found.side, order, "{position}");
        assert_eq!((found.px, found.px_exp), (4_499, -5));
        assert_eq!((found.qty, found.qty_exp), (20_000, 0));
        assert_eq!((found.avg_px, found.filled_qty), (ABSENT, ABSENT));
        assert_eq!(found.header.template_id, Kind::Liquidation as u16);
        assert_eq!(found.header.ts_venue, 1_739_502_302_929_000_000);
        assert_eq!(found.header.ts_send, 1_739_502_303_204_000_000);
        assert!(bench.knows_all());
        let odd = frame.replace(position, "Long");
        assert_eq!(bench.refusal(&odd), Reject::InvalidSide("S"));
    }
}
