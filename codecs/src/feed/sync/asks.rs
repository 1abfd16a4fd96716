//! When a book asks for a snapshot.

use super::{BookSync, SECOND, State};
use crate::venue::Snapshots;

/// How long a snapshot may take before it is asked for again; doubles with each attempt.
const RETRY_MIN: i64 = 5 * SECOND;
/// Longest pause between two attempts.
const RETRY_MAX: i64 = 60 * SECOND;

impl BookSync {
    /// Whether a snapshot should be asked for now. An unsynced book has asked by subscribing.
    pub(in crate::feed) fn wants_snapshot(&self, now: i64, source: Snapshots) -> bool {
        let needs = match source {
            Snapshots::InBand => self.state == State::Bad,
            Snapshots::Rest { .. } => self.awaits_join(),
        };
        needs && now >= self.due
    }

    /// Whether a REST snapshot would find updates to join. One from before the stream runs, or from
    /// before its line was lost, proves nothing about what comes next.
    pub(in crate::feed) fn awaits_join(&self) -> bool {
        self.state != State::Live && !self.buffer.updates.is_empty()
    }

    /// The venue acknowledged the stream: its snapshot is on the way.
    pub(in crate::feed) fn snapshot_promised(&mut self, now: i64) {
        self.due = self.due.max(now + RETRY_MIN);
    }

    pub(in crate::feed) fn snapshot_asked(&mut self, now: i64) {
        let pause = (RETRY_MIN << self.attempts.min(8)).min(RETRY_MAX);
        self.attempts += 1;
        self.due = now + pause;
    }

    /// A snapshot failed or did not fit: try again after a pause that grows with each attempt.
    pub(in crate::feed) fn retry_later(&mut self, now: i64) {
        let pause = SECOND << self.attempts.saturating_sub(1).min(6);
        self.due = now + pause.min(RETRY_MAX);
    }
}
