//! Trades and aggregates.

use super::*;

#[test]
fn a_spot_trade_keeps_every_value() {
    let mut bench = spot();
    let trade = bench.trade(TRADE);
    assert_eq!(
        bench.instruments.get(trade.header.instrument).symbol,
        "BNBBTC".into()
    );
    assert_eq!(shown(&trade), ("0.001024".to_owned(), "100".to_owned()));
    assert_eq!(
        (trade.px, trade.px_exp, trade.qty, trade.qty_exp),
        (102_400, -8, 10_000_000_000, -8)
    );
    assert_eq!(trade.side, Side::SELL, "the buyer was the maker");
    assert_eq!(
        (trade.id(), trade.header.seq),
        (TradeId::Integer(12345), 12345)
    );
    assert_eq!(trade.header.ts_venue, 1_672_515_782_133_000_000);
    assert_eq!(trade.header.ts_send, 1_672_515_782_136_000_000);
    assert_eq!(
        (trade.first_id, trade.last_id, trade.conditions),
        (0, 0, Conditions(0))
    );
    assert!(bench.knows_all());
}

#[test]
fn a_trade_of_before_2024_06_with_order_ids_is_the_same_trade() {
    let old = TRADE.replace(r#""T":"#, r#""b":88,"a":50,"T":"#);
    let mut bench = spot();
    assert_eq!(bench.trade(&old), spot().trade(TRADE));
    assert!(bench.knows_all());
}

#[test]
fn a_trade_without_the_ignored_flag_is_the_same_trade() {
    assert_eq!(
        spot().trade(&TRADE.replace(r#","M":true"#, "")),
        spot().trade(TRADE)
    );
}

#[test]
fn an_aggregate_keeps_its_range_of_trades() {
    let trade = spot().trade(AGG_TRADE);
    assert_eq!(shown(&trade), ("0.001024".to_owned(), "0.05".to_owned()));
    assert_eq!(trade.side, Side::BUY, "the buyer was the taker");
    assert_eq!(trade.id(), TradeId::Integer(12346));
    assert_eq!((trade.first_id, trade.last_id), (100, 105));
    assert_eq!(trade.conditions, Conditions::AGGREGATE);
    assert_eq!(trade.header.ts_venue, 1_672_515_782_134_000_000);
}

#[test]
fn futures_aggregates_with_the_fields_of_2026_are_known() {
    for (id, frame) in [
        (
            USDM,
            r#"{"e":"aggTrade","E":123456789,"s":"BTCUSDT","a":5933014,"p":"0.001","q":"100","nq":"90","f":100,"l":105,"T":123456785,"m":true,"st":1}"#,
        ),
        (
            COINM,
            r#"{"e":"aggTrade","E":1591261134288,"a":5933014,"s":"BTCUSD_200626","p":"9643.5","q":"2","f":606073,"l":606073,"T":1591261134199,"m":false,"st":2}"#,
        ),
    ] {
        let mut bench = Bench::<Binance>::new(id);
        let trade = bench.trade(frame);
        assert_eq!(trade.id(), TradeId::Integer(5_933_014));
        assert!(trade.conditions.contains(Conditions::AGGREGATE));
        assert!(bench.knows_all(), "{id}");
    }
}
