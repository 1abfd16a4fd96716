//! `feedctl hist`: percentiles of HdrHistogram interval logs (format V2), merged by tag.
//!
//! All numbers are nanoseconds and stay integers. A percentile is the highest value of the bucket
//! in which it falls, so it is never smaller than what was recorded.

mod interval;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hdrhistogram::Histogram;
use serde_json::json;

use self::interval::{Interval, Unreadable};
use crate::exit::{Exit, Failure};
use crate::output::{Output, talk};
use crate::source::{self, Line, is_damage, read_line};
use crate::table::Table;

/// Most tags that are kept apart: some ten stages of some ten venues.
const TAGS_MAX: usize = 256;
/// Longest line: an interval of [`interval::BUCKETS_MAX`] buckets is far below this.
const LINE_BYTES_MAX: usize = 4 << 20;
/// What intervals without a tag are called in the table.
const NO_TAG: &str = "-";
/// Name and parts in ten thousand of each percentile.
const PERCENTILES: [(&str, u128); 5] = [
    ("p50", 5_000),
    ("p90", 9_000),
    ("p99", 9_900),
    ("p99.9", 9_990),
    ("p99.99", 9_999),
];

/// Options of `feedctl hist`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this tag (`stage.venue`), or all tags of this stage; may be given several times
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// One JSON object a tag, in nanoseconds, instead of a table in microseconds
    #[arg(long)]
    json: bool,
    /// Interval logs, plain or gzip; `-` is standard input
    #[arg(required = true, value_name = "FILE.hlog")]
    files: Vec<PathBuf>,
}

/// Reads all files and prints a row for each tag; [`Exit::PROBLEMS`] if a line was unreadable.
pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    args.files.iter().try_for_each(|file| source::check(file))?;
    let mut merged = Merged::default();
    for file in &args.files {
        merged.file(file, &args.tag)?;
    }
    if merged.tags.is_empty() {
        talk(format_args!("feedctl: no interval matches"));
    }
    let mut out = Output::stdout();
    if args.json {
        for (tag, histogram) in &merged.tags {
            out.text(&line(tag, histogram));
        }
    } else {
        out.text(&table(&merged.tags).to_string());
    }
    out.finish()?;
    Ok(if merged.problems {
        Exit::PROBLEMS
    } else {
        Exit::OK
    })
}

/// The sum of all intervals of each tag.
#[derive(Default)]
struct Merged {
    tags: BTreeMap<String, Histogram<u64>>,
    problems: bool,
}

impl Merged {
    fn file(&mut self, path: &Path, wanted: &[String]) -> Result<(), Failure> {
        let mut reader = source::open(path)?;
        let mut text = Vec::new();
        for number in 1_u64.. {
            let outcome = match read_line(&mut reader, &mut text, LINE_BYTES_MAX) {
                Ok(Line::None) => break,
                Ok(Line::Whole) => self.line(&mut text, wanted),
                Ok(Line::TooLong) => Err(Unreadable::TooLong),
                Err(error) if is_damage(&error) => Err(Unreadable::File(error)),
                Err(error) => return Err(Failure::io("read", path)(error)),
            };
            if let Err(error) = outcome {
                self.problems |= !matches!(error, Unreadable::Unfinished);
                talk(format_args!("{}:{number}: {error}", path.display()));
                if matches!(error, Unreadable::File(_)) {
                    break;
                }
            }
        }
        Ok(())
    }

    fn line(&mut self, text: &mut Vec<u8>, wanted: &[String]) -> Result<(), Unreadable> {
        let Some(interval) = Interval::parse(text)? else {
            return Ok(());
        };
        let tag = interval.tag.unwrap_or(NO_TAG);
        if wanted.is_empty() || wanted.iter().any(|wanted| is_of(tag, wanted)) {
            self.add(tag, &interval.histogram()?)?;
        }
        Ok(())
    }

