//! The thread that makes appended frames durable, seals full segments and deletes the oldest.
//!
//! * Twice in each interval it syncs the *written* part of each active segment, no more: syncing the
//!   pages ahead would undo their pre-fault. Where the writer has left the page that it stood on at
//!   the last look, the page it stands on now is left out too: everything older than half an
//!   interval is synced all the same, and the appender takes no page fault. After a sync a window
//!   ahead of the writer is pre-faulted again, because the kernel's own write-back may have cleaned
//!   those pages in the meantime.
//! * A full segment is sealed: sync its frames, write the seal mark, cut the file behind its end
//!   marker, sync again. So a seal says that every frame before it is on the medium.
//! * A sync that fails poisons its log. The kernel may have dropped the dirty pages, so a later
//!   sync that succeeds would prove nothing.

use std::collections::VecDeque;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Select, tick};
use zerocopy::IntoBytes;

use super::create::SharedSegment;
use super::dir;
use super::format::{END_MARKER_BYTES, LogKind, Mark, PAGE_BYTES, SEAL_MARK_AT, whole_pages};
use super::status::LogCounters;

/// Bytes ahead of the writer that are pre-faulted again after each sync: enough for 4 MiB/s at the
/// default interval; a faster writer fills its segment before the kernel cleans it.
pub(crate) const PREFAULT_WINDOW: usize = 4 << 20;
/// The largest page there is: what one sync may clean at once.
const LARGE_PAGE: usize = 2 << 20;
/// Full segments waiting to be sealed. When the medium is this far behind, a roll waits for it:
/// better a pause than frames that stay unsynced without bound.
pub(crate) const SYNC_QUEUE: usize = 16;

/// What the writers tell the sync thread.
#[derive(Debug)]
pub(crate) enum Notice {
    /// The active segment of this log ended at `end`; `next` is the active one now.
    Rolled {
        kind: LogKind,
        end: Mark,
        next: Arc<SharedSegment>,
    },
    /// The active segment of this log ended at `end`; nothing follows in this run.
    Closed { kind: LogKind, end: Mark },
    /// End the thread.
    Stop,
}

/// A sealed segment, as retention knows it.
#[derive(Clone, Debug)]
pub(crate) struct Retained {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
}

/// Where a writer was at the last look, in the active segment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    at: usize,
    seq: u64,
}

/// One log, as the sync thread knows it.
#[derive(Debug)]
pub(crate) struct LogSync {
    pub(crate) kind: LogKind,
    pub(crate) active: Arc<SharedSegment>,
    pub(crate) seen: Seen,
    /// Bytes of the active segment that need no further sync, whole large pages.
    pub(crate) synced: usize,
    pub(crate) counters: Arc<LogCounters>,
    /// Sealed segments, oldest first.
    pub(crate) sealed: VecDeque<Retained>,
    /// What sealed segments may take together: the limit less the active and the prepared segment.
    pub(crate) sealed_bytes_max: Option<u64>,
}

/// Runs until told to stop.
pub(crate) fn run(mut logs: [LogSync; 3], notices: &Receiver<Notice>, interval: Duration) {
    logs.iter_mut().for_each(LogSync::retain);
    let ticks = tick(interval / 2);
    loop {
        let (kind, end, next) = match wait(notices, &ticks) {
            None => {
                logs.iter_mut().for_each(LogSync::sync_active);
                continue;
            }
            Some(Notice::Rolled { kind, end, next }) => (kind, end, Some(next)),
            Some(Notice::Closed { kind, end }) => (kind, end, None),
            Some(Notice::Stop) => return,
        };
        logs.iter_mut()
            .filter(|log| log.kind == kind)
            .for_each(|log| log.retire(end, &next));
    }
}

/// Waits for the next tick (`None`, and first if both are due) or notice.
fn wait(notices: &Receiver<Notice>, ticks: &Receiver<Instant>) -> Option<Notice> {
    let mut select = Select::new();
    select.recv(notices);
    select.recv(ticks);
    loop {
        if ticks.try_recv().is_ok() {
            return None;
        }
        match notices.try_recv() {
            Ok(notice) => return Some(notice),
            Err(error) if error.is_disconnected() => return Some(Notice::Stop),
            Err(_) => select.ready(),
        };
    }
}

