//! Reference data and what is picked by it: VC-800 to VC-811. What comes back: `returns.rs`.

use std::collections::HashSet;

use feedd_codecs::feed::{FeedOptions, State};
use feedd_codecs::record::{Change, GapEnd, Kind, StatusCode, TradingState};
use feedd_codecs::venue::{Channel, StreamKey};
use feedd_codecs::{InstrumentId, Record};

use super::{MS, gaps, statuses};
use crate::support::rig::{Rig, Taken};
use crate::support::script::{Asked, Script};

/// How often the feeds of these cases ask again, in ms.
pub(crate) const REFRESH: i64 = 60_000;

/// A feed that picks by `picks` and asks for reference data again.
pub(crate) fn picking<S: Script>(picks: &[&str]) -> Rig<S> {
    Rig::with(
        &S::SYMBOLS.map(str::to_owned),
        |options: &mut FeedOptions| {
            options.instruments = picks.iter().map(|pick| pick.parse().unwrap()).collect();
            options.refresh_every = REFRESH * MS;
        },
    )
}

/// A live feed of all three instruments by name.
pub(crate) fn naming<S: Script>() -> Rig<S> {
    Rig::live_with(|options| options.refresh_every = REFRESH * MS)
}

/// The venue's listings of `changed` are now as the truths have them, and the feed has heard of it.
pub(crate) fn relist<S: Script>(rig: &mut Rig<S>, changed: &[usize]) {
    let truths: Vec<_> = changed.iter().map(|at| rig.truths[*at].clone()).collect();
    match S::news(&truths) {
        Some(news) => reference_frame(rig, &news),
        None => rig.pass(REFRESH),
    }
    rig.pass(2_000);
}

fn reference_frame<S: Script>(rig: &mut Rig<S>, text: &str) {
    let line = rig.line_of(REFERENCE);
    rig.frame(line, text).unwrap();
}

const REFERENCE: StreamKey = StreamKey {
    instrument: InstrumentId::NONE,
    channel: Channel::REFERENCE,
};

/// The venue's whole list comes again, as it is.
fn list_again<S: Script>(rig: &mut Rig<S>) {
    if in_stream::<S>() {
        let list = rig.reference();
        reference_frame(rig, &list);
        rig.pass(2_000);
    } else {
        rig.pass(REFRESH + 2_000);
    }
}

fn in_stream<S: Script>() -> bool {
    S::news(&[]).is_some()
}

/// Instrument, change, state and tick of the records of reference data.
fn listings(records: &[Taken]) -> Vec<(InstrumentId, Change, TradingState, i64)> {
    let listing = |taken: &Taken| match taken.get() {
        Record::Instrument(head, _) => {
            Some((head.header.instrument, head.change, head.state, head.tick))
        }
        _ => None,
    };
    records.iter().filter_map(listing).collect()
}

fn changes(records: &[Taken]) -> Vec<(InstrumentId, Change)> {
    let listings = listings(records).into_iter();
    listings.map(|(id, change, ..)| (id, change)).collect()
}

/// Every record that names an instrument stands behind an `Instrument` record of it.
fn assert_introduced(records: &[Taken]) {
    let mut known = HashSet::new();
    for taken in records {
        let record = taken.get();
        let id = record.header().instrument;
        if record.kind() == Kind::Instrument {
            known.insert(id);
        }
        assert!(
            id == InstrumentId::NONE || known.contains(&id),
            "never introduced: {taken:?}"
        );
    }
}

/// The streams of instrument `at` that were subscribed or given up since the `from`th message.
pub(crate) fn asks<S: Script>(
    rig: &Rig<S>,
    at: usize,
    ask: Asked,
    from: usize,
) -> HashSet<Channel> {
    let requests = rig.requests().into_iter().skip(from);
    let streams = requests
        .filter(|request| request.ask == ask)
        .flat_map(|request| request.streams);
    let symbol = &rig.truths[at].symbol;
    streams
        .filter(|(name, _)| name == symbol)
        .map(|(_, channel)| channel)
        .collect()
}

fn all_channels<S: Script>() -> HashSet<Channel> {
    HashSet::from([S::TRADES, Channel::BBO, Channel::BOOK])
}

/// Instruments of the books in a checkpoint made now.
fn books_in_checkpoint<S: Script>(rig: &mut Rig<S>) -> Vec<InstrumentId> {
    rig.take();
    rig.checkpoint();
    let books = rig.take().into_iter().filter_map(|taken| {
        let record = taken.get();
        (record.kind() == Kind::BookSnapshot).then(|| record.header().instrument)
    });
    books.collect()
}

