//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Market data of Binance, Bybit and Kraken: exact records in a memory-mapped journal.
#[derive(Debug, Parser)]
#[command(version, about, after_help = EXIT_STATUS)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_STATUS: &str = "\
Exit status: 0 done or stopped cleanly, 1 the demo found a difference, 64 wrong command line, 66 configuration \
missing, 70 internal rule broken, 73 output cannot be created, 74 journal input or output failed, 75 another \
process holds the journal, 78 wrong configuration.

The log level is taken from FEEDD_LOG (error, warn, info, debug; default info).";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Capture until SIGTERM or SIGINT; a second signal stops at once.
    Run {
        /// Configuration file.
        #[arg(short, long, default_value = "feedd.toml")]
        config: PathBuf,
    },
    /// Check a configuration and print it whole, with defaults and what it will cost.
    Check {
        /// Configuration file.
        #[arg(short, long, default_value = "feedd.toml")]
        config: PathBuf,
    },
    /// Capture from simulated exchanges on loopback and compare with their truth.
    Demo(DemoOptions),
    /// Serve a journal to relays on other hosts, beside the capture or without it.
    Publish {
        /// Configuration file.
        #[arg(short, long, default_value = "publish.toml")]
        config: PathBuf,
    },
    /// Copy the journals of other hosts into one of this host.
    Relay {
        /// Configuration file.
        #[arg(short, long, default_value = "relay.toml")]
        config: PathBuf,
    },
}

/// Options of `feedd demo`.
#[derive(Args, Clone, Debug)]
pub struct DemoOptions {
    /// How long to capture, in seconds.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub seconds: u64,
    /// Market events a second and instrument.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub rate: u32,
    /// Seed of the simulated markets.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Speak TLS with the simulated exchanges.
    #[arg(long)]
    pub tls: bool,
    /// Folder in which a new folder for this capture is made.
    #[arg(long, default_value = "feedd-data")]
    pub dir: PathBuf,
}
