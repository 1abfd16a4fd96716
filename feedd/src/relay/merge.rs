//! Several sources become one row, by receive time, within a bounded window.
//!
//! Each source's frames keep their order. Between sources the earlier receive stamp goes first, as
//! long as it is known: a frame waits for the other sources until each of them has something, or
//! until it has waited for the window. What comes later than that is taken as it comes, and counted.
//! With one source nothing waits.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::position::Position;

/// Bytes that wait of one source. More than the window holds at the highest rate, so that only a
/// source that catches up meets it; it then goes on without waiting for others.
const LANE_BYTES_MAX: usize = 32 << 20;
/// What an entry costs beside its payload.
const ENTRY_BYTES: usize = size_of::<Entry>();

/// One thing to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A record.
    Record(Box<[u8]>),
    /// From this number to that of the entry's place the source has nothing.
    Missed(u64),
}

/// What came from a source, at its place in the source's journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it stands there.
    pub at: Position,
    /// Receive stamp, nanoseconds.
    pub ts_recv: i64,
    /// When it came here.
    pub since: Instant,
    /// What it is.
    pub what: What,
}

impl Entry {
    fn bytes(&self) -> usize {
        match &self.what {
            What::Record(payload) => ENTRY_BYTES + payload.len(),
            What::Missed(_) => ENTRY_BYTES,
        }
    }
}

#[derive(Debug, Default)]
struct Lane {
    entries: VecDeque<Entry>,
    bytes: usize,
    /// Receive stamp of the last that was added.
    newest: i64,
}

/// What waits, and the order in which it goes.
#[derive(Debug)]
pub struct Merge {
    lanes: Vec<Lane>,
    window: Duration,
    newest: i64,
    late: u64,
}

impl Merge {
    /// A merge of so many sources in which a frame waits for `window` at most.
    #[must_use]
    pub fn new(sources: usize, window: Duration) -> Self {
        Self {
            lanes: (0..sources).map(|_| Lane::default()).collect(),
            window,
            newest: i64::MIN,
            late: 0,
        }
    }

    /// Adds what came from `source`.
    pub fn push(&mut self, source: usize, entry: Entry) {
        if let Some(lane) = self.lanes.get_mut(source) {
            lane.bytes += entry.bytes();
            lane.newest = entry.ts_recv;
            lane.entries.push_back(entry);
        }
    }

    /// The next to write, with its source, if there is one whose turn it is.
    pub fn pop(&mut self, now: Instant) -> Option<(usize, Entry)> {
        let heads = self.lanes.iter().enumerate();
        let heads = heads.filter_map(|(at, lane)| Some((at, lane.entries.front()?)));
        let (at, _) = heads.min_by_key(|(_, entry)| entry.ts_recv)?;
        if !self.is_due(now) {
            return None;
        }
        let lane = self.lanes.get_mut(at)?;
        let entry = lane.entries.pop_front()?;
        lane.bytes -= entry.bytes();
        if entry.ts_recv < self.newest {
            self.late += 1;
        }
        self.newest = self.newest.max(entry.ts_recv);
        Some((at, entry))
    }

    /// Receive stamp of what `source` added last, 0 before that.
    #[must_use]
    pub fn newest_of(&self, source: usize) -> i64 {
        self.lanes.get(source).map_or(0, |lane| lane.newest)
    }

    /// Records that were written behind a later one of another source.
    #[must_use]
    pub const fn late(&self) -> u64 {
        self.late
    }

    /// Whether anything waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lanes.iter().all(|lane| lane.entries.is_empty())
    }

    /// Whether the earliest may go: nothing earlier can come any more, or something has waited long
    /// enough (what is earlier than that goes before it).
    fn is_due(&self, now: Instant) -> bool {
        let waited = |entry: &Entry| now.saturating_duration_since(entry.since) >= self.window;
        self.lanes.iter().all(|lane| !lane.entries.is_empty())
            || self.lanes.iter().any(|lane| {
                lane.bytes >= LANE_BYTES_MAX || lane.entries.front().is_some_and(waited)
            })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn entry(seq: u64, ts_recv: i64, since: Instant) -> Entry {
        Entry {
            at: Position { run: 1, seq },
            ts_recv,
            since,
            what: What::Record(Box::from([0; 8])),
        }
    }

    fn drain(merge: &mut Merge, now: Instant) -> Vec<(usize, i64)> {
        std::iter::from_fn(|| merge.pop(now))
            .map(|(source, entry)| (source, entry.ts_recv))
            .collect()
    }

    const WINDOW: Duration = Duration::from_millis(50);

    #[test]
    fn one_source_never_waits() {
        let (mut merge, now) = (Merge::new(1, WINDOW), Instant::now());
        merge.push(0, entry(1, 10, now));
        merge.push(0, entry(2, 5, now));
        assert_eq!(drain(&mut merge, now), [(0, 10), (0, 5)]);
        assert!(merge.is_empty());
    }

    #[test]
    fn two_sources_are_put_in_order_of_receipt() {
        let (mut merge, now) = (Merge::new(2, WINDOW), Instant::now());
        for ts in [10, 30, 50] {
            merge.push(0, entry(1, ts, now));
            merge.push(1, entry(1, ts + 10, now));
        }
        let first = drain(&mut merge, now);
        assert_eq!(first, [(0, 10), (1, 20), (0, 30), (1, 40), (0, 50)]);
        assert_eq!(drain(&mut merge, now + WINDOW), [(1, 60)]);
        assert_eq!(merge.late(), 0);
    }

    #[test]
    fn a_silent_source_holds_the_others_for_the_window_and_no_longer() {
        let (mut merge, now) = (Merge::new(2, WINDOW), Instant::now());
        merge.push(0, entry(1, 10, now));
        assert_eq!(drain(&mut merge, now + WINDOW / 2), []);
        assert_eq!(drain(&mut merge, now + WINDOW), [(0, 10)]);
        merge.push(1, entry(1, 5, now + WINDOW));
        assert_eq!(drain(&mut merge, now + 2 * WINDOW), [(1, 5)]);
        assert_eq!(merge.late(), 1);
    }

    #[test]
    fn what_has_waited_long_enough_goes_behind_what_is_earlier() {
        let (mut merge, now) = (Merge::new(3, WINDOW), Instant::now());
        merge.push(0, entry(1, 20, now));
        merge.push(1, entry(1, 10, now + WINDOW));
        assert_eq!(drain(&mut merge, now + WINDOW), [(1, 10), (0, 20)]);
    }

    #[test]
    fn a_source_that_fills_its_room_does_not_wait() {
        let (mut merge, now) = (Merge::new(2, WINDOW), Instant::now());
        let mut pushed = 0;
        for seq in 0.. {
            let mut large = entry(seq, 10, now);
            large.what = What::Record(vec![0; 1 << 20].into());
            merge.push(0, large);
            pushed += 1;
            if merge.pop(now).is_some() {
                break;
            }
        }
        assert_eq!(pushed, 32);
    }
}
