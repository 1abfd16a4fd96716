//! What is asked for, how fast, and what becomes of the answers.

use std::collections::{BTreeMap, BTreeSet};

use feedd_codecs::feed::{CloseReason, Stage};
use feedd_codecs::record::StatusCode;
use feedd_codecs::venue::Channel;
use feedd_codecs::{Feed, InstrumentId, Venue};

use crate::support::rig::Rig;
use crate::support::script::{Asked, Script};
use crate::{MS, statuses};

/// VC-010: requests and lines stay within the venue's limits, and every stream is asked for once.
pub(crate) fn vc_010_requests_stay_within_the_limits<S: Script>() {
    let symbols: Vec<String> = (0..700).map(|at| format!("SYM{at}AAABBB")).collect();
    let mut rig = Rig::<S>::of(&symbols);
    rig.serving = false;
    rig.start();
    rig.pass_in_steps(240_000, 30);
    let facts = rig.feed.facts();
    keeps_the_pace(&rig);
    let mut chars: BTreeMap<u16, usize> = BTreeMap::new();
    let mut asked = BTreeSet::new();
    for (sent, request) in rig.sent.iter().zip(rig.requests()) {
        assert!(request.streams.len() <= facts.streams_per_request);
        *chars.entry(sent.line).or_default() += request.name_chars;
        for stream in request.streams {
            assert_eq!(request.ask, Asked::Subscribe);
            assert!(asked.insert((stream.0, stream.1.0)), "asked twice");
        }
    }
    let reference =
        usize::from(rig.feed.lines()[0].streams().next().unwrap().0.channel == Channel::REFERENCE);
    assert_eq!(asked.len(), 3 * symbols.len() + reference);
    assert!(
        chars
            .values()
            .all(|chars| *chars <= facts.name_chars_per_line),
        "{chars:?}"
    );
    for line in rig.feed.lines() {
        assert!(line.streams().count() <= facts.streams_per_line);
        assert!(line.path().starts_with('/'));
    }
    assert!(rig.closed.is_empty());
}

/// VC-011: our own ping goes out as often as the venue wants it, at the venue's pace.
pub(crate) fn vc_011_pings_go_out_on_time<S: Script>() {
    let mut rig = Rig::<S>::live();
    let from = rig.sent.len();
    let heartbeats = rig.feed.counts().heartbeats;
    let every = rig.feed.facts().ping_every;
    rig.pass(100_000);
    let pings = i64::try_from(rig.sent.len() - from).unwrap();
    let lines = i64::try_from(rig.feed.lines().len()).unwrap();
    let due = if every == 0 {
        0
    } else {
        lines * 100_000 * MS / every
    };
    let most = if every == 0 { 0 } else { due + lines };
    assert!((due..=most).contains(&pings), "{pings}, expected {due}");
    let only_pings = rig.requests().split_off(from);
    assert!(only_pings.iter().all(|request| request.ask == Asked::Ping));
    let answered = rig.feed.counts().heartbeats - heartbeats;
    assert_eq!(i64::try_from(answered).unwrap(), pings);
}

/// VC-012: a ping keeps the pace among other messages, and they keep it after the ping.
pub(crate) fn vc_012_pings_keep_the_pace<S: Script>() {
    let symbols: Vec<String> = (0..60).map(|at| format!("SYM{at}AAABBB")).collect();
    let mut rig = Rig::<S>::of(&symbols);
    rig.start();
    rig.bring_up();
    for _ in 0..70 {
        rig.lose(rig.line_of(rig.key(0, Channel::BOOK)));
        rig.pass_in_steps(1_000, 30);
    }
    keeps_the_pace(&rig);
    let pings = rig
        .requests()
        .iter()
        .filter(|request| request.ask == Asked::Ping)
        .count();
    assert_eq!(pings > 2, rig.feed.facts().ping_every > 0, "{pings}");
}

/// Between two messages on one line is the venue's spacing at least.
fn keeps_the_pace<S: Script>(rig: &Rig<S>) {
    let spacing = rig.feed.facts().request_spacing;
    let mut last: BTreeMap<u16, i64> = BTreeMap::new();
    for sent in &rig.sent {
        if let Some(before) = last.insert(sent.line, sent.at) {
            assert!(sent.at - before >= spacing, "{} after {before}", sent.at);
        }
    }
}

/// VC-020: an acknowledged stream says so in a status record of its own.
pub(crate) fn vc_020_an_acknowledgement_becomes_a_status_record<S: Script>() {
    let mut rig = Rig::<S>::idle();
    rig.serving = false;
    rig.start();
    rig.pass(5_000);
    let told = statuses(&rig.take());
    for at in 0..3 {
        for channel in [S::TRADES, Channel::BBO, Channel::BOOK] {
            assert_eq!(rig.stage(rig.key(at, channel)), Stage::Acknowledged);
            let mine = |status: &&(StatusCode, InstrumentId, Channel, String)| {
                (status.1, status.2) == (rig.id(at), channel)
            };
            let mine: Vec<_> = told.iter().filter(mine).collect();
            assert_eq!(mine.len(), 1, "{channel:?}");
            assert_eq!((mine[0].0, &*mine[0].3), (StatusCode::SUBSCRIBED, ""));
        }
    }
}

