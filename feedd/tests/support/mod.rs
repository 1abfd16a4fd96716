//! What the system tests share: simulated venues, the built daemon as a child process, and the
//! journal read like any consumer would.
#![allow(dead_code, unused_imports, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod capture;
mod course;
mod daemon;
mod entries;
mod front;

pub(crate) use capture::{Capture, assert_nothing_refused, assert_understood};
pub(crate) use course::{Course, Outcome, run_all};
pub(crate) use daemon::{Daemon, Ended, run};
pub(crate) use entries::{Entry, Journaled, Listed, What, each_record, quarantined};
pub(crate) use front::Front;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use feedd::config::{Bytes, Config, Span};
use feedd::demo::verify::{self, Verdict};
use feedd_codecs::VenueId;
use feedd_codecs::record::Kind;
use feedd_codecs::venue::Channel;
use tempfile::TempDir;
use venue_sim::{Limits, MarketConfig, Product, Sim, SimConfig, default_instruments};

/// No test waits longer than this for anything: longer than the minute of a venue's REST budget,
/// which a daemon that asked much waits for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);
/// Pause between two looks.
pub(crate) const LOOK: Duration = Duration::from_millis(5);
/// Nothing new for this long after the market stopped: everything sent is journaled.
const QUIET: Duration = Duration::from_millis(300);
/// Instruments of each simulated product.
const INSTRUMENTS: usize = 2;

/// Whether these are the tests of readers that never sleep.
const SPIN: bool = matches!(env!("CARGO_CRATE_NAME").as_bytes(), b"spin" | b"carried");
/// Whether these are the tests of a reader that carries the journal's work.
pub(crate) const CARRIED: bool = matches!(env!("CARGO_CRATE_NAME").as_bytes(), b"carried");

/// Simulated venues and the configuration of a daemon that captures all of them.
#[derive(Debug)]
pub(crate) struct Rig {
    pub(crate) sim: Sim,
    pub(crate) config: Config,
    pub(crate) dir: TempDir,
    books: usize,
}

/// A small market: books whose every level a snapshot holds, limits that never stand in the way.
pub(crate) fn market(products: &[Product], rate: u32) -> SimConfig {
    let instruments = |product: &Product| {
        let mut instruments = default_instruments(*product);
        instruments.truncate(INSTRUMENTS);
        (*product, instruments)
    };
    SimConfig {
        products: products.to_vec(),
        market: MarketConfig {
            instruments: products.iter().map(instruments).collect(),
            events_per_second: rate,
            levels: 100,
            ..MarketConfig::default()
        },
        limits: Limits {
            rest_weight_per_minute: Some(1_000_000),
            connects_per_five_minutes: Some(1_000_000),
            connects_per_ten_minutes: Some(1_000_000),
            ..Limits::default()
        },
        ..SimConfig::default()
    }
}

impl Rig {
    /// Starts the venues.
    pub(crate) fn new(products: &[Product], rate: u32) -> Self {
        Self::with(&market(products, rate))
    }

    pub(crate) fn with(sim_config: &SimConfig) -> Self {
        Self::with_dir(sim_config, tempfile::tempdir().unwrap())
    }

    /// As [`Rig::with`], with everything in `dir`.
    pub(crate) fn with_dir(sim_config: &SimConfig, dir: TempDir) -> Self {
        let sim = Sim::start(sim_config.clone()).unwrap();
        let mut config = Config::default();
        // Sinks have tests of their own.
        config.sinks.parquet.enabled = false;
        config.journal.dir = dir.path().join("journal");
        config.journal.segment = Bytes(1 << 20);
        config.limits.backoff_min = Span::from_millis(10);
        config.limits.backoff_max = Span::from_millis(200);
        if let Some(pem) = sim.ca_pem() {
            let path = dir.path().join("ca.pem");
            std::fs::write(&path, pem).unwrap();
            config.tls.ca_file = Some(path);
        }
        config.feeds = feedd::demo::feeds(sim_config, &sim);
        if SPIN {
            for feed in &mut config.feeds {
                feed.poll = "spin".to_owned();
            }
        }
        if CARRIED {
            config.threads.journal_poll = "reader".to_owned();
        }
        let books = config.feeds.iter().map(|feed| feed.instruments.len()).sum();
        let rig = Self {
            sim,
            config,
            dir,
            books,
        };
        rig.free_budgets();
        rig
    }

    /// As after a clean run that asked the venues nothing.
    pub(crate) fn free_budgets(&self) {
        let state = self.config.journal.dir.join("state");
        std::fs::create_dir_all(&state).unwrap();
        std::fs::write(state.join("budgets"), "feedd budgets 1 stopped\nend\n").unwrap();
    }

