//! Socket to frame: what the line's way through TCP, TLS and WebSocket costs beside the limit.
//!
//! ```text
//! cargo run --release -p feedd --example socket -- [BLOCKS]
//! ```
//!
//! A server thread sends stamped text frames at a steady pace, one write each, over loopback; each
//! client in turn receives a block of them, in rotating order, and the table shows the median of
//! its ratios to the limit of the same round: a hand parser over a raw socket that never sleeps.
//! The second table is the framing alone, in memory.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a measurement may panic"
)]

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use core_affinity::CoreId;
use feedd::clock::System;
use feedd::config::{LimitConfig, TlsConfig};
use feedd::host::Helpers;
use feedd::session::connect::{Dialer, Socket};
use feedd::session::names::{Names, SystemResolver};
use feedd::session::wire::{QuickAck, WireOptions};
use futures_util::{Stream, StreamExt};
use hdrhistogram::Histogram;
use tokio_tungstenite::tungstenite::http::HeaderMap;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, WebSocket};

/// Bytes of a frame's payload.
const PAYLOAD: usize = 200;
/// Frames of a block, and how many of them only warm up.
const FRAMES: usize = 20_000;
const WARM: usize = 2_000;
/// Time between two frames.
const GAP: Duration = Duration::from_micros(20);

/// Nanoseconds since the program began: both ends are in it.
fn now(origin: Instant) -> u64 {
    u64::try_from(origin.elapsed().as_nanos()).unwrap()
}

fn frame(stamp: u64) -> Vec<u8> {
    let mut frame = vec![0x81, 126];
    frame.extend((PAYLOAD as u16).to_be_bytes());
    frame.extend(format!("{stamp:020}").into_bytes());
    frame.resize(4 + PAYLOAD, b'.');
    frame
}

fn stamp(payload: &[u8]) -> u64 {
    let digits = payload[..20].iter();
    digits.fold(0, |value, digit| value * 10 + u64::from(digit - b'0'))
}

/// Sends a block, however slow the other side is.
fn send(stream: &mut impl Write, origin: Instant) {
    let mut due = Instant::now() + Duration::from_millis(20);
    for _ in 0..FRAMES {
        while Instant::now() < due {
            std::hint::spin_loop();
        }
        // What the sender was late counts: the stamp is when the frame was due.
        let at = due.duration_since(origin).as_nanos();
        stream
            .write_all(&frame(u64::try_from(at).unwrap()))
            .unwrap();
        stream.flush().unwrap();
        due += GAP;
    }
    // The client goes first; what it answers is not looked at.
    let _ = stream.write_all(&[0x88, 0]);
    let _ = stream.flush();
}

/// Serves one block to each connection, for ever.
fn serve(listener: &TcpListener, tls: Option<Arc<rustls::ServerConfig>>, origin: Instant) {
    core_affinity::set_for_current(CoreId { id: 0 });
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        stream.set_nodelay(true).unwrap();
        match &tls {
            None => {
                shake(&mut stream);
                send(&mut stream, origin);
            }
            Some(config) => {
                let session = rustls::ServerConnection::new(Arc::clone(config)).unwrap();
                let mut stream = rustls::StreamOwned::new(session, stream);
                shake(&mut stream);
                send(&mut stream, origin);
            }
        }
    }
}

/// The server's half of the handshake.
fn shake(stream: &mut (impl Read + Write)) {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        request.push(byte[0]);
    }
    let request = String::from_utf8(request).unwrap();
    let key = request
        .lines()
        .find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "))
        .unwrap();
    let accept =
        tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.trim().as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).unwrap();
    stream.flush().unwrap();
}

/// The latencies of a block.
struct Block {
    histogram: Histogram<u64>,
    seen: usize,
    origin: Instant,
}

impl Block {
    fn new(origin: Instant) -> Self {
        Self {
            histogram: Histogram::new(3).unwrap(),
            seen: 0,
            origin,
        }
    }

    fn take(&mut self, payload: &[u8]) {
        self.seen += 1;
        if self.seen > WARM {
            let took = now(self.origin).saturating_sub(stamp(payload));
            self.histogram.record(took).unwrap();
        }
    }

    /// Median and 99th percentile, ns.
    fn percentiles(&self) -> [u64; 2] {
        assert_eq!(self.seen, FRAMES, "frames were lost");
        [0.5, 0.99].map(|q| self.histogram.value_at_quantile(q))
    }
}

/// Frames in `bytes`, by hand; what is left over.
fn parse(bytes: &[u8], mut take: impl FnMut(&[u8])) -> usize {
    let mut at = 0;
    while let Some(head) = bytes.get(at..at + 4) {
        if head[0] == 0x88 {
            break;
        }
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let Some(payload) = bytes.get(at + 4..at + 4 + length) else {
            break;
        };
        take(payload);
        at += 4 + length;
    }
    at
}

