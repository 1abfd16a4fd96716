//! One thread, one situation at a time.
#![cfg(not(loom))]

use feedd_ringbuf::{
    CAPACITY_LINES_MAX, Cursor, Polled, Producer, PushError, RingError, Tap, Tapped, ring,
};

/// Payloads that fill exactly so many lines.
const ONE_LINE: usize = 48;
const TWO_LINES: usize = 112;

fn push(producer: &mut Producer, len: usize, tag: u32) -> Result<(), PushError> {
    producer.try_push(tag, &[&vec![tag as u8; len]])
}

fn tag_of(cursor: &mut Cursor) -> Option<u32> {
    match cursor.poll() {
        Polled::Frame(frame) => {
            assert!(frame.payload.iter().all(|byte| *byte == frame.tag as u8));
            Some(frame.tag)
        }
        Polled::Empty | Polled::Closed => None,
    }
}

fn tap_one(tap: &mut Tap) -> Tapped {
    tap.poll(&mut [0; 4096])
}

#[test]
fn capacity_that_is_no_power_of_two_in_range_is_refused_with_the_nearest() {
    for (lines, nearest) in [(0, 4), (3, 4), (48, 64), (usize::MAX, CAPACITY_LINES_MAX)] {
        assert_eq!(
            ring::<1>(lines).unwrap_err(),
            RingError::Capacity { lines, nearest }
        );
    }
    let text = ring::<0>(48).unwrap_err().to_string();
    assert!(text.contains("got 48: take 64"), "{text}");
}

#[test]
fn every_end_can_move_to_a_thread_of_its_own() {
    fn moves<T: Send>() {}
    fn shared<T: Send + Sync>() {}
    moves::<Producer>();
    moves::<Cursor>();
    moves::<Tap>();
    shared::<feedd_ringbuf::Ring>();
}

#[test]
fn parts_arrive_as_one_payload_aligned_to_16() {
    let (mut producer, [mut cursor]) = ring::<1>(16).unwrap();
    producer
        .try_push(9, &[b"abc", b"", b"defghijkl", b"m"])
        .unwrap();
    let Polled::Frame(frame) = cursor.poll() else {
        panic!("no frame")
    };
    assert_eq!((frame.tag, frame.payload), (9, &b"abcdefghijklm"[..]));
    assert_eq!(frame.payload.as_ptr().addr() % 16, 0);
}

#[test]
fn each_cursor_sees_every_frame_in_order() {
    let (mut producer, mut cursors) = ring::<3>(16).unwrap();
    (1..=5).for_each(|tag| push(&mut producer, 10, tag).unwrap());
    for cursor in &mut cursors {
        let tags: Vec<u32> = std::iter::from_fn(|| tag_of(cursor)).collect();
        assert_eq!(tags, [1, 2, 3, 4, 5]);
        assert_eq!(cursor.next_ordinal(), 5);
    }
    assert_eq!(producer.ring().frames_published(), 5);
}

#[test]
fn full_ring_refuses_until_the_slowest_cursor_releases() {
    let (mut producer, [mut fast, mut slow]) = ring::<2>(4).unwrap();
    (0..3).for_each(|tag| push(&mut producer, ONE_LINE, tag).unwrap());
    let full = PushError::Full { needed: 2, free: 1 };
    assert_eq!(push(&mut producer, ONE_LINE, 3), Err(full));
    while tag_of(&mut fast).is_some() {}
    assert_eq!(push(&mut producer, ONE_LINE, 3), Err(full));
    assert_eq!(tag_of(&mut slow), Some(0));
    assert_eq!(
        push(&mut producer, ONE_LINE, 3),
        Err(full),
        "taken, not released"
    );
    slow.release();
    assert_eq!(push(&mut producer, ONE_LINE, 3), Ok(()));
    assert_eq!(
        producer.ring().frames_published(),
        4,
        "failed pushes are not counted"
    );
}

#[test]
fn poll_that_finds_nothing_releases_the_batch() {
    let (mut producer, [mut cursor]) = ring::<1>(4).unwrap();
    (0..3).for_each(|tag| push(&mut producer, ONE_LINE, tag).unwrap());
    assert_eq!(producer.ring().used_bytes(), 3 * 64);
    (0..3).for_each(|tag| assert_eq!(tag_of(&mut cursor), Some(tag)));
    assert_eq!(producer.ring().used_bytes(), 3 * 64);
    assert_eq!(cursor.poll(), Polled::Empty);
    assert_eq!(producer.ring().used_bytes(), 0);
    assert_eq!(push(&mut producer, ONE_LINE, 3), Ok(()));
}

