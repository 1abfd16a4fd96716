//! `feedctl dlq show`: one letter, whole.

use std::path::PathBuf;

use feedd_storage::export::JsonLines;
use feedd_storage::sink::Fate;

use super::{letter, letters, state};
use crate::exit::{Exit, Failure};
use crate::output::{Output, talk};

/// Options of `feedctl dlq show`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The journal's directory
    dir: PathBuf,
    /// Whose letter
    #[arg(long, value_name = "NAME")]
    sink: String,
    /// Its number
    number: u64,
}

/// Says on standard error what became of it, and prints its record as `journal dump` does.
pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let letters = letters(&args.dir, &args.sink)?;
    let letter = letter(&letters, args.number)?;
    talk(format_args!(
        "{} {}: {}, sequences {} to {}: {}",
        args.sink,
        letter.number,
        state(&letters, letter),
        letter.seq,
        letter.last,
        letter.reason
    ));
    if letter.fate != Fate::Refused {
        return Ok(Exit::OK);
    }
    let mut json = JsonLines::new();
    let mut out = Output::stdout();
    letter.read_record(|record| match record {
        Ok(record) => out.text(json.record(&record, Some(letter.seq))),
        Err(error) => talk(format_args!("{} bytes: {error}", letter.record.len())),
    });
    out.finish()?;
    Ok(Exit::OK)
}
