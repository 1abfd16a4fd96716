//! Writes latency intervals and the log's summary line, away from the data's way.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use feedd_codecs::feed::{RULES, Rule};
use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2Serializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};

use super::alarm::{Alarms, SinkAlarms};
use super::latency::Interval;
use super::{FeedReport, Latencies, journal, report};
use crate::clock;
use crate::exit::{Code, Failure};
use crate::sink::Watched;

/// Time between two looks for what is wrong.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Time between two summary lines.
const SUMMARY_EVERY: Duration = Duration::from_secs(10);

/// What the monitor looks at.
pub(super) struct Seen {
    pub(super) feeds: Vec<Arc<report::SharedReport>>,
    pub(super) journal: Arc<journal::SharedReport>,
    pub(super) sinks: Vec<Watched>,
    /// See [`crate::config::SinksConfig::lag_alarm`].
    pub(super) lag_alarm: Duration,
}

/// Starts the thread; it ends when every recorder is gone, and returns the totals.
pub(super) fn start(
    path: &Path,
    intervals: Receiver<Interval>,
    seen: Seen,
) -> Result<JoinHandle<Latencies>, Failure> {
    let create = || {
        path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        File::create(path)
    };
    let file = create()
        .map_err(|error| Failure::new(Code::CantCreate, format!("{}: {error}", path.display())))?;
    super::spawn("monitor", move || {
        let mut totals = Latencies::new();
        if let Err(error) = watch(file, &intervals, &seen, &mut totals) {
            tracing::error!(%error, "latency intervals are no longer written");
            intervals
                .iter()
                .for_each(|interval| take(interval, &mut totals));
        }
        totals
    })
}

fn watch(
    file: File,
    intervals: &Receiver<Interval>,
    seen: &Seen,
    totals: &mut Latencies,
) -> std::io::Result<()> {
    let mut file = BufWriter::new(file);
    let mut serializer = V2Serializer::new();
    // Values are nanoseconds; the log's maximum column is in milliseconds.
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment(concat!(
            "feedd ",
            env!("CARGO_PKG_VERSION"),
            ", values in ns, maximum in ms"
        ))
        .with_start_time(SystemTime::now())
        .with_base_time(SystemTime::now())
        .with_max_value_divisor(1_000_000.0)
        .begin_log_with(&mut file, &mut serializer)?;
    let origin = clock::mono();
    let mut next_summary = Instant::now() + SUMMARY_EVERY;
    let mut next_look = Instant::now() + LOOK_EVERY;
    let mut looks = Looks::new(seen);
    loop {
        match intervals.recv_timeout(Duration::from_millis(500)) {
            Ok(interval) => {
                let (begin, end) = interval.set.interval();
                for (tag, histogram) in interval.set.tagged() {
                    let written = log.write_histogram(
                        histogram,
                        since(origin, begin),
                        since(begin, end),
                        Tag::new(&tag),
                    );
                    written.map_err(|error| std::io::Error::other(format!("{error:?}")))?;
                }
                take(interval, totals);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if Instant::now() >= next_look {
            next_look += LOOK_EVERY;
            looks.look(seen);
        }
        if Instant::now() >= next_summary {
            next_summary += SUMMARY_EVERY;
            summarise(seen);
        }
    }
    // The totals of the run.
    summarise(seen);
    drop(log);
    file.flush()
}

/// What was told of each feed and sink.
struct Looks {
    feeds: Vec<Alarms>,
    sinks: Vec<SinkAlarms>,
}

impl Looks {
    fn new(seen: &Seen) -> Self {
        Self {
            feeds: seen.feeds.iter().map(|_| Alarms::default()).collect(),
            sinks: seen.sinks.iter().map(|_| SinkAlarms::default()).collect(),
        }
    }

    fn look(&mut self, seen: &Seen) {
        for (alarms, feed) in self.feeds.iter_mut().zip(&seen.feeds) {
            alarms.look(&feed.read());
        }
        for (alarms, sink) in self.sinks.iter_mut().zip(&seen.sinks) {
            alarms.look(sink.name, &sink.read(), seen.lag_alarm);
        }
    }
}

fn since(begin: i64, end: i64) -> Duration {
    Duration::from_nanos(u64::try_from(end - begin).unwrap_or(0))
}

fn take(interval: Interval, totals: &mut Latencies) {
    for (tag, histogram) in interval.set.tagged() {
        let total = totals
            .entry(tag)
            .or_insert_with(|| Histogram::new_from(histogram));
        // Equal bounds: the sum always fits.
        let _ = total.add(histogram);
    }
    interval.recycle();
}

/// What was done so that nothing is missing or wrong unseen.
fn tell_integrity(report: &FeedReport) {
    let counts = &report.counts;
    tracing::info!(
        venue = %report.venue,
        late = counts.late,
        reordered = counts.reordered,
        resyncs = counts.resyncs,
        silent = counts.stale_streams,
        rotations = counts.rotations,
        audits_ok = counts.audits_ok,
        audits_differ = counts.audits_differ,
        unpicked = counts.unpicked,
        doubted = counts.doubted,
        quality = %Broken(&report.quality),
        "integrity"
    );
}

/// How often each quality rule was broken, as `rule=count` of those that were.
struct Broken<'a>(&'a [u64; RULES]);

impl std::fmt::Display for Broken<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let broken = Rule::ALL
            .iter()
            .zip(self.0)
            .filter(|(_, count)| **count > 0);
        for (at, (rule, count)) in broken.enumerate() {
            let space = if at > 0 { " " } else { "" };
            write!(f, "{space}{}={count}", rule.name())?;
        }
        Ok(())
    }
}

