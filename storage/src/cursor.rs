//! Durable positions of consumers: one small file each, replaced as a whole.
//!
//! Order: write a temporary file, sync it, rename it over the old one, sync the directory. So after
//! any crash there is the old position or the new one, and a consumer that saves after its sink has
//! acknowledged repeats frames but never leaves one out.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 8 | magic `feeddcur` |
//! | 8 | 2 | format version, 1 |
//! | 10 | 2 | log: 1 records, 2 raw, 3 quarantine |
//! | 12 | 4 | CRC32C of these 24 bytes with this field zero |
//! | 16 | 8 | sequence number of the next frame wanted |

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use zerocopy::byteorder::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::error::Error;
use crate::journal::{CURSORS, LogKind, SEQ_LIMIT, create_file, make, rename, temporary_path};

const MAGIC: [u8; 8] = *b"feeddcur";
const VERSION: u16 = 1;
/// Longest cursor name: far below what any file system refuses.
const NAME_BYTES_MAX: usize = 64;

#[derive(Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct CursorBytes {
    pub(crate) magic: [u8; 8],
    pub(crate) version: U16,
    pub(crate) log: U16,
    pub(crate) crc: U32,
    pub(crate) next_seq: U64,
}

impl CursorBytes {
    fn new(log: LogKind, next_seq: u64) -> Self {
        let mut bytes = Self {
            magic: MAGIC,
            version: U16::new(VERSION),
            log: U16::new(log as u16),
            crc: U32::new(0),
            next_seq: U64::new(next_seq),
        };
        bytes.crc = U32::new(bytes.checksum());
        bytes
    }

    fn checksum(&self) -> u32 {
        let mut copy = *self;
        copy.crc = U32::new(0);
        crc32c::crc32c(copy.as_bytes())
    }

    fn is_sound(&self) -> bool {
        self.magic == MAGIC && self.version.get() == VERSION && self.crc.get() == self.checksum()
    }
}

/// The durable position of one consumer in one log.
#[derive(Clone, Debug)]
pub struct Cursor {
    path: PathBuf,
    log: LogKind,
}

impl Cursor {
    /// The cursor `name` of the journal in `journal_dir`, for its log `log`. Makes no file yet.
    ///
    /// # Errors
    ///
    /// [`Error::CursorName`] unless the name is 1 to 64 of `a-z`, `0-9`, `-` and `_`.
    pub fn open(journal_dir: &Path, name: &str, log: LogKind) -> Result<Self, Error> {
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(allowed) {
            return Err(Error::CursorName {
                name: name.to_owned(),
            });
        }
        Ok(Self {
            path: journal_dir.join(CURSORS).join(name),
            log,
        })
    }

    /// The sequence number saved last, that is the next frame wanted; `None` if none was ever
    /// saved.
    ///
    /// # Errors
    ///
    /// [`Error::Cursor`] if the file is damaged or of the other log, [`Error::Io`] if it cannot be
    /// read.
    pub fn load(&self) -> Result<Option<u64>, Error> {
        let bytes = match fs::read(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(Error::io("read", &self.path))?,
        };
        let problem = match CursorBytes::read_from_bytes(&bytes) {
            Ok(stored) if !stored.is_sound() => "fails its checksum",
            Ok(stored) if stored.log.get() != self.log as u16 => "belongs to the other log",
            Ok(stored) => return Ok(Some(stored.next_seq.get())),
            Err(_) => "has the wrong length",
        };
        Err(Error::Cursor {
            path: self.path.clone(),
            problem,
        })
    }

    /// Saves the sequence number of the next frame wanted. Once this returns it survives power
    /// loss.
    ///
    /// # Errors
    ///
    /// [`Error::Io`]; the position saved before then still stands.
    pub fn save(&self, next_seq: u64) -> Result<(), Error> {
        self.path.parent().map_or(Ok(()), make)?;
        let temporary = temporary_path(&self.path);
        let mut file = create_file(&temporary)?;
        let bytes = CursorBytes::new(self.log, next_seq);
        file.write_all(bytes.as_bytes())
            .map_err(Error::io("write", &temporary))?;
        file.sync_all().map_err(Error::io("sync", &temporary))?;
        rename(&temporary, &self.path)
    }
}

/// The highest number any cursor of `log` has saved, 0 if there is none. Damaged files and
/// impossible numbers do not count here; their consumers are told when they load them.
pub(crate) fn highest(journal_dir: &Path, log: LogKind) -> Result<u64, Error> {
    let dir = journal_dir.join(CURSORS);
    make(&dir)?;
    let mut highest = 0;
    for entry in fs::read_dir(&dir).map_err(Error::io("list", &dir))? {
        let path = entry.map_err(Error::io("list", &dir))?.path();
        let cursor = Cursor { path, log };
        let saved = cursor.load().ok().flatten().filter(|&seq| seq < SEQ_LIMIT);
        highest = highest.max(saved.unwrap_or(0));
    }
    Ok(highest)
}
