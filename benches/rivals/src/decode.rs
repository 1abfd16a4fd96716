//! Frame to record: feedd's scanner beside its own general path, simd-json's tape, sonic-rs, serde_json with
//! `Decimal`, barter-data's types and events, and a plain copy of the bytes into a ring.
//!
//! All but the last two end at the same records ([`record`]): instrument looked up, integers at its powers of ten, side,
//! ids, sequence, stamps in nanoseconds. Every field of every message is compared with the scanner's before anything is
//! timed. The rivals are told which kind of message comes, which feedd finds out. Messages vary as in `messages`, and lie
//! one behind the other as in a receive buffer: where an allocator put each, its history would be measured as well.

mod barter;
mod copy;
mod corpus;
mod ours;
mod record;
mod symbols;
mod tape;
mod typed;
mod values;
mod wire;
mod writer;

use std::hint::black_box;

use crate::messages::{Class, Generator};

use crate::clock::ticks;
use crate::probe::Probe;
use crate::stats::median;

use corpus::Corpus;
use record::Records;

/// Bytes of messages of each class.
const BYTES: usize = 16 << 20;
/// Bytes that a block decodes: about a millisecond for the slowest.
const BLOCK_BYTES: usize = 256 << 10;

/// One way to decode.
pub trait Decoder {
    /// The name in the table.
    fn name(&self) -> &'static str;

    /// Decodes one message; what is timed.
    fn decode(&mut self, message: &[u8]) -> bool;

    /// What [`Decoder::decode`] made of it; `None` for one that ends elsewhere.
    fn said(&self) -> Option<Records>;
}

/// Runs every class and prints a table.
pub fn run(rounds: usize, core: usize) {
    core_affinity::set_for_current(core_affinity::CoreId { id: core });
    println!(
        "| message (bytes) | scanner ns | general/scanner | tape/scanner | sonic/scanner | serde/scanner | barter/scanner | scanner/copy | calm blocks |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|");
    let probe = Probe::calibrate();
    let scale = crate::clock::Scale::measure();
    for class in Class::ALL.into_iter().filter(|class| class.is_compared()) {
        let mut generator = Generator::new(class);
        let messages = Corpus::of(&generator.messages(BYTES));
        let mut decoders = decoders(class, &generator);
        check(&mut decoders, &messages);
        let times = measure(&mut decoders, &messages, rounds, &probe);
        let ratio = |name: &str| times.ratio(name, "scanner");
        println!(
            "| {} ({}) | {:.0} | {:.1} | {} | {:.1} | {:.1} | {} | {:.1} | {} |",
            class.name(),
            messages.mean(),
            scale.nanos(1000) * times.scanner_ticks / 1000.0,
            ratio("general"),
            times.shown("tape"),
            ratio("sonic"),
            ratio("serde"),
            times.shown("barter"),
            times.ratio("scanner", "copy"),
            times.calm
        );
    }
}

fn decoders(class: Class, generator: &Generator) -> Vec<Box<dyn Decoder>> {
    let instruments = generator.instruments();
    let mut all: Vec<Box<dyn Decoder>> = vec![
        ours::decoder(class, instruments.clone(), true),
        ours::decoder(class, instruments.clone(), false),
    ];
    all.extend(tape::decoder(class, &instruments));
    all.extend(typed::decoders(class, &instruments));
    all.extend(barter::decoder(class));
    all.push(Box::new(copy::Copy::default()));
    all
}

/// Stops where a contender says another thing than the first.
fn check(decoders: &mut [Box<dyn Decoder>], messages: &Corpus) {
    for message in messages.iter() {
        let shown = String::from_utf8_lossy(message);
        let mut expected = None;
        for decoder in decoders.iter_mut() {
            let name = decoder.name();
            assert!(decoder.decode(message), "{name}: {shown}");
            let Some(said) = decoder.said() else { continue };
            match &expected {
                None => expected = Some(said),
                Some(expected) => assert_eq!(&said, expected, "{name}: {shown}"),
            }
        }
    }
}

struct Times {
    names: Vec<&'static str>,
    /// Ticks a message, by round and contender; calm blocks only.
    rounds: Vec<Vec<Option<f64>>>,
    scanner_ticks: f64,
    calm: usize,
}

impl Times {
    /// The median of the ratios of blocks of one round.
    fn ratio(&self, name: &str, to: &str) -> f64 {
        let at = |name: &str| self.names.iter().position(|other| *other == name);
        let (Some(one), Some(other)) = (at(name), at(to)) else {
            return 0.0;
        };
        let rounds = self.rounds.iter();
        let mut ratios: Vec<f64> = rounds
            .filter_map(|round| Some(round[one]? / round[other]?))
            .collect();
        median(&mut ratios)
    }

    fn shown(&self, name: &str) -> String {
        if self.names.contains(&name) {
            format!("{:.1}", self.ratio(name, "scanner"))
        } else {
            "-".to_owned()
        }
    }
}

fn measure(
    decoders: &mut [Box<dyn Decoder>],
    messages: &Corpus,
    rounds: usize,
    probe: &Probe,
) -> Times {
    let block = (BLOCK_BYTES / messages.mean()).max(1);
    let mut times = Times {
        names: decoders.iter().map(|decoder| decoder.name()).collect(),
        rounds: Vec::new(),
        scanner_ticks: 0.0,
        calm: 0,
    };
    let count = decoders.len();
    for round in 0..rounds {
        let start = round * block % messages.len();
        let mut row = vec![None; count];
        for turn in 0..count {
            let at = (round + turn) % count;
            let part = messages.iter().cycle().skip(start).take(block);
            row[at] = time(decoders[at].as_mut(), part, block, probe);
        }
        times.calm += row.iter().flatten().count();
        times.rounds.push(row);
    }
    let mut scanner: Vec<f64> = times.rounds.iter().filter_map(|row| row[0]).collect();
    times.scanner_ticks = median(&mut scanner);
    times
}

/// Ticks a message of one block; `None` where the core was not its own.
fn time<'a>(
    decoder: &mut dyn Decoder,
    messages: impl Iterator<Item = &'a [u8]>,
    count: usize,
    probe: &Probe,
) -> Option<f64> {
    let messages: Vec<&[u8]> = messages.collect();
    let begun = probe.begin();
    let start = ticks();
    for message in &messages {
        black_box(decoder.decode(black_box(message)));
    }
    let took = ticks() - start;
    probe.end(begun).then(|| took as f64 / count as f64)
}
