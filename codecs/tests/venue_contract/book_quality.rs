//! Quality rules of books: whatever the action, a book takes its updates.

use feedd_codecs::feed::{Action, QualityOptions, Rule, State};
use feedd_codecs::record::{GapCause, GapEnd, StatusCode};
use feedd_codecs::venue::Channel;

use crate::quality::{ACTIONS, as_it_is, doubts, hits, only, trade};
use crate::support::rig::Rig;
use crate::support::script::Script;
use crate::{MS, ends, gaps, statuses};

/// VC-604: a book that stays crossed breaks with a gap of that cause and is synchronised anew; a book
/// that was crossed for a moment does not.
pub(crate) fn vc_604_a_book_that_stays_crossed_breaks<S: Script>() {
    for action in ACTIONS {
        let mut rig = Rig::<S>::live_with(|options| {
            only(Rule::Crossed, action)(options);
            options.quality.crossed_max = 500 * MS;
        });
        cross(&mut rig);
        rig.pass(300);
        uncross(&mut rig);
        rig.pass(2_000);
        assert!(gaps(&rig.take()).is_empty(), "crossed for a moment");
        assert_eq!(rig.feed.counts().crossed, 1);
        cross(&mut rig);
        rig.serving = false;
        rig.pass(700);
        let records = rig.take();
        let found = gaps(&records);
        if action == Action::Off {
            assert_eq!((found.len(), rig.state(0)), (0, Some(State::Live)));
            continue;
        }
        let gap: Vec<_> = found.iter().map(|gap| (gap.1, gap.2)).collect();
        assert_eq!(gap, [(Channel::BOOK, GapCause::CROSSED)]);
        assert_eq!(rig.feed.quality_hits()[Rule::Crossed as usize], 1);
        assert_eq!(rig.state(0), Some(State::Bad));
        uncross(&mut rig);
        rig.serving = true;
        rig.pass(70_000);
        assert!(rig.is_right(0) && rig.state(0) == Some(State::Live));
        let ended = ends(&rig.take(), Channel::BOOK);
        assert_eq!(ended, [GapEnd::SNAPSHOT]);
    }
}

/// A bid above the best ask.
fn cross<S: Script>(rig: &mut Rig<S>) {
    set_bid(rig, 777);
}

fn uncross<S: Script>(rig: &mut Rig<S>) {
    set_bid(rig, 0);
}

fn set_bid<S: Script>(rig: &mut Rig<S>, qty: i64) {
    let truth = &mut rig.truths[0];
    let px = truth.asks()[0].0 + 5;
    let change = truth.change(|truth| truth.set_bid(px, qty)).unwrap();
    let text = S::delta(truth, &change);
    rig.book_frame(0, &text).unwrap();
}

/// VC-609: a book that stands still while its instrument trades is told once, and once again after it
/// moved; without trades it may stand still.
pub(crate) fn vc_609_a_book_that_stands_still_while_its_instrument_trades_is_told<S: Script>() {
    for action in ACTIONS {
        let mut rig = Rig::<S>::live_with(|options| {
            only(Rule::StaleBook, action)(options);
            options.quality.stale_max = 2_000 * MS;
        });
        let stale = |rig: &mut Rig<S>| {
            let told = statuses(&rig.take());
            assert!(told.iter().all(|status| status.0 == StatusCode::STALE
                && (status.1, status.2) == (rig.id(0), Channel::BOOK)));
            told.len() as u64
        };
        rig.pass(10_000);
        assert_eq!(stale(&mut rig), 0, "nothing trades");
        for _ in 0..2 {
            let delta = rig.touch(0);
            rig.book_frame(0, &delta).unwrap();
            for _ in 0..6 {
                trade(&mut rig, as_it_is);
                rig.pass(1_000);
            }
            assert_eq!(stale(&mut rig), hits(action));
        }
        let counted = rig.feed.quality_hits()[Rule::StaleBook as usize];
        assert_eq!(counted, 2 * hits(action));
        assert_eq!(rig.state(0), Some(State::Live));
    }
}

/// VC-610: the updates of a book with too many levels are flagged, and applied whatever the action.
pub(crate) fn vc_610_a_book_of_too_many_levels_is_flagged<S: Script>() {
    for action in ACTIONS {
        let mut rig = Rig::<S>::live_with(only(Rule::LevelExplosion, action));
        let most = QualityOptions::default().levels_max;
        assert!(rig.truths[0].bids().len() < most);
        let delta = rig.touch(0);
        rig.book_frame(0, &delta).unwrap();
        assert_eq!(doubts(&rig.take()), [false]);
        let mut rig = Rig::<S>::live_with(|options| {
            only(Rule::LevelExplosion, action)(options);
            options.quality.levels_max = 5;
        });
        let before = rig.feed.quality_hits()[Rule::LevelExplosion as usize];
        let delta = rig.touch(0);
        rig.book_frame(0, &delta).unwrap();
        assert_eq!(doubts(&rig.take()), [action != Action::Off]);
        let after = rig.feed.quality_hits()[Rule::LevelExplosion as usize];
        assert_eq!(after - before, hits(action));
        assert_eq!(rig.feed.take_refused(), None);
        assert!(rig.is_right(0));
    }
}

/// VC-611: an update that waited for one before it keeps its flag.
pub(crate) fn vc_611_an_update_that_waited_keeps_its_flag<S: Script>() {
    let mut rig = Rig::<S>::live_with(|options| {
        only(Rule::LevelExplosion, Action::Flag)(options);
        options.quality.levels_max = 5;
        options.gap_wait = 500 * MS;
    });
    let (first, second) = (rig.touch(0), rig.touch(0));
    rig.book_frame(0, &second).unwrap();
    assert!(rig.take().is_empty());
    rig.book_frame(0, &first).unwrap();
    assert_eq!(doubts(&rig.take()), [true, true]);
    assert!(rig.is_right(0));
}
