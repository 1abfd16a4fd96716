//! The pinned threads and what flows between them.
//!
//! ```text
//! reader (one thread a core, several feeds each)      journal              monitor
//!   driver ── ring ──────────────────────────────────> append
//!      └──── counts (mutex, 20 a second), histograms (channel, 1 a second) ──> log lines, .hlog
//! ```
//!
//! Nothing is shared between a reader and the journal but the ring; a slow monitor only makes the
//! next histogram interval longer. Where cores are few, the first reader does the journal's work
//! between its polls and leaves it to the journal thread when something would wait (`carry.rs`).

mod alarm;
mod carry;
mod driver;
mod entry;
pub(crate) mod hub;
mod journal;
mod latency;
mod monitor;
mod past;
mod plan;
mod publisher;
mod reader;
mod report;
mod spin;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};
use feedd_ringbuf::{Cursor, LINE_BYTES};
use feedd_storage::{Journal, Recovered};
use hdrhistogram::Histogram;
use tokio::sync::watch;

pub use journal::{JournalReport, Observer};
pub use latency::{STAGES, Stage};
pub use report::FeedReport;

use crate::clock;
use crate::config::Config;
use crate::exit::{Code, Failure};
use crate::host::{self, Aside, Helpers, Host};
use crate::roster::Roster;
use crate::session::budget::{Budgets, Keeper};
use crate::session::connect::Dialer;
use crate::session::names::{Names, Resolve, SystemResolver};
use crate::sink::{Sinks, Watched};

/// Latency totals by tag (`stage.venue`), in nanoseconds.
pub type Latencies = BTreeMap<String, Histogram<u64>>;

/// A running capture.
#[derive(Debug)]
pub struct Pipeline {
    stop: watch::Sender<bool>,
    /// Dropping it wakes REST workers out of their pauses.
    _rest_stop: Sender<()>,
    readers: Vec<JoinHandle<()>>,
    journal: JoinHandle<Result<(), Failure>>,
    monitor: JoinHandle<Latencies>,
    feeds: Vec<Arc<report::SharedReport>>,
    journal_report: Arc<journal::SharedReport>,
    latency_file: PathBuf,
    budgets: Keeper,
    sinks: Sinks,
    host: Host,
}

impl Pipeline {
    /// Opens the journal and starts every thread.
    ///
    /// # Errors
    ///
    /// A [`Failure`] with the exit code that fits: journal locked, no space, wrong file of
    /// authorities.
    pub fn start(config: &Config) -> Result<(Self, Recovered), Failure> {
        Self::with_resolver(config, Arc::new(SystemResolver))
    }

    /// As [`Pipeline::start`], with the addresses of hosts from `resolver`.
    ///
    /// # Errors
    ///
    /// As [`Pipeline::start`].
    pub fn with_resolver(
        config: &Config,
        resolver: Arc<dyn Resolve>,
    ) -> Result<(Self, Recovered), Failure> {
        Self::with(config, resolver, None)
    }

    /// As [`Pipeline::start`], with an `observer` of the journal.
    ///
    /// # Errors
    ///
    /// As [`Pipeline::start`].
    pub fn observed(config: &Config, observer: Observer) -> Result<(Self, Recovered), Failure> {
        Self::with(config, Arc::new(SystemResolver), Some(observer))
    }

