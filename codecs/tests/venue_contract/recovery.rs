//! Trades that are missing: told once, recovered where REST has them, and never without an end.

use feedd_codecs::feed::Rule;
use feedd_codecs::record::{Flags, GapCause, GapEnd};

use crate::support::rig::Taken;
use crate::support::script::Script;
use crate::tape::{Tape, WAIT};

/// VC-300: a hole is told when it has waited, asked for, filled with flagged records, and ends; the
/// same answer again adds nothing.
pub(crate) fn vc_300_a_hole_in_trades_is_told_asked_for_and_filled_once<S: Script>() {
    let mut tape = Tape::<S>::live();
    if !tape.is_numbered() {
        return;
    }
    tape.miss(3);
    tape.trade();
    assert!(tape.take_gaps().is_empty() && tape.fetches().is_empty());
    tape.rig.pass(WAIT + 100);
    let (first, last) = (tape.number(1), tape.number(3));
    let open = (GapCause::SEQUENCE, GapEnd::OPEN, first, last, 3);
    let records = tape.rig.take();
    let told = tape.gaps(&records)[0];
    assert_eq!(told.header.seq, first - 1);
    assert_eq!(
        told.header.line,
        tape.rig.line_of(tape.rig.key(0, S::TRADES))
    );
    assert!(told.ts_good > 0 && told.ts_good < told.ts_open - WAIT * crate::MS);
    tape.rig.records = records;
    assert_eq!(tape.take_gaps(), [open]);
    let fetches = tape.fetches();
    assert_eq!(fetches.len(), 1);
    assert!(tape.asks_for(&fetches[0], 1, 3), "{fetches:?}");
    tape.page(0, 4);
    let records = tape.rig.take();
    assert_eq!(tape.came(&records), [(1, true), (2, true), (3, true)]);
    let ends = tape.gaps(&records);
    assert_eq!(ends.len(), 1);
    assert_eq!((ends[0].end, ends[0].missing), (GapEnd::REST, 0));
    assert_eq!(
        (ends[0].ts_open, ends[0].first_seq, ends[0].last_seq),
        (told.ts_open, first, last)
    );
    tape.page(0, 4);
    tape.rig.pass(60_000);
    assert!(tape.came(&tape.rig.records).is_empty() && tape.take_gaps().is_empty());
    assert!(tape.fetches().is_empty());
    assert_eq!(tape.rig.feed.counts().backfilled, 3);
}

/// VC-301: a page that brings a part of a hole leads to the next page; the gap ends with the last.
pub(crate) fn vc_301_a_page_with_a_part_of_a_hole_leads_to_the_next<S: Script>() {
    let mut tape = Tape::<S>::live();
    if !tape.is_numbered() {
        return;
    }
    tape.miss(6);
    tape.trade();
    tape.rig.pass(WAIT + 100);
    assert_eq!(tape.fetches().len(), 1);
    for (first, last, rest) in [(1, 2, 3), (3, 5, 6)] {
        tape.page(first, last);
        tape.rig.pass(100);
        let fetches = tape.fetches();
        assert_eq!(fetches.len(), 1);
        assert!(tape.asks_for(&fetches[0], rest, 6), "{fetches:?}");
    }
    tape.page(6, 6);
    let came: Vec<usize> = tape.came(&tape.rig.records).iter().map(|c| c.0).collect();
    assert_eq!(came, [7, 1, 2, 3, 4, 5, 6]);
    let ends: Vec<GapEnd> = tape.take_gaps().iter().map(|gap| gap.1).collect();
    assert_eq!(ends, [GapEnd::OPEN, GapEnd::REST]);
}

