//! `feedctl sim`: simulated venues on loopback ports until a signal or the clock says stop.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use signal_hook::consts::{SIGINT, SIGTERM};
use venue_sim::{MarketConfig, Product, Scenario, Sim, SimConfig, Source, Speed};

use crate::exit::{Exit, Failure};
use crate::output::Output;

/// How often the signals and the clock are looked at.
const LOOK_PAUSE: Duration = Duration::from_millis(10);

/// Options of `feedctl sim`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Serve this product (`binance-spot`, …); may be given several times [default: all]
    #[arg(long, value_name = "PRODUCT", value_parser = product)]
    product: Vec<Product>,
    /// Loopback port of a product [default: a free one]
    #[arg(long, value_name = "PRODUCT=PORT", value_parser = port)]
    port: Vec<(Product, u16)>,
    /// The same seed gives the same books and trades
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Market events per second and instrument
    #[arg(long, value_name = "EVENTS", default_value_t = MarketConfig::default().events_per_second)]
    rate: u32,
    /// Serve wss and https, and write the certificate authority that signs for them into this file
    #[arg(long, value_name = "CA.pem")]
    tls: Option<PathBuf>,
    /// Replay a recording of a product instead of generating its market; several files of one
    /// product are one session
    #[arg(long, value_name = "PRODUCT=FILE", value_parser = recording)]
    replay: Vec<(Product, PathBuf)>,
    /// Pace of the replay: a factor, or `max`
    #[arg(long, value_name = "N|max", default_value = "1", value_parser = speed, requires = "replay")]
    speed: Speed,
    /// Play the faults of this scenario (TOML) from the start
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// Write what the venues publish, before faults, into this file as JSON lines
    #[arg(long, value_name = "FILE")]
    tape: Option<PathBuf>,
    /// Stop after this many seconds
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// One JSON object a product instead of words
    #[arg(long)]
    json: bool,
}

/// Runs until told to stop; the endpoints are printed when all of them listen.
pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).map_err(Failure::Signals)?;
    }
    let begun = Instant::now();
    let scenario = args.scenario.as_deref().map(Scenario::load).transpose()?;
    let config = config(args)?;
    let products = config.products.clone();
    let sim = Sim::start(config)?;
    if let (Some(path), Some(pem)) = (&args.tls, sim.ca_pem()) {
        fs::write(path, pem).map_err(Failure::create(path))?;
    }
    let mut out = Output::stdout();
    for product in products {
        out.text(&endpoint(&sim, product, args.json));
    }
    out.finish()?;
    if let Some(scenario) = &scenario {
        sim.run(scenario);
    }
    let limit = args.seconds.map(Duration::from_secs);
    while !stop.load(Ordering::Relaxed) && limit.is_none_or(|limit| begun.elapsed() < limit) {
        thread::sleep(LOOK_PAUSE);
    }
    sim.stop();
    Ok(Exit::OK)
}

fn config(args: &Args) -> Result<SimConfig, Failure> {
    let products = match &*args.product {
        [] => Product::ALL.to_vec(),
        named => named.to_vec(),
    };
    let stray = args.port.iter().map(|(product, _)| product);
    let stray = stray.chain(args.replay.iter().map(|(product, _)| product));
    if let Some(product) = stray
        .into_iter()
        .find(|product| !products.contains(product))
    {
        let name = product.name();
        return Err(Failure::Usage(format!(
            "{name} is not served: add --product {name}"
        )));
    }
    Ok(SimConfig {
        seed: args.seed,
        tls: args.tls.is_some(),
        products,
        ports: args.port.iter().copied().collect::<BTreeMap<_, _>>(),
        market: MarketConfig {
            events_per_second: args.rate,
            ..MarketConfig::default()
        },
        source: source(args)?,
        tape: args.tape.clone(),
        ..SimConfig::default()
    })
}

fn source(args: &Args) -> Result<Source, Failure> {
    let Some(&(product, _)) = args.replay.first() else {
        return Ok(Source::Generated);
    };
    if args.replay.iter().any(|(other, _)| *other != product) {
        return Err(Failure::Usage(
            "one product can replay at a time; the others generate".to_owned(),
        ));
    }
    Ok(Source::Capture {
        product,
        files: args.replay.iter().map(|(_, file)| file.clone()).collect(),
        speed: args.speed,
    })
}

fn endpoint(sim: &Sim, product: Product, as_json: bool) -> String {
    let name = product.name();
    match sim.endpoint(product) {
        Some(endpoint) if as_json => {
            let (ws_url, rest_url) = (&endpoint.ws_url, &endpoint.rest_url);
            let object = json!({"product": name, "ws_url": ws_url, "rest_url": rest_url});
            format!("{object}\n")
        }
        Some(endpoint) => format!("{name} {} {}\n", endpoint.ws_url, endpoint.rest_url),
        None => String::new(),
    }
}

fn product(name: &str) -> Result<Product, String> {
    Product::from_name(name).ok_or_else(|| {
        let names = Product::ALL.map(Product::name).join(", ");
        format!("expected one of {names}")
    })
}

fn port(text: &str) -> Result<(Product, u16), String> {
    let (product, port) = pair(text)?;
    let port = port.parse().map_err(|_| "expected a port from 0 to 65535");
    Ok((product, port?))
}

fn recording(text: &str) -> Result<(Product, PathBuf), String> {
    pair(text).map(|(product, file)| (product, file.into()))
}

fn pair(text: &str) -> Result<(Product, &str), String> {
    let (name, value) = text.split_once('=').ok_or("expected PRODUCT=…")?;
    Ok((product(name)?, value))
}

fn speed(text: &str) -> Result<Speed, String> {
    match (text, text.parse()) {
        ("max", _) => Ok(Speed::Max),
        (_, Ok(factor @ 1..)) => Ok(Speed::Times(factor)),
        _ => Err("expected a whole number from 1, or max".to_owned()),
    }
}