    fn with(
        config: &Config,
        resolver: Arc<dyn Resolve>,
        observer: Option<Observer>,
    ) -> Result<(Self, Recovered), Failure> {
        let mut host = Host::ask(&config.host);
        // Until every thread is started.
        let (_aside, others) = Aside::from(&config.threads.reader_cores);
        host.report.settings.extend(others);
        let helpers = Helpers::start()?;
        let (journal, recovered) =
            Journal::open(&config.journal.dir, plan::journal_options(config))?;
        let run = journal.run();
        let interrupted = !recovered.records.cuts.is_empty();
        let past = if interrupted {
            past::Past::read(&config.journal.dir.join("records"))
        } else {
            past::Past::default()
        };
        let past = Arc::new(past);
        let mut roster = Roster::load(&config.journal.dir)?;
        roster.add(&config.feeds)?;
        let roster = Arc::new(Mutex::new(roster));
        let (stop, stopped) = watch::channel(false);
        let (rest_stop, rest_stopping) = bounded(0);
        let (intervals, noted) = bounded(latency::QUEUE);
        let checkpoints = Arc::new(AtomicU64::new(0));
        let names = Names::new(
            resolver,
            config.limits.resolve.0,
            Arc::new(clock::System),
            helpers.clone(),
        );
        let dialer = Dialer::new(names.clone(), &config.tls, &config.limits)?;
        let budgets = Budgets::open(
            &config.journal.dir,
            config.limits.budget_share,
            Arc::new(clock::System),
        );
        let keeper = Keeper::start(&budgets)?;
        let feeds: Vec<Arc<report::SharedReport>> = plan::feed_ids(config)
            .into_iter()
            .map(|id| Arc::new(report::SharedReport::new(id)))
            .collect();
        let ring = usize::try_from(config.limits.ring.0).unwrap_or(usize::MAX) / LINE_BYTES;
        let (settle, settled) = bounded(1);
        let mut cursors = Vec::new();
        let mut readers = Vec::new();
        let (mut hands, standby) = config.threads.journal_carried().then(carry::sides).unzip();
        for plan in plan::reader_plans(config) {
            let seats: Vec<reader::Seat> = plan
                .feeds
                .iter()
                .map(|&at| {
                    let roster = roster.lock().unwrap_or_else(PoisonError::into_inner);
                    reader::Seat::new(at, &config.feeds[at], &roster, Arc::clone(&feeds[at]))
                })
                .collect();
            let parts = reader::Parts {
                number: plan.number,
                seat: plan.seat(config),
                ring,
                settled: settle.clone(),
                seats,
                config: config.clone(),
                run,
                interrupted,
                past: Arc::clone(&past),
                roster: Arc::clone(&roster),
                dialer: dialer.clone(),
                names: names.clone(),
                helpers: helpers.clone(),
                budgets: budgets.clone(),
                checkpoints: Arc::clone(&checkpoints),
                intervals: intervals.clone(),
                stopped: stopped.clone(),
                rest_stopping: rest_stopping.clone(),
                // The first takes it.
                hands: hands.take(),
            };
            let name = parts.seat.name.clone();
            if parts.hands.is_some() {
                let carrier = host::Setting::granted("journal.carrier", name.as_str());
                host.report.settings.push(carrier);
            }
            readers.push(spawn(&name, move || reader::run(parts))?);
            // One after the other: the journal reads the rings in the order of the readers.
            cursors.push(settled_reader(&settled, &mut host.report)?);
        }
        let journal_report = Arc::new(journal::SharedReport::default());
        let writer = journal::Writer::new(
            journal,
            cursors,
            plan::feed_ids(config),
            checkpoints,
            Arc::clone(&journal_report),
            intervals,
        )
        .observed(observer)
        .stopped_by(stopped)
        .spinning(config.threads.journal_spins());
        let (settle, settled) = bounded(1);
        let (seat, wishes) = (plan::journal_seat(config), config.host.clone());
        let journal = spawn("journal", move || {
            // Nobody waits for it only if the program ends.
            let _ = settle.send(host::settle(&seat, &wishes));
            match standby {
                Some(standby) => standby.run(Box::new(writer)),
                None => writer.run(),
            }
        })?;
        host.report
            .settings
            .extend(settled.recv().unwrap_or_default());
        host.report.tell();
        let latency_file = config
            .journal
            .dir
            .join("latency")
            .join(format!("run-{run:06}.hlog"));
        let sinks = Sinks::start(config)?;
        let seen = monitor::Seen {
            feeds: feeds.clone(),
            journal: Arc::clone(&journal_report),
            sinks: sinks.watched(),
            lag_alarm: config.sinks.lag_alarm.0,
        };
        let monitor = monitor::start(&latency_file, noted, seen)?;
        let pipeline = Self {
            stop,
            _rest_stop: rest_stop,
            readers,
            journal,
            monitor,
            feeds,
            journal_report,
            latency_file,
            budgets: keeper,
            sinks,
            host,
        };
        Ok((pipeline, recovered))
    }

    /// The newest counts of each feed.
    #[must_use]
    pub fn feeds(&self) -> Vec<FeedReport> {
        self.feeds.iter().map(|shared| shared.read()).collect()
    }

    /// The newest counts of the journal.
    #[must_use]
    pub fn journal(&self) -> JournalReport {
        self.journal_report.read()
    }

    /// The sinks and their counters.
    #[must_use]
    pub fn sinks(&self) -> Vec<Watched> {
        self.sinks.watched()
    }

    /// What the host granted of what the configuration asks.
    #[must_use]
    pub const fn host(&self) -> &host::Report {
        &self.host.report
    }

    /// Where the latency intervals are written.
    #[must_use]
    pub fn latency_file(&self) -> &Path {
        &self.latency_file
    }

    /// Whether the journal thread has ended by itself: its error tells why.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.journal.is_finished()
    }

    /// Stops intake, drains the rings, syncs and seals the journal, and lets the sinks bring home what
    /// it holds.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if the journal could not take or sync what was captured.
    pub fn stop(self) -> Result<Latencies, Failure> {
        // A reader that is gone needs no signal.
        let _ = self.stop.send(true);
        let mut panicked = false;
        for reader in self.readers {
            panicked |= reader.join().is_err();
        }
        self.budgets.close();
        let written = self.journal.join();
        let brought = self.sinks.stop();
        let latencies = self.monitor.join();
        if panicked {
            return Err(Failure::new(
                Code::Software,
                "a reader thread ended by a broken internal rule",
            ));
        }
        written.map_err(|_| {
            Failure::new(
                Code::Software,
                "the journal thread ended by a broken internal rule",
            )
        })??;
        brought?;
        latencies.map_err(|_| {
            Failure::new(
                Code::Software,
                "the monitor thread ended by a broken internal rule",
            )
        })
    }
}

/// Waits for a reader to be settled; the other end of its ring.
fn settled_reader(
    settled: &Receiver<reader::Settled>,
    report: &mut host::Report,
) -> Result<Cursor, Failure> {
    let gone = |_| Failure::new(Code::Software, "a reader thread ended before it began");
    let reader = settled.recv().map_err(gone)?;
    report.settings.extend(reader.settings);
    let refused = |error| Failure::new(Code::Config, format!("limits.ring: {error}"));
    reader.cursor.map_err(refused)
}

fn spawn<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, Failure> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map_err(|error| {
            Failure::new(
                Code::Software,
                format!("cannot start thread {name}: {error}"),
            )
        })
}
