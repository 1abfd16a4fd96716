//! REST requests of one feed, one after the other on a thread of their own.
//!
//! The reader never waits for HTTP. Each request is booked with the venue's account before it goes
//! out; snapshots go before everything else, also before requests that wait for the account. After
//! a failure the worker pauses, longer each time and with full jitter, before it takes the next
//! request: a venue that refuses is not asked harder.

mod http;

use std::collections::VecDeque;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, select};
use feedd_codecs::VenueId;
use feedd_codecs::feed::{Fetch, Want};
use tokio::sync::mpsc::UnboundedSender;

use super::backoff::Backoff;
use super::budget::{Booking, Budget};
use super::names::Names;
use crate::clock;
use crate::config::Config;
use crate::exit::Failure;
use crate::host::Helpers;
use http::{Http, Refusal};

/// Requests waiting at once: one snapshot an instrument at most.
const QUEUE: usize = 65_536;
/// First bound of the pause after a failure; doubles.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// Largest such bound.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Longest sleep while nothing is asked for; a request wakes the worker.
const IDLE: Duration = Duration::from_secs(3_600);

/// The outcome of a request.
#[derive(Debug)]
pub struct Answer {
    /// What it was for.
    pub want: Want,
    /// The body, or why there is none.
    pub body: Result<Vec<u8>, String>,
}

/// The sending end of a feed's REST worker.
#[derive(Clone, Debug)]
pub struct Rest {
    requests: Sender<Fetch>,
}

/// What a worker is made of.
#[derive(Debug)]
pub struct Parts<'a> {
    /// Whose requests.
    pub venue: VenueId,
    /// `https://HOST[:PORT]`.
    pub base: &'a str,
    /// The account that the requests are booked with.
    pub budget: Budget,
    /// Where hosts are.
    pub names: Names,
    /// Who starts the worker's thread.
    pub helpers: Helpers,
    /// Limits and authorities.
    pub config: &'a Config,
    /// Where answers go.
    pub answers: UnboundedSender<Answer>,
    /// Its sender's end stops the worker.
    pub stopping: Receiver<()>,
}

impl Rest {
    /// Starts a worker.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if the file of authorities cannot be read.
    pub fn start(parts: Parts<'_>) -> Result<Self, Failure> {
        let (requests, requested) = bounded(QUEUE);
        let worker = Worker {
            venue: parts.venue,
            http: Http::new(parts.base, parts.names, parts.config)?,
            budget: parts.budget,
            backoff: Backoff::new(PAUSE_MIN, PAUSE_MAX, clock::wall().unsigned_abs()),
            tls_retry: parts.config.limits.tls_retry.0,
            queue: Queue::default(),
            requested,
            answers: parts.answers,
            stopping: parts.stopping,
        };
        let name = format!("rest-{}", parts.venue);
        parts.helpers.spawn(name, move || worker.run());
        Ok(Self { requests })
    }

    /// Queues a request; a full queue drops it, and the feed asks again.
    pub fn fetch(&self, fetch: Fetch) {
        let _ = self.requests.try_send(fetch);
    }
}

/// Requests that wait, by urgency and then by age.
#[derive(Debug, Default)]
struct Queue([VecDeque<Fetch>; 5]);

impl Queue {
    fn push(&mut self, fetch: Fetch) {
        self.0[urgency(fetch.want)].push_back(fetch);
    }

    /// The next request.
    fn first(&self) -> Option<&Fetch> {
        self.0.iter().find_map(VecDeque::front)
    }

    fn pop(&mut self) -> Option<Fetch> {
        self.0.iter_mut().find_map(VecDeque::pop_front)
    }
}

/// The place in a [`Queue`]: 0 is the most urgent.
const fn urgency(want: Want) -> usize {
    match want {
        Want::Snapshot { .. } => 0,
        Want::Trades { .. } => 1,
        Want::Reference { .. } => 2,
        Want::Volumes { .. } => 3,
        Want::Audit { .. } => 4,
    }
}

