//! The journal beside what else takes records: memory, and buffered writes into a file.
//!
//! Every contender gets the same bytes: a header of 24 and a record. The journal's own threads (the
//! one that makes segments, the one that syncs) run on the second core, as they would beside a
//! pinned appender; the file of the buffered writers is made new for each block, and nobody syncs
//! it.

mod contenders;
mod faults;
mod replay;
mod report;
mod tail;

use std::path::Path;

use self::contenders::{Append, Buffered, Memory, Own, OwnBatch};
use self::faults::Disturbance;
use crate::clock::{Scale, ticks};
use crate::probe::Probe;

/// Records of a block as fast as possible: 0.2 to 1 ms.
const FLOOD_RECORDS: u64 = 20_000;
/// Records of a paced block: 1 ms.
const PACED_RECORDS: u64 = 2_000;
/// The pace.
const PACED_PER_SECOND: u64 = 2_000_000;
/// Paced blocks for each unthrottled one: percentiles of four nines need many records.
const PACED_BLOCKS: usize = 5;

/// A contender with its name.
struct Named {
    name: &'static str,
    append: Box<dyn Append>,
}

fn contenders<const BYTES: usize>(dir: &Path) -> std::io::Result<Vec<Named>> {
    let named = |name, append| Named { name, append };
    Ok(vec![
        named(
            "own, batches of 64",
            Box::new(OwnBatch::<BYTES>(Own::open(&dir.join("batch"))?)) as _,
        ),
        named(
            "own, one by one",
            Box::new(Own::<BYTES>::open(&dir.join("single"))?),
        ),
        named(
            "memcpy to 64 MiB of memory",
            Box::new(Memory::<BYTES>::new()?),
        ),
        named(
            "BufWriter 8 KiB",
            Box::new(Buffered::<BYTES>::new(&dir.join("8k"), 8 << 10)?),
        ),
        named(
            "BufWriter 64 KiB",
            Box::new(Buffered::<BYTES>::new(&dir.join("64k"), 64 << 10)?),
        ),
    ])
}

/// What was measured of one contender.
#[derive(Debug, Default)]
struct Figures {
    /// Round and ticks of each calm unthrottled block.
    floods: Vec<(usize, u64)>,
    /// Ticks that each record took.
    paced: Vec<u64>,
    /// Paced blocks that were left out.
    disturbed: usize,
    /// Page faults and waits of the appending thread in paced blocks, those left out included.
    faults: u64,
    waits: u64,
}

impl Figures {
    /// Nothing yet, in memory that will not fault when figures come.
    fn touched(rounds: usize) -> Self {
        let mut paced = vec![1; rounds * PACED_BLOCKS * PACED_RECORDS as usize];
        paced.clear();
        Self {
            paced,
            ..Self::default()
        }
    }
}

fn flood(append: &mut dyn Append, probe: &Probe, round: usize, figures: &mut Figures) {
    append.prepare();
    let begun = probe.begin();
    let start = ticks();
    append.flood(FLOOD_RECORDS);
    let took = ticks() - start;
    if probe.end(begun) {
        figures.floods.push((round, took));
    }
}

fn paced(append: &mut dyn Append, probe: &Probe, interval: u64, figures: &mut Figures) {
    append.prepare();
    let before = Disturbance::now();
    let begun = probe.begin();
    let mark = figures.paced.len();
    append.paced(PACED_RECORDS, interval, &mut figures.paced);
    let calm = probe.end(begun);
    let since = Disturbance::now().since(before);
    figures.faults += since.faults;
    figures.waits += since.waits;
    // A block in which the appender waited of its own accord counts, however long it took.
    if since.preempted > 0 || (!calm && since.waits == 0) {
        figures.paced.truncate(mark);
        figures.disturbed += 1;
    }
}

fn measure<const BYTES: usize>(
    dir: &Path,
    rounds: usize,
    cores: [usize; 2],
    scale: Scale,
) -> std::io::Result<()> {
    // Threads inherit the core: the journals' helpers get the second.
    pin(cores[1]);
    let mut contenders = contenders::<BYTES>(dir)?;
    pin(cores[0]);
    let probe = Probe::calibrate();
    let interval = scale.ticks(1_000_000_000 / PACED_PER_SECOND);
    let mut figures: Vec<Figures> = contenders
        .iter()
        .map(|_| Figures::touched(rounds))
        .collect();
    let count = contenders.len();
    for one in &mut contenders {
        // The first pages of code and stack fault, whoever runs on them.
        flood(one.append.as_mut(), &probe, 0, &mut Figures::default());
        paced(
            one.append.as_mut(),
            &probe,
            interval,
            &mut Figures::default(),
        );
    }
    for round in 0..rounds {
        for at in 0..count {
            let at = (round + at) % count;
            let (append, figures) = (&mut contenders[at].append, &mut figures[at]);
            flood(append.as_mut(), &probe, round, figures);
            for _ in 0..PACED_BLOCKS {
                paced(append.as_mut(), &probe, interval, figures);
            }
        }
    }
    let names: Vec<&str> = contenders.iter().map(|one| one.name).collect();
    report::appends(BYTES, &names, &mut figures, rounds, scale);
    Ok(())
}

fn pin(core: usize) {
    core_affinity::set_for_current(core_affinity::CoreId { id: core });
}

/// A part of the journal's figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Append,
    Replay,
    Tail,
}

/// Prints the tables of the journal.
pub fn run(part: Part, dir: &Path, rounds: usize, cores: [usize; 2]) -> std::io::Result<()> {
    let scale = Scale::measure();
    let dir = tempfile::tempdir_in(dir)?;
    match part {
        Part::Append => {
            measure::<64>(&dir.path().join("64"), rounds, cores, scale)?;
            measure::<120>(&dir.path().join("120"), rounds, cores, scale)
        }
        Part::Replay => replay::run(dir.path(), rounds, cores, scale),
        Part::Tail => tail::run(dir.path(), rounds, cores, scale),
    }
}
