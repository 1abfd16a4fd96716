//! What was announced last: a range and its files, written before the first of them gets its name.
//!
//! ```text
//! feedd-parquet 1
//! journal 00112233445566778899aabbccddeeff
//! range 1001 2000
//! file trades/date=2026-01-31/venue=kraken-spot/part-….parquet
//! ```

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::layout::{Layout, create};
use crate::error::Error;
use crate::journal::{JournalId, rename, temporary_path};

const FILE: &str = "seal";
const FIRST_LINE: &str = "feedd-parquet 1";

/// A range and its files.
#[derive(Debug, Default)]
pub(super) struct Seal {
    /// The journal whose sequences these are; `None` if nothing was ever sealed here.
    pub(super) journal: Option<JournalId>,
    pub(super) range: (u64, u64),
    /// Below the root.
    pub(super) files: Vec<PathBuf>,
}

impl Seal {
    pub(super) fn load(layout: &Layout) -> Result<Self, Error> {
        let path = layout.root().join(FILE);
        match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            other => {
                let text = other.map_err(Error::io("read", &path))?;
                Self::parse(&text).ok_or(Error::Foreign {
                    path,
                    problem: "is not the seal of a directory of Parquet files",
                })
            }
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        (lines.next()? == FIRST_LINE).then_some(())?;
        let journal = JournalId::parse(lines.next()?.strip_prefix("journal ")?)?;
        let (from, to) = lines.next()?.strip_prefix("range ")?.split_once(' ')?;
        let file = |line: &str| line.strip_prefix("file ").map(PathBuf::from);
        Some(Self {
            journal: Some(journal),
            range: (from.parse().ok()?, to.parse().ok()?),
            files: lines.map(file).collect::<Option<_>>()?,
        })
    }

    /// Sequences of two journals must not meet in one directory.
    pub(super) fn check(&self, journal: JournalId, layout: &Layout) -> Result<(), Error> {
        match self.journal {
            Some(own) if own != journal => Err(Error::Foreign {
                path: layout.root().to_owned(),
                problem: "holds the files of another journal, whose sequences are others",
            }),
            _ => Ok(()),
        }
    }

    pub(super) fn save(&self, layout: &Layout) -> Result<(), Error> {
        let mut text = format!("{FIRST_LINE}\n");
        if let Some(journal) = self.journal {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "journal {journal}");
        }
        let _ = writeln!(text, "range {} {}", self.range.0, self.range.1);
        for file in &self.files {
            let _ = writeln!(text, "file {}", file.display());
        }
        let path = layout.root().join(FILE);
        let temporary = temporary_path(&path);
        let mut file = create(&temporary)?;
        file.write_all(text.as_bytes())
            .map_err(Error::io("write", &temporary))?;
        file.sync_all().map_err(Error::io("sync", &temporary))?;
        rename(&temporary, &path)
    }

    /// Removes the files that another way of cutting the same range does not have.
    pub(super) fn remove_all_but(&self, kept: &Self, layout: &Layout) -> Result<(), Error> {
        let gone = |file: &&PathBuf| !kept.files.contains(file);
        self.files
            .iter()
            .filter(gone)
            .try_for_each(|file| layout.remove(Path::new(file)))
    }
}
