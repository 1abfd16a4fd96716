//! What any thread may know of a log: its counters, and whether a sync has failed.

use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

use crate::error::AppendError;

/// Counters of one log, since the journal was opened. Shared by the threads of the journal; read it
/// from any thread with [`LogCounters::read`].
#[derive(Debug, Default)]
pub struct LogCounters {
    pub(crate) rolls: Counter,
    pub(crate) late_rolls: Counter,
    pub(crate) failed_rolls: Counter,
    pub(crate) sync_waits: Counter,
    pub(crate) syncs: Counter,
    pub(crate) synced_seq: Counter,
    pub(crate) prefault_failures: Counter,
    pub(crate) removed_segments: Counter,
    pub(crate) failed_removals: Counter,
    poison: AtomicI32,
}

/// [`LogCounters`] at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogStats {
    /// Segments begun after the first.
    pub rolls: u64,
    /// Rolls that had to wait for their segment to be made: each one is a pause in the appender.
    pub late_rolls: u64,
    /// Appends refused because no next segment could be made.
    pub failed_rolls: u64,
    /// Rolls that had to wait for the sync thread to take the full segment: the medium is too slow.
    pub sync_waits: u64,
    /// Syncs done.
    pub syncs: u64,
    /// Every frame with a lower number is on the medium. Zero before the first sync.
    pub synced_seq: u64,
    /// Times the kernel refused to pre-fault (older than 5.14, or out of memory): appends then take
    /// page faults.
    pub prefault_failures: u64,
    /// Segments deleted by retention.
    pub removed_segments: u64,
    /// Deletions by retention that failed; they are tried again at the next roll.
    pub failed_removals: u64,
    /// Error number of the sync that failed, 0 while all is well.
    pub poisoned_errno: i32,
}

impl LogCounters {
    /// The counters now. Each is exact; together they are not one snapshot.
    #[must_use]
    pub fn read(&self) -> LogStats {
        LogStats {
            rolls: self.rolls.value(),
            late_rolls: self.late_rolls.value(),
            failed_rolls: self.failed_rolls.value(),
            sync_waits: self.sync_waits.value(),
            syncs: self.syncs.value(),
            synced_seq: self.synced_seq.value(),
            prefault_failures: self.prefault_failures.value(),
            removed_segments: self.removed_segments.value(),
            failed_removals: self.failed_removals.value(),
            poisoned_errno: self.poison.load(Ordering::Acquire),
        }
    }

    /// Refuses all further appends. The first cause is kept.
    pub(crate) fn poison(&self, errno: i32) {
        let _ = self
            .poison
            .compare_exchange(0, errno, Ordering::AcqRel, Ordering::Acquire);
    }

    /// The error number of the sync that failed, if one did.
    #[inline]
    pub(crate) fn poisoned(&self) -> Option<i32> {
        match self.poison.load(Ordering::Relaxed) {
            0 => None,
            errno => Some(errno),
        }
    }

    #[inline]
    pub(crate) fn check(&self) -> Result<(), AppendError> {
        self.poisoned()
            .map_or(Ok(()), |errno| Err(AppendError::Poisoned { errno }))
    }
}

/// A number that only statistics depend on, so no ordering is needed.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
