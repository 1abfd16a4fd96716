//! Decoding of this venue, message by message.

use crate::batch::{Control, Item};
use crate::feed::State;
use crate::instrument::Terms;
use crate::record::{
    ABSENT, Conditions, GapCause, InstrumentType, Kind, Side, TradeId, TradingState,
};
use crate::reject::Reject;
use crate::venue::bybit::Bybit;
use crate::venue::workbench::{Bench, Tape, pairs, request, shown, shown_levels};
use crate::venue::{Ask, Channel, StreamOptions, Venue, VenueId};

const SPOT: VenueId = VenueId::BYBIT_SPOT;
const LINEAR: VenueId = VenueId::BYBIT_LINEAR;
const INVERSE: VenueId = VenueId::BYBIT_INVERSE;

const TRADE: &str = r#"{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1672304486868,"data":[{"T":1672304486865,"s":"BTCUSDT","S":"Buy","v":"0.001","p":"16578.50","L":"PlusTick","i":"20f43950-d8dd-5b31-9112-a178eb6023af","BT":false,"RPI":false,"seq":1783284617}]}"#;
const SPOT_TRADE: &str = r#"{"topic":"publicTrade.BTCUSDT","ts":1703430744103,"type":"snapshot","data":[{"i":"2290000000090712222","T":1703430744102,"p":"43774","v":"0.0026","S":"Sell","s":"BTCUSDT","BT":false}]}"#;
const BOOK: &str = r#"{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1773386409407,"data":{"s":"BTCUSDT","b":[["71419.80","0"],["71418.20","0.159"]],"a":[["71427.90","0.006"]],"u":10132541,"seq":546137962186},"cts":1773386409404}"#;
const BEST: &str = r#"{"topic":"orderbook.1.BTCUSDT","ts":1773386409407,"type":"snapshot","data":{"s":"BTCUSDT","b":[["71419.80","0.5"]],"a":[["71419.90","0.25"]],"u":77,"seq":546137962186},"cts":1773386409404}"#;

fn linear() -> Bench<Bybit> {
    Bench::new(LINEAR)
}

fn answer(request: Option<u64>, refused: Option<&str>) -> Control {
    Control::Answer {
        request,
        stream: None,
        refused: refused.map(Into::into),
    }
}

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
fn a_book_delta_keeps_both_numbers_and_both_times() {
    let mut bench = linear();
    let (head, bids, asks) = bench.book(BOOK);
    assert_eq!(head.header.template_id, Kind::BookDelta as u16);
    assert_eq!((head.header.seq, head.first_seq), (10_132_541, 10_132_541));
    assert_eq!(head.cross_seq, 546_137_962_186);
    assert_eq!(head.header.ts_send, 1_773_386_409_407_000_000);
    assert_eq!(head.header.ts_venue, 1_773_386_409_404_000_000);
    assert_eq!(
        shown_levels(&head, &bids),
        pairs(&[("71419.8", "0"), ("71418.2", "0.159")])
    );
    assert_eq!(shown_levels(&head, &asks), pairs(&[("71427.9", "0.006")]));
    assert!(bench.knows_all());
}

#[test]
fn every_depth_is_a_book_and_level_one_the_best_price() {
    for depth in ["50", "200", "1000"] {
        for (kind, template) in [("delta", Kind::BookDelta), ("snapshot", Kind::BookSnapshot)] {
            let frame = BOOK
                .replace("orderbook.50", &format!("orderbook.{depth}"))
                .replace("delta", kind);
            assert_eq!(linear().book(&frame).0.header.template_id, template as u16);
        }
    }
    let bbo = linear().bbo(BEST);
    assert_eq!((bbo.bid_px, bbo.bid_qty), (7_141_980, 50));
    assert_eq!((bbo.ask_px, bbo.ask_qty), (7_141_990, 25));
    assert_eq!((bbo.px_exp, bbo.qty_exp, bbo.header.seq), (-2, -2, 77));
    assert_eq!(bbo.header.ts_venue, 1_773_386_409_404_000_000);
}

