//! What goes wrong outside: lines, frames, rings; and that the same input gives the same output.

use std::collections::{BTreeMap, BTreeSet};

use feedd_codecs::feed::State;
use feedd_codecs::record::{GapCause, Kind, Record, StatusCode};
use feedd_codecs::venue::{Channel, Numbering, Venue};

use crate::support::rig::Rig;
use crate::support::script::{Asked, Script};
use crate::{gaps, kinds, lose_one_update, statuses};

/// VC-070: a lost line makes one gap for each stream that had data; no book of it is trusted and
/// nothing is asked for until the line is back.
pub(crate) fn vc_070_a_disconnect_is_a_gap_in_every_live_stream<S: Script>() {
    let mut rig = Rig::<S>::live();
    let lines: Vec<u16> = rig.feed.lines().iter().map(|line| line.id()).collect();
    for line in &lines {
        rig.close(*line, "reset by peer");
    }
    let records = rig.take();
    let down: Vec<_> = statuses(&records);
    assert_eq!(down.len(), lines.len());
    assert!(
        down.iter()
            .all(|status| status.0 == StatusCode::LINE_DOWN && status.3 == "reset by peer")
    );
    let found = gaps(&records);
    assert_eq!(found.len(), 9, "{found:?}");
    for at in 0..3 {
        for channel in [S::TRADES, Channel::BBO, Channel::BOOK] {
            let hits = found
                .iter()
                .filter(|gap| (gap.0, gap.1) == (rig.id(at), channel));
            assert_eq!(hits.count(), 1, "{channel:?}");
        }
        assert_eq!(rig.state(at), Some(State::Bad));
    }
    assert!(found.iter().all(|gap| gap.2 == GapCause::DISCONNECT));
    let (sent, asked) = (rig.sent.len(), rig.asked.len());
    rig.pass(70_000);
    assert_eq!(
        (rig.sent.len(), rig.asked.len()),
        (sent, asked),
        "asked without a line"
    );
    for line in lines {
        rig.open(line);
    }
    rig.bring_up();
    assert!((0..3).all(|at| rig.is_right(at)));
    let again = rig.requests().split_off(sent);
    let renewed = again
        .iter()
        .filter(|request| request.ask == Asked::Unsubscribe);
    assert_eq!(
        renewed.count(),
        0,
        "a new connection needs no second subscription"
    );
    let asks: usize = again.iter().map(|request| request.streams.len()).sum();
    let once: usize = rig
        .feed
        .lines()
        .iter()
        .map(|line| line.streams().count())
        .sum();
    assert_eq!(asks, once);
}

/// VC-072: a run that ended unannounced left its last trades: what is missing since begins behind
/// them, and REST is asked for it.
pub(crate) fn vc_072_an_unannounced_end_is_a_hole_with_bounds<S: Script>() {
    let mut before = Rig::<S>::live();
    before.data_frame(0, S::TRADES).unwrap();
    let records = before.take();
    let Record::Trade(last) = records[0].get() else {
        panic!("{records:?}");
    };
    let mut rig = Rig::<S>::idle();
    rig.truths[0].trades = before.truths[0].trades + 3;
    rig.truths[0].time_ms = before.truths[0].time_ms + 60_000;
    rig.feed.interrupted();
    rig.feed.remember(last);
    rig.start();
    let told = gaps(&rig.take());
    let stream = |gap: &&(_, Channel, _, u64, u64)| gap.0 == rig.id(0) && gap.1 == S::TRADES;
    let found: Vec<_> = told.iter().filter(stream).collect();
    assert_eq!(found.len(), 1, "{told:?}");
    assert_eq!(found[0].2, GapCause::RESTART);
    let numbering = rig.feed.venue().numbering(S::TRADES);
    if numbering == Numbering::Consecutive {
        assert_eq!(found[0].3, last.header.seq + 1);
    }
    rig.bring_up();
    rig.data_frame(0, S::TRADES).unwrap();
    rig.pass(1_000);
    let asked = rig.intents.iter().any(|intent| intent.contains("Trades"));
    assert!(asked, "{numbering:?}");
}

/// VC-071: a snapshot that was under way when its line was lost is not believed.
pub(crate) fn vc_071_a_snapshot_from_before_the_disconnect_is_not_believed<S: Script>() {
    let mut rig = Rig::<S>::live();
    if !rig.by_rest() {
        return;
    }
    rig.serving = false;
    lose_one_update(&mut rig);
    let line = rig.line_of(rig.key(0, Channel::BOOK));
    rig.close(line, "reset by peer");
    rig.take();
    rig.snapshot(0).unwrap();
    assert_eq!(rig.state(0), Some(State::Bad));
    assert!(rig.take().is_empty());
}