/// VC-302: what REST does not know, or does not tell, is asked for again with pauses, then lost: one
/// record with everything that is missing, whatever parts the hole is in.
pub(crate) fn vc_302_what_rest_does_not_bring_is_lost_once<S: Script>() {
    for fails in [false, true] {
        let mut tape = Tape::<S>::live();
        if !tape.is_numbered() {
            return;
        }
        tape.miss(5);
        tape.trade();
        tape.rig.pass(WAIT + 100);
        tape.page(3, 3);
        tape.rig.take();
        let mut asked = tape.fetches().len();
        let mut ends = Vec::new();
        for _ in 0..600 {
            tape.rig.pass(100);
            for _ in tape.fetches() {
                asked += 1;
                if fails {
                    tape.rig.fail(tape.want());
                } else {
                    tape.page(6, 6);
                }
            }
            ends.extend(tape.take_gaps());
        }
        assert!((6..20).contains(&asked), "{asked}");
        assert_eq!(ends.len(), 1, "{ends:?}");
        let (_, end, first, last, missing) = ends[0];
        assert_eq!((end, missing), (GapEnd::LOST, 4));
        assert_eq!((first, last), (tape.number(1), tape.number(5)));
        assert_eq!(tape.rig.feed.counts().missing, 4);
        tape.page(1, 5);
        assert!(tape.rig.take().is_empty(), "taken after it was told lost");
    }
}

/// VC-303: a disconnect whose next trade continues the numbers missed nothing.
pub(crate) fn vc_303_a_disconnect_between_two_trades_ends_with_nothing<S: Script>() {
    let mut tape = Tape::<S>::live();
    tape.reconnect();
    tape.trade();
    tape.rig.pass(WAIT + 100);
    if tape.is_numbered() {
        let good = tape.number(0);
        let gap = |end| (GapCause::DISCONNECT, end, good + 1, 0, 0);
        assert_eq!(tape.take_gaps(), [gap(GapEnd::OPEN), gap(GapEnd::NOTHING)]);
        assert!(tape.fetches().is_empty());
    }
}

/// VC-304: a disconnect whose next trade jumps knows its bounds by then, and is recovered.
pub(crate) fn vc_304_a_disconnect_that_missed_trades_is_recovered<S: Script>() {
    let mut tape = Tape::<S>::live();
    if !tape.is_numbered() {
        return;
    }
    tape.miss(1);
    tape.reconnect();
    tape.miss(1);
    tape.trade();
    tape.rig.pass(100);
    let fetches = tape.fetches();
    assert!(fetches.len() == 1 && tape.asks_for(&fetches[0], 1, 2));
    tape.page(1, 3);
    assert_eq!(
        tape.came(&tape.rig.records),
        [(3, false), (1, true), (2, true)]
    );
    let (first, last) = (tape.number(1), tape.number(2));
    assert_eq!(
        tape.take_gaps(),
        [
            (GapCause::DISCONNECT, GapEnd::OPEN, first, 0, 0),
            (GapCause::DISCONNECT, GapEnd::REST, first, last, 0),
        ]
    );
}

/// VC-305: live trades go on during a recovery, also late ones, which the answer does not repeat.
pub(crate) fn vc_305_live_trades_go_on_during_a_recovery<S: Script>() {
    let mut tape = Tape::<S>::live();
    if !tape.is_numbered() {
        return;
    }
    tape.miss(1);
    let late = tape.next();
    tape.trade();
    tape.rig.pass(WAIT + 100);
    tape.trade();
    tape.hear(&late);
    tape.trade();
    tape.page(0, 5);
    let records = tape.rig.take();
    let came = [(3, false), (4, false), (2, false), (5, false), (1, true)];
    assert_eq!(tape.came(&records), came);
    let is_late = |taken: &&Taken| taken.get().header().flags.contains(Flags::LATE);
    assert_eq!(records.iter().filter(is_late).count(), 1);
    let ends: Vec<GapEnd> = tape.gaps(&records).iter().map(|gap| gap.end).collect();
    assert_eq!(ends, [GapEnd::OPEN, GapEnd::REST]);
    assert_eq!(tape.rig.feed.quality_hits()[Rule::TimeBack as usize], 0);
}

