//! What a feed has done so far, as its reader tells it to the monitor and to callers.

use std::sync::{Mutex, PoisonError};

use feedd_codecs::feed::{Counts, RULES, Rule, Scores, Stage, State};
use feedd_codecs::scan::ScanCounts;
use feedd_codecs::{Feed, Venue, VenueId};

use super::publisher::Publisher;

/// Counts of a feed at one moment.
#[derive(Clone, Debug)]
pub struct FeedReport {
    /// The venue.
    pub venue: VenueId,
    /// The state machine's counters.
    pub counts: Counts,
    /// Lines planned.
    pub lines: usize,
    /// Lines connected.
    pub lines_up: usize,
    /// Streams wanted.
    pub streams: usize,
    /// Streams on which data came.
    pub streams_live: usize,
    /// Books that are live.
    pub books_live: usize,
    /// Books that wait for a snapshot.
    pub books_bad: usize,
    /// Unknown fields met.
    pub unknown_fields: u64,
    /// Records lost because the ring was full (each loss is a gap in the journal).
    pub lost_records: u64,
    /// Raw frames lost because the ring was full.
    pub lost_raw: u64,
    /// How often the ring was full.
    pub ring_full: u64,
    /// Whether more than one line carries each stream.
    pub redundant: bool,
    /// How the lines do against each other.
    pub scores: Scores,
    /// How often each quality rule was broken, by place in [`Rule::ALL`].
    pub quality: [u64; RULES],
    /// What the venue's scanner decoded and what it left to the general path; nothing for a venue
    /// that has none.
    pub scan: ScanCounts,
}

impl FeedReport {
    /// A feed that has done nothing yet.
    #[must_use]
    pub fn new(venue: VenueId) -> Self {
        Self {
            venue,
            counts: Counts::default(),
            lines: 0,
            lines_up: 0,
            streams: 0,
            streams_live: 0,
            books_live: 0,
            books_bad: 0,
            unknown_fields: 0,
            lost_records: 0,
            lost_raw: 0,
            ring_full: 0,
            redundant: false,
            scores: Scores::default(),
            quality: [0; RULES],
            scan: ScanCounts::default(),
        }
    }

    /// The counts of `feed` now, and what `publisher` lost of it.
    pub(super) fn of<V: Venue>(feed: &Feed<V>, venue: VenueId, publisher: &Publisher) -> Self {
        let lines = feed.lines();
        let streams = || lines.iter().flat_map(|line| line.streams());
        let states = || {
            let known = feed.instruments().all().iter();
            known.filter_map(|instrument| Some(feed.book(instrument.id)?.1))
        };
        let (lost_records, lost_raw, ring_full) = publisher.losses();
        Self {
            venue,
            counts: feed.counts().clone(),
            lines: lines.len(),
            lines_up: lines.iter().filter(|line| line.is_open()).count(),
            streams: streams().count(),
            streams_live: streams().filter(|(_, stage)| *stage == Stage::Live).count(),
            books_live: states().filter(|state| *state == State::Live).count(),
            books_bad: states().filter(|state| *state != State::Live).count(),
            unknown_fields: feed.drift().count(),
            lost_records,
            lost_raw,
            ring_full,
            redundant: feed.is_redundant(),
            scores: feed.scores().clone(),
            quality: *feed.quality_hits(),
            scan: feed.scan_counts().cloned().unwrap_or_default(),
        }
    }

    /// How often a quality rule was broken.
    #[must_use]
    pub const fn broken(&self, rule: Rule) -> u64 {
        self.quality[rule as usize]
    }

    /// Gaps opened.
    #[must_use]
    pub fn gaps(&self) -> u64 {
        self.counts.gap_ends[0]
    }
}

/// A [`FeedReport`] that the reader renews and others read.
#[derive(Debug)]
pub(super) struct SharedReport(Mutex<FeedReport>);

impl SharedReport {
    pub(super) fn new(venue: VenueId) -> Self {
        Self(Mutex::new(FeedReport::new(venue)))
    }

    pub(super) fn read(&self) -> FeedReport {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn write(&self, report: FeedReport) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = report;
    }
}
