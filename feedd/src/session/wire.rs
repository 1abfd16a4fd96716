//! The TCP end of a line: one read of the kernel at a time, with the kernel's stamp of it.
//!
//! Reads go through `recvmsg` into a buffer of the line's own, so that a burst costs one system
//! call and the library above may read in small steps. In `park` mode the event loop tells when
//! there is something to read; in `spin` mode ([`Wire::spin`]) the socket leaves the event loop,
//! nothing is registered anywhere, and whoever polls must come back by itself.
//!
//! The kernel stamps segments, not bytes: with `SO_TIMESTAMPNS` a read is told when the *last*
//! segment of it arrived. So a stamp holds for what ends with the last byte of a read, and for
//! nothing before it: [`Arrival::arrival`] gives it only when nothing of that read is left.

use std::io::{self, IoSliceMut, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt, sockopt};
use nix::sys::time::TimeSpec;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio_tungstenite::MaybeTlsStream;

use super::walk::Records;

/// Bytes that one system call takes at most: a burst of some hundred small frames, and still within
/// the second-level cache beside what the decoder touches.
const BUFFER_BYTES: usize = 64 << 10;

/// `SO_BUSY_POLL`, which neither `nix` nor `socket2` has.
#[derive(Clone, Copy, Debug)]
struct BusyPoll;

nix::setsockopt_impl!(
    BusyPoll,
    libc::SOL_SOCKET,
    libc::SO_BUSY_POLL,
    usize,
    sockopt::SetUsize
);

/// When acknowledgements are asked for at once (`TCP_QUICKACK`), one system call for each time that
/// the socket is read empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QuickAck {
    /// Never: the kernel may hold acknowledgements for 40 ms.
    #[default]
    Never,
    /// On lines with TLS.
    Tls,
    /// On every line.
    Always,
}

/// How a line's socket is set up and read.
#[derive(Clone, Copy, Debug, Default)]
pub struct WireOptions {
    /// Whether the reader polls without sleeping.
    pub spin: bool,
    /// Whether the kernel is asked for receive stamps.
    pub stamps: bool,
    /// When acknowledgements are asked for at once.
    pub quick_ack: QuickAck,
    /// How long a read that finds nothing polls the network card (`SO_BUSY_POLL`); zero = not.
    pub busy_poll: Duration,
}

/// Where the bytes come from.
#[derive(Debug)]
enum End {
    /// In the event loop.
    Parked(TcpStream),
    /// Out of it.
    Spinning(std::net::TcpStream),
    /// Lost on the way out of the event loop.
    Closed,
}

