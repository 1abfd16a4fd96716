//! Books: how they become live, break and heal, and what the journal is told.

use feedd_codecs::Record;
use feedd_codecs::feed::State;
use feedd_codecs::record::{Change, Flags, GapCause, GapEnd, Kind};
use feedd_codecs::venue::Channel;

use crate::support::rig::{Rig, Taken, equals};
use crate::support::script::{Asked, Script};
use crate::{book_asks, gaps, kinds, lose_one_update};

/// VC-040: a snapshot and the deltas after it make a live book that equals the venue's.
pub(crate) fn vc_040_snapshot_and_deltas_make_a_live_book<S: Script>() {
    let mut rig = Rig::<S>::live();
    for _ in 0..20 {
        for at in 0..3 {
            let delta = rig.touch(at);
            rig.book_frame(at, &delta).unwrap();
            assert!(rig.is_right(at));
        }
    }
    let records = rig.take();
    assert_eq!(kinds(&records), [Kind::BookDelta; 60]);
    for taken in &records {
        let header = *taken.get().header();
        assert!(!taken.is_flagged());
        assert!(header.flags.contains(Flags::LAST));
        assert!(header.frame > 0 && header.line >= 3);
        assert!(header.ts_venue > 0 && header.ts_recv > 0 && header.ts_kernel > 0);
        assert_eq!(header.seq > 0, S::NUMBERED);
    }
}

/// VC-041: a snapshot record holds the whole book, best levels first, and names its instrument
/// before.
pub(crate) fn vc_041_the_first_snapshot_is_told_whole<S: Script>() {
    let mut rig = Rig::<S>::idle();
    rig.serving = false;
    rig.start();
    rig.pass(5_000);
    if rig.by_rest() {
        let delta = rig.touch(0);
        rig.book_frame(0, &delta).unwrap();
    }
    rig.snapshot(0).unwrap();
    let records = rig.take();
    let at = |kind| kinds(&records).iter().position(|other| *other == kind);
    assert!(at(Kind::Instrument).unwrap() < at(Kind::BookSnapshot).unwrap());
    let Record::BookSnapshot(event) = records.last().unwrap().get() else {
        panic!("{records:?}");
    };
    assert!(event.head.header.flags.contains(Flags::SNAPSHOT));
    assert!(!records.last().unwrap().is_flagged());
    let (book, ..) = rig.feed.book(rig.id(0)).unwrap();
    assert!(event.bids.iter().eq(book.bids()) && event.asks.iter().eq(book.asks()));
    assert!(equals(book, &rig.truths[0]));
}

/// VC-042: trades and best prices come out as the venue sent them.
pub(crate) fn vc_042_trades_and_best_prices_keep_their_values<S: Script>() {
    let mut rig = Rig::<S>::live();
    for channel in [S::TRADES, Channel::BBO] {
        rig.data_frame(2, channel).unwrap();
    }
    let records = rig.take();
    let truth = &rig.truths[2];
    let (bid, ask) = (truth.bids()[0], truth.asks()[0]);
    let [trade, bbo] = &records[..] else {
        panic!("{records:?}");
    };
    let Record::Trade(trade) = trade.get() else {
        panic!("{trade:?}");
    };
    let shown = |mantissa, exp: i8| {
        feedd_codecs::Fixed::new(mantissa, exp)
            .to_decimal()
            .normalize()
    };
    let sent = |text: String| text.parse::<rust_decimal::Decimal>().unwrap().normalize();
    assert_eq!(shown(trade.px, trade.px_exp), sent(truth.px(ask.0)));
    assert_eq!(shown(trade.qty, trade.qty_exp), sent(truth.qty(1_234)));
    assert_eq!(trade.side, feedd_codecs::record::Side::BUY);
    let Record::Bbo(bbo) = bbo.get() else {
        panic!("{bbo:?}");
    };
    assert_eq!(shown(bbo.bid_px, bbo.px_exp), sent(truth.px(bid.0)));
    assert_eq!(shown(bbo.bid_qty, bbo.qty_exp), sent(truth.qty(bid.1)));
    assert_eq!(shown(bbo.ask_px, bbo.px_exp), sent(truth.px(ask.0)));
    assert_eq!(shown(bbo.ask_qty, bbo.qty_exp), sent(truth.qty(ask.1)));
}

