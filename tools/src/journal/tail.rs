//! `feedctl journal tail`: the newest frames, and those that come.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use feedd_storage::{LogKind, LogReader, Start, segments};

use super::print::Printer;
use super::walk::{Walk, failure};
use super::{log_dir, log_kind};
use crate::exit::{Exit, Failure};

/// Pause while nothing new comes: short beside any network, long beside a look at memory.
const POLL_PAUSE: Duration = Duration::from_millis(1);

/// Options of `feedctl journal tail`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The journal's directory
    dir: PathBuf,
    /// Which log: records, raw (frames as received) or quarantine (frames that were rejected)
    #[arg(long, default_value = "records", value_parser = log_kind)]
    log: LogKind,
    /// Begin this many frames before the end
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    lines: u64,
    /// Go on as the journal grows, until interrupted
    #[arg(short, long)]
    follow: bool,
}

/// Prints the newest frames; with `follow` for ever, or until nobody reads any more.
pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let dir = log_dir(&args.dir, args.log)?;
    let mut printer = Printer::new(args.log, None);
    let mut walk = open(&dir, args, &mut printer)?;
    while !printer.is_ended() {
        if !printer.step(&mut walk)? {
            if !args.follow {
                break;
            }
            printer.flush();
            thread::sleep(POLL_PAUSE);
        }
    }
    printer.finish(&walk)
}

/// A walk that begins `args.lines` frames before the end, or at the oldest frame.
fn open(dir: &Path, args: &Args, printer: &mut Printer) -> Result<Walk, Failure> {
    let newest = LogReader::open(dir, Start::Newest).map_err(failure)?;
    let Some(next) = newest.next_seq() else {
        return Walk::open(dir, args.log, Start::Newest);
    };
    let oldest = segments(dir)?
        .first()
        .map_or(next, |segment| segment.first_seq);
    let from = next.saturating_sub(args.lines).max(oldest);
    printer.learn_before(dir, from);
    Walk::open(dir, args.log, Start::Seq(from))
}
