//! `feedctl compare`: a journal against the tape of the simulated venues.

use std::path::PathBuf;

use feedctl::compare::{Options, compare};

use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Nanoseconds in a millisecond.
const MILLI: i64 = 1_000_000;

/// Options of `feedctl compare`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The tape, as `feedctl sim --tape FILE` wrote it
    #[arg(long, value_name = "FILE")]
    tape: PathBuf,
    /// The journal of the daemon that was connected to those venues
    #[arg(long, value_name = "DIR")]
    journal: PathBuf,
    /// What was published so shortly before the journal's end may be missing
    #[arg(long, value_name = "MS", default_value_t = 1_000)]
    in_flight: u32,
    /// One JSON object instead of words
    #[arg(long)]
    json: bool,
}

/// Prints counts of each stream and the first differences.
pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let options = Options {
        in_flight: i64::from(args.in_flight) * MILLI,
    };
    let report = compare(&args.tape, &args.journal, options)?;
    let mut out = Output::stdout();
    if args.json {
        let mut json = serde_json::json!(report);
        json["unexplained"] = report.unexplained().into();
        out.text(&format!("{json}\n"));
    } else {
        out.text(&report.to_string());
    }
    out.finish()?;
    Ok(if report.unexplained() == 0 {
        Exit::OK
    } else {
        Exit::PROBLEMS
    })
}
