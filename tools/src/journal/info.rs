//! `feedctl journal info`: a journal in a few lines.

use std::path::{Path, PathBuf};

use feedd_storage::{Cursor, Error, LogKind, LogReader, ReadError, Start, segments};
use serde_json::{Value, json};

use super::walk::failure;
use super::{LOGS, logs};
use crate::exit::{Exit, Failure};
use crate::output::{Output, talk};
use crate::table::{Table, cell};

/// Options of `feedctl journal info`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The journal's directory
    dir: PathBuf,
    /// One JSON object instead of tables
    #[arg(long)]
    json: bool,
}

/// One log summed up.
struct Summary {
    log: LogKind,
    segments: usize,
    bytes: u64,
    run: Option<u32>,
    first_seq: Option<u64>,
    last_seq: Option<u64>,
    first_ts_recv: Option<i64>,
    last_ts_recv: Option<i64>,
}

/// Where a consumer is.
struct Place {
    name: String,
    log: LogKind,
    next_seq: u64,
    /// Frames that it has not taken yet.
    behind: u64,
}

/// Sums up the logs and the cursors.
pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let summaries: Vec<Summary> = logs(&args.dir)?
        .into_iter()
        .map(|(log, dir)| summary(log, &dir))
        .collect::<Result<_, _>>()?;
    let places = places(&args.dir, &summaries)?;
    let mut out = Output::stdout();
    if args.json {
        out.text(&format!("{}\n", object(&summaries, &places)));
    } else {
        out.text(&log_table(&summaries).to_string());
        if !places.is_empty() {
            out.text(&format!("\n{}", cursor_table(&places)));
        }
    }
    out.finish()?;
    Ok(Exit::OK)
}

fn summary(log: LogKind, dir: &Path) -> Result<Summary, Failure> {
    let segments = segments(dir)?;
    let newest = last_frame(dir).map_err(failure)?;
    // A log that was opened and never written has a first number, but no frame that bears it.
    let first = segments.first().filter(|_| newest.is_some());
    Ok(Summary {
        log,
        segments: segments.len(),
        bytes: segments.iter().map(|segment| segment.file_bytes).sum(),
        run: segments.iter().map(|segment| segment.run).max(),
        first_seq: first.map(|segment| segment.first_seq),
        last_seq: newest.map(|(seq, _)| seq),
        first_ts_recv: first.and_then(|segment| segment.first_ts_recv),
        last_ts_recv: newest.map(|(_, ts_recv)| ts_recv),
    })
}

/// Number and receive stamp of the newest frame.
fn last_frame(dir: &Path) -> Result<Option<(u64, i64)>, ReadError> {
    let next = LogReader::open(dir, Start::Newest)?.next_seq();
    let Some(last) = next.and_then(|next| next.checked_sub(1)) else {
        return Ok(None);
    };
    match LogReader::open(dir, Start::Seq(last))?.next() {
        Ok(frame) => Ok(frame.map(|frame| (frame.seq, frame.ts_recv))),
        Err(ReadError::Missed { .. } | ReadError::Damaged { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn places(journal: &Path, summaries: &[Summary]) -> Result<Vec<Place>, Failure> {
    let dir = journal.join("cursors");
    if !dir.is_dir() {
        return Ok(Vec::new());
    }
    let mut places = Vec::new();
    for entry in dir.read_dir().map_err(Failure::open(&dir))? {
        let name = entry.map_err(Failure::io("list", &dir))?.file_name();
        places.extend(place(journal, &name.to_string_lossy(), summaries));
    }
    places.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(places)
}

/// A cursor's place; one that cannot be read is named and left out.
fn place(journal: &Path, name: &str, summaries: &[Summary]) -> Option<Place> {
    let load = |log| {
        let cursor = Cursor::open(journal, name, log)?;
        Ok((log, cursor.load()?))
    };
    // The file says which log it is of, and is refused as any other's.
    let loaded = LOGS.into_iter().map(load).reduce(Result::or);
    let (log, next_seq) = match loaded? {
        Ok((log, next_seq)) => (log, next_seq?),
        Err::<_, Error>(error) => {
            talk(format_args!("feedctl: {error}"));
            return None;
        }
    };
    let newest = summaries
        .iter()
        .find(|summary| summary.log == log)
        .and_then(|summary| summary.last_seq);
    let behind = newest.map_or(0, |last| (last + 1).saturating_sub(next_seq));
    Some(Place {
        name: name.to_owned(),
        log,
        next_seq,
        behind,
    })
}

fn log_table(summaries: &[Summary]) -> Table<8> {
    let mut table = Table::new([
        "log",
        "segments",
        "bytes",
        "run",
        "first_seq",
        "last_seq",
        "first_ts_recv",
        "last_ts_recv",
    ]);
    for summary in summaries {
        table.row([
            summary.log.name().to_owned(),
            summary.segments.to_string(),
            summary.bytes.to_string(),
            cell(summary.run),
            cell(summary.first_seq),
            cell(summary.last_seq),
            cell(summary.first_ts_recv),
            cell(summary.last_ts_recv),
        ]);
    }
    table
}

fn cursor_table(places: &[Place]) -> Table<4> {
    let mut table = Table::new(["cursor", "log", "next_seq", "behind"]);
    for place in places {
        table.row([
            place.name.clone(),
            place.log.name().to_owned(),
            place.next_seq.to_string(),
            place.behind.to_string(),
        ]);
    }
    table
}

fn object(summaries: &[Summary], places: &[Place]) -> Value {
    let logs = summaries.iter().map(|summary| {
        json!({
            "log": summary.log.name(),
            "segments": summary.segments,
            "bytes": summary.bytes,
            "run": summary.run,
            "first_seq": summary.first_seq,
            "last_seq": summary.last_seq,
            "first_ts_recv": summary.first_ts_recv,
            "last_ts_recv": summary.last_ts_recv,
        })
    });
    let cursors = places.iter().map(|place| {
        json!({
            "cursor": place.name,
            "log": place.log.name(),
            "next_seq": place.next_seq,
            "behind": place.behind,
        })
    });
    json!({"logs": logs.collect::<Vec<_>>(), "cursors": cursors.collect::<Vec<_>>()})
}
