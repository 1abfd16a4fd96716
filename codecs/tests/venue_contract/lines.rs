//! Redundant lines: the first arrival of each message wins, and only what all lines lost is missing.

use feedd_codecs::record::{Flags, GapCause, GapEnd, Kind, StatusCode};
use feedd_codecs::venue::{Channel, Numbering};
use feedd_codecs::{Record, Venue};

use crate::support::net::Net;
use crate::support::rig::Taken;
use crate::support::script::Script;
use crate::{ends, gaps, kinds, statuses};

const MS: i64 = 1_000_000;

pub(crate) fn of_kind(records: &[Taken], kind: Kind) -> usize {
    kinds(records)
        .iter()
        .filter(|found| **found == kind)
        .count()
}

fn numbered<S: Script>(net: &Net<S>, channel: Channel) -> bool {
    net.feed.venue().numbering(channel) == Numbering::Consecutive
}

/// One message of each channel of instrument 0, not told yet.
fn one_of_each<S: Script>(net: &mut Net<S>) -> [(Channel, String); 3] {
    let trade = net.next_trade(0).1;
    let delta = net.next_delta(0);
    let bbo = net.next_bbo(0).1;
    [
        (S::TRADES, trade),
        (Channel::BOOK, delta),
        (Channel::BBO, bbo),
    ]
}

/// VC-200: of two copies the first leaves as a record, the second is counted, and the lead time goes
/// to the line that won.
pub(crate) fn vc_200_the_first_arrival_wins_and_its_copy_is_counted<S: Script>() {
    let mut net = Net::<S>::live(2, |_| {});
    let score = |net: &Net<S>, line: u16| {
        let all = net.feed.scores().all().to_vec();
        all.into_iter().find(|score| score.line == line).unwrap()
    };
    for (first, second) in [(0, 1), (1, 0)] {
        for (channel, text) in one_of_each(&mut net) {
            let lines = (
                net.line_of(first, 0, channel),
                net.line_of(second, 0, channel),
            );
            let before = (score(&net, lines.0), score(&net, lines.1));
            let copies = net.feed.counts().duplicates;
            net.take();
            net.frame(lines.0, &text);
            assert_eq!(net.take().len(), 1, "{channel:?}");
            net.now += 7 * MS;
            net.frame(lines.1, &text);
            assert_eq!(net.take(), [], "{channel:?}");
            assert_eq!(net.feed.counts().duplicates, copies + 1, "{channel:?}");
            let after = (score(&net, lines.0), score(&net, lines.1));
            assert_eq!(after.0.wins, before.0.wins + 1, "{channel:?}");
            assert_eq!(after.0.copies, before.0.copies);
            assert_eq!(after.0.lead_sum, before.0.lead_sum + 7_000_000);
            // 7 ms is at least 2^22 ns and less than 2^23.
            assert_eq!(after.0.leads[23], before.0.leads[23] + 1);
            assert_eq!(after.1.wins, before.1.wins);
            assert_eq!(after.1.copies, before.1.copies + 1);
            assert_eq!(after.1.lead_sum, before.1.lead_sum);
        }
    }
}

/// VC-201: what one line loses the other brings: no gap, no repetition, in the venue's order.
pub(crate) fn vc_201_a_message_lost_on_one_line_is_no_gap_and_comes_once<S: Script>() {
    let mut net = Net::<S>::live(2, |_| {});
    for round in 0..40 {
        for (channel, text) in one_of_each(&mut net) {
            match round % 4 {
                1 => net.hand(0, 0, channel, &text),
                2 => net.hand(1, 0, channel, &text),
                _ => (0..2).for_each(|replica| net.hand(replica, 0, channel, &text)),
            }
        }
        net.pass(70);
    }
    net.pass(2_000);
    let records = net.take();
    assert_eq!(
        kinds(&records),
        [Kind::Trade, Kind::BookDelta, Kind::Bbo].repeat(40)
    );
    assert!(!records.iter().any(Taken::is_flagged));
    assert!(net.is_right(0));
}

