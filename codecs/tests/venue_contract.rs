//! The contract of a venue: numbered cases that run for every venue in the same words.
//!
//! # Adding a venue
//!
//! 1. Write `tests/support/<venue>.rs`: a type that implements [`support::script::Script`] with the
//!    venue's side of the conversation, from the venue's documentation and not from its decoder:
//!    three symbols, how the book stream shows a book, the answers to requests, and the text of a
//!    snapshot, a delta, a trade, a BBO and the reference data. A checksum is computed there from
//!    the wire text, apart from the decoder's.
//! 2. Add the module to `tests/support/mod.rs` and one line to the list at the end of this file.
//! 3. Run `cargo test -p feedd-codecs --test venue_contract <venue>`. Each case prints its number.
//!
//! A venue passes all cases; where a venue cannot show something (Kraken does not number its
//! updates), the case says what holds instead.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use feedd_codecs::feed::{CloseReason, Stage, State};
use feedd_codecs::record::{Change, Flags, GapCause, Kind, StatusCode};
use feedd_codecs::venue::Channel;
use feedd_codecs::{Feed, InstrumentId, Record, Venue};
use support::rig::{Rig, Taken, equals};
use support::script::{Asked, Script};

const MS: i64 = 1_000_000;

fn kinds(records: &[Taken]) -> Vec<Kind> {
    records.iter().map(|taken| taken.get().kind()).collect()
}

/// Cause, channel, instrument and bounds of the gaps.
fn gaps(records: &[Taken]) -> Vec<(InstrumentId, Channel, GapCause, u64, u64)> {
    let gap = |taken: &Taken| match taken.get() {
        Record::Gap(gap) => Some((
            gap.header.instrument,
            gap.channel,
            gap.cause,
            gap.first_seq,
            gap.last_seq,
        )),
        _ => None,
    };
    records.iter().filter_map(gap).collect()
}

/// Code, instrument, channel and text of the status records.
fn statuses(records: &[Taken]) -> Vec<(StatusCode, InstrumentId, Channel, String)> {
    let status = |taken: &Taken| match taken.get() {
        Record::Status(head, text) => Some((
            head.code,
            head.header.instrument,
            head.channel,
            text.to_owned(),
        )),
        _ => None,
    };
    records.iter().filter_map(status).collect()
}

/// Breaks the book of instrument 0 by losing one update, and tells the next.
fn lose_one_update<S: Script>(rig: &mut Rig<S>) {
    rig.touch(0);
    let next = rig.touch(0);
    rig.book_frame(0, &next).unwrap();
}

/// A book stream's requests for instrument `at` since the `from`th message of ours.
fn book_asks<S: Script>(rig: &Rig<S>, at: usize, from: usize) -> Vec<Asked> {
    let stream = (rig.truths[at].symbol.clone(), Channel::BOOK);
    let about = rig.requests().into_iter().skip(from);
    about
        .filter(|request| request.streams.contains(&stream))
        .map(|request| request.ask)
        .collect()
}

/// VC-010: requests and lines stay within the venue's limits, and every stream is asked for once.
fn vc_010_requests_stay_within_the_limits<S: Script>() {
    let symbols: Vec<String> = (0..700).map(|at| format!("SYM{at}AAABBB")).collect();
    let mut rig = Rig::<S>::of(&symbols);
    rig.serving = false;
    rig.start();
    rig.pass(240_000);
    let facts = rig.feed.facts();
    let mut last: BTreeMap<u16, i64> = BTreeMap::new();
    let mut chars: BTreeMap<u16, usize> = BTreeMap::new();
    let mut asked = BTreeSet::new();
    for (sent, request) in rig.sent.iter().zip(rig.requests()) {
        let pause = last
            .insert(sent.line, sent.at)
            .map(|before| sent.at - before);
        assert!(
            pause.is_none_or(|pause| pause >= facts.request_spacing),
            "{pause:?}"
        );
        assert!(request.streams.len() <= facts.streams_per_request);
        *chars.entry(sent.line).or_default() += request.name_chars;
        for stream in request.streams {
            assert_eq!(request.ask, Asked::Subscribe);
            assert!(asked.insert((stream.0, stream.1.0)), "asked twice");
        }
    }
    let reference = usize::from(rig.feed.lines()[0].streams()[0].0.channel == Channel::REFERENCE);
    assert_eq!(asked.len(), 3 * symbols.len() + reference);
    assert!(
        chars
            .values()
            .all(|chars| *chars <= facts.name_chars_per_line),
        "{chars:?}"
    );
    for line in rig.feed.lines() {
        assert!(line.streams().len() <= facts.streams_per_line);
        assert!(line.path().starts_with('/'));
    }
    assert!(rig.closed.is_empty());
}

