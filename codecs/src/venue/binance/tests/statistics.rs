//! Tickers, mark prices, index prices and averages.

use super::*;

pub(super) const TICKER: &str = r#"{"e":"24hrTicker","E":1672515782136,"s":"BNBBTC","p":"-0.00150000","P":"-250.00","w":"0.00180000","x":"0.00090000","c":"0.00250000","Q":"10.00000000","b":"0.00240000","B":"11.00000000","a":"0.00260000","A":"100.00000000","o":"0.00100000","h":"0.00250000","l":"0.00100000","v":"10000.00000000","q":"18.00000000","O":1672429382136,"C":1672515782136,"F":0,"L":18150,"n":18151}"#;
pub(super) const MINI_TICKER: &str = r#"{"e":"24hrMiniTicker","E":1672515782136,"s":"BNBBTC","c":"0.00250000","o":"0.00100000","h":"0.00250000","l":"0.00100000","v":"10000.00000000","q":"18.00000000"}"#;
pub(super) const ROLLING: &str = r#"{"e":"1hTicker","E":1672515782136,"s":"BNBBTC","p":"0.00150000","P":"250.00","o":"0.00100000","h":"0.00250000","l":"0.00100000","c":"0.00250000","w":"0.00180000","v":"10000.00000000","q":"18.00000000","O":1672512180000,"C":1672515782136,"F":0,"L":18150,"n":18151}"#;
pub(super) const AVERAGE: &str = r#"{"e":"avgPrice","E":1693907033000,"s":"BTCUSDT","i":"5m","w":"25776.86000000","T":1693907032213}"#;
pub(super) const MARK: &str = r#"{"e":"markPriceUpdate","E":1562305380000,"s":"BTCUSDT","p":"11794.15000000","ap":"11794.25000000","i":"11784.62659091","P":"11784.25641265","r":"0.00038167","T":1562306400000,"st":1}"#;
pub(super) const INDEX: &str =
    r#"{"e":"indexPriceUpdate","E":1591261236000,"i":"BTCUSD","p":"9636.57860000"}"#;

/// The one ticker of a frame: its head, and its figures as text.
fn ticker(bench: &mut Bench<Binance>, frame: &str) -> (TickerHead, Vec<(FigureName, String)>) {
    let Item::Ticker {
        head,
        figures,
        change: false,
    } = bench.one(frame)
    else {
        panic!("no full ticker in {frame}");
    };
    let shown = |figure: &Figure| (figure.name, figure.value().to_string());
    (
        head,
        bench.batch.figures[figures].iter().map(shown).collect(),
    )
}

fn figures(expected: &[(FigureName, &str)]) -> Vec<(FigureName, String)> {
    let owned = |(name, value): &(FigureName, &str)| (*name, (*value).to_owned());
    expected.iter().map(owned).collect()
}

#[test]
fn a_ticker_keeps_every_figure_in_the_order_of_its_names() {
    let mut bench = spot();
    let (head, found) = ticker(&mut bench, TICKER);
    let expected = figures(&[
        (FigureName::LAST_PRICE, "0.0025"),
        (FigureName::OPEN, "0.001"),
        (FigureName::HIGH, "0.0025"),
        (FigureName::LOW, "0.001"),
        (FigureName::PREV_CLOSE, "0.0009"),
        (FigureName::CHANGE, "-0.0015"),
        (FigureName::CHANGE_PERCENT, "-250"),
        (FigureName::VWAP, "0.0018"),
        (FigureName::LAST_QTY, "10"),
        (FigureName::BID_PRICE, "0.0024"),
        (FigureName::BID_QTY, "11"),
        (FigureName::ASK_PRICE, "0.0026"),
        (FigureName::ASK_QTY, "100"),
        (FigureName::VOLUME, "10000"),
        (FigureName::QUOTE_VOLUME, "18"),
        (FigureName::TRADES, "18151"),
        (FigureName::FIRST_TRADE_ID, "0"),
        (FigureName::LAST_TRADE_ID, "18150"),
        (FigureName::WINDOW_OPEN, "1672429382.136"),
        (FigureName::WINDOW_CLOSE, "1672515782.136"),
    ]);
    assert_eq!(found, expected);
    assert_eq!(head.channel, Channel::TICKER);
    assert_eq!(head.header.ts_venue, 1_672_515_782_136_000_000);
    assert_eq!(head.header.ts_send, 1_672_515_782_136_000_000);
    assert!(bench.knows_all());
}

