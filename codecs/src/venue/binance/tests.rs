//! Decoding of this venue, message by message.

use crate::batch::{Control, Item};
use crate::feed::State;
use crate::instrument::Terms;
use crate::record::{ABSENT, Conditions, InstrumentType, Kind, Side, TradeId, TradingState};
use crate::reject::Reject;
use crate::venue::binance::Binance;
use crate::venue::workbench::{Bench, Tape, pairs, request, shown, shown_levels};
use crate::venue::{Ask, Channel, StreamOptions, Venue, VenueId};

const SPOT: VenueId = VenueId::BINANCE_SPOT;
const USDM: VenueId = VenueId::BINANCE_USDM;
const COINM: VenueId = VenueId::BINANCE_COINM;

const TRADE: &str = r#"{"e":"trade","E":1672515782136,"s":"BNBBTC","t":12345,"p":"0.00102400","q":"100.00000000","T":1672515782133,"m":true,"M":true}"#;
const AGG_TRADE: &str = r#"{"e":"aggTrade","E":1672515782136,"s":"BNBBTC","a":12346,"p":"0.00102400","q":"0.05000000","f":100,"l":105,"T":1672515782134,"m":false,"M":true}"#;
const BOOK_TICKER: &str = r#"{"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000"}"#;
const DEPTH: &str = r#"{"e":"depthUpdate","E":1672515782136,"s":"BNBBTC","U":157,"u":160,"b":[["0.00240000","10.00000000"],["0.00230000","0.00000000"]],"a":[["0.00260000","100.00000000"]]}"#;
const REST_DEPTH: &str = r#"{"lastUpdateId":1027024,"bids":[["4.00000000","431.00000000"]],"asks":[["4.00000200","12.00000000"],["5.00000000","0.00000100"]]}"#;

fn spot() -> Bench<Binance> {
    Bench::new(SPOT)
}

fn answer(request: Option<u64>, refused: Option<&str>) -> Control {
    Control::Answer {
        request,
        stream: None,
        refused: refused.map(Into::into),
    }
}

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

#[test]
fn a_spot_best_price_has_no_time() {
    let mut bench = spot();
    let bbo = bench.bbo(BOOK_TICKER);
    assert_eq!((bbo.bid_px, bbo.bid_qty), (2_535_190_000, 3_121_000_000));
    assert_eq!((bbo.ask_px, bbo.ask_qty), (2_536_520_000, 4_066_000_000));
    assert_eq!((bbo.px_exp, bbo.qty_exp), (-8, -8));
    assert_eq!(bbo.header.seq, 400_900_217);
    assert_eq!((bbo.header.ts_venue, bbo.header.ts_send), (0, 0));
    assert!(bench.knows_all());
}

#[test]
fn a_futures_best_price_has_both_times() {
    let frame = r#"{"e":"bookTicker","u":400900217,"E":1568014460893,"T":1568014460891,"s":"BNBUSDT","ps":"BNBUSDT","b":"25.3519","B":"31.21","a":"25.3652","A":"40.66","st":1}"#;
    for id in [USDM, COINM] {
        let mut bench = Bench::<Binance>::new(id);
        let bbo = bench.bbo(frame);
        assert_eq!(
            (bbo.bid_px, bbo.bid_qty, bbo.px_exp, bbo.qty_exp),
            (253_519, 3_121, -4, -2)
        );
        assert_eq!(bbo.header.ts_send, 1_568_014_460_893_000_000);
        assert_eq!(bbo.header.ts_venue, 1_568_014_460_891_000_000);
        assert!(bench.knows_all());
    }
}

#[test]
fn a_side_without_orders_is_absent_not_zero() {
    let empty = BOOK_TICKER
        .replace("25.35190000", "0.00000000")
        .replace("31.21000000", "0.00000000");
    let bbo = spot().bbo(&empty);
    assert_eq!((bbo.bid_px, bbo.bid_qty), (ABSENT, 0));
    assert_eq!(bbo.ask_qty, 4_066_000_000);
}

