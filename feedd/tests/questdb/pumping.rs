//! A pump that runs on a thread of its own, in real time.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use feedd::sink::questdb::{Options, QuestDb};
use feedd_storage::sink::{Notice, Pump, PumpOptions, SinkReport, SinkStatus, Surroundings};

/// Name of the sink: of its cursor and dead letters.
pub(crate) const SINK: &str = "questdb";
const DRAIN_SECONDS: u64 = 240;

/// Real time, and a wish to stop.
struct Real {
    begun: Instant,
    stop: Arc<AtomicBool>,
}

impl Surroundings for Real {
    fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    fn wall(&self) -> i64 {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        i64::try_from(wall.as_nanos()).unwrap()
    }

    fn pause(&self, time: Duration) {
        let until = Instant::now() + time;
        while !self.stopping() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn tell(&self, notice: &Notice<'_>) {
        eprintln!("{notice:?}");
    }
}

/// A pump at work.
pub(crate) struct Pumping {
    pub(crate) status: Arc<SinkStatus>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<SinkReport>,
}

impl Pumping {
    pub(crate) fn start(journal: &Path, options: Options) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let around = Real {
            begun: Instant::now(),
            stop: Arc::clone(&stop),
        };
        let how = PumpOptions {
            backoff_most: Duration::from_secs(1),
            ..PumpOptions::default()
        };
        let pump = Pump::open(journal, SINK, QuestDb::new(options), around, how).unwrap();
        Self {
            status: pump.status(),
            stop,
            thread: std::thread::spawn(move || pump.run()),
        }
    }

    /// Waits until `done` of the counters.
    pub(crate) fn wait(&self, what: &str, done: impl Fn(&SinkReport) -> bool) {
        let begun = Instant::now();
        while !done(&self.status.read()) {
            let late = begun.elapsed() > Duration::from_secs(DRAIN_SECONDS);
            assert!(!late, "{what}: {:?}", self.status.read());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until everything below `next_seq` is acknowledged, then stops.
    pub(crate) fn drain(self, next_seq: u64) -> SinkReport {
        self.wait("the last record", |report| report.acked_seq >= next_seq);
        self.stop()
    }

    pub(crate) fn stop(self) -> SinkReport {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}
