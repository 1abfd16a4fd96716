//! Tickers, price limits and candles.

use super::{LINEAR, OPTION, SPOT, carrying, drift, linear};
use crate::batch::{Control, Item};
use crate::record::{ABSENT, Candle, FigureName, Kind, TickerHead};
use crate::reject::Reject;
use crate::venue::bybit::Bybit;
use crate::venue::workbench::Bench;
use crate::venue::{Channel, VenueId};

pub(super) const SNAPSHOT: &str = r#"{"topic":"tickers.BTCUSDT","type":"snapshot","data":{"symbol":"BTCUSDT","tickDirection":"MinusTick","price24hPcnt":"-0.158315","lastPrice":"66666.60","prevPrice24h":"79206.20","highPrice24h":"79266.30","lowPrice24h":"65076.90","prevPrice1h":"66666.60","markPrice":"66666.60","indexPrice":"115418.19","openInterest":"492373.72","openInterestValue":"32824881841.75","turnover24h":"4936790807.6521","volume24h":"73191.3870","fundingIntervalHour":"8","fundingCap":"0.005","nextFundingTime":"1760342400000","fundingRate":"-0.005","bid1Price":"66666.60","bid1Size":"23789.165","ask1Price":"66666.70","ask1Size":"23775.469","preOpenPrice":"","preQty":"","curPreListingPhase":""},"cs":9532239429,"ts":1760325052630}"#;
pub(super) const DELTA: &str = r#"{"topic":"tickers.BTCUSDT","type":"delta","data":{"symbol":"BTCUSDT","bid1Price":"65001.00"},"cs":24987956060,"ts":1710000000123}"#;
const SPOT_TICKER: &str = r#"{"topic":"tickers.BTCUSDT","ts":1673853746003,"type":"snapshot","cs":2588407389,"data":{"symbol":"BTCUSDT","lastPrice":"21109.77","highPrice24h":"21426.99","lowPrice24h":"20575","prevPrice24h":"20704.93","volume24h":"6780.866843","turnover24h":"141946527.22907118","price24hPcnt":"0.0196","usdIndexPrice":"21120.2400136"}}"#;
pub(super) const OPTION_TICKER: &str = r#"{"id":"tickers.BTC-6JAN23-17500-C-2480334983-1672917511074","topic":"tickers.BTC-6JAN23-17500-C","ts":1672917511074,"data":{"symbol":"BTC-6JAN23-17500-C","bidPrice":"0","bidSize":"0","bidIv":"0","askPrice":"10","askSize":"5.1","askIv":"0.514","lastPrice":"10","highPrice24h":"25","lowPrice24h":"5","markPrice":"7.86976724","indexPrice":"16823.73","markPriceIv":"0.4896","underlyingPrice":"16815.1","openInterest":"49.85","turnover24h":"446802.8473","volume24h":"26.55","totalVolume":"86","totalTurnover":"1437431","delta":"0.047831","gamma":"0.00021453","vega":"0.81351067","theta":"-19.9115368","predictedDeliveryPrice":"0","change24h":"-0.33333334"},"type":"snapshot"}"#;
pub(super) const KLINE: &str = r#"{"topic":"kline.5.BTCUSDT","data":[{"start":1672324800000,"end":1672325099999,"interval":"5","open":"16649.5","close":"16677","high":"16677","low":"16608","volume":"2.081","turnover":"34666.4005","confirm":false,"timestamp":1672324988882}],"ts":1672324988882,"type":"snapshot"}"#;

/// Head, figures as text, and whether they are a change.
fn ticker(
    bench: &mut Bench<Bybit>,
    frame: &str,
) -> (TickerHead, Vec<(&'static str, String)>, bool) {
    let Item::Ticker {
        head,
        figures,
        change,
    } = bench.one(frame)
    else {
        panic!("no ticker in {frame}");
    };
    let figures = bench.batch.figures[figures].iter();
    let shown = figures.map(|figure| {
        let value = figure.value();
        let text = if value.mantissa == ABSENT {
            "none".to_owned()
        } else {
            value.to_string()
        };
        (figure.name.name(), text)
    });
    (head, shown.collect(), change)
}

fn owned(figures: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    figures
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()))
        .collect()
}

