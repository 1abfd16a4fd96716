//! How often a line looks at what is not its socket.
//!
//! In `park` mode the event loop wakes a line for each thing that happens, and it looks at all of
//! them. In `spin` mode a line is polled some hundred thousand times a second: it looks at its
//! socket each time, and at commands, timers and the stop signal only once a turn.

use std::cell::Cell;
use std::rc::Rc;

/// What the spinning reader and one of its lines tell each other.
#[derive(Debug, Default)]
struct Shared {
    /// The reader: everything is looked at now.
    turn: Cell<bool>,
    /// The line: it has a socket to spin on.
    hot: Cell<bool>,
}

/// The pace of one line; clones are the same pace.
#[derive(Clone, Debug)]
pub struct Pace(Option<Rc<Shared>>);

impl Pace {
    /// Woken by the event loop.
    #[must_use]
    pub const fn park() -> Self {
        Self(None)
    }

    /// Polled without end.
    #[must_use]
    pub fn spin() -> Self {
        Self(Some(Rc::default()))
    }

    /// Whether the line is polled without end.
    #[inline]
    #[must_use]
    pub const fn spins(&self) -> bool {
        self.0.is_some()
    }

    /// Whether this poll looks at everything.
    #[inline]
    #[must_use]
    pub fn is_turn(&self) -> bool {
        self.0.as_ref().is_none_or(|shared| shared.turn.get())
    }

    /// Begins or ends a turn.
    #[inline]
    pub fn set_turn(&self, turn: bool) {
        if let Some(shared) = &self.0 {
            shared.turn.set(turn);
        }
    }

    /// Whether the line wants to be polled between turns.
    #[inline]
    #[must_use]
    pub fn is_hot(&self) -> bool {
        self.0.as_ref().is_some_and(|shared| shared.hot.get())
    }

    /// Says whether the line wants to be polled between turns.
    pub fn set_hot(&self, hot: bool) {
        if let Some(shared) = &self.0 {
            shared.hot.set(hot);
        }
    }
}
