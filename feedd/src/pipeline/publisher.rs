//! The way into the ring, and what happens when it is full.
//!
//! A full ring blocks the reader: it does not read its sockets, TCP pushes back to the venue, and
//! nothing is lost yet. After `limits.ring_full_wait` the reader sheds: what it reads is dropped
//! and counted until half of the ring is free again; then each feed that lost something records its
//! gaps, before anything else of its own, and resynchronises.

use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use feedd_codecs::raw::RawHead;
use feedd_codecs::{Record, RecordSink, VenueId};
use feedd_ringbuf::{Producer, PushError, Ring};
use zerocopy::IntoBytes;

use super::carry::Carried;
use super::entry::{self, What};
use crate::clock;
use crate::roster::Roster;

/// Pause between two looks at a full ring.
const FULL_PAUSE: Duration = Duration::from_micros(20);
/// Feeds of one reader at most (`config` allows 64 feeds in all).
const FEEDS_MAX: usize = 64;

/// The producing end of a reader's ring.
#[derive(Debug)]
pub(super) struct Publisher {
    producer: Producer,
    ring: Ring,
    scratch: Vec<u8>,
    wait: Duration,
    /// Whether the reader never sleeps.
    spins: bool,
    /// The journal's work, if this reader may have it.
    carried: Option<Rc<Carried>>,
    shedding: bool,
    /// Feeds that lost records since the last [`Publisher::take_loss`].
    lossy: [bool; FEEDS_MAX],
    lost_records: u64,
    lost_raw: u64,
    full: u64,
    roster: Arc<Mutex<Roster>>,
}

impl Publisher {
    pub(super) fn new(
        producer: Producer,
        wait: Duration,
        spins: bool,
        roster: Arc<Mutex<Roster>>,
    ) -> Self {
        let ring = producer.ring();
        Self {
            scratch: vec![
                0;
                ring.max_frame_bytes()
                    .min(feedd_codecs::record::RECORD_BYTES_MAX)
            ],
            producer,
            ring,
            wait,
            spins,
            carried: None,
            shedding: false,
            lossy: [false; FEEDS_MAX],
            lost_records: 0,
            lost_raw: 0,
            full: 0,
            roster,
        }
    }

    /// With the journal's work in the same hands.
    pub(super) fn carrying(mut self, carried: Option<Rc<Carried>>) -> Self {
        self.carried = carried;
        self
    }

    /// Journals what was published, if that is this reader's work; whether there was anything.
    #[inline]
    pub(super) fn carry(&self) -> bool {
        let carried = self.carried.as_ref();
        carried.is_some_and(|carried| carried.round())
    }

    /// A sink for the records of feed `feed`.
    pub(super) const fn sink(&mut self, feed: u32) -> FeedSink<'_> {
        FeedSink {
            publisher: self,
            feed,
        }
    }

    /// Publishes a frame as received, for `raw/` or the quarantine.
    pub(super) fn raw(&mut self, what: What, feed: u32, head: &RawHead, frame: &[u8]) {
        let entry = entry::head(clock::mono(), head.ts_recv);
        if !self.push(entry::tag(what, feed), &[&entry, head.as_bytes(), frame]) {
            self.lost_raw += 1;
        }
    }

    /// Whether `feed` lost records and the ring has room again: its gaps can be told now.
    pub(super) fn take_loss(&mut self, feed: u32) -> bool {
        if self.shedding && self.ring.used_bytes() * 2 < self.ring.capacity_bytes() {
            self.shedding = false;
        }
        let lossy = self.lossy.get_mut(feed as usize);
        !self.shedding && lossy.is_some_and(std::mem::take)
    }

    /// Records and raw frames lost, and how often the ring was full.
    pub(super) const fn losses(&self) -> (u64, u64, u64) {
        (self.lost_records, self.lost_raw, self.full)
    }

    /// Notes new symbols before their first record. Ids that could not be noted would mean other
    /// symbols after a restart: then the log says so, loudly, and the file is tried again with the
    /// next.
    #[cold]
    fn enrol(&self, venue: VenueId, symbols: &[Box<str>]) {
        let mut roster = self.roster.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(failure) = roster.enrol(&venue.to_string(), symbols) {
            tracing::error!(%venue, %failure, "new instruments are not noted: do not restart before this is repaired");
        }
    }

    fn record(&mut self, feed: u32, record: &Record<'_>) {
        // Behind a hole nothing of the feed may stand before the gap that tells it, also when
        // another feed of the reader has found room in the ring first.
        let published = !self.is_lossy(feed) && self.publish(feed, record);
        if !published {
            self.lost_records += 1;
            if let Some(lossy) = self.lossy.get_mut(feed as usize) {
                *lossy = true;
            }
        }
    }

    /// Whether `feed` has lost records that its journal does not tell yet.
    pub(super) fn is_lossy(&self, feed: u32) -> bool {
        self.lossy.get(feed as usize).is_some_and(|lossy| *lossy)
    }

    fn publish(&mut self, feed: u32, record: &Record<'_>) -> bool {
        let mut scratch = std::mem::take(&mut self.scratch);
        let published = match record.encode(&mut scratch) {
            Some(length) => {
                let entry = entry::head(clock::mono(), record.header().ts_recv);
                self.push(
                    entry::tag(What::Record, feed),
                    &[&entry, &scratch[..length]],
                )
            }
            // Larger than half the ring: the configuration's ring is too small for this book.
            None => false,
        };
        self.scratch = scratch;
        published
    }

    #[inline]
    fn push(&mut self, tag: u32, parts: &[&[u8]]) -> bool {
        if self.shedding {
            return false;
        }
        match self.producer.try_push(tag, parts) {
            Ok(()) => true,
            Err(PushError::TooLarge { .. }) => false,
            Err(PushError::Full { .. }) => self.push_when_free(tag, parts),
        }
    }

    #[cold]
    fn push_when_free(&mut self, tag: u32, parts: &[&[u8]]) -> bool {
        self.full += 1;
        let since = Instant::now();
        // Who has to make the room does not wait for it.
        while self.carry() || self.has_paused(since) {
            if self.producer.try_push(tag, parts).is_ok() {
                return true;
            }
        }
        self.shedding = true;
        false
    }

    /// Waits for the next look at a full ring, unless that is over. A reader that spins has its core
    /// for itself: to be woken would take it longer than the journal takes to make room.
    fn has_paused(&self, since: Instant) -> bool {
        if since.elapsed() >= self.wait {
            return false;
        }
        if self.spins {
            std::hint::spin_loop();
        } else {
            std::thread::sleep(FULL_PAUSE);
        }
        true
    }
}