/// Breaks the book of `at` and its trades, for as long as nothing heals them.
pub(crate) fn break_streams<S: Script>(rig: &mut Rig<S>, at: usize) {
    rig.serving = false;
    rig.truths[at].trades += 5;
    rig.data_frame(at, S::TRADES).unwrap();
    for _ in 0..2 {
        rig.touch(at);
        let next = rig.touch(at);
        rig.book_frame(at, &next).unwrap();
    }
    assert_eq!(rig.state(at), Some(State::Bad));
}

/// Ends of the gaps of `id`.
pub(crate) fn ends(records: &[Taken], id: InstrumentId) -> Vec<GapEnd> {
    let end = |taken: &Taken| match taken.get() {
        Record::Gap(gap) if gap.header.instrument == id && gap.end != GapEnd::OPEN => Some(gap.end),
        _ => None,
    };
    records.iter().filter_map(end).collect()
}

/// What instrument `at` still sends leaves nothing.
fn assert_says_nothing<S: Script>(rig: &mut Rig<S>, at: usize, line: u16) {
    rig.take();
    let texts = [
        S::snapshot(&rig.truths[at]),
        rig.touch(at),
        rig.data_text(at, S::TRADES),
        rig.data_text(at, Channel::BBO),
    ];
    let from = usize::from(rig.by_rest());
    for text in &texts[from..] {
        rig.frame(line, text).unwrap();
    }
    rig.pass(100);
    let records = rig.take();
    assert!(records.is_empty(), "{records:?}");
}

/// VC-800: what is listed at the start is added, once, before anything names it.
pub(crate) fn vc_800_what_is_listed_at_the_start_is_added_first<S: Script>() {
    let mut rig = Rig::<S>::idle();
    rig.start();
    rig.pass(5_000);
    for at in 0..3 {
        rig.data_frame(at, S::TRADES).unwrap();
        rig.data_frame(at, Channel::BBO).unwrap();
        let delta = rig.touch(at);
        rig.book_frame(at, &delta).unwrap();
    }
    let records = rig.take();
    let expected: Vec<_> = (0..3).map(|at| (rig.id(at), Change::ADD)).collect();
    assert_eq!(changes(&records), expected);
    assert_introduced(&records);
}

/// VC-801: another tick and another state are one record each, with the time of their message;
/// a list that says the same is none.
pub(crate) fn vc_801_a_change_of_tick_or_state_is_one_record_with_its_time<S: Script>() {
    let mut rig = naming::<S>();
    list_again(&mut rig);
    assert_eq!(changes(&rig.take()), []);
    let tick = rig.feed.instruments().get(rig.id(0)).terms.tick.0;
    rig.truths[0].tick = 5;
    rig.truths[1].halted = true;
    let before = rig.now;
    relist(&mut rig, &[0, 1]);
    let records = rig.take();
    let (first, second) = (rig.id(0), rig.id(1));
    let told = listings(&records);
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0].0, first);
    assert_eq!(
        (told[0].1, told[0].2),
        (Change::CHANGE, TradingState::TRADING)
    );
    let terms = rig.feed.instruments().get(first).terms;
    assert_ne!(terms.tick.0, tick);
    assert_eq!(told[1].0, second);
    assert_eq!(
        (told[1].1, told[1].2),
        (Change::CHANGE, TradingState::HALTED)
    );
    for taken in &records {
        if taken.get().kind() == Kind::Instrument {
            let at = taken.get().header().ts_recv - 1_700_000_000_000_000_000;
            assert!(at > before && at <= rig.now, "{at}");
        }
    }
    // A halt is no end: the streams go on.
    assert!(rig.state(1) == Some(State::Live));
}

/// VC-802: what is removed is told and carried no more; listed again, it is added again and its book
/// begins anew.
pub(crate) fn vc_802_a_removal_ends_an_instrument_and_a_relisting_adds_it<S: Script>() {
    let mut rig = naming::<S>();
    let (id, from) = (rig.id(1), rig.sent.len());
    let line = rig.line_of(rig.key(0, Channel::BOOK));
    rig.truths[1].gone = true;
    relist(&mut rig, &[1]);
    let told = listings(&rig.take());
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].0, told[0].1), (id, Change::DELETE));
    assert_eq!(told[0].2, TradingState::CLOSED);
    assert_eq!(asks(&rig, 1, Asked::Unsubscribe, from), all_channels::<S>());
    assert_says_nothing(&mut rig, 1, line);
    assert_eq!(books_in_checkpoint(&mut rig), [rig.id(0), rig.id(2)]);
    rig.truths[1].gone = false;
    let from = rig.sent.len();
    relist(&mut rig, &[1]);
    assert_eq!(changes(&rig.take()), [(id, Change::ADD)]);
    assert_eq!(asks(&rig, 1, Asked::Subscribe, from), all_channels::<S>());
    rig.bring_up();
    assert!(rig.is_right(1));
}

