//! Exit codes, after sysexits: scripts and service managers act on them.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | done, or stopped cleanly |
//! | 1 | the check found what it looked for: a difference, a problem |
//! | 64 | wrong command line |
//! | 66 | an input file is missing or unreadable |
//! | 70 | an internal rule was broken |
//! | 73 | an output could not be created |
//! | 74 | reading or writing the journal failed |
//! | 75 | try again later: another process holds the journal |
//! | 78 | wrong configuration |

use feedd_storage::Error as StorageError;

/// What an exit code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Code {
    /// Done, or stopped cleanly.
    Ok = 0,
    /// A difference or problem was found.
    Found = 1,
    /// Wrong command line.
    Usage = 64,
    /// An input file is missing or unreadable.
    NoInput = 66,
    /// An internal rule was broken.
    Software = 70,
    /// An output could not be created.
    CantCreate = 73,
    /// Reading or writing the journal failed.
    Io = 74,
    /// Another process holds the journal.
    TempFail = 75,
    /// Wrong configuration.
    Config = 78,
}

/// An error that ends the program: what happened and with which code.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The exit code.
    pub code: Code,
    /// What was expected, what came, where, and what to do.
    pub message: String,
}

impl Failure {
    /// A failure with its code.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        let code = match &error {
            StorageError::Locked { .. } => Code::TempFail,
            StorageError::Option { .. } => Code::Config,
            StorageError::NoPreallocation { .. } => Code::CantCreate,
            _ => Code::Io,
        };
        Self::new(code, error.to_string())
    }
}
