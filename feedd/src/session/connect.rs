//! TCP, TLS and WebSocket handshakes.

use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Error as WsError;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

use crate::config::{LimitConfig, TlsConfig};
use crate::exit::{Code, Failure};

/// Read buffer of a connection. tungstenite zeroes it before each read, so its default of 128 KiB
/// costs about a microsecond a frame; 16 KiB holds any frame of the small channels.
const READ_BUFFER_BYTES: usize = 16 << 10;
/// Most bytes waiting to be written: subscriptions and pongs, nothing else.
const WRITE_BUFFER_BYTES_MAX: usize = 1 << 20;

/// An open line.
pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Why a line could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL names no host.
    #[error("{url} names no host: allowed is ws://HOST[:PORT]/PATH or wss://HOST[:PORT]/PATH")]
    Url {
        /// The URL.
        url: String,
    },
    /// The address could not be resolved or reached.
    #[error("cannot reach {address}: {source}")]
    Tcp {
        /// Host and port.
        address: String,
        /// Why.
        source: std::io::Error,
    },
    /// TLS or WebSocket handshake.
    #[error("handshake with {url}: {source}")]
    Handshake {
        /// The URL.
        url: String,
        /// Why.
        source: Box<WsError>,
    },
    /// All of it took too long.
    #[error("no connection to {url} within {limit:?}")]
    Timeout {
        /// The URL.
        url: String,
        /// The limit.
        limit: Duration,
    },
}

/// Opens lines: trust, limits, buffers.
#[derive(Clone)]
pub struct Dialer {
    tls: Arc<ClientConfig>,
    websocket: WebSocketConfig,
    limit: Duration,
}

impl std::fmt::Debug for Dialer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dialer")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl Dialer {
    /// A dialer by configuration.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if the file of authorities cannot be read.
    pub fn new(tls: &TlsConfig, limits: &LimitConfig) -> Result<Self, Failure> {
        let most = usize::try_from(limits.message.0).unwrap_or(usize::MAX);
        let websocket = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .max_write_buffer_size(WRITE_BUFFER_BYTES_MAX)
            .max_message_size(Some(most))
            .max_frame_size(Some(most));
        Ok(Self {
            tls: Arc::new(client_config(tls)?),
            websocket,
            limit: limits.connect.0,
        })
    }

    /// Opens `url`.
    ///
    /// # Errors
    ///
    /// A [`ConnectError`] that names the address and the step.
    pub async fn dial(&self, url: &str) -> Result<Socket, ConnectError> {
        match tokio::time::timeout(self.limit, self.shake_hands(url)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(ConnectError::Timeout {
                url: url.to_owned(),
                limit: self.limit,
            }),
        }
    }

    async fn shake_hands(&self, url: &str) -> Result<Socket, ConnectError> {
        let address = host_and_port(url).ok_or_else(|| ConnectError::Url {
            url: url.to_owned(),
        })?;
        let tcp = |source| ConnectError::Tcp {
            address: address.clone(),
            source,
        };
        let stream = TcpStream::connect(&address).await.map_err(tcp)?;
        stream.set_nodelay(true).map_err(tcp)?;
        let connector = Connector::Rustls(Arc::clone(&self.tls));
        let opened =
            client_async_tls_with_config(url, stream, Some(self.websocket), Some(connector)).await;
        match opened {
            Ok((socket, _)) => Ok(socket),
            Err(source) => Err(ConnectError::Handshake {
                url: url.to_owned(),
                source: Box::new(source),
            }),
        }
    }
}

/// The part of a URL that TCP needs.
fn host_and_port(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest
        .split('/')
        .next()
        .filter(|authority| !authority.is_empty())?;
    let port = if scheme == "wss" { 443 } else { 80 };
    let has_port = authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    Some(if has_port {
        authority.to_owned()
    } else {
        format!("{authority}:{port}")
    })
}

/// Certificate and name checks are always on; only the authorities can be chosen.
fn client_config(tls: &TlsConfig) -> Result<ClientConfig, Failure> {
    let mut roots = RootCertStore::empty();
    match &tls.ca_file {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            let unreadable = |error: &dyn std::fmt::Display| {
                Failure::new(
                    Code::NoInput,
                    format!(
                        "tls.ca_file {}: {error}; expected PEM certificates",
                        path.display()
                    ),
                )
            };
            let certificates =
                CertificateDer::pem_file_iter(path).map_err(|error| unreadable(&error))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| unreadable(&error))?;
                roots.add(certificate).map_err(|error| unreadable(&error))?;
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| Failure::new(Code::Software, format!("TLS: {error}")))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_give_host_and_port() {
        for (url, expected) in [
            ("wss://ws.kraken.com/v2", Some("ws.kraken.com:443")),
            ("ws://127.0.0.1:8080/stream", Some("127.0.0.1:8080")),
            ("ws://[::1]:9000", Some("[::1]:9000")),
            (
                "wss://stream.binance.com:9443/stream",
                Some("stream.binance.com:9443"),
            ),
            ("ws://", None),
            ("localhost", None),
        ] {
            assert_eq!(host_and_port(url).as_deref(), expected, "{url}");
        }
    }
}
