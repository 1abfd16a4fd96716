//! Sources and relays for tests: journals with known records, and what a relay made of them.

#![allow(dead_code, reason = "each test uses its part")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use feedd::relay::config::{FanConfig, SourceConfig};
use feedd::relay::origin::{self, Origin};
use feedd::relay::serve::{ReplayServer, ServeOptions};
use feedd_codecs::instrument::InstrumentId;
use feedd_codecs::record::{Bbo, Kind, Record};
use feedd_codecs::venue::VenueId;
use feedd_storage::{Journal, JournalOptions, LogReader, ReadError, Start};
use zerocopy::IntoBytes;

/// Small segments, so that every test rolls.
pub(crate) fn options() -> JournalOptions {
    let mut options = JournalOptions::default();
    options.records.segment_bytes = 64 << 10;
    options.raw.segment_bytes = 16 << 10;
    options.quarantine.segment_bytes = 16 << 10;
    options.quarantine.retain_bytes = None;
    options
}

/// A journal that is written as a capture writes it.
pub(crate) struct Source {
    pub(crate) dir: PathBuf,
    journal: Option<Journal>,
    symbols: Vec<String>,
}

impl Source {
    pub(crate) fn new(dir: &Path, symbols: &[&str]) -> Self {
        let (journal, _) = Journal::open(dir, options()).unwrap();
        let lines = symbols.iter().enumerate();
        let roster: String = lines
            .map(|(at, symbol)| format!("kraken-spot {at} {symbol}\n"))
            .collect();
        std::fs::write(dir.join("instruments"), roster).unwrap();
        Self {
            dir: dir.to_owned(),
            journal: Some(journal),
            symbols: symbols.iter().map(|&symbol| symbol.to_owned()).collect(),
        }
    }

    /// Appends a record with each of these receive stamps.
    pub(crate) fn append(&mut self, stamps: impl IntoIterator<Item = usize>) {
        let log = self.journal.as_mut().unwrap().records();
        for stamp in stamps {
            let index = (stamp / 3 % self.symbols.len()) as u32;
            let id = InstrumentId::new(VenueId::KRAKEN_SPOT, index);
            let mut bbo = Bbo::new(id, -1, -1);
            bbo.header.ts_recv = stamp as i64;
            bbo.header.seq = stamp as u64;
            log.append(stamp as i64, &[bbo.as_bytes()]).unwrap();
        }
    }

    pub(crate) fn restart(&mut self) {
        self.close();
        self.journal = Some(Journal::open(&self.dir, options()).unwrap().0);
    }

    pub(crate) fn close(&mut self) {
        if let Some(journal) = self.journal.take() {
            journal.close().unwrap();
        }
    }

    pub(crate) fn serve(&self) -> ReplayServer {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let options = ServeOptions {
            clients: 4,
            rate: 1 << 30,
        };
        ReplayServer::start(&self.dir, listen, options).unwrap()
    }

    pub(crate) fn remove_oldest_segments(&self, count: usize) {
        let segments = feedd_storage::segments(&self.dir.join("records")).unwrap();
        for segment in &segments[..count] {
            std::fs::remove_file(&segment.path).unwrap();
        }
    }

    /// The payloads that stand in it, in order.
    pub(crate) fn payloads(&self) -> Vec<Vec<u8>> {
        let mut payloads = Vec::new();
        each(&self.dir, |_, payload| payloads.push(payload.to_vec()));
        payloads
    }

    /// The symbol of each record, in order.
    pub(crate) fn symbols(&self) -> Vec<String> {
        let symbol = |payload: &Vec<u8>| self.symbols[id_of(payload).index()].clone();
        self.payloads().iter().map(symbol).collect()
    }
}

fn id_of(payload: &[u8]) -> InstrumentId {
    InstrumentId(u32::from_le_bytes(payload[8..12].try_into().unwrap()))
}

