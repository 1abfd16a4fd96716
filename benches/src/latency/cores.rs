//! Which thread runs where, and waiting for a moment.

use std::num::NonZeroU64;
use std::time::Duration;

use core_affinity::CoreId;
use feedd::clock;
use thread_priority::{
    RealtimeThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id,
};

/// A sleep ends about so much late: what is left is spun.
const SPIN_NS: i64 = 25_000;

/// Whether a sender at this interval in nanoseconds never sleeps.
pub(super) const fn is_busy(interval: u64) -> bool {
    interval < 2 * SPIN_NS.unsigned_abs()
}

/// The cores of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cores {
    /// The sender's.
    pub sender: usize,
    /// The receiver's: feedd's reader, the raw client, a rival.
    pub receiver: usize,
    /// The journal's; that of the sender on a machine of two.
    pub journal: usize,
}

impl Cores {
    /// The first cores of this machine.
    #[must_use]
    pub fn of_machine() -> Self {
        let count = core_affinity::get_core_ids().map_or(1, |ids| ids.len());
        Self {
            sender: 0,
            receiver: 1 % count.max(1),
            journal: if count > 2 { 2 } else { 0 },
        }
    }
}

/// Pins the calling thread and has its sleeps end when they should; a refusal leaves it where the
/// scheduler puts it.
pub fn pin(core: usize) -> bool {
    // Otherwise a sleep ends up to 50 us late.
    let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
    core_affinity::set_for_current(CoreId { id: core })
}

/// Has the calling thread go before all others on its core, where the host allows it (`SCHED_FIFO`).
///
/// For a sender that sleeps between departures: it wakes when it must, also where a thread that never
/// sleeps shares its core.
pub fn prefer() -> bool {
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
    let Ok(priority) = ThreadPriorityValue::try_from(1) else {
        return false;
    };
    let priority = ThreadPriority::Crossplatform(priority);
    set_thread_priority_and_policy(thread_native_id(), priority, policy).is_ok()
}

/// Waits until `at` by the wall clock: asleep while it is far, so that who shares the core gets it.
#[inline]
pub fn wait_until(at: i64) {
    loop {
        let left = at - clock::wall();
        if left <= 0 {
            return;
        }
        if left > SPIN_NS {
            std::thread::sleep(Duration::from_nanos((left - SPIN_NS).unsigned_abs()));
        } else {
            std::hint::spin_loop();
        }
    }
}