/// VC-030: a stream that the venue refuses does not take the others with it.
pub(crate) fn vc_030_a_refusal_touches_only_its_stream<S: Script>() {
    let mut rig = Rig::<S>::idle();
    rig.refused = vec![(S::SYMBOLS[1].to_owned(), Channel::BOOK)];
    rig.start();
    rig.pass(10_000);
    let told = statuses(&rig.take());
    let refused: Vec<_> = told
        .iter()
        .filter(|status| status.0 == StatusCode::REJECTED)
        .collect();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!((refused[0].1, refused[0].2), (rig.id(1), Channel::BOOK));
    assert!(!refused[0].3.is_empty(), "the venue's own words");
    for at in 0..3 {
        for channel in [S::TRADES, Channel::BBO, Channel::BOOK] {
            let stage = rig.stage(rig.key(at, channel));
            if (at, channel) == (1, Channel::BOOK) {
                assert_eq!(stage, Stage::Refused);
            } else {
                assert!(
                    matches!(stage, Stage::Acknowledged | Stage::Live),
                    "{stage:?}"
                );
            }
        }
    }
    for at in [0, 2] {
        let delta = rig.touch(at);
        rig.book_frame(at, &delta).unwrap();
    }
    rig.pass(10_000);
    assert!(rig.is_right(0) && rig.is_right(2));
    assert!(rig.closed.is_empty());
}

/// VC-090: a subscription without an answer gives the line up, once.
pub(crate) fn vc_090_an_unanswered_subscription_closes_its_line<S: Script>() {
    let mut rig = Rig::<S>::idle();
    rig.answering = false;
    rig.start();
    rig.pass(9_000);
    assert!(rig.closed.is_empty());
    rig.pass(3_000);
    let mut lines: Vec<u16> = rig.feed.lines().iter().map(|line| line.id()).collect();
    let mut closed: Vec<u16> = rig.closed.iter().map(|close| close.0).collect();
    lines.sort_unstable();
    closed.sort_unstable();
    assert_eq!(closed, lines);
    assert!(
        rig.closed
            .iter()
            .all(|close| close.1 == CloseReason::NoAnswer)
    );
}

/// VC-180: facts, paths and texts hold together.
pub(crate) fn vc_180_facts_are_plausible<S: Script>() {
    let rig = Rig::<S>::idle();
    let facts = <Feed<S::V>>::facts(&rig.feed);
    assert!(facts.ws_url.starts_with("wss://") && facts.rest_url.starts_with("https://"));
    assert!(facts.request_spacing > 0 && facts.answer_max > facts.request_spacing);
    assert!(facts.streams_per_request > 0 && facts.streams_per_request <= facts.streams_per_line);
    assert!(facts.silence_max > facts.ping_every.min(facts.silence_max - 1));
    assert!(facts.connects_max > 0 && facts.connect_window > 0);
    let venue = S::V::new(S::ID, feedd_codecs::venue::StreamOptions::default());
    let snapshot = venue
        .snapshot_query("X", Channel::BOOK)
        .map(|query| query.path);
    let in_band = matches!(facts.snapshots, feedd_codecs::venue::Snapshots::InBand);
    assert_eq!(snapshot.is_none(), in_band);
    let reference = venue.reference_query(None).map(|query| query.path);
    let paths = [reference, snapshot];
    let own = venue.path(Channel::BOOK).to_owned();
    for path in paths.into_iter().flatten().chain([own]) {
        assert!(path.starts_with('/') && !path.contains(' '), "{path}");
    }
    assert_eq!(venue.ping(7).is_some(), facts.ping_every > 0);
}

/// VC-190: reference data that does not come is asked for again with pauses, then the lines open
/// without it; precisions are learned from the wire.
pub(crate) fn vc_190_lines_open_without_reference_data<S: Script>() {
    let mut rig = Rig::<S>::idle();
    rig.unlisted = true;
    rig.start();
    rig.pass(14_000);
    let by_rest = rig.references > 0;
    if by_rest {
        assert!((10..=15).contains(&rig.references), "{}", rig.references);
        assert!(rig.feed.lines().is_empty() && rig.sent.is_empty());
    }
    rig.pass(5_000);
    let asked = rig.references;
    rig.bring_up();
    assert!((0..3).all(|at| rig.is_right(at)));
    assert_eq!(rig.references, asked);
    let declared = rig
        .feed
        .instruments()
        .all()
        .iter()
        .filter(|known| known.declared);
    assert_eq!(declared.count(), if by_rest { 0 } else { 3 });
}
