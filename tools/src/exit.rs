//! How feedctl ends: one table of exit codes, and the failures that lead to them.
//!
//! The codes are those of BSD's `sysexits`, as far as they fit; 1 and 2 are `diff`'s and `grep`'s:
//! the check found something, the check could not be made.

use std::error::Error as _;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use feedctl::compare::CompareError;
use feedctl::questdb::CountError;
use feedd_storage::ReadError;
use thiserror::Error;
use venue_sim::{ScenarioError, SimError};

use crate::output::talk;

/// An exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exit(u8);

impl Exit {
    /// All went well.
    pub(crate) const OK: Self = Self(0);
    /// The input was read and parts of it are bad; each is named.
    pub(crate) const PROBLEMS: Self = Self(1);
    /// The check could not be made.
    pub(crate) const IMPOSSIBLE: Self = Self(2);
    /// The command line makes no sense.
    pub(crate) const USAGE: Self = Self(64);
    /// An input is not there or not usable.
    pub(crate) const NO_INPUT: Self = Self(66);
    /// A service cannot be offered: a port is taken.
    pub(crate) const UNAVAILABLE: Self = Self(69);
    /// An output file cannot be created.
    pub(crate) const CANNOT_CREATE: Self = Self(73);
    /// Reading or writing broke off.
    pub(crate) const IO: Self = Self(74);
    /// Permission was denied.
    pub(crate) const PERMISSION: Self = Self(77);

    const TABLE: [(Self, &'static str); 9] = [
        (Self::OK, "done"),
        (
            Self::PROBLEMS,
            "done, but parts of the input are bad; each is named",
        ),
        (Self::IMPOSSIBLE, "the check could not be made"),
        (Self::USAGE, "wrong command line"),
        (Self::NO_INPUT, "input missing or not usable"),
        (Self::UNAVAILABLE, "the simulated venues cannot be served"),
        (Self::CANNOT_CREATE, "output cannot be created"),
        (Self::IO, "reading or writing failed"),
        (Self::PERMISSION, "permission denied"),
    ];
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.0)
    }
}

/// The table of exit codes as it stands below every `--help`.
pub(crate) fn help() -> String {
    let mut text = String::from("Exit codes:\n");
    for (code, meaning) in Exit::TABLE {
        let _ = writeln!(text, "  {:>3}  {meaning}", code.0);
    }
    text.truncate(text.trim_end().len());
    text
}

/// Why a command broke off.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// Not a command line, or a request for help, which is none either.
    #[error("{0}")]
    Command(Box<clap::Error>),
    /// A command line that asks for what does not exist.
    #[error("{0}")]
    Usage(String),
    /// An input that cannot be opened.
    #[error("cannot open {}", path.display())]
    Open {
        /// The file or directory.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// An output that cannot be created.
    #[error("cannot create {}", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// Reading or writing broke off.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// A directory that holds no log of a journal.
    #[error("{} is no journal: it holds none of records/, raw/ and quarantine/", path.display())]
    NoJournal {
        /// The directory.
        path: PathBuf,
    },
    /// A number that no frame in the quarantine has.
    #[error("the quarantine holds no frame {seq}")]
    NoFrame {
        /// The number.
        seq: u64,
    },
    /// A number that no dead letter has.
    #[error("there is no dead letter {number}")]
    NoLetter {
        /// The number.
        number: u64,
    },
    /// A journal that cannot be read.
    #[error(transparent)]
    Journal(#[from] feedd_storage::Error),
    /// A simulation that did not start.
    #[error(transparent)]
    Sim(#[from] SimError),
    /// A comparison that could not be made.
    #[error(transparent)]
    Compare(#[from] CompareError),
    /// A server whose rows could not be counted.
    #[error("cannot count the rows of the server")]
    Count(#[from] CountError),
    /// A scenario that cannot be read or makes no sense.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// Signals cannot be watched for.
    #[error("cannot watch for signals")]
    Signals(#[source] io::Error),
}

impl Failure {
    /// A failed opening; meant for `map_err`.
    pub(crate) fn open(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Open { path, source }
    }

    /// A failed creation; meant for `map_err`.
    pub(crate) fn create(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Create { path, source }
    }

    /// Another failed operation; meant for `map_err`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    /// Tells the operator; requested help goes to standard output.
    pub(crate) fn tell(&self) {
        match self {
            Self::Command(error) => {
                // Whoever closed the pipe does not want it.
                let _ = error.print();
            }
            _ => talk(format_args!("feedctl: {}", self.chain())),
        }
    }

    /// The message and what caused it, once each.
    fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let _ = write!(text, ": {error}");
            cause = error.source();
        }
        text
    }

    /// The operating system's answer, where one is the cause.
    fn io_kind(&self) -> Option<io::ErrorKind> {
        match self {
            Self::Open { source, .. } | Self::Create { source, .. } | Self::Io { source, .. } => {
                Some(source.kind())
            }
            Self::Journal(feedd_storage::Error::Io { source, .. })
            | Self::Compare(
                CompareError::Tape { source, .. }
                | CompareError::Journal(ReadError::Segment(feedd_storage::Error::Io {
                    source, ..
                })),
            )
            | Self::Scenario(ScenarioError::Read { source, .. })
            | Self::Sim(
                SimError::Listen { source, .. }
                | SimError::CaptureRead { source, .. }
                | SimError::Tape { source, .. },
            ) => Some(source.kind()),
            _ => None,
        }
    }

    /// The exit code that tells a script the same.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Command(error) if !error.use_stderr() => Exit::OK,
            Self::Command(_) | Self::Usage(_) => Exit::USAGE,
            _ if self.io_kind() == Some(io::ErrorKind::PermissionDenied) => Exit::PERMISSION,
            Self::Open { .. }
            | Self::NoJournal { .. }
            | Self::NoFrame { .. }
            | Self::NoLetter { .. }
            | Self::Scenario(_)
            | Self::Count(CountError::Credentials(_) | CountError::Authorities { .. })
            | Self::Compare(CompareError::Tape { .. } | CompareError::Line { .. }) => {
                Exit::NO_INPUT
            }
            Self::Create { .. } => Exit::CANNOT_CREATE,
            Self::Count(_) => Exit::IMPOSSIBLE,
            Self::Sim(error) => sim_exit(error),
            Self::Io { .. } | Self::Journal(_) | Self::Compare(_) | Self::Signals(_) => Exit::IO,
        }
    }
}

const fn sim_exit(error: &SimError) -> Exit {
    match error {
        SimError::Config(_) => Exit::USAGE,
        SimError::Tape { .. } => Exit::CANNOT_CREATE,
        SimError::CaptureRead { .. } | SimError::CaptureLine { .. } => Exit::NO_INPUT,
        _ => Exit::UNAVAILABLE,
    }
}