/// What each line brought first, and by how much on average.
fn tell_scores(report: &FeedReport) {
    for score in report.scores.all().iter().filter(|_| report.redundant) {
        let leads: u64 = score.leads.iter().sum();
        tracing::info!(
            venue = %report.venue,
            line = score.line,
            wins = score.wins,
            copies = score.copies,
            lead_us = score.lead_sum / u128::from(leads.max(1)) / 1_000,
            lead_max_us = score.lead_max / 1_000,
            "line"
        );
    }
}

/// What the scanner left to the general path, by channel, template and reason.
fn tell_bails(report: &FeedReport) {
    for bails in report.scan.bails() {
        tracing::info!(
            venue = %report.venue,
            channel = bails.channel.name(),
            template = bails.template,
            reason = bails.reason.name(),
            decode_bails = bails.count,
            "scanner"
        );
    }
}

fn summarise(seen: &Seen) {
    for report in seen.feeds.iter().map(|feed| feed.read()) {
        tell_scores(&report);
        tell_integrity(&report);
        tell_bails(&report);
        tracing::info!(
            venue = %report.venue,
            lines_up = report.lines_up,
            lines = report.lines,
            frames = report.counts.frames,
            records = report.counts.records.iter().sum::<u64>(),
            rejects = report.counts.rejects.iter().sum::<u64>(),
            copies = report.counts.duplicates,
            missing = report.counts.missing,
            backfilled = report.counts.backfilled,
            gaps = report.gaps(),
            books_bad = report.books_bad,
            unknown_fields = report.unknown_fields,
            lost = report.lost_records,
            decode_fast = report.scan.fast().map(|(_, count)| count).sum::<u64>(),
            decode_known = report.scan.known,
            decode_bails = report.scan.bails().map(|bails| bails.count).sum::<u64>(),
            templates_learned = report.scan.learned,
            "feed"
        );
    }
    let report = seen.journal.read();
    tracing::info!(
        records = report.records,
        raw = report.raw,
        quarantined = report.quarantined,
        refused = report.refused,
        handed_over = report.handed_over,
        "journal"
    );
    for sink in &seen.sinks {
        let report = sink.read();
        tracing::info!(
            sink = sink.name,
            up = report.up,
            taken = report.taken,
            acked_seq = report.acked_seq,
            lag_records = report.lag_records,
            lag_bytes = report.lag_bytes,
            lag_ms = report.lag_ns / 1_000_000,
            retries = report.retries,
            dead = report.dead,
            lost = report.lost,
            "sink"
        );
    }
}
