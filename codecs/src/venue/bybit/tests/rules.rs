//! Rules that span messages.

use super::books::BEST;
use super::{LINEAR, SPOT};
use crate::feed::State;
use crate::record::{GapCause, GapEnd, Kind};
use crate::venue::bybit::Bybit;
use crate::venue::workbench::{Tape, pairs};

fn update(kind: &str, seq: u64, cross: u64, px: &str, qty: &str) -> String {
    format!(
        r#"{{"topic":"orderbook.50.A","type":"{kind}","ts":1,"data":{{"s":"A","b":[["{px}","{qty}"]],"a":[],"u":{seq},"seq":{cross}}},"cts":1}}"#
    )
}

#[test]
fn a_snapshot_in_mid_stream_replaces_the_book_and_tells_what_it_skips() {
    let mut tape = Tape::<Bybit>::new(LINEAR);
    tape.push(&update("snapshot", 10, 100, "5", "1"));
    tape.push(&update("delta", 11, 101, "6", "1"));
    tape.push(&update("snapshot", 500, 102, "7", "1"));
    tape.push(&update("delta", 501, 103, "8", "1"));
    assert_eq!(tape.levels()[0], pairs(&[("8", "1"), ("7", "1")]));
    assert_eq!(tape.state(), State::Live);
    let told = tape.gaps.iter();
    let told: Vec<_> = told
        .map(|gap| (gap.end, gap.first_seq, gap.last_seq))
        .collect();
    assert_eq!(told, [(GapEnd::OPEN, 12, 499), (GapEnd::SNAPSHOT, 12, 499)]);
}

#[test]
fn a_snapshot_that_is_the_next_update_or_the_last_one_again_skips_nothing() {
    let mut tape = Tape::<Bybit>::new(LINEAR);
    tape.push(&update("snapshot", 10, 100, "5", "1"));
    tape.push(&update("snapshot", 11, 101, "6", "1"));
    tape.push(&update("snapshot", 11, 101, "6", "1"));
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
fn level_one_repeats_say_nothing_new_and_are_no_gaps() {
    let mut tape = Tape::<Bybit>::new(SPOT);
    for _ in 0..3 {
        tape.push(BEST);
    }
    assert!(tape.gaps.is_empty() && tape.books.is_empty());
    assert_eq!(tape.feed.counts().records_of(Kind::Bbo), 1);
    assert_eq!(tape.feed.counts().duplicates, 2);
}

#[test]
fn late_messages_of_a_numbering_that_ended_leave_the_book_alone() {
    let mut tape = Tape::<Bybit>::new(LINEAR);
    tape.push(&update("snapshot", 1000, 100, "5", "1"));
    tape.push(&update("snapshot", 1, 200, "6", "1"));
    tape.push(&update("delta", 1001, 101, "7", "1"));
    tape.push(&update("delta", 2, 201, "8", "1"));
    assert_eq!(tape.levels()[0], pairs(&[("8", "1"), ("6", "1")]));
    assert_eq!((tape.state(), tape.gaps.len()), (State::Live, 0));
}
