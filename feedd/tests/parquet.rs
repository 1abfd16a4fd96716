//! The whole daemon writes Parquet though nobody asked for it, and is killed while it does: in the end
//! the files hold the journal's records, each once.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use feedd::config::Bytes;
use feedd_storage::sink::parquet;
use feedd_storage::sink::reconcile::{Tally, Terms, differences, journal};
use feedd_storage::sink::{DeadLetters, Fate};
use feedd_storage::{Cursor, LogKind};
use rustix::process::{Pid, Signal, kill_process};
use support::{Daemon, Journaled, PATIENCE, Rig, wait_for};
use venue_sim::Product;

const SINK: &str = "parquet";
/// As many venues as make files in many directories; Binance's futures, because Spot's snapshots weigh
/// too much for so many starts.
const VENUES: [Product; 3] = [
    Product::BinanceUsdm,
    Product::BybitLinear,
    Product::KrakenSpot,
];
/// Lives that end in SIGKILL.
const KILLS: u32 = 6;
/// Records that each life adds before its end.
const RECORDS_A_LIFE: usize = 3_000;

/// A daemon whose configuration says about sinks what `section` says.
struct Setup {
    rig: Rig,
    section: &'static str,
    random: fastrand::Rng,
}

impl Setup {
    fn new(section: &'static str) -> Self {
        let seed = std::env::var("FEEDD_TEST_SEED").ok();
        let seed = seed.map_or_else(|| fastrand::u64(..), |text| text.parse().unwrap());
        println!("FEEDD_TEST_SEED={seed}");
        Self {
            rig: Rig::new(&VENUES, 2_000),
            section,
            random: fastrand::Rng::with_seed(seed),
        }
    }

    fn dir(&self) -> &Path {
        &self.rig.config.journal.dir
    }

    fn root(&self) -> PathBuf {
        self.dir().join("parquet")
    }

    fn start(&self) -> Daemon {
        self.rig.free_budgets();
        let mut config = toml::Table::try_from(&self.rig.config).unwrap();
        config.remove("sinks");
        let text = format!("{config}\n{}", self.section);
        let path = self.rig.dir.path().join("feedd.toml");
        fs::write(&path, text).unwrap();
        Daemon::start(&path)
    }

    /// Starts the daemon and waits until it has journaled some.
    fn life(&self, journal: &mut Journaled) -> Daemon {
        let daemon = self.start();
        let enough = journal.entries().len() + RECORDS_A_LIFE;
        journal.until("a life's records", |entries| entries.len() >= enough);
        daemon
    }

    /// Waits until the sink is making a file, then for a moment more, and kills. Whether a file was in
    /// the making then.
    fn kill_while_it_writes(&mut self, daemon: Daemon) -> bool {
        let staging = self.root().join(".staging");
        let begun = Instant::now();
        while entries(&staging).is_empty() {
            assert!(begun.elapsed() < PATIENCE, "no file: {}", daemon.log());
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_micros(self.random.u64(0..30_000)));
        let ended = daemon.kill();
        let caught = ended.code.is_none() && !entries(&staging).is_empty();
        self.assert_whole();
        caught
    }

    /// No file that a reader finds is half written, at any moment.
    fn assert_whole(&self) {
        for file in files(&self.root()) {
            let open = fs::File::open(&file).unwrap();
            let length = open.metadata().unwrap().len();
            let (mut first, mut last) = ([0; 4], [0; 4]);
            open.read_exact_at(&mut first, 0).unwrap();
            open.read_exact_at(&mut last, length - 4).unwrap();
            assert_eq!((&first, &last), (b"PAR1", b"PAR1"), "{}", file.display());
        }
    }

    /// The last life ends as it should; then files and journal are counted against each other.
    fn end(&self, mut records: Journaled) {
        let daemon = self.life(&mut records);
        self.rig.halt(&mut records);
        let ended = daemon.stop();
        assert_eq!(ended.code, Some(0), "{}", ended.log);
        records.poll();
        let cursor = Cursor::open(self.dir(), SINK, LogKind::Records).unwrap();
        let acked = cursor.load().unwrap().unwrap();
        let all = (i64::MIN, i64::MAX);
        let (ours, extent) = journal(self.dir(), SINK, all, acked, Terms::Mantissas).unwrap();
        let theirs = parquet::tally(&self.root(), &extent).unwrap();
        let found = differences(&ours, &theirs);
        assert!(found.is_empty(), "{found:?}");
        let rows = |tally: &Tally| tally.values().map(|sums| sums.rows).sum::<u64>();
        assert_eq!(rows(&ours), records.entries().len() as u64);
        assert!(ours.keys().any(|key| key.venue == "kraken-spot"));
        self.assert_whole();
        self.assert_tidy();
        println!(
            "{} rows in {} files",
            rows(&theirs),
            files(&self.root()).len()
        );
    }

