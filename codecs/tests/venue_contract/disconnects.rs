//! Trades missed while a line was down, and courses of everything that goes wrong.

use std::collections::BTreeMap;

use feedd_codecs::Record;
use feedd_codecs::VenueId;
use feedd_codecs::record::{Gap, GapCause, GapEnd};
use feedd_codecs::venue::Channel;

use crate::support::rig::Taken;
use crate::support::script::Script;
use crate::support::truth::Dice;
use crate::tape::{Tape, WAIT};

/// VC-309: trades that are told by ids only are recovered after a disconnect, as far as the answer
/// reaches: what is known is not repeated, and an answer that does not reach back says so.
pub(crate) fn vc_309_trades_with_ids_are_recovered_as_far_as_rest_reaches<S: Script>() {
    for (first, end) in [(0, GapEnd::REST), (2, GapEnd::LOST)] {
        let mut tape = Tape::<S>::live();
        if tape.is_numbered() {
            return;
        }
        tape.reconnect();
        tape.miss(3);
        tape.trade();
        tape.rig.pass(100);
        let fetches = tape.fetches();
        let symbol = tape.rig.truths[0].symbol.clone();
        let about = format!("recent-trade?category={}&symbol={symbol}&", S::ID.product());
        assert!(fetches.len() == 1 && fetches[0].path.contains(&about));
        tape.trade();
        tape.page(first, 5);
        tape.page(first, 5);
        let records = tape.rig.take();
        let missed = (1.max(first)..=3).map(|at| (at, true));
        let came: Vec<_> = [(4, false), (5, false)].into_iter().chain(missed).collect();
        assert_eq!(tape.came(&records), came);
        let gaps = tape.gaps(&records);
        let ends: Vec<GapEnd> = gaps.iter().map(|gap| gap.end).collect();
        assert_eq!(ends, [GapEnd::OPEN, end]);
        assert_eq!(gaps[0].ts_open, gaps[1].ts_open);
    }
}

/// VC-310: two disconnects before REST answers are two gaps with an end each.
pub(crate) fn vc_310_disconnects_while_rest_is_asked_have_an_end_each<S: Script>() {
    for fails in [false, true] {
        let mut tape = Tape::<S>::live();
        for _ in 0..12 {
            tape.reconnect();
            tape.miss(1);
            tape.trade();
        }
        tape.rig.pass(100);
        let mut last = tape.fills.len() - 1;
        for _ in 0..400 {
            for _ in tape.fetches() {
                if fails {
                    tape.rig.fail(tape.want());
                } else {
                    tape.page(0, last);
                }
            }
            tape.rig.pass(100);
        }
        tape.trade();
        last += 1;
        let records = tape.rig.take();
        each_gap_ends_once(&tape.gaps(&records));
        let mut came: Vec<usize> = tape.came(&records).iter().map(|came| came.0).collect();
        let count = came.len();
        came.sort_unstable();
        came.dedup();
        assert_eq!(came.len(), count, "a trade came twice");
        assert!(fails || !tape.is_numbered() || count == last);
    }
}

/// VC-311: what our own ring dropped is not among the numbers to come: its gap has no bounds and is
/// lost, also where a line was lost before; a hole after it is a gap of its own.
pub(crate) fn vc_311_what_the_ring_dropped_is_lost_whatever_the_numbers_say<S: Script>() {
    let mut tape = Tape::<S>::live();
    let line = tape.rig.line_of(tape.rig.key(0, S::TRADES));
    tape.rig.close(line, "reset by peer");
    tape.rig.lose(line);
    tape.rig.lose(line);
    tape.rig.open(line);
    tape.rig.pass(1_000);
    tape.miss(usize::from(tape.is_numbered()));
    tape.trade();
    tape.rig.pass(WAIT + 100);
    if tape.is_numbered() {
        tape.page(0, 2);
    }
    let gaps = tape.take_gaps();
    let told: Vec<_> = gaps.iter().map(|gap| (gap.0, gap.1)).collect();
    let mut expected = vec![
        (GapCause::DISCONNECT, GapEnd::OPEN),
        (GapCause::DISCONNECT, GapEnd::LOST),
        (GapCause::BACKPRESSURE, GapEnd::OPEN),
        (GapCause::BACKPRESSURE, GapEnd::LOST),
    ];
    if tape.is_numbered() {
        expected.push((GapCause::SEQUENCE, GapEnd::OPEN));
        expected.push((GapCause::SEQUENCE, GapEnd::REST));
    }
    assert_eq!(told, expected);
    assert_eq!((gaps[2].2, gaps[2].3), (0, 0));
}

