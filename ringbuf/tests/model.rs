//! Random operations on one thread, against a model made of a `VecDeque` and plain arithmetic.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used, reason = "a test helper may")]

use std::collections::VecDeque;

use feedd_ringbuf::{
    Cursor, HEADER_BYTES, LINE_BYTES, Polled, Producer, PushError, Tap, Tapped, ring,
};
use proptest::prelude::*;

const CURSORS: usize = 2;

#[derive(Clone, Debug)]
enum Op {
    Push { size: Size, fill: u64, parts: usize },
    Batch { len: usize, count: usize },
    Frames { cursor: usize, limit: usize },
    Poll { cursor: usize, count: usize },
    Release { cursor: usize },
    Drop { cursor: usize },
    Tap { count: usize },
}

/// Payload sizes worth trying, some of which depend on the ring.
#[derive(Clone, Copy, Debug)]
enum Size {
    Bytes(usize),
    Lines(usize),
    Max,
    MaxLess(usize),
    AboveMax,
}

impl Size {
    fn bytes(self, max: usize) -> usize {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Lines(lines) => lines * LINE_BYTES - HEADER_BYTES,
            Self::Max => max,
            Self::MaxLess(less) => max.saturating_sub(less),
            Self::AboveMax => max + 1,
        }
    }
}

fn sizes() -> impl Strategy<Value = Size> {
    prop_oneof![
        3 => (0_usize..150).prop_map(Size::Bytes),
        2 => (1_usize..4).prop_map(Size::Lines),
        1 => Just(Size::Bytes(0)),
        1 => Just(Size::Max),
        1 => (0_usize..130).prop_map(Size::MaxLess),
        1 => Just(Size::AboveMax),
    ]
}

fn ops() -> impl Strategy<Value = Op> {
    // Small words are the marks of frames to come, the largest is the end mark.
    let fill = prop_oneof![0_u64..200, Just(u64::MAX), any::<u64>()];
    let push = (sizes(), fill, 1_usize..4);
    prop_oneof![
        8 => push.prop_map(|(size, fill, parts)| Op::Push { size, fill, parts }),
        3 => (0_usize..150, 0_usize..9).prop_map(|(len, count)| Op::Batch { len, count }),
        3 => (0..CURSORS, 0_usize..9).prop_map(|(cursor, limit)| Op::Frames { cursor, limit }),
        6 => (0..CURSORS, 0_usize..12).prop_map(|(cursor, count)| Op::Poll { cursor, count }),
        2 => (0..CURSORS).prop_map(|cursor| Op::Release { cursor }),
        1 => (0..CURSORS * 20).prop_map(|cursor| Op::Drop { cursor }),
        3 => (0_usize..12).prop_map(|count| Op::Tap { count }),
    ]
}

struct ModelCursor {
    /// The ring's cursor, until it is dropped.
    real: Option<Cursor>,
    unread: VecDeque<usize>,
    /// Line behind the last frame taken, and the one the model has released.
    taken: u64,
    released: u64,
}

/// What the ring should hold, beside the ring itself.
struct Model {
    producer: Producer,
    capacity: u64,
    /// Every frame ever published: tag, payload, and the line behind it.
    frames: Vec<(u32, Vec<u8>, u64)>,
    head: u64,
    cursors: Vec<ModelCursor>,
    tap: Tap,
    tap_next: usize,
}