impl End {
    fn descriptor(&self) -> io::Result<RawFd> {
        match self {
            Self::Parked(stream) => Ok(stream.as_raw_fd()),
            Self::Spinning(stream) => Ok(stream.as_raw_fd()),
            Self::Closed => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

/// A connected TCP socket with its read buffer.
#[derive(Debug)]
pub struct Wire {
    end: End,
    inbox: Inbox,
    /// Whether acknowledgements are asked for at once.
    quick: bool,
    /// Whether something was read since the last acknowledgement that was asked for.
    unacknowledged: bool,
    /// Where the TLS records of what was read end.
    records: Option<Records>,
}

/// What was read and not yet taken.
#[derive(Debug)]
struct Inbox {
    bytes: Box<[u8]>,
    at: usize,
    end: usize,
    /// Room for the kernel's stamp.
    control: Vec<u8>,
    /// The kernel's stamp of the last read, in ns since the Unix epoch; 0 = none.
    stamp: i64,
}

impl Inbox {
    /// One system call; only for an empty inbox. 0 bytes are the end of the stream.
    fn receive(&mut self, socket: RawFd) -> io::Result<usize> {
        let mut parts = [IoSliceMut::new(&mut self.bytes)];
        let control = Some(self.control.as_mut_slice());
        let received = recvmsg::<()>(socket, &mut parts, control, MsgFlags::empty())?;
        let bytes = received.bytes;
        let mut messages = received.cmsgs().into_iter().flatten();
        let stamp = messages.find_map(|message| match message {
            ControlMessageOwned::ScmTimestampns(time) => Some(nanos(time)),
            _ => None,
        });
        self.stamp = stamp.unwrap_or(0);
        (self.at, self.end) = (0, bytes);
        Ok(bytes)
    }

    const fn is_empty(&self) -> bool {
        self.at == self.end
    }

    fn take(&mut self, into: &mut ReadBuf<'_>) {
        let count = into.remaining().min(self.end - self.at);
        into.put_slice(&self.bytes[self.at..self.at + count]);
        self.at += count;
    }
}

fn nanos(time: TimeSpec) -> i64 {
    let seconds = time.tv_sec().saturating_mul(1_000_000_000);
    seconds.saturating_add(time.tv_nsec())
}

impl Wire {
    /// Takes over a connected socket; `secure` tells that TLS is spoken on it.
    ///
    /// # Errors
    ///
    /// The kernel's, if it knows no receive stamps.
    pub fn new(stream: TcpStream, options: WireOptions, secure: bool) -> io::Result<Self> {
        if options.stamps {
            setsockopt(&stream, sockopt::ReceiveTimestampns, &true)?;
        }
        if !options.busy_poll.is_zero() {
            ask_busy_poll(&stream, options.busy_poll);
        }
        let inbox = Inbox {
            bytes: vec![0; BUFFER_BYTES].into_boxed_slice(),
            at: 0,
            end: 0,
            control: nix::cmsg_space!(TimeSpec),
            stamp: 0,
        };
        Ok(Self {
            end: End::Parked(stream),
            inbox,
            quick: match options.quick_ack {
                QuickAck::Never => false,
                QuickAck::Tls => secure,
                QuickAck::Always => true,
            },
            unacknowledged: false,
            records: secure.then(Records::default),
        })
    }

    /// Leaves the event loop: from now on reads and writes never wake anybody.
    ///
    /// # Errors
    ///
    /// The kernel's; the wire is closed then.
    pub fn spin(&mut self) -> io::Result<()> {
        self.end = match std::mem::replace(&mut self.end, End::Closed) {
            End::Parked(stream) => End::Spinning(stream.into_std()?),
            other => other,
        };
        Ok(())
    }

    /// Whether a read would find something new: bytes, the end, or an error. One system call if
    /// nothing is left of the last read.
    #[inline]
    pub fn has_news(&mut self) -> bool {
        if !self.inbox.is_empty() {
            return true;
        }
        match self.receive() {
            // The end of the stream and a broken socket tell it again with the next read.
            Ok(_) => true,
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
        }
    }

    fn receive(&mut self) -> io::Result<usize> {
        let received = self.end.descriptor().and_then(|fd| self.inbox.receive(fd));
        match &received {
            Ok(_) => self.received(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.acknowledge(),
            Err(_) => {}
        }
        received
    }

    fn received(&mut self) {
        self.unacknowledged = self.quick;
        if let Some(records) = &mut self.records {
            records.walk(&self.inbox.bytes[..self.inbox.end]);
        }
    }

    /// Asks for the acknowledgement of what was read: a peer with Nagle's algorithm waits for it
    /// with its next small write. The kernel forgets the wish, so it is told anew.
    fn acknowledge(&mut self) {
        if std::mem::take(&mut self.unacknowledged) {
            // Without it the line is slower, not wrong.
            let _ = match &self.end {
                End::Parked(stream) => SockRef::from(stream).set_tcp_quickack(true),
                End::Spinning(stream) => SockRef::from(stream).set_tcp_quickack(true),
                End::Closed => Ok(()),
            };
        }
    }

    /// Fills the empty inbox; 0 bytes are the end of the stream.
    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let End::Parked(stream) = &self.end else {
            return match self.receive() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
                received => Poll::Ready(received),
            };
        };
        loop {
            let Poll::Ready(ready) = stream.poll_read_ready(context) else {
                self.acknowledge();
                return Poll::Pending;
            };
            ready?;
            let mut received = None;
            let tried = stream.try_io(Interest::READABLE, || {
                let bytes = self.inbox.receive(stream.as_raw_fd())?;
                received = Some(bytes);
                // A read that did not fill the buffer has emptied the socket: the event loop need
                // not be told by a second read that finds nothing.
                if 0 < bytes && bytes < BUFFER_BYTES {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                Ok(())
            });
            if let Some(bytes) = received {
                self.received();
                return Poll::Ready(Ok(bytes));
            }
            match tried {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                tried => return Poll::Ready(tried.map(|()| 0)),
            }
        }
    }

    /// Whether everything read was taken, and TLS waits for no rest of a record.
    fn is_settled(&self) -> bool {
        self.inbox.is_empty() && self.records.as_ref().is_none_or(Records::is_between)
    }
}

/// Busy polling is a wish: without the capability the kernel refuses more than its default.
fn ask_busy_poll(stream: &TcpStream, time: Duration) {
    let microseconds = usize::try_from(time.as_micros()).unwrap_or(usize::MAX);
    if let Err(reason) = setsockopt(stream, BusyPoll, &microseconds) {
        tracing::warn!(microseconds, %reason, "SO_BUSY_POLL refused");
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.inbox.is_empty() && ready!(self.poll_receive(context))? == 0 {
            return Poll::Ready(Ok(()));
        }
        self.inbox.take(buffer);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.end {
            End::Parked(stream) => Pin::new(stream).poll_write(context, bytes),
            End::Spinning(stream) => match stream.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
                written => Poll::Ready(written),
            },
            End::Closed => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.end {
            End::Parked(stream) => Pin::new(stream).poll_shutdown(context),
            End::Spinning(stream) => Poll::Ready(stream.shutdown(std::net::Shutdown::Write)),
            End::Closed => Poll::Ready(Ok(())),
        }
    }
}

/// A stream over a [`Wire`].
pub trait Arrival {
    /// The kernel's stamp of the last segment read, in ns since the Unix epoch. 0: none was given,
    /// or something of that read is not yet told, and it is not known to what the stamp belongs.
    fn arrival(&self) -> i64;

    /// The wire.
    fn wire(&mut self) -> &mut Wire;
}

impl Arrival for MaybeTlsStream<Wire> {
    fn arrival(&self) -> i64 {
        let (wire, told) = match self {
            Self::Plain(wire) => (wire, true),
            Self::Rustls(stream) => {
                let (wire, session) = stream.get_ref();
                // It wants no more while it holds plaintext.
                (wire, session.wants_read())
            }
            _ => return 0,
        };
        if told && wire.is_settled() {
            wire.inbox.stamp
        } else {
            0
        }
    }

    #[allow(clippy::unreachable, reason = "the enum is open; we make two kinds")]
    fn wire(&mut self) -> &mut Wire {
        match self {
            Self::Plain(wire) => wire,
            Self::Rustls(stream) => stream.get_mut().0,
            _ => unreachable!("lines are plain or rustls"),
        }
    }
}

#[cfg(test)]
mod tests;
