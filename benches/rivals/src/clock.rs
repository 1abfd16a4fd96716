//! Ticks of the invariant time stamp counter, read where the program stands and not earlier.

#![allow(
    unsafe_code,
    reason = "reading the counter is an instruction without a safe name"
)]

use std::time::{Duration, Instant};

/// How long the counter is compared with the system's clock.
const CALIBRATION: Duration = Duration::from_millis(50);

/// The counter now, in ticks. Waits for all earlier loads, so that a record counts as read only when it is.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub fn ticks() -> u64 {
    use std::arch::x86_64::{_mm_lfence, _rdtsc};
    // SAFETY: every x86-64 processor has both instructions; neither touches memory.
    unsafe { _mm_lfence() };
    // SAFETY: as above.
    unsafe { _rdtsc() }
}

/// The system's monotonic clock, where there is no counter to read.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub fn ticks() -> u64 {
    use std::sync::OnceLock;
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_nanos() as u64
}

/// What a tick is worth.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Ticks in a microsecond.
    pub per_micro: f64,
}

impl Scale {
    /// Compares the counter with the system's clock.
    pub fn measure() -> Self {
        let (start, from) = (Instant::now(), ticks());
        while start.elapsed() < CALIBRATION {
            std::hint::spin_loop();
        }
        let (took, to) = (start.elapsed(), ticks());
        Self {
            per_micro: (to - from) as f64 / took.as_secs_f64() / 1e6,
        }
    }

    /// Nanoseconds in so many ticks.
    pub fn nanos(self, ticks: u64) -> f64 {
        ticks as f64 * 1e3 / self.per_micro
    }

    /// Ticks in so many nanoseconds.
    pub fn ticks(self, nanos: u64) -> u64 {
        (nanos as f64 * self.per_micro / 1e3) as u64
    }
}
