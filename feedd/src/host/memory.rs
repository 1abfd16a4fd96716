//! Memory that no page fault interrupts.

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{Resource, getrlimit};
use rustix::thread::{CapabilitySet, capabilities};

use super::Setting;

/// Stack that a reader or the journal touches before it begins: several times what they use.
const STACK_BYTES: usize = 256 << 10;

/// Locks what is mapped and what will be, each page when it is first touched. All at once would
/// take everything that the allocator has reserved, and the whole of each segment.
pub(super) fn lock() -> Setting {
    const NAME: &str = "memory_locked";
    // Under a limit the lock itself may succeed, and a later segment could not be mapped: that would
    // stop the journal, hours later.
    let limit = getrlimit(Resource::Memlock).current;
    if let Some(limit) = limit.filter(|_| !may_lock_all()) {
        let why = format!(
            "RLIMIT_MEMLOCK is {limit} bytes and CAP_IPC_LOCK is missing: LimitMEMLOCK=infinity"
        );
        return Setting::refused(NAME, why);
    }
    let flags = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
    match mlockall(flags) {
        Ok(()) => Setting::granted(NAME, "each page from its first touch"),
        Err(error) => Setting::refused(NAME, format!("mlockall: {error}")),
    }
}

fn may_lock_all() -> bool {
    capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::IPC_LOCK))
}

/// Writes through the part of the stack that this thread will use.
#[inline(never)]
pub(crate) fn touch_stack() {
    let mut stack = [0_u8; STACK_BYTES];
    std::hint::black_box(&mut stack);
}
