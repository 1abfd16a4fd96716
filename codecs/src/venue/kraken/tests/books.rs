//! `book`: levels, checksums, and what breaks and heals a book.

use super::{SNAPSHOT, UPDATE, kraken, tape};
use crate::feed::State;
use crate::instrument::InstrumentId;
use crate::record::{Flags, GapCause, Kind};
use crate::reject::Reject;
use crate::venue::VenueId;
use crate::venue::workbench::{pairs, shown_levels};

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
fn an_update_that_comes_again_is_news_only_if_its_checksum_says_so() {
    let back = UPDATE
        .replace("0.00000000", "139.09899871")
        .replace("3329440863", "2606672715")
        .replace(r#","qty":1.56601318"#, r#","qty":0.00000000"#);
    let mut tape = tape();
    tape.push(SNAPSHOT);
    for (text, books) in [
        (UPDATE, 2),
        (UPDATE, 2),
        (&back, 3),
        (UPDATE, 4),
        (UPDATE, 4),
    ] {
        tape.push(text);
        assert_eq!((tape.books.len(), tape.gaps.len()), (books, 0));
        assert_eq!(tape.state(), State::Live);
    }
    let [_, asks] = tape.levels();
    assert_eq!(&*asks[9].0, "1797.52");
}
