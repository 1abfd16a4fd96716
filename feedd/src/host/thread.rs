//! What one thread asks for itself: a core, a node, a priority.

use std::num::NonZeroU64;
use std::path::Path;

use core_affinity::CoreId;
use thread_priority::{
    RealtimeThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id,
};

use super::Setting;
use crate::config::HostConfig;

/// What the kernel leaves to real-time threads of each second, in microseconds; -1 = all.
const RUNTIME: &str = "/proc/sys/kernel/sched_rt_runtime_us";
/// Most nodes that are looked for.
const NODES_MAX: usize = 64;

/// A thread and where it belongs.
#[derive(Clone, Debug)]
pub(crate) struct Seat {
    /// Its name, as `ps -T` and `top -H` show it.
    pub(crate) name: String,
    /// Its core; `None` = where the scheduler puts it.
    pub(crate) core: Option<usize>,
    /// Whether it never sleeps.
    pub(crate) spins: bool,
}

/// Settles the calling thread: first the core, so that the memory touched afterwards is of the
/// core's node.
pub(crate) fn settle(seat: &Seat, config: &HostConfig) -> Vec<Setting> {
    let mut settings = Vec::new();
    // Sleeps end when they should, not up to 50 us later; a kernel that refuses it ends them later.
    let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
    if let Some(core) = seat.core {
        settings.push(pin(seat, core));
    }
    if config.fifo_priority > 0 {
        settings.push(prefer(seat, config.fifo_priority));
    }
    if config.touch_memory {
        super::touch_stack();
        settings.push(Setting::granted(
            format!("{}.memory", seat.name),
            format!("touched on node {}", node(rustix::thread::sched_getcpu())),
        ));
    }
    settings
}

fn pin(seat: &Seat, id: usize) -> Setting {
    let name = format!("{}.core", seat.name);
    if core_affinity::set_for_current(CoreId { id }) {
        return Setting::granted(name, id.to_string());
    }
    // A container's cpuset, an offline core.
    let reason = std::io::Error::last_os_error();
    Setting::refused(name, format!("core {id}: {reason}"))
}

fn prefer(seat: &Seat, priority: u8) -> Setting {
    let name = format!("{}.priority", seat.name);
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
    let wish = match ThreadPriorityValue::try_from(priority) {
        Ok(value) => ThreadPriority::Crossplatform(value),
        Err(why) => return Setting::refused(name, why),
    };
    match set_thread_priority_and_policy(thread_native_id(), wish, policy) {
        Ok(()) => Setting::granted(name, format!("SCHED_FIFO {priority}{}", throttled(seat))),
        Err(thread_priority::Error::OS(code)) => {
            Setting::refused(name, std::io::Error::from_raw_os_error(code))
        }
        Err(error) => Setting::refused(name, error),
    }
}

/// A thread that never sleeps is stopped by the kernel for a part of each second.
fn throttled(seat: &Seat) -> String {
    let runtime = std::fs::read_to_string(RUNTIME).unwrap_or_default();
    match runtime.trim() {
        "-1" | "" => String::new(),
        _ if !seat.spins => String::new(),
        runtime => format!(", of each second {runtime} us only ({RUNTIME})"),
    }
}

/// The memory node of a core; 0 on a host that has only one.
fn node(core: usize) -> usize {
    let core = format!("/sys/devices/system/cpu/cpu{core}");
    let here = |node: &usize| Path::new(&core).join(format!("node{node}")).exists();
    (0..NODES_MAX).find(here).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Answer;

    fn seat(core: usize) -> Seat {
        Seat {
            name: "reader-7".to_owned(),
            core: Some(core),
            spins: true,
        }
    }

    fn config(fifo_priority: u8) -> HostConfig {
        HostConfig {
            fifo_priority,
            ..HostConfig::default()
        }
    }

    /// On a thread of its own: what it asks for ends with it.
    fn settled(seat: Seat, config: HostConfig) -> Vec<Setting> {
        let thread = std::thread::spawn(move || settle(&seat, &config));
        thread.join().unwrap()
    }

    #[test]
    fn a_thread_tells_core_priority_and_node() {
        let settings = settled(seat(0), config(1));
        let names: Vec<&str> = settings.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(
            names,
            ["reader-7.core", "reader-7.priority", "reader-7.memory"]
        );
        assert_eq!(settings[0].answer, Answer::Granted("0".to_owned()));
        match &settings[1].answer {
            Answer::Granted(how) => assert!(how.starts_with("SCHED_FIFO 1"), "{how}"),
            Answer::Refused(why) => assert!(why.contains("permitted"), "{why}"),
        }
        let Answer::Granted(how) = &settings[2].answer else {
            panic!("{settings:?}");
        };
        assert!(how.starts_with("touched on node "), "{how}");
    }

    #[test]
    fn a_core_that_the_host_does_not_have_is_refused_with_the_reason() {
        let settings = settled(seat(1000), config(0));
        let Answer::Refused(why) = &settings[0].answer else {
            panic!("{settings:?}");
        };
        assert!(why.contains("core 1000"), "{why}");
        assert_eq!(settings.len(), 2);
    }
}
