//! Latency histograms: one recorder a thread, swapped every second.
//!
//! A recorder owns two sets of histograms. Once a second it sends the filled one to the monitor and
//! goes on with the cleared one that came back; if none came back (the monitor is slow), the
//! interval simply gets longer. Nothing is allocated after start.

use crossbeam_channel::{Receiver, Sender, bounded};
use feedd_codecs::VenueId;
use hdrhistogram::Histogram;

/// Sets on their way to the monitor.
pub(super) const QUEUE: usize = 256;

const SECOND: i64 = 1_000_000_000;
/// Largest latency told apart: one minute.
const MOST_NS: u64 = 60_000_000_000;
/// Significant digits of a recorded value.
const DIGITS: u8 = 3;

/// A part of the way from the venue to the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Venue's stamp to user space, where the venue's clock is behind ours.
    VenueUser = 0,
    /// The same where the venue's clock is ahead of ours: the magnitude.
    VenueUserAhead = 1,
    /// The kernel's receive stamp to user space, of the frames that have one.
    KernelUser = 2,
    /// Frame in user space to decoded.
    UserDecoded = 3,
    /// Decoded to all its records in the ring.
    DecodedPublished = 4,
    /// A record in the ring to the same record in the mapped journal.
    PublishedJournaled = 5,
}

/// The stages in the order of the way, with their names.
pub const STAGES: [(Stage, &str); 6] = [
    (Stage::VenueUser, "venue_user"),
    (Stage::VenueUserAhead, "venue_user_ahead"),
    (Stage::KernelUser, "kernel_user"),
    (Stage::UserDecoded, "user_decoded"),
    (Stage::DecodedPublished, "decoded_published"),
    (Stage::PublishedJournaled, "published_journaled"),
];

/// The histograms of one venue and interval.
#[derive(Debug)]
pub(super) struct Set {
    venue: VenueId,
    histograms: Vec<Histogram<u64>>,
    /// Monotonic begin and end of the interval.
    begin: i64,
    end: i64,
}

impl Set {
    fn new(venue: VenueId, begin: i64) -> Option<Box<Self>> {
        let histograms = STAGES
            .iter()
            .map(|_| Histogram::new_with_bounds(1, MOST_NS, DIGITS));
        let mut histograms: Vec<_> = histograms.collect::<Result<_, _>>().ok()?;
        // Written here, so that no page fault is left for the first value of each size.
        histograms.iter_mut().for_each(Histogram::reset);
        Some(Box::new(Self {
            venue,
            histograms,
            begin,
            end: begin,
        }))
    }

    /// Tag and histogram of each stage that has values.
    pub(super) fn tagged(&self) -> impl Iterator<Item = (String, &Histogram<u64>)> {
        let named = STAGES.iter().zip(&self.histograms);
        named
            .filter(|(_, histogram)| !histogram.is_empty())
            .map(|((_, name), histogram)| (format!("{name}.{}", self.venue), histogram))
    }

    /// Monotonic begin and end, in nanoseconds.
    pub(super) const fn interval(&self) -> (i64, i64) {
        (self.begin, self.end)
    }

    fn clear(&mut self) {
        self.histograms.iter_mut().for_each(Histogram::reset);
    }
}

/// A filled set and the way back for it.
#[derive(Debug)]
pub(super) struct Interval {
    pub(super) set: Box<Set>,
    back: Sender<Box<Set>>,
}

impl Interval {
    /// Gives the cleared set back to its recorder.
    pub(super) fn recycle(mut self) {
        self.set.clear();
        // The recorder is gone at the end of the program.
        let _ = self.back.try_send(self.set);
    }
}

/// Records the latencies of one venue on one thread.
#[derive(Debug)]
pub(super) struct Recorder {
    current: Option<Box<Set>>,
    spares: Receiver<Box<Set>>,
    back: Sender<Box<Set>>,
    intervals: Sender<Interval>,
}

impl Recorder {
    pub(super) fn new(venue: VenueId, now: i64, intervals: Sender<Interval>) -> Self {
        let (back, spares) = bounded(2);
        if let Some(spare) = Set::new(venue, now) {
            let _ = back.try_send(spare);
        }
        Self {
            current: Set::new(venue, now),
            spares,
            back,
            intervals,
        }
    }

    /// Records one value; below zero counts as zero (two stamps within the clock's resolution).
    #[inline]
    pub(super) fn record(&mut self, stage: Stage, ns: i64) {
        if let Some(set) = &mut self.current {
            set.histograms[stage as usize].saturating_record(u64::try_from(ns).unwrap_or(0));
        }
    }

    /// Records venue to user, signed: clocks of two hosts may disagree, and that is never hidden.
    #[inline]
    pub(super) fn record_venue(&mut self, ns: i64) {
        let stage = if ns < 0 {
            Stage::VenueUserAhead
        } else {
            Stage::VenueUser
        };
        self.record(stage, ns.saturating_abs());
    }

    /// Sends the interval if it is a second old.
    pub(super) fn swap(&mut self, now: i64) {
        if self
            .current
            .as_ref()
            .is_some_and(|set| now - set.begin >= SECOND)
        {
            self.send(now);
        }
    }

    /// Sends what there is: at the end.
    pub(super) fn send(&mut self, now: i64) {
        let Ok(mut next) = self.spares.try_recv() else {
            return;
        };
        (next.begin, next.end) = (now, now);
        if let Some(mut set) = self.current.replace(next) {
            set.end = now;
            let interval = Interval {
                set,
                back: self.back.clone(),
            };
            // A full queue loses this interval's histogram, not its spare.
            if let Err(refused) = self.intervals.try_send(interval) {
                refused.into_inner().recycle();
            }
        }
    }
}
