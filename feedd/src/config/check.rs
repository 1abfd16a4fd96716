//! Ranges and contradictions that types cannot express.

use std::time::Duration;

use feedd_codecs::VenueId;
use feedd_codecs::instrument::SYMBOL_BYTES_MAX;
use feedd_codecs::venue::Channel;

use super::{Bytes, Config, ConfigError, FeedConfig, Span};

/// Most feeds and reader threads of one daemon.
const FEEDS_MAX: usize = 64;

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

fn check_feed(key: &str, feed: &FeedConfig, found: &mut Complaints) {
    let id = feed.venue_id();
    found.unless(id.is_some(), || {
        let known: Vec<String> = VenueId::all().map(|id| id.to_string()).collect();
        format!(
            "{key}: there is no {}-{}: allowed is {}",
            feed.venue,
            feed.product,
            known.join(", ")
        )
    });
    found.unless(!feed.instruments.is_empty(), || {
        format!("{key}.instruments is empty: name at least one")
    });
    for (at, symbol) in feed.instruments.iter().enumerate() {
        let fits = !symbol.is_empty() && symbol.len() <= SYMBOL_BYTES_MAX;
        let clean = !symbol
            .chars()
            .any(|character| character.is_control() || matches!(character, '"' | '\\' | '&' | '?'));
        found.unless(fits && clean, || {
            format!("{key}.instruments[{at}] is {symbol:?}: no venue spells an instrument so")
        });
        found.unless(!feed.instruments[..at].contains(symbol), || {
            format!("{key}.instruments: {symbol} stands twice")
        });
    }
    found.unless(!feed.channels.is_empty(), || {
        format!("{key}.channels is empty: name at least one")
    });
    for name in &feed.channels {
        let known =
            matches!(Channel::from_name(name), Some(channel) if channel != Channel::REFERENCE);
        let offered = name != "agg_trade" || feed.venue == "binance";
        found.unless(known && offered, || format!("{key}.channels: {name:?} is not offered: allowed is trade, bbo, book, and agg_trade on binance"));
    }
    check_book(key, feed, id, found);
    check_url(
        &format!("{key}.ws_url"),
        feed.ws_url.as_deref(),
        ["ws://", "wss://"],
        found,
    );
    check_url(
        &format!("{key}.rest_url"),
        feed.rest_url.as_deref(),
        ["http://", "https://"],
        found,
    );
    found.unless(feed.reader < FEEDS_MAX, || {
        format!(
            "{key}.reader is {}: allowed is 0 to {}",
            feed.reader,
            FEEDS_MAX - 1
        )
    });
}

fn check_book(key: &str, feed: &FeedConfig, id: Option<VenueId>, found: &mut Complaints) {
    let depths: &[u16] = match feed.venue.as_str() {
        "bybit" => &[0, 50, 200, 1000],
        "kraken" => &[0, 10, 25, 100, 500, 1000],
        _ => &[0],
    };
    found.unless(depths.contains(&feed.book_depth), || {
        format!(
            "{key}.book_depth is {}: allowed is {depths:?}",
            feed.book_depth
        )
    });
    let intervals: &[u16] = match id {
        Some(VenueId::BINANCE_SPOT) => &[100, 1000],
        Some(VenueId::BINANCE_USDM | VenueId::BINANCE_COINM) => &[0, 100, 250, 500],
        _ => &[100],
    };
    found.unless(intervals.contains(&feed.book_interval_ms), || {
        format!(
            "{key}.book_interval_ms is {}: allowed is {intervals:?}",
            feed.book_interval_ms
        )
    });
}

fn check_url(key: &str, url: Option<&str>, schemes: [&str; 2], found: &mut Complaints) {
    let Some(url) = url else { return };
    let known = schemes
        .iter()
        .any(|scheme| url.len() > scheme.len() && url.starts_with(scheme));
    found.unless(known && !url.ends_with('/'), || {
        format!("{key} is {url:?}: allowed is {}HOST[:PORT] or {}HOST[:PORT], without a slash at the end", schemes[0], schemes[1])
    });
}

impl FeedConfig {
    /// The venue that this feed names, if there is one.
    #[must_use]
    pub fn venue_id(&self) -> Option<VenueId> {
        VenueId::from_names(&self.venue, &self.product)
    }
}
