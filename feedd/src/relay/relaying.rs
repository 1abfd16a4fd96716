//! The relay: sources in, one journal out.
//!
//! One thread takes turns with the sources and writes what is due. It waits for nothing but its own
//! disk; while that takes nothing, live streams push back on their publishers or are fetched later.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::config::FanConfig;
use super::ledger::Ledger;
use super::merge::Merge;
use super::station::{Live, Rhythm, Station, Turn};
use crate::exit::Failure;

/// Pause of a turn in which nothing came: bounds the latency that the relay adds.
const IDLE: Duration = Duration::from_micros(100);
/// Records written before the sources have their turn again.
const WRITES_A_TURN: usize = 4_096;
/// Time between two summaries.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// A relay at work.
pub struct Relay {
    ledger: Ledger,
    merge: Merge,
    stations: Vec<Station>,
    window: Duration,
    next_summary: Instant,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relay")
            .field("ledger", &self.ledger)
            .finish_non_exhaustive()
    }
}

/// A live stream for each source that has one.
pub type Lives = Vec<Option<Box<dyn Live>>>;

/// What a relay has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RelayReport {
    /// Records in the journal since it was opened.
    pub records: u64,
    /// Of them, those behind a later one of another source.
    pub late: u64,
    /// What each source came to, by name.
    pub sources: Vec<(String, super::follow::FollowCounts)>,
}

impl Relay {
    /// Opens the journal and the sources. `lives` is asked once the journal is ours, for the live
    /// stream of each source that has one, in the order of the configuration.
    ///
    /// # Errors
    ///
    /// A [`Failure`] with its exit code.
    pub fn open(
        config: &FanConfig,
        lives: impl FnOnce() -> Result<Lives, Failure>,
    ) -> Result<Self, Failure> {
        let dir: &Path = &config.journal.dir;
        let ledger = Ledger::open(dir, config.journal_options())?;
        let rhythm = Rhythm {
            begin: config.relay.begin,
            poll: config.relay.poll.0,
            silence: config.relay.silence.0,
        };
        let sources = config.relay.sources.iter().zip(lives()?).enumerate();
        let stations = sources
            .map(|(lane, (source, live))| Station::new(lane, source, live, rhythm))
            .collect::<Result<Vec<_>, _>>()?;
        let window = config.relay.window.0;
        Ok(Self {
            ledger,
            merge: Merge::new(stations.len(), window),
            stations,
            window,
            next_summary: Instant::now() + TELL_EVERY,
        })
    }

    /// Works until `stop` says so, then writes what waits and closes the journal.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if the journal takes no more; the sources still have what was not written.
    pub fn run(mut self, mut stop: impl FnMut() -> bool) -> Result<RelayReport, Failure> {
        while !stop() {
            if !self.turn()? {
                thread::sleep(IDLE);
            }
        }
        self.flush()?;
        let report = self.report();
        self.ledger.close()?;
        Ok(report)
    }

    /// What it has done so far.
    #[must_use]
    pub fn report(&self) -> RelayReport {
        let source = |station: &Station| (station.name().to_owned(), station.counts());
        RelayReport {
            records: self.ledger.records(),
            late: self.merge.late(),
            sources: self.stations.iter().map(source).collect(),
        }
    }

    /// One turn of every source, and of the journal; whether there was anything to do.
    fn turn(&mut self) -> Result<bool, Failure> {
        let now = Instant::now();
        let mut busy = false;
        for at in 0..self.stations.len() {
            let Some(station) = self.stations.get_mut(at) else {
                break;
            };
            match station.turn(now, &mut self.merge, &mut self.ledger)? {
                Turn::Idle => {}
                Turn::Busy => busy = true,
                Turn::Other(journal) => {
                    busy = true;
                    self.flush()?;
                    if let Some(station) = self.stations.get_mut(at) {
                        station.follow(journal, &mut self.ledger)?;
                    }
                }
            }
        }
        busy |= self.write(now)? > 0;
        self.ledger.look(now)?;
        self.tell(now);
        Ok(busy)
    }

    fn write(&mut self, now: Instant) -> Result<usize, Failure> {
        for count in 0..WRITES_A_TURN {
            let Some((lane, entry)) = self.merge.pop(now) else {
                return Ok(count);
            };
            let number = self.stations.get(lane).and_then(Station::number);
            if let Some(number) = number {
                self.ledger.write(number, &entry)?;
            }
        }
        Ok(WRITES_A_TURN)
    }

    /// Writes everything that waits.
    fn flush(&mut self) -> Result<(), Failure> {
        let later = Instant::now() + self.window;
        while self.write(later)? > 0 {}
        Ok(())
    }

    fn tell(&mut self, now: Instant) {
        if now < self.next_summary {
            return;
        }
        self.next_summary = now + TELL_EVERY;
        for (source, counts) in self.report().sources {
            tracing::info!(source, ?counts, "relayed");
        }
    }
}
