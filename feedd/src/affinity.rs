//! Threads on their own cores.

use core_affinity::CoreId;

/// Pins the calling thread to `core`; `None` leaves it where the scheduler puts it.
///
/// A refused pin (a container's cpuset, an offline core) warns and goes on: the feed is worth more
/// than its latency.
pub fn pin(thread: &str, core: Option<usize>) -> bool {
    let Some(id) = core else { return false };
    let pinned = core_affinity::set_for_current(CoreId { id });
    if pinned {
        tracing::info!(thread, core = id, "pinned");
    } else {
        let reason = std::io::Error::last_os_error();
        tracing::warn!(thread, core = id, %reason, "not pinned: the thread runs where the scheduler puts it");
    }
    pinned
}
