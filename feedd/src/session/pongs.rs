//! Answers pings at a bounded pace.
//!
//! The WebSocket library answers every ping with the next read, and has no switch for it. A venue
//! that sends pings in a storm would have us answer each, and pongs count against what it takes from
//! us (Binance Spot: 5 messages a second, pings and pongs included, else it closes the line; page
//! "WebSocket Streams" of 2026-07). A ping may be passed over when a newer one is answered (RFC 6455,
//! 5.5.3), so of the pings within `PONG_EVERY` only the newest is.
//!
//! The wrapper lies between TLS and the WebSocket. It follows the frames that are written, holds a
//! pong that comes too early, and sends the newest with the first read after its time: whoever reads
//! must come back to it now and then, whether or not something arrives.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::wire::{Arrival, Wire};
use crate::clock;

/// Least time between two pongs, ns: one of the five messages a second, and soon enough for every
/// venue (the shortest patience is a minute).
const PONG_EVERY: i64 = 1_000_000_000;
/// The longest pong: two bytes of header, four of mask, 125 of payload.
const PONG_MAX: usize = 131;
/// The opcode of pongs.
const PONG: u8 = 0xA;

/// A stream on which pongs keep their pace.
#[derive(Debug)]
pub struct Pongs<S> {
    stream: S,
    /// Whether frames are written: before them comes the handshake.
    on: bool,
    /// What is still to come of the frame that is being written.
    left: usize,
    /// The newest pong that was not sent, and how much of it was.
    held: Vec<u8>,
    sent: usize,
    /// When the next pong may go (monotonic ns).
    next: i64,
}

impl<S> Pongs<S> {
    /// Wraps a stream on which a handshake comes first.
    pub fn new(stream: S) -> Self {
        Self {
            stream,
            on: false,
            left: 0,
            held: Vec::with_capacity(PONG_MAX),
            sent: 0,
            next: i64::MIN,
        }
    }

    /// From now on, what is written is frames.
    pub const fn begin(&mut self) {
        self.on = true;
    }
}

impl<S: AsyncWrite + Unpin> Pongs<S> {
    /// Sends the rest of the pong that is held.
    fn send_held(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.held.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut self.stream).poll_write(context, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.sent += written,
            }
        }
        self.held.clear();
        self.sent = 0;
        self.next = clock::mono() + PONG_EVERY;
        Poll::Ready(Ok(()))
    }

    /// Sends the pong that is held, if its time has come and no other frame is under way.
    fn send_due(&mut self, context: &mut Context<'_>) {
        if self.held.is_empty() || self.left > 0 {
            return;
        }
        if self.sent > 0 || clock::mono() >= self.next {
            // What fails here fails again with the read.
            if matches!(self.send_held(context), Poll::Ready(Ok(()))) {
                let _ = Pin::new(&mut self.stream).poll_flush(context);
            }
        }
    }

    /// Writes of the frame that `bytes` begin with, or holds it.
    fn write_frame(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Some((opcode, length)) = frame(bytes) else {
            // Not the library's way to write: nothing is known of what follows.
            self.on = false;
            return Pin::new(&mut self.stream).poll_write(context, bytes);
        };
        let whole = bytes.get(..length);
        if let Some(pong) = whole.filter(|_| opcode == PONG && length <= PONG_MAX) {
            if clock::mono() < self.next {
                self.held.clear();
                self.held.extend_from_slice(pong);
                return Poll::Ready(Ok(length));
            }
            self.held.clear();
            self.next = clock::mono() + PONG_EVERY;
        }
        self.left = length;
        self.write_on(context, bytes)
    }

    /// Writes more of the frame that is under way.
    fn write_on(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let part = &bytes[..self.left.min(bytes.len())];
        let polled = Pin::new(&mut self.stream).poll_write(context, part);
        if let Poll::Ready(Ok(written)) = polled {
            self.left -= written.min(self.left);
        }
        polled
    }
}