/// VC-312: over random losses, repetitions, disconnects, drops, answers and failures, every gap has
/// one end once the streams run again, and no trade comes twice.
pub(crate) fn vc_312_every_gap_has_one_end_whatever_happens<S: Script>() {
    for seed in 0..12 {
        let mut tape = Tape::<S>::live();
        let mut dice = Dice(seed);
        let mut records = Vec::new();
        for _ in 0..250 {
            mishap(&mut tape, &mut dice);
            records.extend(tape.rig.take());
        }
        for _ in 0..4 {
            for at in 0..3 {
                let delta = tape.rig.touch(at);
                tape.rig.book_frame(at, &delta).unwrap();
                tape.rig.data_frame(at, Channel::BBO).unwrap();
                if at > 0 {
                    tape.rig.data_frame(at, S::TRADES).unwrap();
                }
            }
            tape.trade();
            tape.rig.pass(20_000);
            records.extend(tape.rig.take());
        }
        for _ in 0..2_000 {
            tape.rig.pass(100);
            for _ in tape.fetches() {
                tape.rig.fail(tape.want());
            }
        }
        records.extend(tape.rig.take());
        let gap = |taken: &Taken| match taken.get() {
            Record::Gap(gap) => Some(*gap),
            _ => None,
        };
        let gaps: Vec<Gap> = records.iter().filter_map(gap).collect();
        assert!(gaps.len() > 20);
        each_gap_ends_once(&gaps);
        let mut came: Vec<usize> = tape.came(&records).iter().map(|came| came.0).collect();
        let count = came.len();
        came.sort_unstable();
        came.dedup();
        assert_eq!(came.len(), count, "a trade came twice");
    }
}

fn mishap<S: Script>(tape: &mut Tape<S>, dice: &mut Dice) {
    match dice.below(24) {
        0 | 1 => {
            let line = tape.rig.line_of(tape.rig.key(0, S::TRADES));
            tape.rig.close(line, "reset by peer");
            tape.miss(usize::try_from(dice.below(3)).unwrap());
            tape.rig.open(line);
            tape.rig.pass(500);
        }
        2 => {
            let line = tape.rig.line_of(tape.rig.key(0, S::TRADES));
            tape.rig.lose(line);
        }
        3..6 => tape.miss(usize::try_from(1 + dice.below(4)).unwrap()),
        6 => {
            let text = tape.next();
            tape.hear(&text);
            tape.hear(&text);
        }
        7 | 8 => {
            let (early, late) = (tape.next(), tape.next());
            tape.hear(&late);
            tape.rig.pass(dice.below(2 * WAIT.unsigned_abs()));
            tape.hear(&early);
        }
        9..12 => {
            let last = tape.fills.len() - 1;
            let places = u64::try_from(last + 1).unwrap();
            let first = usize::try_from(dice.below(places)).unwrap();
            for _ in tape.fetches() {
                tape.page(first, last.min(first + 9));
            }
        }
        12 => {
            for _ in tape.fetches() {
                tape.rig.fail(tape.want());
            }
        }
        13..16 => tape.rig.pass(dice.below(3_000)),
        _ => tape.trade(),
    }
}

/// Gaps by what names them: opened once, ended once, in this order.
fn each_gap_ends_once(gaps: &[Gap]) {
    let mut found: BTreeMap<_, Vec<GapEnd>> = BTreeMap::new();
    for gap in gaps {
        let stream = (gap.header.instrument, gap.channel.0);
        // The first bound of a disconnect is known when it opens; a book's may come later.
        let name = (stream, gap.ts_open, gap.cause.0, gap.first_seq);
        found.entry(name).or_default().push(gap.end);
    }
    for (name, ends) in found {
        assert_eq!(ends.len(), 2, "{name:?}: {ends:?}");
        assert!(
            ends[0] == GapEnd::OPEN && ends[1] != GapEnd::OPEN,
            "{name:?}"
        );
    }
}

/// VC-313: where REST serves the past page by page from its end (Kraken Futures: 100 trades before a
/// time), a wide hole is filled from behind, and what is older than REST knows is lost.
pub(crate) fn vc_313_a_wide_hole_is_paged_back_as_far_as_rest_reaches<S: Script>() {
    const PAGE: usize = 100;
    if S::ID != VenueId::KRAKEN_FUTURES {
        return;
    }
    for (reach, end, missing) in [(0, GapEnd::REST, 0), (31, GapEnd::LOST, 30)] {
        let mut tape = Tape::<S>::live();
        tape.miss(350);
        tape.trade();
        for _ in 0..200 {
            tape.trade();
        }
        tape.rig.pass(WAIT + 100);
        tape.rig.take();
        let mut asked = 0;
        for _ in 0..400 {
            for fetch in tape.fetches() {
                asked += 1;
                let last = fetch.path.split("lastTime=").nth(1).unwrap();
                let before = feedd_codecs::time::from_rfc3339(last).unwrap() / 1_000_000;
                let until = |fill: &(_, u64)| fill.1 < before.unsigned_abs();
                let past = tape.fills.partition_point(until);
                let first = past.saturating_sub(PAGE).max(reach).min(past - 1);
                tape.page(first, past - 1);
            }
            tape.rig.pass(100);
        }
        let records = tape.rig.take();
        let mut came: Vec<usize> = tape.came(&records).iter().map(|came| came.0).collect();
        came.sort_unstable();
        let expected: Vec<usize> = (reach.max(1)..=350).collect();
        assert_eq!(came, expected);
        let told: Vec<_> = tape.gaps(&records);
        let told: Vec<_> = told.iter().map(|gap| (gap.end, gap.missing)).collect();
        assert_eq!(told, [(end, missing)]);
        assert!((4..=10).contains(&asked), "{asked} requests");
    }
}