    /// Nothing but tables, the seal and the views is left.
    fn assert_tidy(&self) {
        assert!(entries(&self.root().join(".staging")).is_empty());
        let known = |name: &str| {
            [".staging", "seal", "views.sql"].contains(&name)
                || parquet::Table::all().any(|table| table.name() == name)
        };
        for path in entries(&self.root()) {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            assert!(known(&name), "{name}");
        }
    }
}

fn entries(dir: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(dir).into_iter().flatten();
    listed.map(|entry| entry.unwrap().path()).collect()
}

/// Every file that a query for all tables would open.
fn files(root: &Path) -> Vec<PathBuf> {
    let tables = parquet::Table::all().map(|table| root.join(table.name()));
    let days = tables.flat_map(|table| entries(&table));
    let venues = days.flat_map(|day| entries(&day));
    venues.flat_map(|venue| entries(&venue)).collect()
}

#[test]
fn with_nothing_configured_and_killed_while_it_seals_the_files_hold_each_record_once() {
    let mut setup = Setup::new("");
    let mut records = setup.rig.journal();
    let mut caught = 0;
    for _ in 0..KILLS {
        let daemon = setup.life(&mut records);
        // A million rows or five minutes are far: the sink writes when it is told to stop.
        let pid = Pid::from_raw(i32::try_from(daemon.pid()).unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        caught += u32::from(setup.kill_while_it_writes(daemon));
    }
    println!("{caught} of {KILLS} kills caught a file in the making");
    assert!(caught > 0);
    setup.end(records);
}

#[test]
fn killed_at_random_moments_while_it_writes_all_the_time_the_files_hold_each_record_once() {
    let mut setup = Setup::new("[sinks.parquet]\nrows = 1000\n");
    let mut records = setup.rig.journal();
    for _ in 0..KILLS {
        let daemon = setup.life(&mut records);
        wait_for("the first files", || !files(&setup.root()).is_empty());
        setup.kill_while_it_writes(daemon);
    }
    setup.end(records);
}

#[test]
fn rows_that_retention_took_while_the_sink_was_away_are_counted_alarmed_and_on_record() {
    let mut setup = Setup::new("");
    setup.rig.config.journal.segment = Bytes(64 << 10);
    let mut records = setup.rig.journal();
    let daemon = setup.life(&mut records);
    assert_eq!(daemon.stop().code, Some(0));
    let cursor = Cursor::open(setup.dir(), SINK, LogKind::Records).unwrap();
    let had = cursor.load().unwrap().unwrap();
    // Its directory is away, as a disk that is not mounted, while the journal goes on.
    let (root, away) = (setup.root(), setup.dir().join("away"));
    fs::rename(&root, &away).unwrap();
    fs::write(&root, "not mounted").unwrap();
    setup.rig.config.journal.retain = Bytes(512 << 10);
    let daemon = setup.start();
    let log = setup.dir().join("records");
    wait_for("retention overtakes the cursor", || {
        let oldest = feedd_storage::segments(&log).unwrap();
        oldest.first().is_some_and(|oldest| oldest.first_seq > had)
    });
    assert_eq!(daemon.stop().code, Some(0));
    fs::remove_file(&root).unwrap();
    fs::rename(&away, &root).unwrap();
    let daemon = setup.start();
    wait_for("the alarm", || daemon.log().contains("sink_lost"));
    let ended = daemon.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    let letters = DeadLetters::read(setup.dir(), SINK).unwrap();
    let lost = letters.iter().find(|letter| letter.seq == had).unwrap();
    assert_eq!((lost.fate, lost.reason.as_str()), (Fate::Lost, "retention"));
    assert!(
        ended.log.contains(&format!("\"from\":{had}")),
        "{}",
        ended.log
    );
    let acked = cursor.load().unwrap().unwrap();
    let all = (i64::MIN, i64::MAX);
    let (ours, extent) = journal(setup.dir(), SINK, all, acked, Terms::Mantissas).unwrap();
    let theirs = parquet::tally(&setup.root(), &extent).unwrap();
    assert!(extent.first_seq > had && differences(&ours, &theirs).is_empty());
}
