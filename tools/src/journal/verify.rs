//! `feedctl journal verify`: every byte of every log.

use std::path::PathBuf;

use feedd_storage::{Problem, VerifyReport, verify};
use serde_json::json;

use super::logs;
use crate::exit::{Exit, Failure};
use crate::output::{Output, talk};

/// Options of `feedctl journal verify`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The journal's directory
    dir: PathBuf,
    /// One JSON object a problem
    #[arg(long)]
    json: bool,
}

/// Walks all logs: [`Exit::OK`] if every byte is sound, [`Exit::PROBLEMS`] if not,
/// [`Exit::IMPOSSIBLE`] if that cannot be found out.
pub(super) fn run(args: &Args) -> Exit {
    check(args).unwrap_or_else(|failure| {
        failure.tell();
        Exit::IMPOSSIBLE
    })
}

fn check(args: &Args) -> Result<Exit, Failure> {
    let mut out = Output::stdout();
    let mut exit = Exit::OK;
    for (log, dir) in logs(&args.dir)? {
        let report = verify(&dir)?;
        for problem in &report.problems {
            out.text(&line(log.name(), problem, args.json));
        }
        out.flush();
        tell(log.name(), &report);
        if !report.is_clean() {
            exit = Exit::PROBLEMS;
        }
    }
    out.finish()?;
    Ok(exit)
}

fn line(log: &str, problem: &Problem, as_json: bool) -> String {
    match problem {
        Problem::Damaged {
            segment,
            offset,
            rule,
        } if as_json => {
            let rule = rule.to_string();
            let object = json!({"log": log, "segment": segment, "offset": offset, "problem": rule});
            format!("{object}\n")
        }
        Problem::Damaged {
            segment,
            offset,
            rule,
        } => format!("{log}: segment {segment}, offset {offset}: {rule}\n"),
        Problem::Unreadable { reason } if as_json => {
            format!("{}\n", json!({"log": log, "problem": reason}))
        }
        Problem::Unreadable { reason } => format!("{log}: {reason}\n"),
    }
}

/// What was walked, and what is no damage but worth knowing.
fn tell(log: &str, report: &VerifyReport) {
    for (from, to) in &report.gaps {
        talk(format_args!(
            "{log}: sequence numbers {from} to {to} are gone"
        ));
    }
    if report.quarantined > 0 {
        let count = report.quarantined;
        talk(format_args!(
            "{log}: {count} segments were set aside earlier"
        ));
    }
    talk(format_args!(
        "{log}: {} frames of {} bytes in {} segments, {} problems",
        report.frames, report.payload_bytes, report.segments, report.problem_count
    ));
}