#[test]
fn a_spot_book_delta_keeps_ids_and_levels_in_wire_order() {
    let mut bench = spot();
    let (head, bids, asks) = bench.book(DEPTH);
    assert_eq!(head.header.template_id, Kind::BookDelta as u16);
    assert_eq!(
        (head.first_seq, head.header.seq, head.prev_seq),
        (157, 160, 0)
    );
    assert_eq!(
        shown_levels(&head, &bids),
        pairs(&[("0.0024", "10"), ("0.0023", "0")])
    );
    assert_eq!(shown_levels(&head, &asks), pairs(&[("0.0026", "100")]));
    assert_eq!(
        head.header.ts_venue, 1_672_515_782_136_000_000,
        "the venue's only stamp"
    );
    assert!(bench.knows_all());
}

#[test]
fn a_futures_book_delta_names_the_event_before() {
    for (id, frame) in [
        (
            USDM,
            r#"{"e":"depthUpdate","E":1591270260907,"T":1591270260891,"s":"BTCUSDT","ps":"BTCUSDT","st":1,"U":157,"u":160,"pu":149,"b":[["9517.6","10"]],"a":[]}"#,
        ),
        (
            COINM,
            r#"{"e":"depthUpdate","E":1591270260907,"T":1591270260891,"s":"BTCUSD_200626","ps":"BTCUSD","U":157,"u":160,"pu":149,"b":[["9517.6","10"]],"a":[],"st":2}"#,
        ),
    ] {
        let mut bench = Bench::<Binance>::new(id);
        let (head, bids, asks) = bench.book(frame);
        assert_eq!(
            (head.first_seq, head.header.seq, head.prev_seq),
            (157, 160, 149)
        );
        assert_eq!(head.header.ts_venue, 1_591_270_260_891_000_000);
        assert_eq!(head.header.ts_send, 1_591_270_260_907_000_000);
        assert_eq!(
            (shown_levels(&head, &bids), asks.len()),
            (pairs(&[("9517.6", "10")]), 0)
        );
        assert!(bench.knows_all());
    }
}

