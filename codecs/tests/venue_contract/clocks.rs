//! The venue's clock: what its stamps tell about order, and what they do not.

use feedd_codecs::record::{Flags, Kind};
use feedd_codecs::venue::Channel;

use crate::support::net::Net;
use crate::support::rig::Taken;
use crate::support::script::Script;
use crate::{gaps, kinds};

/// How far the second line is behind, in messages.
const BEHIND: usize = 6;

/// A change of the book and best prices of instrument 0, told to nobody yet.
fn pair<S: Script>(net: &mut Net<S>) -> [(Channel, String); 2] {
    let delta = net.next_delta(0);
    let bbo = net.next_bbo(0).1;
    [(Channel::BOOK, delta), (Channel::BBO, bbo)]
}

/// What the lines have brought when `texts` are over: every change once, nothing flagged.
fn assert_whole<S: Script>(net: &mut Net<S>, changes: usize) {
    net.pass(2_000);
    let records = net.take();
    let deltas = kinds(&records)
        .into_iter()
        .filter(|kind| *kind == Kind::BookDelta);
    let best: Vec<&Taken> = records
        .iter()
        .filter(|taken| taken.get().kind() == Kind::Bbo)
        .collect();
    assert_eq!((deltas.count(), best.len()), (changes, changes));
    let late = |taken: &&&Taken| taken.get().header().flags.contains(Flags::LATE);
    assert_eq!(best.iter().filter(late).count(), 0);
    assert_eq!(gaps(&records), []);
    assert!(!records.iter().any(Taken::is_flagged));
    assert!(net.is_right(0));
}

/// VC-220: the venue's clock runs ahead by seconds, for a moment or for so long that it is believed, and
/// goes back. Every message is taken once and in its order, with one line, and with two of which one is
/// behind the other.
pub(crate) fn vc_220_nothing_is_missed_when_the_venues_clock_goes_back<S: Script>() {
    let brief = [(1, 5_000, 0), (2, 5_000, 0), (2, 30_000, 0)];
    let long = [(1, 5_000, 900), (2, 5_000, 900), (2, 30_000, 900)];
    for (lines, ahead, pause) in brief.into_iter().chain(long) {
        let mut net = Net::<S>::live(lines, |options| options.liveness.ceiling = 0);
        let start = net.time_ms();
        let (mut texts, mut stood) = (Vec::new(), start);
        for round in 0..60 {
            let time = start + round * pause;
            let truth = &mut net.truths[0];
            match round {
                20 => {
                    stood = truth.time_ms.max(time);
                    truth.time_ms = stood + ahead;
                }
                40 => truth.time_ms = stood.max(time),
                _ if pause == 0 => {}
                _ if (20..40).contains(&round) => truth.time_ms = time + ahead,
                _ => truth.time_ms = time,
            }
            texts.extend(pair(&mut net));
        }
        for at in 0..texts.len() + BEHIND {
            if let Some((channel, text)) = texts.get(at) {
                net.hand(0, 0, *channel, text);
            }
            let second = at.checked_sub(BEHIND).filter(|_| lines > 1);
            if let Some((channel, text)) = second.and_then(|at| texts.get(at)) {
                net.hand(1, 0, *channel, text);
            }
            net.pass(i64::try_from(pause / 2).unwrap());
        }
        assert_whole(&mut net, 60);
    }
}

/// VC-221: a line that delivers seconds late brings nothing twice, though more messages came since
/// than are remembered, and breaks no book.
pub(crate) fn vc_221_a_line_that_is_far_behind_brings_nothing_twice_and_breaks_nothing<
    S: Script,
>() {
    let mut net = Net::<S>::live(2, |_| {});
    let mut texts = Vec::new();
    for _ in 0..600 {
        texts.extend(pair(&mut net));
        net.pass(20);
    }
    for replica in 0..2 {
        for (channel, text) in &texts {
            net.hand(replica, 0, *channel, text);
        }
    }
    assert_whole(&mut net, 600);
}

