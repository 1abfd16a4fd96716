//! A sink's process killed at random moments and at every system call: the files still hold exactly
//! what the journal holds.
//!
//! The process is this test binary again, running one of the ignored tests at the end.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use feedd_storage::JournalId;
use feedd_storage::sink::parquet::{ParquetSink, Table, parts};
use feedd_storage::sink::{DeadLetters, Pump, Step};

use crate::common::role::{Moments, Role, can_kill_at_calls, journal_of_this_role, killed_at};
use crate::common::{crash_copy, fast_dir, small, wait_for};
use crate::kinds;
use crate::model::{Still, eager, open};
use crate::parquet::{acked, assert_files, options, root};

const KILLS: u64 = 25;
/// Records in the journal: some hundred ranges of [`RANGE`] rows.
const RECORDS: u64 = 12_000;
const RANGE: usize = 60;

const ROLE: &str = "kill::role_write_parquet";

#[test]
fn files_hold_the_journal_exactly_once_after_twenty_five_kills() {
    let dir = fast_dir();
    let mut journal = open(dir.path(), small());
    kinds::append(&mut journal, RECORDS, 5_000_000_000);
    let mut moments = Moments(99);
    for kill in 0..KILLS {
        let before = acked(dir.path());
        let child = Role::start(ROLE, dir.path());
        wait_for("the child's first range", || {
            acked(dir.path()) > before || before > RECORDS
        });
        std::thread::sleep(Duration::from_micros(moments.next(15)));
        drop(child);
        let cursor = acked(dir.path());
        assert!(cursor >= before);
        assert_at_least(dir.path(), cursor, kill);
    }
    finish(dir.path());
    assert_files(dir.path(), RECORDS + 1);
    assert!(DeadLetters::read(dir.path(), "parquet").unwrap().is_empty());
}

/// After a kill every acknowledged row is there, no row is there twice, and what is there beyond the
/// cursor belongs to the one range that was being sealed.
fn assert_at_least(dir: &Path, cursor: u64, kill: u64) {
    let mut all = Vec::new();
    for table in Table::all() {
        all.extend(crate::parquet::seqs(&root(dir), table));
    }
    all.sort_unstable();
    assert!(
        all.windows(2).all(|pair| pair[0] < pair[1]),
        "kill {kill}: a row came twice"
    );
    let below: Vec<u64> = all.iter().copied().filter(|seq| *seq < cursor).collect();
    assert_eq!(
        below,
        (1..cursor).collect::<Vec<_>>(),
        "kill {kill}: an acknowledged row is missing"
    );
    let limit = cursor + 2 * RANGE as u64;
    assert!(all.iter().all(|seq| *seq < limit), "kill {kill}: {limit}");
}

fn finish(dir: &Path) {
    let still = Still::default();
    let mut pump = writing(dir, &still);
    while pump.step() == Step::Took {}
    compact(&mut pump, &still);
    pump.finish();
}

/// Idle time in which the files of the first days are merged, one directory a step.
fn compact(pump: &mut Pump<ParquetSink, Still>, still: &Still) {
    for _ in 0..60 {
        still.advance(Duration::from_secs(60));
        pump.step();
    }
}

fn writing(dir: &Path, still: &Still) -> Pump<ParquetSink, Still> {
    let sink = ParquetSink::new(JournalId::of(dir).unwrap(), options(dir, RANGE));
    Pump::open(dir, "parquet", sink, still.clone(), eager()).unwrap()
}

#[test]
fn killed_at_every_system_call_the_sink_goes_on_without_hole_or_duplicate() {
    if !can_kill_at_calls() {
        return;
    }
    let master = fast_dir();
    let mut journal = open(master.path(), small());
    kinds::append(&mut journal, 130, 200_000_000_000);
    journal.close().unwrap();
    for call in [
        "fsync",
        "rename",
        "renameat2",
        "linkat,link",
        "mkdir",
        "unlink,unlinkat,rmdir",
        "openat",
    ] {
        let mut finished = false;
        // Reading opens many files; each tenth is enough there.
        let step = match call {
            "openat" => 29,
            "fsync" => 7,
            _ => 3,
        };
        for when in (1..1_500).step_by(step) {
            finished = run_killed_at(master.path(), call, when);
            if finished {
                break;
            }
        }
        assert!(finished, "{call} was swept to the end");
    }
}

/// Runs the sink in a process killed at its `when`-th `call`, then to the end in this one. True if
/// the process came to its end before.
fn run_killed_at(master: &Path, call: &str, when: u32) -> bool {
    let dir = fast_dir();
    crash_copy(master, dir.path());
    let finished = killed_at(ROLE, dir.path(), call, when);
    finish(dir.path());
    assert_files(dir.path(), 131);
    let staging: PathBuf = root(dir.path()).join(".staging");
    assert_eq!(
        std::fs::read_dir(staging).unwrap().count(),
        0,
        "{call} {when}: leftovers"
    );
    assert!(
        parts(&root(dir.path()), Table::all().next().unwrap())
            .unwrap()
            .len()
            > 1
    );
    finished
}

#[test]
#[ignore = "run as a child process by the tests above"]
fn role_write_parquet() {
    let dir = journal_of_this_role();
    let still = Still::default();
    let mut pump = writing(&dir, &still);
    let end = Instant::now() + Duration::from_secs(60);
    while Instant::now() < end && pump.step() == Step::Took {}
    compact(&mut pump, &still);
    pump.finish();
}