#[test]
fn frame_that_does_not_fit_before_the_end_goes_behind_a_padding() {
    let (mut producer, [mut cursor]) = ring::<1>(4).unwrap();
    let ring = producer.ring();
    let mut tap = ring.tap();
    for tag in 0..3 {
        push(&mut producer, ONE_LINE, tag).unwrap();
        assert_eq!(tag_of(&mut cursor), Some(tag));
        assert_eq!(tap_one(&mut tap), Tapped::Frame { tag, len: ONE_LINE });
    }
    assert_eq!(cursor.poll(), Polled::Empty);
    push(&mut producer, TWO_LINES, 3).unwrap();
    assert_eq!(
        ring.used_bytes(),
        3 * 64,
        "one line of padding, two of frame"
    );
    assert_eq!(ring.frames_published(), 4, "a padding is no frame");
    assert_eq!(tag_of(&mut cursor), Some(3));
    assert_eq!(
        tap_one(&mut tap),
        Tapped::Frame {
            tag: 3,
            len: TWO_LINES
        }
    );
}

#[test]
fn largest_frame_fits_wherever_an_empty_ring_stands() {
    let (mut producer, [mut cursor]) = ring::<1>(8).unwrap();
    let max = producer.ring().max_frame_bytes();
    assert_eq!(max, 4 * 64 - 16);
    for tag in 0..64 {
        push(&mut producer, max, tag).unwrap();
        assert_eq!(tag_of(&mut cursor), Some(tag));
        assert_eq!(cursor.poll(), Polled::Empty);
        push(&mut producer, 0, tag).unwrap();
        assert_eq!(tag_of(&mut cursor), Some(tag));
        assert_eq!(cursor.poll(), Polled::Empty);
    }
}

#[test]
fn frame_above_the_largest_is_too_large_even_in_an_empty_ring() {
    let (mut producer, [mut cursor]) = ring::<1>(4).unwrap();
    let max = producer.ring().max_frame_bytes();
    let bytes = vec![0; max];
    let error = producer.try_push(0, &[&bytes, b"x"]).unwrap_err();
    assert_eq!(
        error,
        PushError::TooLarge {
            len: max as u32 + 1,
            max: max as u32
        }
    );
    assert_eq!(cursor.poll(), Polled::Empty);
}

#[test]
fn dropped_producer_is_seen_as_closed_after_the_last_frame() {
    let (mut producer, [mut cursor]) = ring::<1>(4).unwrap();
    let ring = producer.ring();
    let mut tap = ring.tap();
    (0..3).for_each(|tag| push(&mut producer, ONE_LINE, tag).unwrap());
    drop(producer);
    for tag in 0..3 {
        assert_eq!(tag_of(&mut cursor), Some(tag));
        assert_eq!(tap_one(&mut tap), Tapped::Frame { tag, len: ONE_LINE });
    }
    for _ in 0..2 {
        assert_eq!(cursor.poll(), Polled::Closed);
        assert_eq!(tap_one(&mut tap), Tapped::Closed);
    }
    assert_eq!(
        tap_one(&mut ring.tap()),
        Tapped::Frame {
            tag: 2,
            len: ONE_LINE
        }
    );
}

#[test]
fn ring_closed_without_a_frame_is_closed_for_all() {
    let (producer, [mut cursor]) = ring::<1>(4).unwrap();
    let ring = producer.ring();
    drop(producer);
    assert_eq!(cursor.poll(), Polled::Closed);
    assert_eq!(tap_one(&mut ring.tap()), Tapped::Closed);
}

#[test]
fn dropped_cursor_no_longer_gates() {
    let (mut producer, [slow, mut fast]) = ring::<2>(4).unwrap();
    (0..3).for_each(|tag| push(&mut producer, ONE_LINE, tag).unwrap());
    while tag_of(&mut fast).is_some() {}
    push(&mut producer, ONE_LINE, 3).unwrap_err();
    drop(slow);
    assert_eq!(push(&mut producer, ONE_LINE, 3), Ok(()));
    drop(fast);
    (4..100).for_each(|tag| push(&mut producer, ONE_LINE, tag).unwrap());
    assert_eq!(producer.ring().used_bytes(), 0);
}

