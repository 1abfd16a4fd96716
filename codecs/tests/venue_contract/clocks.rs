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

/// VC-220: the venue's clock runs ahead by seconds and goes back. Every message is taken once and in
/// its order, with one line, and with two of which one is behind the other.
pub(crate) fn vc_220_nothing_is_missed_when_the_venues_clock_goes_back<S: Script>() {
    for (lines, ahead) in [(1, 5_000), (2, 5_000), (2, 30_000)] {
        let mut net = Net::<S>::live(lines, |_| {});
        let mut texts = Vec::new();
        for round in 0..60 {
            match round {
                20 => net.truths[0].time_ms += ahead,
                40 => net.truths[0].time_ms = net.time_ms(),
                _ => {}
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
