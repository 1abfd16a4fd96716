//! Decoding of this venue, message by message.

use crate::batch::Control;
use crate::feed::State;
use crate::instrument::{InstrumentId, Terms};
use crate::record::{ABSENT, Flags, GapCause, InstrumentType, Kind, Side, TradeId, TradingState};
use crate::reject::Reject;
use crate::venue::kraken::Kraken;
use crate::venue::workbench::{Bench, Tape, listings, pairs, request, shown, shown_levels};
use crate::venue::{Ask, Channel, StreamKey, StreamOptions, Venue, VenueId};

const TRADE: &str = r#"{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"buy","price":83744.3,"qty":0.00044780,"ord_type":"limit","trade_id":109116693,"timestamp":"2026-09-25T17:48:26.844359Z"}]}"#;
const TICKER: &str = r#"{"channel":"ticker","type":"snapshot","data":[{"symbol":"BTC/USD","bid":83744.2,"bid_qty":0.56251979,"ask":83744.3,"ask_qty":0.00044780,"last":83744.3,"volume":3156.84782110,"vwap":84174.6,"low":83163.6,"high":85247.4,"change":-429.3,"change_pct":-0.51,"trades":135262,"timestamp":"2026-09-25T17:48:26.844359Z"}]}"#;
/// The documented live example (ETH/USD, 2025-05-06), whose checksums the venue computed.
const SNAPSHOT: &str = r#"{"channel":"book","type":"snapshot","data":[{"symbol":"ETH/USD","bids":[{"price":1797.24,"qty":0.43393711},{"price":1797.18,"qty":139.10616255},{"price":1797.13,"qty":139.10995927},{"price":1797.12,"qty":0.80386470},{"price":1797.07,"qty":139.11517673},{"price":1796.98,"qty":5.22282896},{"price":1796.97,"qty":12.17138476},{"price":1796.95,"qty":139.69390939},{"price":1796.88,"qty":4.21870000},{"price":1796.85,"qty":1.22932317}],"asks":[{"price":1797.25,"qty":1.40355852},{"price":1797.28,"qty":10.82400000},{"price":1797.29,"qty":139.09899871},{"price":1797.30,"qty":139.09783403},{"price":1797.37,"qty":139.09216827},{"price":1797.41,"qty":5.24638952},{"price":1797.42,"qty":0.01780330},{"price":1797.46,"qty":33.05700000},{"price":1797.48,"qty":3.11556555},{"price":1797.49,"qty":139.49306646}],"checksum":2606672715}]}"#;
const UPDATE: &str = r#"{"channel":"book","type":"update","data":[{"symbol":"ETH/USD","bids":[],"asks":[{"price":1797.29,"qty":0.00000000},{"price":1797.52,"qty":1.56601318}],"checksum":3329440863,"timestamp":"2025-05-06T09:17:26.208075Z"}]}"#;
const PAIR: &str = r#"{"symbol":"BTC/USD","base":"BTC","quote":"USD","status":"online","qty_precision":8,"qty_increment":1e-08,"qty_min":0.0001,"price_precision":1,"price_increment":0.1,"cost_precision":5,"cost_min":0.5,"marginable":true,"has_index":true,"margin_initial":0.1,"position_limit_long":300,"position_limit_short":240}"#;

fn kraken() -> Bench<Kraken> {
    Bench::new(VenueId::KRAKEN_SPOT)
}

fn tape() -> Tape<Kraken> {
    Tape::new(VenueId::KRAKEN_SPOT)
}

#[test]
fn a_trade_keeps_every_value() {
    let mut bench = kraken();
    let trade = bench.trade(TRADE);
    assert_eq!(
        shown(&trade),
        ("83744.3".to_owned(), "0.0004478".to_owned())
    );
    assert_eq!(
        (trade.px, trade.px_exp, trade.qty, trade.qty_exp),
        (837_443, -1, 44_780, -8)
    );
    assert_eq!(trade.side, Side::BUY);
    assert_eq!(
        (trade.id(), trade.header.seq),
        (TradeId::Integer(109_116_693), 109_116_693)
    );
    assert_eq!(trade.header.ts_venue, 1_790_358_506_844_359_000);
    assert_eq!((trade.header.ts_send, trade.header.flags), (0, Flags::NONE));
    assert!(bench.knows_all());
}

