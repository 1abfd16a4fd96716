//! The journal's options and their ranges.

use std::time::Duration;

use super::format::{PAGE_BYTES, SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN};
use crate::error::Error;

/// The active segment, the two made ahead, and one more so that a reader has something to read when
/// retention has just run.
const RETAIN_SEGMENTS_MIN: u64 = 4;
/// More often, and the sync thread would keep the medium busy with nothing else.
const SYNC_INTERVAL_MIN: Duration = Duration::from_millis(1);
/// Rarer is no longer a promise about power loss.
const SYNC_INTERVAL_MAX: Duration = Duration::from_secs(60);

/// Options of one log.
#[derive(Clone, Copy, Debug)]
pub struct LogOptions {
    /// Length of a segment file in bytes: a multiple of 4,096 from 16 KiB to 1 GiB. Default 64 MiB.
    pub segment_bytes: u32,
    /// Sealed segments are deleted, oldest first, while the log takes more than this many bytes on
    /// the medium. At least four segments; `None` (the default) keeps everything.
    pub retain_bytes: Option<u64>,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            retain_bytes: None,
        }
    }
}

impl LogOptions {
    fn check(&self) -> Result<(), Error> {
        let in_range = (SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX).contains(&self.segment_bytes);
        if !in_range || !(self.segment_bytes as usize).is_multiple_of(PAGE_BYTES) {
            let allowed = "a multiple of 4096 from 16384 to 1073741824";
            return Err(out_of_range(
                "segment_bytes",
                u64::from(self.segment_bytes),
                allowed,
            ));
        }
        let least = RETAIN_SEGMENTS_MIN * u64::from(self.segment_bytes);
        match self.retain_bytes {
            Some(bytes) if bytes < least => Err(out_of_range(
                "retain_bytes",
                bytes,
                "at least four times segment_bytes",
            )),
            _ => Ok(()),
        }
    }
}

/// Options of a journal.
#[derive(Clone, Copy, Debug)]
pub struct JournalOptions {
    /// The log of records.
    pub records: LogOptions,
    /// The log of frames as received.
    pub raw: LogOptions,
    /// The log of refused frames. Small by default: it is empty while all is well.
    pub quarantine: LogOptions,
    /// Time within which what was appended is synced, 1 ms to 60 s, default 1 s: what power loss may
    /// cost, plus the time one sync takes.
    pub sync_interval: Duration,
    /// Wall clock, nanoseconds since 1970, read once per segment for its header. The default always
    /// says 0, so that equal input makes equal files.
    pub wall_clock: fn() -> i64,
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self {
            records: LogOptions::default(),
            raw: LogOptions::default(),
            quarantine: LogOptions {
                segment_bytes: 8 << 20,
                retain_bytes: Some(64 << 20),
            },
            sync_interval: Duration::from_secs(1),
            wall_clock: || 0,
        }
    }
}

impl JournalOptions {
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.records.check()?;
        self.raw.check()?;
        self.quarantine.check()?;
        if (SYNC_INTERVAL_MIN..=SYNC_INTERVAL_MAX).contains(&self.sync_interval) {
            return Ok(());
        }
        let micros = u64::try_from(self.sync_interval.as_micros()).unwrap_or(u64::MAX);
        Err(out_of_range(
            "sync_interval in microseconds",
            micros,
            "1000 to 60000000",
        ))
    }
}

fn out_of_range(key: &'static str, value: u64, allowed: &'static str) -> Error {
    Error::Option {
        key,
        value,
        allowed,
    }
}