fn each(dir: &Path, mut take: impl FnMut(i64, &[u8])) {
    let mut reader = LogReader::open(&dir.join("records"), Start::Oldest).unwrap();
    loop {
        match reader.next() {
            Ok(Some(frame)) => take(frame.ts_recv, frame.payload),
            Ok(None) => return,
            Err(ReadError::Missed { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// What stands in a relay's journal.
pub(crate) struct Copied {
    dir: PathBuf,
    pub(crate) records: Vec<(Origin, i64, Vec<u8>)>,
}

impl Copied {
    pub(crate) fn read(dir: &Path) -> Self {
        let mut records = Vec::new();
        each(dir, |ts_recv, payload| {
            let (origin, record) = Origin::split(payload).expect("every record has its origin");
            records.push((origin, ts_recv, record.to_vec()));
        });
        let dir = dir.to_owned();
        Self { dir, records }
    }

    pub(crate) fn of_source(&self, number: u16) -> Vec<Vec<u8>> {
        let of = self
            .records
            .iter()
            .filter(|(origin, ..)| origin.source == number);
        of.map(|(.., record)| record.clone()).collect()
    }

    pub(crate) fn stamps(&self) -> Vec<i64> {
        self.records.iter().map(|(_, stamp, _)| *stamp).collect()
    }

    /// Whether the places of each source rise by one, gap records and later runs aside.
    pub(crate) fn is_in_order_and_once(&self) -> bool {
        let mut last = vec![None::<Origin>; 64];
        self.records.iter().all(|(origin, _, record)| {
            let slot = &mut last[usize::from(origin.source)];
            let follows = slot.is_none_or(|before: Origin| {
                let gap = kind_of(record) == Kind::Gap;
                let next = origin.at.seq == before.at.seq + 1;
                origin.at > before.at && (next || gap)
            });
            *slot = Some(*origin);
            follows
        })
    }

    /// Bounds of the gaps that tell what a source no longer had.
    pub(crate) fn gaps(&self) -> Vec<(u64, u64)> {
        let gaps = self
            .records
            .iter()
            .filter(|(.., record)| kind_of(record) == Kind::Gap);
        gaps.map(|(.., record)| match Record::parse(record) {
            Ok(Record::Gap(gap)) => (gap.first_seq, gap.last_seq),
            other => panic!("{other:?}"),
        })
        .collect()
    }

    /// The number that the relay gave this source.
    pub(crate) fn number_of(&self, source: &Source) -> u16 {
        let journal = feedd::relay::identity(&source.dir).unwrap();
        let sources = origin::sources(&self.dir).unwrap();
        let number = sources.iter().position(|known| known.journal == journal);
        number.unwrap() as u16
    }

    /// The symbol of each record of a source, by the relay's own roster.
    pub(crate) fn symbols_of(&self, number: u16) -> Vec<String> {
        let roster = feedd::roster::Roster::load(&self.dir).unwrap();
        let symbols = roster.symbols("kraken-spot");
        let of = self.of_source(number);
        of.iter()
            .map(|record| symbols[id_of(record).index()].clone())
            .collect()
    }
}

fn kind_of(record: &[u8]) -> Kind {
    let template = u16::from_le_bytes([record[2], record[3]]);
    Kind::of_template(template).unwrap()
}

/// A relay of these replay services into `<dir>/relay`.
pub(crate) fn relay_config(dir: &Path, services: &[SocketAddr]) -> FanConfig {
    let mut config = FanConfig::default();
    config.journal.dir = dir.join("relay");
    config.journal.segment = feedd::config::Bytes(64 << 10);
    config.relay.poll = feedd::config::Span::from_millis(5);
    let sources = services.iter().enumerate();
    config.relay.sources = sources
        .map(|(at, addr)| SourceConfig {
            name: format!("source-{at}"),
            replay: addr.to_string(),
            channel: None,
            stream: 1_001,
        })
        .collect();
    config
}

pub(crate) fn wait_for(limit: Duration, mut done: impl FnMut() -> bool) {
    let since = Instant::now();
    while !done() {
        assert!(since.elapsed() < limit, "not within {limit:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A `feedd` process; killed when dropped.
pub(crate) struct Child(std::process::Child);

impl Child {
    pub(crate) fn start(command: &str, config: &Path) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_feedd"))
            .args([command, "-c"])
            .arg(config)
            .env("FEEDD_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }

    /// The same in a network namespace, its log in a file.
    pub(crate) fn start_in(namespace: &str, command: &str, config: &Path, log: &Path) -> Self {
        let log = std::fs::File::options().create(true).append(true).open(log);
        let child = Command::new("ip")
            .args(["netns", "exec", namespace, env!("CARGO_BIN_EXE_feedd")])
            .args([command, "-c"])
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.unwrap())
            .spawn();
        Self(child.unwrap())
    }

    /// As `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// As a service manager does; it must end well.
    pub(crate) fn stop(&mut self) {
        let id = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        let status = self.0.wait().unwrap();
        assert!(status.success(), "{status}");
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
