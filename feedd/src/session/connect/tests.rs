use std::collections::HashMap;
use std::net::Ipv4Addr;

use rcgen::date_time_ymd;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use super::*;
use crate::clock::System;
use crate::session::names::Resolve;
use crate::session::tls::Distrust;
use crate::testing::Authority;

/// The name that every certificate but one is for.
const HOST: &str = "localhost";

/// Names as the test says; a name that it does not know fails.
#[derive(Debug, Default)]
struct Fake(Mutex<HashMap<String, Vec<SocketAddr>>>);

impl Fake {
    fn says(&self, host: &str, addresses: &[SocketAddr]) {
        let mut known = self.0.lock().unwrap();
        known.insert(host.to_owned(), addresses.to_vec());
    }
}

impl Resolve for Fake {
    fn resolve(&self, host: &str, _port: u16) -> io::Result<Vec<SocketAddr>> {
        let known = self.0.lock().unwrap();
        let found = known.get(host).cloned();
        found.ok_or_else(|| io::Error::other("NXDOMAIN"))
    }
}

/// Shows a leaf for `name`, valid through the given years.
fn acceptor(authority: &Authority, name: &str, years: (i32, i32)) -> TlsAcceptor {
    TlsAcceptor::from(authority.server(name, years))
}

/// Dials with an authority that it trusts.
fn dialer(authority: &Authority, fake: &Arc<Fake>) -> Dialer {
    let limits = LimitConfig::default();
    let resolver = Arc::clone(fake) as Arc<dyn Resolve>;
    let names = Names::new(
        resolver,
        limits.resolve.0,
        Arc::new(System),
        crate::host::Helpers::start().unwrap(),
    );
    let tls = TlsConfig {
        ca_file: Some(authority.ca_file()),
    };
    Dialer::new(names, &tls, &limits).unwrap()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, future)
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// An address on which nobody listens.
async fn dead() -> SocketAddr {
    listen().await.1
}

/// A venue behind TLS; counts what comes as far as TLS.
async fn venue(acceptor: TlsAcceptor) -> (SocketAddr, Arc<Mutex<u32>>) {
    let (listener, address) = listen().await;
    let seen = Arc::new(Mutex::new(0));
    let count = Arc::clone(&seen);
    tokio::task::spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            *count.lock().unwrap() += 1;
            let Ok(stream) = acceptor.accept(stream).await else {
                continue;
            };
            let socket = tokio_tungstenite::accept_async(stream).await;
            tokio::task::spawn_local(async move {
                // Held until the client leaves.
                if let Ok(socket) = socket {
                    let _ = socket.into_inner().read(&mut [0; 64]).await;
                }
            });
        }
    });
    (address, seen)
}

async fn dial(dialer: &Dialer, port: u16) -> Result<Opened, ConnectError> {
    let url = format!("wss://{HOST}:{port}/v2");
    dialer.dial(&url, 0, &HeaderMap::new()).await
}

#[test]
fn a_good_certificate_opens_the_line_and_tells_its_expiry() {
    block_on(async {
        let (fake, authority) = (Arc::new(Fake::default()), Authority::new("ours"));
        let (address, _) = venue(acceptor(&authority, HOST, (2020, 2090))).await;
        fake.says(HOST, &[address]);
        let dialer = dialer(&authority, &fake);
        let opened = dial(&dialer, address.port()).await.unwrap();
        let expires = date_time_ymd(2090, 1, 1).unix_timestamp();
        assert_eq!(opened.certificate_expires, Some(expires));
        assert_eq!(
            dialer.certificates(),
            BTreeMap::from([(HOST.to_owned(), expires)])
        );
        assert_eq!(opened.address, address);
    });
}

#[test]
fn a_bad_certificate_is_refused_by_name_after_one_handshake() {
    block_on(async {
        let (ours, strange) = (Authority::new("ours"), Authority::new("strange"));
        for (acceptor, expected) in [
            (acceptor(&ours, HOST, (2000, 2001)), Distrust::Expired),
            (acceptor(&ours, HOST, (2090, 2091)), Distrust::NotYetValid),
            (
                acceptor(&ours, "other.test", (2020, 2090)),
                Distrust::WrongName,
            ),
            (
                acceptor(&strange, HOST, (2020, 2090)),
                Distrust::UnknownAuthority,
            ),
        ] {
            let fake = Arc::new(Fake::default());
            let (address, seen) = venue(acceptor).await;
            // A second address helps against a host that is down, not against a bad certificate.
            fake.says(
                HOST,
                &[address, SocketAddr::from(([127, 0, 0, 2], address.port()))],
            );
            let error = dial(&dialer(&ours, &fake), address.port())
                .await
                .unwrap_err();
            assert!(
                matches!(&error, ConnectError::Tls { host, distrust, .. } if host == HOST && *distrust == expected),
                "{expected:?}: {error}"
            );
            assert!(*seen.lock().unwrap() <= 1, "{expected:?}");
        }
    });
}

#[test]
fn a_peer_that_does_not_speak_tls_is_a_refusal_of_tls() {
    block_on(async {
        let (fake, authority) = (Arc::new(Fake::default()), Authority::new("ours"));
        let (listener, address) = listen().await;
        fake.says(HOST, &[address]);
        tokio::task::spawn_local(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
                let _ = stream.read(&mut [0; 64]).await;
            }
        });
        let error = dial(&dialer(&authority, &fake), address.port()).await;
        let error = error.unwrap_err();
        assert!(
            matches!(
                &error,
                ConnectError::Tls {
                    distrust: Distrust::Protocol,
                    ..
                }
            ),
            "{error}"
        );
    });
}

