//! Queries, over the server's `/exec`.

use std::time::Duration;

use feedd_storage::sink::Refusal;
use feedd_storage::sink::credentials::{Credentials, Secret};
use serde_json::Value;
use ureq::Agent;
use ureq::tls::TlsConfig;

use super::options::Options;
use crate::session::tls::authorities;

/// Longest answer: a count a minute, instrument and day has some megabytes.
const BODY_BYTES_MAX: u64 = 256 << 20;

/// A server that is asked.
#[derive(Debug)]
pub struct Exec {
    agent: Agent,
    url: String,
    authorization: Option<Secret>,
}

impl Exec {
    /// A client of the server of `options`. Connects with the first query.
    ///
    /// # Errors
    ///
    /// [`Refusal::Transient`] if credentials or authorities cannot be read: an operator has to act.
    pub fn new(options: &Options, timeout: Duration) -> Result<Self, Refusal> {
        let ca_file = options.ca_file.as_deref();
        let authorities =
            authorities(ca_file, "sinks.questdb.ca_file").map_err(Refusal::transient)?;
        let settings = Agent::config_builder()
            .http_status_as_error(false)
            .tls_config(TlsConfig::builder().root_certs(authorities).build())
            .timeout_global(Some(timeout))
            .build();
        let credentials = options.read_credentials().map_err(Refusal::transient)?;
        Ok(Self {
            agent: settings.into(),
            url: format!("{}/exec", options.server.base_url()),
            authorization: credentials.as_ref().map(Credentials::authorization),
        })
    }

    /// Whether every acknowledged row can be seen by queries.
    ///
    /// # Errors
    ///
    /// A [`Refusal`].
    pub fn is_applied(&self) -> Result<bool, Refusal> {
        let behind =
            "SELECT count() FROM wal_tables() WHERE writerTxn <> sequencerTxn OR suspended";
        let rows = self.query(behind)?;
        let count = rows.first().and_then(|row| row.first());
        Ok(count.and_then(Value::as_u64) == Some(0))
    }

    /// The rows that `sql` gives, a value a column; none for a statement.
    ///
    /// # Errors
    ///
    /// [`Refusal::Permanent`] if the server refuses the query itself, [`Refusal::Transient`] for
    /// everything else.
    pub fn query(&self, sql: &str) -> Result<Vec<Vec<Value>>, Refusal> {
        let mut request = self.agent.get(&self.url).query("query", sql);
        if let Some(value) = &self.authorization {
            request = request.header("Authorization", value.reveal());
        }
        let mut response = request.call().map_err(Refusal::transient)?;
        let status = response.status().as_u16();
        let body = response
            .body_mut()
            .with_config()
            .limit(BODY_BYTES_MAX)
            .read_to_vec()
            .map_err(Refusal::transient)?;
        let answer: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        match (status, answer.get("error").and_then(Value::as_str)) {
            (200, None) => Ok(rows(answer)),
            (400, Some(error)) => Err(Refusal::permanent(error)),
            (_, Some(error)) => Err(Refusal::transient(error)),
            (_, None) => Err(Refusal::transient(format!("HTTP status {status}"))),
        }
    }
}

fn rows(mut answer: Value) -> Vec<Vec<Value>> {
    let Some(Value::Array(rows)) = answer.get_mut("dataset").map(Value::take) else {
        return Vec::new();
    };
    rows.into_iter()
        .filter_map(|row| match row {
            Value::Array(values) => Some(values),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
#[path = "tls_tests.rs"]
mod tests;
