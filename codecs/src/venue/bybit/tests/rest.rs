//! REST bodies: books, recent trades, turnover.

use super::{LINEAR, OPTION, SPOT, books, drift, named};
use crate::instrument::InstrumentId;
use crate::record::{BookHead, Conditions, Kind, Trade, TradeId};
use crate::reject::Reject;
use crate::venue::bybit::Bybit;
use crate::venue::workbench::{Bench, pairs, shown};
use crate::venue::{Channel, Venue, VenueId};

const BOOK: &str = r#"{"retCode":0,"retMsg":"OK","result":{"s":"BTCUSDT","b":[["65485.47","47.08"],["65485.00","1"]],"a":[["65557.70","16.61"]],"ts":1716863719031,"u":230704,"seq":1432604333,"cts":1716863718905},"retExtInfo":{},"time":1716863719382}"#;
const RPI: &str = r#"{"retCode":0,"retMsg":"OK","result":{"s":"BTCUSDT","b":[["65485.47","0","2"],["65485.00","1","0"]],"a":[["65557.70","16.61","0.5"]],"ts":1716863719031,"u":230704,"seq":1432604333,"cts":1716863718905}}"#;

fn snapshot(
    bench: &mut Bench<Bybit>,
    body: &str,
    of: InstrumentId,
    channel: Channel,
) -> Result<(), Reject> {
    bench.batch.clear();
    let (instruments, batch) = (&mut bench.instruments, &mut bench.batch);
    bench
        .venue
        .decode_snapshot(body.as_bytes(), of, channel, instruments, batch)
}

fn trades(bench: &mut Bench<Bybit>, body: &str) -> Result<Vec<Trade>, Reject> {
    let mut trades = Vec::new();
    let instruments = &mut bench.instruments;
    bench.venue.decode_trades(
        body.as_bytes(),
        InstrumentId::NONE,
        Channel::TRADE,
        instruments,
        &mut trades,
    )?;
    Ok(trades)
}

#[test]
fn a_book_body_tells_both_numbers_for_the_join() {
    for channel in [Channel::BOOK, Channel::BOOK_FULL] {
        let (mut bench, ids) = named(SPOT, &["BTCUSDT"]);
        snapshot(&mut bench, BOOK, ids[0], channel).unwrap();
        assert!(bench.knows_all(), "{:?}", drift(&bench));
        let all = books(&bench);
        let (head, bids, asks) = &all[0];
        let mut expected = BookHead::new(Kind::BookSnapshot, ids[0], head.px_exp, head.qty_exp);
        expected.channel = channel;
        (expected.header.seq, expected.cross_seq) = (230_704, 1_432_604_333);
        expected.header.ts_send = 1_716_863_719_031_000_000;
        expected.header.ts_venue = 1_716_863_718_905_000_000;
        assert_eq!(*head, expected);
        assert_eq!(*bids, pairs(&[("65485.47", "47.08"), ("65485", "1")]));
        assert_eq!(*asks, pairs(&[("65557.7", "16.61")]));
    }
}

#[test]
fn an_rpi_body_is_read_for_the_book_that_asked() {
    let (mut bench, ids) = named(LINEAR, &["BTCUSDT"]);
    for (channel, bid, ask) in [
        (Channel::BOOK_RPI, ("65485", "1"), "16.61"),
        (Channel::BOOK_RPI_ONLY, ("65485.47", "2"), "0.5"),
    ] {
        snapshot(&mut bench, RPI, ids[0], channel).unwrap();
        let all = books(&bench);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].0.channel, channel);
        assert_eq!(all[0].1, pairs(&[bid]));
        assert_eq!(all[0].2, pairs(&[("65557.7", ask)]));
    }
}

#[test]
fn a_body_of_another_instrument_or_an_error_is_no_book() {
    let (mut bench, ids) = named(SPOT, &["BTCUSDT", "ETHUSDT"]);
    let error = r#"{"retCode":10001,"retMsg":"params error","result":{},"time":1}"#;
    for (body, of, expected) in [
        (BOOK, ids[1], Reject::UnknownInstrument),
        (error, ids[0], Reject::VenueError),
        (
            r#"{"retCode":0,"result":{"s":"BTCUSDT","b":[],"a":[]}}"#,
            ids[0],
            Reject::MissingField("u"),
        ),
    ] {
        assert_eq!(
            snapshot(&mut bench, body, of, Channel::BOOK),
            Err(expected),
            "{body}"
        );
    }
}

fn fill(id: &str, time: u64, seq: u64) -> String {
    format!(
        r#"{{"execId":"{id}","symbol":"BTCUSDT","price":"16618.49","size":"0.00012","side":"Buy","time":"{time}","isBlockTrade":false,"isRPITrade":true,"seq":"{seq}"}}"#
    )
}

fn recent(fills: &[String]) -> String {
    format!(
        r#"{{"retCode":0,"retMsg":"OK","result":{{"category":"spot","list":[{}]}},"retExtInfo":{{}},"time":1672053054358}}"#,
        fills.join(",")
    )
}