/// VC-011: our own ping goes out as often as the venue wants it, at the venue's pace.
fn vc_011_pings_go_out_on_time<S: Script>() {
    let mut rig = Rig::<S>::live();
    let from = rig.sent.len();
    let heartbeats = rig.feed.counts().heartbeats;
    let every = rig.feed.facts().ping_every;
    rig.pass(100_000);
    let pings = i64::try_from(rig.sent.len() - from).unwrap();
    let lines = i64::try_from(rig.feed.lines().len()).unwrap();
    let due = if every == 0 {
        0
    } else {
        lines * 100_000 * MS / every
    };
    let most = if every == 0 { 0 } else { due + lines };
    assert!((due..=most).contains(&pings), "{pings}, expected {due}");
    let only_pings = rig.requests().split_off(from);
    assert!(only_pings.iter().all(|request| request.ask == Asked::Ping));
    let answered = rig.feed.counts().heartbeats - heartbeats;
    assert_eq!(i64::try_from(answered).unwrap(), pings);
}

/// VC-020: an acknowledged stream says so in a status record of its own.
fn vc_020_an_acknowledgement_becomes_a_status_record<S: Script>() {
    let mut rig = Rig::<S>::idle();
    rig.serving = false;
    rig.start();
    rig.pass(5_000);
    let told = statuses(&rig.take());
    for at in 0..3 {
        for channel in [S::TRADES, Channel::BBO, Channel::BOOK] {
            assert_eq!(rig.stage(rig.key(at, channel)), Stage::Acknowledged);
            let mine = |status: &&(StatusCode, InstrumentId, Channel, String)| {
                (status.1, status.2) == (rig.id(at), channel)
            };
            let mine: Vec<_> = told.iter().filter(mine).collect();
            assert_eq!(mine.len(), 1, "{channel:?}");
            assert_eq!((mine[0].0, &*mine[0].3), (StatusCode::SUBSCRIBED, ""));
        }
    }
}

/// VC-030: a stream that the venue refuses does not take the others with it.
fn vc_030_a_refusal_touches_only_its_stream<S: Script>() {
    let mut rig = Rig::<S>::idle();
    rig.refused = vec![(S::SYMBOLS[1].to_owned(), Channel::BOOK)];
    rig.start();
    rig.pass(10_000);
    let told = statuses(&rig.take());
    let refused: Vec<_> = told
        .iter()
        .filter(|status| status.0 == StatusCode::REJECTED)
        .collect();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!((refused[0].1, refused[0].2), (rig.id(1), Channel::BOOK));
    assert!(!refused[0].3.is_empty(), "the venue's own words");
    for at in 0..3 {
        for channel in [S::TRADES, Channel::BBO, Channel::BOOK] {
            let stage = rig.stage(rig.key(at, channel));
            if (at, channel) == (1, Channel::BOOK) {
                assert_eq!(stage, Stage::Refused);
            } else {
                assert!(
                    matches!(stage, Stage::Acknowledged | Stage::Live),
                    "{stage:?}"
                );
            }
        }
    }
    for at in [0, 2] {
        let delta = rig.touch(at);
        rig.book_frame(at, &delta).unwrap();
    }
    rig.pass(10_000);
    assert!(rig.is_right(0) && rig.is_right(2));
    assert!(rig.closed.is_empty());
}

