//! Books compared with a fresh snapshot: what no checksum sees.

use feedd_codecs::Venue;
use feedd_codecs::feed::{FeedOptions, State, Want};
use feedd_codecs::record::{GapCause, GapEnd, StatusCode};
use feedd_codecs::venue::{Channel, StreamKey};

use crate::support::rig::Rig;
use crate::support::script::Script;
use crate::{MS, ends, gaps, statuses};

/// Each book is compared once in this time, ms.
const EVERY: i64 = 60_000;

fn audited(options: &mut FeedOptions) {
    options.audit_every = EVERY * MS;
}

/// A change of an instrument's book, told on every line that carries it.
fn tell<S: Script>(rig: &mut Rig<S>, at: usize) {
    let text = rig.touch(at);
    let key = rig.key(at, Channel::BOOK);
    for line in carriers(rig, key) {
        rig.frame(line, &text).unwrap();
    }
}

fn carriers<S: Script>(rig: &Rig<S>, key: StreamKey) -> Vec<u16> {
    let lines = rig.feed.lines().iter();
    let carries = lines.filter(|line| line.streams().any(|held| held.0 == key));
    carries.map(|line| line.id()).collect()
}

/// Every book moves, and REST answers audits, until `done` or for so many ms.
fn run<S: Script>(rig: &mut Rig<S>, ms: i64, done: impl Fn(&Rig<S>) -> bool) {
    let end = rig.now + ms * MS;
    while rig.now < end && !done(rig) {
        (0..3).for_each(|at| tell(rig, at));
        rig.pass(300);
        for fetch in std::mem::take(&mut rig.fetched) {
            if let Want::Audit { instrument, .. } = fetch.want {
                let body = S::audit(&rig.truths[instrument.index()]);
                rig.answer(fetch.want, &body).unwrap();
            }
        }
    }
}

/// Whether the comparison is with a REST body.
fn by_rest<S: Script>(rig: &Rig<S>) -> bool {
    let venue = rig.feed.venue();
    venue
        .audit_query(&rig.truths[0].symbol, Channel::BOOK)
        .is_some()
}

/// The instruments of which a verdict was told.
fn verdicts<S: Script>(rig: &Rig<S>, code: StatusCode) -> Vec<usize> {
    let told = statuses(&rig.records);
    let told = told.iter().filter(|status| status.0 == code);
    told.map(|status| status.1.index()).collect()
}

/// VC-700: each book is compared in its turn, and that it is right is on record; nothing else happens.
/// REST serves the snapshot (Binance, Bybit), or a line is replaced for it (Kraken).
pub(crate) fn vc_700_a_book_that_equals_its_snapshot_is_on_record<S: Script>() {
    let mut rig = Rig::<S>::live_with(audited);
    run(&mut rig, 6 * EVERY, |_| false);
    let right = verdicts(&rig, StatusCode::AUDIT_OK);
    for at in 0..3 {
        assert!(right.contains(&at), "{at} of {right:?}");
    }
    assert!(verdicts(&rig, StatusCode::AUDIT_DIFFERS).is_empty());
    assert_eq!(rig.feed.counts().audits_ok, right.len() as u64);
    assert_eq!(gaps(&rig.records), []);
    assert_eq!(rig.feed.counts().rotations == 0, by_rest(&rig));
    assert!((0..3).all(|at| rig.is_right(at)));
}

/// VC-701: a book that is not what the venue has is on record with the first difference; it breaks
/// with a gap of that cause, is synchronised anew, and is right from then on.
pub(crate) fn vc_701_a_book_that_differs_is_on_record_and_synchronised_anew<S: Script>() {
    if !S::NUMBERED {
        // Kraken Spot's checksum covers all ten levels of these books: they cannot differ unseen.
        return;
    }
    for at in [0, 2] {
        let mut rig = Rig::<S>::live_with(audited);
        // A level that the stream never told.
        let (px, qty) = rig.truths[at].bids()[7];
        rig.truths[at].set_bid(px, qty + 1);
        assert!(!rig.is_right(at));
        let differs = |rig: &Rig<S>| !verdicts(rig, StatusCode::AUDIT_DIFFERS).is_empty();
        run(&mut rig, 6 * EVERY, differs);
        assert_eq!(verdicts(&rig, StatusCode::AUDIT_DIFFERS), [at]);
        assert_eq!(rig.feed.counts().audits_differ, 1);
        let told = statuses(&rig.records);
        let told = told
            .iter()
            .find(|status| status.0 == StatusCode::AUDIT_DIFFERS)
            .unwrap();
        assert!(told.3.starts_with("bid level 8: held "), "{}", told.3);
        run(&mut rig, 30_000, |_| false);
        let found: Vec<_> = gaps(&rig.records)
            .iter()
            .map(|gap| (gap.0, gap.1, gap.2))
            .collect();
        assert_eq!(found, [(rig.id(at), Channel::BOOK, GapCause::AUDIT)]);
        let told = ends(&rig.records, Channel::BOOK);
        assert_eq!(told, [GapEnd::OPEN, GapEnd::SNAPSHOT]);
        assert!(rig.is_right(at) && rig.state(at) == Some(State::Live));
        rig.take();
        run(&mut rig, 6 * EVERY, |_| false);
        assert!(verdicts(&rig, StatusCode::AUDIT_OK).contains(&at));
        assert!(verdicts(&rig, StatusCode::AUDIT_DIFFERS).is_empty());
    }
}

/// VC-702: a comparison that comes to nothing changes nothing, and the next one follows.
pub(crate) fn vc_702_a_comparison_that_fails_changes_nothing<S: Script>() {
    let mut rig = Rig::<S>::live_with(audited);
    if !by_rest(&rig) {
        return;
    }
    let mut failed = 0;
    for _ in 0..600 {
        (0..3).for_each(|at| tell(&mut rig, at));
        rig.pass(300);
        for fetch in std::mem::take(&mut rig.fetched) {
            assert!(matches!(fetch.want, Want::Audit { .. }));
            failed += 1;
            if failed % 2 == 0 {
                rig.fail(fetch.want);
            } else {
                assert!(rig.answer(fetch.want, "<html>503</html>").is_err());
            }
        }
    }
    assert!(failed >= 6, "{failed}");
    assert!(statuses(&rig.records).is_empty() && gaps(&rig.records).is_empty());
    run(&mut rig, 2 * EVERY, |_| false);
    assert!(!verdicts(&rig, StatusCode::AUDIT_OK).is_empty());
}