/// The limit: reads without end, parses by hand.
fn raw(mut stream: impl Read, origin: Instant) -> Block {
    let mut block = Block::new(origin);
    let mut buffer = vec![0; 64 << 10];
    let mut end = 0;
    while block.seen < FRAMES {
        match stream.read(&mut buffer[end..]) {
            Ok(0) => panic!("closed"),
            Ok(bytes) => end += bytes,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => panic!("{error}"),
        }
        let used = parse(&buffer[..end], |payload| block.take(payload));
        buffer.copy_within(used..end, 0);
        end -= used;
    }
    block
}

fn raw_handshake(stream: &mut (impl Read + Write)) {
    let request = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    stream.flush().unwrap();
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
}

/// A line of the daemon, polled as its spinning reader polls it.
fn spin(mut socket: Socket, origin: Instant) -> Block {
    let mut block = Block::new(origin);
    let mut context = Context::from_waker(Waker::noop());
    let mut holds = true;
    while block.seen < FRAMES {
        if !holds && !socket.get_mut().wire().has_news() {
            continue;
        }
        let heard = Pin::new(&mut socket).poll_next(&mut context);
        holds = heard.is_ready();
        if let Poll::Ready(message) = heard
            && let Message::Text(text) = message.unwrap().unwrap()
        {
            socket.get_mut().complete();
            std::hint::black_box(socket.get_ref().arrival());
            block.take(text.as_bytes());
        }
    }
    block
}

/// Any client that sleeps until it is woken.
async fn park<S>(mut socket: S, origin: Instant) -> Block
where
    S: Stream<Item = Result<Message, tokio_tungstenite::tungstenite::Error>> + Unpin,
{
    let mut block = Block::new(origin);
    while block.seen < FRAMES {
        if let Message::Text(text) = socket.next().await.unwrap().unwrap() {
            block.take(text.as_bytes());
        }
    }
    block
}

/// Where the server is, and how it is trusted.
struct Place {
    port: u16,
    tls: Option<(std::path::PathBuf, Arc<rustls::ClientConfig>)>,
    origin: Instant,
}

impl Place {
    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    fn raw(&self) -> Block {
        let mut stream = self.connect();
        let Some((_, config)) = &self.tls else {
            raw_handshake(&mut stream);
            stream.set_nonblocking(true).unwrap();
            return raw(stream, self.origin);
        };
        let name = "localhost".try_into().unwrap();
        let session = rustls::ClientConnection::new(Arc::clone(config), name).unwrap();
        let mut stream = rustls::StreamOwned::new(session, stream);
        raw_handshake(&mut stream);
        stream.sock.set_nonblocking(true).unwrap();
        raw(stream, self.origin)
    }

    fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "wss" } else { "ws" };
        format!("{scheme}://localhost:{}/", self.port)
    }

    async fn line(&self, spin: bool) -> Socket {
        let limits = LimitConfig::default();
        let clock = Arc::new(System);
        let helpers = Helpers::start().unwrap();
        let names = Names::new(Arc::new(SystemResolver), limits.resolve.0, clock, helpers);
        let tls = TlsConfig {
            ca_file: self.tls.as_ref().map(|(path, _)| path.clone()),
        };
        let options = WireOptions {
            spin,
            stamps: true,
            quick_ack: QuickAck::Tls,
            ..WireOptions::default()
        };
        let dialer = Dialer::new(names, &tls, &limits).unwrap().wired(options);
        let url = self.url();
        dialer
            .dial(&url, 0, &HeaderMap::new())
            .await
            .unwrap()
            .socket
    }

    /// tokio-tungstenite as its examples use it.
    async fn usual(&self) -> Block {
        let stream = tokio::net::TcpStream::connect(("127.0.0.1", self.port));
        let stream = stream.await.unwrap();
        stream.set_nodelay(true).unwrap();
        let tls = self.tls.as_ref().map(|(_, config)| Arc::clone(config));
        let connector = tls.map(tokio_tungstenite::Connector::Rustls);
        let url = self.url();
        let opened = tokio_tungstenite::client_async_tls_with_config(url, stream, None, connector);
        park(opened.await.unwrap().0, self.origin).await
    }
}

const CLIENTS: [&str; 4] = [
    "raw socket, hand parser, spinning",
    "line, spin",
    "line, park",
    "tokio-tungstenite as is, parked",
];

