//! `ticker` and `ohlc`.

use super::{TICKER, kraken};
use crate::batch::{Control, Item};
use crate::record::{ABSENT, Bbo, Candle, Figure, FigureName};
use crate::reject::Reject;
use crate::venue::Channel;
use crate::venue::kraken::Kraken;
use crate::venue::workbench::Bench;

const CANDLE: &str = r#"{"channel":"ohlc","type":"update","timestamp":"2026-09-25T17:48:26.844359566Z","data":[{"symbol":"BTC/USD","open":83729.5,"high":83745.2,"low":83729.4,"close":83744.3,"trades":33,"volume":0.21155628,"vwap":83736.45,"interval_begin":"2026-09-25T17:48:00.000000000Z","interval":1,"timestamp":"2026-09-25T17:49:00.000000Z"}]}"#;

/// Both items of a ticker message: the best prices, and the figures by name.
fn ticker(bench: &mut Bench<Kraken>, frame: &str) -> (Bbo, Vec<(FigureName, String)>) {
    let items = bench.decode(frame).unwrap().to_vec();
    let [
        Item::Bbo(bbo),
        Item::Ticker {
            head,
            figures,
            change: false,
        },
    ] = &items[..]
    else {
        panic!("{items:?}");
    };
    assert_eq!(head.channel, Channel::TICKER);
    assert_eq!(head.header.ts_venue, bbo.header.ts_venue);
    assert_eq!(head.header.instrument, bbo.header.instrument);
    let shown = |figure: &Figure| (figure.name, figure.value().to_string());
    (
        *bbo,
        bench.batch.figures[figures.clone()]
            .iter()
            .map(shown)
            .collect(),
    )
}

