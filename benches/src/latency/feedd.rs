//! feedd itself: the daemon's pipeline, pinned, with an observer of its journal.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ::feedd::config::{Bytes, Config, FeedConfig, Span};
use ::feedd::pipeline::{Latencies, Pipeline};
use feedd_codecs::Record;
use venue_sim::{MarketConfig, Sim, SimConfig};

use super::cell::{GIVE_UP, Setting};
use super::summary::{Arrival, Outcome, Stage};
use super::{Error, cores, exchange};

/// Bits of a record's frame number that count; those above name the run.
const FRAME_BITS: u64 = (1 << 44) - 1;
/// Time between two looks at the journal's progress.
const LOOK: Duration = Duration::from_millis(20);
/// What journals of a run may take.
const RETAIN: u64 = 1 << 30;

/// feedd's own stages that are taken over.
const OWN: [(&str, Stage); 3] = [
    ("user_decoded", Stage::UserDecoded),
    ("decoded_published", Stage::DecodedPublished),
    ("published_journaled", Stage::PublishedJournaled),
];

/// Measures feedd with a reader that waits so: `spin`, `park` or `carried`.
pub(super) fn measure(setting: &Setting, poll: &str) -> Result<Outcome, Error> {
    let dir = tempfile::tempdir_in(&setting.scratch).map_err(Error::io("journal directory"))?;
    let rest = Sim::start(SimConfig {
        products: vec![setting.market.simulated()],
        market: MarketConfig {
            events_per_second: 1,
            ..MarketConfig::default()
        },
        ..SimConfig::default()
    })
    .map_err(Error::other)?;
    let exchange = setting.exchange()?;
    let endpoint = rest.endpoint(setting.market.simulated());
    let rest_url = endpoint
        .map(|known| known.rest_url.clone())
        .unwrap_or_default();
    let config = config(
        setting,
        poll,
        dir.path(),
        setting.url(exchange.address),
        rest_url,
    )?;
    let messages = usize::try_from(setting.messages()).unwrap_or(0);
    let arrivals = Arc::new(Mutex::new(Arrival::room(2 * messages + 1_024)));
    let seen = Arc::clone(&arrivals);
    let observer = Box::new(move |record: &[u8]| note(record, &seen));
    let (pipeline, _) = Pipeline::observed(&config, observer).map_err(Error::other)?;
    let sent = exchange.sent();
    drain(&pipeline);
    let notes = notes(&pipeline);
    let latencies = pipeline.stop().map_err(Error::other)?;
    rest.stop();
    let sent = sent?;
    let arrivals = std::mem::take(&mut *arrivals.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(outcome(&sent, arrivals, &latencies, notes))
}

fn outcome(
    sent: &exchange::Sent,
    arrivals: Vec<Arrival>,
    latencies: &Latencies,
    notes: Vec<String>,
) -> Outcome {
    let mut outcome = Outcome::of(sent, arrivals);
    for (name, stage) in OWN {
        let of_stage = latencies
            .iter()
            .filter(|(tag, _)| tag.split('.').next() == Some(name));
        of_stage.for_each(|(_, histogram)| outcome.add(stage, histogram));
    }
    outcome.notes = notes;
    outcome
}

/// The journal waits as its reader does: one that sleeps would hide what spinning gives. On a core
/// that it shares with a sender that never sleeps, it would only take that core away.
fn journal_poll<'p>(setting: &Setting, poll: &'p str) -> &'p str {
    if poll == "carried" {
        return "reader";
    }
    let shared = setting.cores.journal == setting.cores.sender;
    if shared && cores::is_busy(setting.load.interval()) {
        "park"
    } else {
        poll
    }
}

fn config(
    setting: &Setting,
    poll: &str,
    dir: &Path,
    ws_url: String,
    rest_url: String,
) -> Result<Config, Error> {
    let mut config = Config::default();
    if let Some(tls) = &setting.tls {
        let path = dir.join("authority.pem");
        std::fs::write(&path, &tls.ca_pem).map_err(Error::io("authority"))?;
        config.tls.ca_file = Some(path);
    }
    config.journal.dir = dir.to_owned();
    // What is measured ends at the journal.
    config.sinks.parquet.enabled = false;
    config.journal.retain = Bytes(RETAIN);
    config.threads.reader_cores = vec![setting.cores.receiver];
    config.threads.journal_core = Some(setting.cores.journal);
    config.threads.journal_poll = journal_poll(setting, poll).to_owned();
    let market = setting.market;
    let mut feed = FeedConfig::new(market.name(), market.product(), setting.symbols());
    let channels = setting.channels.of(market).into_iter();
    feed.channels = channels.map(str::to_owned).collect();
    feed.book_depth = market.book_depth();
    feed.poll = if poll == "park" { "park" } else { "spin" }.to_owned();
    feed.liveness_ceiling = Span::from_millis(0);
    feed.ws_url = Some(ws_url);
    feed.rest_url = Some(rest_url);
    config.feeds = vec![feed];
    config.check().map_err(Error::other)?;
    Ok(config)
}

/// On the thread that journals: where this record's frame was when.
fn note(record: &[u8], arrivals: &Mutex<Vec<Arrival>>) {
    let done = ::feedd::clock::wall();
    let Ok(record) = Record::parse(record) else {
        return;
    };
    let header = record.header();
    let mut arrivals = arrivals.lock().unwrap_or_else(PoisonError::into_inner);
    // Beyond what was planned for, nothing is kept rather than memory moved.
    if arrivals.len() < arrivals.capacity() {
        arrivals.push(Arrival {
            number: header.frame & FRAME_BITS,
            kernel: header.ts_kernel,
            user: header.ts_recv,
            done,
        });
    }
}

/// Waits until nothing new is journaled.
fn drain(pipeline: &Pipeline) {
    let (mut last, mut changed) = (0, Instant::now());
    while changed.elapsed() < GIVE_UP / 6 && !pipeline.has_failed() {
        let records = pipeline.journal().records;
        if records != last {
            (last, changed) = (records, Instant::now());
        }
        std::thread::sleep(LOOK);
    }
}

/// What should be zero and is not.
fn notes(pipeline: &Pipeline) -> Vec<String> {
    let mut notes = Vec::new();
    for feed in pipeline.feeds() {
        let rejects: u64 = feed.counts.rejects.iter().sum();
        let counts = [
            ("gaps", feed.gaps()),
            ("rejects", rejects),
            ("records lost", feed.lost_records),
            ("times the ring was full", feed.ring_full),
        ];
        let found = counts.iter().filter(|(_, count)| *count > 0);
        notes.extend(found.map(|(what, count)| format!("{count} {what}")));
    }
    notes
}