/// VC-050: one lost update makes one gap; the book is flagged until its next snapshot; nothing else
/// is touched, and only this instrument's snapshot is asked for.
pub(crate) fn vc_050_a_gap_of_one_marks_its_book_until_the_snapshot<S: Script>() {
    let mut rig = Rig::<S>::live();
    rig.serving = false;
    let (from, asked) = (rig.sent.len(), rig.asked.len());
    let good = rig.truths[0].numbers.last;
    lose_one_update(&mut rig);
    assert_eq!(rig.state(0), Some(State::Bad));
    assert!(
        rig.asked[asked..].len() == usize::from(rig.by_rest()),
        "asked at once"
    );
    let missing = rig.truths[0].numbers.first;
    let more = rig.touch(0);
    rig.book_frame(0, &more).unwrap();
    let records = rig.take();
    let (cause, first, last) = if S::NUMBERED {
        (GapCause::SEQUENCE, good + 1, missing - 1)
    } else {
        (GapCause::CHECKSUM, 0, 0)
    };
    assert_eq!(
        gaps(&records),
        [(rig.id(0), Channel::BOOK, cause, first, last)]
    );
    assert_eq!(
        kinds(&records),
        [Kind::Gap, Kind::BookDelta, Kind::BookDelta]
    );
    assert!(records.iter().all(Taken::is_flagged));
    for at in [1, 2] {
        let delta = rig.touch(at);
        rig.book_frame(at, &delta).unwrap();
        assert!(rig.is_right(at) && rig.state(at) == Some(State::Live));
    }
    assert!(!rig.take().iter().any(Taken::is_flagged));
    rig.pass(4_000);
    if rig.by_rest() {
        assert_eq!(rig.asked[asked..], [rig.id(0)]);
        assert_eq!(rig.sent.len(), from);
    } else {
        assert_eq!(rig.asked.len(), asked);
        assert_eq!(
            book_asks(&rig, 0, from),
            [Asked::Unsubscribe, Asked::Subscribe]
        );
        assert!(book_asks(&rig, 1, from).is_empty() && book_asks(&rig, 2, from).is_empty());
    }
    rig.take();
    rig.snapshot(0).unwrap();
    assert_eq!(rig.state(0), Some(State::Live));
    assert!(rig.is_right(0));
    let delta = rig.touch(0);
    rig.book_frame(0, &delta).unwrap();
    assert!(rig.is_right(0));
    let records = rig.take();
    assert_eq!(
        kinds(&records),
        [Kind::BookSnapshot, Kind::Gap, Kind::BookDelta]
    );
    let Record::Gap(gap) = records[1].get() else {
        panic!("{records:?}");
    };
    assert_eq!((gap.end, gap.channel), (GapEnd::SNAPSHOT, Channel::BOOK));
    assert!(!records.iter().any(Taken::is_flagged));
}

/// VC-060: a repeated update changes nothing: it is dropped and counted, by its number or by its
/// stamp, checksum and levels.
pub(crate) fn vc_060_a_duplicate_changes_nothing<S: Script>() {
    let mut rig = Rig::<S>::live();
    let delta = rig.touch(0);
    rig.book_frame(0, &delta).unwrap();
    rig.take();
    let counts = |rig: &Rig<S>| (rig.feed.counts().stale, rig.feed.counts().duplicates);
    let (stale, copies) = counts(&rig);
    rig.book_frame(0, &delta).unwrap();
    assert!(rig.is_right(0) && rig.state(0) == Some(State::Live));
    let records = rig.take();
    assert!(records.is_empty(), "{records:?}");
    let expected = if S::NUMBERED {
        (stale + 1, copies)
    } else {
        (stale, copies + 1)
    };
    assert_eq!(counts(&rig), expected);
}

