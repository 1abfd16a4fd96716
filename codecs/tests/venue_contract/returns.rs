//! Instruments that leave and come back, or come late: VC-811 to VC-814.

use feedd_codecs::Record;
use feedd_codecs::feed::{Rule, State};
use feedd_codecs::record::{Flags, GapCause, GapEnd, Kind};
use feedd_codecs::venue::{Channel, Numbering, Venue};

use super::checksums::with_wrong_checksum;
use super::reference::{REFRESH, asks, break_streams, ends, naming, relist};
use super::{MS, gaps};
use crate::support::rig::{Rig, Taken};
use crate::support::script::{Asked, Fill, Script};
use crate::support::truth::MIDDLE;

/// VC-811: what comes back begins without a past: nothing is missing of the time between.
pub(crate) fn vc_811_a_return_begins_without_a_past<S: Script>() {
    let mut rig = naming::<S>();
    let id = rig.id(1);
    break_streams(&mut rig, 1);
    rig.serving = true;
    rig.truths[1].gone = true;
    relist(&mut rig, &[1]);
    // What the venue did meanwhile, nobody was told.
    rig.truths[1].trades += 40;
    for _ in 0..5 {
        rig.touch(1);
    }
    rig.truths[1].gone = false;
    relist(&mut rig, &[1]);
    rig.take();
    for _ in 0..3 {
        rig.data_frame(1, S::TRADES).unwrap();
        let delta = rig.touch(1);
        rig.book_frame(1, &delta).unwrap();
        rig.pass(5_000);
    }
    let records = rig.take();
    let opened = gaps(&records);
    assert!(!opened.iter().any(|gap| gap.0 == id), "{opened:?}");
    assert!(rig.is_right(1) && rig.state(1) == Some(State::Live));
    let trades = records.iter().filter(|taken| {
        let record = taken.get();
        record.kind() == Kind::Trade && record.header().instrument == id
    });
    assert_eq!(trades.count(), 3);
}

/// A change of the order-level book of instrument 1.
fn change_orders<S: Script>(rig: &mut Rig<S>) -> String {
    let truth = &mut rig.truths[1];
    let change = truth.touch_bid(0, 3_000 + i64::try_from(truth.time_ms % 997).unwrap());
    S::orders(truth, Some(&change)).unwrap()
}

fn of_kind(records: &[Taken], kind: Kind) -> Vec<&Taken> {
    let own = |taken: &&Taken| taken.get().kind() == kind;
    records.iter().filter(own).collect()
}

/// VC-812: an instrument that leaves takes its order-level book along: what waited is told, its gap ends
/// as lost, nothing of it comes any more; when it is back the book begins anew.
pub(crate) fn vc_812_an_order_level_book_leaves_and_comes_back<S: Script>() {
    for lines in [1, 2] {
        let mut rig = Rig::<S>::with(&S::SYMBOLS.map(str::to_owned), |options| {
            options.channels.push(Channel::ORDERS);
            options.refresh_every = REFRESH * MS;
            options.lines = lines;
            options.gap_wait = 500 * MS;
        });
        if S::orders(&rig.truths[1], None).is_none() {
            return;
        }
        rig.feed.set_token("token");
        rig.start();
        rig.bring_up();
        let (id, from) = (rig.id(1), rig.sent.len());
        let line = rig.line_of(rig.key(1, Channel::ORDERS));
        rig.serving = false;
        let update = with_wrong_checksum(&change_orders(&mut rig));
        rig.frame(line, update).unwrap();
        let waits = of_kind(&rig.records, Kind::OrdersDelta).is_empty();
        assert_eq!(waits, lines == 2);
        rig.truths[1].gone = true;
        relist(&mut rig, &[1]);
        let records = rig.take();
        let told = of_kind(&records, Kind::OrdersDelta);
        assert_eq!(told.len(), 1);
        assert!(told[0].is_flagged());
        let gap = |gap: &&(_, Channel, GapCause, u64, u64)| gap.1 == Channel::ORDERS;
        assert_eq!(gaps(&records).iter().filter(gap).count(), 1);
        assert_eq!(ends(&records, id), [GapEnd::LOST]);
        assert!(asks(&rig, 1, Asked::Unsubscribe, from).contains(&Channel::ORDERS));

        let late = change_orders(&mut rig);
        rig.frame(line, late).unwrap();
        let late = S::orders(&rig.truths[1], None).unwrap();
        rig.frame(line, late).unwrap();
        assert_eq!(of_kind(&rig.take(), Kind::OrdersDelta).len(), 0);

        rig.serving = true;
        rig.truths[1].gone = false;
        relist(&mut rig, &[1]);
        let line = rig.line_of(rig.key(1, Channel::ORDERS));
        let next = change_orders(&mut rig);
        rig.frame(line, next).unwrap();
        let records = rig.take();
        for kind in [Kind::OrdersSnapshot, Kind::OrdersDelta] {
            let told = of_kind(&records, kind);
            assert_eq!(told.len(), 1, "{kind:?}");
            assert!(!told[0].is_flagged());
        }
        assert_eq!(gaps(&records), []);
    }
}