/// VC-803: an empty list removes nothing; it is told, counted and asked for again with growing
/// pauses, until there is one that can be believed.
pub(crate) fn vc_803_an_empty_list_is_not_believed<S: Script>() {
    let mut rig = naming::<S>();
    rig.blank = true;
    let (asked, sent) = (rig.references, rig.sent.len());
    list_again(&mut rig);
    rig.pass(1_000_000);
    let records = rig.take();
    assert_eq!(changes(&records), []);
    let doubts = statuses(&records);
    let doubts = doubts
        .iter()
        .filter(|status| status.0 == StatusCode::DOUBTED && status.1 == InstrumentId::NONE);
    let doubts = doubts.count();
    assert_eq!(rig.feed.counts().doubted, doubts as u64);
    // After half a minute, and then after twice the pause before.
    assert!((5..=7).contains(&doubts), "{doubts}");
    if in_stream::<S>() {
        let about = |request: &crate::support::script::Request| {
            request.ask == Asked::Subscribe
                && request
                    .streams
                    .iter()
                    .any(|stream| stream.1 == Channel::REFERENCE)
        };
        let again = rig.requests().into_iter().skip(sent).filter(about).count();
        assert!(again + 1 >= doubts && again <= doubts, "{again} {doubts}");
    } else {
        assert_eq!(rig.references - asked, doubts);
    }
    assert!((0..3).all(|at| rig.state(at) == Some(State::Live)));
    rig.blank = false;
    rig.pass(1_000_000);
    let records = rig.take();
    assert_eq!(changes(&records), []);
    assert_eq!(rig.feed.counts().doubted, doubts as u64);
}

/// VC-804: a list of less than half is believed once it has come five times in a row.
pub(crate) fn vc_804_a_list_of_less_than_half_must_be_repeated<S: Script>() {
    let mut rig = naming::<S>();
    rig.truths[1].gone = true;
    rig.truths[2].gone = true;
    list_again(&mut rig);
    rig.pass(200_000);
    assert_eq!(changes(&rig.take()), []);
    assert!(rig.state(1) == Some(State::Live));
    rig.pass(400_000);
    assert_eq!(rig.feed.counts().doubted, 4);
    let expected = [(rig.id(1), Change::DELETE), (rig.id(2), Change::DELETE)];
    assert_eq!(changes(&rig.take()), expected);
}

/// VC-805: where turnovers change, the one that falls behind leaves with all that was open of it,
/// and the one that comes up is added, subscribed and live; later they change back.
pub(crate) fn vc_805_the_most_traded_follow_their_turnover<S: Script>() {
    let mut rig = picking::<S>(&["top:2"]);
    for (truth, turnover) in rig.truths.iter_mut().zip([30, 20, 10]) {
        truth.turnover = turnover;
    }
    rig.start();
    if S::volumes(&rig.truths, 0).is_none() {
        // The venue tells no turnovers: nothing is the most traded.
        rig.pass(20_000);
        assert!((0..3).all(|at| asks(&rig, at, Asked::Subscribe, 0).is_empty()));
        return;
    }
    rig.bring_up_some(&[0, 1]);
    let line = rig.line_of(rig.key(0, Channel::BOOK));
    break_streams(&mut rig, 1);
    let (id, from) = (rig.id(1), rig.sent.len());
    rig.truths[2].turnover = 40;
    rig.pass(REFRESH + 2_000);
    let records = rig.take();
    let opened = gaps(&records);
    let opened = opened.iter().filter(|gap| gap.0 == id).count();
    assert!(opened > 0);
    assert_eq!(ends(&records, id), vec![GapEnd::LOST; opened]);
    let left = statuses(&records);
    let left: Vec<_> = left
        .iter()
        .filter(|status| status.0 == StatusCode::UNPICKED)
        .collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(left[0].1, id);
    assert_eq!(asks(&rig, 1, Asked::Unsubscribe, from), all_channels::<S>());
    assert_eq!(asks(&rig, 2, Asked::Subscribe, from), all_channels::<S>());
    assert_eq!(changes(&records), [(rig.id(2), Change::ADD)]);
    assert_says_nothing(&mut rig, 1, line);
    rig.serving = true;
    rig.bring_up_some(&[0, 2]);
    assert_eq!(books_in_checkpoint(&mut rig), [rig.id(0), rig.id(2)]);

    rig.truths[2].turnover = 10;
    rig.pass(REFRESH + 2_000);
    rig.bring_up_some(&[0, 1]);
    assert_eq!(books_in_checkpoint(&mut rig), [rig.id(0), rig.id(1)]);
    assert!(rig.is_right(0) && rig.is_right(1));
}

