//! Quality rules at the gate: each off, flagging or rejecting, and each counted.

use feedd_codecs::feed::{Action, FeedOptions, QualityOptions, RULES, Rule, State};
use feedd_codecs::record::{Flags, GapCause, GapEnd, Record, StatusCode};
use feedd_codecs::venue::Channel;
use feedd_codecs::{Reject, VenueId};

use crate::support::rig::{Rig, Taken};
use crate::support::script::{Fill, Script};
use crate::support::truth::{MIDDLE, Truth};
use crate::tape::Tape;
use crate::{MS, ends, gaps, kinds, statuses};

const ACTIONS: [Action; 3] = [Action::Off, Action::Flag, Action::Reject];

/// Has one rule alone.
fn only(rule: Rule, action: Action) -> impl Fn(&mut FeedOptions) {
    move |options| {
        options.quality.actions = [Action::Off; RULES];
        options.quality.actions[rule as usize] = action;
    }
}

fn is_suspect(taken: &Taken) -> bool {
    taken.get().header().flags.contains(Flags::SUSPECT)
}

/// Which of the records that are no reference data are suspect, in order.
fn doubts(records: &[Taken]) -> Vec<bool> {
    let data = |taken: &&Taken| !matches!(taken.get(), Record::Instrument(..));
    records.iter().filter(data).map(is_suspect).collect()
}

/// What a rule makes of one message that breaks it.
fn doubts_of_one(action: Action) -> &'static [bool] {
    match action {
        Action::Off => &[false],
        Action::Flag => &[true],
        Action::Reject => &[],
    }
}

/// The next fill of instrument 0, at the price that all trades of these cases have.
fn next_fill<S: Script>(rig: &mut Rig<S>) -> Fill {
    let truth = &mut rig.truths[0];
    truth.trades += 1;
    truth.time_ms += 10;
    Fill {
        id: 700 + truth.trades,
        px: MIDDLE,
        qty: 1_234,
        taker_bought: true,
    }
}

/// The next trade of instrument 0, with what `bend` makes of it and of the venue around it.
fn trade<S: Script>(rig: &mut Rig<S>, bend: impl FnOnce(&mut Truth, &mut Fill)) {
    let mut fill = next_fill(rig);
    let mut shown = rig.truths[0].clone();
    bend(&mut shown, &mut fill);
    hear(rig, &S::trade(&shown, fill));
}

fn hear<S: Script>(rig: &mut Rig<S>, text: &str) {
    let line = rig.line_of(rig.key(0, S::TRADES));
    rig.frame(line, text).unwrap();
}

fn as_it_is(_: &mut Truth, _: &mut Fill) {}

/// Time by our clock, as venues stamp it.
fn wall_ms<S: Script>(rig: &Rig<S>) -> u64 {
    1_700_000_000_000 + (rig.now / MS).cast_unsigned()
}

/// One trade that breaks `rule` among good ones, under each action.
fn one_bad_trade<S: Script>(rule: Rule, bend: impl Fn(&mut Truth, &mut Fill)) {
    for action in ACTIONS {
        let mut rig = Rig::<S>::live_with(only(rule, action));
        trade(&mut rig, as_it_is);
        rig.take();
        assert_eq!(rig.feed.quality_hits(), &[0; RULES]);
        trade(&mut rig, &bend);
        assert_eq!(doubts(&rig.take()), doubts_of_one(action), "{action:?}");
        tells(&mut rig, rule, action);
        trade(&mut rig, as_it_is);
        assert_eq!(doubts(&rig.take()), [false], "{action:?}");
        assert_eq!(rig.feed.quality_hits().iter().sum::<u64>(), hits(action));
    }
}

const fn hits(action: Action) -> u64 {
    match action {
        Action::Off => 0,
        Action::Flag | Action::Reject => 1,
    }
}

/// One broken rule was counted; its frame goes to quarantine where it was rejected.
fn tells<S: Script>(rig: &mut Rig<S>, rule: Rule, action: Action) {
    assert_eq!(rig.feed.quality_hits()[rule as usize], hits(action));
    let rejected = (action == Action::Reject).then_some(Reject::Quality(rule));
    assert_eq!(rig.feed.take_refused(), rejected, "{action:?}");
    assert_eq!(rig.feed.take_refused(), None, "told twice");
    let counted: u64 = rig
        .feed
        .counts()
        .rejects_by_rule()
        .map(|found| found.1)
        .sum();
    assert_eq!(counted, u64::from(rejected.is_some()));
}

