//! Standard output, or a file in its place, for data; standard error for talk.
//!
//! A reader that has seen enough closes the pipe: that ends the output, and is no error.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, StdoutLock, Write};
use std::path::{Path, PathBuf};

use crate::exit::Failure;

/// Bytes gathered before they are written: a pipe's capacity.
const BUFFER_BYTES: usize = 64 << 10;

/// Buffered output that remembers how it ended.
#[derive(Debug)]
pub(crate) struct Output {
    out: BufWriter<Target>,
    name: PathBuf,
    ended: Option<io::Error>,
}

/// Where data goes.
#[derive(Debug)]
enum Target {
    Stdout(StdoutLock<'static>),
    File(File),
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(out) => out.write(bytes),
            Self::File(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            Self::File(out) => out.flush(),
        }
    }
}

impl Output {
    /// Standard output, locked for this writer.
    pub(crate) fn stdout() -> Self {
        let target = Target::Stdout(io::stdout().lock());
        Self::new(target, Path::new("standard output"))
    }

    /// A new file, or one that is written anew.
    pub(crate) fn file(path: &Path) -> Result<Self, Failure> {
        let file = File::create(path).map_err(Failure::create(path))?;
        Ok(Self::new(Target::File(file), path))
    }

    fn new(target: Target, name: &Path) -> Self {
        Self {
            out: BufWriter::with_capacity(BUFFER_BYTES, target),
            name: name.to_owned(),
            ended: None,
        }
    }

    /// Writes text as it is. After the first failure nothing is written any more.
    pub(crate) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Writes bytes as they are, as [`Output::text`] does.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        if self.ended.is_none() {
            self.ended = self.out.write_all(bytes).err();
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
                Err(Failure::io("write", &self.name)(error))
            }
            _ => Ok(()),
        }
    }
}

/// Writes a line to standard error; nobody is told if that fails.
pub(crate) fn talk(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{line}");
}