/// Best prices of instrument 0, each of a book that has just changed; told to nobody yet.
fn best_prices<S: Script>(net: &mut Net<S>, count: usize) -> Vec<String> {
    let next = |_| {
        net.next_delta(0);
        net.next_bbo(0).1
    };
    (0..count).map(next).collect()
}

fn best_of(records: &[Taken]) -> Vec<&Taken> {
    let is_best = |taken: &&Taken| taken.get().kind() == Kind::Bbo;
    records.iter().filter(is_best).collect()
}

/// VC-222: best prices that the venue numbers anew are told from the first on, with one line, and with two
/// of which one is behind the other.
pub(crate) fn vc_222_best_prices_numbered_anew_are_told_from_the_first_on<S: Script>() {
    for lines in [1, 2] {
        let mut net = Net::<S>::live(lines, |_| {});
        let mut texts = best_prices(&mut net, 20);
        net.truths[0].numbers.last = 0;
        texts.extend(best_prices(&mut net, 20));
        for at in 0..texts.len() + BEHIND {
            for (replica, behind) in (0..lines).zip([0, BEHIND]) {
                let text = at.checked_sub(behind).and_then(|at| texts.get(at));
                if let Some(text) = text {
                    net.hand(replica, 0, Channel::BBO, text);
                }
            }
        }
        let records = net.take();
        let best = best_of(&records);
        assert_eq!(best.len(), texts.len(), "{lines}");
        let is_late = |taken: &&Taken| taken.get().header().flags.contains(Flags::LATE);
        assert!(!best.into_iter().any(|taken| is_late(&taken)));
        assert_eq!(gaps(&records), []);
    }
}

/// VC-223: a best price that comes behind its successor on the only line is not dropped: where the venue
/// numbers or stamps it, it is told as late, and once.
pub(crate) fn vc_223_a_best_price_behind_its_successor_is_told_once<S: Script>() {
    let mut net = Net::<S>::live(1, |_| {});
    let texts = best_prices(&mut net, 4);
    for at in [0, 2, 1, 1, 3] {
        net.hand(0, 0, Channel::BBO, &texts[at]);
    }
    let records = net.take();
    let late = |taken: &Taken| taken.get().header().flags.contains(Flags::LATE);
    let told: Vec<bool> = best_of(&records).into_iter().map(late).collect();
    assert_eq!(told, [false, false, true, false]);
}

/// VC-224: best prices that come in another order right behind a gap: each is told once, and what is behind
/// a successor is late. Those that are numbered anew then are not.
pub(crate) fn vc_224_best_prices_out_of_order_behind_a_gap_are_late<S: Script>() {
    let mut net = Net::<S>::live(1, |_| {});
    for line in net.open_lines(0) {
        net.cut(line, "reset by peer");
    }
    net.pass(5_000);
    net.take();
    let mut texts = best_prices(&mut net, 8);
    net.truths[0].numbers.last = 0;
    texts.extend(best_prices(&mut net, 4));
    for at in [7, 6, 2, 3, 4, 5, 0, 1, 8, 9, 10, 11] {
        net.hand(0, 0, Channel::BBO, &texts[at]);
    }
    let records = net.take();
    let late = |taken: &Taken| taken.get().header().flags.contains(Flags::LATE);
    let told: Vec<bool> = best_of(&records).into_iter().map(late).collect();
    let mut expected = [false; 12];
    expected[1..8].fill(true);
    assert_eq!(told, expected);
}