    /// Writes the configuration as it stands.
    pub(crate) fn config_file(&self) -> PathBuf {
        let path = self.dir.path().join("feedd.toml");
        std::fs::write(&path, toml::to_string(&self.config).unwrap()).unwrap();
        path
    }

    /// Starts a daemon on the journal.
    pub(crate) fn daemon(&self) -> Daemon {
        Daemon::start(&self.config_file())
    }

    /// Starts a daemon and waits until every stream of every instrument delivers.
    pub(crate) fn live_daemon(&self) -> (Daemon, Journaled) {
        let daemon = self.daemon();
        let mut journal = self.journal();
        self.wait_until_live(&mut journal, 0);
        (daemon, journal)
    }

    /// A reader of the records from the oldest on.
    pub(crate) fn journal(&self) -> Journaled {
        Journaled::open(&self.config.journal.dir)
    }

    /// Waits until, from entry `from` on, every instrument had a book that is right, a change of
    /// it, a best price and a trade.
    pub(crate) fn wait_until_live(&self, journal: &mut Journaled, from: usize) {
        self.wait_until_live_at(journal, from, |_| true);
    }

    /// As [`Rig::wait_until_live`], for the venues that `chosen` names.
    pub(crate) fn wait_until_live_at(
        &self,
        journal: &mut Journaled,
        from: usize,
        chosen: impl Fn(VenueId) -> bool,
    ) {
        let feeds = self.config.feeds.iter();
        let feeds = feeds.filter(|feed| feed.venue_id().is_some_and(&chosen));
        let books: usize = feeds.map(|feed| feed.instruments.len()).sum();
        journal.until("every stream delivers", |entries| {
            let new = || entries[from..].iter().filter(|entry| chosen(entry.venue));
            let count = |kind: Kind, right: bool| {
                let mut names: Vec<_> = new()
                    .filter(|entry| entry.kind == kind && !(right && entry.is_flagged()))
                    .map(Entry::name)
                    .collect();
                names.sort_unstable();
                names.dedup();
                names.len()
            };
            [
                (Kind::BookSnapshot, true),
                (Kind::BookDelta, true),
                (Kind::Bbo, false),
                (Kind::Trade, false),
            ]
            .into_iter()
            .all(|(kind, right)| count(kind, right) >= books)
        });
    }

    /// Stops the market and waits until what was sent is journaled.
    pub(crate) fn halt(&self, journal: &mut Journaled) {
        assert!(self.sim.halt(), "a line did not take what was due");
        let since = Instant::now();
        let (mut last, mut changed) = (journal.entries().len(), Instant::now());
        while changed.elapsed() < QUIET {
            assert!(
                since.elapsed() < PATIENCE,
                "the journal does not come to rest"
            );
            std::thread::sleep(LOOK);
            if journal.poll().len() != last {
                (last, changed) = (journal.entries().len(), Instant::now());
            }
        }
    }

    /// Stops the market, then the daemon; every file of the journal must be sound, and every
    /// book rebuilt from it equal to the simulator's.
    pub(crate) fn finish(&self, daemon: Daemon, journal: &mut Journaled) -> (Ended, Verdict) {
        self.halt(journal);
        let ended = daemon.stop();
        assert_eq!(ended.code, Some(0), "{}", ended.log);
        journal.poll();
        self.assert_sound();
        let verdict = self.compare();
        assert_eq!(verdict.books, self.books);
        assert_eq!(
            verdict.books_equal, verdict.books,
            "{:?}\n{}",
            verdict.differences, ended.log
        );
        (ended, verdict)
    }

    /// The journal against the truth.
    pub(crate) fn compare(&self) -> Verdict {
        let view = verify::read(&self.config.journal.dir).unwrap();
        verify::compare(&view, &self.sim.truth())
    }

    /// Every byte of the three logs is sound.
    pub(crate) fn assert_sound(&self) {
        for log in ["records", "raw", "quarantine"] {
            let report = feedd_storage::verify(&self.config.journal.dir.join(log)).unwrap();
            assert!(report.is_clean(), "{log}: {report:?}");
        }
    }
}

/// The channels of one instrument that a rig subscribes.
pub(crate) const CHANNELS: [Channel; 3] = [Channel::TRADE, Channel::BBO, Channel::BOOK];

/// Waits until `holds`.
pub(crate) fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < PATIENCE, "never came: {what}");
        std::thread::sleep(LOOK);
    }
}

/// A thread of this process, by its name.
pub(crate) fn thread_named(name: &str) -> Option<i32> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    tasks.flatten().find_map(|task| {
        let comm = std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        let id = task.file_name().into_string().unwrap().parse().unwrap();
        (comm.trim() == name).then_some(id)
    })
}
