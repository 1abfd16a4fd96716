//! The comparison of rings: two threads on two cores, block by block, in rotated order.

mod blocks;
mod contenders;
mod record;
mod report;

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

pub use self::blocks::{Contender, Rx, Tx};
use self::blocks::{Kind, Side, Ticks};
pub use self::contenders::own;
pub use self::record::Record;
use crate::clock::Scale;
use crate::probe::Probe;

/// A record every five microseconds.
const PACED_PER_SECOND: u64 = 200_000;
/// Records of one block: 2 ms of pace, 0.1 to 0.5 ms of the rest.
const PACED_RECORDS: u64 = 400;
const PING_RECORDS: u64 = 1_000;
const FLOOD_RECORDS: u64 = 50_000;

/// Two threads that wait for each other.
#[derive(Debug, Default)]
struct Meeting(AtomicU64);

impl Meeting {
    /// Waits until both sides have come here `times` times.
    fn meet(&self, times: u64) {
        self.0.fetch_add(1, Ordering::AcqRel);
        while self.0.load(Ordering::Acquire) < 2 * times {
            std::hint::spin_loop();
        }
    }
}

/// What one side has to say about a block.
#[derive(Debug)]
struct Seen {
    calm: bool,
    ticks: Ticks,
}

/// A block of one contender, both sides joined.
#[derive(Debug)]
struct Block {
    contender: usize,
    round: usize,
    near: Ticks,
    far: Ticks,
}

/// The blocks of a run in order: every round has every contender, and starts with another one.
fn plan(contenders: usize, rounds: usize) -> Vec<(usize, usize)> {
    let round = |round: usize| (0..contenders).map(move |at| (round, (round + at) % contenders));
    (0..rounds).flat_map(round).collect()
}

fn walk(
    core: usize,
    sides: &mut [Box<dyn Side>],
    plan: &[(usize, usize)],
    kind: Kind,
    meeting: &Meeting,
) -> Vec<Seen> {
    core_affinity::set_for_current(core_affinity::CoreId { id: core });
    let probe = Probe::calibrate();
    let mut seen = Vec::with_capacity(plan.len());
    for (block, &(_, contender)) in plan.iter().enumerate() {
        let begun = probe.begin();
        meeting.meet(block as u64 + 1);
        let ticks = sides.get_mut(contender).map(|side| side.run(kind));
        seen.push(Seen {
            calm: probe.end(begun),
            ticks: ticks.unwrap_or_default(),
        });
    }
    seen
}

/// Runs `kind` over all contenders; blocks that were disturbed on either core are left out.
fn measure(contenders: Vec<Contender>, cores: [usize; 2], rounds: usize, kind: Kind) -> Vec<Block> {
    let plan = plan(contenders.len(), rounds);
    let (mut near, mut far): (Vec<_>, Vec<_>) = contenders
        .into_iter()
        .map(|one| (one.near, one.far))
        .unzip();
    let meeting = Meeting::default();
    let (near, far) = thread::scope(|scope| {
        let far = scope.spawn(|| walk(cores[1], &mut far, &plan, kind, &meeting));
        let near = walk(cores[0], &mut near, &plan, kind, &meeting);
        (near, far.join().unwrap_or_default())
    });
    let both = near.into_iter().zip(far).zip(plan);
    both.filter(|((near, far), _)| near.calm && far.calm)
        .map(|((near, far), (round, contender))| Block {
            contender,
            round,
            near: near.ticks,
            far: far.ticks,
        })
        .collect()
}

fn pace(scale: Scale) -> Kind {
    Kind::Paced {
        records: PACED_RECORDS,
        interval: scale.ticks(1_000_000_000 / PACED_PER_SECOND),
    }
}

/// Prints the table of one paced field.
pub fn paced(field: Vec<Contender>, cores: [usize; 2], rounds: usize, scale: Scale) {
    table(field, cores, rounds, pace(scale), scale);
}

fn table(field: Vec<Contender>, cores: [usize; 2], rounds: usize, kind: Kind, scale: Scale) {
    let names: Vec<&str> = field.iter().map(|one| one.name).collect();
    let blocks = measure(field, cores, rounds, kind);
    report::table(kind, &names, rounds, &blocks, scale);
}

/// Prints the tables of the ring comparison.
pub fn run(rounds: usize, cores: [usize; 2]) {
    let scale = Scale::measure();
    let paced = pace(scale);
    let (ping, flood) = (
        Kind::PingPong {
            records: PING_RECORDS,
        },
        Kind::Flood {
            records: FLOOD_RECORDS,
        },
    );
    for (title, field) in [
        (
            "One writer, one reader",
            contenders::one_to_one as fn() -> _,
        ),
        ("One writer, three readers", contenders::one_to_three),
    ] {
        println!("## {title}\n");
        for kind in [paced, ping, flood] {
            let Some(field) = field() else { return };
            if kind != ping || title.ends_with("one reader") {
                table(field, cores, rounds, kind, scale);
            }
        }
    }
}
