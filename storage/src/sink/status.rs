//! How a sink is doing, for any thread to read.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Batches whose place is remembered until they are acknowledged; beyond it the lag in bytes is told
/// a little too high.
const MARKS_MAX: usize = 4_096;

macro_rules! counters {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// Counters and lag of one sink; its pump writes, everybody may read.
        #[derive(Debug, Default)]
        pub struct SinkStatus {
            up: AtomicBool,
            $(pub(super) $name: Counter,)+
        }

        /// [`SinkStatus`] at one moment. Each number is exact; together they are not one snapshot.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct SinkReport {
            /// Whether the last try worked.
            pub up: bool,
            $($(#[doc = $doc])+ pub $name: u64,)+
        }

        impl SinkStatus {
            /// The numbers now.
            #[must_use]
            pub fn read(&self) -> SinkReport {
                SinkReport {
                    up: self.up.load(Ordering::Relaxed),
                    $($name: self.$name.get(),)+
                }
            }
        }
    };
}

counters! {
    /// Rows handed over and taken, repeats included.
    taken,
    /// First journal sequence that is not acknowledged: where the cursor stands or will stand.
    acked_seq,
    /// Records of the journal below [`SinkReport::acked_seq`] that passed since the start.
    acked_records,
    /// Tries that failed for now, since the start.
    retries,
    /// Rows that went to the dead letters, since the start.
    dead,
    /// Rows that were gone from the journal before the sink had them, since the start.
    lost,
    /// Records in the journal that are not acknowledged.
    lag_records,
    /// Bytes of the journal behind the last acknowledged record.
    lag_bytes,
    /// Age of the last acknowledged record while there is a newer one, in nanoseconds; else 0.
    lag_ns,
}

impl SinkStatus {
    pub(super) fn set_up(&self, up: bool) {
        self.up.store(up, Ordering::Relaxed);
    }
}

/// A number that only statistics depend on, so no ordering is needed.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(super) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A place in the log behind some record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// Sequence of the next record.
    pub(super) seq: u64,
    /// Segment and offset in its file.
    pub(super) place: (u64, u64),
    /// Receive stamp of the record before, 0 if none is known.
    pub(super) ts_recv: i64,
}

/// Where the ends of the batches are that were handed over, so that the lag of the acknowledged
/// place is known in bytes and seconds, too.
#[derive(Debug, Default)]
pub(super) struct Marks {
    behind: Mark,
    ahead: VecDeque<Mark>,
}

impl Marks {
    pub(super) fn start(&mut self, mark: Mark) {
        self.behind = mark;
        self.ahead.clear();
    }

    pub(super) fn push(&mut self, mark: Mark) {
        if self.ahead.len() >= MARKS_MAX {
            self.ahead.pop_back();
        }
        self.ahead.push_back(mark);
    }

    /// The last known place that is not behind `acked`.
    pub(super) fn acked(&mut self, acked: u64) -> Mark {
        while let Some(&mark) = self.ahead.front().filter(|mark| mark.seq <= acked) {
            self.behind = mark;
            self.ahead.pop_front();
        }
        self.behind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_behind_the_acknowledged_record_is_never_told_too_far() {
        let mark = |seq| Mark {
            seq,
            place: (1, seq * 100),
            ts_recv: 0,
        };
        let mut marks = Marks::default();
        marks.start(mark(5));
        (10..10_000)
            .step_by(10)
            .for_each(|seq| marks.push(mark(seq)));
        assert_eq!(marks.acked(5), mark(5));
        assert_eq!(marks.acked(19), mark(10));
        assert_eq!(marks.acked(20), mark(20));
        marks.start(mark(7));
        assert_eq!(marks.acked(9_999), mark(7));
        for seq in 8..=100_000 {
            marks.push(mark(seq));
        }
        assert!(marks.ahead.len() <= MARKS_MAX);
        assert_eq!(marks.acked(100_000), mark(100_000));
    }
}