/// VC-306: numbers that begin anew are a gap that ends at once; holes of the old ones are told too.
pub(crate) fn vc_306_trades_numbered_anew_are_a_gap_of_their_own<S: Script>() {
    let mut tape = Tape::<S>::live();
    if !tape.is_numbered() {
        return;
    }
    tape.miss(2);
    tape.trade();
    tape.rig.truths[0].trades = 0;
    tape.rig.truths[0].time_ms += 5_000;
    tape.trade();
    tape.trade();
    let gaps = tape.take_gaps();
    let told: Vec<_> = gaps.iter().map(|gap| (gap.0, gap.1, gap.4)).collect();
    assert_eq!(
        told,
        [
            (GapCause::SEQUENCE, GapEnd::OPEN, 2),
            (GapCause::SEQUENCE, GapEnd::LOST, 2),
            (GapCause::RESET, GapEnd::OPEN, 0),
            (GapCause::RESET, GapEnd::LOST, 0),
        ]
    );
    tape.rig.pass(10_000);
    assert!(tape.take_gaps().is_empty() && tape.fetches().is_empty());
}

/// VC-309: a hole that is in parts when the venue numbers anew ends once, with all that is missing.
pub(crate) fn vc_309_a_hole_in_parts_ends_once_when_trades_are_numbered_anew<S: Script>() {
    let mut tape = Tape::<S>::live();
    if !tape.is_numbered() {
        return;
    }
    tape.miss(5);
    tape.trade();
    tape.rig.pass(WAIT + 100);
    tape.page(3, 3);
    tape.rig.take();
    tape.rig.truths[0].trades = 0;
    tape.rig.truths[0].time_ms += 5_000;
    tape.trade();
    let gaps = tape.take_gaps();
    let told: Vec<_> = gaps.iter().map(|gap| (gap.0, gap.1, gap.4)).collect();
    assert_eq!(
        told,
        [
            (GapCause::SEQUENCE, GapEnd::LOST, 4),
            (GapCause::RESET, GapEnd::OPEN, 0),
            (GapCause::RESET, GapEnd::LOST, 0),
        ]
    );
}

/// VC-307: one trade far ahead is a hole like others: trades with the numbers before it still come
/// out, and what nobody has is lost once.
pub(crate) fn vc_307_a_trade_far_ahead_does_not_stop_the_stream<S: Script>() {
    let mut tape = Tape::<S>::live();
    if !tape.is_numbered() {
        return;
    }
    tape.rig.truths[0].trades += 1_000_000;
    tape.trade();
    tape.rig.truths[0].trades = 2;
    for _ in 0..300 {
        tape.rig.truths[0].time_ms += 100;
        tape.trade();
        tape.rig.pass(100);
        for _ in tape.fetches() {
            tape.rig.fail(tape.want());
        }
    }
    let records = tape.rig.take();
    assert!(tape.came(&records).len() > 280);
    let gaps = tape.gaps(&records);
    let opened = gaps.iter().filter(|gap| gap.end == GapEnd::OPEN).count();
    assert_eq!(gaps.len(), 2 * opened, "{gaps:?}");
}

/// VC-308: holes are bounded: the oldest is told and given up.
pub(crate) fn vc_308_holes_are_bounded_and_none_is_silent<S: Script>() {
    let mut tape = Tape::<S>::live();
    if !tape.is_numbered() {
        return;
    }
    for _ in 0..100 {
        tape.miss(1);
        tape.trade();
    }
    let given_up = tape.take_gaps();
    assert_eq!(given_up.len(), 2 * 36);
    for (at, pair) in given_up.chunks(2).enumerate() {
        let number = tape.number(1 + 2 * at);
        let gap = |end| (GapCause::SEQUENCE, end, number, number, 1);
        assert_eq!(pair, [gap(GapEnd::OPEN), gap(GapEnd::LOST)]);
    }
    tape.rig.pass(WAIT + 100);
    assert_eq!(tape.take_gaps().len(), 64);
    assert_eq!(tape.fetches().len(), 1, "one request at a time");
}