/// Records of one feed on their way into the ring.
#[derive(Debug)]
pub(super) struct FeedSink<'a> {
    publisher: &'a mut Publisher,
    feed: u32,
}

impl RecordSink for FeedSink<'_> {
    #[inline]
    fn record(&mut self, record: &Record<'_>) {
        self.publisher.record(self.feed, record);
    }

    fn enrol(&mut self, venue: VenueId, symbols: &[Box<str>]) {
        self.publisher.enrol(venue, symbols);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    use feedd_codecs::InstrumentId;
    use feedd_codecs::record::Bbo;
    use feedd_ringbuf::Polled;

    fn roster() -> Arc<Mutex<Roster>> {
        let empty = Roster::load(Path::new("/nonexistent")).unwrap();
        Arc::new(Mutex::new(empty))
    }

    fn drain(cursor: &mut feedd_ringbuf::Cursor) -> u64 {
        let mut frames = 0;
        while let Polled::Frame(_) = cursor.poll() {
            frames += 1;
        }
        frames
    }

    #[test]
    fn a_full_ring_waits_then_sheds_then_tells_the_loss_once() {
        let (producer, [mut cursor]) = feedd_ringbuf::ring::<1>(64).unwrap();
        let mut publisher = Publisher::new(producer, Duration::from_millis(5), false, roster());
        let bbo = Bbo::new(InstrumentId::NONE, 0, 0);
        let since = Instant::now();
        for _ in 0..100 {
            publisher.sink(3).record(&Record::Bbo(&bbo));
        }
        let (lost, _, full) = publisher.losses();
        assert!(lost > 0 && full == 1 && since.elapsed() >= Duration::from_millis(5));
        assert!(!publisher.take_loss(3), "the ring is still full");
        assert_eq!(drain(&mut cursor) + lost, 100);
        assert!(publisher.take_loss(3));
        assert!(!publisher.take_loss(3));
        publisher.sink(3).record(&Record::Bbo(&bbo));
        assert_eq!(drain(&mut cursor), 1);
    }

    #[test]
    fn room_found_by_one_feed_lets_no_other_go_on_before_its_loss_is_told() {
        let (producer, [mut cursor]) = feedd_ringbuf::ring::<1>(64).unwrap();
        let mut publisher = Publisher::new(producer, Duration::ZERO, false, roster());
        let bbo = Bbo::new(InstrumentId::NONE, 0, 0);
        for at in 0..100 {
            publisher.sink(at % 2).record(&Record::Bbo(&bbo));
        }
        drain(&mut cursor);
        assert!(publisher.take_loss(0));
        publisher.sink(0).record(&Record::Bbo(&bbo));
        publisher.sink(1).record(&Record::Bbo(&bbo));
        assert_eq!(drain(&mut cursor), 1, "feed 1 has not told its loss");
        assert!(publisher.take_loss(1));
        publisher.sink(1).record(&Record::Bbo(&bbo));
        assert_eq!(drain(&mut cursor), 1);
    }

    /// How often this thread has given its core away.
    fn sleeps() -> u64 {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let mut lines = status.lines();
        let count = lines.find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        count.unwrap().trim().parse().unwrap()
    }

    /// Sleeps of a reader that waits 20 ms for room and gets none.
    fn sleeps_at_a_full_ring(spins: bool) -> u64 {
        let (producer, [_cursor]) = feedd_ringbuf::ring::<1>(64).unwrap();
        let wait = Duration::from_millis(20);
        let mut publisher = Publisher::new(producer, wait, spins, roster());
        let bbo = Bbo::new(InstrumentId::NONE, 0, 0);
        let before = sleeps();
        for _ in 0..100 {
            publisher.sink(0).record(&Record::Bbo(&bbo));
        }
        assert_eq!(publisher.losses().2, 1, "it waited once");
        sleeps() - before
    }

    #[test]
    fn only_a_reader_that_parks_sleeps_while_its_ring_is_full() {
        assert!(sleeps_at_a_full_ring(false) > 5);
        assert!(sleeps_at_a_full_ring(true) <= 2);
    }
}
