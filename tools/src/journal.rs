//! `feedctl journal`: looks into a journal, written or not, and never changes it.

mod dump;
mod info;
mod ls;
mod print;
mod tail;
mod verify;
mod walk;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use feedd_storage::LogKind;

pub(crate) use self::print::split;
pub(crate) use self::walk::{Walk, failure};
use crate::exit::{Exit, Failure};

/// What `feedctl journal` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the segments of every log
    Ls(ls::Args),
    /// Sum up every log and every cursor
    Info(info::Args),
    /// Print records or frames, one JSON object a line
    Dump(dump::Args),
    /// Print the newest records or frames, and follow a journal that is being written
    Tail(tail::Args),
    /// Check every byte of every log; a line for each problem
    Verify(verify::Args),
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Ls(args) => ls::run(args),
        Command::Info(args) => info::run(args),
        Command::Dump(args) => dump::run(args),
        Command::Tail(args) => tail::run(args),
        Command::Verify(args) => Ok(verify::run(args)),
    }
}

/// The logs of a journal, each in the directory of its name.
const LOGS: [LogKind; 3] = [LogKind::Records, LogKind::Raw, LogKind::Quarantine];

/// The log of a name on the command line.
fn log_kind(name: &str) -> Result<LogKind, String> {
    let found = LOGS.into_iter().find(|log| log.name() == name);
    found.ok_or_else(|| format!("expected one of {}", LOGS.map(LogKind::name).join(", ")))
}

/// The directory of a log, which must be there.
pub(crate) fn log_dir(journal: &Path, log: LogKind) -> Result<PathBuf, Failure> {
    let dir = journal.join(log.name());
    dir.read_dir().map_err(Failure::open(&dir))?;
    Ok(dir)
}

/// The logs that the journal in `dir` has, with their directories.
fn logs(dir: &Path) -> Result<Vec<(LogKind, PathBuf)>, Failure> {
    dir.read_dir().map_err(Failure::open(dir))?;
    let logs: Vec<_> = LOGS
        .into_iter()
        .map(|log| (log, dir.join(log.name())))
        .filter(|(_, path)| path.is_dir())
        .collect();
    if logs.is_empty() {
        return Err(Failure::NoJournal {
            path: dir.to_owned(),
        });
    }
    Ok(logs)
}
