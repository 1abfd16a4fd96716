//! SIGKILL at random moments under load: what a reader saw stays, byte for byte, and the next start
//! goes on behind it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use feedd::config::Bytes;
use feedd_codecs::Record;
use feedd_codecs::record::GapCause;
use feedd_storage::{LogReader, ReadError, Start};
use support::{Daemon, Rig, wait_for};
use venue_sim::Product;

/// How often the daemon is killed.
const KILLS: u32 = 50;
/// Shortest and longest life after a run's first record, in milliseconds.
const LIFE_MS: std::ops::RangeInclusive<u64> = 50..=400;
/// Binance's futures, not Spot: fifty starts of Spot are more REST weight than a minute has.
const VENUES: [Product; 3] = [
    Product::BinanceUsdm,
    Product::BybitLinear,
    Product::KrakenSpot,
];

/// Run and checksum of each record, by journal sequence.
type Seen = BTreeMap<u64, (u32, u64)>;

fn checksum(payload: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(payload);
    hasher.finish()
}

/// A consumer with its own mapping that outlives every daemon.
#[derive(Debug)]
struct Tail {
    run: Arc<AtomicU32>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Seen>,
}

impl Tail {
    fn start(log: PathBuf) -> Self {
        let (run, stop) = (
            Arc::new(AtomicU32::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let (newest, ending) = (Arc::clone(&run), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            let mut reader = LogReader::open(&log, Start::Oldest).unwrap();
            let mut seen = Seen::new();
            loop {
                let last_look = ending.load(Ordering::Acquire);
                follow(&mut reader, &mut seen);
                if let Some((_, (run, _))) = seen.last_key_value() {
                    newest.store(*run, Ordering::Release);
                }
                if last_look {
                    return seen;
                }
                std::thread::sleep(Duration::from_micros(200));
            }
        });
        Self { run, stop, thread }
    }

    /// Run of the newest record.
    fn run(&self) -> u32 {
        self.run.load(Ordering::Acquire)
    }

    fn finish(self) -> Seen {
        self.stop.store(true, Ordering::Release);
        self.thread.join().unwrap()
    }
}

/// Reads what is new; a number that comes twice, or is missed, fails the test.
///
/// While recovery ends a segment, a tail may meet the place behind the last frame as "damaged"; it
/// looks again then. Damage that stays would leave the tail behind and fail the comparison.
fn follow(reader: &mut LogReader, seen: &mut Seen) {
    loop {
        match reader.next() {
            Ok(Some(frame)) => {
                let before = seen.insert(frame.seq, (frame.run, checksum(frame.payload)));
                assert_eq!(before, None, "record {} came twice", frame.seq);
            }
            Ok(None) | Err(ReadError::Damaged { .. }) => return,
            Err(error) => panic!("{error}"),
        }
    }
}

fn whole_log(log: &Path) -> Seen {
    let mut seen = Seen::new();
    follow(&mut LogReader::open(log, Start::Oldest).unwrap(), &mut seen);
    seen
}

#[test]
fn fifty_kills_lose_and_repeat_nothing_that_a_reader_saw() {
    let seed = std::env::var("FEEDD_TEST_SEED").ok();
    let seed = seed.map_or_else(|| fastrand::u64(..), |text| text.parse().unwrap());
    println!("FEEDD_TEST_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let mut rig = Rig::new(&VENUES, 1_000);
    let records = rig.config.journal.dir.join("records");
    let tail = Tail::start(records.clone());
    for life in 1..=KILLS {
        // Segments of 64 KiB to 1 MiB: rolls fall into every life.
        rig.config.journal.segment = Bytes(1 << random.u32(16..=20));
        // So many starts a minute are more than a venue allows, and the daemon knows it.
        rig.free_budgets();
        let daemon = rig.daemon();
        wait_for_run(&tail, &daemon, life);
        std::thread::sleep(Duration::from_millis(random.u64(LIFE_MS)));
        let ended = daemon.kill();
        assert_eq!(ended.code, None, "ended before the kill: {}", ended.log);
    }
    rig.free_budgets();
    let daemon = rig.daemon();
    wait_for_run(&tail, &daemon, KILLS + 1);
    let mut journal = rig.journal();
    let from = journal.poll().partition_point(|entry| entry.run <= KILLS);
    rig.wait_until_live(&mut journal, from);
    rig.finish(daemon, &mut journal);
    let seen = tail.finish();
    let kept = whole_log(&records);
    println!(
        "{} records seen, {} kept, {} segments",
        seen.len(),
        kept.len(),
        feedd_storage::segments(&records).unwrap().len()
    );
    assert_eq!(seen, kept);
    assert_eq!(kept.last_key_value().unwrap().1.0, KILLS + 1);
    assert!(kept.values().is_sorted_by_key(|(run, _)| *run));
    let first = *kept.first_key_value().unwrap().0;
    assert!(kept.keys().copied().eq(first..first + kept.len() as u64));
    let told = runs_that_tell_the_hole(&records);
    assert!(told.eq(&(2..=KILLS + 1).collect::<Vec<_>>()), "{told:?}");
}

/// The runs whose records tell that the run before ended unannounced.
fn runs_that_tell_the_hole(log: &Path) -> Vec<u32> {
    let mut reader = LogReader::open(log, Start::Oldest).unwrap();
    let mut runs = Vec::new();
    while let Some(frame) = reader.next().unwrap() {
        if let Ok(Record::Gap(gap)) = Record::parse(frame.payload)
            && gap.cause == GapCause::RESTART
        {
            runs.push(frame.run);
        }
    }
    runs.dedup();
    runs
}

fn wait_for_run(tail: &Tail, daemon: &Daemon, run: u32) {
    wait_for(&format!("a record of run {run}; {}", daemon.log()), || {
        tail.run() >= run
    });
    assert_eq!(tail.run(), run);
}
