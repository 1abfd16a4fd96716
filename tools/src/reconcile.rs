//! `feedctl reconcile`: counts a sink against the journal.

use std::path::{Path, PathBuf};

use feedctl::questdb::{self, Access};
use feedd_codecs::time::{from_rfc3339, to_rfc3339};
use feedd_storage::sink::parquet;
use feedd_storage::sink::questdb::{ConnectError, Server};
use feedd_storage::sink::reconcile::{
    Difference, Extent, Sums, Tally, Terms, differences, journal,
};
use feedd_storage::{Cursor, LogKind};
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::journal::log_dir;
use crate::output::{Output, talk};
use crate::table::Table;

const NANOS_A_MINUTE: i64 = 60_000_000_000;

/// Options of `feedctl reconcile`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The journal's directory
    dir: PathBuf,
    /// Which sink
    #[arg(long, value_name = "NAME")]
    sink: SinkName,
    /// Count what was received at this time or later: RFC 3339 in UTC, or nanoseconds since 1970
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<i64>,
    /// Count what was received before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Option<i64>,
    /// parquet: where the files are, if not in the journal's directory
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// questdb: the server, as in the daemon's configuration
    #[arg(long, value_name = "STRING", default_value = "http::addr=127.0.0.1:9000;", value_parser = server)]
    connect: Server,
    /// questdb: file of the credentials, as in the daemon's configuration
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
    /// questdb: PEM file of the authorities that sign the server's certificate, as in the daemon's configuration
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// One JSON object a difference instead of a table
    #[arg(long)]
    json: bool,
}

/// Sinks whose rows can be counted.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum SinkName {
    /// Files in the journal's directory, or in `--root`
    Parquet,
    /// The server of `--connect`
    Questdb,
}

impl SinkName {
    /// The sink's name in cursors and dead letters.
    const fn text(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Questdb => "questdb",
        }
    }

    /// What its tables hold.
    const fn terms(self) -> Terms {
        match self {
            Self::Parquet => Terms::Mantissas,
            Self::Questdb => Terms::Values,
        }
    }
}

/// Lists every instrument, kind and minute in which journal and sink differ; exit code 1 if any does.
pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    log_dir(&args.dir, LogKind::Records)?;
    let sink = args.sink.text();
    let cursor = Cursor::open(&args.dir, sink, LogKind::Records)?;
    let acked = cursor.load()?.unwrap_or(0);
    let times = (args.from.unwrap_or(i64::MIN), args.to.unwrap_or(i64::MAX));
    let counted = journal(&args.dir, sink, times, acked, args.sink.terms());
    let (ours, extent) = counted.map_err(crate::journal::failure)?;
    let theirs = tally(args, &extent)?;
    let found = differences(&ours, &theirs);
    let rows = |tally: &Tally| tally.values().map(|sums| sums.rows).sum::<u64>();
    print(args, &found)?;
    talk(format_args!(
        "{} rows in the journal, {} in {}, sequences {} to {}; {} of {} counts differ",
        rows(&ours),
        rows(&theirs),
        sink,
        extent.first_seq,
        acked.saturating_sub(1),
        found.len(),
        ours.len().max(theirs.len()),
    ));
    Ok(if found.is_empty() {
        Exit::OK
    } else {
        Exit::PROBLEMS
    })
}

fn tally(args: &Args, extent: &Extent) -> Result<Tally, Failure> {
    match args.sink {
        SinkName::Parquet => {
            let inside = || args.dir.join("parquet");
            let root = args.root.clone().unwrap_or_else(inside);
            readable(&root)?;
            Ok(parquet::tally(&root, extent)?)
        }
        SinkName::Questdb => {
            let access = Access {
                credentials: args.credentials.as_deref(),
                ca_file: args.ca_file.as_deref(),
            };
            Ok(questdb::tally(&args.connect, access, extent)?)
        }
    }
}

fn readable(root: &Path) -> Result<(), Failure> {
    root.read_dir().map(drop).map_err(Failure::open(root))
}

fn print(args: &Args, found: &[Difference]) -> Result<(), Failure> {
    let mut out = Output::stdout();
    if args.json {
        for difference in found {
            out.text(&format!("{}\n", object(difference)));
        }
    } else if !found.is_empty() {
        let mut table = Table::new([
            "minute",
            "venue",
            "symbol",
            "kind",
            "rows",
            "in_sink",
            "price_sum",
            "in_sink",
            "qty_sum",
            "in_sink",
        ]);
        found
            .iter()
            .for_each(|difference| table.row(cells(difference)));
        out.text(&table.to_string());
    }
    out.finish()
}

fn minute(difference: &Difference) -> String {
    to_rfc3339(difference.key.minute.saturating_mul(NANOS_A_MINUTE))
}

fn cells(difference: &Difference) -> [String; 10] {
    let (key, ours, theirs) = (&difference.key, &difference.journal, &difference.sink);
    let sum = |mantissa: i128, exp: i8| format!("{mantissa}e{exp}");
    [
        minute(difference),
        key.venue.clone(),
        key.symbol.clone(),
        difference.kind().to_owned(),
        ours.rows.to_string(),
        theirs.rows.to_string(),
        sum(ours.px, key.px_exp),
        sum(theirs.px, key.px_exp),
        sum(ours.qty, key.qty_exp),
        sum(theirs.qty, key.qty_exp),
    ]
}

fn object(difference: &Difference) -> serde_json::Value {
    let key = &difference.key;
    // Sums are wider than the numbers of JSON readers.
    let sums = |sums: &Sums| {
        json!({
            "rows": sums.rows,
            "seqs": sums.seqs.to_string(),
            "price_m": sums.px.to_string(),
            "qty_m": sums.qty.to_string(),
        })
    };
    json!({
        "minute": minute(difference),
        "venue": key.venue,
        "symbol": key.symbol,
        "kind": difference.kind(),
        "price_exp": key.px_exp,
        "qty_exp": key.qty_exp,
        "journal": sums(&difference.journal),
        "sink": sums(&difference.sink),
    })
}

fn time(text: &str) -> Result<i64, String> {
    let known = text.parse().ok().or_else(|| from_rfc3339(text));
    known.ok_or_else(|| "expected 2026-01-31T12:00:00Z or nanoseconds since 1970".to_owned())
}

fn server(text: &str) -> Result<Server, ConnectError> {
    Server::parse(text)
}
