//! Where the server is and how the sink talks to it.

use std::path::PathBuf;
use std::time::Duration;

use feedd_storage::sink::credentials::{Credentials, CredentialsError};
use feedd_storage::sink::questdb::{ConnectError, Server, Transport};
use questdb::ingress::{ProtocolVersion, SenderBuilder};

use crate::config::QuestDbConfig;

/// Largest message to the server: a batch is cut into pieces far below it, a single record is at
/// most 16 MiB.
const MESSAGE_BYTES_MAX: usize = 256 << 20;

/// Where the server is and how the sink talks to it.
#[derive(Clone, Debug)]
pub struct Options {
    /// The server.
    pub server: Server,
    /// File of the credentials; nothing for a server that asks for none.
    pub credentials: Option<PathBuf>,
    /// PEM file of the authorities that sign the server's certificate; nothing for the public ones.
    pub ca_file: Option<PathBuf>,
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

impl Options {
    /// The options of a configuration string as QuestDB's clients have it:
    /// `http::addr=127.0.0.1:9000;`, or `ws::…` for a server from 10.0 on.
    ///
    /// # Errors
    ///
    /// [`ConnectError`].
    pub fn new(connect: &str) -> Result<Self, ConnectError> {
        Ok(Self {
            server: Server::parse(connect)?,
            credentials: None,
            ca_file: None,
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
            ca_file: config.ca_file.clone(),
            settle: config.settle.0,
            connections: config.connections,
            keep_quotes_days: config.keep_quotes_days,
            keep_days: config.keep_days,
            ..options
        }))
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
        let builder = SenderBuilder::from_conf(self.server.to_string())?;
        let builder = builder.max_buf_size(MESSAGE_BYTES_MAX)?;
        let builder = match self.server.transport {
            // Told, so that it is not asked for: connecting does no input or output. The pump is
            // who tries again, so the client does not.
            Transport::Ilp => builder
                .protocol_version(ProtocolVersion::V3)?
                .request_timeout(timeout)?
                .retry_timeout(Duration::ZERO)?,
            Transport::Qwp => builder.reconnect_max_duration(timeout)?,
        };
        let builder = match &self.ca_file {
            Some(path) if self.server.tls => builder.tls_roots(path)?,
            _ => builder,
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
