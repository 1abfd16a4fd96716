//! Where a relay's record comes from: 16 bytes behind the record, within the same frame.
//!
//! | offset from the frame's end | bytes | field |
//! |---|---|---|
//! | -16 | 2 | mark 0x4F52 |
//! | -14 | 2 | the source's number in the journal's file `sources` |
//! | -12 | 4 | run of the source |
//! | -8 | 8 | number in the source's journal |
//!
//! Readers of records need not know: a record tells its own length. As record and origin share a
//! frame and its checksum, whatever a crash leaves of a relay's journal says by itself how far each
//! source has come; no second file has to agree with it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use zerocopy::byteorder::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::position::Position;

const MARK: u16 = 0x4F52;
/// Sources that one relay's journal may come from over its life.
pub const SOURCES_MAX: usize = 4_096;
/// The file in the journal's directory: a line `NUMBER JOURNAL NAME` for each source.
const FILE: &str = "sources";

/// The place of a record in its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The source's number.
    pub source: u16,
    /// The place in its journal.
    pub at: Position,
}

#[derive(Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct OriginBytes {
    mark: U16,
    source: U16,
    run: U32,
    seq: U64,
}

/// Bytes of an origin.
pub const ORIGIN_BYTES: usize = size_of::<OriginBytes>();

const _: () = assert!(ORIGIN_BYTES == 16);

impl Origin {
    /// Its bytes.
    #[must_use]
    pub fn encode(self) -> [u8; ORIGIN_BYTES] {
        let bytes = OriginBytes {
            mark: U16::new(MARK),
            source: U16::new(self.source),
            run: U32::new(self.at.run),
            seq: U64::new(self.at.seq),
        };
        zerocopy::transmute!(bytes)
    }

    /// The origin behind a record, and the frame without it. `None` where there is none.
    #[must_use]
    pub fn split(payload: &[u8]) -> Option<(Self, &[u8])> {
        let (record, bytes) = OriginBytes::read_from_suffix(payload).ok()?;
        let origin = Self {
            source: bytes.source.get(),
            at: Position {
                run: bytes.run.get(),
                seq: bytes.seq.get(),
            },
        };
        (bytes.mark.get() == MARK).then_some((origin, record))
    }
}

/// A journal that a relay's records come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Identity of the journal.
    pub journal: u128,
    /// The name that the configuration gave it at first contact.
    pub name: String,
}

/// The sources of the relay's journal in `dir`, by number; an absent file is none.
///
/// # Errors
///
/// If the file cannot be read or is not what a relay writes.
pub fn sources(dir: &Path) -> io::Result<Vec<Source>> {
    let text = match fs::read_to_string(dir.join(FILE)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut sources = Vec::new();
    for line in text.lines() {
        let source = parse(line, sources.len()).filter(|_| sources.len() < SOURCES_MAX);
        sources.push(source.ok_or_else(|| {
            let problem = format!("{FILE}: {line:?} is not \"NUMBER JOURNAL NAME\" with the next number; restore the file from a backup");
            io::Error::new(io::ErrorKind::InvalidData, problem)
        })?);
    }
    Ok(sources)
}

fn parse(line: &str, next: usize) -> Option<Source> {
    let mut words = line.splitn(3, ' ');
    let number: usize = words.next()?.parse().ok()?;
    let journal = u128::from_str_radix(words.next()?, 16).ok()?;
    let name = words.next()?.to_owned();
    (number == next).then_some(Source { journal, name })
}

/// Makes the list of sources durable.
pub(super) fn save(dir: &Path, sources: &[Source]) -> io::Result<()> {
    let mut text = Vec::new();
    for (number, source) in sources.iter().enumerate() {
        writeln!(text, "{number} {:032x} {}", source.journal, source.name)?;
    }
    replace(dir, FILE, &text)
}

/// Replaces a small file as a whole and makes it durable.
pub(super) fn replace(dir: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let temporary = dir.join(format!("{name}.new"));
    let mut file = File::create(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&temporary, dir.join(name))?;
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_origin_is_found_behind_its_record_and_nowhere_else() {
        let at = Position { run: 3, seq: 9 };
        let origin = Origin { source: 2, at };
        let mut payload = vec![1; 24];
        payload.extend_from_slice(&origin.encode());
        assert_eq!(Origin::split(&payload), Some((origin, &[1; 24][..])));
        assert_eq!(Origin::split(&[1; 24]), None);
        assert_eq!(Origin::split(&[1; 8]), None);
    }

    #[test]
    fn sources_keep_their_numbers() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(sources(dir.path()).unwrap(), []);
        let list = [("a", 1), ("b c", u128::MAX)].map(|(name, journal)| Source {
            journal,
            name: name.to_owned(),
        });
        save(dir.path(), &list).unwrap();
        assert_eq!(sources(dir.path()).unwrap(), list);
        fs::write(dir.path().join(FILE), "1 ff a\n").unwrap();
        assert!(sources(dir.path()).is_err());
    }
}
