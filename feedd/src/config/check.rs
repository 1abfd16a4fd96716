//! Ranges and contradictions that types cannot express.

use std::time::Duration;

use feedd_codecs::feed::{Pick, Rule};
use feedd_codecs::instrument::SYMBOL_BYTES_MAX;
use feedd_codecs::venue::Channel;
use feedd_codecs::{Venue, VenueId, with_venue};

use super::{Bytes, Config, ConfigError, FeedConfig, Span};

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
    check_instruments(key, feed, found);
    check_channels(key, feed, id, found);
    check_lines(key, feed, found);
    check_quality(key, feed, found);
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
    check_socket(key, feed, found);
    found.unless(feed.reader < FEEDS_MAX, || {
        format!(
            "{key}.reader is {}: allowed is 0 to {}",
            feed.reader,
            FEEDS_MAX - 1
        )
    });
}

fn check_socket(key: &str, feed: &FeedConfig, found: &mut Complaints) {
    found.unless(feed.spins() || feed.poll == "park", || {
        format!("{key}.poll is {:?}: allowed is park, spin", feed.poll)
    });
    found.unless(super::feed::quick_ack(&feed.quick_ack).is_some(), || {
        format!(
            "{key}.quick_ack is {:?}: allowed is never, tls, always",
            feed.quick_ack
        )
    });
    let most = Duration::from_millis(10);
    let key = format!("{key}.busy_poll");
    found.span(&key, feed.busy_poll, Duration::ZERO, most);
}

fn check_instruments(key: &str, feed: &FeedConfig, found: &mut Complaints) {
    found.unless(!feed.instruments.is_empty(), || {
        format!("{key}.instruments is empty: name at least one")
    });
    for (at, text) in feed.instruments.iter().enumerate() {
        let clean = !text
            .chars()
            .any(|character| character.is_control() || matches!(character, '"' | '\\' | '&'));
        let pick = text.parse::<Pick>();
        let fits = text.len() <= SYMBOL_BYTES_MAX && clean && pick.is_ok();
        found.unless(fits, || {
            format!("{key}.instruments[{at}] is {text:?}: expected a venue's symbol, a pattern such as \"*USDT\", \"top:20\" or \"top:20:*USDT\"")
        });
        found.unless(!feed.instruments[..at].contains(text), || {
            format!("{key}.instruments: {text} stands twice")
        });
    }
}

fn check_channels(key: &str, feed: &FeedConfig, id: Option<VenueId>, found: &mut Complaints) {
    let whole = !feed.whole_market.is_empty();
    found.unless(whole || !feed.channels.is_empty(), || {
        format!("{key}.channels is empty: name at least one")
    });
    let Some(id) = id else { return };
    let options = feed.stream_options();
    let (has, markets): (Vec<Channel>, Vec<Channel>) = with_venue!(id, V => {
        let venue = V::new(id, options);
        let all = venue.channels().to_vec();
        let markets = Channel::all().filter(|channel| venue.whole_market(*channel)).collect();
        (all, markets)
    });
    for (list, names, offered) in [
        ("channels", &feed.channels, &has),
        ("whole_market", &feed.whole_market, &markets),
    ] {
        for (at, name) in names.iter().enumerate() {
            let known = Channel::from_name(name).is_some_and(|channel| offered.contains(&channel));
            found.unless(known, || {
                let offered: Vec<&str> = offered.iter().map(|channel| channel.name()).collect();
                format!(
                    "{key}.{list}: {name:?} is not offered: allowed is {}",
                    offered.join(", ")
                )
            });
            found.unless(!names[..at].contains(name), || {
                format!("{key}.{list}: {name} stands twice")
            });
        }
    }
}

fn check_lines(key: &str, feed: &FeedConfig, found: &mut Complaints) {
    let second = Duration::from_secs(1);
    let day = second * 86_400;
    found.unless((1..=4).contains(&feed.lines), || {
        format!("{key}.lines is {}: allowed is 1 to 4", feed.lines)
    });
    let mut span =
        |name: &str, span, least, most| found.span(&format!("{key}.{name}"), span, least, most);
    span("gap_wait", feed.gap_wait, Duration::ZERO, second * 10);
    if let Some(after) = feed.rotate_after {
        span("rotate_after", after, Duration::ZERO, day);
    }
    span("refresh_every", feed.refresh_every, Duration::ZERO, day);
    span("audit_every", feed.audit_every, Duration::ZERO, day);
    span(
        "liveness_floor",
        feed.liveness_floor,
        second / 10,
        second * 3600,
    );
    span(
        "liveness_ceiling",
        feed.liveness_ceiling,
        Duration::ZERO,
        day,
    );
    let sbe = feed.encoding == "sbe";
    found.unless(sbe || feed.encoding == "json", || {
        format!(
            "{key}.encoding is {:?}: allowed is json, sbe",
            feed.encoding
        )
    });
    found.unless(
        !sbe || feed.venue_id() == Some(VenueId::BINANCE_SPOT),
        || format!("{key}.encoding = \"sbe\" is offered by binance-spot only"),
    );
    found.unless(!sbe || feed.api_key_file.is_some(), || {
        format!("{key}.api_key_file is missing: SBE streams ask for a key")
    });
}

fn check_quality(key: &str, feed: &FeedConfig, found: &mut Complaints) {
    let quality = &feed.quality;
    for (name, text) in &quality.rules {
        let known = Rule::ALL.iter().any(|rule| rule.name() == name);
        found.unless(known, || {
            let names: Vec<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
            format!(
                "{key}.quality.rules.{name} is no rule: allowed is {}",
                names.join(", ")
            )
        });
        found.unless(super::feed::action(text).is_some(), || {
            format!("{key}.quality.rules.{name} is {text:?}: allowed is off, flag, reject")
        });
    }
    found.unless((2..=1000).contains(&quality.price_factor), || {
        format!(
            "{key}.quality.price_factor is {}: allowed is 2 to 1000",
            quality.price_factor
        )
    });
    let hour = Duration::from_secs(3600);
    for (name, span) in [
        ("crossed_max", quality.crossed_max),
        ("future_max", quality.future_max),
        ("stale_max", quality.stale_max),
    ] {
        found.span(&format!("{key}.quality.{name}"), span, Duration::ZERO, hour);
    }
}

fn check_book(key: &str, feed: &FeedConfig, id: Option<VenueId>, found: &mut Complaints) {
    let depths: &[u16] = match feed.venue.as_str() {
        "bybit" if id == Some(VenueId::BYBIT_OPTION) => &[0, 25, 100],
        "bybit" => &[0, 1, 50, 200, 1000],
        "binance" => &[0, 100, 500, 1000],
        "kraken" if id == Some(VenueId::KRAKEN_SPOT) => &[0, 10, 25, 100, 500, 1000],
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
