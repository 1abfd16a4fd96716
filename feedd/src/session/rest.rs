//! REST requests of one feed, one after the other on a thread of their own.
//!
//! The reader never waits for HTTP. After a failure the worker pauses, longer each time and at
//! least as long as `Retry-After` says, before it takes the next request: a venue that refuses is
//! not asked harder.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use feedd_codecs::feed::{Fetch, Want};
use tokio::sync::mpsc::UnboundedSender;
use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig as UreqTls};

use crate::config::{LimitConfig, TlsConfig};
use crate::exit::{Code, Failure};

/// Requests waiting at once: one snapshot an instrument at most.
const QUEUE: usize = 65_536;
/// Longest time for one request, body included.
const REQUEST_LIMIT: Duration = Duration::from_secs(20);
/// First pause after a failure; doubles.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// Longest pause of our own; a longer `Retry-After` is obeyed.
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// Longest `Retry-After` that is believed: Binance bans for up to three days.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3 * 86_400);

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

impl Rest {
    /// Starts the worker of the venue at `base`; answers go to `answers`.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if the file of authorities cannot be read or the thread cannot start.
    pub fn start(
        name: &str,
        base: &str,
        tls: &TlsConfig,
        limits: &LimitConfig,
        answers: UnboundedSender<Answer>,
        stopping: Receiver<()>,
    ) -> Result<Self, Failure> {
        let (requests, requested) = bounded(QUEUE);
        let worker = Worker {
            agent: agent(tls)?,
            base: base.to_owned(),
            body_max: limits.body.0,
            failures: 0,
            answers,
            stopping,
        };
        std::thread::Builder::new()
            .name(format!("rest-{name}"))
            .spawn(move || worker.run(&requested))
            .map_err(|error| {
                Failure::new(
                    Code::Software,
                    format!("cannot start the REST thread: {error}"),
                )
            })?;
        Ok(Self { requests })
    }

    /// Queues a request; a full queue drops it, and the feed asks again.
    pub fn fetch(&self, fetch: Fetch) {
        let _ = self.requests.try_send(fetch);
    }
}

fn agent(tls: &TlsConfig) -> Result<Agent, Failure> {
    let roots = match &tls.ca_file {
        None => RootCerts::WebPki,
        Some(path) => {
            let failure = |error: &dyn std::fmt::Display| {
                Failure::new(
                    Code::NoInput,
                    format!(
                        "tls.ca_file {}: {error}; expected PEM certificates",
                        path.display()
                    ),
                )
            };
            let pem = std::fs::read(path).map_err(|error| failure(&error))?;
            let certificates: Vec<Certificate<'static>> = ureq::tls::parse_pem(&pem)
                .filter_map(|item| match item {
                    Ok(PemItem::Certificate(certificate)) => Some(certificate),
                    _ => None,
                })
                .collect();
            RootCerts::Specific(Arc::new(certificates))
        }
    };
    let config = Agent::config_builder()
        .timeout_global(Some(REQUEST_LIMIT))
        .http_status_as_error(false)
        .tls_config(UreqTls::builder().root_certs(roots).build())
        .build();
    Ok(config.into())
}

struct Worker {
    agent: Agent,
    base: String,
    body_max: u64,
    failures: u32,
    answers: UnboundedSender<Answer>,
    stopping: Receiver<()>,
}

impl Worker {
    fn run(mut self, requested: &Receiver<Fetch>) {
        while let Ok(fetch) = requested.recv() {
            let outcome = self.get(&fetch.path);
            let pause = match &outcome {
                Ok(_) => {
                    self.failures = 0;
                    Duration::ZERO
                }
                Err(refusal) => self.pause(refusal),
            };
            if !pause.is_zero()
                && self.stopping.recv_timeout(pause) != Err(RecvTimeoutError::Timeout)
            {
                return;
            }
            let body = outcome.map_err(|refusal| refusal.reason);
            if let Err(reason) = &body {
                tracing::warn!(path = fetch.path, reason, "REST request failed");
            }
            if self
                .answers
                .send(Answer {
                    want: fetch.want,
                    body,
                })
                .is_err()
            {
                return;
            }
        }
    }

    fn get(&self, path: &str) -> Result<Vec<u8>, Refusal> {
        let url = format!("{}{path}", self.base);
        let mut response = self
            .agent
            .get(&url)
            .call()
            .map_err(|error| Refusal::new(error.to_string()))?;
        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok()?.parse().ok());
        if status != 200 {
            let retry_after = retry_after.map(Duration::from_secs);
            return Err(Refusal {
                reason: format!("HTTP status {status}"),
                retry_after,
            });
        }
        let mut body = Vec::new();
        let mut reader = response.body_mut().as_reader().take(self.body_max + 1);
        reader
            .read_to_end(&mut body)
            .map_err(|error| Refusal::new(error.to_string()))?;
        if body.len() as u64 > self.body_max {
            return Err(Refusal::new(format!(
                "the body exceeds limits.body ({} bytes)",
                self.body_max
            )));
        }
        Ok(body)
    }

    fn pause(&mut self, refusal: &Refusal) -> Duration {
        let own = PAUSE_MIN
            .saturating_mul(1 << self.failures.min(10))
            .min(PAUSE_MAX);
        self.failures = self.failures.saturating_add(1);
        own.max(
            refusal
                .retry_after
                .unwrap_or(Duration::ZERO)
                .min(RETRY_AFTER_MAX),
        )
    }
}

struct Refusal {
    reason: String,
    retry_after: Option<Duration>,
}

impl Refusal {
    const fn new(reason: String) -> Self {
        Self {
            reason,
            retry_after: None,
        }
    }
}
