//! `feedctl dlq ls`: one line a letter.

use std::path::PathBuf;

use feedd_storage::sink::{DeadLetter, DeadLetters, Fate};
use serde_json::json;

use super::{letters, state};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::table::Table;

/// Options of `feedctl dlq ls`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The journal's directory
    dir: PathBuf,
    /// Only this sink
    #[arg(long, value_name = "NAME")]
    sink: Option<String>,
    /// One JSON object a letter instead of a table
    #[arg(long)]
    json: bool,
}

/// Lists what is there; exit code 1 if anything is open or lost.
pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let sinks = match &args.sink {
        Some(sink) => vec![sink.clone()],
        None => DeadLetters::sinks(&args.dir)?,
    };
    let mut out = Output::stdout();
    let mut table = Table::new(["sink", "number", "state", "first_seq", "last_seq", "reason"]);
    let mut problems = false;
    for sink in &sinks {
        let letters = letters(&args.dir, sink)?;
        for letter in letters
            .iter()
            .filter(|letter| letter.fate != Fate::Replayed)
        {
            let state = state(&letters, letter);
            problems |= state != "replayed";
            if args.json {
                out.text(&format!("{}\n", object(sink, state, letter)));
            } else {
                table.row(cells(sink, state, letter));
            }
        }
    }
    if !args.json {
        out.text(&table.to_string());
    }
    out.finish()?;
    Ok(if problems { Exit::PROBLEMS } else { Exit::OK })
}

fn cells(sink: &str, state: &str, letter: &DeadLetter) -> [String; 6] {
    [
        sink.to_owned(),
        letter.number.to_string(),
        state.to_owned(),
        letter.seq.to_string(),
        letter.last.to_string(),
        letter.reason.replace(char::is_control, " "),
    ]
}

fn object(sink: &str, state: &str, letter: &DeadLetter) -> serde_json::Value {
    json!({
        "sink": sink,
        "number": letter.number,
        "state": state,
        "ts": letter.ts,
        "first_seq": letter.seq,
        "last_seq": letter.last,
        "reason": letter.reason,
    })
}