fn client(which: usize, place: &Place) -> Block {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    match which {
        0 => place.raw(),
        1 => spin(runtime.block_on(place.line(true)), place.origin),
        2 => runtime.block_on(async { park(place.line(false).await, place.origin).await }),
        _ => runtime.block_on(place.usual()),
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn table(title: &str, place: &Place, blocks: usize) {
    let mut ratios = vec![[Vec::new(), Vec::new()]; CLIENTS.len()];
    let mut times = ratios.clone();
    for round in 0..blocks {
        let mut seen = [[0; 2]; CLIENTS.len()];
        for step in 0..CLIENTS.len() {
            let which = (round + step) % CLIENTS.len();
            seen[which] = client(which, place).percentiles();
        }
        for (which, one) in seen.iter().enumerate() {
            for at in 0..2 {
                ratios[which][at].push(one[at] as f64 / seen[0][at] as f64);
                times[which][at].push(one[at] as f64 / 1e3);
            }
        }
    }
    println!(
        "\n{title:<36}{:>9}{:>9}{:>12}{:>12}",
        "p50 us", "p99 us", "p50/limit", "p99/limit"
    );
    for (which, name) in CLIENTS.iter().enumerate() {
        let time = |at: usize| median(times[which][at].clone());
        let ratio = |at: usize| median(ratios[which][at].clone());
        println!(
            "{name:<36}{:>9.2}{:>9.2}{:>12.2}{:>12.2}",
            time(0),
            time(1),
            ratio(0),
            ratio(1)
        );
    }
}

/// A stream in memory that gives so many frames a read.
struct Memory {
    frames: Vec<u8>,
    left: usize,
}

impl Read for Memory {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let fit = (buffer.len() / (4 + PAYLOAD)).min(self.left).max(1);
        let bytes = (fit * (4 + PAYLOAD)).min(buffer.len());
        buffer[..bytes].copy_from_slice(&self.frames[..bytes]);
        self.left -= fit;
        Ok(bytes)
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// ns a message through tungstenite, `burst` frames between two empty reads.
fn framing(buffer: usize, burst: usize, messages: usize) -> f64 {
    let memory = Memory {
        frames: frame(1).repeat(burst),
        left: 0,
    };
    let config = WebSocketConfig::default().read_buffer_size(buffer);
    let mut socket = WebSocket::from_raw_socket(memory, Role::Client, Some(config));
    let since = Instant::now();
    for _ in 0..messages / burst {
        socket.get_mut().left = burst;
        for _ in 0..burst {
            std::hint::black_box(socket.read().unwrap());
        }
        assert!(socket.read().is_err());
    }
    since.elapsed().as_nanos() as f64 / messages as f64
}

/// ns a message by hand.
fn by_hand(burst: usize, messages: usize) -> f64 {
    let frames = frame(1).repeat(burst);
    let mut buffer = vec![0; frames.len()];
    let since = Instant::now();
    for _ in 0..messages / burst {
        buffer.copy_from_slice(std::hint::black_box(&frames));
        parse(&buffer, |payload| {
            std::hint::black_box(std::str::from_utf8(payload).unwrap());
        });
    }
    since.elapsed().as_nanos() as f64 / messages as f64
}

fn framing_table() {
    const MESSAGES: usize = 100_000;
    const BUFFERS: [usize; 5] = [4 << 10, 8 << 10, 16 << 10, 32 << 10, 128 << 10];
    for burst in [1, 16, 64] {
        let mut times = vec![Vec::new(); BUFFERS.len() + 1];
        for _ in 0..9 {
            times[0].push(by_hand(burst, MESSAGES));
            for (at, buffer) in BUFFERS.iter().enumerate() {
                times[at + 1].push(framing(*buffer, burst, MESSAGES));
            }
        }
        let times: Vec<f64> = times.into_iter().map(median).collect();
        print!(
            "framing in memory, bursts of {burst:<3} ns a message: by hand {:.0}",
            times[0]
        );
        for (buffer, time) in BUFFERS.iter().zip(&times[1..]) {
            print!("; {} KiB {time:.0}", buffer >> 10);
        }
        println!();
    }
}

/// A server's place and how to trust it.
fn start(tls: bool, origin: Instant, dir: &std::path::Path) -> Place {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let certified = tls.then(|| {
        let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let path = dir.join("ca.pem");
        std::fs::write(&path, certified.cert.pem()).unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certified.cert.der().clone()).unwrap();
        let provider = || Arc::new(rustls::crypto::ring::default_provider());
        let client = rustls::ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let key = certified.signing_key.serialize_der();
        let server = rustls::ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certified.cert.der().clone()], key.try_into().unwrap())
            .unwrap();
        (path, Arc::new(client), Arc::new(server))
    });
    let server = certified.as_ref().map(|(_, _, server)| Arc::clone(server));
    std::thread::spawn(move || serve(&listener, server, origin));
    Place {
        port,
        tls: certified.map(|(path, client, _)| (path, client)),
        origin,
    }
}

fn main() {
    let blocks = std::env::args()
        .nth(1)
        .map_or(9, |text| text.parse().unwrap());
    let origin = Instant::now();
    let dir = tempfile::tempdir().unwrap();
    framing_table();
    core_affinity::set_for_current(CoreId { id: 1 });
    for (title, tls) in [("plain", false), ("TLS", true)] {
        let place = start(tls, origin, dir.path());
        table(title, &place, blocks);
    }
}
