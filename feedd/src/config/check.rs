//! Ranges and contradictions that types cannot express.

mod feed;
mod sinks;

use std::time::Duration;

use super::{Bytes, Config, ConfigError, Span};
use feed::check_feed;
use sinks::check_sinks;

/// Most feeds and reader threads of one daemon.
const FEEDS_MAX: usize = 64;

/// Highest real-time priority: 99 is the kernel's own.
const FIFO_MAX: u8 = 98;
/// Most cores that a thread can be pinned to one of (the C library's set).
const CORES_MAX: usize = 1024;

/// Collects complaints so that all are told at once.
#[derive(Default)]
struct Complaints(Vec<String>);

impl Complaints {
    fn unless(&mut self, holds: bool, complaint: impl FnOnce() -> String) {
        if !holds {
            self.0.push(complaint());
        }
    }

    fn bytes(&mut self, key: &str, value: Bytes, least: u64, most: u64) {
        self.unless((least..=most).contains(&value.0), || {
            format!(
                "{key} is {value}: allowed is {} to {}",
                Bytes(least),
                Bytes(most)
            )
        });
    }

    fn span(&mut self, key: &str, value: Span, least: Duration, most: Duration) {
        self.unless((least..=most).contains(&value.0), || {
            format!(
                "{key} is {value}: allowed is {} to {}",
                Span(least),
                Span(most)
            )
        });
    }
}

impl Config {
    /// Checks ranges and contradictions.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Range`] with every complaint.
    pub fn check(&self) -> Result<(), ConfigError> {
        let mut found = Complaints::default();
        self.check_journal(&mut found);
        self.check_limits(&mut found);
        self.check_host(&mut found);
        check_sinks(&self.sinks, &mut found);
        found.unless(!self.feeds.is_empty(), || {
            "no [[feed]]: name at least one venue to capture".to_owned()
        });
        found.unless(self.feeds.len() <= FEEDS_MAX, || {
            format!("{} feeds: at most {FEEDS_MAX}", self.feeds.len())
        });
        for (at, feed) in self.feeds.iter().enumerate() {
            check_feed(&format!("feed[{at}]"), feed, &mut found);
        }
        self.check_duplicates(&mut found);
        self.check_readers(&mut found);
        if found.0.is_empty() {
            Ok(())
        } else {
            Err(ConfigError::Range(found.0))
        }
    }

    fn check_journal(&self, found: &mut Complaints) {
        found.bytes("journal.segment", self.journal.segment, 16 << 10, 1 << 30);
        found.unless(self.journal.segment.0.is_multiple_of(4096), || {
            format!(
                "journal.segment is {}: allowed is a multiple of 4KiB",
                self.journal.segment
            )
        });
        let second = Duration::from_secs(1);
        found.span(
            "journal.sync_interval",
            self.journal.sync_interval,
            second / 1000,
            second * 60,
        );
        let least = 4 * self.journal.segment.0;
        found.unless(
            self.journal.retain.0 == 0 || self.journal.retain.0 >= least,
            || {
                format!(
                    "journal.retain is {}: allowed is 0B or at least four segments ({})",
                    self.journal.retain,
                    Bytes(least)
                )
            },
        );
    }

    fn check_limits(&self, found: &mut Complaints) {
        let limits = &self.limits;
        let second = Duration::from_secs(1);
        found.bytes("limits.ring", limits.ring, 64 << 10, 1 << 30);
        found.unless(limits.ring.0.is_power_of_two(), || {
            format!("limits.ring is {}: allowed is a power of two", limits.ring)
        });
        found.bytes("limits.message", limits.message, 1 << 10, 16 << 20);
        found.unless(limits.message.0 < limits.ring.0 / 2, || {
            format!(
                "limits.message is {}: allowed is less than half of limits.ring ({})",
                limits.message, limits.ring
            )
        });
        found.bytes("limits.body", limits.body, 1 << 10, 32 << 20);
        found.span("limits.connect", limits.connect, second / 10, second * 60);
        found.span(
            "limits.ring_full_wait",
            limits.ring_full_wait,
            Duration::ZERO,
            second * 60,
        );
        found.span(
            "limits.backoff_min",
            limits.backoff_min,
            second / 100,
            second * 60,
        );
        found.span(
            "limits.backoff_max",
            limits.backoff_max,
            limits.backoff_min.0,
            second * 3600,
        );
        found.span("limits.stop", limits.stop, second / 10, second * 600);
        if let Some(silence) = limits.silence {
            found.span("limits.silence", silence, second / 10, second * 3600);
        }
        self.check_network(found);
    }

