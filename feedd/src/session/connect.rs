//! Names, TCP, TLS and WebSocket handshakes.
//!
//! An address that cannot be reached costs a third of the time that a dial has; the next one is
//! tried within the same dial. A peer that TLS does not trust may be the fault of a wrong DNS
//! answer: addresses that served us before are then tried once.

mod error;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderMap;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async_with_config};

use super::certificate;
use super::frame::Watched;
use super::names::Names;
use super::pongs::Pongs;
use super::tls::client_config;
use super::wire::{Wire, WireOptions};
use crate::config::{LimitConfig, TlsConfig};
use crate::exit::Failure;
use error::{handshake_error, tls_error};

pub use error::ConnectError;

/// Step in which tungstenite reads out of the wire's own buffer: no system call each, so it may be
/// small. tungstenite zeroes it before each read; with one frame a read 16 KiB cost 1.4 times and
/// its default of 128 KiB fourteen times what 4 KiB do (example `socket`, in memory).
const READ_BUFFER_BYTES: usize = 4 << 10;
/// Most bytes waiting to be written: subscriptions and pongs, nothing else.
const WRITE_BUFFER_BYTES_MAX: usize = 1 << 20;
/// Most addresses that one dial tries of what DNS names, and of what served us before.
const ADDRESSES_A_DIAL: usize = 3;
/// A quiet connection is probed by TCP after this time, so often, so far apart: a peer that is gone
/// without a word is found in half a minute, whatever the venue's own pings.
const KEEPALIVE: (Duration, u32, Duration) = (Duration::from_secs(15), 3, Duration::from_secs(5));

/// An open line's socket.
pub type Socket = WebSocketStream<Watched<Pongs<MaybeTlsStream<Wire>>>>;

/// An open line.
#[derive(Debug)]
pub struct Opened {
    /// The line.
    pub socket: Socket,
    /// The venue's end.
    pub address: SocketAddr,
    /// When the venue's certificate expires, in seconds since the Unix epoch; `None` without TLS.
    pub certificate_expires: Option<i64>,
}

/// Opens lines: addresses, trust, limits, buffers.
#[derive(Clone)]
pub struct Dialer {
    names: Names,
    tls: Arc<ClientConfig>,
    websocket: WebSocketConfig,
    limit: Duration,
    unacknowledged: Duration,
    certificates: Arc<Mutex<BTreeMap<String, i64>>>,
    wire: WireOptions,
}

impl std::fmt::Debug for Dialer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dialer")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// Where a dial goes.
struct Place<'a> {
    url: &'a str,
    host: &'a str,
    secure: bool,
    headers: &'a HeaderMap,
}

impl Dialer {
    /// A dialer by configuration.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if the file of authorities cannot be read.
    pub fn new(names: Names, tls: &TlsConfig, limits: &LimitConfig) -> Result<Self, Failure> {
        Ok(Self {
            names,
            tls: Arc::new(client_config(tls)?),
            websocket: websocket_config(limits),
            limit: limits.connect.0,
            unacknowledged: limits.unacknowledged.0,
            certificates: Arc::default(),
            wire: WireOptions::default(),
        })
    }

    /// The same dialer for lines whose sockets are read by `options`.
    #[must_use]
    pub fn wired(&self, options: WireOptions) -> Self {
        Self {
            wire: options,
            ..self.clone()
        }
    }