/// VC-100: what is held while a snapshot is awaited is bounded: with the bound met it starts again,
/// and a snapshot from before that no longer joins. In-band snapshots need nothing held.
pub(crate) fn vc_100_held_updates_are_bounded<S: Script>() {
    let mut rig = Rig::<S>::live();
    rig.serving = false;
    lose_one_update(&mut rig);
    let old = S::snapshot(&rig.truths[0]);
    for _ in 0..10_001 {
        let delta = rig.touch(0);
        rig.book_frame(0, &delta).unwrap();
        rig.records.clear();
    }
    if rig.by_rest() {
        rig.body(0, &old).unwrap();
        assert_eq!(rig.state(0), Some(State::Bad));
    }
    rig.snapshot(0).unwrap();
    assert_eq!(rig.state(0), Some(State::Live));
    assert!(rig.is_right(0));
}

/// VC-110: a price finer than the instrument's widens it: first the instrument's new generation,
/// then the record; the book follows.
pub(crate) fn vc_110_a_finer_price_widens_instrument_and_book<S: Script>() {
    let mut rig = Rig::<S>::live();
    let before = rig.feed.instruments().get(rig.id(0)).clone();
    rig.truths[0].refine();
    let (px, _) = rig.truths[0].bids()[0];
    let change = rig.truths[0].change(|truth| {
        truth.bids.insert(px + 1, 77);
    });
    let delta = S::delta(&rig.truths[0], &change.unwrap());
    rig.book_frame(0, &delta).unwrap();
    let records = rig.take();
    assert_eq!(kinds(&records), [Kind::Instrument, Kind::BookDelta]);
    let Record::Instrument(head, text) = records[0].get() else {
        panic!("{records:?}");
    };
    assert_eq!(
        (head.change, head.px_exp),
        (Change::CHANGE, before.px_exp - 1)
    );
    assert_eq!(head.generation, before.generation + 1);
    assert_eq!(
        (text.symbol, text.base, text.quote),
        (S::SYMBOLS[0], "AAA", "BBB")
    );
    assert_eq!(rig.feed.counts().widened, 1);
    assert_eq!(rig.state(0), Some(State::Live));
    assert!(rig.is_right(0));
    assert_eq!(
        rig.feed.book(rig.id(0)).unwrap().0.px_exp(),
        before.px_exp - 1
    );
    let delta = rig.touch(0);
    rig.book_frame(0, &delta).unwrap();
    assert_eq!(kinds(&rig.take()), [Kind::BookDelta], "told once");
}

/// VC-120: a checkpoint repeats every instrument and every live book; a bad book is left out.
pub(crate) fn vc_120_a_checkpoint_repeats_instruments_and_live_books<S: Script>() {
    let mut rig = Rig::<S>::live();
    rig.serving = false;
    lose_one_update(&mut rig);
    rig.take();
    rig.checkpoint();
    let records = rig.take();
    assert_eq!(
        kinds(&records),
        [
            Kind::Instrument,
            Kind::Instrument,
            Kind::BookSnapshot,
            Kind::Instrument,
            Kind::BookSnapshot
        ]
    );
    for taken in &records {
        assert!(taken.get().header().flags.contains(Flags::CHECKPOINT));
        if let Record::BookSnapshot(event) = taken.get() {
            let (book, _, seq, _) = rig.feed.book(event.head.header.instrument).unwrap();
            assert!(event.bids.iter().eq(book.bids()) && event.asks.iter().eq(book.asks()));
            assert_eq!(event.head.header.seq, seq.unwrap_or(0));
            assert!(event.head.header.flags.contains(Flags::SNAPSHOT));
        }
    }
}