fn ids(trades: &[Trade]) -> Vec<String> {
    trades.iter().map(|trade| trade.id().to_string()).collect()
}

#[test]
fn recent_trades_have_the_values_of_the_streamed_ones() {
    let (mut bench, instruments) = named(SPOT, &["BTCUSDT"]);
    let body = recent(&[fill("2100000000007764263", 1_672_052_955_758, 123_456)]);
    let found = trades(&mut bench, &body).unwrap();
    let streamed = r#"{"topic":"publicTrade.BTCUSDT","ts":1,"type":"snapshot","data":[{"i":"2100000000007764263","T":1672052955758,"p":"16618.49","v":"0.00012","S":"Buy","s":"BTCUSDT","BT":false,"RPI":true,"seq":123456}]}"#;
    let mut streamed = bench.trade(streamed);
    streamed.header.ts_send = 0;
    assert_eq!(found, [streamed]);
    assert_eq!(found[0].header.instrument, instruments[0]);
    assert_eq!(found[0].id(), TradeId::Integer(2_100_000_000_007_764_263));
    assert_eq!(found[0].conditions, Conditions::RPI);
    assert_eq!(
        shown(&found[0]),
        ("16618.49".to_owned(), "0.00012".to_owned())
    );
}

#[test]
fn recent_trades_come_oldest_first_from_either_end() {
    let (mut bench, _) = named(SPOT, &["BTCUSDT"]);
    let rising: Vec<String> = [("1", 5, 1), ("2", 5, 2), ("3", 5, 2), ("4", 6, 3)]
        .iter()
        .map(|(id, time, seq)| fill(id, 1_672_052_955_000 + time, *seq))
        .collect();
    let falling: Vec<String> = rising.iter().rev().cloned().collect();
    for list in [&rising, &falling] {
        let found = trades(&mut bench, &recent(list)).unwrap();
        assert_eq!(ids(&found), ["1", "2", "3", "4"]);
    }
    assert_eq!(trades(&mut bench, &recent(&[])).unwrap(), []);
    let mut earlier = vec![trades(&mut bench, &recent(&rising)).unwrap()[3]];
    let instruments = &mut bench.instruments;
    let body = recent(&falling);
    let outcome = bench.venue.decode_trades(
        body.as_bytes(),
        InstrumentId::NONE,
        Channel::TRADE,
        instruments,
        &mut earlier,
    );
    assert_eq!(outcome, Ok(()));
    assert_eq!(
        ids(&earlier),
        ["4", "1", "2", "3", "4"],
        "what was there stays in front"
    );
}

#[test]
fn old_bodies_without_sequence_and_marks_are_read() {
    let (mut bench, _) = named(SPOT, &["BTCUSDT"]);
    let old =
        recent(&[fill("7", 1_672_052_955_758, 1)]).replace(r#","isRPITrade":true,"seq":"1""#, "");
    let found = trades(&mut bench, &old).unwrap();
    assert_eq!(
        (found[0].header.seq, found[0].conditions),
        (0, Conditions::default())
    );
}

#[test]
fn recent_trades_of_other_options_are_passed_over_and_of_other_instruments_refused() {
    let body = recent(&[fill("7", 1, 1)]);
    let (mut option, _) = named(OPTION, &["BTC-6JAN23-18000-C"]);
    assert_eq!(trades(&mut option, &body), Ok(vec![]));
    let (mut spot, _) = named(SPOT, &["ETHUSDT"]);
    assert_eq!(trades(&mut spot, &body), Err(Reject::UnknownInstrument));
    let error = r#"{"retCode":10006,"retMsg":"Too many visits!","result":{},"time":1}"#;
    assert_eq!(trades(&mut spot, error), Err(Reject::VenueError));
}

fn volumes(id: VenueId, body: &str) -> Result<Vec<(String, String)>, Reject> {
    let mut volumes = Vec::new();
    let mut bench = Bench::<Bybit>::new(id);
    let next = bench.venue.decode_volumes(body.as_bytes(), &mut volumes)?;
    assert_eq!(next, None, "one page");
    let shown = |(symbol, value): (Box<str>, crate::Fixed)| (symbol.into(), value.to_string());
    Ok(volumes.into_iter().map(shown).collect())
}

#[test]
fn the_turnover_of_every_instrument_is_read() {
    let body = r#"{"retCode":0,"retMsg":"OK","result":{"category":"inverse","list":[{"symbol":"BTCUSD","lastPrice":"16597.00","turnover24h":"2352.94950046","volume24h":"49337318"},{"symbol":"NEW","turnover24h":""}]},"time":1672376496682}"#;
    assert_eq!(
        volumes(LINEAR, body),
        Ok(pairs(&[("BTCUSD", "2352.94950046")]))
    );
    let bent = body.replace("2352.94950046", "much");
    assert_eq!(
        volumes(LINEAR, &bent),
        Err(Reject::InvalidNumber("turnover24h"))
    );
}