    fn add(&mut self, tag: &str, histogram: &Histogram<u64>) -> Result<(), Unreadable> {
        if !self.tags.contains_key(tag) {
            if self.tags.len() >= TAGS_MAX {
                return Err(Unreadable::TooManyTags);
            }
            let sum = Histogram::new(histogram.sigfig()).map_err(|_| Unreadable::Histogram)?;
            self.tags.insert(tag.to_owned(), sum);
        }
        let sum = self.tags.get_mut(tag).ok_or(Unreadable::TooManyTags)?;
        sum.len()
            .checked_add(histogram.len())
            .ok_or(Unreadable::Histogram)?;
        sum.add(histogram).map_err(|_| Unreadable::Histogram)
    }
}

/// Whether `tag` is the wanted one, or of the wanted stage.
fn is_of(tag: &str, wanted: &str) -> bool {
    let rest = tag.strip_prefix(wanted);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn table(tags: &BTreeMap<String, Histogram<u64>>) -> Table<8> {
    let mut table = Table::new([
        "tag",
        "count",
        "p50_us",
        "p90_us",
        "p99_us",
        "p99.9_us",
        "p99.99_us",
        "max_us",
    ]);
    for (tag, histogram) in tags {
        let [p50, p90, p99, p999, p9999] = percentiles(histogram).map(micros);
        let (count, max) = (histogram.len().to_string(), micros(histogram.max()));
        table.row([tag.clone(), count, p50, p90, p99, p999, p9999, max]);
    }
    table
}

fn line(tag: &str, histogram: &Histogram<u64>) -> String {
    let mut object = json!({"tag": tag, "count": histogram.len(), "max_ns": histogram.max()});
    for ((name, _), value) in PERCENTILES.into_iter().zip(percentiles(histogram)) {
        object[format!("{name}_ns")] = value.into();
    }
    format!("{object}\n")
}

/// The values below or at which the parts of all recorded values lie that [`PERCENTILES`] names:
/// by counting, without any rounding of ranks.
fn percentiles(histogram: &Histogram<u64>) -> [u64; PERCENTILES.len()] {
    let total = u128::from(histogram.len());
    let mut steps = histogram.iter_recorded();
    let (mut value, mut seen) = (0, 0);
    PERCENTILES.map(|(_, parts)| {
        let rank = (total * parts).div_ceil(10_000);
        while seen < rank {
            let Some(step) = steps.next() else { break };
            value = step.value_iterated_to();
            seen += u128::from(step.count_at_value());
        }
        value
    })
}

/// Nanoseconds as microseconds, exact.
fn micros(ns: u64) -> String {
    format!("{}.{:03}", ns / 1_000, ns % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_counted_not_estimated() {
        let mut histogram = Histogram::<u64>::new(3).unwrap();
        for value in 1..=10_000 {
            histogram.record(value).unwrap();
        }
        let exact = [5_000, 9_000, 9_900, 9_990, 9_999];
        let expected = exact.map(|value| histogram.highest_equivalent(value));
        assert_eq!(percentiles(&histogram), expected);
    }

    #[test]
    fn one_value_is_every_percentile() {
        let mut histogram = Histogram::<u64>::new(3).unwrap();
        histogram.record(1_234).unwrap();
        assert_eq!(percentiles(&histogram), [1_234; 5]);
        assert_eq!(percentiles(&Histogram::new(3).unwrap()), [0; 5]);
    }

    #[test]
    fn microseconds_keep_every_nanosecond() {
        assert_eq!(micros(0), "0.000");
        assert_eq!(micros(7), "0.007");
        assert_eq!(micros(u64::MAX), "18446744073709551.615");
    }

    #[test]
    fn a_wanted_stage_covers_its_venues_and_no_other_stage() {
        assert!(is_of("user_decoded.binance-spot", "user_decoded"));
        assert!(is_of(
            "user_decoded.binance-spot",
            "user_decoded.binance-spot"
        ));
        assert!(!is_of("user_decoded.binance-spot", "user_decoded.binance"));
        assert!(!is_of("user_decoded.binance-spot", "user"));
    }
}