/// VC-130: a snapshot that does not reach what came since is not believed and asked for again; in
/// band, an update that no snapshot preceded asks for one.
pub(crate) fn vc_130_a_stale_snapshot_is_asked_for_again<S: Script>() {
    let mut rig = Rig::<S>::idle();
    rig.serving = false;
    rig.start();
    rig.pass(5_000);
    let old = S::snapshot(&rig.truths[0]);
    rig.touch(0);
    let delta = rig.touch(0);
    let from = rig.sent.len();
    rig.book_frame(0, &delta).unwrap();
    assert!(rig.take().last().unwrap().is_flagged());
    if rig.by_rest() {
        assert_eq!(rig.asked, [rig.id(0)]);
        rig.body(0, &old).unwrap();
        assert_ne!(rig.state(0), Some(State::Live));
        assert!(!kinds(&rig.take()).contains(&Kind::BookSnapshot));
        rig.pass(4_000);
        assert_eq!(rig.asked, [rig.id(0); 2]);
    } else {
        rig.pass(1_000);
        assert_eq!(
            book_asks(&rig, 0, from),
            [Asked::Unsubscribe, Asked::Subscribe]
        );
    }
    rig.snapshot(0).unwrap();
    assert_eq!(rig.state(0), Some(State::Live));
    assert!(rig.is_right(0));
}

/// VC-160: a venue that does not heal a book is asked again with growing pauses, and the journal is
/// told of the break once.
pub(crate) fn vc_160_an_unhealed_book_is_asked_for_with_growing_pauses<S: Script>() {
    let mut rig = Rig::<S>::live();
    rig.serving = false;
    let (from, asked) = (rig.sent.len(), rig.asked.len());
    lose_one_update(&mut rig);
    for _ in 0..600 {
        let delta = rig.touch(0);
        rig.book_frame(0, &delta).unwrap();
        rig.pass(1_000);
    }
    assert_eq!(gaps(&rig.take()).len(), 1);
    let asks = if rig.by_rest() {
        rig.asked.len() - asked
    } else {
        book_asks(&rig, 0, from).len() / 2
    };
    assert!((10..=16).contains(&asks), "{asks} in ten minutes");
    rig.snapshot(0).unwrap();
    assert!(rig.is_right(0));
}

/// VC-161: a book that breaks again right after each snapshot is not asked for in a circle.
pub(crate) fn vc_161_a_book_that_does_not_hold_is_not_asked_for_in_a_circle<S: Script>() {
    let mut rig = Rig::<S>::live();
    let (from, asked) = (rig.sent.len(), rig.asked.len());
    for _ in 0..600 {
        lose_one_update(&mut rig);
        rig.pass(1_000);
    }
    let asks = if rig.by_rest() {
        rig.asked.len() - asked
    } else {
        book_asks(&rig, 0, from).len() / 2
    };
    assert!((10..=16).contains(&asks), "{asks} in ten minutes");
    let told = gaps(&rig.take()).len();
    assert!(told.abs_diff(asks) <= 1, "{told} gaps, {asks} snapshots");
}

/// VC-162: books that break together are asked for one after another, each once.
pub(crate) fn vc_162_books_that_break_together_are_asked_for_in_turn<S: Script>() {
    let symbols: Vec<String> = (0..60).map(|at| format!("SYM{at}AAABBB")).collect();
    let mut rig = Rig::<S>::of(&symbols);
    rig.start();
    rig.bring_up();
    let (from, asked) = (rig.sent.len(), rig.asked.len());
    rig.lose(rig.line_of(rig.key(0, Channel::BOOK)));
    for at in 0..symbols.len() {
        assert_eq!(rig.state(at), Some(State::Bad));
        let delta = rig.touch(at);
        rig.book_frame(at, &delta).unwrap();
    }
    rig.pass(240_000);
    for at in 0..symbols.len() {
        assert!(rig.is_right(at) && rig.state(at) == Some(State::Live));
        let asks = if rig.by_rest() {
            let mine = rig.asked[asked..].iter().filter(|id| **id == rig.id(at));
            mine.count()
        } else {
            book_asks(&rig, at, from).len() / 2
        };
        assert_eq!(asks, 1, "{at}");
    }
}