#[test]
fn lapped_tap_learns_the_count_and_resumes_at_the_newest_frame() {
    let (mut producer, []) = ring::<0>(8).unwrap();
    let mut tap = producer.ring().tap();
    push(&mut producer, ONE_LINE, 0).unwrap();
    assert_eq!(
        tap_one(&mut tap),
        Tapped::Frame {
            tag: 0,
            len: ONE_LINE
        }
    );
    (1..100).for_each(|tag| push(&mut producer, ONE_LINE, tag).unwrap());
    assert_eq!(tap_one(&mut tap), Tapped::Missed(98));
    assert_eq!(tap.next_ordinal(), 99);
    assert_eq!(
        tap_one(&mut tap),
        Tapped::Frame {
            tag: 99,
            len: ONE_LINE
        }
    );
    assert_eq!(tap_one(&mut tap), Tapped::Empty);
}

#[test]
fn tap_misses_nothing_up_to_seven_eighths_of_the_ring_behind() {
    let (mut producer, []) = ring::<0>(64).unwrap();
    for _ in 0..1000 {
        let mut tap = producer.ring().tap();
        while matches!(tap_one(&mut tap), Tapped::Frame { .. }) {}
        (0..55).for_each(|tag| push(&mut producer, ONE_LINE, tag).unwrap());
        for tag in 0..55 {
            assert_eq!(tap_one(&mut tap), Tapped::Frame { tag, len: ONE_LINE });
        }
    }
}

#[test]
fn tap_added_later_starts_at_the_newest_frame() {
    let (mut producer, []) = ring::<0>(8).unwrap();
    (0..50).for_each(|tag| push(&mut producer, TWO_LINES, tag).unwrap());
    let mut tap = producer.ring().clone().tap();
    assert_eq!(tap.next_ordinal(), 49);
    assert_eq!(
        tap_one(&mut tap),
        Tapped::Frame {
            tag: 49,
            len: TWO_LINES
        }
    );
    assert_eq!(tap_one(&mut tap), Tapped::Empty);
}

#[test]
fn frame_larger_than_the_buffer_stays_the_next_one() {
    let (mut producer, []) = ring::<0>(8).unwrap();
    let mut tap = producer.ring().tap();
    push(&mut producer, 20, 5).unwrap();
    assert_eq!(tap.poll(&mut [0; 19]), Tapped::TooSmall { len: 20 });
    let mut exact = [0; 20];
    assert_eq!(tap.poll(&mut exact), Tapped::Frame { tag: 5, len: 20 });
    assert_eq!(exact, [5; 20]);
}

#[test]
fn payload_that_reads_like_a_mark_is_never_taken_for_a_frame() {
    // Every payload is full of one word: the mark some frames later, about when readers wait at the
    // same lines again, or the end mark.
    for lie in 0..8 {
        let (mut producer, [mut cursor]) = ring::<1>(16).unwrap();
        let mut tap = producer.ring().tap();
        for ordinal in 0..500_u64 {
            let word = if lie == 0 {
                u64::MAX
            } else {
                ordinal + 1 + lie
            };
            let words = word
                .to_le_bytes()
                .repeat(8 * (1 + ordinal as usize % 7) - 2);
            producer.try_push(0, &[&words]).unwrap();
            let Polled::Frame(frame) = cursor.poll() else {
                panic!("no frame {ordinal}")
            };
            assert_eq!(frame.payload, words);
            assert_eq!(cursor.poll(), Polled::Empty);
            assert_eq!(
                tap_one(&mut tap),
                Tapped::Frame {
                    tag: 0,
                    len: words.len()
                }
            );
            assert_eq!(tap_one(&mut tap), Tapped::Empty);
        }
    }
}

