//! Streams that are too quiet, and those that only seem to be.

use feedd_codecs::Venue;
use feedd_codecs::feed::Intent;
use feedd_codecs::record::{GapEnd, Record, StatusCode};
use feedd_codecs::venue::{Cadence, Channel, Numbering};

use crate::support::net::Net;
use crate::support::rig::Taken;
use crate::support::script::{Asked, Script};
use crate::{MS, ends, gaps, statuses};

const SECOND: i64 = 1_000 * MS;
const NONE: [u16; 0] = [];

/// How often a stream's state was told as `code`, and on which lines.
fn told<S: Script>(
    net: &Net<S>,
    records: &[Taken],
    code: StatusCode,
    (at, channel): (usize, Channel),
) -> Vec<u16> {
    let mine = |taken: &Taken| match taken.get() {
        Record::Status(head, _) if head.code == code => {
            let same = (head.header.instrument, head.channel) == (net.id(at), channel);
            same.then_some(head.header.line)
        }
        _ => None,
    };
    records.iter().filter_map(mine).collect()
}

/// Every instrument moves and trades every so many ms, for so many.
fn market<S: Script>(net: &mut Net<S>, every: i64, ms: i64) {
    let end = net.now + ms * MS;
    while net.now < end {
        for at in 0..3 {
            net.trade(at);
            net.book(at);
        }
        net.pass(every);
    }
}

/// How often a stream was given up and asked for again.
fn renewals<S: Script>(net: &Net<S>, at: usize, channel: Channel) -> usize {
    let stream = (net.truths[at].symbol.clone(), channel);
    let renews = |intent: &&(i64, Intent)| match &intent.1 {
        Intent::Send { text, .. } => {
            let request = S::read(text);
            request.ask == Asked::Unsubscribe && request.streams.contains(&stream)
        }
        _ => false,
    };
    net.intents.iter().filter(renews).count()
}

/// VC-500: a stream that was acknowledged and says nothing, while its instrument trades, is told,
/// subscribed anew, and then its line is replaced; that it speaks again is told too.
pub(crate) fn vc_500_a_stream_that_stays_silent_is_told_renewed_and_moved<S: Script>() {
    let mut net = Net::<S>::idle(1, |_| {});
    let silent = (0, Channel::BBO);
    net.ways[0].mute.insert((0, Channel::BBO.0));
    net.start();
    net.pass(3_000);
    market(&mut net, 400, 6_000);
    assert_eq!(told(&net, &net.records, StatusCode::STALE, silent), NONE);
    market(&mut net, 400, 14_000);
    let stale = told(&net, &net.records, StatusCode::STALE, silent);
    assert_eq!(stale.len(), 1);
    assert_eq!(renewals(&net, 0, Channel::BBO), 1);
    let rotating = |net: &Net<S>| {
        let told = statuses(&net.records);
        told.iter()
            .filter(|status| status.0 == StatusCode::ROTATING)
            .count()
    };
    assert_eq!(rotating(&net), 0, "the subscription is tried first");
    market(&mut net, 400, 60_000);
    assert!(rotating(&net) >= 1);
    assert_eq!(net.feed.counts().stale_streams, 1);
    let others = statuses(&net.records);
    let others = others.iter().filter(|status| status.0 == StatusCode::STALE);
    assert_eq!(others.count(), 1, "streams that speak are not silent");
    assert_eq!(told(&net, &net.records, StatusCode::LIVE, silent), NONE);
    net.ways[0].mute.clear();
    market(&mut net, 400, 2_000);
    assert!(!told(&net, &net.records, StatusCode::LIVE, silent).is_empty());
    net.take();
    market(&mut net, 400, 60_000);
    for code in [StatusCode::STALE, StatusCode::LIVE] {
        assert_eq!(told(&net, &net.records, code, silent), NONE, "told again");
    }
}

/// VC-501: how long a stream may be silent is learned from its own pace, between floor and ceiling.
pub(crate) fn vc_501_the_timer_is_learned_from_the_streams_own_pace<S: Script>() {
    // Pace, floor and ceiling; when the silence is told, at the earliest and at the latest. In s.
    for (pace, floor, ceiling, told_from, told_to) in [
        (1, 25, 1_800, 25, 27),
        (1, 35, 1_800, 35, 37),
        (5, 10, 1_800, 40, 47),
        (5, 10, 30, 30, 32),
    ] {
        let mut net = Net::<S>::live(1, |options| {
            options.liveness.floor = floor * SECOND;
            options.liveness.ceiling = ceiling * SECOND;
        });
        net.step = 500 * MS;
        market(&mut net, pace * 1_000, 900_000);
        let silent = (0, S::TRADES);
        assert_eq!(told(&net, &net.records, StatusCode::STALE, silent), NONE);
        let last = net.now - pace * SECOND;
        net.ways[0].mute.insert((0, S::TRADES.0));
        net.take();
        while told(&net, &net.records, StatusCode::STALE, silent).is_empty() {
            assert!(net.now - last < 100 * SECOND, "never told");
            market(&mut net, 500, 500);
        }
        let after = net.now - last;
        let bounds = told_from * SECOND..=told_to * SECOND;
        assert!(bounds.contains(&after), "{pace} s: after {} ms", after / MS);
    }
}

