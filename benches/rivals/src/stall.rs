//! A disk that stalls, and what the reader of a socket feels of it.
//!
//! One thread publishes into the ring at a steady pace, as a reader does; another takes the frames and appends them to
//! the journal in batches. What is measured is how long each publication takes, waiting for a full ring included. The
//! stall comes from outside, see `benches/README.md`.

use std::hint::black_box;
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use feedd_ringbuf::{Cursor, Polled, Producer, ring};
use feedd_storage::{Journal, JournalOptions, LogStats};

use crate::clock::{Scale, ticks};
use crate::stats::quantile;

/// A trade with the head that the pipeline puts before it.
const FRAME_BYTES: usize = 136;
/// Frames a second.
const PACE: u64 = 100_000;
/// How long it runs: several syncs, rolls and seals.
const SECONDS: u64 = 15;
/// Lines of the ring: the daemon's default of 16 MiB.
const LINES: usize = 1 << 18;
/// Frames of one batch.
const BATCH: usize = 64;
/// How long the segments ahead may take on a disk that stalls.
const PATIENCE: Duration = Duration::from_secs(60);

/// Moves frames from the ring into the journal until the producer is gone.
fn journal(mut journal: Journal, mut cursor: Cursor) -> io::Result<LogStats> {
    loop {
        let mut batch = journal.records().batch();
        let mut taken = 0;
        for frame in cursor.frames(BATCH) {
            batch
                .append(0, &[frame.payload])
                .map_err(io::Error::other)?;
            taken += 1;
        }
        batch.publish();
        if taken > 0 {
            continue;
        }
        match cursor.poll() {
            Polled::Frame(frame) => {
                journal
                    .records()
                    .append(0, &[frame.payload])
                    .map_err(io::Error::other)?;
            }
            Polled::Empty => std::hint::spin_loop(),
            Polled::Closed => return Ok(journal.records().counters().read()),
        }
    }
}

/// Publishes at the pace; returns the ticks of each publication and how often the ring was full.
fn publish(mut producer: Producer, scale: Scale) -> (Vec<u64>, u64, u64) {
    let count = PACE * SECONDS;
    let mut took = vec![1; count as usize];
    let (mut full, mut used) = (0, 0);
    let ring = producer.ring();
    let interval = scale.ticks(1_000_000_000 / PACE);
    let mut due = ticks();
    for (number, took) in took.iter_mut().enumerate() {
        due += interval;
        while ticks() < due {
            std::hint::spin_loop();
        }
        let frame = black_box([number as u8; FRAME_BYTES]);
        let start = ticks();
        while producer.try_push(1, &[&frame]).is_err() {
            full += 1;
        }
        *took = ticks() - start;
        if number % 64 == 0 {
            used = used.max(ring.used_bytes());
        }
    }
    (took, full, used)
}

/// Waits until the journal has its segments ahead.
fn prepared(dir: &Path) -> bool {
    let start = Instant::now();
    let third = dir.join("records").join(format!("{:020}.seg", 3));
    while !third.exists() && start.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(20));
    }
    third.exists()
}

/// Prints the histogram of one run.
pub fn run(dir: &Path, cores: [usize; 2]) -> io::Result<()> {
    let scale = Scale::measure();
    let dir = tempfile::tempdir_in(dir)?;
    let pin = |core| core_affinity::set_for_current(core_affinity::CoreId { id: core });
    pin(cores[1]);
    let (open, _) =
        Journal::open(dir.path(), JournalOptions::default()).map_err(io::Error::other)?;
    if !prepared(dir.path()) {
        return Err(io::Error::other(
            "the journal's segments were not made in time",
        ));
    }
    let (producer, [cursor]) = ring::<1>(LINES).map_err(io::Error::other)?;
    let appender = thread::spawn(move || journal(open, cursor));
    pin(cores[0]);
    let (mut took, full, used) = publish(producer, scale);
    let stats = appender
        .join()
        .map_err(|_| io::Error::other("the journal thread panicked"))??;
    took.sort_unstable();
    print(&took, scale);
    println!(
        "\nring: {} KiB of {} KiB in use at most, full {full} times",
        used / 1024,
        LINES / 16
    );
    println!(
        "journal: {} rolls, {} late, {} syncs, {} waits for the sync thread",
        stats.rolls, stats.late_rolls, stats.syncs, stats.sync_waits
    );
    Ok(())
}

fn print(took: &[u64], scale: Scale) {
    println!(
        "| publications | p50 ns | p90 | p99 | p99.9 | p99.99 | max |\n|--:|--:|--:|--:|--:|--:|--:|"
    );
    let cells = [0.5, 0.9, 0.99, 0.999, 0.9999, 1.0]
        .map(|share| format!("{:.0}", scale.nanos(quantile(took, share))));
    println!("| {} | {} |\n", took.len(), cells.join(" | "));
    println!("| up to ns | publications | |\n|--:|--:|---|");
    let mut from = 0;
    for power in 5..32 {
        let limit = 1_u64 << power;
        let to = took.partition_point(|ticks| scale.nanos(*ticks) < limit as f64);
        if to > from {
            let bar = "#".repeat((to - from).ilog2() as usize + 1);
            println!("| {limit} | {} | {bar} |", to - from);
        }
        from = to;
    }
}
