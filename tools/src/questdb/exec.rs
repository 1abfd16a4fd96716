//! Queries whose answers are read line by line, over the server's `/exp`.

use std::borrow::Cow;
use std::io::{BufRead, BufReader, Read};
use std::time::Duration;

use feedd_storage::sink::credentials::{Credentials, Secret};
use feedd_storage::sink::questdb::Server;
use ureq::Agent;
use ureq::tls::TlsConfig;

use super::authorities::roots;
use super::{Access, CountError};

/// Longest time to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time until an answer begins, and until it is whole: servers end a query after a minute,
/// sending an hour of busy books takes several.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(600);
/// Longest line: a record has at most 16 MiB, and a level is about twice as long in text.
const LINE_BYTES_MAX: u64 = 64 << 20;

/// A server that is asked.
#[derive(Debug)]
pub(super) struct Exec {
    agent: Agent,
    url: String,
    authorization: Option<Secret>,
}

impl Exec {
    /// A client of `server`. Connects with the first query.
    pub(super) fn new(server: &Server, access: Access<'_>) -> Result<Self, CountError> {
        let tls = TlsConfig::builder().root_certs(roots(access.ca_file)?);
        let settings = Agent::config_builder()
            .http_status_as_error(false)
            .tls_config(tls.build())
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_recv_response(Some(ANSWER_TIMEOUT))
            .timeout_recv_body(Some(ANSWER_TIMEOUT))
            .build();
        let credentials = access.credentials.map(Credentials::read).transpose()?;
        Ok(Self {
            agent: settings.into(),
            url: format!("{}/exp", server.base_url()),
            authorization: credentials.map(|credentials| credentials.authorization()),
        })
    }

    /// Hands every row that `sql` gives to `each`, which returns nothing for one that it does not
    /// understand.
    pub(super) fn rows(
        &self,
        sql: &str,
        mut each: impl FnMut(&[Cow<'_, str>]) -> Option<()>,
    ) -> Result<(), CountError> {
        let unreachable =
            |error: &dyn std::fmt::Display| CountError::Unreachable(error.to_string());
        let mut request = self.agent.get(&self.url).query("query", sql);
        if let Some(value) = &self.authorization {
            request = request.header("Authorization", value.reveal());
        }
        let mut response = request.call().map_err(|error| unreachable(&error))?;
        let status = response.status();
        let mut lines = BufReader::new(response.body_mut().as_reader());
        let mut line = String::new();
        let mut header = true;
        loop {
            line.clear();
            let mut bounded = lines.by_ref().take(LINE_BYTES_MAX);
            let read = bounded.read_line(&mut line);
            read.map_err(|error| unreachable(&error))?;
            if status != 200 {
                return Err(CountError::Refused {
                    sql: sql.to_owned(),
                    answer: format!("HTTP status {status}: {}", line.trim_end()),
                });
            }
            if line.is_empty() {
                return Ok(());
            }
            let text = line.trim_end_matches(['\r', '\n']);
            if !header && each(&fields(text)).is_none() {
                return Err(CountError::Form {
                    sql: sql.to_owned(),
                    line: text.chars().take(200).collect(),
                });
            }
            header = false;
        }
    }
}

/// The fields of a line: separated by commas, in quotes where they have one themselves.
fn fields(line: &str) -> Vec<Cow<'_, str>> {
    let mut fields = Vec::new();
    let (mut begin, mut quoted) = (0, false);
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                fields.extend(line.get(begin..at).map(unquoted));
                begin = at + 1;
            }
            _ => {}
        }
    }
    fields.extend(line.get(begin..).map(unquoted));
    fields
}

fn unquoted(field: &str) -> Cow<'_, str> {
    let inner = field
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    match inner {
        Some(inner) if inner.contains('"') => inner.replace("\"\"", "\"").into(),
        Some(inner) => inner.into(),
        None => field.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_at_its_commas_and_quotes_are_taken_off() {
        let line = r#""kraken-spot",,3,"[[1.0,2.0],[3.0,4.0]]","a ""b"", c""#;
        let expected = [
            "kraken-spot",
            "",
            "3",
            "[[1.0,2.0],[3.0,4.0]]",
            "a \"b\", c",
        ];
        assert_eq!(fields(line), expected);
    }
}
