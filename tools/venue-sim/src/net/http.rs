//! The HTTP side of a port: REST answers and the upgrade to WebSocket.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::io::Io;
use super::rules::Rules;
use super::socket::Seat;
use crate::config::Product;
use crate::venue::{Handshake, RestReply};
use crate::world::{Shared, lock};

/// How long a TLS handshake may take; a client that never speaks must not pile up.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// The header in which Binance expects an API key.
const API_KEY: &str = "x-mbx-apikey";

/// What one listener needs to serve a connection.
#[derive(Clone)]
pub(crate) struct Port {
    pub(crate) product: Product,
    /// The port of Binance Spot's binary streams.
    pub(crate) sbe: bool,
    pub(crate) rules: Rules,
    pub(crate) shared: Shared,
    pub(crate) tls: Option<TlsAcceptor>,
}

/// Accepts for ever; ends with the runtime.
pub(crate) async fn accept_loop(listener: TcpListener, port: Port) {
    let port = Arc::new(port);
    loop {
        match listener.accept().await {
            Ok((tcp, peer)) => {
                tokio::spawn(serve(tcp, peer.ip(), Arc::clone(&port)));
            }
            // Out of file descriptors: leave time for some to be closed.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn serve(tcp: TcpStream, address: IpAddr, port: Arc<Port>) {
    let Some(io) = secured(tcp, &port).await else {
        return;
    };
    let service = service_fn(move |request| {
        let port = Arc::clone(&port);
        async move { Ok::<_, Infallible>(answer(request, address, &port).await) }
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(io), service);
    if let Err(error) = connection.with_upgrades().await {
        tracing::debug!(%error, "simulated venue: HTTP connection ended");
    }
}

async fn secured(tcp: TcpStream, port: &Port) -> Option<Io> {
    // Latency of small frames matters more than their number.
    tcp.set_nodelay(true).ok()?;
    let Some(acceptor) = &port.tls else {
        return Some(Io::plain(tcp));
    };
    let tls = tokio::time::timeout(HANDSHAKE_MAX, acceptor.accept(tcp))
        .await
        .ok()?;
    match tls {
        Ok(tls) => Some(Io::tls(tls)),
        Err(error) => {
            tracing::debug!(%error, "simulated venue: TLS handshake refused");
            None
        }
    }
}

async fn answer(request: Request<Incoming>, address: IpAddr, port: &Port) -> Response<Full<Bytes>> {
    let target = request
        .uri()
        .path_and_query()
        .map_or("/", |target| target.as_str())
        .to_owned();
    if let Some(key) = websocket_key(request.headers()) {
        let handshake = Handshake {
            path: target,
            address,
            api_key: header_text(request.headers(), API_KEY),
            sbe: port.sbe,
        };
        return upgrade(request, &key, handshake, port);
    }
    let (reply, delay) = lock(&port.shared).rest(port.product, &target);
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    response(reply)
}

fn response(reply: RestReply) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(reply.body)));
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    for (name, value) in reply.headers {
        if let (Ok(name), Ok(value)) = (
            header::HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(&value),
        ) {
            headers.insert(name, value);
        }
    }
    response
}

fn header_text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// The client's key, if the request asks for a WebSocket (RFC 6455 section 4.2.1).
fn websocket_key(headers: &HeaderMap) -> Option<String> {
    let upgrade = headers.get(header::UPGRADE)?.to_str().ok()?;
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?.to_str().ok()?;
    upgrade
        .eq_ignore_ascii_case("websocket")
        .then(|| key.to_owned())
}

/// Answers 101 and hands the connection over, or refuses: an unknown path, or a fault.
fn upgrade(
    mut request: Request<Incoming>,
    key: &str,
    handshake: Handshake,
    port: &Port,
) -> Response<Full<Bytes>> {
    if let Some(refusal) = lock(&port.shared).refusal(port.product, &handshake) {
        return response(refusal);
    }
    let upgraded = hyper::upgrade::on(&mut request);
    let seat = Seat::take(
        Arc::clone(&port.shared),
        port.product,
        handshake,
        port.rules,
    );
    tokio::spawn(async move {
        let parts = upgraded
            .await
            .ok()
            .and_then(|u| u.downcast::<TokioIo<Io>>().ok());
        let Some(parts) = parts else {
            return seat.leave();
        };
        let (mut io, read) = (parts.io.into_inner(), parts.read_buf.to_vec());
        io.set_valve(seat.valve());
        let ws = WebSocketStream::from_partially_read(io, read, Role::Server, None).await;
        seat.serve(ws).await;
    });
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    if let Ok(accept) = HeaderValue::from_str(&derive_accept_key(key.as_bytes())) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}
