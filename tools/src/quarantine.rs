//! `feedctl quarantine`: the frames that were refused, why, and what today's decoder says of them.
//!
//! A frame lies in the quarantine with the rule that it broke and nothing else: which field it was,
//! and where it stands, is what the decoder says when it reads the frame again.

mod decoder;
mod escape;
mod ls;
mod place;
mod replay;
mod rules;
mod show;
mod stamp;

use std::path::Path;

use clap::Subcommand;
use feedd_codecs::VenueId;
use feedd_codecs::raw::RawHead;
use feedd_codecs::time::Nanos;
use feedd_storage::{Frame, LogKind, Start};

use crate::exit::{Exit, Failure};
use crate::journal::{Walk, log_dir, split};

/// What `feedctl quarantine` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List refused frames, and count them by rule and venue
    Ls(ls::Args),
    /// Print one refused frame, and why it was refused
    Show(show::Args),
    /// Run refused frames through today's decoder
    Replay(replay::Args),
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Ls(args) => ls::run(args),
        Command::Show(args) => show::run(args),
        Command::Replay(args) => replay::run(args),
    }
}

/// Which frames are wanted.
#[derive(Debug, clap::Args)]
struct Filter {
    /// Only frames that were refused by this rule
    #[arg(long, value_parser = rules::code)]
    rule: Option<u8>,
    /// Only frames of this exchange (`bybit`) or venue (`bybit-linear`)
    #[arg(long, value_parser = venue)]
    venue: Option<String>,
    /// Only frames received at this time or later: nanoseconds since 1970, or as
    /// `2026-01-31T12:00:00Z`
    #[arg(long, value_name = "TIME", value_parser = stamp::parse)]
    since: Option<Nanos>,
    /// Only frames received before this time
    #[arg(long, value_name = "TIME", value_parser = stamp::parse)]
    until: Option<Nanos>,
}

impl Filter {
    fn start(&self) -> Start {
        self.since.map_or(Start::Oldest, Start::Time)
    }

    /// Stamps of several lines in one log may go back a little, so each is compared.
    fn wants(&self, head: &RawHead) -> bool {
        self.rule.is_none_or(|rule| rule == head.rule)
            && self.venue.as_ref().is_none_or(|venue| {
                venue == head.venue.exchange() || *venue == head.venue.to_string()
            })
            && self.since.is_none_or(|since| since <= head.ts_recv)
            && self.until.is_none_or(|until| head.ts_recv < until)
    }
}

/// A frame in the quarantine.
#[derive(Clone, Copy, Debug)]
struct Entry<'a> {
    /// Its number in the log.
    seq: u64,
    head: &'a RawHead,
    frame: &'a [u8],
}

impl<'a> Entry<'a> {
    fn of(frame: &Frame<'a>) -> Result<Self, String> {
        let seq = frame.seq;
        split(frame).map(|(head, frame)| Self { seq, head, frame })
    }
}

/// Hands the wanted frames to `take`, oldest first, until it says that it has enough;
/// [`Exit::PROBLEMS`] if some could not be read.
fn each(
    journal: &Path,
    filter: &Filter,
    mut take: impl FnMut(Entry<'_>) -> bool,
) -> Result<Exit, Failure> {
    let dir = log_dir(journal, LogKind::Quarantine)?;
    let mut walk = Walk::open(&dir, LogKind::Quarantine, filter.start())?;
    let mut more = true;
    while more
        && walk.step(|frame| {
            let entry = Entry::of(frame)?;
            if filter.wants(entry.head) {
                more = take(entry);
            }
            Ok(())
        })?
    {}
    Ok(walk.exit())
}

fn venue(name: &str) -> Result<String, String> {
    let known = VenueId::all().any(|id| id.exchange() == name || id.to_string() == name);
    known.then(|| name.to_owned()).ok_or_else(|| {
        let names: Vec<String> = VenueId::all().map(|id| id.to_string()).collect();
        format!("expected an exchange or one of {}", names.join(", "))
    })
}
