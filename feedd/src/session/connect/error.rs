//! Why a line could not be opened.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio_tungstenite::tungstenite::Error as WsError;

use crate::clock;
use crate::session::budget::{Reply, Stop};
use crate::session::tls::Distrust;

/// Why a line could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL names no host.
    #[error("{url} names no host: allowed is ws://HOST[:PORT]/PATH or wss://HOST[:PORT]/PATH")]
    Url {
        /// The URL.
        url: String,
    },
    /// The name has no address, and none is remembered.
    #[error("cannot resolve {host}: {source}")]
    Name {
        /// The host.
        host: String,
        /// Why.
        source: io::Error,
    },
    /// The address could not be reached.
    #[error("cannot reach {host} at {address}: {source}")]
    Tcp {
        /// The host.
        host: String,
        /// Its address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// TLS does not trust the peer.
    #[error("TLS with {host}: {}: {source}", .distrust.text())]
    Tls {
        /// The host.
        host: String,
        /// What is wrong.
        distrust: Distrust,
        /// In the library's words.
        source: io::Error,
    },
    /// The venue refused the WebSocket.
    #[error("{host} refused with HTTP status {status}")]
    Refused {
        /// The host.
        host: String,
        /// The status.
        status: u16,
        /// How long the venue wants to see nothing.
        stop: Option<Stop>,
    },
    /// Another failure of the handshakes.
    #[error("handshake with {host}: {source}")]
    Handshake {
        /// The host.
        host: String,
        /// Why.
        source: Box<WsError>,
    },
    /// All of it took too long.
    #[error("no connection to {host} within {limit:?}")]
    Timeout {
        /// The host.
        host: String,
        /// The limit.
        limit: Duration,
    },
}

pub(super) fn tls_error(host: &str, source: io::Error) -> ConnectError {
    let host = host.to_owned();
    match Distrust::find(&source) {
        Some(distrust) => ConnectError::Tls {
            host,
            distrust,
            source,
        },
        None => ConnectError::Handshake {
            host,
            source: Box::new(WsError::Io(source)),
        },
    }
}

pub(super) fn handshake_error(host: &str, source: WsError) -> ConnectError {
    let host = host.to_owned();
    let WsError::Http(response) = &source else {
        return ConnectError::Handshake {
            host,
            source: Box::new(source),
        };
    };
    let retry_after = response.headers().get("retry-after");
    let status = response.status().as_u16();
    let reply = Reply {
        status,
        retry_after: retry_after.and_then(|value| value.to_str().ok()),
        body: response.body().as_deref().unwrap_or_default(),
        wall: clock::wall(),
    };
    ConnectError::Refused {
        host,
        status,
        stop: reply.stop(),
    }
}
