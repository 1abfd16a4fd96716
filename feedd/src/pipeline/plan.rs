//! What the configuration means for threads and logs.

use std::collections::BTreeMap;

use feedd_codecs::VenueId;
use feedd_storage::{JournalOptions, LogOptions};

use crate::clock;
use crate::config::{Config, FeedConfig};
use crate::host;

/// Segment of the quarantine: holds the largest message that a line accepts (`limits.message`, at
/// most 16 MiB) with its head.
const QUARANTINE_SEGMENT: u32 = 32 << 20;

/// A reader thread: its number and its feeds' places in the configuration.
pub(super) struct ReaderPlan {
    pub(super) number: usize,
    pub(super) feeds: Vec<usize>,
}

impl ReaderPlan {
    pub(super) fn seat(&self, config: &Config) -> host::Seat {
        host::Seat {
            name: format!("reader-{}", self.number),
            core: config.threads.reader_cores.get(self.number).copied(),
            spins: self.feeds.iter().any(|&at| config.feeds[at].spins()),
        }
    }
}

pub(super) fn journal_seat(config: &Config) -> host::Seat {
    host::Seat {
        name: "journal".to_owned(),
        core: config.threads.journal_core,
        spins: config.threads.journal_spins(),
    }
}

/// The feeds of each reader thread, by its number.
pub(super) fn reader_plans(config: &Config) -> Vec<ReaderPlan> {
    let mut plans: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, feed) in config.feeds.iter().enumerate() {
        plans.entry(feed.reader).or_default().push(at);
    }
    plans
        .into_iter()
        .map(|(number, feeds)| ReaderPlan { number, feeds })
        .collect()
}

/// The venues of the feeds; a checked configuration names only known ones.
pub(super) fn feed_ids(config: &Config) -> Vec<VenueId> {
    config
        .feeds
        .iter()
        .filter_map(FeedConfig::venue_id)
        .collect()
}

pub(super) fn journal_options(config: &Config) -> JournalOptions {
    let log = LogOptions {
        segment_bytes: u32::try_from(config.journal.segment.0).unwrap_or(u32::MAX),
        retain_bytes: (config.journal.retain.0 > 0).then_some(config.journal.retain.0),
    };
    JournalOptions {
        records: log,
        raw: log,
        quarantine: LogOptions {
            segment_bytes: QUARANTINE_SEGMENT,
            retain_bytes: Some(4 * u64::from(QUARANTINE_SEGMENT)),
        },
        sync_interval: config.journal.sync_interval.0,
        wall_clock: clock::wall,
    }
}
