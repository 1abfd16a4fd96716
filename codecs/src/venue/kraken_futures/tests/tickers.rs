//! `ticker` and `ticker_lite`.

use super::futures;
use crate::batch::Item;
use crate::record::{ABSENT, Bbo, FigureName, TickerHead};
use crate::reject::Reject;
use crate::venue::Channel;
use crate::venue::kraken_futures::KrakenFutures;
use crate::venue::workbench::Bench;

const TICKER: &str = r#"{"time":1790359997224,"product_id":"PF_XBTUSD","funding_rate":0.912482213835,"funding_rate_prediction":1.3232500286425,"relative_funding_rate":-1.380384722222e-6,"relative_funding_rate_prediction":0.00001575425,"next_funding_rate_time":1790362800000,"leverage":"100x","premium":0.0,"feed":"ticker","bid":84001.0,"ask":84002.0,"bid_size":0.0273,"ask_size":0.006,"volume":4237.2723,"dtm":0,"index":83995.76,"last":83997.0,"change":-0.22,"suspended":false,"tag":"perpetual","pair":"XBT:USD","openInterest":2189.7813,"markPrice":84004.11362574516,"maturityTime":0,"post_only":true,"volumeQuote":356641614.007}"#;
const LITE: &str = r#"{"feed":"ticker_lite","product_id":"FI_XBTUSD_261225","bid":11726.5,"ask":11732.5,"change":0.0,"premium":-0.1,"volume":"7.0541503E7","tag":"quarter","pair":"XBT:USD","dtm":63,"maturityTime":1798210800000}"#;

type Figures = Vec<(FigureName, String)>;

/// The best prices, if there are any, the head of the statistics, and the figures by name.
fn ticker(bench: &mut Bench<KrakenFutures>, frame: &str) -> (Option<Bbo>, TickerHead, Figures) {
    let items = bench.decode(frame).unwrap().to_vec();
    let (bbo, ticker) = match &items[..] {
        [Item::Bbo(bbo), ticker] => (Some(*bbo), ticker),
        [ticker] => (None, ticker),
        other => panic!("{other:?}"),
    };
    let Item::Ticker { head, figures, .. } = ticker else {
        panic!("{ticker:?}");
    };
    let figures = bench.batch.figures[figures.clone()].iter();
    let shown = figures.map(|figure| (figure.name, figure.value().to_string()));
    (bbo, *head, shown.collect())
}

#[test]
fn a_ticker_is_best_prices_and_every_figure() {
    let mut bench = futures();
    let (bbo, head, figures) = ticker(&mut bench, TICKER);
    let bbo = bbo.unwrap();
    assert_eq!((bbo.bid_px, bbo.ask_px, bbo.px_exp), (840_010, 840_020, -1));
    assert_eq!((bbo.bid_qty, bbo.ask_qty, bbo.qty_exp), (273, 60, -4));
    assert_eq!(head.channel, Channel::TICKER);
    assert_eq!(head.header.ts_venue, 1_790_359_997_224_000_000);
    assert_eq!(bbo.header.ts_venue, head.header.ts_venue);
    let expected = [
        (FigureName::LAST_PRICE, "83997"),
        (FigureName::CHANGE_PERCENT, "-0.22"),
        (FigureName::BID_PRICE, "84001"),
        (FigureName::BID_QTY, "0.0273"),
        (FigureName::ASK_PRICE, "84002"),
        (FigureName::ASK_QTY, "0.006"),
        (FigureName::VOLUME, "4237.2723"),
        (FigureName::QUOTE_VOLUME, "356641614.007"),
        (FigureName::MARK_PRICE, "84004.11362574516"),
        (FigureName::INDEX_PRICE, "83995.76"),
        (FigureName::FUNDING_RATE, "0.912482213835"),
        (FigureName::NEXT_FUNDING_TIME, "1790362800"),
        (FigureName::OPEN_INTEREST, "2189.7813"),
        (FigureName::FUNDING_RATE_NEXT, "1.3232500286425"),
        (FigureName::RELATIVE_FUNDING_RATE, "-0.000001380384722222"),
        (FigureName::RELATIVE_FUNDING_RATE_NEXT, "0.00001575425"),
        (FigureName::PREMIUM, "0"),
        (FigureName::SUSPENDED, "0"),
        (FigureName::POST_ONLY, "1"),
        (FigureName::DAYS_TO_MATURITY, "0"),
    ];
    let expected: Figures = expected.map(|(name, text)| (name, text.to_owned())).into();
    assert_eq!(figures, expected, "no delivery time where it is 0");
    assert!(bench.knows_all());
}

