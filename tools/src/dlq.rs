//! `feedctl dlq`: what a sink refused for ever, and what it never got.

mod ls;
mod replay;
mod show;

use std::path::Path;

use clap::Subcommand;
use feedd_storage::sink::{DeadLetter, DeadLetters, Fate};

use crate::exit::{Exit, Failure};

/// What `feedctl dlq` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the dead letters of one sink or of all
    Ls(ls::Args),
    /// Print one dead letter with its record
    Show(show::Args),
    /// Have the daemon hand dead letters to their sink once more
    Replay(replay::Args),
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Ls(args) => ls::run(args),
        Command::Show(args) => show::run(args),
        Command::Replay(args) => replay::run(args),
    }
}

/// The letters of a sink in a journal, which must be one.
fn letters(journal: &Path, sink: &str) -> Result<Vec<DeadLetter>, Failure> {
    crate::journal::log_dir(journal, feedd_storage::LogKind::Records)?;
    Ok(DeadLetters::read(journal, sink)?)
}

/// The letter of this number.
fn letter(letters: &[DeadLetter], number: u64) -> Result<&DeadLetter, Failure> {
    let found = letters.iter().find(|letter| letter.number == number);
    found.ok_or(Failure::NoLetter { number })
}

/// What an operator wants to know first: whether anything has to be done about it.
fn state(letters: &[DeadLetter], letter: &DeadLetter) -> &'static str {
    let settles = |other: &&DeadLetter| other.fate == Fate::Replayed && other.last == letter.number;
    match letter.fate {
        Fate::Refused if letters.iter().any(|other| settles(&other)) => "replayed",
        Fate::Refused => "open",
        Fate::Lost => "lost",
        Fate::Replayed => "replay",
    }
}