/// VC-202: one line down is told, and nothing else happens to the feed.
pub(crate) fn vc_202_one_line_down_leaves_the_feed_whole<S: Script>() {
    let mut net = Net::<S>::live(2, |_| {});
    for replica in [0, 1] {
        for line in net.open_lines(replica) {
            net.cut(line, "reset by peer");
        }
        let down = statuses(&net.take());
        assert!(!down.is_empty());
        assert!(down.iter().all(|status| status.0 == StatusCode::LINE_DOWN));
        for _ in 0..40 {
            for at in 0..3 {
                net.trade(at);
                net.book(at);
            }
            net.pass(100);
        }
        net.pass(1_000);
        let records = net.take();
        assert_eq!(gaps(&records), []);
        for kind in [Kind::Trade, Kind::BookDelta, Kind::Bbo] {
            assert_eq!(of_kind(&records, kind), 120, "{kind:?}");
        }
        assert!(!records.iter().any(Taken::is_flagged));
        assert!((0..3).all(|at| net.is_right(at)));
    }
}

/// VC-203: what no line brought is one gap with its bounds. A book's ends with a snapshot, that of
/// numbered trades with the venue's history.
pub(crate) fn vc_203_what_both_lines_lost_is_one_gap_with_its_end<S: Script>() {
    let mut net = Net::<S>::live(2, |_| {});
    let good = net.book_key(0);
    let (first, second) = (net.next_delta(0), net.next_delta(0));
    assert_ne!(first, second);
    let lost = [net.next_trade(0).0.id, net.next_trade(0).0.id];
    for _ in 0..4 {
        net.trade(0);
        net.book(0);
        net.pass(100);
    }
    net.pass(20_000);
    net.trade(0);
    net.book(0);
    net.pass(20_000);
    let records = net.take();
    let found = gaps(&records);
    let book: Vec<_> = found.iter().filter(|gap| gap.1 == Channel::BOOK).collect();
    assert_eq!(
        ends(&records, Channel::BOOK),
        [GapEnd::OPEN, GapEnd::SNAPSHOT]
    );
    if S::NUMBERED {
        assert_eq!((book[0].2, book[0].3), (GapCause::SEQUENCE, good + 1));
        assert!(book[0].4 > good && book[0].4 < net.book_key(0));
    } else {
        assert_eq!(
            (book[0].2, book[0].3, book[0].4),
            (GapCause::CHECKSUM, 0, 0)
        );
    }
    assert!(net.is_right(0));
    let trades: Vec<_> = found.iter().filter(|gap| gap.1 == S::TRADES).collect();
    if numbered(&net, S::TRADES) {
        assert_eq!((trades[0].3, trades[0].4), (lost[0], lost[1]));
        assert_eq!(ends(&records, S::TRADES), [GapEnd::OPEN, GapEnd::REST]);
        let filled: Vec<u64> = records.iter().filter_map(backfilled).collect();
        assert_eq!(filled, lost);
    } else {
        assert!(trades.is_empty(), "ids without order show no hole");
    }
    assert_eq!(found.len(), book.len() + trades.len());
}

fn backfilled(taken: &Taken) -> Option<u64> {
    match taken.get() {
        Record::Trade(trade) if trade.header.flags.contains(Flags::BACKFILL) => {
            Some(trade.header.seq)
        }
        _ => None,
    }
}

/// VC-204: a second line that begins, with a snapshot where the venue sends one, changes nothing of
/// a live book.
pub(crate) fn vc_204_the_beginning_of_a_second_line_does_not_disturb_a_live_book<S: Script>() {
    let mut net = Net::<S>::live(2, |_| {});
    for replica in [0, 1] {
        for line in net.open_lines(replica) {
            net.cut(line, "reset by peer");
        }
        net.take();
        for _ in 0..60 {
            net.book(0);
            net.pass(53);
        }
        net.pass(1_000);
        let records = net.take();
        assert_eq!(of_kind(&records, Kind::BookDelta), 60);
        assert_eq!(of_kind(&records, Kind::BookSnapshot), 0);
        assert_eq!(gaps(&records), []);
        assert!(net.is_right(0));
    }
}

/// VC-205: where the venue can number a book anew, the new beginning is taken from whoever brings it
/// first, and once.
pub(crate) fn vc_205_a_new_numbering_of_books_is_taken_once<S: Script>() {
    if S::ID.exchange() != "bybit" {
        return;
    }
    let mut net = Net::<S>::live(2, |_| {});
    for first in [0, 1] {
        net.truths[0].numbers.last = 0;
        net.next_delta(0);
        net.take();
        let text = S::snapshot(&net.truths[0]);
        net.hand(first, 0, Channel::BOOK, &text);
        net.hand(1 - first, 0, Channel::BOOK, &text);
        assert_eq!(kinds(&net.take()), [Kind::BookSnapshot]);
        for _ in 0..5 {
            net.book(0);
            net.pass(100);
        }
        let records = net.take();
        assert_eq!(of_kind(&records, Kind::BookDelta), 5);
        assert_eq!(gaps(&records), []);
        assert!(net.is_right(0));
    }
}

