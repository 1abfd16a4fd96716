//! Standard output for data, standard error for talk.
//!
//! A reader that has seen enough closes the pipe: that ends the output, and is no error.

use std::fmt;
use std::io::{self, BufWriter, StdoutLock, Write};
use std::path::Path;

use crate::exit::Failure;

/// Bytes gathered before they are written: a pipe's capacity.
const BUFFER_BYTES: usize = 64 << 10;

/// Buffered standard output that remembers how it ended.
#[derive(Debug)]
pub(crate) struct Output {
    out: BufWriter<StdoutLock<'static>>,
    ended: Option<io::Error>,
}

impl Output {
    /// Standard output, locked for this writer.
    pub(crate) fn stdout() -> Self {
        Self {
            out: BufWriter::with_capacity(BUFFER_BYTES, io::stdout().lock()),
            ended: None,
        }
    }

    /// Writes text as it is. After the first failure nothing is written any more.
    pub(crate) fn text(&mut self, text: &str) {
        if self.ended.is_none() {
            self.ended = self.out.write_all(text.as_bytes()).err();
        }
    }

    /// Hands on what was gathered.
    pub(crate) fn flush(&mut self) {
        if self.ended.is_none() {
            self.ended = self.out.flush().err();
        }
    }

    /// Whether nobody reads any more, or writing failed.
    pub(crate) const fn is_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// Writes the rest and tells whether all of it was taken, or the reader wanted no more.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        self.flush();
        match self.ended.take() {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::io("write", Path::new("standard output"))(error))
            }
            _ => Ok(()),
        }
    }
}

/// Writes a line to standard error; nobody is told if that fails.
pub(crate) fn talk(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{line}");
}
