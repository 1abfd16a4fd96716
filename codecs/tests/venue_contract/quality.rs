//! Quality rules at the gate: each off, flagging or rejecting, and each counted.

use feedd_codecs::feed::{Action, FeedOptions, RULES, Rule};
use feedd_codecs::record::{Flags, GapEnd, Record};
use feedd_codecs::venue::Channel;
use feedd_codecs::{Reject, VenueId};

use crate::support::rig::{Rig, Taken};
use crate::support::script::{Fill, Script};
use crate::support::truth::{MIDDLE, Truth};
use crate::tape::Tape;
use crate::{MS, ends, kinds};

pub(crate) const ACTIONS: [Action; 3] = [Action::Off, Action::Flag, Action::Reject];

/// Has one rule alone.
pub(crate) fn only(rule: Rule, action: Action) -> impl Fn(&mut FeedOptions) {
    move |options| {
        options.quality.actions = [Action::Off; RULES];
        options.quality.actions[rule as usize] = action;
    }
}

pub(crate) fn is_suspect(taken: &Taken) -> bool {
    taken.get().header().flags.contains(Flags::SUSPECT)
}

/// Which of the records that are no reference data are suspect, in order.
pub(crate) fn doubts(records: &[Taken]) -> Vec<bool> {
    let data = |taken: &&Taken| !matches!(taken.get(), Record::Instrument(..));
    records.iter().filter(data).map(is_suspect).collect()
}

/// What a rule makes of one message that breaks it.
pub(crate) fn doubts_of_one(action: Action) -> &'static [bool] {
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
pub(crate) fn trade<S: Script>(rig: &mut Rig<S>, bend: impl FnOnce(&mut Truth, &mut Fill)) {
    let mut fill = next_fill(rig);
    let mut shown = rig.truths[0].clone();
    bend(&mut shown, &mut fill);
    hear(rig, &S::trade(&shown, fill));
}

fn hear<S: Script>(rig: &mut Rig<S>, text: &str) {
    let line = rig.line_of(rig.key(0, S::TRADES));
    rig.frame(line, text).unwrap();
}

pub(crate) fn as_it_is(_: &mut Truth, _: &mut Fill) {}

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

pub(crate) const fn hits(action: Action) -> u64 {
    match action {
        Action::Off => 0,
        Action::Flag | Action::Reject => 1,
    }
}

/// One broken rule was counted; its frame goes to quarantine where it was rejected.
pub(crate) fn tells<S: Script>(rig: &mut Rig<S>, rule: Rule, action: Action) {
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
