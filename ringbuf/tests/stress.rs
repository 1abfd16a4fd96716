//! Real threads under load: order, content, exact counts. Also the test for the thread sanitizer.
#![cfg(not(loom))]

use std::thread;

use feedd_ringbuf::{Cursor, Polled, Producer, PushError, Ring, Tap, Tapped, Waiter, ring};

/// Enough for some thousand laps of the rings below, few enough for the sanitizer on two cores.
const FRAMES: u64 = 200_000;

/// Largest payload pushed: with padding a good part of the smallest ring.
const LEN_MAX: usize = 200;

/// splitmix64: a stream of words that tells one frame from every other.
fn mix(seed: u64) -> u64 {
    let mut word = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

/// Writes the payload of frame `ordinal` into `out` and returns it: every byte depends on it.
fn payload(ordinal: u64, out: &mut [u8; LEN_MAX]) -> &[u8] {
    let len = mix(ordinal) as usize % (LEN_MAX + 1);
    for (index, chunk) in out[..len].chunks_mut(8).enumerate() {
        let word = mix(ordinal << 8 | index as u64).to_le_bytes();
        chunk.copy_from_slice(&word[..chunk.len()]);
    }
    &out[..len]
}

fn check(ordinal: u64, tag: u32, bytes: &[u8]) {
    assert_eq!(tag, ordinal as u32);
    assert_eq!(
        bytes,
        payload(ordinal, &mut [0; LEN_MAX]),
        "content of frame {ordinal}"
    );
}

/// Pushes all frames, each in two parts, waiting whenever the ring is full; returns the waits.
fn produce(mut producer: Producer) -> u64 {
    let mut full_count = 0;
    let waiter = Waiter::new();
    for ordinal in 0..FRAMES {
        let mut buffer = [0; LEN_MAX];
        let bytes = payload(ordinal, &mut buffer);
        let (front, back) = bytes.split_at(bytes.len() / 3);
        while let Err(error) = producer.try_push(ordinal as u32, &[front, back]) {
            assert!(matches!(error, PushError::Full { .. }), "{error}");
            full_count += 1;
            waiter.pause();
        }
        waiter.reset();
    }
    assert_eq!(producer.ring().frames_published(), FRAMES);
    full_count
}

/// Reads every frame until the ring is closed, releasing every `batch` frames at the latest.
fn consume(mut cursor: Cursor, batch: u64) {
    let waiter = Waiter::new();
    loop {
        let ordinal = cursor.next_ordinal();
        match cursor.poll() {
            Polled::Frame(frame) => {
                check(ordinal, frame.tag, frame.payload);
                waiter.reset();
            }
            Polled::Empty => waiter.pause(),
            Polled::Closed => break,
        }
        if ordinal.is_multiple_of(batch) {
            cursor.release();
        }
    }
    assert_eq!(cursor.next_ordinal(), FRAMES);
}

/// What a tap saw from its start to the end of the ring.
struct Tally {
    received: u64,
    missed: u64,
}

/// Taps until the ring is closed, dozing after every `doze_every` frames.
fn tap_all(mut tap: Tap, doze_every: u64) -> Tally {
    let mut tally = Tally {
        received: 0,
        missed: 0,
    };
    let mut buffer = [0; LEN_MAX];
    let waiter = Waiter::new();
    loop {
        let ordinal = tap.next_ordinal();
        match tap.poll(&mut buffer) {
            Tapped::Frame { tag, len } => {
                check(ordinal, tag, &buffer[..len]);
                tally.received += 1;
                waiter.reset();
                if tally.received.is_multiple_of(doze_every) {
                    thread::yield_now();
                }
            }
            Tapped::Missed(count) => {
                assert!(count > 0);
                tally.missed += count;
                assert_eq!(tap.next_ordinal(), ordinal + count);
            }
            Tapped::Empty => waiter.pause(),
            Tapped::Closed => return tally,
            Tapped::TooSmall { len } => panic!("frame of {len} bytes was never pushed"),
        }
    }
}

/// Pushes all frames in batches of up to `size`, as many of each as there is room for.
fn produce_batches(mut producer: Producer, size: u64) {
    let waiter = Waiter::new();
    let mut ordinal = 0;
    while ordinal < FRAMES {
        let mut batch = producer.batch();
        let end = FRAMES.min(ordinal + 1 + mix(ordinal) % size);
        let before = ordinal;
        while ordinal < end {
            let mut buffer = [0; LEN_MAX];
            let bytes = payload(ordinal, &mut buffer);
            if batch.try_push(ordinal as u32, &[bytes]).is_err() {
                break;
            }
            ordinal += 1;
        }
        batch.publish();
        if ordinal == before {
            waiter.pause();
        } else {
            waiter.reset();
        }
    }
    assert_eq!(producer.ring().frames_published(), FRAMES);
}

/// Reads every frame, up to `limit` at a time.
fn consume_batches(mut cursor: Cursor, limit: usize) {
    let waiter = Waiter::new();
    loop {
        let first = cursor.next_ordinal();
        let mut taken = 0;
        for (frame, ordinal) in cursor.frames(limit).zip(first..) {
            check(ordinal, frame.tag, frame.payload);
            taken += 1;
        }
        if taken > 0 {
            waiter.reset();
            continue;
        }
        match cursor.poll() {
            Polled::Frame(frame) => check(first, frame.tag, frame.payload),
            Polled::Empty => waiter.pause(),
            Polled::Closed => break,
        }
    }
    assert_eq!(cursor.next_ordinal(), FRAMES);
}

#[test]
fn batches_reach_cursors_and_taps_whole_and_in_order() {
    let (producer, [first, second, third]) = ring::<3>(64).unwrap();
    let handle = producer.ring();
    let taps = [(handle.tap(), u64::MAX), (handle.tap(), 10)];
    thread::scope(|scope| {
        scope.spawn(|| consume_batches(first, 1));
        scope.spawn(|| consume_batches(second, 7));
        scope.spawn(|| consume(third, 5));
        let tallies = taps.map(|(tap, doze)| scope.spawn(move || tap_all(tap, doze)));
        produce_batches(producer, 6);
        for tally in tallies.map(|thread| thread.join().unwrap()) {
            assert_eq!(tally.received + tally.missed, FRAMES);
            assert!(tally.received > 0);
        }
    });
}

#[test]
fn taps_lapped_by_batches_count_every_missed_frame() {
    let (producer, []) = ring::<0>(64).unwrap();
    let handle = producer.ring();
    let taps = [(handle.tap(), u64::MAX), (handle.tap(), 10)];
    thread::scope(|scope| {
        let tallies = taps.map(|(tap, doze)| {
            let handle = handle.clone();
            scope.spawn(move || tap_when_lapped(tap, doze, &handle))
        });
        produce_batches(producer, 6);
        for tally in tallies.map(|thread| thread.join().unwrap()) {
            assert_eq!(tally.received + tally.missed, FRAMES);
            assert!(tally.received > 0 && tally.missed > 0);
        }
    });
}

#[test]
fn cursors_see_every_frame_whole_and_in_order_while_the_ring_fills_up() {
    let (producer, [first, second, third]) = ring::<3>(16).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| consume(first, 1));
        scope.spawn(|| consume(second, 3));
        scope.spawn(|| consume(third, u64::MAX));
        assert!(
            produce(producer) > 0,
            "a ring of 16 lines was full at least once"
        );
    });
}

