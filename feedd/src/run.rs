//! `feedd run` and `feedd check`.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use feedd_codecs::{Venue, with_venue};
use tracing_subscriber::EnvFilter;

use crate::config::{self, Bytes, Config, ConfigError};
use crate::exit::{Code, Failure};
use crate::pipeline::Pipeline;

/// How often the main thread looks at signals and failures.
const LOOK: Duration = Duration::from_millis(50);

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let code = match &error {
            ConfigError::Read { .. } => Code::NoInput,
            _ => Code::Config,
        };
        Self::new(code, error.to_string())
    }
}

/// Captures until a signal.
///
/// # Errors
///
/// A [`Failure`] with its exit code.
pub fn run(path: &Path) -> Result<Code, Failure> {
    let config = config::load(path)?;
    start_log();
    let signals = Signals::register()?;
    let (pipeline, recovered) = Pipeline::start(&config)?;
    for (log, found) in [
        ("records", &recovered.records),
        ("raw", &recovered.raw),
        ("quarantine", &recovered.quarantine),
    ] {
        for cut in &found.cuts {
            tracing::warn!(
                log,
                segment = cut.segment,
                offset = cut.offset,
                "an unfinished segment was ended here"
            );
        }
    }
    tracing::info!(run = recovered.run, next_seq = recovered.records.next_seq, dir = %config.journal.dir.display(), "journal open");
    while signals.count() == 0 && !pipeline.has_failed() {
        std::thread::sleep(LOOK);
    }
    tracing::info!("stopping");
    signals.exit_on_second();
    watchdog(config.limits.stop.0);
    pipeline.stop()?;
    tracing::info!("stopped");
    Ok(Code::Ok)
}

/// Parses, validates and prints the whole configuration.
///
/// # Errors
///
/// A [`Failure`] with its exit code.
pub fn check(path: &Path) -> Result<Code, Failure> {
    let config = config::load(path)?;
    let text = toml::to_string(&config)
        .map_err(|error| Failure::new(Code::Software, error.to_string()))?;
    print!("{text}");
    println!("\n# {}", cost(&config));
    for feed in &config.feeds {
        let Some(id) = feed.venue_id() else { continue };
        let facts =
            with_venue!(id, V => V::new(id, feedd_codecs::venue::StreamOptions::default()).facts());
        let ws = feed.ws_url.as_deref().unwrap_or(facts.ws_url);
        let rest = feed.rest_url.as_deref().unwrap_or(facts.rest_url);
        let streams = feed.instruments.len() * feed.channels.len();
        println!(
            "# {id}: {streams} streams from {ws} and {rest}, at most {} on a line",
            facts.streams_per_line
        );
        let second = 1_000_000_000;
        let (weight, window) = facts.rest_limit;
        println!(
            "# {id}: {} % of {} connections in {} s and of REST weight {weight} in {} s",
            config.limits.budget_share,
            facts.connects_max,
            facts.connect_window / second,
            window / second
        );
    }
    Ok(Code::Ok)
}

fn cost(config: &Config) -> String {
    let mut readers: Vec<usize> = config.feeds.iter().map(|feed| feed.reader).collect();
    readers.sort_unstable();
    readers.dedup();
    let rings = Bytes(config.limits.ring.0 * readers.len() as u64);
    let cores: Vec<String> = readers
        .iter()
        .map(|reader| {
            let core = config.threads.reader_cores.get(*reader);
            core.map_or_else(
                || format!("reader {reader} unpinned"),
                |core| format!("reader {reader} on core {core}"),
            )
        })
        .collect();
    let retained = if config.journal.retain.0 == 0 {
        "without bound".to_owned()
    } else {
        config.journal.retain.to_string()
    };
    format!(
        "memory: rings {rings}; disk: segments of {}, each log kept {retained}; {}",
        config.journal.segment,
        cores.join(", ")
    )
}

/// Logs to standard error: text for a terminal, JSON lines otherwise.
pub fn start_log() {
    use std::io::IsTerminal;
    let filter = EnvFilter::try_from_env("FEEDD_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // A second call (tests) keeps the first log.
    let _ = if std::io::stderr().is_terminal() {
        builder.try_init()
    } else {
        builder.json().try_init()
    };
    keep_secrets();
}

/// Libraries trace the very bytes that they send, secrets among them: no configuration of the log lets
/// that through.
pub(crate) fn keep_secrets() {
    log::set_max_level(log::max_level().min(log::LevelFilter::Debug));
}

/// Counts SIGTERM and SIGINT.
pub(crate) struct Signals {
    count: Arc<AtomicUsize>,
}

impl Signals {
    pub(crate) fn register() -> Result<Self, Failure> {
        let count = Arc::new(AtomicUsize::new(0));
        let failure =
            |error: std::io::Error| Failure::new(Code::Software, format!("signals: {error}"));
        for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
            signal_hook::flag::register_usize(signal, Arc::clone(&count), 1).map_err(failure)?;
        }
        Ok(Self { count })
    }

    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// From now on a signal ends the program at once.
    fn exit_on_second(&self) {
        self.count.store(0, Ordering::Relaxed);
        let count = Arc::clone(&self.count);
        let watch = move || {
            while count.load(Ordering::Relaxed) == 0 {
                std::thread::sleep(LOOK);
            }
            std::process::exit(128 + signal_hook::consts::SIGTERM);
        };
        // Without this thread a second signal has no effect; the watchdog still ends the stop.
        let _ = std::thread::Builder::new()
            .name("second-signal".to_owned())
            .spawn(watch);
    }
}

/// Ends the program if a clean stop takes too long.
fn watchdog(limit: Duration) {
    let watch = move || {
        std::thread::sleep(limit);
        eprintln!(
            "feedd: not stopped within {limit:?}; everything published is in the journal's files"
        );
        std::process::exit(Code::Io as i32);
    };
    let _ = std::thread::Builder::new()
        .name("stop-watchdog".to_owned())
        .spawn(watch);
}
