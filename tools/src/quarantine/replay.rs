//! `feedctl quarantine replay`: refused frames through today's decoder.

use std::collections::BTreeMap;
use std::path::PathBuf;

use feedd_codecs::Reject;
use feedd_storage::export::JsonLines;

use super::decoder::{Decoders, Outcome};
use super::{Entry, Filter, each, rules};
use crate::exit::{Exit, Failure};
use crate::output::{Output, talk};
use crate::table::Table;

/// Options of `feedctl quarantine replay`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The journal's directory
    dir: PathBuf,
    #[command(flatten)]
    filter: Filter,
    /// Write the records into this file instead of standard output
    #[arg(long, value_name = "RECORDS.jsonl")]
    out: Option<PathBuf>,
}

/// What became of the frames of one rule.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    frames: u64,
    refused: u64,
    changed: u64,
    decoded: u64,
    quality: u64,
    impossible: u64,
    records: u64,
}

/// Decodes the wanted frames in the order in which they came; [`Exit::PROBLEMS`] if any is refused.
pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let mut out = match &args.out {
        Some(path) => Output::file(path)?,
        None => Output::stdout(),
    };
    let mut json = JsonLines::new();
    let mut decoders = Decoders::new(&args.dir);
    let mut tallies: BTreeMap<u8, Tally> = BTreeMap::new();
    let exit = each(&args.dir, &args.filter, |entry| {
        let tally = tallies.entry(entry.head.rule).or_default();
        let outcome = decoders.frame(entry, &mut |record| {
            tally.records += 1;
            out.text(json.record(record, None));
        });
        tally.count(entry, outcome);
        !out.is_ended()
    })?;
    out.finish()?;
    talk(format_args!("{}", table(&tallies)));
    explain(&tallies);
    let refused = tallies
        .values()
        .any(|tally| tally.refused + tally.changed > 0);
    Ok(if refused { Exit::PROBLEMS } else { exit })
}

impl Tally {
    fn count(&mut self, entry: Entry<'_>, outcome: Outcome) {
        self.frames += 1;
        match outcome {
            Outcome::Refused(reject) if reject.code() == entry.head.rule => {
                self.refused += 1;
                tell(entry, "still", reject);
            }
            Outcome::Refused(reject) => {
                self.changed += 1;
                tell(entry, "now", reject);
            }
            Outcome::Decoded if rules::is_quality(entry.head.rule) => self.quality += 1,
            Outcome::Decoded => self.decoded += 1,
            Outcome::Impossible(why) => {
                self.impossible += 1;
                talk(format_args!(
                    "journal_seq {}: not decoded: {why}",
                    entry.seq
                ));
            }
        }
    }
}

fn tell(entry: Entry<'_>, when: &str, reject: Reject) {
    let seq = entry.seq;
    let rule = reject.rule();
    talk(format_args!("journal_seq {seq}: {when} {rule}: {reject}"));
}

fn table(tallies: &BTreeMap<u8, Tally>) -> Table<8> {
    let mut table = Table::new([
        "rule",
        "frames",
        "still_refused",
        "rule_changed",
        "decodes_now",
        "quality_only",
        "not_decoded",
        "records",
    ]);
    let mut all = Tally::default();
    for (rule, tally) in tallies {
        table.row(row(rules::name(*rule), tally));
        all.add(tally);
    }
    table.row(row("all".to_owned(), &all));
    table
}

fn row(name: String, tally: &Tally) -> [String; 8] {
    [
        name,
        tally.frames.to_string(),
        tally.refused.to_string(),
        tally.changed.to_string(),
        tally.decoded.to_string(),
        tally.quality.to_string(),
        tally.impossible.to_string(),
        tally.records.to_string(),
    ]
}

impl Tally {
    const fn add(&mut self, other: &Self) {
        self.frames += other.frames;
        self.refused += other.refused;
        self.changed += other.changed;
        self.decoded += other.decoded;
        self.quality += other.quality;
        self.impossible += other.impossible;
        self.records += other.records;
    }
}

/// Says where "decodes now" does not mean that the decoder learned something.
fn explain(tallies: &BTreeMap<u8, Tally>) {
    let decoded = |rule: Reject| {
        tallies
            .get(&rule.code())
            .is_some_and(|tally| tally.decoded > 0)
    };
    if decoded(Reject::UnknownInstrument) {
        talk(format_args!(
            "unknown_instrument: a replay takes every instrument; the daemon those of its configuration"
        ));
    }
    if tallies.values().any(|tally| tally.quality > 0) {
        talk(format_args!(
            "quality_only: decoded, then and now; a quality rule rejected what a record said"
        ));
    }
}