    /// When the newest certificate of each host expires, in seconds since the Unix epoch.
    #[must_use]
    pub fn certificates(&self) -> BTreeMap<String, i64> {
        let certificates = self.certificates.lock();
        certificates.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Opens `url`, with `headers` beside the WebSocket's own. Redundant lines differ in `replica`:
    /// they get different addresses when the name has several.
    ///
    /// # Errors
    ///
    /// A [`ConnectError`] that names the host and the step.
    pub async fn dial(
        &self,
        url: &str,
        replica: usize,
        headers: &HeaderMap,
    ) -> Result<Opened, ConnectError> {
        let (secure, host, port) = split(url).ok_or_else(|| ConnectError::Url {
            url: url.to_owned(),
        })?;
        let place = Place {
            url,
            host,
            secure,
            headers,
        };
        match tokio::time::timeout(self.limit, self.try_addresses(&place, port, replica)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(ConnectError::Timeout {
                host: host.to_owned(),
                limit: self.limit,
            }),
        }
    }

    async fn try_addresses(
        &self,
        place: &Place<'_>,
        port: u16,
        replica: usize,
    ) -> Result<Opened, ConnectError> {
        let found = self.names.addresses(place.host, port, replica).await;
        let found = found.map_err(|source| ConnectError::Name {
            host: place.host.to_owned(),
            source,
        })?;
        let named = found.named.iter().take(ADDRESSES_A_DIAL);
        let served = found.served.iter().take(ADDRESSES_A_DIAL);
        let tries = named
            .map(|one| (one, true))
            .chain(served.map(|one| (one, false)));
        let mut failed = None;
        for (address, named) in tries {
            // Another address that DNS names helps against one that is down, not against a bad
            // certificate.
            if named && matches!(failed, Some(ConnectError::Tls { .. })) {
                continue;
            }
            match self.open(place, *address).await {
                Ok(opened) => {
                    self.names.served(place.host, *address);
                    return Ok(opened);
                }
                Err(error @ (ConnectError::Tcp { .. } | ConnectError::Tls { .. })) => {
                    failed = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        Err(failed.unwrap_or_else(|| ConnectError::Name {
            host: place.host.to_owned(),
            source: io::Error::other("no address"),
        }))
    }

    async fn open(&self, place: &Place<'_>, address: SocketAddr) -> Result<Opened, ConnectError> {
        let stream = self
            .tcp(address)
            .await
            .and_then(|stream| Wire::new(stream, self.wire, place.secure))
            .map_err(|source| ConnectError::Tcp {
                host: place.host.to_owned(),
                address,
                source,
            })?;
        let (stream, certificate_expires) = self.secure(place, stream).await?;
        let handshake = |source| handshake_error(place.host, source);
        let mut request = place.url.into_client_request().map_err(handshake)?;
        request.headers_mut().extend(place.headers.clone());
        let config = Some(self.websocket);
        let stream = Watched::new(Pongs::new(stream));
        let opened = client_async_with_config(request, stream, config).await;
        let (mut socket, _) = opened.map_err(handshake)?;
        let watched = socket.get_mut();
        watched.begin();
        watched.stream_mut().begin();
        if self.wire.spin {
            let spins = watched.wire().spin();
            spins.map_err(|error| handshake(error.into()))?;
        }
        Ok(Opened {
            socket,
            address,
            certificate_expires,
        })
    }

    async fn tcp(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let limit = self.limit / 3;
        let slow = |_| {
            io::Error::new(
                io::ErrorKind::TimedOut,
                format!("no answer within {limit:?}"),
            )
        };
        let stream = tokio::time::timeout(limit, TcpStream::connect(address))
            .await
            .map_err(slow)??;
        stream.set_nodelay(true)?;
        let socket = SockRef::from(&stream);
        socket.set_tcp_user_timeout(Some(self.unacknowledged))?;
        let (time, retries, interval) = KEEPALIVE;
        let keepalive = TcpKeepalive::new().with_time(time);
        let keepalive = keepalive.with_interval(interval).with_retries(retries);
        socket.set_tcp_keepalive(&keepalive)?;
        Ok(stream)
    }

    /// TLS, if the URL asks for it; and when the certificate expires.
    async fn secure(
        &self,
        place: &Place<'_>,
        stream: Wire,
    ) -> Result<(MaybeTlsStream<Wire>, Option<i64>), ConnectError> {
        if !place.secure {
            return Ok((MaybeTlsStream::Plain(stream), None));
        }
        let bare = place.host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned()).map_err(|_| ConnectError::Url {
            url: place.url.to_owned(),
        })?;
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        let stream = connector
            .connect(name, stream)
            .await
            .map_err(|source| tls_error(place.host, source))?;
        let certificates = stream.get_ref().1.peer_certificates();
        let expires = certificates
            .and_then(|chain| chain.first())
            .and_then(|leaf| certificate::not_after(leaf));
        if let Some(expires) = expires {
            let mut known = self
                .certificates
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            known.insert(place.host.to_owned(), expires);
        }
        Ok((MaybeTlsStream::Rustls(stream), expires))
    }
}

/// Limits of a line: messages and frames by configuration, buffers by what a line sends.
fn websocket_config(limits: &LimitConfig) -> WebSocketConfig {
    let most = usize::try_from(limits.message.0).unwrap_or(usize::MAX);
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .max_write_buffer_size(WRITE_BUFFER_BYTES_MAX)
        .max_message_size(Some(most))
        .max_frame_size(Some(most))
}

/// What a WebSocket URL tells: whether TLS, the host, the port.
fn split(url: &str) -> Option<(bool, &str, u16)> {
    let (scheme, rest) = url.split_once("://")?;
    let secure = match scheme {
        "ws" => false,
        "wss" => true,
        _ => return None,
    };
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (authority, if secure { 443 } else { 80 }),
    };
    (!host.is_empty()).then_some((secure, host, port))
}

#[cfg(test)]
mod tests;
