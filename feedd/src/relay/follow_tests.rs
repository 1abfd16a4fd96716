//! Following: whatever comes in whatever order, each frame goes out once, in order.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use feedd_storage::Frame;
use proptest::prelude::*;

use super::super::wire::{BATCH_BYTES_MAX, Packer};
use super::*;

const JOURNAL: u128 = 77;

/// A source's journal: (run, number) of each frame, in order.
type Source = Vec<(u32, u64)>;

fn place(run: u32, seq: u64) -> Position {
    Position { run, seq }
}

/// Takes everything down; knows no instrument with an odd first byte until it is told.
#[derive(Default)]
struct Notes {
    taken: Source,
    missed: Vec<(u64, u64)>,
    unnamed: Option<u8>,
}

impl Take for Notes {
    fn knows(&self, payload: &[u8]) -> bool {
        self.unnamed != payload.first().copied()
    }

    fn frame(&mut self, at: Position, _ts_recv: i64, _payload: &[u8]) {
        self.taken.push((at.run, at.seq));
    }

    fn missed(&mut self, _run: u32, from: u64, to: u64) {
        self.missed.push((from, to));
    }
}

fn batch(frames: &[(u32, u64)]) -> Vec<u8> {
    let mut packer = Packer::new(JOURNAL, BATCH_BYTES_MAX);
    for &(run, seq) in frames {
        let payload = [seq as u8; 4];
        let ts_recv = 0;
        let payload = &payload[..];
        let frame = Frame {
            seq,
            ts_recv,
            run,
            payload,
        };
        assert!(packer.push(&frame), "a batch must not jump");
    }
    packer.finish().to_vec()
}

fn beat(run: u32, seq: u64) -> Vec<u8> {
    Packer::new(JOURNAL, 100)
        .sign_of_life(place(run, seq))
        .to_vec()
}

fn run_of(run: u32, seqs: std::ops::Range<u64>) -> Source {
    seqs.map(|seq| (run, seq)).collect()
}

/// Answers one question as the replay service would from `source`.
fn answer(follower: &mut Follower, source: &Source, notes: &mut Notes) -> Option<Ask> {
    let ask = follower.ask()?;
    match ask {
        Ask::Roster => {
            notes.unnamed = None;
            follower.roster_came();
        }
        Ask::Records { from, until } => {
            let before = |&&(run, seq): &&(u32, u64)| place(run, seq) >= from;
            // A log that is read from its oldest frame has no hole before it.
            let mut next = (from.run != 0).then_some(from.seq);
            let mut stop = Stop::Head;
            for &(run, seq) in source.iter().filter(before) {
                if let Some(next) = next.filter(|next| seq > *next) {
                    follower.missed(next, seq - 1, notes);
                }
                if place(run, seq) >= until {
                    stop = Stop::Until;
                    break;
                }
                follower.replayed(&batch(&[(run, seq)]), notes).unwrap();
                next = Some(seq + 1);
            }
            follower.answered(stop, notes);
        }
    }
    Some(ask)
}

fn settle(follower: &mut Follower, source: &Source, notes: &mut Notes) {
    for _ in 0..100 {
        if answer(follower, source, notes).is_none() {
            return;
        }
    }
    panic!("asks for ever");
}

fn joined(source: &Source) -> (Follower, Notes) {
    let mut follower = Follower::new(JOURNAL, Position::START);
    let mut notes = Notes::default();
    settle(&mut follower, source, &mut notes);
    (follower, notes)
}

#[test]
fn a_late_joiner_gets_what_was_and_then_what_comes() {
    let mut source = run_of(1, 1..6);
    let mut follower = Follower::new(JOURNAL, Position::START);
    let mut notes = Notes::default();
    source.extend(run_of(1, 6..8));
    follower.live(&batch(&run_of(1, 6..8)), &mut notes).unwrap();
    assert!(notes.taken.is_empty(), "what was comes first");
    settle(&mut follower, &run_of(1, 1..6), &mut notes);
    follower.live(&batch(&run_of(1, 8..9)), &mut notes).unwrap();
    assert_eq!(notes.taken, run_of(1, 1..9));
    assert!(follower.is_live());
}