/// VC-502: an instrument that is quiet for minutes raises no alarm, while others are busy.
pub(crate) fn vc_502_a_quiet_instrument_raises_no_alarm<S: Script>() {
    let mut net = Net::<S>::live(1, |_| {});
    net.step = 500 * MS;
    let every = net.feed.venue().cadence(Channel::BBO);
    let mut next = net.now;
    for _ in 0..1_800 {
        for at in 1..3 {
            net.trade(at);
            net.book(at);
        }
        if matches!(every, Cadence::Periodic(_)) {
            let (key, text) = net.next_bbo(0);
            net.tell(0, Channel::BBO, key, &text);
        }
        if net.now >= next {
            for _ in 0..=net.dice.below(5) {
                net.trade(0);
                net.book(0);
            }
            next = net.now + (1 + net.dice.below(240)) * SECOND;
        }
        net.pass(2_000);
        net.told.clear();
    }
    let records = net.take();
    let told = statuses(&records);
    assert!(told.is_empty(), "{told:?}");
    assert_eq!(gaps(&records), []);
    assert_eq!(net.feed.counts().stale_streams, 0);
}

/// VC-503: a stream that only one of two lines does not deliver is told of that line, which is
/// replaced; the feed stays whole.
pub(crate) fn vc_503_a_stream_silent_on_one_line_leaves_the_feed_whole<S: Script>() {
    for channel in [S::TRADES, Channel::BBO] {
        let mut net = Net::<S>::live(2, |_| {});
        net.ways[1].mute.insert((0, channel.0));
        let line = net.line_of(1, 0, channel);
        market(&mut net, 400, 40_000);
        let records = net.take();
        assert_eq!(
            told(&net, &records, StatusCode::STALE, (0, channel)),
            [line]
        );
        let moved = |taken: &Taken| match taken.get() {
            Record::Status(head, _) if head.code == StatusCode::ROTATING => Some(head.header.line),
            _ => None,
        };
        market(&mut net, 400, 30_000);
        let moved: Vec<u16> = (records.iter().chain(&net.records))
            .filter_map(moved)
            .collect();
        assert_eq!(moved.first(), Some(&line));
        assert_eq!(gaps(&records), []);
        assert_eq!(gaps(&net.records), []);
    }
}

/// A message of each stream of an instrument, of one aside.
fn all_but<S: Script>(net: &mut Net<S>, at: usize, silent: Option<Channel>) {
    if silent != Some(S::TRADES) {
        net.trade(at);
    }
    let delta = net.next_delta(at);
    net.tell(at, Channel::BOOK, net.book_key(at), &delta);
    if silent != Some(Channel::BBO) {
        let (key, bbo) = net.next_bbo(at);
        net.tell(at, Channel::BBO, key, &bbo);
    }
}

/// VC-504: a stream that is subscribed anew on its only line, because it is quiet for long, has a gap:
/// what comes in between is not heard. Only consecutive numbers prove that nothing did.
pub(crate) fn vc_504_a_stream_subscribed_anew_on_its_only_line_has_a_gap<S: Script>() {
    for (channel, remembers) in [(S::TRADES, true), (S::TRADES, false), (Channel::BBO, true)] {
        let mut net = Net::<S>::live(1, |options| {
            options.liveness.floor = 10 * SECOND;
            options.liveness.ceiling = 20 * SECOND;
        });
        net.remembers = remembers;
        for _ in 0..25 {
            for at in 0..3 {
                all_but(&mut net, at, (at == 0).then_some(channel));
            }
            net.pass(1_000);
        }
        assert_eq!(renewals(&net, 0, channel), 1, "{channel:?}");
        all_but(&mut net, 0, None);
        net.pass(5_000);
        let own = net.id(0);
        let mut records = net.take();
        records.retain(|taken| taken.get().header().instrument == own);
        let expected: &[GapEnd] = match net.feed.venue().numbering(channel) {
            Numbering::Consecutive => &[],
            Numbering::Ids if remembers => &[GapEnd::OPEN, GapEnd::REST],
            _ => &[GapEnd::OPEN, GapEnd::LOST],
        };
        assert_eq!(ends(&records, channel), expected, "{channel:?}");
    }
}

/// VC-505: a book that falls silent after its first messages, while its instrument trades, is told
/// and subscribed anew without waiting until its own pace is known.
pub(crate) fn vc_505_a_book_that_dies_young_while_trades_go_on_is_renewed<S: Script>() {
    let mut net = Net::<S>::live(1, |_| {});
    market(&mut net, 400, 2_000);
    net.ways[0].mute.insert((0, Channel::BOOK.0));
    net.take();
    market(&mut net, 400, 25_000);
    assert_eq!(renewals(&net, 0, Channel::BOOK), 1);
    net.ways[0].mute.clear();
    market(&mut net, 400, 60_000);
    let live = told(&net, &net.records, StatusCode::LIVE, (0, Channel::BOOK));
    assert!(!live.is_empty());
    assert!(net.is_right(0));
    let others = |at| told(&net, &net.records, StatusCode::STALE, (at, Channel::BOOK));
    assert_eq!((others(1), others(2)), (vec![], vec![]));
}
