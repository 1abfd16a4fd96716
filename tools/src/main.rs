//! The operator's tool: decodes recordings, reads journals and latency files, simulates venues.
//!
//! Standard output carries data, standard error talk. A reader that closes the pipe early is no
//! error. What each exit code means stands in `exit.rs` and in `--help`.
#![forbid(unsafe_code)]

mod comparison;
mod decode;
mod dlq;
mod exit;
mod hist;
mod journal;
mod output;
mod quarantine;
mod reconcile;
mod sim;
mod source;
mod table;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use exit::{Exit, Failure};

/// Decode recordings, read journals and latency files of feedd, simulate its venues.
#[derive(Debug, Parser)]
#[command(name = "feedctl", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Decode recorded frames into one JSON object per record
    Decode(decode::Args),
    /// Look into a journal: segments, records, frames, soundness
    #[command(subcommand)]
    Journal(journal::Command),
    /// Look into the frames that the decoder refused, and run them through it again
    #[command(subcommand)]
    Quarantine(quarantine::Command),
    /// Look into the rows that a sink refused for ever, and have them tried again
    #[command(subcommand)]
    Dlq(dlq::Command),
    /// Count a sink against the journal: rows and exact sums for each instrument, kind and minute
    Reconcile(reconcile::Args),
    /// Percentiles of latency files
    Hist(hist::Args),
    /// Compare a journal with the tape of the simulated exchanges
    Compare(comparison::Args),
    /// Run simulated exchanges on loopback ports
    Sim(sim::Args),
}

fn main() -> ExitCode {
    let exit = match parse().and_then(run) {
        Ok(exit) => exit,
        Err(failure) => {
            failure.tell();
            failure.exit()
        }
    };
    exit.into()
}

fn parse() -> Result<Cli, Failure> {
    let command = Cli::command()
        .after_help(exit::help())
        .mut_subcommands(|command| command.after_help(exit::help()));
    let parsed = command
        .try_get_matches()
        .and_then(|matches| Cli::from_arg_matches(&matches));
    parsed.map_err(|error| Failure::Command(Box::new(error)))
}

fn run(cli: Cli) -> Result<Exit, Failure> {
    match cli.command {
        Command::Decode(args) => decode::run(&args),
        Command::Journal(command) => journal::run(&command),
        Command::Quarantine(command) => quarantine::run(&command),
        Command::Dlq(command) => dlq::run(&command),
        Command::Reconcile(args) => reconcile::run(&args),
        Command::Hist(args) => hist::run(&args),
        Command::Compare(args) => comparison::run(&args),
        Command::Sim(args) => sim::run(&args),
    }
}