#[test]
fn a_futures_snapshot_has_every_figure_in_our_units() {
    let mut bench = linear();
    let (head, figures, change) = ticker(&mut bench, SNAPSHOT);
    assert!(!change && bench.knows_all(), "{:?}", drift(&bench));
    assert_eq!(
        (head.channel, head.header.seq),
        (Channel::TICKER, 9_532_239_429)
    );
    assert_eq!(head.header.ts_venue, 1_760_325_052_630_000_000);
    assert_eq!(head.header.ts_send, 0, "one stamp only");
    assert_eq!(
        figures,
        owned(&[
            ("last_price", "66666.6"),
            ("high", "79266.3"),
            ("low", "65076.9"),
            ("change_percent", "-15.8315"),
            ("bid_price", "66666.6"),
            ("bid_qty", "23789.165"),
            ("ask_price", "66666.7"),
            ("ask_qty", "23775.469"),
            ("volume", "73191.387"),
            ("quote_volume", "4936790807.6521"),
            ("mark_price", "66666.6"),
            ("index_price", "115418.19"),
            ("funding_rate", "-0.005"),
            ("next_funding_time", "1760342400"),
            ("open_interest", "492373.72"),
            ("open_interest_value", "32824881841.75"),
            ("funding_interval", "28800"),
            ("price_1h_ago", "66666.6"),
            ("price_24h_ago", "79206.2"),
            ("funding_cap", "0.005"),
        ])
    );
}

#[test]
fn a_delta_with_one_key_changes_one_figure() {
    let (head, figures, change) = ticker(&mut linear(), DELTA);
    assert!(change);
    assert_eq!(figures, owned(&[("bid_price", "65001")]));
    assert_eq!(head.header.seq, 24_987_956_060);
}

#[test]
fn an_empty_text_takes_a_figure_back_in_a_delta_and_leaves_it_out_of_a_snapshot() {
    let delta = DELTA.replace("65001.00", "");
    assert_eq!(
        ticker(&mut linear(), &delta).1,
        owned(&[("bid_price", "none")])
    );
    let snapshot = SPOT_TICKER.replace("21120.2400136", "");
    let mut bench = Bench::<Bybit>::new(SPOT);
    let (_, figures, change) = ticker(&mut bench, &snapshot);
    assert!(!change && bench.knows_all());
    assert!(!figures.iter().any(|figure| figure.0 == "usd_index_price"));
    assert_eq!(figures.len(), 7);
}

#[test]
fn a_dated_future_tells_its_delivery_and_basis() {
    let dated = DELTA.replace(
        r#""bid1Price":"65001.00""#,
        r#""deliveryTime":"2025-12-26T08:00:00Z","basisRate":"0.0012","basis":"78.5","basisRateYear":"0.04","deliveryFeeRate":"0.0005","predictedDeliveryPrice":"","singleOpenInterest":"5","singleOpenInterestValue":"6.5""#,
    );
    let mut bench = linear();
    assert_eq!(
        ticker(&mut bench, &dated).1,
        owned(&[
            ("basis", "78.5"),
            ("basis_rate", "0.0012"),
            ("basis_rate_year", "0.04"),
            ("delivery_time", "1766736000"),
            ("predicted_delivery_price", "none"),
            ("delivery_fee_rate", "0.0005"),
            ("single_open_interest", "5"),
            ("single_open_interest_value", "6.5"),
        ])
    );
    assert!(bench.knows_all());
}

