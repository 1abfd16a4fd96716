//! Every message of every venue, wrong in one place: never a panic, never a wrong record.
//!
//! The good messages are in `goldens/`, one file an exchange, every channel and control message and
//! REST body of every product. Each is bent in every single way that `mutations/bend.rs` knows, and
//! what comes of it is judged by `mutations/verdict.rs`. Beside the decoder, a whole feed takes each
//! bent frame; one that was refused leaves nothing behind: the next good message gives the records
//! that it gives a feed which has seen nothing else.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "mutations/allowed.rs"]
mod allowed;
#[path = "mutations/bend.rs"]
mod bend;
#[path = "mutations/binary.rs"]
mod binary;
#[path = "mutations/goldens.rs"]
mod goldens;
#[path = "mutations/meaning.rs"]
mod meaning;
#[path = "mutations/reader.rs"]
mod reader;
mod support;
#[path = "mutations/verdict.rs"]
mod verdict;

use std::collections::BTreeSet;

use bend::Bent;
use feedd_codecs::{Venue, with_venue};
use goldens::{Golden, Way};
use reader::{Live, Reader};
use support::tree::Tree;

/// Refused frames between two good ones: enough to cost little, few enough to find the culprit.
const REFUSED_RUN: usize = 64;

/// One golden message's readers, and what went wrong.
struct Bench<'a, V> {
    golden: &'a Golden,
    fields: &'a BTreeSet<String>,
    reader: Reader<V>,
    live: Option<Live<V>>,
    good: reader::Meaning,
    refused: usize,
    used: BTreeSet<usize>,
    wrong: Vec<String>,
}

impl<'a, V: Venue> Bench<'a, V> {
    fn new(golden: &'a Golden, all: &[Golden], fields: &'a BTreeSet<String>) -> Self {
        let mut reader = Reader::<V>::new(golden, all);
        let good = reader.read(&golden.bytes);
        Self {
            golden,
            fields,
            reader,
            live: Live::new(golden),
            good: good.unwrap_or_else(|reject| panic!("{}: {reject}", golden.name)),
            refused: 0,
            used: BTreeSet::new(),
            wrong: Vec::new(),
        }
    }

    fn check(&mut self, bent: &Bent) {
        let outcome = self.reader.read(&bent.frame);
        let verdict = verdict::judge(
            self.golden,
            (self.fields, &self.good),
            bent,
            &outcome,
            &mut self.used,
        );
        if let Err(why) = verdict {
            self.complain(bent, &why);
        }
        let Some(live) = &mut self.live else { return };
        match (live.push(&bent.frame), &outcome) {
            (Err(live), Err(read)) if live == *read => self.refused += 1,
            (Ok(records), Ok(read)) => {
                if read.is_exactly(&self.good) && records != live.expected() {
                    self.complain(bent, "other records");
                }
            }
            (live, read) => {
                let why = format!("a feed says {live:?}, its decoder {read:?}");
                self.complain(bent, &why);
            }
        }
        if self.refused >= REFUSED_RUN {
            self.end();
        }
    }

    /// The next good message, after those that were refused.
    fn end(&mut self) {
        self.refused = 0;
        if self.live.as_mut().is_some_and(|live| !live.is_sound()) {
            let name = &self.golden.name;
            self.wrong
                .push(format!("{name}: refused frames left something"));
        }
        let again = self.reader.read(&self.golden.bytes);
        assert_eq!(again.as_ref(), Ok(&self.good));
    }

    fn complain(&mut self, bent: &Bent, why: &str) {
        let (golden, frame) = (self.golden, String::from_utf8_lossy(&bent.frame));
        self.wrong.push(format!(
            "{} {}: {:?} `{}` {:?} -> {:?}: {why}\n    {frame}",
            golden.venue, golden.name, bent.how, bent.key, bent.old, bent.new
        ));
    }
}

/// The rows of the allowed effects that a message needed, and what went wrong.
fn run<V: Venue>(
    golden: &Golden,
    all: &[Golden],
    fields: &BTreeSet<String>,
) -> (BTreeSet<usize>, Vec<String>) {
    let mut bench = Bench::<V>::new(golden, all, fields);
    let text = std::str::from_utf8(&golden.bytes).unwrap();
    bend::each(text, |bent| bench.check(&bent));
    bench.end();
    (bench.used, bench.wrong)
}

fn every_mutation_is_harmless(exchange: &str, file: &str) {
    let goldens = goldens::read(exchange, file);
    let json = || goldens.iter().filter(|golden| golden.way != Way::Binary);
    let trees = json().map(|golden| Tree::read(std::str::from_utf8(&golden.bytes).unwrap()));
    let names = trees.flat_map(|tree| tree.fields()).map(|field| field.1);
    let fields: BTreeSet<String> = names.collect();
    let (mut used, mut wrong) = (BTreeSet::new(), Vec::new());
    for golden in json() {
        let found = with_venue!(golden.venue, V => run::<V>(golden, &goldens, &fields));
        used.extend(found.0);
        wrong.extend(found.1);
    }
    assert!(
        wrong.is_empty(),
        "{} of them:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert_eq!(
        allowed::idle(exchange, &used),
        [""; 0],
        "reasons without need"
    );
}

#[test]
fn every_mutation_of_binary_messages_is_harmless() {
    let goldens = goldens::read("binance", include_str!("goldens/binance.txt"));
    for golden in goldens.iter().filter(|golden| golden.way == Way::Binary) {
        binary::check(golden, &goldens);
    }
}

#[test]
fn every_mutation_of_binance_is_harmless() {
    every_mutation_is_harmless("binance", include_str!("goldens/binance.txt"));
}

#[test]
fn every_mutation_of_bybit_is_harmless() {
    every_mutation_is_harmless("bybit", include_str!("goldens/bybit.txt"));
}

#[test]
fn every_mutation_of_kraken_is_harmless() {
    every_mutation_is_harmless("kraken", include_str!("goldens/kraken.txt"));
}
