//! Waiting between two tries.

use crossbeam_utils::Backoff;

use crate::sync::snooze;

/// Spins at first, then gives the core away between the tries: for threads that share their core.
///
/// The first seven pauses of a wait spin 1, 2, 4 ... 64 times, which is a few microseconds in all;
/// from then on each pause is one `sched_yield`, a system call. A thread that owns its core should
/// not use this but poll in a bare loop with [`std::hint::spin_loop`].
///
/// ```
/// use feedd_ringbuf::{Polled, Waiter, ring};
///
/// let (mut producer, [mut journal]) = ring::<1>(64)?;
/// producer.try_push(7, &[b"frame"])?;
/// drop(producer);
/// let waiter = Waiter::new();
/// loop {
///     match journal.poll() {
///         Polled::Frame(frame) => {
///             assert_eq!((frame.tag, frame.payload), (7, &b"frame"[..]));
///             waiter.reset();
///         }
///         Polled::Empty => waiter.pause(),
///         Polled::Closed => break,
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Waiter {
    backoff: Backoff,
}

impl Waiter {
    /// A wait that has not begun.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits a little, longer each time up to the system call.
    pub fn pause(&self) {
        snooze(&self.backoff);
    }

    /// Starts over with short spins: call it after a try that succeeded.
    pub fn reset(&self) {
        self.backoff.reset();
    }
}
