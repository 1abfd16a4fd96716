//! The dead letters of one sink: rows that it refused for ever, with the reason, and ranges that were
//! gone before it had them. Nothing that a sink never got is anywhere but here.
//!
//! `<journal>/dead/<sink>` is a file of entries with numbers of its own, from 1; each is synced before
//! the cursor may pass the row. What fails its checksum at the end of the file was cut off by a crash while
//! it was written, so its row comes again. An entry that fails it further up was damaged later: it is passed
//! over, nothing behind it is given up, and its number is missing from the list.
//!
//! The bytes stand in section 12 of `docs/journal-format.md`.

mod request;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use feedd_codecs::Record;
use feedd_codecs::record::WireError;
use zerocopy::byteorder::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

pub(super) use self::request::Request;
use crate::error::Error;
use crate::journal::{make, open_or_create};

/// Directory of the dead letters under the journal.
const DIR: &str = "dead";
/// First bytes of the file: a name and a format version.
const MAGIC: [u8; 8] = *b"feedded1";
/// Most bytes of one sink's dead letters. A sink that refuses so much is set up wrongly: it stands
/// still then, and its lag is alarmed, rather than losing rows unnoted.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Longest reason that is kept, in bytes: servers answer with whole pages.
const REASON_BYTES_MAX: usize = 1_024;

#[derive(Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct Head {
    pub(crate) length: U32,
    pub(crate) crc: U32,
    pub(crate) number: U64,
    pub(crate) ts: U64,
    pub(crate) seq: U64,
    pub(crate) last: U64,
    pub(crate) fate: U16,
    pub(crate) reason: U16,
    pub(crate) record: U32,
}

const HEAD: usize = size_of::<Head>();
/// What entries and their parts are padded to.
const WORD: usize = 8;

/// What became of a row or a range of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The sink refused it for ever.
    Refused,
    /// The journal no longer had it (or never had it whole) when it was the sink's turn.
    Lost,
    /// The sink took it when it was handed over again; [`DeadLetter::last`] is the number of the
    /// letter that is settled so.
    Replayed,
}

impl Fate {
    fn of_code(code: u16) -> Option<Self> {
        [Self::Refused, Self::Lost, Self::Replayed]
            .into_iter()
            .find(|fate| *fate as u16 + 1 == code)
    }

    /// The fate's name in tools.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Lost => "lost",
            Self::Replayed => "replayed",
        }
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its number among the sink's dead letters, from 1.
    pub number: u64,
    /// Wall clock when it was written, nanoseconds since 1970.
    pub ts: i64,
    /// What became of it.
    pub fate: Fate,
    /// Journal sequence of the row, or of the first of a range.
    pub seq: u64,
    /// The same; of the last of a range; or the number of the letter that was replayed.
    pub last: u64,
    /// The sink's words.
    pub reason: String,
    /// The record as it stood in the journal; its header holds the lineage. Empty for a range.
    pub record: Vec<u8>,
}

/// The open file, to append to. One writer: the sink's pump.
#[derive(Debug)]
pub struct DeadLetters {
    path: PathBuf,
    file: File,
    bytes: u64,
    next: u64,
    limit: u64,
}

impl DeadLetters {
    /// Opens or creates the dead letters of `sink` and cuts off an entry that a crash left half.
    ///
    /// # Errors
    ///
    /// [`Error::Foreign`] if the file is none, [`Error::Io`] if it cannot be used.
    pub fn open(journal_dir: &Path, sink: &str) -> Result<(Self, Vec<DeadLetter>), Error> {
        let path = path_of(journal_dir, sink);
        path.parent().map_or(Ok(()), make)?;
        let mut file = open_or_create(&path)?;
        let bytes = fs::read(&path).map_err(Error::io("read", &path))?;
        if bytes.len() < MAGIC.len() {
            file.set_len(0).map_err(Error::io("cut", &path))?;
            file.write_all(&MAGIC).map_err(Error::io("write", &path))?;
            file.sync_all().map_err(Error::io("sync", &path))?;
            path.parent().map_or(Ok(()), crate::journal::sync_dir)?;
        }
        let (letters, sound) = parse(&bytes, &path)?;
        file.set_len(sound).map_err(Error::io("cut", &path))?;
        let next = letters.last().map_or(1, |letter| letter.number + 1);
        let dead = Self {
            path,
            file,
            bytes: sound,
            next,
            limit: FILE_BYTES_MAX,
        };
        Ok((dead, letters))
    }