/// VC-040: a snapshot and the deltas after it make a live book that equals the venue's.
fn vc_040_snapshot_and_deltas_make_a_live_book<S: Script>() {
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
fn vc_041_the_first_snapshot_is_told_whole<S: Script>() {
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
fn vc_042_trades_and_best_prices_keep_their_values<S: Script>() {
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
fn vc_050_a_gap_of_one_marks_its_book_until_the_snapshot<S: Script>() {
    let mut rig = Rig::<S>::live();
    rig.serving = false;
    let (from, asked) = (rig.sent.len(), rig.asked.len());
    let good = rig.truths[0].numbers.last;
    lose_one_update(&mut rig);
    assert_eq!(rig.state(0), Some(State::Bad));
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
    assert_eq!(kinds(&records), [Kind::BookSnapshot, Kind::BookDelta]);
    assert!(!records.iter().any(Taken::is_flagged));
}

/// VC-060: a repeated update changes nothing. A numbered one is dropped and counted; one without a
/// number passes its checksum a second time.
fn vc_060_a_duplicate_changes_nothing<S: Script>() {
    let mut rig = Rig::<S>::live();
    let delta = rig.touch(0);
    rig.book_frame(0, &delta).unwrap();
    rig.take();
    let stale = rig.feed.counts().stale;
    rig.book_frame(0, &delta).unwrap();
    assert!(rig.is_right(0) && rig.state(0) == Some(State::Live));
    let records = rig.take();
    if S::NUMBERED {
        assert!(records.is_empty(), "{records:?}");
        assert_eq!(rig.feed.counts().stale, stale + 1);
    } else {
        assert_eq!(kinds(&records), [Kind::BookDelta]);
    }
}

/// VC-070: a lost line makes one gap for each stream that had data; no book of it is trusted and
/// nothing is asked for until the line is back.
fn vc_070_a_disconnect_is_a_gap_in_every_live_stream<S: Script>() {
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
        .map(|line| line.streams().len())
        .sum();
    assert_eq!(asks, once);
}

/// VC-071: a snapshot that was under way when its line was lost is not believed.
fn vc_071_a_snapshot_from_before_the_disconnect_is_not_believed<S: Script>() {
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
fn vc_080_a_refused_frame_changes_nothing<S: Script>() {
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

/// VC-090: a subscription without an answer gives the line up, once.
fn vc_090_an_unanswered_subscription_closes_its_line<S: Script>() {
    let mut rig = Rig::<S>::idle();
    rig.answering = false;
    rig.start();
    rig.pass(9_000);
    assert!(rig.closed.is_empty());
    rig.pass(3_000);
    let mut lines: Vec<u16> = rig.feed.lines().iter().map(|line| line.id()).collect();
    let mut closed: Vec<u16> = rig.closed.iter().map(|close| close.0).collect();
    lines.sort_unstable();
    closed.sort_unstable();
    assert_eq!(closed, lines);
    assert!(
        rig.closed
            .iter()
            .all(|close| close.1 == CloseReason::NoAnswer)
    );
}

/// VC-100: what is held while a snapshot is awaited is bounded: with the bound met it starts again,
/// and a snapshot from before that no longer joins. In-band snapshots need nothing held.
fn vc_100_held_updates_are_bounded<S: Script>() {
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
fn vc_110_a_finer_price_widens_instrument_and_book<S: Script>() {
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
fn vc_120_a_checkpoint_repeats_instruments_and_live_books<S: Script>() {
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
fn vc_130_a_stale_snapshot_is_asked_for_again<S: Script>() {
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

/// VC-140: the same frames at the same times give the same bytes and the same intents.
fn vc_140_the_same_input_gives_the_same_bytes<S: Script>() {
    let run = || {
        let mut rig = Rig::<S>::live();
        let mut dice = support::truth::Dice(7);
        for round in 0..200 {
            let at = usize::try_from(dice.below(3)).unwrap();
            let change = rig.truths[at].step(&mut dice);
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
fn vc_150_dropped_frames_are_a_gap_in_their_line<S: Script>() {
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
        .iter()
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

/// VC-160: a venue that does not heal a book is asked again with growing pauses, and the journal is
/// told of the break once.
fn vc_160_an_unhealed_book_is_asked_for_with_growing_pauses<S: Script>() {
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

/// VC-170: an unknown field passes and is counted by channel and name.
fn vc_170_an_unknown_field_is_counted_and_passes<S: Script>() {
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

/// VC-180: facts, paths and texts hold together.
fn vc_180_facts_are_plausible<S: Script>() {
    let rig = Rig::<S>::idle();
    let facts = <Feed<S::V>>::facts(&rig.feed);
    assert!(facts.ws_url.starts_with("wss://") && facts.rest_url.starts_with("https://"));
    assert!(facts.request_spacing > 0 && facts.answer_max > facts.request_spacing);
    assert!(facts.streams_per_request > 0 && facts.streams_per_request <= facts.streams_per_line);
    assert!(facts.silence_max > facts.ping_every.min(facts.silence_max - 1));
    assert!(facts.connects_max > 0 && facts.connect_window > 0);
    let venue = S::V::new(S::ID, feedd_codecs::venue::StreamOptions::default());
    let snapshot = venue.snapshot_path("X");
    let in_band = matches!(facts.snapshots, feedd_codecs::venue::Snapshots::InBand);
    assert_eq!(snapshot.is_none(), in_band);
    let paths = [venue.reference_path(None), snapshot];
    let own = venue.path(Channel::BOOK).to_owned();
    for path in paths.into_iter().flatten().chain([own]) {
        assert!(path.starts_with('/') && !path.contains(' '), "{path}");
    }
    assert_eq!(venue.ping(7).is_some(), facts.ping_every > 0);
}

/// VC-190: reference data that does not come is asked for again with pauses, then the lines open
/// without it; precisions are learned from the wire.
fn vc_190_lines_open_without_reference_data<S: Script>() {
    let mut rig = Rig::<S>::idle();
    rig.unlisted = true;
    rig.start();
    rig.pass(14_000);
    let by_rest = rig.references > 0;
    if by_rest {
        assert!((10..=15).contains(&rig.references), "{}", rig.references);
        assert!(rig.feed.lines().is_empty() && rig.sent.is_empty());
    }
    rig.pass(5_000);
    let asked = rig.references;
    rig.bring_up();
    assert!((0..3).all(|at| rig.is_right(at)));
    assert_eq!(rig.references, asked);
    let declared = rig
        .feed
        .instruments()
        .all()
        .iter()
        .filter(|known| known.declared);
    assert_eq!(declared.count(), if by_rest { 0 } else { 3 });
}

macro_rules! venue_contract {
    ($($venue:ident => $script:ty),+ $(,)?) => {
        $(venue_contract! { @cases $venue, $script:
            vc_010_requests_stay_within_the_limits,
            vc_011_pings_go_out_on_time,
            vc_020_an_acknowledgement_becomes_a_status_record,
            vc_030_a_refusal_touches_only_its_stream,
            vc_040_snapshot_and_deltas_make_a_live_book,
            vc_041_the_first_snapshot_is_told_whole,
            vc_042_trades_and_best_prices_keep_their_values,
            vc_050_a_gap_of_one_marks_its_book_until_the_snapshot,
            vc_060_a_duplicate_changes_nothing,
            vc_070_a_disconnect_is_a_gap_in_every_live_stream,
            vc_071_a_snapshot_from_before_the_disconnect_is_not_believed,
            vc_080_a_refused_frame_changes_nothing,
            vc_090_an_unanswered_subscription_closes_its_line,
            vc_100_held_updates_are_bounded,
            vc_110_a_finer_price_widens_instrument_and_book,
            vc_120_a_checkpoint_repeats_instruments_and_live_books,
            vc_130_a_stale_snapshot_is_asked_for_again,
            vc_140_the_same_input_gives_the_same_bytes,
            vc_150_dropped_frames_are_a_gap_in_their_line,
            vc_160_an_unhealed_book_is_asked_for_with_growing_pauses,
            vc_170_an_unknown_field_is_counted_and_passes,
            vc_180_facts_are_plausible,
            vc_190_lines_open_without_reference_data,
        })+
    };
    (@cases $venue:ident, $script:ty: $($case:ident),+ $(,)?) => {
        mod $venue {
            $(#[test]
            fn $case() {
                super::$case::<$script>();
            })+
        }
    };
}

venue_contract! {
    binance_spot => crate::support::binance::Spot,
    binance_usdm => crate::support::binance::UsdM,
    binance_coinm => crate::support::binance::CoinM,
    bybit_spot => crate::support::bybit::Spot,
    bybit_linear => crate::support::bybit::Linear,
    bybit_inverse => crate::support::bybit::Inverse,
    kraken_spot => crate::support::kraken::Spot,
}
