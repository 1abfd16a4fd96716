//! One HTTP request and what its answer means.

use std::io::Read;
use std::time::Duration;

use ureq::Agent;
use ureq::tls::TlsConfig as UreqTls;
use ureq::unversioned::transport::DefaultConnector;

use crate::clock;
use crate::config::Config;
use crate::exit::Failure;
use crate::session::budget::{BODY_HEAD, Reply, Stop};
use crate::session::names::Names;
use crate::session::tls::{Distrust, authorities};

/// Longest time for one request, body included.
const REQUEST_LIMIT: Duration = Duration::from_secs(20);
/// What Binance used of the address's weight in this minute, all programs together (REST general
/// information, 2026-11).
const USED_WEIGHT: &str = "x-mbx-used-weight-1m";

/// A body over status 200.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) bytes: Vec<u8>,
    /// The venue's own count of weight.
    pub(super) used_weight: Option<u32>,
}

/// Why there is no body.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) reason: String,
    /// What the venue asked for.
    pub(super) stop: Option<Stop>,
    /// TLS refused the peer.
    pub(super) distrust: Option<Distrust>,
}

/// The client of one host.
#[derive(Debug)]
pub(super) struct Http {
    agent: Agent,
    base: String,
    host: String,
    body_max: u64,
}

impl Http {
    pub(super) fn new(base: &str, names: Names, config: &Config) -> Result<Self, Failure> {
        let host = base.split_once("://").map_or(base, |(_, host)| host);
        let tls = UreqTls::builder()
            .root_certs(authorities(config.tls.ca_file.as_deref(), "tls.ca_file")?)
            .build();
        let settings = Agent::config_builder()
            .timeout_global(Some(REQUEST_LIMIT))
            .http_status_as_error(false)
            .tls_config(tls)
            .build();
        Ok(Self {
            agent: Agent::with_parts(settings, DefaultConnector::default(), names),
            base: base.to_owned(),
            host: host.to_owned(),
            body_max: config.limits.body.0,
        })
    }

    /// The host that is asked.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn get(&self, path: &str) -> Result<Body, Refusal> {
        let url = format!("{}{path}", self.base);
        let mut response = self
            .agent
            .get(&url)
            .call()
            .map_err(|error| self.failed(&error))?;
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        let used_weight = header(USED_WEIGHT).and_then(|value| value.parse().ok());
        let retry_after = header("retry-after");
        let status = response.status().as_u16();
        let limit = if status == 200 {
            self.body_max
        } else {
            BODY_HEAD as u64
        };
        let mut bytes = Vec::new();
        let mut reader = response.body_mut().as_reader().take(limit + 1);
        let read = reader.read_to_end(&mut bytes);
        let reply = Reply {
            status,
            retry_after: retry_after.as_deref(),
            body: &bytes,
            wall: clock::wall(),
        };
        if let Some(stop) = reply.stop() {
            return Err(Refusal {
                stop: Some(stop),
                ..self.refusal(&format!("HTTP status {status}"))
            });
        }
        if status != 200 {
            return Err(self.refusal(&format!("HTTP status {status}")));
        }
        read.map_err(|error| self.refusal(&error.to_string()))?;
        if bytes.len() as u64 > self.body_max {
            let limit = self.body_max;
            return Err(self.refusal(&format!("the body exceeds limits.body ({limit} bytes)")));
        }
        Ok(Body { bytes, used_weight })
    }

    fn failed(&self, error: &ureq::Error) -> Refusal {
        Refusal {
            distrust: Distrust::find(error),
            ..self.refusal(&error.to_string())
        }
    }

    fn refusal(&self, reason: &str) -> Refusal {
        Refusal {
            reason: format!("{}: {reason}", self.host),
            stop: None,
            distrust: None,
        }
    }
}
