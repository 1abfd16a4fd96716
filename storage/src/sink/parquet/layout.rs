//! Directories and names. Hive paths, so that every reader knows date and venue without opening a
//! file; the symbol is a column, because thousands of directories a day help nobody.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use feedd_codecs::{VenueId, time::to_rfc3339};

use super::held::Place;
use super::table::Table;
use crate::error::Error;
use crate::journal::{remove, sync_dir};

const STAGING: &str = ".staging";
const NANOS_A_DAY: i64 = 86_400_000_000_000;

/// Paths below one root.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Makes root and staging, and empties the latter.
    pub(super) fn prepare(&self) -> Result<(), Error> {
        let staging = self.root.join(STAGING);
        match fs::remove_dir_all(&staging) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Error::io("remove", &staging)(error));
            }
            _ => {}
        }
        fs::create_dir_all(&staging).map_err(Error::io("create", &staging))?;
        sync_dir(&self.root)
    }

    /// A place below the staging directory.
    pub(super) fn staged(&self, number: usize) -> PathBuf {
        self.root.join(STAGING).join(format!("{number}.parquet"))
    }

    /// The directory aside in which merged files are made.
    pub(super) fn staged_dir(&self) -> PathBuf {
        self.root.join(STAGING).join("merged")
    }

    fn dir(place: Place) -> PathBuf {
        let date = to_rfc3339(place.day.saturating_mul(NANOS_A_DAY));
        let date = date.split('T').next().unwrap_or_default();
        PathBuf::from(place.table.name())
            .join(format!("date={date}"))
            .join(format!("venue={}", Venue(place.venue)))
    }

    /// The path of a part, below the root.
    pub(super) fn part(&self, place: Place, range: (u64, u64)) -> PathBuf {
        let name = PartName {
            from: range.0,
            to: range.1,
            replayed: false,
        };
        Self::dir(place).join(name.to_string())
    }

    /// The path of rows that were replayed, below the root.
    pub(super) fn replayed(&self, place: Place, range: (u64, u64)) -> PathBuf {
        let name = PartName {
            from: range.0,
            to: range.1,
            replayed: true,
        };
        Self::dir(place).join(name.to_string())
    }

    /// Gives the staged file `number` its name.
    pub(super) fn publish(&self, number: usize, name: &Path) -> Result<(), Error> {
        let (from, to) = (self.staged(number), self.root.join(name));
        if let Some(dir) = to.parent().filter(|dir| !dir.is_dir()) {
            fs::create_dir_all(dir).map_err(Error::io("create", dir))?;
        }
        fs::rename(&from, &to).map_err(Error::io("rename", &from))
    }

    /// Makes the names of these files durable, and those of the directories above them.
    pub(super) fn sync_all(&self, files: &[PathBuf]) -> Result<(), Error> {
        let mut dirs: Vec<&Path> = files
            .iter()
            .flat_map(|file| file.ancestors().skip(1))
            .collect();
        dirs.sort_unstable();
        dirs.dedup();
        dirs.iter()
            .try_for_each(|dir| sync_dir(&self.root.join(dir)))
    }

    pub(super) fn remove(&self, name: &Path) -> Result<(), Error> {
        remove(&self.root.join(name))
    }
}

/// `exchange-product`; `none` for gaps of a whole line, which name no venue.
struct Venue(VenueId);

impl fmt::Display for Venue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if VenueId::all().any(|known| known == self.0) {
            self.0.fmt(f)
        } else {
            f.write_str("none")
        }
    }
}

/// The name of a part: which journal sequences it may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartName {
    /// First sequence of the range.
    pub from: u64,
    /// Last sequence of the range.
    pub to: u64,
    /// Rows that an operator had replayed: they belong into ranges that were sealed without them.
    pub replayed: bool,
}

impl PartName {
    /// Reads the name of a file; `None` for everything that this sink did not write.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(".parquet")?;
        let (range, replayed) = match stem.strip_prefix("replay-") {
            Some(range) => (range, true),
            None => (stem.strip_prefix("part-")?, false),
        };
        let (from, to) = range.split_once('-')?;
        Some(Self {
            from: from.parse().ok()?,
            to: to.parse().ok()?,
            replayed,
        })
    }
}

impl fmt::Display for PartName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.replayed { "replay" } else { "part" };
        write!(f, "{word}-{:020}-{:020}.parquet", self.from, self.to)
    }
}

/// All parts of one table below `root`, with their paths, by directory and then by name.
///
/// # Errors
///
/// [`Error::Io`] if a directory cannot be listed. A table without files has none.
pub fn parts(root: &Path, table: Table) -> Result<Vec<(PathBuf, PartName)>, Error> {
    let mut found = Vec::new();
    for date in entries(&root.join(table.name()))? {
        for venue in entries(&date)? {
            for file in entries(&venue)? {
                let name = file
                    .file_name()
                    .and_then(|name| PartName::parse(name.to_str()?));
                found.extend(name.map(|name| (file.clone(), name)));
            }
        }
    }
    Ok(found)
}

/// The entries of a directory by name; none if it is not there.
pub(super) fn entries(dir: &Path) -> Result<Vec<PathBuf>, Error> {
    let listed = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(Vec::new()),
        other => other.map_err(Error::io("list", dir))?,
    };
    let mut paths = Vec::new();
    for entry in listed {
        paths.push(entry.map_err(Error::io("list", dir))?.path());
    }
    paths.sort_unstable();
    Ok(paths)
}

/// Creates a file that others may read, as the process's umask says.
pub(super) fn create(path: &Path) -> Result<File, Error> {
    File::create(path).map_err(Error::io("create", path))
}