/// Opcode and length of the frame that `bytes` begin with, header included.
fn frame(bytes: &[u8]) -> Option<(u8, usize)> {
    let (first, second) = (*bytes.first()?, *bytes.get(1)?);
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let (header, payload) = match second & 0x7F {
        126 => {
            let length = bytes.get(2..4)?.try_into().ok()?;
            (4, usize::from(u16::from_be_bytes(length)))
        }
        127 => {
            let length = bytes.get(2..10)?.try_into().ok()?;
            (10, usize::try_from(u64::from_be_bytes(length)).ok()?)
        }
        short => (2, usize::from(short)),
    };
    let length = payload.checked_add(header + mask)?;
    Some((first & 0x0F, length))
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Pongs<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.send_due(context);
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Pongs<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if !this.on || bytes.is_empty() {
            return Pin::new(&mut this.stream).poll_write(context, bytes);
        }
        if this.left > 0 {
            return this.write_on(context, bytes);
        }
        if this.sent > 0 {
            ready!(this.send_held(context))?;
        }
        this.write_frame(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<S: Arrival> Arrival for Pongs<S> {
    fn arrival(&self) -> i64 {
        self.stream.arrival()
    }

    fn wire(&mut self) -> &mut Wire {
        self.stream.wire()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::{SinkExt, StreamExt};
    use tokio::io::DuplexStream;
    use tokio_tungstenite::WebSocketStream;
    use tokio_tungstenite::tungstenite::Message;
    use tokio_tungstenite::tungstenite::protocol::Role;

    use super::*;

    type Ours = WebSocketStream<Pongs<DuplexStream>>;
    type Theirs = WebSocketStream<DuplexStream>;

    /// Both ends of a connection with a pipe so narrow that frames are written in parts.
    async fn connected(pipe: usize) -> (Ours, Theirs) {
        let (ours, theirs) = tokio::io::duplex(pipe);
        let mut ours = Pongs::new(ours);
        ours.begin();
        (
            WebSocketStream::from_raw_socket(ours, Role::Client, None).await,
            WebSocketStream::from_raw_socket(theirs, Role::Server, None).await,
        )
    }

    /// Reads as a line does, with a look now and then, and says something every 50 ms.
    async fn converse(mut ours: Ours, words: usize) {
        let mut look = tokio::time::interval(Duration::from_millis(50));
        let mut said = 0;
        loop {
            tokio::select! {
                message = ours.next() => match message {
                    Some(Ok(_)) => {}
                    _ => return,
                },
                _ = look.tick() => if said < words {
                    said += 1;
                    ours.send(Message::text(format!("{said}").repeat(300))).await.unwrap();
                },
            }
        }
    }

    /// What a venue hears that sends 500 pings in half a second, and then waits.
    async fn storm(theirs: &mut Theirs) -> (Vec<Vec<u8>>, usize) {
        let (mut pongs, mut words) = (Vec::new(), 0);
        let mut sent = 0_u16;
        let mut tick = tokio::time::interval(Duration::from_millis(5));
        let end = tokio::time::sleep(Duration::from_millis(1_500));
        tokio::pin!(end);
        loop {
            tokio::select! {
                message = theirs.next() => match message.unwrap().unwrap() {
                    Message::Pong(payload) => pongs.push(payload.to_vec()),
                    Message::Text(_) => words += 1,
                    other => panic!("{other}"),
                },
                _ = tick.tick(), if sent < 500 => for _ in 0..5 {
                    sent += 1;
                    theirs.send(Message::Ping(sent.to_be_bytes().to_vec().into())).await.unwrap();
                },
                () = &mut end => return (pongs, words),
            }
        }
    }

    fn run(test: impl Future<Output = ()>) {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().build().unwrap().block_on(test);
    }

    #[test]
    fn of_a_storm_of_pings_only_the_newest_of_each_second_is_answered() {
        for pipe in [64, 65_536] {
            run(async {
                let (ours, mut theirs) = connected(pipe).await;
                let ((pongs, words), ()) =
                    tokio::join!(async move { storm(&mut theirs).await }, converse(ours, 20));
                assert!((2..=3).contains(&pongs.len()), "{}", pongs.len());
                assert_eq!(pongs[0], 1_u16.to_be_bytes());
                assert_eq!(*pongs.last().unwrap(), 500_u16.to_be_bytes());
                assert_eq!(words, 20, "other messages are not held");
            });
        }
    }

    #[test]
    fn a_ping_now_and_then_is_answered_at_once() {
        run(async {
            let (ours, mut theirs) = connected(65_536).await;
            let line = converse(ours, 0);
            let venue = async move {
                for payload in [vec![], b"1700000000000".to_vec(), vec![7; 125]] {
                    let ping = Message::Ping(payload.clone().into());
                    theirs.send(ping).await.unwrap();
                    let answer = tokio::time::timeout(Duration::from_millis(700), theirs.next());
                    let answer = answer.await.unwrap().unwrap().unwrap();
                    assert_eq!(answer, Message::Pong(payload.into()));
                    tokio::time::sleep(Duration::from_millis(1_050)).await;
                }
            };
            tokio::join!(venue, line);
        });
    }

    #[test]
    fn frames_are_measured_with_their_headers() {
        let long = [&[0x82, 0xFE, 0x01, 0x00][..], &[0; 4]].concat();
        assert_eq!(frame(&[0x8A, 0x83, 0, 0, 0, 0, 1, 2, 3]), Some((PONG, 9)));
        assert_eq!(frame(&long), Some((2, 8 + 256)));
        assert_eq!(
            frame(&[0x81, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0]),
            Some((1, 10 + 65_536))
        );
        assert_eq!(frame(&[0x81, 0x7F, 0]), None);
        assert_eq!(frame(&[0x81]), None);
    }
}
