//! `feedd`: market data of Binance, Bybit and Kraken into a journal.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use feedd::cli::{Cli, Command};
use feedd::exit::Code;
use feedd::{demo, relay, run};

/// Small and steady: the hot path allocates nothing, the rest profits from per-thread heaps.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output and are no error; a closed output is none either.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() {
                Code::Usage as u8
            } else {
                0
            });
        }
    };
    let outcome = match &cli.command {
        Command::Run { config } => run::run(config),
        Command::Check { config } => run::check(config),
        Command::Demo(options) => demo::run(options),
        Command::Publish { config } => relay::command::publish(config),
        Command::Relay { config } => relay::command::relay(config),
    };
    match outcome {
        Ok(code) => ExitCode::from(code as u8),
        Err(failure) => {
            eprintln!("feedd: {failure}");
            ExitCode::from(failure.code as u8)
        }
    }
}