#[test]
fn a_futures_ticker_has_neither_best_prices_nor_a_price_before() {
    let futures = TICKER
        .replace(r#""x":"0.00090000","#, "")
        .replace(
            r#""b":"0.00240000","B":"11.00000000","a":"0.00260000","A":"100.00000000","#,
            "",
        )
        .replace(r#""n":18151"#, r#""n":18151,"ps":"BNBBTC","st":1"#);
    for id in [USDM, COINM] {
        let mut bench = Bench::new(id);
        let (_, found) = ticker(&mut bench, &futures);
        assert_eq!(found.len(), 15);
        assert!(found.iter().all(|row| row.0 != FigureName::BID_PRICE));
        assert!(bench.knows_all());
    }
}

#[test]
fn each_rolling_window_has_a_channel_of_its_own() {
    for (event, channel) in [
        ("1hTicker", Channel::TICKER_1H),
        ("4hTicker", Channel::TICKER_4H),
        ("1dTicker", Channel::TICKER_1D),
    ] {
        let mut bench = spot();
        let (head, found) = ticker(&mut bench, &ROLLING.replace("1hTicker", event));
        assert_eq!((head.channel, found.len()), (channel, 14));
        assert!(bench.knows_all());
    }
}

#[test]
fn the_short_form_has_six_figures() {
    let mut bench = spot();
    let (head, found) = ticker(&mut bench, MINI_TICKER);
    let expected = figures(&[
        (FigureName::LAST_PRICE, "0.0025"),
        (FigureName::OPEN, "0.001"),
        (FigureName::HIGH, "0.0025"),
        (FigureName::LOW, "0.001"),
        (FigureName::VOLUME, "10000"),
        (FigureName::QUOTE_VOLUME, "18"),
    ]);
    assert_eq!((head.channel, found), (Channel::MINI_TICKER, expected));
    assert!(bench.knows_all());
}

#[test]
fn an_average_price_has_the_time_of_the_last_trade() {
    let mut bench = spot();
    let (head, found) = ticker(&mut bench, AVERAGE);
    let expected = figures(&[(FigureName::AVG_PRICE, "25776.86")]);
    assert_eq!((head.channel, found), (Channel::AVG_PRICE, expected));
    assert_eq!(head.header.ts_venue, 1_693_907_032_213_000_000);
    assert_eq!(head.header.ts_send, 1_693_907_033_000_000_000);
    assert!(bench.knows_all());
}

#[test]
fn a_mark_price_has_index_settlement_and_funding() {
    let mut bench = Bench::new(USDM);
    let (head, found) = ticker(&mut bench, MARK);
    let expected = figures(&[
        (FigureName::MARK_PRICE, "11794.15"),
        (FigureName::INDEX_PRICE, "11784.62659091"),
        (FigureName::SETTLE_ESTIMATE, "11784.25641265"),
        (FigureName::FUNDING_RATE, "0.00038167"),
        (FigureName::NEXT_FUNDING_TIME, "1562306400"),
        (FigureName::MARK_PRICE_AVG, "11794.25"),
    ]);
    assert_eq!((head.channel, found), (Channel::MARK_PRICE, expected));
    assert!(bench.knows_all());
}

#[test]
fn a_delivery_contract_has_no_funding_and_old_messages_no_average() {
    let delivery = r#"{"e":"markPriceUpdate","E":1596095725000,"s":"BTCUSD_201225","p":"10934.62615417","P":"10962.17178236","r":"","T":0}"#;
    let (_, found) = ticker(&mut Bench::new(COINM), delivery);
    let expected = figures(&[
        (FigureName::MARK_PRICE, "10934.62615417"),
        (FigureName::SETTLE_ESTIMATE, "10962.17178236"),
    ]);
    assert_eq!(found, expected);
}

#[test]
fn an_index_price_is_told_for_each_contract_of_its_pair() {
    let mut bench = Bench::<Binance>::new(COINM);
    for symbol in ["BTCUSD_PERP", "ETHUSD_PERP", "BTCUSD_260327"] {
        bench.instruments.add(symbol).unwrap();
    }
    let items = bench.decode(INDEX).unwrap().to_vec();
    let told: Vec<_> = items
        .iter()
        .map(|item| match item {
            Item::Ticker { head, figures, .. } => {
                assert_eq!(head.channel, Channel::INDEX_PRICE);
                let [figure] = &bench.batch.figures[figures.clone()] else {
                    panic!("{figures:?}");
                };
                assert_eq!(figure.name, FigureName::INDEX_PRICE);
                (head.header.instrument.index(), figure.value().to_string())
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        told,
        [(0, "9636.5786".to_owned()), (2, "9636.5786".to_owned())]
    );
    assert!(bench.knows_all());
}

#[test]
fn an_index_price_of_a_recording_stands_for_its_pair() {
    let mut bench = Bench::new(COINM);
    let (head, _) = ticker(&mut bench, INDEX);
    let pair = bench.instruments.get(head.header.instrument);
    assert_eq!(&*pair.symbol, "BTCUSD");
}

#[test]
fn a_symbol_without_trades_has_no_trade_ids() {
    let idle = TICKER.replace(r#""F":0,"L":18150"#, r#""F":-1,"L":-1"#);
    let (_, found) = ticker(&mut spot(), &idle);
    assert_eq!(found.len(), 18);
    let ids = [FigureName::FIRST_TRADE_ID, FigureName::LAST_TRADE_ID];
    assert!(found.iter().all(|row| !ids.contains(&row.0)));
}

#[test]
fn a_turnover_beyond_64_bits_does_not_take_the_price_away() {
    let huge = MINI_TICKER.replace("18.00000000", "123456789012.12345678");
    let mut bench = spot();
    let (_, found) = ticker(&mut bench, &huge);
    assert_eq!(found[0], (FigureName::LAST_PRICE, "0.0025".to_owned()));
    assert_eq!(found.len(), 5);
    let drift: Vec<_> = bench.batch.drift.fields().collect();
    assert_eq!(drift, [("24hrMiniTicker", "q=out of range", 1)]);
}

#[test]
fn the_order_of_keys_and_the_unit_of_times_do_not_matter() {
    let reversed = r#"{"T":1693907032213456,"w":"25776.86000000","i":"5m","s":"BTCUSDT","E":1693907033000123,"e":"avgPrice"}"#;
    let (head, found) = ticker(&mut spot(), reversed);
    assert_eq!(found, figures(&[(FigureName::AVG_PRICE, "25776.86")]));
    assert_eq!(head.header.ts_venue, 1_693_907_032_213_456_000);
    assert_eq!(head.header.ts_send, 1_693_907_033_000_123_000);
}

#[test]
fn statistics_that_lack_a_required_field_or_bend_one_are_refused() {
    for (golden, from, to, expected) in [
        (
            TICKER,
            r#""c":"0.00250000","#,
            "",
            Reject::MissingField("c"),
        ),
        (TICKER, r#""s":"BNBBTC","#, "", Reject::MissingField("s")),
        (
            TICKER,
            r#""n":18151"#,
            r#""n":18151,"n":1"#,
            Reject::DuplicateField,
        ),
        (
            TICKER,
            r#""E":1672515782136,"#,
            "",
            Reject::MissingField("E"),
        ),
        (
            MINI_TICKER,
            r#""v":"10000.00000000""#,
            r#""v":null"#,
            Reject::WrongType("v"),
        ),
        (
            MARK,
            r#""p":"11794.15000000""#,
            r#""p":"""#,
            Reject::InvalidNumber("p"),
        ),
        (
            MARK,
            r#""T":1562306400000"#,
            r#""T":"soon""#,
            Reject::InvalidTime("T"),
        ),
        (
            INDEX,
            r#""i":"BTCUSD""#,
            r#""i":1,"i":2"#,
            Reject::DuplicateField,
        ),
        (
            AVERAGE,
            r#""w":"25776.86000000""#,
            r#""w":"NaN""#,
            Reject::InvalidNumber("w"),
        ),
    ] {
        let bent = golden.replace(from, to);
        assert_ne!(bent, golden, "{from}");
        assert_eq!(spot().refusal(&bent), expected, "{bent}");
    }
}

#[test]
fn a_new_figure_passes_and_is_counted() {
    let mut bench = Bench::new(USDM);
    let (_, found) = ticker(
        &mut bench,
        &MARK.replace(r#""st":1"#, r#""st":1,"zz":{"a":[]}"#),
    );
    assert_eq!(found.len(), 6);
    let drift: Vec<_> = bench.batch.drift.fields().collect();
    assert_eq!(drift, [("markPriceUpdate", "zz", 1)]);
}
