//! `feedctl dlq replay`: a wish that the daemon's sink grants, now or when it runs again.

use std::path::PathBuf;

use feedd_storage::sink::DeadLetters;

use super::{letter, letters, state};
use crate::exit::{Exit, Failure};
use crate::output::talk;

/// Options of `feedctl dlq replay`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The journal's directory
    dir: PathBuf,
    /// Whose letters
    #[arg(long, value_name = "NAME")]
    sink: String,
    /// Their numbers; without any, all that are open
    numbers: Vec<u64>,
}

/// Writes the wish down.
pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let letters = letters(&args.dir, &args.sink)?;
    let mut numbers = Vec::new();
    if args.numbers.is_empty() {
        let open = letters
            .iter()
            .filter(|letter| state(&letters, letter) == "open");
        numbers.extend(open.map(|letter| letter.number));
    }
    for number in &args.numbers {
        let letter = letter(&letters, *number)?;
        if state(&letters, letter) != "open" {
            let message = format!("letter {number} is {}, not open", state(&letters, letter));
            return Err(Failure::Usage(message));
        }
        numbers.push(*number);
    }
    if numbers.is_empty() {
        talk(format_args!("nothing is open"));
        return Ok(Exit::OK);
    }
    DeadLetters::ask_replay(&args.dir, &args.sink, &numbers)?;
    talk(format_args!(
        "{} letters will be handed to {} once more, within a second if the daemon runs; see its log and dlq ls",
        numbers.len(),
        args.sink
    ));
    Ok(Exit::OK)
}
