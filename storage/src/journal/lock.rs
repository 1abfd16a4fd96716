//! The lock on a journal: one writing process, ever.
//!
//! The lock is the `flock` on `<dir>/lock`, not the file: a file left behind by a killed process
//! locks nothing. The process id inside only serves the error message of whoever comes second.

use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

use super::dir;
use crate::error::Error;

/// Longest content looked at: a process id and a line feed.
const PID_TEXT_MAX: u64 = 16;

/// Held as long as this process may write; the system releases it when the process ends.
#[derive(Debug)]
pub(crate) struct DirLock {
    file: File,
}

impl Drop for DirLock {
    /// Closing the file is not enough: a child process that is just being started holds a copy of
    /// it.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

impl DirLock {
    /// Takes the lock, or says who has it.
    pub(crate) fn take(journal_dir: &Path) -> Result<Self, Error> {
        let path = journal_dir.join("lock");
        let mut file = dir::open_or_create(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::Locked {
                    dir: journal_dir.to_owned(),
                    pid: read_pid(&file),
                });
            }
            Err(TryLockError::Error(source)) => return Err(Error::io("lock", &path)(source)),
        }
        write_pid(&mut file).map_err(Error::io("write", &path))?;
        Ok(Self { file })
    }
}

fn write_pid(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    writeln!(file, "{}", std::process::id())
}

fn read_pid(file: &File) -> Option<u32> {
    let mut text = String::new();
    file.take(PID_TEXT_MAX).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lock_is_free_again_even_while_a_child_being_started_holds_a_copy_of_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let lock = DirLock::take(dir.path()).unwrap();
        let copy = lock.file.try_clone().unwrap();
        assert!(DirLock::take(dir.path()).is_err());
        drop(lock);
        DirLock::take(dir.path()).unwrap();
        drop(copy);
    }
}
