//! `feedctl journal ls`: the segments.

use std::path::PathBuf;

use feedd_storage::{SegmentInfo, segments};
use serde_json::json;

use super::logs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::table::{Table, cell};

/// Options of `feedctl journal ls`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The journal's directory
    dir: PathBuf,
    /// One JSON object a segment instead of a table
    #[arg(long)]
    json: bool,
}

/// Lists the segments of all logs, oldest first.
pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let mut out = Output::stdout();
    let mut table = Table::new([
        "log",
        "segment",
        "run",
        "state",
        "first_seq",
        "last_seq",
        "first_ts_recv",
        "bytes",
    ]);
    for (log, dir) in logs(&args.dir)? {
        for segment in segments(&dir)? {
            if args.json {
                out.text(&line(log.name(), &segment));
            } else {
                table.row(row(log.name(), &segment));
            }
        }
    }
    if !args.json {
        out.text(&table.to_string());
    }
    out.finish()?;
    Ok(Exit::OK)
}

/// Number of the segment's last frame, once it is sealed and if it has one.
fn last_seq(segment: &SegmentInfo) -> Option<u64> {
    let next = segment.next_seq?;
    (next > segment.first_seq).then(|| next - 1)
}

const fn state(segment: &SegmentInfo) -> &'static str {
    match segment.next_seq {
        Some(_) => "sealed",
        None => "open",
    }
}

fn row(log: &str, segment: &SegmentInfo) -> [String; 8] {
    [
        log.to_owned(),
        segment.number.to_string(),
        segment.run.to_string(),
        state(segment).to_owned(),
        segment.first_seq.to_string(),
        cell(last_seq(segment)),
        cell(segment.first_ts_recv),
        segment.file_bytes.to_string(),
    ]
}

fn line(log: &str, segment: &SegmentInfo) -> String {
    let object = json!({
        "log": log,
        "segment": segment.number,
        "path": segment.path.display().to_string(),
        "run": segment.run,
        "state": state(segment),
        "created": segment.created_wall_ns,
        "first_seq": segment.first_seq,
        "last_seq": last_seq(segment),
        "first_ts_recv": segment.first_ts_recv,
        "bytes": segment.file_bytes,
    });
    format!("{object}\n")
}
