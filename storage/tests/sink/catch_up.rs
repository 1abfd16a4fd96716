//! A sink that was away takes what it missed at a limited rate, while whoever appends to the journal
//! and whoever reads its newest records notices nothing.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use feedd_codecs::Record;
use feedd_storage::sink::parquet::ParquetSink;
use feedd_storage::sink::{Notice, Pump, PumpOptions, SinkStatus, Surroundings};
use feedd_storage::{Journal, JournalId, JournalOptions, LogReader, Start};

use crate::common::{fast_dir, wait_for};
use crate::model::{append, bytes_of, open, trade};
use crate::parquet::{acked, assert_files, options};

/// Records that the sink missed.
const MISSED: u64 = 150_000;
/// Rows a second that it may take: the backlog lasts for three seconds.
const RATE: u64 = 50_000;
const BATCH: usize = 2_000;
/// Time between two live records.
const EVERY: Duration = Duration::from_micros(200);
/// Behind by more than this the consumer of live records would be disturbed, and it would be by
/// seconds if anything of the journal waited for the sink. Wide, because tests share their machine.
const LATE: Duration = Duration::from_millis(50);
/// Of a hundred live records so many may be late all the same: the scheduler's, not the sink's.
const LATE_PERCENT: usize = 2;

/// The host's clock, and a wish to stop.
#[derive(Clone, Debug)]
struct Host {
    begin: Instant,
    stop: Arc<AtomicBool>,
}

impl Surroundings for Host {
    fn now(&self) -> Duration {
        self.begin.elapsed()
    }

    fn wall(&self) -> i64 {
        nanos(self.begin)
    }

    fn pause(&self, time: Duration) {
        thread::sleep(time);
    }

    fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn tell(&self, notice: &Notice<'_>) {
        panic!("{notice:?}");
    }
}

fn nanos(begin: Instant) -> i64 {
    i64::try_from(begin.elapsed().as_nanos()).unwrap()
}

impl Host {
    fn now() -> Self {
        Self {
            begin: Instant::now(),
            stop: Arc::default(),
        }
    }
}

/// Appends a record every [`EVERY`] until `done`; how long each append took, and how many fell due
/// while the appender was held up.
fn feed(journal: &mut Journal, host: &Host, mut done: impl FnMut() -> bool) -> Vec<Duration> {
    let mut took = Vec::new();
    let mut due = Instant::now();
    while !done() {
        let mut trade = trade(journal.records().next_seq());
        trade.header.ts_recv = host.wall();
        let bytes = bytes_of(&Record::Trade(&trade));
        let begun = Instant::now();
        let appended = journal.records().append(trade.header.ts_recv, &[&bytes]);
        appended.unwrap();
        took.push(begun.elapsed());
        due += EVERY;
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    took
}

/// Follows the live records until told to stop; how old each was when it came.
fn consume(log: &Path, host: &Host) -> Vec<Duration> {
    let mut reader = LogReader::open(log, Start::Newest).unwrap();
    let mut ages = Vec::new();
    while !host.stopping() {
        while let Some(frame) = reader.next().unwrap() {
            let age = nanos(host.begin) - frame.ts_recv;
            ages.push(Duration::from_nanos(u64::try_from(age).unwrap_or(0)));
        }
        thread::sleep(EVERY / 4);
    }
    ages
}

fn pump(dir: &Path, host: &Host) -> Pump<ParquetSink, Host> {
    let limited = PumpOptions {
        batch_rows: BATCH,
        rows_a_second: RATE,
        ..PumpOptions::default()
    };
    let sink = ParquetSink::new(JournalId::of(dir).unwrap(), options(dir, 10_000));
    Pump::open(dir, "parquet", sink, host.clone(), limited).unwrap()
}

/// Watches how many rows the sink took since the last look: never more than the rate allows.
struct Watch {
    status: Arc<SinkStatus>,
    looked: Instant,
    taken: u64,
    looks: u32,
}

impl Watch {
    fn look(&mut self) {
        if self.looked.elapsed() < Duration::from_millis(200) {
            return;
        }
        let taken = self.status.read().taken;
        let micros = u64::try_from(self.looked.elapsed().as_micros()).unwrap();
        // A batch is paid for after it was taken.
        let most = RATE * micros / 1_000_000 + 2 * BATCH as u64;
        assert!(
            taken - self.taken <= most,
            "{} of {most}",
            taken - self.taken
        );
        (self.taken, self.looked) = (taken, Instant::now());
        self.looks += 1;
    }
}

fn late(times: &[Duration]) -> usize {
    times.iter().filter(|time| **time > LATE).count()
}

#[test]
fn a_sink_that_catches_up_keeps_to_its_rate_and_disturbs_neither_appender_nor_readers() {
    let dir = fast_dir();
    let mut journal = open(dir.path(), JournalOptions::default());
    append(&mut journal, MISSED);
    let host = Host::now();
    let pump = pump(dir.path(), &host);
    let mut watch = Watch {
        status: pump.status(),
        looked: Instant::now(),
        taken: 0,
        looks: 0,
    };
    let status = pump.status();
    let (log, ending) = (dir.path().join("records"), host.clone());
    let consumer = thread::spawn(move || consume(&log, &ending));
    let sink = thread::spawn(move || pump.run());

    let begun = Instant::now();
    let took = feed(&mut journal, &host, || {
        watch.look();
        status.read().taken >= MISSED || begun.elapsed() > Duration::from_secs(20)
    });
    let lasted = begun.elapsed();
    wait_for("the newest records", || status.read().taken > MISSED);
    host.stop.store(true, Ordering::Relaxed);
    let ages = consumer.join().unwrap();
    sink.join().unwrap();

    let least = Duration::from_millis((MISSED - 2 * BATCH as u64) * 1_000 / RATE);
    assert!(lasted >= least && watch.looks >= 5, "{lasted:?}");
    let live = took.len();
    assert!(
        live > 2_000 && ages.len() * 10 > live * 9,
        "{live} {}",
        ages.len()
    );
    assert!(
        late(&took) * 100 <= live * LATE_PERCENT,
        "appends: {}",
        late(&took)
    );
    assert!(
        late(&ages) * 100 <= live * LATE_PERCENT,
        "ages: {}",
        late(&ages)
    );
    let next = MISSED + live as u64 + 1;
    assert_eq!(acked(dir.path()), next);
    assert_files(dir.path(), next);
}
