//! Where the server is and how the sink talks to it.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::QuestDbConfig;
use crate::sink::credentials::{Credentials, CredentialsError};
use questdb::ingress::{ProtocolVersion, SenderBuilder};

/// Largest message to the server: a batch is cut into pieces far below it, a single record is at
/// most 16 MiB.
const MESSAGE_BYTES_MAX: usize = 256 << 20;

/// How rows travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// QWP over WebSocket: servers from 10.0 on.
    Qwp,
    /// ILP over HTTP: servers from 9.2 on, which brought decimals.
    Ilp,
}

/// Where the server is and how the sink talks to it.
#[derive(Clone, Debug)]
pub struct Options {
    /// How rows travel.
    pub transport: Transport,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// `host:port` of the server's HTTP endpoint, which serves rows and queries.
    pub address: String,
    /// File of the credentials; nothing for a server that asks for none.
    pub credentials: Option<PathBuf>,
    /// How long after the server's acknowledgement a row may still be lost by a crash of the
    /// server's *host*. So long the cursor waits, and so much is sent again after a restart. Servers
    /// acknowledge what is in their page cache unless `cairo.commit.mode` is `sync`.
    pub settle: Duration,
    /// Connections that share the rows of a batch.
    pub connections: usize,
    /// Days that quotes, books and orders are kept; 0 = for ever.
    pub keep_quotes_days: u32,
    /// Days that everything else but reference data is kept; 0 = for ever.
    pub keep_days: u32,
}

/// Why a configuration string was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// No scheme that is known.
    #[error("expected `http::`, `https::`, `ws::` or `wss::` before the settings")]
    Scheme,
    /// A secret, which has no place in a configuration.
    #[error("`{0}` does not belong here: name a file by `credentials`")]
    Secret(String),
    /// A setting that this sink does not have.
    #[error("`{0}` is not a setting: expected `addr=HOST:PORT;`")]
    Unknown(String),
    /// No address, or one without a port.
    #[error("expected `addr=HOST:PORT;`")]
    Address,
}

impl Options {
    /// The options of a configuration string as QuestDB's clients have it:
    /// `http::addr=127.0.0.1:9000;`, or `ws::…` for a server from 10.0 on.
    ///
    /// # Errors
    ///
    /// [`ConnectError`].
    pub fn new(connect: &str) -> Result<Self, ConnectError> {
        let (scheme, settings) = connect.split_once("::").ok_or(ConnectError::Scheme)?;
        let (transport, tls) = match scheme {
            "http" => (Transport::Ilp, false),
            "https" => (Transport::Ilp, true),
            "ws" => (Transport::Qwp, false),
            "wss" => (Transport::Qwp, true),
            _ => return Err(ConnectError::Scheme),
        };
        Ok(Self {
            transport,
            tls,
            address: address(settings)?,
            credentials: None,
            settle: Duration::from_secs(60),
            connections: 2,
            keep_quotes_days: 3,
            keep_days: 30,
        })
    }

    /// The options of a configuration; nothing where it names no server.
    pub fn of(config: &QuestDbConfig) -> Option<Result<Self, ConnectError>> {
        let options = Self::new(config.connect.as_deref()?);
        Some(options.map(|options| Self {
            credentials: config.credentials.clone(),
            settle: config.settle.0,
            connections: config.connections,
            keep_quotes_days: config.keep_quotes_days,
            keep_days: config.keep_days,
            ..options
        }))
    }

    /// The base of the server's HTTP addresses.
    pub(super) fn base_url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The credentials, read anew.
    pub(super) fn read_credentials(&self) -> Result<Option<Credentials>, CredentialsError> {
        self.credentials
            .as_deref()
            .map(Credentials::read)
            .transpose()
    }

    /// How a connection for rows is made.
    pub(super) fn sender(
        &self,
        credentials: Option<&Credentials>,
        timeout: Duration,
    ) -> questdb::Result<SenderBuilder> {
        let scheme = match (self.transport, self.tls) {
            (Transport::Ilp, false) => "http",
            (Transport::Ilp, true) => "https",
            (Transport::Qwp, false) => "ws",
            (Transport::Qwp, true) => "wss",
        };
        let builder = SenderBuilder::from_conf(format!("{scheme}::addr={};", self.address))?;
        let builder = builder.max_buf_size(MESSAGE_BYTES_MAX)?;
        let builder = match self.transport {
            // Told, so that it is not asked for: connecting does no input or output. The pump is
            // who tries again, so the client does not.
            Transport::Ilp => builder
                .protocol_version(ProtocolVersion::V3)?
                .request_timeout(timeout)?
                .retry_timeout(Duration::ZERO)?,
            Transport::Qwp => builder.reconnect_max_duration(timeout)?,
        };
        match credentials {
            None => Ok(builder),
            Some(Credentials::Token(token)) => builder.token(token.reveal()),
            Some(Credentials::Basic { username, password }) => builder
                .username(username.reveal())?
                .password(password.reveal()),
        }
    }
}

fn address(settings: &str) -> Result<String, ConnectError> {
    const SECRETS: [&str; 6] = ["username", "user", "password", "pass", "token", "token_x"];
    let mut address = Err(ConnectError::Address);
    for setting in settings.split(';').filter(|setting| !setting.is_empty()) {
        // What is not `name=value` may be a secret with a `;` in it: it is not repeated.
        let (name, value) = setting.split_once('=').ok_or(ConnectError::Address)?;
        if SECRETS.contains(&name) {
            return Err(ConnectError::Secret(name.to_owned()));
        }
        if name != "addr" {
            return Err(ConnectError::Unknown(name.to_owned()));
        }
        let port = value.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
        if matches!(port, Some(Ok(_))) && !value.contains(',') {
            address = Ok(value.to_owned());
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_chooses_the_transport() {
        for (text, transport, tls) in [
            ("http::addr=127.0.0.1:9000;", Transport::Ilp, false),
            ("https::addr=db.example:443", Transport::Ilp, true),
            ("ws::addr=[::1]:9000;", Transport::Qwp, false),
            ("wss::addr=db.example:443;", Transport::Qwp, true),
        ] {
            let options = Options::new(text).unwrap();
            assert_eq!((options.transport, options.tls), (transport, tls), "{text}");
            assert!(text.contains(&options.address));
        }
    }

    #[test]
    fn strings_without_address_with_secrets_or_with_unknown_settings_are_refused_by_name() {
        for (text, problem) in [
            ("127.0.0.1:9000", ConnectError::Scheme),
            ("tcp::addr=127.0.0.1:9009;", ConnectError::Scheme),
            ("http::", ConnectError::Address),
            ("http::addr=localhost;", ConnectError::Address),
            ("http::addr=a:1,b:2;", ConnectError::Address),
            (
                "http::addr=a:1;password=x;",
                ConnectError::Secret("password".into()),
            ),
            (
                "http::addr=a:1;auto_flush=on;",
                ConnectError::Unknown("auto_flush".into()),
            ),
        ] {
            assert_eq!(Options::new(text).unwrap_err(), problem, "{text}");
        }
    }
}