#[test]
fn what_a_ticker_does_not_tell_is_not_there() {
    let bare = r#"{"feed":"ticker","product_id":"FI_XBTUSD_261225","time":1790359997224,"last":1}"#;
    let (bbo, _, figures) = ticker(&mut futures(), bare);
    assert_eq!(bbo, None);
    assert_eq!(figures, [(FigureName::LAST_PRICE, "1".to_owned())]);
    for (from, to) in [
        (r#""bid":84001.0,"#, ""),
        (r#""bid":84001.0,"#, r#""bid":null,"#),
        (r#""bid_size":0.0273,"#, r#""bid_size":0.0,"#),
    ] {
        let one_sided = TICKER
            .replace(from, to)
            .replace(r#""bid_size":0.0273,"#, "");
        let (bbo, ..) = ticker(&mut futures(), &one_sided);
        let bbo = bbo.unwrap();
        assert_eq!((bbo.bid_px, bbo.bid_qty, bbo.ask_px), (ABSENT, 0, 840_020));
    }
}

#[test]
fn the_short_form_has_a_channel_of_its_own() {
    let mut bench = futures();
    let (bbo, head, figures) = ticker(&mut bench, LITE);
    assert_eq!(bbo, None, "it tells no quantities");
    assert_eq!(
        (head.channel, head.header.ts_venue),
        (Channel::MINI_TICKER, 0)
    );
    let expected = [
        (FigureName::CHANGE_PERCENT, "0"),
        (FigureName::BID_PRICE, "11726.5"),
        (FigureName::ASK_PRICE, "11732.5"),
        (FigureName::VOLUME, "70541503"),
        (FigureName::PREMIUM, "-0.1"),
        (FigureName::DELIVERY_TIME, "1798210800"),
        (FigureName::DAYS_TO_MATURITY, "63"),
    ];
    let expected: Figures = expected.map(|(name, text)| (name, text.to_owned())).into();
    assert_eq!(figures, expected);
    assert!(bench.knows_all());
}

#[test]
fn a_rate_finer_than_any_record_is_left_out_and_told() {
    let mut bench = futures();
    let fine = TICKER.replace("0.912482213835", "1.380384722222e-9");
    let (bbo, _, figures) = ticker(&mut bench, &fine);
    assert!(bbo.is_some());
    assert!(!figures.iter().any(|row| row.0 == FigureName::FUNDING_RATE));
    let drift: Vec<_> = bench.batch.drift.fields().collect();
    assert_eq!(drift, [("ticker", "funding_rate=out of range", 1)]);
}

#[test]
fn tickers_that_are_none_are_refused() {
    for (from, to, expected) in [
        (
            "\"product_id\"",
            "\"product\"",
            Reject::MissingField("product_id"),
        ),
        ("1790359997224", "\"now\"", Reject::InvalidTime("time")),
        ("\"last\"", "\"index\":1,\"last\"", Reject::DuplicateField),
        (
            "\"last\"",
            "\"feed\":\"ticker\",\"last\"",
            Reject::DuplicateField,
        ),
        ("84001.0", "-84001.0", Reject::Negative("bid")),
        ("83995.76", "\"?\"", Reject::InvalidNumber("index")),
    ] {
        let bent = TICKER.replacen(from, to, 1);
        assert_eq!(futures().refusal(&bent), expected, "{bent}");
    }
}