#[test]
fn trades_of_a_snapshot_are_history() {
    let history = TRADE
        .replace("update", "snapshot")
        .replace("\"buy\"", "\"sell\"");
    let trade = kraken().trade(&history);
    assert_eq!(
        (trade.side, trade.header.flags),
        (Side::SELL, Flags::SNAPSHOT)
    );
}

#[test]
fn several_elements_apply_in_order() {
    let element = &TRADE[TRADE.find("[{").unwrap() + 1..TRADE.len() - 2];
    let second = element
        .replace("109116693", "109116694")
        .replace("BTC/USD", "ETH/USD");
    let frame =
        format!(r#"{{"channel":"trade","type":"update","data":[{element},{second},{element}]}}"#);
    let mut bench = kraken();
    assert_eq!(bench.decode(&frame).unwrap().len(), 3);
    let ids: Vec<_> = bench.batch.streams().map(|(id, _)| id.index()).collect();
    assert_eq!(ids, [0, 1, 0]);
}

#[test]
fn a_ticker_is_the_best_price() {
    let mut bench = kraken();
    let bbo = bench.bbo(TICKER);
    assert_eq!((bbo.bid_px, bbo.bid_qty), (837_442, 56_251_979));
    assert_eq!((bbo.ask_px, bbo.ask_qty), (837_443, 44_780));
    assert_eq!((bbo.px_exp, bbo.qty_exp, bbo.header.seq), (-1, -8, 0));
    assert_eq!(bbo.header.ts_venue, 1_790_358_506_844_359_000);
    assert!(bench.knows_all());
    let old = TICKER.replace(
        r#","trades":135262,"timestamp":"2026-09-25T17:48:26.844359Z""#,
        "",
    );
    let bbo = bench.bbo(&old);
    assert_eq!(
        (bbo.header.ts_venue, bbo.bid_px),
        (0, 837_442),
        "captures of 2023"
    );
    let one_sided = TICKER
        .replace("0.56251979", "0.00000000")
        .replace("83744.2,", "0.0,");
    assert_eq!(bench.bbo(&one_sided).bid_px, ABSENT);
}

#[test]
fn a_book_keeps_levels_in_wire_order_with_its_checksum() {
    let mut bench = kraken();
    let (head, bids, asks) = bench.book(UPDATE);
    assert_eq!(head.header.template_id, Kind::BookDelta as u16);
    assert_eq!((head.checksum, head.depth), (3_329_440_863, 10));
    assert_eq!(head.header.flags, Flags::CHECKSUM);
    assert_eq!(head.header.ts_venue, 1_746_523_046_208_075_000);
    assert_eq!(bids.len(), 0);
    assert_eq!(
        shown_levels(&head, &asks),
        pairs(&[("1797.29", "0"), ("1797.52", "1.56601318")])
    );
    let (head, bids, asks) = bench.book(SNAPSHOT);
    assert_eq!(head.header.template_id, Kind::BookSnapshot as u16);
    assert_eq!(
        (bids.len(), asks.len(), head.header.ts_venue),
        (10, 10, 0),
        "no timestamp in 2025"
    );
    assert!(bench.knows_all());
}

#[test]
fn the_documented_snapshot_and_update_pass_their_checksums() {
    let mut tape = tape();
    tape.push(SNAPSHOT);
    tape.push(UPDATE);
    assert_eq!((tape.state(), tape.gaps.len()), (State::Live, 0));
    let [_, asks] = tape.levels();
    assert_eq!((asks.len(), &*asks[9].0), (10, "1797.52"));
    let (.., counts) = tape
        .feed
        .book(InstrumentId::new(VenueId::KRAKEN_SPOT, 0))
        .unwrap();
    assert_eq!((counts.checksums_ok, counts.checksums_failed), (2, 0));
}

#[test]
fn a_wrong_checksum_breaks_the_book_until_a_snapshot() {
    let mut tape = tape();
    tape.push(SNAPSHOT);
    tape.push(&UPDATE.replace("3329440863", "3329440862"));
    assert_eq!(tape.state(), State::Bad);
    assert_eq!(tape.gaps.len(), 1);
    assert_eq!(tape.gaps[0].cause, GapCause::CHECKSUM);
    assert!(tape.books[1].header.flags.contains(Flags::MAYBE_BAD_BOOK));
    tape.push(&UPDATE.replace("1.56601318", "1.56601319"));
    assert_eq!((tape.state(), tape.gaps.len()), (State::Bad, 1));
    tape.push(&SNAPSHOT.replace("2606672715", "1"));
    assert_eq!(
        (tape.state(), tape.gaps.len()),
        (State::Bad, 1),
        "one break, one gap"
    );
    assert!(tape.books[3].header.flags.contains(Flags::MAYBE_BAD_BOOK));
    tape.push(SNAPSHOT);
    assert_eq!(tape.state(), State::Live);
    assert!(!tape.books[4].header.flags.contains(Flags::MAYBE_BAD_BOOK));
}

#[test]
fn zero_in_any_spelling_removes_a_level() {
    for zero in ["0.0", "0", "0e-8", "0.00000000", "-0.0"] {
        let mut tape = tape();
        tape.push(SNAPSHOT);
        tape.push(&UPDATE.replace(r#""qty":0.00000000"#, &format!(r#""qty":{zero}"#)));
        assert_eq!(tape.state(), State::Live, "{zero}");
    }
}

#[test]
fn removing_an_unknown_level_is_normal() {
    let mut tape = tape();
    tape.push(SNAPSHOT);
    let spurious = r#"{"price":1797.29,"qty":0.00000000},{"price":1700.00,"qty":0.00000000}"#;
    tape.push(&UPDATE.replace(r#"{"price":1797.29,"qty":0.00000000}"#, spurious));
    assert_eq!(tape.state(), State::Live);
}

#[test]
fn the_last_of_two_equal_prices_wins() {
    let mut tape = tape();
    tape.push(SNAPSHOT);
    let twice = r#"{"price":1797.52,"qty":9.00000000},{"price":1797.52,"qty":1.56601318}"#;
    tape.push(&UPDATE.replace(r#"{"price":1797.52,"qty":1.56601318}"#, twice));
    assert_eq!(tape.state(), State::Live);
}

#[test]
fn numbers_with_an_exponent_are_exact() {
    let mut tape = tape();
    tape.push(SNAPSHOT);
    tape.push(
        &UPDATE
            .replace("1.56601318", "156601318e-8")
            .replace("1797.52", "1.79752e3"),
    );
    assert_eq!(tape.state(), State::Live);
}

#[test]
fn levels_pushed_out_of_the_view_are_dropped() {
    let mut tape = tape();
    tape.push(SNAPSHOT);
    let better = r#"{"channel":"book","type":"update","data":[{"symbol":"ETH/USD","bids":[{"price":1797.245,"qty":1.00000000}],"asks":[],"checksum":0}]}"#;
    tape.push(better);
    let [bids, _] = tape.levels();
    assert_eq!((bids.len(), &*bids[9].0), (10, "1796.88"));
}

#[test]
fn an_update_before_any_snapshot_is_flagged_and_not_applied() {
    let mut tape = tape();
    tape.push(UPDATE);
    assert_eq!((tape.state(), tape.gaps.len()), (State::Bad, 0));
    assert!(tape.books[0].header.flags.contains(Flags::MAYBE_BAD_BOOK));
    assert_eq!(tape.levels(), [vec![], vec![]]);
    tape.push(SNAPSHOT);
    assert_eq!(tape.state(), State::Live);
}

#[test]
fn an_empty_book_after_maintenance_has_checksum_zero() {
    let mut tape = tape();
    let empty = r#"{"channel":"book","type":"snapshot","data":[{"symbol":"ETH/USD","bids":[],"asks":[],"checksum":0}]}"#;
    tape.push(empty);
    assert_eq!(tape.state(), State::Live);
}

#[test]
fn a_checksum_beyond_32_bits_is_refused() {
    let odd = UPDATE.replace("3329440863", "4294967296");
    assert_eq!(kraken().refusal(&odd), Reject::NumberRange("checksum"));
}

#[test]
fn stamps_have_up_to_nine_digits() {
    let fine = TRADE.replace("844359Z", "844359566Z");
    assert_eq!(
        kraken().trade(&fine).header.ts_venue,
        1_790_358_506_844_359_566
    );
    let finer = TRADE.replace("844359Z", "8443595661Z");
    assert_eq!(kraken().refusal(&finer), Reject::InvalidTime("timestamp"));
}

#[test]
fn pairs_are_listed_and_assets_are_not() {
    let frame = format!(
        r#"{{"channel":"instrument","type":"snapshot","data":{{"assets":[{{"id":"BTC","status":"enabled","precision":10}}],"pairs":[{PAIR}]}}}}"#
    );
    let mut bench = kraken();
    let found = listings(bench.decode(&frame).unwrap());
    assert_eq!(found.len(), 1);
    let known = &found[0];
    assert_eq!(
        (&*known.symbol, &*known.base, &*known.quote),
        ("BTC/USD", "BTC", "USD")
    );
    assert_eq!((known.px_exp, known.qty_exp), (-1, -8));
    let expected = Terms {
        tick: (1, -1),
        lot: (1, -8),
        state: TradingState::TRADING,
        instrument_type: InstrumentType::SPOT,
        ..Terms::UNKNOWN
    };
    assert_eq!(known.terms, expected);
    let assets = r#"{"channel":"instrument","type":"update","data":{"assets":[{"id":"BTC"}]}}"#;
    assert_eq!(bench.decode(assets), Ok(&[][..]));
}

#[test]
fn every_state_of_a_pair_is_told() {
    for (status, expected) in [
        ("online", TradingState::TRADING),
        ("cancel_only", TradingState::HALTED),
        ("maintenance", TradingState::HALTED),
        ("something_new", TradingState::HALTED),
        ("delisted", TradingState::CLOSED),
    ] {
        let pair = PAIR.replace("online", status);
        let frame =
            format!(r#"{{"channel":"instrument","type":"update","data":{{"pairs":[{pair}]}}}}"#);
        let mut bench = kraken();
        assert_eq!(
            listings(bench.decode(&frame).unwrap())[0].terms.state,
            expected
        );
    }
}

#[test]
fn the_venues_state_is_told_whatever_its_connection_id() {
    let frame = r#"{"channel":"status","type":"update","data":[{"version":"2.0.10","system":"online","api_version":"v2","connection_id":18125794168470749634,"upcoming_maintenance":[],"emergency":[]}]}"#;
    assert_eq!(
        kraken().control(frame),
        Control::VenueState("online".into())
    );
    let closed = frame.replace("online", "maintenance");
    assert_eq!(
        kraken().control(&closed),
        Control::VenueState("maintenance".into())
    );
}

#[test]
fn heartbeats_and_pongs_are_signs_of_life() {
    for frame in [
        r#"{"channel":"heartbeat"}"#,
        r#"{"method":"pong","req_id":42,"time_in":"2024-05-20T11:08:49.272922Z","time_out":"2024-05-20T11:08:49.272940Z"}"#,
    ] {
        assert_eq!(kraken().control(frame), Control::Heartbeat);
    }
}

fn with_eth() -> (Bench<Kraken>, InstrumentId) {
    let mut bench = kraken();
    let id = bench.instruments.add("ETH/USD").unwrap();
    (bench, id)
}

#[test]
fn acknowledgements_name_their_stream() {
    let (mut bench, instrument) = with_eth();
    for (frame, request, channel, instrument) in [
        (
            r#"{"method":"subscribe","req_id":11,"result":{"channel":"book","depth":10,"snapshot":true,"symbol":"ETH/USD"},"success":true,"time_in":"2024-05-19T16:27:13.694962Z","time_out":"2024-05-19T16:27:13.695006Z"}"#,
            Some(11),
            Channel::BOOK,
            instrument,
        ),
        (
            r#"{"method":"subscribe","result":{"channel":"ticker","event_trigger":"trades","snapshot":true,"symbol":"ETH/USD","warnings":["timestamp is deprecated, use interval_begin"]},"success":true}"#,
            None,
            Channel::BBO,
            instrument,
        ),
        (
            r#"{"method":"unsubscribe","req_id":12,"result":{"channel":"trade","symbol":"ETH/USD"},"success":true}"#,
            Some(12),
            Channel::TRADE,
            instrument,
        ),
        (
            r#"{"method":"subscribe","req_id":1,"result":{"channel":"instrument","snapshot":true},"success":true}"#,
            Some(1),
            Channel::REFERENCE,
            InstrumentId::NONE,
        ),
    ] {
        let stream = Some(StreamKey {
            instrument,
            channel,
        });
        let expected = Control::Answer {
            request,
            stream,
            refused: None,
        };
        assert_eq!(bench.control(frame), expected, "{frame}");
    }
}

#[test]
fn errors_name_their_symbol_or_the_whole_request() {
    let (mut bench, instrument) = with_eth();
    let named = Some(StreamKey {
        instrument,
        channel: Channel::NONE,
    });
    for (frame, request, stream, reason) in [
        (
            r#"{"error":"Currency pair not supported ETH/USD","method":"subscribe","success":false,"symbol":"ETH/USD","time_in":"2026-09-25T17:48:54.701041Z","time_out":"2026-09-25T17:48:54.701062Z"}"#,
            None,
            named,
            "Currency pair not supported ETH/USD",
        ),
        (
            r#"{"error":"Already subscribed","method":"subscribe","req_id":2,"success":false,"symbol":"ETH/USD"}"#,
            Some(2),
            named,
            "Already subscribed",
        ),
        (
            r#"{"error":"Private data and trading are unavailable on this endpoint. Try ws-auth.kraken.com","method":"subscribe","success":false}"#,
            None,
            None,
            "Private data and trading are unavailable on this endpoint. Try ws-auth.kraken.com",
        ),
        (
            r#"{"channel":"executions","error":"ESession:Invalid session","method":"subscribe","status":"error","success":false}"#,
            None,
            None,
            "ESession:Invalid session",
        ),
        (
            r#"{"channel":"book","error":"Subscription depth not supported","method":"subscribe","req_id":3,"success":false}"#,
            Some(3),
            None,
            "Subscription depth not supported",
        ),
    ] {
        let refused = Some(reason.into());
        let expected = Control::Answer {
            request,
            stream,
            refused,
        };
        assert_eq!(bench.control(frame), expected, "{frame}");
    }
}

#[test]
fn an_error_about_the_connection_is_the_venues_state() {
    for frame in [
        r#"{"Error":"Exceeded msg rate"}"#,
        r#"{"error":"Exceeded msg rate"}"#,
        r#"{"method":"pong","error":"Exceeded msg rate"}"#,
    ] {
        assert_eq!(
            kraken().control(frame),
            Control::VenueState("Exceeded msg rate".into())
        );
    }
}

#[test]
fn channels_that_are_not_carried_are_ignored() {
    for frame in [
        r#"{"channel":"ohlc","type":"update","timestamp":"2026-09-25T17:48:26.844359566Z","data":[{"symbol":"BTC/USD","open":83729.5}]}"#,
        r#"{"channel":"level3","type":"snapshot","data":[]}"#,
        r#"{"channel":"something_new"}"#,
    ] {
        assert_eq!(kraken().control(frame), Control::Ignored);
    }
}

#[test]
fn json_of_no_known_shape_is_refused() {
    for (frame, expected) in [
        ("{}", Reject::UnknownShape),
        (r#"{"method":"something"}"#, Reject::UnknownShape),
        ("[0,[],\"trade\",\"XBT/USD\"]", Reject::WrongType("message")),
        (
            r#"{"channel":"book","data":[]}"#,
            Reject::MissingField("type"),
        ),
        (
            r#"{"channel":"book","type":"other","data":[]}"#,
            Reject::UnknownShape,
        ),
        (
            r#"{"channel":"trade","type":"update"}"#,
            Reject::MissingField("data"),
        ),
        (
            r#"{"channel":"instrument","type":"update","data":[]}"#,
            Reject::WrongType("data"),
        ),
    ] {
        assert_eq!(kraken().refusal(frame), expected, "{frame}");
    }
}

#[test]
fn precisions_learned_from_the_wire_agree_with_the_listing() {
    let mut tape = tape();
    tape.push(SNAPSHOT);
    let pair = PAIR
        .replace("BTC/USD", "ETH/USD")
        .replace(r#""price_precision":1"#, r#""price_precision":2"#);
    tape.push(&format!(
        r#"{{"channel":"instrument","type":"snapshot","data":{{"assets":[],"pairs":[{pair}]}}}}"#
    ));
    tape.push(UPDATE);
    assert_eq!(tape.state(), State::Live);
    let known = &tape.feed.instruments().all()[0];
    assert_eq!(
        (known.px_exp, known.qty_exp, known.declared),
        (-2, -8, true)
    );
}

#[test]
fn request_texts_are_the_venues() {
    let venue = Kraken::new(VenueId::KRAKEN_SPOT, StreamOptions::default());
    for (ask, channel, expected) in [
        (
            Ask::Subscribe,
            Channel::TRADE,
            r#"{"method":"subscribe","params":{"channel":"trade","symbol":["BTC/USD","ETH/USD"],"snapshot":false},"req_id":7}"#,
        ),
        (
            Ask::Subscribe,
            Channel::BBO,
            r#"{"method":"subscribe","params":{"channel":"ticker","symbol":["BTC/USD","ETH/USD"],"event_trigger":"bbo"},"req_id":7}"#,
        ),
        (
            Ask::Subscribe,
            Channel::BOOK,
            r#"{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD","ETH/USD"],"depth":10},"req_id":7}"#,
        ),
        (
            Ask::Unsubscribe,
            Channel::BOOK,
            r#"{"method":"unsubscribe","params":{"channel":"book","symbol":["BTC/USD","ETH/USD"],"depth":10},"req_id":7}"#,
        ),
        (
            Ask::Subscribe,
            Channel::REFERENCE,
            r#"{"method":"subscribe","params":{"channel":"instrument","snapshot":true},"req_id":7}"#,
        ),
    ] {
        let streams = [("BTC/USD", channel), ("ETH/USD", channel)];
        assert_eq!(request(&venue, ask, &streams), expected);
    }
    assert_eq!(
        venue.ping(9).as_deref(),
        Some(r#"{"method":"ping","req_id":9}"#)
    );
}

#[test]
fn one_request_names_one_channel() {
    let venue = Kraken::new(VenueId::KRAKEN_SPOT, StreamOptions::default());
    let key = |index, channel| StreamKey {
        instrument: InstrumentId::new(VenueId::KRAKEN_SPOT, index),
        channel,
    };
    assert!(venue.may_share(key(0, Channel::BOOK), key(1, Channel::BOOK)));
    assert!(!venue.may_share(key(0, Channel::BOOK), key(0, Channel::TRADE)));
    assert_eq!(venue.path(Channel::BOOK), "/v2");
}
