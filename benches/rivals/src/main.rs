//! feedd's decoders, ring and journal beside other people's, interleaved in one run on two pinned cores.
//!
//! ```text
//! cargo run --release -- decode [rounds]
//! cargo run --release -- rings [rounds]
//! cargo run --release -- append [rounds [directory on the disk to measure]]
//! cargo run --release -- replay [rounds [directory]]
//! cargo run --release -- tail   [rounds [directory]]
//! cargo run --release -- stall  0 [directory]
//! ```
//!
//! It prints Markdown. The method: blocks of about a millisecond, the order of the contenders rotated from round to
//! round, a probe before and after each block that tells whether the core was its own, and medians of the ratios of
//! blocks of the same round. Bare times of two runs cannot be compared; ratios can.

mod clock;
mod decode;
mod journal;
#[path = "../../src/messages.rs"]
#[allow(
    dead_code,
    reason = "shared with the instruction counts, which use the rest"
)]
mod messages;
mod probe;
mod rings;
mod stall;
mod stats;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::journal::Part;

/// Rounds unless told otherwise.
const ROUNDS: usize = 400;
/// Writer and reader.
const CORES: [usize; 2] = [0, 1];

/// What to measure, how often, and on which disk.
fn run(what: &str, rounds: usize, dir: &Path) -> std::io::Result<bool> {
    match what {
        "decode" => decode::run(rounds, CORES[1]),
        "rings" => rings::run(rounds, CORES),
        "append" => journal::run(Part::Append, dir, rounds, CORES)?,
        "replay" => journal::run(Part::Replay, dir, rounds, CORES)?,
        "tail" => journal::run(Part::Tail, dir, rounds, CORES)?,
        "stall" => stall::run(dir, CORES)?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().unwrap_or_default();
    let rounds = arguments.next().and_then(|text| text.parse().ok());
    let dir = arguments
        .next()
        .map_or_else(std::env::temp_dir, PathBuf::from);
    match run(&what, rounds.unwrap_or(ROUNDS), &dir) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!(
                "usage: feedd-rivals decode|rings|append|replay|tail|stall [rounds [directory]]"
            );
            ExitCode::from(64)
        }
        Err(error) => {
            eprintln!("feedd-rivals: {error}");
            ExitCode::from(74)
        }
    }
}
