//! Every interleaving and every allowed stale read of small cases, by loom.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test -p feedd-ringbuf --release --test loom`. The rings
//! have four lines, the smallest there are, so that a few frames go round. The models also check
//! that a cursor's plain view of a payload is ordered with every store to it (`src/sync.rs`).
#![cfg(loom)]
#![allow(clippy::unwrap_used, reason = "a test helper may")]

use feedd_ringbuf::{Cursor, Polled, Producer, PushError, Tap, Tapped, Waiter, ring};
use loom::thread;

const LINES: usize = 4;

/// Payload sizes: one word in one line, and seven words in two lines.
const SHORT: usize = 8;
const LONG: usize = 56;

/// Explores the model with at most `LOOM_MAX_PREEMPTIONS` preemptions, 2 unless told.
fn explore(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(2));
    builder.check(model);
}

fn push(producer: &mut Producer, tag: u32, len: usize) -> Result<(), PushError> {
    producer.try_push(tag, &[&[tag as u8 + 1; LONG][..len]])
}

fn check(tag: u32, payload: &[u8], expected: u32) {
    assert_eq!(tag, expected);
    assert!(
        payload.iter().all(|byte| *byte == tag as u8 + 1),
        "content of frame {tag}"
    );
}

/// Takes one frame, waiting for it.
fn take(cursor: &mut Cursor, expected: u32) {
    let waiter = Waiter::new();
    loop {
        match cursor.poll() {
            Polled::Frame(frame) => return check(frame.tag, frame.payload, expected),
            Polled::Empty => waiter.pause(),
            Polled::Closed => panic!("closed before frame {expected}"),
        }
    }
}

/// Pushes and takes `count` short frames, so that a model starts further on in the ring.
fn advance(producer: &mut Producer, cursor: &mut Cursor, count: u32) {
    for tag in 0..count {
        push(producer, tag, SHORT).unwrap();
        take(cursor, tag);
    }
    assert_eq!(cursor.poll(), Polled::Empty);
}

/// Polls a tap `polls` times and returns the frames received plus missed.
fn tap_some(tap: &mut Tap, polls: usize) -> u64 {
    let mut total = 0;
    for _ in 0..polls {
        let mut buffer = [0; LONG];
        let next = tap.next_ordinal();
        match tap.poll(&mut buffer) {
            Tapped::Frame { tag, len } => {
                check(tag, &buffer[..len], next as u32);
                total += 1;
            }
            Tapped::Missed(count) => total += count,
            Tapped::Empty | Tapped::Closed => thread::yield_now(),
            Tapped::TooSmall { len } => panic!("torn length {len}"),
        }
    }
    total
}

#[test]
fn published_frame_is_seen_whole_by_a_waiting_cursor() {
    explore(|| {
        let (mut producer, [mut cursor]) = ring::<1>(LINES).unwrap();
        let writer = thread::spawn(move || {
            push(&mut producer, 0, SHORT).unwrap();
            push(&mut producer, 1, LONG).unwrap();
            producer
        });
        (0..2).for_each(|tag| take(&mut cursor, tag));
        drop(writer.join().unwrap());
    });
}

#[test]
fn two_cursors_gate_the_producer_and_see_the_same_frames() {
    explore(|| {
        let (mut producer, [mut first, mut second]) = ring::<2>(LINES).unwrap();
        (0..2).for_each(|tag| push(&mut producer, tag, SHORT).unwrap());
        let reader = thread::spawn(move || {
            (0..2).for_each(|tag| take(&mut first, tag));
            first.release();
            first
        });
        (0..2).for_each(|tag| take(&mut second, tag));
        second.release();
        let pushed = push(&mut producer, 2, LONG).is_ok();
        let mut first = reader.join().unwrap();
        if pushed {
            take(&mut first, 2);
            take(&mut second, 2);
        }
        assert_eq!(
            (first.poll(), second.poll()),
            (Polled::Empty, Polled::Empty)
        );
        push(&mut producer, 3, LONG).unwrap();
    });
}

#[test]
fn frame_behind_a_padding_is_seen_whole() {
    explore(|| {
        let (mut producer, [mut cursor]) = ring::<1>(LINES).unwrap();
        advance(&mut producer, &mut cursor, 3);
        let writer = thread::spawn(move || {
            push(&mut producer, 3, LONG).unwrap();
            producer
        });
        take(&mut cursor, 3);
        drop(writer.join().unwrap());
    });
}

#[test]
fn stale_payload_that_reads_like_the_next_mark_is_cleared_in_time() {
    explore(|| {
        let (mut producer, [mut cursor]) = ring::<1>(LINES).unwrap();
        let mut tap = producer.ring().tap();
        // The last word of this payload starts line 1. It is the mark of frame 4, the one that
        // readers wait for at line 1 a lap later, when only frame 3 has been pushed.
        producer
            .try_push(0, &[&5_u64.to_le_bytes().repeat(LONG / 8)])
            .unwrap();
        (1..3).for_each(|tag| {
            assert!(matches!(cursor.poll(), Polled::Frame(_)));
            cursor.release();
            assert_ne!(tap.poll(&mut [0; LONG]), Tapped::Empty);
            push(&mut producer, tag, SHORT).unwrap();
        });
        take(&mut cursor, 2);
        assert_eq!(tap_some(&mut tap, 1), 1);
        let writer = thread::spawn(move || {
            push(&mut producer, 3, SHORT).unwrap();
            producer
        });
        take(&mut cursor, 3);
        assert_eq!(cursor.poll(), Polled::Empty);
        assert_eq!(tap_some(&mut tap, 2), 1);
        drop(writer.join().unwrap());
    });
}