impl LogSync {
    fn sync_active(&mut self) {
        if self.counters.poisoned().is_some() {
            return;
        }
        let (at, seq) = self.active.progress();
        let Some((end, seq)) = self.plan(Seen { at, seq }) else {
            return;
        };
        if seq == self.counters.read().synced_seq {
            return;
        }
        if let Err(error) = self.sync_to(end) {
            return self.poison(&error);
        }
        self.counters.synced_seq.set(seq);
        self.counters.syncs.add_one();
        let window = at / PAGE_BYTES * PAGE_BYTES;
        if self
            .active
            .map
            .prefault(window..window + PREFAULT_WINDOW)
            .is_err()
        {
            self.counters.prefault_failures.add_one();
        }
    }

    /// Up to where to sync now, and the number below which everything is synced then; `None` where
    /// all there is was written since the last look.
    fn plan(&mut self, now: Seen) -> Option<(usize, u64)> {
        let before = std::mem::replace(&mut self.seen, now);
        if before.at == 0 {
            return None;
        }
        let edge = now.at / LARGE_PAGE * LARGE_PAGE;
        let left = before.at <= edge;
        Some(if left {
            (edge, before.seq)
        } else {
            (now.at, now.seq)
        })
    }

    /// Syncs the frames before `end` that are not synced yet. The time index stays dirty until the
    /// segment is sealed: the appender writes to it now and then, and recovery makes it anew.
    fn sync_to(&mut self, end: usize) -> io::Result<()> {
        let map = &self.active.map;
        let head = whole_pages(self.active.data_at);
        let edge = end / LARGE_PAGE * LARGE_PAGE;
        map.let_go(self.synced.max(head)..edge);
        if self.synced == 0 {
            map.sync(0..PAGE_BYTES)?;
        }
        map.sync(self.synced.max(self.active.data_at)..end)?;
        if self.synced == 0 {
            // Where pages are large, the index was on the first of them.
            map.prefault(0..head)?;
        }
        self.synced = edge;
        Ok(())
    }

    fn retire(&mut self, end: Mark, next: &Option<Arc<SharedSegment>>) {
        if self.counters.poisoned().is_none() {
            match seal(&self.active, &end) {
                Ok(bytes) => self.sealed(end.seq, bytes),
                Err(error) => self.poison(&error),
            }
        }
        if let Some(next) = next {
            self.active = Arc::clone(next);
            (self.seen, self.synced) = (Seen::default(), 0);
        }
    }

    fn sealed(&mut self, seq: u64, bytes: u64) {
        self.counters.synced_seq.set(seq);
        self.counters.syncs.add_one();
        self.sealed.push_back(Retained {
            path: self.active.path.clone(),
            bytes,
        });
        self.retain();
    }

    /// Deletes the oldest sealed segments while the log is over its limit. The newest sealed one
    /// stays, so that a reader that has just finished it finds its way on.
    fn retain(&mut self) {
        let Some(limit) = self.sealed_bytes_max else {
            return;
        };
        let mut total: u64 = self.sealed.iter().map(|segment| segment.bytes).sum();
        while total > limit && self.sealed.len() > 1 {
            let Some(oldest) = self.sealed.front() else {
                return;
            };
            if dir::remove(&oldest.path).is_err() {
                return self.counters.failed_removals.add_one();
            }
            total -= oldest.bytes;
            self.sealed.pop_front();
            self.counters.removed_segments.add_one();
        }
    }

    fn poison(&self, error: &io::Error) {
        let fallback = rustix::io::Errno::IO.raw_os_error();
        self.counters
            .poison(error.raw_os_error().unwrap_or(fallback));
    }
}

/// Seals a segment whose end marker stands at `end`; returns what is left of its file.
fn seal(segment: &SharedSegment, end: &Mark) -> io::Result<u64> {
    let used = end.offset as usize + END_MARKER_BYTES;
    let bytes = whole_pages(used) as u64;
    segment.map.let_go(0..used);
    segment.map.sync(0..used)?;
    segment
        .file
        .write_all_at(end.encode(segment.seed).as_bytes(), SEAL_MARK_AT as u64)?;
    segment.file.set_len(bytes)?;
    segment.file.sync_all()?;
    Ok(bytes)
}