/// VC-206: best prices that are told once more, of the same moment, say nothing new: whichever line
/// brings them, and also on a single line.
pub(crate) fn vc_206_best_prices_told_once_more_are_taken_once<S: Script>() {
    for lines in [1, 2] {
        let mut net = Net::<S>::live(lines, |_| {});
        net.next_delta(0);
        let text = net.next_bbo(0).1;
        for (round, replica) in [0, 0, lines - 1, lines - 1].into_iter().enumerate() {
            net.hand(replica, 0, Channel::BBO, &text);
            assert_eq!(net.take().len(), usize::from(round == 0));
        }
        net.next_delta(0);
        let next = net.next_bbo(0).1;
        net.hand(0, 0, Channel::BBO, &next);
        assert_eq!(net.take().len(), 1);
    }
}

/// VC-207: messages that overtook others are no gap when those come in time. Books leave in order;
/// trades leave at once, the late ones with their flag.
pub(crate) fn vc_207_messages_swapped_within_the_wait_are_no_gap<S: Script>() {
    let mut net = Net::<S>::live(2, |_| {});
    let deltas = [net.next_delta(0), net.next_delta(0), net.next_delta(0)];
    let trades = [
        net.next_trade(0).1,
        net.next_trade(0).1,
        net.next_trade(0).1,
    ];
    let bbos = [net.next_bbo(0).1, net.next_bbo(0).1];
    assert_ne!(bbos[0], bbos[1]);
    for (replica, nth) in [(0, 2), (1, 1), (0, 1), (1, 0)] {
        net.hand(replica, 0, Channel::BOOK, &deltas[nth]);
        net.hand(replica, 0, S::TRADES, &trades[nth]);
        net.pass(100);
    }
    net.pass(2_000);
    let records = net.take();
    assert_eq!(gaps(&records), []);
    assert_eq!(of_kind(&records, Kind::BookDelta), 3);
    assert_eq!(of_kind(&records, Kind::Trade), 3);
    assert!(!records.iter().any(Taken::is_flagged));
    let late = records
        .iter()
        .filter(|taken| taken.get().header().flags.contains(Flags::LATE));
    assert_eq!(late.count(), if numbered(&net, S::TRADES) { 2 } else { 0 });
    assert!(net.is_right(0));
}

/// VC-208: messages that come after the wait are late: one gap each for the book and for numbered
/// trades, and no trade comes twice.
pub(crate) fn vc_208_messages_swapped_for_too_long_are_one_gap<S: Script>() {
    let mut net = Net::<S>::live(2, |_| {});
    net.remembers = false;
    let deltas = [net.next_delta(0), net.next_delta(0)];
    let trades = [net.next_trade(0).1, net.next_trade(0).1];
    for nth in [1, 0] {
        net.hand(0, 0, Channel::BOOK, &deltas[nth]);
        net.hand(0, 0, S::TRADES, &trades[nth]);
        net.pass(700);
    }
    net.pass(20_000);
    net.book(0);
    net.pass(20_000);
    let records = net.take();
    assert_eq!(
        ends(&records, Channel::BOOK),
        [GapEnd::OPEN, GapEnd::SNAPSHOT]
    );
    assert_eq!(of_kind(&records, Kind::Trade), 2);
    if numbered(&net, S::TRADES) {
        assert_eq!(ends(&records, S::TRADES), [GapEnd::OPEN, GapEnd::NOTHING]);
    }
    assert!(net.is_right(0));
}