/// VC-227: right behind a gap, when one message is all that is remembered, the venue's clock goes back by less
/// than what tells a new era: what is stamped before that message is late, and told once whichever line
/// brings it first.
pub(crate) fn vc_227_best_prices_stamped_before_the_end_of_a_gap_are_late<S: Script>() {
    let mut net = Net::<S>::live(2, |_| {});
    for line in [net.open_lines(0), net.open_lines(1)].concat() {
        net.cut(line, "reset by peer");
    }
    net.pass(5_000);
    net.take();
    let texts = best_prices(&mut net, 6);
    for at in [3, 0, 1, 2, 4, 5] {
        net.hand(at % 2, 0, Channel::BBO, &texts[usize::from(at)]);
        net.hand(1 - at % 2, 0, Channel::BBO, &texts[usize::from(at)]);
    }
    let records = net.take();
    let late = |taken: &Taken| taken.get().header().flags.contains(Flags::LATE);
    let told: Vec<bool> = best_of(&records).into_iter().map(late).collect();
    assert_eq!(told, [false, true, true, true, false, false]);
}

/// How far wrong stamps are ahead, ms.
const WRONG: u64 = 3_600_000;

/// A trade, a change of the book and best prices of instrument 0, told to nobody yet; each as it is, and
/// with a stamp that is far ahead.
fn with_wrong_stamps<S: Script>(net: &mut Net<S>) -> [(Channel, String, String); 3] {
    net.truths[0].time_ms = net.time_ms().max(net.truths[0].time_ms);
    let change = S::step(&mut net.truths[0], &mut net.dice);
    let (fill, trade) = net.next_trade(0);
    let (key, bbo) = net.next_bbo(0);
    let delta = S::delta(&net.truths[0], &change);
    net.truths[0].time_ms += WRONG;
    let ahead = &net.truths[0];
    let wrong = [
        S::trade(ahead, fill),
        S::delta(ahead, &change),
        net.bbo_of(0, key),
    ];
    net.truths[0].time_ms -= WRONG;
    let [wrong_trade, wrong_delta, wrong_bbo] = wrong;
    [
        (S::TRADES, trade, wrong_trade),
        (Channel::BOOK, delta, wrong_delta),
        (Channel::BBO, bbo, wrong_bbo),
    ]
}

/// The next messages of instrument 0 on all lines; the last line brings wrong stamps, first or last.
fn round<S: Script>(net: &mut Net<S>, lines: u8, (wrong, first): (bool, bool)) {
    for (channel, right, ahead) in with_wrong_stamps(net) {
        let mut order: Vec<u8> = (0..lines).collect();
        if first {
            order.reverse();
        }
        for replica in order {
            let text = if wrong && replica == lines - 1 {
                &ahead
            } else {
                &right
            };
            net.hand(replica, 0, channel, text);
        }
    }
    net.pass(60);
}

/// VC-225: stamps of one line that are far ahead for a few messages. None of its messages begins
/// anything anew, and behind them all is as it was: with one line, and with two whichever is first.
pub(crate) fn vc_225_wrong_stamps_of_one_line_leave_no_trace<S: Script>() {
    for (lines, first) in [(1, false), (2, false), (2, true)] {
        let mut net = Net::<S>::live(lines, |_| {});
        for count in 0..40 {
            round(&mut net, lines, (count % 10 == 9, first));
            round(&mut net, lines, (false, !first));
        }
        for _ in 0..3 {
            round(&mut net, lines, (true, first));
        }
        assert_eq!(gaps(&net.take()), [], "{lines} lines");
        let duplicates = net.feed.counts().duplicates;
        for count in 0..40 {
            round(&mut net, lines, (false, count % 3 == 0));
        }
        net.pass(2_000);
        let records = net.take();
        assert_eq!(
            kinds(&records),
            [Kind::Trade, Kind::BookDelta, Kind::Bbo].repeat(40),
            "{lines} lines"
        );
        let copies = 120 * u64::from(lines - 1);
        assert_eq!(net.feed.counts().duplicates, duplicates + copies);
        let late = |taken: &&Taken| taken.get().header().flags.contains(Flags::LATE);
        assert_eq!(records.iter().filter(late).count(), 0);
        assert!(!records.iter().any(Taken::is_flagged));
        assert!(net.is_right(0));
    }
}