fn candle(frame: &str) -> Candle {
    match kraken().one(frame) {
        Item::Candle(candle) => candle,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_ticker_is_the_best_price() {
    let mut bench = kraken();
    let (bbo, _) = ticker(&mut bench, TICKER);
    assert_eq!((bbo.bid_px, bbo.bid_qty), (837_442, 56_251_979));
    assert_eq!((bbo.ask_px, bbo.ask_qty), (837_443, 44_780));
    assert_eq!((bbo.px_exp, bbo.qty_exp, bbo.header.seq), (-1, -8, 0));
    assert_eq!(bbo.header.ts_venue, 1_790_358_506_844_359_000);
    assert!(bench.knows_all());
    let one_sided = TICKER
        .replace("0.56251979", "0.00000000")
        .replace("83744.2,", "0.0,");
    let (bbo, figures) = ticker(&mut bench, &one_sided);
    assert_eq!(bbo.bid_px, ABSENT);
    assert!(
        !figures
            .iter()
            .any(|figure| figure.0 == FigureName::BID_PRICE)
    );
}

#[test]
fn a_ticker_is_the_statistics_of_a_day() {
    let mut bench = kraken();
    let (_, figures) = ticker(&mut bench, TICKER);
    let expected = [
        (FigureName::LAST_PRICE, "83744.3"),
        (FigureName::HIGH, "85247.4"),
        (FigureName::LOW, "83163.6"),
        (FigureName::CHANGE, "-429.3"),
        (FigureName::CHANGE_PERCENT, "-0.51"),
        (FigureName::VWAP, "84174.6"),
        (FigureName::BID_PRICE, "83744.2"),
        (FigureName::BID_QTY, "0.56251979"),
        (FigureName::ASK_PRICE, "83744.3"),
        (FigureName::ASK_QTY, "0.0004478"),
        (FigureName::VOLUME, "3156.8478211"),
        (FigureName::TRADES, "135262"),
    ];
    let expected: Vec<_> = expected.map(|(name, text)| (name, text.to_owned())).into();
    assert_eq!(figures, expected);
}

#[test]
fn a_ticker_of_2023_has_neither_time_nor_trades() {
    let old = TICKER.replace(
        r#","trades":135262,"timestamp":"2026-09-25T17:48:26.844359Z""#,
        "",
    );
    let mut bench = kraken();
    let (bbo, figures) = ticker(&mut bench, &old);
    assert_eq!((bbo.header.ts_venue, bbo.bid_px), (0, 837_442));
    assert_eq!(figures.len(), 11);
}

#[test]
fn a_statistic_that_no_record_holds_is_left_out_and_told() {
    let mut bench = kraken();
    let huge = TICKER.replace("3156.84782110", "270638277123456.50461281");
    let (_, figures) = ticker(&mut bench, &huge);
    assert!(!figures.iter().any(|figure| figure.0 == FigureName::VOLUME));
    assert_eq!(figures.len(), 11);
    let drift: Vec<_> = bench.batch.drift.fields().collect();
    assert_eq!(drift, [("ticker", "volume=out of range", 1)]);
}

#[test]
fn statistics_that_are_no_numbers_refuse_the_message() {
    for (from, to, expected) in [
        ("-429.3", "\"x\"", Reject::InvalidNumber("change")),
        ("85247.4", "[]", Reject::WrongType("high")),
        ("\"bid\":83744.2,", "", Reject::MissingField("bid")),
        ("\"last\":", "\"low\":1,\"last\":", Reject::DuplicateField),
        ("\"last\":", "\"bid\":1,\"last\":", Reject::DuplicateField),
    ] {
        let bent = TICKER.replacen(from, to, 1);
        assert_eq!(kraken().refusal(&bent), expected, "{bent}");
    }
}

#[test]
fn a_candle_keeps_every_value() {
    let candle = candle(CANDLE);
    assert_eq!(
        (
            candle.open,
            candle.high,
            candle.low,
            candle.close,
            candle.px_exp
        ),
        (837_295, 837_452, 837_294, 837_443, -1)
    );
    assert_eq!((candle.volume, candle.volume_exp), (21_155_628, -8));
    assert_eq!(
        (candle.vwap, candle.vwap_exp, candle.trades),
        (8_373_645, -2, 33)
    );
    assert_eq!(candle.channel, Channel::CANDLE_1M);
    assert_eq!(
        candle.header.ts_venue, 1_790_358_506_844_359_566,
        "nine digits"
    );
    assert_eq!(candle.ts_open, 1_790_358_480_000_000_000);
    assert_eq!(candle.ts_close, candle.ts_open + 60_000_000_000);
    assert_eq!(
        (candle.closed, candle.quote_volume),
        (0, ABSENT),
        "the venue tells neither"
    );
}

#[test]
fn prices_of_a_candle_share_the_finest_exponent() {
    let finer = CANDLE.replace("83729.4", "8.372945e4");
    let candle = candle(&finer);
    assert_eq!(
        (
            candle.open,
            candle.high,
            candle.low,
            candle.close,
            candle.px_exp
        ),
        (8_372_950, 8_374_520, 8_372_945, 8_374_430, -2)
    );
}

#[test]
fn every_interval_is_a_channel_of_its_own() {
    for (minutes, channel) in [
        (1, Channel::CANDLE_1M),
        (5, Channel::CANDLE_5M),
        (15, Channel::CANDLE_15M),
        (30, Channel::CANDLE_30M),
        (60, Channel::CANDLE_1H),
        (240, Channel::CANDLE_4H),
        (1_440, Channel::CANDLE_1D),
        (10_080, Channel::CANDLE_1W),
        (21_600, Channel::CANDLE_15D),
    ] {
        let frame = CANDLE.replace(r#""interval":1,"#, &format!(r#""interval":{minutes},"#));
        let found = candle(&frame);
        assert_eq!(found.channel, channel);
        assert_eq!(found.ts_close - found.ts_open, minutes * 60_000_000_000);
    }
}

#[test]
fn an_interval_that_is_new_is_ignored_and_told() {
    let mut bench = kraken();
    let frame = CANDLE.replace(r#""interval":1,"#, r#""interval":2,"#);
    assert_eq!(bench.control(&frame), Control::Ignored);
    assert_eq!(
        bench.batch.drift.fields().next(),
        Some(("ohlc", "interval=2", 1))
    );
}
