//! Rules that span messages: joins, gaps, introductions.

use super::*;

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
    tape.push(&whole.replace(r#""t":12345"#, r#""t":12346"#));
    let counts = tape.feed.counts();
    assert_eq!(counts.records_of(Kind::Instrument), 1);
    assert_eq!(counts.records_of(Kind::Trade), 2);
    assert_eq!(tape.feed.instruments().all()[0].generation, 1);
}