/// VC-080: a refused frame names its rule and changes nothing.
pub(crate) fn vc_080_a_refused_frame_changes_nothing<S: Script>() {
    let mut rig = Rig::<S>::live();
    let before = rig.feed.book(rig.id(0)).unwrap();
    let (book, seq) = (before.0.clone(), before.2);
    let instruments = rig.feed.instruments().all().to_vec();
    let delta = rig.touch(0);
    let cut = &delta[..delta.len() - 1];
    let strange = delta.replace(&rig.truths[0].symbol, "NOSUCH");
    for (text, rule) in [
        (cut, "invalid_json"),
        (&strange, "unknown_instrument"),
        ("", "empty"),
        ("<html>", "html"),
    ] {
        let reject = rig.book_frame(0, text).unwrap_err();
        assert_eq!(reject.rule(), rule);
        let rules: BTreeMap<_, _> = rig.feed.counts().rejects_by_rule().collect();
        assert_eq!(rules[rule], 1);
    }
    assert!(rig.take().is_empty());
    let after = rig.feed.book(rig.id(0)).unwrap();
    assert_eq!((after.0, after.1, after.2), (&book, State::Live, seq));
    assert_eq!(rig.feed.instruments().all(), instruments);
    rig.book_frame(0, &delta).unwrap();
    assert!(rig.is_right(0));
}

/// VC-140: the same frames at the same times give the same bytes and the same intents.
pub(crate) fn vc_140_the_same_input_gives_the_same_bytes<S: Script>() {
    let run = || {
        let mut rig = Rig::<S>::live();
        let mut dice = crate::support::truth::Dice(7);
        for round in 0..200 {
            let at = usize::try_from(dice.below(3)).unwrap();
            let change = S::step(&mut rig.truths[at], &mut dice);
            let delta = S::delta(&rig.truths[at], &change);
            if dice.below(20) > 0 {
                rig.book_frame(at, &delta).unwrap();
            }
            if round % 3 == 0 {
                rig.data_frame(at, S::TRADES).unwrap();
            }
            rig.pass(100);
        }
        (rig.take(), rig.intents.clone(), rig.feed.counts().clone())
    };
    assert_eq!(run(), run());
}

/// VC-150: frames that were read and dropped are a gap in every live stream of their line only.
pub(crate) fn vc_150_dropped_frames_are_a_gap_in_their_line<S: Script>() {
    let mut rig = Rig::<S>::live();
    let line = rig.line_of(rig.key(0, Channel::BOOK));
    let streams = rig
        .feed
        .lines()
        .iter()
        .find(|held| held.id() == line)
        .unwrap();
    let expected: BTreeSet<(u32, u8)> = streams
        .streams()
        .filter(|held| held.0.channel != Channel::REFERENCE)
        .map(|held| (held.0.instrument.0, held.0.channel.0))
        .collect();
    rig.lose(line);
    let found = gaps(&rig.take());
    assert!(found.iter().all(|gap| gap.2 == GapCause::BACKPRESSURE));
    let told: BTreeSet<(u32, u8)> = found.iter().map(|gap| (gap.0.0, gap.1.0)).collect();
    assert_eq!((told.len(), told), (found.len(), expected));
    assert!((0..3).all(|at| rig.state(at) == Some(State::Bad)));
    for at in 0..3 {
        let delta = rig.touch(at);
        rig.book_frame(at, &delta).unwrap();
    }
    rig.pass(20_000);
    assert!((0..3).all(|at| rig.is_right(at) && rig.state(at) == Some(State::Live)));
}

/// VC-170: an unknown field passes and is counted by channel and name.
pub(crate) fn vc_170_an_unknown_field_is_counted_and_passes<S: Script>() {
    let mut rig = Rig::<S>::live();
    let texts = [
        rig.touch(0),
        rig.data_text(0, S::TRADES),
        rig.data_text(0, Channel::BBO),
    ];
    for (count, text) in (1..).zip(&texts) {
        let symbol = format!("\"{}\"", rig.truths[0].symbol);
        let more = text.replacen(
            &symbol,
            &format!("{symbol},\"brand_new\":[1,{{\"x\":null}}]"),
            1,
        );
        assert_ne!(&more, text);
        rig.book_frame(0, &more).unwrap();
        assert_eq!(rig.feed.drift().count(), count);
    }
    assert_eq!(
        kinds(&rig.take()),
        [Kind::BookDelta, Kind::Trade, Kind::Bbo]
    );
    assert!(
        rig.feed
            .drift()
            .fields()
            .all(|field| field.1 == "brand_new")
    );
    assert!(rig.is_right(0));
}