/// Whether a request may use the part of the budget that is kept for what is missing now.
const fn is_urgent(want: Want) -> bool {
    urgency(want) <= 1
}

struct Worker {
    venue: VenueId,
    http: Http,
    budget: Budget,
    backoff: Backoff,
    tls_retry: Duration,
    queue: Queue,
    requested: Receiver<Fetch>,
    answers: UnboundedSender<Answer>,
    stopping: Receiver<()>,
}

impl Worker {
    fn run(mut self) {
        while let Some((fetch, booking)) = self.next() {
            let (body, pause) = self.ask(&fetch, booking);
            if !pause.is_zero()
                && self.stopping.recv_timeout(pause) != Err(RecvTimeoutError::Timeout)
            {
                return;
            }
            let want = fetch.want;
            if self.answers.send(Answer { want, body }).is_err() {
                return;
            }
        }
    }

    /// The next request once it is booked; `None` if the program stops.
    fn next(&mut self) -> Option<(Fetch, Booking)> {
        loop {
            while let Ok(fetch) = self.requested.try_recv() {
                self.queue.push(fetch);
            }
            let wait = match self.queue.first() {
                None => IDLE,
                Some(next) => match self.budget.book(next.weight, is_urgent(next.want)) {
                    Ok(booking) => return self.queue.pop().map(|fetch| (fetch, booking)),
                    Err(wait) => Duration::from_nanos(wait.unsigned_abs()),
                },
            };
            self.wait(wait)?;
        }
    }

    /// Waits for a new request, at most so long; `None` if the program stops.
    fn wait(&mut self, longest: Duration) -> Option<()> {
        select! {
            recv(self.requested) -> fetch => self.queue.push(fetch.ok()?),
            recv(self.stopping) -> _ => return None,
            default(longest) => {}
        }
        Some(())
    }

    /// Asks; gives the body and the pause before the next request.
    fn ask(&mut self, fetch: &Fetch, booking: Booking) -> (Result<Vec<u8>, String>, Duration) {
        match self.http.get(&fetch.path) {
            Ok(body) => {
                self.budget.answered(booking, body.used_weight);
                if is_json(&body.bytes) {
                    self.backoff.succeeded();
                    return (Ok(body.bytes), Duration::ZERO);
                }
                tracing::warn!(venue = %self.venue, host = self.http.host(), path = fetch.path, begins = %beginning(&body.bytes), "REST body is not JSON");
                (Ok(body.bytes), self.backoff.pause())
            }
            Err(refusal) => {
                let pause = self.pause(&refusal);
                tracing::warn!(venue = %self.venue, path = fetch.path, reason = refusal.reason, "REST request failed");
                (Err(refusal.reason), pause)
            }
        }
    }

    /// What the venue asked for stops the account; else our own pause.
    fn pause(&mut self, refusal: &Refusal) -> Duration {
        if let Some(stop) = &refusal.stop {
            let lasts = self.budget.stop(stop);
            tracing::warn!(venue = %self.venue, host = self.http.host(), reason = stop.reason, seconds = lasts.as_secs(), "the venue wants no requests: all of its budget stop");
            return Duration::ZERO;
        }
        if let Some(distrust) = refusal.distrust {
            tracing::error!(venue = %self.venue, host = self.http.host(), fault = distrust.text(), origin = "venue", retry_in = ?self.tls_retry, "TLS refused");
            return self.tls_retry;
        }
        self.backoff.pause()
    }
}

/// Whether a body may be JSON: a proxy's page is none.
fn is_json(body: &[u8]) -> bool {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    matches!(first, Some(b'{' | b'['))
}

/// The first 80 bytes, printable.
fn beginning(body: &[u8]) -> String {
    body[..body.len().min(80)].escape_ascii().to_string()
}

#[cfg(test)]
mod tests;