#[test]
fn a_wrong_dns_answer_costs_attempts_and_not_the_line() {
    block_on(async {
        let (fake, authority) = (Arc::new(Fake::default()), Authority::new("ours"));
        let (good, _) = venue(acceptor(&authority, HOST, (2020, 2090))).await;
        let (wrong, _) = venue(acceptor(&authority, "other.test", (2020, 2090))).await;
        let dialer = dialer(&authority, &fake);
        fake.says(HOST, &[good]);
        dial(&dialer, good.port()).await.unwrap();
        // The name's port is the good venue's; a wrong answer leads elsewhere.
        for answer in [wrong, dead().await] {
            fake.says(HOST, &[answer]);
            let opened = dial(&dialer, good.port()).await.unwrap();
            assert_eq!(opened.address, good);
        }
    });
}

#[test]
fn an_address_that_is_down_costs_nothing_when_the_name_has_another() {
    block_on(async {
        let (fake, authority) = (Arc::new(Fake::default()), Authority::new("ours"));
        let (live, _) = venue(acceptor(&authority, HOST, (2020, 2090))).await;
        fake.says(HOST, &[dead().await, live]);
        let dialer = dialer(&authority, &fake);
        let url = format!("wss://{HOST}:{}", live.port());
        for replica in 0..2 {
            let opened = dialer.dial(&url, replica, &HeaderMap::new()).await.unwrap();
            assert_eq!(opened.address, live);
        }
    });
}

#[test]
fn an_unknown_name_is_an_error_that_names_the_host() {
    block_on(async {
        let dialer = dialer(&Authority::new("ours"), &Arc::new(Fake::default()));
        let error = dial(&dialer, 443).await.unwrap_err().to_string();
        assert_eq!(error, "cannot resolve localhost: NXDOMAIN");
    });
}

/// A plain server that notes a request and gives `answer`.
async fn plain(answer: &'static str) -> (SocketAddr, Arc<Mutex<String>>) {
    let (listener, address) = listen().await;
    let asked = Arc::new(Mutex::new(String::new()));
    let note = Arc::clone(&asked);
    tokio::task::spawn_local(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = [0; 2_048];
            let length = stream.read(&mut bytes).await.unwrap_or(0);
            let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
            *note.lock().unwrap() = text;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (address, asked)
}

#[test]
fn a_refused_handshake_tells_how_long_the_venue_wants_to_see_nothing() {
    block_on(async {
        let dialer = dialer(&Authority::new("ours"), &Arc::new(Fake::default()));
        for (answer, expected) in [
            (
                "HTTP/1.1 418 I'm a teapot\r\nRetry-After: 90\r\nContent-Length: 0\r\n\r\n",
                Some((90, true)),
            ),
            (
                "HTTP/1.1 429 Too Many\r\nContent-Length: 0\r\n\r\n",
                Some((60, false)),
            ),
            ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", None),
        ] {
            let (address, _) = plain(answer).await;
            let error = dialer
                .dial(&format!("ws://{address}/ws"), 0, &HeaderMap::new())
                .await;
            let ConnectError::Refused { stop, .. } = error.unwrap_err() else {
                panic!("not refused: {answer}");
            };
            let stop = stop.map(|stop| (stop.lasts.as_secs(), stop.ban));
            assert_eq!(stop, expected, "{answer}");
        }
    });
}

#[test]
fn extra_headers_go_with_the_handshake_and_no_extension_is_offered() {
    block_on(async {
        let dialer = dialer(&Authority::new("ours"), &Arc::new(Fake::default()));
        let (address, asked) = plain("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await;
        let mut headers = HeaderMap::new();
        headers.insert("x-mbx-apikey", HeaderValue::from_static("key"));
        let url = format!("ws://{address}/stream?streams=a");
        let _ = dialer.dial(&url, 0, &headers).await;
        let asked = asked.lock().unwrap().to_ascii_lowercase();
        for part in [
            "get /stream?streams=a http/1.1",
            "x-mbx-apikey: key",
            "upgrade: websocket",
        ] {
            assert!(asked.contains(part), "{part}: {asked}");
        }
        // permessage-deflate would cost more than the socket, for each message.
        assert!(!asked.contains("sec-websocket-extensions"), "{asked}");
    });
}

#[test]
fn sockets_find_a_peer_that_is_gone_by_themselves() {
    block_on(async {
        let dialer = dialer(&Authority::new("ours"), &Arc::new(Fake::default()));
        let (_listener, address) = listen().await;
        let stream = dialer.tcp(address).await.unwrap();
        let socket = SockRef::from(&stream);
        assert_eq!(
            socket.tcp_user_timeout().unwrap(),
            Some(Duration::from_secs(30))
        );
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), KEEPALIVE.0);
        assert!(stream.nodelay().unwrap());
    });
}

#[test]
fn messages_frames_and_writes_are_limited() {
    let config = websocket_config(&LimitConfig::default());
    assert_eq!(config.max_message_size, Some(4 << 20));
    assert_eq!(config.max_frame_size, Some(4 << 20));
    assert_eq!(config.max_write_buffer_size, 1 << 20);
}

#[test]
fn urls_give_trust_host_and_port() {
    for (url, expected) in [
        ("wss://ws.kraken.com/v2", Some((true, "ws.kraken.com", 443))),
        (
            "ws://127.0.0.1:8080/stream",
            Some((false, "127.0.0.1", 8080)),
        ),
        ("ws://[::1]:9000", Some((false, "[::1]", 9000))),
        ("wss://[::1]/x", Some((true, "[::1]", 443))),
        (
            "wss://stream.binance.com:9443/stream",
            Some((true, "stream.binance.com", 9443)),
        ),
        ("ws://", None),
        ("ws://host:port", None),
        ("http://host", None),
        ("localhost", None),
    ] {
        assert_eq!(split(url), expected, "{url}");
    }
}
