//! Names and directories: what a log directory contains, and how its entries become durable.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::error::Error;

/// Directory of the cursors under the journal.
pub(crate) const CURSORS: &str = "cursors";
/// Only the owner may look: a journal holds what somebody paid for.
const FILE_MODE: u32 = 0o600;
const DIR_MODE: u32 = 0o700;
const SEGMENT_SUFFIX: &str = ".seg";
const QUARANTINE_SUFFIX: &str = ".seg.bad";
const TEMPORARY_SUFFIX: &str = ".tmp";
/// Digits of a segment number: all of `u64`, so that names sort as numbers do.
const NUMBER_DIGITS: usize = 20;

/// The entries of a log directory; anything with a foreign name is left alone.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// Numbers of the segments, ascending.
    pub(crate) segments: Vec<u64>,
    /// Numbers of the segments set aside, ascending.
    pub(crate) quarantined: Vec<u64>,
    /// Files that never got their name.
    pub(crate) leftovers: Vec<PathBuf>,
}

/// Lists a log directory. One that does not exist (yet) is empty.
pub(crate) fn list(dir: &Path) -> Result<Listing, Error> {
    let mut listing = Listing::default();
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(listing),
        other => other.map_err(Error::io("list", dir))?,
    };
    for entry in entries {
        let entry = entry.map_err(Error::io("list", dir))?;
        sort_in(
            &mut listing,
            &entry.file_name().to_string_lossy(),
            entry.path(),
        );
    }
    listing.segments.sort_unstable();
    listing.quarantined.sort_unstable();
    Ok(listing)
}

fn sort_in(listing: &mut Listing, name: &str, path: PathBuf) {
    if let Some(number) = number_in(name, SEGMENT_SUFFIX) {
        listing.segments.push(number);
    } else if let Some(number) = number_in(name, QUARANTINE_SUFFIX) {
        listing.quarantined.push(number);
    } else if name.ends_with(TEMPORARY_SUFFIX) {
        listing.leftovers.push(path);
    }
}

fn number_in(name: &str, suffix: &str) -> Option<u64> {
    let digits = name.strip_suffix(suffix)?;
    let plain = digits.len() == NUMBER_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// Path of a segment.
pub(crate) fn segment_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:020}{SEGMENT_SUFFIX}"))
}

/// Path of a segment that was set aside.
pub(crate) fn quarantine_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:020}{QUARANTINE_SUFFIX}"))
}

/// Path under which `path` is prepared.
pub(crate) fn temporary_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(TEMPORARY_SUFFIX);
    PathBuf::from(name)
}

/// Makes a directory, and those above it, unless it is there; what was made is durable.
pub(crate) fn make(dir: &Path) -> Result<(), Error> {
    if dir.is_dir() {
        return Ok(());
    }
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.map_or(Ok(()), make)?;
    match DirBuilder::new().mode(DIR_MODE).create(dir) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other.map_err(Error::io("create", dir)),
    }?;
    sync(parent.unwrap_or(Path::new(".")))
}

/// Creates or empties a file for reading and writing.
pub(crate) fn create_file(path: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .mode(FILE_MODE);
    options.open(path).map_err(Error::io("create", path))
}

/// Opens a file for reading and writing, made if it is not there, its content kept.
pub(crate) fn open_or_create(path: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(FILE_MODE);
    options.open(path).map_err(Error::io("open", path))
}

/// Gives a finished file its name and makes the name durable.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    fs::rename(from, to).map_err(Error::io("rename", from))?;
    to.parent().map_or(Ok(()), sync)
}

/// Waits until the entries of `dir` are on the medium.
pub(crate) fn sync(dir: &Path) -> Result<(), Error> {
    let sync = || File::open(dir)?.sync_all();
    sync().map_err(Error::io("sync", dir))
}

/// Removes a file; that it is gone already is fine.
pub(crate) fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}
