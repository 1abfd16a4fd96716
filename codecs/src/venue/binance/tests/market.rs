//! Streams of all symbols, partial depth, and what `contractInfo` says.

use super::*;

fn mini(symbol: &str) -> String {
    format!(
        r#"{{"e":"24hrMiniTicker","E":1672515782136,"s":"{symbol}","c":"1","o":"1","h":"1","l":"1","v":"1","q":"1"}}"#
    )
}

/// A feed that carries BTCUSDT only.
fn named(id: VenueId, symbol: &str) -> Bench<Binance> {
    let mut bench = Bench::new(id);
    bench.instruments = Instruments::new(id, Admission::Named);
    bench.instruments.add(symbol).unwrap();
    bench
}

/// The symbols of the data in the last frame.
fn symbols(bench: &Bench<Binance>) -> Vec<&str> {
    let streams = bench.batch.streams();
    streams
        .map(|(id, _)| &*bench.instruments.get(id).symbol)
        .collect()
}

#[test]
fn an_array_gives_a_record_for_each_instrument_that_the_feed_carries() {
    let array = format!(
        "[{},{},{}]",
        mini("ETHUSDT"),
        mini("BTCUSDT"),
        mini("这是测试币456")
    );
    for frame in [
        array.clone(),
        format!(r#"{{"stream":"!miniTicker@arr","data":{array}}}"#),
    ] {
        let mut bench = named(SPOT, "BTCUSDT");
        bench.decode(&frame).unwrap();
        assert_eq!(symbols(&bench), ["BTCUSDT"]);
        let mut all = spot();
        all.decode(&frame).unwrap();
        assert_eq!(symbols(&all), ["ETHUSDT", "BTCUSDT", "这是测试币456"]);
    }
}

#[test]
fn an_array_without_an_instrument_of_the_feed_is_ignored() {
    let array = format!("[{},{}]", mini("ETHUSDT"), mini("BNBUSDT"));
    assert_eq!(named(SPOT, "BTCUSDT").control(&array), Control::Ignored);
}

#[test]
fn each_futures_product_takes_its_own_half_of_a_merged_array() {
    let array = format!(
        "[{},{},{}]",
        mini("BTCUSDT"),
        mini("BTCUSD_PERP"),
        mini("BTCUSDT_260327")
    );
    let mut usdm = Bench::<Binance>::new(USDM);
    usdm.decode(&array).unwrap();
    assert_eq!(symbols(&usdm), ["BTCUSDT", "BTCUSDT_260327"]);
    let mut coinm = Bench::<Binance>::new(COINM);
    coinm.decode(&array).unwrap();
    assert_eq!(symbols(&coinm), ["BTCUSD_PERP"]);
}

#[test]
fn one_bad_element_of_the_feeds_own_refuses_the_array() {
    let bad = mini("BTCUSDT").replace(r#""c":"1""#, r#""c":"x""#);
    let array = format!("[{},{bad}]", mini("ETHUSDT"));
    assert_eq!(
        named(SPOT, "BTCUSDT").refusal(&array),
        Reject::InvalidNumber("c")
    );
    let other = format!(
        "[{},{}]",
        bad.replace("BTCUSDT", "XRPUSDT"),
        mini("BTCUSDT")
    );
    let mut bench = named(SPOT, "BTCUSDT");
    bench.decode(&other).unwrap();
    assert_eq!(symbols(&bench), ["BTCUSDT"], "what others say is not read");
    assert_eq!(spot().refusal("[1]"), Reject::WrongType("element"));
    let nameless =
        r#"[{"e":"24hrMiniTicker","E":1,"c":"1","o":"1","h":"1","l":"1","v":"1","q":"1"}]"#;
    assert_eq!(spot().refusal(nameless), Reject::MissingField("s"));
}

#[test]
fn single_messages_of_the_whole_market_are_passed_over_the_same_way() {
    let liquidation = r#"{"stream":"!forceOrder@arr","data":{"e":"forceOrder","E":1,"o":{"s":"ETHUSDT","S":"SELL","q":"1","p":"1","T":1},"ps":"ETHUSDT","st":1}}"#;
    let best = r#"{"stream":"!bookTicker","data":{"e":"bookTicker","u":1,"E":1,"T":1,"s":"ETHUSDT","b":"1","B":"1","a":"2","A":"1"}}"#;
    for frame in [liquidation, best] {
        assert_eq!(named(USDM, "BTCUSDT").control(frame), Control::Ignored);
        let mut bench = named(USDM, "ETHUSDT");
        bench.decode(frame).unwrap();
        assert_eq!(symbols(&bench), ["ETHUSDT"]);
        assert!(bench.knows_all());
        let one = frame.replace("!forceOrder@arr", "ethusdt@forceOrder");
        let one = one.replace("!bookTicker", "ethusdt@bookTicker");
        assert_eq!(
            named(USDM, "BTCUSDT").refusal(&one),
            Reject::UnknownInstrument,
            "a stream of its own was never asked for"
        );
    }
}

#[test]
fn an_array_on_a_stream_of_one_symbol_is_refused() {
    let frame = format!(
        r#"{{"stream":"btcusdt@miniTicker","data":[{}]}}"#,
        mini("BTCUSDT")
    );
    assert_eq!(spot().refusal(&frame), Reject::WrongType("data"));
}

#[test]
fn a_change_of_contracts_asks_for_reference_data_whoever_it_is_about() {
    let frame = r#"{"e":"contractInfo","E":1669356423908,"s":"IOTAUSDT","ct":"PERPETUAL","dt":4133404800000,"ot":1569398400000,"cs":"SOMETHING_NEW","bks":[{"bs":1,"bnf":0,"bnc":5000,"mmr":0.01,"cf":0,"mi":21,"ma":50}],"st":1}"#;
    for frame in [
        frame.to_owned(),
        format!(r#"{{"stream":"!contractInfo","data":{frame}}}"#),
    ] {
        let mut bench = named(USDM, "BTCUSDT");
        assert_eq!(bench.control(&frame), Control::Relisted);
        assert!(bench.knows_all());
    }
}

#[test]
fn partial_depth_of_spot_belongs_to_the_symbol_of_its_stream() {
    let frame = r#"{"stream":"bnbbtc@depth5@100ms","data":{"lastUpdateId":160,"bids":[["0.00240000","10.00000000"]],"asks":[["0.00260000","100.00000000"]]}}"#;
    let mut bench = named(SPOT, "BNBBTC");
    bench.instruments.add("ETHBTC").unwrap();
    let (head, bids, asks) = bench.book(frame);
    assert_eq!(head.header.template_id, Kind::BookSnapshot as u16);
    assert_eq!((head.channel, head.depth), (Channel::BOOK_TOP, 5));
    assert_eq!((head.header.instrument.index(), head.header.seq), (0, 160));
    assert_eq!((head.header.ts_venue, head.header.ts_send), (0, 0));
    assert_eq!(shown_levels(&head, &bids), pairs(&[("0.0024", "10")]));
    assert_eq!(shown_levels(&head, &asks), pairs(&[("0.0026", "100")]));
    assert!(bench.knows_all());
    let swapped = format!(
        r#"{{"data":{},"stream":"bnbbtc@depth5@100ms"}}"#,
        &frame[frame.find(r#"{"last"#).unwrap()..frame.len() - 1]
    );
    assert_eq!(bench.book(&swapped), (head, bids, asks));
    let other = frame.replace("bnbbtc", "xrpbtc");
    assert_eq!(bench.refusal(&other), Reject::UnknownInstrument);
    let long = frame.replace("bnbbtc", &"x".repeat(65));
    assert_eq!(bench.refusal(&long), Reject::UnknownInstrument);
}

#[test]
fn partial_depth_of_futures_is_a_snapshot_though_it_looks_like_a_delta() {
    let payload = r#"{"e":"depthUpdate","E":1571889248277,"T":1571889248276,"s":"BTCUSDT","ps":"BTCUSDT","st":1,"U":390497796,"u":390497878,"pu":390497794,"b":[["7403.89","0.002"]],"a":[["7405.96","3.340"]]}"#;
    for (stream, levels) in [("depth5", 5), ("depth10@500ms", 10), ("depth20@100ms", 20)] {
        let frame = format!(r#"{{"stream":"btcusdt@{stream}","data":{payload}}}"#);
        let mut bench = Bench::<Binance>::new(USDM);
        let (head, bids, _) = bench.book(&frame);
        assert_eq!(head.header.template_id, Kind::BookSnapshot as u16);
        assert_eq!((head.channel, head.depth), (Channel::BOOK_TOP, levels));
        assert_eq!(
            (head.header.seq, head.first_seq, head.prev_seq),
            (390_497_878, 0, 0)
        );
        assert_eq!(head.header.ts_venue, 1_571_889_248_276_000_000);
        assert_eq!(shown_levels(&head, &bids), pairs(&[("7403.89", "0.002")]));
        assert!(bench.knows_all());
    }
    for stream in ["depth", "depth@100ms", "depth@500ms"] {
        let frame = format!(r#"{{"stream":"btcusdt@{stream}","data":{payload}}}"#);
        let (head, ..) = Bench::<Binance>::new(USDM).book(&frame);
        assert_eq!(head.header.template_id, Kind::BookDelta as u16, "{stream}");
        assert_eq!(head.channel, Channel::BOOK);
    }
}