/// VC-813: what comes back is judged without its past: a price of another scale is no doubt.
pub(crate) fn vc_813_a_return_is_judged_without_its_past<S: Script>() {
    let mut rig = naming::<S>();
    for gone in [true, false] {
        rig.truths[1].gone = gone;
        relist(&mut rig, &[1]);
    }
    rig.take();
    let truth = &mut rig.truths[1];
    truth.trades += 1;
    truth.time_ms += 10;
    let fill = Fill {
        id: 700 + truth.trades,
        px: MIDDLE / 100,
        qty: 1_234,
        taker_bought: true,
    };
    let text = S::trade(truth, fill);
    let line = rig.line_of(rig.key(1, S::TRADES));
    rig.frame(line, text).unwrap();
    let records = rig.take();
    let trades = of_kind(&records, Kind::Trade);
    assert_eq!(trades.len(), 1);
    assert!(!trades[0].get().header().flags.contains(Flags::SUSPECT));
    assert_eq!(rig.feed.quality_hits()[Rule::PriceRange as usize], 0);
}

/// VC-814: a stream goes on where an earlier run stood if its instrument is picked at the start; one that
/// is picked later was not carried in between, and misses nothing.
pub(crate) fn vc_814_what_is_picked_later_does_not_go_on_where_a_run_before_stood<S: Script>() {
    let mut before = naming::<S>();
    before.data_frame(0, S::TRADES).unwrap();
    before.data_frame(2, S::TRADES).unwrap();
    let symbols = S::SYMBOLS.map(str::to_owned);
    let mut rig = Rig::<S>::resuming(&symbols, &symbols, |options| {
        options.instruments = vec!["*".parse().unwrap()];
        options.refresh_every = REFRESH * MS;
    });
    for taken in &before.take() {
        if let Record::Trade(trade) = taken.get() {
            rig.feed.remember(trade);
        }
    }
    rig.truths.clone_from(&before.truths);
    rig.truths[2].gone = true;
    rig.start();
    rig.pass(5_000);
    rig.truths[0].trades += 3;
    rig.data_frame(0, S::TRADES).unwrap();
    rig.pass(2_000);
    let of = |rig: &mut Rig<S>, at: usize| {
        let id = rig.id(at);
        gaps(&rig.take()).iter().filter(|gap| gap.0 == id).count()
    };
    let numbered = rig.feed.venue().numbering(S::TRADES) == Numbering::Consecutive;
    assert_eq!(of(&mut rig, 0), usize::from(numbered));
    rig.truths[2].gone = false;
    relist(&mut rig, &[2]);
    rig.truths[2].trades += 40;
    rig.data_frame(2, S::TRADES).unwrap();
    rig.data_frame(2, S::TRADES).unwrap();
    rig.pass(5_000);
    assert_eq!(of(&mut rig, 2), 0);
}
