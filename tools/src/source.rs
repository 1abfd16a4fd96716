//! Input files: plain, gzip or standard input, read by lines of bounded length.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::exit::Failure;

/// First bytes of a gzip stream.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Bytes read at a time.
const CHUNK_BYTES: usize = 64 << 10;

/// Tells whether a file can be opened, so that no work is begun when one is missing.
pub(crate) fn check(path: &Path) -> Result<(), Failure> {
    if is_stdin(path) {
        return Ok(());
    }
    let file = File::open(path).map_err(Failure::open(path))?;
    let is_dir = file.metadata().map_err(Failure::open(path))?.is_dir();
    if is_dir {
        return Err(Failure::open(path)(io::ErrorKind::IsADirectory.into()));
    }
    Ok(())
}

/// Opens `path`, or standard input for `-`; gzip is told by its first bytes.
pub(crate) fn open(path: &Path) -> Result<Box<dyn BufRead>, Failure> {
    let source: Box<dyn Read> = if is_stdin(path) {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path).map_err(Failure::open(path))?)
    };
    unzipped(source).map_err(Failure::io("read", path))
}

/// The bytes of `source`, or what they unpack to.
pub(crate) fn unzipped(mut source: Box<dyn Read>) -> io::Result<Box<dyn BufRead>> {
    let mut magic = Vec::new();
    source.by_ref().take(2).read_to_end(&mut magic)?;
    let zipped = magic == GZIP_MAGIC;
    let source = Cursor::new(magic).chain(source);
    Ok(if zipped {
        buffered(MultiGzDecoder::new(source))
    } else {
        buffered(source)
    })
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn buffered(source: impl Read + 'static) -> Box<dyn BufRead> {
    Box::new(BufReader::with_capacity(CHUNK_BYTES, source))
}

/// Whether the bytes are bad, rather than the way to them.
pub(crate) fn is_damage(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof)
}

/// What a look for the next line gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// The input is at its end.
    None,
    /// A line, the last one perhaps without line feed.
    Whole,
    /// The beginning of a line that is longer than the limit.
    TooLong,
}

/// Reads a line, its line feed included, into `text`; at most one byte more than `limit` of it.
pub(crate) fn read_line(
    reader: &mut impl BufRead,
    text: &mut Vec<u8>,
    limit: usize,
) -> io::Result<Line> {
    text.clear();
    let bytes = reader
        .by_ref()
        .take(limit as u64 + 1)
        .read_until(b'\n', text)?;
    if bytes == 0 {
        return Ok(Line::None);
    }
    if bytes <= limit || text.ends_with(b"\n") {
        return Ok(Line::Whole);
    }
    reader.skip_until(b'\n')?;
    Ok(Line::TooLong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_beyond_the_limit_is_cut_and_the_next_one_is_whole() {
        let mut reader = Cursor::new(b"12345\n123456\n1234567890\n1\n");
        let mut text = Vec::new();
        let mut seen = Vec::new();
        loop {
            let line = read_line(&mut reader, &mut text, 6).unwrap();
            if line == Line::None {
                break;
            }
            seen.push((line, text.len()));
        }
        assert_eq!(
            seen,
            [
                (Line::Whole, 6),
                (Line::Whole, 7),
                (Line::TooLong, 7),
                (Line::Whole, 2)
            ]
        );
    }
}