/// VC-806: a pattern takes up what is newly listed, gives up what is removed, and holds on to what
/// is only halted.
pub(crate) fn vc_806_a_pattern_follows_the_list<S: Script>() {
    let mut rig = picking::<S>(&["*"]);
    rig.truths[2].gone = true;
    rig.start();
    rig.bring_up_some(&[0, 1]);
    assert!(asks(&rig, 2, Asked::Subscribe, 0).is_empty());
    rig.truths[2].gone = false;
    relist(&mut rig, &[2]);
    let records = rig.take();
    assert_eq!(changes(&records), [(rig.id(2), Change::ADD)]);
    assert_eq!(asks(&rig, 2, Asked::Subscribe, 0), all_channels::<S>());
    rig.bring_up();
    let from = rig.sent.len();
    rig.truths[0].halted = true;
    relist(&mut rig, &[0]);
    assert!(asks(&rig, 0, Asked::Unsubscribe, from).is_empty());
    rig.truths[0].gone = true;
    relist(&mut rig, &[0]);
    assert_eq!(asks(&rig, 0, Asked::Unsubscribe, from), all_channels::<S>());
    assert_eq!(books_in_checkpoint(&mut rig), [rig.id(1), rig.id(2)]);
}

/// VC-807: whatever names an instrument first, its `Instrument` record stands before: a symbol that
/// is not listed, an end of the run before, a venue whose reference data does not come.
pub(crate) fn vc_807_no_record_names_what_was_not_introduced<S: Script>() {
    let mut rig = Rig::<S>::idle();
    rig.truths[2].gone = true;
    rig.feed.interrupted();
    rig.start();
    rig.pass(5_000);
    let records = rig.take();
    assert_introduced(&records);
    let unlisted = statuses(&records);
    let unlisted = unlisted
        .iter()
        .filter(|status| status.0 == StatusCode::UNLISTED);
    let unlisted: Vec<_> = unlisted.map(|status| status.1).collect();
    assert_eq!(unlisted, [rig.id(2)]);

    let mut rig = Rig::<S>::idle();
    rig.unlisted = true;
    rig.start();
    rig.pass(20_000);
    for at in 0..3 {
        rig.data_frame(at, S::TRADES).unwrap();
    }
    assert_introduced(&rig.take());
}

/// VC-808: an announcement of the venue is followed even where nothing is refreshed by the clock,
/// and not more often than every ten seconds.
pub(crate) fn vc_808_announcements_are_followed_with_a_pause<S: Script>() {
    let mut rig = Rig::<S>::live();
    let asked = rig.references;
    rig.pass(3_600_000);
    assert_eq!(rig.references, asked, "asked by the clock");
    let Some(announcement) = S::announcement() else {
        return;
    };
    rig.truths[0].tick = 5;
    reference_frame(&mut rig, announcement);
    rig.pass(100);
    assert_eq!(changes(&rig.take()), [(rig.id(0), Change::CHANGE)]);
    for _ in 0..200 {
        reference_frame(&mut rig, announcement);
        rig.pass(100);
    }
    let often = rig.references - asked;
    assert!((2..=4).contains(&often), "{often}");
    // The last one is not forgotten.
    rig.truths[0].tick = 7;
    reference_frame(&mut rig, announcement);
    rig.pass(11_000);
    assert_eq!(changes(&rig.take()), [(rig.id(0), Change::CHANGE)]);
}

/// VC-809: turnovers that are not there change no ranking.
pub(crate) fn vc_809_an_empty_ranking_is_not_believed<S: Script>() {
    let mut rig = picking::<S>(&["top:2"]);
    for (truth, turnover) in rig.truths.iter_mut().zip([30, 20, 10]) {
        truth.turnover = turnover;
    }
    if S::volumes(&rig.truths, 0).is_none() {
        return;
    }
    rig.start();
    rig.bring_up_some(&[0, 1]);
    let from = rig.sent.len();
    rig.untraded = true;
    rig.truths[2].turnover = 40;
    rig.pass(REFRESH + 2_000);
    let told = statuses(&rig.take());
    let doubts = told.iter().filter(|status| status.0 == StatusCode::DOUBTED);
    assert_eq!(doubts.count(), 1);
    assert!((0..2).all(|at| asks(&rig, at, Asked::Unsubscribe, from).is_empty()));
    rig.untraded = false;
    rig.pass(REFRESH);
    assert_eq!(asks(&rig, 1, Asked::Unsubscribe, from), all_channels::<S>());
}

/// VC-810: reference data that failed at the start is asked for until it comes, refreshed by the
/// clock or not.
pub(crate) fn vc_810_reference_data_that_never_came_is_asked_for_again<S: Script>() {
    let mut rig = Rig::<S>::idle();
    rig.unlisted = true;
    rig.start();
    rig.pass(20_000);
    rig.unlisted = false;
    rig.pass(60_000);
    let declared = rig.feed.instruments().all().iter();
    assert_eq!(declared.filter(|known| known.declared).count(), 3);
}
