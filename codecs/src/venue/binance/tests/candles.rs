//! Candles and liquidations.

use super::*;

pub(super) const KLINE: &str = r#"{"e":"kline","E":1672515782136,"s":"BNBBTC","k":{"t":1672515780000,"T":1672515839999,"s":"BNBBTC","i":"1m","f":100,"L":200,"o":"0.00100000","c":"0.00200000","h":"0.00250000","l":"0.00150000","v":"1000.00000000","n":100,"x":false,"q":"1.00000000","V":"500.00000000","Q":"0.500000000","B":"123456"}}"#;
pub(super) const LIQUIDATION: &str = r#"{"e":"forceOrder","E":1568014460893,"o":{"s":"BTCUSDT","S":"SELL","o":"LIMIT","f":"IOC","q":"0.014","p":"9910","ap":"9910.5","X":"FILLED","l":"0.014","z":"0.0135","T":1568014460890}}"#;

fn candle(bench: &mut Bench<Binance>, frame: &str) -> Candle {
    match bench.one(frame) {
        Item::Candle(candle) => candle,
        other => panic!("{other:?} from {frame}"),
    }
}

fn liquidation(bench: &mut Bench<Binance>, frame: &str) -> Liquidation {
    match bench.one(frame) {
        Item::Liquidation(found) => found,
        other => panic!("{other:?} from {frame}"),
    }
}

#[test]
fn a_candle_keeps_every_value() {
    let mut bench = spot();
    let found = candle(&mut bench, KLINE);
    assert_eq!((found.channel, found.closed), (Channel::CANDLE_1M, 0));
    assert_eq!(found.ts_open, 1_672_515_780_000_000_000);
    assert_eq!(
        found.ts_close, 1_672_515_840_000_000_000,
        "not its last instant"
    );
    assert_eq!(found.header.ts_venue, 1_672_515_782_136_000_000);
    assert_eq!(
        [found.open, found.high, found.low, found.close],
        [100_000, 250_000, 150_000, 200_000]
    );
    assert_eq!(found.px_exp, -8);
    assert_eq!(
        (found.volume, found.taker_volume, found.volume_exp),
        (100_000_000_000, 50_000_000_000, -8)
    );
    assert_eq!(
        (
            found.quote_volume,
            found.taker_quote_volume,
            found.quote_exp
        ),
        (1_000_000_000, 500_000_000, -9),
        "the finer exponent of the two"
    );
    assert_eq!(
        (found.trades, found.first_id, found.last_id),
        (100, 100, 200)
    );
    assert_eq!(found.vwap, ABSENT);
    assert!(bench.knows_all());
    let closed = candle(&mut spot(), &KLINE.replace("false", "true"));
    assert_eq!(closed.closed, 1);
}

