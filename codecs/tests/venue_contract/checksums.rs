//! Updates without numbers, whose checksum tells what is missing: VC-213, VC-215 to VC-219.

use feedd_codecs::feed::State;
use feedd_codecs::record::{GapCause, GapEnd, Kind};
use feedd_codecs::venue::Channel;

use super::lines::of_kind;
use crate::support::net::Net;
use crate::support::rig::Taken;
use crate::support::script::Script;
use crate::{ends, gaps};

/// Another checksum in a message that has one.
pub(crate) fn with_wrong_checksum(text: &str) -> String {
    const KEY: &str = r#""checksum":"#;
    let from = text.find(KEY).unwrap() + KEY.len();
    let digits = text[from..].find(',').unwrap();
    let checksum: u32 = text[from..from + digits].parse().unwrap();
    format!(
        "{}{}{}",
        &text[..from],
        checksum ^ 1,
        &text[from + digits..]
    )
}

/// VC-213: an update whose checksum does not hold is not hidden by a later one of the same level: it is
/// a gap and stands in the journal, unless another line brings it as it was.
pub(crate) fn vc_213_an_update_with_a_wrong_checksum_is_not_hidden_by_the_next<S: Script>() {
    if S::NUMBERED {
        return;
    }
    for (first, second) in [(None, None), (Some(1), None), (None, Some(1))] {
        let lines = if first.or(second).is_some() { 2 } else { 1 };
        let mut net = Net::<S>::live(lines, |_| {});
        let now = net.time_ms();
        net.truths[0].time_ms = net.truths[0].time_ms.max(now);
        let updates = [5_001, 5_002].map(|qty| {
            let change = net.truths[0].touch_bid(0, qty);
            S::delta(&net.truths[0], &change)
        });
        let spoiled = [with_wrong_checksum(&updates[0]), updates[1].clone()];
        for (replica, texts) in [(first, &updates), (Some(0), &spoiled), (second, &updates)] {
            for text in texts {
                if let Some(replica) = replica {
                    net.hand(replica, 0, Channel::BOOK, text);
                }
            }
        }
        net.pass(20_000);
        let records = net.take();
        let of_book = |taken: &&Taken| taken.get().kind() == Kind::BookDelta;
        let flagged: Vec<bool> = (records.iter().filter(of_book))
            .map(Taken::is_flagged)
            .collect();
        assert_eq!(flagged, [lines == 1; 2], "{first:?} {second:?}");
        let told = ends(&records, Channel::BOOK);
        if lines == 1 {
            assert_eq!(gaps(&records)[0].2, GapCause::CHECKSUM);
            assert_eq!(told, [GapEnd::OPEN, GapEnd::SNAPSHOT]);
        } else {
            assert_eq!(told, []);
        }
        assert!(net.is_right(0));
    }
}

/// Updates of the same level and the same stamp, each right behind the one before.
fn at_one_stamp<S: Script>(net: &mut Net<S>, quantities: &[i64]) -> Vec<String> {
    let now = net.time_ms();
    let truth = &mut net.truths[0];
    let stamp = truth.time_ms.max(now) + 1;
    let update = |qty: &i64| {
        let change = truth.touch_bid(0, *qty);
        truth.time_ms = stamp;
        S::delta(truth, &change)
    };
    quantities.iter().map(update).collect()
}

/// VC-215: an update that came spoiled, and that the other line lost, is a gap, although the next update
/// names the same level at the same stamp and its checksum holds.
pub(crate) fn vc_215_a_spoiled_update_is_missed_though_the_next_has_its_stamp<S: Script>() {
    if S::NUMBERED {
        return;
    }
    for is_slow in [false, true] {
        let mut net = Net::<S>::live(2, |_| {});
        let updates = at_one_stamp(&mut net, &[5_001, 5_002]);
        let next = net.next_delta(0);
        net.hand(0, 0, Channel::BOOK, &with_wrong_checksum(&updates[0]));
        net.hand(1, 0, Channel::BOOK, &updates[1]);
        let (slow, quick) = ([(0, &updates[1]), (0, &next)], [(1, &next)]);
        let turns: Vec<_> = if is_slow {
            quick.iter().chain(&slow).collect()
        } else {
            slow.iter().chain(&quick).collect()
        };
        for (replica, text) in turns {
            net.pass(20);
            net.hand(*replica, 0, Channel::BOOK, text);
        }
        net.pass(20_000);
        let records = net.take();
        assert_eq!(gaps(&records)[0].2, GapCause::CHECKSUM, "{is_slow}");
        assert_eq!(
            ends(&records, Channel::BOOK),
            [GapEnd::OPEN, GapEnd::SNAPSHOT]
        );
        assert_eq!(of_kind(&records, Kind::BookDelta), 3, "one was spoiled");
        assert!(net.is_right(0));
    }
}

