//! What somebody should look at, told once when it begins and once when it is over.
//!
//! | alarm | begins | over |
//! |---|---|---|
//! | `line_down` | a feed has lines that are not connected | all are |
//! | `book_bad` | a book waits for a snapshot in two looks | all are live |
//! | `lost` | messages are missing for good | told as a count each time |
//! | `stale` | a stream is silent for too long | told as a count each time |
//! | `drift` | the venue sends fields or values that are not known | told as a count each time |
//! | `rejects` | frames go to quarantine | told as a count each time |
//! | `quality` | records break a quality rule | told as a count each time |
//! | `audit` | an audit found another book | told as a count each time |
//! | `doubted` | reference data is not believed | told as a count each time |
//! | `sink_lag` | a sink's last acknowledged record is older than `sinks.lag_alarm` | it is not |
//! | `sink_dead` | rows were refused for ever | told as a count each time |
//! | `sink_lost` | the journal no longer had rows that a sink never got | told as a count each time |

use std::time::Duration;

use feedd_storage::sink::SinkReport;

use super::FeedReport;

/// What was told of one feed.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    lines_down: bool,
    books_bad: bool,
    bad_before: bool,
    missing: u64,
    stale: u64,
    drift: u64,
    rejects: u64,
    quality: u64,
    audit: u64,
    doubted: u64,
}

impl Alarms {
    /// Compares a feed with the look before.
    pub(super) fn look(&mut self, report: &FeedReport) {
        let venue = report.venue;
        let down = report.lines_up < report.lines;
        if std::mem::replace(&mut self.lines_down, down) != down {
            let (up, lines) = (report.lines_up, report.lines);
            if down {
                // With redundant lines the feed itself is whole.
                tracing::warn!(alarm = "line_down", %venue, up, lines, redundant = report.redundant, "a line is down");
            } else {
                tracing::info!(alarm = "line_down", over = true, %venue, up, lines, "all lines are up");
            }
        }
        let bad = report.books_bad > 0 && report.books_live > 0;
        let lasting = bad && self.bad_before;
        self.bad_before = bad;
        if std::mem::replace(&mut self.books_bad, lasting) != lasting {
            let books = report.books_bad;
            if lasting {
                tracing::warn!(alarm = "book_bad", %venue, books, "books wait for a snapshot");
            } else {
                tracing::info!(alarm = "book_bad", over = true, %venue, "all books are live");
            }
        }
        let counts = &report.counts;
        rise(&mut self.missing, counts.missing, "lost", report);
        rise(&mut self.stale, counts.stale_streams, "stale", report);
        rise(&mut self.drift, report.unknown_fields, "drift", report);
        let rejects = counts.rejects.iter().sum();
        rise(&mut self.rejects, rejects, "rejects", report);
        let quality = report.quality.iter().sum();
        rise(&mut self.quality, quality, "quality", report);
        rise(&mut self.audit, counts.audits_differ, "audit", report);
        rise(&mut self.doubted, counts.doubted, "doubted", report);
    }
}

fn rise(told: &mut u64, now: u64, alarm: &str, report: &FeedReport) {
    if let Some(new) = risen(told, now) {
        tracing::warn!(alarm, venue = %report.venue, new, total = now, "something new");
    }
}

fn risen(told: &mut u64, now: u64) -> Option<u64> {
    let before = std::mem::replace(told, now);
    now.checked_sub(before).filter(|new| *new > 0)
}

/// What was told of one sink.
#[derive(Debug, Default)]
pub(super) struct SinkAlarms {
    behind: bool,
    dead: u64,
    lost: u64,
}

impl SinkAlarms {
    /// Compares a sink with the look before.
    pub(super) fn look(&mut self, sink: &str, report: &SinkReport, lag_alarm: Duration) {
        let behind = u128::from(report.lag_ns) > lag_alarm.as_nanos();
        if std::mem::replace(&mut self.behind, behind) != behind {
            let (records, up) = (report.lag_records, report.up);
            let seconds = report.lag_ns / 1_000_000_000;
            if behind {
                tracing::warn!(
                    alarm = "sink_lag",
                    sink,
                    up,
                    seconds,
                    records,
                    "a sink is behind"
                );
            } else {
                tracing::info!(
                    alarm = "sink_lag",
                    over = true,
                    sink,
                    "a sink has caught up"
                );
            }
        }
        for (told, now, alarm) in [
            (&mut self.dead, report.dead, "sink_dead"),
            (&mut self.lost, report.lost, "sink_lost"),
        ] {
            if let Some(new) = risen(told, now) {
                tracing::warn!(alarm, sink, new, total = now, "something new");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use feedd_codecs::VenueId;

    #[test]
    fn a_line_that_is_down_is_told_once_and_once_when_it_is_up() {
        let mut report = FeedReport::new(VenueId::KRAKEN_SPOT);
        let mut alarms = Alarms::default();
        (report.lines, report.lines_up) = (2, 1);
        alarms.look(&report);
        assert!(alarms.lines_down);
        alarms.look(&report);
        report.lines_up = 2;
        alarms.look(&report);
        assert!(!alarms.lines_down);
    }

    #[test]
    fn what_is_counted_is_told_when_it_grows() {
        let mut report = FeedReport::new(VenueId::KRAKEN_SPOT);
        let mut alarms = Alarms::default();
        report.quality[2] = 3;
        (report.counts.audits_differ, report.counts.doubted) = (1, 2);
        alarms.look(&report);
        assert_eq!((alarms.quality, alarms.audit, alarms.doubted), (3, 1, 2));
    }

    #[test]
    fn a_sink_that_is_behind_is_told_once_and_once_when_it_has_caught_up() {
        let mut alarms = SinkAlarms::default();
        let mut report = SinkReport::default();
        let limit = Duration::from_secs(60);
        (report.lag_ns, report.dead, report.lost) = (60_000_000_001, 2, 5);
        alarms.look("parquet", &report, limit);
        assert!(alarms.behind);
        assert_eq!((alarms.dead, alarms.lost), (2, 5));
        report.lag_ns = 60_000_000_000;
        alarms.look("parquet", &report, limit);
        assert!(!alarms.behind);
    }

    #[test]
    fn a_book_that_is_bad_for_a_moment_is_no_alarm() {
        let mut report = FeedReport::new(VenueId::KRAKEN_SPOT);
        let mut alarms = Alarms::default();
        (report.books_live, report.books_bad) = (3, 1);
        alarms.look(&report);
        assert!(!alarms.books_bad);
        alarms.look(&report);
        assert!(alarms.books_bad);
        report.books_bad = 0;
        alarms.look(&report);
        assert!(!alarms.books_bad);
    }
}
