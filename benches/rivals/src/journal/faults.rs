//! What befell the calling thread, as the kernel counts it.

use std::fs;

/// Counts since the thread began.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disturbance {
    /// Page faults of any kind.
    pub faults: u64,
    /// Times it waited for something of its own accord.
    pub waits: u64,
    /// Times somebody else got its core.
    pub preempted: u64,
}

impl Disturbance {
    /// The counts now; zeros where the kernel shows none.
    pub fn now() -> Self {
        let status = fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
        let stat = fs::read_to_string("/proc/thread-self/stat").unwrap_or_default();
        let of = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key));
            line.and_then(|value| value.trim().parse().ok())
                .unwrap_or(0)
        };
        // Behind the name in parentheses: minor faults are the eighth field, major ones the tenth.
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split(' ')
            .collect();
        let field = |at: usize| -> u64 {
            fields
                .get(at)
                .and_then(|value| value.parse().ok())
                .unwrap_or(0)
        };
        Self {
            faults: field(8) + field(10),
            waits: of("voluntary_ctxt_switches:"),
            preempted: of("nonvoluntary_ctxt_switches:"),
        }
    }

    /// What came since `before`.
    pub fn since(self, before: Self) -> Self {
        Self {
            faults: self.faults - before.faults,
            waits: self.waits - before.waits,
            preempted: self.preempted - before.preempted,
        }
    }
}