/// VC-216: a spoiled copy says nothing, however long its line is silent behind it.
pub(crate) fn vc_216_a_spoiled_copy_on_a_quiet_line_leaves_the_feed_whole<S: Script>() {
    if S::NUMBERED {
        return;
    }
    let mut net = Net::<S>::live(2, |_| {});
    let updates = at_one_stamp(&mut net, &[5_001]);
    net.hand(1, 0, Channel::BOOK, &updates[0]);
    net.hand(0, 0, Channel::BOOK, &updates[0].replace("5001", "5009"));
    net.pass(5_000);
    for _ in 0..3 {
        let next = net.next_delta(0);
        net.hand(1, 0, Channel::BOOK, &next);
        net.pass(200);
        net.hand(0, 0, Channel::BOOK, &next);
        net.pass(5_000);
    }
    let records = net.take();
    assert_eq!(gaps(&records), []);
    assert_eq!(of_kind(&records, Kind::BookDelta), 4);
    assert!(net.is_right(0));
}

/// VC-217: where so many updates wait that the next cannot, the book breaks: taken, it would hide them.
pub(crate) fn vc_217_updates_that_cannot_wait_hide_none_that_waits<S: Script>() {
    if S::NUMBERED {
        return;
    }
    let mut net = Net::<S>::live(1, |_| {});
    let quantities: Vec<i64> = (5_001..5_151).collect();
    let mut updates = at_one_stamp(&mut net, &quantities);
    updates[0] = with_wrong_checksum(&updates[0]);
    for update in &updates {
        net.hand(0, 0, Channel::BOOK, update);
    }
    net.pass(20_000);
    let records = net.take();
    let of_book = |taken: &&Taken| taken.get().kind() == Kind::BookDelta;
    let told = records.iter().filter(of_book);
    assert_eq!(told.clone().count(), updates.len());
    assert!(told.clone().all(Taken::is_flagged));
    assert_eq!(
        ends(&records, Channel::BOOK),
        [GapEnd::OPEN, GapEnd::SNAPSHOT]
    );
    assert!(net.is_right(0));
}

/// Two updates of the same level, and the book between them.
fn around_a_snapshot<S: Script>(net: &mut Net<S>) -> [String; 3] {
    let now = net.time_ms();
    let truth = &mut net.truths[0];
    truth.time_ms = truth.time_ms.max(now);
    let change = truth.touch_bid(0, 5_001);
    let first = S::delta(truth, &change);
    let book = S::snapshot(truth);
    let change = truth.touch_bid(0, 5_002);
    [first, book, S::delta(truth, &change)]
}

/// Of each update, whether it is flagged.
fn flags(records: &[Taken]) -> Vec<bool> {
    let updates = records
        .iter()
        .filter(|taken| taken.get().kind() == Kind::BookDelta);
    updates.map(Taken::is_flagged).collect()
}

/// VC-218: a line that begins ahead of the other hides nothing: what it brings first waits for what the
/// other still owes, though its checksum holds without that.
pub(crate) fn vc_218_a_line_that_begins_ahead_of_the_book_hides_no_update<S: Script>() {
    if S::NUMBERED {
        return;
    }
    for is_lost in [false, true] {
        let mut net = Net::<S>::live(2, |_| {});
        let [first, book, second] = around_a_snapshot(&mut net);
        net.hand(1, 0, Channel::BOOK, &book);
        net.hand(1, 0, Channel::BOOK, &second);
        net.pass(20);
        if !is_lost {
            net.hand(0, 0, Channel::BOOK, &first);
        }
        net.hand(0, 0, Channel::BOOK, &second);
        let next = net.next_delta(0);
        for replica in [1, 0] {
            net.hand(replica, 0, Channel::BOOK, &next);
        }
        net.pass(20_000);
        let records = net.take();
        let (told, ended): (&[bool], &[GapEnd]) = if is_lost {
            (&[true; 2], &[GapEnd::OPEN, GapEnd::SNAPSHOT])
        } else {
            (&[false; 3], &[])
        };
        assert_eq!(flags(&records), told, "{is_lost}");
        assert_eq!(ends(&records, Channel::BOOK), ended, "{is_lost}");
        assert!(net.is_right(0));
    }
}

/// VC-219: what a line brought while the book was bad, and the snapshot of a slower line does not have,
/// is taken from the slower line before the first goes on.
pub(crate) fn vc_219_a_snapshot_of_a_slower_line_hides_no_update<S: Script>() {
    if S::NUMBERED {
        return;
    }
    let mut net = Net::<S>::live(2, |_| {});
    net.next_delta(0);
    let next = net.next_delta(0);
    net.hand(0, 0, Channel::BOOK, &next);
    while net.state(0) == Some(State::Live) {
        net.pass(10);
    }
    let [_, book, first] = around_a_snapshot(&mut net);
    let change = net.truths[0].touch_bid(0, 5_003);
    let second = S::delta(&net.truths[0], &change);
    net.take();
    for (replica, text) in [
        (1, &first),
        (0, &book),
        (1, &second),
        (0, &first),
        (0, &second),
    ] {
        net.hand(replica, 0, Channel::BOOK, text);
    }
    net.pass(20_000);
    let records = net.take();
    assert_eq!(flags(&records), [true, false, false]);
    assert_eq!(ends(&records, Channel::BOOK), [GapEnd::SNAPSHOT]);
    assert!(net.is_right(0));
}