#[test]
fn an_options_side_without_orders_has_no_price() {
    let mut bench = carrying(OPTION, &[Channel::TICKER], 0);
    let (_, figures, change) = ticker(&mut bench, OPTION_TICKER);
    assert!(!change && bench.knows_all(), "{:?}", drift(&bench));
    let value = |name: FigureName| {
        let found = figures.iter().find(|figure| figure.0 == name.name());
        found.map(|figure| figure.1.as_str())
    };
    assert_eq!(
        (value(FigureName::BID_PRICE), value(FigureName::BID_QTY)),
        (None, Some("0"))
    );
    assert_eq!(
        (value(FigureName::ASK_PRICE), value(FigureName::ASK_IV)),
        (Some("10"), Some("0.514"))
    );
    assert_eq!(value(FigureName::THETA), Some("-19.9115368"));
    assert_eq!(value(FigureName::CHANGE_PERCENT), Some("-33.333334"));
    assert_eq!(value(FigureName::TOTAL_QUOTE_VOLUME), Some("1437431"));
    assert_eq!(value(FigureName::PREDICTED_DELIVERY_PRICE), None);
    assert_eq!(figures.len(), 21);
}

#[test]
fn an_options_best_prices_come_with_its_ticker() {
    let mut bench = carrying(OPTION, &[Channel::BBO], 0);
    let bbo = bench.bbo(OPTION_TICKER);
    assert_eq!((bbo.bid_px, bbo.bid_qty), (ABSENT, 0));
    assert_eq!((bbo.ask_px, bbo.px_exp), (10, 0));
    assert_eq!((bbo.ask_qty, bbo.qty_exp), (51, -1));
    assert_eq!(bbo.header.ts_venue, 1_672_917_511_074_000_000);
    let mut both = carrying(OPTION, &[Channel::BBO, Channel::TICKER], 0);
    let items = both.decode(OPTION_TICKER).unwrap();
    assert!(
        matches!(items, [Item::Bbo(_), Item::Ticker { .. }]),
        "{items:?}"
    );
    for half in [r#""bidPrice":"","#, ""] {
        let half = OPTION_TICKER.replace(r#""bidPrice":"0","#, half);
        assert_eq!(bench.decode(&half), Ok(&[][..]));
    }
    let negative = OPTION_TICKER.replace(r#""askSize":"5.1""#, r#""askSize":"-5.1""#);
    assert_eq!(bench.refusal(&negative), Reject::Negative("askSize"));
}

#[test]
fn tickers_of_odd_shapes_are_refused_or_counted() {
    for (from, to, expected) in [
        (r#""symbol":"BTCUSDT","#, "", Reject::MissingField("symbol")),
        ("65001.00", "x", Reject::InvalidNumber("bid1Price")),
        (r#""65001.00""#, "{}", Reject::WrongType("bid1Price")),
        (r#""type":"delta","#, "", Reject::MissingField("type")),
        (r#","ts":1710000000123"#, "", Reject::MissingField("ts")),
        (
            r#""symbol":"BTCUSDT""#,
            r#""symbol":"BTCUSDT","symbol":"A""#,
            Reject::DuplicateField,
        ),
        (
            r#""bid1Price""#,
            r#""bidPrice":"1","bid1Price""#,
            Reject::DuplicateField,
        ),
    ] {
        assert_eq!(linear().refusal(&DELTA.replace(from, to)), expected);
    }
    let mut bench = linear();
    let newer = DELTA.replace(r#""bid1Price""#, r#""newFigure":"1","bid1Price""#);
    assert_eq!(ticker(&mut bench, &newer).1.len(), 1);
    assert_eq!(
        bench.control(&DELTA.replace("delta", "merge")),
        Control::Ignored
    );
    assert_eq!(
        drift(&bench),
        ["tickers:newFigurex1", "tickers:type=mergex1"]
    );
}

#[test]
fn tickers_without_a_cross_sequence_are_read() {
    let old = DELTA.replace(r#","cs":24987956060"#, "");
    assert_eq!(ticker(&mut linear(), &old).0.header.seq, 0);
}

#[test]
fn price_limits_are_figures_of_a_channel_of_their_own() {
    let frame = r#"{"topic":"priceLimit.BTCUSDT","data":{"symbol":"BTCUSDT","buyLmt":"114450.00","sellLmt":"103550.00"},"ts":1750059683782}"#;
    let mut bench = linear();
    let (head, figures, change) = ticker(&mut bench, frame);
    assert_eq!((head.channel, change), (Channel::PRICE_LIMIT, false));
    assert_eq!(
        figures,
        owned(&[("buy_limit", "114450"), ("sell_limit", "103550")])
    );
    assert_eq!(head.header.ts_venue, 1_750_059_683_782_000_000);
    assert!(bench.knows_all());
    let half = frame.replace(r#","sellLmt":"103550.00""#, "");
    assert_eq!(linear().refusal(&half), Reject::MissingField("sellLmt"));
}

fn candle(id: VenueId, frame: &str) -> Candle {
    match Bench::<Bybit>::new(id).one(frame) {
        Item::Candle(candle) => candle,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_candle_keeps_every_value() {
    let found = candle(LINEAR, KLINE);
    assert_eq!(found.channel, Channel::CANDLE_5M);
    assert_eq!(
        (
            [found.open, found.high, found.low, found.close],
            found.px_exp
        ),
        ([166_495, 166_770, 166_080, 166_770], -1)
    );
    assert_eq!((found.volume, found.volume_exp), (2_081, -3));
    assert_eq!((found.quote_volume, found.quote_exp), (346_664_005, -4));
    assert_eq!(found.ts_open, 1_672_324_800_000_000_000);
    assert_eq!(found.ts_close, 1_672_325_100_000_000_000);
    assert_eq!(found.header.ts_venue, 1_672_324_988_882_000_000);
    assert_eq!(found.header.template_id, Kind::Candle as u16);
    assert_eq!(
        (found.closed, found.trades, found.vwap),
        (0, ABSENT, ABSENT)
    );
    assert_eq!(
        (found.taker_volume, found.taker_quote_volume),
        (ABSENT, ABSENT)
    );
    let closed = KLINE.replace("false", "true");
    assert_eq!(candle(SPOT, &closed).closed, 1);
}

#[test]
fn every_interval_ends_where_the_next_begins() {
    let minute = 60_000_000_000;
    for (interval, channel, minutes) in [
        ("1", Channel::CANDLE_1M, 1),
        ("3", Channel::CANDLE_3M, 3),
        ("15", Channel::CANDLE_15M, 15),
        ("30", Channel::CANDLE_30M, 30),
        ("60", Channel::CANDLE_1H, 60),
        ("120", Channel::CANDLE_2H, 120),
        ("240", Channel::CANDLE_4H, 240),
        ("360", Channel::CANDLE_6H, 360),
        ("720", Channel::CANDLE_12H, 720),
        ("D", Channel::CANDLE_1D, 24 * 60),
        ("W", Channel::CANDLE_1W, 7 * 24 * 60),
        ("M", Channel::CANDLE_1MO, 5),
    ] {
        let found = candle(
            LINEAR,
            &KLINE.replace("kline.5", &format!("kline.{interval}")),
        );
        assert_eq!(found.channel, channel);
        assert_eq!(
            found.ts_close - found.ts_open,
            minutes * minute,
            "{interval}"
        );
    }
}

#[test]
fn a_candle_without_a_price_or_volume_is_refused() {
    for (from, to, expected) in [
        (r#""open":"16649.5","#, "", Reject::MissingField("open")),
        (r#""volume":"2.081","#, "", Reject::MissingField("volume")),
        (r#""16608""#, r#""-1""#, Reject::Negative("low")),
        ("false", r#""no""#, Reject::WrongType("confirm")),
        ("1672324800000", r#""x""#, Reject::InvalidTime("start")),
    ] {
        assert_eq!(linear().refusal(&KLINE.replace(from, to)), expected);
    }
    let old = KLINE.replace(r#","timestamp":1672324988882}"#, "}");
    assert_eq!(candle(LINEAR, &old).header.ts_venue, 0);
}