/// VC-210: a line that is seconds behind ends just after the other is back: what only that line owed
/// is recovered, and where the venue has no past it is told.
pub(crate) fn vc_210_what_a_slow_line_owed_when_it_ended_is_no_silent_hole<S: Script>() {
    for remembers in [true, false] {
        let mut net = Net::<S>::live(2, |_| {});
        net.remembers = remembers;
        net.ways[1].delay = (3_000, 3_001);
        let lines = [0, 1].map(|replica| net.line_of(replica, 0, S::TRADES));
        net.cut(lines[0], "reset by peer");
        let owed: Vec<u64> = (0..3).map(|_| net.trade(0)).collect();
        net.pass(1_500);
        net.trade(0);
        net.pass(200);
        net.cut(lines[1], "reset by peer");
        net.trade(0);
        net.pass(20_000);
        let records = net.take();
        assert_eq!(
            of_kind(&records, Kind::Trade),
            if remembers { 5 } else { 2 }
        );
        let filled = records.iter().filter_map(backfilled);
        assert_eq!(filled.count(), if remembers { owed.len() } else { 0 });
        let end = if remembers {
            GapEnd::REST
        } else {
            GapEnd::LOST
        };
        let own = net.id(0);
        let of_own = |taken: &Taken| taken.get().header().instrument == own;
        let records: Vec<Taken> = records.into_iter().filter(of_own).collect();
        assert_eq!(ends(&records, S::TRADES), [GapEnd::OPEN, end]);
    }
}

/// VC-211: lines that end in turn and overlap in between leave no gap.
pub(crate) fn vc_211_lines_that_end_in_turn_and_overlap_leave_no_gap<S: Script>() {
    let mut net = Net::<S>::live(2, |_| {});
    for round in 0..4 {
        let line = net.line_of(round % 2, 0, S::TRADES);
        net.cut(line, "reset by peer");
        for _ in 0..30 {
            net.trade(0);
            net.book(0);
            net.pass(100);
        }
    }
    net.pass(2_000);
    assert_eq!(gaps(&net.take()), []);
}

/// VC-212: what the ring dropped is told once for each stream, however many lines carry it.
pub(crate) fn vc_212_dropped_records_are_one_gap_of_each_stream_on_two_lines<S: Script>() {
    let mut net = Net::<S>::live(2, |_| {});
    net.shed();
    let found = gaps(&net.take());
    assert!(found.iter().all(|gap| gap.2 == GapCause::BACKPRESSURE));
    for channel in [S::TRADES, Channel::BBO, Channel::BOOK] {
        assert_eq!(found.iter().filter(|gap| gap.1 == channel).count(), 3);
    }
}

/// VC-209: updates that wait for one before them leave once, although both lines bring them, and
/// each arrival scores.
pub(crate) fn vc_209_updates_that_wait_leave_once_however_many_lines_bring_them<S: Script>() {
    for found in [true, false] {
        let mut net = Net::<S>::live(2, |_| {});
        let lost = net.next_delta(0);
        for _ in 0..3 {
            let delta = net.next_delta(0);
            net.hand(0, 0, Channel::BOOK, &delta);
            net.pass(20);
            net.hand(1, 0, Channel::BOOK, &delta);
        }
        if found {
            net.hand(1, 0, Channel::BOOK, &lost);
        }
        net.pass(300);
        let early = if found { 4 } else { 0 };
        assert_eq!(of_kind(&net.records, Kind::BookDelta), early);
        net.pass(400);
        let records = net.take();
        assert_eq!(of_kind(&records, Kind::BookDelta), 3 + usize::from(found));
        let opened = ends(&records, Channel::BOOK).first() == Some(&GapEnd::OPEN);
        assert_eq!(opened, !found);
        assert_eq!(records.iter().any(Taken::is_flagged), !found);
    }
}

/// VC-214: trades of the past that a subscription tells are no clock that went back: what comes
/// after them is no new numbering.
pub(crate) fn vc_214_past_trades_of_a_subscription_say_nothing_of_the_clock<S: Script>() {
    let mut net = Net::<S>::live(2, |_| {});
    let mut fills = Vec::new();
    for _ in 0..4 {
        let (fill, text) = net.next_trade(0);
        fills.push((fill, net.time_ms()));
        (0..2).for_each(|replica| net.hand(replica, 0, S::TRADES, &text));
        net.pass(1_500);
    }
    let Some(past) = S::past(&net.truths[0], &fills) else {
        return;
    };
    net.take();
    let live = net.next_trade(0).1;
    net.hand(0, 0, S::TRADES, &live);
    net.hand(1, 0, S::TRADES, &past);
    net.hand(1, 0, S::TRADES, &live);
    net.pass(20_000);
    let records = net.take();
    assert_eq!(of_kind(&records, Kind::Trade), 1);
    assert_eq!(gaps(&records), []);
}
