//! An operator's wish to hand dead letters over once more: a small text file beside them, one number
//! a line, which the pump removes when it is done.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::DIR;
use crate::error::Error;
use crate::journal::{create_file, make, remove, rename, temporary_path};

/// The wish for one sink.
#[derive(Debug)]
pub(in crate::sink) struct Request {
    path: PathBuf,
}

impl Request {
    pub(in crate::sink) fn of(journal_dir: &Path, sink: &str) -> Self {
        Self {
            path: journal_dir.join(DIR).join(format!("{sink}.replay")),
        }
    }

    pub(super) fn save(&self, numbers: &[u64]) -> Result<(), Error> {
        self.path.parent().map_or(Ok(()), make)?;
        let temporary = temporary_path(&self.path);
        let mut file = create_file(&temporary)?;
        for number in numbers {
            writeln!(file, "{number}").map_err(Error::io("write", &temporary))?;
        }
        file.sync_all().map_err(Error::io("sync", &temporary))?;
        rename(&temporary, &self.path)
    }

    /// The numbers asked for; lines that are none are passed over.
    pub(in crate::sink) fn load(&self) -> Result<Option<Vec<u64>>, Error> {
        match fs::read_to_string(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            other => {
                let text = other.map_err(Error::io("read", &self.path))?;
                Ok(Some(
                    text.lines().filter_map(|line| line.parse().ok()).collect(),
                ))
            }
        }
    }

    pub(in crate::sink) fn done(&self) -> Result<(), Error> {
        remove(&self.path)
    }
}
