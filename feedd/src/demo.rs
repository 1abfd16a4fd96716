//! `feedd demo`: the whole way of the data on one machine, compared with the truth.
//!
//! Simulated exchanges on free loopback ports, the real daemon's pipeline against them, then a
//! comparison of what stands in the journal with what the simulator knows.

mod report;
pub mod verify;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use venue_sim::{MarketConfig, Product, Sim, SimConfig};

use crate::cli::DemoOptions;
use crate::config::{Config, FeedConfig};
use crate::exit::{Code, Failure};
use crate::pipeline::Pipeline;

/// Longest wait for every book to be live.
const READY: Duration = Duration::from_secs(60);
/// Nothing new for this long: everything sent has arrived.
const QUIET: Duration = Duration::from_millis(500);
/// Longest wait for that.
const DRAIN: Duration = Duration::from_secs(20);
/// Time between two progress lines.
const PROGRESS: Duration = Duration::from_millis(250);
/// Levels a side of the simulated books: fewer than a Binance futures snapshot has, so that the
/// whole book is compared.
const LEVELS: usize = 400;

/// Captures from simulated exchanges and compares.
///
/// # Errors
///
/// A [`Failure`] if something could not start or be written.
pub fn run(options: &DemoOptions) -> Result<Code, Failure> {
    start_quiet_log();
    let sim_config = SimConfig {
        seed: options.seed,
        tls: options.tls,
        market: MarketConfig {
            events_per_second: options.rate,
            levels: LEVELS,
            ..MarketConfig::default()
        },
        products: products(),
        ..SimConfig::default()
    };
    let sim = Sim::start(sim_config.clone())
        .map_err(|error| Failure::new(Code::Software, error.to_string()))?;
    let dir = fresh_dir(options)?;
    let config = config(options, &sim_config, &sim, dir)?;
    println!(
        "simulated exchanges: {} products on loopback, {} market events/s an instrument",
        config.feeds.len(),
        options.rate
    );
    let (pipeline, _) = Pipeline::start(&config)?;
    let ready = wait_until_live(&pipeline, &config);
    capture(&pipeline, options.seconds);
    let flushed = sim.halt();
    drain(&pipeline);
    finish_progress();
    if !(ready && flushed) {
        println!(
            "note: {}",
            if ready {
                "the simulator could not flush every line"
            } else {
                "not every book was live within a minute"
            }
        );
    }
    let feeds = pipeline.feeds();
    let latency_file = pipeline.latency_file().to_owned();
    let latencies = pipeline.stop()?;
    let view = verify::read(&config.journal.dir)?;
    let verdict = verify::compare(&view, &sim.truth());
    sim.stop();
    report::print(&view, &verdict, &feeds, &latencies);
    report::paths(&config.journal.dir, &latency_file);
    Ok(if verdict.is_clean() {
        Code::Ok
    } else {
        Code::Found
    })
}

/// Only what someone must act on: the demo prints its own lines.
fn start_quiet_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("FEEDD_LOG");
    let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("error"));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
    crate::run::keep_secrets();
}

/// `demo-000`, `demo-001`, …: the first that is free.
fn fresh_dir(options: &DemoOptions) -> Result<PathBuf, Failure> {
    let failure = |path: &PathBuf, error| {
        Failure::new(Code::CantCreate, format!("{}: {error}", path.display()))
    };
    std::fs::create_dir_all(&options.dir).map_err(|error| failure(&options.dir, error))?;
    for number in 0..100_000 {
        let dir = options.dir.join(format!("demo-{number:03}"));
        match std::fs::create_dir(&dir) {
            Ok(()) => return Ok(dir),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failure(&dir, error)),
        }
    }
    Err(Failure::new(
        Code::CantCreate,
        format!("{} is full of demos: remove some", options.dir.display()),
    ))
}

