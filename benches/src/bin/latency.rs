//! From the exchange's write to the journal, beside the raw socket and others:
//!
//! ```sh
//! cargo run -p feedd-benches --release --bin latency
//! ```

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use feedd_benches::latency::cell::{self, Party, Setting};
use feedd_benches::latency::certificate::{self, Tls};
use feedd_benches::latency::cores::Cores;
use feedd_benches::latency::rival::{Kind, Rival};
use feedd_benches::latency::schedule::Load;
use feedd_benches::latency::summary::Outcome;
use feedd_benches::latency::table::{self, Row};
use feedd_benches::latency::traffic::{Channels, Market, Recorded};
use feedd_benches::latency::{Error, hlog, plot};

/// As the daemon: the hot path allocates nothing, the rest profits from per-thread heaps.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Where the rivals' workspace puts its programs.
const RIVALS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/rivals/target/release");

/// How feedd's reader may wait.
const POLLS: [&str; 3] = ["spin", "carried", "park"];

/// Measures the way from the exchange's write to the mapped journal.
#[derive(Debug, Parser)]
#[command(name = "latency")]
struct Options {
    /// Loads: messages a second, or BURSTxTIMES for bursts
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "1000,10000,100000,100x50"
    )]
    load: Vec<Load>,
    /// Seconds of each run
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Venues
    #[arg(long, value_delimiter = ',', default_value = "binance,bybit,kraken")]
    venue: Vec<Market>,
    /// What a line carries: trades, the fastest view of the book, both in turns
    #[arg(long, value_delimiter = ',', default_value = "mixed,trade,book")]
    channels: Vec<Channels>,
    /// plain, tls
    #[arg(long, value_delimiter = ',', default_value = "plain,tls", value_parser = ["plain", "tls"])]
    transport: Vec<String>,
    /// How feedd's reader waits: spin, carried (it spins and journals as well), park
    #[arg(long, value_delimiter = ',', default_value = "spin,carried,park", value_parser = POLLS)]
    poll: Vec<String>,
    /// Runs of each cell, which are added up: parties take turns
    #[arg(long, default_value_t = 1)]
    rounds: u32,
    /// A recording (`<ns> <frame>` lines) instead of generated traffic; needs one venue and --symbol
    #[arg(long, requires = "symbol", value_name = "FILE")]
    recorded: Option<PathBuf>,
    /// The recording's symbol
    #[arg(long)]
    symbol: Option<String>,
    /// Where the rivals' programs are
    #[arg(long, default_value = RIVALS, value_name = "DIR")]
    rivals: PathBuf,
    /// Only feedd and the raw limit
    #[arg(long)]
    no_rivals: bool,
    /// Half a second at two loads: shows that everything works, measures nothing
    #[arg(long)]
    quick: bool,
    /// Core of the sender [default: the first]
    #[arg(long)]
    sender_core: Option<usize>,
    /// Core of feedd's reader, the raw client and rivals [default: the second]
    #[arg(long)]
    receiver_core: Option<usize>,
    /// Core of feedd's journal [default: the third; on a machine of two, the sender's]
    #[arg(long)]
    journal_core: Option<usize>,
    /// Where the tables, interval logs and plots go
    #[arg(long, default_value = "latency", value_name = "DIR")]
    out: PathBuf,
}

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(lost) => {
            eprintln!("latency: {lost} messages were lost");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("latency: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the matrix; the messages that feedd and the raw client lost.
fn run(options: &Options) -> Result<u64, Error> {
    std::fs::create_dir_all(&options.out).map_err(Error::io("output directory"))?;
    let tls = certificate::make()?;
    let parties = parties(options);
    let mut rows = Vec::new();
    for setting in settings(options, &tls)? {
        rows.extend(measure(&setting, &parties, options.rounds));
    }
    report(options, &rows)?;
    let ours = rows
        .iter()
        .filter(|row| row.party == "raw" || row.party.starts_with("feedd"));
    Ok(ours.map(|row| row.outcome.lost).sum())
}

fn parties(options: &Options) -> Vec<Party> {
    let mut parties = vec![Party::Raw];
    for poll in POLLS {
        if options.poll.iter().any(|wanted| wanted == poll) {
            parties.push(Party::Feedd { poll });
        }
    }
    if !options.no_rivals {
        parties.extend(rivals(&options.rivals).map(Party::Rival));
    }
    parties
}

/// The rivals that are built.
fn rivals(dir: &Path) -> impl Iterator<Item = Rival> {
    Kind::ALL.into_iter().filter_map(|kind| {
        let program = dir.join(kind.program());
        if !program.exists() {
            let (name, build) = (kind.name(), kind.build());
            eprintln!("latency: {name} is left out, it is not built: {build}");
            return None;
        }
        Some(Rival { kind, program })
    })
}

fn settings(options: &Options, tls: &Tls) -> Result<Vec<Setting>, Error> {
    let machine = Cores::of_machine();
    let cores = Cores {
        sender: options.sender_core.unwrap_or(machine.sender),
        receiver: options.receiver_core.unwrap_or(machine.receiver),
        journal: options.journal_core.unwrap_or(machine.journal),
    };
    let quick = [
        Load::paced(500),
        Load {
            burst: 20,
            per_second: 20,
        },
    ];
    let loads: &[Load] = if options.quick { &quick } else { &options.load };
    let duration = match options.quick {
        true => Duration::from_millis(500),
        false => Duration::from_secs(options.seconds),
    };
    let mut settings = Vec::new();
    for (market, channels) in lines(options) {
        let recorded = recorded(options, market, channels)?;
        for transport in &options.transport {
            settings.extend(loads.iter().map(|load| Setting {
                market,
                channels,
                tls: (transport == "tls").then(|| tls.clone()),
                load: *load,
                duration,
                cores,
                recorded: recorded.clone(),
                scratch: options.out.clone(),
            }));
        }
    }
    Ok(settings)
}

/// The venues, each with all that its line may carry.
fn lines(options: &Options) -> impl Iterator<Item = (Market, Channels)> {
    let markets = options.venue.iter();
    markets.flat_map(|market| options.channels.iter().map(|channels| (*market, *channels)))
}

fn recorded(
    options: &Options,
    market: Market,
    channels: Channels,
) -> Result<Option<(Recorded, String)>, Error> {
    let (Some(path), Some(symbol)) = (&options.recorded, &options.symbol) else {
        return Ok(None);
    };
    let recorded = Recorded::read(path, &channels.marks(market))?;
    Ok(Some((recorded, symbol.clone())))
}

/// All parties in one cell, in turns. A party that could not be measured says so and is left out.
fn measure(setting: &Setting, parties: &[Party], rounds: u32) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for round in 0..rounds.max(1) as usize {
        for turn in 0..parties.len() {
            let party = &parties[(turn + round) % parties.len()];
            let what = format!(
                "{} {} {} {} {}",
                setting.market.name(),
                setting.channels.name(),
                setting.transport(),
                setting.load,
                party.name()
            );
            match cell::measure(setting, party) {
                Ok(outcome) if outcome.refused.is_some() => {
                    add(&mut rows, setting, party, outcome);
                }
                Ok(outcome) => {
                    eprintln!(
                        "{what}: {} sent, {} lost {}",
                        outcome.sent,
                        outcome.lost,
                        outcome.notes.join(", ")
                    );
                    add(&mut rows, setting, party, outcome);
                }
                Err(error) => eprintln!("{what}: not measured: {error}"),
            }
        }
    }
    rows.sort_by_key(|row| parties.iter().position(|party| party.name() == row.party));
    rows
}

fn add(rows: &mut Vec<Row>, setting: &Setting, party: &Party, outcome: Outcome) {
    let name = party.name();
    if let Some(row) = rows.iter_mut().find(|row| row.party == name) {
        return row.outcome.merge(outcome);
    }
    rows.push(Row {
        market: setting.market,
        channels: setting.channels,
        transport: setting.transport(),
        load: setting.load,
        party: name,
        outcome,
    });
}

/// Tables to standard output and a file whose name tells what was measured; interval logs and plots
/// beside it.
fn report(options: &Options, rows: &[Row]) -> Result<(), Error> {
    let mut text = String::new();
    let transports = options.transport.join("+");
    for (market, channels) in lines(options) {
        text.push_str(&table::venue(market, channels, rows));
        text.push('\n');
        let of_line = || {
            let is_of = move |row: &&Row| (row.market, row.channels) == (market, channels);
            rows.iter().filter(is_of)
        };
        let name = format!("{}-{}-{transports}.hlog", market.name(), channels.name());
        let duration = Duration::from_secs(options.seconds);
        hlog::write(&options.out.join(name), of_line(), duration)?;
        plots(&options.out, of_line().collect())?;
    }
    text.push_str("### End to end beside the raw socket\n\n");
    text.push_str(&table::ratios(rows));
    if !options.no_rivals {
        text.push_str("\n### Rivals beside feedd, end to end\n\n");
        text.push_str(&table::rivals(rows));
    }
    println!("{text}");
    let venues: Vec<&str> = options.venue.iter().map(|market| market.name()).collect();
    let channels: Vec<&str> = options.channels.iter().map(|one| one.name()).collect();
    let (venues, channels) = (venues.join("+"), channels.join("+"));
    let name = format!("latency-{venues}-{channels}-{transports}.md");
    std::fs::write(options.out.join(name), text).map_err(Error::io("tables"))
}

/// One plot for each transport and load.
fn plots(out: &Path, mut rows: Vec<&Row>) -> Result<(), Error> {
    while let Some(first) = rows.first().copied() {
        let is_of = |row: &&Row| (row.transport, row.load) == (first.transport, first.load);
        let (cell, rest): (Vec<&Row>, Vec<&Row>) = rows.into_iter().partition(is_of);
        rows = rest;
        let ends = cell.iter().copied();
        let curves: Vec<_> = ends
            .filter_map(|row| Some((row.party.clone(), table::end(row)?)))
            .collect();
        let (venue, channels) = (first.market.name(), first.channels.name());
        let (transport, load) = (first.transport, first.load);
        let path = out.join(format!("{venue}-{channels}-{transport}-{load}.svg"));
        let title = format!("{venue} {channels}, {transport}, {load} messages/s: schedule to end");
        plot::draw(&path, &title, &curves)?;
    }
    Ok(())
}
