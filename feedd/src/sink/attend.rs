//! What a sink's pump lives in: the daemon's clocks, its stop and its log.

use std::time::Duration;

use crossbeam_channel::{Receiver, TryRecvError};
use feedd_storage::Error;
use feedd_storage::sink::{Notice, Surroundings};

use crate::clock;

/// Clock, pause and listener of one sink.
#[derive(Clone, Debug)]
pub(super) struct Attendant {
    name: &'static str,
    /// Its sender is gone when the sinks shall stop; nothing is ever sent.
    stopped: Receiver<()>,
}

impl Attendant {
    pub(super) const fn new(name: &'static str, stopped: Receiver<()>) -> Self {
        Self { name, stopped }
    }

    pub(super) fn cannot_open(&self, error: &Error, pause: Duration) {
        tracing::error!(sink = self.name, %error, ?pause, "a sink cannot begin");
    }
}

impl Surroundings for Attendant {
    fn now(&self) -> Duration {
        Duration::from_nanos(u64::try_from(clock::mono()).unwrap_or(0))
    }

    fn wall(&self) -> i64 {
        clock::wall()
    }

    fn pause(&self, time: Duration) {
        // Either way it is time to go on.
        let _ = self.stopped.recv_timeout(time);
    }

    fn stopping(&self) -> bool {
        self.stopped.try_recv() == Err(TryRecvError::Disconnected)
    }

    fn tell(&self, notice: &Notice<'_>) {
        let sink = self.name;
        match *notice {
            Notice::Retry {
                reason,
                pause,
                failures,
            } => {
                // Every doubling of a long outage is enough to read.
                if failures.is_power_of_two() {
                    tracing::warn!(sink, reason, ?pause, failures, "a sink is not taking rows");
                }
            }
            Notice::Recovered { failures } => {
                tracing::info!(sink, failures, "a sink takes rows again");
            }
            Notice::Dead { seq, reason } => {
                tracing::warn!(sink, seq, reason, "a row went to the dead letters");
            }
            Notice::Lost { from, to, cause } => {
                tracing::error!(
                    alarm = "sink_lost",
                    sink,
                    from,
                    to,
                    cause,
                    "rows were gone before the sink had them"
                );
            }
            Notice::Replayed { number, refused } => {
                tracing::info!(sink, number, refused, "a dead letter was tried again");
            }
        }
    }
}
