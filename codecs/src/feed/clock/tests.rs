//! What stamps say of the order of messages, and what they do not.

use super::*;

const SECOND: Nanos = 1_000_000_000;

/// The moment of a stamp of a message that took no time to us, both in seconds.
fn moment(clock: &mut Clock, line: u16, ts: Nanos) -> Moment {
    clock.read(line, ts * SECOND, ts * SECOND).at
}

/// The moments of stamps that came at those seconds of our clock.
fn moments(clock: &mut Clock, stamps: &[(u16, Nanos, Nanos)]) -> Vec<Moment> {
    let read =
        |(line, ts, now): &(u16, Nanos, Nanos)| clock.read(*line, ts * SECOND, now * SECOND).at;
    stamps.iter().map(read).collect()
}

#[test]
fn a_line_that_is_behind_is_late_however_far() {
    let mut clock = Clock::default();
    let newest = moment(&mut clock, 1, 100);
    assert!(moment(&mut clock, 2, 60) < newest);
    assert!(moment(&mut clock, 2, 61) < newest);
    assert!(moment(&mut clock, 1, 101) > newest);
}

#[test]
fn a_clock_that_goes_back_begins_an_era_on_each_line_in_its_turn() {
    let mut clock = Clock::default();
    let jumped = moment(&mut clock, 1, 100);
    moment(&mut clock, 2, 99);
    let back = moment(&mut clock, 1, 95);
    assert!(back > jumped);
    assert!(moment(&mut clock, 2, 100) < back, "of the era before");
    let same = moment(&mut clock, 2, 95);
    assert_eq!(same, back);
    assert!(moment(&mut clock, 2, 96) > back);
}

#[test]
fn stamps_out_of_order_within_the_tolerance_are_late() {
    let mut clock = Clock::default();
    let newest = moment(&mut clock, 1, 100);
    let late = clock.read(1, 99 * SECOND, 100 * SECOND);
    assert!(late.at < newest);
    assert_eq!(late.reach, newest);
}

#[test]
fn a_line_that_begins_anew_is_in_the_newest_era() {
    let mut clock = Clock::default();
    moment(&mut clock, 1, 100);
    moment(&mut clock, 2, 100);
    let back = moment(&mut clock, 1, 90);
    clock.leave(2);
    assert!(moment(&mut clock, 2, 91) > back);
}

#[test]
fn messages_without_stamp_move_nothing() {
    let mut clock = Clock::default();
    moment(&mut clock, 1, 100);
    assert!(!clock.read(1, 0, 100 * SECOND).at.is_stamped());
    assert_eq!(moment(&mut clock, 1, 100).order().0, 0);
}

#[test]
fn news_is_later_than_any_copy() {
    let mut clock = Clock::default();
    let newest = moment(&mut clock, 1, 10);
    moment(&mut clock, 2, 10);
    assert!(!moment(&mut clock, 1, 11).is_news(newest));
    let later = clock.read(1, 11 * SECOND + 1, 12 * SECOND).at;
    assert!(later.is_news(newest));
    let back = moment(&mut clock, 1, 5);
    assert!(back.is_news(newest));
    assert!(
        !moment(&mut clock, 2, 11).is_news(back),
        "a line that is behind"
    );
    assert!(!clock.read(1, 0, 12 * SECOND).at.is_news(newest));
}

#[test]
fn stamps_far_ahead_of_our_clock_move_nothing_and_their_end_is_no_era() {
    let mut clock = Clock::default();
    let stamps = [
        (1, 100, 100),
        (2, 100, 100),
        (2, 3_700, 101),
        (1, 101, 101),
        (2, 3_702, 102),
        (2, 103, 103),
        (1, 103, 103),
    ];
    let seen = moments(&mut clock, &stamps);
    assert_eq!(seen[2], seen[1], "as the one before it");
    assert!(seen[3] > seen[2] && !seen[2].is_news(seen[0]));
    assert_eq!(seen[4], seen[1]);
    assert_eq!(seen[5], seen[6], "of one era");
    assert_eq!(clock.again(4_000 * SECOND), seen[6]);
}

#[test]
fn a_quiet_stream_goes_on_with_the_time_that_went_by() {
    let mut clock = Clock::default();
    let seen = moments(&mut clock, &[(1, 100, 100), (1, 3_700, 3_700)]);
    assert!(seen[1].is_news(seen[0]));
    let behind = moments(&mut clock, &[(2, 50, 3_700), (2, 3_701, 3_701)]);
    assert!(behind[1] > seen[1], "a line that catches up");
}

#[test]
fn a_venue_whose_clock_is_ahead_of_ours_from_the_start_is_believed() {
    let mut clock = Clock::default();
    let stamps = [(1, 500, 100), (1, 502, 101), (1, 504, 103), (1, 900, 104)];
    let seen = moments(&mut clock, &stamps);
    assert!(seen[1] > seen[0] && seen[2] > seen[1]);
    assert_eq!(seen[3], seen[2]);
}

#[test]
fn a_clock_that_was_set_ahead_is_believed_once_no_line_says_otherwise() {
    let mut clock = Clock::default();
    let seen = moments(
        &mut clock,
        &[
            (1, 100, 100),
            (2, 100, 100),
            (1, 161, 101),
            (2, 111, 111),
            (1, 172, 112),
            (2, 172, 112),
            (1, 182, 122),
            (2, 123, 123),
            (1, 183, 123),
            (1, 124, 124),
        ],
    );
    assert_eq!(seen[4], seen[0], "the other line says otherwise");
    assert!(seen[6].is_news(seen[3]));
    assert!(seen[7] > seen[6], "an era of its own");
    assert!(seen[8] < seen[7], "a line that is behind");
    assert!(seen[9] > seen[7] && seen[9].order().0 == 1);
}

#[test]
fn a_line_is_in_the_newest_era_once_its_stamps_can_be_of_no_other() {
    let mut clock = Clock::default();
    let stamps = [
        (1, 100, 100),
        (2, 100, 100),
        (2, 40, 101),
        (1, 101, 101),
        (2, 102, 102),
        (1, 102, 102),
    ];
    let seen = moments(&mut clock, &stamps);
    assert!(seen[2] > seen[1]);
    assert!(seen[3] < seen[2], "it may still go back");
    assert_eq!(seen[4], seen[5]);
    assert!(seen[5] > seen[2]);
}

#[test]
fn lines_that_begin_with_stamps_far_ahead_are_in_the_order_of_their_stamps() {
    let mut clock = Clock::default();
    let first = [(1, 100, 100), (2, 3_710, 110), (3, 3_705, 111)];
    let seen = moments(&mut clock, &first);
    assert!(seen[2] < seen[1], "sent before, came behind");
    assert_eq!(
        moments(&mut clock, &[(4, 3_711, 112)])[0].ts(),
        111 * SECOND
    );
}

#[test]
fn a_line_that_begins_with_a_stamp_far_ahead_is_where_our_clock_says() {
    let mut clock = Clock::default();
    let seen = moments(&mut clock, &[(1, 100, 100), (2, 3_700, 101), (2, 102, 102)]);
    assert_eq!(seen[1].ts(), 101 * SECOND);
    assert!(seen[2] > seen[1] && seen[2].order().0 == 0);
}
