//! `book_snapshot` and `book`: levels, and the numbers that make them a whole.

use super::{DELTA, SNAPSHOT, futures, tape};
use crate::feed::State;
use crate::record::{GapCause, GapEnd, Kind};
use crate::reject::Reject;
use crate::venue::workbench::{pairs, shown_levels};

#[test]
fn a_snapshot_is_the_whole_book() {
    let mut bench = futures();
    let (head, bids, asks) = bench.book(SNAPSHOT);
    assert_eq!(head.header.template_id, Kind::BookSnapshot as u16);
    assert_eq!((head.header.seq, head.depth), (115_335_794, 0));
    assert_eq!(head.header.ts_venue, 1_790_359_964_969_000_000);
    assert_eq!(
        shown_levels(&head, &bids),
        pairs(&[("83998", "0.0371"), ("83997.5", "1")])
    );
    assert_eq!(shown_levels(&head, &asks), pairs(&[("83999", "0.04")]));
    assert!(bench.knows_all());
}

#[test]
fn a_delta_is_one_level_of_one_side() {
    let mut bench = futures();
    let (head, bids, asks) = bench.book(DELTA);
    assert_eq!(head.header.template_id, Kind::BookDelta as u16);
    assert_eq!(
        (head.header.seq, head.first_seq),
        (115_335_795, 115_335_795)
    );
    assert_eq!(bids.len(), 0);
    assert_eq!(shown_levels(&head, &asks), pairs(&[("84000", "0.25")]));
    let (head, bids, asks) = bench.book(&DELTA.replace("sell", "buy"));
    assert_eq!(shown_levels(&head, &bids), pairs(&[("84000", "0.25")]));
    assert_eq!(asks.len(), 0);
    assert!(bench.knows_all());
    let neither = DELTA.replace("sell", "both");
    assert_eq!(bench.refusal(&neither), Reject::InvalidSide("side"));
}

#[test]
fn levels_of_quantity_zero_in_a_snapshot_are_none() {
    for zero in ["0.0", "0", "0e3"] {
        let holes = SNAPSHOT.replace("0.0371", zero).replace(
            r#""asks":["#,
            &format!(r#""asks":[{{"price":83998.5,"qty":{zero}}},"#),
        );
        let (head, bids, asks) = futures().book(&holes);
        assert_eq!(shown_levels(&head, &bids), pairs(&[("83997.5", "1")]));
        assert_eq!(shown_levels(&head, &asks), pairs(&[("83999", "0.04")]));
    }
}

#[test]
fn deltas_that_continue_the_snapshot_make_a_live_book() {
    let mut tape = tape();
    tape.push(SNAPSHOT);
    tape.push(DELTA);
    tape.push(
        &DELTA
            .replace("115335795", "115335796")
            .replace("84000.0", "83999.0")
            .replace("0.25", "0.0"),
    );
    assert_eq!((tape.state(), tape.gaps.len()), (State::Live, 0));
    let [bids, asks] = tape.levels();
    assert_eq!(bids.len(), 2);
    assert_eq!(asks, pairs(&[("84000", "0.25")]), "the other is removed");
}

#[test]
fn a_missing_number_breaks_the_book_until_a_snapshot() {
    let mut tape = tape();
    tape.push(SNAPSHOT);
    tape.push(&DELTA.replace("115335795", "115335797"));
    assert_eq!(tape.state(), State::Bad);
    let gap = tape.gaps[0];
    assert_eq!(gap.cause, GapCause::SEQUENCE);
    assert_eq!((gap.first_seq, gap.last_seq), (115_335_795, 115_335_796));
    tape.push(&SNAPSHOT.replace("115335794", "115335800"));
    assert_eq!(tape.state(), State::Live);
    let ends: Vec<GapEnd> = tape.gaps.iter().map(|gap| gap.end).collect();
    assert_eq!(ends, [GapEnd::OPEN, GapEnd::SNAPSHOT]);
}

#[test]
fn a_copy_is_stale_and_a_numbering_that_begins_anew_is_a_gap() {
    let mut tape = tape();
    tape.push(SNAPSHOT);
    tape.push(DELTA);
    let records = tape.books.len();
    tape.push(DELTA);
    tape.push(&DELTA.replace("115335795", "115335700"));
    assert_eq!((tape.state(), tape.books.len()), (State::Live, records));
    tape.push(&DELTA.replace("115335795", "17"));
    assert_eq!((tape.state(), tape.gaps.len()), (State::Bad, 1));
}

#[test]
fn numbers_with_an_exponent_are_exact() {
    let fine = DELTA
        .replace("84000.0", "1.23e-8")
        .replace("0.25", "7.05E7");
    let (head, _, asks) = futures().book(&fine);
    assert_eq!(
        shown_levels(&head, &asks),
        pairs(&[("0.0000000123", "70500000")])
    );
}