#[test]
fn a_gap_is_asked_for_up_to_the_first_frame_that_waits() {
    let (mut follower, mut notes) = joined(&run_of(1, 1..3));
    follower.live(&batch(&run_of(1, 5..7)), &mut notes).unwrap();
    follower.live(&batch(&run_of(1, 7..8)), &mut notes).unwrap();
    assert_eq!(notes.taken.len(), 2);
    let ask = answer(&mut follower, &run_of(1, 1..8), &mut notes);
    let (from, until) = (place(1, 3), place(1, 5));
    assert_eq!(ask, Some(Ask::Records { from, until }));
    assert_eq!(notes.taken, run_of(1, 1..8));
    assert_eq!((follower.counts().gaps, follower.counts().live), (1, 3));
}

#[test]
fn a_lost_tail_is_found_by_the_sign_of_life() {
    let (mut follower, mut notes) = joined(&run_of(1, 1..3));
    follower.live(&beat(1, 3), &mut notes).unwrap();
    assert!(follower.is_live());
    follower.live(&beat(1, 5), &mut notes).unwrap();
    settle(&mut follower, &run_of(1, 1..5), &mut notes);
    assert_eq!(notes.taken, run_of(1, 1..5));
}

#[test]
fn the_first_frame_of_an_empty_journal_and_of_a_run_is_taken_live() {
    let (mut follower, mut notes) = joined(&Source::new());
    let mut source = run_of(1, 1..3);
    follower.live(&batch(&source), &mut notes).unwrap();
    settle(&mut follower, &source, &mut notes);
    assert_eq!(notes.taken, source);
    source.extend(run_of(2, 3..5));
    follower.live(&batch(&run_of(2, 3..5)), &mut notes).unwrap();
    settle(&mut follower, &source, &mut notes);
    assert_eq!(notes.taken, source);
    assert_eq!(follower.counts().replayed, 0);
}

#[test]
fn repeated_and_old_batches_change_nothing() {
    let (mut follower, mut notes) = joined(&run_of(2, 1..9));
    for old in [run_of(2, 3..7), run_of(1, 1..20), run_of(2, 8..9)] {
        follower.live(&batch(&old), &mut notes).unwrap();
        follower.replayed(&batch(&old), &mut notes).unwrap();
    }
    follower
        .live(&batch(&run_of(2, 7..11)), &mut notes)
        .unwrap();
    assert_eq!(notes.taken, run_of(2, 1..11));
    assert!(follower.is_live());
}

#[test]
fn a_restarted_source_is_asked_for_the_end_of_its_former_run() {
    let (mut follower, mut notes) = joined(&run_of(1, 1..4));
    let mut source = run_of(1, 1..6);
    source.extend(run_of(2, 6..9));
    follower.live(&batch(&run_of(2, 7..9)), &mut notes).unwrap();
    settle(&mut follower, &source, &mut notes);
    assert_eq!(notes.taken, source);
    assert_eq!(follower.counts().runs, 1);
    assert!(notes.missed.is_empty());
}

#[test]
fn numbers_given_again_after_a_power_loss_are_new_frames() {
    let (mut follower, mut notes) = joined(&run_of(1, 1..9));
    let mut source = run_of(1, 1..5);
    source.extend(run_of(2, 5..7));
    follower.live(&batch(&run_of(2, 5..7)), &mut notes).unwrap();
    settle(&mut follower, &source, &mut notes);
    let mut expected = run_of(1, 1..9);
    expected.extend(run_of(2, 5..7));
    assert_eq!(notes.taken, expected);
    assert_eq!(follower.counts().renumbered, 1);
}

#[test]
fn what_the_source_no_longer_has_is_told_once() {
    let (mut follower, mut notes) = joined(&run_of(1, 1..3));
    follower
        .live(&batch(&run_of(1, 9..10)), &mut notes)
        .unwrap();
    settle(&mut follower, &run_of(1, 6..10), &mut notes);
    assert_eq!(notes.missed, [(3, 5)]);
    assert_eq!(notes.taken.last(), Some(&(1, 9)));
    assert_eq!(follower.counts().missed, 3);
}

#[test]
fn an_unnamed_instrument_waits_for_the_roster() {
    let (mut follower, mut notes) = joined(&run_of(1, 1..3));
    notes.unnamed = Some(4);
    follower.live(&batch(&run_of(1, 3..6)), &mut notes).unwrap();
    assert_eq!(notes.taken, run_of(1, 1..4));
    assert_eq!(follower.ask(), Some(Ask::Roster));
    assert_eq!(follower.ask(), None, "it is being answered");
    notes.unnamed = None;
    follower.roster_came();
    settle(&mut follower, &run_of(1, 1..6), &mut notes);
    assert_eq!(notes.taken, run_of(1, 1..6));
}

