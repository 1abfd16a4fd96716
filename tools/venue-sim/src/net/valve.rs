//! What a fault does to the bytes of one connection: hold them back, let them trickle, cut them off.
//!
//! The connection's task asks before it writes a message ([`Valve::due`]) and before it writes
//! bytes ([`Valve::grant`]); the hub turns the valve at any time.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// Pause between two pieces of a trickle. Slower than one byte a pause, the pause grows.
const PIECE: Duration = Duration::from_millis(20);

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Valve {
    state: Mutex<State>,
    turned: Notify,
}

#[derive(Debug, Default)]
struct State {
    hold: Option<Hold>,
    trickle: Option<Trickle>,
    /// Bytes until the connection is reset.
    until_reset: Option<u64>,
}

/// Messages queued in a while arrive later: by a time, or all at the end of the while.
#[derive(Clone, Copy, Debug)]
struct Hold {
    since: Instant,
    until: Instant,
    by: Option<Duration>,
}

#[derive(Clone, Copy, Debug)]
struct Trickle {
    bytes_per_second: u32,
    until: Instant,
    next: Instant,
}

/// How much may be written now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    Bytes(usize),
    Later(Instant),
    Reset,
}

impl Valve {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Messages queued from now on arrive `by` later, or at the end if that is `None`.
    pub(crate) fn hold(&self, by: Option<Duration>, lasts: Duration) {
        let since = Instant::now();
        let until = since + lasts;
        self.state().hold = Some(Hold { since, until, by });
    }

    /// Bytes trickle for a while.
    pub(crate) fn trickle(&self, bytes_per_second: u32, lasts: Duration) {
        let next = Instant::now();
        self.state().trickle = Some(Trickle {
            bytes_per_second: bytes_per_second.max(1),
            until: next + lasts,
            next,
        });
    }

    /// The connection is reset after so many more bytes.
    pub(crate) fn reset_after(&self, bytes: u64) {
        self.state().until_reset = Some(bytes);
    }

    /// Opens the valve; what was held is released.
    pub(crate) fn open(&self) {
        *self.state() = State::default();
        self.turned.notify_waiters();
    }

    /// When a message that was queued then may be written.
    fn due(&self, queued: Instant) -> Option<Instant> {
        let hold = self.state().hold?;
        let held = (hold.since..hold.until).contains(&queued);
        held.then(|| hold.by.map_or(hold.until, |by| queued + by))
    }

    /// Whether a message that was queued then has to wait.
    pub(crate) fn holds(&self, queued: Instant) -> bool {
        self.due(queued).is_some_and(|due| due > Instant::now())
    }

    /// Waits until a message that was queued then may be written.
    pub(crate) async fn wait(&self, queued: Instant) {
        while let Some(due) = self.due(queued).filter(|due| *due > Instant::now()) {
            tokio::select! {
                () = tokio::time::sleep_until(due) => {}
                () = self.turned.notified() => {}
            }
        }
    }

    /// How many of so many bytes may be written now.
    pub(crate) fn grant(&self, wanted: usize) -> Grant {
        let mut state = self.state();
        let wanted = match state.until_reset {
            Some(0) => return Grant::Reset,
            Some(left) => wanted.min(usize::try_from(left).unwrap_or(usize::MAX)),
            None => wanted,
        };
        let now = Instant::now();
        match &mut state.trickle {
            Some(trickle) if now < trickle.until => trickle.grant(wanted, now),
            _ => Grant::Bytes(wanted),
        }
    }

    /// So many bytes were written.
    pub(crate) fn wrote(&self, bytes: usize) {
        let mut state = self.state();
        if let Some(left) = &mut state.until_reset {
            *left = left.saturating_sub(bytes as u64);
        }
    }
}

impl Trickle {
    fn grant(&mut self, wanted: usize, now: Instant) -> Grant {
        if now < self.next {
            return Grant::Later(self.next);
        }
        let per_piece = u128::from(self.bytes_per_second) * PIECE.as_millis() / 1_000;
        let bytes = per_piece.max(1);
        self.next = now + PIECE.max(Duration::from_secs(1) / self.bytes_per_second);
        Grant::Bytes(wanted.min(usize::try_from(bytes).unwrap_or(usize::MAX)))
    }
}
