//! `feedctl quarantine ls`: one line a frame, and the counts by rule and venue.

use std::collections::BTreeMap;
use std::path::PathBuf;

use feedd_codecs::VenueId;
use feedd_codecs::time::Nanos;
use feedd_storage::export::JsonLines;

use super::escape::excerpt;
use super::{Entry, Filter, each, rules, stamp};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::table::Table;

/// Characters of a frame that are shown: with the columns before it, a line of a wide terminal.
const EXCERPT_CHARS: usize = 80;

/// Options of `feedctl quarantine ls`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The journal's directory
    dir: PathBuf,
    #[command(flatten)]
    filter: Filter,
    /// One JSON object a frame, whole, instead of tables
    #[arg(long)]
    json: bool,
}

/// The frames that one rule refused at one venue.
#[derive(Debug, Default)]
struct Group {
    frames: u64,
    bytes: u64,
    first: Option<Nanos>,
    last: Option<Nanos>,
}

impl Group {
    fn add(&mut self, entry: Entry<'_>) {
        let stamp = Some(entry.head.ts_recv);
        self.frames += 1;
        self.bytes += entry.head.len;
        self.first = self.first.min(stamp).or(stamp);
        self.last = self.last.max(stamp);
    }
}

/// Lists the wanted frames as they are read; there are as many groups as rules and venues, so
/// memory does not grow with the quarantine.
pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let mut out = Output::stdout();
    let mut json = JsonLines::new();
    let mut groups: BTreeMap<(u8, VenueId), Group> = BTreeMap::new();
    let exit = each(&args.dir, &args.filter, |entry| {
        if args.json {
            out.text(json.raw(entry.head, entry.frame, Some(entry.seq)));
        } else {
            if groups.is_empty() {
                out.text(&headings());
            }
            out.text(&row(entry));
            let key = (entry.head.rule, entry.head.venue);
            groups.entry(key).or_default().add(entry);
        }
        !out.is_ended()
    })?;
    if !groups.is_empty() {
        out.text(&format!("\n{}", table(&groups)));
    }
    out.finish()?;
    Ok(exit)
}

fn headings() -> String {
    line(
        [
            "journal_seq",
            "time",
            "venue",
            "line",
            "frame",
            "rule",
            "bytes",
        ]
        .map(str::to_owned),
        "text",
    )
}

fn row(entry: Entry<'_>) -> String {
    let head = entry.head;
    let cells = [
        entry.seq.to_string(),
        stamp::show(head.ts_recv),
        head.venue.to_string(),
        head.line.to_string(),
        head.frame.to_string(),
        rules::name(head.rule),
        head.len.to_string(),
    ];
    line(cells, &excerpt(entry.frame, EXCERPT_CHARS))
}

/// Columns of fixed width, since rows are printed before the last one is known.
fn line([seq, time, venue, line, frame, rule, bytes]: [String; 7], text: &str) -> String {
    format!(
        "{seq:>11}  {time:<30}  {venue:<14}  {line:>5}  {frame:>20}  {rule:<23}  {bytes:>8}  {text}\n"
    )
}

fn table(groups: &BTreeMap<(u8, VenueId), Group>) -> Table<6> {
    let mut table = Table::new(["rule", "venue", "frames", "bytes", "first", "last"]);
    for ((rule, venue), group) in groups {
        table.row([
            rules::name(*rule),
            venue.to_string(),
            group.frames.to_string(),
            group.bytes.to_string(),
            group.first.map(stamp::show).unwrap_or_default(),
            group.last.map(stamp::show).unwrap_or_default(),
        ]);
    }
    table
}
