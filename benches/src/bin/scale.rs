//! How cost and memory grow with instruments, levels and lines:
//!
//! ```sh
//! cargo run -p feedd-benches --release --bin scale
//! ```
//!
//! Each row is a feed in memory that takes book updates of ten levels; its time is the median of
//! several turns, in which the rows of a table follow each other. The message rate at which feedd
//! saturates is found by the latency harness.

#![allow(
    unsafe_code,
    reason = "a counting global allocator cannot be written without it"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use feedd_benches::messages::Dice;
use feedd_benches::scale::Rig;
use feedd_codecs::Reject;

/// The system's allocator, counting the bytes that are held.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator with the caller's own arguments; counting
// touches only a number.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: `block` came from `System` with this layout, as the caller promises.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Updates of one turn.
const UPDATES: usize = 20_000;
/// Turns of each row; the first warms up.
const TURNS: usize = 8;
/// Instruments, and levels a side.
const INSTRUMENTS: [(usize, usize); 5] = [(10, 50), (100, 50), (500, 50), (1_000, 50), (5_000, 50)];
const LEVELS: [(usize, usize); 6] = [
    (20, 20),
    (20, 50),
    (20, 200),
    (20, 500),
    (20, 1_000),
    (20, 5_000),
];
/// Lines of one thread, each a feed of so many instruments.
const LINES: [usize; 5] = [1, 2, 4, 8, 16];
const OF_A_LINE: (usize, usize) = (50, 50);

fn main() -> ExitCode {
    match print() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reject) => {
            eprintln!("scale: a frame was refused: {}", reject.rule());
            ExitCode::FAILURE
        }
    }
}

fn print() -> Result<(), Reject> {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (updates, turns) = if quick { (200, 2) } else { (UPDATES, TURNS) };
    let many = |rows: &[(usize, usize)]| {
        rows.iter()
            .map(|row| Row::new(1, *row))
            .collect::<Result<Vec<_>, _>>()
    };
    table("instruments", many(&INSTRUMENTS)?, updates, turns)?;
    table("levels a side", many(&LEVELS)?, updates, turns)?;
    let lines = LINES.iter().map(|lines| Row::new(*lines, OF_A_LINE));
    table(
        "lines of a reader",
        lines.collect::<Result<_, _>>()?,
        updates,
        turns,
    )
}

/// A row: the feeds of a thread.
struct Row {
    instruments: usize,
    levels: usize,
    rigs: Vec<Rig>,
    bytes: usize,
    /// Nanoseconds an update, of each turn.
    times: Vec<u128>,
}

impl Row {
    fn new(lines: usize, (instruments, levels): (usize, usize)) -> Result<Self, Reject> {
        let before = HELD.load(Ordering::Relaxed);
        let rigs = (0..lines).map(|_| Rig::live(instruments, levels));
        let rigs: Vec<Rig> = rigs.collect::<Result<_, _>>()?;
        let bytes = HELD.load(Ordering::Relaxed).saturating_sub(before);
        Ok(Self {
            instruments,
            levels,
            rigs,
            bytes,
            times: Vec::new(),
        })
    }

    fn turn(&mut self, updates: usize, dice: &mut Dice) -> Result<(), Reject> {
        let each = updates / self.rigs.len();
        let prepared: Vec<_> = self
            .rigs
            .iter_mut()
            .map(|rig| rig.updates(each, dice))
            .collect();
        let since = Instant::now();
        // The lines take turns, as a reader takes what its sockets have.
        for at in 0..each {
            for (rig, updates) in self.rigs.iter_mut().zip(&prepared) {
                rig.take(std::slice::from_ref(&updates[at]))?;
            }
        }
        let taken = each * self.rigs.len();
        self.times
            .push(since.elapsed().as_nanos() / taken.max(1) as u128);
        Ok(())
    }

    fn median(&self) -> u128 {
        let mut times = self.times.get(1..).unwrap_or_default().to_vec();
        times.sort_unstable();
        times.get(times.len() / 2).copied().unwrap_or(0)
    }
}

fn table(what: &str, mut rows: Vec<Row>, updates: usize, turns: usize) -> Result<(), Reject> {
    let mut dice = Dice::new(5);
    for _ in 0..turns {
        for row in &mut rows {
            row.turn(updates, &mut dice)?;
        }
    }
    println!(
        "\n| {what} | instruments | levels a side | ns an update | to the first row | bytes an instrument | bytes a level |"
    );
    println!("|--:|--:|--:|--:|--:|--:|--:|");
    let first = rows.first().map_or(1, Row::median).max(1);
    for row in &rows {
        let key = match what {
            "instruments" => row.instruments,
            "levels a side" => row.levels,
            _ => row.rigs.len(),
        };
        let (time, books) = (row.median(), row.instruments * row.rigs.len());
        let ratio = time * 100 / first;
        println!(
            "| {key} | {books} | {} | {time} | {}.{:02} | {} | {} |",
            row.levels,
            ratio / 100,
            ratio % 100,
            row.bytes / books,
            row.bytes / books / (2 * row.levels)
        );
    }
    Ok(())
}