#[test]
fn a_failed_answer_is_asked_again_from_where_it_broke() {
    let (mut follower, mut notes) = joined(&run_of(1, 1..3));
    follower.live(&beat(1, 9), &mut notes).unwrap();
    assert!(follower.ask().is_some());
    follower
        .replayed(&batch(&run_of(1, 3..5)), &mut notes)
        .unwrap();
    let jump = follower.replayed(&batch(&run_of(1, 6..7)), &mut notes);
    assert!(matches!(jump, Err(FollowError::Jump { .. })), "{jump:?}");
    follower.failed();
    let from = place(1, 5);
    let until = place(1, 9);
    assert_eq!(follower.ask(), Some(Ask::Records { from, until }));
}

#[test]
fn another_journal_is_told_and_not_taken() {
    let (mut follower, mut notes) = joined(&run_of(1, 1..3));
    let mut packer = Packer::new(5, 100);
    let other = packer.sign_of_life(place(1, 1)).to_vec();
    assert_eq!(
        follower.live(&other, &mut notes),
        Err(FollowError::OtherJournal(5))
    );
    assert_eq!(notes.taken.len(), 2);
}

#[test]
fn more_than_may_wait_is_dropped_and_fetched_later() {
    let (mut follower, mut notes) = joined(&run_of(1, 1..3));
    let source = run_of(1, 1..40);
    let large = |seq: u64| {
        let payload = vec![0; 1 << 20];
        let mut packer = Packer::new(JOURNAL, BATCH_BYTES_MAX);
        let frame = Frame {
            seq,
            ts_recv: 0,
            run: 1,
            payload: &payload,
        };
        assert!(packer.push(&frame));
        packer.finish().to_vec()
    };
    for seq in 4..40 {
        follower.live(&large(seq), &mut notes).unwrap();
    }
    assert_eq!(follower.counts().dropped, 36 - 15);
    settle(&mut follower, &source, &mut notes);
    follower.live(&beat(1, 40), &mut notes).unwrap();
    settle(&mut follower, &source, &mut notes);
    assert_eq!(notes.taken, source);
}

/// What may happen on the way.
#[derive(Clone, Debug)]
enum Event {
    /// The live stream brings so many frames more.
    Live(u8),
    /// It loses so many.
    Lost(u8),
    /// It brings again what was so many frames ago.
    Again(u8),
    /// The source starts anew, some numbers on.
    Restart(u8),
    /// A question is answered.
    Answer,
    /// The relay starts anew from what it has.
    Crash,
    /// Bytes that are nothing.
    Noise(Vec<u8>),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (1..6_u8).prop_map(Event::Live),
        1 => (1..6_u8).prop_map(Event::Lost),
        1 => (1..30_u8).prop_map(Event::Again),
        1 => (0..3_u8).prop_map(Event::Restart),
        3 => Just(Event::Answer),
        1 => Just(Event::Crash),
        1 => prop::collection::vec(any::<u8>(), 0..60).prop_map(Event::Noise),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_each_frame_is_taken_once_and_in_order(
        events in prop::collection::vec(event(), 0..120)
    ) {
        let (mut run, mut next) = (1, 1);
        let mut source = Source::new();
        let mut notes = Notes::default();
        let mut follower = Follower::new(JOURNAL, Position::START);
        for event in events {
            match event {
                Event::Live(count) | Event::Lost(count) => {
                    let fresh = run_of(run, next..next + u64::from(count));
                    next += u64::from(count);
                    source.extend(&fresh);
                    if matches!(event, Event::Live(_)) {
                        follower.live(&batch(&fresh), &mut notes).unwrap();
                    }
                }
                Event::Again(back) => {
                    let from = source.len().saturating_sub(usize::from(back));
                    for one in source[from..].iter().take(3) {
                        follower.live(&batch(&[*one]), &mut notes).unwrap();
                    }
                }
                Event::Restart(skipped) => {
                    run += 1;
                    next += u64::from(skipped);
                }
                Event::Answer => {
                    let _ = answer(&mut follower, &source, &mut notes);
                }
                Event::Crash => follower = Follower::new(JOURNAL, follower.at()),
                Event::Noise(bytes) => {
                    let _ = follower.live(&bytes, &mut notes);
                    let _ = follower.replayed(&bytes, &mut notes);
                }
            }
            prop_assert_eq!(&notes.taken[..], &source[..notes.taken.len()]);
        }
        settle(&mut follower, &source, &mut notes);
        follower.look();
        settle(&mut follower, &source, &mut notes);
        prop_assert_eq!(&notes.taken, &source);
    }
}
