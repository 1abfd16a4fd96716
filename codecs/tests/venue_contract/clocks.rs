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
