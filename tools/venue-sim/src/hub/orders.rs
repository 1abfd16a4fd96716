//! What a fault does to connections and subscriptions as a whole.

use std::time::Duration;

use tokio::time::Instant;

use super::{Command, Hub, Out, Skews};
use crate::fault::{Ending, Target};
use crate::net::valve::Valve;

impl Hub {
    /// Sends what a [`Fault::Reorder`](crate::Fault::Reorder) still holds back.
    pub(crate) fn release_held(&mut self) {
        for (target, parcel) in self.board.take_held() {
            let lines = self.lines(target.product);
            for line in lines
                .into_iter()
                .filter(|line| target.line.is_none_or(|l| l == *line))
            {
                let Some(session) = self.sessions.get_mut(&line) else {
                    continue;
                };
                if session.listens(target.product, &parcel.key) {
                    session.push_parcel(&parcel);
                }
            }
        }
    }

    /// Silences what is subscribed now, and what will be for the rest of the count.
    pub(crate) fn silence(&mut self, target: &Target, subscriptions: u64) {
        let mut found = false;
        for session in self.sessions.values_mut() {
            if target.covers_line(session.product, session.line) {
                found |= session.silence(target);
            }
        }
        self.board.requests.arm_silence(
            target.clone(),
            subscriptions.saturating_sub(u64::from(found)),
        );
    }

    /// Ends every silence and forgets every fault that has not come due.
    pub(crate) fn heal(&mut self) {
        self.release_held();
        self.board.heal();
        self.skews = Skews::default();
        for session in self.sessions.values_mut() {
            session.valve().open();
            session.thaw();
            for sub in session.subs.values_mut() {
                sub.silent = false;
            }
        }
    }

    /// Stops the target's connections for a while.
    pub(crate) fn freeze(&mut self, target: &Target, lasts: Duration) {
        for session in self.sessions.values() {
            if target.covers_line(session.product, session.line) {
                session.order(Command::Freeze(Instant::now() + lasts));
            }
        }
    }

    /// Does something to the byte streams of the target's connections.
    pub(crate) fn turn(&mut self, target: &Target, turn: impl Fn(&Valve)) {
        for session in self.sessions.values() {
            if target.covers_line(session.product, session.line) {
                turn(session.valve());
            }
        }
    }

    /// Ends the target's connections.
    pub(crate) fn end(&mut self, target: &Target, ending: &Ending) {
        for session in self.sessions.values_mut() {
            if target.covers_line(session.product, session.line) {
                session.end(ending.clone());
            }
        }
    }

    /// Puts something on the target's connections.
    pub(crate) fn push_raw(&mut self, target: &Target, out: &Out) {
        for session in self.sessions.values_mut() {
            if target.covers_line(session.product, session.line) && session.hears(target) {
                session.push(out.clone());
            }
        }
    }
}
