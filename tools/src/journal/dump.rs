//! `feedctl journal dump`: a stretch of a log.

use std::path::{Path, PathBuf};

use feedd_codecs::record::Kind;
use feedd_storage::{LogKind, LogReader, Start};

use super::print::Printer;
use super::walk::Walk;
use super::{log_dir, log_kind};
use crate::exit::{Exit, Failure};

/// Options of `feedctl journal dump`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The journal's directory
    dir: PathBuf,
    /// Which log: records, raw (frames as received) or quarantine (frames that were rejected)
    #[arg(long, default_value = "records", value_parser = log_kind)]
    log: LogKind,
    /// Begin at this sequence number
    #[arg(long, value_name = "N", conflicts_with = "from_time")]
    from_seq: Option<u64>,
    /// Begin at the first frame received at this time or later, in nanoseconds since 1970
    #[arg(long, value_name = "NS")]
    from_time: Option<i64>,
    /// Print at most this many lines
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Print records of this kind only
    #[arg(long, value_parser = kind)]
    kind: Option<Kind>,
}

/// Prints frames up to the newest.
pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    if args.kind.is_some() && args.log != LogKind::Records {
        return Err(Failure::Usage(
            "--kind is for the log of records; frames have no kind".to_owned(),
        ));
    }
    let dir = log_dir(&args.dir, args.log)?;
    let start = start(args);
    let mut printer = Printer::new(args.log, args.kind);
    if let Some(seq) = first_wanted(&dir, start) {
        printer.learn_before(&dir, seq);
    }
    let mut walk = Walk::open(&dir, args.log, start)?;
    let wanted = |printer: &Printer| args.limit.is_none_or(|limit| printer.printed() < limit);
    while wanted(&printer) && !printer.is_ended() && printer.step(&mut walk)? {}
    printer.finish(&walk)
}

fn start(args: &Args) -> Start {
    match (args.from_seq, args.from_time) {
        (Some(seq), _) => Start::Seq(seq),
        (None, Some(ts_recv)) => Start::Time(ts_recv),
        (None, None) => Start::Oldest,
    }
}

/// Number of the first frame that will be printed, if frames before it are left out.
fn first_wanted(dir: &Path, start: Start) -> Option<u64> {
    match start {
        Start::Oldest | Start::Newest => None,
        Start::Seq(seq) => Some(seq),
        Start::Time(_) => {
            let mut reader = LogReader::open(dir, start).ok()?;
            let frame = reader.next().ok()?;
            frame.map(|frame| frame.seq)
        }
    }
}

fn kind(name: &str) -> Result<Kind, String> {
    let found = Kind::ALL.into_iter().find(|kind| kind.name() == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        format!("expected one of {}", names.join(", "))
    })
}
