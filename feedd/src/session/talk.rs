//! What one connection waits for, in the order in which it is looked at.
//!
//! The socket comes first: what it brings is looked for with each poll, everything else with each
//! turn of the [`Pace`]. A venue that sends without end holds up neither the commands nor the other
//! lines of the thread: after [`STREAK`] messages the rest is looked at and the thread given back.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior};
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use super::connect::Socket;
use super::pace::Pace;
use crate::pipeline::hub::Command;

/// Messages in a row before anything else has its turn: at a microsecond each, a tenth of a
/// millisecond.
const STREAK: u32 = 128;

/// What happened.
#[derive(Debug)]
pub(super) enum Event {
    /// A message, an error, or the end.
    Heard(Option<Result<Message, WsError>>),
    /// The feed wants something; `None`: the line is retired.
    Told(Option<Command>),
    /// It is time for a ping frame.
    Ping,
    /// It is time to look whether the line is silent.
    Look,
    /// The program stops.
    Stop,
}

/// A connection and all that it waits for.
#[derive(Debug)]
pub(super) struct Talk<'a> {
    pub(super) socket: Socket,
    commands: &'a mut mpsc::Receiver<Command>,
    look: Interval,
    ping: Option<Interval>,
    pace: &'a Pace,
    /// Whether the libraries above the socket may still hold messages.
    holds: bool,
    streak: u32,
}

impl<'a> Talk<'a> {
    pub(super) fn new(
        socket: Socket,
        commands: &'a mut mpsc::Receiver<Command>,
        look: Duration,
        ping: Option<Duration>,
        pace: &'a Pace,
    ) -> Self {
        pace.set_hot(true);
        Self {
            socket,
            commands,
            look: ticks(look),
            ping: ping.map(ticks),
            pace,
            holds: true,
            streak: 0,
        }
    }

    /// The next thing that happens; `stop` is the stop signal.
    #[inline]
    pub(super) fn poll_event(
        &mut self,
        context: &mut Context<'_>,
        stop: Pin<&mut impl Future>,
    ) -> Poll<Event> {
        if self.streak >= STREAK {
            self.streak = 0;
            let rest = self.poll_rest(context, stop);
            if rest.is_pending() {
                context.waker().wake_by_ref();
            }
            return rest;
        }
        let turn = self.pace.is_turn();
        if turn || self.holds || self.socket.get_mut().wire().has_news() {
            let heard = self.socket.poll_next_unpin(context);
            self.holds = heard.is_ready();
            if let Poll::Ready(message) = heard {
                self.streak += 1;
                return Poll::Ready(Event::Heard(message));
            }
        }
        self.streak = 0;
        if turn {
            self.poll_rest(context, stop)
        } else {
            Poll::Pending
        }
    }

    #[cold]
    fn poll_rest(&mut self, context: &mut Context<'_>, stop: Pin<&mut impl Future>) -> Poll<Event> {
        if let Poll::Ready(command) = self.commands.poll_recv(context) {
            return Poll::Ready(Event::Told(command));
        }
        if let Some(ping) = &mut self.ping
            && ping.poll_tick(context).is_ready()
        {
            return Poll::Ready(Event::Ping);
        }
        if self.look.poll_tick(context).is_ready() {
            return Poll::Ready(Event::Look);
        }
        stop.poll(context).map(|_| Event::Stop)
    }
}

impl Drop for Talk<'_> {
    fn drop(&mut self) {
        self.pace.set_hot(false);
    }
}

fn ticks(every: Duration) -> Interval {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
