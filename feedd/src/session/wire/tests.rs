use std::future::poll_fn;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::http::HeaderMap;

use super::*;
use crate::clock::{self, System};
use crate::config::{LimitConfig, TlsConfig};
use crate::session::connect::{Dialer, Socket};
use crate::session::names::{Names, SystemResolver};

/// Longest wait for anything on loopback.
const PATIENCE: Duration = Duration::from_secs(20);

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(future)
}

fn options(spin: bool) -> WireOptions {
    WireOptions {
        spin,
        stamps: true,
        ..WireOptions::default()
    }
}

/// An open line and the venue's end of it, on which bytes are written as they are.
async fn connected(options: WireOptions) -> (Socket, WebSocketStream<TcpStream>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let limits = LimitConfig::default();
    let names = Names::new(
        Arc::new(SystemResolver),
        limits.resolve.0,
        Arc::new(System),
        crate::host::Helpers::start().unwrap(),
    );
    let dialer = Dialer::new(names, &TlsConfig::default(), &limits).unwrap();
    let dialer = dialer.wired(options);
    let accept = async {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        tokio_tungstenite::accept_async(stream).await.unwrap()
    };
    let headers = HeaderMap::new();
    let (opened, venue) = tokio::join!(dialer.dial(&url, 0, &headers), accept);
    (opened.unwrap().socket, venue)
}

/// The next message's length and stamp, polled again and again as a spinning reader does.
async fn next(socket: &mut Socket) -> (usize, i64) {
    let since = Instant::now();
    loop {
        assert!(since.elapsed() < PATIENCE, "nothing comes");
        let polled = poll_fn(|context| Poll::Ready(socket.poll_next_unpin(context))).await;
        if let Poll::Ready(message) = polled {
            let message = message.unwrap().unwrap();
            let watched = socket.get_mut();
            watched.complete();
            return (message.len(), watched.arrival());
        }
        tokio::task::yield_now().await;
    }
}

fn text(length: u8) -> Vec<u8> {
    let mut frame = vec![0x81, length];
    frame.extend(vec![b'x'; usize::from(length)]);
    frame
}

/// Waits until the kernel stamps what comes: that begins some time after it was asked for.
async fn warm(socket: &mut Socket, venue: &mut WebSocketStream<TcpStream>) {
    let since = Instant::now();
    loop {
        venue.get_mut().write_all(&text(1)).await.unwrap();
        if next(socket).await.1 > 0 {
            return;
        }
        assert!(since.elapsed() < PATIENCE, "the kernel stamps nothing");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn a_stamp_goes_to_the_frame_that_ends_with_the_read_and_to_no_other() {
    for spin in [false, true] {
        block_on(async {
            let (mut socket, mut venue) = connected(options(spin)).await;
            warm(&mut socket, &mut venue).await;
            let before = clock::wall();
            let three = [text(10), text(20), text(30)].concat();
            venue.get_mut().write_all(&three).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
            assert_eq!(next(&mut socket).await, (10, 0));
            assert_eq!(next(&mut socket).await, (20, 0));
            let (length, stamp) = next(&mut socket).await;
            assert_eq!(length, 30);
            assert!((before..clock::wall()).contains(&stamp), "{stamp}");
        });
    }
}

#[test]
fn a_frame_has_no_stamp_while_the_next_is_begun_and_that_one_has_its_own() {
    for spin in [false, true] {
        block_on(async {
            let (mut socket, mut venue) = connected(options(spin)).await;
            warm(&mut socket, &mut venue).await;
            let two = [text(10), text(20)].concat();
            let (first, rest) = two.split_at(15);
            venue.get_mut().write_all(first).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
            assert_eq!(next(&mut socket).await, (10, 0));
            let between = clock::wall();
            venue.get_mut().write_all(rest).await.unwrap();
            let (length, stamp) = next(&mut socket).await;
            assert_eq!(length, 20);
            assert!((between..=clock::wall()).contains(&stamp), "{stamp}");
        });
    }
}

#[test]
fn nothing_has_a_stamp_that_was_not_asked_for() {
    block_on(async {
        let (mut socket, mut venue) = connected(WireOptions::default()).await;
        for _ in 0..20 {
            venue.get_mut().write_all(&text(3)).await.unwrap();
            assert_eq!(next(&mut socket).await, (3, 0));
        }
    });
}

#[test]
fn messages_larger_than_the_buffer_and_the_end_come_through_in_both_modes() {
    for spin in [false, true] {
        block_on(async {
            let (mut socket, mut venue) = connected(options(spin)).await;
            let big = 5 * BUFFER_BYTES + 3;
            let mut frame = vec![0x82, 127];
            frame.extend((big as u64).to_be_bytes());
            frame.extend(vec![7; big]);
            let sent = tokio::spawn(async move {
                venue.get_mut().write_all(&frame).await.unwrap();
                venue.get_mut().write_all(&text(9)).await.unwrap();
            });
            assert_eq!(next(&mut socket).await.0, big);
            assert_eq!(next(&mut socket).await.0, 9);
            sent.await.unwrap();
            let ended = tokio::time::timeout(PATIENCE, async {
                loop {
                    let polled = poll_fn(|context| Poll::Ready(socket.poll_next_unpin(context)));
                    if let Poll::Ready(message) = polled.await {
                        return !matches!(message, Some(Ok(_)));
                    }
                    tokio::task::yield_now().await;
                }
            });
            assert!(ended.await.unwrap());
        });
    }
}

#[test]
fn a_spinning_wire_has_news_when_bytes_came_and_when_the_peer_has_gone() {
    block_on(async {
        let (mut socket, mut venue) = connected(options(true)).await;
        assert!(!socket.get_mut().wire().has_news());
        venue.get_mut().write_all(&text(3)).await.unwrap();
        let since = Instant::now();
        while !socket.get_mut().wire().has_news() {
            assert!(since.elapsed() < PATIENCE);
        }
        assert_eq!(next(&mut socket).await.0, 3);
        assert!(!socket.get_mut().wire().has_news());
        drop(venue);
        while !socket.get_mut().wire().has_news() {
            assert!(since.elapsed() < PATIENCE);
        }
    });
}