    /// The dead letters of `sink`, oldest first, without touching the file: the daemon may be
    /// appending to it. No file, no letters.
    ///
    /// # Errors
    ///
    /// As [`DeadLetters::open`].
    pub fn read(journal_dir: &Path, sink: &str) -> Result<Vec<DeadLetter>, Error> {
        let path = path_of(journal_dir, sink);
        match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            other => Ok(parse(&other.map_err(Error::io("read", &path))?, &path)?.0),
        }
    }

    /// The sinks that have dead letters in a journal, by name.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the directory cannot be listed.
    pub fn sinks(journal_dir: &Path) -> Result<Vec<String>, Error> {
        let dir = journal_dir.join(DIR);
        let entries = match fs::read_dir(&dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(Error::io("list", &dir))?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry.map_err(Error::io("list", &dir))?.file_name();
            names.extend(name.into_string().ok().filter(|name| !name.contains('.')));
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Asks the pump of `sink`, now or when it runs again, to hand over these letters once more.
    /// Replaces what was asked for before.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the wish cannot be made durable.
    pub fn ask_replay(journal_dir: &Path, sink: &str, numbers: &[u64]) -> Result<(), Error> {
        Request::of(journal_dir, sink).save(numbers)
    }

    /// Appends an entry and makes it durable; its number.
    pub(super) fn append(&mut self, letter: &DeadLetter) -> Result<u64, Error> {
        let number = self.next;
        let bytes = encode(letter, number);
        let end = self.bytes + bytes.len() as u64;
        if end > self.limit {
            return Err(Error::DeadLettersFull {
                path: self.path.clone(),
                limit: self.limit,
            });
        }
        let write = || {
            let mut file = &self.file;
            file.seek(SeekFrom::Start(self.bytes))?;
            file.write_all(&bytes)?;
            file.sync_all()
        };
        write().map_err(Error::io("append to", &self.path))?;
        (self.bytes, self.next) = (end, number + 1);
        Ok(number)
    }
}

impl DeadLetter {
    /// Reads the record; the bytes of a letter stand anywhere, those of a record must not.
    pub fn read_record<T>(&self, read: impl FnOnce(Result<Record<'_>, WireError>) -> T) -> T {
        let mut words = vec![0_u64; self.record.len().div_ceil(8)];
        if let Some(to) = words.as_mut_bytes().get_mut(..self.record.len()) {
            to.copy_from_slice(&self.record);
        }
        read(Record::parse(
            words
                .as_bytes()
                .get(..self.record.len())
                .unwrap_or_default(),
        ))
    }
}

fn path_of(journal_dir: &Path, sink: &str) -> PathBuf {
    journal_dir.join(DIR).join(sink)
}

fn encode(letter: &DeadLetter, number: u64) -> Vec<u8> {
    let mut cut = letter.reason.len().min(REASON_BYTES_MAX);
    while !letter.reason.is_char_boundary(cut) {
        cut -= 1;
    }
    let reason = &letter.reason.as_bytes()[..cut];
    let record = letter.record.len().next_multiple_of(8);
    let length = HEAD + record + reason.len().next_multiple_of(8);
    let mut head = Head {
        length: U32::new(u32::try_from(length).unwrap_or(u32::MAX)),
        crc: U32::new(0),
        number: U64::new(number),
        ts: U64::new(letter.ts.cast_unsigned()),
        seq: U64::new(letter.seq),
        last: U64::new(letter.last),
        fate: U16::new(letter.fate as u16 + 1),
        reason: U16::new(u16::try_from(reason.len()).unwrap_or(u16::MAX)),
        record: U32::new(u32::try_from(letter.record.len()).unwrap_or(u32::MAX)),
    };
    let mut bytes = Vec::with_capacity(length);
    bytes.extend_from_slice(head.as_bytes());
    bytes.extend_from_slice(&letter.record);
    bytes.resize(HEAD + record, 0);
    bytes.extend_from_slice(reason);
    bytes.resize(length, 0);
    head.crc = U32::new(crc32c::crc32c(&bytes));
    bytes[..HEAD].copy_from_slice(head.as_bytes());
    bytes
}

/// The entries, and where the last sound one ends.
fn parse(bytes: &[u8], path: &Path) -> Result<(Vec<DeadLetter>, u64), Error> {
    if bytes.len() >= MAGIC.len() && !bytes.starts_with(&MAGIC) {
        return Err(Error::Foreign {
            path: path.to_owned(),
            problem: "holds no dead letters",
        });
    }
    let (mut letters, mut at, mut sound) = (Vec::new(), MAGIC.len(), MAGIC.len());
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some((letter, length)) = decode(rest) {
            letters.push(letter);
            at += length;
            sound = at;
        } else {
            // Entries begin at multiples of 8: the next sound one, if there is any, is found.
            at += WORD;
        }
    }
    Ok((letters, sound as u64))
}

fn decode(bytes: &[u8]) -> Option<(DeadLetter, usize)> {
    let (head, _) = Head::read_from_prefix(bytes).ok()?;
    let length = head.length.get() as usize;
    // Before anything is copied: what is no entry is seen by its fields almost always.
    let fate = Fate::of_code(head.fate.get()).filter(|_| length.is_multiple_of(WORD))?;
    let mut copy = bytes
        .get(..length)
        .filter(|whole| whole.len() >= HEAD)?
        .to_vec();
    copy.get_mut(4..8)?.fill(0);
    if crc32c::crc32c(&copy) != head.crc.get() {
        return None;
    }
    let record = copy.get(HEAD..HEAD + head.record.get() as usize)?;
    let reason_at = HEAD + record.len().next_multiple_of(8);
    let reason = copy.get(reason_at..reason_at + usize::from(head.reason.get()))?;
    let letter = DeadLetter {
        number: head.number.get(),
        ts: head.ts.get().cast_signed(),
        fate,
        seq: head.seq.get(),
        last: head.last.get(),
        reason: String::from_utf8_lossy(reason).into_owned(),
        record: record.to_vec(),
    };
    Some((letter, length))
}
