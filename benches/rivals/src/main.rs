//! feedd's ring and journal beside other people's, interleaved in one run on two pinned cores.
//!
//! ```text
//! cargo run --release -- rings [rounds]
//! cargo run --release -- journal [rounds] [directory on the disk to measure]
//! ```
//!
//! It prints Markdown. The method: blocks of about a millisecond, the order of the contenders rotated from round to
//! round, a probe before and after each block that tells whether the core was its own, and medians of the ratios of
//! blocks of the same round. Bare times of two runs cannot be compared; ratios can.

mod clock;
mod journal;
mod probe;
mod rings;
mod stats;

use std::path::PathBuf;
use std::process::ExitCode;

/// Rounds unless told otherwise.
const ROUNDS: usize = 400;
/// Writer and reader.
const CORES: [usize; 2] = [0, 1];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next();
    let rounds = arguments.next().and_then(|text| text.parse().ok());
    match what.as_deref() {
        Some("rings") => rings::run(rounds.unwrap_or(ROUNDS), CORES),
        Some("journal") => {
            let dir = arguments
                .next()
                .map_or_else(std::env::temp_dir, PathBuf::from);
            if let Err(error) = journal::run(&dir, rounds.unwrap_or(ROUNDS), CORES) {
                eprintln!("feedd-rivals: {error}");
                return ExitCode::from(74);
            }
        }
        _ => {
            eprintln!("usage: feedd-rivals rings [rounds] | journal [rounds] [directory]");
            return ExitCode::from(64);
        }
    }
    ExitCode::SUCCESS
}