/// VC-600: a price more than ten times or less than a tenth of the last is out of range.
pub(crate) fn vc_600_a_price_out_of_range_is_doubted_and_counted<S: Script>() {
    one_bad_trade::<S>(Rule::PriceRange, |_, fill| fill.px *= 11);
    one_bad_trade::<S>(Rule::PriceRange, |_, fill| fill.px /= 11);
}

/// VC-601: prices do jump: after ten trades that agree, or the next that does a minute later, the
/// new level is believed, and the old one is doubted.
pub(crate) fn vc_601_a_price_that_persists_becomes_the_level<S: Script>() {
    for action in [Action::Flag, Action::Reject] {
        let mut rig = Rig::<S>::live_with(only(Rule::PriceRange, action));
        trade(&mut rig, as_it_is);
        rig.take();
        for _ in 0..30 {
            trade(&mut rig, |_, fill| fill.px *= 20);
        }
        let came = doubts(&rig.take());
        let doubted = if action == Action::Flag { 9 } else { 0 };
        assert_eq!(came, [vec![true; doubted], vec![false; 21]].concat());
        assert_eq!(rig.feed.quality_hits()[Rule::PriceRange as usize], 9);
        trade(&mut rig, as_it_is);
        assert_eq!(doubts(&rig.take()), doubts_of_one(action));
        rig.pass(60_000);
        trade(&mut rig, as_it_is);
        assert_eq!(doubts(&rig.take()), [false], "after a minute");
    }
}

/// VC-602: a trade of nothing is out of range.
pub(crate) fn vc_602_a_quantity_of_zero_is_doubted_and_counted<S: Script>() {
    one_bad_trade::<S>(Rule::QtyRange, |_, fill| fill.qty = 0);
}

/// VC-603: a price between two ticks is off the tick, also a best price.
pub(crate) fn vc_603_a_price_off_the_tick_is_doubted_and_counted<S: Script>() {
    // The tick is the last digit that these venues write: the price has one digit more.
    one_bad_trade::<S>(Rule::OffTick, |shown, fill| {
        shown.px_places += 1;
        fill.px = fill.px * 10 + 1;
    });
    for action in ACTIONS {
        let mut rig = Rig::<S>::live_with(only(Rule::OffTick, action));
        let mut shown = rig.truths[0].clone();
        shown.told += 100;
        shown.time_ms += 100;
        shown.refine();
        let (bid, qty) = shown.bids()[0];
        shown.set_bid(bid, 0);
        shown.set_bid(bid - bid % 10 + 1, qty);
        let line = rig.line_of(rig.key(0, Channel::BBO));
        rig.take();
        rig.frame(line, S::bbo(&shown)).unwrap();
        assert_eq!(doubts(&rig.take()), doubts_of_one(action));
        tells(&mut rig, Rule::OffTick, action);
    }
}

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

/// VC-605: a stamp later than our clock allows is doubted, and the stamps after it are not.
pub(crate) fn vc_605_a_stamp_in_the_future_is_doubted_and_counted<S: Script>() {
    let ahead = |shown: &mut Truth, _: &mut Fill| shown.time_ms += 3_600_000;
    one_bad_trade::<S>(Rule::FutureTime, ahead);
    let mut rig = Rig::<S>::live_with(|options| {
        only(Rule::FutureTime, Action::Flag)(options);
        options.quality.actions[Rule::TimeBack as usize] = Action::Flag;
    });
    rig.truths[0].time_ms = wall_ms(&rig) + 500;
    trade(&mut rig, as_it_is);
    trade(&mut rig, ahead);
    trade(&mut rig, as_it_is);
    assert_eq!(doubts(&rig.take()), [false, true, false]);
}

/// VC-606: a stamp before the last one is doubted once; the stream goes on from there.
pub(crate) fn vc_606_a_stamp_that_goes_back_is_doubted_and_counted<S: Script>() {
    for action in ACTIONS {
        let mut rig = Rig::<S>::live_with(only(Rule::TimeBack, action));
        rig.truths[0].time_ms += 1_000;
        trade(&mut rig, as_it_is);
        rig.take();
        rig.truths[0].time_ms -= 500;
        trade(&mut rig, as_it_is);
        assert_eq!(doubts(&rig.take()), doubts_of_one(action));
        tells(&mut rig, Rule::TimeBack, action);
        trade(&mut rig, as_it_is);
        assert_eq!(doubts(&rig.take()), [false]);
    }
}