/// Readers share the host's cores with the simulator, so nothing is pinned.
fn config(
    options: &DemoOptions,
    sim_config: &SimConfig,
    sim: &Sim,
    dir: PathBuf,
) -> Result<Config, Failure> {
    let mut config = Config::default();
    if let Some(pem) = sim.ca_pem() {
        let path = dir.join("simulated-authority.pem");
        std::fs::write(&path, pem).map_err(|error| {
            Failure::new(Code::CantCreate, format!("{}: {error}", path.display()))
        })?;
        config.tls.ca_file = Some(path);
    }
    debug_assert_eq!(options.tls, config.tls.ca_file.is_some());
    config.journal.dir = dir;
    config.feeds = feeds(sim_config, sim);
    config.check()?;
    Ok(config)
}

/// Every simulated product.
#[must_use]
pub fn products() -> Vec<Product> {
    Product::ALL.to_vec()
}

/// One feed for each product that `sim` serves: every instrument, all on reader 0.
#[must_use]
pub fn feeds(sim_config: &SimConfig, sim: &Sim) -> Vec<FeedConfig> {
    Product::ALL
        .into_iter()
        .filter_map(|product| {
            let endpoint = sim.endpoint(product)?;
            let (venue, name) = product.name().split_once('-')?;
            let instruments = sim_config
                .instruments(product)
                .into_iter()
                .map(|instrument| instrument.symbol);
            // Binance futures publish no single fills.
            let trades = if matches!(product, Product::BinanceUsdm | Product::BinanceCoinm) {
                "agg_trade"
            } else {
                "trade"
            };
            let mut feed = FeedConfig::new(venue, name, instruments.collect());
            feed.channels = [trades, "bbo", "book"].map(str::to_owned).to_vec();
            feed.ws_url = Some(endpoint.ws_url.clone());
            feed.rest_url = Some(endpoint.rest_url.clone());
            Some(feed)
        })
        .collect()
}

fn wait_until_live(pipeline: &Pipeline, config: &Config) -> bool {
    let books: usize = config.feeds.iter().map(|feed| feed.instruments.len()).sum();
    let since = Instant::now();
    for step in 0.. {
        if since.elapsed() >= READY || pipeline.has_failed() {
            break;
        }
        let live: usize = pipeline.feeds().iter().map(|feed| feed.books_live).sum();
        let what = format!("joining  {live} of {books} books live");
        progress(pipeline, &what, step);
        if live == books {
            return true;
        }
        std::thread::sleep(PROGRESS);
    }
    false
}

fn capture(pipeline: &Pipeline, seconds: u64) {
    let since = Instant::now();
    for step in 0.. {
        if since.elapsed() >= Duration::from_secs(seconds) || pipeline.has_failed() {
            break;
        }
        let what = format!("capture  {} of {seconds} s", since.elapsed().as_secs() + 1);
        progress(pipeline, &what, step);
        std::thread::sleep(PROGRESS);
    }
}

/// Waits until what the simulator flushed has reached the journal.
fn drain(pipeline: &Pipeline) {
    let since = Instant::now();
    let (mut last, mut changed) = (0, Instant::now());
    while changed.elapsed() < QUIET && since.elapsed() < DRAIN {
        let seen = pipeline.journal().records;
        if seen != last {
            (last, changed) = (seen, Instant::now());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// One line that renews itself on a terminal, a line a second elsewhere.
fn progress(pipeline: &Pipeline, what: &str, step: u32) {
    const STEPS_A_LINE: u32 = 4;
    let feeds = pipeline.feeds();
    let frames: u64 = feeds.iter().map(|feed| feed.counts.frames).sum();
    let gaps: u64 = feeds.iter().map(crate::pipeline::FeedReport::gaps).sum();
    let records = pipeline.journal().records;
    let line = format!("{what}   frames {frames}   records {records}   gaps {gaps}");
    let mut out = std::io::stdout();
    // A closed output ends no capture.
    let _ = match out.is_terminal() {
        true => write!(out, "\r{line:<100}").and_then(|()| out.flush()),
        false if step % STEPS_A_LINE == 1 => writeln!(out, "{line}"),
        false => Ok(()),
    };
}

fn finish_progress() {
    if std::io::stdout().is_terminal() {
        println!();
    }
}
