//! Tells a block of work that had its core for itself from one that had not.
//!
//! Three signs, all of which a block has to pass: before and after it a chain of dependent additions ran at the
//! clock rate this core has at its good moments, four independent chains ran side by side at theirs (another tenant on
//! the core's hyperthread halves that), and the thread was on its core for nearly all of the wall time.

use std::hint::black_box;

use rustix::time::{ClockId, clock_gettime};

use crate::clock::ticks;
use crate::stats::quantile;

/// Steps of a probe: 5 to 10 microseconds.
const STEPS: u64 = 4_000;
/// A probe slower than its best by more than this means a lower clock rate or a neighbour.
const SLOWDOWN_MAX: f64 = 1.15;
/// Wall time over processor time from which a block counts as interrupted.
const WALL_OVER_CPU_MAX: f64 = 1.03;
/// Probes that find it.
const CALIBRATION_PROBES: usize = 2_000;

/// Ticks two probes took.
#[derive(Clone, Copy, Debug)]
struct Pace {
    dependent: u64,
    independent: u64,
}

/// The thread's own yardstick.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    best: Pace,
}

/// A block of work that has begun.
#[derive(Clone, Copy, Debug)]
pub struct Begun {
    calm: bool,
    wall: u64,
    cpu: u64,
}

impl Probe {
    /// Finds this core's good pace: one in twenty probes is better.
    pub fn calibrate() -> Self {
        let paces: Vec<Pace> = (0..CALIBRATION_PROBES).map(|_| pace()).collect();
        let good = |of: fn(&Pace) -> u64| {
            let mut ticks: Vec<u64> = paces.iter().map(of).collect();
            ticks.sort_unstable();
            quantile(&ticks, 0.05)
        };
        let best = Pace {
            dependent: good(|pace| pace.dependent),
            independent: good(|pace| pace.independent),
        };
        Self { best }
    }

    /// Call before a block.
    pub fn begin(&self) -> Begun {
        Begun {
            calm: self.is_calm(),
            wall: nanos(ClockId::Monotonic),
            cpu: nanos(ClockId::ThreadCPUTime),
        }
    }

    /// Call after a block: whether its figures count.
    pub fn end(&self, begun: Begun) -> bool {
        let cpu = (nanos(ClockId::ThreadCPUTime) - begun.cpu) as f64;
        let wall = (nanos(ClockId::Monotonic) - begun.wall) as f64;
        begun.calm && self.is_calm() && wall <= cpu * WALL_OVER_CPU_MAX
    }

    /// Whether the core runs at its best pace now.
    pub fn is_calm(&self) -> bool {
        let now = pace();
        let within = |now: u64, best: u64| now as f64 <= best as f64 * SLOWDOWN_MAX;
        within(now.dependent, self.best.dependent) && within(now.independent, self.best.independent)
    }
}

fn pace() -> Pace {
    let start = ticks();
    let mut one = black_box(1_u64);
    for _ in 0..STEPS {
        one = (one ^ 0x5555).wrapping_add(3);
    }
    black_box(one);
    let middle = ticks();
    let mut four = black_box([1_u64, 2, 3, 4]);
    for _ in 0..STEPS {
        four = four.map(|word| (word ^ 0x5555).wrapping_add(3));
    }
    black_box(four);
    Pace {
        dependent: middle - start,
        independent: ticks() - middle,
    }
}

fn nanos(clock: ClockId) -> u64 {
    let now = clock_gettime(clock);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}
