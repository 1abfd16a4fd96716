//! Merging the small files of days that are over, so that a query opens tens of files and not thousands.
//!
//! The merged files are made in a directory aside, with links to those that stay as they are; then the
//! two directories change places in one system call (`renameat2` with `RENAME_EXCHANGE`). So there is no
//! moment at which a listing shows a row twice or not at all. Who listed the directory before and opens
//! a file after the change gets "no such file", never a wrong result. After a crash whatever stands
//! aside is thrown away: before the change it is unfinished, after it, old.

mod merge;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use self::merge::Group;
use super::layout::{Layout, PartName, entries};
use super::table::Table;
use crate::error::Error;
use crate::journal::sync_dir;

/// Time between two looks for days that are over.
const LOOK_EVERY: Duration = Duration::from_secs(600);

/// Finds and merges, one directory at a time.
#[derive(Debug)]
pub(super) struct Compactor {
    layout: Layout,
    level: i32,
    next_look: Duration,
    queue: Vec<(Table, PathBuf)>,
    /// The file system cannot exchange two names.
    unable: bool,
}

impl Compactor {
    pub(super) const fn new(layout: Layout, level: i32) -> Self {
        Self {
            layout,
            level,
            next_look: Duration::ZERO,
            queue: Vec::new(),
            unable: false,
        }
    }

    /// Merges one directory, if there is one to merge. Files of sequences from `newest` on are left
    /// alone: a crash may still have them written again.
    pub(super) fn work(&mut self, now: Duration, newest: u64) -> Result<(), Error> {
        if self.unable {
            return Ok(());
        }
        if let Some((table, dir)) = self.queue.pop() {
            return self.merge(table, &dir, newest);
        }
        if now >= self.next_look {
            self.next_look = now + LOOK_EVERY;
            self.queue = self.find()?;
        }
        Ok(())
    }

    /// The directories of all days before the newest that have files.
    fn find(&self) -> Result<Vec<(Table, PathBuf)>, Error> {
        let mut days = Vec::new();
        for table in Table::all() {
            let dir = self.layout.root().join(table.name());
            days.extend(entries(&dir)?.into_iter().map(|day| (table, day)));
        }
        let newest = days.iter().filter_map(|(_, day)| day.file_name()).max();
        let newest = newest.map(ToOwned::to_owned);
        let mut found = Vec::new();
        for (table, day) in days {
            if day.file_name() != newest.as_deref() {
                found.extend(entries(&day)?.into_iter().map(|venue| (table, venue)));
            }
        }
        Ok(found)
    }

    fn merge(&mut self, table: Table, dir: &Path, newest: u64) -> Result<(), Error> {
        let Some(files) = own_files(dir)? else {
            return Ok(());
        };
        let groups = merge::groups(files, newest)?;
        if groups.iter().all(Group::is_single) {
            return Ok(());
        }
        let aside = self.layout.staged_dir();
        self.layout.prepare()?;
        fs::create_dir(&aside).map_err(Error::io("create", &aside))?;
        for group in &groups {
            group.write(&aside, table, self.level)?;
        }
        sync_dir(&aside)?;
        match renameat_with(CWD, &aside, CWD, dir, RenameFlags::EXCHANGE) {
            Err(Errno::INVAL | Errno::NOSYS) => self.unable = true,
            other => other.map_err(|errno| Error::io("exchange", dir)(errno.into()))?,
        }
        dir.parent().map_or(Ok(()), sync_dir)?;
        self.layout.prepare()
    }
}

/// The parts in a directory by their first sequence; nothing if something else stands there, too.
fn own_files(dir: &Path) -> Result<Option<Vec<(PartName, PathBuf)>>, Error> {
    let mut files = Vec::new();
    for path in entries(dir)? {
        match path
            .file_name()
            .and_then(|name| PartName::parse(name.to_str()?))
        {
            Some(name) => files.push((name, path)),
            None => return Ok(None),
        }
    }
    files.sort_unstable();
    Ok(Some(files))
}
