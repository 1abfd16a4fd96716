//! A journal's identity: sequence numbers begin at 1 in every journal, so whoever keeps records of
//! several journals in one place, or meets a new journal under an old path, needs more than those.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use super::dir;
use crate::error::Error;

/// The file in the journal's directory: 32 hexadecimal digits and a line feed.
const FILE: &str = "id";
/// Random bits that make two journals differ.
const BYTES: usize = 16;

/// 128 random bits, made once for each journal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct JournalId([u8; BYTES]);

impl JournalId {
    /// The identity of the journal in `journal_dir`; made durable now if it has none yet.
    ///
    /// # Errors
    ///
    /// [`Error::Foreign`] if the file holds something else, [`Error::Io`] if it cannot be read or
    /// made.
    pub fn of(journal_dir: &Path) -> Result<Self, Error> {
        let path = journal_dir.join(FILE);
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(text.trim_end()).ok_or(Error::Foreign {
                path,
                problem: "does not hold the identity of a journal",
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::make(journal_dir, &path),
            Err(error) => Err(Error::io("read", &path)(error)),
        }
    }

    /// Reads 32 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == 2 * BYTES && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = digits
            .then(|| u128::from_str_radix(text, 16).ok())
            .flatten()?;
        Some(Self(number.to_be_bytes()))
    }

    /// Two that make it at once: the one that links its file first wins, the other reads it.
    fn make(journal_dir: &Path, path: &Path) -> Result<Self, Error> {
        dir::make(journal_dir)?;
        let mut bytes = [0; BYTES];
        let source = Path::new("/dev/urandom");
        let mut random = File::open(source).map_err(Error::io("open", source))?;
        random
            .read_exact(&mut bytes)
            .map_err(Error::io("read", source))?;
        let id = Self(bytes);
        let temporary = journal_dir.join(format!("{FILE}.{id}"));
        let mut file = dir::create_file(&temporary)?;
        writeln!(file, "{id}").map_err(Error::io("write", &temporary))?;
        file.sync_all().map_err(Error::io("sync", &temporary))?;
        let linked = fs::hard_link(&temporary, path);
        dir::remove(&temporary)?;
        match linked {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::of(journal_dir),
            other => {
                other.map_err(Error::io("link", path))?;
                dir::sync(journal_dir)?;
                Ok(id)
            }
        }
    }
}

impl fmt::Display for JournalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for JournalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_journal_keeps_its_identity_and_another_has_another() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let id = JournalId::of(one.path()).unwrap();
        assert_eq!(JournalId::of(one.path()).unwrap(), id);
        assert_eq!(JournalId::parse(&id.to_string()), Some(id));
        assert_ne!(JournalId::of(two.path()).unwrap(), id);
        assert_eq!(fs::read_dir(one.path()).unwrap().count(), 1, "leftovers");
    }

    #[test]
    fn a_file_that_holds_no_identity_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        for text in ["", "+1234567890123456789012345678901", "123"] {
            fs::write(dir.path().join(FILE), text).unwrap();
            assert!(JournalId::of(dir.path()).is_err(), "{text:?}");
        }
    }
}
