//! Watches that frames come to their end.
//!
//! A peer that trickles a frame byte by byte is never silent and never says anything. The wrapper
//! lies between TLS and the WebSocket: it notes when the first byte came after the last complete
//! frame, and whoever reads messages says when one is complete. The bytes of a next frame that came
//! with the end of the one before start its clock with the read after. It also follows where frames
//! end, so that the kernel's stamp of a read goes to the frame that ends with it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::walk::Frames;
use super::wire::{Arrival, Wire};
use crate::clock;

/// A stream whose unfinished frame has an age.
#[derive(Debug)]
pub struct Watched<S> {
    stream: S,
    /// Monotonic ns of the first read after the last complete frame; 0 = none.
    begun: i64,
    /// Where the frames of what was read end.
    frames: Frames,
    /// Messages that were told.
    told: u64,
}

impl<S> Watched<S> {
    /// Watches `stream`, on which the answer to the handshake comes first.
    pub fn new(stream: S) -> Self {
        Self {
            stream,
            begun: 0,
            frames: Frames::default(),
            told: 0,
        }
    }

    /// The handshake is over.
    pub const fn begin(&mut self) {
        self.begun = 0;
    }

    /// A message was complete.
    #[inline]
    pub const fn complete(&mut self) {
        self.begun = 0;
        self.told += 1;
    }

    /// How long an unfinished frame has been coming at `now` (monotonic ns).
    #[must_use]
    pub const fn unfinished(&self, now: i64) -> Duration {
        if self.begun == 0 {
            return Duration::ZERO;
        }
        Duration::from_nanos(now.saturating_sub(self.begun).unsigned_abs())
    }

    /// The kernel's stamp of the message told last, in ns since the Unix epoch; 0 = none. A message
    /// has one if its last byte is the last of all that was read.
    #[inline]
    pub fn arrival(&self) -> i64
    where
        S: Arrival,
    {
        if self.frames.is_between() && self.frames.ended() == self.told {
            self.stream.arrival()
        } else {
            0
        }
    }

    /// The wire below.
    #[inline]
    pub fn wire(&mut self) -> &mut Wire
    where
        S: Arrival,
    {
        self.stream.wire()
    }

    /// The stream.
    pub const fn stream_mut(&mut self) -> &mut S {
        &mut self.stream
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let read = buffer.filled().get(before..).unwrap_or_default();
        if !read.is_empty() {
            self.frames.walk(read);
            if self.begun == 0 {
                self.begun = clock::mono();
            }
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[test]
    fn age_counts_from_the_first_byte_after_a_complete_frame() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (ours, mut theirs) = tokio::io::duplex(64);
            let mut watched = Watched::new(ours);
            let mut byte = [0];
            let later = || clock::mono() + 1_000_000_000;
            assert_eq!(watched.unfinished(later()), Duration::ZERO);
            for _ in 0..3 {
                theirs.write_all(b"x").await.unwrap();
                watched.read_exact(&mut byte).await.unwrap();
                let begun = watched.begun;
                theirs.write_all(b"y").await.unwrap();
                watched.read_exact(&mut byte).await.unwrap();
                assert_eq!(watched.begun, begun, "a later byte does not begin anew");
                assert!(watched.unfinished(later()) >= Duration::from_secs(1));
                watched.complete();
                assert_eq!(watched.unfinished(later()), Duration::ZERO);
            }
        });
    }
}