#[test]
fn full_ring_goes_on_when_the_cursor_releases() {
    explore(|| {
        let (mut producer, [mut cursor]) = ring::<1>(LINES).unwrap();
        (0..3).for_each(|tag| push(&mut producer, tag, SHORT).unwrap());
        let writer = thread::spawn(move || {
            let waiter = Waiter::new();
            while push(&mut producer, 3, LONG).is_err() {
                waiter.pause();
            }
            producer
        });
        for tag in 0..3 {
            take(&mut cursor, tag);
            cursor.release();
        }
        take(&mut cursor, 3);
        drop(writer.join().unwrap());
    });
}

#[test]
fn dropped_cursor_frees_a_full_ring() {
    explore(|| {
        let (mut producer, [mut cursor]) = ring::<1>(LINES).unwrap();
        (0..3).for_each(|tag| push(&mut producer, tag, SHORT).unwrap());
        let writer = thread::spawn(move || {
            let waiter = Waiter::new();
            while push(&mut producer, 3, LONG).is_err() {
                waiter.pause();
            }
        });
        take(&mut cursor, 0);
        drop(cursor);
        writer.join().unwrap();
    });
}

#[test]
fn lapped_tap_never_gets_a_torn_frame_and_counts_every_missed_one() {
    explore(|| {
        let (mut producer, []) = ring::<0>(LINES).unwrap();
        let mut tap = producer.ring().tap();
        push(&mut producer, 0, LONG).unwrap();
        let writer = thread::spawn(move || {
            push(&mut producer, 1, SHORT).unwrap();
            push(&mut producer, 2, LONG).unwrap();
            push(&mut producer, 3, SHORT).unwrap();
            producer
        });
        let during = tap_some(&mut tap, 3);
        let producer = writer.join().unwrap();
        let after = tap_some(&mut tap, 5);
        assert_eq!(during + after, 4, "received + missed == published");
        drop(producer);
        assert_eq!(tap.poll(&mut []), Tapped::Closed);
    });
}

#[test]
fn tap_added_while_the_producer_runs_starts_at_a_whole_frame() {
    explore(|| {
        let (mut producer, []) = ring::<0>(LINES).unwrap();
        let handle = producer.ring();
        push(&mut producer, 0, LONG).unwrap();
        let writer = thread::spawn(move || {
            push(&mut producer, 1, LONG).unwrap();
            push(&mut producer, 2, SHORT).unwrap();
            producer
        });
        let mut tap = handle.tap();
        let start = tap.next_ordinal();
        let during = tap_some(&mut tap, 2);
        let producer = writer.join().unwrap();
        let after = tap_some(&mut tap, 4);
        assert_eq!(start + during + after, 3);
        drop(producer);
    });
}

#[test]
fn closed_is_seen_only_after_the_last_frame() {
    explore(|| {
        let (mut producer, [mut cursor]) = ring::<1>(LINES).unwrap();
        let handle = producer.ring();
        let mut tap = handle.tap();
        let writer = thread::spawn(move || {
            (0..2).for_each(|tag| push(&mut producer, tag, SHORT).unwrap());
        });
        let tapper = thread::spawn(move || {
            (0..3).for_each(|_| {
                let closed = tap.poll(&mut [0; SHORT]) == Tapped::Closed;
                assert!(!closed || tap.next_ordinal() == 2);
            });
            tap
        });
        (0..3).for_each(|_| {
            let closed = cursor.poll() == Polled::Closed;
            assert!(!closed || cursor.next_ordinal() == 2);
            assert!(
                !closed || handle.frames_published() == 2,
                "gauges are final"
            );
        });
        let mut tap = tapper.join().unwrap();
        writer.join().unwrap();
        while tap.next_ordinal() < 2 {
            let tag = tap.next_ordinal() as u32;
            assert_eq!(tap.poll(&mut [0; SHORT]), Tapped::Frame { tag, len: SHORT });
        }
        assert_eq!(tap.poll(&mut []), Tapped::Closed);
        (cursor.next_ordinal() as u32..2).for_each(|tag| take(&mut cursor, tag));
        assert_eq!(cursor.poll(), Polled::Closed);
    });
}

#[test]
fn batch_is_seen_whole_or_not_at_all() {
    explore(|| {
        let (mut producer, [mut cursor]) = ring::<1>(2 * LINES).unwrap();
        let mut tap = producer.ring().tap();
        let writer = thread::spawn(move || {
            let mut batch = producer.batch();
            batch.try_push(0, &[&[1; SHORT]]).unwrap();
            // The first frame alone may be longer than a quarter of the ring; this one is refused.
            let refused = batch.try_push(1, &[&[2; LONG]]);
            assert!(matches!(refused, Err(PushError::Full { .. })));
            batch.publish();
            producer
        });
        let seen = tap_some(&mut tap, 2);
        take(&mut cursor, 0);
        drop(writer.join().unwrap());
        assert_eq!(seen + tap_some(&mut tap, 2), 1);
    });
}

#[test]
fn reader_that_finds_the_first_frame_of_a_batch_finds_the_last() {
    explore(|| {
        let (mut producer, [mut cursor]) = ring::<1>(4 * LINES).unwrap();
        advance(&mut producer, &mut cursor, 15);
        let writer = thread::spawn(move || {
            let mut batch = producer.batch();
            // A padding of one line comes first.
            batch.try_push(15, &[&[16; LONG]]).unwrap();
            batch.publish();
            let mut batch = producer.batch();
            batch.try_push(16, &[&[17; SHORT]]).unwrap();
            batch.try_push(17, &[&[18; SHORT]]).unwrap();
            batch.publish();
            producer
        });
        take(&mut cursor, 15);
        take(&mut cursor, 16);
        let rest: Vec<u32> = cursor.frames(2).map(|frame| frame.tag).collect();
        assert_eq!(rest, [17]);
        drop(writer.join().unwrap());
    });
}
