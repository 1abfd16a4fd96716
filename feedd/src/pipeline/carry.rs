//! The journal's work on a reader's own core, for hosts with fewer cores than threads that spin.
//!
//! ```text
//!   first reader                              journal thread
//!     rounds between its polls                  asleep
//!       ├──── the writer: something waits ────────> works as it does alone: pauses, tries again
//!       └──<─ the writer: all rings are empty ────┘
//! ```
//!
//! There is one [`Writer`]. It is moved, never shared, and whoever has it works.
//!
//! Invariants:
//! * The reader never waits for the journal. What is more than an append (no room on the disk, a
//!   segment that is not made yet, a failed sync, a record larger than a segment) is left in the
//!   ring and met by the journal thread.
//! * A reader that ends, however it does, leaves the writer to the journal thread, which takes all
//!   rings to their ends.

use std::cell::RefCell;
use std::fmt;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::journal::Writer;
use crate::exit::{Code, Failure};

/// A writer on its way. There is only one, so no channel is ever full.
type Way = (Sender<Box<Writer>>, Receiver<Box<Writer>>);

/// The reader's side before it begins.
#[derive(Debug)]
pub(super) struct Hands {
    take: Receiver<Box<Writer>>,
    give: Sender<Box<Writer>>,
}

/// The journal thread's side.
#[derive(Debug)]
pub(super) struct Standby {
    give: Sender<Box<Writer>>,
    /// What was given and never taken.
    given: Receiver<Box<Writer>>,
    take: Receiver<Box<Writer>>,
}

/// Both sides.
pub(super) fn sides() -> (Hands, Standby) {
    let (there, back): (Way, Way) = (bounded(1), bounded(1));
    let hands = Hands {
        take: there.1.clone(),
        give: back.0,
    };
    let standby = Standby {
        give: there.0,
        given: there.1,
        take: back.1,
    };
    (hands, standby)
}

impl Standby {
    /// Works until nothing waits any more, gives the work to the reader, and has it back when
    /// something does; ends with the last reader.
    pub(super) fn run(self, mut writer: Box<Writer>) -> Result<(), Failure> {
        loop {
            writer.catch_up()?;
            if !writer.is_open() {
                return writer.finish();
            }
            tracing::info!("the reader carries the journal");
            // This side keeps the other end: it cannot be gone.
            let _ = self.give.send(writer);
            match self.take.recv() {
                Ok(back) => writer = back,
                Err(_) => return self.alone(),
            }
            tracing::info!("the journal's own thread works");
        }
    }

    /// The reader is gone and has left the work where it was given to it.
    fn alone(self) -> Result<(), Failure> {
        let writer = self.given.try_recv().map_err(|_| {
            let lost = "a reader ended with the journal's work in its hands";
            Failure::new(Code::Software, lost)
        })?;
        writer.run()
    }
}

/// The journal's work in the hands of a reader, when it is there.
pub(super) struct Carried {
    writer: RefCell<Option<Box<Writer>>>,
    hands: Hands,
}

impl Carried {
    pub(super) const fn new(hands: Hands) -> Self {
        Self {
            writer: RefCell::new(None),
            hands,
        }
    }

    /// Journals what lies in the rings, a batch of each at most; whether there was anything and
    /// nothing waits.
    #[inline]
    pub(super) fn round(&self) -> bool {
        let mut held = self.writer.borrow_mut();
        match held.as_mut().map(|writer| writer.step()) {
            Some(Ok(busy)) => busy,
            Some(Err(_)) => {
                self.give(held.take());
                false
            }
            None => {
                *held = self.hands.take.try_recv().ok();
                false
            }
        }
    }

    /// Whether the work is here.
    #[cfg(test)]
    pub(super) fn is_here(&self) -> bool {
        self.writer.borrow().is_some()
    }

    /// A round, and what need not be done at each: once a turn.
    pub(super) fn turn(&self) {
        self.round();
        if let Some(writer) = self.writer.borrow_mut().as_mut() {
            writer.once_in_a_while();
        }
    }

    #[cold]
    fn give(&self, writer: Option<Box<Writer>>) {
        let Some(writer) = writer else { return };
        writer.tell_handed_over();
        // Nobody is there only if the program ends.
        let _ = self.hands.give.try_send(writer);
    }
}

impl Drop for Carried {
    fn drop(&mut self) {
        if let Some(writer) = self.writer.get_mut().take() {
            let _ = self.hands.give.try_send(writer);
        }
    }
}

impl fmt::Debug for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Carried").finish_non_exhaustive()
    }
}
