//! The sinks at work: one thread each, which reads the journal's files and shares nothing with the
//! readers, the journal thread or another sink.

mod attend;
#[cfg(feature = "questdb")]
pub mod questdb;
#[cfg(feature = "redis")]
pub mod redis;

use std::fmt;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use feedd_storage::sink::parquet::ParquetSink;
use feedd_storage::sink::{Pump, PumpOptions, Sink, SinkReport, SinkStatus, Surroundings as _};
use feedd_storage::{Error, JournalId};

use self::attend::Attendant;
use crate::config::Config;
use crate::exit::{Code, Failure};

/// Pause before a sink whose files cannot be used is tried again.
const REOPEN: Duration = Duration::from_secs(30);

/// One sink, for whoever watches it.
#[derive(Clone)]
pub struct Watched {
    /// Its name in logs, cursors and dead letters.
    pub name: &'static str,
    /// Its counters, once it could be opened.
    status: Arc<std::sync::OnceLock<Arc<SinkStatus>>>,
}

impl Watched {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            status: Arc::default(),
        }
    }

    /// Its counters now; all zero, and not up, before it could be opened.
    #[must_use]
    pub fn read(&self) -> SinkReport {
        self.status
            .get()
            .map(|status| status.read())
            .unwrap_or_default()
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple(self.name).field(&self.read()).finish()
    }
}

/// Every sink of the configuration.
#[derive(Debug)]
pub struct Sinks {
    /// Dropped to stop them.
    stop: Sender<()>,
    watched: Vec<Watched>,
    threads: Vec<JoinHandle<()>>,
}

impl Sinks {
    /// Starts a thread for each sink. A sink that cannot work holds nobody up: it says so, and is
    /// tried again.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if a thread cannot be started.
    pub fn start(config: &Config) -> Result<Self, Failure> {
        let (stop, stopped) = bounded(0);
        let mut sinks = Self {
            stop,
            watched: Vec::new(),
            threads: Vec::new(),
        };
        if config.sinks.parquet.enabled {
            let (journal_dir, parquet) = (config.journal.dir.clone(), config.sinks.parquet.clone());
            sinks.add("parquet", config, &stopped, move || {
                let journal = JournalId::of(&journal_dir)?;
                Ok(ParquetSink::new(journal, parquet.options(&journal_dir)))
            })?;
        }
        sinks.add_servers(config, &stopped)?;
        Ok(sinks)
    }

    /// Sinks that are servers, where the configuration names one.
    fn add_servers(&mut self, config: &Config, stopped: &Receiver<()>) -> Result<(), Failure> {
        #[cfg(feature = "questdb")]
        if let Some(options) = questdb::Options::of(&config.sinks.questdb) {
            let options = options.map_err(|error| {
                Failure::new(Code::Config, format!("sinks.questdb.connect: {error}"))
            })?;
            let make = move || Ok(questdb::QuestDb::new(options.clone()));
            self.add("questdb", config, stopped, make)?;
        }
        #[cfg(feature = "redis")]
        if let Some(options) = redis::Options::of(&config.sinks.redis) {
            let journal_dir = config.journal.dir.clone();
            let make = move || redis::Redis::new(&journal_dir, options.clone());
            self.add("redis", config, stopped, make)?;
        }
        let _ = (config, stopped);
        Ok(())
    }

    /// Starts the sink that `make` makes.
    fn add<S: Sink + 'static>(
        &mut self,
        name: &'static str,
        config: &Config,
        stopped: &Receiver<()>,
        make: impl Fn() -> Result<S, Error> + Send + 'static,
    ) -> Result<(), Failure> {
        let watched = Watched::new(name);
        let attendant = Attendant::new(name, stopped.clone());
        let journal_dir = config.journal.dir.clone();
        let options = options(name, config);
        let status = Arc::clone(&watched.status);
        let work = move || {
            let open = || Pump::open(&journal_dir, name, make()?, attendant.clone(), options);
            let Some(pump) = open_patiently(&attendant, open) else {
                return;
            };
            // Set once: a sink is opened once.
            let _ = status.set(pump.status());
            pump.run();
        };
        let thread = std::thread::Builder::new()
            .name(format!("sink-{name}"))
            .spawn(work)
            .map_err(|error| {
                Failure::new(Code::Software, format!("cannot start sink {name}: {error}"))
            })?;
        self.threads.push(thread);
        self.watched.push(watched);
        Ok(())
    }

    /// The sinks, to watch from elsewhere.
    #[must_use]
    pub fn watched(&self) -> Vec<Watched> {
        self.watched.clone()
    }

    /// Lets every sink hand over what the journal has, and waits for them.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if a sink's thread ended by a broken internal rule.
    pub fn stop(self) -> Result<(), Failure> {
        drop(self.stop);
        let mut panicked = false;
        for thread in self.threads {
            panicked |= thread.join().is_err();
        }
        if panicked {
            let message = "a sink's thread ended by a broken internal rule";
            return Err(Failure::new(Code::Software, message));
        }
        Ok(())
    }
}

/// Half of the time for a stop is a sink's; the other half is the journal's.
fn options(name: &str, config: &Config) -> PumpOptions {
    let seed = name
        .bytes()
        .fold(0, |seed, byte| seed * 31 + u64::from(byte));
    PumpOptions {
        rows_a_second: config.sinks.catch_up_rows,
        seed: seed ^ u64::from(std::process::id()),
        stop_patience: config.limits.stop.0 / 2,
        ..PumpOptions::default()
    }
}

/// Tries to open a sink until it works; nothing if it shall stop before.
fn open_patiently<T>(attendant: &Attendant, open: impl Fn() -> Result<T, Error>) -> Option<T> {
    loop {
        match open() {
            Ok(opened) => return Some(opened),
            Err(error) => attendant.cannot_open(&error, REOPEN),
        }
        attendant.pause(REOPEN);
        if attendant.stopping() {
            return None;
        }
    }
}
