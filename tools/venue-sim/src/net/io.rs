//! A byte stream that is plain TCP or TLS over TCP, with a valve in it.

use std::io::{Error, ErrorKind, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_rustls::server::TlsStream;

use super::valve::{Grant, Valve};

/// See the module.
#[derive(Debug)]
pub(crate) struct Io {
    stream: Stream,
    /// What faults do to the bytes; none before the connection is a WebSocket.
    valve: Option<Arc<Valve>>,
    pause: Option<Pin<Box<Sleep>>>,
}

#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Io {
    pub(crate) fn plain(tcp: TcpStream) -> Self {
        Self::over(Stream::Plain(tcp))
    }

    pub(crate) fn tls(tls: TlsStream<TcpStream>) -> Self {
        Self::over(Stream::Tls(Box::new(tls)))
    }

    fn over(stream: Stream) -> Self {
        Self {
            stream,
            valve: None,
            pause: None,
        }
    }

    /// Puts a valve in.
    pub(crate) fn set_valve(&mut self, valve: Arc<Valve>) {
        self.valve = Some(valve);
    }

    /// Makes the drop of this stream send a TCP reset and discard what was not sent.
    pub(crate) fn reset_on_drop(&self) -> Result<()> {
        match &self.stream {
            Stream::Plain(tcp) => tcp.set_zero_linger(),
            Stream::Tls(tls) => tls.get_ref().0.set_zero_linger(),
        }
    }

    /// How many bytes the valve lets through, once it lets any.
    fn poll_grant(&mut self, cx: &mut Context<'_>, wanted: usize) -> Poll<Result<usize>> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            let grant = self.valve.as_ref().map(|valve| valve.grant(wanted));
            match grant {
                None => return Poll::Ready(Ok(wanted)),
                Some(Grant::Bytes(bytes)) => return Poll::Ready(Ok(bytes)),
                Some(Grant::Later(at)) => self.rest_until(at),
                Some(Grant::Reset) => {
                    self.reset_on_drop()?;
                    let error = Error::new(ErrorKind::ConnectionReset, "fault: reset");
                    return Poll::Ready(Err(error));
                }
            }
        }
    }

    fn rest_until(&mut self, at: Instant) {
        self.pause = Some(Box::pin(sleep_until(at)));
    }
}

impl AsyncRead for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Stream::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
        }
    }
}

/// Writes are never vectored: the valve counts the bytes of one buffer.
impl AsyncWrite for Io {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::result::Result<usize, Error>> {
        let io = self.get_mut();
        let granted = ready!(io.poll_grant(cx, buf.len()))?;
        let part = buf.get(..granted).unwrap_or(buf);
        let written = match &mut io.stream {
            Stream::Plain(tcp) => ready!(Pin::new(tcp).poll_write(cx, part)),
            Stream::Tls(tls) => ready!(Pin::new(tls).poll_write(cx, part)),
        }?;
        if let Some(valve) = &io.valve {
            valve.wrote(written);
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Stream::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Stream::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}
