//! Reading a journal back, every checksum verified, beside the speed at which memory can be read at all.

use std::hint::black_box;
use std::io;
use std::path::Path;

use feedd_storage::{Journal, LogReader, Start};

use super::contenders::options;
use crate::clock::{Scale, ticks};
use crate::probe::Probe;
use crate::stats::median;

/// A record, and a frame with it.
const RECORD: usize = 120;
const FRAME: usize = 144;
/// Bytes of the journal that is read, in segments of 16 MiB, and of the memory beside it.
const BYTES: usize = 256 << 20;
/// Frames of the journal.
const FRAMES: u64 = (BYTES / FRAME) as u64;
/// Frames of one block: 1 to 3 ms, segments opened and mapped included.
const BLOCK: u64 = FRAMES / 32;

/// Adds up all of `memory`, word by word.
fn sum(memory: &[u64]) -> u64 {
    memory.iter().fold(0, |sum, word| sum.wrapping_add(*word))
}

/// Reads a block of frames and returns the ticks it took.
fn read(reader: &mut LogReader) -> Option<u64> {
    let start = ticks();
    for _ in 0..BLOCK {
        let frame = reader.next().ok()??;
        black_box(frame.payload.first());
    }
    Some(ticks() - start)
}

/// Prints replay speed beside memory bandwidth.
pub fn run(dir: &Path, rounds: usize, cores: [usize; 2], scale: Scale) -> io::Result<()> {
    super::pin(cores[1]);
    let mut options = options(16 << 20);
    options.records.retain_bytes = None;
    let (mut journal, _) = Journal::open(dir, options).map_err(io::Error::other)?;
    for number in 0..FRAMES {
        let record = [number as u8; RECORD];
        journal
            .records()
            .append(number as i64, &[&record])
            .map_err(io::Error::other)?;
    }
    journal.close().map_err(io::Error::other)?;
    super::pin(cores[0]);
    let probe = Probe::calibrate();
    let memory = vec![1_u64; BYTES / 8];
    let bytes = BLOCK as usize * FRAME;
    let mut shares = Vec::new();
    let (mut replayed, mut scanned) = (Vec::new(), Vec::new());
    let log = dir.join("records");
    let mut reader = LogReader::open(&log, Start::Oldest).map_err(io::Error::other)?;
    for round in 0..rounds {
        let begun = probe.begin();
        let Some(took) = read(&mut reader) else {
            reader = LogReader::open(&log, Start::Oldest).map_err(io::Error::other)?;
            continue;
        };
        let from = (round * bytes / 8) % (memory.len() - bytes / 8);
        let start = ticks();
        black_box(sum(black_box(&memory[from..from + bytes / 8])));
        let scan = ticks() - start;
        if probe.end(begun) {
            replayed.push(bytes as f64 / scale.nanos(took));
            scanned.push(bytes as f64 / scale.nanos(scan));
            shares.push(scan as f64 / took as f64);
        }
    }
    println!(
        "## Replay of a journal in the page cache, every record looked at and its checksum verified\n"
    );
    println!(
        "Frames of {FRAME} bytes with records of {RECORD}; segments opened and mapped on the way.\n"
    );
    println!("| calm blocks of {rounds} | replay GB/s | reading memory GB/s | replay / memory |");
    println!("|--:|--:|--:|--:|");
    println!(
        "| {} | {:.1} | {:.1} | {:.2} |\n",
        shares.len(),
        median(&mut replayed),
        median(&mut scanned),
        median(&mut shares)
    );
    Ok(())
}