#[test]
fn batch_is_seen_by_nobody_until_published_and_then_as_a_whole() {
    let (mut producer, [mut cursor]) = ring::<1>(64).unwrap();
    let ring = producer.ring();
    let mut tap = ring.tap();
    let mut batch = producer.batch();
    for tag in 0..5 {
        batch.try_push(tag, &[&[tag as u8; TWO_LINES]]).unwrap();
        assert_eq!(cursor.poll(), Polled::Empty);
        assert_eq!(tap_one(&mut tap), Tapped::Empty);
        assert_eq!(ring.frames_published(), 0);
    }
    batch.publish();
    assert_eq!(ring.frames_published(), 5);
    for tag in 0..5 {
        assert_eq!(tag_of(&mut cursor), Some(tag));
        let len = TWO_LINES;
        assert_eq!(tap_one(&mut tap), Tapped::Frame { tag, len });
    }
    assert_eq!(tag_of(&mut cursor), None);
}

#[test]
fn batch_that_begins_with_a_padding_is_hidden_all_the_same() {
    let (mut producer, [mut cursor]) = ring::<1>(16).unwrap();
    for tag in 0..15 {
        push(&mut producer, ONE_LINE, tag).unwrap();
        assert_eq!(tag_of(&mut cursor), Some(tag));
    }
    assert_eq!(cursor.poll(), Polled::Empty);
    let mut batch = producer.batch();
    batch.try_push(15, &[&[15; TWO_LINES]]).unwrap();
    assert_eq!(cursor.poll(), Polled::Empty);
    drop(batch);
    assert_eq!(tag_of(&mut cursor), Some(15));
}

#[test]
fn batch_of_more_than_a_quarter_of_the_ring_is_refused_and_keeps_what_it_has() {
    let (mut producer, [mut cursor]) = ring::<1>(64).unwrap();
    let mut batch = producer.batch();
    let full = loop {
        if let Err(full) = batch.try_push(7, &[&[7; ONE_LINE]]) {
            break full;
        }
    };
    assert_eq!(full, PushError::Full { needed: 2, free: 1 });
    assert_eq!(batch.try_push(7, &[&[7; ONE_LINE]]), Err(full));
    batch.publish();
    assert_eq!(cursor.frames(100).count(), 15);
    let mut batch = producer.batch();
    batch.try_push(8, &[b"next"]).unwrap();
    drop(batch);
    assert_eq!(cursor.frames(100).count(), 1);
}

#[test]
fn largest_frame_fits_into_a_batch_of_its_own() {
    let (mut producer, [mut cursor]) = ring::<1>(8).unwrap();
    let payload = vec![3; producer.ring().max_frame_bytes()];
    for _ in 0..20 {
        let mut batch = producer.batch();
        batch.try_push(3, &[&payload]).unwrap();
        batch.publish();
        assert_eq!(tag_of(&mut cursor), Some(3));
        assert_eq!(cursor.poll(), Polled::Empty);
    }
}

#[test]
fn empty_batch_changes_nothing() {
    let (mut producer, [mut cursor]) = ring::<1>(8).unwrap();
    producer.batch().publish();
    assert_eq!(cursor.poll(), Polled::Empty);
    push(&mut producer, ONE_LINE, 1).unwrap();
    producer.batch().publish();
    assert_eq!(producer.ring().frames_published(), 1);
    assert_eq!(tag_of(&mut cursor), Some(1));
}

#[test]
fn frames_read_together_stay_in_place_until_the_next_call() {
    let (mut producer, [mut cursor]) = ring::<1>(4).unwrap();
    (0..3).for_each(|tag| push(&mut producer, ONE_LINE, tag).unwrap());
    let frames: Vec<_> = cursor.frames(2).collect();
    assert!(
        push(&mut producer, ONE_LINE, 3).is_err(),
        "the space is in use"
    );
    assert_eq!(frames.iter().map(|frame| frame.tag).sum::<u32>(), 1);
    assert!(
        frames
            .iter()
            .all(|frame| frame.payload == [frame.tag as u8; ONE_LINE])
    );
    assert_eq!(cursor.frames(0).count(), 0);
    assert_eq!(push(&mut producer, ONE_LINE, 3), Ok(()));
    let tags: Vec<u32> = cursor.frames(usize::MAX).map(|frame| frame.tag).collect();
    assert_eq!(tags, [2, 3]);
    assert_eq!(cursor.next_ordinal(), 4);
    drop(producer);
    assert_eq!(cursor.frames(9).count(), 0);
    assert_eq!(cursor.poll(), Polled::Closed);
}
