//! The daemon's two clocks.
//!
//! Durations come from the monotonic clock, stamps from the wall clock; they are never subtracted
//! from each other.

use std::sync::LazyLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Nanoseconds since an origin in this process; never goes back.
#[must_use]
pub fn mono() -> i64 {
    i64::try_from(ORIGIN.elapsed().as_nanos()).unwrap_or(i64::MAX)
}

/// Nanoseconds since the Unix epoch by the host's wall clock.
#[must_use]
pub fn wall() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |ns| -ns),
    }
}

/// Where the time comes from; tests bring their own.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// As [`mono`].
    fn mono(&self) -> i64;
    /// As [`wall`].
    fn wall(&self) -> i64;
}

/// The host's clocks.
#[derive(Clone, Copy, Debug)]
pub struct System;

impl Clock for System {
    fn mono(&self) -> i64 {
        mono()
    }

    fn wall(&self) -> i64 {
        wall()
    }
}
