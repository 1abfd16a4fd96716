//! Stands before a simulated venue: notes every HTTP request, and can trickle a frame.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Pause between two bytes of a trickled frame.
const TRICKLE: Duration = Duration::from_millis(50);

/// A proxy on a free port; its threads end with the connections.
#[derive(Debug)]
pub(crate) struct Front {
    address: String,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    venue: u16,
    /// When each request came, and its first line.
    asked: Mutex<Vec<(Instant, String)>>,
    /// WebSocket connections that get one endless frame from now on.
    trickled: AtomicUsize,
    stopped: AtomicBool,
}

impl Front {
    /// Before the venue on `port`.
    pub(crate) fn start(port: u16) -> Self {
        Self::at("127.0.0.1:0", port)
    }

    /// At a loopback address, before the venue on `port`.
    pub(crate) fn at(address: &str, port: u16) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shared = Arc::new(Shared {
            venue: port,
            asked: Mutex::default(),
            trickled: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
        });
        let own = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                if own.stopped.load(Ordering::Relaxed) {
                    return;
                }
                own.join(client.unwrap());
            }
        });
        Self { address, shared }
    }

    /// `ws://HOST:PORT`.
    pub(crate) fn ws_url(&self) -> Option<String> {
        Some(format!("ws://{}", self.address))
    }

    /// `http://HOST:PORT`.
    pub(crate) fn rest_url(&self) -> Option<String> {
        Some(format!("http://{}", self.address))
    }

    /// The next `count` WebSocket connections get nothing but a frame that never ends.
    pub(crate) fn trickle(&self, count: usize) {
        self.shared.trickled.store(count, Ordering::Relaxed);
    }

    /// When each request came, and its first line.
    pub(crate) fn asked(&self) -> Vec<(Instant, String)> {
        self.shared.asked.lock().unwrap().clone()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(&self.address);
    }
}

impl Shared {
    fn join(self: &Arc<Self>, client: TcpStream) {
        let Ok(venue) = TcpStream::connect(("127.0.0.1", self.venue)) else {
            return;
        };
        client.set_nodelay(true).unwrap();
        let (from_client, to_venue) = (client.try_clone().unwrap(), venue.try_clone().unwrap());
        let (up, down) = (Arc::clone(self), Arc::clone(self));
        std::thread::spawn(move || up.requests(from_client, to_venue));
        std::thread::spawn(move || down.answers(venue, client));
    }

    fn requests(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut bytes = vec![0; 64 << 10];
        while let Some(length) = read(&mut from, &mut bytes) {
            if bytes.starts_with(b"GET ") {
                let text = String::from_utf8_lossy(&bytes[..length]);
                let first = text.lines().next().unwrap().to_owned();
                self.asked.lock().unwrap().push((Instant::now(), first));
            }
            if to.write_all(&bytes[..length]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    }

    fn answers(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut bytes = vec![0; 64 << 10];
        while let Some(length) = read(&mut from, &mut bytes) {
            let upgrade = bytes.starts_with(b"HTTP/1.1 101");
            let take = |left: usize| left.checked_sub(1);
            if upgrade
                && self
                    .trickled
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
                    .is_ok()
            {
                trickle(&bytes[..length], &mut to);
                break;
            }
            if to.write_all(&bytes[..length]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    }
}

fn read(from: &mut TcpStream, bytes: &mut [u8]) -> Option<usize> {
    loop {
        match from.read(bytes) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Ok(length) if length > 0 => return Some(length),
            _ => return None,
        }
    }
}

/// The handshake's answer, the head of a text frame of 4 KiB, and its body byte by byte.
fn trickle(answer: &[u8], to: &mut TcpStream) {
    let end = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap()
        + 4;
    let mut sent = to.write_all(&answer[..end]);
    sent = sent.and_then(|()| to.write_all(&[0x81, 126, 0x10, 0x00]));
    while sent.is_ok() {
        std::thread::sleep(TRICKLE);
        sent = to.write_all(b"x");
    }
}