impl Model {
    fn new(capacity: usize) -> Self {
        let (producer, cursors) = ring::<CURSORS>(capacity).unwrap();
        let tap = producer.ring().tap();
        let cursor = |real| ModelCursor {
            real: Some(real),
            unread: VecDeque::new(),
            taken: 0,
            released: 0,
        };
        Self {
            producer,
            capacity: capacity as u64,
            frames: Vec::new(),
            head: 0,
            cursors: cursors.into_iter().map(cursor).collect(),
            tap,
            tap_next: 0,
        }
    }

    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Push { size, fill, parts } => self.push(size, fill, parts),
            Op::Batch { len, count } => self.batch(len, count),
            Op::Frames { cursor, limit } => self.frames(cursor, limit),
            Op::Poll { cursor, count } => (0..count).for_each(|_| self.poll(cursor)),
            Op::Release { cursor } => self.release(cursor),
            Op::Drop { cursor } => self.drop_cursor(cursor),
            Op::Tap { count } => (0..count).for_each(|_| self.tap()),
        }
        self.check_gauges();
    }

    fn slowest(&self) -> Option<u64> {
        let live = self.cursors.iter().filter(|cursor| cursor.real.is_some());
        live.map(|cursor| cursor.released).min()
    }

    fn push(&mut self, size: Size, fill: u64, parts: usize) {
        let max = self.capacity as usize / 2 * LINE_BYTES - HEADER_BYTES;
        let len = size.bytes(max);
        let payload: Vec<u8> = fill.to_le_bytes().into_iter().cycle().take(len).collect();
        let slices: Vec<&[u8]> = payload.chunks((len / parts).max(1)).collect();
        let tag = fill as u32;
        let lines = (HEADER_BYTES + len).div_ceil(LINE_BYTES) as u64;
        let room = self.capacity - self.head % self.capacity;
        let padding = if lines > room { room } else { 0 };
        let needed = padding + lines + 1;
        let free = self
            .slowest()
            .map_or(self.capacity, |slow| slow + self.capacity - self.head);
        let expected = if len > max {
            Err(PushError::TooLarge {
                len: len as u32,
                max: max as u32,
            })
        } else if needed > free {
            Err(PushError::Full {
                needed: needed as u32,
                free: free as u32,
            })
        } else {
            Ok(())
        };
        assert_eq!(self.producer.try_push(tag, &slices), expected);
        if expected.is_ok() {
            self.head += padding + lines;
            let index = self.frames.len();
            self.cursors
                .iter_mut()
                .for_each(|cursor| cursor.unread.push_back(index));
            self.frames.push((tag, payload, self.head));
        }
    }

    /// Lines a frame of `len` bytes takes at `head`, a padding before it included.
    fn lines(&self, head: u64, len: usize) -> u64 {
        let lines = (HEADER_BYTES + len).div_ceil(LINE_BYTES) as u64;
        let room = self.capacity - head % self.capacity;
        if lines > room { room + lines } else { lines }
    }

    /// A batch ends at the first frame that does not fit.
    fn batch(&mut self, len: usize, count: usize) {
        let (start, slowest, capacity) = (self.head, self.slowest(), self.capacity);
        let payload = vec![count as u8; len];
        let mut expected = Vec::new();
        let mut head = start;
        for _ in 0..count {
            let needed = self.lines(head, len) + 1;
            let free = slowest.map_or(capacity, |slow| slow + capacity - head);
            let limit = start + capacity / 4;
            let fits = needed <= free && (head == start || head + needed <= limit);
            if len > self.producer.ring().max_frame_bytes() || !fits {
                break;
            }
            head += needed - 1;
            expected.push(head);
        }
        let mut batch = self.producer.batch();
        let pushed = (0..count).take_while(|_| batch.try_push(9, &[&payload]).is_ok());
        assert_eq!(pushed.count(), expected.len());
        batch.publish();
        for behind in expected {
            let index = self.frames.len();
            self.cursors
                .iter_mut()
                .for_each(|cursor| cursor.unread.push_back(index));
            self.frames.push((9, payload.clone(), behind));
            self.head = behind;
        }
    }

    fn frames(&mut self, cursor: usize, limit: usize) {
        let model = &mut self.cursors[cursor];
        let Some(real) = &mut model.real else { return };
        model.released = model.taken;
        let expected = limit.min(model.unread.len());
        let mut count = 0;
        for (frame, index) in real.frames(limit).zip(model.unread.iter()) {
            let (tag, payload, behind) = &self.frames[*index];
            assert_eq!((frame.tag, frame.payload), (*tag, &payload[..]));
            model.taken = *behind;
            count += 1;
        }
        assert_eq!(count, expected);
        model.unread.drain(..count);
    }

    fn poll(&mut self, cursor: usize) {
        let model = &mut self.cursors[cursor];
        let Some(real) = &mut model.real else { return };
        match (real.poll(), model.unread.pop_front()) {
            (Polled::Frame(frame), Some(index)) => {
                let (tag, payload, behind) = &self.frames[index];
                assert_eq!((frame.tag, frame.payload), (*tag, &payload[..]));
                model.taken = *behind;
            }
            (Polled::Empty, None) => model.released = model.taken,
            (polled, expected) => panic!("{polled:?} where the model has {expected:?}"),
        }
    }

    fn release(&mut self, cursor: usize) {
        let model = &mut self.cursors[cursor];
        if let Some(real) = &mut model.real {
            real.release();
            model.released = model.taken;
        }
    }

    fn drop_cursor(&mut self, cursor: usize) {
        if let Some(model) = self.cursors.get_mut(cursor) {
            model.real = None;
        }
    }

    fn tap(&mut self) {
        let mut buffer = vec![0; self.producer.ring().max_frame_bytes()];
        let behind_lines = self.head - self.line_before(self.tap_next);
        match self.tap.poll(&mut buffer) {
            Tapped::Frame { tag, len } => {
                let (expected_tag, payload, _) = &self.frames[self.tap_next];
                assert_eq!((tag, &buffer[..len]), (*expected_tag, &payload[..]));
                self.tap_next += 1;
            }
            Tapped::Missed(count) => {
                assert!(
                    behind_lines > self.capacity - self.capacity / 8 - 1,
                    "lapped too early"
                );
                self.tap_next += count as usize;
                assert_eq!(
                    self.tap_next,
                    self.frames.len() - 1,
                    "resumes at the newest frame"
                );
            }
            Tapped::Empty if self.tap_next == self.frames.len() => {}
            // The one case in which the frame is there and the first answer is still empty: only
            // the padding in front of the newest frame was lapped.
            Tapped::Empty => assert_eq!(self.tap_next, self.frames.len() - 1),
            other => panic!("{other:?}"),
        }
        assert_eq!(self.tap.next_ordinal(), self.tap_next as u64);
    }

    /// Line behind the frame before `index`: where that frame or its padding starts.
    fn line_before(&self, index: usize) -> u64 {
        index
            .checked_sub(1)
            .map_or(0, |before| self.frames[before].2)
    }

    fn check_gauges(&self) {
        let ring = self.producer.ring();
        assert_eq!(ring.frames_published(), self.frames.len() as u64);
        let used = self.slowest().map_or(0, |slow| self.head - slow);
        assert_eq!(ring.used_bytes(), used * LINE_BYTES as u64);
    }

    /// Closes the ring and lets everybody read to the end.
    fn finish(self) {
        let Self {
            producer,
            frames,
            cursors,
            mut tap,
            tap_next,
            ..
        } = self;
        let max = producer.ring().max_frame_bytes();
        drop(producer);
        for mut cursor in cursors {
            let Some(real) = &mut cursor.real else {
                continue;
            };
            for index in cursor.unread {
                let (tag, payload, _) = &frames[index];
                let Polled::Frame(frame) = real.poll() else {
                    panic!("frame {index} lost")
                };
                assert_eq!((frame.tag, frame.payload), (*tag, &payload[..]));
            }
            assert_eq!(real.poll(), Polled::Closed);
        }
        let mut next = tap_next as u64;
        for _ in 0..=frames.len() - tap_next + 2 {
            match tap.poll(&mut vec![0; max]) {
                Tapped::Frame { .. } => next += 1,
                Tapped::Missed(count) => next += count,
                Tapped::Empty | Tapped::Closed => {}
                Tapped::TooSmall { len } => panic!("{len} above the largest"),
            }
        }
        assert_eq!(next, frames.len() as u64, "received + missed == published");
        assert_eq!(tap.poll(&mut []), Tapped::Closed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn ring_behaves_like_a_queue_per_reader(
        capacity in prop_oneof![Just(4_usize), Just(8), Just(16), Just(64)],
        ops in prop::collection::vec(ops(), 1..300),
    ) {
        let mut model = Model::new(capacity);
        for op in &ops {
            model.apply(op);
        }
        model.finish();
    }
}