    fn check_network(&self, found: &mut Complaints) {
        let limits = &self.limits;
        let second = Duration::from_secs(1);
        found.unless((1..=100).contains(&limits.budget_share), || {
            format!(
                "limits.budget_share is {}: allowed is 1 to 100 (percent)",
                limits.budget_share
            )
        });
        found.span("limits.resolve", limits.resolve, second / 100, second * 60);
        found.span(
            "limits.tls_retry",
            limits.tls_retry,
            second / 100,
            second * 3600,
        );
        found.span("limits.frame", limits.frame, second / 10, second * 600);
        found.span(
            "limits.unacknowledged",
            limits.unacknowledged,
            second,
            second * 600,
        );
    }

    fn check_host(&self, found: &mut Complaints) {
        let host = &self.host;
        found.unless(host.fifo_priority <= FIFO_MAX, || {
            format!(
                "host.fifo_priority is {}: allowed is 0 to {FIFO_MAX}",
                host.fifo_priority
            )
        });
        let awake = host.cpu_dma_latency_us.unwrap_or(0);
        found.unless(awake <= 10_000, || {
            format!("host.cpu_dma_latency_us is {awake}: allowed is 0 to 10000")
        });
        let poll = self.threads.journal_poll.as_str();
        found.unless(["park", "spin", "reader"].contains(&poll), || {
            format!("threads.journal_poll is {poll:?}: allowed is park, spin, reader")
        });
        let cores = self.threads.reader_cores.iter();
        for core in cores.chain(&self.threads.journal_core) {
            found.unless(*core < CORES_MAX, || {
                format!("threads: core {core}: allowed is 0 to {}", CORES_MAX - 1)
            });
        }
    }

    /// The feeds of a reader share its thread: it sleeps or it does not.
    fn check_readers(&self, found: &mut Complaints) {
        for (at, feed) in self.feeds.iter().enumerate() {
            let mut before = self.feeds[..at].iter();
            let other = before.find(|other| other.reader == feed.reader && other.poll != feed.poll);
            found.unless(other.is_none(), || {
                format!(
                    "feed[{at}].poll is {:?}: the feeds of reader {} must agree",
                    feed.poll, feed.reader
                )
            });
        }
        if self.threads.journal_carried() {
            self.check_carrier(found);
        }
    }

    /// A reader that sleeps in the event loop would leave the journal waiting.
    fn check_carrier(&self, found: &mut Complaints) {
        let first = self.feeds.iter().map(|feed| feed.reader).min();
        let mut feeds = self.feeds.iter().enumerate();
        let parked = feeds.find(|(_, feed)| Some(feed.reader) == first && !feed.spins());
        if let Some((at, feed)) = parked {
            found.0.push(format!(
                "threads.journal_poll is \"reader\", but feed[{at}].poll is {:?}: reader {} carries the journal's work and must spin; set feed[{at}].poll to spin, or threads.journal_poll to park",
                feed.poll, feed.reader
            ));
        }
    }

    fn check_duplicates(&self, found: &mut Complaints) {
        for (at, feed) in self.feeds.iter().enumerate() {
            let twin = self.feeds[..at]
                .iter()
                .any(|other| (&other.venue, &other.product) == (&feed.venue, &feed.product));
            found.unless(!twin, || {
                format!("feed[{at}]: {}-{} stands twice", feed.venue, feed.product)
            });
        }
    }
}