#[test]
fn every_interval_has_its_channel_and_its_name_is_case_sensitive() {
    let venue = Binance::new(SPOT, StreamOptions::default());
    let candles = venue
        .channels()
        .iter()
        .filter(|channel| channel.is_candle());
    let mut seen = 0;
    for &channel in candles {
        let name = request(&venue, Ask::Subscribe, &[("BNBBTC", channel)]);
        let interval = name.split("@kline_").nth(1).unwrap();
        let interval = interval.split('"').next().unwrap();
        let frame = KLINE.replace(r#""i":"1m""#, &format!(r#""i":"{interval}""#));
        assert_eq!(candle(&mut spot(), &frame).channel, channel, "{interval}");
        seen += 1;
    }
    assert_eq!(seen, 16);
    let month = KLINE.replace(r#""i":"1m""#, r#""i":"1M""#);
    assert_eq!(candle(&mut spot(), &month).channel, Channel::CANDLE_1MO);
}

#[test]
fn an_interval_of_later_years_is_ignored_and_told() {
    let mut bench = spot();
    let frame = KLINE.replace(r#""i":"1m""#, r#""i":"2d""#);
    assert_eq!(bench.control(&frame), Control::Ignored);
    let drift: Vec<_> = bench.batch.drift.fields().collect();
    assert_eq!(drift, [("kline", "i=2d", 1)]);
}

#[test]
fn a_candle_without_trades_has_no_ids_and_one_in_microseconds_ends_exactly() {
    let idle = KLINE
        .replace(r#""f":100,"L":200"#, r#""f":-1,"L":-1"#)
        .replace(r#""n":100"#, r#""n":0"#)
        .replace("1672515780000", "1672515780000000")
        .replace("1672515839999", "1672515839999999");
    let found = candle(&mut spot(), &idle);
    assert_eq!((found.first_id, found.last_id, found.trades), (0, 0, 0));
    assert_eq!(found.ts_open, 1_672_515_780_000_000_000);
    assert_eq!(found.ts_close, 1_672_515_840_000_000_000);
}

#[test]
fn candles_that_lack_or_bend_a_field_are_refused() {
    for (from, to, expected) in [
        (r#""o":"0.00100000","#, "", Reject::MissingField("o")),
        (r#""x":false,"#, "", Reject::MissingField("x")),
        (r#""x":false"#, r#""x":"no""#, Reject::WrongType("x")),
        (r#""v":"1000.00000000","#, "", Reject::MissingField("v")),
        (r#""h":"0.00250000""#, r#""h":"-1""#, Reject::Negative("h")),
        (
            r#""T":1672515839999"#,
            r#""T":18446744073709551615"#,
            Reject::InvalidTime("T"),
        ),
        (r#""f":100"#, r#""f":-2"#, Reject::InvalidNumber("f")),
        (r#""i":"1m","#, "", Reject::MissingField("i")),
        (r#""k":{"#, r#""k":[],"K":{"#, Reject::WrongType("k")),
    ] {
        let bent = KLINE.replace(from, to);
        assert_eq!(spot().refusal(&bent), expected, "{bent}");
    }
}

#[test]
fn a_liquidation_has_the_side_of_the_closing_order() {
    let mut bench = Bench::new(USDM);
    let found = liquidation(&mut bench, LIQUIDATION);
    assert_eq!(found.side, Side::SELL, "a long position was closed");
    assert_eq!((found.px, found.avg_px, found.px_exp), (99_100, 99_105, -1));
    assert_eq!((found.qty, found.filled_qty, found.qty_exp), (140, 135, -4));
    assert_eq!(found.header.ts_venue, 1_568_014_460_890_000_000);
    assert_eq!(found.header.ts_send, 1_568_014_460_893_000_000);
    assert!(bench.knows_all());
    let bought = LIQUIDATION.replace("SELL", "BUY");
    assert_eq!(liquidation(&mut bench, &bought).side, Side::BUY);
}

#[test]
fn a_coin_margined_liquidation_names_its_pair_inside() {
    let inside = LIQUIDATION.replace(r#""s":"BTCUSDT""#, r#""s":"BTCUSD_PERP","ps":"BTCUSD""#);
    let mut bench = Bench::new(COINM);
    liquidation(&mut bench, &inside);
    assert!(bench.knows_all());
}

#[test]
fn a_liquidation_without_its_optional_numbers_says_so() {
    let bare = LIQUIDATION
        .replace(r#""ap":"9910.5","#, "")
        .replace(r#""z":"0.0135","#, "");
    let found = liquidation(&mut Bench::new(USDM), &bare);
    assert_eq!((found.avg_px, found.filled_qty), (ABSENT, ABSENT));
    assert_eq!((found.px, found.qty), (9_910, 14));
}

#[test]
fn liquidations_that_lack_or_bend_a_field_are_refused() {
    for (from, to, expected) in [
        (r#""S":"SELL""#, r#""S":"HOLD""#, Reject::InvalidSide("S")),
        (r#""p":"9910","#, "", Reject::MissingField("p")),
        (r#""s":"BTCUSDT","#, "", Reject::MissingField("s")),
        (
            r#""T":1568014460890"#,
            r#""T":null"#,
            Reject::WrongType("T"),
        ),
        (r#""q":"0.014""#, r#""q":"-0.014""#, Reject::Negative("q")),
    ] {
        let bent = LIQUIDATION.replace(from, to);
        assert_eq!(
            Bench::<Binance>::new(USDM).refusal(&bent),
            expected,
            "{bent}"
        );
    }
}