#[test]
fn the_third_element_of_old_levels_is_tolerated() {
    let old = DEPTH.replace(r#""100.00000000"]"#, r#""100.00000000",[]]"#);
    let mut bench = spot();
    assert_eq!(bench.book(&old), spot().book(DEPTH));
    assert!(bench.knows_all());
    let new = DEPTH.replace(r#""100.00000000"]"#, r#""100.00000000",3]"#);
    assert_eq!(bench.book(&new), spot().book(DEPTH));
    assert_eq!(bench.batch.drift.count(), 1, "but a new one is told");
    let short = DEPTH.replace(r#"["0.00260000","100.00000000"]"#, r#"["0.00260000"]"#);
    assert_eq!(spot().refusal(&short), Reject::MissingField("level"));
}

#[test]
fn the_largest_quantity_that_the_venue_sends_is_exact() {
    let capped = DEPTH.replace("100.00000000", "92233720368.54775807");
    let (head, _, asks) = spot().book(&capped);
    assert_eq!((asks[0].qty, head.qty_exp), (i64::MAX, -8));
}

#[test]
fn a_rest_book_is_a_snapshot_with_its_id() {
    let mut bench = spot();
    let id = bench.instruments.add("BTCUSDT").unwrap();
    let (head, bids, asks) = bench.snapshot(REST_DEPTH, id).unwrap();
    assert_eq!(head.header.template_id, Kind::BookSnapshot as u16);
    assert_eq!((head.header.instrument, head.header.seq), (id, 1_027_024));
    assert_eq!(shown_levels(&head, &bids), pairs(&[("4", "431")]));
    assert_eq!(
        shown_levels(&head, &asks),
        pairs(&[("4.000002", "12"), ("5", "0.000001")])
    );
    assert_eq!((head.header.ts_venue, head.header.ts_send), (0, 0));
    let futures = REST_DEPTH.replace(
        r#","bids""#,
        r#","E":1589436922972,"T":1589436922959,"bids""#,
    );
    let (head, ..) = bench.snapshot(&futures, id).unwrap();
    assert_eq!(head.header.ts_send, 1_589_436_922_972_000_000);
    assert_eq!(head.header.ts_venue, 1_589_436_922_959_000_000);
    assert!(bench.knows_all());
}

#[test]
fn a_rest_error_is_the_venues_error_not_a_book() {
    let mut bench = spot();
    let id = bench.instruments.add("BTCUSDT").unwrap();
    let body = r#"{"code":-1121,"msg":"Invalid symbol."}"#;
    assert_eq!(bench.snapshot(body, id).unwrap_err(), Reject::VenueError);
    assert_eq!(bench.reference(body).unwrap_err(), Reject::VenueError);
}

#[test]
fn exchange_info_of_spot_lists_terms() {
    let body = r#"{"timezone":"UTC","serverTime":1565246363776,"rateLimits":[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000}],"exchangeFilters":[],"symbols":[
        {"symbol":"ETHBTC","status":"TRADING","baseAsset":"ETH","baseAssetPrecision":8,"quoteAsset":"BTC","orderTypes":["LIMIT"],"icebergAllowed":true,"filters":[{"filterType":"PRICE_FILTER","minPrice":"0.00001000","maxPrice":"922327.00000000","tickSize":"0.00001000"},{"filterType":"LOT_SIZE","minQty":"0.00010000","stepSize":"0.00010000"}],"permissions":[],"permissionSets":[["SPOT"]]},
        {"symbol":"OLDBTC","status":"BREAK","baseAsset":"OLD","quoteAsset":"BTC","filters":[]},
        {"symbol":"NEWBTC","status":"CANCEL_ONLY","baseAsset":"NEW","quoteAsset":"BTC","filters":[]}]}"#;
    let (listings, next) = spot().reference(body).unwrap();
    assert_eq!((listings.len(), next), (3, None));
    let first = &listings[0];
    assert_eq!(
        (&*first.symbol, &*first.base, &*first.quote),
        ("ETHBTC", "ETH", "BTC")
    );
    assert_eq!(
        (first.px_exp, first.qty_exp),
        (-8, -8),
        "spot prints eight digits always"
    );
    let expected = Terms {
        tick: (1, -5),
        lot: (1, -4),
        state: TradingState::TRADING,
        instrument_type: InstrumentType::SPOT,
        ..Terms::UNKNOWN
    };
    assert_eq!(first.terms, expected);
    assert_eq!(listings[1].terms.state, TradingState::HALTED);
    assert_eq!(
        listings[2].terms.state,
        TradingState::HALTED,
        "a state of 2026"
    );
    assert_eq!(listings[1].terms.tick, (0, 0));
}

#[test]
fn exchange_info_of_futures_tells_type_size_and_expiry() {
    let symbol = |name: &str, contract: &str, delivery: &str, rest: &str| {
        format!(
            r#"{{"symbol":"{name}","pair":"BTCUSD","contractType":"{contract}","deliveryDate":{delivery},"onboardDate":1569398400000,{rest},"pricePrecision":5,"quantityPrecision":0,"baseAsset":"BTC","quoteAsset":"USD","filters":[{{"filterType":"PRICE_FILTER","tickSize":"0.10"}},{{"filterType":"LOT_SIZE","stepSize":"1"}}]}}"#
        )
    };
    let usdm = format!(
        r#"{{"symbols":[{},{}]}}"#,
        symbol(
            "BTCUSDT",
            "PERPETUAL",
            "4133404800000",
            r#""status":"TRADING""#
        ),
        symbol(
            "BTCUSDT_260327",
            "CURRENT_QUARTER",
            "1774598400000",
            r#""status":"SETTLING""#
        )
    );
    let (listings, _) = Bench::<Binance>::new(USDM).reference(&usdm).unwrap();
    let types: Vec<_> = listings
        .iter()
        .map(|known| known.terms.instrument_type)
        .collect();
    assert_eq!(types, [InstrumentType::PERPETUAL, InstrumentType::FUTURE]);
    assert_eq!(listings[0].terms.expiry, 0, "a date in 2100 is none");
    assert_eq!(listings[1].terms.expiry, 1_774_598_400_000_000_000);
    assert_eq!(listings[1].terms.state, TradingState::CLOSED);
    assert_eq!(
        (listings[0].px_exp, listings[0].qty_exp),
        (-1, 0),
        "digits of the increments"
    );
    let coinm = format!(
        r#"{{"symbols":[{}]}}"#,
        symbol(
            "BTCUSD_PERP",
            "PERPETUAL",
            "4133404800000",
            r#""contractStatus":"TRADING","contractSize":100"#
        )
    );
    let (listings, _) = Bench::<Binance>::new(COINM).reference(&coinm).unwrap();
    assert_eq!(
        listings[0].terms.instrument_type,
        InstrumentType::INVERSE_PERPETUAL
    );
    assert_eq!(listings[0].terms.contract_size, (100, 0));
    assert_eq!(listings[0].terms.state, TradingState::TRADING);
}

#[test]
fn answers_name_their_request() {
    for (frame, expected) in [
        (r#"{"result":null,"id":1}"#, answer(Some(1), None)),
        (
            r#"{"id":18446744073709551615,"result":null}"#,
            answer(Some(u64::MAX), None),
        ),
        (
            r#"{"result":["btcusdt@aggTrade"],"id":3}"#,
            answer(Some(3), None),
        ),
        (r#"{"result":null,"id":null}"#, answer(None, None)),
        (r#"{"result":null,"id":"abc"}"#, answer(None, None)),
        (r#"{"result":null,"id":-5}"#, answer(None, None)),
    ] {
        assert_eq!(spot().control(frame), expected, "{frame}");
    }
}

#[test]
fn errors_of_both_shapes_are_refusals() {
    let text = "Invalid request: too many parameters";
    for (frame, expected) in [
        (
            format!(r#"{{"code":2,"msg":"{text}","id":9}}"#),
            answer(Some(9), Some(text)),
        ),
        (
            format!(r#"{{"error":{{"code":2,"msg":"{text}"}},"id":9}}"#),
            answer(Some(9), Some(text)),
        ),
        (
            format!(r#"{{"code":3,"msg":"{text}"}}"#),
            answer(None, Some(text)),
        ),
        (r#"{"code":2,"id":9}"#.to_owned(), answer(Some(9), Some(""))),
        (
            r#"{"error":{"code":2},"id":9}"#.to_owned(),
            answer(Some(9), Some("")),
        ),
    ] {
        assert_eq!(spot().control(&frame), expected, "{frame}");
    }
}

#[test]
fn the_coming_end_of_a_server_is_told_in_both_forms() {
    let told = Control::VenueState("serverShutdown".into());
    for frame in [
        r#"{"e":"serverShutdown","E":1770123456789}"#,
        r#"{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}"#,
    ] {
        assert_eq!(spot().control(frame), told);
    }
}

#[test]
fn combined_and_raw_frames_say_the_same() {
    for (stream, payload) in [
        ("bnbbtc@trade", TRADE),
        ("bnbbtc@aggTrade", AGG_TRADE),
        ("bnbusdt@bookTicker", BOOK_TICKER),
        ("bnbbtc@depth@100ms", DEPTH),
    ] {
        let first = format!(r#"{{"stream":"{stream}","data":{payload}}}"#);
        let last = format!(r#"{{"data":{payload},"stream":"{stream}"}}"#);
        let raw = spot().one(payload);
        assert_eq!(spot().one(&first), raw);
        assert_eq!(spot().one(&last), raw);
    }
}

#[test]
fn the_order_of_keys_does_not_matter() {
    let reversed = r#"{"M":true,"m":true,"T":1672515782133,"q":"100.00000000","p":"0.00102400","t":12345,"s":"BNBBTC","E":1672515782136,"e":"trade"}"#;
    assert_eq!(spot().trade(reversed), spot().trade(TRADE));
    let reversed = r#"{"a":[["0.00260000","100.00000000"]],"b":[["0.00240000","10.00000000"],["0.00230000","0.00000000"]],"u":160,"U":157,"s":"BNBBTC","E":1672515782136,"e":"depthUpdate"}"#;
    assert_eq!(spot().book(reversed), spot().book(DEPTH));
}

#[test]
fn times_in_microseconds_are_told_by_their_magnitude() {
    let micros = TRADE
        .replace("1672515782136", "1672515782136123")
        .replace("1672515782133", "1672515782133456");
    let trade = spot().trade(&micros);
    assert_eq!(trade.header.ts_send, 1_672_515_782_136_123_000);
    assert_eq!(trade.header.ts_venue, 1_672_515_782_133_456_000);
}

#[test]
fn bare_numbers_and_quoted_ones_say_the_same() {
    let bare = TRADE
        .replace(r#""0.00102400""#, "0.00102400")
        .replace(r#""100.00000000""#, "100.00000000");
    assert_eq!(spot().trade(&bare), spot().trade(TRADE));
    let quoted = TRADE.replace("12345", r#""12345""#);
    assert_eq!(spot().trade(&quoted), spot().trade(TRADE));
}

#[test]
fn symbols_may_be_escaped_or_outside_ascii() {
    let escaped = TRADE.replace("BNBBTC", r"\u0042NBBTC");
    let mut bench = spot();
    assert_eq!(bench.trade(&escaped), spot().trade(TRADE));
    let foreign = TRADE.replace("BNBBTC", "这是测试币456");
    let trade = bench.trade(&foreign);
    assert_eq!(
        &*bench.instruments.get(trade.header.instrument).symbol,
        "这是测试币456"
    );
    let name = super::subscribe::stream_name(
        StreamOptions::default(),
        crate::venue::Stream {
            key: crate::venue::StreamKey {
                instrument: trade.header.instrument,
                channel: Channel::TRADE,
            },
            symbol: "这是测试币456",
        },
    );
    assert_eq!(name, "这是测试币456@trade");
}

#[test]
fn messages_of_other_streams_are_ignored() {
    for frame in [
        r#"[{"e":"24hrMiniTicker","E":1,"s":"BTCUSDT","c":"1"}]"#,
        "[]",
        r#"{"stream":"!ticker_1h@arr","data":[{"e":"1hTicker","s":"BTCUSDT"}]}"#,
        r#"{"e":"kline","E":1672515782136,"s":"BNBBTC","k":{"t":1672515780000,"f":100,"L":200,"x":false}}"#,
        r#"{"e":"blockTrade","E":1772506983582,"s":"BNBBTC","t":582,"p":"0.052","q":"5838","T":1772506983321,"m":true}"#,
        r#"{"e":"referencePrice","s":"BAZUSD","r":null,"t":1770313263917}"#,
        r#"{"e":"markPriceUpdate","E":1562305380000,"s":"BTCUSDT","p":"11794.15","r":"","T":0,"st":1}"#,
        r#"{"e":"somethingNew","x":[[[]]]}"#,
        r#"{"stream":"bnbbtc@depth20@100ms","data":{"lastUpdateId":160,"bids":[["0.0024","10"]],"asks":[]}}"#,
    ] {
        assert_eq!(spot().control(frame), Control::Ignored, "{frame}");
    }
}

#[test]
fn json_of_no_known_shape_is_refused() {
    for (frame, expected) in [
        ("{}", Reject::UnknownShape),
        (r#"{"x":1}"#, Reject::UnknownShape),
        (r#"{"data":{}}"#, Reject::MissingField("stream")),
        (
            r#"{"stream":"a@trade","data":1}"#,
            Reject::WrongType("data"),
        ),
        ("\"text\"", Reject::WrongType("message")),
        ("7", Reject::WrongType("message")),
        ("null", Reject::WrongType("message")),
    ] {
        assert_eq!(spot().refusal(frame), expected, "{frame}");
    }
}

#[test]
fn a_raw_book_without_symbol_belongs_to_the_only_instrument_or_to_none() {
    let mut bench = spot();
    assert_eq!(bench.refusal(REST_DEPTH), Reject::AmbiguousInstrument);
    let id = bench.instruments.add("BTCUSDT").unwrap();
    assert_eq!(bench.book(REST_DEPTH).0.header.instrument, id);
    bench.instruments.add("ETHUSDT").unwrap();
    assert_eq!(bench.refusal(REST_DEPTH), Reject::AmbiguousInstrument);
}

fn delta(symbol: &str, first: u64, last: u64, prev: u64, px: &str) -> String {
    let prev = if prev == 0 {
        String::new()
    } else {
        format!(r#""pu":{prev},"#)
    };
    format!(
        r#"{{"e":"depthUpdate","E":1,"s":"{symbol}","U":{first},"u":{last},{prev}"b":[["{px}","1"]],"a":[]}}"#
    )
}

fn body(last: &str) -> String {
    format!(r#"{{"lastUpdateId":{last},"bids":[["1","7"]],"asks":[["9","7"]]}}"#)
}

#[test]
fn a_spot_snapshot_joins_the_event_that_contains_its_next_id() {
    let mut tape = Tape::<Binance>::new(SPOT);
    for (first, last, px) in [
        (95, 98, "2"),
        (99, 100, "3"),
        (99, 103, "4"),
        (104, 104, "5"),
    ] {
        tape.push(&delta("A", first, last, 0, px));
    }
    assert_eq!(tape.state(), State::Unsynced);
    tape.push_body(&body("100"));
    assert_eq!(tape.state(), State::Live);
    assert_eq!(
        tape.levels()[0],
        pairs(&[("5", "1"), ("4", "1"), ("1", "7")])
    );
    let snapshot = tape.books.last().unwrap();
    assert_eq!((snapshot.first_seq, snapshot.header.seq), (100, 104));
    tape.push(&delta("A", 106, 107, 0, "6"));
    assert_eq!(tape.state(), State::Bad);
    assert_eq!((tape.gaps[0].first_seq, tape.gaps[0].last_seq), (105, 105));
    assert_eq!(tape.gaps[0].header.seq, 104);
}

#[test]
fn a_spot_snapshot_older_than_the_held_events_does_not_join() {
    let mut tape = Tape::<Binance>::new(SPOT);
    tape.push(&delta("A", 102, 103, 0, "2"));
    tape.push_body(&body("100"));
    assert_eq!(tape.state(), State::Unsynced);
    tape.push_body(&body("101"));
    assert_eq!(tape.state(), State::Live);
}

#[test]
fn a_symbol_that_never_traded_starts_with_any_event() {
    let mut tape = Tape::<Binance>::new(SPOT);
    tape.push(&delta("A", 7, 9, 0, "2"));
    tape.push_body(r#"{"lastUpdateId":-1,"bids":[],"asks":[]}"#);
    assert_eq!(tape.state(), State::Live);
    assert_eq!(tape.levels(), [pairs(&[("2", "1")]), pairs(&[])]);
    let snapshot = tape.books.last().unwrap();
    assert_eq!((snapshot.first_seq, snapshot.header.seq), (0, 9));
}

#[test]
fn a_futures_snapshot_joins_inside_an_event_or_exactly_before_it() {
    for (held, joined) in [
        (
            &[(80, 99, 70, "2"), (90, 120, 80, "3"), (130, 140, 120, "4")][..],
            true,
        ),
        (&[(90, 100, 80, "3"), (130, 140, 100, "4")], true),
        (&[(105, 120, 100, "3"), (130, 140, 120, "4")], true),
        (&[(105, 120, 102, "3"), (130, 140, 120, "4")], false),
    ] {
        for id in [USDM, COINM] {
            let mut tape = Tape::<Binance>::new(id);
            for (first, last, prev, px) in held {
                tape.push(&delta("A", *first, *last, *prev, px));
            }
            tape.push_body(&body("100"));
            assert_eq!(tape.state() == State::Live, joined, "{held:?}");
            if joined {
                assert_eq!(
                    tape.levels()[0],
                    pairs(&[("4", "1"), ("3", "1"), ("1", "7")])
                );
                tape.push(&delta("A", 200, 201, 140, "5"));
                assert_eq!(
                    tape.state(),
                    State::Live,
                    "ids are shared: U need not follow u"
                );
                tape.push(&delta("A", 202, 205, 200, "5"));
                assert_eq!(tape.state(), State::Bad);
            }
        }
    }
}

#[test]
fn request_texts_are_the_venues() {
    let venue = Binance::new(SPOT, StreamOptions::default());
    let streams = [
        ("BTCUSDT", Channel::TRADE),
        ("BTCUSDT", Channel::AGG_TRADE),
        ("BTCUSDT", Channel::BBO),
        ("ETHUSDT", Channel::BOOK),
    ];
    assert_eq!(
        request(&venue, Ask::Subscribe, &streams),
        r#"{"method":"SUBSCRIBE","params":["btcusdt@trade","btcusdt@aggTrade","btcusdt@bookTicker","ethusdt@depth@100ms"],"id":7}"#
    );
    assert_eq!(
        request(&venue, Ask::Unsubscribe, &streams[..1]),
        r#"{"method":"UNSUBSCRIBE","params":["btcusdt@trade"],"id":7}"#
    );
    assert_eq!(venue.ping(1), None, "the venue pings");
}

#[test]
fn every_channel_goes_to_its_path() {
    for (id, trades, books) in [
        (SPOT, "/stream", "/stream"),
        (USDM, "/market/stream", "/public/stream"),
        (COINM, "/stream", "/stream"),
    ] {
        let venue = Binance::new(id, StreamOptions::default());
        for channel in [Channel::TRADE, Channel::AGG_TRADE] {
            assert_eq!(venue.path(channel), trades, "{id}");
        }
        for channel in [Channel::BBO, Channel::BOOK] {
            assert_eq!(venue.path(channel), books, "{id}");
        }
    }
}

#[test]
fn rest_paths_are_the_products() {
    for (id, reference, snapshot) in [
        (
            SPOT,
            "/api/v3/exchangeInfo",
            "/api/v3/depth?symbol=BTC&limit=5000",
        ),
        (
            USDM,
            "/fapi/v1/exchangeInfo",
            "/fapi/v1/depth?symbol=BTC&limit=1000",
        ),
        (
            COINM,
            "/dapi/v1/exchangeInfo",
            "/dapi/v1/depth?symbol=BTC&limit=1000",
        ),
    ] {
        let venue = Binance::new(id, StreamOptions::default());
        assert_eq!(
            venue
                .reference_query(None)
                .map(|query| query.path)
                .as_deref(),
            Some(reference)
        );
        assert_eq!(
            venue
                .snapshot_query("BTC", Channel::BOOK)
                .map(|query| query.path)
                .as_deref(),
            Some(snapshot)
        );
    }
}

#[test]
fn a_recorded_exchange_info_frame_lists_instruments() {
    let frame = r#"{"symbols":[{"symbol":"ETHBTC","status":"TRADING","baseAsset":"ETH","quoteAsset":"BTC","filters":[]}]}"#;
    let mut bench = spot();
    let Item::Listing(listing) = bench.one(frame) else {
        panic!("no listing");
    };
    assert_eq!(&*listing.symbol, "ETHBTC");
    assert!(bench.instruments.all().is_empty(), "the feed decides");
}

#[test]
fn a_refused_frame_leaves_no_instrument_behind() {
    let mut tape = Tape::<Binance>::new(SPOT);
    let bad = TRADE.replace("0.00102400", "NaN");
    assert!(tape.feed.decode(bad.as_bytes()).is_err());
    assert!(tape.feed.instruments().all().is_empty());
    tape.push(&TRADE.replace("BNBBTC", "ETHBTC"));
    tape.push(TRADE);
    let known = tape.feed.instruments();
    assert_eq!(known.find("BNBBTC").map(|id| id.index()), Some(1));
}

#[test]
fn an_instrument_of_whole_numbers_is_introduced_too() {
    let mut tape = Tape::<Binance>::new(SPOT);
    let whole = TRADE
        .replace("0.00102400", "7")
        .replace("100.00000000", "3");
    tape.push(&whole);
    tape.push(&whole);
    let counts = tape.feed.counts();
    assert_eq!(counts.records_of(Kind::Instrument), 1);
    assert_eq!(counts.records_of(Kind::Trade), 2);
    assert_eq!(tape.feed.instruments().all()[0].generation, 1);
}
