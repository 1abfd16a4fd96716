//! Lines that are polled without sleeping.
//!
//! The lines of a spinning reader are no tasks of the event loop: nobody wakes them. They are polled
//! here, round and round, their sockets directly; once a turn the event loop is given its chance
//! (timers, REST answers, connections in the making) and each line looks at everything it waits
//! for. A line without a socket is polled once a turn only.
//!
//! A reader that carries the journal's work does a round of it after each round over its lines.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::carry::Carried;
use crate::session::pace::Pace;

/// Time between two turns of the event loop. A turn costs a system call; nothing that waits
/// for it is in a hurry.
const TURN: Duration = Duration::from_micros(200);
/// Rounds between two looks at the clock.
const ROUNDS: u32 = 16;

/// A line.
struct Slot {
    line: Pin<Box<dyn Future<Output = ()>>>,
    pace: Pace,
    /// Dropped with the slot: that tells the line's end.
    _end: oneshot::Sender<()>,
}

/// The lines of a spinning reader.
#[derive(Default)]
pub(crate) struct Spin {
    /// Lines that were begun since the last round.
    begun: RefCell<Vec<Slot>>,
    /// The journal's work, if this reader may have it.
    carried: Option<Rc<Carried>>,
}

impl Spin {
    /// With the journal's work between the polls.
    pub(super) fn carrying(carried: Option<Rc<Carried>>) -> Self {
        Self {
            carried,
            ..Self::default()
        }
    }

    /// Takes a line in; the handle ends with it.
    pub(crate) fn spawn<F: Future<Output = ()> + 'static>(
        &self,
        line: impl FnOnce(Pace) -> F,
    ) -> JoinHandle<()> {
        let pace = Pace::spin();
        let (end, ended) = oneshot::channel();
        let line = Box::pin(line(pace.clone()));
        self.begun.borrow_mut().push(Slot {
            line,
            pace,
            _end: end,
        });
        tokio::task::spawn_local(async move {
            // Nothing is sent: the sender goes with the line.
            let _ = ended.await;
        })
    }

    /// Polls the lines for ever.
    pub(crate) async fn run(&self) {
        let mut slots = Vec::new();
        loop {
            poll_fn(|context| {
                self.turn(&mut slots, context);
                Poll::Ready(())
            })
            .await;
            tokio::task::yield_now().await;
        }
    }

    /// One turn: everything once, then the sockets until it is time for the next.
    fn turn(&self, slots: &mut Vec<Slot>, context: &mut Context<'_>) {
        let until = Instant::now() + TURN;
        slots.append(&mut self.begun.borrow_mut());
        slots.retain_mut(|slot| {
            slot.pace.set_turn(true);
            let ended = slot.line.as_mut().poll(context).is_ready();
            slot.pace.set_turn(false);
            !ended
        });
        if let Some(carried) = &self.carried {
            carried.turn();
        }
        while slots.iter().any(|slot| slot.pace.is_hot())
            && self.begun.borrow().is_empty()
            && Instant::now() < until
        {
            for _ in 0..ROUNDS {
                round(slots, context);
                if let Some(carried) = &self.carried {
                    carried.round();
                }
            }
        }
    }
}

/// Polls each line that has a socket.
fn round(slots: &mut Vec<Slot>, context: &mut Context<'_>) {
    let mut at = 0;
    while let Some(slot) = slots.get_mut(at) {
        if slot.pace.is_hot() && slot.line.as_mut().poll(context).is_ready() {
            slots.swap_remove(at);
        } else {
            at += 1;
        }
    }
}
