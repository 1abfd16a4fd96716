//! `feedctl quarantine show`: one frame whole, and why it was refused.

use std::collections::BTreeMap;
use std::path::PathBuf;

use feedd_codecs::raw::Carrier;
use feedd_codecs::{Record, VenueId};
use feedd_storage::{LogKind, Start};

use super::decoder::{self, Decoders, Outcome};
use super::escape::escape;
use super::place::place;
use super::{Entry, rules, stamp};
use crate::exit::{Exit, Failure};
use crate::journal::{Walk, log_dir};
use crate::output::Output;

/// Options of `feedctl quarantine show`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The journal's directory
    dir: PathBuf,
    /// The frame's number in the quarantine, as `ls` prints it
    #[arg(value_name = "SEQ")]
    seq: u64,
    /// Write the frame's bytes as they were received, and nothing else
    #[arg(long)]
    raw: bool,
}

/// Prints the frame.
pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let dir = log_dir(&args.dir, LogKind::Quarantine)?;
    let mut walk = Walk::open(&dir, LogKind::Quarantine, Start::Seq(args.seq))?;
    let mut out = Output::stdout();
    let mut found = false;
    walk.step(|frame| {
        let entry = Entry::of(frame)?;
        found = entry.seq == args.seq;
        if found && args.raw {
            out.bytes(entry.frame);
        } else if found {
            out.text(&page(entry, &mut Decoders::new(&args.dir)));
        }
        Ok(())
    })?;
    out.finish()?;
    if found {
        Ok(walk.exit())
    } else {
        Err(Failure::NoFrame { seq: args.seq })
    }
}

fn page(entry: Entry<'_>, decoders: &mut Decoders) -> String {
    let head = entry.head;
    let rule = rules::name(head.rule);
    let mut page = format!(
        "journal_seq  {}\ntime         {} ({})\nvenue        {}\nline, frame  {}, {}\ncarrier      {}\nbytes        {}\nrefused by   {rule}: {}\n",
        entry.seq,
        stamp::show(head.ts_recv),
        head.ts_recv,
        head.venue,
        head.line,
        head.frame,
        carrier(head.carrier),
        head.len,
        rules::words(head.rule),
    );
    for line in today(entry, decoders) {
        page.push_str("today        ");
        page.push_str(&line);
        page.push('\n');
    }
    page.push('\n');
    escape(&mut page, entry.frame, usize::MAX);
    page.push('\n');
    page
}

/// What today's decoder says.
fn today(entry: Entry<'_>, decoders: &mut Decoders) -> Vec<String> {
    let mut records: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut count = |record: &Record<'_>| *records.entry(record.kind().name()).or_default() += 1;
    let outcome = decoders.frame(entry, &mut count);
    match outcome {
        Outcome::Refused(reject) => {
            let place = place(reject, entry.frame);
            let place = place.map_or_else(String::new, |place| format!("; {place}"));
            vec![format!("{}: {reject}{place}", reject.rule())]
        }
        Outcome::Decoded => vec![decodes(entry, &records)],
        Outcome::Impossible(why) if entry.head.carrier == Carrier::REST => {
            std::iter::once(format!("not decoded: {why}"))
                .chain(guesses(entry))
                .collect()
        }
        Outcome::Impossible(why) => vec![format!("not decoded: {why}")],
    }
}

fn decodes(entry: Entry<'_>, records: &BTreeMap<&'static str, u64>) -> String {
    let list: Vec<String> = records
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    let list = match &*list {
        [] => "no record".to_owned(),
        list => list.join(", "),
    };
    if rules::is_quality(entry.head.rule) {
        format!("decodes, as it did then: the rule is about what the record says; {list}")
    } else {
        format!("decodes: {list}")
    }
}

fn guesses(entry: Entry<'_>) -> impl Iterator<Item = String> {
    let known = VenueId::all().any(|known| known == entry.head.venue);
    let answers = known.then(|| decoder::body(entry.head.venue, entry.frame));
    let answers = answers.unwrap_or_default().into_iter();
    answers.map(|(what, outcome)| match outcome {
        Ok(()) => format!("read as {what}: decodes"),
        Err(reject) => format!("read as {what}: {}: {reject}", reject.rule()),
    })
}

const fn carrier(carrier: Carrier) -> &'static str {
    match carrier {
        Carrier::TEXT => "WebSocket text",
        Carrier::BINARY => "WebSocket binary",
        Carrier::REST => "REST body",
        _ => "unknown",
    }
}