#[test]
fn a_best_price_without_a_side_is_absent() {
    let empty = BEST.replace(r#"[["71419.80","0.5"]]"#, "[]");
    let zero = BEST.replace(r#"["71419.80","0.5"]"#, r#"["0","0"]"#);
    for frame in [empty, zero] {
        let bbo = linear().bbo(&frame);
        assert_eq!((bbo.bid_px, bbo.bid_qty), (ABSENT, 0));
        assert_eq!(bbo.ask_px, 7_141_990);
    }
}

#[test]
fn a_level_one_delta_of_before_2025_03_is_refused() {
    let old = BEST.replace("snapshot", "delta");
    assert_eq!(linear().refusal(&old), Reject::UnknownShape);
}

#[test]
fn stamps_stand_before_or_after_the_type_and_may_be_quoted() {
    let swapped = BOOK.replace(
        r#""type":"delta","ts":1773386409407"#,
        r#""ts":1773386409407,"type":"delta""#,
    );
    let quoted = BOOK.replace(r#""ts":1773386409407"#, r#""ts":"1773386409407""#);
    let reversed = r#"{"cts":1773386409404,"data":{"seq":546137962186,"u":10132541,"a":[["71427.90","0.006"]],"b":[["71419.80","0"],["71418.20","0.159"]],"s":"BTCUSDT"},"ts":1773386409407,"type":"delta","topic":"orderbook.50.BTCUSDT"}"#;
    for frame in [&swapped, &quoted, reversed] {
        assert_eq!(linear().book(frame), linear().book(BOOK), "{frame}");
    }
}

#[test]
fn recordings_without_matching_time_and_cross_sequence_are_read() {
    let old = BOOK
        .replace(r#","cts":1773386409404"#, "")
        .replace(r#","seq":546137962186"#, "");
    let (head, ..) = linear().book(&old);
    assert_eq!(head.cross_seq, 0);
    assert_eq!(
        head.header.ts_venue, head.header.ts_send,
        "the venue's only stamp"
    );
}

#[test]
fn topics_that_are_not_carried_are_ignored() {
    for topic in [
        "adlAlert.USDT",
        "insurance.USDT",
        "liquidation.BTCUSDT",
        "publicTrade.A.B",
        "orderbook.50",
        "",
    ] {
        let frame =
            format!(r#"{{"topic":"{topic}","type":"delta","ts":1,"data":{{"x":[1,"",null]}}}}"#);
        assert_eq!(linear().control(&frame), Control::Ignored, "{topic}");
    }
}

#[test]
fn answers_of_both_products_name_their_request() {
    for (frame, expected) in [
        (
            r#"{"success":true,"ret_msg":"subscribe","conn_id":"2324d924","req_id":"10001","op":"subscribe"}"#,
            answer(Some(10_001), None),
        ),
        (
            r#"{"success":true,"ret_msg":"","conn_id":"3cd84cb1","req_id":"","op":"subscribe"}"#,
            answer(None, None),
        ),
        (
            r#"{"success":true,"ret_msg":"","conn_id":"3cd84cb1","op":"unsubscribe"}"#,
            answer(None, None),
        ),
        (
            r#"{"op":"subscribe","success":true,"req_id":"5"}"#,
            answer(Some(5), None),
        ),
    ] {
        assert_eq!(linear().control(frame), expected, "{frame}");
    }
}

#[test]
fn refusals_keep_the_venues_words() {
    for reason in [
        "error:handler not found,topic:orderbook.500.BTCUSDT",
        "Invalid symbol :[tickers.NOPEUSDT]",
        "args size >10",
        "error:already subscribed,topic:allLiquidation.ORDERUSDT",
    ] {
        let frame = format!(
            r#"{{"success":false,"ret_msg":"{reason}","conn_id":"x","req_id":"4","op":"subscribe"}}"#
        );
        assert_eq!(linear().control(&frame), answer(Some(4), Some(reason)));
    }
}

#[test]
fn pongs_of_every_product_are_heartbeats() {
    for frame in [
        r#"{"success":true,"ret_msg":"pong","conn_id":"0970e817","op":"ping"}"#,
        r#"{"success":true,"ret_msg":"pong","conn_id":"465772b1","req_id":"3","op":"ping"}"#,
        r#"{"args":["1672916271846"],"op":"pong"}"#,
    ] {
        assert_eq!(linear().control(frame), Control::Heartbeat);
    }
}

const LINEAR_LISTING: &str = r#"{"symbol":"BTCUSDT","symbolId":5,"contractType":"LinearPerpetual","status":"Trading","baseCoin":"BTC","quoteCoin":"USDT","launchTime":"1585526400000","deliveryTime":"0","deliveryFeeRate":"","priceScale":"2","leverageFilter":{"minLeverage":"1"},"priceFilter":{"minPrice":"0.10","maxPrice":"1999999.80","tickSize":"0.10"},"lotSizeFilter":{"maxOrderQty":"1190.000","minOrderQty":"0.001","qtyStep":"0.001"},"unifiedMarginTrade":true,"isPreListing":false,"preListingInfo":null}"#;

fn page(category: &str, listings: &str, cursor: &str) -> String {
    format!(
        r#"{{"retCode":0,"retMsg":"OK","result":{{"category":"{category}","list":[{listings}],"nextPageCursor":"{cursor}"}},"retExtInfo":{{}},"time":1672053054358}}"#
    )
}

#[test]
fn instruments_of_linear_come_in_pages() {
    let (listings, next) = linear()
        .reference(&page("linear", LINEAR_LISTING, "first%3DA%26last%3DB"))
        .unwrap();
    let known = &listings[0];
    assert_eq!(
        (&*known.symbol, &*known.base, &*known.quote),
        ("BTCUSDT", "BTC", "USDT")
    );
    assert_eq!(
        (known.px_exp, known.qty_exp),
        (-1, -3),
        "digits of the increments"
    );
    let expected = Terms {
        tick: (1, -1),
        lot: (1, -3),
        state: TradingState::TRADING,
        instrument_type: InstrumentType::PERPETUAL,
        ..Terms::UNKNOWN
    };
    assert_eq!(known.terms, expected);
    let venue = Bybit::new(LINEAR, StreamOptions::default());
    assert_eq!(
        venue
            .reference_query(next.as_deref())
            .map(|query| query.path)
            .as_deref(),
        Some("/v5/market/instruments-info?category=linear&limit=1000&cursor=first%3DA%26last%3DB")
    );
    assert_eq!(
        linear().reference(&page("linear", "", "")).unwrap(),
        (vec![], None)
    );
}

#[test]
fn every_contract_type_and_state_is_told() {
    for (contract, expected) in [
        ("LinearFutures", InstrumentType::FUTURE),
        ("InversePerpetual", InstrumentType::INVERSE_PERPETUAL),
        ("InverseFutures", InstrumentType::INVERSE_FUTURE),
        ("SomethingNew", InstrumentType::UNKNOWN),
    ] {
        let listing = LINEAR_LISTING.replace("LinearPerpetual", contract);
        let (listings, _) = linear().reference(&page("linear", &listing, "")).unwrap();
        assert_eq!(listings[0].terms.instrument_type, expected);
    }
    for (status, expected) in [
        ("PreLaunch", TradingState::HALTED),
        ("Delivering", TradingState::HALTED),
        ("Closed", TradingState::CLOSED),
    ] {
        let listing = LINEAR_LISTING.replace(r#""Trading""#, &format!(r#""{status}""#));
        let (listings, _) = linear().reference(&page("linear", &listing, "")).unwrap();
        assert_eq!(listings[0].terms.state, expected);
    }
    let dated =
        LINEAR_LISTING.replace(r#""deliveryTime":"0""#, r#""deliveryTime":"1740124800000""#);
    let (listings, _) = linear().reference(&page("linear", &dated, "")).unwrap();
    assert_eq!(listings[0].terms.expiry, 1_740_124_800_000_000_000);
}

#[test]
fn the_quantity_step_of_spot_is_its_base_precision() {
    let listing = r#"{"symbolId":9,"symbol":"BTCUSDT","baseCoin":"BTC","quoteCoin":"USDT","innovation":"0","status":"Trading","lotSizeFilter":{"basePrecision":"0.000001","quotePrecision":"0.0000001"},"priceFilter":{"tickSize":"0.1"}}"#;
    let (listings, _) = Bench::<Bybit>::new(SPOT)
        .reference(&page("spot", listing, ""))
        .unwrap();
    assert_eq!(listings[0].terms.lot, (1, -6));
    assert_eq!(listings[0].terms.instrument_type, InstrumentType::SPOT);
    assert_eq!(listings[0].terms.contract_size, (0, 0));
    assert_eq!(
        linear()
            .reference(&page("linear", listing, ""))
            .unwrap_err(),
        Reject::MissingField("qtyStep")
    );
}

#[test]
fn inverse_quantities_are_contracts_of_one_dollar() {
    let (listings, _) = Bench::<Bybit>::new(INVERSE)
        .reference(&page("inverse", LINEAR_LISTING, ""))
        .unwrap();
    assert_eq!(listings[0].terms.contract_size, (1, 0));
}

#[test]
fn an_error_answer_is_no_reference_data() {
    let body = r#"{"retCode":10001,"retMsg":"params error","result":{},"time":1}"#;
    assert_eq!(linear().reference(body).unwrap_err(), Reject::VenueError);
}

fn update(kind: &str, seq: u64, cross: u64, px: &str, qty: &str) -> String {
    format!(
        r#"{{"topic":"orderbook.50.A","type":"{kind}","ts":1,"data":{{"s":"A","b":[["{px}","{qty}"]],"a":[],"u":{seq},"seq":{cross}}},"cts":1}}"#
    )
}

#[test]
fn a_snapshot_in_mid_stream_replaces_the_book() {
    let mut tape = Tape::<Bybit>::new(LINEAR);
    tape.push(&update("snapshot", 10, 100, "5", "1"));
    tape.push(&update("delta", 11, 101, "6", "1"));
    tape.push(&update("snapshot", 500, 102, "7", "1"));
    tape.push(&update("delta", 501, 103, "8", "1"));
    assert_eq!(tape.levels()[0], pairs(&[("8", "1"), ("7", "1")]));
    assert_eq!((tape.state(), tape.gaps.len()), (State::Live, 0));
}

#[test]
fn a_restart_replaces_the_book_and_counts_from_one() {
    let mut tape = Tape::<Bybit>::new(LINEAR);
    tape.push(&update("snapshot", 1000, 100, "5", "1"));
    tape.push(&update("snapshot", 1, 101, "6", "1"));
    tape.push(&update("delta", 2, 102, "7", "1"));
    assert_eq!(tape.levels()[0], pairs(&[("7", "1"), ("6", "1")]));
    assert_eq!((tape.state(), tape.gaps.len()), (State::Live, 0));
}

#[test]
fn a_restart_whose_snapshot_was_missed_breaks_the_book() {
    for first in [1, 2, 900] {
        let mut tape = Tape::<Bybit>::new(LINEAR);
        tape.push(&update("snapshot", 1000, 100, "5", "1"));
        tape.push(&update("delta", first, 101, "6", "1"));
        assert_eq!(tape.state(), State::Bad, "{first}");
        assert_eq!(tape.gaps.len(), 1);
        assert_eq!(tape.gaps[0].cause, GapCause::SEQUENCE);
        assert_eq!(
            (tape.gaps[0].first_seq, tape.gaps[0].last_seq),
            (0, 0),
            "not known"
        );
    }
}

#[test]
fn the_largest_numbers_neither_wrap_nor_panic() {
    let mut tape = Tape::<Bybit>::new(LINEAR);
    tape.push(&update("snapshot", u64::MAX - 1, 1, "5", "1"));
    tape.push(&update("delta", u64::MAX, 2, "6", "1"));
    assert_eq!(tape.state(), State::Live);
    tape.push(&update("delta", 0, 3, "7", "1"));
    assert_eq!(tape.state(), State::Bad);
    tape.push(&update("snapshot", 4, 4, "8", "1"));
    assert_eq!(tape.state(), State::Live);
}

#[test]
fn an_empty_snapshot_is_an_empty_live_book() {
    let mut tape = Tape::<Bybit>::new(SPOT);
    tape.push(r#"{"topic":"orderbook.50.A","ts":1,"type":"snapshot","data":{"s":"A","b":[],"a":[],"u":1,"seq":1},"cts":1}"#);
    assert_eq!(tape.state(), State::Live);
    assert_eq!(tape.levels(), [vec![], vec![]]);
}

#[test]
fn level_one_repeats_are_best_prices_not_gaps() {
    let mut tape = Tape::<Bybit>::new(SPOT);
    for _ in 0..3 {
        tape.push(BEST);
    }
    assert!(tape.gaps.is_empty() && tape.books.is_empty());
    assert_eq!(tape.feed.counts().records_of(Kind::Bbo), 3);
}

#[test]
fn request_texts_are_the_venues() {
    let deep = StreamOptions {
        book_depth: 200,
        ..StreamOptions::default()
    };
    let streams = [
        ("BTCUSDT", Channel::TRADE),
        ("BTCUSDT", Channel::BBO),
        ("BTCUSDT", Channel::BOOK),
    ];
    let venue = Bybit::new(LINEAR, deep);
    assert_eq!(
        request(&venue, Ask::Subscribe, &streams),
        r#"{"req_id":"7","op":"subscribe","args":["publicTrade.BTCUSDT","orderbook.1.BTCUSDT","orderbook.200.BTCUSDT"]}"#
    );
    let usual = Bybit::new(LINEAR, StreamOptions::default());
    assert_eq!(
        request(&usual, Ask::Unsubscribe, &streams[2..]),
        r#"{"req_id":"7","op":"unsubscribe","args":["orderbook.50.BTCUSDT"]}"#
    );
    assert_eq!(
        usual.ping(9).as_deref(),
        Some(r#"{"req_id":"9","op":"ping"}"#)
    );
}

#[test]
fn every_product_has_its_paths_and_limits() {
    for (id, path, category, topics) in [
        (SPOT, "/v5/public/spot", "spot", 10),
        (LINEAR, "/v5/public/linear", "linear", 50),
        (INVERSE, "/v5/public/inverse", "inverse", 50),
    ] {
        let venue = Bybit::new(id, StreamOptions::default());
        for channel in [Channel::TRADE, Channel::BBO, Channel::BOOK] {
            assert_eq!(venue.path(channel), path);
        }
        let reference = format!("/v5/market/instruments-info?category={category}&limit=1000");
        assert_eq!(
            venue.reference_query(None).map(|query| query.path),
            Some(reference)
        );
        assert_eq!(venue.facts().streams_per_request, topics);
    }
}

#[test]
fn a_trade_message_of_no_trades_says_nothing() {
    let none = r#"{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1,"data":[]}"#;
    assert_eq!(linear().decode(none), Ok(&[][..]));
}