#[test]
fn taps_beside_a_cursor_receive_or_count_every_frame() {
    let (producer, [journal]) = ring::<1>(64).unwrap();
    let handle = producer.ring();
    let taps = [(handle.tap(), 1), (handle.tap(), 100)];
    thread::scope(|scope| {
        scope.spawn(|| consume(journal, 16));
        let tallies = taps.map(|(tap, doze)| scope.spawn(move || tap_all(tap, doze)));
        produce(producer);
        for tally in tallies.map(|thread| thread.join().unwrap()) {
            assert_eq!(tally.received + tally.missed, FRAMES);
            assert!(tally.received > 0);
        }
    });
    assert_eq!(handle.frames_published(), FRAMES);
}

#[test]
fn taps_lapped_by_a_free_running_producer_count_every_missed_frame() {
    // The smallest ring that takes the frames: nearly every poll races with the producer.
    let (producer, []) = ring::<0>(8).unwrap();
    let handle = producer.ring();
    let taps = [(handle.tap(), u64::MAX), (handle.tap(), 10)];
    thread::scope(|scope| {
        let tallies = taps.map(|(tap, doze)| {
            let handle = handle.clone();
            scope.spawn(move || tap_when_lapped(tap, doze, &handle))
        });
        assert_eq!(produce(producer), 0, "no cursor, never full");
        for tally in tallies.map(|thread| thread.join().unwrap()) {
            assert_eq!(tally.received + tally.missed, FRAMES);
            assert!(tally.received > 0 && tally.missed > 0);
        }
    });
}

/// Starts to tap only after the producer has been round the ring.
fn tap_when_lapped(tap: Tap, doze_every: u64, ring: &Ring) -> Tally {
    let waiter = Waiter::new();
    while ring.frames_published() < 100 {
        waiter.pause();
    }
    tap_all(tap, doze_every)
}

#[test]
fn taps_added_while_the_producer_runs_count_from_where_they_start() {
    let (producer, []) = ring::<0>(8).unwrap();
    let handle = producer.ring();
    thread::scope(|scope| {
        let joiner = scope.spawn(move || {
            let mut joined: u64 = 0;
            while handle.frames_published() < FRAMES || joined == 0 {
                let mut tap = handle.tap();
                let ordinal = tap.next_ordinal();
                let mut buffer = [0; LEN_MAX];
                match tap.poll(&mut buffer) {
                    Tapped::Frame { tag, len } => check(ordinal, tag, &buffer[..len]),
                    Tapped::Missed(count) => assert_eq!(tap.next_ordinal(), ordinal + count),
                    Tapped::Empty | Tapped::Closed => {}
                    Tapped::TooSmall { len } => panic!("frame of {len} bytes was never pushed"),
                }
                joined += 1;
            }
            let tap = handle.tap();
            assert_eq!(tap.next_ordinal(), FRAMES - 1, "starts at the newest frame");
            let tally = tap_all(tap, u64::MAX);
            assert_eq!((tally.received, tally.missed), (1, 0));
        });
        produce(producer);
        joiner.join().unwrap();
    });
}