/// VC-607: another trade under a name that was taken is told once as the rule says; a copy of either
/// is a copy.
pub(crate) fn vc_607_a_second_trade_under_one_name_is_doubted_and_counted<S: Script>() {
    for action in ACTIONS {
        let mut rig = Rig::<S>::live_with(only(Rule::DuplicateId, action));
        let fill = next_fill(&mut rig);
        let first = S::trade(&rig.truths[0], fill);
        let other = Fill {
            px: fill.px + 100,
            qty: 99,
            ..fill
        };
        let second = S::trade(&rig.truths[0], other);
        hear(&mut rig, &first);
        hear(&mut rig, &first);
        assert_eq!(doubts(&rig.take()), [false]);
        hear(&mut rig, &second);
        let told: &[bool] = if action == Action::Flag { &[true] } else { &[] };
        assert_eq!(doubts(&rig.take()), told, "{action:?}");
        tells(&mut rig, Rule::DuplicateId, action);
        if action != Action::Off {
            hear(&mut rig, &second);
        }
        hear(&mut rig, &first);
        assert!(rig.take().is_empty());
        assert_eq!(
            rig.feed.quality_hits()[Rule::DuplicateId as usize],
            hits(action)
        );
    }
}

/// VC-608: where trades have an id beside their number, one id under two numbers is doubted.
pub(crate) fn vc_608_one_id_under_two_numbers_is_doubted<S: Script>() {
    if S::ID != VenueId::KRAKEN_FUTURES {
        return;
    }
    for action in ACTIONS {
        let mut rig = Rig::<S>::live_with(only(Rule::DuplicateId, action));
        let fill = next_fill(&mut rig);
        let first = S::trade(&rig.truths[0], fill);
        hear(&mut rig, &first);
        rig.take();
        let number = |id: u64| format!("\"seq\":{id},");
        let second = first.replace(&number(fill.id), &number(fill.id + 1));
        assert_ne!(first, second);
        hear(&mut rig, &second);
        assert_eq!(doubts(&rig.take()), doubts_of_one(action));
        tells(&mut rig, Rule::DuplicateId, action);
    }
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

/// VC-612: trades that REST brings see the rules too; a rejected one sends the body to quarantine,
/// and its gap ends as the others' do.
pub(crate) fn vc_612_trades_of_the_past_see_the_rules<S: Script>() {
    type Bend = fn(&mut Fill);
    let cases: [(Rule, Bend); 2] = [
        (Rule::QtyRange, |fill| fill.qty = 0),
        (Rule::PriceRange, |fill| fill.px *= 11),
    ];
    for ((rule, bend), action) in cases
        .into_iter()
        .flat_map(|case| ACTIONS.map(|a| (case, a)))
    {
        let mut tape = Tape::<S>::live_with(only(rule, action));
        if !tape.is_numbered() {
            tape.reconnect();
        }
        tape.miss(2);
        tape.trade();
        tape.rig.pass(1_000);
        tape.rig.take();
        bend(&mut tape.fills[1].0);
        tape.page(0, 3);
        let records = tape.rig.take();
        let trades = records
            .iter()
            .filter(|taken| matches!(taken.get(), Record::Trade(_)));
        let came: Vec<bool> = trades.map(is_suspect).collect();
        let expected: &[bool] = match action {
            Action::Off => &[false, false],
            Action::Flag => &[true, false],
            Action::Reject => &[false],
        };
        assert_eq!(came, expected, "{action:?}");
        tells(&mut tape.rig, rule, action);
        assert_eq!(ends(&records, S::TRADES), [GapEnd::REST]);
    }
}

/// VC-613: with its defaults, no rule minds an ordinary market.
pub(crate) fn vc_613_an_ordinary_market_breaks_no_rule<S: Script>() {
    let mut rig = Rig::<S>::live();
    for _ in 0..200 {
        for at in 0..3 {
            let delta = rig.touch(at);
            rig.book_frame(at, &delta).unwrap();
            rig.data_frame(at, S::TRADES).unwrap();
            rig.data_frame(at, Channel::BBO).unwrap();
        }
        rig.pass(500);
    }
    assert_eq!(rig.feed.quality_hits(), &[0; RULES]);
    let records = rig.take();
    assert_eq!(kinds(&records).len(), 200 * 9);
    assert!(!records.iter().any(is_suspect));
}
