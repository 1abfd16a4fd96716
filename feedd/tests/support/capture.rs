//! A capture in this process: what the daemon runs, with its counts at hand.

use std::path::Path;
use std::time::Duration;

use feedd::config::Config;
use feedd::pipeline::{FeedReport, Pipeline};
use feedd_codecs::record::StatusCode;

use super::{Journaled, Rig, quarantined};

/// Counts are renewed 20 times a second.
const RENEWED: Duration = Duration::from_millis(200);

/// A running capture and its journal.
#[derive(Debug)]
pub(crate) struct Capture {
    pipeline: Pipeline,
    pub(crate) journal: Journaled,
}

impl Capture {
    /// Starts what `config` says, once the daemon's own check has passed it.
    pub(crate) fn start(config: &Config) -> Self {
        config.check().unwrap();
        let (pipeline, _) = Pipeline::start(config).unwrap();
        Self::of(pipeline, &config.journal.dir)
    }

    /// A pipeline that runs, and the journal in `dir`.
    pub(crate) fn of(pipeline: Pipeline, dir: &Path) -> Self {
        let journal = Journaled::open(dir);
        Self { pipeline, journal }
    }

    /// The counts of each feed.
    pub(crate) fn reports(&self) -> Vec<FeedReport> {
        std::thread::sleep(RENEWED);
        self.pipeline.feeds()
    }

    /// Stops the market, then the capture; every file of the journal must be sound. Returns the
    /// last counts and the whole journal.
    pub(crate) fn end(mut self, rig: &Rig) -> (Vec<FeedReport>, Journaled) {
        rig.halt(&mut self.journal);
        self.stop()
    }

    /// As [`Capture::end`], for a market that has stopped.
    pub(crate) fn stop(mut self) -> (Vec<FeedReport>, Journaled) {
        let reports = self.reports();
        self.pipeline.stop().unwrap();
        self.journal.poll();
        (reports, self.journal)
    }
}

/// Nothing was refused, by us or by a venue, and nothing was unknown.
pub(crate) fn assert_understood(dir: &Path, reports: &[FeedReport], journal: &Journaled) {
    assert_nothing_refused(dir, reports, journal);
    for report in reports {
        assert_eq!(report.unknown_fields, 0, "{}", report.venue);
    }
}

/// Nothing was refused, by us or by a venue.
pub(crate) fn assert_nothing_refused(dir: &Path, reports: &[FeedReport], journal: &Journaled) {
    let refused = quarantined(dir);
    let shown: Vec<_> = refused
        .iter()
        .map(|(rule, carrier, bytes)| (rule, carrier, String::from_utf8_lossy(bytes)))
        .take(5)
        .collect();
    assert!(refused.is_empty(), "{} refused: {shown:?}", refused.len());
    for code in [StatusCode::REJECTED, StatusCode::UNLISTED] {
        assert!(
            journal.statuses(code).is_empty(),
            "{:?}",
            journal.statuses(code)
        );
    }
    for report in reports {
        let rejects: u64 = report.counts.rejects.iter().sum();
        assert_eq!(rejects, 0, "{}", report.venue);
    }
}
